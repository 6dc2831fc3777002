"""report.py: what scenarios tell, and the sums of their groups.

A scenario that judges more than once (rounds) has one line per metric all the same.
"""
import statistics

MEANS = {"recall", "precision", "findings", "technique"}
TOTALS = {"false-notice", "false", "false-medium"}
MEDIANS = {"seconds", "latency-ms", "packets"}
WORST = {"findings", "seconds", "latency-ms", "decoys-proof", "decoys-severity"}


def summed_up(metric, values):
    if metric in TOTALS:
        return sum(values)
    if len(values) == 1 and metric not in MEANS:
        return values[0]
    return float(statistics.fmean(values))


def line(name, metric, value):
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f"eval {name} {metric} {text}"


class Report:
    """Of one scenario: it runs in a process of its own, and this comes back from there."""

    def __init__(self, plan):
        self.name, self.group = plan.name, plan.group
        self.said, self.values = [], {}  # {metric: [values]}
        self.failed, self.skipped = False, ""  # why it could not be run here
        self.seconds = self.cpu_s = 0

    def say(self, text):
        self.said.append(f"# {self.name}: {' '.join(text.split())}")

    def result(self, metric, value):
        self.values.setdefault(metric, []).append(value)

    def lines(self):
        return self.said + [line(self.name, metric, summed_up(metric, values))
                            for metric, values in self.values.items()] + [
            f"# {self.name}: took {self.seconds:.1f} s, {self.cpu_s:.1f} s of CPU time"]


class Results:
    """Of all scenarios, printed as they come; file: where they are printed as well."""

    def __init__(self, file):
        self.file, self.reports = file, []

    def print(self, text):
        for out in (None, self.file):
            print(text, file=out, flush=True)

    def say(self, text):
        self.print(f"# {text}")

    def take(self, report):
        self.reports.append(report)
        for text in report.lines():
            self.print(text)

    def tell_sums(self):
        for group in sorted({one.group for one in self.reports}):
            self.tell_sum(group, [one for one in self.reports if one.group == group])

    def tell_sum(self, group, reports):
        self.print(line(f"all-{group}", "scenarios", len(reports)))
        gathered = {}
        for report in reports:
            for metric, values in report.values.items():
                gathered.setdefault(metric, []).extend(values)
        for metric, values in gathered.items():
            if metric in MEANS | TOTALS:
                self.print(line(f"all-{group}", metric, summed_up(metric, values)))
            if metric in MEDIANS:
                self.print(line(f"all-{group}", f"{metric}-median",
                                float(statistics.median(values))))
            if metric in WORST:
                self.print(line(f"all-{group}", f"{metric}-max", max(values)))

    def tell_time(self, seconds):
        longest = sorted(self.reports, key=lambda one: one.seconds, reverse=True)[:5]
        self.say(f"{len(self.reports)} scenarios in {seconds:.0f} s, one after the other "
                 f"{sum(one.seconds for one in self.reports):.0f} s, "
                 f"{sum(one.cpu_s for one in self.reports):.0f} s of CPU time; longest: "
                 + ", ".join(f"{one.name} {one.seconds:.0f} s" for one in longest))
