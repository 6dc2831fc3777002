#!/usr/bin/env python3
"""
benign.py: nobody innocent is accused.

  benign.py [--seed N] [--days N] [LOAD...]

Replays each load of loads.py, then days of mixed traffic, and counts what is found: each
accusation of severity low or more is a false one, of medium or more a false warning.  A
false block is what a policy would have blocked that acts on medium with proof.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time

import loads

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BREAKWATER = os.environ.get("BREAKWATER", os.path.join(ROOT, "build", "breakwater"))
CONVERSATIONS = os.path.join(os.path.dirname(BREAKWATER), "tests", "conversations")
# What says that somebody attacks; the others are about how a service is set up.
ACCUSATIONS = {"port_scan", "host_sweep", "distributed_scan", "brute_force", "password_spray",
               "login_after_failures", "syn_flood", "udp_flood", "icmp_flood",
               "connection_flood", "reflection_victim", "reflector", "spoofed_source",
               "trap_hit", "beacon", "protocol_anomaly", "tunnel", "blocklisted_peer"}
SEVERITIES = ["notice", "low", "medium", "high", "critical"]
SHOWN_MAX = 5


def severity(finding):
    return SEVERITIES.index(finding["severity"])


def accusations(replayed):
    """The accusations of a replay's output, each as it was last."""
    found = {}
    for line in replayed:
        finding = json.loads(line)
        if finding["kind"] in ACCUSATIONS:
            found[finding["id"]] = finding
    return list(found.values())


def feed(pipe, lines):
    with pipe:
        for line in lines:
            pipe.write(line.encode())


def replay(lines, home=tuple(loads.HOME)):
    """What is found in a capture of these conversations."""
    homes = [word for network in home for word in ("--home", network)]
    with subprocess.Popen([CONVERSATIONS], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as maker, \
         subprocess.Popen([BREAKWATER, "replay", "--type", "finding", *homes, "-"],
                          stdin=maker.stdout, stdout=subprocess.PIPE, text=True) as replaying:
        maker.stdout.close()
        feeder = threading.Thread(target=feed, args=(maker.stdin, lines))
        feeder.start()
        found = accusations(replaying.stdout)
        feeder.join()
    if maker.returncode != 0 or replaying.returncode != 0:
        raise SystemExit(f"benign.py: exit status {maker.returncode}, {replaying.returncode}")
    return found


def judge(found):
    """(false findings, false warnings, false blocks)"""
    warnings = [f for f in found if severity(f) >= SEVERITIES.index("medium")]
    return (sum(severity(f) >= SEVERITIES.index("low") for f in found), len(warnings),
            sum(f.get("proof", "unsolicited") != "unsolicited" for f in warnings))


def report(scenario, found):
    findings, warnings, blocks = judge(found)
    print(f"eval {scenario} false_findings {findings}")
    print(f"eval {scenario} false_warnings {warnings}")
    print(f"eval {scenario} false_blocks {blocks}")
    accusing = [f for f in found if severity(f) > 0]
    for finding in accusing[:SHOWN_MAX]:
        print(f"# {finding['severity']} {finding['kind']}: {finding['summary']} "
              f"({finding.get('evidence', '')})")
    if len(accusing) > SHOWN_MAX:
        print(f"# and {len(accusing) - SHOWN_MAX} more")
    sys.stdout.flush()


def days(seed, count):
    for number in range(count):
        yield from loads.host_day(seed, number)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("loads", nargs="*")
    options = parser.parse_args()
    print(f"# seed {options.seed}")
    for load in loads.LOADS:
        name = load.__name__.replace("_", "-")
        if not options.loads or name in options.loads:
            maker = loads.Maker(f"{options.seed}/{name}")
            report(f"benign-{name}", replay(loads.in_order(load(maker))))
    if options.days > 0 and (not options.loads or "host-days" in options.loads):
        begin_s = time.monotonic()
        found = replay(days(options.seed, options.days))
        report("benign-host-days", found)
        print(f"eval benign-host-days days {options.days}")
        print(f"eval benign-host-days false_findings_per_day {judge(found)[0] / options.days:.3f}")
        print(f"# took {time.monotonic() - begin_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
