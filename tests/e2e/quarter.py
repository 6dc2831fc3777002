#!/usr/bin/env python3
"""quarter.py: a quarter of which all is known: every report holds exactly that.

A store is made as a monitor would have made it (records_driver.c), with an outage of the
monitor of 31 hours and an hour in which it lost packets.  What each piece of evidence has
to show of it is in quarter_rows.py.  Then one line of the audit trail is edited.

Runs beside others.
"""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

import driven_store
import lab as e2e
import quarter_about as about
import quarter_past as past
import quarter_rows as rows
import quarter_traffic as traffic
from driven_store import BUILD, DAY, SECOND, text, time_of
from quarter_past import BEGIN, END

FRAMEWORKS = ("pci-dss", "nist-800-53", "nist-csf", "cis", "iso-27001", "soc2", "hipaa", "nis2",
              "dora")
OF_THE_TRAIL = "E8"
JUDGED = ("E1", "E2", "E3", "E4", "E5", "E6", "E7", "E9", "E12", "capacity", "service-levels",
          "incident-notifications")
GRAVER = ("clear", "review", "unknown", "deviations")
EDITED = 20
MARK = "nobody"


class Quarter:
    """The store, and a clock that says when its reports are made: a day after the quarter."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        clock = folder / "clock"
        clock.write_bytes(struct.pack("<q", past.NOW // SECOND - int(time.time())))
        self.environment = {**os.environ, "LD_PRELOAD": str(BUILD / "tests/pretended.so"),
                            "PRETENDED_CLOCK": str(clock)}
        driven_store.make(self.state, traffic.records())

    def run(self, *arguments):
        return subprocess.run([e2e.BREAKWATER, *map(str, arguments)], capture_output=True,
                              text=True, check=False, timeout=60, env=self.environment)

    def report(self, *arguments, state=None, since=BEGIN, until=END, kind="json"):
        done = self.run("report", *arguments, "--state", state or self.state, "--since", text(since),
                        "--until", text(until), "--format", kind)
        if not done.stdout:
            raise e2e.Failure(f"report {arguments}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout) if kind == "json" else done.stdout

    def key_hash(self):
        """Of the second record of the chain, which is about its key."""
        db = sqlite3.connect(f"file:{self.state}/breakwater.db?mode=ro", uri=True)
        (value,) = db.execute("SELECT hash FROM audit WHERE seq = 2").fetchone()
        db.close()
        return value


# ---- what is wanted ----

def wanted_rows(key_hash):
    return {"E1": list(rows.e1()), "E2": list(rows.e2()), "E3": list(rows.e3()),
            "E4": list(rows.e4()), "E5": list(rows.e5()), "E6": list(rows.e6()),
            "E7": list(rows.e7()), OF_THE_TRAIL: list(rows.e8(key_hash)),
            "E9": list(rows.e9()), "E10": list(rows.e10()), "E11": list(rows.e11()),
            "E12": list(rows.e12()), "listeners": list(rows.listeners()),
            "services": list(rows.services()), "figures": list(rows.figures()),
            "incidents": list(rows.incidents()), "capacity": list(rows.capacity()),
            "service-levels": list(rows.service_levels()), "uptime": list(rows.uptime())}


def definition(ident):
    """What the evidence says of itself: who observes it, and for how long that is kept."""
    words = (e2e.ROOT / f"compliance/evidence/{ident}.yaml").read_text(encoding="utf-8")
    return {name: re.search(rf"^{name}: (\S+)$", words, re.MULTILINE)[1]
            for name in ("observer", "kept")}


def wanted_coverage(ident, since, until, made):
    """Without the time in which nobody watched; lost packets leave the rest known."""
    of = definition(ident)
    kept_since = made - rows.KEPT_S[of["kept"]] * SECOND
    known_since = min(max(since, past.FIRST, kept_since), until)
    def within(span):
        return max(min(span["end"], until) - max(span["start"], known_since), 0)
    known = until - known_since - sum(within(gap) for gap in past.GAPS if gap["blind"])
    lossy = sum(within(gap) for gap in past.GAPS if not gap["blind"])
    wanted = {"ratio": round(known / (until - since), 6), "known_since": text(known_since),
              "known_us": known, "lossy_us": lossy if of["observer"] == "packets" else 0}
    if known_since > since:
        wanted["why"] = "kept" if kept_since > past.FIRST else "began"
    return wanted


def wanted_outcome(ident, of, coverage):
    if any("deviation" in one for one in of):
        return "deviations"
    if coverage["known_us"] == 0:
        return "unknown"
    return "clear" if ident in JUDGED else "review"


# ---- what a report says ----

def first_difference(got, wanted):
    for number in range(max(len(got), len(wanted))):
        one, other = (of[number] if number < len(of) else {} for of in (got, wanted))
        if one != other:
            names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
            return (f"row {number + 1}: " +
                    "; ".join(f"{name}: got {one.get(name)!r}, expected {other.get(name)!r}"
                              for name in names))
    return ""


def wrong_evidence(report, wanted):
    """A sentence for each thing that is not as it should be."""
    made, since, until = (time_of(report[name]) for name in ("made", "since", "until"))
    for one in report["evidence"]:
        ident, of = one["id"], wanted[one["id"]]
        coverage = wanted_coverage(ident, since, until, made)
        deviations = sum("deviation" in cells for cells in of)
        if one["rows"] != of:
            yield f"{ident}: {first_difference(one['rows'], of)}"
        for name, got, value in (
                ("coverage", one["coverage"], coverage), ("rows", one["row_count"], len(of)),
                ("outcome", one["outcome"], wanted_outcome(ident, of, coverage)),
                ("problem", one.get("problem"), None),
                ("deviations", one.get("deviations"), deviations if ident in JUDGED else None)):
            if got != value:
                yield f"{ident}: {name}: got {got!r}, expected {value!r}"


def wrong_controls(report):
    outcomes = {one["id"]: one["outcome"] for one in report["evidence"]}
    for control in report.get("controls", ()):
        gravest = max((outcomes[ident] for ident in control["evidence"]), key=GRAVER.index)
        if control["outcome"] != gravest:
            yield f"{control['id']}: got {control['outcome']}, expected {gravest}"


def gap_cells():
    return [{**gap, "start": text(gap["start"]), "end": text(gap["end"])} for gap in past.GAPS]


def wrong_chain(report):
    audit = report["audit"]
    count = len(past.audit_trail()) + 1  # and the key's
    wanted = {"checked": True, "records": count, "first": 1, "last": count, "held": count,
              "faults": 0, "in_doubt": False, "said": []}
    for name, value in wanted.items():
        if audit[name] != value:
            yield f"audit: {name}: got {audit[name]!r}, expected {value!r}"


def holds(tap, name, report, wanted):
    wrong = [*wrong_evidence(report, wanted), *wrong_controls(report), *wrong_chain(report)]
    tap.ok(report["evidence"] and not wrong, f"{name} holds exactly the known facts", *wrong)


# ---- the parts ----

def every_framework(tap, quarter, wanted):
    shown = set()
    for name in FRAMEWORKS:
        report = quarter.report(name)
        holds(tap, name, report, wanted)
        tap.equal(report["gaps"], gap_cells(), f"{name} shows the gaps as gaps, from when until when")
        shown |= {one["id"] for one in report["evidence"]}
    tap.equal(shown, {f"E{number}" for number in range(1, 13)}, "each piece of evidence is in one of them")


def every_document(tap, quarter, wanted):
    for name in ("executive", "inventory"):
        holds(tap, name, quarter.report(name), wanted)
    for name, of, option in (("anna", lambda one: one.user == "anna", "--user"),
                             (past.BAD, lambda one: one.client_ip == past.BAD, "--host")):
        holds(tap, f"access {option} {name}", quarter.report("access", option, name),
              about.access(of))
    for one in past.INCIDENTS:
        if one.rule != "forecast" and BEGIN <= one.detected < END:
            report = quarter.report("incident", one.ident)
            holds(tap, f"incident {one.rule} {one.ident[-2:]}", report,
                  about.incident(one.ident, time_of(report["made"])))


def of_a_longer_time(tap, quarter):
    """From before the monitor began to watch."""
    report = quarter.report("nis2", since=past.FIRST - DAY)
    wrong = [one for one in wrong_evidence(report, {one["id"]: one["rows"] for one in report["evidence"]})
             if "coverage" in one]
    tap.ok(not wrong, "what was before the first record is not known, and lowers what is", *wrong)


def of_a_shorter_time(tap, quarter):
    """To the end of an hour, behind which the clock was not right for three."""
    report = quarter.report("soc2", until=past.UNSYNCHRONISED[0])
    last = next(one for one in report["evidence"] if one["id"] == "E7")["rows"][-1]
    seconds = (past.UNSYNCHRONISED[0] % DAY) // SECOND
    wanted = {"watched_s": seconds, "of_s": seconds, "packets": seconds * past.A_SECOND,
              "clock_unsynchronised_s": 0}
    tap.equal({name: last.get(name) for name in wanted}, wanted,
              "an hour that begins when the time ends is not in it")


def for_people(tap, quarter, wanted):
    page = re.sub(r"<[^>]*>", " ", quarter.report("pci-dss", kind="html"))
    page = re.sub(r"\s+", " ", page)
    stopped = [text(at).replace("T", " ")[:19] for at in past.STOPPED]
    tap.ok(f"{stopped[0]} {stopped[1]} 1 d 7 h Breakwater did not run" in page,
           "on the page: from when until when nothing ran, and how long that was")
    tap.ok("98.5 % of the time. Not known: 1 d 7 h in gaps, because Breakwater did not run." in page,
           "on the page: how much of the time is known, and why no more")
    table = list(csv.reader(io.StringIO(quarter.report("pci-dss", kind="csv"))))
    begin = next(number for number, one in enumerate(table) if one[:2] == ["evidence", "transport"])
    got = table[begin + 1:begin + 1 + len(wanted["E1"])]
    want = [["E1", *(str(cells.get(name, "")) for name in table[begin][1:])]
            for cells in wanted["E1"]]
    tap.equal((got, table[begin + 1 + len(got)]), (want, []), "as CSV: the ports, cell by cell")


def bundle(tap, quarter):
    """Made here, checked elsewhere: a folder of its own, no daemon, no store."""
    elsewhere = quarter.folder / "elsewhere"
    elsewhere.mkdir()
    made = elsewhere / "soc2.bundle"
    quarter.run("report", "nist-800-53", "--state", quarter.state, "--since", text(BEGIN), "--until",
                text(END), "--bundle", made)
    shutil.copy(quarter.state / "audit.pub", elsewhere)
    done = quarter.run("evidence", "verify", made, "--key", elsewhere / "audit.pub")
    tap.equal((done.returncode, "FAULT" in done.stdout), (0, False), "a bundle of it is proven elsewhere",
              done.stdout, done.stderr)
    done = quarter.run("evidence", "verify", made, "--key", elsewhere / "audit.pub", "--state",
                       quarter.state)
    tap.equal((done.returncode, done.stdout.count("asked again, the same")), (0, 12),
              "the store, asked again, says the same", done.stdout)
    return made


def edited_line(tap, quarter, made):
    """Whoever can write the file, and knows no key."""
    state = quarter.folder / "edited"
    shutil.copytree(quarter.state, state)
    done = quarter.run("audit", "verify", "--state", state)
    tap.equal(done.returncode, 0, "the copy is fine before", done.stdout)
    db = sqlite3.connect(state / "breakwater.db")
    with db:
        db.execute("UPDATE audit SET subject = ? WHERE seq = ?", (MARK, EDITED))
    db.close()
    sentence = (f"record {EDITED} is not what followed record {EDITED - 1}: "
                "one of the two was changed")
    done = quarter.run("audit", "verify", "--state", state)
    tap.equal((done.returncode, done.stdout.count("FAULT"), sentence in done.stdout), (1, 1, True),
              "audit verify names that line and no other", done.stdout)
    for name in FRAMEWORKS:
        audit = quarter.report(name, state=state)["audit"]
        tap.equal((audit["faults"], audit["said"]), (1, [{"notice": False, "text": sentence}]),
                  f"{name} names it")
    tap.ok(sentence in quarter.report("dora", state=state, kind="html"), "on the page it stands, too")
    done = quarter.run("evidence", "verify", made, "--key", state / "audit.pub", "--state", state)
    faults = [line for line in done.stdout.splitlines() if "FAULT" in line]
    tap.ok(done.returncode == 1 and len(faults) == 1 and
           f'and is "{EDITED},' in faults[0] and f",{MARK}," in faults[0],
           "evidence verify names it, as it was and as it is", done.stdout)


def main():
    tap = e2e.Tap()
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        quarter = Quarter(folder)
        wanted = wanted_rows(quarter.key_hash())
        every_framework(tap, quarter, wanted)
        every_document(tap, quarter, wanted)
        of_a_longer_time(tap, quarter)
        of_a_shorter_time(tap, quarter)
        for_people(tap, quarter, wanted)
        edited_line(tap, quarter, bundle(tap, quarter))
    except (e2e.Failure, OSError, subprocess.SubprocessError, KeyError) as error:
        tap.ok(False, "it runs to its end", f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(folder)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
