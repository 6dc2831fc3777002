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
from lab import until
from report_fleet import fill, rows


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


def judge(tap, lab):
    state = lab.dir / "state-hub-1"
    state.mkdir()
    (state / "breakwater.db").touch()  # so the folder is known as a monitor's
    driver = Driver(Place(lab, state))
    tap.equal(set(fill(driver)), {KEPT}, "a depot has a week of two sensors")
    driver.kill()
    cluster = fleet_lab.Cluster(lab)
    hub = Hub(lab, cluster.switch.plug("hub-1"), "hub-1", cluster.servers())
    until(lambda: is_up(hub) and len(hub.get("sensors")) == 2, hub.program.err(), 60, 0.1)
    until(hub.leads, "a leader", LEADS_S, 0.1)
    makes_them_over_http(tap, hub)
    says_why_not(tap, hub)
    tap.equal(list(state.glob("report-store-*")), [], "no store is left behind")


def main():
    if not fleet_lab.has_nats() or not (BUILD / "tests/depot_driver").exists():
        print("1..0 # SKIP no nats-server, or tests/depot_driver is not built")
        return e2e.EXIT_SKIPPED
    return e2e.main(judge)


if __name__ == "__main__":
    sys.exit(main())
