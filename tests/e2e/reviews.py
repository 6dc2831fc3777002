#!/usr/bin/env python3
"""reviews.py: who reviewed which rows of evidence: by command and over HTTP, in every
format of a report, in its bundle, and without the daemon.

Runs beside others.
"""
import csv
import html
import http.client
import io
import json
import re
import sys
import time
import urllib.parse

import lab as e2e
from lab import until

CONFIG = """interfaces: [lo]
logs: {journal: no, programs: no}
probe: {own: no}
"""
HOSTILE = "</dd><script>alert(1)</script>, \"all\" of\n\t them\u202e"
SHOWN = "</dd><script>alert(1)</script>, \"all\" of them\u202e"


def machine(lab):
    network, config = lab.namespace("machine"), lab.dir / "config.yaml"
    network.ip("link", "set", "lo", "up")
    config.write_text(CONFIG)
    for port in (4001, 4002):
        network.listen("127.0.0.1", port)
    return network, lab.monitor(network, "-c", str(config), json_output=False)


def moment(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Reports:
    """Of one time that has passed: what is reviewed has to be asked for again."""

    def __init__(self, monitor):
        self.monitor = monitor
        self.file = monitor.network.lab.dir / "report"
        until((monitor.state / "breakwater.db").exists, "a store")
        until(lambda: "4002" in self.rows(3600), "the listeners in the store")
        self.since, self.until = moment(time.time() - 3600), moment(time.time())

    def rows(self, seconds):
        since, now = moment(time.time() - seconds), moment(time.time() + 1)
        return self.make("csv", "--since", since, "--until", now)

    def make(self, form, *options):
        times = options or ("--since", self.since, "--until", self.until)
        self.file.write_bytes(b"")  # of a store that is only being made there is no report
        self.monitor.network.run(
            e2e.BREAKWATER, "report", "pci-dss", "--format", form, "-o", str(self.file),
            "--state", str(self.monitor.state), *times, status=None)
        return self.file.read_bytes() if form == "pdf" else self.file.read_text("utf-8")

    def piece(self, name="E1"):
        return next(one for one in json.loads(self.make("json"))["evidence"]
                    if one["id"] == name)

    def review(self, name="E1"):
        return self.piece(name)["review"]


def evidence(monitor, *words, status=0):
    return monitor.command("evidence", *words, "--state", str(monitor.state), status=status)


def in_chain(monitor, count):
    listed = lambda: [one for one in monitor.get("audit") if one["action"] == "evidence_review"]
    until(lambda: len(listed()) == count, f"{count} reviews in the chain")
    # The chain is asked in memory, reports read the store.
    until(lambda: len(evidence(monitor, "reviews", "--json").stdout.splitlines()) == count,
          f"{count} reviews in the store")
    return listed()


# ---- parts ----

def by_command(tap, monitor, reports):
    tap.equal(reports.review(), {"reviewed": "no"}, "at first nothing is reviewed")
    times = ("--since", reports.since, "--until", reports.until)
    done = evidence(monitor, "review", "E1", *times, "--comment", HOSTILE)
    sha256 = reports.piece()["sha256"]
    tap.ok(sha256[:12] in done.stdout and "accepted by root" in done.stdout,
           "a review says which rows, and by whom", done.stdout)
    chain = in_chain(monitor, 1)[0]
    tap.equal((chain["actor"], chain["subject"].split(" ")[0]), ("root", "E1"),
              "the audit chain has it")
    got = reports.review()
    tap.equal((got["reviewed"], got["actor"], got["outcome"], got["comment"], got["seq"],
               got["rows_sha256"]),
              ("these_rows", "root", "accepted", SHOWN, chain["seq"], sha256),
              "the report as JSON says who reviewed exactly these rows", got)
    tap.equal(got["since"][:19] + "Z", reports.since, "of which time they are")
    tap.ok(got["expires"] > got["at"], "and until when it counts", got)
    tap.equal(reports.review("E4"), {"reviewed": "no"}, "other evidence is not reviewed")
    again = evidence(monitor, "review", "E1", *times, "--rows", "0" * 64, "--comment", "x",
                     status=1)
    tap.ok(sha256 in again.stderr, "rows that are others now are not reviewed", again.stderr)


def token_of(monitor, role):
    return monitor.network.run(e2e.BREAKWATER, "token", "add", role, "--role", role, "--socket",
                               str(monitor.socket), "--state", str(monitor.state)).stdout.strip()


def in_every_format(tap, reports):
    page = reports.make("html")
    tap.ok("<script>" not in page and html.escape(SHOWN[:-1]) in page.replace("&#39;", "'"),
           "the page says it, and what was typed is text", page[page.find("Reviewed on"):][:300])
    tap.ok(re.search(r"Reviewed on [-0-9]+ [:0-9]+ by root, who accepted exactly these", page),
           "with day and name")
    rows = [one for one in csv.DictReader(io.StringIO(
        reports.make("csv").split("\n\n")[-1]))]
    first = next(one for one in rows if one["evidence"] == "E1")
    tap.equal((first["reviewed"], first["review_actor"], first["review_outcome"]),
              ("these_rows", "root", "accepted"), "the last table of the CSV says it", first)
    tap.ok(all(one["reviewed"] == "no" for one in rows if one["evidence"] != "E1"),
           "and what is not reviewed", rows)
    observation = next(
        one for one in json.loads(reports.make("oscal"))["assessment-results"]["results"][0]
        ["observations"] if "who accepted exactly these" in one["remarks"])
    named = {one["name"]: one["value"] for one in observation["props"]}
    tap.equal((named["reviewed"], named["review-actor"], named["review-outcome"]),
              ("these_rows", "root", "accepted"), "OSCAL has it as properties", named)
    said = json.loads(reports.make("hdf"))["profiles"][0]["controls"]
    tap.ok(any("by root, who accepted" in result["code_desc"]
               for control in said for result in control["results"]), "HDF in words")
    tap.ok(reports.make("pdf").startswith(b"%PDF-"), "and the PDF is one")


def by_hash(tap, monitor, reports):
    sha256 = reports.piece("E4")["sha256"]
    evidence(monitor, "review", "E4", "--since", reports.since, "--until", reports.until,
             "--rows", sha256, "--outcome", "rejected", "--comment", "not all are known")
    in_chain(monitor, 2)
    got = reports.review("E4")
    tap.equal((got["reviewed"], got["outcome"]), ("these_rows", "rejected"),
              "rows as they were seen in a report may be rejected", got)
    listed = [json.loads(one) for one in evidence(monitor, "reviews", "--json").stdout.splitlines()]
    tap.equal([(one["evidence"], one["outcome"], one["actor"]) for one in listed],
              [("E4", "rejected", "root"), ("E1", "accepted", "root")],
              "reviews are listed, the newest first")
    of_one = evidence(monitor, "reviews", "E1").stdout
    tap.ok("E1" in of_one and "E4" not in of_one and "\u202e" not in of_one,
           "or those of one evidence, printable", of_one)


def other_rows(tap, monitor, reports):
    monitor.network.listen("127.0.0.1", 4003)
    until(lambda: "4003" in reports.rows(3600), "another listener in the store")
    later = json.loads(reports.make("json", "--since", reports.since, "--until",
                                    moment(time.time() + 1)))
    got = next(one for one in later["evidence"] if one["id"] == "E1")
    tap.ok(got["review"]["reviewed"] == "other_rows" and
           got["review"]["rows_sha256"] != got["sha256"],
           "when there are other rows, they are not reviewed", got["review"])
    page = reports.make("html", "--since", reports.since, "--until", moment(time.time() + 1))
    tap.ok("These rows are not reviewed." in page, "and the page says so")


def another_time_or_user(tap, monitor, reports):
    """With as few rows: what nobody did is as empty at any time, and of anybody."""
    times = ("--since", "2020-01-01T00:00:00Z", "--until", "2020-01-02T00:00:00Z")
    evidence(monitor, "review", "E10", *times, "--comment", "nothing there")
    in_chain(monitor, 3)
    tap.equal(reports.review("E10")["reviewed"], "other_rows",
              "the rows of another time are others, also if there are none")

    def access(user):
        text = monitor.command("report", "access", "--user", user, "--state", str(monitor.state),
                               "--since", reports.since, "--until", reports.until, "--format",
                               "json", status=None).stdout
        return json.loads(text)["evidence"][0]

    alice = access("alice")
    evidence(monitor, "review", alice["id"], "--since", reports.since, "--until", reports.until,
             "--user", "alice", "--rows", alice["sha256"], "--comment", "no logins")
    in_chain(monitor, 4)
    reviewed = access("alice")["review"]
    tap.equal((reviewed["reviewed"], reviewed["about"]), ("these_rows", "user alice"),
              "a document about one is reviewed", reviewed)
    tap.equal((access("bob")["sha256"], access("bob")["review"]["reviewed"]),
              (alice["sha256"], "other_rows"), "and not that about another, with as few rows")


def refused(tap, monitor):
    for words, why in (
            (("E1", "--comment", "x"), "of which rows?"),
            (("E1", "--since", "1h"), "--comment: needed are 1 to 240 bytes"),
            (("E1", "--since", "1h", "--comment", "x" * 241), "--comment: needed are"),
            (("E1", "--since", "1h", "--comment", "x", "--outcome", "fine"),
             "--outcome: allowed is accepted or rejected"),
            (("E1", "--rows", "12", "--comment", "x"), "--rows: allowed are 64"),
            (("E1", "--rows", "12" * 32, "--comment", "x"), "of which rows?"),
            (("E1", "--since", "1h", "--user", "x", "--comment", "x"), "--rows is needed with"),
            (("E99", "--since", "1h", "--comment", "x"), "there is no evidence E99"),
            (("E1", "--since", "1h", "--until", "2100-01-01", "--comment", "x"),
             "--until is yet to come"),
            ((), "review: the ID of one evidence")):
        done = evidence(monitor, "review", *words, status=2)
        tap.ok(why in done.stderr and len(done.stderr.splitlines()) == 1,
               f"refused: {why}", done.stderr)
    peer = evidence(monitor, "review", "access-peers", "--since", "1h", "--comment", "x",
                    status=5)
    tap.ok("name it, and give --rows" in peer.stderr, "evidence about one host is named by its rows",
           peer.stderr)


def over_http(tap, monitor, reports):
    token = {role: token_of(monitor, role) for role in ("viewer", "operator")}
    port = int(monitor.get("status")["listen"].rsplit(":", 1)[1])
    fields = {"evidence": "E5", "version": "1", "rows": "ab" * 32, "outcome": "accepted",
              "comment": "by hand", "since": "2026-01-01T00:00:00Z",
              "until": "2026-02-01T00:00:00Z"}

    def post(role, **others):
        with monitor.network.inside():
            http_to = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            http_to.request("POST", "/api/v1/evidence/reviewed",
                            urllib.parse.urlencode({**fields, **others}),
                            {"Authorization": f"Bearer {token[role]}"})
            answer = http_to.getresponse()
            return answer.status, answer.read().decode()

    tap.equal(post("viewer")[0], 403, "who may only look reviews nothing")
    status, said = post("operator")
    tap.ok(status == 200 and "accepted by operator" in said, "who may change does", said)
    for name, value, why in (("evidence", "../E1", "evidence: allowed"),
                             ("version", "0", "version:"), ("version", "x", "version:"),
                             ("rows", "ab", "rows:"), ("outcome", "", "outcome: allowed"),
                             ("comment", "\n", "comment: allowed"),
                             ("since", "soon", "since, until: the time"),
                             ("until", "", "since, until: the time"),
                             ("until", "2026-01-01", "until: allowed is a time after"),
                             ("user", "a\nb", "host, user, incident: allowed are one line")):
        status, said = post("operator", **{name: value})
        tap.ok(status == 400 and why in said, f"{name}={value!r} is refused", status, said)
    status, said = post("operator", since="2026-01-01T00:00:00Z", until="2100-01-01T00:00:00Z")
    tap.ok(status == 400 and "that has come" in said, "what is yet to come can't be reviewed",
           said)
    tap.equal(in_chain(monitor, 5)[0]["actor"], "operator", "the chain has the token's name")


def without_daemon(tap, monitor, reports):
    bundle = monitor.network.lab.dir / "pci.bundle"
    monitor.stop()
    tap.equal(len(evidence(monitor, "reviews", "--json").stdout.splitlines()), 5,
              "reviews are listed without a daemon")
    reports.make("json", "--since", reports.since, "--until", reports.until, "--bundle",
                 str(bundle))
    key = monitor.state / "audit.pub"
    done = evidence(monitor, "verify", str(bundle), "--key", str(key), status=None)
    tap.ok("E1: its rows were reviewed and accepted by root" in done.stdout and
           "E4: its rows were reviewed and rejected by root" in done.stdout and
           "E5: other rows were reviewed and accepted by operator" in done.stdout and
           done.returncode == 0, "the bundle proves each review", done.stdout, done.stderr)
    unreached = evidence(monitor, "review", "E1", "--since", "1h", "--comment", "x", status=3)
    tap.ok(unreached.stdout == "", "and nobody reviews without one", unreached.stderr)


def reviews(tap, lab):
    _, monitor = machine(lab)
    reports = Reports(monitor)
    by_command(tap, monitor, reports)
    in_every_format(tap, reports)
    by_hash(tap, monitor, reports)
    other_rows(tap, monitor, reports)
    another_time_or_user(tap, monitor, reports)
    refused(tap, monitor)
    over_http(tap, monitor, reports)
    without_daemon(tap, monitor, reports)


if __name__ == "__main__":
    sys.exit(e2e.main(reviews))
