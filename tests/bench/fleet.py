"""fleet.py: a thousand simulated sensors, a real nats-server, a hub and a depot (make bench).

fleet_sensors.c tells what sensors would.  First as fast as it is taken: connections from
the first message until the depot has all of them, against the same messages published to the
bare server, fetched and acknowledged.  Then as on a quiet day: how long a finding takes
until the hub shows it, and what all of it costs.
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from datetime import datetime

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
# pylint: disable=wrong-import-position
from servers import postgresql  # noqa: E402

TREE_RUN = os.path.join(ROOT, "scripts", "tree-run")
TICKS = os.sysconf("SC_CLK_TCK")
STARTS_S, DRAINS_S = 60, 300
DAY_S = 24 * 3600
SHARED = "hub"  # the consumer of each stream that all hubs share
LANES = ("event", "port", "evidence", "flow")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(holds, what, seconds=STARTS_S):
    """What it gave, as soon as that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if given := holds():
            return given
        time.sleep(0.02)
    raise RuntimeError(f"{what} did not come within {seconds} s")


def can_run():
    return subprocess.run([TREE_RUN, "sh", "-c", "command -v nats-server"],
                          capture_output=True, check=False).returncode == 0


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def cpu_of_group(pid):
    """CPU seconds of a process and of all that it has begun."""
    parents, used = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                words = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(entry)] = int(words[1])
        used[int(entry)] = sum(map(int, words[11:15])) / TICKS
    total = 0
    for one, seconds in used.items():
        at = one
        while at not in (0, pid):
            at = parents.get(at, 0)
        total += seconds if at == pid else 0
    return total


class Service:
    """A program that is there until end()."""

    def __init__(self, folder, name, *command):
        self.name, self.log = name, os.path.join(folder, f"{name}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def words(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, holds, seconds=STARTS_S):
        def runs():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.words()[-500:]}")
            return holds()
        return until(runs, self.name, seconds)

    def cpu(self):
        return cpu_of_group(self.process.pid)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Nats(Service):
    def __init__(self, folder):
        self.port, self.monitoring = free_port(), free_port()
        path = os.path.join(folder, "nats.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"listen: 127.0.0.1:{self.port}\nhttp: 127.0.0.1:{self.monitoring}\n"
                       f'jetstream {{ store_dir: "{folder}/jetstream" }}\n')
        super().__init__(folder, "nats-server", TREE_RUN, "nats-server", "-c", path)
        self.url = f"nats://127.0.0.1:{self.port}"
        self.wait(lambda: self.get("/healthz"))

    def get(self, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.monitoring, timeout=5)
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError):
            return None

    def waiting(self, lane="flow"):
        """Messages that the hubs have not acknowledged; None: not known."""
        told = self.get("/jsz?streams=true&consumers=true") or {}
        for account in told.get("account_details") or []:
            for stream in account.get("stream_detail") or []:
                if stream["name"] == f"BW_{lane.upper()}":
                    return sum(one["num_pending"] + one["num_ack_pending"]
                               for one in stream.get("consumer_detail") or []
                               if one["name"] == SHARED)
        return None


class Postgres(Service):
    def __init__(self, folder):
        self.dir = os.path.join(folder, "postgres")
        os.mkdir(self.dir)
        os.chown(self.dir, postgresql.OWNER, postgresql.OWNER)
        as_user = (TREE_RUN, *postgresql.AS_USER)
        subprocess.run([*as_user, f"{postgresql.BIN}/initdb", "-D", f"{self.dir}/data", "-A",
                        "trust", "--no-sync", "--no-locale", "-E", "UTF8"],
                       capture_output=True, check=True)
        port = free_port()
        super().__init__(folder, "postgres", *as_user, f"{postgresql.BIN}/postgres", "-D",
                         f"{self.dir}/data", "-k", self.dir, "-p", str(port), "-c",
                         "listen_addresses=127.0.0.1", "-c", "jit=off")
        self.where = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self.wait(lambda: subprocess.run(
            [*as_user, f"{postgresql.BIN}/pg_isready", "-h", "127.0.0.1", "-p", str(port)],
            capture_output=True, check=False).returncode == 0)


    def sql(self, text, **pipes):
        done = subprocess.run([TREE_RUN, *postgresql.AS_USER, f"{postgresql.BIN}/psql", "-XAtq",
                               self.where, "-c", text], stderr=subprocess.PIPE, check=False,
                              **pipes)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace").strip()[-300:])

    def bare(self, folder):
        """Connections a second by COPY of what was kept, into a table and indexes like it."""
        path = os.path.join(folder, "flows.csv")
        with open(path, "wb") as file:
            self.sql("COPY (SELECT * FROM flow) TO STDOUT CSV", stdout=file)
        self.sql("CREATE TABLE bare (LIKE flow INCLUDING ALL)")
        begin = time.monotonic()
        with open(path, "rb") as file:
            self.sql("COPY bare FROM STDIN CSV", stdin=file)
        seconds = time.monotonic() - begin
        rows = lines_of(path)
        self.sql("DROP TABLE bare")
        os.unlink(path)
        return rows / seconds


