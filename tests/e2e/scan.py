#!/usr/bin/env python3
"""scan.py: `breakwater scan` beside what is really open, between two namespaces.

Every verdict in each family and way; all open ports at full speed and under loss;
nothing left behind at the target; what is known when it is interrupted.

Runs beside others.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import lab as e2e
from servers import clock, names, telephone
from servers.scene import Scene, certificate

BREAKWATER = e2e.BREAKWATER
HERE4, THERE4 = "10.9.0.1", "10.9.0.2"
HERE6, THERE6 = "fd09::1", "fd09::2"
ALL_PORTS = 65535
OPEN, SHUT, DROPPED, REJECTED, RESET = 1001, 1002, 1003, 1004, 1005
RULES = f"""
table inet doors {{
	chain input {{
		type filter hook input priority 0;
		tcp dport {DROPPED} drop
		udp dport {DROPPED} drop
		tcp dport {REJECTED} reject with icmpx admin-prohibited
		udp dport {REJECTED} reject with icmpx admin-prohibited
		tcp dport {RESET} reject with tcp reset
	}}
}}
"""
LOSS = f"""
table ip loss {{
	chain input {{
		type filter hook input priority 0;
		ip saddr {HERE4} numgen random mod 100 < 10 drop
	}}
	chain output {{
		type filter hook output priority 0;
		ip daddr {HERE4} numgen random mod 100 < 10 drop
	}}
}}
"""
AS_NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
             "--bounding-set", "-all", "--inh-caps", "-all")


class Street:
    """Us and the others, with a cable between."""

    def __init__(self, lab):
        self.lab = lab
        self.here, self.there = lab.namespace("here"), lab.namespace("there")
        lab.join(self.here, "here0", self.there, "there0")
        for network, link, addresses in ((self.here, "here0", (HERE4, HERE6)),
                                         (self.there, "there0", (THERE4, THERE6))):
            network.ip("address", "add", addresses[0] + "/24", "dev", link)
            network.ip("address", "add", addresses[1] + "/64", "dev", link)
            network.ip("link", "set", link, "up")

    def rules(self, text):
        path = self.lab.dir / "rules.nft"
        path.write_text("flush ruleset\n" + text, encoding="ascii")
        self.there.run("nft", "-f", str(path))

    def scan(self, *words, status=0, by=(), network=None):
        """What `scan` printed, done; what is spoken is scan_recognise.py's."""
        return (network or self.here).run(*by, BREAKWATER, "scan", "--no-recognise", *words,
                                          status=status, seconds=120)

    def records(self, *words, **options):
        lines = self.scan(*words, "--json", **options).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def states(self, *words, **options):
        return {record["port"]: (record["state"], record["reason"])
                for record in self.records(*words, **options)}

    def open_ports(self, *words, **options):
        return sorted(record["port"] for record in self.records(*words, **options)
                      if record["state"] == "open")


def tcp_verdicts(tap, lab):
    street = Street(lab)
    street.rules(RULES)
    ports = f"{OPEN}-{RESET}"
    # Of an ICMP error the kernel tells an ordinary user's connection only this much.
    for address, kernels_word in ((THERE4, "host-unreach"),
                                  (THERE6, "admin-prohibited")):
        street.there.listen(address, OPEN)
        states = street.states(address, "-p", ports)
        tap.equal(states, {OPEN: ("open", "syn-ack"), SHUT: ("closed", "reset"),
                           DROPPED: ("filtered", "no-response"),
                           REJECTED: ("filtered", "admin-prohibited"),
                           RESET: ("closed", "reset")},
                  f"open, closed and filtered ports of {address} are told apart")
        states = street.states(address, "-p", ports, by=AS_NOBODY)
        tap.equal(states, {OPEN: ("open", "syn-ack"), SHUT: ("closed", "conn-refused"),
                           DROPPED: ("filtered", "no-response"),
                           REJECTED: ("filtered", kernels_word),
                           RESET: ("closed", "conn-refused")},
                  f"and so they are for an ordinary user, {address}")
    first = street.records(THERE4, "-p", str(OPEN))[0]
    tap.ok(first["ttl"] == 64 and 0 < first["rtt_us"] < 1000000,
           "an open port has its hop limit and round trip", first)


