#!/usr/bin/env python3
"""privileges.py: who may do what while `breakwater run` runs, as the kernel tells.

The daemon is an ordinary user with nothing left; the guard is root with little; both are
gone when the daemon is, however it ends.

Runs beside others.
"""
import contextlib
import grp
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import time

import lab as e2e
from daemon import cable, first_flow, talk
from lab import BREAKWATER, until

NOBODY = 65534
TALKS, TALK_S = 9, 0.6  # so long that a port without a listener would be told
# CAP_DAC_READ_SEARCH, NET_ADMIN, NET_RAW, SYS_PTRACE, SYS_ADMIN, PERFMON, BPF
GUARD_KEEPS = sum(1 << number for number in (2, 12, 13, 19, 21, 38, 39))
LOG_GROUPS = [str(one.gr_gid) for one in grp.getgrall()
              if one.gr_name in ("adm", "systemd-journal")]
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def status_of(pid, thread=None):
    """The fields of /proc/PID/status."""
    path = f"/proc/{pid}/status" if thread is None else f"/proc/{pid}/task/{thread}/status"
    lines = pathlib.Path(path).read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def guard_of(monitor):
    detail = monitor.get("status")["privileges"]["guard"]["detail"]
    told = re.match(r"pid (\d+)", detail)
    if not told:
        raise e2e.Failure(f"the guard {detail}")
    return int(told[1])


def sockets_of(pid):
    folder, links = f"/proc/{pid}/fd", set()
    for fd in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.add(os.readlink(f"{folder}/{fd}"))
    return {link for link in links if link.startswith("socket:")}


def has_ended(pid):
    try:
        return status_of(pid)["State"].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True


# ---- as root -------------------------------------------------------------------------

def rights(tap, lab):
    client, server = cable(lab)
    config = lab.dir / "config.yaml"
    config.write_text("capture:\n  workers: 3\nlimits:\n  response_ms: 100\n")
    monitor = lab.monitor(server, "-c", str(config))
    pid, guard = monitor.program.pid, guard_of(monitor)
    threads = os.listdir(f"/proc/{pid}/task")
    told = [status_of(pid, thread) for thread in threads]
    tap.ok(len(threads) >= 4, "three workers and the main thread", threads)
    tap.ok(all(int(one[name], 16) == 0 for one in told for name in SETS),
           "no thread of the daemon has a capability, nor can get one", told)
    tap.ok(all(one["Uid"].split() == one["Gid"].split() == [str(NOBODY)] * 4 and
               sorted(one["Groups"].split()) == sorted(LOG_GROUPS) for one in told),
           "all of them are nobody, besides only in the groups that may read logs", told)
    tap.ok(all((one["NoNewPrivs"], one["Seccomp"]) == ("1", "2") for one in told),
           "all of them are under seccomp, with no_new_privs", told)

    kept = status_of(guard)
    tap.equal((kept["Name"], kept["PPid"], kept["Uid"].split()[0]),
              ("breakwater-guar", str(pid), "0"), "the guard is the daemon's child, as root")
    tap.equal([int(kept[name], 16) for name in SETS],
              [0, GUARD_KEEPS, GUARD_KEEPS, 0, 0], "it keeps what it needs and no more")
    tap.equal((kept["NoNewPrivs"], kept["Seccomp"], kept["Threads"]), ("1", "2", "1"),
              "it is under seccomp as well")
    tap.equal(sockets_of(guard) & sockets_of(pid), set(),
              "it has none of the daemon's sockets", sockets_of(guard))

    parts = monitor.get("status")["privileges"]
    tap.ok(len(parts) == 6 and all(part["holds"] for part in parts.values()),
           "status knows that every part holds", parts)
    tap.equal(parts["user"]["detail"], "nobody", "and as whom the daemon runs")
    screen = monitor.command("status", status=None).stdout
    tap.ok(re.search(r"^Privileges +runs as nobody; no capabilities, no_new_privs, seccomp, "
                     rf"landlock hold; guard pid {guard}$", screen, re.M),
           "`status` says it in a line", screen)
    works(tap, lab, client, server, monitor)
    reload(tap, config, monitor)
    tap.equal(monitor.stop(), 0, "SIGTERM ends it with 0")
    tap.ok(has_ended(guard) and not monitor.socket.exists(),
           "the guard ends with it, and the socket is removed")


def works(tap, lab, client, server, monitor):
    """What root did before is still done, without root."""
    _, _, port = talk(client, server, "10.78.0.2")
    tap.equal(first_flow(monitor, port)["iface"], "net0", "traffic is seen")
    lab.plug(client, "later", ["10.79.0.1"], server, "later", ["10.79.0.2"])
    _, _, port = talk(client, server, "10.79.0.2")
    tap.equal(first_flow(monitor, port)["iface"], "later",
              "also on an interface that appears later")
    owner = monitor.state.stat()
    tap.equal((owner.st_uid, oct(owner.st_mode & 0o777)), (NOBODY, "0o750"),
              "the state folder is its own")
    mode = monitor.socket.stat()
    tap.equal((mode.st_uid, oct(mode.st_mode & 0o777)), (0, "0o660"),
              "the socket is still root's")


