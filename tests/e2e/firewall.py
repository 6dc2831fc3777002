#!/usr/bin/env python3
"""firewall.py: what src/host says of the packet filter, beside what the kernel does.

Rules of many kinds, known ones and made-up ones, are loaded in a namespace; then
strangers of another one try every door.  "Shut" must keep all of them out, "open" must
let one in.  The seed of what was made up is printed; FIREWALL_SEED gives it again,
FIREWALL_ROUNDS how many rulesets.

Runs beside others.
"""
import json
import os
import random
import re
import select
import shutil
import socket
import struct
import sys
import time

import lab as e2e

BUILD = os.environ.get("BUILD", str(e2e.ROOT / "build"))
ROUNDS = int(os.environ.get("FIREWALL_ROUNDS", "70"))
SEED = int(os.environ.get("FIREWALL_SEED", str(random.SystemRandom().randrange(10**6))))
SHUT, OPEN, UNKNOWN = 1, 0, 255
OURS4, OURS4_TOO, OURS6 = "10.9.0.1", "10.9.1.1", "fd09::1"
# One of each kind that the rules that are made up tell apart.
STRANGERS = ["10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.50", "192.0.2.77",
             "198.51.100.77", "203.0.113.1",
             "fd09::2", "fd09::3", "fd09::4d", "2001:db8:ff00::4d"]
PADDING = bytes([0, 0, 1, 4, 0, 0, 0, 0])  # a header before TCP's (RFC 8200 4.6)
QUIET_S = 0.25   # a packet that gets through is there long before
NOTICED_S = 2.0  # what is promised

# Kind, address bound to, port, addresses that strangers try.
DOORS = [
    ("tcp", "0.0.0.0", 1001, [OURS4, OURS4_TOO]),
    ("tcp", OURS4, 1002, [OURS4]),
    ("tcp", "::", 1003, [OURS6]),
    ("tcp-dual", "::", 1004, [OURS4, OURS6]),
    ("tcp", OURS6, 1005, [OURS6]),
    ("udp", "0.0.0.0", 1001, [OURS4, OURS4_TOO]),
    ("udp", OURS4_TOO, 1002, [OURS4_TOO]),
    ("udp", "::", 1003, [OURS6]),
]


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class House:
    """Our namespace with its doors, and that of the strangers."""

    def __init__(self, lab):
        self.inside, self.outside = lab.namespace("inside"), lab.namespace("outside")
        lab.join(self.inside, "in0", self.outside, "out0")
        for address in (OURS4 + "/24", OURS4_TOO + "/24", OURS6 + "/64"):
            self.inside.ip("address", "add", address, "dev", "in0")
        for address in STRANGERS:
            whole = "/128" if ":" in address else "/32"
            self.outside.ip("address", "add", address + whole, "dev", "out0")
        self.inside.ip("link", "set", "in0", "up")
        self.outside.ip("link", "set", "out0", "up")
        for network in ("10.9.0.0/24", "10.9.1.0/24", "fd09::/64"):
            self.outside.ip("route", "add", network, "dev", "out0")
        self.inside.ip("route", "add", "default", "dev", "in0")
        self.inside.ip("-6", "route", "add", "default", "dev", "in0")
        self.doors = [self.open_door(lab, *door[:3]) for door in DOORS]
        # Neighbours are known before a rule can hide them.
        for number in (0, 2, 7):
            family = family_of(DOORS[number][3][0])
            all_of_them = sum(family_of(one) == family for one in STRANGERS)
            self.try_doors({number},
                           lambda done, n=number, a=all_of_them: len(done[n]) >= a)

    def open_door(self, lab, kind, address, port):
        with self.inside.inside():
            made = socket.socket(family_of(address), socket.SOCK_DGRAM if kind == "udp"
                                 else socket.SOCK_STREAM)
        lab.enter_context(made)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family_of(address) == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, kind != "tcp-dual")
        made.bind((address, port))
        if kind != "udp":
            made.listen(64)
        made.setblocking(False)
        return made

    def load(self, text):
        """Instead of what was there; false if the kernel does not take it."""
        path = self.inside.lab.dir / "rules.nft"
        path.write_text("flush ruleset\n" + text, encoding="ascii")
        return self.inside.run("nft", "-f", str(path), status=None).returncode == 0

    def judge(self):
        doors = [f"{kind}/{address}/{port}" for kind, address, port, _ in DOORS]
        told = self.inside.run(f"{BUILD}/tests/firewall_judge", *doors).stdout.split()
        return [int(word) for word in told]

    def knock(self, number, stranger, target, with_header):
        """One try; a socket whose connection is on its way."""
        kind, _, port, _ = DOORS[number]
        with self.outside.inside():
            made = socket.socket(family_of(target), socket.SOCK_DGRAM if kind == "udp"
                                 else socket.SOCK_STREAM)
        made.setblocking(False)
        made.bind((stranger, 0))
        if with_header:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, PADDING)
        if kind == "udp":
            try:
                made.sendto(stranger.encode(), (target, port))
            except OSError:
                pass
            return made
        # Gone without a trace when it is closed.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.connect_ex((target, port))
        return made

    def empty(self, number, done):
        """What came to a door."""
        while True:
            try:
                if DOORS[number][0] == "udp":
                    done[number].add(self.doors[number].recv(64).decode())
                else:
                    made, peer = self.doors[number].accept()
                    made.close()
                    done[number].add(peer[0].removeprefix("::ffff:"))
            except OSError:
                return

    def try_doors(self, numbers, enough, least_s=0.0, most_s=5.0):
        """Who got in where; until enough(of that), and no sooner than after least_s."""
        tries, done = {}, {number: set() for number in numbers}
        for number in numbers:
            self.empty(number, {number: set()})
            for target in DOORS[number][3]:
                for stranger in STRANGERS:
                    if family_of(stranger) != family_of(target):
                        continue
                    for with_header in [False, True][:1 + (":" in target)]:
                        made = self.knock(number, stranger, target, with_header)
                        tries[made] = number
        begin = time.monotonic()
        while time.monotonic() < begin + most_s:
            waiting = [one for one, number in tries.items()
                       if DOORS[number][0] != "udp"]
            for one in select.select([], waiting, [], 0.01)[1]:
                del tries[one]
                one.close()
            for number in numbers:
                self.empty(number, done)
            if enough(done) and time.monotonic() > begin + least_s:
                break
        for one in tries:
            one.close()
        return done

    def contradictions(self, text=""):
        """Judged and tried: what is not so, and the judgement."""
        told = self.judge()
        # "Open" is said of first packets: TCP's next ones may be dropped all the same.
        by_packet = re.search("tcp flags|ct state", text)
        wanted = {n for n, word in enumerate(told)
                  if word == OPEN and not (by_packet and DOORS[n][0] != "udp")}
        done = self.try_doors(set(range(len(DOORS))),
                              lambda now: all(now[number] for number in wanted),
                              QUIET_S)
        wrong = []
        for number, word in enumerate(told):
            door = "/".join(map(str, DOORS[number][:3]))
            if word == SHUT and done[number]:
                wrong.append(f"{door} is shut, and {sorted(done[number])} got in")
            if number in wanted and not done[number]:
                wrong.append(f"{door} is open, and nobody got in")
        return wrong, told


