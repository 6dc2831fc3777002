#!/usr/bin/env python3
"""register.py: the register of authorised ports over time.

What was in force when, also what was edited while nothing ran; an approval that expires;
reviews, and who is asked for them; who listened at a moment of the past, and what of it is
not known; and the evidence that a report makes of it.

Runs beside others.
"""
import json
import re
import sys
import time

import lab as e2e
from lab import until

LISTEN_CODE = """
import socket, sys, time
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("0.0.0.0", int(sys.argv[1])))
sock.listen(16)
time.sleep(1000)
"""


def serve(network, port):
    made = network.start(sys.executable, "-c", LISTEN_CODE, str(port))
    until(lambda: network.listens(port), f"a server on {port}: {made.err()}")
    return made


def entry(port, **said):
    lines = "".join(f"    {key}: {value}\n" for key, value in said.items())
    return f"  - port: {port}\n    transport: tcp\n{lines}"


def register(*entries):
    return "ports:\n" + "".join(entries)


def moment(seconds=0):
    """RFC 3339, that many seconds from now."""
    at = time.time() + seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e6):06}Z"


def states(monitor, port):
    """What became of an entry, the oldest first."""
    return [one["state"] for one in reversed(monitor.get(f"approvals?port={port}"))]


def wait_states(monitor, port, wanted, seconds=10):
    until(lambda: states(monitor, port) == wanted,
          f"{wanted} of {port}: {monitor.get('approvals')}", seconds)


def apply(lab, monitor, text):
    file = lab.dir / "policy.yaml"
    file.write_text(text)
    monitor.command("policy", "apply", str(file))


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def listened(monitor, port, at, *options, status=0):
    done = monitor.command("ports", "--at", at, "--port", str(port), "--json", *options,
                           status=None)
    found = [one for one in rows(done) if one["record"] == "listener"]
    if done.returncode != status:
        raise e2e.Failure(f"ports --at {at} ended with {done.returncode}: {done.stderr}")
    return found, done.stderr


KEPT = {"owner": "web team", "reason": "the site", "approver": "A. Turner"}


def changes_are_kept(tap, lab):
    server = lab.namespace("server")
    monitor = lab.monitor(server, json_output=False)
    serve(server, 8100)
    until(lambda: monitor.get("listeners?port=8100"), "the listener")
    apply(lab, monitor, register(entry(8100, **KEPT), entry("8200-8210", owner="b")))
    wait_states(monitor, 8100, ["approved"])
    first = monitor.get("approvals?port=8100")[0]
    tap.equal({name: first[name] for name in KEPT}, KEPT, "an entry in force is a record",
              first)
    tap.equal(states(monitor, 8205), ["approved"], "which a port of its range finds")
    listener = monitor.get("listeners?port=8100")[0]
    tap.equal((listener["authorized"], listener["approval"]), (True, first["id"]),
              "a listener says by which it is allowed", listener)

    apply(lab, monitor, register(entry(8100, **{**KEPT, "owner": "data team"})))
    wait_states(monitor, 8100, ["approved", "changed"])
    wait_states(monitor, 8205, ["approved", "withdrawn"])
    changed = monitor.get("approvals?port=8100")[0]
    tap.equal((changed["owner"], changed["id"], changed["since"]),
              ("data team", first["id"], first["since"]),
              "another owner is a change of the same one", changed)

    monitor.stop()
    (monitor.state / "policy.yaml").write_text(
        register(entry(8100, **KEPT), entry(8300, **KEPT)))
    monitor.start()
    wait_states(monitor, 8300, ["approved"])
    tap.equal(states(monitor, 8100), ["approved", "changed", "changed"],
              "what was edited while nothing ran is seen at the start")
    monitor.stop()
    monitor.start()
    time_of_start = monitor.get("audit?since=1h")[0]["at"]
    until(lambda: [one for one in monitor.get("audit?since=1h")
                   if one["action"] == "start" and one["at"] >= time_of_start], "a start")
    tap.equal(states(monitor, 8100), ["approved", "changed", "changed"],
              "what was not edited is not told again")
    history(tap, monitor)
    monitor.stop()
    done = monitor.command("policy", "history", "--port", "8100", "--json", "--state",
                           str(monitor.state))
    tap.equal([one["state"] for one in rows(done)], ["changed", "changed", "approved"],
              "history is read without a daemon")


