#!/usr/bin/env python3
"""incidents.py: a real scan is one incident, which a person silences and acknowledges,
which goes on after a restart, and which a person closes.  Runs beside others.
"""
import json
import sys

import lab as e2e
from daemon import cable
from lab import BREAKWATER, until

ATTACKER, TARGET = "10.78.0.1", "10.78.0.2"
# A port of its own that is another one each time is no new listener.
OPTIONS = ("-i", "net0", "--home", f"{TARGET}/32", "--listen", "127.0.0.1:0")


def the_only(monitor):
    found = monitor.get("incidents")
    return found[0] if len(found) == 1 else None


def shown(monitor, *arguments, status=None):
    return monitor.command("incidents", *arguments, status=status)


def is_one(tap, client, monitor):
    """Over whole connections, which prove who it is: one port is open."""
    client.tree("nmap", "-n", "-Pn", "-sT", "-p1-500", "--max-retries", "1", TARGET)
    found = until(lambda: the_only(monitor), "an incident")
    until(lambda: the_only(monitor)["severity"] == "medium", "that is graver")
    tap.equal((found["rule"], found["client_ip"], found["state"]),
              ("port_scan", ATTACKER, "firing"), "a scan is one incident", found)
    listed = shown(monitor, status=1).stdout
    tap.ok(found["id"][:8] in listed and len(listed.splitlines()) == 2,
           "and one line of what is wrong", listed)
    status = monitor.command("status", status=None).stdout
    tap.ok(f"1 firing, 1 of them not acknowledged; the gravest: port_scan {TARGET}"
           in status, "status says so and what to type", status)
    metrics = monitor.ask("/metrics")
    tap.ok('state="firing"} 1\n' in metrics, "and /metrics",
           [line for line in metrics.splitlines() if "incidents" in line])
    return found["id"]


def is_acknowledged(tap, monitor, name):
    monitor.command("ack", name[:8], "--comment", "on it")
    found = the_only(monitor)
    tap.equal((found["owner"], found["acknowledged_by"]), ("root", "root"),
              "who acknowledges it takes care of it")
    lines = until(lambda: [line for line in monitor.get(f"timelines?incident={name}")
                           if line["kind"] == "comment"], "the comment is kept")
    tap.equal((lines[0]["actor"], lines[0]["summary"]), ("root", "on it"),
              "what was said of it is in its timeline")
    wrong = monitor.command("ack", "abcdabcd", status=2).stderr
    tap.ok("there is no incident abcdabcd" in wrong, "of none it says so", wrong)


def is_silenced(tap, monitor, name):
    said = monitor.command("silence", f"client_ip={ATTACKER}", "--for", "2h", "--why",
                           "our own").stdout
    silence = said.split(":")[0]
    listed = monitor.command("silence").stdout
    tap.ok(silence[:8] in listed and "active" in listed and "root" in listed and
           "our own" in listed, "a silence is listed with who made it", listed)
    until(lambda: the_only(monitor).get("suppressed_by") == silence, "nobody is told")
    wrong = monitor.command("silence", "prt=443", "--for", "2h", status=2).stderr
    tap.ok('match, column 1: "prt" is no field' in wrong, "a mistake has its place",
           wrong)
    monitor.command("unsilence", silence[:8])
    until(lambda: "suppressed_by" not in the_only(monitor), "somebody is told again")
    actions = until(lambda: {"silence", "unsilence"} <= {
        one["action"] for one in monitor.get("audit")}, "the audit chain")
    tap.ok(actions, "the audit chain has both")


def goes_on(tap, lab, monitor, server, name):
    monitor.stop()
    again = lab.monitor(server, *OPTIONS, "--state", str(monitor.state))
    found = until(lambda: the_only(again), "the incident after a restart")
    tap.equal((found["id"], found["state"], found["owner"]), (name, "firing", "root"),
              "a restart changes nothing of it")
    return again


def is_closed(tap, monitor, state, name):
    monitor.command("deployed", "shop", "--version", "4.2", "--port", "443")
    monitor.command("close", name[:8], "--false-positive", "--why", "our own scanner")
    tap.equal(shown(monitor, status=0).stdout, "", "what is closed is no bad news")
    text = until(lambda: [one for one in [shown(monitor, name[:8]).stdout]
                          if "closed" in one], "the timeline's end")[0]
    tap.ok("Closed       by root, as a false positive: our own scanner" in text and
           "Timeline\n" in text and "root: on it" in text,
           "all of it is one screen", text)
    print("".join(f"# {line}\n" for line in text.splitlines()))
    audit = until(lambda: [one for one in monitor.get("audit")
                           if one["action"] == "incident_false"], "the audit chain")
    tap.equal((audit[0]["actor"], audit[0]["subject"], audit[0]["after"]),
              ("root", name, "our own scanner"), "the audit chain has it")
    kept = [one["name"] for one in monitor.get("deployments")]
    tap.equal(kept, ["shop"], "and a deployment is kept")
    stored = json.loads(monitor.network.run(
        BREAKWATER, "incidents", name, "--state", str(state), "--json").stdout.splitlines()[0])
    tap.equal(stored["false_positive"], True, "the store has it without the daemon")


def comes_anew(tap, client, monitor, name):
    """What somebody does after his incident was closed is another one."""
    client.tree("nmap", "-n", "-Pn", "-sU", "-p1-100", "--max-retries", "0",
                "--min-rate", "500", TARGET)
    firing = until(lambda: [one for one in monitor.get("incidents") if one["rule"] ==
                            "port_scan" and one["state"] == "firing"], "another incident")
    found = until(lambda: monitor.get(f"findings?incident={firing[0]['id']}"),
                  "its finding")
    tap.equal((len(firing), firing[0]["id"] != name, found[0]["technique"]),
              (1, True, "udp"), "what comes anew has an id of its own", firing)
    tap.equal([one["technique"] for one in monitor.get(f"findings?incident={name}")],
              ["connect"], "and leaves the old one as it was")
    monitor.command("close", firing[0]["id"][:8], "--why", "done")


def has_figures(tap, monitor):
    """Of the weeks before nothing is known: that is not none."""
    lines = monitor.command("incidents", "--figures", "--json").stdout.splitlines()
    week, before = [json.loads(line) for line in lines][:2]
    names = ("incidents", "acknowledged", "resolved", "automatic_ratio", "judged",
             "false_ratio", "messages")
    # A listener that nobody accepts from may be one more, which lasts.
    count = len(monitor.get("incidents"))
    tap.equal([week[name] for name in names], [count, 1, 2, 0, 2, 0.5, 0],
              "the week has its figures", lines)
    tap.equal([before["week"], before["known_s"], before.get("incidents")],
              ["before", 0, None], "and what was not watched is unknown", lines)
    print("".join(f"# {line}\n" for line in
                  monitor.command("incidents", "--figures").stdout.splitlines()))


def life(tap, lab):
    client, server = cable(lab)
    listener = server.listen(TARGET, 21)  # before the monitor: it is no news
    monitor = lab.monitor(server, *OPTIONS)
    name = is_one(tap, client, monitor)
    is_silenced(tap, monitor, name)
    is_acknowledged(tap, monitor, name)
    again = goes_on(tap, lab, monitor, server, name)
    is_closed(tap, again, monitor.state, name)
    comes_anew(tap, client, again, name)
    has_figures(tap, again)
    listener.close()


if __name__ == "__main__":
    if not e2e.has_tree("nmap"):
        print("1..0 # SKIP the tree of real programs has no nmap")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(life))