# ---- rules that people write ----

ACCEPT_LIST = """
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 1001, 1004 } accept
    ip saddr 10.9.0.3 udp dport 1002 accept
  }
  chain forward { type filter hook forward priority filter; policy drop; }
}
"""
ONLY_V4 = """
table ip filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
  }
}
table ip6 filter {
  chain input { type filter hook input priority 0; policy accept; }
}
"""
# The shape of firewalld's: jumps by zone, policies around them, reject at the end.
ZONES = """
table inet firewalld {
  chain mangle_PREROUTING { type filter hook prerouting priority mangle + 10; policy accept;
    jump mangle_PREROUTING_ZONES
  }
  chain mangle_PREROUTING_ZONES { iifname "in0" goto mangle_PRE_public
    goto mangle_PRE_public
  }
  chain mangle_PRE_public { jump mangle_PRE_public_log
  }
  chain mangle_PRE_public_log { }
  chain filter_PREROUTING { type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT { type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES { iifname "in0" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_IN_public_deny
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_deny { }
  chain filter_IN_public_allow {
    tcp dport 1001 ct state new,untracked accept
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
  }
  chain nat_PREROUTING { type nat hook prerouting priority dstnat + 10; policy accept; }
}
"""
MAPS = """
table inet maps {
  map ports { type inet_service : verdict; flags interval
    elements = { 1001 : accept, 1002-1003 : drop, 1004 : jump local } }
  set friends { type ipv4_addr; flags interval; elements = { 10.9.0.2/31, 192.0.2.77 } }
  chain local { ip saddr @friends accept
    meta nfproto vmap { ipv4 : drop, ipv6 : continue }
  }
  chain four { tcp dport vmap @ports
    drop
  }
  chain input { type filter hook input priority 0; policy accept;
    meta protocol vmap { ip : jump four, ip6 : goto four }
  }
}
"""
REDIRECTED = """
table ip n {
  chain p { type nat hook prerouting priority dstnat;
    tcp dport 1001 redirect to :1002
  }
  chain raw { type filter hook prerouting priority raw; tcp dport 1002 drop; }
}
table inet f {
  chain i { type filter hook input priority 0; tcp dport 1004 drop; }
}
"""
LIMITED = """
table inet f {
  chain i { type filter hook input priority 0; policy drop;
  tcp dport 1001 limit rate 1/hour accept
  tcp dport 1003 limit rate over 1/hour drop
  tcp dport 1003 accept
  }
}
"""
# Only for packets whose first header is TCP's, which nft does not print again.
FIRST_HEADER = """
table ip6 f {
  chain i { type filter hook input priority 0
    ip6 nexthdr tcp tcp dport 1003 drop
    ip6 nexthdr tcp tcp dport vmap { 1005 : drop }
    ip6 nexthdr tcp reject with tcp reset
  }
}
"""
# What iptables-restore loads; its extensions are not all known by more than a name.
IPTABLES = """*filter
:INPUT DROP [0:0]
:before - [0:0]
:not-local - [0:0]
:user - [0:0]
-A INPUT -j before
-A before -i lo -j ACCEPT
-A before -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A before -m conntrack --ctstate INVALID -j DROP
-A before -p icmp --icmp-type echo-request -j ACCEPT
-A before -j not-local
-A before -d 224.0.0.251/32 -p udp --dport 5353 -j ACCEPT
-A before -j user
-A not-local -m addrtype --dst-type LOCAL -j RETURN
-A not-local -m addrtype --dst-type BROADCAST -j RETURN
-A not-local -m limit --limit 3/min --limit-burst 10 -j LOG
-A not-local -j DROP
-A user -p tcp -m tcp --dport 1001 -m comment --comment "the web" -j ACCEPT
-A user -p tcp -m multiport --dports 1003:1004,9999 -j ACCEPT
COMMIT
"""
ASLEEP = """
table inet asleep {
  flags dormant
  chain input { type filter hook input priority 0; policy drop; }
}
table ip awake {
  chain input { type filter hook input priority 0; policy accept; tcp dport 1002 drop; }
}
"""
KNOWN = [
    ("without rules every door is open", "", [0, 0, 0, 0, 0, 0, 0, 0]),
    ("a list of ports before policy drop", ACCEPT_LIST, [0, 1, 1, 0, 1, 1, 0, 1]),
    ("IPv4 alone is filtered", ONLY_V4, [1, 1, 0, 0, 0, 1, 1, 0]),
    ("zones as firewalld makes them", ZONES, [0, 1, 1, 1, 1, 1, 1, 1]),
    ("maps of verdicts", MAPS, [0, 1, 1, 0, 1, 1, 1, 1]),
    ("where ports are redirected, only what input drops is known", REDIRECTED,
     [255, 255, 255, 1, 255, 255, 255, 255]),
    ("what is only for TCP as first header shuts no door to others", FIRST_HEADER,
     [0, 0, 255, 0, 255, 0, 0, 0]),
    # A flag of a table makes libnftables 1.0.6 use memory that it has freed.
    ("a table that is asleep drops nothing", ASLEEP, [0, 1, 0, 0, 0, 0, 0, 0]),
    ("limits let some through", LIMITED, [255, 1, 255, 1, 1, 1, 1, 1]),
]


