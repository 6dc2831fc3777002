"""side_by_side.py: runs scenarios, each in a process of its own, as many at once as can be.

Their networks and files are their own anyhow.  Most of those that guess passwords wait for
delays of servers and tools: four go at once, and beside them one that computes, for each
two cores.  Where a machine's load or a second counts, nothing else runs.
"""
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import sys
import time

import evaluation
from report import Report

LANES = {"waits": 4, "works": max(1, (os.cpu_count() or 1) // 2)}
FORK = multiprocessing.get_context("fork")
END_S = 3
LOOK_S = 1  # that often: whether a signal has come

ended_by = []


def end(number, _):
    """A signal ends us.  The exception alone would not do: in a hook of fork it is lost."""
    ended_by.append(number)
    sys.exit(1)


def used_s():
    """CPU time of this process and of those that it has seen end."""
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF,
                                                resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in told)


def run_here(plan, seed, connection):
    evaluation.e2e.LIBC.prctl(evaluation.e2e.PR_SET_PDEATHSIG, signal.SIGTERM)
    report, began_s, used_before_s = Report(plan), time.monotonic(), used_s()
    evaluation.run_one(plan, seed, report)
    report.seconds, report.cpu_s = time.monotonic() - began_s, used_s() - used_before_s
    connection.send(report)


class Turn:
    """A scenario that runs."""

    def __init__(self, plan, seed):
        self.plan, (self.connection, theirs) = plan, FORK.Pipe(duplex=False)
        # Daemons end with us, by a signal, and end what they have started.
        self.process = FORK.Process(target=run_here, args=(plan, seed, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def end(self):
        """Again, if that signal is lost as well; what a scenario started ends with it."""
        while self.process.is_alive():
            self.process.terminate()
            self.process.join(END_S)

    def report(self):
        """What came of it; it has ended."""
        try:
            told = self.connection.recv()
        except EOFError:
            told = Report(self.plan)
            told.failed = True
            told.say("failed: its process ended")
        self.process.join()
        self.connection.close()
        return told


def run_turns(lanes, seed, take):
    while not ended_by and any(plans or running for _, plans, running in lanes):
        for most, plans, running in lanes:
            while plans and len(running) < most:
                running.append(Turn(plans.pop(0), seed))
        turns = {turn.connection: (turn, running) for _, _, running in lanes
                 for turn in running}
        for connection in multiprocessing.connection.wait(turns, LOOK_S):
            turn, running = turns[connection]
            running.remove(turn)
            take(turn.report())


def run_lanes(lanes, seed, take):
    """lanes: [(how many at once, plans)]."""
    lanes = [(most, list(plans), []) for most, plans in lanes]
    try:
        run_turns(lanes, seed, take)
    finally:
        for turn in [turn for _, _, running in lanes for turn in running]:
            turn.end()
    if ended_by:
        sys.exit(1)


def run_all(plans, seed, take):
    """take: gets the report of each."""
    run_lanes([(most, [one for one in plans if one.lane == lane])
               for lane, most in LANES.items()], seed, take)
    run_lanes([(1, [one for one in plans if one.lane not in LANES])], seed, take)
