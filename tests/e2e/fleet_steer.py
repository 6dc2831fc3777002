#!/usr/bin/env python3
"""fleet_steer.py: what a fleet wants of its sensors: documents that are signed, taken or
refused, rolled out in steps, and returned by themselves; sources that are shared; all
between a real NATS server in TLS, a hub and sensors. Runs beside others.
"""
import json
import signal
import sys

import fleet_lab
import lab as e2e
from fleet_hub import Sensors, now
from fleet_made import Fleet
from lab import BREAKWATER, until

GOOD = "limits:\n  loss: 7 %\n"
BETTER = "limits:\n  loss: 8 %\n"
ADDRESS = "203.0.113.77"
# Servers that do not answer: one that hubs know of, and some that only sensors do.
KNOWN_TO_HUBS, KNOWN_TO_SENSORS, KNOWN_LATER = "198.51.100.9", "198.51.100.8", "198.51.100.7"
# What no parser of addresses takes, so that it is a name, but every resolver does: inet_aton(3).
NAMED, NAME = "198.51.100.6", "0xc6336406"
ASKED = "192.0.2.50"  # a machine elsewhere that one of the sensors' machines needs
TAKEN_S = 40  # to be asked for, put in force, told of in the next heartbeat, and shown


class Program(e2e.Monitor):
    """breakwater hub, or breakwater run, of a state folder of the fleet's."""

    # pylint: disable-next=super-init-not-called
    def __init__(self, fleet, state, verb, more="", words=()):
        self.network, self.state, self.fleet = fleet.network, state, fleet
        self.socket = fleet.dir / f"{state.name}.sock"
        self.config = fleet.dir / f"{state.name}.yaml"
        self.others = [KNOWN_TO_HUBS] if verb == "hub" else [KNOWN_TO_SENSORS, NAME]
        self.write(more)
        self.command_line = [BREAKWATER, verb, "-c", str(self.config), "--state", str(state),
                             "--socket", str(self.socket), "--listen", "127.0.0.1:0", *words]
        self.start()

    def write(self, more):
        """Its configuration."""
        servers = [self.fleet.servers[0], *(f"tls://{one}:4222" for one in self.others)]
        self.config.write_text(f"fleet:\n  servers: {json.dumps(servers)}\n{more}")

    def setting(self, key):
        """As it is in force."""
        told = self.get_json("/api/v1/config")
        return next(one["value"] for one in told["keys"] if one["key"] == key)

    def get_json(self, path):
        connection = e2e.UnixConnection(self.socket)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


class Steered(Fleet):
    """A fleet with a hub that leads and sensors of two sites."""

    def __init__(self, lab, *names):
        super().__init__(lab)
        self.start_nodes()
        self.joiner = self.start_hub()
        self.hub = Program(self, self.state, "hub")
        until(lambda: self.hub.get("status")["hub"]["leads"], "a hub that leads", 30, 0.1)
        self.sensors = {}
        for number, name in enumerate(names):
            site = ("berlin", "paris")[number % 2]
            state = self.join(name, token=self.token("--site", site, "--tag", "web"))
            self.sensors[name] = Program(self, state, "run", words=("-i", "lo"))
        until(lambda: len(self.up()) == len(names), "all sensors are up", 60, 0.2)

    def up(self):
        return [one for one in self.hub.get("sensors") if one["state"] == "up"]

    def of(self, name):
        return next((one for one in self.hub.get("sensors") if one["sensor"] == name), {})

    def apply(self, kind, text, *words, status=0):
        path = self.dir / f"{kind}.yaml"
        path.write_text(text)
        return self.command("apply", kind, path, *words, status=status)

    def rollout(self, status=None):
        return self.command("rollout", "--socket", self.hub.socket, status=status).stdout

    def loss(self):
        return {name: sensor.setting("limits.loss") for name, sensor in self.sensors.items()}

    def wait_loss(self, value, names=None, seconds=TAKEN_S):
        names = names or list(self.sensors)
        until(lambda: all(self.loss()[name] == value for name in names),
              f"{value} in {names}", seconds, 0.2)

    def wait_done(self):
        until(lambda: "all of its sensors have it" in self.rollout(), "its end", 90, 0.5)

    def audited(self):
        """What the hub has in its audit trail."""
        return {one["action"] for one in self.hub.get("audit")}