def half_open(tap, lab):
    """Nothing is left at the target, and its program never hears of the scan."""
    street = Street(lab)
    door = street.there.listen(THERE4, OPEN)
    tap.equal(street.open_ports(THERE4, "-p", str(OPEN)), [OPEN], "the port is open")
    left = street.there.run("ss", "-Htn", "state", "connected").stdout
    tap.equal(left, "", "no connection is left half open")
    door.setblocking(False)
    try:
        door.accept()
        heard = True
    except BlockingIOError:
        heard = False
    tap.ok(not heard, "the server's accept() does not see a half-open scan")
    tap.equal(street.open_ports(THERE4, "-p", str(OPEN), "--connect"), [OPEN],
              "the port is open for a whole connection, too")
    tap.equal(street.there.run("ss", "-Htn", "state", "time-wait").stdout +
              street.here.run("ss", "-Htna").stdout, "",
              "which is reset: no TIME_WAIT at either end")


def listen_at_random(street, count):
    """Open ports; sockets end with the lab."""
    ports = sorted(random.Random(1).sample(range(1, ALL_PORTS + 1), count))
    for port in ports:
        street.there.listen("0.0.0.0", port)
    return ports


def all_ports(tap, lab):
    street = Street(lab)
    ports = listen_at_random(street, 200)
    begin = time.monotonic()
    found = street.open_ports(THERE4, "-p-", "--rate", "0")
    tap.equal(found, ports, "200 open ports among 65,535 are found at full speed")
    print(f"# {time.monotonic() - begin:.2f} s")
    found = street.open_ports(THERE4, "-p-", "--rate", "0", "--connect")
    tap.equal(found, ports, "and by whole connections")
    street.rules(LOSS)
    done = street.scan(THERE4, "-p-", "--rate", "0")
    found = sorted(int(line.split()[1].split("/")[0])
                   for line in done.stdout.splitlines() if line.startswith(THERE4))
    tap.equal(found, ports, "and when each packet is lost one time in ten")
    tap.ok("answered only when asked again" in done.stderr, "which is told",
           done.stderr)


def itself(tap, lab):
    """Loopback: no port is open because a socket connected to itself."""
    street = Street(lab)
    listener = street.here.listen("127.0.0.1", 0).getsockname()[1]
    for way in ((), ("--connect",)):
        found = street.open_ports("127.0.0.1", "-p-", "--rate", "0", *way)
        tap.equal(found, [listener], f"loopback has its one open port {' '.join(way)}")
    street.here.listen("::1", 1234)
    tap.equal(street.open_ports("::1", HERE4, "-p", "1234"), [1234],
              "its own addresses of both families are scanned through loopback")


def many_hosts(tap, lab):
    street = Street(lab)
    street.here.ip("route", "add", "10.50.0.0/16", "via", THERE4)
    street.there.ip("route", "add", "local", "10.50.0.0/16", "dev", "lo")
    street.there.listen("0.0.0.0", OPEN)
    records = street.records("10.50.0.0/16", "-p", str(OPEN), "--rate", "0")
    tap.equal(len({record["ip"] for record in records}), 65536,
              "65,536 hosts behind a router are found at full speed")
    street.here.ip("route", "add", "blackhole", "10.50.0.7/32")
    records = street.records("10.50.0.0-15", "-p", str(OPEN), "--rate", "0", status=5)
    tap.equal(sum(record["state"] == "open" for record in records), 15,
              "an address in between with a route of its own is not sent elsewhere")
    found = street.records("10.9.0.0/28", "-p", str(OPEN))
    tap.equal([record["ip"] for record in found if record["state"] == "open"], [THERE4],
              "neighbours that are not there don't hide one that is")


def answer_datagrams(door):
    def run():
        while True:
            try:
                _, sender = door.recvfrom(2048)
                door.sendto(b"here", sender)
            except OSError:
                return
    threading.Thread(target=run, daemon=True).start()


def udp_verdicts(tap, lab):
    street = Street(lab)
    street.rules(RULES)
    wanted = {OPEN: ("open", "udp-response"), SHUT: ("closed", "port-unreach"),
              DROPPED: ("open|filtered", "no-response"),
              REJECTED: ("filtered", "admin-prohibited")}
    for address in (THERE4, THERE6):
        door = street.there.socket(e2e.socket.AF_INET6 if ":" in address
                                   else e2e.socket.AF_INET, e2e.socket.SOCK_DGRAM)
        door.settimeout(None)
        door.bind((address, OPEN))
        answer_datagrams(door)
        states = street.states(address, "--udp", "-p", f"{OPEN}-{REJECTED}",
                               by=AS_NOBODY)
        tap.equal(states, wanted, f"UDP ports of {address} are told apart, by anybody")
    street.there.set("net.ipv4.icmp_ratelimit", 1000)
    states = street.states(THERE4, "--udp", "-p", "2001-2012")
    tap.equal({state for state, _ in states.values()}, {"closed"},
              "a host that tells of one closed port a second is given the time")


