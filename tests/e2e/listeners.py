#!/usr/bin/env python3
"""listeners.py: who listens, beside what `ss`, /proc and the servers themselves say.

Real servers: sshd, nginx, PostgreSQL, a UDP server; a process that lives shortly, one in
another network namespace, and one that /proc hides.  10,000 sockets at once: cost.py.

Runs beside others.
"""
import os
import pathlib
import pwd
import shutil
import signal
import sys
import time

import lab as e2e
from lab import BREAKWATER, until

SERVERS = ("sshd", "nginx", "setpriv")
POSTGRES = "/usr/lib/postgresql/15/bin"
NOTICED_S = 1.0

LISTEN_CODE = """
import socket, sys, time
kind = socket.SOCK_DGRAM if sys.argv[1] == "udp" else socket.SOCK_STREAM
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
held = []
for port in sys.argv[3:]:
    made = socket.socket(family, kind)
    made.bind((sys.argv[2], int(port)))
    if kind == socket.SOCK_STREAM:
        made.listen(8)
    held.append(made)
print("ready", flush=True)
time.sleep(600)
"""


def listen(network, kind, address, *ports):
    program = network.start(sys.executable, "-c", LISTEN_CODE, kind, address,
                            *(str(port) for port in ports))
    until(lambda: "ready" in program.out(), f"a listener: {program.err()}")
    return program


def listeners(monitor, port=None):
    query = "" if port is None else f"?port={port}"
    return monitor.get(f"listeners{query}")


def listener(monitor, port, seconds=3):
    """The one listener of that port in the monitor's own namespace."""
    def there():
        return [one for one in listeners(monitor, port) if "netns" not in one]
    found = until(there, f"a listener on {port}", seconds)
    return found[0]


def networks(lab):
    server = lab.namespace("server")
    return server, lab.monitor(server, json_output=False)


# ---- real servers --------------------------------------------------------------------

def start_sshd(lab, server):
    folder = lab.dir / "ssh"
    folder.mkdir()
    server.tree("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/key")
    return server.start_sshd("-p", "22", "-f", "/dev/null", "-h", f"{folder}/key", "-o",
                             f"PidFile={folder}/pid")


