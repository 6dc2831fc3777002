"""year.py: what a host has beside its roll-ups after 13 months: what its reports are made of.

Written by the store itself (tests/e2e/driven_store.py), so that the audit chain holds.
"""
import heapq
import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import driven_store  # pylint: disable=wrong-import-position
from driven_store import DAY, HOUR, MINUTE, SECOND  # pylint: disable=wrong-import-position

FIRST_PORT, OURS = 1000, "10.0.0.0"
NETWORKS = ("0.0.0.0/0", "10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24", "10.4.0.0/24")
PEOPLE = ("ada", "bob", "carla", "eve")
DECISIONS_A_DAY, LOGINS_A_DAY, RESTARTS_EVERY_DAYS, REVIEWED_EVERY_DAYS = 20, 50, 30, 90


def port_row(number, at, change, **more):
    return {"record": "listener", "put": at, "at": at, "transport": "tcp", "ip": OURS,
            "port": FIRST_PORT + number, "process": f"server{number}", "since": more.pop("since"),
            "exe": f"/usr/sbin/server{number}", "user": "daemon", "unit": f"server{number}.service",
            "reach": "outside", "authorized": number % 10 != 0, "change": change, "sockets": 1,
            "approval": None if number % 10 == 0 else f"approval{number}", **more}


class Year:
    """Of a host with so many ports, for so many days until now."""

    def __init__(self, now_s, ports, days):
        self.now, self.first = now_s * SECOND, (now_s - days * 86400) * SECOND
        self.ports, self.days = ports, days

    def times(self, step, offset=0):
        return range(self.first + offset, self.now, step)

    def hours(self):
        """How the monitor was; a clock that begins anew each hour."""
        for start in self.times(HOUR):
            yield {"record": "health", "put": start + HOUR, "start": start // HOUR * HOUR,
                   "interval_s": 3600, "seconds": 3600, "packets": 3_000_000, "dropped": 0,
                   "records_dropped": 0, "undecoded": 0, "flows_evicted": 0, "flows_refused": 0,
                   "contacts_left_out": 0, "cpu_ratio": 0.02, "rss_max_bytes": 60_000_000,
                   "lag_max_us": 900, "unsynchronised": 0, "clock_error_max_us": 1500}

    def starts(self):
        """Each port at each start of the monitor."""
        for at in self.times(RESTARTS_EVERY_DAYS * DAY, MINUTE):
            for number in range(self.ports):
                yield port_row(number, at, "opened", since=self.first)

    def visitors(self):
        """One more port on each day, for an hour."""
        for day, at in enumerate(self.times(DAY, 2 * HOUR)):
            number = self.ports + day % 50
            yield port_row(number, at, "opened", since=at)
            yield port_row(number, at + HOUR, "closed", since=at, sockets=0)

    def approvals(self):
        """Each entry of the register, and its reviews."""
        for at in self.times(REVIEWED_EVERY_DAYS * DAY, 2 * MINUTE):
            for number in range(self.ports):
                if number % 10 != 0:
                    is_first = at < self.first + DAY
                    yield {"record": "approval", "put": at, "at": at, "id": f"approval{number}",
                           "state": "approved" if is_first else "reviewed", "transport": "tcp",
                           "port": FIRST_PORT + number, "port_last": FIRST_PORT + number,
                           "owner": PEOPLE[number % 4], "reason": "orders", "approver": "carla",
                           "since": self.first, "review": at + 2 * REVIEWED_EVERY_DAYS * DAY}

    def conversations(self):
        """Each port with each network on each day."""
        for day in self.times(DAY):
            start = day // DAY * DAY
            for number, network in itertools.product(range(self.ports), NETWORKS):
                yield {"record": "conversation", "put": day + HOUR, "start": start,
                       "client_zone": "outside" if network == NETWORKS[0] else "home",
                       "client_network": network, "server_zone": "own", "server_network": OURS,
                       "port": FIRST_PORT + number, "transport": "tcp", "flows": 40,
                       "disallowed": 40 if number % 10 == 0 else 0,
                       "cleartext": 40 if number % 20 == 0 else 0, "client_bytes": 40_000,
                       "server_bytes": 900_000, "first": start + HOUR, "last": start + 20 * HOUR}

    def rulesets(self):
        """The packet filter once a day; another one each week, announced."""
        for day, at in enumerate(self.times(DAY, 30 * MINUTE)):
            is_new = day % 7 == 0
            yield {"record": "ruleset", "put": at, "at": at, "sha256": f"{day // 7:064x}",
                   "change": "changed" if is_new else "unchanged", "tables": 2, "chains": 6,
                   "rules": 80, "drops_unnamed": True}
            if is_new:
                yield {"record": "deployment", "put": at, "at": at - MINUTE, "name": "firewall",
                       "actor": PEOPLE[day % 4], "summary": "rules of the week"}

    def decisions(self):
        for number, at in enumerate(self.times(DAY // DECISIONS_A_DAY, 5 * MINUTE)):
            yield {"record": "audit", "put": at, "at": at, "actor": PEOPLE[number % 4],
                   "action": ("sign_in", "incident_acknowledge", "block")[number % 3],
                   "subject": f"192.0.2.{number % 250}"}

    def logins(self):
        for number, at in enumerate(self.times(DAY // LOGINS_A_DAY, 7 * MINUTE)):
            yield {"record": "login", "put": at, "at": at, "client_ip": f"10.1.0.{number % 200}",
                   "client_port": 40000 + number % 20000, "server_ip": OURS, "server_port": 22,
                   "transport": "tcp", "protocol": "ssh", "user": PEOPLE[number % 4],
                   "outcome": "failure" if number % 9 == 0 else "success", "method": "publickey",
                   "seen_by": "log"}

    def rows(self):
        """Everything in the order in which it came."""
        start = {"record": "audit", "put": self.first, "at": self.first, "actor": "breakwater",
                 "action": "start"}
        return itertools.chain(
            driven_store.beginning(start, ()),
            heapq.merge(self.hours(), self.starts(), self.visitors(), self.approvals(),
                        self.conversations(), self.rulesets(), self.decisions(), self.logins(),
                        key=lambda row: row["put"]))

    def fill(self, folder):
        driven_store.make(folder, self.rows())
