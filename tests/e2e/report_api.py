#!/usr/bin/env python3
"""report_api.py: reports over HTTP: which there are, and each as a file of each format.

The month in the store is made (tests/browser/past.c, past.py). What the API gives is
what the command makes of the same store, and what is asked wrongly is told.

Runs beside others.
"""
import csv
import http.client
import io
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import threading
import urllib.parse

import lab as e2e
from lab import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import past   # pylint: disable=wrong-import-position
import stage  # pylint: disable=wrong-import-position

DAYS = 30
TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf",
         "json": "application/json", "csv": "text/csv; charset=utf-8",
         "oscal": "application/json", "hdf": "application/json"}
HOSTILE = ("", "..", "../../etc/passwd", "%2e%2e%2fetc%2fpasswd", "pci-dss/x",
           "<script>", "a" * 63, "a" * 5000, "%0d%0aSet-Cookie:x=1", "%ff%fe", "PCI-DSS")


OWN = """name: weekly
title: Weekly look
purpose: What to talk about on Monday.
sections:
  - title: Incidents
    evidence: [incidents]
"""


def start(lab, *options):
    """A daemon on a month that is over; and a moment of it, for all that is asked."""
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"# seed {seed}", flush=True)
    state = lab.dir / "state-1"
    made = subprocess.run([pathlib.Path(os.environ.get("BUILD", e2e.ROOT / "build")) /
                           "tests/past", state, str(DAYS), str(seed)], check=True,
                          capture_output=True, text=True).stdout
    past.fill(state, seed, made)
    return lab.monitor(lab.namespace("alone"), *options, json_output=False)


def times():
    """Of a fixed time, so that two reports are of the same."""
    db = sqlite3.connect(":memory:")
    return [db.execute("SELECT strftime('%Y-%m-%dT00:00:00Z', 'now', ?)", (f"-{days} days",))
            .fetchone()[0] for days in (20, 3)]


