#!/usr/bin/env python3
"""probe_network.py: what is between a prober and its target, and what is the prober's own
trouble: full queues, packets that are too large, rules of this machine, ports and
descriptors that are used up, a cable that is out, and rights that are missing.

Our own trouble is `unknown`, never the target's failure.

Runs beside others.
"""
import concurrent.futures
import socket
import sys

import lab as e2e
from lab import until
from probe_states import SERVER, Server, cable, certificate, expect, keep, probe, serve
from probing import states, target, watch

NOBODY_USER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
FEW = 48  # descriptors: a prober has some of its own


def scheme_of(url):
    return url.split(":")[0]


def full_queue(tap, lab):
    client, server = cable(lab)
    listener = server.socket()
    listener.bind((SERVER, 7100))
    listener.listen(0)
    held = []

    def is_full():
        made = client.socket()
        made.setblocking(False)
        made.connect_ex((SERVER, 7100))
        held.append(made)
        waiting, most = server.run("ss", "-Hltn", "( sport = :7100 )").stdout.split()[1:3]
        return int(waiting) > int(most)  # as the kernel says it, sk_acceptq_is_full()
    until(is_full, "a full queue")
    for scheme in ("tcp", "ssh"):
        expect(tap, client, f"{scheme}://{SERVER}:7100?timeout=400ms", "down", "no_handshake",
               f"{scheme}: a server that does not come to accepting is down")


def large_packets_lost(tap, lab):
    client, server = cable(lab)
    serve(lab, server, 9101, certificate(lab, "self"))
    server.run("nft", "add table inet t; add chain inet t out "
               "{ type filter hook output priority 0; }; add rule inet t out ip length > 600 drop")
    for url in (f"tls://{SERVER}:9101?timeout=600ms", f"https://{SERVER}:9101/#timeout=600ms"):
        got = expect(tap, client, url, "down", "silent", "where large packets are lost it is silent")
        tap.ok("no end of the TLS handshake" in got["detail"], "and how far it came is said", got)
    expect(tap, client, f"tcp://{SERVER}:9101", "up", None, "a handshake is small enough")


def rules_of_our_own(tap, lab):
    client, _ = cable(lab)
    client.run("nft", "add table inet t; add chain inet t out "
               "{ type filter hook output priority 0; }; " + "; ".join(
                   f"add rule inet t out ip daddr {SERVER} {rule}" for rule in (
                       "tcp dport 5 drop", "tcp dport 6 reject with tcp reset",
                       "tcp dport 7 reject", "udp dport 8 reject", "udp dport 9 drop",
                       "icmp type echo-request drop")))
    for url in ("tcp://{}:5?timeout=300ms", "ssh://{}:5?timeout=300ms",
                "http://{}:5/#timeout=300ms"):
        expect(tap, client, url.format(SERVER), "unknown", "not_sent",
               f"{scheme_of(url)}: what a rule here drops was not sent")
    for url in ("tcp://{}:6", "redis://{}:6", "http://{}:6/", "tcp://{}:7", "udp://{}:8",
                "dns://{}:9", "icmp://{}"):
        expect(tap, client, url.format(SERVER), "unknown", "not_permitted",
               f"{url}: what a rule here refuses was not permitted")
    expect(tap, client, f"tcp://{SERVER}:8", "down", "refused", "others are refused by the target")


def cable_out(tap, lab):
    client, server = cable(lab)
    server.ip("link", "set", "net0", "down")
    until(lambda: "NO-CARRIER" in client.ip("link", "show", "dev", "net0").stdout, "no carrier")
    expect(tap, client, f"tcp://{SERVER}:1?timeout=4s", "unknown", "not_sent",
           "where the cable is out nothing was sent")
    client.ip("link", "set", "net0", "down")
    for url in (f"tcp://{SERVER}:1", f"icmp://{SERVER}"):
        expect(tap, client, url, "unknown", "no_route", "without the interface there is no route")


def no_ports(tap, lab):
    client, server = cable(lab)
    open_port = Server(server, keep).port
    client.set("net.ipv4.ip_local_port_range", "40000 40002")
    # The kernel tries an even number of them.
    held = [client.connect(SERVER, open_port) for _ in range(2)]
    for url in (f"tcp://{SERVER}:{open_port}", f"ssh://{SERVER}:{open_port}",
                f"http://{SERVER}:{open_port}/"):
        expect(tap, client, url, "unknown", "no_ports", f"{scheme_of(url)}: want of ports is ours")
    for number in range(3):
        made = client.socket(kind=socket.SOCK_DGRAM)
        made.bind(("0.0.0.0", 40000 + number))
        held.append(made)
    expect(tap, client, f"dns://{SERVER}", "unknown", "no_ports", "of datagrams, too")


