#!/usr/bin/env python3
"""fleet_reports.py: reports that hubs make over HTTP and by schedule: of the sensors that were
chosen, refused where they can't be, and each period once, whichever hub leads.

Runs beside others.
"""
import json
import sys

import fleet_lab
import lab as e2e
from depots import BUILD, KEPT, Driver
from fleet_hub import LEADS_S, Hub, is_up
from lab import BREAKWATER, until
from report_fleet import fill, rows
from reports_made import midnight_in


class Place:
    """The depot of a hub, before there is one."""

    name = "sqlite"

    def __init__(self, lab, state):
        self.lab, self.network = lab, lab.namespace("depot")
        self.where = f"sqlite:{state}/fleet.db"


def ask(hub, path):
    """Status, what it is called as a file, and the answer."""
    connection = e2e.UnixConnection(hub.socket)
    connection.timeout = 60
    try:
        connection.request("GET", f"/api/v1/{path}")
        answer = connection.getresponse()
        return (answer.status, answer.getheader("Content-Disposition", ""),
                answer.read().decode(errors="replace"))
    finally:
        connection.close()


def report_of(hub, path):
    status, _, body = ask(hub, f"report/{path}")
    if status != 200:
        raise e2e.Failure(f"{path}: {status}: {body}")
    return json.loads(body)


def makes_them_over_http(tap, hub):
    report = report_of(hub, "inventory?since=7d&format=json&site=berlin")
    tap.equal([(one["sensor"], one["site"]) for one in report["fleet"]["sensors"]],
              [("web-1", "berlin")], "a hub makes a report over HTTP, of the site that was asked for")
    tap.equal([one["process"] for one in rows(report, "listeners")], ["app-web-1"],
              "... and of nobody else")
    name = ask(hub, "report/inventory?since=7d&format=pdf&site=berlin")[1]
    tap.ok("inventory-berlin-20" in name and ".pdf" in name, "... as a file whose name says it",
           name)
    several = report_of(hub, "executive?since=7d&format=json&sensor=web-1,web-2")
    tap.equal([one["sensor"] for one in several["fleet"]["sensors"]], ["web-1", "web-2"],
              "of several sensors, one is made, too")
    listed = {one["name"]: one["formats"] for one in json.loads(ask(hub, "reports")[2])["reports"]}
    tap.equal(listed["pci-dss"], ["html", "pdf", "json", "csv"],
              "the formats that there are at a hub are listed")


def says_why_not(tap, hub):
    for asked, status, why in (
            ("executive?sensor=web-9", 400, "none of this fleet's; there are web-1, web-2"),
            ("executive?sensor=web-1,web-9", 400, 'web-9\\" is none'),
            ("executive?site=rome", 400, "there are berlin, paris"),
            ("executive?tag=db", 400, "there are web, front"),
            ("executive?site=berlin&sensor=web-2", 400, "no sensor of"),
            ("pci-dss?format=oscal", 400, "--own"),
            ("pci-dss?bundle=1", 400, "--own"),
            ("incident?incident=ffff", 400, "none with that id"),
            ("nothing", 404, "executive")):
        got, _, body = ask(hub, f"report/{asked}")
        tap.ok(got == status and why in body, f"refused, with why: {asked}", got, body)


# ---- by schedule ----

SCHEDULE = """report:
  schedule:
    - {report: inventory, every: day, at: "00:00", format: [json], site: berlin}
    - {report: inventory, every: day, at: "12:00", format: [json]}
"""


class Pair:
    """Two hubs, each with a depot of its own, for whom a day is over soon."""

    def __init__(self, lab, seconds):
        self.zone, self.midnight = midnight_in(seconds)
        self.cluster = fleet_lab.Cluster(lab)
        self.hubs = [self.hub(lab, name) for name in ("hub-1", "hub-2")]

    def hub(self, lab, name):
        prepare(lab, name)
        hub = Scheduled(lab, self.cluster.switch.plug(name), name, self.cluster.servers(), "",
                        SCHEDULE, zone=self.zone)
        until(lambda: is_up(hub) and len(hub.get("sensors")) == 2, "a hub", 60, 0.1)
        if name == "hub-1":
            until(hub.leads, "a leader", LEADS_S, 0.1)
        return hub


class Scheduled(Hub):
    """A hub in a time zone."""

    def __init__(self, *words, zone):
        self.zone = zone
        super().__init__(*words)

    def start(self):
        self.command_line = ["env", self.zone, *self.command_line]
        super().start()

    def made(self):
        """As the hub itself knows: of two with depots of their own, either is told a record."""
        known = json.loads(ask(self, "report_schedule")[2])["schedule"]
        return [one["last"] for one in known if one.get("last", {}).get("state") == "made"]

    def files(self):
        return sorted(one.name for one in (self.state / "reports").glob("*"))


