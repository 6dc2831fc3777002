#!/usr/bin/env python3
"""fleet_join.py: who is let into a fleet, by real NATS servers (JetStream, JWT) that are set up
as `breakwater fleet init` says: tokens that are good once, keys that are not taken any more,
and what somebody can do, and can't, who stole a sensor's key.

Runs beside others.
"""
import json
import re
import signal
import ssl
import stat
import sys
import time

import lab as e2e
from fleet_lab import BUILD, has_nats
from fleet_hub import Hub, is_up
from fleet_made import ADDRESS, PORT, Fleet
from lab import BREAKWATER, until
from nats_client import Client, Refused, read_credentials

PRIVATE = {"hub.keys", "hub.creds", "system.creds", "ca.key", "server.key", "sensor.creds"}
SOON_S = 5


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def is_out(fleet, name, number):
    """Whether that server lets its key in no more; the last of them to hear it may lag."""
    try:
        fleet.client(fleet.dir / name, number)
        return False
    except Refused:
        return True


def listed(fleet, state=None):
    """The sensors that `breakwater fleet list` shows."""
    lines = fleet.command("list", "--json", state=state).stdout.splitlines()
    return [one for one in map(json.loads, lines) if "sensor" in one]


# ---- making ----

def a_fleet_is_made_once(tap, lab):
    fleet = Fleet(lab, 3)
    files = [path for path in fleet.dir.rglob("*") if path.is_file()]
    named = {path.name for path in files}
    tap.ok(PRIVATE - {"sensor.creds"} <= named, "keys and certificates are made", named)
    tap.equal([str(path) for path in files if mode_of(path) & 0o077], [],
              "nobody else reads any of it")
    owners = {path.stat().st_uid for path in (fleet.state / "fleet").iterdir()}
    tap.equal(owners, {fleet.state.stat().st_uid}, "a hub's is its state folder's owner's")
    secrets = re.findall(r"S[OAU][A-Z2-7]{56}", fleet.made.stdout + fleet.made.stderr +
                         "".join(path.read_text() for path in fleet.out.rglob("*.conf")))
    tap.equal(secrets, [], "no seed is printed, nor in what servers get")
    before = {path: path.read_bytes() for path in files}
    again = fleet.command("init", "--servers", "tls://other:4222", "--out",
                          fleet.dir / "more", status=2)
    tap.ok("already" in again.stderr and "fleet" in again.stdout,
           "a second one is refused, and said what there is", again.stderr, again.stdout)
    tap.equal({path: path.read_bytes() for path in fleet.dir.rglob("*") if path.is_file()},
              before, "and nothing was changed")
    shown = fleet.command("init").stdout
    tap.ok(all(server in shown for server in fleet.servers), "init alone shows it", shown)
    for wrong in ("nats://a:1", "tls://a", "tls://a:0", "tls://a:65000", "tls://a b:1",
                  "tls://a:4222,tls://a:4222", "tls://a:4222,", "tls://[::1:4222"):
        said = fleet.command("init", "--servers", wrong, state=fleet.dir / "wrong", status=2)
        tap.ok(said.stderr.count("\n") == 1 and "--servers" in said.stderr,
               f"no server: {wrong}", said.stderr)
    for disk, fits in (("1GB", 240), ("128MB", 16)):
        said = fleet.command("init", "--servers", "tls://a:4222", "--disk", disk,
                             state=fleet.dir / "wrong", status=2).stderr
        config = fleet.dir / f"{disk}.yaml"
        config.write_text(re.search(r"hub: {stream_size: \d+ MiB}", said)[0])
        made = fleet.command("init", "--servers", "tls://a:4222", "--disk", disk, "--out",
                             fleet.dir / f"out-{disk}", state=fleet.dir / disk, config=config)
        tap.ok(f"{fits} MiB" in said and "1 server" in made.stdout,
               f"what does not fit into --disk {disk} is told with what does", said)
    small = fleet.command("init", "--servers", "tls://a:4222", "--disk", "100MB",
                          state=fleet.dir / "wrong", status=2).stderr
    tap.ok("128 MB" in small, "and what is too little for any", small)


