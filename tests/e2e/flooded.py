#!/usr/bin/env python3
"""flooded.py: a flood with forged sources, and a monitor that goes on.

A port that serves is flooded with SYNs, each from another source, and then random ports are;
meanwhile somebody asks for the status, and a real scanner tries a port every 150 ms.
Thresholds are such that they hold on a busy machine; tests/eval/under_attack.py measures.
"""
import statistics
import sys

import lab as e2e
from flooding import SCANNER, VICTIM, Asker, Cable, Scanner, memory
from lab import until

FLOOD_S, RATE = "2", "20000"
STATUS_MS, WORST_MS = 100, 1000
GROWTH = 32 << 20  # while tables fill that have their bounds
RSS_MAX = 300 << 20
FLOODS = ("syn", "turns", "turns")


def of(monitor, kind):
    return monitor.get(f"findings?kind={kind}")


def flooded(tap, lab):
    cable = Cable(lab)
    cable.victim.listen("0.0.0.0", 80)
    monitor = lab.monitor(cable.victim, "-i", "net0", json_output=False)
    asker, scanner = Asker(monitor), Scanner(cable.attacker)
    asker.start()
    scanner.start()
    resident = []
    for kind in FLOODS:
        program = cable.blast(kind, VICTIM, FLOOD_S, RATE)
        if kind == "syn":
            found = until(lambda: of(monitor, "syn_flood"), "the flood is found", 3)[0]
        program.wait()
        resident.append(memory(monitor.program.pid))
    asker.ends.set()
    asker.join()
    tap.equal((found["server_ip"], found["port"], found.get("client_ip")),
              (VICTIM, 80, None), "a flood is found while it lasts; nobody is accused of it")
    tap.ok(found["latency_us"] < 1000000, "a second after what decided it", found)
    scans = until(lambda: [f for f in of(monitor, "port_scan") if f["client_ip"] == SCANNER],
                  "the scanner is found among forged sources", 3)
    tap.equal(len(scans), 1, "a slow scan meanwhile is found, once", scans)
    tap.ok(statistics.median(asker.took_ms) < STATUS_MS and max(asker.took_ms) < WORST_MS,
           "status is answered all the time", sorted(asker.took_ms)[-5:])
    tap.ok(resident[-1] - resident[-2] < GROWTH and resident[-1] < RSS_MAX,
           "memory stays within its bounds", resident)
    monitor.stop()


if __name__ == "__main__":
    sys.exit(e2e.main(flooded))