def history(tap, monitor):
    done = monitor.command("policy", "history", "--port", "8205", "--json")
    tap.equal([one["state"] for one in rows(done)], ["withdrawn", "approved"],
              "policy history tells of a port in a range, the newest first")
    text = monitor.command("policy", "history").stdout
    tap.ok("data team" in text and "8200-8210/tcp" in text, "and as a table", text)


def approvals_expire(tap, lab):
    server = lab.namespace("server")
    monitor = lab.monitor(server, json_output=False)
    serve(server, 8100)
    until(lambda: monitor.get("listeners?port=8100"), "the listener")
    expires = moment(3)
    apply(lab, monitor, register(entry(8100, expires=expires, **KEPT)))
    until(lambda: monitor.get("listeners?port=8100")[0]["authorized"], "it is allowed")
    wait_states(monitor, 8100, ["approved", "expired"])
    found = until(lambda: [one for one in monitor.get("findings?port=8100")
                           if one["kind"] == "unauthorized_port"], "a finding")[0]
    tap.ok(found["technique"] == "listener" and "expired" in found["summary"],
           "an approval that expires is a finding", found)
    audit = [one for one in monitor.get("audit?since=1h")
             if one["action"] == "policy_expire"]
    tap.equal([(one["actor"], one["subject"], one["before"]) for one in audit],
              [("breakwater", "8100/tcp", expires)], "and in the audit trail")
    told = [(one["change"], one.get("authorized"))
            for one in reversed(monitor.get("listeners?port=8100&since=1h"))]
    tap.equal(told, [("opened", None), ("changed", True), ("changed", False)],
              "and told of the listener")
    done = monitor.command("policy", "review", status=None)
    tap.ok(done.returncode == 1 and "expired" in done.stdout and
           done.stdout.startswith("web team\n"), "it is to be looked at, by owner",
           done.stdout, done.stderr)


def reviews_are_asked_for(tap, lab):
    server = lab.namespace("server")
    monitor = lab.monitor(server, json_output=False)
    due = moment(2)
    text = register("  # By hand.\n", entry(8100, **KEPT, review=due),
                    entry(8101, **KEPT), entry(8102, **{**KEPT, "owner": "else"}))
    apply(lab, monitor, text)

    def alerts(state="firing"):
        return [one for one in monitor.get("alerts") if one["rule"] == "review" and
                one["state"] == state]
    soon = until(alerts, "an alert")
    tap.ok(len(soon) == 1 and soon[0]["severity"] == "low" and
           "8100/tcp" in soon[0]["target"] and "web team" in soon[0]["target"],
           "a review that is due soon is told, with its owner", soon)
    until(lambda: [one for one in alerts() if one["severity"] == "medium"],
          "a graver one", 20)
    done = monitor.command("policy", "review", status=None)
    tap.ok(done.returncode == 1 and "8100/tcp: review was due" in done.stdout and
           "8101" not in done.stdout, "policy review says what is due", done.stdout)

    done = monitor.command("policy", "reviewed", "8100/tcp", "--by", "B. Okafor",
                           "--comment", "still needed")
    wait_states(monitor, 8100, ["approved", "reviewed"])
    one = monitor.get("approvals?port=8100")[0]
    tap.ok((one["reviewer"], one["comment"]) == ("B. Okafor", "still needed") and
           one["review"] > moment(170 * 86400), "a review is kept, with the next", one)
    kept = monitor.ask("/api/v1/policy")
    tap.equal(re.sub(r"review: .*", "review:", kept), re.sub(r"review: .*", "review:", text),
              "of the register its date alone is another")
    tap.ok(until(lambda: not alerts(), "the alert ends") or True,
           "who was asked is asked no more")
    audit = [one for one in monitor.get("audit?since=1h")
             if one["action"] == "policy_review"]
    tap.equal([one["subject"] for one in audit], ["8100/tcp"], "it is in the audit trail")

    monitor.command("policy", "reviewed", "--owner", "web team", "--by", "me", "--next",
                    "2031-02-03")
    wait_states(monitor, 8101, ["approved", "reviewed"])
    tap.equal([monitor.get(f"approvals?port={port}")[0].get("review", "")[:10]
               for port in (8100, 8101)], ["2031-02-04", "2031-02-04"],
              "all of an owner's are reviewed at once, to the end of the day")
    tap.equal(states(monitor, 8102), ["approved"], "and nobody else's")
    for wrong, said in ((("reviewed", "9999/tcp"), "no entry"),
                        (("reviewed", "--owner", "nobody"), "no entry"),
                        (("reviewed",), "what was reviewed")):
        done = monitor.command("policy", *wrong, status=None)
        tap.ok(done.returncode == 2 and said in done.stderr or
               done.returncode != 0 and said in done.stderr,
               f"policy {' '.join(wrong)} is refused", done.stderr)