def goes_in_steps(tap, fleet):
    refused = fleet.apply("config", "block:\n  mode: on\n", status=2)
    tap.ok("block.mode is not for a fleet to set" in refused.stderr,
           "who wants a fleet to turn blocking on is told where that is", refused.stderr)
    before = fleet.loss()
    fleet.apply("config", GOOD, "--step", "33%,100%", "--wait", "12s")
    until(lambda: 0.07 in fleet.loss().values(), "a first sensor", TAKEN_S, 0.2)
    values = list(fleet.loss().values())
    said = fleet.rollout()  # so it was still the first step when they were read
    tap.ok("step 1 of 2" in said, "the rollout says which step it is in", said)
    tap.equal(sorted(values), [before["web-1"], before["web-1"], 0.07],
              "of three sensors a third gets it first, and the others wait")
    fleet.wait_loss(0.07, seconds=120)
    tap.ok(True, "then all have it")
    fleet.wait_done()
    until(lambda: {"fleet_apply", "fleet_step", "fleet_done"} <= fleet.audited(),
          "the audit trail", 30, 0.2)
    tap.ok(True, "the audit trail has it")


def outlives_a_restart(tap, fleet):
    sensor = fleet.sensors["web-1"]
    sensor.stop()
    sensor.start()
    tap.equal(sensor.setting("limits.loss"), 0.07, "after a restart it is in force at once")


def returns_by_itself(tap, fleet):
    # One that is good by itself, and contradicts what one machine has.
    fleet.sensors["web-2"].stop()
    fleet.sensors["web-2"].write("probe:\n  fails: 2\n  of: 2\n")
    fleet.sensors["web-2"].start()
    until(lambda: fleet.of("web-2").get("state") == "up", "web-2", 60, 0.2)
    fleet.apply("config", "limits:\n  loss: 9 %\nprobe:\n  fails: 3\n", "--step", "100%",
                "--wait", "60s")
    until(lambda: "ended by breakwater" in fleet.rollout(), "a halt", 90, 0.5)
    said = fleet.rollout()
    tap.ok("web-2 refused it" in said and "probe.fails is 3, probe.of is 2" in said,
           "one that refuses it ends it, with its reason", said)
    fleet.wait_loss(0.07)
    tap.ok(True, "and all have again what was before")
    until(lambda: {"fleet_halt", "fleet_return"} <= fleet.audited(), "the audit trail", 30)
    tap.ok(True, "the audit trail has that, too")
    until(lambda: not fleet.of("web-2").get("config_refused"), "no refusal", TAKEN_S, 0.5)
    tap.ok(True, "what was returned ends the refusal")


def goes_back_by_hand(tap, fleet):
    fleet.apply("config", BETTER, "--step", "100%", "--wait", "1s")
    fleet.wait_loss(0.08)
    fleet.wait_done()
    fleet.command("back", "config", "--wait", "1s")
    fleet.wait_loss(0.07)
    fleet.wait_done()
    tap.equal(fleet.command("show", "config").stdout, GOOD,
              "a person goes back to what was before")


def scopes_are_in_order(tap, fleet):
    fleet.apply("config", BETTER, "--scope", "site:paris", "--step", "100%", "--wait", "1s")
    fleet.wait_loss(0.08, ["web-2"])
    tap.equal([fleet.loss()[name] for name in ("web-1", "web-3")], [0.07, 0.07],
              "what is for a site counts there, above what is for all")
    fleet.wait_done()


def shares_sources(tap, fleet):
    fleet.command("share", ADDRESS, "--for", "10m", "--why", "seen at the firewall")

    def blocks(name):
        return [one for one in fleet.sensors[name].get("blocks")
                if one["address"] == ADDRESS and one["state"] == "observed"]
    until(lambda: all(blocks(name) for name in fleet.sensors), "blocks", 120, 0.5)
    one = blocks("web-1")[0]
    tap.equal((one["actor"], one["vetoed_by"]), ("fleet:hub", "mode"),
              "a source that is shared is answered as the mode of each sensor says")
    tap.ok("seen at the firewall" in one["reason"], "with the reason", one)
    fleet.command("unshare", ADDRESS)
    until(lambda: not any(blocks(name) for name in fleet.sensors), "no blocks", 120, 0.5)
    tap.ok(True, "and ends when that is taken back")