def start_nginx(lab, server):
    folder = lab.dir / "nginx"
    folder.mkdir()
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 2; user www-data; pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; server {{ listen 80; listen [::]:80; }} }}
""")
    return server.start_tree("nginx", "-c", f"{folder}/nginx.conf")


def start_postgres(lab, server):
    folder = lab.dir / "postgres"
    folder.mkdir()
    os.chown(folder, 105, 105)
    as_user = ("setpriv", "--reuid=105", "--regid=105", "--clear-groups")
    server.tree(*as_user, f"{POSTGRES}/initdb", "-D", f"{folder}/data", "-A", "trust",
                seconds=60)
    return server.start_tree(*as_user, f"{POSTGRES}/postgres", "-D", f"{folder}/data",
                             "-c", "listen_addresses=127.0.0.1", "-k", str(folder))


def real_servers(tap, lab):
    if not e2e.has_tree(*SERVERS):
        tap.skip("sshd, nginx and PostgreSQL are told with their processes",
                 "build/tree is missing: run scripts/test-tree")
        return
    server, monitor = networks(lab)
    programs = {22: start_sshd(lab, server), 80: start_nginx(lab, server),
                5432: start_postgres(lab, server)}
    for port, program in programs.items():
        # Asked to end, each ends its children, which nobody else would.
        lab.callback(program.end)
        until(lambda port=port: server.listens(port),
              f"a server on {port}: {program.err()}", 20)
    expected = {22: ("sshd", "/usr/sbin/sshd", "outside"),
                80: ("nginx", "/usr/sbin/nginx", "outside"),
                5432: ("postgres", f"{POSTGRES}/postgres", "loopback")}
    for port, (process, exe, reach) in expected.items():
        one = listener(monitor, port)
        tap.equal((one["process"], one["exe"].endswith(exe), one["reach"]),
                  (process, True, reach), f"{process} is told on {port}", one)
        owner = pathlib.Path(f"/proc/{one['pid']}/comm").read_text().strip()
        tap.equal(owner, process, "its pid is the kernel's", one)
    tap.equal(listener(monitor, 5432)["user"] in ("105", user_of(105)), True,
              "its user is told", listener(monitor, 5432))
    # The workers are forked when the socket is there already.
    until(lambda: listener(monitor, 80)["processes"] == 3, "nginx's workers", 25, 0.2)
    tap.ok(True, "nginx's master and its two workers hold one socket")
    compare_with_ss(tap, server, monitor)
    table = monitor.command("ports", "--listening").stdout
    tap.ok(all(word in table for word in ("sshd", "nginx", "postgres", "loopback")),
           "ports --listening shows them", table)


def user_of(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def compare_with_ss(tap, server, monitor):
    """Address, port and backlog of every TCP listener of the namespace."""
    text = server.run("ss", "-Hltn").stdout
    by_ss = set()
    for line in text.splitlines():
        _, _, backlog, local, *_ = line.split()
        ip, port = local.rsplit(":", 1)
        by_ss.add((ip.strip("[]").replace("*", "::"), int(port), int(backlog)))
    ours = {(one["ip"], one["port"], one["backlog_max"]) for one in listeners(monitor)
            if one["transport"] == "tcp" and "netns" not in one}
    tap.equal(ours, by_ss, "TCP listeners are those that ss tells")


# ---- coming and going ----------------------------------------------------------------

def changes(tap, lab):
    server, monitor = networks(lab)
    until(lambda: monitor.get("status")["sockets"]["listening"] >= 1, "sockets")
    for kind, address, port in (("tcp", "0.0.0.0", 7001), ("tcp", "::1", 7002),
                                ("udp", "127.0.0.1", 7003), ("udp", "::", 7004)):
        program = listen(server, kind, address, port)
        one = listener(monitor, port)
        tap.equal((one["transport"], one["ip"], one["pid"], one["process"][:6]),
                  (kind, address, program.pid, "python"),
                  f"{kind} on {address} is told", one)
        found = until(lambda port=port: monitor.get(f"findings?port={port}"),
                      "a finding", 2)
        tap.equal(found[0]["kind"], "new_listener", "and is a finding", found)
        program.process.kill()
        program.wait()
        until(lambda port=port: not [one for one in listeners(monitor, port)
                                     if "netns" not in one], f"the end of {port}", 3)
        tap.ok(True, "its end is noticed")
    seen = until(lambda: monitor.get("listeners?since=5m&port=7001"), "its history", 5)
    tap.equal([one["change"] for one in seen], ["closed", "opened"],
              "both are in the history, newest first", seen)


def latency(tap, lab):
    """From listen(2) to the answer of the API, as a table and as a finding."""
    server, monitor = networks(lab)
    times = []
    for port in range(7100, 7110):
        listen(server, "tcp", "127.0.0.1", port)
        began = time.monotonic()
        until(lambda port=port: monitor.get(f"listeners?port={port}") and
              monitor.get(f"findings?port={port}"), f"{port} in both", 3)
        times.append(time.monotonic() - began)
    tap.ok(max(times) < NOTICED_S, "a new listener is told and found within a second",
           times)


def other_machine(tap, lab):
    """We serve a port, and are a client of the same port elsewhere."""
    server, elsewhere = lab.namespace("server"), lab.namespace("elsewhere")
    lab.plug(server, "net0", ["10.83.0.2"], elsewhere, "net0", ["10.83.0.1"])
    monitor = lab.monitor(server, "-i", "net0", json_output=False)
    listen(server, "tcp", "0.0.0.0", 7700)
    listener(monitor, 7700)
    elsewhere.listen("10.83.0.1", 7700)
    server.connect("10.83.0.1", 7700)
    elsewhere.connect("10.83.0.2", 7700)

    def rows():
        told = {one["server_ip"]: one for one in monitor.get("ports?port=7700")}
        return told if len(told) == 2 else None

    told = until(rows, "both servers")
    tap.ok("python" in told["10.83.0.2"].get("process", ""),
           "our port has our process", told)
    tap.ok("process" not in told["10.83.0.1"] and "pid" not in told["10.83.0.1"],
           "the same port of another machine has not", told)


def short_lived(tap, lab):
    server, monitor = networks(lab)
    until(lambda: monitor.get("status")["sockets"]["listening"] >= 1, "sockets")
    code = ("import socket; s = socket.socket(); s.bind(('0.0.0.0', 7200)); "
            "s.listen(1); import time; time.sleep(0.2)")
    server.run(sys.executable, "-c", code)
    if not monitor.get("status")["sockets"]["by_bpf_events"]:
        tap.skip("a listener that lives 0.2 s leaves its trace", "no BPF here")
        return
    seen = until(lambda: monitor.get("listeners?since=5m&port=7200"), "its trace", 5)
    tap.ok(any(one["change"] == "opened" for one in seen),
           "a listener that lives 0.2 s leaves its trace", seen)


def other_namespace(tap, lab):
    server, monitor = networks(lab)
    other = lab.namespace("other")
    program = listen(other, "tcp", "0.0.0.0", 7300)
    found = until(lambda: listeners(monitor, 7300), "the other namespace's listener", 5)
    tap.equal((found[0]["netns"], found[0]["pid"], found[0]["reach"]),
              (os.stat(f"/proc/{program.pid}/ns/net").st_ino, program.pid, "namespace"),
              "a process in another namespace is told, with its namespace", found)
    tap.ok(server.listens(7300) is False, "ss of our own namespace does not see it")


def hidden(tap, lab):
    """The oldest trick: something mounted over /proc/PID."""
    server, monitor = networks(lab)
    if not monitor.get("status")["sockets"]["by_bpf_owners"]:
        tap.skip("a process hidden from /proc is a finding", "no BPF here")
        return
    empty = lab.dir / "empty"
    empty.mkdir()
    code = (f"import os, sys\nos.system(f'mount --bind {empty} /proc/{{os.getpid()}}')\n"
            + LISTEN_CODE)
    program = server.start(sys.executable, "-c", code, "tcp", "127.0.0.1", "7400")
    lab.callback(lambda: lab.run("umount", f"/proc/{program.pid}", status=None))
    until(lambda: "ready" in program.out(), "the hidden one")
    found = until(lambda: [one for one in monitor.get("findings?port=7400")
                           if one["kind"] == "hidden_listener"], "a finding", 5)
    tap.equal(found[0]["severity"], "critical", "a process hidden from /proc is a "
              "critical finding", found)


# ---- without rights ------------------------------------------------------------------

def ordinary_user(tap, lab):
    server = lab.namespace("server")
    theirs = lab.dir / "breakwater"
    shutil.copy(BREAKWATER, theirs)
    folder = lab.dir / "theirs"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    program = server.start("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           str(theirs), "run", "--socket", f"{folder}/b.sock", "--state",
                           f"{folder}/state", "--listen", "127.0.0.1:0")
    monitor = e2e.Monitor.__new__(e2e.Monitor)
    monitor.network, monitor.socket, monitor.program = server, folder / "b.sock", program
    until(monitor.answers, "an ordinary user's monitor")
    listen(server, "tcp", "127.0.0.1", 7600)
    one = listener(monitor, 7600)
    tap.ok("pid" not in one and one["transport"] == "tcp",
           "an ordinary user sees the sockets, and of others' no process", one)
    # No packet may be seen, but the kernel measures, too.
    ends = [server.connect("127.0.0.1", 7600) for _ in range(3)]
    counted = until(lambda: [one for one in listeners(monitor, 7600)
                             if "netns" not in one and one.get("established") == 3],
                    "three connections", 10, 0.2)[0]
    tap.ok(counted.get("rtt_us", 0) > 0 and len(ends) == 3,
           "connections and round trips are known without seeing packets", counted)
    means = monitor.get("status")["sockets"]
    tap.ok(not means["sees_processes"] and not means["sees_namespaces"] and
           means["reason"],
           "status says what can't be seen, and why", means)
    tap.equal(monitor.stop(signal.SIGTERM) in (0, 5), True, "and it ends in order",
              program.err())


if __name__ == "__main__":
    sys.exit(e2e.main(real_servers, changes, latency, other_machine, short_lived,
                      other_namespace, hidden, ordinary_user))
