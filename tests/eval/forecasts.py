"""forecasts.py: how good forecasts are, on the hourly series of the M4 competition.

No network here: `foresee` runs the code of src/limit on them.  Nothing was chosen on what
it is judged by: methods and constants were chosen with the last hours of the training
part held out, and crossings on every other series (odd); the even ones judge.
"""
import math
import pathlib
import statistics
import subprocess

import m4
from evaluation import Skip, e2e, scenario

FORESEE = pathlib.Path(e2e.BREAKWATER).parent / "tests" / "foresee"
BEFORE = 8  # numbers before the hours, see foresee.c
# (sMAPE, MASE) as the competition published them, of all its hourly series: by them it
# shows whether the scorer is right.
PUBLISHED = {"naive2": (18.383, 2.395), "seasonal-naive": (13.912, 1.193)}
PUBLISHED_SERIES = 414
HISTORY, HORIZON, STEP = 504, 168, 84  # hours: of crossings
OVER = 0.1  # of its range over the last week's peak: the line to be crossed
SPIKES, SPIKE_STEPS = 3, 40


class Forecast:
    """What came of one series."""

    def __init__(self, line):
        numbers = [float(word) for word in line.split()]
        self.hidden = numbers[0] != 0
        self.probability, self.crosses, self.low, self.high = numbers[3:7]
        hours, count = numbers[BEFORE:], int(numbers[7])
        self.at, self.lows, self.highs = (hours[count * i:count * (i + 1)]
                                          for i in range(3))


def foresee(questions):
    """questions: (ahead, limit, history)."""
    text = "".join(f"{ahead} {limit!r} 0 inf {' '.join(map(repr, history))}\n"
                   for ahead, limit, history in questions)
    done = subprocess.run([FORESEE], input=text, capture_output=True, text=True, check=True)
    return [Forecast(line) for line in done.stdout.splitlines()]


def score_known(trial, before, came):
    """Two methods whose scores are published; returns those of Naive2."""
    made = {"naive2": m4.scores(before, came, list(map(m4.naive2, before))),
            "seasonal-naive": m4.scores(before, came, list(map(m4.seasonal_naive, before)))}
    for name, known in PUBLISHED.items():
        trial.say(f"{name}: sMAPE {made[name][0]:.3f}, MASE {made[name][1]:.3f} of "
                  f"{len(before)} series; published of {PUBLISHED_SERIES}: {known[0]}, "
                  f"{known[1]}")
        trial.result(f"{name}-smape", made[name][0])
        trial.result(f"{name}-mase", made[name][1])
    return made["naive2"]


def load(name):
    try:
        return m4.load(name)
    except FileNotFoundError as missing:
        raise Skip(f"no {missing.filename}; BREAKWATER_DATASETS names the folder") from None


@scenario("m4-hourly", "foresight", quick=True)
def m4_hourly(trial):
    before, came = load("Hourly-train.csv"), load("Hourly-test.csv")
    reference = score_known(trial, before, came)
    told = foresee([(m4.AHEAD, math.nan, history) for history in before])
    ours = m4.scores(before, came, [one.at for one in told])
    inside = [low <= value <= high for one, values in zip(told, came)
              for low, value, high in zip(one.lows, values, one.highs)]
    trial.result("series", len(told))
    trial.result("smape", ours[0])
    trial.result("mase", ours[1])
    trial.result("owa", m4.owa(ours, reference))
    trial.result("coverage-80", statistics.fmean(inside))
    trial.result("hidden", sum(one.hidden for one in told))


# ---- crossings ----

class Crossing:
    """A line over what was so far, and when it was crossed."""

    def __init__(self, series, origin):
        self.before = series[origin - HISTORY:origin]
        week = self.before[-m4.SEASON * 7:]
        self.limit = max(week) + OVER * (max(week) - min(week))
        after = series[origin:origin + HORIZON]
        self.came = next((hour + 1 for hour, value in enumerate(after)
                          if value >= self.limit), None)

    def with_spikes(self, random):
        """Hours that say nothing of what comes: a backup, a restart."""
        step = statistics.median(abs(one - other) for one, other in
                                 zip(self.before[1:], self.before))
        values = list(self.before)
        for _ in range(SPIKES):
            values[random.randrange(HISTORY)] += (random.choice((1, 1, -1)) *
                                                  SPIKE_STEPS * step)
        return values


def crossings(series, odd):
    for values in series[odd::2]:
        for origin in range(HISTORY, len(values) - HORIZON + 1, STEP):
            crossing = Crossing(values, origin)
            if crossing.limit > max(crossing.before[-m4.SEASON * 7:]):
                yield crossing


def correlation(said, came):
    """Matthews'."""
    both = sum(one and other for one, other in zip(said, came))
    false = sum(one and not other for one, other in zip(said, came))
    missed = sum(other and not one for one, other in zip(said, came))
    neither = len(said) - both - false - missed
    size = (both + false) * (both + missed) * (neither + false) * (neither + missed)
    return (both * neither - false * missed) / math.sqrt(size) if size else 0


def judge(cases, told):
    """{metric: value}; what is hidden is not told, so no."""
    came = [case.came is not None for case in cases]
    said = [one.probability >= 0.5 and not one.hidden for one in told]
    shown = [(one, case) for one, case in zip(told, cases) if not one.hidden]
    timed = [(one, case) for one, case in shown if one.probability >= 0.5 and case.came]
    return {
        "mcc": correlation(said, came),
        "brier": statistics.fmean((one.probability - (case.came is not None)) ** 2
                                  for one, case in shown),
        "coverage-80": statistics.fmean(one.low <= case.came <= one.high
                                        for one, case in timed),
        "shown": len(shown) / len(told),
    }


@scenario("crossing", "foresight", quick=True)
def crossing_lines(trial):
    cases = list(crossings(load("Hourly-train.csv"), odd=0))
    rate = statistics.fmean(case.came is not None for case in cases)
    trial.result("cases", len(cases))
    trial.result("base-rate", rate)
    for suffix, histories in (("", [case.before for case in cases]),
                              ("-spikes", [case.with_spikes(trial.random)
                                           for case in cases])):
        told = foresee([(HORIZON, case.limit, history)
                        for case, history in zip(cases, histories)])
        judged = judge(cases, told)
        # Against who always says the base rate.
        judged["brier-skill"] = 1 - judged["brier"] / (rate * (1 - rate))
        for metric, value in judged.items():
            trial.result(f"{metric}{suffix}", value)