def fetch(monitor, path, method="GET", headers=None):
    connection = e2e.UnixConnection(monitor.socket)
    connection.timeout = 60
    try:
        connection.request(method, f"/api/v1/{path}", headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer, answer.read()
    finally:
        connection.close()


def report(monitor, name, **parameters):
    return fetch(monitor, f"report/{name}?{urllib.parse.urlencode(parameters)}")


def by_command(monitor, lab, name, *arguments):
    """By the command, of the same store; its exit status says what it found."""
    file = lab.dir / "by-command"
    monitor.network.run(e2e.BREAKWATER, "report", name, "--state", str(monitor.state), "-o",
                        str(file), *arguments, status=None)
    return file.read_bytes()


def found(evidence):
    """All of it but what is another one each time: what happens now goes on."""
    return [(one["id"], one["outcome"], one["row_count"], one["query_sha256"], one["coverage"])
            for one in evidence]


def hashes(evidence):
    """Of rows that do not say how long ago something was."""
    texts = e2e.ROOT / "compliance/evidence"
    return [(one["id"], one["sha256"]) for one in evidence
            if ":now" not in (texts / f"{one['id']}.sql").read_text()]


def as_the_command(tap, lab):
    monitor = start(lab)
    listed = json.loads(monitor.ask("/api/v1/reports"))["reports"]
    names = {one["name"]: one for one in listed}
    said = monitor.network.run(e2e.BREAKWATER, "report").stdout
    tap.equal(list(names), [line.split()[0] for line in said.splitlines()],
              "the reports that there are, as the command lists them")
    tap.equal((names["pci-dss"]["document"], names["pci-dss"]["edition"],
               names["pci-dss"]["formats"]), (False, "4.0.1", list(TYPES)),
              "a framework has an edition and all formats", names["pci-dss"])
    tap.equal((names["access"]["about"], names["incident"]["about"],
               names["access"]["formats"]),
              ("host-or-user", "incident", ["html", "pdf", "json", "csv"]),
              "a document says whom it is about, and has no formats of controls", listed)

    since, until_ = times()
    days = f"pci-dss-{since[:10]}-to-{until_[:10]}"
    for form, kind in TYPES.items():
        status, answer, body = report(monitor, "pci-dss", since=since, until=until_, format=form)
        name = answer.getheader("Content-Disposition")
        tap.ok(status == 200 and answer.getheader("Content-Type") == kind and body and
               name.startswith(f'attachment; filename="{days}.'),
               f"{form} is a file with its type and a name", status, name, body[:300])
        policy = answer.getheader("Content-Security-Policy")
        tap.ok(policy.startswith("sandbox; default-src 'none'") and "script" not in policy and
               answer.getheader("X-Content-Type-Options") == "nosniff" and
               answer.getheader("Cache-Control") == "no-store",
               f"{form}: a browser that shows it runs nothing, and keeps nothing", policy)
    span = ("--since", since, "--until", until_)
    mine = json.loads(report(monitor, "pci-dss", since=since, until=until_, format="json")[2])
    theirs = json.loads(by_command(monitor, lab, "pci-dss", "--format", "json", *span))
    tap.equal(found(mine["evidence"]), found(theirs["evidence"]),
              "it is the evidence that the command finds")
    tap.equal([(one["id"], one["outcome"]) for one in mine["controls"]],
              [(one["id"], one["outcome"]) for one in theirs["controls"]], "and its outcomes")
    table = list(csv.reader(io.StringIO(report(
        monitor, "pci-dss", since=since, until=until_, format="csv")[2].decode())))
    tap.ok(len(table) > 10, "CSV can be read as such", table[:3])

    few = json.loads(report(monitor, "pci-dss", since=since, until=until_, format="json",
                            rows=2)[2])
    tap.ok(all(len(one["rows"]) == min(2, one["row_count"]) for one in few["evidence"]) and
           hashes(few["evidence"]) == hashes(mine["evidence"]),
           "rows: so many of each evidence, whose number and hash stay those of all")
    deviating = [(one["deviations"], one["rows"]) for one in few["evidence"]
                 if one.get("deviations", 0) > 0]
    tap.ok(deviating and all(len([row for row in rows if "deviation" in row]) ==
                             min(2, count) for count, rows in deviating),
           "and what deviates is among them", deviating[:2])


def of_somebody(tap, lab):
    monitor = start(lab)
    status, _, body = report(monitor, "access", host=stage.OFFICE[0], since="30d", format="json")
    said = json.loads(body)
    tap.equal((status, said["document"]["about_host"]), (200, stage.OFFICE[0]),
              "an access trail is of whom it was asked for", said.get("document"))
    db = sqlite3.connect(f"file:{monitor.state}/breakwater.db?mode=ro", uri=True)
    (ident, first) = db.execute("SELECT id, first FROM incident WHERE rule = 'brute_force' "
                                "ORDER BY id LIMIT 1").fetchone()
    db.close()
    status, answer, body = report(monitor, "incident", incident=ident, format="json")
    said = json.loads(body)
    tap.ok(status == 200 and said["document"]["about_incident"] == ident and
           said["since"] != said["until"] and first is not None and
           answer.getheader("Content-Disposition") == 'attachment; filename="incident.json"',
           "an incident's is of its own time", said.get("document"))

    until((monitor.state / "audit.key").exists, "the monitor's key")
    status, answer, body = report(monitor, "soc2", since="30d", bundle=1)
    tap.ok(status == 200 and answer.getheader("Content-Type") == "application/x-tar" and
           '.bundle"' in answer.getheader("Content-Disposition"), "a bundle is one file", body[:300])
    file = lab.dir / "soc2.bundle"
    file.write_bytes(body)
    done = monitor.network.run(e2e.BREAKWATER, "evidence", "verify", str(file), "--key",
                               str(monitor.state / "audit.pub"), status=None)
    tap.equal(done.returncode, 0, "that the monitor has signed", done.stdout, done.stderr)
    (one,) = until(lambda: [one for one in monitor.get("audit?since=1h")
                            if one["action"] == "report_bundle"], "the audit chain")
    tap.equal((one["subject"], one["actor"]), ("soc2", "root"),
              "and who had it made and signed is in the audit chain", one)


def refused(tap, lab):
    monitor = start(lab)
    for name in HOSTILE:
        status, answer, body = fetch(monitor, f"report/{name}")
        said = json.loads(body)["error"]
        tap.ok(status in (400, 404) and (status == 400 or "allowed: cis, " in said or
                                         "nothing here" in said) and
               answer.getheader("Set-Cookie") is None,
               f"{name[:30]!r} is no report, which is told", status, said)
    for status, words, name, asked in (
            (400, "allowed: html, pdf, json, csv, oscal or hdf", "pci-dss", {"format": "docx"}),
            (400, "allowed for it: html, pdf, json or csv", "executive", {"format": "oscal"}),
            (400, "RFC 3339", "pci-dss", {"since": "soon"}),
            (400, "until: is not after since", "pci-dss", {"since": "1d", "until": "2d"}),
            (400, "bundle: is 1 or not there", "pci-dss", {"bundle": "yes"}),
            (400, "rows: a number from 1", "pci-dss", {"format": "json", "rows": "-1"}),
            (400, "rows: a number from 1", "pci-dss", {"format": "json", "rows": "1e9"}),
            (400, "allowed: since until format", "pci-dss", {"colour": "red"}),
            (400, "host: is too long", "access", {"host": "1" * 200}),
            (400, "access: ", "access", {"host": "nobody"}),
            (400, "access: ", "access", {}),
            (400, "incident: ", "incident", {"incident": "zz"}),
            (400, "incident: ", "incident", {}),
            (400, "pci-dss: ", "pci-dss", {"user": "alice"})):
        got, _, body = report(monitor, name, **asked)
        said = json.loads(body)["error"]
        tap.ok(got == status and words in said, f"{name} with {asked}: {words}"[:90], got, said)
    got, _, body = fetch(monitor, "reports?x=1")
    tap.ok(got == 400 and "not a parameter" in json.loads(body)["error"],
           "the list has no parameters", got, body)
    tap.equal(fetch(monitor, "report/pci-dss", method="POST")[0], 405, "and nothing is posted")

    host, port = monitor.get("status")["listen"].rsplit(":", 1)
    plain = monitor.network.connect(host, int(port))
    answers = {}
    for path in ("report/pci-dss?since=1d&format=csv", "report/pci-dss?since=1d&bundle=1"):
        connection = http.client.HTTPConnection(host)
        connection.sock = plain if not answers else monitor.network.connect(host, int(port))
        connection.sock.settimeout(60)
        connection.request("GET", f"/api/v1/{path}", headers={"Connection": "close"})
        answer = connection.getresponse()
        answers[path] = (answer.status, answer.read())
        connection.close()
    read, signed = answers.values()
    tap.equal(read[0], 200, "who may read may read a report", read[1][:200])
    tap.ok(signed[0] == 403 and b"operators" in signed[1],
           "the monitor's signature is for those who may more", signed)


def of_own_files(tap, lab):
    folder = lab.dir / "compliance"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents/weekly.yaml").write_text(OWN)
    for path in (lab.dir, folder, folder / "documents"):
        path.chmod(0o755)
    config = lab.dir / "config.yaml"
    config.write_text(f"report:\n  compliance: {folder}\n")
    monitor = start(lab, "-c", str(config))
    listed = [one["name"] for one in json.loads(monitor.ask("/api/v1/reports"))["reports"]]
    tap.ok("weekly" in listed and "pci-dss" in listed,
           "report.compliance adds to what is built in", listed)
    status, _, body = report(monitor, "weekly", since="7d", format="json")
    tap.ok(status == 200 and json.loads(body)["document"]["title"] == "Weekly look",
           "and such a report is made", body[:300])
    (folder / "documents/weekly.yaml").write_text("name: [")
    status, _, body = fetch(monitor, "reports")
    tap.ok(status == 503 and "weekly.yaml" in json.loads(body)["error"],
           "files that can't be read are told, with where", status, body)


def meanwhile(tap, lab):
    """Nobody waits for a report, and one that nobody waits for ends."""
    monitor = start(lab)
    done = []
    waiting = [threading.Thread(target=lambda: done.append(
        report(monitor, "nist-800-53", since="30d", format="html")[0])) for _ in range(2)]
    for one in waiting:
        one.start()
    for _ in range(5):
        tap.ok(monitor.get("status")["packets"] >= 0 and monitor.get("alerts?since=1d") is not None,
               "the rest is answered meanwhile")
    for one in waiting:
        one.join()
    tap.equal(sorted(done), [200, 200], "and both are made")
    for _ in range(8):   # more than may be there at a time
        connection = e2e.UnixConnection(monitor.socket)
        connection.request("GET", "/api/v1/report/nist-800-53?since=30d")
        connection.close()
    got = until(lambda: report(monitor, "soc2", since="1d", format="csv")[0] == 200 or None,
                "room for another one, whoever has left", 30, 0.1)
    tap.ok(got, "those who left keep nobody out")


if __name__ == "__main__":
    sys.exit(e2e.main(as_the_command, of_somebody, refused, of_own_files, meanwhile))