def needs_another_machine(fleet, sensor):
    """It sees a connection of its own to one."""
    shop = fleet.lab.namespace("shop")
    fleet.lab.plug(fleet.network, "out0", ["192.0.2.1"], shop, "eth0", [ASKED])
    sensor.stop()
    sensor.command_line[sensor.command_line.index("lo")] = "out0"
    sensor.start()
    door = shop.listen(ASKED, 5432)
    client = fleet.network.connect(ASKED, 5432)
    server, _ = door.accept()
    client.sendall(b"what is there?")
    server.sendall(b"this")
    client.recv(4)
    for one in (client, server, door):
        one.close()
    until(lambda: [one for one in sensor.get("flows") if one["server_ip"] == ASKED],
          "its connection", 20, 0.1)


def spares_what_a_fleet_needs(tap, fleet):
    """Who has the key of one sensor says that servers, and others, attack it."""
    needs_another_machine(fleet, fleet.sensors["web-3"])
    refused = fleet.command("share", "127.0.0.1", "--why", "it is slow", status=2)
    tap.ok("127.0.0.1 is where a NATS server of the fleet is" in refused.stderr,
           "no person shares a server, either", refused.stderr)
    web_1 = fleet.sensors["web-1"]
    web_1.others.append(KNOWN_LATER)
    web_1.write("")
    web_1.program.process.send_signal(signal.SIGHUP)
    until(lambda: "at the next start only: fleet.servers" in web_1.program.err(), "SIGHUP")
    folder = fleet.join("thief") / "fleet"
    thief = Sensors(fleet.lab, fleet.network, fleet.servers[0], folder / "sensor.creds",
                    folder / "ca.pem", "thief")
    accused = (KNOWN_TO_HUBS, KNOWN_TO_SENSORS, NAMED, KNOWN_LATER, ASKED, ADDRESS)
    for number, address in enumerate(accused):
        thief.finding("thief", f"00000000000000c{number}", address)

    def vetoes(address):
        """What each sensor has against blocking it, when all have judged it."""
        told = [{one["vetoed_by"] for one in sensor.get("blocks")
                 if (one["address"], one["actor"]) == (address, "fleet:thief")}
                for sensor in fleet.sensors.values()]
        return [" ".join(words) for words in told] if all(told) else None

    def judged(address):
        return until(lambda: vetoes(address), f"what becomes of {address}", 60, 0.2)
    tap.equal(judged(ADDRESS), ["mode"] * 3, "what a sensor says is shared")
    tap.equal(judged(KNOWN_TO_SENSORS), ["fleet"] * 3,
              "but no sensor blocks a server of its fleet,")
    tap.equal(judged(NAMED), ["fleet"] * 3, "also if it knows only its name,")
    tap.equal(judged(KNOWN_LATER), ["fleet", "mode", "mode"],
              "nor one that it is to go to after its next start")
    tap.equal(judged(ASKED), ["mode", "mode", "asked"],
              "nor whom its machine itself connected to")
    tap.equal([one for sensor in fleet.sensors.values() for one in sensor.get("blocks")
               if one["address"] == KNOWN_TO_HUBS], [],
              "and what hubs know to be one is not shared at all")


