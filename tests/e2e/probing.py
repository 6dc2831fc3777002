#!/usr/bin/env python3
"""probing.py: targets that a running monitor asks again and again.

Their states, retries and parents; files of targets that change; and that who asks them
may do nothing else.

Runs beside others.
"""
import json
import os
import pathlib
import re
import signal
import sys

import lab as e2e
from lab import until

OPEN, SHUT, LATER = 9001, 9002, 9003
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
CAP_NET_RAW = 1 << 13
CONFINES = CAP_NET_RAW | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8  # kill, setgid, setuid, setpcap
PROBE = """
probe:
  interval: 1s
  retry: 1s
"""


def machine(lab):
    network = lab.namespace("machine")
    network.ip("link", "set", "lo", "up")
    return network


def watch(lab, network, *targets, files=(), through=()):
    """A monitor with these targets."""
    config = lab.dir / "config.yaml"
    lines = [PROBE, "  targets:" if targets else "  targets: []"]
    lines += [f"    - {target}" for target in targets]
    lines += [f"  files: [{', '.join(map(str, files))}]"]
    config.write_text("\n".join(lines) + "\n")
    return lab.monitor(network, "-c", str(config), json_output=False, through=through)


def states(monitor, what="hard_state"):
    return {one["target"]: one[what] for one in monitor.get("probes") if what in one}


def becomes(monitor, target, state, seconds=15):
    until(lambda: states(monitor).get(target) == state,
          f"{target} {state}: {monitor.get('probes')}", seconds, 0.05)


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def child_of(pid, name):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    pids = [int(word) for word in children.read_text(encoding="utf-8").split()]
    return next((pid for pid in pids if status_of(pid)["Name"] == name), None)


def keeper_of(monitor):
    return child_of(monitor.program.pid, "breakwater-keep")


def prober_of(monitor):
    return child_of(keeper_of(monitor), "breakwater-prob")


def failures(monitor, port):
    """The first two, once they are kept."""
    bad = [one for one in monitor.get(f"probes?port={port}&since=1h")
           if one["state"] == "down"]
    return bad[:-3:-1] if len(bad) >= 2 else None


def target(port):
    return f"tcp://127.0.0.1:{port}"


def life_of_a_service(tap, lab):
    network = machine(lab)
    listener = network.listen("127.0.0.1", OPEN)
    monitor = watch(lab, network, target(OPEN), target(SHUT))
    becomes(monitor, target(OPEN), "up")
    becomes(monitor, target(SHUT), "down")
    tap.ok(True, "who listens is up, where nobody does it is down")
    shut = next(one for one in monitor.get("probes") if one["target"] == target(SHUT))
    tap.equal((shut["reason"], shut["state"], shut["protocol"]), ("refused", "down", "tcp"),
              "and why")
    up = next(one for one in monitor.get("probes") if one["target"] == target(OPEN))
    tap.ok(0 < up["connect_us"] <= up["wait_us"] <= up["total_us"],
           "the kernel's round trip is no longer than the wait, nor that than all", up)
    listener.close()
    becomes(monitor, target(OPEN), "down")
    bad = until(lambda: failures(monitor, OPEN), "two failures in the store")
    tap.equal([one["hard_state"] for one in bad], ["up", "down"],
              "one failure is not yet an outage, the second is", bad)
    network.listen("127.0.0.1", OPEN)
    becomes(monitor, target(OPEN), "up")
    tap.ok(True, "it comes up again")
    metrics = monitor.ask("/metrics")
    labels = f'{{target="{target(OPEN)}",protocol="tcp"}}'
    tap.ok(f"breakwater_probe_up{labels} 1\n" in metrics and
           re.search(r'^breakwater_probes_total\{state="down"\} [1-9]', metrics, re.M) and
           re.search(r'^breakwater_probe_duration_seconds_bucket\{le="\+Inf"\} [1-9]',
                     metrics, re.M), "/metrics has its state, the counts and a histogram",
           [line for line in metrics.splitlines() if "_probe" in line])
    done = monitor.command("probes", "--plain", status=None)
    tap.ok(done.returncode == 1 and target(SHUT) in done.stdout and "refused" in done.stdout,
           "`probes` lists them, and is 1 as one is down", done.stdout)
    done = monitor.command("query", "--state", str(monitor.state), "--json",
                           "SELECT count(*) AS n FROM probe WHERE state='down'")
    tap.ok('"n":' in done.stdout and '"n":0' not in done.stdout, "they are kept", done.stdout)