def a_second_hub_takes_part(tap, lab):
    fleet = Fleet(lab)
    fleet.start_nodes()
    fleet.start_hub()
    fleet.command("hub-credentials", "hub-2", "--out", fleet.dir / "bundle")
    other = fleet.dir / "other"
    fleet.command("init", "--from", fleet.dir / "bundle", state=other)
    tap.ok(not (other / "fleet" / "ca.key").exists(),
           "the authority's key stays where the fleet was made")
    fleet.hubs.pop().end()
    fleet.start_hub(other)
    fleet.join("web-1")
    tap.equal([one[2] for one in fleet.audited("fleet_join")], ["web-1"],
              "another hub goes on with its own credentials")
    tap.equal([(one["sensor"], one["state"]) for one in listed(fleet, other)],
              [("web-1", "joined")], "and says who joined")
    until(lambda: fleet.audited("fleet_hub"), "it is in the chain", 20)
    tap.equal(fleet.audited("fleet_hub")[0][1:3], ["root", "hub-2"],
              "that keys were given away is in the chain")


def a_server_comes_later(tap, lab):
    fleet = Fleet(lab, 3)
    fleet.start_nodes()
    fleet.start_hub()
    fleet.join("web-1")
    address = f"tls://{ADDRESS}:{PORT + 3}"
    fleet.command("server", address, "--out", fleet.out)
    fleet.start_node(3)
    until(lambda: (fleet.get(3, "/routez") or {}).get("num_routes", 0) >= 3,
          "a fourth server", 60, 0.2)
    fleet.command("revoke", "web-1")
    until(lambda: is_out(fleet, "web-1", 3), "its end at the fourth", SOON_S, 0.1)
    tap.ok(True, "one more server knows who is revoked")
    fleet.command("server", address, "--out", fleet.dir / "again")
    again = fleet.dir / "again" / fleet.folder(3).name
    tap.ok((again / "server.pem").read_bytes() != (fleet.folder(3) / "server.pem").read_bytes()
           and fleet.command("init").stdout.count(str(PORT + 3)) == 1,
           "and can have a new certificate")


# ---- joining ----

def machines_join_once_for_each_token(tap, lab):
    fleet = Fleet(lab)
    fleet.start_nodes()
    fleet.start_hub()
    fleet.start_hub()
    token = fleet.token("--site", "berlin", "--tag", "web", "--tag", "db")
    state = fleet.join("web-1", token=token)
    folder = state / "fleet"
    tap.equal(json.loads((folder / "identity").read_text()),
              {"name": "web-1", "site": "berlin", "tags": ["web", "db"],
               "servers": fleet.servers}, "a sensor is told who it is")
    tap.equal(sorted(path.name for path in folder.iterdir()),
              ["ca.pem", "fleet.pub", "identity", "sensor.creds"],
              "and keeps that, and nothing of the token")
    tap.equal((mode_of(folder / "sensor.creds"), (folder / "sensor.creds").stat().st_uid),
              (0o600, state.stat().st_uid), "its key is its daemon's alone")
    tap.equal((folder / "fleet.pub").read_text(),
              (fleet.state / "fleet" / "fleet.pub").read_text(), "and it knows the fleet's")
    until(lambda: fleet.audited("fleet_token"), "the token is in the chain", 20)
    tap.equal([line[1:3] for line in fleet.audited("fleet_join")], [["root", "web-1"]],
              "the chain tells who let it in")
    tap.equal(len(fleet.audited("fleet_init")), 1, "and once who made the fleet")
    again = fleet.join("web-2", token=token, status=None)
    tap.ok(again.returncode in (3, 4) and not (fleet.dir / "web-2/fleet/sensor.creds").exists(),
           "the same token lets nobody in again", again.stderr)
    taken = fleet.join("web-1", status=4)
    tap.ok("--name web-1" in taken.stderr, "a name is one sensor's", taken.stderr)
    hub = fleet.join("hub", status=4)
    tap.ok("hub" in hub.stderr, "and none is called hub", hub.stderr)
    token_over, made = fleet.token("--for", "1s"), time.time()
    until(lambda: time.time() > made + 2, "its end")
    over = fleet.join("web-3", token=token_over, status=3)
    tap.ok("over" in over.stderr, "a token that is over lets nobody in", over.stderr)
    broken = fleet.join("web-3", token=token[:-30], status=2)
    tap.ok("missing" in broken.stderr, "a line that was cut off is told", broken.stderr)


