#!/usr/bin/env python3
"""traps.py: ports that nobody should touch, answered by a process of its own; and lists
of addresses, read again when they change.

Runs beside others.
"""
import os
import re
import signal
import socket
import sys

import lab as e2e
from daemon import cable
from lab import until
from privileges import NOBODY, SETS, status_of

CLIENT, SERVER = "10.78.0.1", "10.78.0.2"
TRAP, QUIET, SERVED, TAKEN = 23, 4444, 8022, 7007


def start(lab, server):
    config = lab.dir / "traps.yaml"
    config.write_text(
        f"home: [{SERVER}/32]\ninterfaces: [net0]\n"
        "logs: {journal: no, programs: no}\n"
        "probe: {own: yes, own_interval: 1s}\n"
        f"traps: {{ports: [{TRAP}, {QUIET}, {SERVED}, {TAKEN}], answer: yes}}\n"
        f"blocklists: [{lab.dir}/*.list]\n")
    return lab.monitor(server, "-c", str(config), "--listen", "off",
                       json_output=False)


def findings(monitor, kind):
    return [one for one in monitor.get("findings") if one["kind"] == kind]


def traps_of(monitor):
    return monitor.get("status")["traps"]


def decoy_pid(monitor):
    told = re.match(r"pid (\d+)", traps_of(monitor)["detail"])
    return int(told[1]) if told else None


def is_turned_away(client, port):
    """Its connection is reset, at once or with the first look at it."""
    try:
        return client.connect(SERVER, port).recv(1) == b""
    except ConnectionResetError:
        return True


def proven(monitor, proof):
    return until(lambda: [one for one in findings(monitor, "trap_hit")
                          if one["proof"] == proof], f"a finding with {proof}")


def traps(tap, lab):
    client, server = cable(lab)
    held = [server.listen(SERVER, SERVED), server.listen("0.0.0.0", TAKEN)]
    drop = lab.dir / "lists" / "drop.list"
    drop.parent.mkdir(mode=0o755)
    drop.write_text("198.51.100.0/24 ; SBL1\n")
    (lab.dir / "bad.list").symlink_to(drop)
    monitor = start(lab, server)
    tap.equal(monitor.get("status")["blocklists"],
              {"lists": 1, "entries": 1, "left_out": 0, "wrong": 0},
              "a list is read at the start")
    drop.write_text(f"{CLIENT} # a bad one\n198.51.100.0/24\n{SERVER}\n")
    no_traps(tap, monitor)
    confined(tap, monitor)
    is_no_service(tap, monitor)
    made = client.connect(SERVER, TRAP)
    first = proven(monitor, "handshake")
    tap.ok(first[0]["severity"] == "low" and first[0]["client_ip"] == CLIENT and
           first[0]["port_list"] == str(TRAP) and first[0]["latency_us"] < 1000000,
           "a handshake with a trap is a finding within a second", first)
    made.sendall(b"\x1b]0;owned\x07root\r\n")
    tap.equal(made.recv(100), b"\r\nlogin: ", "it is greeted as usual there")
    made.close()
    listed(tap, client, monitor, drop)
    share(tap, client, monitor)
    begins_again(tap, client, monitor)
    last = proven(monitor, "dialogue")
    tap.ok(len(last) == 1 and last[0]["severity"] == "medium" and
           last[0]["id"] == first[0]["id"] and
           last[0]["port_list"] == f"{TRAP},{QUIET}",
           "who talks to it, and goes to another, is the same finding", last)
    refused(tap, server, monitor, drop)
    monitor.stop()
    with server.inside(), socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind((SERVER, TRAP))
    tap.ok(len(held) == 2, "at the end its ports are free again")


def no_traps(tap, monitor):
    told = until(lambda: traps_of(monitor).get("served", "").count(",") == 1 and
                 traps_of(monitor), "the sockets of the machine")
    tap.ok(told["not_answered"] == told["served"] == f"{TAKEN},{SERVED}" and
           (told["ports"], told["answered"]) == (4, 2),
           "a port that somebody serves is no trap", told)
    tap.ok(f"trap port {TAKEN}/tcp is not answered: another program serves it\n"
           in monitor.program.err(), "that it can't be had is said",
           monitor.program.err())


