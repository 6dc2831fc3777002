#!/usr/bin/env python3
"""report_check.py: what `breakwater report --check` says of files of one's own, word for word.

  report_check.py [--write]     --write: what it says now becomes what is expected

Each folder is checked by itself. Of the files that are built in nothing is compared: their
dates grow old.
"""
import difflib
import pathlib
import re
import sys
import tempfile

from common import HERE, Tap, breakwater

EXPECTED = pathlib.Path(HERE) / "report_check.txt"
EVIDENCE = """id: {name}
version: 1
title: Logins at the pier
question: Who came aboard?
observer: packets
kept: events
valid: 30d
shows: Each login.
limits: Who swam is not seen.
"""
QUERY = "SELECT at FROM login WHERE at >= :since AND at <= :until ORDER BY at\n"
FRAMEWORK = """name: {name}
title: Rules of the Pier
edition: "2"
published: {published}
reviewed: {reviewed}
source: the harbour master
controls:
  - id: "1.1"
    title: Everybody is known
    strength: {strength}
    evidence: [{evidence}]
    shows: Who logged in.
    missing: Who did not.
beyond: []
"""
DOCUMENT = """name: {name}
title: Log of the pier
purpose: For the harbour master.
sections:
  - title: Who came
    evidence: [{evidence}]
"""
BEYOND = """name: empty
title: Nothing
edition: "1"
published: 2026-01
reviewed: 2999-01-01
source: nobody
controls: []
beyond: []
"""


def framework(name="pier", published="2026-01", reviewed="2999-01-01", strength="direct",
              evidence="P1"):
    return FRAMEWORK.format(**locals())


P1 = {"evidence/P1.yaml": EVIDENCE.format(name="P1"), "evidence/P1.sql": QUERY}
FOLDERS = {
    "what is only so, or will be wrong some day": {
        **P1,
        "evidence/P2.yaml": EVIDENCE.format(name="P2"), "evidence/P2.sql": QUERY,
        "evidence/E1.yaml": EVIDENCE.format(name="E1"), "evidence/E1.sql": QUERY,
        "frameworks/old.yaml": framework("old", reviewed="2020-02-29", published="2020-03"),
        "frameworks/pier.yaml": framework(),
        "frameworks/empty.yaml": BEYOND,
    },
    "queries that would not run": {
        "evidence/P1.yaml": P1["evidence/P1.yaml"],
        "evidence/P1.sql": "SELECT at FROM logins ORDER BY at\n",
        "evidence/P2.yaml": EVIDENCE.format(name="P2"),
        "evidence/P2.sql": "SELECT at FROM login WHERE at >= :begin ORDER BY at\n",
        "evidence/P3.yaml": EVIDENCE.format(name="P3"),
        "evidence/P3.sql": "DELETE FROM login\n",
        "documents/log.yaml": DOCUMENT.format(name="log", evidence="P1, P2, P3"),
    },
    "a mapping that can't be read": {
        **P1,
        "frameworks/pier.yaml": framework(strength="full", evidence="P1, P2, P1"),
        "frameworks/quay.yaml": framework("pier"),
        "documents/log.yaml": "name: log\ntitle: 3\ncolour: red\n",
    },
    "a query that is missing": {"evidence/P1.yaml": P1["evidence/P1.yaml"]},
    "an id that no review could name": {
        "evidence/P 1.yaml": EVIDENCE.format(name="P 1"), "evidence/P 1.sql": QUERY,
        f"evidence/{'P' * 40}.yaml": EVIDENCE.format(name="P" * 40),
        f"evidence/{'P' * 40}.sql": QUERY,
    },
    "names that are taken by another kind": {
        **P1,
        "frameworks/executive.yaml": framework("executive"),
        "documents/pci-dss.yaml": DOCUMENT.format(name="pci-dss", evidence="P1"),
        "documents/inventory.yaml": DOCUMENT.format(name="inventory", evidence="P1"),
    },
}


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def is_ours(line, files):
    return not line.startswith(("warning: ", "note: ")) or any(path in line for path in files)


def said(name, files):
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder), files)
        done = breakwater("report", "--check", "--compliance", folder)
        text = (done.stderr + done.stdout).replace(folder, "DIR")
    lines = [line for line in text.splitlines() if is_ours(line, files)]
    counts = re.compile(r"\d+ frameworks and documents, \d+ pieces of evidence|\d+ warnings")
    lines = [counts.sub(lambda match: re.sub(r"\d+", "N", match[0]), line) for line in lines]
    # Of all evidence there is, ours alone.
    lines = [re.sub(r"allowed are [^;]*?, each once", "allowed are ..., each once", line)
             for line in lines]
    return "\n".join([f"==== {name} ({done.returncode}) ====", *lines]) + "\n"


def main():
    tap = Tap()
    got = [said(name, files) for name, files in FOLDERS.items()]
    if "--write" in sys.argv[1:]:
        EXPECTED.write_text("\n".join(got), encoding="utf-8")
    expected = EXPECTED.read_text(encoding="utf-8").split("\n==== ")
    expected = [expected[0] + "\n"] + ["==== " + one for one in expected[1:]]
    for one, wanted in zip(got, expected):
        tap.result(one.strip() == wanted.strip(), one.splitlines()[0].strip("= "),
                   difflib.unified_diff(wanted.splitlines(), one.splitlines(), "expected", "said",
                                        lineterm=""))
    tap.result(len(got) == len(expected), "each folder is expected")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
