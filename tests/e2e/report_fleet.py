#!/usr/bin/env python3
"""report_fleet.py: whether a report at a hub is of the sensors that were chosen and of no other,
has the figures of the depot, and says what it can't tell.

Runs beside others.
"""
import json
import signal
import sys

import lab as e2e
from depot import DAY, batch, text
from depots import BUILD, KEPT, Driver, Sqlite
from lab import BREAKWATER

SITES = {"web-1": "berlin", "web-2": "paris"}
PORT = {"record": "port", "interval_s": 60, "transport": "tcp", "server_ip": "10.0.0.5",
        "port": 443, "state": "open", "flows": 7, "client_bytes": 100, "server_bytes": 900,
        "clients": 3, "payload_bytes": 10}


def listener(at, sensor, change="opened"):
    """The same socket on each, as alike servers have."""
    return {"record": "listener", "at": text(at), "change": change, "transport": "tcp",
            "ip": "0.0.0.0", "port": 8080, "process": f"app-{sensor}", "since": text(-8 * DAY)}


def incident(number, one, summary, state):
    return {"record": "incident", "id": f"{number:015x}{one}", "at": text(-3 * DAY + one),
            "first": text(-3 * DAY), "detected": text(-3 * DAY), "severity": "high",
            "state": state, "summary": summary}


def records_of(sensor, number):
    """What a week of one is, told oldest first."""
    said = [{"record": "sensor", "at": text(at), "state": "up", "site": SITES[sensor],
             "tags": "web,front"} for at in (-20 * DAY, -5 * DAY, -10)]
    audit = [{"record": "audit", "at": text(-6 * DAY + at), "actor": "alice",
              "action": "policy_apply", "subject": f"{sensor}-{at}"} for at in range(3)]
    incidents = [incident(number, one, f"{sensor} is {how} attacked", state)
                 for one in range(number)
                 for state, how in (("firing", "still"), ("resolved", "no longer"))]
    finding = {"record": "finding", "id": f"{number:016x}", "first": text(-3 * DAY),
               "last": text(-3 * DAY), "severity": "high", "kind": "guessing",
               "client_ip": f"198.51.100.{number}"}
    return [listener(-8 * DAY, sensor), *audit, *said, *incidents, finding,
            {"record": "gap", "start": text(-4 * DAY), "end": text(-4 * DAY + 3600),
             "reason": "spool"}]


def fill(driver):
    results = driver.write(batch(1, incident(2, 1, "web-2 and others are attacked", "resolved"),
                                 sensor="hub", lane="event"))
    for number, sensor in enumerate(SITES, 1):
        results += driver.write(
            batch(1, *records_of(sensor, number), sensor=sensor, lane="event"),
            batch(1, *({**PORT, "start": text(-5 * DAY + 60 * minute)}
                       for minute in range(10 * number)), sensor=sensor, lane="port"))
    # One closes what the other has open still.
    return results + driver.write(batch(2, listener(-2 * DAY, "web-2", "closed"),
                                        sensor="web-2", lane="event"))


class Folder:
    """A hub's state folder, without a hub."""

    def __init__(self, lab, place):
        self.network, self.path = place.network, lab.dir
        self.config = lab.dir / "hub.yaml"
        self.config.write_text(f"hub: {{store: '{place.where}'}}\n")
        (lab.dir / "hub.depot").write_text(f"{place.name}\n")

    def command(self, *words):
        return [BREAKWATER, "report", *words, "-c", str(self.config), "--state", str(self.path)]

    def run(self, *words, status=None):
        return self.network.run(*self.command(*words), status=status)

    def report(self, *words, status=None):
        done = self.run(*words, "--since", "7d", "--format", "json", status=status)
        if not done.stdout.startswith("{"):
            raise e2e.Failure(f"no report: {done.stderr}")
        return json.loads(done.stdout)

    def left(self):
        return [one.name for one in self.path.glob("report-store-*")]


def evidence(report, name):
    return next(one for one in report["evidence"] if one["id"] == name)


def rows(report, name):
    return evidence(report, name)["rows"]


def is_of_whom_was_chosen(tap, folder):
    report = folder.report("inventory", "--site", "berlin")
    told = report["fleet"]
    tap.equal([(one["sensor"], one["site"], one["tags"]) for one in told["sensors"]],
              [("web-1", "berlin", "web,front")], "a report of one site says of whom it is")
    tap.ok("verified on that sensor" in told["limits"] and report["audit"]["checked"] is False,
           "... and that audit chains are proven on the sensors", told, report["audit"])
    tap.equal([(one["sensor"], one["process"]) for one in rows(report, "listeners")],
              [("web-1", "app-web-1")], "... and has nothing of the other site")
    tap.equal([one["id"] for one in report["evidence"] if "problem" in one], [],
              "... and all that it asks for is told to hubs: words of comments ask for nothing")
    incidents = folder.report("executive", "--sensor", "web-2")
    tap.equal([one["summary"] for one in rows(incidents, "incidents")],
              ["web-2 is no longer attacked"] * 2, "of one sensor, its incidents, each as it last was")
    for choice in (("--tag", "db"), ("--site", "rome"), ("--site", "berlin", "--sensor", "web-2")):
        done = folder.run("executive", *choice, status=2)
        tap.ok("no sensor of" in done.stderr, f"of nobody there is none ({' '.join(choice)})",
               done.stderr)


