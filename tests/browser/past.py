"""past.py: what happened in the past that past.c has made: outages, attacks, people.

Rows go into the tables of the store as they are: columns are the fields of records.
"""
import collections
import dataclasses
import datetime
import json
import math
import random
import sqlite3
import subprocess

import lab as e2e
import stage as places

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
TIMES = ("at", "crosses_at", "crosses_low", "crosses_high", "crossed_last")
PROBE_EVERY = 5 * MINUTE
SITE = f"https://{places.OURS}/#server_name=www.harbour.example&verify=dates"
PLANNER = f"http://{places.OURS}/api/tides"
DATABASE = f"tcp://{places.DATABASE}:5432"
SHOP = f"http://{places.SHOP}/"
PRINTER = f"icmp://{places.PRINTER}"


@dataclasses.dataclass
class Target:
    """What was asked, and how long it usually took."""

    name: str
    protocol: str
    ip: str
    port: int
    connect_us: int
    first_byte_us: int
    tls_us: int = None


@dataclasses.dataclass
class Outage:
    """A target's: days ago, for so long."""

    target: Target
    days_ago: float
    minutes: int
    reason: str
    detail: str
    acknowledged_after: int = None   # minutes


TARGETS = [
    Target(SITE, "https", places.OURS, 443, 45, 900, 3400),
    Target(PLANNER, "http", places.OURS, 80, 45, 8200),
    Target(DATABASE, "tcp", places.DATABASE, 5432, 160, None),
    Target(SHOP, "http", places.SHOP, 80, 210, 11000),
    Target(PRINTER, "icmp", places.PRINTER, None, 180, None),
    Target(f"ssh://{places.OURS}:22", "ssh", places.OURS, 22, 40, 9000),
    Target(f"dns://{places.OURS}:53", "dns", places.OURS, 53, None, 320),
    Target(f"redis://{places.OURS}:6379", "redis", places.OURS, 6379, 40, 130),
]
BY_NAME = {target.name: target for target in TARGETS}
OUTAGES = [
    Outage(BY_NAME[DATABASE], 20.5, 130, "timeout", "no answer to 3 SYNs in 5 s", 11),
    Outage(BY_NAME[SHOP], 15.2, 12, "refused", "port 80 is closed: it answered with RST"),
    Outage(BY_NAME[PLANNER], 9.1, 26, "error", "the server answered 503", 4),
    Outage(BY_NAME[SHOP], 6.3, 47, "refused", "port 80 is closed: it answered with RST", 9),
    Outage(BY_NAME[PRINTER], 3.6, 200, "unreachable", "the host is unreachable (ICMP)", 95),
    Outage(BY_NAME[PLANNER], 1.9, 6, "timeout", "connected, and no answer in 5 s"),
]
DEPLOYMENTS = ((22.1, "berth-planner", "4.0", 443, "sign-in by passkey"),
               (9.4, "berth-planner", "4.1", 443, "regatta week"),
               (6.31, "shop", "2.8.1", None, "new price list"),
               (2.0, "nginx", "1.22.1-9+deb12u2", 443, "security update"))


