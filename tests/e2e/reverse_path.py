#!/usr/bin/env python3
"""reverse_path.py: sources that come over another interface than the way back to them.

Of two networks behind two interfaces, one has somebody who uses the other's addresses.
Runs beside others.
"""
import contextlib
import sys

import lab as e2e
from lab import until

OUTSIDE, INSIDE, FORGED, LOST = "10.78.1.1", "10.78.2.1", "10.78.2.66", "10.79.0.66"
FAR, LOST_NETWORK = "185.60.0.2", "10.79.0.0/24"
VICTIM, ATTEMPTS = "10.78.1.2", 6


def networks(lab):
    victim = lab.namespace("victim")
    neighbours = [lab.namespace("outside"), lab.namespace("inside")]
    for number, network in enumerate(neighbours, 1):
        lab.join(network, "net0", victim, f"net{number}")
        network.ip("addr", "add", f"10.78.{number}.1/24", "dev", "net0")
        victim.ip("addr", "add", f"10.78.{number}.2/24", "dev", f"net{number}")
        network.ip("link", "set", "net0", "up")
        victim.ip("link", "set", f"net{number}", "up")
    neighbours[1].ip("route", "add", "default", "via", "10.78.2.2")
    victim.ip("route", "add", "blackhole", LOST_NETWORK)
    victim.ip("route", "add", "default", "via", INSIDE)
    for address in (FORGED, LOST, FAR):
        neighbours[0].ip("addr", "add", f"{address}/32", "dev", "net0")
    return (victim, *neighbours)


def attempt(network, source, first):
    """Connections from that address to ports where nobody listens."""
    for port in range(first, first + ATTEMPTS):
        with network.socket() as made, contextlib.suppress(OSError):
            made.setblocking(False)
            made.bind((source, 0))
            made.connect((VICTIM, port))


def spoofed(monitor):
    return monitor.get("findings?kind=spoofed_source")


def told(monitor, sentence):
    return until(lambda: [one for one in spoofed(monitor) if sentence in one["evidence"]],
                 f"a finding with {sentence!r}")[0]


def reverse_path(tap, lab):
    victim, outside, inside = networks(lab)
    monitor = lab.monitor(victim, "-i", "net1", "-i", "net2", json_output=False)
    for network, source in ((outside, FAR), (outside, OUTSIDE), (inside, INSIDE)):
        attempt(network, source, 7000)
    attempt(outside, FORGED, 7100)
    one = told(monitor, f"{FORGED}, over net1; the way back is by net2")
    tap.equal((one["technique"], one["server_ip"], one.get("client_ip"), one["severity"]),
              ("reverse_path", VICTIM, None, "notice"),
              "who uses another network's address is told, and nobody accused")
    tap.equal((one["attempts"], one["hosts"]), (ATTEMPTS, 1),
              "addresses behind a default route, and those that are right, are not counted")
    attempt(outside, LOST, 7200)
    told(monitor, f"{LOST}, over net1; there is no way back to it")
    tap.equal(len(spoofed(monitor)), 1, "one that nothing leads to is told with it")
    monitor.stop()


if __name__ == "__main__":
    sys.exit(e2e.main(reverse_path))