class Sqlite:
    """The depot's file, by sqlite3's own shell."""

    where = ""

    def __init__(self, folder):
        self.path = os.path.join(folder, "hub-state", "fleet.db")

    def bare(self, folder):
        """Connections a second by .import of what was kept, into a table and indexes like it."""
        path, into = (os.path.join(folder, name) for name in ("flows.csv", "bare.db"))
        with open(path, "wb") as file:
            subprocess.run(["sqlite3", "-readonly", "-csv", self.path, "SELECT * FROM flow"],
                           stdout=file, check=True)
        made = subprocess.run(["sqlite3", "-readonly", self.path,
                               "SELECT sql || ';' FROM sqlite_schema WHERE tbl_name = 'flow' AND "
                               "sql IS NOT NULL"], capture_output=True, text=True, check=True)
        subprocess.run(["sqlite3", into, "PRAGMA journal_mode=WAL; " + made.stdout],
                       stdout=subprocess.DEVNULL, check=True)
        begin = time.monotonic()
        subprocess.run(["sqlite3", into, "-cmd", "PRAGMA synchronous=NORMAL", "-cmd", ".mode csv",
                        f".import {path} flow"], stdout=subprocess.DEVNULL, check=True)
        seconds = time.monotonic() - begin
        rows = lines_of(path)
        for name in (path, into, f"{into}-wal", f"{into}-shm"):
            if os.path.exists(name):
                os.unlink(name)
        return rows / seconds


