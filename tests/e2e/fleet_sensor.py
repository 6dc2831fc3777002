#!/usr/bin/env python3
"""fleet_sensor.py: `breakwater run` that has joined a fleet: what it sees is in a hub's store,
through real NATS servers in TLS, whoever is killed between, and its status says how it goes.

Runs beside others.
"""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import time

import lab as e2e
from fleet_lab import has_nats
from fleet_made import Fleet
from lab import BREAKWATER, until

PATIENCE_S = 60


def command_in(lab, network, name, command, config):
    """A program of ours, ready."""
    path = lab.dir / f"{name}.yaml"
    path.write_text(config)
    monitor = e2e.Monitor.__new__(e2e.Monitor)
    monitor.network, monitor.socket = network, lab.dir / f"{name}.sock"
    monitor.config = path
    monitor.command_line = [BREAKWATER, command, "-c", str(path), "--socket",
                            str(monitor.socket), "--listen", "off"]
    return monitor


class Hub:
    """breakwater hub with SQLite; what it keeps is read as anybody may."""

    def __init__(self, lab, fleet):
        servers = ",".join(f"'{server}'" for server in fleet.servers)
        self.monitor = command_in(lab, fleet.network, "hub", "hub",
                                  f"fleet: {{servers: [{servers}]}}\nhub: {{name: hub-1}}\n")
        self.monitor.command_line += ["--state", str(fleet.state)]
        self.monitor.start()
        self.state = fleet.state

    def rows(self, query, *values):
        """[] while there is no such table."""
        files = [path for path in pathlib.Path(self.state).rglob("*.db")
                 if not path.name.startswith("breakwater")]
        for path in files:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
                try:
                    return store.execute(query, values).fetchall()
                except sqlite3.OperationalError:
                    continue
        return []

    def count(self, kind, where="1"):
        rows = self.rows(f'SELECT count(*) FROM "{kind}" WHERE {where}')
        return rows[0][0] if rows else 0


def sensor_in(lab, fleet, name, more=""):
    """A monitor that has joined."""
    state = fleet.join(name)
    servers = ",".join(f"'{server}'" for server in fleet.servers)
    monitor = command_in(lab, fleet.network, name, "run",
                         f"fleet: {{servers: [{servers}], {more}}}\n")
    monitor.command_line += ["--state", str(state), "-i", "lo"]
    monitor.state = state
    monitor.start()
    return monitor


def connect(network, port, count=1):
    """Connections that are opened, used and closed."""
    listener = network.listen("127.0.0.1", port)
    for _ in range(count):
        mine = network.connect("127.0.0.1", port)
        theirs, _ = listener.accept()
        mine.sendall(b"question")
        theirs.recv(100)
        theirs.sendall(b"answer")
        mine.recv(100)
        mine.close()
        theirs.close()
    listener.close()


def fleet_of(monitor):
    return monitor.get("status")["fleet"]


# ---- how it does not start ----

def who_has_not_joined_is_told_how(tap, lab):
    network = lab.namespace("alone")
    path = lab.dir / "alone.yaml"
    path.write_text("fleet: {servers: ['tls://127.0.0.1:4222']}\n")
    done = network.run(BREAKWATER, "run", "-c", str(path), "--state", str(lab.dir / "alone"),
                       "--socket", str(lab.dir / "alone.sock"), "--listen", "off", status=None,
                       seconds=20)
    tap.ok(done.returncode == 2 and "breakwater fleet join" in done.stderr and
           done.stderr.count("\n") == 1, "fleet.servers without having joined is told in a "
           "line, with what joins", done.returncode, done.stderr)