def confined(tap, monitor):
    status = status_of(decoy_pid(monitor))
    tap.ok(all(int(status[name], 16) == 0 for name in SETS) and
           status["Uid"].split() == [str(NOBODY)] * 4 and status["Groups"].strip() == "",
           "who answers is nobody, in no group, without a right", status)
    tap.ok((status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"),
           "it is under seccomp, and gains nothing", status)


def is_no_service(tap, monitor):
    mine = until(lambda: [one for one in monitor.get("listeners")
                          if one["port"] in (TRAP, QUIET) and "netns" not in one],
                 "its listeners")
    tap.ok(len(mine) == 2 and all(one["authorized"] for one in mine),
           "its listeners are known to be ours", mine)
    about = [one for one in monitor.get("findings") if one.get("port") in (TRAP, QUIET)]
    tap.equal(about, [], "no finding is about them")


def listed(tap, client, monitor, drop):
    until(lambda: monitor.get("status")["blocklists"]["entries"] == 3,
          "the list that is read again")
    with client.inside(), socket.socket() as made:
        made.connect_ex((SERVER, 1))
    found = until(lambda: findings(monitor, "blocklisted_peer"), "a finding")
    tap.ok(len(found) == 1 and found[0]["severity"] == "notice" and
           "bad.list:1: 10.78.0.1/32 (a bad one)" in found[0]["evidence"],
           "who is on a list is a notice, with the list's own words", found)
    drop.write_text("203.0.113.1\nno address\n")


def share(tap, client, monitor):
    """One source has sixteen."""
    for _ in range(16):
        client.connect(SERVER, QUIET)
    until(lambda: traps_of(monitor)["clients"] == 16, "sixteen clients")
    tap.ok(is_turned_away(client, QUIET), "a source that has its share is turned away")
    told = until(lambda: traps_of(monitor)["refused"] == 1 and traps_of(monitor),
                 "that it was")
    tap.ok(told["accepted"] == 17, "status counts them", told)


def begins_again(tap, client, monitor):
    pid = decoy_pid(monitor)
    os.kill(pid, signal.SIGSEGV)
    until(lambda: decoy_pid(monitor) not in (pid, None), "another process")
    tap.equal(client.connect(SERVER, TRAP).recv(100), b"\r\nlogin: ",
              "who is killed is started again, and answers on the same ports")
    tap.ok("the process that answers on traps ended by signal 11" in
           monitor.program.err(), "that it ended is said", monitor.program.err())
    asked = [one for one in monitor.get("probes")
             if re.search(rf":({TRAP}|{QUIET})\b", one["target"])]
    tap.equal(asked, [], "nobody has asked it how it is")


def refused(tap, server, monitor, drop):
    told = until(lambda: monitor.get("status")["blocklists"]["wrong"] == 1 and
                 monitor.get("status")["blocklists"], "that the list is wrong")
    tap.ok('bad.list:2: "no" is no address' in monitor.program.err(),
           "a list that is not right is told with its line", monitor.program.err())
    tap.equal(told["entries"], 3, "what it last said stays in force")
    screen = monitor.command("status", "--plain").stdout
    tap.ok(f"4 ports; served by a program, so no trap: {TAKEN},{SERVED}" in screen and
           re.search(r"2 answered by pid \d+, started again 1 time: 1 clients now",
                     screen) and
           "1 list with 3 entries; ! 1 can't be used as they are now" in screen,
           "status tells of all that", screen)
    checked = server.run(e2e.BREAKWATER, "config", "check", "-c",
                         str(drop.parent.parent / "traps.yaml"), status=None)
    tap.ok(checked.returncode == 2 and "bad.list:2: " in checked.stderr,
           "config check says so, too", checked.stderr)


if __name__ == "__main__":
    sys.exit(e2e.main(traps))