def of_many_that_come_at_once_one_is_let_in(tap, lab):
    fleet = Fleet(lab)
    fleet.start_nodes()
    for _ in range(3):
        fleet.start_hub()
    token = fleet.dir / "token"
    token.write_text(fleet.token())
    answers = fleet.network.run(f"{BUILD}/tests/join_race_driver", str(token),
                                str(fleet.dir / "race.pem"), str(fleet.dir / "race.creds"),
                                "16").stdout.splitlines()
    let_in = [one for one in answers if one.startswith("joined")]
    tap.equal((len(answers), len(let_in)), (16, 1), "of sixteen, one", *answers)
    tap.ok(all(one in let_in or one.startswith("refused: the token was used already")
               for one in answers), "and the others are told why not", *answers)
    tap.equal(len(listed(fleet)), 1, "is a sensor")


def a_token_of_another_fleet_is_refused(tap, lab):
    """Both say that they are at the same servers, which only one has."""
    fleet = Fleet(lab)
    fleet.start_nodes()
    fleet.start_hub()
    other = Fleet(lab, network=fleet.network, name="other")
    folder = other.state / "fleet"
    for file in ("hub.creds", "system.creds"):
        try:
            Client(fleet.network, ADDRESS, PORT, fleet.state / "fleet" / "ca.pem",
                   *read_credentials(folder / file))
            tap.ok(False, f"{file} of another fleet is refused")
        except Refused as error:
            tap.ok("Authorization" in str(error), f"{file} of another fleet is refused", error)
    done = other.command("token", status=3, seconds=90)
    tap.ok("certificate" in done.stderr.lower(),
           "and a server of another authority is not believed", done.stderr)


# ---- a stolen key ----

def what_a_stolen_key_may_not(tap, lab):
    fleet = Fleet(lab)
    fleet.start_nodes()
    fleet.start_hub()
    victim, thief = (fleet.client(fleet.join(name)) for name in ("victim", "thief"))
    tap.ok(all("seq" in json.loads(one.request(f"bw.r.{name}.event", b"records"))
               for one, name in ((victim, "victim"), (thief, "thief"))),
           "each tells its own")
    for subject in ("bw.r.victim.event", "bw.r.hub.event", "bw.q.victim", "bw.c.victim",
                    "bw.q.join.AAAAAAAAAAAAAAAA", "$JS.API.INFO", "$JS.API.STREAM.INFO.BW_EVENT",
                    "$JS.API.STREAM.DELETE.BW_EVENT", "$KV.BW_FLEET.sensor.victim",
                    "$SYS.REQ.CLAIMS.UPDATE", "$JS.ACK.BW_EVENT.hub.1.1.1.1.1",
                    "_INBOX_victim.x.1", "bw.r.thief"):
        tap.ok(not thief.is_allowed(thief.publish, subject, b"x"), f"may not publish {subject}")
    for subject in (">", "bw.r.>", "bw.r.thief.event", "bw.q.>", "bw.c.*", "bw.c.victim",
                    "$KV.>", "_INBOX.>", "_INBOX_victim.>", "$JS.>", "$SYS.>", "*.c.thief"):
        tap.ok(not thief.is_allowed(thief.subscribe, subject), f"may not hear {subject}")
    tap.ok(thief.is_allowed(thief.subscribe, "bw.c.thief"), "but the news for itself")
    thief.announce("bw.r.thief.event", 600 * 1024)
    tap.ok(thief.is_ended(10) and any("Payload" in one for one in thief.errors),
           "a message larger than any batch ends it", thief.errors)


def answers_go_nowhere_else(tap, lab):
    """Whoever publishes names where the answer goes; the server sends it by its own right."""
    fleet = Fleet(lab)
    fleet.start_nodes()
    fleet.start_hub()
    victim, thief = (fleet.client(fleet.join(name)) for name in ("victim", "thief"))
    hub = fleet.hub_link()
    for number in range(5):
        victim.request("bw.r.victim.event", f"record {number}".encode())
    for reply in ("$JS.API.STREAM.PURGE.BW_EVENT", "$JS.API.STREAM.DELETE.BW_EVENT",
                  "bw.r.victim.event", "$KV.BW_FLEET.sensor.victim", "bw.c.victim"):
        thief.publish("bw.r.thief.event", b"x", reply)
    thief.request("bw.r.thief.event", b"last")
    hub.answer("pull event done", "pull", 20)
    pulled = [one["pulled"] for one in hub.objects() if "pulled" in one]
    tap.equal([one["text"] for one in pulled if "victim" in one["subject"]],
              [f"record {number}" for number in range(5)],
              "what others told is as they told it, all of it", pulled)
    tap.equal([one["sensor"] for one in listed(fleet)], ["thief", "victim"],
              "and what is kept of them is as it was")


