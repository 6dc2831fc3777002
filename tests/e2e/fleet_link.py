#!/usr/bin/env python3
"""fleet_link.py: our connection to real NATS servers: what is published is stored once, a
follower misses nothing and gets nothing twice while servers are killed and cut off, hubs
share a consumer, and who is refused says so and comes back.  Runs beside others.
"""
import sys
import time

import lab as e2e
from fleet_lab import CLIENTS, ELECTED_S, PATIENCE_S, Cluster, Link, has_nats
from lab import until

SUBJECT = "bw.r.web-1.event"


def published(link, number, text=None, seconds=PATIENCE_S):
    """Told until it is known to be stored; how often that took."""
    tries = []
    until(lambda: tries.append(link.answer(
        f"publish {SUBJECT} web-1.event.1.{number} {text or number}", "publish", 20)) or
        tries[-1] == 0, f"{number} is stored: {link.text()[-400:]}", seconds, 0.05)
    return len(tries)


def pulled(link, lane, how):
    before = len(link.lines())
    count = link.answer(f"pull {lane} {how}", "pull", 20)
    return [one["pulled"] for one in link.objects()[before:] if "pulled" in one][:count]


def followed_texts(link):
    return [one["text"] for one in link.followed()]


def streams(tap, lab):
    """What is stored, and what is not."""
    cluster = Cluster(lab)
    link = Link(lab, cluster.switch.plug("sensor"), cluster.servers())
    until(lambda: link.is_up(), "a connection")
    tap.ok(link.answer(f"publish {SUBJECT} id x 500", "publish") < 0 and
           "no hub has been started" in link.objects()[-1]["error"],
           "without a stream nothing is taken, and it is said why", link.text())
    tap.ok(link.answer(f"streams 1 {1 << 50}", "streams") < 0 and
           "hub.stream_size" in link.objects()[-1]["error"],
           "streams that have no room are told with the setting", link.text())
    link.make_streams(bytes_max=1 << 20)
    link.make_streams(bytes_max=1 << 19)
    tap.equal(cluster.nodes[0].streams()["BW_EVENT"]["config"]["max_bytes"]
              if "config" in cluster.nodes[0].streams()["BW_EVENT"] else 1 << 19, 1 << 19,
              "streams are made, and changed when they are there")
    published(link, 1)
    published(link, 1)
    tap.equal(cluster.state("BW_EVENT")["messages"], 1, "the same id is stored once")
    link.say("follow event 0")
    tap.equal(until(lambda: followed_texts(link), "what was there"), ["1"],
              "a follower begins with what was there")
    filler = "x" * 7000
    results = [link.answer(f"publish bw.r.web-1.flow fill.{number} {filler}", "publish")
               for number in range(90)]
    tap.ok(results[0] == 0 and results[-1] == -28, "a full stream takes nothing more",
           results)
    tap.equal(link.answer(f"publish {SUBJECT} web-1.event.1.2 2", "publish"), 0,
              "but others do")
    tap.equal(until(lambda: followed_texts(link)[1:], "the next"), ["2"],
              "and the follower hears of it")
    first = pulled(link, "flow", "done")
    while pulled(link, "flow", "done"):
        pass
    until(lambda: link.answer("waiting flow", "waiting") == 0, "all is acknowledged")
    stored = first[0]["stored_us"]
    tap.ok(link.answer(f"trim flow {stored}", "trim") == 0 and
           cluster.state("BW_FLOW")["messages"] == sum(one == 0 for one in results),
           "what is not old stays", cluster.state("BW_FLOW"))
    tap.ok(link.answer(f"trim flow {stored + 3600 * 1000000}", "trim") == 0 and
           cluster.state("BW_FLOW")["messages"] == 0, "what all hubs have kept goes",
           cluster.state("BW_FLOW"))
    pulled(link, "event", "hold")
    published(link, 3)
    tap.ok(link.answer(f"trim event {stored + 3600 * 1000000}", "trim") == 0 and
           cluster.state("BW_EVENT")["messages"] == 3,
           "what none has acknowledged never goes", cluster.state("BW_EVENT"))
    crowded(tap, cluster, link)


def crowded(tap, cluster, link):
    """What is removed for one sensor's sake takes nothing from others."""
    def tell(sensor, count):
        for _ in range(count):
            link.told = getattr(link, "told", 0) + 1
            link.say(f"publish bw.r.{sensor}.port {sensor}.{link.told} {sensor}")
        until(lambda: cluster.state("BW_PORT")["last_seq"] == link.told,
              f"{link.told} are stored")

    tell("busy", 800)
    until(lambda: sum(len(pulled(link, "port", "done")) for _ in range(8)) and
          link.answer("waiting port", "waiting") == 0, "all of them are kept")
    tell("quiet", 5)
    tell("busy", 5)
    until(lambda: link.answer("trim port 1", "trim") == 0 and
          cluster.state("BW_PORT")["messages"] < 800, "what is kept is removed", 20, 0.1)
    tap.equal([one["text"] for one in pulled(link, "port", "done")],
              ["quiet"] * 5 + ["busy"] * 5,
              "what is removed for a sensor that tells much costs others nothing")