def has_the_depots_figures(tap, folder, driver):
    report = folder.report("inventory", "--tag", "front")
    tap.equal([(one["sensor"], one.get("closed") is not None)
               for one in rows(report, "listeners")], [("web-1", False), ("web-2", True)],
              "a socket that one closed is open on the other still")
    wanted = driver.sql("SELECT sensor,sum(flows),sum(client_bytes)+sum(server_bytes) "
                        "FROM port GROUP BY sensor ORDER BY sensor")
    tap.equal([[one["sensor"], one["connections"], one["bytes"]]
               for one in rows(report, "services")], wanted,
              "what services carried is what the depot has")
    tap.ok(all("clients_a_day" not in one for one in rows(report, "services")),
           "a day's clients, which minutes don't add up to, are not said")
    figures = folder.report("executive")
    tap.equal([(one["sensor"], one["this_time"]) for one in rows(figures, "figures")
               if one["figure"] == "Incidents"], [("web-1", 1), ("web-2", 2)],
              "incidents are counted on each")


def says_what_it_can_not_tell(tap, folder):
    report = folder.report("pci-dss", status=5)
    health = evidence(report, "E7")
    tap.ok(health["outcome"] == "unknown" and "health" in health["problem"],
           "what asks for records that stay on the sensors is not known", health)
    trail = evidence(report, "E8")
    tap.ok([one["subject"] for one in trail["rows"]] ==
           [f"{sensor}-{at}" for sensor in SITES for at in range(3)] and
           "problem" not in trail and
           not any("seq" in one or "hash" in one for one in trail["rows"]),
           "an audit trail is in its order, without numbers and hashes that it has not here", trail)
    tap.equal(sorted((one["sensor"], one["reason"]) for one in report["gaps"]),
              [("web-1", "spool"), ("web-2", "spool")], "gaps say whose they are")
    tap.near(trail["coverage"]["ratio"], 1 - 3600 / (7 * DAY), 0.001,
             "... and what all of them observed is said")
    page = folder.run("pci-dss", "--since", "7d").stdout
    tap.ok("Whose records these are" in page and "paris" in page and
           "verified on that sensor" in page, "the page says it, too", page[:2000])
    tap.ok(folder.run("pci-dss", "--format", "csv").stdout.startswith("sensor,site,tags,"),
           "... and tables")
    tap.ok(folder.run("executive", "--format", "pdf", "-o",
                      str(folder.path / "out.pdf")).stderr == "" and
           (folder.path / "out.pdf").read_bytes().startswith(b"%PDF"), "... and paper")
    for words in (("--bundle", "x"), ("--format", "oscal")):
        tap.ok("--own" in folder.run("pci-dss", *words, status=2).stderr,
               f"what is to be verified is made elsewhere ({words[0]})")


def is_about_one_incident(tap, folder):
    report = folder.report("incident", "0000000000000021")
    tap.equal([(one["sensor"], one["value"]) for one in rows(report, "incident-record")
               if one["fact"] == "In one sentence"],
              [("web-2", "web-2 is no longer attacked"),
               ("hub", "web-2 and others are attacked")],
              "an incident's report is of who had it, as each told it, hubs too")
    tap.ok("none with that id" in folder.run("incident", "ffff", status=2).stderr,
           "of an unknown one there is none")


def leaves_nothing(tap, folder):
    tap.equal(folder.left(), [], "no store is left behind")
    killed = folder.network.start(*folder.command("inventory"))
    e2e.until(folder.left, "a store", 10, 0.001)
    killed.process.send_signal(signal.SIGKILL)
    killed.wait()
    left = folder.left()
    folder.report("inventory")
    tap.equal((len(left), folder.left()), (1, []), "what a killed one left goes with the next")


def judge(tap, lab, depot=Sqlite):
    place = depot(lab)
    driver = Driver(place)
    tap.equal(set(fill(driver)), {KEPT}, "a depot has a week of two sensors")
    folder = Folder(lab, place)
    is_of_whom_was_chosen(tap, folder)
    has_the_depots_figures(tap, folder, driver)
    says_what_it_can_not_tell(tap, folder)
    is_about_one_incident(tap, folder)
    leaves_nothing(tap, folder)


def main():
    if not (BUILD / "tests/depot_driver").exists():
        print("1..0 # SKIP tests/depot_driver is not built")
        return e2e.EXIT_SKIPPED
    return e2e.main(judge)


if __name__ == "__main__":
    sys.exit(main())
