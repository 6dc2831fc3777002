#!/usr/bin/env python3
"""recorder.py: the flight recorder: what is kept of a probe that failed.

Ports that refuse, drop, reset, are silent, whose certificate is expired, and packets that
never leave; that a capture has the packets of that connection and of no other; that no
password is anywhere; and that it is found again, from the daemon and from the store.

Runs beside others.
"""
import base64
import contextlib
import json
import os
import pathlib
import re
import socket
import struct
import threading

import lab as e2e
from lab import BREAKWATER, LIBC, until
from probe_states import CLIENT, NOBODY, SERVER, Server, cable, certificate, keep, reset, serve

SECRET = "hunter2secret"
SO_DETACH_FILTER = 27    # asm-generic/socket.h
SYS_PIDFD_GETFD = 438    # asm-generic/unistd.h


def records(done):
    """By kind; probe, failure, transcript and packet."""
    found = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        found.setdefault(one["record"], []).append(one)
    return found


def probe(client, target, *options, through=()):
    return records(client.run(*through, BREAKWATER, "probe", "--json", "-v", *options, target,
                              status=None))


def expect(tap, client, target, reason, summary, sentence):
    got = probe(client, target)
    failure = got["failure"][0]
    tap.ok(failure.get("reason") == reason and re.fullmatch(summary, failure["summary"]),
           sentence, failure)
    return got


def text(got):
    return "\n".join(f"{one['by']}: {one['text']}" for one in got.get("transcript", []))


def flags(packet):
    """Of TCP, in IPv4."""
    data = base64.b64decode(packet["data"])
    return data[(data[0] & 15) * 4 + 13]


def shake_and_reset(connection):
    connection.recv(1)
    reset(connection)


def greet(connection):
    connection.sendall(b"220 mx.example.net ESMTP\r\n")


def sentences(tap, lab):
    client, server = cable(lab)
    got = expect(tap, client, f"tcp://{SERVER}:9", "refused",
                 r"SYN answered with RST in [\d.]+ [um]s, nothing listens on port 9",
                 "who refuses is said so")
    tap.equal([(one["sent"], flags(one)) for one in got["packet"]], [(True, 2), (False, 20)],
              "with SYN and RST", got)
    server.run("nft", "add table inet t; add chain inet t in "
               "{ type filter hook input priority 0; }; add rule inet t in tcp dport 7001 drop")
    got = expect(tap, client, f"tcp://{SERVER}:7001?timeout=1500ms", "no_handshake",
                 r"2 SYNs sent in 1,500 ms, none answered: .*", "who drops, too")
    tap.ok("SYN_SENT" in text(got), "with the kernel's state", text(got))
    server.run("nft", "add rule inet t in tcp dport 7002 reject with icmpx type admin-prohibited")
    got = expect(tap, client, f"tcp://{SERVER}:7002", "unreachable",
                 rf"the host {SERVER} answered: ICMP administratively prohibited \(type 3, "
                 r"code 13\)", "who forbids, by whom")
    tap.ok(f"ICMP type 3, code 13 from {SERVER}" in text(got) and len(got["packet"]) == 2,
           "and the ICMP error is kept", got)
    expect(tap, client, f"tcp://{NOBODY}:1", "unreachable",
           rf"asked \d times? who has {NOBODY} on this network, nobody answered.*",
           "so is a host that is off")
    silent = Server(server, keep)
    expect(tap, client, f"ssh://{SERVER}:{silent.port}?timeout=400ms", "silent",
           r"SYN answered in [\d.]+ [um]s, then silent for \d+ ms", "so is silence")
    rude = Server(server, shake_and_reset)
    expect(tap, client, f"redis://{SERVER}:{rude.port}?timeout=1s", "reset",
           r"SYN answered in [\d.]+ [um]s, \d+ octets sent, then RST after [\d.]+ [um]s",
           "and a reset after what")
    polite = Server(server, greet)
    got = expect(tap, client, f"smtp://{SERVER}:{polite.port}?timeout=500ms", "silent",
                 r'SYN answered in [\d.]+ [um]s, it said "220 mx.example.net ESMTP", then silent '
                 r"for \d+ ms", "and the last words before silence")
    tap.ok(re.search(r"server: 220 mx.example.net ESMTP\nclient: EHLO ", text(got)),
           "with what both said", text(got))


