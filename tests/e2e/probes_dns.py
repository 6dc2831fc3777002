#!/usr/bin/env python3
"""probes_dns.py: what the prober says of real servers of names, and of hosts by ICMP.

BIND is asked over UDP, TCP and TLS, for what it has, has not, refuses and has broken.
Hosts are near, lossy, gone and behind a wall; probes_path.py has those that are far.

Runs beside others.
"""
import json
import sys

import lab as e2e

CLIENT, SERVER, NOBODY = "10.90.0.1", "10.90.0.2", "10.90.0.3"
NOT_ROOT = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
            "--bounding-set", "-all")


def probe(network, target, *options, prefix=()):
    done = network.run(*prefix, e2e.BREAKWATER, "probe", target, "--json", *options,
                       status=None)
    if not done.stdout:
        raise e2e.Failure(f"probe {target}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[0])


def verdict(record):
    """ "up", or the state and why."""
    return " ".join(filter(None, (record["state"], record.get("reason"))))


def expect(tap, network, target, wanted, sentence, detail="", prefix=()):
    """The record, of which state and reason are right and the detail has that."""
    record = probe(network, target, prefix=prefix)
    tap.ok(verdict(record) == wanted and detail in record.get("detail", ""), sentence,
           f"{target}: expected {wanted} ({detail})", json.dumps(record))
    return record


def cable(lab):
    """Two networks and the cable between them."""
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.join(client, "net0", server, "net0")
    for network, last in ((client, 1), (server, 2)):
        network.ip("addr", "add", f"10.90.0.{last}/24", "dev", "net0")
        network.ip("addr", "add", f"fd00:90::{last}/64", "dev", "net0")
        network.ip("addr", "add", f"fe80::{last}/64", "dev", "net0")
        network.ip("link", "set", "net0", "up")
    return client, server


# ---- names ---------------------------------------------------------------------------

def start_named(lab, server):
    key, certificate = lab.dir / "server.key", lab.dir / "server.crt"
    lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
            "-subj", "/CN=ns.harbour.example", "-addext",
            "subjectAltName=DNS:ns.harbour.example", "-keyout", str(key), "-out",
            str(certificate))
    strings = " ".join(f'"{number:0200}"' for number in range(9))
    (lab.dir / "harbour.zone").write_text(f"""$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
@ MX 10 mail
ns A 192.0.2.1
mail A 192.0.2.25
pier A 192.0.2.7
pier AAAA 2001:db8::7
pier TXT "berth seven"
quay CNAME pier
long TXT {strings}
""")
    (lab.dir / "broken.zone").write_text("not a zone\n")
    config = lab.dir / "named.conf"
    config.write_text(f"""
options {{
	directory "{lab.dir}"; pid-file none; session-keyfile none;
	listen-on {{ {SERVER}; }}; listen-on-v6 {{ fd00:90::2; }};
	listen-on port 853 tls harbour {{ {SERVER}; }};
	recursion no; dnssec-validation no; minimal-responses yes; max-udp-size 512;
}};
tls harbour {{ cert-file "{certificate}"; key-file "{key}"; }};
controls {{ }};
zone "harbour.example" {{ type primary; file "harbour.zone"; }};
zone "broken.example" {{ type primary; file "broken.zone"; }};
""")
    named = server.start_tree("named", "-g", "-n", "1", "-c", str(config))
    for port, kind in ((53, "-t"), (53, "-u"), (853, "-t")):
        e2e.until(lambda port=port, kind=kind: server.listens(port, kind),
                  f"named: {named.err()[-900:]}", 30)
    e2e.until(lambda: named.err().endswith(" running\n"), "named runs")
    return named