def the_past_is_known(tap, lab):
    server = lab.namespace("server")
    before = moment(-60)
    monitor = lab.monitor(server, json_output=False)
    apply(lab, monitor, register(entry(8100, **KEPT)))
    program = serve(server, 8100)
    until(lambda: monitor.get("listeners?port=8100&since=1h"), "it is kept")
    open_at = moment()
    program.end()
    until(lambda: [one for one in monitor.get("listeners?port=8100&since=1h")
                   if one["change"] == "closed"], "it has closed")
    closed_at = moment()
    found, _ = listened(monitor, 8100, open_at)
    tap.equal([(one["port"], one["authorized"], one["reach"]) for one in found],
              [(8100, True, "outside")], "who listened at a moment is known", found)
    text = monitor.command("ports", "--at", open_at).stdout
    tap.ok("web team" in text and "8100" in text, "by whose leave, too", text)
    tap.equal(listened(monitor, 8100, closed_at)[0], [], "and who did not any more")
    _, said = listened(monitor, 8100, before, status=5)
    tap.ok("not known: the first record is of" in said,
           "before the first record nothing is claimed", said)
    _, said = listened(monitor, 8100, moment(3600), status=2)
    tap.ok("still to come" in said, "nor of what is to come", said)

    serve(server, 8100)
    until(lambda: len(monitor.get("listeners?port=8100&since=1h")) == 3, "once more")
    monitor.stop()
    stopped_at = moment()
    until(lambda: time.time() > e2e_time(stopped_at) + 7, "nobody watches", 20, 0.2)
    _, said = listened(monitor, 8100, moment(-1), "--state", str(monitor.state), status=5)
    tap.ok("nothing ran since" in said, "while nothing runs nothing is known", said)
    in_gap = moment(-3)
    monitor.start()
    until(lambda: monitor.get("gaps?since=1h"), "a gap")
    _, said = listened(monitor, 8100, in_gap, status=5)
    tap.ok("nothing ran from" in said, "a time without a daemon is not known later on",
           said)
    after = moment()
    tap.equal(len(listened(monitor, 8100, after)[0]), 1,
              "what was there before and after a stop is known after it")
    tap.equal(len(listened(monitor, 8100, open_at)[0]), 1, "as is what was before")
    tap.equal(len(listened(monitor, 8100, open_at, "--state", str(monitor.state))[0]), 1,
              "with the store alone, too")


def e2e_time(text):
    import calendar
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def evidence_of_it(tap, lab):
    server = lab.namespace("server")
    monitor = lab.monitor(server, json_output=False)
    apply(lab, monitor, register(entry(8100, **KEPT), entry(8101, owner="x"),
                                 entry(8102, **KEPT, review="2020-01-01"),
                                 entry(8103, **KEPT, expires="2020-01-01")))
    for port in (8100, 8101, 8102, 8103, 8104):
        serve(server, port)
    until(lambda: len({one["port"] for one in monitor.get("listeners?since=1h")} &
                      set(range(8100, 8105))) == 5, "all are kept")
    query = (e2e.ROOT / "compliance/evidence/E1.sql").read_text()
    query = query[query.index("WITH"):].replace(":since", "0")
    now = str(int(time.time() * 1e6))
    done = monitor.command("query", query.replace(":until", now), "--json", "--state",
                           str(monitor.state))
    said = {one["port"]: one for one in rows(done) if one["port"] in range(8100, 8105)}
    tap.equal({port: one.get("deviation") for port, one in said.items()},
              {8100: None, 8101: "its approval says no reason approver",
               8102: "the review of its approval is overdue",
               8103: "its approval has expired",
               8104: "the register does not allow it"},
              "a report says what deviates")
    tap.equal({name: said[8100].get(name) for name in KEPT}, KEPT,
              "and who answers for the rest", said[8100])


e2e.main(changes_are_kept, approvals_expire, reviews_are_asked_for, the_past_is_known,
         evidence_of_it)
