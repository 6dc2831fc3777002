#!/usr/bin/env python3
"""report_page.py: what a reader sees of a report, word for word.

  report_page.py [--write]     --write: what is seen now becomes what is expected

A store of which all is known is asked with a framework and a document of its own; the
text of both pages is compared with report_page.txt.  What differs from run to run (when
it was made, where, by which version) has a word in its place.
"""
import difflib
import html.parser
import pathlib
import re
import socket
import sqlite3
import struct
import sys
import tempfile
import zlib

from common import HERE, Tap, breakwater

EXPECTED = pathlib.Path(HERE) / "report_page.txt"
BEGIN = 1772323200 * 1000000   # 2026-03-01T00:00:00Z
MINUTE, DAY = 60 * 1000000, 86400 * 1000000
QUERY = """SELECT time_text(at) AS at, outcome, user, client_ip, method,
       CASE WHEN outcome = 'failure' THEN 'nobody may fail' END AS deviation
FROM login WHERE at >= :since AND at <= :until ORDER BY login.at
"""
EVIDENCE = """id: P1
version: 3
title: Logins at the pier
question: Who came aboard?
observer: packets
kept: events
valid: 30d
shows: Each login.
limits: Who swam is not seen.
"""
FRAMEWORK = """name: pier
title: Rules of the Pier
edition: "7"
published: 2020-05
reviewed: 2026-02-28
source: Harbour office
controls:
  - id: "1.1"
    title: Everybody is known
    strength: partial
    evidence: [P1]
    shows: Who logged in.
    missing: Who did not.
beyond:
  - id: "2.1"
    title: Ropes are dry
    why: Ropes have no ports.
"""
DOCUMENT = """name: log
title: Log of the pier
purpose: For the harbour master.
about: host-or-user
sections:
  - title: Who came
    text: In the order of time.
    evidence: [P1]
    blanks: [Seen by, On]
  - title: Who is to be asked
    evidence: [P1]
"""
BLOCK = {"p", "h1", "h2", "h3", "tr", "li", "dt", "dd", "figcaption", "pre", "summary", "caption",
         "div", "section", "header"}


class Seen(html.parser.HTMLParser):
    """A line for each block; cells are separated by " | "."""

    def __init__(self):
        super().__init__()
        self.lines, self.line, self.unseen = [], "", 0

    def handle_starttag(self, tag, attrs):
        if tag in ("style", "title", "desc") and not self.lines:
            self.unseen += 1
        elif tag in BLOCK:
            self.end_line()
        elif tag in ("td", "th") and self.line:
            self.line += " | "
        elif tag in ("title", "desc"):
            self.line += " (drawn: "

    def handle_endtag(self, tag):
        if tag in ("style", "title", "desc") and self.unseen:
            self.unseen -= 1
        elif tag in BLOCK:
            self.end_line()
        elif tag in ("title", "desc"):
            self.line += ")"

    def handle_data(self, data):
        if not self.unseen:
            self.line += data

    def end_line(self):
        text = " ".join(self.line.split())
        if text:
            self.lines.append(text)
        self.line = ""


def make_store(folder):
    """The tables are the program's own; all rows are ours."""
    packet = (struct.pack("!BxHxxxxBBxx4s4s", 0x45, 40, 64, 6, b"\n\0\0\1", b"\n\0\0\2") +
              struct.pack("!HHIIBBHxxxx", 40000, 80, 1, 0, 0x50, 2, 1024))
    capture = folder / "one.pcap"
    capture.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101) +
                        struct.pack("<IIII", 1700000000, 0, len(packet), len(packet)) + packet)
    done = breakwater("replay", "--quiet", "--state", str(folder / "state"), str(capture))
    if done.returncode != 0:
        raise SystemExit(f"replay: {done.stderr}")
    db = sqlite3.connect(folder / "state/breakwater.db")
    with db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND "
                                   "name NOT LIKE 'sqlite%' AND name <> 'meta'").fetchall():
            db.execute(f"DELETE FROM {table}")
        db.execute('INSERT INTO gap(start,"end",reason) VALUES(?,?,\'stopped\')',
                   (BEGIN + 2 * DAY, BEGIN + 3 * DAY))
        db.execute('INSERT INTO gap(start,"end",reason,count) VALUES(?,?,\'dropped\',17)',
                   (BEGIN + 5 * DAY, BEGIN + 5 * DAY + 10 * MINUTE))
        db.execute("INSERT INTO listener(at,transport,ip,port)VALUES(?,'tcp','::',22)",
                   (BEGIN + DAY,))
        for number, user in enumerate(("alice", "<b>bob</b> & co", "mal\u202eyrol", "x" * 60, "eve", "eve")):
            db.execute("INSERT INTO login(at,transport,client_ip,user,outcome)VALUES(?,'tcp',?,?,?)",
                       (BEGIN + DAY + number * DAY, f"192.0.2.{number}", user,
                        "failure" if number % 4 == 1 else "success"))
    db.close()


def write_compliance(folder):
    for path, text in (("evidence/P1.yaml", EVIDENCE), ("evidence/P1.sql", QUERY),
                       ("frameworks/pier.yaml", FRAMEWORK), ("documents/log.yaml", DOCUMENT)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "config.yaml").write_text("retention: {events: 36500d}\n")


def seen(folder, *what):
    done = breakwater("report", *what, "-c", str(folder / "config.yaml"), "--compliance", str(folder),
                      "--state", str(folder / "state"), "--since", "2026-03-01T00:00:00Z",
                      "--until", "2026-03-11T00:00:00Z")
    reader = Seen()
    reader.feed(done.stdout)
    reader.end_line()
    text = "\n".join(reader.lines) + "\n"
    text = text.replace(socket.gethostname(), "HOST")
    text = re.sub(r"(Made\n)\S+ \S+ by Breakwater \S+", r"\1TIME by Breakwater VERSION", text)
    text = re.sub(r"(Counts until\n)\S+ \S+", r"\1TIME", text)
    return f"==== report {' '.join(what)} ({done.returncode}) ====\n{text}"


def paper(folder):
    """What is written on the pages of a PDF, in its order."""
    made = folder / "log.pdf"
    breakwater("report", "log", "--user", "eve", "--format", "pdf", "-o", str(made), "--compliance",
               str(folder), "--state", str(folder / "state"), "--since", "2026-03-01T00:00:00Z",
               "--until", "2026-03-11T00:00:00Z")
    text = b""
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", made.read_bytes(), re.S):
        try:
            text += zlib.decompress(stream)
        except zlib.error:
            continue
    said = b" ".join(re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", text)).decode("latin-1")
    return " ".join(said.split())


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_store(folder)
        write_compliance(folder)
        pages = [seen(folder, "pier"), seen(folder, "log", "--user", "eve")]
        log = paper(folder)
    if "--write" in sys.argv[1:]:
        EXPECTED.write_text("\n".join(pages), encoding="utf-8")
    expected = EXPECTED.read_text(encoding="utf-8").split("\n==== ")
    expected = [expected[0] + "\n"] + ["==== " + one for one in expected[1:]]
    for got, wanted in zip(pages, expected):
        tap.result(got.strip() == wanted.strip(), got.splitlines()[0].strip("= "),
                   difflib.unified_diff(wanted.splitlines(), got.splitlines(), "expected", "seen", lineterm=""))
    tap.result(len(pages) == len(expected), "each page is expected")
    tap.result(log.count("Who came aboard?") == 1 and "See above: Logins at the pier" in log,
               "on paper, too, evidence stands once and is referred to", [log])
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
