#!/usr/bin/env python3
"""
attacks.py: attacks in captures are found, as what they are; in all others nobody is accused.

Captures that hold an attack are listed, with the one finding it must be.  Everything else
is ordinary traffic, odd, broken or rare as it may be: a finding about an attacker there,
of severity low or more, is wrong.
"""
import collections
import json
import os
import sys

import common

SEVERITIES = ("notice", "low", "medium", "high", "critical")

Attack = collections.namedtuple("Attack", "kind technique client ports severity")  # ports: at least
HOLDS = {
    "scan__ndpi__synscan.pcap": Attack("port_scan", "syn", "172.16.0.8", 1000, "low"),
    "scan__simplescan__port_scan.pcap":
        Attack("port_scan", "connect", "192.168.2.154", 10, "notice"),
    "scan__ndpi__tcp_scan.pcapng":
        Attack("port_scan", "connect", "192.168.1.178", 7, "notice"),
    # One source tries 2588 ports of one host in three seconds.
    "flood__ntopng__tcp-flood.pcap":
        Attack("port_scan", "connect", "192.168.1.58", 2588, "low"),
    "scan__psad__fin_scan_1000_1150.pcap": Attack("port_scan", "fin", "192.168.10.55", 151, "low"),
    "scan__psad__udp_scan_1000_1150.pcap": Attack("port_scan", "udp", "192.168.10.55", 149, "low"),
    "sS_T3.pcap": Attack("port_scan", "syn", "10.99.0.1", 1000, "low"),
    "sF.pcap": Attack("port_scan", "fin", "10.99.0.1", 1000, "low"),
    "sX.pcap": Attack("port_scan", "xmas", "10.99.0.1", 1000, "low"),
    "sU_50.pcap": Attack("port_scan", "udp", "10.99.0.1", 50, "low"),
    "brute__zeek__sshguess.pcap":
        Attack("brute_force", "password_guessing", "192.168.56.1", None, "low"),
    "hydra.pcap": Attack("brute_force", "password_guessing", "10.99.0.1", None, "low"),
    # Ncrack never asks SSH for the methods; hydra tries once in ten minutes.
    "brute__lab__ncrack_ssh.pcap":
        Attack("brute_force", "password_guessing", "185.60.0.2", None, "low"),
    "brute__lab__hydra_ftp_slow.pcap":
        Attack("brute_force", "stale_password", "185.60.0.2", None, "notice"),
    # Nine failures at MySQL, and then a success.
    "login__zeek__auth.pcap":
        Attack("brute_force", "password_guessing", "192.168.1.3", None, "low"),
}
# What belongs to the attack above, and is told besides.
FOLLOWS = {"login__zeek__auth.pcap": {"login_after_failures"}}


def found_in(path):
    """Attacks that a replay finds, each as it was last; and what went wrong."""
    run = common.breakwater("replay", "--type", "finding", path)
    found = {}
    for line in run.stdout.splitlines():
        finding = json.loads(line)
        if finding["kind"] in common.ATTACKS:
            found[finding["id"]] = finding
    notes = [run.stderr] if run.returncode not in (0, 5) else []
    return list(found.values()), notes


def described(finding):
    return f"{finding['severity']} {finding['kind']}: {finding['summary']}"


def is_loud(finding):
    return SEVERITIES.index(finding["severity"]) >= SEVERITIES.index("low")


def told(finding):
    return Attack(finding["kind"], finding.get("technique"), finding.get("client_ip"),
                  finding.get("ports"), finding["severity"])


def check_attack(found, attack, name):
    """Notes on what is not as it should be."""
    about = [one for one in found if one["kind"] == attack.kind]
    notes = [f"{described(one)} (too much)" for one in found
             if one not in about and is_loud(one) and one["kind"] not in FOLLOWS.get(name, ())]
    notes += [f"nothing says {kind}" for kind in FOLLOWS.get(name, ())
              if kind not in {one["kind"] for one in found}]
    if len(about) != 1:
        return notes + [f"{len(about)} findings of kind {attack.kind}", *map(described, about)]
    is_wide = about[0].get("ports", 0) >= (attack.ports or 0)
    if not is_wide or told(about[0])._replace(ports=attack.ports) != attack:
        notes += [f"wanted {attack}", f"found {told(about[0])}"]
    return notes


def main():
    tap = common.Tap()
    paths = common.captures()
    if not paths:
        tap.skip("attacks in captures", "no shared captures here")
        return tap.finish()
    quiet = 0
    for path in paths:
        name = os.path.basename(path)
        found, notes = found_in(path)
        if name in HOLDS:
            notes += check_attack(found, HOLDS[name], name)
            tap.result(not notes, f"{name}: {HOLDS[name].kind}", notes)
            continue
        notes += [described(one) for one in found if is_loud(one)]
        quiet += not notes
        if notes:
            tap.result(False, f"{name}: nobody is accused", notes)
    tap.result(quiet > 0, f"{quiet} captures without an attack accuse nobody")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