def reload(tap, config, monitor):
    fresh = config.with_suffix(".new")
    fresh.write_text("limits:\n  response_ms: 250\n")
    fresh.rename(config)  # as editors do
    monitor.program.process.send_signal(signal.SIGHUP)
    until(lambda: monitor.get("status")["limits"]["response_ms"] == 250, "a new limit")
    tap.ok(True, "SIGHUP still reads the configuration, also a new file in its place")


def chosen(tap, lab):
    """Interfaces by name and a filter with a name in it: both are renewed later on."""
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0", "-f", "port http or port ipp")
    server.ip("link", "set", "net0", "name", "other0", "down")
    server.ip("link", "set", "other0", "name", "net0")
    server.ip("link", "set", "net0", "up")
    lab.plug(client, "later", ["10.79.0.1"], server, "later", ["10.79.0.2"])
    listener = server.listen("10.78.0.2", 80)
    mine = client.connect("10.78.0.2", 80)
    lab.enter_context(listener.accept()[0])
    mine.sendall(b"x")
    tap.equal(first_flow(monitor, 80)["iface"], "net0",
              "a chosen interface that changed its name and came back is watched")
    tap.equal((monitor.stop(), monitor.program.err()), (0, ""), "without complaint")


def killed(tap, lab):
    _, server = cable(lab)
    monitor = lab.monitor(server)
    guard = guard_of(monitor)
    monitor.program.process.kill()
    until(lambda: has_ended(guard), "the end of the guard")
    tap.ok(True, "the guard of a daemon that is killed ends")
    until(lambda: not monitor.socket.exists(), "the removal of the socket")
    tap.ok(True, "and removes its socket")


def without_guard(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server)
    os.kill(guard_of(monitor), signal.SIGKILL)
    until(lambda: "guard" in monitor.program.err(), "a word about the guard")
    part = monitor.get("status")["privileges"]["guard"]
    tap.equal((part["holds"], part["detail"]), (False, "ended by signal 9 (Killed)"),
              "status tells that the guard is gone, and how it went")
    health = json.loads(monitor.ask("/health"))
    tap.equal(health, {"status": "degraded",
                       "reasons": ["the guard ended by signal 9 (Killed)"]},
              "health is degraded")
    _, _, port = talk(client, server, "10.78.0.2")
    tap.ok(first_flow(monitor, port), "the daemon goes on")
    sockets = monitor.get("status")["sockets"]
    tap.ok(sockets["reason"] == "the guard ended by signal 9 (Killed)" and
           not sockets["watched"], "status tells that sockets are not seen any more", sockets)
    tap.ok("keeps the privileges, ended by signal 9" in monitor.program.err(),
           "so does a line on standard error", monitor.program.err())
    unseen = server.listen("10.78.0.2", 8123)
    for _ in range(TALKS):
        one = client.connect("10.78.0.2", 8123)
        other = unseen.accept()[0]
        other.sendall(b"x")
        one.recv(1)
        one.close()
        other.close()
        time.sleep(TALK_S)
    until(lambda: any(port["port"] == 8123 and port["flows"] >= TALKS
                      for port in monitor.get("ports")), "the port's flows")
    tap.equal([one for one in monitor.get("findings") if one["port"] == 8123], [],
              "who listens since then is not taken for nobody")
    screen = monitor.command("explain", "8123", status=None).stdout
    tap.ok(re.search("^Listens +not known: sockets can't be seen$", screen, re.M),
           "nor does `explain` say so", screen)
    before = pathlib.Path(f"/proc/{monitor.program.pid}/stat").read_text().split()[13:15]
    _, _, port = talk(client, server, "10.78.0.2")
    first_flow(monitor, port)
    after = pathlib.Path(f"/proc/{monitor.program.pid}/stat").read_text().split()[13:15]
    tap.ok(sum(map(int, after)) - sum(map(int, before)) < 20,
           "and does not spin on the closed socket", before, after)
    tap.equal(monitor.stop(), 0, "and ends well")


def wrong_state(tap, lab):
    """A mistyped --state must not give /etc away."""
    _, server = cable(lab)
    (lab.dir / "etc/ssh").mkdir(parents=True)
    monitor = lab.monitor(server, "--state", str(lab.dir / "etc"))
    tap.ok("state folder" in monitor.program.err() and "--state" in monitor.program.err(),
           "a state folder with other things in it is told", monitor.program.err())
    tap.equal((lab.dir / "etc").stat().st_uid, 0, "and stays whose it was")
    monitor.stop()


# ---- as an ordinary user -------------------------------------------------------------

