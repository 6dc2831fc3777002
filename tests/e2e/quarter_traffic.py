"""quarter_traffic.py: what was seen in the quarter hour by hour, and all its records.

See quarter_past.py; this is of packets, probes and the monitor's own health.
"""
import dataclasses

import driven_store
import quarter_past as past
from driven_store import DAY, HOUR, MINUTE, SECOND
from quarter_past import DAYS, LAB, OFFICE, OURS, at, is_watched

HEALTH = {"dropped": 0, "records_dropped": 0, "undecoded": 0, "flows_evicted": 0,
          "flows_refused": 0, "contacts_left_out": 0}
CPU, RESIDENT, LAG_US, CLOCK_ERROR_US = 0.125, 60_000_000, 900, 1500
CLIENT_PORTS, FILES = (25, 100), (125, 1000)   # taken, of how many


# ---- the monitor itself ----

@dataclasses.dataclass
class Hour:
    """What is known of the monitor in it."""

    start: int
    seconds: int
    packets: int
    dropped: int = 0
    unsynchronised: int = 0


def hours():
    """Each hour in which it ran."""
    for start in range(past.FIRST, past.NOW, HOUR):
        watched = sum(max(min(end, start + HOUR) - max(begin, start), 0)
                      for begin, end in past.RUNS) // SECOND
        lost = (past.LOST[1] - past.LOST[0]) // SECOND if start == past.LOSSY else 0
        is_unsynchronised = past.UNSYNCHRONISED[0] <= start < past.UNSYNCHRONISED[1]
        if watched:
            yield Hour(start, watched, watched * past.A_SECOND, lost * past.LOST_A_SECOND,
                       watched if is_unsynchronised else 0)


def self_record(when, begin, dropped):
    return {"record": "self", "put": when, "at": when, **HEALTH, "dropped": dropped,
            "packets": (when - begin) // SECOND * past.A_SECOND, "cpu_ratio": CPU,
            "rss_bytes": RESIDENT, "lag_us": LAG_US, "clock_synchronised": True,
            "clock_error_us": CLOCK_ERROR_US, "client_ports": CLIENT_PORTS[0],
            "client_ports_max": CLIENT_PORTS[1], "files": FILES[0], "files_max": FILES[1]}


def health_records():
    """Seconds only where the store makes something of them: begins, ends and losses; other
    hours as it has made them."""
    for begin, end in past.RUNS:
        yield self_record(begin + SECOND, begin, 0)
        yield self_record(end, begin, 0)
    begin, dropped = past.RUNS[1][0], 0
    for when in range(past.LOSSY - SECOND, past.LOSSY + HOUR, SECOND):
        dropped += past.LOST_A_SECOND if past.LOST[0] <= when < past.LOST[1] else 0
        yield self_record(when, begin, dropped)
    for hour in hours():
        if hour.start == past.LOSSY:
            continue
        yield {"record": "health", "put": min(hour.start + HOUR, past.NOW), "start": hour.start,
               "interval_s": 3600, **HEALTH, "seconds": hour.seconds, "packets": hour.packets,
               "cpu_ratio": CPU, "rss_max_bytes": RESIDENT, "lag_max_us": LAG_US,
               "unsynchronised": hour.unsynchronised, "clock_error_max_us": CLOCK_ERROR_US,
               # As soon as the quarter is over nearly none is left.
               "client_ports_ratio": 0.95 if hour.start == past.END
                                     else CLIENT_PORTS[0] / CLIENT_PORTS[1],
               "files_ratio": FILES[0] / FILES[1]}


# ---- services ----

@dataclasses.dataclass
class Service:
    """What a port did once a day, at noon."""

    ip: str
    port: int
    service: str
    protocol: str
    process: str
    zone: str
    flows: int
    since: int = past.FIRST
    until: int = past.NOW
    rejected: int = 0
    unused: bool = None
    client_bytes: int = 4000
    server_bytes: int = 90000

    def days(self):
        return [at(day) for day in range(-3, DAYS + 1)
                if is_watched(at(day, 12)) and self.since <= at(day, 12) < self.until]


SERVICES = [
    Service(OURS, 443, "https", "tls", "nginx", "own", 100),
    Service(OURS, 22, "ssh", "ssh", "sshd", "own", 5),
    Service(OURS, 3000, "", "http", "node", "own", 4, since=at(50)),
    Service(OURS, 4444, "", "", None, "own", 3, at(20), at(21), 3, True),
    Service("10.20.1.9", 5000, "", "http", None, "home", 2),
    Service("203.0.113.80", 443, "https", "tls", None, "outside", 7),
    Service("203.0.113.81", 443, "https", "tls", None, "outside", 1, at(3), at(5)),
    Service("203.0.113.82", 25, "smtp", "smtp", None, "outside", 1, at(-2), at(0)),
    Service("203.0.113.83", 25, "smtp", "smtp", None, "outside", 1, past.END),
]


