"""under_attack.py: what a flood with forged sources does to us.

A blaster sends as fast as it can, again and again, over a cable straight to the victim.
Meanwhile somebody asks for the status all the time, and a real scanner tries a port every
150 ms.  Told are: what was sent, what of it the kernel dropped, memory at the start and at
its most, what the last flood added, how long the status took, CPU time, when the flood was
found, and whether the scanner was.

Memory grows until the tables have as much as is ever there at a time, at most to their
bounds, and that some flood sees more at a time than those before it says nothing.  So
whether anything grows beyond is judged by one daemon that sees all kinds of floods in two
rounds: the second one must add nothing (rss-again-percent).
"""
import statistics
import time

import evaluation
from evaluation import ABOUT_SERVICES, Attack, now_us, scenario
from flooding import SCANNER, VICTIM, VICTIM6, Asker, Cable, Scanner, cpu_s, memory

FLOODS, FLOOD_S = 5, 3
# kind of blaster.c: what is found of it
KINDS = {
    "syn": ("syn_flood",), "syn_ports": ("syn_flood", "distributed_scan"),
    "udp": ("udp_flood",), "udp_ports": ("udp_flood", "distributed_scan"),
    "icmp": ("icmp_flood",), "flags": ("syn_flood", "distributed_scan", "protocol_anomaly"),
    "fragments": ("syn_flood", "udp_flood", "distributed_scan", "protocol_anomaly"),
    "churn": ("syn_flood", "distributed_scan", "host_sweep"),
    "turns": ("syn_flood", "distributed_scan", "port_scan"),
    "scans": ("syn_flood", "distributed_scan", "port_scan"),
    "pairs": ("syn_flood", "distributed_scan"),
}


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
    program = cable.blast(kind, target, FLOOD_S)
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
    results["rss-growth-percent"] = 100 * (resident[-1] / resident[-2] - 1)
    results.update(found(trial, attack))
    for metric, value in results.items():
        trial.result(metric, value)
    trial.watcher.stop()


def found(trial, attack):
    """When the flood was found, and the scanner; how many findings there are."""
    sightings = [one for one in trial.watcher.sightings
                 if one.finding["kind"] not in ABOUT_SERVICES]
    of_flood = [one for one in sightings if one.finding["kind"] in attack.kinds and
                one.finding.get("client_ip") != SCANNER]
    of_scan = [one for one in sightings if one.finding.get("client_ip") == SCANNER and
               one.finding["kind"] == "port_scan"]
    told = {"recall": int(bool(of_flood)), "scanner-recall": int(bool(of_scan)),
            "findings-told": len({one.finding["id"] for one in sightings})}
    if of_flood:
        told["seconds"] = (of_flood[0].at_us - attack.begin_us) / 1e6
        latencies = [one.finding["latency_us"] for one in of_flood
                     if "latency_us" in one.finding]
        if latencies:
            told["latency-ms"] = latencies[0] / 1000
    return told


@scenario("under-attack-twice", "under-attack")
def twice(trial):
    """All kinds of floods, then all again."""
    cable = Cable(trial.lab)
    cable.victim.listen("0.0.0.0", 80)
    trial.watcher = evaluation.Watch(trial.lab, cable.victim, ("-i", "net0"))
    pid = trial.watcher.monitor.program.pid
    resident = []
    for _ in range(2):
        for kind in KINDS:
            cable.blast(kind, VICTIM, FLOOD_S).wait(FLOOD_S + 20)
        resident.append(memory(pid))
    trial.result("rss-all-bytes", max(resident))
    trial.result("rss-again-percent", 100 * (resident[1] / resident[0] - 1))
    trial.watcher.stop()


def plan(kind, target, suffix=""):
    def run(trial):
        run_kind(trial, kind, target)
    name = f"under-attack-{kind.replace('_', '-')}{suffix}"
    scenario(name, "under-attack", quick=kind == "syn")(run)


for one_kind in KINDS:
    plan(one_kind, VICTIM)
for one_kind in ("syn", "syn_ports", "turns"):
    plan(one_kind, VICTIM6, "-ipv6")