def who_lost_its_identity_watches_alone(tap, lab):
    network = lab.namespace("spoilt")
    monitor = command_in(lab, network, "spoilt", "run",
                         "user: nobody\nfleet: {servers: ['tls://127.0.0.1:4222']}\n")
    state = lab.dir / "spoilt"
    monitor.command_line += ["--state", str(state), "-i", "lo"]
    folder = state / "fleet"
    folder.mkdir(parents=True)
    (folder / "fleet.pub").write_text("spoilt\n")
    for path in (state, folder):
        shutil.chown(path, "nobody")

    def run(what, trouble, **files):
        for name, text in files.items():
            (folder / name.replace("_", ".")).write_text(text)
        monitor.start()
        connect(network, 9000 + len(what))
        port = until(lambda: monitor.get(f"ports?port={9000 + len(what)}"), "a port", 20)
        fleet = until(lambda: fleet_of(monitor)["trouble"] and fleet_of(monitor), "trouble", 20)
        screen = monitor.command("status").stdout
        said = monitor.program.err()
        monitor.stop()
        tap.ok(port and not fleet["connected"] and trouble in fleet["trouble"] and
               trouble in " ".join(screen.replace("\n", " ").split()) and trouble in said,
               f"{what}: it watches, and says what is wrong", fleet, screen, said)
        return said, screen

    _, screen = run("an identity that can't be read", "fleet/identity", identity="no JSON")
    tap.ok("watches alone" in screen, "and that it is alone", screen)
    (folder / "identity").unlink()
    run("one that is lost", "fleet/identity", sensor_creds="")
    said, _ = run("no authority", "fleet/ca.pem", identity='{"name": "web-1"}')
    tap.ok("fleet.pub" in said and "targets.d" not in said,
           "without the fleet's key only that is told", said)


# ---- what comes to the hubs ----

def what_a_sensor_sees_is_in_the_hubs_store(tap, lab):
    fleet = Fleet(lab)
    fleet.start_nodes()
    joining = fleet.start_hub()
    sensor = sensor_in(lab, fleet, "web-1")
    joining.end()
    fleet.hubs.clear()
    hub = Hub(lab, fleet)
    until(lambda: fleet_of(sensor)["connected"], "a connection", PATIENCE_S, 0.1)
    connect(fleet.network, 7001, 5)
    until(lambda: hub.count("flow", "server_port=7001") == 5, "five connections", PATIENCE_S,
          0.2)
    tap.ok(True, "each connection is in the hub's store, once")
    until(lambda: hub.count("sensor", "state='up'") >= 2, "two heartbeats", PATIENCE_S, 0.2)
    row = hub.rows('SELECT sensor,version,since,records_dropped FROM "sensor" LIMIT 1')[0]
    tap.ok(row[0] == "web-1" and row[1] and row[2] and row[3] == 0,
           "it says every ten seconds how it is", row)
    tap.equal(hub.count("audit", "action='start'"), 1, "its audit trail is there")
    until(lambda: hub.count("listener", "port=4222"), "a listener", PATIENCE_S, 0.2)
    tap.ok(True, "who listens, too")
    until(lambda: hub.count("port", "port=7001 AND interval_s=60"), "a minute of a port",
          150, 0.5)
    tap.equal(hub.rows('SELECT flows,interval_s FROM "port" WHERE port=7001 LIMIT 1'),
              [(5, 60)], "and ports by the minute")
    status = fleet_of(sensor)
    tap.ok(status["name"] == "web-1" and status["told_batches"] > 3 and
           status["dropped_records"] == 0 and status["trouble"] == "",
           "its own status says so", status)
    text = sensor.command("status").stdout
    tap.ok("as web-1" in text and "connected" in text, "on the screen, too", text)
    flows_stay_at_home_when_asked(tap, fleet, sensor, hub)
    servers_are_away(tap, fleet, sensor, hub)
    it_is_killed_and_begins_again(tap, fleet, sensor, hub)
    it_ends_in_order(tap, sensor, hub)


def reload_with(sensor, config):
    said = len(sensor.program.err())
    sensor.config.write_text(config)
    sensor.program.process.send_signal(signal.SIGHUP)
    until(lambda: "read again" in sensor.program.err()[said:], "the end of the reload", 20)
    return sensor.program.err()[said:]


