#!/usr/bin/env python3
"""wall_hostile.py: whoever has taken over the daemon can send the process that keeps the
firewall whatever he likes; in the kernel is then nobody who is never blocked, and no more
than may be.  Runs beside others.
"""
import contextlib
import ipaddress
import json
import os
import pathlib
import random
import re
import subprocess
import time

import lab as e2e
from wall import BUILD, table_of

OWN, OWN6, GATEWAY, CONFIGURED = "10.79.1.9", "fd79:1::9", "10.79.1.1", "198.18.7.0/24"
TOTAL, WIDE = 1000, 16
MESSAGES = int(os.environ.get("MESSAGES", "150000"))
SPARED = [CONFIGURED, OWN, OWN6, GATEWAY, "127.0.0.1", "127.8.0.1", "::1", "224.0.0.251",
          "ff02::1", "fe80::1", "255.255.255.255", "0.0.0.0"]


def resolvers():
    text = pathlib.Path("/etc/resolv.conf").read_text()
    return [one for one in re.findall(r"^nameserver\s+([0-9a-f.:]+)\s*$", text, re.M)]


def network_of(server):
    server.ip("link", "add", "inside", "type", "veth", "peer", "name", "outside")
    for name in ("lo", "inside", "outside"):
        server.ip("link", "set", name, "up")
    server.ip("addr", "add", f"{OWN}/24", "dev", "inside")
    server.ip("addr", "add", f"{OWN6}/64", "dev", "inside", "nodad")
    server.ip("route", "add", "default", "via", GATEWAY)


def whole_table(server):
    """What nft prints of a table that is made anew meanwhile is at times no JSON."""
    for _ in range(5):
        with contextlib.suppress(json.JSONDecodeError):
            return table_of(server)
    return None


def elements(server):
    """The network of each element that the kernel has."""
    found = []
    for item in whole_table(server) or []:
        made = item.get("set", {})
        length = re.match(r"(?:drop|limit)([46])(?:_(\d+))?(?:_proto)?(?:_port)?$",
                          made.get("name", ""))
        for one in made.get("elem", []):
            value = one["elem"]["val"] if "elem" in one else one
            address = value["concat"][0] if isinstance(value, dict) else value
            usual = 32 if length[1] == "4" else 64
            found.append(ipaddress.ip_network(f"{address}/{length[2] or usual}"))
    return found


def memory_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def hostile(tap, lab):
    server = lab.namespace("hostile")
    network_of(server)
    seed = int(os.environ.get("SEED", random.randrange(1, 1 << 32)))
    print(f"# SEED={seed} MESSAGES={MESSAGES}", flush=True)
    spared = [ipaddress.ip_network(one) for one in SPARED + resolvers()]
    with server.inside():
        # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
        process = subprocess.Popen(
            [f"{BUILD}/tests/wall_hostile_driver", str(seed), str(MESSAGES),
             *map(str, spared)], stdout=subprocess.PIPE,
            preexec_fn=e2e.die_with_parent)
    lab.callback(process.wait)
    lab.callback(process.kill)
    wrong, most, wide, looks, seen = [], 0, 0, 0, 0
    while not (said := ready(process)):
        there = elements(server)
        wrong += [(str(one), str(never)) for one in there for never in spared
                  if one.version == never.version and one.overlaps(never)]
        most = max(most, len(there))
        wide = max(wide, sum(one.prefixlen < (16 if one.version == 4 else 32)
                             for one in there))
        looks += 1
        seen += len(there)
        time.sleep(0.2)
    # How many there are at once depends on how fast this machine is.
    tap.ok(looks > 2 and seen > 200, "there is something to look at", looks, seen, most)
    tap.equal(wrong, [], "nobody who is never blocked ever is")
    tap.ok(most <= TOTAL, "no more are blocked than may be", most)
    tap.ok(wide <= WIDE, "and few networks as large as providers", wide)
    pid = int(re.search(rb"pid (\d+)", said)[1])
    tap.ok(memory_kib(pid) < 40000, "its memory is bounded", memory_kib(pid))
    victims(tap, server, process, pid)


def ready(process):
    os.set_blocking(process.stdout.fileno(), False)
    return process.stdout.read()


def victims(tap, server, process, pid):
    """A daemon that does not read keeps nobody blocked who is spared from now on."""
    there = e2e.until(lambda: [one for one in elements(server)
                               if one.version == 4 and one.prefixlen == 32],
                      "somebody is blocked")
    server.ip("route", "add", "203.0.113.0/24", "via", str(there[0].network_address),
              "dev", "inside", "onlink")
    e2e.until(lambda: there[0] not in elements(server), "a gateway is not blocked any more")
    tap.ok(True, "who becomes a gateway is let go, though nobody reads of it")
    tap.ok(process.poll() is None and pathlib.Path(f"/proc/{pid}").exists(),
           "the wall is there")


if __name__ == "__main__":
    e2e.main(hostile)