class Past:
    """Fills the store of a folder; told is what past.c said of its times."""

    def __init__(self, folder, seed, told):
        self.now, self.first = told["now"], told["first"]
        self.gap = (told["gap"], told["gap_end"])
        self.loaded = (told["loaded"], told["loaded_end"])
        self.chance = random.Random(seed)
        self.db = sqlite3.connect(folder / "breakwater.db")
        self.db.execute("PRAGMA synchronous=OFF")

    def fill(self):
        with self.db:
            self.put("gap", start=self.gap[0], end=self.gap[1], reason="stopped")
            start = self.ago(3.2)
            self.put("gap", start=start, end=start + 20 * MINUTE, reason="dropped", count=48213)
            self.put_self()
            self.put_probes()
            for outage in OUTAGES:
                self.put_outage(outage)
            self.put_levels()
            self.put_attacks()
            self.put_logins()
            self.put_rest()
            # The daemon counts these probes when it finds a store of before there was this table.
            self.db.execute("DROP TABLE uptime")
        self.db.close()

    # ---- small things ----

    def put(self, table, **row):
        names = ",".join(f'"{name}"' for name in row)
        places_of = ",".join("?" * len(row))
        self.db.execute(f"INSERT INTO {table}({names})VALUES({places_of})",
                        list(row.values()))

    def ago(self, days):
        return int(self.now - days * DAY)

    def name(self):
        return f"{self.chance.getrandbits(64):016x}"

    def is_watched(self, at):
        return not self.gap[0] <= at < self.gap[1]

    def is_loaded(self, at):
        return self.loaded[0] <= at < self.loaded[1]

    # ---- probes ----

    def put_self(self):
        """Every minute of the last day, every five before."""
        rows, packets, size = [], 0, 0
        last_day = self.ago(1) // MINUTE * MINUTE
        times = [*range(self.first, last_day, 5 * MINUTE), *range(last_day, self.now, MINUTE)]
        for at, step in zip(times, (end - begin for begin, end in zip(times, times[1:]))):
            if not self.is_watched(at):
                continue
            load = self.busy(at) * self.chance.uniform(0.7, 1.3)
            packets += int(900 * load * step / SECOND)
            size += int(620_000 * load * step / SECOND)
            rows.append((at, at, packets, size, 0, 0, int(180 * load), 0.003 + 0.012 * load,
                         int(48e6 + 4e6 * load),
                         int(20e6 + 25e6 * (at - self.first) / (self.now - self.first)), "ok",
                         int(900 * self.chance.uniform(0.5, 2))))
        self.db.executemany(
            "INSERT INTO self(minute,at,packets,bytes,dropped,records_dropped,flows,cpu_ratio,"
            "rss_bytes,store_bytes,store_state,lag_us)VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", rows)

    def busy(self, at):
        """As ports are in past.c: by day, and much on the day when everybody came."""
        away = abs(at % DAY / HOUR - 13)
        level = 0.06 + math.exp(-min(away, 24 - away) ** 2 / 40)
        return level * (5 if self.is_loaded(at) else 1)

    def outage_at(self, target, at):
        return next((one for one in OUTAGES if one.target is target and
                     self.ago(one.days_ago) <= at <
                     self.ago(one.days_ago) + one.minutes * MINUTE), None)

    def put_probes(self):
        rows = []
        for target in TARGETS:
            since, was = self.first, "up"
            for at in range(self.first, self.now - MINUTE, PROBE_EVERY):
                if not self.is_watched(at):
                    continue
                outage = self.outage_at(target, at)
                state = "down" if outage else "up"
                if state != was:
                    since, was = at, state
                rows.append(self.probe(target, at, state, since, outage))
        self.db.executemany(
            "INSERT INTO probe(at,target,by,protocol,transport,ip,port,state,reason,detail,"
            "hard_state,hard_since,connect_us,tls_us,first_byte_us,total_us,answer_us)"
            "VALUES(?,?,'probe',?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)

    def probe(self, target, at, state, since, outage):
        load = 3 if self.is_loaded(at) else 1
        times = [one and state == "up" and
                 int(one * load * self.chance.lognormvariate(0, 0.35)) or None
                 for one in (target.connect_us, target.tls_us, target.first_byte_us)]
        total = sum(filter(None, times)) or 5 * SECOND
        transport = {"icmp": "icmp", "dns": "udp"}.get(target.protocol, "tcp")
        return (at, target.name, target.protocol, transport, target.ip, target.port, state,
                outage and outage.reason, outage and outage.detail, state, since, *times,
                total, total)

    # ---- incidents ----

    def put_incident(self, begin, end, row, lines, acknowledged_after=None):
        """Over; with its messages, and what a person did after so many minutes."""
        name = self.name()
        lines = [(begin + 2 * SECOND, "notification", None,
                  f"told http://{places.STREET}:8088/incidents: new"), *lines]
        if acknowledged_after is not None:
            at = begin + acknowledged_after * MINUTE
            row = {**row, "acknowledged": at, "acknowledged_by": "harbour", "owner": "harbour"}
            lines.append((at, "acknowledged", "harbour", "harbour takes care of it"))
        lines.append((end, "resolved", None, "all of it is over"))
        self.put("incident", id=name, at=end, first=begin, detected=begin + SECOND, last=end,
                 end=end, state="resolved", targets=1, closed_by="breakwater", notifications=2,
                 **{"alerts": 0, "findings": 0, "automatic": acknowledged_after is None,
                    **row})
        for at, kind, actor, summary in sorted(lines, key=lambda line: line[0]):
            self.put("timeline", incident=name, at=at, kind=kind, actor=actor, summary=summary)
        for at, reason in ((begin + 2 * SECOND, "new"), (end + 3 * SECOND, "resolved")):
            self.put("notification", at=at, sink=f"http://{places.STREET}:8088/incidents",
                     incident=name, reason=reason, incidents=1, state="sent", tries=1,
                     latency_us=self.chance.randint(2000, 90000))
        return name

    def put_outage(self, outage):
        target, begin = outage.target, self.ago(outage.days_ago)
        end = begin + outage.minutes * MINUTE
        what = f"{target.name} is down: {outage.detail}"
        alert = self.name()
        incident = self.put_incident(begin, end, {
            "rule": "down", "target": target.name, "server_ip": target.ip, "port": target.port,
            "severity": "high", "summary": what, "cause": what, "alerts": 1},
            [(begin, "alert", None, what),
             (begin, "probe", None, f"{target.name}: {outage.reason}")],
            outage.acknowledged_after)
        self.put("alert", id=alert, at=end, start=begin, end=end, state="resolved", rule="down",
                 kind="value", target=target.name, server_ip=target.ip, port=target.port,
                 transport="tcp", metric="probe.hard_state", severity="high", summary=what,
                 incident=incident)
        failure = self.name()
        self.put("failure", at=begin, id=failure, target=target.name, protocol=target.protocol,
                 ip=target.ip, port=target.port, state="down", reason=outage.reason,
                 summary=outage.detail, last_up=begin - PROBE_EVERY, lines=2, packets=0)
        for number, (by, text) in enumerate((("client", "SYN"), ("kernel", outage.detail)), 1):
            self.put("transcript", at=begin, id=failure, number=number, by=by, text=text)

    def put_levels(self):
        """How the levels of rules.yaml stood, once an hour."""
        for name, target, objective in (("site", SITE, 0.999), ("shop", SHOP, 0.995),
                                        ("available", DATABASE, 0.999)):
            hours = collections.deque(maxlen=30 * 24)  # the window: (good, bad) of each
            for at in range(self.first, self.now - HOUR, HOUR):
                watched = [minute for minute in range(at, at + HOUR, 10 * MINUTE)
                           if self.is_watched(minute)]
                down = sum(self.outage_at(BY_NAME[target], minute) is not None
                           for minute in watched)
                hours.append((600 * (len(watched) - down), 600 * down))
                good, bad = (sum(of) for of in zip(*hours))
                known = good + bad
                reached = good / known if known else None
                left = 1 - bad / ((1 - objective) * 30 * 86400)
                self.put("level", at=at + HOUR, name=name, target=target,
                         measure="availability", objective=objective, window_s=30 * 86400,
                         reached=reached, unit="seconds", good=good, bad=bad,
                         unknown=30 * 86400 - known, budget_left=max(left, 0),
                         reached_7d=reached, reached_30d=reached)

    # ---- attacks ----

    def put_attacks(self):
        for number in range(46):
            begin = self.ago(self.chance.uniform(0.3, 29))
            source = f"192.0.2.{self.chance.randint(2, 126)}"
            if self.is_watched(begin):
                (self.put_scan, self.put_scan, self.put_guesses, self.put_trap)[number % 4](
                    begin, source)

    def put_finding(self, begin, end, source, **row):
        name = self.name()
        self.put("finding", id=name, at=end, first=begin, last=end, state="closed",
                 client_ip=source, client_prefix=32, server_ip=places.OURS, transport="tcp",
                 latency_us=self.chance.randint(300, 40000), **row)
        return name

    def put_scan(self, begin, source):
        ports = self.chance.choice((22, 100, 400, 1000))
        end = begin + ports * SECOND // 20
        what = f"{source} scanned {ports} ports of {places.OURS} (syn)."
        incident = self.put_incident(begin, end, {
            "rule": "port_scan", "target": places.OURS, "client_ip": source, "severity": "low",
            "server_ip": places.OURS, "summary": what, "cause": what, "findings": 1},
            [(begin, "finding", None, what)])
        self.put_finding(begin, end, source, kind="port_scan", technique="syn", ports=ports,
                         hosts=1, attempts=ports, severity="low", confidence=0.95,
                         proof="unsolicited", detector="port_scan", summary=what,
                         mitre="T1595.001", tool=self.chance.choice(("nmap", "masscan", "zmap")),
                         incident=incident)

    def put_guesses(self, begin, source):
        tries = self.chance.randint(50, 400)
        end = begin + tries * SECOND
        what = f"{source} guesses passwords at ssh (22/tcp) of {places.OURS}."
        incident = self.put_incident(begin, end, {
            "rule": "brute_force", "target": f"{places.OURS}:22/tcp", "client_ip": source,
            "server_ip": places.OURS, "port": 22, "transport": "tcp", "severity": "medium",
            "summary": what, "cause": what, "findings": 1, "automatic": 1},
            [(begin, "finding", None, what),
             (begin + 3 * SECOND, "block", None, f"{source} is blocked at 22/tcp")])
        finding = self.put_finding(
            begin, end, source, kind="brute_force", technique="password_guessing", port=22,
            attempts=tries, users=self.chance.randint(3, 20), severity="medium",
            confidence=0.97, proof="dialogue", detector="brute_force", summary=what,
            mitre="T1110.001", incident=incident)
        self.put("block", id=self.name(), at=begin + 30 * MINUTE, start=begin + 3 * SECOND,
                 until=begin + 30 * MINUTE, address=source, prefix_len=32, transport="tcp",
                 port=22, action="drop", state="expired", finding=finding, actor="breakwater",
                 reason=f"brute_force: {what[:-1]}; cuts 0 of 312 clients of the last 30 days",
                 proof="dialogue", strike=1, latency_us=self.chance.randint(3000, 30000),
                 packets=self.chance.randint(20, 900), bytes=self.chance.randint(2000, 60000),
                 sessions=self.chance.randint(0, 3), clients=312, clients_cut=0)
        for number in range(0, tries, 10):
            self.put("login", at=begin + number * SECOND, transport="tcp", client_ip=source,
                     client_port=self.chance.randint(32768, 60999), server_ip=places.OURS,
                     server_port=22, iface="eth0", protocol="ssh", outcome="failure",
                     method="password", seen_by="size")

    def put_trap(self, begin, source):
        port = self.chance.choice((23, 3389, 5900))
        what = f"{source} connected, and talked, to trap port {port}, where nobody has a reason to."
        incident = self.put_incident(begin, begin + MINUTE, {
            "rule": "trap_hit", "target": source, "client_ip": source, "severity": "medium",
            "summary": what, "cause": what, "findings": 1}, [(begin, "finding", None, what)])
        self.put_finding(begin, begin + MINUTE, source, kind="trap_hit", port=port, attempts=1,
                         severity="medium", confidence=0.9, proof="dialogue",
                         detector="trap_hit", summary=what, mitre="T1046", incident=incident)

    # ---- the rest ----

    def put_logins(self):
        """People at work."""
        for day in range(29):
            for _ in range(self.chance.randint(4, 14)):
                at = self.ago(day) // DAY * DAY + int(self.chance.gauss(12, 2.5) * HOUR)
                if self.is_watched(at) and self.first < at < self.now:
                    self.put("login", at=at, transport="tcp",
                             client_ip=self.chance.choice(places.OFFICE),
                             client_port=self.chance.randint(32768, 60999),
                             server_ip=places.OURS, server_port=22, iface="eth0",
                             protocol="ssh", user="alice", method="publickey", seen_by="log",
                             outcome="success", source="sshd")

    def put_rest(self):
        for days, name, version, port, why in DEPLOYMENTS:
            self.put("deployment", at=self.ago(days), name=name, version=version,
                     server_ip=places.OURS if port else places.SHOP, port=port,
                     actor="harbour", summary=why)
        for hour in range(10):
            at = self.loaded[0] + hour * HOUR
            self.put("anomaly", at=at, target=f"{places.OURS}:443/tcp",
                     metric="port.response_p95_us", value=140000 + 3000 * hour, low=21000,
                     high=48000, score=0.97)
        for day in range(29):
            at = self.ago(day + 0.4)
            if self.is_watched(at):
                self.put("self_test", at=at, result="passed", versions="IPv4, IPv6",
                         detect_us=self.chance.randint(4000, 30000), sent=64, seen=12, passed=0,
                         block_us=self.chance.randint(9000, 45000))


def fill(folder, seed, told):
    Past(folder, seed, json.loads(told)).fill()
    foretell(folder)


def foretell(folder):
    """What the program makes of that past, as the daemon does once a day."""
    said = subprocess.run([e2e.BREAKWATER, "forecast", "--json", "--state", str(folder)],
                          check=False, capture_output=True, text=True).stdout
    db = sqlite3.connect(folder / "breakwater.db")
    with db:
        for row in map(json.loads, said.splitlines()):
            if row.pop("record") != "forecast":
                continue
            names = ",".join(f'"{name}"' for name in row)
            db.execute(f"INSERT INTO forecast({names})VALUES({','.join('?' * len(row))})",
                       [microseconds(value) if name in TIMES else value
                        for name, value in row.items()])
    db.close()


def microseconds(text):
    """Of RFC 3339, in UTC."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(at.timestamp() * SECOND)