def flows_stay_at_home_when_asked(tap, fleet, sensor, hub):
    before = sensor.config.read_text()
    said = reload_with(sensor, before.replace("[", "['tls://127.0.0.9:4222', ")
                       .replace("], }", "], flows: no, spool: 2 MB}"))
    tap.ok("at the next start only: fleet.servers" in said, "other servers need a start",
           said)
    tap.equal(fleet_of(sensor)["room_bytes"], 2_000_000, "another room for what waits does not")
    connect(fleet.network, 7004, 2)
    until(lambda: len(sensor.get("flows?port=7004")) == 2, "two connections, here", 20, 0.1)
    beats = hub.count("sensor")
    until(lambda: hub.count("sensor") >= beats + 2, "later heartbeats", PATIENCE_S, 0.2)
    tap.equal(hub.count("flow", "server_port=7004"), 0,
              "with fleet.flows: no, connections stay on the machine")
    reload_with(sensor, before)


def servers_are_away(tap, fleet, sensor, hub):
    fleet.nodes[0].end(signal.SIGKILL)
    until(lambda: not fleet_of(sensor)["connected"], "the end of the connection", PATIENCE_S,
          0.1)
    connect(fleet.network, 7002, 7)
    until(lambda: fleet_of(sensor)["waiting_batches"] > 0 and fleet_of(sensor)["trouble"],
          "batches that wait", PATIENCE_S, 0.1)
    tap.ok("wait" in sensor.command("status").stdout, "what waits is in the status")
    fleet.start_node(0)
    until(lambda: hub.count("flow", "server_port=7002") == 7, "what was kept meanwhile",
          2 * PATIENCE_S, 0.2)
    until(lambda: fleet_of(sensor)["trouble"] == "", "the end of trouble", PATIENCE_S, 0.1)
    tap.ok(True, "what came while the servers were away is told when they are back")


def it_is_killed_and_begins_again(tap, fleet, sensor, hub):
    guard_pid = int(sensor.get("status")["privileges"]["guard"]["detail"].split()[-1])
    sensor.program.process.kill()
    sensor.program.wait()
    until(lambda: not os.path.exists(f"/proc/{guard_pid}"), "the end of its guard", 20, 0.05)
    epochs = hub.rows('SELECT count(*) FROM "audit" WHERE action=\'start\'')
    sensor.start()
    connect(fleet.network, 7003, 3)
    until(lambda: hub.count("flow", "server_port=7003") == 3, "what it sees then",
          2 * PATIENCE_S, 0.2)
    tap.equal(hub.count("audit", "action='start'"), epochs[0][0] + 1,
              "killed, it goes on where it was")
    tap.equal([hub.count("flow", f"server_port={port}") for port in (7001, 7002)], [5, 7],
              "nothing is told twice")
    tap.equal(hub.count("gap", "reason='spool'"), 0, "and no gap is told where there is none")


def it_ends_in_order(tap, sensor, hub):
    began = time.monotonic()
    tap.equal(sensor.stop(), 0, "it ends")
    took = time.monotonic() - began
    until(lambda: hub.count("sensor", "state='gone'") == 1, "the last words", 10, 0.1)
    tap.ok(took < 5, "and says so before", f"{took:.1f} s")
    chain_is_told(tap, sensor, hub)


def chain_is_told(tap, sensor, hub):
    """With numbers, hashes and signatures, whatever was killed between."""
    with sqlite3.connect(f"file:{sensor.state}/breakwater.db?mode=ro", uri=True) as store:
        for kind, asked in (("audit", "seq, hash, action"),
                            ("checkpoint", "number, seq, signature, public_key")):
            own = store.execute(f"SELECT {asked} FROM {kind} ORDER BY 1").fetchall()

            def told(kind=kind, asked=asked):
                return hub.rows(f"SELECT {asked} FROM {kind} WHERE sensor='web-1' ORDER BY 1")
            until(lambda told=told, own=own: len(told()) >= len(own), kind, 20, 0.1)
            tap.equal(told(), own, f"each {kind} record of its chain is there, once")
    its_chain_is_proven(tap, sensor, hub)