def connected_to_itself(tap, lab):
    client, _ = cable(lab)
    for port, scheme in enumerate(("tcp", "ssh", "tls", "redis"), 41000):
        # The only port that there is, is the one that is asked.
        client.set("net.ipv4.ip_local_port_range", f"{port} {port}")
        expect(tap, client, f"{scheme}://127.0.0.1:{port}?timeout=400ms", "unknown",
               "self_connect", f"{scheme}: a socket that is connected to itself is no server")


def no_descriptors(tap, lab):
    client, server = cable(lab)
    silent = Server(server, keep)
    targets = [f"http://{SERVER}:{silent.port}/{number}#timeout=900ms" for number in range(FEW)] + \
        [f"ssh://{SERVER}:{silent.port}?timeout={900 + number}ms" for number in range(3 * FEW)]
    file = lab.dir / "targets.yaml"
    file.write_text("".join(f"- '{one}'\n" for one in targets))
    monitor = watch(lab, client, files=[file], through=("prlimit", f"--nofile={FEW}:{FEW}"))
    until(lambda: len(states(monitor)) == len(targets), "an answer of each", 20, 0.2)
    reasons = list(states(monitor, "reason").values())
    tap.ok(set(reasons) == {"silent", "no_descriptors"},
           "a prober that has too few descriptors says so of those it can't ask",
           {reason: reasons.count(reason) for reason in reasons})
    tap.ok(monitor.get("status")["prober"]["ends"] == 0, "and lives")


def without_rights(tap, lab):
    client, server = cable(lab)
    open_port = Server(server, keep).port

    def ask(url, state, reason, sentence):
        done = client.run(*NOBODY_USER, e2e.BREAKWATER, "probe", "--json", url, status=None)
        tap.ok(f'"state":"{state}"' in done.stdout and
               (reason is None or f'"reason":"{reason}"' in done.stdout), sentence, done.stdout)
    client.set("net.ipv4.ping_group_range", "1 0")
    ask(f"icmp://{SERVER}", "unknown", "not_permitted", "an ordinary user may not send echoes")
    client.set("net.ipv4.ping_group_range", "0 65534")
    ask(f"icmp://{SERVER}", "up", None, "but by a socket for them, if its group may")
    ask(f"dhcp://{SERVER}", "unknown", "not_permitted", "port 68 takes root")
    ask(f"tcp://{SERVER}:{open_port}", "up", None, "all else works")
    config = lab.dir / "config.yaml"
    config.write_text(f"probe: {{interval: 1s, own: no, targets: [icmp://{SERVER}, "
                      f"'{target(9)}', tcp://{SERVER}:{open_port}]}}\n")
    lab.dir.chmod(0o777)
    monitor = lab.monitor(client, "-c", str(config), json_output=False, through=NOBODY_USER)
    until(lambda: len(states(monitor)) == 3, "an answer of each", 10)
    tap.equal([states(monitor, "state")[one] for one in
               (f"icmp://{SERVER}", target(9), f"tcp://{SERVER}:{open_port}")],
              ["up", "down", "up"], "so it is in `run`", monitor.program.err())


def beside_each_other(*parts):
    """One part that runs all of them at once, and tells one after the other."""
    def run(tap, lab):
        class Later(e2e.Tap):
            def __init__(self):
                super().__init__()
                self.told = []

            def ok(self, passed, sentence, *notes):
                self.told.append((passed, sentence, *notes))
                return passed

        def begin(part):
            later = Later()
            try:
                with e2e.Lab() as inner:
                    part(later, inner)
            except (e2e.Failure, OSError, KeyError, ValueError) as error:
                later.ok(False, f"{part.__name__} runs to its end", repr(error))
            return later.told
        pool = lab.enter_context(concurrent.futures.ThreadPoolExecutor(len(parts)))
        for told in pool.map(begin, parts):
            for one in told:
                tap.ok(*one)
    return run


if __name__ == "__main__":
    sys.exit(e2e.main(beside_each_other(
        full_queue, large_packets_lost, rules_of_our_own, cable_out, no_ports,
        connected_to_itself, no_descriptors, without_rights)))
