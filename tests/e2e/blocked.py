#!/usr/bin/env python3
"""blocked.py: who attacks is cut off, and nobody else, of real tools between namespaces.

A server with blocks on is scanned by nmap while a guest uses it; others' names are used
for attacks that they did not make; firewalls are reloaded, and processes killed.

Runs beside others.
"""
import os
import pathlib
import re
import signal
import sys
import time

import lab as e2e
from flooding import TESTS
from lab import until
from siege import (ADMIN, ATTACKER, ATTACKER6, BYSTANDER, GATEWAY, OPEN, RESOLVER, VICTIM,
                   VICTIM6, Guest, Siege, asks, connect, is_served)

OTHERS = """
flush ruleset
table inet mine {
	chain input { type filter hook input priority 0; policy accept; counter; }
}
"""
CONTAINER = "10.97.200.2"
SETTLED_S = 1  # what is decided is decided by then: scans are told at once


def kept_by_others(siege):
    """The ruleset but our table, without counters."""
    text = siege.server.run("nft", "-s", "list", "ruleset").stdout
    return re.sub(r"table inet breakwater \{.*?\n\}\n", "", text, flags=re.S)


def table_is_there(siege):
    return siege.server.run("nft", "list", "table", "inet", "breakwater",
                            status=None).returncode == 0


def cut_off(tap, siege):
    """nmap's whole connections, then nothing any more; the guest notices nothing."""
    held = connect(siege.attacker, ATTACKER, VICTIM, OPEN[1])
    tap.ok(asks(held), "who attacks has a session")
    guest = Guest(siege.guests)
    nmap = siege.scan("-sT")
    block = siege.wait_for_block(ATTACKER)
    nmap.end_now()
    tap.equal((block["action"], block.get("port"), block["actor"]),
              ("drop", None, "breakwater"), "a scan by whole connections is cut off", block)
    tap.ok(block["latency_us"] < 200_000, "soon after the packet that decided", block)
    tap.ok(not asks(held), "his session ends")
    tap.ok(not is_served(siege.attacker, ATTACKER), "and no other begins")
    rounds, failures, worst_s = guest.leave()
    tap.ok(rounds > 5 and failures == 0 and worst_s < 1,
           "a guest is served all the time", rounds, failures, worst_s)
    return block


def by_address(tap, siege):
    """All of a /64 is one."""
    siege.attacker.ip("addr", "add", "2a0b:60::beef/48", "dev", "net0")
    nmap = siege.scan("-sT", "-6", "-S", ATTACKER6, "-e", "net0", server=VICTIM6)
    block = siege.wait_for_block("2a0b:60::")
    nmap.end_now()
    tap.equal(block["prefix_len"], 64, "of IPv6 the /64 is blocked", block)
    tap.ok(not is_served(siege.attacker, "2a0b:60::beef", VICTIM6),
           "another address in it does not help")


def reloads(tap, siege, block):
    """Others' firewalls, again and again."""
    siege.server.run("nft", "-f", "-", status=None)  # nothing: it must not matter
    path = siege.lab.dir / "others.nft"
    path.write_text(OTHERS)
    for command in (("nft", "flush", "ruleset"), ("nft", "-f", str(path)),
                    ("nft", "delete", "table", "inet", "breakwater")):
        siege.server.run(*command, status=None)
        tap.ok(not is_served(siege.attacker, ATTACKER), f"it holds after {' '.join(command[:3])}")
    before = kept_by_others(siege)
    tap.ok("table inet mine" in before, "what others have made is there", before)
    tap.equal([one["id"] for one in siege.blocks(ATTACKER)], [block["id"]],
              "it is the same block")
    return before


def killed(tap, siege, block, before):
    """The wall, then the daemon: each is back with what was in force."""
    wall = int(re.search(r"pid (\d+)", siege.monitor.get("status")["firewall"]["detail"])[1])
    os.kill(wall, signal.SIGKILL)
    until(lambda: not table_is_there(siege), "its table goes with the wall")
    tap.ok(is_served(siege.guests, BYSTANDER), "without the wall nobody is cut off")
    until(lambda: table_is_there(siege), "another wall")
    until(lambda: not is_served(siege.attacker, ATTACKER), "the block is back", 3)
    tap.equal(siege.wait_for_block(ATTACKER)["until"], block["until"],
              "another wall holds it until the same moment")
    siege.monitor.stop(signal.SIGKILL)
    until(lambda: not table_is_there(siege), "the table goes with the daemon")
    state = siege.monitor.state
    siege.begin("--state", str(state))
    again = siege.wait_for_block(ATTACKER)
    tap.equal((again["id"], again["until"]), (block["id"], block["until"]),
              "another daemon takes it up, with the same end")
    tap.ok(not is_served(siege.attacker, ATTACKER), "and it holds")
    tap.equal(kept_by_others(siege), before, "others' rules are as they were")


