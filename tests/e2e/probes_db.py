#!/usr/bin/env python3
"""probes_db.py: what probes say of real databases, and what these say of the probes.

Servers of Debian are asked by nobody and by a user, with a right and a wrong password,
with TLS and without, and when they are full: state and reason must be right, and their
logs must show nothing that looks like a fault or an attack.  MariaDB must not lock the
prober out, as it does others who leave their handshakes half done.

Runs beside others.
"""
import json
import pathlib
import re
import socket
import sys

import lab as e2e
import protocols
from servers import cache, directory, mariadb, postgresql, queue, redis
from servers.scene import RIGHT, USER, WRONG, Scene, converse

CLIENT, STRANGER, SERVER = "10.88.0.1", "10.88.0.9", "10.88.1.1"
PROBES = 200  # twice as many as MariaDB's max_connect_errors


class Harbour(Scene):
    """One server with a client beside it.

    texts: what is replaced in files it writes, {"redis.conf": [("old", "new")]}.
    words: what is replaced in the server's command, options: what is added to it.
    said: what its log has once it is ready for clients.
    names: its /etc/hosts, for a server that asks for the client's name.
    """

    def __init__(self, lab, module, texts=None, words=None, options=(),
                 names=None, said=""):
        self.client, network = lab.namespace("client"), lab.namespace("server")
        lab.join(self.client, "net0", network, "net0")
        for one, addresses in ((self.client, (CLIENT, STRANGER)), (network, (SERVER,))):
            one.ip("link", "set", "net0", "up")
            for address in addresses:
                one.ip("addr", "add", f"{address}/16", "dev", "net0")
        super().__init__(lab, module.__name__, SERVER, network, protocols.certificate(lab))
        self.texts, self.words, self.options = texts or {}, words or {}, options
        self.names = names
        module.start(self)
        e2e.until(lambda: said in self.log(), f"{said!r} in {self.log()}")

    def write(self, name, text, mode=0o644, owner=None):
        for old, new in self.texts.get(pathlib.Path(name).name, ()):
            if old not in text:
                raise e2e.Failure(f"{name} has no {old!r}")
            text = text.replace(old, new)
        return super().write(name, text.replace("{dir}", str(self.dir)), mode, owner)

    def serve(self, *command, tcp=(), udp=(), seconds=40):
        command = (*(self.words.get(word, word) for word in command), *self.options)
        if self.names is None:
            return super().serve(*command, tcp=tcp, udp=udp, seconds=seconds)
        hosts = super().write("hosts", self.names)
        tree = e2e.ROOT.joinpath("build/tree/etc/hosts").resolve()
        program = self.server.start(
            "unshare", "--mount", "--propagation", "private", "sh", "-c",
            f'mount --bind {hosts} {tree} && exec "$@"', "sh", e2e.TREE_RUN, *command)
        self.programs.append(program)
        e2e.until(lambda: self.listens(program, tcp[0], "-t"), command[0], seconds, 0.05)
        return program

    def log(self):
        return self.programs[0].out() + self.programs[0].err()

    def probe(self, url, *options):
        """The record of a probe of "redis://%s"."""
        done = self.client.run(e2e.BREAKWATER, "probe", "--json", *options, url % SERVER,
                               status=None, seconds=60)
        if not done.stdout:
            raise e2e.Failure(f"probe {url}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    def hold(self, port, count):
        """So many connections that stay."""
        return [self.client.connect(SERVER, port) for _ in range(count)]


def judge(tap, harbour, sentence, url, state, reason=None, detail="", software=""):
    record = harbour.probe(url)
    tap.ok(record["state"] == state and record.get("reason") == reason and
           detail in record.get("detail", "") and
           re.match(software, record.get("software", "")), sentence,
           f"expected {state} {reason} {detail!r} {software!r}", record)


class Silence:
    """Nothing is added to a log meanwhile, other than lines like `usual`."""

    def __init__(self, tap, harbour, sentence, usual=None):
        self.tap, self.harbour, self.sentence, self.usual = tap, harbour, sentence, usual

    def __enter__(self):
        self.before = len(self.harbour.log())

    def __exit__(self, kind, *_):
        lines = self.harbour.log()[self.before:].splitlines()
        if kind is None:
            self.tap.equal([line for line in lines if not self.usual or
                            not re.search(self.usual, line)], [], self.sentence)


# ---- MariaDB -------------------------------------------------------------------------

ME = f"{USER}:{RIGHT}@%s"
NAMES = f"127.0.0.1 localhost\n{CLIENT} prober.example\n{STRANGER} stranger.example\n"
MARIADB = {
    "my.cnf": [("skip-name-resolve", "performance_schema = on\nmax_connect_errors = 100\n"
                "max_connections = 10\n")],
    "users.sql": [("create user", f"grant select on performance_schema.* to {USER}@'%'"
                   f" identified by '{RIGHT}';\ncreate user if not exists")],
}
READY = "ready for connections.\nVersion"
DENIED = "Access denied for user 'breakwater'@'prober.example'"


def host_cache(harbour, address):
    """{column: value} of what MariaDB remembers of a client's errors."""
    told = harbour.lab.run(e2e.TREE_RUN, "mariadb", "--no-defaults", f"-u{USER}",
                           f"-p{RIGHT}", f"-S{harbour.dir}/socket", "-E", "-e",
                           "select * from performance_schema.host_cache "
                           f"where ip = '{address}'").stdout
    return dict(re.findall(r"^\s*(\w+): (.*)$", told, re.MULTILINE))


def asks_mariadb(tap, lab):
    harbour = Harbour(lab, mariadb, MARIADB, names=NAMES, said=READY)
    software = r"10\.11\..*-MariaDB"
    with Silence(tap, harbour, "MariaDB's log has nobody's denials and nothing else",
                 DENIED):
        judge(tap, harbour, "MariaDB is up for who has no user", "mysql://%s", "up",
              software=software)
        judge(tap, harbour, "... and in TLS", "mysql+starttls://%s?verify=no", "up")
        judge(tap, harbour, "a user is let in", f"mysql://{ME}", "up", software=software)
        judge(tap, harbour, "... and in TLS", f"mysql+starttls://{ME}?verify=no", "up",
              software=software)
        judge(tap, harbour, "... to a database", f"mysql://{ME}/performance_schema", "up")
        judge(tap, harbour, "a certificate that is not good is told",
              f"mysql+starttls://{ME}", "down", "certificate_name")
    judge(tap, harbour, "a database that is not for the user is told",
          f"mysql://{ME}/absent", "down", "login_failed", "(1044)")
    judge(tap, harbour, "a wrong password is told", f"mysql://{USER}:{WRONG}@%s", "down",
          "login_failed", "Access denied for user 'alice'")


def is_not_locked_out(tap, lab):
    harbour = Harbour(lab, mariadb, MARIADB, names=NAMES)
    ways = ("mysql://%s", "mysql+starttls://%s?verify=no", f"mysql+starttls://{ME}")
    states = {harbour.probe(ways[number % 3]).get("reason") for number in range(PROBES)}
    tap.equal(states, {None, "certificate_name"}, f"{PROBES} probes are all answered")
    counted = host_cache(harbour, CLIENT)
    tap.equal([counted[name] for name in ("SUM_CONNECT_ERRORS", "COUNT_HANDSHAKE_ERRORS",
                                          "COUNT_AUTHENTICATION_ERRORS")],
              ["0", "0", str(PROBES)], "MariaDB counts denied logins, and no errors")
    for _ in range(101):
        with harbour.client.inside(), socket.socket() as other:
            other.bind((STRANGER, 0))
            other.connect((SERVER, 3306))
            other.recv(1024)
    e2e.until(lambda: int(host_cache(harbour, STRANGER)["SUM_CONNECT_ERRORS"]) >= 100,
              "MariaDB to count who leaves after the greeting")
    judge(tap, harbour, "who leaves after the greeting is locked out, which a probe tells",
          f"mysql://%s?source={STRANGER}", "degraded", "denied", "is blocked")
    judge(tap, harbour, "the prober is not", "mysql://%s", "up")
    held = harbour.hold(3306, 11)
    judge(tap, harbour, "a full MariaDB is overloaded", "mysql://%s", "down", "overloaded",
          "Too many connections")
    for one in held:
        one.close()


def mariadb_without_tls(tap, lab):
    harbour = Harbour(lab, mariadb, {
        "my.cnf": [("ssl-cert", "skip-ssl\n#"), ("ssl-key", "#")],
        "users.sql": [("create user", "create user breakwater@'%';\ncreate user")]},
                      said=READY)
    with Silence(tap, harbour, "an account without rights keeps MariaDB's log silent"):
        judge(tap, harbour, "MariaDB is up for it", "mysql://%s", "up")
        judge(tap, harbour, "where there is no TLS, that is told", f"mysql+starttls://{ME}",
              "down", "tls_missing")


# ---- PostgreSQL ----------------------------------------------------------------------

POSTGRESQL = {"pg_hba.conf": [("hostnossl all alice", """hostssl all bob all password
hostnossl template1 bob all password
hostnossl all alice""")]}
AT_POSTGRES = f"{ME}/postgres"


def asks_postgresql(tap, lab):
    harbour = Harbour(lab, postgresql, POSTGRESQL, said="ready to accept connections")
    with Silence(tap, harbour, "PostgreSQL's log has nothing of probes that are well"):
        judge(tap, harbour, "PostgreSQL is up for who has no user", "postgresql://%s", "up")
        judge(tap, harbour, "... and in TLS", "postgresql+starttls://%s?verify=no", "up")
        judge(tap, harbour, "SCRAM lets a user in", f"postgresql://{AT_POSTGRES}", "up",
              software=r"PostgreSQL 15\.")
        judge(tap, harbour, "... and in TLS",
              f"postgresql+starttls://{AT_POSTGRES}?verify=no", "up")
        judge(tap, harbour, "MD5 does", f"postgresql://bob:{RIGHT}@%s/postgres", "up")
        judge(tap, harbour, "the password itself does in TLS",
              f"postgresql+starttls://bob:{RIGHT}@%s/postgres?verify=no", "up")
        judge(tap, harbour, "... and is not sent without",
              f"postgresql://bob:{RIGHT}@%s/template1", "down", "login_failed",
              "the password itself")
    judge(tap, harbour, "a wrong password is told",
          f"postgresql://{USER}:{WRONG}@%s/postgres", "down", "login_failed",
          "password authentication failed")
    judge(tap, harbour, "a missing database is told", f"postgresql://{ME}", "down", "error",
          'database "alice" does not exist')
    judge(tap, harbour, "who is kept out by rule is told", f"postgresql://carol:{RIGHT}@%s",
          "degraded", "denied", "no pg_hba.conf entry")


def full_postgresql(tap, lab):
    harbour = Harbour(lab, postgresql, {
        "pg_hba.conf": [("local all", "host all bob all trust\nlocal all")]}, options=(
            "-c", "max_connections=2", "-c", "superuser_reserved_connections=0",
            "-c", "max_wal_senders=0", "-c", "autovacuum=off", "-c", "ssl=off"))
    for _ in range(2):
        harbour.client.start_tree(f"{postgresql.BIN}/psql", "-X",
                                  f"host={SERVER} user=bob dbname=postgres", "-c",
                                  "select pg_sleep(600)")
    e2e.until(lambda: harbour.probe(f"postgresql://{AT_POSTGRES}").get("reason"), "full")
    judge(tap, harbour, "a full PostgreSQL is overloaded", f"postgresql://{AT_POSTGRES}",
          "down", "overloaded", "too many clients")
    judge(tap, harbour, "where there is no TLS, that is told",
          f"postgresql+starttls://{AT_POSTGRES}", "down", "tls_missing")


# ---- Redis ---------------------------------------------------------------------------

def asks_redis(tap, lab):
    harbour = Harbour(lab, redis, {"redis.conf": [("save", """tls-port 6380
tls-cert-file {dir}/server.crt
tls-key-file {dir}/server.key
tls-ca-cert-file {dir}/server.crt
tls-auth-clients no
save""")]})
    with Silence(tap, harbour, "Redis' log has nothing of probes"):
        judge(tap, harbour, "Redis that wants a password is up", "redis://%s", "up")
        judge(tap, harbour, "... and in TLS", "rediss://%s?verify=no", "up")
        judge(tap, harbour, "a user is let in", f"redis://{ME}", "up")
        judge(tap, harbour, "... and in TLS", f"rediss://{ME}?verify=no", "up")
        judge(tap, harbour, "a password alone does", f"redis://:{RIGHT}@%s", "up")
        judge(tap, harbour, "a wrong one is told", f"redis://{USER}:{WRONG}@%s", "down",
              "login_failed", "WRONGPASS")


def guarded_redis(tap, lab):
    harbour = Harbour(lab, redis, {"redis.conf": [
        (f"requirepass {RIGHT}\n", "")]})
    judge(tap, harbour, "Redis in protected mode refuses by rule", "redis://%s", "degraded",
          "denied", "protected mode")


def orphaned_redis(tap, lab):
    harbour = Harbour(lab, redis, {"redis.conf": [
        ("requirepass", """replicaof 127.0.0.1 9
replica-serve-stale-data no
requirepass""")]})
    judge(tap, harbour, "a replica that may not serve is in error", f"redis://{ME}", "down",
          "error", "MASTERDOWN")


def busy_redis(tap, lab):
    harbour = Harbour(lab, redis, {"redis.conf": [
        ("requirepass", "busy-reply-threshold 10\nrequirepass")]})
    harbour.client.start_tree("redis-cli", "-h", SERVER, "-a", RIGHT, "eval",
                              "while true do end", "0")
    e2e.until(lambda: harbour.probe(f"redis://{ME}").get("reason"), "busy")
    judge(tap, harbour, "Redis that is held up by a script is in error", f"redis://{ME}",
          "down", "error", "BUSY")


def full_redis(tap, lab):
    harbour = Harbour(lab, redis, {"redis.conf": [
        ("requirepass", "maxclients 1\nrequirepass")]})
    harbour.hold(6379, 1)
    e2e.until(lambda: harbour.probe("redis://%s").get("reason"), "full")
    judge(tap, harbour, "a full Redis is overloaded", "redis://%s", "down", "overloaded",
          "max number of clients")


# ---- memcached -----------------------------------------------------------------------

def asks_memcached(tap, lab):
    harbour = Harbour(lab, cache, options=("-c", "64"))
    software = r"memcached 1\.6\."
    with Silence(tap, harbour, "memcached says nothing of probes"):
        judge(tap, harbour, "memcached is up", "memcached://%s", "up", software=software)
        judge(tap, harbour, "... and over UDP", "memcached+udp://%s", "up",
              software=software)
    harbour.hold(11211, 64)
    e2e.until(lambda: harbour.probe("memcached://%s").get("reason"), "full")
    judge(tap, harbour, "a full memcached is overloaded", "memcached://%s", "down",
          "overloaded", "Too many open connections")


def closed_memcached(tap, lab):
    users = lab.dir / "users"
    users.write_text(f"{USER}:{RIGHT}\n")
    harbour = Harbour(lab, OnlyTcp, options=("-Y", users))
    judge(tap, harbour, "memcached that wants a login is up", "memcached://%s", "up")


class OnlyTcp:
    """cache.py without UDP, which can't ask for logins."""

    @staticmethod
    def start(scene):
        scene.serve("memcached", "-u", "root", "-l", scene.address, "-U", "0",
                    tcp=(11211,))


# ---- OpenLDAP ------------------------------------------------------------------------

BOUND = f"cn={USER}%%2cdc=harbour%%2cdc=example:{RIGHT}@%s"
# Races of its own: it defers what comes before it is through with a bind that it has
# answered, and finds a close_notify where it has closed.
SLAPD_USUAL = (r"ACCEPT|EXT|STARTTLS|TLS established|BIND|SRCH|RESULT|UNBIND|closed$|"
               r"deferring operation: binding|no connection!$")


def asks_slapd(tap, lab):
    harbour = Harbour(lab, directory, words={
        "0": "stats", f"ldap://{SERVER}": f"ldap://{SERVER} ldaps://{SERVER}"})
    with Silence(tap, harbour, "slapd sees whole sessions, and no connection lost",
                 SLAPD_USUAL):
        judge(tap, harbour, "slapd is up", "ldap://%s", "up")
        judge(tap, harbour, "... in TLS", "ldaps://%s?verify=no", "up")
        judge(tap, harbour, "... by StartTLS", "ldap+starttls://%s?verify=no", "up")
        judge(tap, harbour, "a user binds", f"ldap://{BOUND}", "up")
        judge(tap, harbour, "... by StartTLS", f"ldap+starttls://{BOUND}?verify=no", "up")
        judge(tap, harbour, "a wrong password is told",
              f"ldap://{BOUND}".replace(RIGHT, WRONG), "down", "login_failed", "49")


def closed_slapd(tap, lab):
    harbour = Harbour(lab, directory, {"slapd.conf": [
        ("database mdb", "require authc\ndatabase mdb"),
        ("TLSCertificateFile", "#"), ("TLSCertificateKeyFile", "#")]})
    judge(tap, harbour, "slapd that wants a login is up", "ldap://%s", "up")
    judge(tap, harbour, "where there is no TLS, that is told", f"ldap+starttls://{BOUND}",
          "down", "tls_missing")


# ---- Mosquitto -----------------------------------------------------------------------

MOSQUITTO_USUAL = (r"New connection from|New client connected|disconnected\.$|"
                   r"not authorised\.$|No will message|Sending CONNACK")


def asks_mosquitto(tap, lab):
    harbour = Harbour(lab, queue, {"mosquitto.conf": [
        ("persistence", f"""listener 8883 {SERVER}
certfile {{dir}}/server.crt
keyfile {{dir}}/server.key
persistence""")]})
    harbour.certificate()
    with Silence(tap, harbour, "Mosquitto sees clients that leave in order",
                 MOSQUITTO_USUAL):
        judge(tap, harbour, "Mosquitto that wants a login is up", "mqtt://%s", "up")
        judge(tap, harbour, "a user is let in", f"mqtt://{ME}", "up", software="")
        judge(tap, harbour, "... in TLS", f"mqtts://{ME}?verify=no", "up")
        judge(tap, harbour, "a wrong password is told", f"mqtt://{USER}:{WRONG}@%s", "down",
              "login_failed", "not authorized")


def open_mosquitto(tap, lab):
    harbour = Harbour(lab, queue, {"mosquitto.conf": [
        ("allow_anonymous false", "allow_anonymous true\nmax_connections 1")]})
    # Mosquitto 2.0 counts wrong once a client has gone: the full house is first.
    other = harbour.client.connect(SERVER, 1883)
    converse(other, (b"\x10\x11\0\4MQTT\4\2\0\x3c\0\5barge", b"\x20\2\0\0"))
    record = harbour.probe("mqtt://%s")
    tap.ok(record["state"] == "down" and record["reason"] in ("closed", "reset"),
           "a full Mosquitto closes without a word", record)
    other.close()
    e2e.until(lambda: "closed its connection" in harbour.log(), "a place for one more")
    with Silence(tap, harbour, "it sees nobody leave without a word", MOSQUITTO_USUAL):
        judge(tap, harbour, "Mosquitto that takes anybody is up", "mqtt://%s", "up")


if __name__ == "__main__":
    if not e2e.has_tree("mosquitto"):
        print("1..0 # SKIP build/tree is missing: run scripts/test-tree")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(
        asks_mariadb, is_not_locked_out, mariadb_without_tls, asks_postgresql,
        full_postgresql, asks_redis, guarded_redis, orphaned_redis, busy_redis, full_redis,
        asks_memcached, closed_memcached, asks_slapd, closed_slapd, asks_mosquitto,
        open_mosquitto))
