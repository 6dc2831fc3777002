"""under_attack.py: what a flood with forged sources does to us.

A blaster sends as fast as it can, again and again, over a cable straight to the victim.
Meanwhile somebody asks for the status all the time, and a real scanner tries a port every
150 ms.  Told are: what was sent, what of it the kernel dropped, memory at the start and at
its most, what the last floods added once all tables were full, how long the status took,
CPU time, when the flood was found, and whether the scanner was.
"""
import contextlib
import os
import pathlib
import statistics
import threading
import time

import evaluation
import lab as e2e
from evaluation import Attack, now_us, scenario

TESTS = pathlib.Path(e2e.BREAKWATER).parent / "tests"
VICTIM, VICTIM6, SCANNER = "10.97.0.2", "fd97::2", "185.60.0.2"
FLOODS, FLOOD_S, ASK_STEP_S = 5, 3, 0.05
SCAN_PORTS, SCAN_STEP_S = 24, 0.15
KILO = 1024
# kind of blaster.c: what is found of it
KINDS = {
    "syn": ("syn_flood",), "syn_ports": ("syn_flood", "distributed_scan"),
    "udp": ("udp_flood",), "udp_ports": ("udp_flood", "distributed_scan"),
    "icmp": ("icmp_flood",), "flags": ("syn_flood", "distributed_scan", "protocol_anomaly"),
    "fragments": ("syn_flood", "udp_flood", "distributed_scan", "protocol_anomaly"),
    "churn": ("syn_flood", "distributed_scan", "host_sweep"),
    "turns": ("syn_flood", "distributed_scan", "port_scan"),
    "scans": ("syn_flood", "distributed_scan", "port_scan"),
}


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

    def blast(self, kind, target, seconds=FLOOD_S):
        return self.attacker.start(TESTS / "blaster", "net0", str(seconds), kind, target)


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


def counters(monitor):
    status = monitor.get("status")
    return status["packets"] + status["not_ip"], status["kernel_dropped"]


def flood(trial, cable, kind, target):
    """One flood under the eyes of the daemon; the sender's word on it."""
    monitor = trial.watcher.monitor
    asker = Asker(monitor)
    taken, dropped = counters(monitor)
    began_s, cpu = time.monotonic(), cpu_s(monitor.program.pid)
    asker.start()
    program = cable.blast(kind, target)
    program.wait(FLOOD_S + 20)
    lasted_s = time.monotonic() - began_s
    asker.ends.set()
    asker.join()
    cpu = (cpu_s(monitor.program.pid) - cpu) / lasted_s
    now_taken, now_dropped = counters(monitor)
    dropped = now_dropped - dropped
    return {"pps": int(program.out().split()[-1]), "cpu-percent": cpu * 100,
            "dropped-percent": 100 * dropped / max(1, now_taken - taken + dropped),
            "status-ms-median": statistics.median(asker.took_ms),
            "status-ms-max": max(asker.took_ms)}


def run_kind(trial, kind, target):
    cable = Cable(trial.lab)
    cable.victim.listen("0.0.0.0", 80)
    trial.watcher = evaluation.Watch(trial.lab, cable.victim, ("-i", "net0"))
    monitor = trial.watcher.monitor
    pid = monitor.program.pid
    before = memory(pid)
    attack = Attack(KINDS[kind], begin_us=now_us())
    Scanner(cable.attacker).start()
    floods, resident = [], []
    for _ in range(FLOODS):
        floods.append(flood(trial, cable, kind, target))
        resident.append(memory(pid))
    results = {metric: statistics.median(one[metric] for one in floods)
               for metric in floods[0]}
    results["status-ms-max"] = max(one["status-ms-max"] for one in floods)
    results["rss-begin-bytes"], results["rss-bytes"] = before, max(resident)
    results["rss-growth-bytes"] = resident[-1] - resident[-2]
    results.update(found(trial, attack))
    for metric, value in results.items():
        trial.result(metric, value)
    trial.watcher.stop()


def found(trial, attack):
    """When the flood was found, and the scanner; how many findings there are."""
    sightings = list(trial.watcher.sightings)
    of_flood = [one for one in sightings if one.finding["kind"] in attack.kinds and
                one.finding.get("client_ip") != SCANNER]
    of_scan = [one for one in sightings if one.finding.get("client_ip") == SCANNER and
               one.finding["kind"] == "port_scan"]
    told = {"recall": int(bool(of_flood)), "scanner-recall": int(bool(of_scan)),
            "findings": len({one.finding["id"] for one in sightings})}
    if of_flood:
        told["seconds"] = (of_flood[0].at_us - attack.begin_us) / 1e6
        latencies = [one.finding["latency_us"] for one in of_flood
                     if "latency_us" in one.finding]
        if latencies:
            told["latency-ms"] = latencies[0] / 1000
    return told


def plan(kind, target, suffix=""):
    def run(trial):
        run_kind(trial, kind, target)
    name = f"under-attack-{kind.replace('_', '-')}{suffix}"
    scenario(name, "under-attack", quick=kind == "syn")(run)


for one_kind in KINDS:
    plan(one_kind, VICTIM)
for one_kind in ("syn", "syn_ports", "turns"):
    plan(one_kind, VICTIM6, "-ipv6")
