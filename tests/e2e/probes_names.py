#!/usr/bin/env python3
"""probes_names.py: what names stand for: all addresses, SRV records, TTL, resolvers.

BIND serves a zone that changes meanwhile.  Each command has an /etc of its own.  Runs
beside others.
"""
import json
import shutil
import sys

import lab as e2e
from lab import until

SERVER = "10.91.0.53"
IN_ETC = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc && exec "$@"')


class Zone:
    """harbour.example, as BIND serves it; what is written replaces what was there."""

    def __init__(self, lab, network):
        self.lab, self.network, self.serial = lab, network, 0
        self.config = lab.dir / "named.conf"
        self.config.write_text(f"""
options {{
	directory "{lab.dir}"; pid-file none; session-keyfile none;
	listen-on {{ {SERVER}; 10.91.0.54; }}; listen-on-v6 {{ none; }};
	recursion no; dnssec-validation no; querylog yes;
}};
controls {{ }};
zone "harbour.example" {{ type primary; file "harbour.zone"; }};
""")

    def write(self, *lines):
        self.serial += 1
        text = "\n".join(("$TTL 1", f"@ SOA ns root {self.serial} 60 60 60 1", "@ NS ns",
                          f"ns A {SERVER}", *lines))
        (self.lab.dir / "harbour.zone").write_text(text + "\n")

    def start(self):
        self.named = self.network.start_tree("named", "-g", "-n", "1", "-c",
                                             str(self.config))
        until(lambda: self.named.err().endswith(" running\n"),
              f"named: {self.named.err()[-900:]}", 30)

    def asked(self, name):
        """How often, for an address of IPv4."""
        return self.named.err().count(f"query: {name}.harbour.example IN A ")

    def change(self, *lines):
        self.write(*lines)
        self.named.process.send_signal(1)
        until(lambda: f"loaded serial {self.serial}" in self.named.err(), "a new zone")


def etc_of(lab, *servers):
    """A folder to be /etc, with these resolvers."""
    etc = lab.dir / "etc"
    etc.mkdir(exist_ok=True)
    for name in "passwd", "group", "nsswitch.conf", "hosts":
        shutil.copy(f"/etc/{name}", etc / name)
    resolvers(etc, *servers)
    return etc


def resolvers(etc, *servers):
    """As those do who look after it: a new file in the old one's place."""
    fresh = etc / "resolv.conf.new"
    fresh.write_text("".join(f"nameserver {server}\n" for server in servers))
    fresh.rename(etc / "resolv.conf")


def machine(lab, *lines):
    network = lab.namespace("machine")
    for last in (53, 54, 1, 2, 3):
        network.ip("addr", "add", f"10.91.0.{last}/24", "dev", "lo")
    network.ip("addr", "add", "fd00:91::1/64", "dev", "lo")
    zone = Zone(lab, network)
    zone.write(*lines)
    zone.start()
    return network, zone