def known_rules(tap, lab):
    house = House(lab)
    for name, text, expected in KNOWN:
        if not house.load(text):
            tap.skip(name, "this kernel does not take the rules")
            continue
        wrong, told = house.contradictions()
        tap.equal(told, expected, name)
        tap.equal(wrong, [], f"the kernel agrees: {name}")


def iptables_rules(tap, lab):
    sentence = "rules of iptables-nft, with states of connections, are understood"
    if shutil.which("iptables-nft-restore") is None:
        tap.skip(sentence, "iptables is not installed")
        return
    house = House(lab)
    path = lab.dir / "rules"
    path.write_text(IPTABLES, encoding="ascii")
    house.inside.run("iptables-nft-restore", str(path))
    wrong, told = house.contradictions()
    # 1004 is both; IPv6 is not filtered.
    tap.equal(told, [255, 1, 0, 0, 0, 1, 1, 0], sentence)
    tap.equal(wrong, [], "the kernel agrees about iptables")


# ---- rules that nobody writes ----

class Maker:
    """Random rules about our doors and strangers."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def port(self):
        return str(self.random.choice([1001, 1002, 1003, 1004, 1005, 1010]))

    def ports(self):
        one, other = sorted([self.port(), self.port()])
        return self.random.choice([
            one, f"{{ {one}, {int(other) + 1} }}", f"{one}-{other}", f"!= {one}",
            f"!= {{ {one}, {int(other) + 1} }}", f"> {one}", f"<= {one}", "@ports"])

    def source(self, family):
        if family == "ip":
            return self.random.choice([
                "10.9.0.2", "10.9.0.0/24", "!= 10.9.0.0/16", "{ 10.9.0.3, 192.0.2.0/24 }",
                "0.0.0.0/0", "!= 10.9.0.2", "10.9.0.3-10.9.0.9", "203.0.113.1"])
        return self.random.choice([
            "fd09::2", "fd09::/16", "!= fd09::/64", "{ fd09::3, 2001:db8::/32 }", "::/0"])

    def condition(self, family):
        pick = self.random.choice
        ours = {"ip": ["ip"], "ip6": ["ip6"]}.get(family, ["ip", "ip6"])
        version = pick(ours)
        state = "{ new, established }", "established,related", "invalid", "!= new", "new"
        target = {"ip": [OURS4, OURS4_TOO, f"!= {OURS4}", "10.9.0.0/16"],
                  "ip6": [OURS6, "fe80::/10", f"!= {OURS6}"]}[version]
        return pick([
            f"tcp dport {self.ports()}", f"tcp dport {self.ports()}",
            f"udp dport {self.ports()}", f"meta l4proto {{ tcp, udp }} th dport {self.ports()}",
            f"meta l4proto {pick(['tcp', 'udp', '!= tcp', '{ tcp, icmp }'])}",
            f"{version} saddr {self.source(version)}",
            f"{version} saddr {self.source(version)}",
            f"{version} daddr {pick(target)}",
            "ip6 nexthdr tcp" if version == "ip6" else "ip protocol tcp",
            f"{'ip6 nexthdr' if version == 'ip6' else 'ip protocol'} tcp "
            f"tcp dport {self.ports()}",
            f"iifname {pick(['lo', 'in0', '!= lo', '!= in0', '{ lo, in0 }'])}",
            f"iif {pick(['lo', '!= lo'])}",
            f"ct state {pick(state)}", "ct status dnat",
            f"meta nfproto {pick(['ipv4', 'ipv6', '!= ipv4'])}" if family == "inet" else "",
            f"meta protocol {pick(['ip', 'ip6'])}",
            f"tcp flags {pick(['syn', 'ack', '& (fin|syn|rst|ack) == syn', '!= syn'])}",
            f"tcp flags {pick(['{ syn, ack }', '& (syn|ack) != syn', '! ack'])}",
            f"tcp sport {pick(['< 1024', '> 1024', '1-65535'])}",
            "fib daddr type local", "limit rate 1000/second", "meta mark 1",
            "counter", "log", ""])

    def reject(self):
        return "reject" + self.random.choice(["", "", " with tcp reset",
                                              " with icmp host-unreachable",
                                              " with icmpv6 no-route"])

    def verdict(self, chains):
        pick = self.random.choice
        words = ["accept", "accept", "drop", "drop", self.reject(), "return", "continue",
                 "counter", "meta mark set 1"]
        words += [f"{how} {chain}" for chain in chains for how in ("jump", "goto")]
        if self.random.random() < 0.85:
            return pick(words)
        one, other = pick(words[:7] + words[9:]), pick(words[:7] + words[9:])
        one, other = ("drop" if word.startswith("reject") else word for word in (one, other))
        return pick([
            f"tcp dport vmap {{ 1001 : {one}, 1002-1004 : {other} }}",
            f"udp dport vmap {{ 1001 : {one}, * : {other} }}",
            f"ct state vmap {{ new : {one}, established : {other} }}",
            f"iifname vmap {{ lo : {one}, in0 : {other} }}",
            f"meta protocol vmap {{ ip : {one}, ip6 : {other} }}"])

    def rules(self, family, chains, most):
        made = []
        for _ in range(self.random.randint(0, most)):
            parts = [self.condition(family) for _ in range(self.random.choice([0, 1, 1, 2]))]
            made.append("    " + " ".join([*parts, self.verdict(chains)]))
        return "\n".join(made)

    def hook(self):
        return self.random.choice([
            "filter hook input priority 0", "filter hook input priority 0",
            "filter hook input priority -10", "filter hook prerouting priority -150",
            "filter hook prerouting priority -300"])

    def nat(self):
        return ("  chain nat { type nat hook prerouting priority -100;\n"
                f"    tcp dport {self.port()} redirect to :{self.port()}\n  }}\n")

    def table(self, name):
        family = self.random.choice(["ip", "ip6", "inet", "inet"])
        policy = self.random.choice(["accept", "drop"])
        text = f"table {family} {name} {{\n"
        text += "  set ports { type inet_service; flags interval; " \
                f"elements = {{ {self.port()} }}; }}\n"
        text += f"  chain c {{\n{self.rules(family, [], 3)}\n  }}\n"
        text += f"  chain b {{\n{self.rules(family, ['c'], 3)}\n  }}\n"
        text += f"  chain base {{ type {self.hook()}; policy {policy};\n"
        text += f"{self.rules(family, ['b', 'c'], 6)}\n  }}\n"
        chance = self.random.random()
        if chance < 0.1:
            text += self.nat()
        elif chance < 0.2:
            text += "  chain raw { type filter hook prerouting priority -300;\n" \
                    f"    {self.condition(family)} notrack\n  }}\n"
        return text + "}\n"

    def ruleset(self):
        return "".join(self.table(f"t{n}") for n in range(self.random.choice([1, 1, 1, 2])))


def made_up_rules(tap, lab):
    house = House(lab)
    counts = {OPEN: 0, SHUT: 0, UNKNOWN: 0}
    loaded, bad = 0, []
    for number in range(ROUNDS):
        text = Maker(SEED * 1000003 + number).ruleset()
        if not house.load(text):
            continue
        loaded += 1
        wrong, told = house.contradictions(text)
        for word in told:
            counts[word] += 1
        if wrong:
            bad.append(f"round {number}:\n{text}\n" + "\n".join(wrong))
    print(f"# seed {SEED}: {loaded} of {ROUNDS} rulesets; {counts[SHUT]} doors shut, "
          f"{counts[OPEN]} open, {counts[UNKNOWN]} unknown")
    tap.ok(loaded > ROUNDS / 3, "many rules that are made up can be loaded")
    tap.ok(not bad, "the kernel agrees about rules that are made up", f"seed {SEED}",
           *bad[:3])


# ---- the daemon ----

def daemon(tap, lab):
    house = House(lab)
    monitor = lab.monitor(house.inside)

    def reach():
        told = monitor.command("ports", "--listening", "--json").stdout.splitlines()
        rows = [json.loads(line) for line in told]
        return {(row["transport"], row["port"]): row["reach"] for row in rows}

    def becomes(port, word, sentence):
        begin = time.monotonic()
        e2e.until(lambda: reach().get(("tcp", port)) == word, sentence, 10, 0.05)
        took = time.monotonic() - begin
        tap.ok(took < NOTICED_S, f"{sentence} within {NOTICED_S:g} s", f"{took:.2f} s")

    becomes(1002, "outside", "a door without rules is reached from outside")
    house.load(ACCEPT_LIST)
    becomes(1002, "firewalled", "rules that are loaded make a port firewalled")
    tap.equal(reach()["tcp", 1001], "outside", "a port that rules accept is not")
    house.load("")
    becomes(1002, "outside", "without the rules it is outside again")
    house.load(ACCEPT_LIST)
    becomes(1002, "firewalled", "rules that come again count again")
    fresh = house.inside.listen("0.0.0.0", 1011)
    becomes(1011, "firewalled", "a listener that opens under rules is judged at once")
    fresh.close()
    if shutil.which("iptables-nft-restore") is not None:
        house.load("")
        path = lab.dir / "rules"
        path.write_text(IPTABLES, encoding="ascii")
        house.inside.run("iptables-nft-restore", str(path))
        becomes(1002, "firewalled", "rules of iptables-nft make a port firewalled")
        house.load("")
    becomes(1002, "outside", "a port is outside again after the last rules")
    house.load(ACCEPT_LIST)
    becomes(1002, "firewalled", "and firewalled after more")
    sentence = "where there are tables of the old iptables, nothing is claimed"
    # Looking makes them.
    if shutil.which("iptables-legacy") is not None and \
            house.inside.run("iptables-legacy", "-S", status=None).returncode == 0:
        e2e.until(lambda: reach()["tcp", 1002] == "outside", sentence, 10, 0.05)
        tap.ok(True, sentence)
    else:
        tap.skip(sentence, "there is no such iptables, or no such kernel")
    tap.ok(monitor.program.runs(), "the daemon still runs")


if __name__ == "__main__":
    sys.exit(e2e.main(known_rules, iptables_rules, made_up_rules, daemon))