def confined(tap, lab):
    network = machine(lab)
    monitor = watch(lab, network, target(SHUT))
    becomes(monitor, target(SHUT), "down")
    pid = prober_of(monitor)
    kept = status_of(pid)
    tap.equal([int(kept[name], 16) for name in SETS],
              [0, CAP_NET_RAW, CAP_NET_RAW, 0, 0], "who asks may send ICMP, and no more")
    tap.ok(kept["Uid"].split()[0] != "0" and kept["Groups"].split() == [],
           "it is not root, and in no group", kept["Uid"], kept["Groups"])
    tap.equal((kept["NoNewPrivs"], kept["Seccomp"], kept["Threads"]), ("1", "2", "1"),
              "it is under seccomp, with no_new_privs")
    kept = status_of(keeper_of(monitor))
    tap.equal([int(kept[name], 16) for name in SETS[:3]], [0, CONFINES, CONFINES],
              "who starts it again keeps what that takes, and no more")
    tap.equal((kept["NoNewPrivs"], kept["Threads"]), ("1", "1"), "with no_new_privs")
    tap.equal(monitor.stop(), 0, "both end with the daemon")


def reasons_of_health(monitor):
    return json.loads(monitor.ask("/health"))["reasons"]


def is_said_to_be_unknown(tap, monitor, *reasons):
    until(lambda: set(states(monitor, "reason").values()) == {"not_asked"}, "states", 5)
    tap.ok(set(states(monitor).values()) == set(states(monitor, "state").values()) ==
           {"unknown"} and "breakwater_probe_up{" not in monitor.ask("/metrics"),
           "nothing is said to be up that nobody asks", states(monitor))
    is_said(tap, monitor, *reasons)


def is_said(tap, monitor, *reasons):
    said = reasons_of_health(monitor)
    done = monitor.command("status", "--plain", status=None)
    prober = monitor.get("status")["prober"]
    tap.ok(all(any(reason in one for one in said) and reason in done.stdout and
               reason in prober["detail"] for reason in reasons) and not prober["holds"],
           "/health, `status` and its JSON say why", said, done.stdout, prober)


def started_again(tap, lab):
    network = machine(lab)
    network.listen("127.0.0.1", OPEN)
    monitor = watch(lab, network, target(OPEN), target(SHUT))
    becomes(monitor, target(OPEN), "up")
    becomes(monitor, target(SHUT), "down")
    first = prober_of(monitor)
    os.kill(first, signal.SIGKILL)
    until(lambda: "the process that asks services ended by signal 9 (Killed), is started again "
          "in 1 s" in monitor.program.err(), "a word of its end")
    is_said_to_be_unknown(tap, monitor, "ended by signal 9 (Killed), is started again in ")
    becomes(monitor, target(OPEN), "up")
    becomes(monitor, target(SHUT), "down")
    tap.ok(prober_of(monitor) not in (None, first), "it is started again, and asks as before")
    missed = until(lambda: [sum(one.get("missed", 0) for one in monitor.get(
        f"probes?port={port}&since=1h")) for port in (OPEN, SHUT)], "what is kept")
    tap.ok(all(1 <= one <= 10 for one in missed), "what was due meanwhile is counted", missed)
    prober = monitor.get("status")["prober"]
    tap.ok(prober["holds"] and prober["ends"] == 1 and prober["targets"] == 2 and
           "started again 1 time" in prober["detail"], "so is its end", prober)
    until(lambda: "\nbreakwater_prober_ends_total 1\n" in monitor.ask("/metrics"), "a metric", 3)
    tap.ok(not any("asks services" in one for one in reasons_of_health(monitor)),
           "and /health has nothing to say of it any more", reasons_of_health(monitor))
    second = prober_of(monitor)
    os.kill(keeper_of(monitor), signal.SIGKILL)
    until(lambda: not pathlib.Path(f"/proc/{second}").exists(), "the end of who is kept")
    is_said_to_be_unknown(tap, monitor, "ended by signal 9 (Killed)")
    tap.equal(monitor.stop(), 0, "without them the rest goes on, and ends as ever")