def probe(network, etc, target, *options, status=None):
    done = network.run(*IN_ETC, str(etc), e2e.BREAKWATER, "probe", target, "--json",
                       *options, status=status)
    if not done.stdout:
        raise e2e.Failure(f"probe {target}: exit {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def told(records):
    return sorted((one["target"].split("?")[-1], one["state"], one.get("reason"))
                  for one in records)


def asks_every_address(tap, network, etc):
    for address in "10.91.0.1", "fd00:91::1":
        network.listen(address, 9001)
    records, status = probe(network, etc, "tcp://quay.harbour.example:9001?addresses=all")
    tap.equal(told(records), [("address=10.91.0.1", "up", None),
                              ("address=10.91.0.2", "down", "refused"),
                              ("address=fd00:91::1", "up", None)],
              "each address of a name is asked")
    tap.equal((sorted(one["ip"] for one in records), status),
              (["10.91.0.1", "10.91.0.2", "fd00:91::1"], 1), "and said; the worst is told")
    records, status = probe(network, etc,
                            "tcp://pier.harbour.example:9001?addresses=all&family=6")
    tap.equal((told(records), status),
              ([("address=fd00:91::1&family=6", "up", None)], 0),
              "of one family, if that is wanted")
    records, status = probe(network, etc, "tcp://four.harbour.example:9001?family=both")
    tap.equal(told(records), [("family=4", "up", None), ("family=6", "down", "name_unknown")],
              "of each family one: none is a failure, too")
    done = network.run(*IN_ETC, str(etc), e2e.BREAKWATER, "check",
                       "tcp://pier.harbour.example:9001?addresses=all", status=None)
    tap.ok(done.returncode == 2 and "port 9001 is closed" in done.stdout,
           "a plugin tells the worst of them", done.stdout)
    records, _ = probe(network, etc, "tcp://nobody.example:1?address=10.91.0.1")
    tap.equal(records[0]["reason"], "refused", "an address may be given beside the name")
    records, _ = probe(network, etc, "tcp://absent.harbour.example:9001?addresses=all")
    tap.equal(records[0]["reason"], "name_unknown", "no name, no address")


def follows_services(tap, network, etc):
    network.listen("10.91.0.1", 9003)
    network.listen("10.91.0.3", 9001)
    records, status = probe(network, etc, "tcp://_x._tcp.harbour.example?family=4")
    tap.equal((sorted((one["target"], one["state"]) for one in records), status),
              ([("tcp://one.harbour.example:9003?family=4", "up"),
                ("tcp://two.harbour.example:9001?family=4", "up")], 0),
              "the hosts and ports of SRV records are asked")
    records, status = probe(network, etc, "tcp://_x._tcp.harbour.example?addresses=all")
    tap.equal((sorted((one["ip"], one["state"]) for one in records), status),
              ([("10.91.0.1", "up"), ("10.91.0.3", "up"), ("fd00:91::1", "down")], 1),
              "and of each every address")
    for name, reason in ("_none", "not_offered"), ("_absent", "name_unknown"):
        records, _ = probe(network, etc, f"ldap://{name}._tcp.harbour.example")
        tap.equal((records[0]["state"], records[0]["reason"]), ("down", reason),
                  f"{name}: {reason}")


REDIRECTS = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        host = self.headers['Host'].split('.')[0]
        to = {'start': 'http://middle.harbour.example:9002/far',
              'middle': 'http://END.harbour.example:9002/', 'lost':
              'http://absent.harbour.example:9002/', 'round': '/'}.get(host)
        self.send_response(302 if to and self.path != '/x' else 200)
        if to: self.send_header('Location', to)
        self.send_header('Content-Length', '4'); self.end_headers()
        self.wfile.write(b'here')
server = http.server.ThreadingHTTPServer(('', 9002), Handler)
print('ready', flush=True)
server.serve_forever()
"""


def leads_elsewhere(tap, network, etc):
    resolvers(etc, "10.91.0.2") # who is none
    web = network.start(sys.executable, "-c", REDIRECTS)
    until(lambda: "ready" in web.out(), "a web server")
    asked = ":9002/#timeout=3s&resolver=" + SERVER
    for name, reason, detail in (("start", None, ""), ("end", None, ""),
                                 ("lost", "name_unknown", "absent.harbour.example does"),
                                 ("round", "wrong_answer", "redirect")):
        records, _ = probe(network, etc, f"http://{name}.harbour.example{asked}")
        tap.ok(records[0].get("reason") == reason and
               detail in records[0].get("detail", ""),
               f"where {name} leads is asked of the same resolver: {reason}", records[0])
    records, _ = probe(network, etc, "http://start.harbour.example:9002/")
    tap.equal(records[0]["reason"], "resolver_down", "the usual one is none")


def answers_at_once(tap, lab):
    network, _ = machine(lab, "pier A 10.91.0.1", "pier A 10.91.0.2", "pier AAAA fd00:91::1",
                         "quay CNAME pier", "four A 10.91.0.1", "one A 10.91.0.1",
                         "two A 10.91.0.3", "one AAAA fd00:91::1", "_none._tcp SRV 0 0 0 .",
                         "_x._tcp SRV 20 0 9001 two", "_x._tcp SRV 10 0 9003 one",
                         "start A 10.91.0.1", "middle A 10.91.0.2", "end A 10.91.0.3",
                         "lost A 10.91.0.1", "round A 10.91.0.1")
    etc = etc_of(lab, SERVER)
    asks_every_address(tap, network, etc)
    follows_services(tap, network, etc)
    leads_elsewhere(tap, network, etc)


# ---- asked again and again ------------------------------------------------------------

def watch(lab, network, etc, *targets):
    config = lab.dir / "config.yaml"
    lines = ["probe:", "  interval: 1s", "  retry: 1s", "  fails: 1", "  of: 1", "  targets:"]
    config.write_text("\n".join(lines + [f"    - {target}" for target in targets]) + "\n")

    class InEtc:
        """The network, and each program in it with that /etc."""

        def start(self, *command):
            return network.start(*IN_ETC, str(etc), *command)

    return lab.monitor(InEtc(), "-c", str(config), json_output=False)


def states(monitor):
    return {one["target"]: one for one in monitor.get("probes")}


def becomes(tap, monitor, name, wanted, sentence):
    """Of exactly these targets of that name, with these hard states."""
    def found():
        return {target: one.get("hard_state") for target, one in states(monitor).items()
                if target.startswith(name)}
    try:
        until(lambda: found() == wanted, sentence, 15, 0.05)
    except e2e.Failure:
        pass
    tap.equal(found(), wanted, sentence, json.dumps(monitor.get("probes"), indent=1))


def members_come_and_go(tap, monitor, zone):
    name = "tcp://pier.harbour.example:9001"
    group = f"{name}?addresses=all"
    one, two, three = (f"{name}?address=10.91.0.{last}" for last in (1, 2, 3))
    becomes(tap, monitor, name, {group: "degraded", one: "up", two: "down"},
            "a target that stands for several is degraded if some are down")
    record = states(monitor)[group]
    tap.equal((record["reason"], record["detail"], "ip" in record),
              ("some_down", "1 of 2 is down: 10.91.0.2 refused", False), "and says which")
    zone.change("pier A 10.91.0.1", "pier A 10.91.0.3", *OTHERS)
    becomes(tap, monitor, name, {group: "up", one: "up", three: "up"},
            "an address that comes is asked, one that goes is not any more")
    zone.change("pier A 10.91.0.2", *OTHERS)
    becomes(tap, monitor, name, {group: "down", two: "down"}, "it is down if all are")
    tap.equal(states(monitor)[group]["reason"], "refused", "for their reason")
    zone.change(*OTHERS)
    becomes(tap, monitor, name, {group: "down"}, "and if there is no address")
    tap.equal(states(monitor)[group]["reason"], "name_unknown", "for that reason")


def names_are_kept(tap, monitor, zone):
    until(lambda: zone.asked("brief") >= 4 and zone.asked("chain") >= 3,
          "four rounds of a name whose TTL is a second")
    tap.ok(True, "a name is resolved again when its TTL, or that of an alias, has ended")
    tap.equal(zone.asked("long"), 1, "and not before")
    until(lambda: len([one for one in states(monitor) if "//ten" in one]) == 10, "all ten")
    tap.equal(zone.asked("ten"), 1, "ten targets of one name ask once")


OTHERS = ("brief A 10.91.0.1", "long 300 A 10.91.0.1", "chain 300 CNAME brief",
          "ten 300 A 10.91.0.1")


def follows_names(tap, lab):
    network, zone = machine(lab, "pier A 10.91.0.1", "pier A 10.91.0.2", *OTHERS)
    etc = etc_of(lab, SERVER)
    for last in (1, 3):
        network.listen(f"10.91.0.{last}", 9001)
    ten = [f"tcp://ten.harbour.example:{9001 + i}" for i in range(10)]
    names = [f"tcp://{name}.harbour.example:9001" for name in ("brief", "long", "chain")]
    monitor = watch(lab, network, etc, "tcp://pier.harbour.example:9001?addresses=all",
                    *names, *ten)
    members_come_and_go(tap, monitor, zone)
    names_are_kept(tap, monitor, zone)


def follows_resolvers(tap, lab):
    network, zone = machine(lab, "pier A 10.91.0.1")
    etc = etc_of(lab, "10.91.0.2")
    network.listen("10.91.0.1", 9001)
    target = "tcp://pier.harbour.example:9001"
    asked = f"{target}?resolver=10.91.0.54"
    monitor = watch(lab, network, etc, target, asked)
    becomes(tap, monitor, target, {target: "unknown", asked: "up"},
            "where no resolver is nothing is known, unless another is asked")
    tap.equal(states(monitor)[target]["reason"], "resolver_down", "as the record says")
    resolvers(etc, SERVER)
    becomes(tap, monitor, target, {target: "up", asked: "up"},
            "a resolver in a new resolv.conf is asked")
    zone.named.end()
    stale = until(lambda: states(monitor)[target].get("name_stale") and
                  states(monitor)[target], "a stale name")
    tap.equal((stale["state"], stale["ip"]), ("up", "10.91.0.1"),
              "without a resolver the address from before is asked, and that is said")
    zone.start()
    until(lambda: "name_stale" not in states(monitor)[target], "a fresh name")
    tap.ok(True, "once it is back the name is resolved again")


if __name__ == "__main__":
    sys.exit(e2e.main(answers_at_once, follows_names, follows_resolvers))
