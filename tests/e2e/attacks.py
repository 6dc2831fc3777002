#!/usr/bin/env python3
"""attacks.py: `make eval` works, and its figures are what is promised, of a few scans.

The whole of it (tests/eval) takes half an hour; docs/evaluation.md has its last results.
"""
import os
import re
import sys

import lab as e2e
from lab import ROOT, TREE_RUN

SCENARIOS = ("nmap-sT-T4-20", "nmap-D-named", "nmap-sS-T1-20")
LINE = re.compile(r"eval (\S+) (\S+) (-?\d+(?:\.\d+)?)")


def scans(tap, lab):
    if not os.path.exists(TREE_RUN) or not e2e.has_tree("nmap", "nginx"):
        tap.skip("scans are found", "build/tree is missing: run scripts/test-tree")
        return
    done = lab.run(str(ROOT / "tests/eval/run"), *SCENARIOS, status=None, seconds=120)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    told = {}
    for line in lines:
        match = LINE.fullmatch(line)
        told[match and match[1], match and match[2]] = match and float(match[3])
    tap.ok(done.returncode == 0 and (None, None) not in told and "# seed " in done.stdout,
           "each result is a line `eval SCENARIO METRIC VALUE`; the seed is said",
           done.stdout, done.stderr)
    for name in SCENARIOS:
        figures = {metric: value for (one, metric), value in told.items() if one == name}
        tap.ok(figures.get("recall") == figures.get("findings") == 1 and
               figures.get("false") == 0, f"{name} is found, as one finding, and no other",
               figures, done.stdout)
    tap.ok(told.get(("nmap-sT-T4-20", "latency-ms"), 1e9) < 1000,
           "a scan is told within a second of the packet that decides", told)
    tap.equal(told.get(("nmap-D-named", "decoys-proof")), 0,
              "decoys of a scan prove nothing against whose addresses they have")
    tap.equal(told.get(("all-scan-T1", "recall")), 1, "sums are told", told)


if __name__ == "__main__":
    sys.exit(e2e.main(scans))
