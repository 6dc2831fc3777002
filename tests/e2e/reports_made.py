#!/usr/bin/env python3
"""reports_made.py: reports that the daemon makes by itself: when a day is over, also if
nobody was there at midnight, once; mailed by a real mail server with what proves them;
and a maker that is killed, or has no room, costs the monitor nothing.

Runs beside others.
"""
import contextlib
import email
import email.policy
import hashlib
import json
import os
import signal
import socketserver
import subprocess
import threading
import time

import lab as e2e
from lab import until
from probing import child_of
from servers import mail
from servers.scene import RIGHT, USER, Scene

ADDRESS = "10.88.7.1"
TO = "harbourmaster@harbour.example"
CONFIG = """home: [{address}/32]
logs: {{journal: no, programs: no}}
probe: {{own: no}}
{more}"""
SLOW = """id: S1
version: 1
title: Slow
question: How long does it take?
shows: Nothing.
limits: It never ends.
observer: monitor
kept: events
valid: 1d
"""
SLOW_SQL = """WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
SELECT count(*) AS rows FROM c WHERE n < 0
"""
SLOW_DOCUMENT = """name: slow
title: Slow
purpose: To be ended.
sections:
  - title: All of it
    evidence: [S1]
"""


def midnight_in(seconds):
    """A time zone in which a day is over so soon, and when."""
    end = int(time.time()) + seconds
    west = end % 86400  # so far behind UTC it is midnight then
    return f"TZ=LOC{west // 3600}:{west // 60 % 60:02}:{west % 60:02}", end


def folder(monitor):
    return monitor.state / "reports"


def made(monitor, state="made", count=1):
    return until(lambda: len(found := [one for one in monitor.get("reports_made?since=1h")
                                       if one["state"] == state]) >= count and found,
                 f"{count} x {state}: {monitor.program.err()}", 60)


def start(lab, more, *through):
    network = lab.namespace("reports")
    network.ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")
    config = lab.dir / "reports.yaml"
    config.write_text(CONFIG.format(address=ADDRESS, more=more))
    return network, lab.monitor(network, "-c", str(config), json_output=False,
                                through=("env", *through) if through else ())


def seconds_pass(monitor, count=3):
    """So many of its seconds: what is due in one has been seen."""
    seen = set()
    until(lambda: seen.add(monitor.get("self")[0]["at"]) or len(seen) > count,
          "its seconds", 20)


# ---- mail ----

class Mailbox(socketserver.StreamRequestHandler):
    """What Postfix hands on, RFC 5321."""
    got = []

    def handle(self):
        self.say("220 box")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.say("354 go on")
                self.got.append(self.message())
            self.say("250 yes" if word != b"QUIT" else "221 bye")
            if word == b"QUIT":
                return

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def message(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return email.message_from_bytes(b"".join(lines), policy=email.policy.default)


def mailbox(lab, network):
    with network.inside():
        server = socketserver.ThreadingTCPServer((ADDRESS, 2526), Mailbox)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lab.callback(server.server_close)
    lab.callback(server.shutdown)
    return Mailbox.got


def postfix(lab, network):
    """It hands on to the mailbox; who it is proves a certificate."""
    crt, key = lab.dir / "mail.crt", lab.dir / "mail.key"
    lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=mail.harbour.example", "-addext",
            f"subjectAltName=IP:{ADDRESS}", "-keyout", str(key), "-out", str(crt))
    crt.chmod(0o644)
    scene = Scene(lab, "mail", ADDRESS, network,
                  {"crt": crt.read_text(), "key": key.read_text()})
    mail.start(scene, f"local_transport = smtp:[{ADDRESS}]:2526\n")


def digests_hold(tap, monitor, record):
    """The list of digests holds, and its own stands in the record and in the chain."""
    stem = record["files"].split()[0].split(".")[0]
    listed = folder(monitor) / f"{stem}.sha256"
    done = subprocess.run(["sha256sum", "-c", "--strict", listed.name], check=False,
                          cwd=folder(monitor), capture_output=True, text=True)
    tap.ok(done.returncode == 0 and done.stdout.count(": OK") == len(record["files"].split()),
           "sha256sum takes the list of digests, which has every file", done.stdout,
           done.stderr)
    digest = hashlib.sha256(listed.read_bytes()).hexdigest()
    chain = [one for one in monitor.get("audit?since=1h") if one["action"] == "report_made"]
    tap.ok(digest == record["sha256"] and digest in chain[0]["after"],
           "whose own digest is in the record and in the audit chain", record, chain)


