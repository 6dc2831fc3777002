#!/usr/bin/env python3
"""probe_states.py: a target in every state, and our own trouble: is the answer right?

Ports that refuse, drop, reset, close and say nothing; certificates that are good, expired,
early, for other names and of nobody; names that don't resolve; and a prober without
descriptors, without a route, and behind a rule of its own machine.

Runs beside others.
"""
import json
import resource
import socket
import struct
import subprocess
import sys
import threading

import lab as e2e
from lab import BREAKWATER

CLIENT, SERVER, NOBODY = "10.80.0.1", "10.80.0.2", "10.80.0.9"
OUTSIDE = "198.51.100.1"


def cable(lab):
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.plug(client, "net0", [CLIENT], server, "net0", [SERVER])
    return client, server


def probe(client, target, authority=None):
    trust = ["env", f"SSL_CERT_FILE={authority}"] if authority else []
    done = client.run(*trust, BREAKWATER, "probe", "--json", target, status=None)
    lines = done.stdout.splitlines()
    if len(lines) != 1:
        raise e2e.Failure(f"probe {target}: {done.stdout} {done.stderr}")
    return json.loads(lines[0])


def expect(tap, client, target, state, reason, sentence, authority=None):
    """The state, the reason, and never an answer without a detail."""
    got = probe(client, target, authority)
    tap.ok(got["state"] == state and got.get("reason") == reason and
           ((reason is None) == ("detail" not in got)), sentence, got)
    return got


class Server(threading.Thread):
    """Deals with connections one after the other, in a way of its own."""

    def __init__(self, network, deal, address=SERVER):
        super().__init__(daemon=True)
        self.listener = network.listen(address)
        self.listener.settimeout(None)
        self.deal = deal
        self.kept = []
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(connection)
            try:
                self.deal(connection)
            except OSError:
                pass


def keep(_connection):
    """Says nothing, and stays."""


def close(connection):
    connection.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def babble(connection):
    connection.sendall(b"I am no TLS server\r\n" * 10)


def ports(tap, lab):
    client, server = cable(lab)
    silent = Server(server, keep)
    expect(tap, client, f"tcp://{SERVER}:{silent.port}", "up", None, "a handshake is up")
    got = probe(client, f"tcp://{SERVER}:{silent.port}")
    tap.ok(0 < got["rtt_us"] == got["connect_us"] <= got["wait_us"] <= got["total_us"],
           "its time is the kernel's", got)
    expect(tap, client, f"tcp://{SERVER}:9", "down", "refused", "RST is refused")
    server.run("nft", "add table inet t; add chain inet t in "
               "{ type filter hook input priority 0; }; "
               "add rule inet t in tcp dport 7001 drop; "
               "add rule inet t in tcp dport 7002 reject with icmpx type admin-prohibited; "
               "add rule inet t in udp dport 7003 drop")
    expect(tap, client, f"tcp://{SERVER}:7001?timeout=300ms", "down", "no_handshake",
           "a SYN without an answer is no handshake")
    expect(tap, client, f"tcp://{SERVER}:7002", "down", "unreachable",
           "an ICMP error is unreachable")
    expect(tap, client, f"tcp://{NOBODY}:1", "down", "unreachable",
           "a host that is not there is unreachable")
    expect(tap, client, f"udp://{SERVER}:7003?timeout=300ms", "unknown", "open_filtered",
           "silence on UDP is open or filtered, never up")
    expect(tap, client, f"udp://{SERVER}:7004", "down", "refused",
           "ICMP port unreachable is refused")


def streams(tap, lab):
    client, server = cable(lab)
    for deal, reason, sentence in ((keep, "silent", "who says nothing is silent"),
                                   (close, "tls_failed", "who closes has no TLS"),
                                   (reset, "tls_failed", "who resets has none"),
                                   (babble, "tls_failed", "nor who speaks something else")):
        got = Server(server, deal)
        expect(tap, client, f"tls://{SERVER}:{got.port}?timeout=400ms", "down", reason,
               sentence)


def certificate(lab, name, *options, days=("-days", "30"), issuer=None, bits=2048):
    """A key and a certificate for www.example.net; (certificate, key)."""
    key, request, made = (lab.dir / f"{name}.{end}" for end in ("key", "csr", "pem"))
    lab.run("openssl", "req", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", str(key), "-out",
            str(request), "-subj", f"/CN={name}", *options)
    extensions = lab.dir / "extensions"
    extensions.write_text("subjectAltName=DNS:www.example.net\n" +
                          ("" if issuer else "basicConstraints=critical,CA:TRUE\n"))
    signer = ("-CA", str(issuer[0]), "-CAkey", str(issuer[1]), "-CAcreateserial") if issuer \
        else ("-signkey", str(key))
    lab.run("openssl", "x509", "-req", "-in", str(request), "-out", str(made), *signer,
            "-extfile", str(extensions), *days)
    return made, key


