"""depot_rates.py: how fast a fleet's records get into databases, by a hub and bare.

Bare is what the database's own client does with the same rows in the same columns, in a
table without index, partition or memory of what was there: COPY, INSERT, a prepared INSERT.
Nobody finds a record by its id in such a table: so the same is asked of one with the depot's
indexes, too.
"""
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import depots  # noqa: E402
import lab as e2e  # noqa: E402

DEPOT = str(depots.BUILD / "tests/depot")


def by_hub(place, kind, count):
    """Records a second through depot_write() into a depot that is empty, as the others are."""
    if place.name == "sqlite":
        for file in place.lab.dir.glob("fleet.db*"):
            file.unlink()
    else:
        place.run(f"DROP TABLE IF EXISTS {kind}")
    done = place.network.run(DEPOT, kind, place.where, str(count), seconds=300)
    return float(done.stdout)


def timed(place, count, *command):
    begin = time.monotonic()
    place.network.run(*command, seconds=300)
    return count / (time.monotonic() - begin)


def bare_sqlite(place, kind, count, indexed):
    path = place.lab.dir / f"bare-{time.monotonic_ns()}.db"
    done = place.network.run(DEPOT, kind, f"{'indexed' if indexed else 'bare'}:{path}",
                             str(count), seconds=300)
    path.unlink()
    return float(done.stdout)


def bare_postgresql(place, kind, count, indexed):
    """From a file that was written before, by the server's own client."""
    rows = place.dir / f"{kind}.rows"
    psql = [e2e.TREE_RUN, f"{place.BIN}/psql", "-X", "-q", place.where, "-c"]
    if not rows.exists():
        place.network.run(*psql, f"\\copy (SELECT * FROM {kind} LIMIT {count}) to {rows}")
    place.run("DROP TABLE IF EXISTS bare")
    place.run(f"CREATE TABLE bare(LIKE {kind}{' INCLUDING INDEXES' if indexed else ''})")
    done = place.network.run(*psql[:-1], "-c", "\\timing on", "-c", f"\\copy bare from {rows}",
                             seconds=300)
    took_ms = float(re.search(r"^Time: ([\d.]+) ms", done.stdout, re.MULTILINE)[1])
    return count / took_ms * 1000


def bare_clickhouse(place, kind, count, indexed):
    """As TabSeparated in one request, from a file that was written before."""
    rows = place.dir / f"{kind}.rows"
    url = f"http://{depots.HERE}:{place.port}/"
    if not rows.exists():
        place.network.tree("curl", "-sSf", "-o", rows, "--data-binary",
                           f"SELECT * FROM {kind} LIMIT {count} FORMAT TabSeparated", url)
    place.run("DROP TABLE IF EXISTS bare")
    place.run(f"CREATE TABLE bare AS {kind} ENGINE=MergeTree PARTITION BY tuple() "
              f"ORDER BY {'(sensor,kept_at)' if indexed else 'tuple()'}")
    done = place.network.tree("curl", "-sSf", "-w", "%{time_total}", "--data-binary", f"@{rows}",
                              f"{url}?query=INSERT%20INTO%20bare%20FORMAT%20TabSeparated",
                              seconds=300)
    return count / float(done.stdout)


PLACES = ((depots.Sqlite, bare_sqlite), (depots.PostgreSQL, bare_postgresql),
          (depots.ClickHouse, bare_clickhouse))


def rates(runs, count):
    """(database, kind, by a hub, bare, with indexes): records a second of each run, one after
    the other."""
    for make, bare in PLACES:
        with e2e.Lab() as lab:
            place = make(lab)
            for kind in ("flow", "finding"):
                turns = [(by_hub(place, kind, count), bare(place, kind, count, False),
                          bare(place, kind, count, True)) for _ in range(runs)]
                yield place.name, kind, *map(list, zip(*turns))


def can_run():
    return subprocess.run(["unshare", "--net", "true"], check=False,
                          capture_output=True).returncode == 0 and \
        e2e.has_tree("clickhouse-server")