def encrypted(tap, lab):
    client, server = cable(lab)
    serve(lab, server, 9102, certificate(lab, "old", days=("-days", "-1")))
    serve(lab, server, 9103, certificate(lab, "new"), "-tls1_3")
    got = expect(tap, client, f"tls://{SERVER}:9102?server_name=www.example.net",
                 "certificate_expired",
                 r"SYN answered in [\d.]+ [um]s, TLS in [\d.]+ [um]s, certificate expired "
                 r"[\d: -]+: clients end with TLS alert 45", "an expired certificate says when")
    said = text(got)
    tap.ok("tls: sent client_hello\n" in said and "tls: received certificate\n" in said and
           "tls: sent alert 0 (close_notify)" in said, "with the steps of TLS", said)
    server.start("openssl", "s_server", "-accept", f"{SERVER}:9104", "-cert",
                 str(lab.dir / "new.pem"), "-key", str(lab.dir / "new.key"), "-quiet",
                 "-tls1_2", "-cipher", "PSK")
    until(lambda: server.listens(9104), "a TLS server")
    expect(tap, client, f"tls://{SERVER}:9104", "tls_failed",
           r"SYN answered in [\d.]+ [um]s, TLS alert 40 \(handshake_failure\) from the server",
           "an alert is named")


def own_machine(tap, lab):
    client, server = cable(lab)
    client.run("nft", "add table inet t; add chain inet t out "
               "{ type filter hook output priority 0; }; "
               f"add rule inet t out ip daddr {SERVER} tcp dport 5 drop")
    got = expect(tap, client, f"tcp://{SERVER}:5?timeout=300ms", "not_sent",
                 "nothing left this machine: .*", "what never left is not the target's failure")
    tap.equal(got["probe"][0]["state"], "unknown", "and its state is unknown", got)
    server.run("nft", "add table inet t; add chain inet t in "
               "{ type filter hook input priority 0; }; add rule inet t in tcp dport 7001 drop")
    client.run("nft", "add table ip n; add chain ip n out { type nat hook output priority -100; }; "
               f"add rule ip n out ip daddr {SERVER} tcp dport 6 dnat to {SERVER}:7001")
    failure = probe(client, f"tcp://{SERVER}:6?timeout=300ms")["failure"][0]
    tap.ok(failure["reason"] == "no_handshake" and "NAT" in failure["packets_missing"],
           "but what left with other addresses did leave", failure)
    got = probe(client, f"tcp://{SERVER}:9", through=("setpriv", "--bounding-set=-all"))
    failure = got["failure"][0]
    tap.ok("packet" not in got and "denied" in failure["packets_missing"] and
           failure["reason"] == "refused" and failure["summary"].startswith("SYN answered"),
           "where recording is denied, that is said and the rest is the same", failure)


def pcap_ports(path):
    """Of TCP over IPv4, per packet: (source, destination); and the link type."""
    data = path.read_bytes()
    ports, at = [], 24
    while at < len(data):
        _, _, length, _ = struct.unpack_from("<4I", data, at)
        head = (data[at + 16] & 15) * 4
        ports.append(struct.unpack_from(">2H", data, at + 16 + head))
        at += 16 + length
    return ports, struct.unpack_from("<I", data, 20)[0]


def only_its_own(tap, lab):
    client, server = cable(lab)
    rude = Server(server, shake_and_reset)
    ended = threading.Event()

    def others():
        while not ended.is_set():
            with client.connect(SERVER, rude.port) as one:
                one.sendall(b"another's words")
    busy = threading.Thread(target=others)
    busy.start()
    path = lab.dir / "one.pcap"
    try:
        done = client.run(BREAKWATER, "probe", "--json", "--pcap", str(path),
                          f"redis://{SERVER}:{rude.port}?timeout=2s", status=1)
    finally:
        ended.set()
        busy.join()
    ports, link = pcap_ports(path)
    ends = {frozenset(one) for one in ports}
    tap.ok(link == 101 and len(ends) == 1 and rude.port in next(iter(ends)) and len(ports) >= 5,
           "a capture has that connection's packets and no other's", ports, done.stdout)
    tap.ok(b"another's" not in path.read_bytes(), "and nobody's words")
    flows = records(lab.run(BREAKWATER, "replay", "--json", "--type", "flow", str(path)))["flow"]
    tap.ok(len(flows) == 1 and flows[0]["client_ip"] == CLIENT and flows[0]["resets"] == 1,
           "it is read as one flow", flows)