def verify(hub, *words):
    command = [BREAKWATER, "audit", "verify", "-c", str(hub.monitor.config), "--state",
               str(hub.state), *words]
    return hub.monitor.network.run(*command, status=None)


def history_written_anew(state):
    """The last record is another one, with the hash that fits it: as root does it."""
    with sqlite3.connect(f"{state}/breakwater.db") as store:
        before, = store.execute("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1, 1").fetchone()
        names = ("seq", "at", "actor", "action", "subject")
        row = store.execute(f"SELECT {','.join(names)} FROM audit ORDER BY seq DESC "
                            "LIMIT 1").fetchone()
        told = dict(zip(names, row), actor="nobody")
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(told["at"] // 1000000))
        told["at"] = f"{stamp}.{told['at'] % 1000000:06}Z"
        text = json.dumps({"record": "audit", **told}, separators=(",", ":"))
        digest = hashlib.sha256((before + text).encode()).hexdigest()[:63]
        store.execute("UPDATE audit SET actor='nobody', hash=? WHERE seq=?",
                      (digest, told["seq"]))
    return told["seq"]


def its_chain_is_proven(tap, sensor, hub):
    """At the hub, also against who owns the machine, its store and its key."""
    done = verify(hub, "--sensor", "web-1")
    tap.ok(done.returncode == 0 and done.stdout.startswith("fine: "),
           "what it told is proven at the hub", done.stdout, done.stderr)
    last, = hub.rows("SELECT max(at), max(seq) FROM checkpoint WHERE sensor='web-1'")

    def chain():
        row, = hub.monitor.get("sensors")
        return row.get("audit_chain") == "holds" and row["audit_seq"] == last[1] and row
    until(chain, "its chain's end", 30, 0.1)
    tap.ok("not hold" not in hub.monitor.command("fleet", "status", status=None).stdout,
           "the hub proves it as it comes")
    done = verify(hub)
    tap.ok("the depot has the chains of 1 sensor:" in done.stdout,
           "beside the hub's own chain it is said whose else there are", done.stdout, done.stderr)
    done = verify(hub, "--sensor", "web-9")
    tap.ok(done.returncode == 5 and "no chain of web-9" in done.stderr, "not of who told nothing",
           done.stderr)
    seq = history_written_anew(sensor.state)
    own = sensor.network.run(BREAKWATER, "audit", "verify", "--state", str(sensor.state),
                             status=None)
    sensor.start()
    until(lambda: hub.count("audit", f"sensor='web-1' AND seq={seq}") == 2, "both records", 30, 0.1)
    done = verify(hub, "--sensor", "web-1", "--json")
    faults = [json.loads(line) for line in done.stdout.splitlines()]
    tap.ok(done.returncode == 1 and faults[-1]["verdict"] == "broken" and [
        [one["from"], one["what"]] for one in faults[:-1] if not one["notice"]] ==
           [[seq, "forked"]],
           "a history that was written anew there is a fork here", done.stdout, own.stdout)

    def alert():
        return [one for one in hub.monitor.get("alerts")
                if one["rule"] == "audit_chain" and one["state"] == "firing"]
    fired = until(alert, "an alert", 30, 0.1)
    shown = hub.monitor.command("fleet", "status", status=None)
    tap.ok(fired[0]["severity"] == "critical" and fired[0]["target"] == "web-1" and
           shown.returncode == 1 and
           f"! web-1 has an audit chain that does not hold: record {seq} " in shown.stdout,
           "... of which the leader tells people, and which stands in fleet status", fired,
           shown.stdout)
    sensor.stop()


if __name__ == "__main__":
    if has_nats():
        e2e.main(who_has_not_joined_is_told_how, who_lost_its_identity_watches_alone,
                 what_a_sensor_sees_is_in_the_hubs_store)
    else:
        e2e.main(lambda tap, _: tap.skip("sensors of a fleet", "no nats-server in the tree"))