def hangs(tap, lab):
    network = machine(lab)
    network.listen("127.0.0.1", OPEN)
    monitor = watch(lab, network, target(OPEN))
    becomes(monitor, target(OPEN), "up")
    prober = prober_of(monitor)
    os.kill(prober, signal.SIGSTOP)
    becomes(monitor, target(OPEN), "unknown", 25)
    is_said_to_be_unknown(tap, monitor, f"pid {prober} does not answer")
    os.kill(prober, signal.SIGCONT)
    becomes(monitor, target(OPEN), "up")
    until(lambda: monitor.get("status")["prober"]["holds"], "its answer", 3)
    tap.equal(prober_of(monitor), prober, "who goes on is taken back")


# A kernel that has no Landlock, or a service manager that forbids it: seccomp(2) by hand.
WITHOUT_LANDLOCK = """
import ctypes, os, struct, sys
LOAD, IF_EQUAL, RETURN, CREATE_RULESET, ERRNO, ALLOW = 0x20, 0x15, 0x06, 444, 0x50000, 0x7fff0000
steps = [(LOAD, 0, 0, 0), (IF_EQUAL, 0, 1, CREATE_RULESET), (RETURN, 0, 0, ERRNO | 1),
         (RETURN, 0, 0, ALLOW)]
program = b"".join(struct.pack("HBBI", *step) for step in steps)
steps = ctypes.create_string_buffer(program)
filters = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(steps)))
assert ctypes.CDLL(None).prctl(22, 2, filters, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def not_confined(tap, lab):
    network = machine(lab)
    monitor = watch(lab, network, target(SHUT), through=(sys.executable, "-c", WITHOUT_LANDLOCK))
    becomes(monitor, target(SHUT), "down")
    tap.ok(True, "who can't confine itself wholly asks all the same")
    is_said(tap, monitor, "not confined: landlock: Operation not permitted")
    # Root of its own, where nobody is not; the daemon then stays it, in its sandbox.
    alone = watch(lab, network, target(SHUT), through=(
        "unshare", "--user", "--map-root-user", "env", "--unset=BREAKWATER_SECCOMP"))
    is_said(tap, alone, "not confined: user: Operation not permitted")
    tap.ok(states(alone) == {} and status_of(prober_of(alone))["Name"] == "breakwater-prob",
           "but never as root", states(alone))


def ends_with_the_daemon(tap, lab):
    network = machine(lab)
    monitor = watch(lab, network, target(SHUT))
    becomes(monitor, target(SHUT), "down")
    pid = prober_of(monitor)
    os.kill(monitor.program.pid, signal.SIGKILL)
    until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the end of who asks")
    tap.ok(True, "it ends with the daemon, also when that is killed")


def files_of_targets(tap, lab):
    network = machine(lab)
    network.listen("127.0.0.1", OPEN)
    folder = lab.dir / "targets.d"
    folder.mkdir(mode=0o755)
    file = folder / "a.yaml"
    file.write_text(f"- {target(OPEN)}\n"
                    f"- target: {target(SHUT)}\n  every: 1s\n"
                    f"- target: {target(LATER)}\n  parent: {target(SHUT)}\n")
    os.chmod(lab.dir, 0o755)
    monitor = watch(lab, network, files=[folder / "*.yaml"])
    becomes(monitor, target(OPEN), "up")
    becomes(monitor, target(SHUT), "down")
    until(lambda: states(monitor, "reason").get(target(LATER)) == "parent_down", "the parent", 15)
    becomes(monitor, target(LATER), "unknown")
    tap.ok(True, "behind what is down, down is not known")

    file.write_text(f"- {target(OPEN)}\n- nonsense\n")
    until(lambda: "a.yaml:2:3: nonsense: write it as proto://" in monitor.program.err(),
          "an error with its place", 15)
    tap.ok(len(states(monitor)) == 3, "a file that is not right changes nothing", states(monitor))
    (folder / "b.yaml").write_text(f"- {target(LATER)}\n")
    file.write_text(f"- {target(OPEN)}\n")
    until(lambda: set(states(monitor)) == {target(OPEN), target(LATER)}, "the new set", 20)
    tap.ok(True, "files that come and change are read, what is gone is not asked any more")


def write_config(lab, *lines):
    text = "".join(f"{line}\n" for line in ("probe:", *(f"  {line}" for line in lines)))
    (lab.dir / "config.yaml").write_text(text)


def read_again(tap, lab):
    network = machine(lab)
    network.listen("127.0.0.1", OPEN)
    file = lab.dir / "targets.yaml"
    file.write_text(f"- {target(LATER)}\n")
    monitor = watch(lab, network, target(SHUT), files=[file])
    becomes(monitor, target(SHUT), "down")
    first = until(lambda: monitor.get(f"probes?port={LATER}"), "the file's target", 10)

    def reload(*lines):
        said = monitor.program.err().count("\n")
        write_config(lab, *lines, f"files: [{file}]")
        monitor.program.process.send_signal(signal.SIGHUP)
        return until(lambda: monitor.program.err().splitlines()[said:], "a word of it", 5)
    said = reload("interval: 1s", f"targets: [{target(OPEN)}, tcp://nonsense]")
    tap.ok("a port from 1 to 65535" in said[0] and "configuration not changed" in
           monitor.program.err(), "SIGHUP: a target that is none is said", said)
    tap.equal(set(states(monitor)), {target(SHUT), target(LATER)}, "and changes nothing")
    reload("interval: 1s", f"targets: [{target(OPEN)}]")
    until(lambda: set(states(monitor)) == {target(OPEN), target(LATER)}, "the new set", 10)
    becomes(monitor, target(OPEN), "up")
    kept = monitor.get(f"probes?port={LATER}")[0]
    tap.ok(kept["hard_since"] == first[0]["hard_since"] or kept["hard_state"] == "down",
           "a good one is in force at once, with the files as they are", kept)
    reload("interval: 1h", f"targets: [{target(OPEN)}, {target(OPEN + 50)}]")
    os.kill(prober_of(monitor), signal.SIGKILL)
    until(lambda: "is started again" in monitor.program.err(), "its end")
    reload("interval: 1s", f"targets: [{target(SHUT + 60)}]")
    becomes(monitor, target(SHUT + 60), "down")
    until(lambda: set(states(monitor)) == {target(SHUT + 60), target(LATER)}, "the set", 10)
    tap.ok(True, "who is started again is told, too")


def said_to(listener):
    """What the next client says first."""
    client, _ = listener.accept()
    with client:
        client.settimeout(5)
        return client.recv(4096)


def files_that_change_in_flight(tap, lab):
    network = machine(lab)
    listener = network.listen("127.0.0.1", OPEN)
    listener.settimeout(5)
    file = lab.dir / "targets.yaml"
    os.chmod(lab.dir, 0o755)
    slow = f"http://127.0.0.1:{LATER}/#timeout=8s"
    network.listen("127.0.0.1", LATER)
    file.write_text(f"- redis://:first@127.0.0.1:{OPEN}\n- {slow}\n"
                    f"- target: {target(SHUT)}\n  parent: {target(SHUT + 10)}\n"
                    f"- target: {target(SHUT + 10)}\n  parent: {target(SHUT)}\n"
                    f"- target: {target(SHUT + 20)}\n  parent: {slow}\n")
    monitor = watch(lab, network, files=[file])
    until(lambda: b"first" in said_to(listener), "the first password", 15)
    until(lambda: "down" in (states(monitor).get(target(SHUT)),
                             states(monitor).get(target(SHUT + 10))), "one that is down", 15)
    tap.ok(True, "parents of each other don't excuse each other")
    file.write_text(f"- redis://:second@127.0.0.1:{OPEN}\n- {target(SHUT + 20)}\n")
    until(lambda: b"second" in said_to(listener), "the second password", 15)
    tap.ok("second" not in str(monitor.get("probes")), "a password that changed is used, not shown")
    until(lambda: set(states(monitor)) == {f"redis://@127.0.0.1:{OPEN}", target(SHUT + 20)},
          "the end of a parent", 20)
    becomes(monitor, target(SHUT + 20), "down")
    tap.ok(prober_of(monitor), "who asks outlives a parent that goes")


def page(monitor, query):
    """(status, text) of GET /probe."""
    connection = e2e.UnixConnection(monitor.socket)
    try:
        connection.request("GET", f"/probe?{query}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def serve_tls(lab, network):
    """On port 8443, with a certificate that is its own authority."""
    key, certificate = lab.dir / "server.key", lab.dir / "server.crt"
    lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
            "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key),
            "-out", str(certificate))
    network.start("openssl", "s_server", "-accept", "127.0.0.1:8443", "-cert",
                  str(certificate), "-key", str(key), "-quiet", "-www")
    until(lambda: network.listens(8443), "a server with TLS")
    return certificate


def pages(tap, lab):
    network = machine(lab)
    network.listen("127.0.0.1", OPEN)
    authority = serve_tls(lab, network)
    without = watch(lab, network, target(SHUT))
    tap.equal(page(without, "target=127.0.0.1:1")[0], 404, "without modules there is no /probe")
    modules = lab.dir / "modules.yml"
    modules.write_text("modules:\n  tcp:\n    prober: tcp\n  slow:\n    prober: tcp\n"
                       "    timeout: 20s\n    tcp: {query_response: [{expect: never}]}\n"
                       f"  tls: {{prober: tcp, tcp: {{tls: true, tls_config: "
                       f"{{ca_file: {authority}}}}}}}\n"
                       f"  web: {{prober: http, http: {{tls_config: {{ca_file: {authority}}}}}}}\n")
    config = lab.dir / "pages.yaml"
    config.write_text(f"probe:\n  blackbox_modules: {modules}\n  allow: [127.0.0.1]\n")
    monitor = lab.monitor(network, "-c", str(config), json_output=False)
    up = page(monitor, f"target=127.0.0.1:{OPEN}&module=tcp")
    tap.ok(up[0] == 200 and "\nprobe_success 1\n" in up[1] and
           "# HELP probe_duration_seconds " in up[1], "/probe answers as blackbox_exporter", *up)
    for module, place in (("tls", "127.0.0.1:8443"), ("web", "https://127.0.0.1:8443/")):
        up = page(monitor, f"target={place}&module={module}")
        tap.ok(up[0] == 200 and "\nprobe_success 1\n" in up[1],
               f"{module}: files are read before nothing can be", *up)
    down = page(monitor, f"target=127.0.0.1:{SHUT}&module=tcp")
    tap.ok(down[0] == 200 and "\nprobe_success 0\n" in down[1], "failure is an answer, too", *down)
    tap.equal(page(monitor, "target=127.0.0.1:1&module=other"), (400, 'Unknown module "other"\n'),
              "what is not a module is said")
    tap.equal(page(monitor, "target=10.1.1.1:1&module=tcp")[0], 403,
              "what is not allowed is not asked")
    silent = network.connect("127.0.0.1", int(monitor.get("status")["listen"].rsplit(":")[-1]))
    silent.sendall(f"GET /probe?target=127.0.0.1:{OPEN}&module=slow HTTP/1.1\r\n"
                   "Host: localhost\r\n\r\n".encode())
    tap.equal(page(monitor, f"target=127.0.0.1:{OPEN}&module=tcp")[0], 200,
              "one that waits holds up nobody")
    os.kill(prober_of(monitor), signal.SIGKILL)
    tap.ok(silent.recv(4096).startswith(b"HTTP/1.1 503 "), "and is told if nobody will answer")
    tap.equal(page(monitor, f"target=127.0.0.1:{OPEN}&module=tcp")[0], 503, "as are all after it")
    until(lambda: page(monitor, f"target=127.0.0.1:{OPEN}&module=tcp")[0] == 200, "the next", 5)
    tap.ok(True, "until it is started again")
    tap.equal(monitor.stop(), 0, "it ends as ever")


def bad_ones(tap, lab):
    network = machine(lab)
    config = lab.dir / "config.yaml"
    config.write_text("probe:\n  targets: [tcp://127.0.0.1, foo://x]\n")
    done = network.run(e2e.BREAKWATER, "run", "-c", str(config), "--listen", "off",
                       "--state", str(lab.dir / "state"), "--socket", str(lab.dir / "s"), status=None)
    tap.ok(done.returncode == 2 and "a port from 1 to 65535 must be given" in done.stderr and
           "\"foo\" can't be asked; known are tcp" in done.stderr,
           "targets that are none keep it from starting, all are said", done.stderr)


if __name__ == "__main__":
    sys.exit(e2e.main(life_of_a_service, confined, started_again, hangs, not_confined,
                      ends_with_the_daemon, files_of_targets, read_again,
                      files_that_change_in_flight, pages, bad_ones))
