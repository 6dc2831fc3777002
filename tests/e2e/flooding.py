"""flooding.py: a flood with forged sources, and who asks, scans and is measured meanwhile.

What tests/e2e/flooded.py and tests/eval/under_attack.py share.
"""
import contextlib
import os
import pathlib
import threading
import time

import lab as e2e

TESTS = pathlib.Path(e2e.BREAKWATER).parent / "tests"
VICTIM, VICTIM6, SCANNER = "10.97.0.2", "fd97::2", "185.60.0.2"
ASK_STEP_S = 0.05
SCAN_PORTS, SCAN_STEP_S = 24, 0.15
KILO = 1024


class Cable:
    """Attacker and victim; what the victim answers to forged sources goes to nobody."""

    def __init__(self, lab):
        self.attacker, self.victim = lab.namespace("attacker"), lab.namespace("victim")
        lab.join(self.attacker, "net0", self.victim, "net0")
        for network, number in ((self.attacker, 1), (self.victim, 2)):
            network.ip("link", "set", "net0", "address", f"02:00:00:00:00:0{number}")
            network.ip("addr", "add", f"10.97.0.{number}/16", "dev", "net0")
            network.ip("addr", "add", f"fd97::{number}/48", "dev", "net0", "nodad")
            network.ip("link", "set", "net0", "up")
        self.attacker.ip("addr", "add", f"{SCANNER}/32", "dev", "net0")
        self.victim.ip("route", "add", "default", "via", "10.97.0.1")
        self.victim.ip("-6", "route", "add", "default", "via", "fd97::1")
        self.attacker.ip("route", "add", "blackhole", "default")

    def blast(self, kind, target, seconds, *rate):
        """The blaster (tests/eval/blaster.c); rate: packets a second."""
        return self.attacker.start(TESTS / "blaster", "net0", str(seconds), kind, target,
                                   *rate)


class Scanner(threading.Thread):
    """Tries one closed port after the other, slowly; its sockets are of the attacker."""

    def __init__(self, network):
        super().__init__(daemon=True)
        self.sockets = [network.socket() for _ in range(SCAN_PORTS)]

    def run(self):
        for number, made in enumerate(self.sockets):
            made.setblocking(False)
            made.bind((SCANNER, 0))
            with contextlib.suppress(OSError):
                made.connect((VICTIM, 7000 + number * 3))
            time.sleep(SCAN_STEP_S)


class Asker(threading.Thread):
    """Asks for the status until told to stop."""

    def __init__(self, monitor):
        super().__init__(daemon=True)
        self.monitor, self.took_ms, self.ends = monitor, [], threading.Event()

    def run(self):
        while not self.ends.wait(ASK_STEP_S):
            began = time.monotonic()
            try:
                self.monitor.get("status")
            except (OSError, e2e.Failure, ValueError):
                self.took_ms.append(float("inf"))
            self.took_ms.append((time.monotonic() - began) * 1000)


def memory(pid):
    """Resident bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * KILO
    raise ValueError("no VmRSS")


def cpu_s(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