def tell_password(connection):
    connection.recv(4096)
    connection.sendall(f"-ERR {SECRET} is none of ours\r\n".encode())


def refuse_basic(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 401 No\r\nSet-Cookie: s=" + SECRET.encode() +
                       b"\r\nContent-Length: 0\r\n\r\n")


def packet_sockets(config):
    """Copies of those of the process that asks, of the monitor with this configuration."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "comm").read_text() != "breakwater-prob\n" or \
                    str(config).encode() not in (folder / "cmdline").read_bytes():
                continue
            process = os.pidfd_open(int(folder.name))
            for name in os.listdir(folder / "fd"):
                fd = LIBC.syscall(SYS_PIDFD_GETFD, process, int(name), 0)
                with contextlib.suppress(OSError):
                    one = socket.socket(fileno=fd)
                    if one.family == socket.AF_PACKET:
                        yield one
            os.close(process)


def stays(one):
    try:
        one.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        return False
    except PermissionError:
        return True


def kept(tap, lab):
    client, server = cable(lab)
    redis, web, later = (Server(server, deal) for deal in (tell_password, refuse_basic, keep))
    targets = (f"redis://:{SECRET}@{SERVER}:{redis.port}", f"tcp://{SERVER}:{later.port}",
               f"http://user:{SECRET}@{SERVER}:{web.port}/")
    config = lab.dir / "config.yaml"
    config.write_text("probe:\n  own: no\n  interval: 1s\n  retry: 1s\n  targets:\n" +
                      "".join(f'    - "{one}"\n' for one in targets))
    monitor = lab.monitor(client, "-c", str(config), json_output=False)
    until(lambda: any(one["state"] == "up" for one in monitor.get("probes")), "one that is up")
    hears = list(packet_sockets(config))
    tap.ok(len(hears) == 1 and stays(hears[0]),
           "who asks can't take the filter off that lets it hear its own packets only", hears)
    later.listener.close()
    until(lambda: len(monitor.get("failures")) == 3, "all three failures", 15, 0.1)
    done = monitor.command("probe", "--last-failure", targets[1])
    tap.ok(done.stdout.startswith("SYN answered with RST in ") and
           re.search(r"last up [\d:]+, [\d,]+ ms before\n", done.stdout) and
           "connect took " in done.stdout and " TCP RST,ACK, 0 octets\n" in done.stdout,
           "the last failure of a target is shown", done.stdout)
    got = records(monitor.command("probe", "--last-failure", "--json", targets[0]))
    tap.ok("[password] is none of ours" in text(got) and
           "client: [" in text(got) and "may hold a password" in text(got),
           "a password is replaced in what was said", text(got))
    path = lab.dir / "redis.pcap"
    monitor.command("probe", "--last-failure", targets[0], "--pcap", str(path))
    tap.ok(len(pcap_ports(path)[0]) >= 5, "its packets are a file, too")
    monitor.stop()
    hidden = (SECRET.encode(), base64.b64encode(f"user:{SECRET}".encode()))
    files = [one for one in (*lab.dir.rglob("*"), path)
             if one.is_file() and one != config and "config" not in one.name]
    found = [one for one in files for word in hidden if word in one.read_bytes()]
    tap.ok(found == [] and any(one.suffix == ".db" for one in files),
           "and is in no file", found, files)
    state = next(one.parent for one in files if one.suffix == ".db")
    done = lab.run(BREAKWATER, "probe", "--last-failure", "--state", str(state), targets[1])
    tap.ok(done.stdout.startswith("SYN answered with RST in "), "without a daemon, from the store",
           done.stdout)
    done = lab.run(BREAKWATER, "probe", "--last-failure", "--state", str(state), "tcp://192.0.2.1:1",
                   status=1)
    tap.ok("No failure of tcp://192.0.2.1:1" in done.stderr, "where there is none, that is said",
           done.stderr)


if __name__ == "__main__":
    e2e.main(sentences, encrypted, own_machine, only_its_own, kept)