def hubs(tap, lab):
    """Two share what comes; one that gives a message back gives it to the other."""
    cluster = Cluster(lab)
    one = Link(lab, cluster.switch.plug("hub-1"), cluster.servers())
    two = Link(lab, cluster.switch.plug("hub-2"), cluster.servers())
    one.make_streams()
    two.wait_until_up()
    for number in range(5):
        published(one, f"0{number}")
    pulled(one, "event", "done")
    for number in range(20):
        published(one, number)
    mine = pulled(one, "event", "hold")
    tap.equal(pulled(two, "event", "done"), [], "what one has the other has not")
    tap.ok(two.answer(f"trim event {mine[-1]['stored_us']}", "trim") == 0 and
           cluster.state("BW_EVENT")["messages"] == 20,
           "what is kept goes while others are in hand", cluster.state("BW_EVENT"))
    one.end()
    again = until(lambda: pulled(two, "event", "done"), "what a hub that died had", 60)
    tap.equal([message["sequence"] for message in again],
              [message["sequence"] for message in mine],
              "what a hub had that died comes to another after 30 s")
    published(two, 100)
    began = time.monotonic()
    pulled(two, "event", "again")
    back = until(lambda: pulled(two, "event", "done"), "it comes again")
    tap.ok(back[0]["delivered"] == 2 and 0.5 < time.monotonic() - began < 10,
           "what is given back comes again soon, but not at once", back)
    until(lambda: two.answer("waiting event", "waiting") == 0, "nothing waits")
    two.say("answer bw.q.> hubs")
    until(lambda: two.answer("ask bw.q.web-1 hello", "answer") ==
          "bw.q.web-1 said hello", "an answer", 20)
    tap.ok(True, "a question is answered, by who sees who asks")
    tap.equal(two.answer("put lead 0 me", "put"), 0, "a key is made")
    revision = two.objects()[-1]["revision"]
    tap.equal(two.answer("put lead 0 you", "put"), -17, "and not made twice")
    tap.equal(two.answer(f"put lead {revision} still", "put"), 0, "it is changed from what it was")
    tap.equal(two.answer(f"put lead {revision} late", "put"), -17,
              "and not by who did not know")
    tap.ok(two.answer(f"remove lead {revision}", "remove") == -17 and
           two.answer("get lead", "get") == 0, "nor is it removed by who did not know")
    two.answer("watch sensor.", "watch")
    # One after the other: what is put and at once removed, a watcher may never see.
    for said, value in ("put sensor.web-1 any here", "here"), ("remove sensor.web-1 any", None):
        two.say(said)
        until(lambda want=value: [one["value"] for one in two.objects()
                                  if "changed" in one][-1:] == [want], said, 20)
    tap.equal([one["value"] for one in two.objects() if "changed" in one], ["here", None],
              "who watches hears what is put, and what is removed")
    before = len(two.lines())
    two.answer("each le", "each")
    tap.equal([one["key"] for one in two.objects()[before:] if "key" in one], ["lead"],
              "keys are found by how they begin")


def survived(tap, lab, what, disturb):
    """A follower and a publisher through all that; disturb() gets the cluster and what
    publishes the next ones."""
    cluster = Cluster(lab, 3)
    link = Link(lab, cluster.switch.plug("hub"), cluster.servers())
    sensor = Link(lab, cluster.switch.plug("sensor"), cluster.servers())
    link.make_streams(3)
    sensor.wait_until_up()
    link.say("follow event 0")
    told = []

    def publish(count):
        for _ in range(count):
            told.append(str(len(told)))
            published(sensor, len(told), told[-1], 120)

    publish(50)
    disturb(cluster, publish, sensor)
    publish(50)
    until(lambda: len(followed_texts(link)) >= len(told),
          f"{len(told)} followed: {len(followed_texts(link))}", 120)
    tap.equal(followed_texts(link), told, f"{what}: a follower misses nothing, has nothing "
              "twice, and keeps the order")
    tap.equal(cluster.state("BW_EVENT")["messages"], len(told), f"{what}: each is stored once")


def leader_killed(tap, lab):
    def disturb(cluster, publish, _):
        for _ in range(2):
            leader = cluster.leader("BW_EVENT")
            leader.kill()
            publish(20)
            leader.start()
            cluster.wait_until_current()
    survived(tap, lab, "the leader is killed, twice", disturb)


def all_killed(tap, lab):
    def disturb(cluster, publish, _):
        cluster.kill_all()
        cluster.start()
        publish(10)
    survived(tap, lab, "all servers are killed", disturb)