@dataclasses.dataclass
class Conversation:
    """Of these days, from eight to six; connections of one of them."""

    client_zone: str
    client_network: str
    server_zone: str
    server_network: str
    port: int
    first_day: int
    last_day: int
    flows: int
    disallowed: int = 0
    cleartext: int = 0

    def days(self):
        return [at(day) for day in range(self.first_day, self.last_day + 1)
                if is_watched(at(day, 8)) and is_watched(at(day, 18))]


CONVERSATIONS = [
    Conversation("home", OFFICE, "own", OURS, 443, -2, DAYS, 20),
    Conversation("home", OFFICE, "own", OURS, 21, 12, 12, 14, 0, 14),
    Conversation("home", OFFICE, "own", OURS, 23, 15, 15, 4, 4, 4),
    Conversation("home", LAB, "own", OURS, 3000, 50, DAYS, 2, 2, 2),
    Conversation("outside", past.ANYWHERE, "own", OURS, 22, 20, 20, 40),
    Conversation("own", OURS, "outside", past.ANYWHERE, 443, -2, DAYS, 6, None),
    Conversation("own", OURS, "home", OFFICE, 5000, -2, DAYS, 2, None),
    Conversation("home", LAB, "own", OURS, 9000, DAYS, DAYS, 2, 2, 2),
    Conversation("home", LAB, "own", OURS, 6000, -1, -1, 2, 2, 2),
]
SCANS = [(at(61, 10), "10.20.1.77", 22, "open", "ssh", "OpenSSH 9.2"),
         (at(61, 10), "10.20.1.77", 23, "closed", "telnet", None),
         (at(71, 10), "10.20.1.77", 22, "open", "ssh", "OpenSSH 9.3"),
         (past.END + HOUR, "10.20.1.78", 22, "open", "ssh", "OpenSSH 9.3")]


def service_records():
    for one in SERVICES:
        for day in one.days():
            yield {"record": "port", "put": day + DAY // 2, "start": day + DAY // 2,
                   "server_ip": one.ip, "port": one.port, "transport": "tcp",
                   "service": one.service, "protocol": one.protocol, "process": one.process,
                   "flows": one.flows, "rejected": one.rejected, "unanswered": 0,
                   "client_bytes": one.client_bytes, "server_bytes": one.server_bytes,
                   "unused": one.unused, "state": "closed" if one.unused else "open"}
    for one in CONVERSATIONS:
        for day in one.days():
            for begin, end in ((day + 8 * HOUR, day + 12 * HOUR), (day + 12 * HOUR, day + 18 * HOUR)):
                yield {"record": "conversation", "put": end, "start": day,
                       "client_zone": one.client_zone, "client_network": one.client_network,
                       "server_zone": one.server_zone, "server_network": one.server_network,
                       "port": one.port, "transport": "tcp", "flows": one.flows // 2,
                       "disallowed": one.disallowed and one.disallowed // 2,
                       "cleartext": one.cleartext // 2, "client_bytes": 500 * one.flows,
                       "server_bytes": 2500 * one.flows, "first": begin, "last": end}
    for when, ip, port, state, service, software in SCANS:
        yield {"record": "scan", "put": when, "at": when, "ip": ip, "port": port,
               "transport": "tcp", "state": state, "service": service, "software": software}


# ---- who logged in ----

@dataclasses.dataclass
class Login:
    at: int
    client_ip: str
    client_port: int
    port: int
    protocol: str
    user: str
    outcome: str
    seen_by: str = "packets"
    cleartext: bool = True


LOGINS = [
    Login(at(-1, 8), "10.20.1.5", 40000, 21, "ftp", "anna", "success"),
    *(Login(at(12, 8, minute), "10.20.1.5", 40001 + minute, 21, "ftp", "anna",
            "failure" if minute == 0 else "success") for minute in range(12)),
    *(Login(at(12, 9, minute), "10.20.1.6", 40001 + minute, 21, "ftp", "ben", "success")
      for minute in range(2)),
    *(Login(at(15, 9, minute), "10.20.1.7", 41000 + minute, 23, "telnet", "oper", "success")
      for minute in range(3)),
    *(Login(at(20, 3) + 5 * SECOND * number, past.BAD, 50000 + number, 22, "ssh", "root",
            "failure", "log", False) for number in range(40)),
    Login(past.END + HOUR, "10.20.1.5", 40100, 21, "ftp", "anna", "success"),
]
LASTS = 2 * SECOND   # a connection of somebody who logs in
FLOW_BYTES = (700, 1900)