def seconds_pass(hub, count=3):
    """So many of its seconds: what is due in one has been seen."""
    seen = set()
    until(lambda: seen.add(hub.get("self")[0]["at"]) or len(seen) > count, "its seconds", 20)


def the_leader_makes_it(tap, first, second):
    record = until(lambda: first.made() or None, f"a report: {first.program.err()}", 90, 0.2)[0]
    tap.equal((record["report"], record["chosen"], record["actor"]),
              ("inventory", "site:berlin", "breakwater"),
              "when a day is over, the hub that leads makes its report, of the site of the entry")
    name = next(one for one in first.files() if one.endswith(".json"))
    report = json.loads((first.state / "reports" / name).read_text())
    tap.ok(name.startswith("inventory.site-berlin_"), "its files are called like it", name)
    tap.equal([one["sensor"] for one in report["fleet"]["sensors"]], ["web-1"],
              "... and have that site's sensors")
    known = until(lambda: json.loads((second.state / "reports.json").read_text()
                                     .splitlines()[0])["made"], "the word of it", 20)
    tap.ok(len(known) == 1 and second.files() == [],
           "the other hub hears that it is made, and makes none", known, second.files())
    plan = {one.get("site"): one for one in json.loads(ask(second, "report_schedule")[2])["schedule"]}
    tap.ok("berlin" in plan and plan["berlin"]["last"]["report"] == "inventory",
           "... and says so in its schedule", plan)


def another_leader_makes_it_once(tap, first, second):
    first.kill()
    until(second.leads, f"another leader: {second.program.err()}", 3 * LEADS_S, 0.1)
    seconds_pass(second)
    tap.equal(second.files(), [], "who leads next does not make it once more")
    status, said = second.post("reports_made", report="inventory", every="day")
    tap.ok(status == 400 and "more than once" in said,
           "who asks for one says of whom, if several are scheduled", status, said)
    status, said = second.post("reports_made", report="inventory", site="berlin")
    tap.equal(status, 200, f"a person may ask for it once more: {said}")
    until(lambda: any(one.endswith(".json") for one in second.files()),
          f"a report by hand: {second.program.err()}", 60, 0.2)
    tap.equal(list(second.state.glob("report-store-*")), [], "no store is left behind")
    tap.ok(any(one["action"] == "report_run" for one in second.get("audit?since=1h")),
           "... which is in the audit chain")


def refuses_what_is_no_hubs(tap, lab, first):
    config = lab.dir / "refused.yaml"
    for entry, command, why in (
            ("{report: cis, every: day, site: berlin}", "run", "at a hub (breakwater hub)"),
            ("{report: cis, every: day, bundle: yes}", "hub", "bundle can't be yes of a fleet's"),
            ("{report: cis, every: day, format: oscal}", "hub", "of a fleet's; allowed is html"),
            ("{report: cis, every: day, tag: a b}", "hub", "tag can't be \"a b\"; allowed is")):
        config.write_text(f"fleet: {{servers: ['nats://127.0.0.1:1']}}\n"
                          f"report: {{schedule: [{entry}]}}\n")
        done = first.network.run(BREAKWATER, command, "-c", str(config), "--state",
                                 str(lab.dir / "none"), "--listen", "off", status=2)
        tap.ok(why in done.stderr, f"{command}: no {entry}", done.stderr)


def judge_schedule(tap, lab):
    pair = Pair(lab, 25)
    refuses_what_is_no_hubs(tap, lab, pair.hubs[0])
    the_leader_makes_it(tap, *pair.hubs)
    another_leader_makes_it_once(tap, *pair.hubs)


# ---- by HTTP ----

def prepare(lab, name):
    """A state folder whose depot has a week of two sensors."""
    state = lab.dir / f"state-{name}"
    state.mkdir()
    (state / "breakwater.db").touch()  # so the folder is known as a monitor's
    driver = Driver(Place(lab, state))
    results = set(fill(driver))
    driver.kill()
    if results != {KEPT}:
        raise e2e.Failure(f"the depot of {name}: {results}")
    return state


def judge_http(tap, lab):
    state = prepare(lab, "hub-1")
    cluster = fleet_lab.Cluster(lab)
    hub = Hub(lab, cluster.switch.plug("hub-1"), "hub-1", cluster.servers())
    until(lambda: is_up(hub) and len(hub.get("sensors")) == 2, hub.program.err(), 60, 0.1)
    makes_them_over_http(tap, hub)
    says_why_not(tap, hub)
    tap.equal(list(state.glob("report-store-*")), [], "no store is left behind")


def main():
    if not fleet_lab.has_nats() or not (BUILD / "tests/depot_driver").exists():
        print("1..0 # SKIP no nats-server, or tests/depot_driver is not built")
        return e2e.EXIT_SKIPPED
    return e2e.main(judge_http, judge_schedule)


if __name__ == "__main__":
    sys.exit(main())