def takes_back_what_a_thief_said(tap, fleet):
    def blocked(name):
        """Of all sensors, whom they would block for what that one said."""
        return [one["address"] for sensor in fleet.sensors.values()
                for one in sensor.get("blocks")
                if (one["actor"], one["state"]) == (f"fleet:{name}", "observed")]
    tap.ok(ADDRESS in blocked("thief"), "who has a sensor's key can have somebody blocked")
    fleet.join("honest")
    system = fleet.state / "fleet/system.creds"
    aside = system.rename(system.with_suffix(".aside"))
    fleet.command("revoke", "thief", "--why", "stolen", status=3)
    until(lambda: not blocked("thief"), "their ends", 60, 0.2)
    tap.ok(True, "until it is revoked, even while servers can't be told")
    aside.rename(system)
    fleet.command("revoke", "thief", "--why", "stolen")
    # What was under way then, in the streams, by the key of a hub.
    folder = fleet.state / "fleet"
    late = Sensors(fleet.lab, fleet.network, fleet.servers[0], folder / "hub.creds",
                   folder / "ca.pem", "hub")
    late.next["thief", "event"] = 100  # after what it has told
    late.finding("thief", "00000000000000d1", "203.0.113.81")
    late.finding("honest", "00000000000000d2", "203.0.113.82")
    until(lambda: len(blocked("honest")) == len(fleet.sensors), "blocks", 60, 0.2)
    tap.equal(blocked("thief"), [], "and what comes of it after that is shared no more")


def is_not_reached_from_one_place(tap, fleet):
    """Rome can't reach what Oslo reaches: that is told of Rome, and nobody is woken."""
    target = "tcp://127.0.0.1:7778"
    keys = fleet.state / "fleet"
    tell = Sensors(fleet.lab, fleet.network, ",".join(fleet.servers), keys / "hub.creds",
                   keys / "ca.pem", "all")

    def answer(sensor, word, **more):
        tell.beat(sensor, site=sensor.split("-")[0])
        tell.tell(sensor, {"record": "probe", "at": now(), "target": target, "state": word,
                           "hard_state": word, "hard_since": now(), **more})

    def says_down(sensor):
        answer(sensor, "down", reason="refused")
        tell.tell(sensor, {"record": "alert", "id": f"{sensor}-down", "at": now(),
                           "start": now(), "state": "firing", "kind": "value",
                           "severity": "high", "rule": "down", "target": target,
                           "metric": "probe.hard_state", "summary": f"{target} is down",
                           "server_ip": "127.0.0.1", "port": 7778, "transport": "tcp"})

    def about(records):
        return [one for one in fleet.hub.get(records) if one.get("target") == target]
    for sensor in ("rome-1", "oslo-1"):
        answer(sensor, "up")
    until(lambda: [one for one in about("probes") if one["sensor"] == "hub"
                   and one["hard_state"] == "up"], "up from both", 60, 0.2)
    says_down("rome-1")
    one = until(lambda: about("incidents"), "an incident", 30, 0.2)[0]
    tap.equal((one["severity"], one["summary"]),
              ("low", f"{target} is unreachable from rome (refused)"),
              "what one place alone can't reach is no outage")
    said = until(lambda: about("alerts"), "its alert")[0]
    tap.equal((said["severity"], said["summary"]), (one["severity"], one["summary"]),
              "nor is its sensor's own alert")
    answer("oslo-1", "down", reason="timeout")
    one = until(lambda: [one for one in about("incidents") if one["severity"] == "high"],
                "an outage", 30, 0.2)[0]
    tap.ok("is down from" in one["summary"], "once as many say so as are needed, it is", one)
    says_down("oslo-1")
    until(lambda: [one for one in about("incidents") if "oslo-1" in one.get("sensors", "")],
          "Oslo's own alert", 30, 0.2)
    firing = [one for one in about("incidents") if one["state"] == "firing"]
    tap.equal([sorted(one["sensors"].split(",")) for one in firing], [["oslo-1", "rome-1"]],
              "of which what each place says is a part")