def asks_servers_of_names(tap, lab):
    if not e2e.has_tree("named"):
        tap.skip("servers of names are asked", "scripts/test-tree has not made its tree")
        return
    client, server = cable(lab)
    named = start_named(lab, server)
    said_before = len(named.err())
    dns = f"dns://{SERVER}"
    record = expect(tap, client, f"{dns}/pier.harbour.example", "up", "a name is answered")
    tap.ok(0 < record["rtt_us"] < 1e6 and record["protocol"] == "dns",
           "with its round trip", record)
    expect(tap, client, dns, "up", "who serves some zones only is well without a name")
    expect(tap, client, f"{dns}/elsewhere.example", "degraded denied",
           "one that is not served is refused", "REFUSED")
    expect(tap, client, f"{dns}/www.broken.example", "down error",
           "a broken zone is an error", "SERVFAIL")
    expect(tap, client, f"{dns}/absent.harbour.example", "down wrong_answer",
           "a name that is not there is a wrong answer", "NXDOMAIN")
    expect(tap, client, f"{dns}/absent.harbour.example?rcode=NXDOMAIN", "up",
           "unless that is what is hoped for")
    expect(tap, client, f"{dns}/pier.harbour.example?answer=192.0.2.7&rd=no", "up",
           "the address is the right one")
    expect(tap, client, f"{dns}/quay.harbour.example?answer=192.0.2.7", "up",
           "behind an alias, too")
    expect(tap, client, f"{dns}/pier.harbour.example?answer=192.0.2.9",
           "down wrong_answer", "or it is another", "192.0.2.7, not 192.0.2.9")
    expect(tap, client, f"{dns}/pier.harbour.example?type=AAAA&answer=2001:db8:0::7",
           "up", "an address of IPv6 in another form")
    expect(tap, client, f"{dns}/harbour.example?type=MX&answer=mail.harbour.example",
           "up", "a server of mail")
    expect(tap, client, f"{dns}/pier.harbour.example?type=MX", "down wrong_answer",
           "a name without such a record", "0 records of type MX")
    expect(tap, client, f"{dns}/long.harbour.example?type=TXT&answer=0008", "up",
           "what UDP has no room for is asked for over TCP")
    expect(tap, client, f"dns+tcp://{SERVER}/pier.harbour.example", "up", "over TCP")
    expect(tap, client, "dns://[fd00:90::2]/pier.harbour.example", "up", "over IPv6")
    dot = expect(tap, client, f"dot://{SERVER}/pier.harbour.example?verify=no", "up",
                 "over TLS")
    tap.ok(dot["port"] == 853 and dot.get("tls_version", "").startswith("TLS"),
           "on its port", dot)
    expect(tap, client, f"dns+tls://{SERVER}?server_name=ns.harbour.example",
           "down certificate_untrusted",
           "whose certificate must be good")
    expect(tap, client, f"dns://{CLIENT}", "down refused", "nobody serves names here")
    tap.equal(named.err()[said_before:], "", "BIND has nothing to say about that")


# ---- hosts ---------------------------------------------------------------------------

def asks_hosts_that_are_near(tap, lab):
    client, _ = cable(lab)
    for name, group in (("raw", "1 0"), ("ping", "0 65534")):
        client.set("net.ipv4.ping_group_range", group)
        for target in (SERVER, "[fd00:90::2]", "[fe80::2%25net0]",
                       f"{SERVER}?source={CLIENT}", "[fe80::2]?interface=net0"):
            record = expect(tap, client, f"icmp://{target}", "up",
                            f"{target} answers {name} sockets")
            tap.ok(0 < record["rtt_us"] <= record["wait_us"] and record["sent"] == 1
                   and record["lost"] == 0 and record["hop_limit"] == 64,
                   "with its times", record)
    expect(tap, client, f"icmp://{SERVER}", "up", "who is of the group needs no right",
           prefix=NOT_ROOT)
    client.set("net.ipv4.ping_group_range", "1 0")
    expect(tap, client, f"icmp://{SERVER}", "unknown not_permitted",
           "who may not send knows nothing", "CAP_NET_RAW", prefix=NOT_ROOT)
    burst = expect(tap, client, f"icmp://{SERVER}?count=20&interval=10ms", "up",
                   "a burst is answered")
    tap.ok(burst["sent"] == 20 and burst["lost"] == 0 and
           burst["jitter_us"] < burst["wait_us"] * 20 and
           190000 <= burst["total_us"] < 1000000, "twenty in 200 ms", burst)
    expect(tap, client, "icmp://198.51.100.1", "unknown no_route",
           "where no route leads nothing is known")
    expect(tap, client, "icmp://[fe80::2]", "unknown no_route",
           "nor without the zone of an address")


