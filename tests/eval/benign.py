"""benign.py: nobody innocent is accused.

Each load of loads.py is written as a capture and replayed, then days of mixed traffic:
whatever is found of severity low or more is a false finding, of medium or more a false
warning, and whoever would have been blocked a false block.  As silence alone would be the
best of the deaf, a scan that is hidden in the days must be found, and whoever scans with
whole connections be blocked (benign-control).
"""
import itertools
import json
import pathlib
import subprocess
import threading

import loads
from evaluation import LOW, Sighting, Verdict, rank, scenario, time_us, would_block
from lab import BREAKWATER

CONVERSATIONS = pathlib.Path(BREAKWATER).parent / "tests" / "conversations"
DAYS = 30
SCAN_BEGIN_S = 6 * 3600
SCANNER, SCANNED_PORTS = "45.33.32.7", 100
KNOCKER, SERVED_PORTS = "45.33.32.77", (8001, 8002, 8003)


def feed(pipe, lines):
    with pipe:
        for line in lines:
            pipe.write(line.encode())


def replay(trial, lines):
    """What is found in a capture of these conversations, and what would be blocked."""
    homes = [word for network in loads.HOME for word in ("--home", network)]
    config = trial.write("block.yaml", "block: {mode: on}\n")
    with subprocess.Popen([CONVERSATIONS], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as maker, \
         subprocess.Popen([BREAKWATER, "replay", "-c", config, "--type", "finding,block",
                           *homes, "-"],
                          stdin=maker.stdout, stdout=subprocess.PIPE, text=True) as replaying:
        maker.stdout.close()
        feeder = threading.Thread(target=feed, args=(maker.stdin, lines))
        feeder.start()
        records = [json.loads(line) for line in replaying.stdout]
        feeder.join()
    for program in (maker, replaying):
        if program.returncode != 0:
            raise ValueError(f"{program.args[0]}: exit status {program.returncode}")
    trial.sightings = [Sighting(time_us(one["at"]), one) for one in records
                       if one["record"] == "finding"]
    trial.blocks = [one for one in records if would_block(one)]


def judge_load(load):
    def run(trial):
        replay(trial, loads.in_order(load(loads.Maker(trial.random.random()))))
        trial.tell()
        trial.tell_false_blocks()
    return run


for one_load in loads.LOADS:
    scenario(f"benign-{one_load.__name__.replace('_', '-')}", "benign")(judge_load(one_load))


def days(trial, count):
    seed = trial.random.random()
    for number in range(count):
        yield from loads.host_day(seed, number)


@scenario("benign-host-days", "benign")
def host_days(trial):
    """30 days of one network."""
    replay(trial, days(trial, DAYS))
    trial.tell()
    false = [one for one in Verdict(trial).last.values() if rank(one) >= LOW]
    trial.result("days", DAYS)
    trial.result("false_findings_per_day", len(false) / DAYS)
    trial.result("false_warnings", sum(rank(one) > LOW for one in false))
    trial.tell_false_blocks()


def hidden_scan(maker):
    """A port a minute, closed ones all."""
    for number in range(SCANNED_PORTS):
        yield maker.line(SCAN_BEGIN_S + number * 60, "refused", SCANNER, loads.SERVER,
                         7000 + number)


def knocking(maker):
    """Whole connections, and not a word, at open ports; refused at the rest."""
    for number, port in enumerate((*SERVED_PORTS, *range(7000, 7200))):
        outcome = "served" if port in SERVED_PORTS else "refused"
        yield maker.line(2 * SCAN_BEGIN_S + number / 10, outcome, KNOCKER, loads.SERVER, port,
                         "count=0")


@scenario("benign-control", "benign")
def control(trial):
    """A day with a slow scan in it, and a fast one by whole connections."""
    lines = itertools.chain(days(trial, 1), hidden_scan(loads.Maker(0)),
                            knocking(loads.Maker(0)))
    attack = trial.note("port_scan", client=SCANNER)
    attack.begin_us = loads.START_US + SCAN_BEGIN_S * 1_000_000
    attack.end_us = attack.begin_us + SCANNED_PORTS * 60_000_000
    knocks = trial.note("port_scan", client=KNOCKER)
    knocks.begin_us = loads.START_US + 2 * SCAN_BEGIN_S * 1_000_000
    knocks.end_us = knocks.begin_us + 20_000_000
    replay(trial, loads.in_order(lines))
    trial.tell()
    trial.tell_false_blocks((KNOCKER,))
    trial.result("blocked", int(any(one["address"] == KNOCKER for one in trial.blocks)))