def real_services(tap, lab):
    """Servers that answer only what is in their own protocol."""
    sentence = "DNS, NTP and SIP servers are asked in their own words, and found open"
    if not e2e.has_tree("named", "chronyd", "kamailio"):
        tap.skip(sentence, "build/tree is missing: run scripts/test-tree")
        return
    street = Street(lab)
    for server in (names, clock, telephone):
        server.start(Scene(lab, server.__name__, THERE4, street.there,
                           certificate(lab)))
    states = street.states(THERE4, "--udp", "-p", "53,123,5060,5353")
    tap.equal(states, {53: ("open", "udp-response"), 123: ("open", "udp-response"),
                       5060: ("open", "udp-response"),
                       5353: ("closed", "port-unreach")}, sentence)


def limits(tap, lab):
    street = Street(lab)
    street.there.ip("address", "add", "198.51.100.2/32", "dev", "lo")
    street.here.ip("route", "add", "198.51.100.0/24", "via", THERE4)
    street.there.listen("198.51.100.2", OPEN)
    words = ("198.51.100.2", "-p", str(OPEN))
    done = street.scan(*words, status=2)
    tap.ok("198.51.100.2" in done.stderr and "--yes" in done.stderr and
           done.stdout == "", "a stranger's network needs --yes", done.stderr)
    tap.equal(street.open_ports(*words, "--yes"), [OPEN], "and is scanned with it")
    street.scan(*words, "--yes", "--rate", "0", status=2)
    config = lab.dir / "home.yaml"
    config.write_text("home: [198.51.100.0/24]\n", encoding="ascii")
    tap.equal(street.open_ports(*words, "-c", str(config)), [OPEN],
              "what the configuration calls home does not")
    for wrong in (("10.9.0.0/8",), ("10.9.0.2", "-p", "0"), ("10.9.0.2", "-p", "9-1"),
                  ("10.9.0.2", "--format", "xml"), ("10.9.0.2-1",), ()):
        done = street.scan(*wrong, status=2)
        tap.ok(done.stderr.startswith("breakwater scan: ") and
               done.stderr.count("\n") == 1, f"{' '.join(wrong) or 'no target'} is "
               "refused in one line", done.stderr)


def interrupted(tap, lab):
    street = Street(lab)
    ports = listen_at_random(street, 200)
    program = street.here.start(BREAKWATER, "scan", THERE4, "-p-", "--rate", "10000",
                                "--json")
    e2e.until(lambda: street.there.counters("there0")["rx"]["packets"] > 5000,
              "some of 65,535 SYNs")
    program.process.send_signal(signal.SIGINT)
    tap.equal(program.wait(), 5, "Ctrl-C ends a scan with 5")
    found = [record["port"] for record in program.records()]
    tap.ok(0 < len(found) < 200 and set(found) <= set(ports),
           "and prints what was known", len(found))
    tap.ok("ended early" in program.err(), "and says so", program.err())


def nmap_xml(tap, lab):
    street = Street(lab)
    street.rules(RULES)
    street.there.listen(THERE4, OPEN)
    street.there.listen(THERE6, OPEN)
    text = street.scan(THERE4, THERE6, "10.9.0.77", "--format", "nmap", "-p",
                       f"{OPEN},{SHUT},{DROPPED}").stdout
    path = lab.dir / "scan.xml"
    path.write_text(text, encoding="ascii")
    tap.equal([text.count(word) for word in
               ("<host>", 'state="open"', 'addrtype="ipv6"', 'up="2" down="1"')],
              [2, 2, 1, 1], "nmap's XML has the hosts that are up and their ports", text)
    dtd = e2e.ROOT / "build/tree/usr/share/nmap/nmap.dtd"
    if not shutil.which("xmllint") or not dtd.exists():
        tap.skip("nmap's XML is valid by its own document type",
                 "there is no xmllint, or no build/tree")
        return
    done = subprocess.run(["xmllint", "--noout", "--dtdvalid", str(dtd), str(path)],
                          capture_output=True, text=True, check=False)
    tap.ok(done.returncode == 0, "nmap's XML is valid by its own document type",
           done.stderr)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(e2e.main(tcp_verdicts, half_open, all_ports, itself, many_hosts,
                      udp_verdicts, real_services, limits, interrupted, nmap_xml))
