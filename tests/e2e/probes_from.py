#!/usr/bin/env python3
"""probes_from.py: from where probes go: network namespace, interface, source, VRF.

And whose trouble it is that there is no way: ours, or that of the host.  Runs beside
others.
"""
import json
import os
import pathlib
import sys

import lab as e2e
from lab import until

NAME = f"bw-addresses-{os.getpid()}"
CAP_NET_RAW, CAP_SYS_ADMIN = 1 << 13, 1 << 21


def probe(network, target, *options):
    done = network.run(e2e.BREAKWATER, "probe", target, "--json", "--timeout", "2s",
                       *options, status=None)
    if not done.stdout:
        raise e2e.Failure(f"probe {target}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[0])


def expect_all(tap, network, targets, wanted, sentence):
    """At the same time."""
    asked = [(target, network.start(e2e.BREAKWATER, "probe", target, "--json", "--timeout",
                                    "5s")) for target in targets]
    for target, program in asked:
        program.wait()
        record = json.loads(program.out())
        got = " ".join(filter(None, (record["state"], record.get("reason"))))
        tap.ok(got == wanted, f"{sentence}: {target}", f"expected {wanted}", program.out())


def expect(tap, network, target, wanted, sentence, detail=""):
    record = probe(network, target)
    got = " ".join(filter(None, (record["state"], record.get("reason"))))
    tap.ok(got == wanted and detail in record.get("detail", ""), sentence,
           f"{target}: expected {wanted} ({detail})", json.dumps(record))


def named(lab, network, name):
    """As `ip netns attach` does; what is left of it goes with the test."""
    lab.run("ip", "netns", "attach", name, str(network.holder.pid))
    lab.callback(lab.run, "ip", "netns", "delete", name)


def descendants(pid):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="utf-8").split():
            yield int(child)
            yield from descendants(int(child))


