#!/usr/bin/env python3
"""wall.py: the process that keeps the firewall, told what to block by messages, beside
what the kernel holds and what packets between two namespaces do.  Runs beside others.
"""
import json
import os
import pathlib
import re
import socket
import time

import lab as e2e
from talker import Talker

BUILD = os.environ.get("BUILD", str(e2e.ROOT / "build"))
OURS, BAD, GOOD = "10.79.0.9", "10.79.0.2", "10.79.0.3"
OURS6, BAD6, BAD6_TOO, GOOD6 = ("fd79::1", "fd79:0:0:1::2", "fd79:0:0:1:ffff::9",
                                  "fd79:0:0:2::2")
PORT, OTHER = 7777, 7778
HELD, ENDED, REMOVED, VETOED, TOO_MANY, FAILED = range(1, 7)
DROP, LIMIT = 1, 2
TCP, UDP = 6, 17
BY_HAND = 1
SETTLED_S = 0.3  # a packet that gets through is there long before


class Wall(Talker):
    """The driver in a namespace: what it is told, and what it has said so far."""

    def __init__(self, lab, network, *options, through=()):
        super().__init__(lab, lab.dir / f"wall-{time.monotonic_ns()}.out", network=network)
        self.start([*through, f"{BUILD}/tests/wall_driver", *options])
        e2e.until(lambda: "begun" in self.text(), "the wall begins")

    def told(self, block):
        """Outcome, packets and error of what was said last about it."""
        found = re.findall(rf"^told {block} (\d+) reason \d+ error (-?\d+) "
                           r"packets (\d+)", self.text(), re.M)
        return (int(found[-1][0]), int(found[-1][1]), int(found[-1][2])) if found else None

    def add(self, block, address, left=60, action=DROP, proto=0, port=0, rate=0, flags=BY_HAND):
        self.say(f"add {block} {address} {action} {proto} {port} {left} {rate} {flags}")
        return e2e.until(lambda: self.told(block), f"an answer about {block}")[0]

    def state(self):
        found = re.findall(r"^state held (\d+) kernel (\d+) repairs (\d+) error (-?\d+) "
                           r"owned (\d)", self.text(), re.M)
        return dict(zip(("held", "kernel", "repairs", "error", "owned"),
                        map(int, found[-1])))


def table_of(network):
    """`nft -j list table inet breakwater`; None: there is none."""
    done = network.run("nft", "-j", "list", "table", "inet", "breakwater", status=None)
    return json.loads(done.stdout)["nftables"] if done.returncode == 0 else None


def elements_of(network, name):
    for item in table_of(network) or []:
        if item.get("set", {}).get("name") == name:
            return item["set"].get("elem", [])
    return []


def plugged(lab):
    server, strangers = lab.namespace("server"), lab.namespace("strangers")
    lab.join(server, "inside", strangers, "outside")
    for network, link, addresses in (
            (server, "inside", (f"{OURS}/24", f"{OURS6}/32")),
            (strangers, "outside", (f"{BAD}/24", f"{GOOD}/24", f"{BAD6}/32",
                                    f"{BAD6_TOO}/32", f"{GOOD6}/32"))):
        network.ip("link", "set", link, "up")
        for address in addresses:
            network.ip("addr", "add", address, "dev", link)
    return server, strangers


class Door:
    """UDP of one port: who gets through."""

    def __init__(self, server, strangers, port=PORT):
        self.server, self.strangers, self.port = server, strangers, port
        self.taken = server.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.taken.bind(("::", port))
        self.count = 0

    def lets_in(self, source, times=1):
        """How many of so many packets come through."""
        version6 = ":" in source
        family = socket.AF_INET6 if version6 else socket.AF_INET
        sent = self.strangers.socket(family, socket.SOCK_DGRAM)
        sent.bind((source, 0))
        self.count += 1
        word = str(self.count).encode()
        for _ in range(times):
            sent.sendto(word, (OURS6 if version6 else OURS, self.port))
        self.taken.settimeout(SETTLED_S)
        got = 0
        try:
            while got < times:
                got += self.taken.recv(64) == word
        except TimeoutError:
            pass
        return got


def packets_are_stopped(tap, wall, server, door):
    tap.equal(table_of(server), None, "no table before there is a block")
    # Whoever asks first for a neighbour's address is answered for all.
    e2e.until(lambda: door.lets_in(GOOD) and door.lets_in(GOOD6), "neighbours are known")
    tap.equal(wall.add(1, BAD), HELD, "an address is blocked")
    tap.equal([bool(door.lets_in(who)) for who in (BAD, GOOD)], [False, True],
              "its packets are stopped, and nobody else's")
    tap.equal(wall.add(2, "fd79:0:0:1::/64"), HELD, "a /64 is blocked")
    tap.equal([bool(door.lets_in(who)) for who in (BAD6, BAD6_TOO, GOOD6)],
              [False, False, True], "all of it is, and its neighbour is not")
    e2e.until(lambda: wall.told(1)[2] >= 1 and wall.told(2)[2] >= 2,
              "what was stopped is counted")
    tap.ok(True, "what was stopped is counted for each")
    wall.say("remove 1")
    e2e.until(lambda: wall.told(1)[0] == REMOVED, "it is removed")
    tap.ok(door.lets_in(BAD), "who is unblocked comes in at once")


