#!/usr/bin/env python3
"""attacks.py: what is found in captures whose truth is known, and nothing in all others.

Scans are what they are said to be, and one finding each.  Traffic that nobody meant as an
attack gives no finding about one of severity low or more.
"""
import json
import os
import sys

from common import SHARED, Tap, breakwater, captures

SCANS = ("port_scan", "host_sweep", "distributed_scan")
LOUD = ("low", "medium", "high", "critical")

# file: (kind, technique, worst severity, source, target, ports at least)
KNOWN = {
    "scan__ndpi__synscan.pcap":
        ("port_scan", "syn", "low", "172.16.0.8", "64.13.134.52", 1000),
    "scan__ndpi__tcp_scan.pcapng":
        ("port_scan", "connect", "notice", "192.168.1.178", "192.168.1.2", 7),
    "scan__simplescan__port_scan.pcap":
        ("port_scan", "connect", "notice", "192.168.2.154", "192.168.2.22", 10),
    "scan__psad__fin_scan_1000_1150.pcap":
        ("port_scan", "fin", "low", "192.168.10.55", "192.168.10.1", 151),
    "scan__psad__udp_scan_1000_1150.pcap":
        ("port_scan", "udp", "low", "192.168.10.55", "192.168.10.1", 149),
    "sF.pcap": ("port_scan", "fin", "low", "10.99.0.1", "10.99.0.2", 1000),
    "sX.pcap": ("port_scan", "xmas", "low", "10.99.0.1", "10.99.0.2", 1000),
    "sS_T3.pcap": ("port_scan", "syn", "low", "10.99.0.1", "10.99.0.2", 1000),
    "sU_50.pcap": ("port_scan", "udp", "low", "10.99.0.1", "10.99.0.2", 50),
}

# Others in which an attack is; not the business of scans.
ATTACKS = ("flood__", "brute__", "login__", "bad__", "ssh_", "scan__")


def findings(path):
    """The last word on each finding about scans."""
    last = {}
    done = breakwater("replay", "--type", "finding", path)
    for line in done.stdout.splitlines():
        one = json.loads(line)
        if one["kind"] in SCANS:
            last[one["id"]] = one
    return list(last.values())


def check_known(tap, path, truth):
    found = findings(path)
    kind, technique, severity, client, server, ports = truth
    right = len(found) == 1 and all((
        found[0]["kind"] == kind, found[0]["technique"] == technique,
        found[0]["severity"] == severity, found[0].get("client_ip") == client,
        found[0].get("server_ip") == server, found[0]["ports"] >= ports,
        found[0]["proof"] in ("unsolicited", "handshake")))
    tap.result(right, f"{os.path.basename(path)}: one {kind} ({technique})", found)


def check_quiet(tap, path):
    loud = [one for one in findings(path) if one["severity"] in LOUD]
    tap.result(not loud, f"{os.path.basename(path)}: no scan", loud)


def main():
    tap = Tap()
    paths = captures()
    if not paths:
        tap.skip("captures with known truth", f"there are none in {SHARED}")
    for path in paths:
        name = os.path.basename(path)
        if name in KNOWN:
            check_known(tap, path, KNOWN[name])
        elif not name.startswith(ATTACKS):
            check_quiet(tap, path)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