class Hub(Service):
    def __init__(self, folder, breakwater, servers, depot):
        self.socket = os.path.join(folder, "hub.sock")
        config = os.path.join(folder, "hub.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"fleet: {{servers: [{servers}]}}\nhub: {{name: bench, store: '{depot}'}}\n")
        super().__init__(folder, "hub", breakwater, "hub", "-c", config, "--state",
                         os.path.join(folder, "hub-state"), "--socket", self.socket,
                         "--listen", "off")
        self.wait(self.is_ready)

    def is_ready(self):
        told = self.get("/api/v1/status")
        hub = told.get("hub", {}) if told else {}
        return hub.get("servers", {}).get("up") and hub.get("depot", {}).get("up") and \
            hub.get("leads")

    def get(self, path):
        try:
            connection = UnixConnection(self.socket)
            connection.request("GET", path)
            return json.loads(connection.getresponse().read().splitlines()[0])
        except (OSError, ValueError, IndexError, http.client.HTTPException):
            return None


class Reader:
    """Findings as the hub shows them: how long each took, in milliseconds."""

    def __init__(self, hub):
        self.took_ms = []
        self.connection = UnixConnection(hub.socket, None)
        self.connection.request("GET", "/api/v1/live?type=finding")
        self.answer = self.connection.getresponse()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while line := self.answer.readline():
                if line.startswith(b"data: {"):
                    record = json.loads(line[6:])
                    if record.get("detector") == "bench":
                        made = datetime.fromisoformat(record["at"].replace("Z", "+00:00"))
                        self.took_ms.append(1000 * (time.time() - made.timestamp()))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return

    def end(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(timeout=5)


def numbers(text):
    """{word: number} of "batches 3 seconds 0.5"."""
    return {word: float(number) for word, number in re.findall(r"(\w+) ([\d.]+)", text)}


def lines_of(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def centile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Bench:
    """One depot's run."""

    def __init__(self, sizes, folder, breakwater, tools):
        self.sizes, self.folder, self.breakwater = sizes, folder, breakwater
        self.tool = os.path.join(tools, "fleet_sensors")
        self.services = []

    def start(self, kind, *arguments):
        self.services.append(kind(self.folder, *arguments))
        return self.services[-1]

    def end(self):
        for one in reversed(self.services):
            one.end()

    def sensors(self, nats, *words):
        done = subprocess.run([self.tool, nats.url, *map(str, words)], capture_output=True,
                              text=True, timeout=DRAINS_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def bare(self, nats):
        """(records a second published, fetched and acknowledged one after the other;
        seconds of both) of the server without us."""
        self.sensors(nats, "streams")
        told = numbers(self.sensors(nats, "backlog", self.sizes.sensors,
                                    self.sizes.sensor_batches, 1))
        fetched = numbers(self.sensors(nats, "drain", int(told["batches"])))
        return told["records"], told["seconds"] + fetched["seconds"]

    def backlog(self, nats, programs):
        """(records, seconds until all are acknowledged, CPU seconds of each program)."""
        before = [one.cpu() for one in programs]
        begin = time.monotonic()
        told = numbers(self.sensors(nats, "backlog", self.sizes.sensors,
                                    self.sizes.sensor_batches, 2))
        until(lambda: nats.waiting() == 0, "the hub", DRAINS_S)
        seconds = time.monotonic() - begin
        return told["records"], seconds, [one.cpu() - was
                                          for one, was in zip(programs, before)]

    def live(self, nats, hub):
        """(what each lane had, milliseconds of findings, how late the sensors were)."""
        reader = Reader(hub)
        text = self.sensors(nats, "live", self.sizes.sensors, self.sizes.quiet_s,
                            self.sizes.findings)
        wanted = self.sizes.quiet_s * self.sizes.findings
        try:
            until(lambda: len(reader.took_ms) >= wanted, "the last finding", 30)
        finally:
            reader.end()
        lanes = {lane: numbers(re.search(rf"^lane {lane} (.*)$", text, re.M)[1])
                 for lane in LANES}
        return lanes, reader.took_ms, numbers(text.splitlines()[-1])["late_ms"]


def one_depot(kind, bench, report):
    result, say = report
    nats = bench.start(Nats)
    records, bare_s = bench.bare(nats)
    depot = Sqlite(bench.folder) if kind == "sqlite" else bench.start(Postgres)
    hub = bench.start(Hub, bench.breakwater, nats.url, depot.where)
    programs = [hub, nats] + ([] if kind == "sqlite" else [depot])
    told, seconds, cpu = bench.backlog(nats, programs)
    inserted = depot.bare(bench.folder)
    # One after the other, as a record goes through both.
    bare = 1 / (bare_s / records + 1 / inserted)
    name = f"fleet_hub_{kind}"
    result(f"{name}_records", told / seconds, "records/s")
    result(f"{name}_bare_jetstream", records / bare_s, "records/s")
    result(f"{name}_bare_insert", inserted, "records/s")
    result(f"{name}_vs_bare", told / seconds / bare, "ratio", 2)
    for program, used in zip(programs, cpu):
        result(f"{name}_cpu_{program.name.split('-')[0]}", 1000 * used / told,
               "s/1000_records", 4)
    cpu_before = [one.cpu() for one in programs]
    lanes, took_ms, late_ms = bench.live(nats, hub)
    count = sum(lane["records"] for lane in lanes.values())
    say(f"{name}: a quiet day of {bench.sizes.sensors} sensors, {bench.sizes.quiet_s} s: "
        f"{count / bench.sizes.quiet_s:.0f} records/s in "
        f"{sum(lane['batches'] for lane in lanes.values()) / bench.sizes.quiet_s:.0f} "
        f"batches/s; the sensors were at most {late_ms:.0f} ms late")
    result(f"{name}_finding_p50", statistics.median(took_ms), "ms")
    result(f"{name}_finding_p95", centile(took_ms, 0.95), "ms")
    for program, was in zip(programs, cpu_before):
        result(f"{name}_quiet_cpu_{program.name.split('-')[0]}",
               100 * (program.cpu() - was) / bench.sizes.quiet_s, "%", 1)
    return lanes


def tell_bytes(lanes, sizes, report):
    result, say = report
    per_day = DAY_S / sizes.quiet_s / sizes.sensors
    say("of a sensor with 2 connections a second, 5 services, and something of an attack "
        "every 3 s")
    for lane in LANES:
        result(f"fleet_day_{lane}", lanes[lane]["bytes"] * per_day / 1e6,
               "MB/sensor/day", 1)
    result("fleet_day", sum(one["bytes"] for one in lanes.values()) * per_day / 1e6,
           "MB/sensor/day", 1)


def measure(sizes, folder, breakwater, tools, report):
    lanes = None
    for kind in ("sqlite", "postgresql"):
        place = os.path.join(folder, f"fleet-{kind}")
        os.mkdir(place)
        os.chmod(place, 0o755)
        bench = Bench(sizes, place, breakwater, tools)
        try:
            lanes = one_depot(kind, bench, report)
        finally:
            bench.end()
            shutil.rmtree(place, ignore_errors=True)
    tell_bytes(lanes, sizes, report)
