"""depots.py: databases that keep a fleet's records, real ones of build/tree, and who writes
into them: depot_driver.c, which does what a hub does.

Each is in a network of its own, and may be killed at any time and started again.
"""
import contextlib
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import threading

import lab as e2e

BUILD = pathlib.Path(os.environ.get("BUILD", e2e.ROOT / "build"))
KEPT, EXISTS, BAD, AGAIN = 0, -17, -74, -11
HERE = "127.0.0.1"


class Driver:
    """A depot_driver with a depot open."""

    def __init__(self, place, where=None):
        with place.network.inside():
            # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
            self.process = subprocess.Popen(
                [BUILD / "tests/depot_driver", where or place.where], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
                preexec_fn=e2e.die_with_parent, errors="surrogateescape")
        place.lab.callback(self.kill)
        self.opened = self.answer()[1]

    def tell(self, **command):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()

    def answer(self):
        """(what came before, the answer); the answer is None when the driver is dead."""
        rows = []
        for line in self.process.stdout:
            told = json.loads(line)
            if isinstance(told, dict) and "result" in told and "record" not in told:
                return rows, told
            rows.append(told)
        return rows, None

    def do(self, **command):
        self.tell(**command)
        return self.answer()

    def write(self, *batches):
        """Results of the batches, or of all of them."""
        told = self.do(do="write", batches=batches)[1]
        if told is None:
            return None
        return told["results"] if told["result"] == 0 else told["error"]

    def read(self, record, **filters):
        rows, told = self.do(do="read", record=record, **filters)
        if told["result"] != 0:
            raise e2e.Failure(f"reading {record}: {told}")
        return rows

    def chain(self, record, sensor, **more):
        rows, told = self.do(do="chain", record=record, sensor=sensor, **more)
        if told["result"] != 0:
            raise e2e.Failure(f"reading the chain of {sensor}: {told}")
        return rows

    def sql(self, text, **more):
        rows, told = self.do(do="sql", text=text, **more)
        if told["result"] != 0:
            raise e2e.Failure(f"{text}: {told}")
        return rows[1:]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        with contextlib.suppress(BrokenPipeError):  # of what it did not read any more
            self.process.stdin.close()
        self.process.stdout.close()


class Sqlite:
    """A file."""

    name, port, days = "sqlite", None, None

    def __init__(self, lab):
        self.lab, self.network = lab, lab.namespace("sqlite")
        self.where = f"sqlite:{lab.dir}/fleet.db"

    def run(self, sql):
        with contextlib.closing(sqlite3.connect(f"{self.lab.dir}/fleet.db")) as db:
            db.executescript(sql)


class Server:
    """Of build/tree: serves in its network until it is killed, with all its processes."""

    def __init__(self, lab):
        self.lab, self.network = lab, lab.namespace(self.name)
        self.dir = lab.dir / self.name
        self.dir.mkdir()
        self.prepare()
        self.start()

    def start(self):
        # A world of processes that ends with its first one.
        self.program = self.network.start(
            "unshare", "--pid", "--fork", "--kill-child", "sh", "-c", '"$@" & wait', "sh",
            *self.command())
        e2e.until(self.is_ready, f"{self.name}: {self.program.err()[-1000:]}", 60, 0.05)

    def is_ready(self):
        if not self.program.runs():
            raise e2e.Failure(f"{self.name} ended: {self.program.err()[-1500:]}")
        return self.network.listens(self.port)

    def kill(self):
        self.program.end_now()
        e2e.until(lambda: not self.network.listens(self.port), f"the end of {self.name}")