def a_flood_finds_its_own_bound(tap, lab):
    fleet = Fleet(lab)
    fleet.start_nodes()
    fleet.start_hub()
    good, bad = (fleet.client(fleet.join(name)) for name in ("good", "bad"))
    for number in range(1500):
        bad.publish("bw.r.bad.event", b"garbage", f"{bad.inbox}.flood{number}")
    bad.take_until(lambda: len(bad.messages) == 1500, 30)
    answers = [json.loads(body) for _, body in bad.messages]
    refused = [one for one in answers if "maximum messages per subject" in
               one.get("error", {}).get("description", "")]
    tap.equal((len(answers), len(refused)), (1500, 1500 - 1024),
              "a stream takes so many of one sensor, and refuses the rest")
    tap.ok("seq" in json.loads(good.request("bw.r.good.event", b"records")),
           "others still get through")
    hub = fleet.hub_link()
    while hub.answer("pull event done", "pull", 20) > 0:
        pass
    until(lambda: hub.answer("waiting event", "waiting", 10) == 0, "all is acknowledged", 20)
    tap.equal(hub.answer("trim event 1", "trim", 20), 0, "what hubs have kept is trimmed")
    tap.ok("seq" in json.loads(bad.request("bw.r.bad.event", b"x")),
           "and there is room again, so that a busy sensor is not stopped for long")
    first, second = (json.loads(good.request("bw.r.good.event", b"one", msgid="good.event.1.7"))
                     for _ in range(2))
    tap.ok(second.get("duplicate") and second["seq"] == first["seq"],
           "a batch that is sent again is there once", first, second)


def lies_garbage_and_replays(tap, lab):
    """With what a real sensor had to tell while no server ran, and a real hub."""
    fleet = Fleet(lab)
    fleet.start_nodes()
    hub = Hub(lab, fleet.network, "hub-1", "", state=fleet.state)
    until(lambda: is_up(hub) and hub.leads(), "a hub that leads", 60, 0.1)
    state = fleet.join("victim", token=fleet.token("--site", "berlin", "--tag", "web"))
    thief = fleet.client(fleet.join("thief"))
    fleet.nodes[0].end()
    identity = state / "fleet" / "identity"
    identity.write_text(identity.read_text().replace("berlin", "paris").replace("web", "db"))
    config = fleet.dir / "victim.yaml"
    config.write_text(f"fleet: {{servers: ['{fleet.servers[0]}']}}\n")
    victim = fleet.network.start(BREAKWATER, "run", "--state", str(state), "--socket",
                                 str(lab.dir / "victim.sock"), "--listen", "127.0.0.1:0", "-c",
                                 str(config))
    batches = until(lambda: [path for path in state.rglob("event/*.batch")][:3], "batches", 30)
    stolen = [path.read_bytes() for path in batches]
    fleet.start_nodes()
    until(lambda: [one for one in hub.get("sensors") if one["sensor"] == "victim"],
          "the victim is heard", 60, 0.2)
    until(lambda: not [path for path in batches if path.exists()], "all is told", 60, 0.2)
    tap.equal([(one["site"], one["tags"]) for one in hub.get("sensors")
               if one["sensor"] == "victim"], [("berlin", "web")],
              "where it is and what it is for is as it was joined, whatever it says")
    victim.end()
    depot = fleet.state / "fleet.db"

    def kept():
        tables = lab.run("sqlite3", "-readonly", str(depot), "SELECT name FROM sqlite_master "
                         "WHERE type = 'table' AND sql LIKE '%sensor%'").stdout.split()
        return {name: lab.run("sqlite3", "-readonly", str(depot),
                              f"SELECT count(*) FROM \"{name}\" WHERE sensor = 'victim'").stdout
                for name in tables}

    def waiting():
        """Batches that no hub has kept, as the server counts them."""
        accounts = fleet.get(0, "/jsz?accounts=true&streams=true&consumers=true")
        return sum(consumer["num_pending"] + consumer["num_ack_pending"]
                   for account in accounts["account_details"]
                   for stream in account.get("stream_detail", ())
                   for consumer in stream.get("consumer_detail", ()) if consumer["name"] == "hub")
    until(lambda: waiting() == 0, "all is kept", 30)
    before = kept()
    tap.ok(any(int(count) > 0 for count in before.values()), "what it told is kept", before)
    thief = fleet.client(fleet.dir / "thief")
    for number, batch in enumerate(stolen):
        thief.request("bw.r.thief.event", batch, msgid=f"thief.{number}")
    thief.request("bw.r.thief.event", b"BWB1 and then nonsense" * 50)

    def told_of():
        return {one.get("technique"): one for one in hub.get("findings?sensor=hub")}
    told = until(lambda: {"impostor", "garbage"} <= set(told_of()) and told_of(),
                 "findings of the hub", 30, 0.2)
    tap.ok("thief" in told["impostor"]["summary"] and "victim" in told["impostor"]["summary"],
           "whoever tells as another is told, by both names", told)
    tap.ok("thief" in told["garbage"]["summary"], "and whoever sends garbage", told)
    again = fleet.client(state)
    for number, batch in enumerate(stolen):
        again.request("bw.r.victim.event", batch, msgid=f"again.{number}")
    until(lambda: hub.hub()["lanes"]["event"]["again"] == len(stolen), "all is read", 30, 0.2)
    tap.equal(kept(), before, "old batches that are sent again are in the store once")


