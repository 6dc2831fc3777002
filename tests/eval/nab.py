"""nab.py: anomaly marks: the Numenta Anomaly Benchmark, and series in which nothing happens.

One setting, the program's, for all series.  nab.c does it; its metrics are explained in
docs/evaluation.md.
"""
import os
import pathlib

import lab as e2e
from evaluation import Skip, scenario

DATASETS = pathlib.Path(os.environ.get("BREAKWATER_DATASETS",
                                       e2e.ROOT.parent / "shared" / "datasets"))
PROGRAM = pathlib.Path(e2e.BREAKWATER).parent / "tests" / "nab"
NOISES = ("gauss", "poisson5", "diurnal", "ar1", "lognormal", "pareto")
SECONDS = 300


def tell(trial, *arguments):
    """Lines are METRIC VALUE, or comments."""
    seed = trial.random.randrange(1 << 32)
    trial.say(f"seed of noise {seed}")
    done = trial.lab.run(str(PROGRAM), *arguments, str(seed), seconds=SECONDS)
    for line in done.stdout.splitlines():
        if line.startswith("# "):
            trial.say(line[2:])
        else:
            metric, value = line.split()
            trial.result(metric, float(value))


@scenario("nab", "foresight", quick=True, lane="works")
def benchmark(trial):
    folder = DATASETS / "nab"
    if not (folder / "combined_windows.json").exists():
        raise Skip(f"the benchmark's data are not at {folder}")
    tell(trial, "bench", str(folder))


def noise(kind):
    @scenario(f"noise-{kind}", "foresight", quick=True, lane="works")
    def judge(trial):
        tell(trial, "noise", kind)
    return judge


for each in NOISES:
    noise(each)
