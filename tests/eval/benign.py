"""benign.py: nobody innocent is accused.

Each load of loads.py is written as a capture and replayed, then days of mixed traffic:
whatever is found of severity low or more is a false finding, of medium or more a false
warning.  A false block is what a policy would have blocked that acts on medium with
proof.  As silence alone would be the best of the deaf, a scan that is hidden in the days
must be found (benign-control).
"""
import itertools
import json
import pathlib
import subprocess
import threading

import loads
from evaluation import LOW, Sighting, Verdict, rank, scenario, time_us
from lab import BREAKWATER

CONVERSATIONS = pathlib.Path(BREAKWATER).parent / "tests" / "conversations"
DAYS = 30
SCAN_BEGIN_S = 6 * 3600
SCANNER, SCANNED_PORTS = "45.33.32.7", 100


def feed(pipe, lines):
    with pipe:
        for line in lines:
            pipe.write(line.encode())


def replay(trial, lines):
    """What is found in a capture of these conversations."""
    homes = [word for network in loads.HOME for word in ("--home", network)]
    with subprocess.Popen([CONVERSATIONS], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as maker, \
         subprocess.Popen([BREAKWATER, "replay", "--type", "finding", *homes, "-"],
                          stdin=maker.stdout, stdout=subprocess.PIPE, text=True) as replaying:
        maker.stdout.close()
        feeder = threading.Thread(target=feed, args=(maker.stdin, lines))
        feeder.start()
        records = [json.loads(line) for line in replaying.stdout]
        feeder.join()
    for program in (maker, replaying):
        if program.returncode != 0:
            raise ValueError(f"{program.args[0]}: exit status {program.returncode}")
    trial.sightings = [Sighting(time_us(one["at"]), one) for one in records]


def blocked(trial):
    """What a policy would have blocked."""
    return [one for one in Verdict(trial).last.values()
            if rank(one) > LOW and one.get("proof", "unsolicited") != "unsolicited"]


def judge_load(load):
    def run(trial):
        replay(trial, loads.in_order(load(loads.Maker(trial.random.random()))))
        trial.tell()
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
    trial.result("false_blocks", len(blocked(trial)))


def hidden_scan(maker):
    """A port a minute, closed ones all."""
    for number in range(SCANNED_PORTS):
        yield maker.line(SCAN_BEGIN_S + number * 60, "refused", SCANNER, loads.SERVER,
                         7000 + number)


@scenario("benign-control", "benign")
def control(trial):
    """A day with a slow scan in it."""
    lines = itertools.chain(days(trial, 1), hidden_scan(loads.Maker(0)))
    attack = trial.note("port_scan", client=SCANNER)
    attack.begin_us = loads.START_US + SCAN_BEGIN_S * 1_000_000
    attack.end_us = attack.begin_us + SCANNED_PORTS * 60_000_000
    replay(trial, loads.in_order(lines))
    trial.tell()
