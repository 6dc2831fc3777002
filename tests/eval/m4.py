"""m4.py: the hourly series of the M4 competition: how forecasts are judged, and two that
are known.

sMAPE, MASE and OWA as the competition had them, with Naive2 as the reference
(Makridakis, Spiliotis, Assimakopoulos, "The M4 Competition", 2020).  Pure arithmetic.
"""
import csv
import math
import os
import pathlib
import statistics

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = pathlib.Path(os.environ.get("BREAKWATER_DATASETS",
                                     ROOT.parent / "shared" / "datasets")) / "m4"
SEASON, AHEAD = 24, 48
SEASONAL_FROM = 1.645  # 90 %: the competition's test of seasonality


def load(name):
    """The series of a file, in its order."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [[float(value) for value in row[1:] if value] for row in rows]


def smape(came, said):
    return statistics.fmean(
        200 * abs(one - other) / (abs(one) + abs(other)) if one or other else 0
        for one, other in zip(came, said))


def mase(before, came, said):
    step = statistics.fmean(abs(one - other)
                            for one, other in zip(before[SEASON:], before))
    return statistics.fmean(abs(one - other) for one, other in zip(came, said)) / step


def seasonal_naive(series, ahead=AHEAD):
    return [series[len(series) - SEASON + hour % SEASON] for hour in range(ahead)]


def is_seasonal(series):
    """The autocorrelation at a season is out of Bartlett's bounds."""
    mean = statistics.fmean(series)
    away = [value - mean for value in series]
    whole = math.fsum(value * value for value in away)
    if whole == 0:
        return False
    alike = [math.fsum(one * other for one, other in zip(away[lag:], away)) / whole
             for lag in range(1, SEASON + 1)]
    bound = SEASONAL_FROM * math.sqrt((1 + 2 * math.fsum(one * one for one in alike[:-1]))
                                      / len(series))
    return abs(alike[-1]) > bound


def season_of(series):
    """Factors by hour, by the classical multiplicative decomposition."""
    half = SEASON // 2
    shares = [[] for _ in range(SEASON)]
    for at in range(half, len(series) - half):
        trend = (math.fsum(series[at - half + 1:at + half]) +
                 (series[at - half] + series[at + half]) / 2) / SEASON
        shares[at % SEASON].append(series[at] / trend)
    means = [statistics.fmean(each) for each in shares]
    whole = statistics.fmean(means)
    return [mean / whole for mean in means]


def naive2(series, ahead=AHEAD):
    """The last value, season taken out before and put back after."""
    if not is_seasonal(series):
        return [series[-1]] * ahead
    factors, count = season_of(series), len(series)
    last = series[-1] / factors[(count - 1) % SEASON]
    return [last * factors[(count + hour) % SEASON] for hour in range(ahead)]


def scores(before, came, said):
    """(sMAPE, MASE), each the mean over all series."""
    return (statistics.fmean(map(smape, came, said)),
            statistics.fmean(map(mase, before, came, said)))


def owa(of, reference):
    """Overall weighted average: half of each, as shares of the reference's."""
    return statistics.fmean(one / other for one, other in zip(of, reference))