def files_are_whole(tap, monitor, record):
    files = record["files"].split()
    there = {one.name: one for one in folder(monitor).iterdir()}
    tap.equal(sorted(there), sorted([*files, files[0].split(".")[0] + ".sha256"]),
              "its files are there, and nothing else")
    tap.ok(all(one.stat().st_mode & 0o027 == 0 for one in there.values()),
           "which others can't read, and nobody of the group can change")
    tap.equal(sum(there[one].stat().st_size for one in files), record["bytes"],
              "their size is known")
    pdf = next(one for one in files if one.endswith(".pdf"))
    tap.ok(there[pdf].read_bytes().startswith(b"%PDF-"), "the PDF is one")
    digests_hold(tap, monitor, record)


def mail_is_whole(tap, monitor, lab, message, record):
    parts = {part.get_filename(): part for part in message.iter_attachments()}
    wanted = [one for one in record["files"].split() if not one.endswith(".txt")]
    tap.equal(sorted(parts), sorted(wanted), "the mail has its files", message["Subject"])
    tap.ok(all(part.get_payload(decode=True) == (folder(monitor) / name).read_bytes()
               for name, part in parts.items()), "to the last byte")
    text = message.get_body(("plain",)).get_content()
    tap.ok("piece" in text and "of the time" in text.lower() and "Attached: " in text and
           message["Subject"].startswith("[report] "),
           "and says in words what is in it", text)
    bundle = lab.dir / "mailed.bundle"
    bundle.write_bytes(next(part.get_payload(decode=True) for name, part in parts.items()
                            if name.endswith(".bundle")))
    done = monitor.network.run(e2e.BREAKWATER, "evidence", "verify", str(bundle),
                               "--key", str(monitor.state / "audit.pub"), status=None)
    tap.equal(done.returncode, 0, "the bundle of the mail holds", done.stdout, done.stderr)


def by_schedule_and_by_mail(tap, lab):
    if not e2e.has_tree("postfix", "dovecot"):
        tap.skip("a real mail server", "build/tree has none: run scripts/test-tree")
        return
    network = lab.namespace("reports")
    network.ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")
    got = mailbox(lab, network)
    postfix(lab, network)
    password, sinks, config = (lab.dir / name for name in ("password", "sinks.yaml", "c.yaml"))
    password.write_text(f"{RIGHT}\n")
    sinks.write_text(f"sinks:\n- name: audit\n  url: smtp://{ADDRESS}:587\n  to: {TO}\n"
                     f"  from: monitor@elsewhere.example\n  user: {USER}\n"
                     f"  password_file: {password}\n  ca: {lab.dir}/mail.crt\n")
    config.write_text(CONFIG.format(address=ADDRESS, more=f"""notify: {{files: [{sinks}]}}
report:
  schedule:
    - report: nist-csf
      every: day
      at: "00:00"
      format: [pdf, html]
      bundle: yes
      mail: audit
"""))
    zone, end = midnight_in(8)
    monitor = lab.monitor(network, "-c", str(config), json_output=False,
                          through=("env", zone))
    tap.ok(time.time() < end, "it began before midnight")
    listed = json.loads(monitor.ask("/api/v1/report_schedule"))
    tap.ok(listed["process"]["holds"] and listed["schedule"][0]["next"] ==
           time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(end)),
           "it says when the next one is made", listed)
    record = made(monitor)[0]
    tap.equal((record["report"], record["period_end"], record["actor"], record["mailed_to"]),
              ("nist-csf", listed["schedule"][0]["next"], "breakwater", "audit"),
              "when the day is over its report is made", record)
    tap.ok(record["outcome"] in ("unknown", "deviations") and record["observed"] < 1,
           "which says how much of it was observed", record)
    files_are_whole(tap, monitor, record)
    message = until(lambda: got and got[0], f"the mail: {monitor.program.err()}", 30)
    mail_is_whole(tap, monitor, lab, message, record)
    sent = until(lambda: [one for one in monitor.get("notifications?since=1h")
                          if one["reason"] == "report"], "what came of the mail")
    tap.equal((sent[0]["sink"], sent[0]["state"]), ("audit", "sent"),
              "and that it was taken is a notification", sent)
    monitor.stop()
    monitor.start()
    seconds_pass(monitor)
    tap.equal(len(made(monitor)), 1, "after a restart it is not made again")
    said = monitor.command("reports", "run", "nist-csf").stdout
    tap.ok("being made" in said, "unless somebody asks for it", said)
    again = made(monitor, count=2)[0]
    tap.equal((again["period_end"], again["actor"]), (record["period_end"], "root"),
              "which is of the same day, and says who", again)
    until(lambda: len(got) == 2, "the second mail", 30)
    asked = [one for one in monitor.get("audit?since=1h") if one["action"] == "report_run"]
    tap.ok(len(asked) == 1 and "nist-csf" in asked[0]["subject"], "the chain has that, too",
           asked)
    said = monitor.command("reports").stdout
    tap.ok("nist-csf  every day at 00:00" in said and said.count("mailed to audit") == 3,
           "the command lists what is scheduled, and what was made", said)
    tap.equal(monitor.stop(), 0, "the daemon ends well", monitor.program.err())