def asks_for_many_handshakes(tap, client, server):
    server.listen(SERVER, 80)
    server.listen("10.90.0.5", 80)
    fine = expect(tap, client, f"tcp://{SERVER}:80?count=20&interval=10ms", "up",
                  "twenty handshakes")
    tap.ok(fine["sent"] == 20 and fine["lost"] == 0 and "jitter_us" in fine and
           fine["rtt_us"] <= fine["wait_us"] and 190000 <= fine["total_us"] < 1000000,
           "in 200 ms", fine)
    lossy = expect(tap, client, "tcp://10.90.0.5:80?count=10&interval=10ms",
                   "degraded loss", "some are lost", "2 of 10 handshakes failed: no answer")
    tap.ok(lossy["sent"] == 10 and lossy["lost"] == 2 and lossy["rtt_us"] < 100000,
           "which those that are not do not pay for", lossy)
    expect(tap, client, f"tcp://{SERVER}:81?count=3&interval=10ms", "down refused",
           "all are refused", "port 81 is closed")
    expect(tap, client, "tcp://10.90.0.6:80?count=3&interval=10ms&timeout=600ms",
           "down no_handshake", "none is answered", "no answer to the SYN")
    expect(tap, client, "tcp://192.0.2.1:80?count=3&interval=10ms", "unknown no_route",
           "where no route leads is nothing to try again")


def asks_hosts_in_trouble(tap, lab):
    client, server = cable(lab)
    rules = lab.dir / "rules.nft"
    rules.write_text("""table inet wall {
	chain input {
		type filter hook input priority 0;
		ip daddr 10.90.0.5 icmp type echo-request numgen inc mod 5 == 0 drop
		ip daddr 10.90.0.5 tcp dport 80 tcp flags syn numgen inc mod 5 == 0 drop
		ip daddr 10.90.0.6 drop
		ip daddr 10.90.0.7 reject with icmp type host-unreachable
		ip daddr 10.90.0.8 reject with icmp type admin-prohibited
		ip6 daddr fd00:90::7 reject with icmpv6 type admin-prohibited
	}
}
""")
    server.run("nft", "-f", str(rules))
    for last in range(5, 9):
        server.ip("addr", "add", f"10.90.0.{last}/24", "dev", "net0")
    server.ip("addr", "add", "fd00:90::7/64", "dev", "net0")
    client.ip("route", "add", "198.51.100.0/24", "via", SERVER)
    client.ip("route", "add", "203.0.113.0/24", "via", SERVER)
    server.set("net.ipv4.ip_forward", 1)
    server.ip("route", "add", "203.0.113.0/24", "via", NOBODY)
    # Who has an address is asked three times, and not a second each (arp(7)).
    client.set("net.ipv4.neigh.net0.retrans_time_ms", 200)
    # First: Linux tells this rarely, whatever icmp_ratelimit says (ip_rt_error_cost).
    expect(tap, client, "icmp://198.51.100.1", "down unreachable",
           "a router has no way to it", "no route to its network")
    for group in "1 0", "0 65534":
        client.set("net.ipv4.ping_group_range", group)
        lossy = expect(tap, client,
                       "icmp://10.90.0.5?count=10&interval=10ms&timeout=500ms",
                       "degraded loss", "some are lost", "2 of 10 echoes")
        tap.ok(lossy["sent"] == 10 and lossy["lost"] == 2 and "jitter_us" in lossy,
               "one of five", lossy)
        expect(tap, client, "icmp://10.90.0.6?timeout=200ms", "down silent", "silence",
               "no answer to 1 echo in 200 ms")
        gone = expect(tap, client,
                      "icmp://10.90.0.6?count=3&interval=20ms&timeout=200ms",
                      "down silent", "silence to three", "3 echoes")
        tap.ok(gone["sent"] == 3 and gone["lost"] == 3 and "rtt_us" not in gone,
               "of which all are lost", gone)
        expect(tap, client, "icmp://10.90.0.7", "down unreachable",
               "a router knows that it is gone", "the host does not answer")
        expect(tap, client, "icmp://10.90.0.8", "down unreachable",
               "a rule keeps us out", "a rule forbids it")
        expect(tap, client, "icmp://[fd00:90::7]", "down unreachable",
               "by IPv6, too", "a rule forbids it")
        client.set("net.ipv4.ip_default_ttl", 1)
        expect(tap, client, "icmp://203.0.113.1", "down unreachable",
               "routers send it in a circle", "in a circle")
        client.set("net.ipv4.ip_default_ttl", 64)
        expect(tap, client, f"icmp://{NOBODY}", "down unreachable",
               "nobody has the address", "the host does not answer")
    asks_for_many_handshakes(tap, client, server)
    rules.write_text("""table inet wall {
	chain output {
		type filter hook output priority 0;
		meta l4proto icmp drop
	}
}
""")
    client.run("nft", "-f", str(rules))
    expect(tap, client, f"icmp://{SERVER}", "unknown not_permitted",
           "a rule of our own is not the host's failure")


if __name__ == "__main__":
    sys.exit(e2e.main(asks_servers_of_names, asks_hosts_that_are_near,
                      asks_hosts_in_trouble))