def status_of(pid):
    """Of the process that makes sockets elsewhere."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    return found if found["Name"] == "breakwater-nets" else None


def kinds(address):
    return (f"tcp://{address}:9001", f"tcp://{address}:9001?count=3&interval=10ms",
            f"http://{address}:9002/", f"icmp://{address}", f"udp://{address}:9003")


def add(target, option):
    """The target with one option more; those of web sites are behind '#'."""
    mark = "#" if target.startswith("http") else "?"
    return target + ("&" if mark in target else mark) + option


SERVE = """
import http.server, socket, sys, threading
for family, any_of in ((socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')):
    made = socket.socket(family)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((any_of, 9001)); made.listen(64)
    globals()[any_of] = made
class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6
echo = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); echo.bind(('::', 9003))
def answer():
    while True:
        said, whom = echo.recvfrom(2048)
        echo.sendto(said + repr(whom[0]).encode(), whom)
threading.Thread(target=answer, daemon=True).start()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.client_address[0].encode()
        self.send_response(200); self.send_header('Content-Length', str(len(body)))
        self.end_headers(); self.wfile.write(body)
web = Server(('::', 9002), Handler)
print('ready', flush=True)
web.serve_forever()
"""


def serve(network):
    program = network.start(sys.executable, "-c", SERVE)
    until(lambda: "ready" in program.out(), f"a server: {program.err()}")


def pair(lab, left, right, link, prefix):
    """A cable; 1 is left, 2 is right, in both families and of the link alone."""
    lab.join(left, link, right, link)
    for network, last in ((left, 1), (right, 2)):
        network.ip("addr", "add", f"10.{prefix}.0.{last}/24", "dev", link)
        network.ip("addr", "add", f"fd00:{prefix}::{last}/64", "dev", link)
        network.ip("addr", "add", f"fe80::{last}/64", "dev", link)
        network.ip("link", "set", link, "up")
    # Until the kernel has seen that the cable is in, packets are lost.
    other = f"icmp://[fe80::2%25{link}]?timeout=300ms"
    until(lambda: left.run(e2e.BREAKWATER, "probe", other, status=None).returncode == 0,
          "the other end of a cable")


def goes_to_another_network(tap, lab):
    here, there, server = map(lab.namespace, ("here", "there", "server"))
    pair(lab, there, server, "net0", 92)
    serve(server)
    named(lab, there, NAME)
    for address in "10.92.0.2", "[fd00:92::2]":
        expect_all(tap, here, [add(target, f"netns={NAME}") for target in kinds(address)],
                   "up", "it is asked there")
    expect(tap, here, f"tcp://10.92.0.2:9001", "unknown no_route", "but not from here")
    expect(tap, here, f"tcp://10.92.0.2:9001?netns=nowhere", "unknown no_route",
           "where no such network is nothing is known", "no network namespace nowhere")
    done = here.run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                    "--bounding-set", "-all", e2e.BREAKWATER, "probe", "--json",
                    f"icmp://10.92.0.2?netns={NAME}", status=1)
    tap.equal(json.loads(done.stdout)["reason"], "not_permitted", "nor is it for everybody")
    # In a process of its own, which may not go there itself.
    config = lab.dir / "config.yaml"
    targets = [add(target, f"netns={NAME}") for target in kinds("10.92.0.2")]
    config.write_text("probe:\n  own: no\n  interval: 1s\n  retry: 1s\n  targets:\n" + "".join(
        f"    - '{target}'\n" for target in targets))
    monitor = here.lab.monitor(here, "-c", str(config), json_output=False)
    until(lambda: [one.get("state") for one in monitor.get("probes")] == ["up"] * 5,
          f"all are up: {monitor.get('probes')}")
    tap.ok(True, "the monitor asks there, too")
    confined(tap, monitor)


def confined(tap, monitor):
    """Who goes there may do nothing else."""
    status = next(filter(None, map(status_of, descendants(monitor.program.pid))))
    tap.equal((int(status["CapEff"], 16), int(status["CapBnd"], 16), status["Seccomp"],
               status["NoNewPrivs"]), (CAP_NET_RAW | CAP_SYS_ADMIN, 0, "2", "1"),
              "in a process that has two capabilities, and seccomp")
    tap.ok(status["Uid"].split()[0] != "0", "and is not root", status["Uid"])


def leaves_as_it_is_told_to(tap, lab):
    here, server = map(lab.namespace, ("here", "server"))
    pair(lab, here, server, "net0", 93)
    here.ip("addr", "add", "10.93.0.11/24", "dev", "net0")
    here.ip("addr", "add", "fd00:93::11/64", "dev", "net0")
    here.ip("addr", "add", "fe80::11/64", "dev", "net0")
    serve(server)
    for host in "[fe80::2]", "[fe80::2%25net0]":
        targets = [target if "%25" in host else add(target, "interface=net0")
                   for target in kinds(host)]
        expect_all(tap, here, targets, "up", "an address of one link")
    expect(tap, here, "tcp://10.93.0.2:9001?interface=net7", "unknown no_route",
           "there is no such interface", "no interface net7")
    expect(tap, here, "tcp://10.93.0.2:9001?source=10.93.0.12", "unknown no_route",
           "nor such an address", "not of this machine")
    rules = lab.dir / "rules.nft"
    rules.write_text("""table inet server {
	chain input {
		type filter hook input priority 0;
		meta l4proto icmpv6 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
		ip saddr != 10.93.0.11 drop
		ip6 saddr != { fd00:93::11, fe80::11 } drop
	}
}
""")
    server.run("nft", "-f", str(rules))
    for host, own in (("10.93.0.2", "10.93.0.11"), ("[fd00:93::2]", "fd00:93::11"),
                      ("[fe80::2%25net0]", "fe80::11")):
        expect_all(tap, here, [add(target, f"source={own}") for target in kinds(host)],
                   "up", f"from {own}")
    expect(tap, here, "tcp://10.93.0.2:9001?timeout=300ms", "down no_handshake",
           "others are not let in")


def leaves_by_a_vrf(tap, lab):
    here, server = map(lab.namespace, ("here", "server"))
    if here.run("ip", "link", "add", "vrf-blue", "type", "vrf", "table", "10",
                status=None).returncode != 0:
        tap.skip("a VRF is left by", "this kernel has none")
        return
    here.ip("link", "set", "vrf-blue", "up")
    pair(lab, here, server, "net0", 94)
    here.ip("link", "set", "net0", "master", "vrf-blue")
    here.ip("addr", "add", "fd00:94::1/64", "dev", "net0") # it lost that
    serve(server)
    for host in "10.94.0.2", "[fd00:94::2]":
        expect_all(tap, here, [add(target, "interface=vrf-blue") for target in kinds(host)],
                   "up", "by a VRF")
        expect_all(tap, here, kinds(host), "unknown no_route", "not without it")


def says_whose_trouble_it_is(tap, lab):
    here, server = map(lab.namespace, ("here", "server"))
    pair(lab, here, server, "net0", 92)
    # A rule, as Linux tells of its routes rarely (ip_rt_error_cost).
    rules = lab.dir / "rules.nft"
    rules.write_text("""table inet router {
	chain forward {
	type filter hook forward priority 0;
	ip daddr 198.51.4.0/24 reject with icmp type net-unreachable
	ip6 daddr 2001:db8:4::/64 reject with icmpv6 type no-route
	}
}
""")
    server.set("net.ipv4.ip_forward", 1)
    server.set("net.ipv6.conf.all.forwarding", 1)
    server.run("nft", "-f", str(rules))
    for family, far, net, via in (("-4", "198.51.{}.1", "198.51.{}.0/24", "10.92.0.{}"),
                                  ("-6", "2001:db8:{}::1", "2001:db8:{}::/64", "fd00:92::{}")):
        here.set(f"net.ipv{family[1]}.neigh.net0.retrans_time_ms", 50)
        for number, kind in ((1, "unreachable"), (2, "prohibit"), (3, "blackhole")):
            here.ip(family, "route", "add", kind, net.format(number))
        for number, router in ((4, 2), (5, 99), (6, 2)):
            here.ip(family, "route", "add", net.format(number), "via", via.format(router))
        server.ip(family, "route", "add", net.format(4), "via", via.format(1))
        cases = ((far.format(7), "unknown no_route", "no route"),
                 (far.format(1), "unknown no_route", "a route that says so"),
                 (far.format(2), "unknown not_permitted", "a route that forbids it"),
                 (far.format(3), "unknown no_route", "a route into a black hole"),
                 (far.format(4), "down unreachable", "a router has no route"),
                 (via.format(77), "down unreachable", "nobody on the link has it"),
                 (far.format(5), "unknown no_route", "our own router is not there"))
        for address, wanted, sentence in cases:
            host = f"[{address}]" if family == "-6" else address
            expect_all(tap, here, kinds(host), wanted, sentence)


if __name__ == "__main__":
    sys.exit(e2e.main(goes_to_another_network, leaves_as_it_is_told_to, leaves_by_a_vrf,
                      says_whose_trouble_it_is))
