#!/usr/bin/env python3
"""evaluating.py: what make eval makes of results: sums, goals reached and missed, tables.

Runs beside others.
"""
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import types

import lab as e2e

EVAL = pathlib.Path(__file__).resolve().parent.parent / "eval"
sys.path.insert(0, str(EVAL))
import goals  # noqa: E402  pylint: disable=wrong-import-position
import report  # noqa: E402  pylint: disable=wrong-import-position

# One scenario of each sort that has reached all goals.
GOOD = {
    "scan-T2-T5/nmap-sS-T4-20": {"recall": [1], "latency-ms": [20.0, 30.0]},
    "scan-T1/nmap-sS-T1-20": {"recall": [1, 1, 1]},
    "scan-T0/nmap-sS-T0-20": {"recall": [1, 1]},
    "scan-variants/nmap-D-named": {"recall": [1], "decoys-proof": [0]},
    "scan-tools/masscan-24": {"recall": [1]},
    "scan-tools/zmap-24": {"recall": [1]},
    "floods/smurf": {"recall": [1]},
    "brute/hydra-ssh": {"recall": [1], "false-medium": [0]},
    "trap/trap-talk": {"recall": [1]},
    "fleet/fleet-scan": {"recall": [1], "own": [0], "false": [0]},
    "benign/benign-host-days": {"false-medium": [0], "days": [30], "false_blocks": [0]},
    "blocks/block-firewalls": {"false_blocks": [0], "failures": [0], "gap-ms": [90.0],
                               "others-changed": [0]},
    "foresight/nab": {"standard": [64.2]},
    "foresight/noise-gauss": {"alarms-per-series-month": [1.1]},
    "foresight/m4-hourly": {"owa": [0.49], "coverage-80": [0.8]},
    "foresight/crossing": {"mcc": [0.35], "mcc-spikes": [0.35], "brier-skill": [0.02]},
    "blocks/block-clock": {"passed": [0], "off-ms": [20.0], "back-ms": [900.0], "said": [1]},
    "under-attack/under-attack-syn": {
        "recall": [1], "latency-ms": [80.0], "scanner-recall": [1], "status-ms-max": [40.0],
        "rss-again-percent": [1.0], "rss-bytes": [90 << 20]},
}


def told(is_whole=True, **changed):
    """(all reached, what is printed) of GOOD with that value of that scenario."""
    out = io.StringIO()
    results = report.Results(out)
    results.print = lambda text: print(text, file=out)
    for path, values in GOOD.items():
        group, name = path.split("/")
        made = report.Report(types.SimpleNamespace(name=name, group=group))
        values = {**values, **changed.get(name.replace("-", "_"), {})}
        made.values = {metric: value for metric, value in values.items() if value}
        results.take(made)
    results.tell_sums()
    return goals.tell(results, is_whole), out.getvalue().splitlines()


def reached(tap, _):
    has_all, lines = told()
    tap.ok(has_all, "all goals are reached", *lines[-5:])
    tap.ok(lines[-1].endswith(f"{len(goals.GOALS)} of {len(goals.GOALS)} goals are reached"),
           "which is what the last line says", lines[-1])
    tap.ok("eval all-scan-T2-T5 latency-ms-median 25.000" in lines, "sums are of all rounds")


def missed(tap, _):
    for scenario, metric, value, sentence in (
            ("nmap-sS-T4-20", "recall", [0], "scans at -T2 to -T5 are found"),
            ("nmap-sS-T0-20", "recall", [1, 0], "scans at -T0"),
            ("benign-host-days", "false-medium", [1], "benign: no finding"),
            ("benign-host-days", "days", [29], "host-days"),
            ("hydra-ssh", "latency-ms", [20.0, 1001.0], "milliseconds from the packet"),
            ("nmap-D-named", "decoys-proof", [1], "decoys"),
            ("under-attack-syn", "status-ms-max", [100.0], "milliseconds to the status")):
        has_all, lines = told(**{scenario.replace("-", "_"): {metric: value}})
        tap.ok(not has_all and "MISSED" in lines[-1] and sentence in lines[-1] and
               scenario in lines[-1], f"{metric} {value} of {scenario} is told at last",
               lines[-1])
    tap.ok(told(nmap_sS_T0_20={"recall": [1] * 9 + [0]})[0], "nine in ten are enough at -T0")


def not_measured(tap, _):
    nothing = {"trap_talk": {"recall": []}}
    has_all, lines = told(**nothing)
    tap.ok(not has_all and "not measured" in lines[-1], "what was not measured is missed",
           lines[-1])
    tap.ok(told(is_whole=False, **nothing)[0], "of a part only what it measures is judged")


def tables_of(lines):
    loader = importlib.machinery.SourceFileLoader("tables", str(EVAL / "tables"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tables", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    run = module.Run("\n".join(lines))
    return {name: tell(run) for name, tell in module.BLOCKS.items()}


def tables(tap, _):
    made = tables_of(["# breakwater 1, commit abc", "# today", "# seed 2", *told()[1]])
    tap.ok("| `scan-T2-T5` | 1 | 1.000 |" in made["groups"], "a group is a row",
           made["groups"])
    tap.equal(made["goals"].count("reached |"), len(goals.GOALS), "so is each goal",
              made["goals"])
    tap.ok("| `syn` |" in made["under-attack"] and "| 40 | 90 | 1 | 80 | yes |" in
           made["under-attack"], "and what was seen under attack", made["under-attack"])
    tap.ok("commit abc; today; seed 2" in made["conditions"], "with the conditions")


if __name__ == "__main__":
    sys.exit(e2e.main(reached, missed, not_measured, tables))