def serve(lab, network, port, made, *more):
    chain, key = made
    program = network.start("openssl", "s_server", "-accept", f"{SERVER}:{port}", "-cert",
                            str(chain), "-key", str(key), "-quiet", "-cipher",
                            "DEFAULT@SECLEVEL=0", *more)
    e2e.until(lambda: network.listens(port), f"a TLS server: {program.err()}")


def certificates(tap, lab):
    client, server = cable(lab)
    authority = certificate(lab, "authority")
    serve(lab, server, 9101, certificate(lab, "good", issuer=authority))
    serve(lab, server, 9102, certificate(lab, "old", issuer=authority, days=("-days", "-1")))
    serve(lab, server, 9103, certificate(lab, "self"))
    serve(lab, server, 9104, certificate(lab, "mutual"), "-Verify", "1", "-verify_return_error")
    serve(lab, server, 9106, certificate(lab, "short", issuer=authority, bits=1024))
    serve(lab, server, 9105, certificate(lab, "sha1", issuer=authority,
                                         days=("-days", "30", "-sha1")))

    def ask(port, name, state, reason, sentence):
        return expect(tap, client, f"tls://{SERVER}:{port}?server_name={name}", state, reason,
                      sentence, authority[0])
    good = ask(9101, "www.example.net", "up", None, "a good certificate is up")
    tap.ok(good["tls_version"] == "TLS 1.3" and good["cert_subject"] == "CN=good" and
           good["cert_issuer"] == "CN=authority" and good["tls_us"] > 0, "with its facts", good)
    ask(9101, "other.example.net", "down", "certificate_name", "for other names it is not")
    old = ask(9102, "www.example.net", "down", "certificate_expired", "an expired one is not")
    tap.ok("cert_not_after" in old and old["cert_subject"] == "CN=old" and
           "expired 20" in old["detail"], "and still tells whose it is, and since when", old)
    ask(9103, "www.example.net", "down", "certificate_untrusted", "nor one of nobody")
    expect(tap, client, f"tls://{SERVER}:9103?verify=dates", "up", None,
           "whose it is may be, if only its dates count")
    expect(tap, client, f"tls://{SERVER}:9102?verify=dates", "down", "certificate_expired",
           "an expired one is not good all the same")
    expect(tap, client, f"https://{SERVER}:9104/#verify=dates", "degraded", "denied",
           "and who wants a certificate of ours is alive")
    # The handshake takes what the verdict does not.
    for port, name, why in ((9106, "short", "EE certificate key too weak"),
                            (9105, "sha1", "CA signature digest algorithm too weak")):
        weak = ask(port, "www.example.net", "down", "certificate_untrusted",
                   f"nor one that is {name}")
        tap.ok(weak["detail"] == why and weak["cert_subject"] == f"CN={name}",
               "which is told, and whose it is", weak)
    got = probe(client, f"tls://{SERVER}:9102?verify=no")
    tap.equal((got["state"], "cert_not_after" in got), ("up", True),
              "unless nobody asks for that", got)


def names(tap, lab):
    client, _ = cable(lab)
    expect(tap, client, "tcp://name.invalid:1?timeout=3s", "unknown", "resolver_down",
           "without a resolver nothing is known of a name")


def with_descriptors(client, count, target):
    """What is said by a prober that may have so many."""
    def limit():
        e2e.die_with_parent()
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
    with client.inside():
        done = subprocess.run([BREAKWATER, "probe", "--json", target], capture_output=True,
                              text=True, check=False, preexec_fn=limit)
    return done.stdout + done.stderr


def own_trouble(tap, lab):
    client, _ = cable(lab)
    expect(tap, client, f"tcp://{OUTSIDE}:1", "unknown", "no_route", "no route is ours")
    expect(tap, client, f"tcp://{SERVER}:1?source=192.0.2.77", "unknown", "no_route",
           "so is a source that is not here")
    expect(tap, client, f"tcp://{SERVER}:1?interface=none0", "unknown", "no_route",
           "and an interface that is not")
    client.run("nft", "add table inet t; add chain inet t out "
               "{ type filter hook output priority 0; }; "
               f"add rule inet t out ip daddr {SERVER} tcp dport 5 reject with tcp reset; "
               f"add rule inet t out ip daddr {SERVER} udp dport 6 drop")
    expect(tap, client, f"udp://{SERVER}:6", "unknown", "not_permitted",
           "and a rule of this machine's own")
    said = [with_descriptors(client, count, f"tcp://{SERVER}:1") for count in range(4, 12)]
    tap.ok(any("no_descriptors" in one for one in said) and
           all('"refused"' in one or "no_descriptors" in one or "no prober" in one or
               "shared libraries" in one for one in said),
           "want of descriptors is ours", *said)


if __name__ == "__main__":
    sys.exit(e2e.main(ports, streams, certificates, names, own_trouble))