# ---- revoking ----

def a_revoked_key_is_out_in_seconds(tap, lab):
    fleet = Fleet(lab, 3)
    fleet.start_nodes()
    fleet.start_hub()
    states = {name: fleet.join(name) for name in ("web-1", "web-2", "web-3")}
    thieves = [fleet.client(states["web-1"], number) for number in range(3)]
    honest = fleet.client(states["web-2"], 1)
    tap.ok(all(one.tls in ("TLSv1.2", "TLSv1.3") for one in thieves), "all of it in TLS")
    told = [one for number in range(3)
            for one in fleet.get(number, "/connz")["connections"]]
    tap.equal([one for one in told if not one.get("tls_version")], [],
              "as servers say of every connection")
    begun = time.monotonic()
    fleet.command("revoke", "web-1", "--why", "stolen")
    ended = [one.is_ended(SOON_S) for one in thieves]
    took = time.monotonic() - begun
    tap.ok(all(ended) and took < SOON_S, f"its connections end ({took:.2f} s)", ended)
    tap.ok("seq" in json.loads(honest.request("bw.r.web-2.event", b"x", 20)),
           "another's does not")
    tap.equal([is_out(fleet, "web-1", number) for number in range(3)], [True] * 3,
              "its key is not taken again")
    fleet.nodes[2].end()
    fleet.command("revoke", "web-3")
    until(lambda: all(is_out(fleet, "web-3", number) for number in range(2)),
          "the end of web-3", SOON_S, 0.1)
    tap.ok(True, "nor another one, while a server is down")
    fleet.start_node(2)
    until(lambda: fleet.node_is_ready(2), "the third server", 60, 0.1)
    until(lambda: is_out(fleet, "web-3", 2), "a server that was down learns it from the others", 30,
          0.2)
    tap.ok(True, "which learns it from the others when it is back")
    for number in range(3):
        fleet.nodes[number].end()
    fleet.start_nodes()
    tap.equal([is_out(fleet, name, number) for number in range(3)
               for name in ("web-1", "web-3")], [True] * 6, "nor when all were started again")
    tap.equal([(one["sensor"], one["state"], one.get("why")) for one in listed(fleet)],
              [("web-1", "revoked", "stolen"),
                                     ("web-2", "joined", None),
               ("web-3", "revoked", None)], "the list says so")
    until(lambda: len(fleet.audited("fleet_revoke")) == 2, "it is in the chain", 60, 0.2)
    tap.equal(sorted(one[1:3] for one in fleet.audited("fleet_revoke")),
              [["root", "web-1"], ["root", "web-3"]], "and the chain")


