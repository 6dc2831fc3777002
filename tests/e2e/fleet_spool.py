#!/usr/bin/env python3
"""fleet_spool.py: what a sensor has put into its spool comes to the stream, in order, and
nothing twice, while processes, servers, the way between them and the disk fail.
Runs beside others.
"""
import contextlib
import os
import pathlib
import pwd
import signal
import sys
import time

import lab as e2e
from fleet_lab import (BUILD, CLIENTS, ELECTED_S, Cluster, Link, Switch, has_nats)
from lab import until
from talker import Talker

SENSOR = "web-1"
ROOM = 64 << 20
LATE_US = 500_000  # of the 2 s that a finding has until it is on a hub's page
FULL_DISK = 2 << 20


class Sensor(Talker):
    """A spool that is filled as we say, and the courier that empties it."""

    def __init__(self, lab, network, servers, room=ROOM, bytes_per_s=0):
        lab.sensors = getattr(lab, "sensors", 0) + 1
        self.dir = lab.dir / f"spool-{lab.sensors}"
        self.dir.mkdir(mode=0o755)
        super().__init__(lab, lab.dir / f"sensor-{lab.sensors}.said",
                         lab.dir / f"sensor-{lab.sensors}.errors", network)
        self.command = [f"{BUILD}/tests/courier_driver", str(self.dir), str(room), SENSOR,
                        servers, "nobody", str(bytes_per_s)]
        self.questions = 0
        self.count = {"event": 0, "flow": 0}  # records that were kept
        self.begin()

    def begin(self):
        self.start(self.command, env={**os.environ, "BREAKWATER_SECCOMP": "kill"})

    def put(self, lane, batches, records=3):
        """How many batches were kept."""
        kept = self.answer(f"put {lane} {batches} {records}", "put", 60)
        self.count[lane] += kept * records
        return kept

    def counts(self):
        return self.answer("counts", "counts")

    def status(self):
        return self.answer("status", "status")

    def asked(self, question):
        """What hubs answer; None: none did."""
        self.questions += 1
        self.say(f"ask {self.questions} {question}")
        return until(lambda: [one for one in self.objects()
                              if one.get("answer") == self.questions], "an end")[0]["text"]

    def wait_until_up(self):
        until(lambda: self.counts()["is_up"], f"the courier: {self.errors.read_text()}",
              ELECTED_S, 0.1)

    def wait_until_empty(self, seconds=120):
        until(lambda: self.status()["batches"] == 0,
              f"all is told: {self.counts()} {self.status()}", seconds, 0.1)


class Stream:
    """What one lane's stream has, by a connection of its own."""

    def __init__(self, lab, network, servers, lane):
        self.link = Link(lab, network, servers)
        self.link.wait_until_up()
        self.link.say(f"heads {lane} 0")

    def heads(self):
        return [one["head"] for one in self.link.objects() if "head" in one]


class Scene:
    """A cluster, a sensor, and a hub's eyes."""

    def __init__(self, lab, nodes=1, **options):
        self.cluster = Cluster(lab, nodes, Switch(lab))
        hub = self.cluster.switch.plug("hub")
        self.hub = Link(lab, hub, self.cluster.servers())
        self.hub.make_streams(nodes)
        self.network = self.cluster.switch.plug("sensor")
        self.sensor = Sensor(lab, self.network, self.cluster.servers(), **options)
        self.sensor.wait_until_up()
        self.streams = {lane: Stream(lab, hub, self.cluster.servers(), lane)
                        for lane in ("event", "flow")}

    def told(self, tap, what, lane, seconds=120):
        """Waits until all was told, and judges what the stream has of it."""
        self.sensor.wait_until_empty(seconds)
        wanted, stream = self.sensor.count[lane], self.streams[lane]

        def sums():
            return sum(head["records"] + head["lost"] for head in stream.heads())
        until(lambda: sums() >= wanted, f"{wanted} {lane}s: {sums()}", 60, 0.1)
        heads = stream.heads()
        order = [(head["epoch"], head["sequence"]) for head in heads]
        tap.equal(order, sorted(set(order)), f"{what}: {lane}s come in order, none twice")
        tap.equal(sums(), wanted, f"{what}: all {lane}s are told, or counted as lost")
        tap.ok(all(head["sensor"] == SENSOR and head["lane"] == lane for head in heads),
               f"{what}: with who tells them", heads[:3])
        return heads