class Ordinary(e2e.Monitor):
    """A daemon started by nobody, with or without a capability in its file."""

    def __init__(self, lab, network, capability, *options):
        # pylint: disable=super-init-not-called
        folder = lab.dir / "theirs"
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
        binary = lab.dir / "breakwater"
        shutil.copy(BREAKWATER, binary)
        if capability:
            # The extended attribute of capabilities(7), version 2: CAP_NET_RAW, effective.
            os.setxattr(binary, "security.capability",
                        bytes.fromhex("01000002" "00200000" "00000000" "00000000" "00000000"))
        self.network, self.socket = network, folder / "breakwater.sock"
        self.state = folder / "state"
        self.program = network.start(
            "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            str(binary), "run", "--socket", str(self.socket), "--state", str(self.state),
            "--listen", "127.0.0.1:0", *options)
        until(self.answers, f"breakwater run: {self.program.err()}")


def without_logs(tap, lab):
    _, server = cable(lab)
    config = lab.dir / "config.yaml"
    config.write_text("logs: {journal: no, programs: no}\n")
    monitor = lab.monitor(server, "-c", str(config))
    tap.equal(status_of(monitor.program.pid)["Groups"].strip(), "",
              "who reads no logs is in no other group")
    monitor.stop()


def ordinary(tap, lab):
    _, server = cable(lab)
    config, closed = lab.dir / "config.yaml", lab.dir / "its.log"
    config.write_text(f"logs: {{journal: no, files: [{closed}]}}\n")
    closed.touch(mode=0o600)
    monitor = Ordinary(lab, server, False, "-c", str(config))
    until(lambda: "breakwater: logs: " in monitor.program.err(), "a word about logs")
    said = monitor.program.err().splitlines()
    packets = [line for line in said if all(word in line for word in
                                            ("packets", "not permitted", "root"))]
    logs = [line for line in said if line.startswith("breakwater: logs: can't read /")]
    tap.ok(len(packets) == 1 and len(logs) == 1 and len(said) == 2,
           "started without root it says in a line each what it can't see", said)
    tap.ok("its.log" in logs[0] and "adm" in logs[0] and
           "its.log" in monitor.get("status")["logs"]["denied"],
           "logs too, and who may read them", logs)
    until(lambda: "Dashboard" in monitor.program.out(), "a greeting")
    tap.ok("Watching   ! no packets: not permitted" in monitor.program.out(),
           "and greets with it", monitor.program.out())
    status = monitor.get("status")
    tap.ok(status["capture"]["holds"] is False and status["interfaces"] == [] and
           status["workers"] == 0, "status knows", status)
    tap.ok(all(status["privileges"][part]["holds"] for part in status["privileges"]),
           "it is confined all the same", status["privileges"])
    tap.equal(status["privileges"]["user"]["detail"], "nobody", "as the user it is")
    until(lambda: monitor.get("self"), "a self record")
    health = json.loads(monitor.ask("/health"))
    tap.ok(health["status"] == "degraded" and "not permitted" in health["reasons"][0],
           "health is degraded, not failing", health)
    done = monitor.command("status", status=None)
    tap.ok(done.returncode == 5 and
           re.search("^Packets +! not watched: not permitted", done.stdout, re.M) and
           "sudo" in done.stdout, "`status` says so, and what to do", done.stdout)
    for command in ("ports", "flows"):
        tap.equal(monitor.command(command, status=None).returncode, 0,
                  f"`{command}` answers")
    told = status_of(monitor.program.pid)
    tap.equal((told["NoNewPrivs"], told["Seccomp"], int(told["CapPrm"], 16)),
              ("1", "2", 0), "the kernel says the same")
    guard = guard_of(monitor)
    tap.equal(int(status_of(guard)["CapPrm"], 16), 0, "its guard has no privileges either")
    tap.equal(monitor.stop(), 0, "SIGTERM ends it with 0")
    tap.ok(not monitor.socket.exists() and has_ended(guard), "it leaves no socket behind")


def file_capability(tap, lab):
    client, server = cable(lab)
    try:
        monitor = Ordinary(lab, server, True, "-i", "net0")
    except OSError as error:
        tap.skip("with CAP_NET_RAW on its file, an ordinary user sees packets", error)
        return
    _, _, port = talk(client, server, "10.78.0.2")
    tap.equal(first_flow(monitor, port)["iface"], "net0",
              "with CAP_NET_RAW on its file, an ordinary user sees packets")
    tap.equal((int(status_of(monitor.program.pid)["CapPrm"], 16),
               int(status_of(guard_of(monitor))["CapPrm"], 16)), (0, 1 << 13),
              "the guard keeps the capability, the daemon does not")
    tap.equal((monitor.stop(), monitor.socket.exists()), (0, False), "and it ends well")


def refused(tap, lab):
    """What is wrong besides is still an error."""
    _, server = cable(lab)
    theirs = lab.dir / "breakwater"
    shutil.copy(BREAKWATER, theirs)
    done = server.run("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                      str(theirs), "run", "--socket", str(lab.dir / "no.sock"),
                      "--listen", "127.0.0.1:0", "--state", str(lab.dir / "no"),
                      status=None, seconds=10)
    tap.ok(done.returncode == 4 and "--socket" in done.stderr,
           "a socket that may not be made is told, with what to do", done)


if __name__ == "__main__":
    sys.exit(e2e.main(rights, chosen, killed, without_guard, wrong_state, without_logs,
                      ordinary, file_capability, refused))
