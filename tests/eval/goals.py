"""goals.py: what was aimed at, and whether a run has reached it.

All goals but one: that detection costs less than a fifth of the packet path's throughput
is measured by `make bench` (part detect).
"""
import dataclasses
import fnmatch
import statistics

ALL = ("*",)
BENIGN = ("benign*",)
ATTACKS = ("scan*", "floods/*", "brute/*", "trap/*", "blocklist/*", "beacon/*")
ATTACKED = ("under-attack/*",)
BLOCKS = ("blocks/*",)
HOURLY, CROSSINGS = ("foresight/m4-hourly",), ("foresight/crossing",)


@dataclasses.dataclass
class Goal:
    """Of the metric's values in scenarios of these patterns (GROUP/NAME)."""

    sentence: str
    where: tuple
    metric: str
    reaches: str  # ">=", "<=" or "<"
    wanted: float
    of: object = max  # what of all values counts

    def is_met(self, value):
        if self.reaches == ">=":
            return value >= self.wanted
        return value < self.wanted if self.reaches == "<" else value <= self.wanted


def recall(what, *where, wanted=1.0):
    return Goal(f"{what} are found", where, "recall", ">=", wanted, statistics.fmean)


GOALS = (
    recall("scans at -T2 to -T5", "scan-T2-T5/*"),
    recall("scans at -T1", "scan-T1/*", wanted=0.99),
    recall("scans at -T0, within a day", "scan-T0/*", wanted=0.9),
    recall("scans by other options, and of IPv6", "scan-variants/*"),
    recall("scans by masscan", "*/masscan-*"),
    recall("scans by zmap", "*/zmap-*"),
    recall("other scans, distributed ones too", "scan-tools/*"),
    recall("floods", "floods/*"),
    recall("guessed passwords", "brute/*"),
    recall("what is spread over a fleet", "fleet/*"),
    Goal("spread over a fleet: no sensor has seen it by itself", ("fleet/*",), "own", "<=", 0),
    Goal("spread over a fleet: nobody else is accused", ("fleet/*",), "false", "<=", 0, sum),
    recall("traps, listed peers, beacons", "trap/*", "blocklist/*", "beacon/*"),
    Goal("benign: no finding of medium or more", BENIGN, "false-medium", "<=", 0, sum),
    Goal("beside attacks nobody else gets medium or more", ATTACKS, "false-medium", "<=", 0,
         sum),
    Goal("host-days that were judged", BENIGN, "days", ">=", 30),
    Goal("nobody innocent is blocked", BENIGN + BLOCKS, "false_blocks", "<=", 0),
    Goal("blocks: guests who are not served", BLOCKS, "failures", "<=", 0),
    Goal("blocks: milliseconds that one is away, firewalls loaded or processes killed", BLOCKS,
         "gap-ms", "<=", 1000),
    Goal("blocks: others' rules that are not as they were", BLOCKS, "others-changed", "<=", 0),
    Goal("forecasts of two days: error by that of Naive2 (M4's OWA)", HOURLY, "owa", "<=",
         0.5),
    Goal("forecasts: 80 % bands hold at least", HOURLY, "coverage-80", ">=", 0.76, min),
    Goal("forecasts: 80 % bands hold at most", HOURLY, "coverage-80", "<=", 0.84),
    # Research on other series: Theil-Sen's line, without and with spikes.
    Goal("crossings are foretold (Matthews)", CROSSINGS, "mcc", ">=", 0.244, min),
    Goal("crossings are foretold beside spikes", CROSSINGS, "mcc-spikes", ">=", 0.236, min),
    Goal("crossings: more is known than the base rate", CROSSINGS, "brier-skill", ">=", 0,
         min),
    Goal("blocks: packets of one who is blocked that come through, where nothing of ours is "
         "taken away", BLOCKS, "passed", "<=", 0),
    Goal("blocks: milliseconds that one ends too soon, or too late, when the clock is set",
         BLOCKS, "off-ms", "<=", 3000),
    Goal("blocks: milliseconds until one is back that somebody else took out", BLOCKS,
         "back-ms", "<=", 30000),
    Goal("blocks: what is wrong is said", BLOCKS, "said", ">=", 1, min),
    Goal("milliseconds from the packet that decides to the finding", ALL, "latency-ms",
         "<=", 1000),
    Goal("decoys have no more than `unsolicited`", ALL, "decoys-proof", "<=", 0),
    recall("under attack: floods at full speed", *ATTACKED),
    Goal("under attack: a scanner is found beside them", ATTACKED, "scanner-recall", ">=", 1,
         statistics.fmean),
    Goal("under attack: milliseconds to the finding", ATTACKED, "latency-ms", "<=", 1000),
    Goal("under attack: milliseconds to the status", ATTACKED, "status-ms-max", "<", 100),
    Goal("anomalies: NAB's standard score", ("foresight/nab",), "standard", ">=", 60),
    Goal("anomalies: false ones a month and series, mean of all noises",
         ("foresight/noise-*",), "alarms-per-series-month", "<=", 2, statistics.fmean),
    # Of what grew with each packet the second round would add almost half.
    Goal("under attack: percent of memory that all floods together add when they come again",
         ATTACKED, "rss-again-percent", "<=", 5),
    Goal("under attack: bytes of memory at most", ATTACKED, "rss-bytes", "<=", 300 << 20),
)
ELSEWHERE = ("goal: detection costs < 20 % of the packet path's throughput: make bench says "
             "(detect_*_evidence_vs_off >= 0.8)")