def ordinary(tap, lab):
    scene = Scene(lab)
    for _ in range(30):
        scene.sensor.put("event", 1)
        until(lambda: len(scene.streams["event"].heads()) * 3 == scene.sensor.count["event"],
              "it comes")
    scene.sensor.put("flow", 20, 500)
    late = sorted(head["late_us"] for head in scene.told(tap, "ordinary", "event"))
    tap.ok(late[len(late) * 95 // 100] < LATE_US,
           "95 of 100 findings are with a hub half a second after the batch was closed", late)
    scene.told(tap, "ordinary", "flow")
    scene.hub.say("answer bw.q.> hubs")
    tap.equal(until(lambda: scene.sensor.asked("which"), "an answer", 20),
              f"bw.q.{SENSOR} said which", "a question is answered")
    scene.hub.say(f"tell bw.c.{SENSOR} look")
    until(lambda: [one for one in scene.sensor.objects() if one.get("news") == "look"],
          "news", 20)
    tap.ok(True, "news come")
    node = scene.cluster.nodes[0].address
    until(lambda: [one for one in scene.sensor.objects() if one.get("server") == node],
          "where the server is", 20)
    tap.ok(True, "the courier tells where its servers are")
    counts = scene.sensor.counts()
    tap.ok(counts["holds"] and counts["trouble"] == "", "nothing is wrong", counts)
    status = pathlib.Path(f"/proc/{counts['detail'].split()[1]}/status").read_text()
    told = {words[0].rstrip(":"): words[1] for words in map(str.split, status.splitlines())
            if len(words) > 1}
    tap.equal((told["Uid"], int(told["CapPrm"], 16), int(told["CapBnd"], 16),
               told["NoNewPrivs"], told["Seccomp"]),
              (str(pwd.getpwnam("nobody").pw_uid), 0, 0, "1", "2"),
              "the courier is an ordinary user without rights, and limited in its calls")


def courier_killed(tap, lab):
    scene = Scene(lab)
    for _ in range(3):
        scene.sensor.put("event", 40)
        scene.sensor.put("flow", 10, 200)
        scene.sensor.say("kill")
        until(lambda: not scene.sensor.counts()["is_up"], "it is gone")
        scene.sensor.put("event", 10)
        scene.sensor.wait_until_up()
    scene.told(tap, "the courier is killed, thrice", "event")
    scene.told(tap, "the courier is killed, thrice", "flow")


def daemon_killed(tap, lab):
    scene = Scene(lab)
    scene.cluster.switch.cut_off(scene.network)
    scene.sensor.put("event", 50)
    scene.sensor.put("flow", 50, 100)
    scene.sensor.process.send_signal(signal.SIGKILL)
    scene.sensor.process.wait()
    scene.cluster.switch.join_again(scene.network)
    scene.sensor.begin()
    scene.sensor.put("event", 50)
    scene.told(tap, "the daemon is killed", "event")
    scene.told(tap, "the daemon is killed", "flow")


def leader_killed(tap, lab):
    scene = Scene(lab, 3)
    for _ in range(2):
        scene.sensor.put("event", 30)
        leader = scene.cluster.leader("BW_EVENT")
        leader.kill()
        scene.sensor.put("event", 30)
        scene.sensor.put("flow", 10, 200)
        scene.sensor.wait_until_empty(ELECTED_S)
        leader.start()
        scene.cluster.wait_until_current()
    scene.told(tap, "the stream's leader is killed, twice", "event")
    scene.told(tap, "the stream's leader is killed, twice", "flow")
    scene.sensor.put("event", 30)
    scene.cluster.kill_all()
    scene.sensor.put("event", 30)
    until(lambda: scene.sensor.counts()["trouble"], "it is said that no server is there", 20)
    scene.cluster.start()
    scene.told(tap, "all servers are killed", "event", 2 * ELECTED_S)


def site_cut_off(tap, lab):
    """Longer than there is room for: flows go, findings do not."""
    pace = 1 << 18
    scene = Scene(lab, room=2 << 20, bytes_per_s=pace)
    scene.sensor.put("event", 20)
    scene.sensor.put("flow", 20, 100)
    scene.sensor.wait_until_empty()
    scene.cluster.switch.cut_off(scene.network)
    for _ in range(10):
        scene.sensor.put("event", 20)
        scene.sensor.put("flow", 4, 10000)
    status = scene.sensor.status()
    tap.ok(status["dropped"] > 0 and status["bytes"] <= 2 << 20,
           "what there is no room for is dropped, and counted", status)
    until(lambda: scene.sensor.counts()["trouble"], "it is said", 60, 0.2)
    waited = sum(path.stat().st_size for path in (scene.sensor.dir / "flow").iterdir())
    scene.cluster.switch.join_again(scene.network)
    began = time.monotonic()
    heads = scene.told(tap, "cut off", "event")
    tap.equal(sum(head["lost"] for head in heads), 0, "no finding was dropped")
    # A last batch tells what was lost since the one before.
    scene.sensor.put("flow", 1, 10)
    heads = scene.told(tap, "cut off", "flow")
    took = time.monotonic() - began
    tap.equal(sum(head["lost"] for head in heads), scene.sensor.status()["dropped"],
              "the hubs know how many flows are missing")
    sequences = [head["sequence"] for head in heads]
    tap.ok(sequences[:20] == list(range(1, 21)) and len(sequences) < sequences[-1],
           "it was the oldest that waited", sequences)
    # A second's worth goes at once.
    tap.ok(took > waited / pace - 1.5 > 1, "what waited is told at a bounded pace", took,
           waited)


def disk_full(tap, lab):
    scene = Scene(lab)
    scene.sensor.end()
    lab.run("mount", "-t", "tmpfs", "-o", f"size={FULL_DISK}", "tmpfs", str(scene.sensor.dir))
    lab.callback(lambda: lab.run("umount", "-l", str(scene.sensor.dir), status=None))
    scene.sensor.begin()
    scene.sensor.wait_until_up()
    scene.cluster.switch.cut_off(scene.network)
    until(lambda: not scene.sensor.counts()["is_up"], "it is cut off", 60, 0.2)
    scene.sensor.put("flow", 30, 10000)
    filler = scene.sensor.dir / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    kept = [scene.sensor.put("event", 1) for _ in range(50)]
    tap.ok(all(kept), "a full disk drops flows for findings", kept, scene.sensor.status())
    scene.cluster.switch.join_again(scene.network)
    heads = scene.told(tap, "a full disk", "event")
    tap.equal(sum(head["lost"] for head in heads), 0, "no finding was dropped")
    scene.sensor.put("flow", 1, 10)
    scene.told(tap, "a full disk", "flow")
    filler.unlink()


def acknowledgement_lost(tap, lab):
    """The server has stored it, the courier does not know, and dies."""
    scene = Scene(lab)
    scene.sensor.put("event", 5)
    scene.sensor.wait_until_empty()
    for rule in ("add table inet lab", "add chain inet lab in { type filter hook input "
                 "priority 0; }", f"add rule inet lab in tcp sport {CLIENTS} drop"):
        scene.network.run("nft", rule)
    scene.sensor.put("event", 1)
    until(lambda: len(scene.streams["event"].heads()) == 6, "it is stored", 30)
    tap.equal(scene.sensor.status()["batches"], 1, "what is not known to be stored is kept")
    scene.sensor.say("kill")
    until(lambda: not scene.sensor.counts()["is_up"], "the courier is gone")
    scene.network.run("nft", "delete table inet lab")
    scene.sensor.put("event", 5)
    scene.told(tap, "an acknowledgement is lost", "event")


def file_stays(tap, lab):
    """What was told and can't be removed is not told again and again."""
    scene = Scene(lab)
    folder = scene.sensor.dir / "event"
    scene.sensor.put("event", 2)
    scene.sensor.wait_until_empty()
    lab.run("mount", "--bind", str(folder), str(folder))
    pid = scene.sensor.counts()["detail"].split()[1]
    os.kill(int(pid), signal.SIGSTOP)
    scene.sensor.put("event", 3)
    lab.run("mount", "-o", "remount,ro,bind", str(folder))
    os.kill(int(pid), signal.SIGCONT)
    trouble = until(lambda: scene.sensor.counts()["trouble"], "it is said", 20)
    tap.ok("can't be removed" in trouble and "Read-only" in trouble, "what is wrong is told",
           trouble)
    until(lambda: len(scene.streams["event"].heads()) == 3, "the first is told")
    lab.run("mount", "-o", "remount,rw,bind", str(folder))
    scene.told(tap, "a file stays", "event")
    lab.run("umount", str(folder))
    tap.equal(scene.cluster.state("BW_EVENT")["messages"], 5, "and each was stored once")


def no_room(tap, lab):
    """A full stream holds a sensor back, and is no loss."""
    scene = Scene(lab)
    scene.hub.make_streams(1, 1 << 18)
    scene.sensor.put("flow", 30, 2000)
    trouble = until(lambda: scene.sensor.counts()["trouble"], "it is said", 60, 0.2)
    tap.ok(trouble.startswith("no room on the servers for flow"), "which stream is full",
           trouble)
    scene.sensor.put("event", 5)
    until(lambda: len(scene.streams["event"].heads()) == 5, "events come all the same")
    failed = scene.sensor.counts()["failed"]
    scene.hub.make_streams(1, 1 << 30)
    scene.told(tap, "a stream was full", "flow")
    tap.ok(failed < 100, "it was not tried without end", failed)


if __name__ == "__main__":
    if not has_nats():
        print("1..0 # SKIP nats-server is missing: run scripts/test-tree")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(ordinary, courier_killed, daemon_killed, acknowledgement_lost,
                      file_stays, no_room, site_cut_off, disk_full, leader_killed))