def login_records():
    for one in LOGINS:
        ends = {"client_ip": one.client_ip, "client_port": one.client_port, "server_ip": OURS,
                "server_port": one.port, "transport": "tcp", "protocol": one.protocol}
        yield {"record": "login", "put": one.at + SECOND, "at": one.at, **ends, "user": one.user,
               "outcome": one.outcome, "method": "password", "seen_by": one.seen_by}
        yield {"record": "flow", "put": one.at + LASTS, "start": one.at, "end": one.at + LASTS,
               **ends, "state": "SF", "client_bytes": FLOW_BYTES[0], "process": "daemon",
               "server_bytes": FLOW_BYTES[1], "cleartext": one.cleartext,
               "login_user": one.user if one.cleartext else None}


# ---- services that are asked ----

PROBES_AT = 5 * MINUTE   # after each full hour
STATES = {  # by target: (from, until, state, whether in maintenance)
    past.SITE: ((at(33, 1), at(33, 4), "down", False), (at(66, 12), at(66, 17), "degraded", False),
                (at(67, 2), at(67, 5), "down", True), (at(68, 2), at(68, 4), "unknown", False),
                (past.END, past.NOW, "down", False)),
    past.GATEWAY: ((at(-2), at(-1), "down", False),),
}


def probes():
    """(when, target, state, whether in maintenance)"""
    for target, times in STATES.items():
        for begin in range(past.FIRST, past.NOW, HOUR):
            when = begin + PROBES_AT
            state, maintenance = next(((state, maintenance) for since, until, state, maintenance
                                       in times if since <= when < until), ("up", False))
            if is_watched(when):
                yield when, target, state, maintenance


LEVELS = [(at(28), "site", past.SITE, 0.999, 1.0, 1.0),
          (at(91), "site", past.SITE, 0.999, 0.9985, 0.0),
          (at(91), "gateway", past.GATEWAY, 0.99, 1.0, 1.0),
          (past.END + HOUR, "site", past.SITE, 0.999, 1.0, 1.0)]
FORECASTS = [
    {"at": at(30), "subject": "store", "metric": "store_bytes", "limit": 1e10, "now": 1e9,
     "predicted": 3e9, "probability": 0.125, "headroom_ratio": 0.5},
    {"at": at(89), "subject": "store", "metric": "store_bytes", "limit": 1e10, "now": 2e9,
     "predicted": 9e9, "probability": 0.75, "headroom_ratio": 0.25,
     "crosses_at": past.END + 20 * DAY},
    {"at": at(60), "subject": "machine", "metric": "files_ratio", "limit": 1.0, "now": 0.125,
     "predicted": 0.25, "probability": 0.25, "headroom_ratio": 0.5},
    {"at": at(62), "subject": past.SITE, "metric": "certificate_s", "limit": 0.5, "now": 9e5,
     "predicted": 0.25, "probability": 1.0, "headroom_ratio": 0.0, "crosses_at": at(95)},
    {"at": at(80), "subject": past.SITE, "metric": "certificate_s", "limit": 0.5,
     "hidden": "it was renewed"},
    {"at": past.END + HOUR, "subject": "store", "metric": "store_bytes", "limit": 1e10,
     "now": 2e9, "predicted": 3e9, "probability": 0.0, "headroom_ratio": 0.75},
]
ANOMALIES = [(at(31, 4), "192.0.2.10:443/tcp", "port.flows", 9.0, 1.0, 3.0, 0.75),
             (at(31, 5), "192.0.2.10:443/tcp", "port.flows", 12.0, 1.0, 4.0, 0.875),
             (at(33, 2), past.SITE, "probe.total_us", 5e6, 1e3, 9e3, 1.0),
             (past.END + HOUR, past.SITE, "probe.total_us", 6e6, 1e3, 9e3, 1.0)]


def asked_records():
    for when, target, state, maintenance in probes():
        yield {"record": "probe", "put": when, "at": when, "target": target, "by": "probe",
               "protocol": target.split(":", maxsplit=1)[0], "state": state, "hard_state": state,
               "ip": OURS, "reason": "timeout" if state == "down" else None,
               "maintenance": maintenance}
    for when, name, target, objective, reached, left in LEVELS:
        yield {"record": "level", "put": when, "at": when, "name": name, "target": target,
               "measure": "availability", "objective": objective, "reached": reached,
               "window_s": 28 * 86400, "budget_left": left, "unit": "seconds"}
    for one in FORECASTS:
        yield {"record": "forecast", "put": one["at"], **one}
    for when, target, metric, value, low, high, score in ANOMALIES:
        yield {"record": "anomaly", "put": when, "at": when, "target": target, "metric": metric,
               "value": value, "low": low, "high": high, "score": score}


# ---- all of it ----

def records():
    """In the order in which the monitor put them."""
    first, *rest = past.audit_records()
    rows = [row for part in (rest, past.port_records(), past.approval_records(),
                             past.finding_records(), past.incident_records(), past.block_records(),
                             past.change_records(), health_records(), service_records(),
                             login_records(), asked_records()) for row in part]
    # Behind what the monitor put in that instant.
    rows.append(driven_store.stop(past.STOPPED[0]))
    return driven_store.beginning(first, rows)