# ---- nobody was there ----

def what_was_missed_is_made_at_the_start(tap, lab):
    zone, end = midnight_in(6)
    _, monitor = start(lab, "report: {schedule: [{report: executive, every: day, "
                            "at: \"00:00\", format: json}]}\n", zone)
    tap.ok(time.time() < end and not monitor.get("reports_made?since=1h"),
           "what is new waits for its first midnight")
    monitor.stop()
    until(lambda: time.time() > end, "midnight")
    monitor.start()
    record = made(monitor)[0]
    tap.equal(record["files"], f"{record['files'].split('.')[0]}.json "
              f"{record['files'].split('.')[0]}.txt", "a day that ended meanwhile is made", record)
    seconds_pass(monitor)
    tap.equal(len(made(monitor)), 1, "once")
    refused = monitor.command("reports", "run", "cis", status=2)
    tap.ok("executive every day" in refused.stderr, "what is not scheduled is not made",
           refused.stderr)


# ---- trouble ----

def maker_of(monitor):
    """By the keeper that has it."""
    children = e2e.pathlib.Path(f"/proc/{monitor.program.process.pid}/task/"
                                f"{monitor.program.process.pid}/children")
    for keeper in children.read_text(encoding="utf-8").split():
        with contextlib.suppress(OSError):
            if found := child_of(int(keeper), "breakwater-repo"):
                return found
    return None


def nice_of(pid):
    return os.getpriority(os.PRIO_PROCESS, pid)


def one_that_never_ends_is_killed(tap, lab):
    own = lab.dir / "house"
    for name in ("evidence", "documents"):
        (own / name).mkdir(parents=True)
    (own / "evidence" / "S1.yaml").write_text(SLOW)
    (own / "evidence" / "S1.sql").write_text(SLOW_SQL)
    (own / "documents" / "slow.yaml").write_text(SLOW_DOCUMENT)
    _, monitor = start(lab, f"""report:
  compliance: {own}
  schedule: [{{report: slow, every: year}}, {{report: executive, every: month}}]
""")
    pid = maker_of(monitor)
    tap.equal(nice_of(pid), 19, "who makes reports steps back")
    tap.equal(e2e.pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="utf-8"),
              "1000\n", "and is the first to go without memory")
    monitor.command("reports", "run", "slow")
    until(lambda: json.loads(monitor.ask("/api/v1/report_schedule"))["schedule"][0]["making"],
          "it is being made")
    seconds_pass(monitor)
    tap.ok(maker_of(monitor) == pid, "meanwhile the monitor goes on")
    os.kill(pid, signal.SIGKILL)
    record = made(monitor, "failed")[0]
    tap.ok("signal 9" in record["error"] and "files" not in record,
           "that it was killed is told", record)
    tap.ok("report slow_" in monitor.program.err(), "on standard error, too",
           monitor.program.err())
    tap.equal([one["actor"] for one in monitor.get("audit?since=1h")
               if one["action"] == "report_failed"], ["root"], "and in the chain")
    until(lambda: maker_of(monitor) not in (None, pid), "another one", 20)
    monitor.command("reports", "run", "executive")
    tap.equal(made(monitor)[0]["report"], "executive", "the next is made")


def a_full_disk_leaves_nothing_half(tap, lab):
    _, monitor = start(lab, "report: {schedule: [{report: nist-csf, every: month, "
                            "format: [html, csv]}]}\n")
    monitor.stop()
    owner = folder(monitor).stat()
    lab.run("mount", "-t", "tmpfs", "-o", f"size=16k,mode=0750,uid={owner.st_uid},"
            f"gid={owner.st_gid}", "none", str(folder(monitor)))
    lab.callback(lab.run, "umount", "-l", str(folder(monitor)))
    monitor.start()
    monitor.command("reports", "run", "nist-csf")
    record = made(monitor, "failed")[0]
    tap.ok("No space left" in record["error"], "a full disk is told", record)
    tap.equal(list(folder(monitor).iterdir()), [], "and nothing half is left")
    lab.run("mount", "-o", "remount,size=16m", str(folder(monitor)))
    monitor.command("reports", "run", "nist-csf")
    made(monitor)
    tap.equal(len(list(folder(monitor).iterdir())), 4, "with room it is made")


if __name__ == "__main__":
    e2e.main(by_schedule_and_by_mail, what_was_missed_is_made_at_the_start,
             one_that_never_ends_is_killed, a_full_disk_leaves_nothing_half)