def let_go(tap, siege):
    siege.monitor.command("unblock", ATTACKER)
    tap.ok(is_served(siege.attacker, ATTACKER), "who is unblocked is served at once")
    tap.ok(is_served(siege.guests, BYSTANDER), "so is the guest")


def attacker(tap, lab):
    siege = Siege(lab)
    siege.begin()
    block = cut_off(tap, siege)
    by_address(tap, siege)
    before = reloads(tap, siege, block)
    killed(tap, siege, block, before)
    let_go(tap, siege)
    tap.equal(siege.monitor.stop(), 0, "the daemon ends well")
    tap.ok(not table_is_there(siege), "and leaves nothing in the firewall")


def vetoes(siege):
    return {one["vetoed_by"] for one in siege.monitor.get("blocks") if "vetoed_by" in one}


def names(tap, lab):
    """Attacks in the name of those whom a server needs, and of anybody."""
    siege = Siege(lab)
    session = siege.log_in(siege.serve_ssh())
    siege.begin()
    guest = Guest(siege.guests)
    siege.knock(siege.router, GATEWAY, 3000)
    siege.knock(siege.guests, RESOLVER, 4000)
    siege.knock(siege.guests, ADMIN, 5000)
    until(lambda: len(vetoes(siege)) == 3, "vetoes")
    tap.equal(vetoes(siege), {"gateway", "resolver", "ssh"},
              "who is needed is not blocked, whatever he really does")
    for name in (RESOLVER, ADMIN, BYSTANDER):
        siege.forge(name)
    siege.forge(GATEWAY, siege.router)
    siege.attacker.run(TESTS / "blaster", "net0", "1", "scans", VICTIM, "100000", status=None)
    time.sleep(SETTLED_S)
    rounds, failures, worst_s = guest.leave()
    tap.equal(siege.blocks(), [], "nobody is blocked for what is done in his name")
    tap.ok(rounds > 5 and failures == 0 and worst_s < 2, "a guest is served all the time",
           rounds, failures, worst_s)
    tap.ok(session.runs(), "an admin's session goes on", session.err())
    for name, network in ((RESOLVER, siege.guests), (ADMIN, siege.guests),
                          (GATEWAY, siege.router)):
        tap.ok(is_served(network, name), f"{name} is served")
    siege.monitor.stop()


def forwarded(tap, lab):
    """A service behind the server, as a container's is."""
    siege = Siege(lab)
    inside = lab.namespace("container")
    lab.join(inside, "eth0", siege.server, "veth0")
    inside.ip("addr", "add", f"{CONTAINER}/24", "dev", "eth0")
    siege.server.ip("addr", "add", "10.97.200.1/24", "dev", "veth0")
    for network, link in ((inside, "eth0"), (siege.server, "veth0")):
        network.ip("link", "set", link, "up")
    inside.ip("route", "add", "default", "via", "10.97.200.1")
    siege.server.set("net.ipv4.ip_forward", 1)
    siege.router.ip("route", "add", f"{CONTAINER}/32", "via", VICTIM)
    listener = siege.field.lab.enter_context(inside.listen(CONTAINER, 80))
    listener.settimeout(5)
    siege.begin()
    tap.ok(connect(siege.attacker, ATTACKER, CONTAINER, 80), "what is forwarded is reached")
    nmap = siege.scan("-sT")
    siege.wait_for_block(ATTACKER)
    nmap.end_now()
    tap.ok(not connect(siege.attacker, ATTACKER, CONTAINER, 80),
           "who is blocked reaches nothing behind the server either")
    tap.ok(connect(siege.guests, BYSTANDER, CONTAINER, 80), "others do")
    siege.monitor.stop()


def main():
    if not pathlib.Path(e2e.TREE_RUN).exists() or not e2e.has_tree("nmap", "hping3", "ssh"):
        print("1..0 # SKIP build/tree is missing: run scripts/test-tree")
        return e2e.EXIT_SKIPPED
    return e2e.main(attacker, names, forwarded)


if __name__ == "__main__":
    sys.exit(main())