class PostgreSQL(Server):
    """Version 15, as its own user: it does not run as root."""

    name, port = "postgresql", 5432
    BIN = "/usr/lib/postgresql/15/bin"
    OWNER = 105
    AS_USER = ("setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups")
    where = f"postgresql://postgres@{HERE}:{port}/postgres"
    days = ("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid=i.inhrelid "
            "WHERE i.inhparent='flow'::regclass ORDER BY 1")

    def prepare(self):
        os.chown(self.dir, self.OWNER, self.OWNER)
        self.network.tree(*self.AS_USER, f"{self.BIN}/initdb", "-D", f"{self.dir}/data",
                          "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8",
                          seconds=60)

    def command(self):
        # Numbers of processes begin anew in each world: one that is gone looks alive.
        (self.dir / "data/postmaster.pid").unlink(missing_ok=True)
        return (e2e.TREE_RUN, *self.AS_USER, f"{self.BIN}/postgres", "-D", f"{self.dir}/data",
                "-k", self.dir, "-c", f"listen_addresses={HERE}", "-c", "fsync=off",
                "-c", "jit=off", "-c", "max_connections=40")

    def is_ready(self):
        return super().is_ready() and self.network.tree(
            f"{self.BIN}/psql", "-X", self.where, "-c", "SELECT 1", status=None).returncode == 0

    def run(self, sql):
        self.network.tree(f"{self.BIN}/psql", "-X", "-v", "ON_ERROR_STOP=1", self.where,
                          "-c", sql)


class ClickHouse(Server):
    """Version 18.16, with a configuration of its own."""

    name, port = "clickhouse", 8123
    where = f"clickhouse://default@{HERE}:{port}/default"
    days = ("SELECT DISTINCT concat('flow_',partition)AS day FROM system.parts WHERE "
            "active AND table='flow' ORDER BY day")
    CONFIG = """<yandex>
<logger><level>warning</level><console>1</console></logger>
<http_port>{port}</http_port><tcp_port>9000</tcp_port><listen_host>{here}</listen_host>
<path>{dir}/data/</path><tmp_path>{dir}/tmp/</tmp_path><timezone>UTC</timezone>
<users_config>{dir}/users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>16777216</mark_cache_size>
</yandex>"""
    USERS = """<yandex><profiles><default/></profiles><quotas><default/></quotas>
<users><default><password></password><networks><ip>::/0</ip></networks>
<profile>default</profile><quota>default</quota></default></users></yandex>"""

    def prepare(self):
        (self.dir / "tmp").mkdir()
        for name, text in (("config.xml", self.CONFIG), ("users.xml", self.USERS)):
            (self.dir / name).write_text(text.format(port=self.port, here=HERE, dir=self.dir))

    def command(self):
        return (e2e.TREE_RUN, "clickhouse-server", f"--config-file={self.dir}/config.xml")

    def run(self, sql):
        self.network.tree("curl", "-sSf", "--data-binary", sql, f"http://{HERE}:{self.port}/")


class ClickHouseToday(ClickHouse):
    """The engine of today, which scripts/test-tree fetches when it is asked to."""

    LIBRARY = BUILD / "clickhouse/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"

    def prepare(self):
        pass

    def command(self):
        return (sys.executable, e2e.ROOT / "tests/e2e/clickhouse_server.py", self.LIBRARY,
                self.dir / "data", str(self.port))


class Gate:
    """Stands before a server; whoever is behind it is killed at its nth message.

    before: the message does not reach the server; else its answer not the sender.
    """

    def __init__(self, place):
        self.place = place
        self.listener = place.network.listen(HERE)
        port = self.listener.getsockname()[1]
        self.where = place.where.replace(f":{place.port}", f":{port}")
        self.victim, self.left, self.before = None, None, False
        threading.Thread(target=self.serve, daemon=True).start()

    def arm(self, victim, count, before):
        self.victim, self.before = victim, before
        self.left = count

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = self.place.network.connect(HERE, self.place.port)
                for one in (client, server):
                    one.settimeout(None)
                threading.Thread(target=self.pass_on, args=(client, server, True),
                                 daemon=True).start()
                threading.Thread(target=self.pass_on, args=(server, client, False),
                                 daemon=True).start()

    def pass_on(self, source, target, asks):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 22):
                if asks and self.left is not None:
                    self.left -= 1
                if self.left == 0 and (not asks or self.before):
                    self.victim.process.kill()
                    break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