def cut_off(tap, lab):
    def disturb(cluster, publish, sensor):
        cluster.switch.cut_off(sensor.network)
        # The servers notice by their pings, we by ours.
        until(lambda: not sensor.is_up(), "the connection is lost", 60, 0.2)
        cluster.switch.join_again(sensor.network)
        publish(10)
    survived(tap, lab, "the sensor is cut off", disturb)


def refused(tap, lab):
    """Who may not says so; who was refused is let in when it may."""
    cluster = Cluster(lab)
    node = cluster.nodes[0]
    link = Link(lab, cluster.switch.plug("sensor"), cluster.servers())
    link.make_streams()
    node.program.end()
    node.more = 'authorization { users: [{user: a, password: secret}] }'
    node.write()
    node.start()
    cluster.wait_until_ready()
    trouble = until(lambda: not link.is_up() and
                    "uthoriz" in link.objects()[-1]["error"] and link.objects()[-1]["error"],
                    f"it is said: {link.text()[-300:]}", ELECTED_S, 0.3)
    tap.ok(trouble, "a refusal is told in the server's words")
    for _ in range(3):  # the library's own reconnecting gives up after two
        link.answer("up", "up")
        time.sleep(1)   # what is waited for is that it tries again
    node.program.end()
    node.more = ("authorization { users: [{user: a, password: secret, permissions: "
                 "{publish: {deny: [\"bw.r.web-2.>\"]}}}] }\nno_auth_user: a")
    node.write()
    node.start()
    link.wait_until_up()
    tap.ok(True, "it comes back when it may, however often it was refused")
    published(link, 1)
    tap.equal(link.answer("publish bw.r.web-2.event web-2.event.1.1 x 1000", "publish"), -1,
              "who may not publish there is told so")
    tap.ok("bw.r.web-2.event" in link.objects()[-1]["error"], "with what it may not",
           link.objects()[-1])


def trust(tap, lab):
    """TLS: only who shows a certificate of that authority, and of that name."""
    made = lab.dir / "keys"
    made.mkdir()

    def openssl(*words):
        lab.run(e2e.TREE_RUN, "openssl", *map(str, words))

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", 2, "-subj", "/CN=lab", "-keyout", made / "ca.key", "-out", made / "ca.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", 2, "-subj", "/CN=other", "-keyout", made / "other.key", "-out",
            made / "other.pem")

    def certificate(name, subject):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=nats", "-keyout", made / f"{name}.key", "-out",
                made / f"{name}.csr")
        (made / f"{name}.ext").write_text(f"subjectAltName={subject}\n")
        openssl("x509", "-req", "-in", made / f"{name}.csr", "-CA", made / "ca.pem", "-CAkey",
                made / "ca.key", "-CAcreateserial", "-days", 2, "-extfile",
                made / f"{name}.ext", "-out", made / f"{name}.pem")

    certificate("right", "IP:10.90.0.1")
    certificate("wrong", "IP:10.90.0.9")
    tls = 'tls {{ cert_file: "{0}/{1}.pem", key_file: "{0}/{1}.key" }}'
    cluster = Cluster(lab, more=tls.format(made, "right"))
    node = cluster.nodes[0]
    network = cluster.switch.plug("sensor")
    server = f"tls://{node.address}:{CLIENTS}"
    link = Link(lab, network, server, "-", made / "ca.pem")
    link.make_streams()
    published(link, 1)
    tap.ok(True, "a server of our authority is trusted, by its address")

    def stays_away(one, why):
        return until(lambda: not one.is_up() and why in one.objects()[-1]["error"].lower() and
                     one.objects()[-1]["error"], f"{why}: {one.text()[-300:]}", 20, 0.2)

    other = Link(lab, network, server, "-", made / "other.pem")
    tap.ok(stays_away(other, "certificate"), "one of another authority is not")
    for authority in ("-", made / "missing.pem"):
        nobody = Link(lab, network, server, "-", authority)
        told = until(nobody.objects, "its first word")[0]
        tap.ok(told["open"] != 0 and "authority" in told["error"] and
               (authority == "-" or str(authority) in told["error"]),
               "nor, where its file is missing, by the system's authorities in its place", told)
    node.program.end()
    node.more = tls.format(made, "wrong")
    node.write()
    node.start()
    cluster.wait_until_ready()
    tap.ok(stays_away(link, "mismatch"), "nor one that shows another server's certificate")
    plain = Link(lab, network, cluster.servers())
    tap.ok(stays_away(plain, "certificate"),
           "and where a server wants TLS, one that is written without gets no less")


if __name__ == "__main__":
    if not has_nats():
        print("1..0 # SKIP nats-server is missing: run scripts/test-tree")
        sys.exit(e2e.EXIT_SKIPPED)
    parts = [streams, hubs, refused, trust, leader_killed, all_killed, cut_off]
    wanted = sys.argv[1:]
    sys.exit(e2e.main(*[part for part in parts if not wanted or part.__name__ in wanted]))
