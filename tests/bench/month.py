"""month.py: what a large site has beside traffic: what was asked, found and said in a month.

Rows go into the tables of the store as they are, as those of tests/browser/past.py do; the
store's own tool has made the tables before.
"""
import pathlib
import random
import sqlite3

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
FIRST_PORT = 20000
ASKED_S, ASKED_BEFORE_S = 30, 300   # in the last day (probe.interval), and before
KINDS = (("port_scan", "syn", "unsolicited", "low"), ("brute_force", "password_guessing", "dialogue",
         "medium"), ("trap_hit", None, "handshake", "medium"), ("host_sweep", "syn", "unsolicited",
         "low"), ("password_spray", None, "dialogue", "high"))

# What pages ask of such a site; {target} is one of it.
QUESTIONS = {
    "uptime_day": "/api/v1/aggregate?record=uptime&by=target&step=1h&limit=10000&since=24h"
                  "&sum=up,degraded,down,maintenance,unknown",
    "uptime_month": "/api/v1/aggregate?record=uptime&by=target&step=1d&limit=10000&since=30d"
                    "&sum=up,degraded,down,maintenance,unknown",
    "target_day": "/api/v1/aggregate?record=probe&by=state&step=5m&since=24h&target={target}"
                  "&mean=connect_us,tls_us,first_byte_us,answer_us&max=answer_us",
    "target_month": "/api/v1/aggregate?record=probe&by=state&step=1h&since=30d&target={target}"
                    "&mean=connect_us,tls_us,first_byte_us,answer_us&max=answer_us",
    "outages_month": "/api/v1/alerts?since=30d&limit=2000",
    "findings_listed": "/api/v1/findings?since=30d&limit=5000",
    "sources_month": "/api/v1/aggregate?record=finding&by=client_ip&sum=attempts&since=30d"
                     "&limit=10000",
    "incidents_listed": "/api/v1/incidents?since=30d&limit=5000",
    "clients_day": "/api/v1/aggregate?record=flow&by=client_ip&sum=bytes&since=24h&limit=10",
}


def target_of(number):
    """As the daemon is told to ask it."""
    return f"tcp://127.0.0.1:{FIRST_PORT + number}"


