#!/usr/bin/env python3
"""own_scans.py: a scan of ours is no attack, the same by a stranger is; a restart forgets none,
nor passwords that were guessed before it.

Runs beside others.
"""
import contextlib
import socket
import sys

import lab as e2e
from lab import BREAKWATER, until

HERE, THERE = "10.9.0.1", "10.9.0.2"


def street(lab):
    here, there = lab.namespace("here"), lab.namespace("there")
    lab.plug(here, "here0", [HERE], there, "there0", [THERE])
    return here, there


def knock(network, address, ports):
    for port in ports:
        with contextlib.suppress(OSError), network.socket() as line:
            line.settimeout(1)
            line.connect((address, port))


def scans_by(monitor, client):
    return [f for f in monitor.get("findings?kind=port_scan") if f.get("client_ip") == client]


def guess(here, there, times):
    """Passwords at an FTP server that lets nobody in, one by one."""
    with there.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((THERE, 21))
        server.listen()
        for _ in range(times):
            with here.socket() as client:
                client.connect((THERE, 21))
                line = server.accept()[0]
                with line:
                    line.sendall(b"220 ready\r\n")
                    for said, answer in ((b"USER root\r\n", b"331 password?\r\n"),
                                         (b"PASS guess\r\n", b"530 no\r\n")):
                        client.recv(100)
                        client.sendall(said)
                        line.recv(100)
                        line.sendall(answer)
                    client.recv(100)


def restarted(lab, monitor, network):
    """The next one, in the state folder of the one before."""
    monitor.stop()
    return lab.monitor(network, "-i", "there0", "--state", str(monitor.state),
                       json_output=False)


def own_scans(tap, lab):
    here, there = street(lab)
    monitor = lab.monitor(there, "-i", "there0", json_output=False)
    for way in ((), ("--connect",), ("--udp", "--rate", "500")):
        there.run(BREAKWATER, "scan", HERE, "-p", "1-40", "--no-recognise", "--socket",
                  str(monitor.socket), *way, seconds=60)
    knock(here, THERE, range(1001, 1009))
    found = until(lambda: scans_by(monitor, HERE), "eight ports are worth knowing", 5)
    tap.equal((found[0]["severity"], found[0]["technique"]), ("notice", "connect"),
              "who knocks at eight ports is worth knowing")
    tap.equal(scans_by(monitor, THERE), [], "scans of ours from there are no attack")
    guess(here, there, 4)
    until(lambda: len(monitor.get("logins")) == 4, "four logins")
    monitor = restarted(lab, monitor, there)
    guess(here, there, 1)
    found = until(lambda: monitor.get("findings?kind=brute_force"), "the fifth is guessing", 5)
    tap.equal((found[0]["client_ip"], found[0]["attempts"]), (HERE, 5),
              "passwords that were guessed before a restart count")
    knock(here, THERE, range(1011, 1019))
    found = until(lambda: [f for f in scans_by(monitor, HERE) if f["severity"] == "low"],
                  "eight and eight ports are a scan", 5)
    tap.ok(found[0]["port_list"].startswith("1001-1008,1011"),
           "ports of before a restart count", found)
    knock(there, HERE, range(1001, 1031))
    found = until(lambda: scans_by(monitor, THERE), "one of ours scans", 5)
    tap.equal(found[0]["mitre"], "T1046", "the same by another program is an attack")
    monitor.stop()


if __name__ == "__main__":
    sys.exit(e2e.main(own_scans))