def ports_and_networks(tap, wall, server, strangers, door):
    other = Door(server, strangers, OTHER)
    tap.equal(wall.add(10, BAD, proto=UDP, port=PORT), HELD, "a port is blocked")
    tap.equal([bool(door.lets_in(BAD)), bool(other.lets_in(BAD))], [False, True],
              "and no other one")
    wall.say("remove 10")
    tap.equal(wall.add(11, BAD, port=PORT), HELD, "a port of any protocol is")
    tap.equal([bool(door.lets_in(BAD)), bool(other.lets_in(BAD))], [False, True],
              "and no other one")
    wall.say("remove 11")
    tap.equal(wall.add(12, BAD, action=LIMIT, proto=UDP, port=PORT, rate=5), HELD,
              "a port is limited")
    got = door.lets_in(BAD, times=50)
    tap.ok(4 <= got <= 10, "some packets come through, and not all", got)
    tap.equal(door.lets_in(GOOD, times=50), 50, "nobody else is limited")
    wall.say("remove 12")
    tap.equal(wall.add(13, "10.79.0.2/31"), HELD, "a network is blocked")
    tap.equal(wall.add(14, "10.79.0.0/30"), HELD, "and one around it")
    wall.say("remove 14")
    e2e.until(lambda: wall.told(14)[0] == REMOVED, "the outer one is removed")
    tap.ok(not door.lets_in(GOOD), "the inner one is still blocked")
    wall.say("remove 13")
    e2e.until(lambda: wall.told(13)[0] == REMOVED, "the inner one is removed")
    tap.ok(door.lets_in(GOOD), "and then it is not")


def bounds(tap, wall):
    tap.equal(wall.add(20, "127.0.0.1"), VETOED, "loopback is never blocked")
    tap.equal(wall.add(21, "198.51.100.0/24", flags=0), FAILED,
              "a network takes a person")
    answers = [wall.add(30 + n, f"198.51.100.{n}", flags=0) for n in range(12)]
    tap.equal((answers.count(HELD), answers.count(TOO_MANY)), (10, 2),
              "ten new ones a minute, and no more")
    for number in range(12):
        wall.say(f"remove {30 + number}")


def ends(tap, wall, server, door):
    tap.equal(wall.add(60, BAD, left=1), HELD, "a block of a second")
    tap.ok(not door.lets_in(BAD), "it holds")
    e2e.until(lambda: wall.told(60)[0] == ENDED, "its end is told")
    tap.ok(door.lets_in(BAD), "and ends by itself")
    e2e.until(lambda: elements_of(server, "drop4") == [], "no element is left")


def others(tap, wall, server, door):
    wall.add(50, BAD)
    before = wall.state()["repairs"]
    server.run("nft", "flush", "ruleset")
    server.run("nft", "delete", "table", "inet", "breakwater", status=1)
    server.run("nft", "flush", "set", "inet", "breakwater", "drop4", status=1)
    tap.ok(not door.lets_in(BAD), "nobody else's flush ruleset touches it")
    tap.equal(wall.state()["repairs"], before, "so nothing was to be repaired")
    tap.equal(wall.state()["owned"], 1, "the table is owned")
    wall.say("kill")
    e2e.until(lambda: table_of(server) is None, "the table goes with the process")
    tap.ok(door.lets_in(BAD), "kill -9 blocks nobody for ever")
    e2e.until(lambda: "ended" in wall.text(), "its end is noticed")
    e2e.until(lambda: wall.state()["held"] == 0, "another one begins")
    tap.equal(wall.add(51, BAD), HELD, "another one takes its place")
    tap.ok(not door.lets_in(BAD), "and blocks")


def saved(tap, lab, wall, server):
    """Who saves all rules so can load them after a restart, also with ours among them."""
    wall.add(55, "fd79:0:0:9::/64")
    wall.add(56, "10.79.0.8", action=LIMIT, proto=TCP, port=PORT, rate=5)
    path = lab.dir / "saved.nft"
    path.write_text(server.run("nft", "list", "ruleset").stdout)
    done = lab.namespace("later").run("nft", "-f", str(path), status=None)
    tap.ok("limit4_proto_port" in path.read_text() and done.returncode == 0,
           "`nft list ruleset` writes what nft can read", done.stderr)


def without_rights(tap, lab, server):
    wall = Wall(lab, server, through=("setpriv", "--reuid=65534", "--regid=65534",
                                      "--clear-groups"))
    tap.equal(wall.add(1, BAD), FAILED, "without rights it says that it can't")
    tap.equal(wall.told(1)[1], -1, "and why: EPERM")
    e2e.until(lambda: wall.state()["error"] == -1, "its state says so as well")


def many(tap, lab):
    network = lab.namespace("many")
    wall = Wall(lab, network, "131072")
    pattern = r"^many (\d+) held in (\d+) us$"
    for count in (10000, 100000):
        wall.say(f"many 1 {count} 600")
        e2e.until(lambda n=count: re.search(rf"^many {n} held", wall.text(), re.M),
                  f"{count} blocks", seconds=30)
    for count, us in re.findall(pattern, wall.text(), re.M):
        print(f"# {count} blocks held in {int(us) / 1000:.0f} ms", flush=True)
    pid = int(re.search(r"^begun pid (\d+)", wall.text(), re.M)[1])
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kib = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
    tap.ok(kib < 100 * 1024, "100,000 blocks take less than 100 MB", f"{kib} KiB")
    tap.equal(len(elements_of(network, "drop4")), 100000, "the kernel has all of them")
    tap.equal(wall.state()["repairs"], 0, "none was lost")


def blocks(tap, lab):
    server, strangers = plugged(lab)
    wall = Wall(lab, server)
    door = Door(server, strangers)
    packets_are_stopped(tap, wall, server, door)
    ports_and_networks(tap, wall, server, strangers, door)
    bounds(tap, wall)
    ends(tap, wall, server, door)
    others(tap, wall, server, door)
    saved(tap, lab, wall, server)
    tap.ok("bad event" not in wall.text(), "each event is one that is allowed")
    without_rights(tap, lab, lab.namespace("poor"))


if __name__ == "__main__":
    e2e.main(blocks, many)