def a_new_key_ends_the_old_one(tap, lab):
    fleet = Fleet(lab)
    fleet.start_nodes()
    fleet.start_hub()
    state = fleet.join("web-1")
    old = fleet.client(state)
    before = (state / "fleet" / "sensor.creds").read_text()
    token = fleet.token("--name", "web-1")
    fleet.join("web-1", token=token)
    tap.ok((state / "fleet" / "sensor.creds").read_text() != before,
           "a token for that name renews the key")
    tap.ok(old.is_ended(20), "and the old one is out")
    parts = token.split(".")
    try:
        Client(fleet.network, ADDRESS, PORT, state / "fleet" / "ca.pem", ".".join(parts[4:7]),
               parts[3])
        tap.ok(False, "as is what the token let in with")
    except Refused:
        tap.ok(True, "as is what the token let in with")
    tap.ok("seq" in json.loads(fleet.client(state).request("bw.r.web-1.event", b"x")),
           "the new one is in")
    fleet.command("revoke", "web-1")
    refused = fleet.join("web-1", status=4)
    tap.ok("revoked" in refused.stderr, "who was revoked needs a token for his name",
           refused.stderr)
    fleet.join("web-1", token=fleet.token("--name", "web-1"))
    tap.ok("seq" in json.loads(fleet.client(state).request("bw.r.web-1.event", b"x")),
           "with it he is back")
    wrong = fleet.command("revoke", "nobody", status=2)
    tap.ok("nobody" in wrong.stderr, "who is no sensor can't be revoked", wrong.stderr)


def another_hub_ends_what_one_began(tap, lab):
    """A hub leaves the answer some time to arrive, and then ends the key that was replaced."""
    fleet = Fleet(lab)
    fleet.start_nodes()
    hub = fleet.start_hub()
    state = fleet.join("web-1")
    old = fleet.client(state)
    token = fleet.token("--name", "web-1")
    fleet.join("web-1", token=token)
    hub.end(signal.SIGKILL)
    fleet.start_hub()
    tap.ok(old.is_ended(20), "what a hub that was killed had noted, the next one carries out")
    tap.ok("seq" in json.loads(fleet.client(state).request("bw.r.web-1.event", b"x", 20)),
           "and the new key is in")


def servers_trust_only_their_authority(tap, lab):
    fleet = Fleet(lab, 3)
    fleet.start_nodes()
    fleet.start_hub()
    context = ssl.create_default_context(cafile=str(fleet.state / "fleet" / "ca.pem"))
    try:
        with context.wrap_socket(fleet.network.connect(ADDRESS, PORT + 2000),
                                 server_hostname=ADDRESS) as nobody:
            told = nobody.recv(1000)
    except ssl.SSLError as error:
        told = str(error)
    tap.ok("alert" in str(told).lower() and "certificate" in str(told).lower(),
           "servers among themselves want TLS, and a certificate", told)
    other = Fleet(lab, network=fleet.network, name="other")
    for file in ("server.pem", "server.key"):
        (fleet.folder(2) / file).write_bytes((other.folder(0) / file).read_bytes())
    fleet.nodes[2].end()
    fleet.start_node(2)
    tap.ok(until(lambda: "bad certificate" in fleet.nodes[2].err() or
                 "unknown authority" in fleet.nodes[2].err() + fleet.nodes[0].err(),
                 "it is refused", 30, 0.2), "no server of another authority is in the cluster")
    tap.equal(fleet.get(2, "/routez")["num_routes"], 0, "it has no routes")


if __name__ == "__main__":
    if not has_nats():
        print("1..0 # SKIP nats-server is missing: run scripts/test-tree")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(a_fleet_is_made_once, a_second_hub_takes_part,
                      a_server_comes_later, machines_join_once_for_each_token,
                      of_many_that_come_at_once_one_is_let_in,
                      a_token_of_another_fleet_is_refused, what_a_stolen_key_may_not,
                      answers_go_nowhere_else, a_flood_finds_its_own_bound,
                      lies_garbage_and_replays, a_revoked_key_is_out_in_seconds,
                      a_new_key_ends_the_old_one, another_hub_ends_what_one_began,
                      servers_trust_only_their_authority))
