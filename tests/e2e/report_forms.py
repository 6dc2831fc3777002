#!/usr/bin/env python3
"""report_forms.py: reports for other programs, OSCAL and HDF: of every framework, of a
month and of nothing, and of frameworks with names that nobody expects.

BREAKWATER_OSCAL_SCHEMA names NIST's JSON schema of assessment results (docs/reports.md).

Runs beside others.
"""
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import lab as e2e

BROWSER = pathlib.Path(__file__).resolve().parent.parent / "browser"
sys.path.insert(0, str(BROWSER))
import past        # pylint: disable=wrong-import-position

PAST = pathlib.Path(os.environ.get("BUILD", e2e.ROOT / "build")) / "tests/past"
FRAMEWORKS = ("pci-dss", "nist-800-53", "nist-csf", "cis", "iso-27001", "soc2", "hipaa", "nis2",
              "dora")
FORMATS = ("oscal", "hdf")

EVIDENCE = """id: H_1.
version: 1
title: "Ports &\\u00a0more"
question: Which?
observer: sockets
kept: events
valid: 30d
shows: Ports.
limits: None.
"""
QUERY = "SELECT 443 AS port, 'never' AS deviation WHERE :until > 0 ORDER BY 1"
ODD = """name: 2 odd rules
title: Odd
edition: "3"
published: 2026-01
reviewed: 2026-01-31
source: nobody
controls:
  - id: " 1.1 (a)\\n"
    title: "\\u00c4"
    strength: direct
    evidence: [H_1.]
    shows: Ports.
    missing: The rest.
  - id: "\\u3000\\u00dcber\\u20282\\u00a0"
    title: Two
    strength: partial
    evidence: [H_1., E1]
    shows: Ports.
    missing: The rest.
beyond: []
"""
NOTHING = """name: nothing
title: Nothing
edition: "1"
published: 2026-01
reviewed: 2026-01-31
source: nobody
controls: []
beyond:
  - id: "1"
    title: All
    why: No.
"""


def raise_store(folder, seed):
    folder.mkdir()
    made = subprocess.run([PAST, folder, "30", str(seed)], check=True, capture_output=True,
                          text=True).stdout
    past.fill(folder, seed, made)
    return json.loads(made)["now"]


def empty_store(folder, full):
    """All tables, no rows."""
    folder.mkdir()
    shutil.copy(full / "breakwater.db", folder)
    db = sqlite3.connect(folder / "breakwater.db")
    with db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND "
                                   "name NOT LIKE 'sqlite_%'").fetchall():
            db.execute(f'DELETE FROM "{table}"')
    db.close()


def put_review(folder, now):
    """Of other rows; that its record is in no chain, a report says elsewhere."""
    db = sqlite3.connect(folder / "breakwater.db")
    with db:
        db.execute("INSERT INTO audit(seq,at,actor,action,subject,before,after,hash)VALUES"
                   "((SELECT coalesce(max(seq),0)+1 FROM audit),?,'a \u202e<b>','evidence_review',"
                   "'E1 version 1',?,'rejected: \"no\" \u2028</b>','x')",
                   (now - past.DAY, "rows " + "0" * 64))
    db.close()


def write_odd(folder):
    for part in ("evidence", "frameworks"):
        (folder / part).mkdir(parents=True)
    (folder / "evidence/H_1..yaml").write_text(EVIDENCE)
    (folder / "evidence/H_1..sql").write_text(QUERY)
    (folder / "frameworks/2 odd rules.yaml").write_text(ODD)
    (folder / "frameworks/nothing.yaml").write_text(NOTHING)


def write_reports(store, out, names, *options):
    for name in names:
        for form in FORMATS:
            path = out / f"{name}-{store.name}.{form}.json"
            done = subprocess.run([e2e.BREAKWATER, "report", name, "--format", form, "--state",
                                   store, "-o", path, *options], capture_output=True, text=True,
                                  check=False)
            if not path.exists():
                raise e2e.Failure(f"report {name}: exit {done.returncode}: {done.stderr}")


def main():
    if shutil.which("node") is None:
        print("1..0 # SKIP node is missing: scripts/install-packages build")
        return e2e.EXIT_SKIPPED
    subprocess.run([e2e.ROOT / "scripts/page-tools", "true"], check=True)
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"# seed {seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        month, nothing, out, odd = (folder / name for name in ("month", "empty", "out", "odd"))
        out.mkdir()
        now = raise_store(month, seed)
        empty_store(nothing, month)
        put_review(month, now)
        write_odd(odd)
        for store in (month, nothing):
            write_reports(store, out, FRAMEWORKS)
            write_reports(store, out, ("2 odd rules", "nothing"), "--compliance", odd)
        schema = os.environ.get("BREAKWATER_OSCAL_SCHEMA", "")
        return subprocess.run(["node", BROWSER / "report_forms.mjs", out], check=False,
                              env={**os.environ, "OSCAL_SCHEMA": schema}).returncode
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
