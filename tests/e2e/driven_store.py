"""driven_store.py: a store of records that tests make up, written by the store itself.

A record is a dictionary as --json prints it, with "put": when the monitor had it, by which
records_driver.c sets its clock.  Times are microseconds since 1970 here.
"""
import datetime
import json
import os
import pathlib
import subprocess

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# Fields that are times: lines have them as text.
TIMES = frozenset(("put", "at", "start", "end", "first", "last", "since", "until", "detected",
                   "acknowledged", "expires", "review", "reviewed", "crosses_at",
                   "crossed_last", "overflow_at"))
BUILD = pathlib.Path(os.environ.get("BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))


def text(at):
    """As the program writes a time."""
    return (EPOCH + datetime.timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_of(words):
    """What text() made of it."""
    seconds = datetime.datetime.fromisoformat(words[:19] + "+00:00") - EPOCH
    return int(seconds.total_seconds()) * SECOND + int(words[20:26])


def stop(when):
    """The monitor ends; what comes behind is of another run."""
    return {"record": "stop", "put": when}


def beginning(first, rows):
    """Behind the first record of an audit chain the key is named by which it is signed.  A
    monitor that ended right there does that at once, whatever else it is given to do."""
    return [first, stop(first["put"]), *sorted(rows, key=lambda row: row["put"])]


def make(folder, rows):
    """Rows in the order of "put"; what is None is unknown."""
    with subprocess.Popen([BUILD / "tests/records_driver", folder], stdin=subprocess.PIPE,
                          text=True) as driver:
        for row in rows:
            driver.stdin.write(json.dumps({
                name: text(value) if name in TIMES else value
                for name, value in row.items() if value is not None}) + "\n")
        driver.stdin.close()
        status = driver.wait()
    if status != 0:
        raise subprocess.CalledProcessError(status, "records_driver")