def asks_from_several_places(tap, fleet):
    port = 7777
    door = fleet.network.listen("127.0.0.1", port)
    target = f"tcp://127.0.0.1:{port}"
    fleet.apply("targets", f"- target: {target}\n  every: 2s\n  retry: 1s\n  fails: 1\n"
                f"  of: 1\n  from: [berlin, paris]\n  need: 2\n"
                f"- target: tcp://127.0.0.1:7778\n  from: [rome, oslo]\n",
                "--step", "100%", "--wait", "1s")

    def together():
        rows = [one for one in fleet.hub.get("probes")
                if one["target"] == target and one["sensor"] == "hub"]
        return rows[0] if rows else {}
    until(lambda: together().get("hard_state") == "up", "it is up", 120, 0.5)
    said = until(lambda: "berlin" in together()["detail"] and "paris" in together()["detail"]
                 and together()["detail"], "both places", 60, 0.5)
    tap.ok("up from" in said, "a target is asked from two places, put together by the hub",
           said)
    door.close()
    until(lambda: together().get("hard_state") == "down", "it is down", 60, 0.5)
    tap.ok("down from" in together()["detail"], "down from both is down", together())

    def alerts():
        return [one for one in fleet.hub.get("alerts") if one["rule"] == "places_down"]
    said = until(alerts, "an alert", 60)[0]["summary"]
    tap.ok(f"{target} is down from" in said, "which is an alert of the hub's", said)
    door = fleet.network.listen("127.0.0.1", port)
    until(lambda: all(one["state"] == "resolved" for one in alerts()), "its end", 60, 0.5)
    tap.ok(True, "until it is reached again")
    is_not_reached_from_one_place(tap, fleet)
    door.close()
    asked = {one["target"] for sensor in fleet.sensors.values()
             for one in sensor.get("probes")}
    tap.ok("tcp://127.0.0.1:7778" not in asked, "what other sites are to ask is not asked")
    fleet.wait_done()


def believes_no_server(tap, fleet):
    """Who has the bucket, but not the fleet's key, can't make a sensor do anything."""
    link = fleet.hub_link()
    before = fleet.loss()
    texts = {"doc.all.config.900": "breakwater document 1\nscope all\nkind config\n"
             "version 900\nmade 1\nby eve\nreturns 0\ntext 0\n" + 64 * "x",
             "doc.plan": "breakwater plan 1\nlast 900\nentry all config 900\n"}
    for key, text in texts.items():
        if link.answer(f"octets {key} any {text.encode().hex()}", "put", 60) != 0:
            raise e2e.Failure(f"{key} can't be put")
    words = "a hub sent a document that the fleet's key has not signed"
    until(lambda: all(words in sensor.program.err() for sensor in fleet.sensors.values()),
          "all sensors say so", 120, 0.5)
    tap.equal(fleet.loss(), before, "what the fleet's key has not signed changes nothing")


def steers(tap, lab):
    fleet = Steered(lab, "web-1", "web-2", "web-3")
    goes_in_steps(tap, fleet)
    outlives_a_restart(tap, fleet)
    returns_by_itself(tap, fleet)
    goes_back_by_hand(tap, fleet)
    scopes_are_in_order(tap, fleet)
    shares_sources(tap, fleet)
    spares_what_a_fleet_needs(tap, fleet)
    takes_back_what_a_thief_said(tap, fleet)


def looks_and_believes(tap, lab):
    fleet = Steered(lab, "web-1", "web-2")
    asks_from_several_places(tap, fleet)
    believes_no_server(tap, fleet)


def another_hub_goes_on(tap, lab):
    fleet = Steered(lab, "web-1", "web-2", "web-3")
    fleet.command("hub-credentials", "hub-2", "--out", fleet.dir / "bundle")
    other = fleet.dir / "other"
    fleet.command("init", "--from", fleet.dir / "bundle", state=other)
    second = Program(fleet, other, "hub", "hub: {name: hub-2}\n")
    fleet.apply("config", GOOD, "--step", "33%,100%", "--wait", "12s")
    until(lambda: 0.07 in fleet.loss().values(), "a first sensor", TAKEN_S, 0.2)
    fleet.hub.program.end(signal.SIGKILL)
    fleet.hub = second
    values = list(fleet.loss().values())
    tap.equal(values.count(0.07), 1, "the hub that leads is killed in the first step")
    fleet.wait_loss(0.07, seconds=150)
    fleet.wait_done()
    tap.ok(True, "the other one goes on, and all have it")
    until(lambda: "fleet_done" in fleet.audited(), "the audit trail", 30, 0.2)
    tap.ok(True, "and has its end in the audit trail")


if __name__ == "__main__":
    if not fleet_lab.has_nats():
        print("1..0 # SKIP nats-server is missing: run scripts/test-tree")
        sys.exit(e2e.EXIT_SKIPPED)
    parts = [steers, looks_and_believes, another_hub_goes_on]
    wanted = sys.argv[1:]
    sys.exit(e2e.main(*[part for part in parts if not wanted or part.__name__ in wanted]))
