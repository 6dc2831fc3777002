#!/usr/bin/env python3
"""probes_path.py: times of hosts that are far are the path's, also of a thousand at once.

The cable's delay is known; what the prober adds is the measurement, so that this runs alone.
"""
import os
import pathlib
import sys

import lab as e2e
from probes_dns import SERVER, expect, probe

BUILD = pathlib.Path(os.environ.get("BUILD", str(e2e.ROOT / "build")))


def times_of_many(network, targets):
    told = network.run(str(BUILD / "tests/probes_many"), *targets, seconds=60).stdout
    word = told.split()
    return {"up": int(word[1]), "rtt": [*map(int, word[3:6])],
            "wait": [*map(int, word[7:10])]}


def measures_the_path_and_not_itself(tap, lab):
    if not e2e.has_tree("ethtool"):
        tap.skip("a thousand are asked at once", "scripts/test-tree has not made its tree")
        return
    one_way_ms = 25
    client, relay, server = map(lab.namespace, ("client", "relay", "server"))
    lab.join(client, "net0", relay, "left")
    lab.join(server, "net0", relay, "right")
    for network, last in ((client, 1), (server, 2)):
        network.ip("addr", "add", f"10.90.0.{last}/24", "dev", "net0")
        network.tree("ethtool", "-K", "net0", "tx", "off", "gso", "off", "tso", "off",
                     "gro", "off")
        network.ip("link", "set", "net0", "up")
    for link in "left", "right":
        relay.ip("link", "set", link, "up")
    # Before all others, or it would be late itself.
    program = relay.start("chrt", "--fifo", "10", str(BUILD / "tests/delay_relay"),
                          "left", "right", str(one_way_ms))
    e2e.until(lambda: "ready" in program.out(), "the relay")
    # All of that network are the server.
    server.ip("route", "add", "local", "10.91.0.0/16", "dev", "lo")
    client.ip("route", "add", "10.91.0.0/16", "via", SERVER)
    thousand = [f"icmp://10.91.{i // 250}.{i % 250 + 1}" for i in range(1000)]
    far_us = 2 * one_way_ms * 1000
    expect(tap, client, f"icmp://{SERVER}", "up", "the other end is far")
    record = probe(client, f"icmp://{SERVER}?count=10&interval=20ms")
    tap.near(record["rtt_us"], far_us, far_us / 5, "the mean of ten is the cable's", record)
    for group in "1 0", "0 65534":
        client.set("net.ipv4.ping_group_range", group)
        times = times_of_many(client, thousand)
        print(f"# {group}: {times}")
        tap.equal(times["up"], 1000, "a thousand at once are answered", times)
        tap.near(times["rtt"][0], far_us, far_us / 5, "the quickest took the cable's time",
                 times)
        tap.near(times["rtt"][1], far_us, far_us / 5, "as did the one in the middle", times)
        tap.near(times["rtt"][2], far_us, far_us / 5, "and the slowest", times)


if __name__ == "__main__":
    sys.exit(e2e.main(measures_the_path_and_not_itself))