def source_of(number):
    """Every fourth over IPv6."""
    if number % 4 == 0:
        return f"2001:db8:{number >> 8:x}:{number & 255:x}::1".replace(":0::", "::")
    return f"192.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Site:
    """Fills the store of a folder with a month that ends now."""

    def __init__(self, folder, now_s, days, seed=1):
        self.now, self.first = now_s * SECOND, (now_s - days * 86400) * SECOND
        self.chance = random.Random(seed)
        self.db = sqlite3.connect(pathlib.Path(folder) / "breakwater.db")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.execute("PRAGMA cache_size=-65536")

    def fill(self, targets, sources, incidents):
        with self.db:
            self.put_probes(targets)
            self.put_findings(sources)
            for number in range(incidents):
                self.put_incident(number, targets)
            # The daemon counts them when it finds a store of before there was this table.
            self.db.execute("DROP TABLE uptime")
        self.db.close()

    def put(self, table, rows):
        names = ",".join(f'"{name}"' for name in rows[0])
        self.db.executemany(f"INSERT INTO {table}({names})VALUES({','.join('?' * len(rows[0]))})",
                            [list(row.values()) for row in rows])

    def name(self):
        return f"{self.chance.getrandbits(64):016x}"

    # ---- probes ----

    def put_probes(self, targets):
        """In the order in which they come.  Of a hundred targets one is down for an hour on each day."""
        db = self.db
        db.execute("CREATE TEMP TABLE asked(number INTEGER PRIMARY KEY,target TEXT,port INTEGER)")
        db.executemany("INSERT INTO asked VALUES(?,?,?)",
                       [(number, target_of(number), FIRST_PORT + number) for number in range(targets)])
        last_day = max(self.first, self.now - DAY)
        for begin, end, every_s in ((self.first, last_day, ASKED_BEFORE_S),
                                    (last_day, self.now, ASKED_S)):
            db.execute("""
WITH RECURSIVE step(at) AS (SELECT ?1 UNION ALL SELECT at+?3 FROM step WHERE at+?3<?2)
INSERT INTO probe(at,target,by,protocol,transport,ip,port,state,reason,detail,hard_state,hard_since,
  connect_us,total_us,answer_us,rtt_us,wait_us,late_us)
SELECT at,target,'probe','tcp','tcp','127.0.0.1',port,
  iif(bad,'down','up'),iif(bad,'refused',NULL),iif(bad,'the port is closed: it answered with RST',NULL),
  iif(bad,'down','up'),at-at%3600000000,took,took,took,took,took,took%97
FROM (SELECT at,target,port,(number+at/86400000000)%100=0 AND at/3600000000%24=3 AS bad,
             40+(number*7919+at/1000000)%160 AS took FROM step CROSS JOIN asked)""",
                       (begin, end, every_s * SECOND))

    # ---- attacks ----

    def put_findings(self, sources):
        """Most sources once or twice, and in the last days most of them."""
        rows = []
        for number in range(sources):
            for _ in range(1 + int(self.chance.expovariate(1))):
                first = self.now - int(DAY * min(29, self.chance.expovariate(0.3)))
                rows.append(self.finding(source_of(number), first - HOUR))
        self.put("finding", rows)

    def finding(self, source, first):
        kind, technique, proof, severity = self.chance.choice(KINDS)
        last, tries = first + self.chance.randrange(HOUR), self.chance.randint(5, 4000)
        what = f"{source}: {kind.replace('_', ' ')}, {tries} times."
        return {"id": self.name(), "at": last, "first": first, "last": last, "state": "closed",
                "kind": kind, "technique": technique, "client_ip": source,
                "client_prefix": 64 if ":" in source else 32, "server_ip": "10.0.0.1", "port": 22,
                "transport": "tcp", "attempts": tries, "severity": severity, "confidence": 0.9,
                "proof": proof, "detector": kind, "summary": what, "mitre": "T1046"}

    # ---- incidents ----

    def put_incident(self, number, targets):
        """An outage that is over, with its alert, its failure and its timeline."""
        begin = self.now - int(DAY * self.chance.uniform(0.1, 29))
        end, incident, alert = begin + self.chance.randrange(HOUR), self.name(), self.name()
        target, port = target_of(number * 37 % targets), FIRST_PORT + number * 37 % targets
        place = {"server_ip": "127.0.0.1", "port": port, "transport": "tcp"}
        what = f"{target} is down: the port is closed: it answered with RST"
        self.put("incident", [{"id": incident, "at": end, "first": begin, "detected": begin + SECOND,
                               "last": end, "end": end, "state": "resolved", "rule": "down",
                               "target": target, **place, "severity": "high", "summary": what,
                               "cause": what, "alerts": 1, "findings": 0, "targets": 1,
                               "closed_by": "breakwater", "automatic": 1, "notifications": 2}])
        self.put("alert", [{"id": alert, "at": end, "start": begin, "end": end, "state": "resolved",
                            "rule": "down", "kind": "value", "target": target, **place,
                            "metric": "probe.hard_state", "severity": "high", "summary": what,
                            "incident": incident}])
        self.put("timeline", [{"incident": incident, "at": at, "kind": kind, "summary": said}
                              for at, kind, said in ((begin, "alert", what), (begin, "probe", what),
                                                     (end, "resolved", "all of it is over"))])
        self.put("failure", [{"at": begin, "id": self.name(), "target": target, "protocol": "tcp",
                              "ip": "127.0.0.1", "port": port, "state": "down", "reason": "refused",
                              "summary": what, "last_up": begin - MINUTE, "lines": 0, "packets": 0}])
        self.put("notification", [{"at": at, "sink": "mail", "incident": incident, "reason": reason,
                                   "incidents": 1, "state": "sent", "tries": 1, "latency_us": 20000}
                                  for at, reason in ((begin, "new"), (end, "resolved"))])
