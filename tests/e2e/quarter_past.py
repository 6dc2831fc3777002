"""quarter_past.py: a quarter of which all is known.

What happened is here, once: records_driver.c makes a store of it (records()), and
quarter_rows.py says what a report has to show of it.  The monitor ran for three days
before the quarter and for one after it, and something of each sort happened then, too,
that no report of the quarter may show.
"""
import dataclasses
import datetime

from driven_store import DAY, EPOCH, HOUR, MINUTE, SECOND, text

DAYS = 92


def day_text(when):
    return text(when)[:10]


def at(day, hour=0, minute=0, second=0):
    """Day 0 is the first of the quarter."""
    return BEGIN + day * DAY + hour * HOUR + minute * MINUTE + second * SECOND


BEGIN = (datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc) - EPOCH).days * DAY
END = at(DAYS)
FIRST, NOW = at(-3, 6), at(DAYS + 1)
STOPPED = (at(40, 9, 30), at(41, 16, 30))         # for 31 hours nothing ran
LOSSY = at(60, 14)                                # an hour in which packets were lost,
LOST = (LOSSY + 10 * MINUTE, LOSSY + 50 * MINUTE)  # from the first to the last second of that
A_SECOND, LOST_A_SECOND = 1000, 1000              # packets that came, and that were lost
UNSYNCHRONISED = (at(70, 2), at(70, 5))           # nothing kept the clock right
RUNS = ((FIRST + SECOND, STOPPED[0]), (STOPPED[1], NOW))
GAPS = [{"start": STOPPED[0], "end": STOPPED[1], "reason": "stopped", "blind": True},
        {"start": LOST[0] - SECOND, "end": LOST[1] - SECOND, "reason": "dropped",
         "blind": False, "count": (LOST[1] - LOST[0]) // SECOND * LOST_A_SECOND}]

OURS, OFFICE, LAB, BAD = "192.0.2.10", "10.20.1.0/24", "10.20.2.0/24", "198.51.100.7"
ANYWHERE = "0.0.0.0/0"
SITE, GATEWAY = "https://192.0.2.10/", "icmp://192.0.2.1"


def is_watched(when):
    return any(begin <= when < end for begin, end in RUNS)


# ---- ports and their register ----

@dataclasses.dataclass
class Approval:
    """An entry of the register; reviews are (when, who, what it says)."""

    owner: str
    reason: str
    approver: str
    port: int
    expires: int = None
    review: int = None
    reviewed: int = None
    reviewer: str = None
    next_review: int = None
    withdrawn: int = None


@dataclasses.dataclass
class Port:
    """A socket that listened: in hands of a program from when until when."""

    port: int
    service: str
    process: str
    user: str
    opened: int
    authorized: bool = True
    approval: str = None
    closed: int = None
    transport: str = "tcp"
    ip: str = "0.0.0.0"
    taken_over: int = None     # from another program, the socket stayed the same
    given_up: int = None       # to another
    overflow_at: int = None

    @property
    def exe(self):
        return f"/usr/sbin/{self.process}"

    @property
    def reach(self):
        return "loopback" if self.ip == "127.0.0.1" else "outside"


APPROVALS = {
    "a-ftp": Approval("sales", "price lists", None, 21),
    "a-ssh": Approval("operations", "administration", "carla", 22, review=at(31),
                      reviewed=at(30, 10), reviewer="carla", next_review=at(120)),
    "a-dns": Approval("operations", "names", "carla", 53, withdrawn=END + 6 * HOUR),
    "a-web": Approval("web team", "the site", "carla", 443, expires=at(75)),
    "a-db": Approval("web team", "orders", "carla", 5432, review=at(80)),
    "a-app": Approval("web team", "orders", "carla", 8080),
}
PORTS = [
    Port(21, "ftp", "vsftpd", "ftp", FIRST, approval="a-ftp"),
    Port(22, "ssh", "sshd", "root", FIRST, approval="a-ssh"),
    Port(23, "telnet", "telnetd", "root", at(10, 10), False, closed=at(30, 12)),
    Port(443, "https", "nginx", "www-data", FIRST, approval="a-web",
         overflow_at=at(66, 13)),
    Port(3000, "", "node", "dev", at(50), False),
    Port(5432, "postgresql", "postgres", "postgres", FIRST, approval="a-db", ip="127.0.0.1"),
    Port(8080, "http-alt", "java", "app", at(5, 8), approval="a-app", given_up=at(45, 3)),
    Port(8080, "http-alt", "python3", "app", at(5, 8), False, taken_over=at(45, 3)),
    Port(9100, "", "exporter", "nobody", FIRST, None),
    Port(53, "domain", "named", "bind", FIRST, approval="a-dns", transport="udp"),
    Port(6000, "x11", "Xorg", "dev", FIRST, False, closed=at(-1)),
    Port(9000, "", "later", "dev", END + HOUR, False),
]


def port_record(port, put, change, **more):
    return {"record": "listener", "put": put, "at": put, "transport": port.transport,
            "ip": port.ip, "port": port.port, "process": port.process, "exe": port.exe,
            "user": port.user, "unit": f"{port.process}.service", "package": port.process,
            "service": port.service or None, "reach": port.reach, "approval": port.approval,
            "authorized": port.authorized, "since": port.opened, "change": change,
            "sockets": 0 if change == "closed" else 1, "class": "registered", **more}


def port_records():
    for port in PORTS:
        begin = port.taken_over or port.opened
        yield port_record(port, begin, "changed" if port.taken_over else "opened")
        last = port.closed or port.given_up or NOW
        if begin < STOPPED[0] and last > STOPPED[1]:
            yield port_record(port, STOPPED[1], "opened")
        if port.closed:
            yield port_record(port, port.closed, "closed")
        if port.overflow_at:
            yield port_record(port, port.overflow_at, "changed", overflow_at=port.overflow_at,
                              overflows=17, backlog=511, backlog_max=511)
        approval = APPROVALS.get(port.approval)
        if approval and approval.expires:
            yield port_record(port, approval.expires, "changed", authorized=False)


def approval_records():
    for ident, entry in APPROVALS.items():
        row = {"record": "approval", "id": ident, "transport": "udp" if entry.port == 53 else "tcp",
               "port": entry.port, "port_last": entry.port, "target": f"port {entry.port}",
               "owner": entry.owner, "reason": entry.reason, "approver": entry.approver,
               "expires": entry.expires, "since": FIRST, "review": entry.review}
        yield {**row, "put": FIRST + 2 * SECOND, "at": FIRST + 2 * SECOND, "state": "approved"}
        for state, when, more in (
                ("reviewed", entry.reviewed, {"review": entry.next_review, "reviewed": entry.reviewed,
                                              "reviewer": entry.reviewer}),
                ("expired", entry.expires, {"review": None}),
                ("withdrawn", entry.withdrawn, {"review": None, "owner": "nobody"})):
            if when:
                yield {**row, "put": when, "at": when, "state": state, **more}


# ---- what was found, and what came of it ----

@dataclasses.dataclass
class Finding:
    ident: str
    kind: str
    severity: str
    client: str
    port: int
    first: int
    lasted: int
    attempts: int
    latency_us: int
    incident: str = None

    @property
    def last(self):
        return self.first + self.lasted

    @property
    def closed(self):
        """Nothing more of it came."""
        return self.last + HOUR

    @property
    def summary(self):
        return f"{self.kind} at {self.port} by {self.client}"


@dataclasses.dataclass
class Incident:
    ident: str
    rule: str
    severity: str
    first: int
    said_after: int
    acknowledged: tuple = None     # (when, who)
    closed: tuple = None           # (when, who, why)
    told: tuple = ()               # (after it was said, sink, state)
    comment: tuple = None          # (when, who, what)
    false_positive: bool = None
    automatic: bool = None
    suppressed_by: str = None
    owner: str = None
    ahead: bool = None
    target: str = OURS

    @property
    def detected(self):
        return self.first + self.said_after

    @property
    def summary(self):
        return f"{self.rule}, number {self.ident[-2:]}"


@dataclasses.dataclass
class Block:
    ident: str
    address: str
    port: int
    action: str
    state: str
    start: int
    finding: str = None
    latency_us: int = None
    packets: int = None


SENT = ((5 * SECOND, "mail", "sent"),)
INCIDENTS = [Incident(f"00000000000000{ident}", *rest, **more) for ident, rest, more in (
    ("b0", ("brute_force", "high", at(-2), SECOND), {}),
    ("a1", ("cleartext_login", "high", at(12, 8), 2 * SECOND), {"told": SENT}),
    ("a2", ("cleartext_login", "high", at(15, 9), 4 * SECOND),
     {"told": SENT, "acknowledged": (at(15, 9, 10, 4), "bob"), "owner": "bob", "automatic": False,
      "comment": (at(15, 10), "ada", "only within the rack"),
      "closed": (at(30, 12), "bob", "telnet is switched off")}),
    ("a3", ("brute_force", "high", at(20, 3), 3 * SECOND),
     {"told": ((2 * SECOND, "mail", "failed"), (62 * SECOND, "mail", "sent")), "automatic": True,
      "closed": (at(20, 4), "breakwater", None)}),
    ("a4", ("brute_force", "medium", at(22, 6), 5 * SECOND),
     {"told": SENT, "acknowledged": (at(22, 6, 30, 5), "bob"), "false_positive": True,
      "automatic": False, "closed": (at(22, 7), "bob", "a script with an old password")}),
    ("a5", ("down", "critical", at(33, 1, 5), 60 * SECOND),
     {"told": SENT, "acknowledged": (at(33, 1, 10), "ada"), "owner": "ada", "automatic": False,
      "closed": (at(33, 4, 5), "breakwater", None), "target": SITE}),
    ("a6", ("unauthorized_port", "high", at(50), SECOND),
     {"suppressed_by": "s1", "acknowledged": (END + 2 * HOUR, "bob"), "false_positive": True,
      "automatic": False, "closed": (END + 4 * HOUR, "bob", "a test")}),
    ("a7", ("weak_protocol", "low", at(55, 7), 10 * SECOND),
     {"automatic": False, "closed": (END + 3 * HOUR, "bob", "TLS 1.0 is off")}),
    ("a8", ("unauthorized_port", "medium", at(10, 10), SECOND),
     {"told": SENT, "automatic": False, "closed": (at(30, 12), "bob", "switched off")}),
    ("a9", ("forecast", "medium", at(72), SECOND), {"ahead": True, "target": "store"}),
    # At the end of the quarter neither was over; only one had been answered, by a block.
    ("d1", ("down", "high", at(91, 20), SECOND),
     {"told": SENT, "automatic": True, "closed": (END + HOUR, "breakwater", None)}),
    ("d2", ("brute_force", "high", at(91, 21), SECOND),
     {"told": SENT, "automatic": True, "closed": (END + HOUR, "breakwater", None)}),
    ("c0", ("cleartext_login", "high", END + HOUR, SECOND), {}),
)]
FINDINGS = [
    Finding("f0", "brute_force", "high", BAD, 22, at(-2), HOUR, 500, 1000, INCIDENTS[0].ident),
    Finding("f1", "cleartext_login", "high", "10.20.1.5", 21, at(12, 8), 11 * MINUTE, 12, 1500,
            "00000000000000a1"),
    Finding("f1b", "cleartext_login", "high", "10.20.1.6", 21, at(12, 9), MINUTE, 2, 2500,
            "00000000000000a1"),
    Finding("f2", "cleartext_login", "high", "10.20.1.7", 23, at(15, 9), 2 * MINUTE, 3, 3500,
            "00000000000000a2"),
    Finding("f3", "brute_force", "high", BAD, 22, at(20, 3), 195 * SECOND, 40, 9000,
            "00000000000000a3"),
    Finding("f4", "brute_force", "medium", "198.51.100.9", 22, at(22, 6), MINUTE, 12, 7000,
            "00000000000000a4"),
    Finding("f6", "unauthorized_port", "high", None, 3000, at(50), 0, 1, 400,
            "00000000000000a6"),
    Finding("f7", "weak_protocol", "low", "10.20.1.8", 443, at(55, 7), DAY, 90, 5000,
            "00000000000000a7"),
    Finding("f8", "unauthorized_port", "medium", None, 23, at(10, 10), 0, 1, 600,
            "00000000000000a8"),
    Finding("f9", "port_scan", "notice", "198.51.100.20", 1, at(25, 5), MINUTE, 300, 2000),
    Finding("f10", "host_sweep", "notice", "198.51.100.21", 22, at(91, 23, 30), MINUTE, 90, 3000),
    Finding("f11", "brute_force", "high", "198.51.100.40", 22, at(91, 21), HOUR, 200, 4000,
            "00000000000000d2"),
    Finding("fz", "cleartext_login", "high", "10.20.1.5", 21, END + HOUR, MINUTE, 1, 900,
            "00000000000000c0"),
]
BLOCKS = [
    Block("b3", BAD, 22, "drop", "expired", at(20, 3, 0, 9), "f3", 12000, 700),
    Block("b4", "198.51.100.9", 22, "drop", "vetoed", at(22, 6, 0, 8), "f4"),
    Block("b5", "198.51.100.30", 53, "limit", "expired", at(35, 2), None, 4000, 9000),
    Block("b6", "198.51.100.40", 22, "drop", "expired", at(91, 21, 0, 5), "f11", 6000, 80),
    Block("bz", BAD, 22, "drop", "active", END + 2 * HOUR, None, 3000, 5),
]
ALERT = {"id": "d5", "start": at(33, 1, 5), "end": at(33, 4, 5), "rule": "down", "kind": "value",
         "target": SITE, "metric": "probe.hard_state", "severity": "critical", "value": 2.0,
         "limit": 1.0, "summary": "the site is down", "incident": "00000000000000a5"}


def finding_records():
    for one in FINDINGS:
        row = {"record": "finding", "id": one.ident, "kind": one.kind, "severity": one.severity,
               "client_ip": one.client, "server_ip": OURS, "port": one.port, "transport": "tcp",
               "first": one.first, "attempts": one.attempts, "latency_us": one.latency_us,
               "incident": one.incident, "summary": one.summary, "confidence": 0.875,
               "technique": "listener" if one.client is None else "syn", "proof": "dialogue",
               "evidence": f"{one.attempts} times", "advice": "look at it", "mitre": "T1110.001"}
        for when, state in ((one.first, "open"), (one.closed, "closed")):
            yield {**row, "put": when, "at": when, "last": min(when, one.last), "state": state}


def incident_lines(one):
    """(when, kind, who, what) of its timeline."""
    yield one.first, "alert" if one.rule == "down" else "finding", None, one.summary
    for after, sink, state in one.told:
        if state == "sent":
            yield one.detected + after, "notification", None, f"told {sink}"
    if one.acknowledged:
        yield one.acknowledged[0], "acknowledged", one.acknowledged[1], "taken up"
    if one.comment:
        yield one.comment[0], "comment", one.comment[1], one.comment[2]
    if one.closed and one.closed[1] == "breakwater":
        yield one.closed[0], "resolved", None, "all of it is over"
    elif one.closed:
        yield one.closed[0], "closed", one.closed[1], one.closed[2]


def incident_records():
    for one in INCIDENTS:
        row = {"record": "incident", "id": one.ident, "rule": one.rule, "severity": one.severity,
               "first": one.first, "detected": one.detected, "last": one.first, "state": "firing",
               "summary": one.summary, "cause": f"cause of {one.ident[-2:]}", "target": one.target,
               "targets": 1, "suppressed_by": one.suppressed_by, "ahead": one.ahead}
        yield {**row, "put": one.detected, "at": one.detected}
        if one.acknowledged:
            when, who = one.acknowledged
            row.update(acknowledged=when, acknowledged_by=who, owner=one.owner)
            yield {**row, "put": when, "at": when}
        if one.closed:
            when, who, why = one.closed
            row.update(end=when, closed_by=who, close_reason=why, state="resolved",
                       false_positive=one.false_positive, automatic=one.automatic)
            yield {**row, "put": when, "at": when}
        for when, kind, who, what in incident_lines(one):
            yield {"record": "timeline", "put": max(when, one.detected), "incident": one.ident,
                   "at": when, "kind": kind, "actor": who, "summary": what}
        for number, (after, sink, state) in enumerate(one.told, 1):
            when = one.detected + after
            yield {"record": "notification", "put": when, "at": when, "sink": sink,
                   "incident": one.ident, "reason": "new", "state": state, "incidents": 1,
                   "tries": number, "error": "no answer" if state == "failed" else None}
    yield {"record": "alert", "put": ALERT["end"], "at": ALERT["end"], "state": "resolved", **ALERT}


def block_records():
    for one in BLOCKS:
        yield {"record": "block", "put": one.start, "id": one.ident, "at": one.start,
               "start": one.start, "until": one.start + HOUR, "address": one.address,
               "prefix_len": 32, "port": one.port, "transport": "udp" if one.port == 53 else "tcp",
               "action": one.action, "state": one.state, "finding": one.finding,
               "latency_us": one.latency_us, "packets": one.packets, "actor": "breakwater",
               "reason": f"why {one.ident}", "sessions": 0,
               "vetoed_by": "served" if one.state == "vetoed" else None}


# ---- changes ----

RULESETS = [  # (when it was set, sha256, rules, whether it drops what no rule names)
    (FIRST - DAY, "aa", 12, True), (at(20, 11), "bb", 13, True),
    (STOPPED[0] + HOUR, "cc", 14, True), (at(88, 4), "dd", 2, False),
    (END + 3 * HOUR, "ee", 1, False)]
DEPLOYMENTS = [
    (at(20, 10, 50), "firewall", "ada", "mail is let in"),
    (at(64, 9), "restore-test", "eve", "of orders"),
    (at(85, 9), "firewall-review", "carla", "all rules are needed"),
    (at(90, 2), "backup", "ada", "nightly"),
    (END + 3 * HOUR, "firewall", "ada", "later"), (END + 3 * HOUR, "backup", "mallory", "later")]


def ruleset_readings():
    """(when, change, the ruleset): at each start, each change and once a day."""
    current = None
    times = [(FIRST + 3 * SECOND, "seen"), (STOPPED[1] + 5 * SECOND, "seen")]
    times += [(when, "changed") for when, *_ in RULESETS if is_watched(when)]
    times += [(at(day, 0, 30), "unchanged") for day in range(-2, DAYS + 1)
              if is_watched(at(day, 0, 30))]
    for when, change in sorted(times):
        current = max((one for one in RULESETS if one[0] <= when), key=lambda one: one[0])
        yield when, change, current


def change_records():
    for when, change, (_, sha256, rules, drops) in ruleset_readings():
        yield {"record": "ruleset", "put": when, "at": when, "change": change, "sha256": sha256,
               "tables": 1, "chains": 3, "rules": rules, "drops_unnamed": drops}
    for when, name, actor, summary in DEPLOYMENTS:
        yield {"record": "deployment", "put": when, "at": when, "name": name, "actor": actor,
               "summary": summary}


def audit_trail():
    """(when, who, action, subject, before, after) in the order of the chain."""
    lines = [(FIRST, "breakwater", "start", None, None, None)]
    for begin, end in RUNS:
        lines.append((begin, "breakwater", "start", None, None, None))
        if end < NOW:
            lines.append((end, "breakwater", "stop", None, None, None))
    lines += [(FIRST + 2 * SECOND, "carla", "policy_approve", ident, None, entry.reason)
              for ident, entry in APPROVALS.items()]
    lines += [(entry.reviewed, entry.reviewer, "policy_review", ident, text(entry.review),
               text(entry.next_review)) for ident, entry in APPROVALS.items() if entry.reviewed]
    lines += [(entry.expires, "breakwater", "policy_expire", ident, "approved", "expired")
              for ident, entry in APPROVALS.items() if entry.expires]
    lines += [(one.acknowledged[0], one.acknowledged[1], "incident_acknowledge", one.ident, None,
               None) for one in INCIDENTS if one.acknowledged]
    lines += [(one.closed[0], one.closed[1], "incident_close", one.ident, "firing", one.closed[2])
              for one in INCIDENTS if one.closed and one.closed[1] != "breakwater"]
    lines += [(one.start, "breakwater", "block_veto" if one.state == "vetoed" else "block",
               one.address, None, one.action) for one in BLOCKS]
    lines += [(at(day, 7, 30), ("ada", "bob", "carla")[day % 3], "sign_in", "page", None, None)
              for day in range(-2, DAYS + 1, 7) if is_watched(at(day, 7, 30))]
    lines += [(when, actor, "deployment", name, None, summary)
              for when, name, actor, summary in DEPLOYMENTS]
    return sorted(lines, key=lambda line: line[0])


def audit_records():
    for when, actor, action, subject, before, after in audit_trail():
        yield {"record": "audit", "put": when, "at": when, "actor": actor, "action": action,
               "subject": subject, "before": before, "after": after}