NAMED_MAX = 8  # scenarios of a missed goal


class Judgement:
    """A goal, and what a run says of it."""

    def __init__(self, goal, reports):
        self.goal = goal
        asked = [one for one in reports if any(
            fnmatch.fnmatch(f"{one.group}/{one.name}", each) for each in goal.where)]
        self.values = {one.name: one.values[goal.metric] for one in asked
                       if goal.metric in one.values}
        # Nobody could be asked here: that is no failure, and no success.
        self.skipped = (asked[0].skipped if asked and all(one.skipped for one in asked)
                        else "")
        self.value = goal.of([value for values in self.values.values() for value in values]
                             ) if self.values else None

    def is_reached(self):
        return self.value is not None and self.goal.is_met(self.value)

    def guilty(self):
        """The scenarios that did not reach it by themselves."""
        wanted = 1 if self.goal.metric == "recall" else self.goal.wanted
        single = dataclasses.replace(self.goal, wanted=wanted)
        return [name for name, values in self.values.items()
                if not all(map(single.is_met, values))]

    def is_missed(self):
        return not self.skipped and not self.is_reached()

    def verdict(self):
        if self.skipped:
            return f"skipped ({self.skipped})"
        return "reached" if self.is_reached() else "MISSED"

    def text(self):
        goal = self.goal
        value = "not measured" if self.value is None else f"{round(self.value, 3):.9g}"
        return (f"{goal.sentence}: {goal.metric} {value}, "
                f"wanted {goal.reaches} {goal.wanted:.9g}")


def judged(reports, is_whole):
    """Of a part of the scenarios only those goals that they say something of."""
    made = [Judgement(goal, reports) for goal in GOALS]
    return made if is_whole else [one for one in made if one.values or one.skipped]


def tell(results, is_whole):
    """All goals, then a list of the missed ones; True if there are none."""
    made = judged(results.reports, is_whole)
    for one in made:
        results.say(f"goal: {one.text()}: {one.verdict()}")
    results.say(ELSEWHERE)
    for report in results.reports:
        if report.failed or report.skipped:
            results.say(f"{'FAILED' if report.failed else 'skipped'}: {report.name}")
    missed = [one for one in made if one.is_missed()]
    skipped = sum(bool(one.skipped) for one in made)
    results.say(f"{len(made) - len(missed) - skipped} of {len(made)} goals are reached"
                + (f", {skipped} can't be judged here" if skipped else "")
                + (", missed are:" if missed else ""))
    for one in missed:
        names = one.guilty()
        more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
        results.say(f"MISSED: {one.text()}; {', '.join(names[:NAMED_MAX])}{more}")
    return not missed
