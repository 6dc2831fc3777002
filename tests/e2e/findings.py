#!/usr/bin/env python3
"""findings.py: a real attack is a finding within a second, with the packets that led to it.

nmap scans a machine that a monitor watches; a client guesses passwords under a name that
is made to hurt terminals and pages.  What is said, kept, shown and given as pcap is
compared with what was done.  Runs beside others.
"""
import json
import re
import sys
import threading

import lab as e2e
from daemon import cable
from lab import BREAKWATER, until

ATTACKER, TARGET = "10.78.0.1", "10.78.0.2"
PORTS = 200
HOSTILE = b"\x1b]0;owned\x07<img src=x onerror=alert(1)>\x9b31m"


def finding_of(monitor, kind, ready=lambda _: True):
    """The open finding of that kind, once there is one that is as wanted."""
    def look():
        found = monitor.get(f"findings?kind={kind}")
        return found and ready(found[0]) and found[0]
    return until(look, f"a finding: {kind}")


def is_clean(text):
    return re.fullmatch(r"[\x20-\x7e\n]*", text) is not None and "\ufffd" not in text


def scan(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0", "--home", f"{TARGET}/32")
    client.tree("nmap", "-n", "-Pn", "-sS", f"-p1-{PORTS}", "--max-retries", "1",
                TARGET)
    found = finding_of(monitor, "port_scan", lambda f: f.get("ports", 0) >= PORTS and
                       f.get("packets", 0) >= 24)
    tap.equal((found["client_ip"], found["server_ip"], found["technique"]),
              (ATTACKER, TARGET, "syn"), "a scan by nmap is a finding: who, whom, how")
    tap.equal(len(monitor.get("findings?kind=port_scan")), 1, "and only one")
    tap.ok(found["latency_us"] < 1000000, "said within a second of what decided it",
           found["latency_us"])
    packets(tap, lab, monitor, found)
    shown = monitor.command("findings", found["id"][:6]).stdout
    tap.ok(all(text in shown for text in (
        "port_scan (syn)", f"Who          {ATTACKER}", "anybody could have sent",
        "ATT&CK       T1", "after what decided it",
        "Incident     ", "--pcap FILE")), "its screen says all of it", shown)
    metrics = monitor.ask("/metrics")
    tap.ok('breakwater_findings_total{kind="port_scan"} 1\n' in metrics,
           "/metrics counts it")
    status = monitor.command("status", status=None).stdout
    tap.ok("Attacks      by 1 source; the worst is" in status, "status has a line for it",
           status)
    monitor.stop()
    kept = server.run(BREAKWATER, "findings", found["id"], "--state",
                      str(monitor.state), "--json").stdout
    records = [json.loads(line) for line in kept.splitlines()]
    tap.equal((records[0]["incident"], len(records) - 1),
              (found["incident"], records[0]["packets"]),
              "without the daemon the store has finding and packets")


def wait_for_packets(monitor, found):
    """The store commits once a second."""
    until(lambda: len(monitor.get(f"packets?id={found['id']}")) >= found["packets"],
          "packets in the store")


def packets(tap, lab, monitor, found):
    """As pcap, by command and over HTTP, for a reader that is not ours."""
    wait_for_packets(monitor, found)
    path = lab.dir / "scan.pcap"
    monitor.command("findings", found["id"], "--pcap", str(path))
    read = monitor.network.tree("tcpdump", "-nr", str(path), status=None).stdout
    lines = read.splitlines()
    tap.ok(24 <= len(lines) <= 64, "tcpdump reads the packets that were kept",
           len(lines), read[:500])
    tap.ok(all(f" {ATTACKER}." in line and f" {TARGET}." in line for line in lines),
           "all are between attacker and target", read[:500])
    tap.ok(sum("Flags [S]" in line for line in lines) >= 8 and
           sum("Flags [R.]" in line for line in lines) >= 8,
           "with what was tried and how it was refused", read[:500])
    given = monitor.get(f"packets?id={found['id']}")
    tap.equal([packet["number"] for packet in sorted(given, key=lambda p: p["number"])],
              list(range(1, len(given) + 1)), "each has its number")
    refusals = [packet["sent"] for packet in given if packet["sent"]]
    tap.ok(8 <= len(refusals) < len(given), "and is marked if we sent it")


def refuse_logins(listener, tries):
    """An FTP server that lets nobody in."""
    for _ in range(tries):
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as talk:
            for answer in (b"220 here\r\n", b"331 password?\r\n", b"530 no\r\n"):
                talk.write(answer)
                talk.flush()
                if not talk.readline():
                    break


def guess(client, tries):
    for number in range(tries):
        with client.connect(TARGET, 21) as connection, \
                connection.makefile("rwb") as talk:
            for words in (b"USER " + HOSTILE, b"PASS %d" % number, b"QUIT"):
                talk.readline()
                talk.write(words + b"\r\n")
                talk.flush()


def hostile_words(tap, lab):
    tries = 12
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0", "--home", f"{TARGET}/32")
    listener = server.listen(TARGET, 21)
    refusing = threading.Thread(target=refuse_logins, args=(listener, tries), daemon=True)
    refusing.start()
    guess(client, tries)
    found = finding_of(monitor, "brute_force", lambda f: f.get("packets", 0) > 0)
    tap.equal((found["client_ip"], found["proof"]), (ATTACKER, "dialogue"),
              "guessing over whole connections is proven")
    shown = monitor.command("findings", found["id"]).stdout
    listed = monitor.command("findings", "--incident", found["incident"],
                             status=None).stdout
    tap.ok(is_clean(shown) and is_clean(listed) and found["id"][:8] in listed,
           "a name that is made to hurt a terminal does not get there", shown, listed)
    tap.ok(found["latency_us"] < 1000000, "and said within a second",
           found["latency_us"])
    wait_for_packets(monitor, found)
    path = lab.dir / "guess.pcap"
    monitor.command("findings", found["id"], "--pcap", str(path))
    tap.ok(b"PASS" not in path.read_bytes() and b"owned" not in path.read_bytes(),
           "and what was said, passwords too, is not among the packets")


if __name__ == "__main__":
    if not e2e.has_tree("nmap", "tcpdump"):
        print("1..0 # SKIP the tree of real programs has no nmap or tcpdump")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(scan, hostile_words))
