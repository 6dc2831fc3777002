#!/usr/bin/env python3
"""scan_recognise.py: what `breakwater scan` says that open ports speak.

Servers of Debian are asked on their usual ports and, through a rule that forwards, on
ports of nobody's; their logs must show no more than that somebody came and left.

Runs beside others.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import lab as e2e
from servers import (cache, clock, directory, files, mailbox, mariadb, names, postgresql,
                     queue, redis, screen, shares, shell, telephone, terminal, web)
from servers.scene import Scene, certificate

HERE, THERE = "10.88.0.1", "10.88.0.2"
ELSEWHERE = 20000  # added to its usual port, a server's other one
SUBJECT = "CN=harbour.example"

# By server: port, protocol, and a pattern of its software; None: it does not say.
SPOKEN = {
    shell: {22: ("ssh", r"OpenSSH_9\..*")},
    web: {80: ("http", r"nginx/1\..*"), 443: ("https", r"nginx/1\..*"),
          8080: ("http2", None), 8443: ("https", r"nginx/1\..*")},
    redis: {6379: ("redis", None)},
    postgresql: {5432: ("postgresql", None)},
    queue: {1883: ("mqtt", None)},
    cache: {11211: ("memcached", r"memcached 1\..*")},
    mailbox: {110: ("pop3", r"Dovecot.*"), 143: ("imap", r"Dovecot.*"),
              993: ("imaps", r"Dovecot.*"), 995: ("pop3s", r"Dovecot.*")},
    mariadb: {3306: ("mysql", r"10\..*-MariaDB.*")},
    screen: {5900: ("vnc", None), 5901: ("vnc", None)},
    terminal: {23: ("telnet", None)},
    files: {21: ("ftp", r"vsFTPd 3\..*")},
    directory: {389: ("ldap", None)},
    shares: {445: ("smb", None)},
    telephone: {5060: ("sip", r"kamailio.*")},
    names: {53: ("dns", None), 853: ("dot", None)},
}
OVER_TLS = ("https", "imaps", "pop3s", "dot")
PROGRAMS = ("sshd", "nginx", "redis-server", "mosquitto", "memcached", "dovecot",
            "mariadbd", "x11vnc", "vsftpd", "slapd", "smbd", "kamailio", "named")
# What a log has of an attack, a fault or a guess at a password.
ALARMS = re.compile(r"attack|denied|fail|invalid|blocked|banned|penalt|refused|illegal",
                    re.IGNORECASE)
# Those that have no way to be told from others but by what they make of a question.
COMPLAIN_ELSEWHERE = (postgresql, mailbox, queue, directory, shares, telephone)


class Quay:
    """All servers, each with an address of its own, and we on the same cable."""

    def __init__(self, lab, modules):
        self.lab = lab
        self.here, self.there = lab.namespace("here"), lab.namespace("there")
        lab.join(self.here, "quay0", self.there, "quay0")
        for network, address in ((self.here, HERE), (self.there, THERE)):
            network.ip("link", "set", "quay0", "up")
            network.ip("addr", "add", f"{address}/16", "dev", "quay0")
        proof, self.scenes = certificate(lab), {}
        for number, module in enumerate(modules, 1):
            address = f"10.88.1.{number}"
            self.there.ip("addr", "add", f"{address}/16", "dev", "quay0")
            own = lab.enter_context(e2e.Lab())
            self.scenes[module] = Scene(own, module.__name__, address, self.there, proof)
            module.start(self.scenes[module])

    def forward(self):
        path = self.lab.dir / "forward.nft"
        rules = "".join(
            f"ip daddr {scene.address} tcp dport {port + ELSEWHERE} "
            f"dnat to {scene.address}:{port}\n"
            for module, scene in self.scenes.items() for port in SPOKEN[module])
        path.write_text("table ip forward { chain doors {\n"
                        "type nat hook prerouting priority -100;\n" + rules + "}\n}\n")
        self.there.run("nft", "-f", str(path))

    def scan(self, *words, status=0):
        return self.here.run(e2e.BREAKWATER, "scan", *words, "--rate", "5000",
                             status=status, seconds=60)

    def records(self, *words):
        return [json.loads(line) for line in self.scan(*words, "--json").stdout.splitlines()]

    def logs(self):
        return {module: "".join(program.out() + program.err() for program in scene.programs)
                for module, scene in self.scenes.items()}


def alarms(before, after):
    """Lines of logs that look like one; by server."""
    found = {}
    for module, text in after.items():
        lines = [line for line in text[len(before[module]):].splitlines()
                 if ALARMS.search(line)]
        if lines:
            found[module] = lines
    return found


def judge(tap, quay, records, offset, where):
    modules = {scene.address: module for module, scene in quay.scenes.items()}
    told = {(modules[one["ip"]], one["port"] - offset): one for one in records
            if one["state"] == "open"}
    wanted = {(module, port): what for module in quay.scenes
              for port, what in SPOKEN[module].items()}
    wrong = []
    for place, (protocol, software) in wanted.items():
        one = told.get(place, {})
        if one.get("protocol") != protocol or \
                (software and not re.fullmatch(software, one.get("software", ""))):
            wrong.append(f"{place[0].__name__} {place[1]}: {one}")
        if protocol in OVER_TLS and (one.get("cert_subject") != SUBJECT or
                                     not one.get("tls_version", "").startswith("TLS 1.")):
            wrong.append(f"{place[0].__name__} {place[1]}: no certificate in {one}")
    tap.ok(not wrong, f"protocol and software of {len(wanted)} servers are known {where}",
           *wrong)


def real_servers(tap, lab):
    sentence = "protocol and software of real servers are known"
    if not e2e.has_tree(*PROGRAMS):
        tap.skip(sentence, "build/tree is missing: run scripts/test-tree")
        return
    quay = Quay(lab, SPOKEN)
    quay.forward()
    targets = [scene.address for scene in quay.scenes.values()]
    ports = sorted({port for module in quay.scenes for port in SPOKEN[module]})
    before = quay.logs()
    records = quay.records(*targets, "-p", ",".join(map(str, ports)))
    judge(tap, quay, records, 0, "on their usual ports")
    between = quay.logs()
    tap.equal(alarms(before, between), {}, "and none of them has logged an attack")
    records = quay.records(*targets, "-p", ",".join(str(port + ELSEWHERE) for port in ports))
    judge(tap, quay, records, ELSEWHERE, "on ports of nobody's")
    found = alarms(between, quay.logs())
    for module in COMPLAIN_ELSEWHERE:
        found.pop(module, None)
    tap.equal(found, {}, "and of those that others' words are news to, none has either")


def greet(door, words, heard):
    """A server that says that, and keeps what it is told."""
    def serve():
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            client.settimeout(10)
            client.sendall(words)
            heard.append(client.recv(100))
            client.close()
    door.settimeout(None)
    threading.Thread(target=serve, daemon=True).start()


def greeters(tap, lab):
    """Who speaks first in words that no protocol of ours knows."""
    quay = Quay(lab, ())
    heard = []
    greet(quay.there.listen(THERE, 4001), b"@RSYNCD: 28\n", heard)
    greet(quay.there.listen(THERE, 4002), b"good morning\r\n", heard)
    records = quay.records(THERE, "-p", "4001-4002")
    tap.equal([one.get("protocol") for one in records], ["rsync", None],
              "nDPI is asked last, and what it does not know either is not guessed")
    tap.equal(heard, [b"", b""], "nothing is said to them")


def datagrams(tap, lab):
    sentence = "a datagram says what is spoken"
    if not e2e.has_tree("named", "chronyd", "kamailio"):
        tap.skip(sentence, "build/tree is missing: run scripts/test-tree")
        return
    quay = Quay(lab, (names, clock, telephone))
    records = quay.records(*(scene.address for scene in quay.scenes.values()), "--udp",
                           "-p", "53,123,5060")
    tap.equal({one["port"]: one.get("protocol") for one in records
               if one["state"] == "open"}, {53: "dns", 123: "ntp", 5060: "sip"}, sentence)


def nmap_xml(tap, lab):
    """Service elements, as readers of nmap's know them."""
    if not e2e.has_tree("nginx", "nmap") or not shutil.which("xmllint"):
        tap.skip("nmap's XML has services", "there is no xmllint, or no build/tree")
        return
    quay = Quay(lab, (web,))
    text = quay.scan("10.88.1.1", "-p", "80,443", "--format", "nmap").stdout
    for service in ('name="http" product="nginx" version="1.22.1" method="probed" conf="10"',
                    'name="http" product="nginx" version="1.22.1" tunnel="ssl" '
                    'method="probed" conf="10"'):
        tap.ok(f"<service {service}/>" in text, f"nmap's XML has {service}", text)
    path = lab.dir / "scan.xml"
    path.write_text(text, encoding="ascii")
    done = subprocess.run(["xmllint", "--noout", "--dtdvalid",
                           str(e2e.ROOT / "build/tree/usr/share/nmap/nmap.dtd"), str(path)],
                          capture_output=True, text=True, check=False)
    tap.ok(done.returncode == 0, "and is valid by its document type", done.stderr)


def descendants(pid):
    found = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return found + [one for child in found for one in descendants(child)]


def connects(pid):
    """Whether that process has an epoll, as only the one that asks does."""
    return any("eventpoll" in os.readlink(fd)
               for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir())


def user(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE)[1])


def interrupted(tap, lab):
    """Ctrl-C while ports are asked what they are: all of them are open still."""
    quay = Quay(lab, ())
    for port in range(3000, 3050):
        quay.there.listen(THERE, port)
    program = quay.here.start(e2e.BREAKWATER, "scan", THERE, "-p", "3000-3049", "--json",
                              "--rate", "50000")
    e2e.until(lambda: quay.there.tcp("sport >= :3000"), "a port is asked what it is")
    asker = [child for child in descendants(program.process.pid) if connects(child)]
    tap.ok(asker and all(user(child) != 0 for child in asker),
           "who reads what strangers say is not root", asker)
    program.process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    tap.equal(program.wait(), 5, "Ctrl-C ends it with 5")
    tap.ok(time.monotonic() - begin < 1, "at once", time.monotonic() - begin)
    tap.equal([one["port"] for one in program.records()], list(range(3000, 3050)),
              "and all that was known is printed")
    program = quay.here.start(e2e.BREAKWATER, "scan", THERE, "-p", "3000-3009", "--json",
                              "--rate", "50000")
    e2e.until(lambda: len(quay.there.tcp("sport >= :3000")) == 10, "ten are asked")
    for child in descendants(program.process.pid):
        if connects(child):
            os.kill(int(child), signal.SIGKILL)
    tap.equal(program.wait(), 5, "who asks may break down: exit status 5")
    tap.ok(len(program.records()) == 10 and "broke down" in program.err(),
           "what is open is known still, and what is not known is said", program.err())
    program = quay.scan(THERE, "-p", "3000-3049", "--no-recognise")
    tap.ok("of it to ask" not in program.stderr, "--no-recognise asks nobody",
           program.stderr)


REGISTER = """ports:
  - {port: 2201, transport: tcp, owner: a, reason: b, approver: c}
  - {port: 2202, transport: tcp, owner: a, reason: b, approver: c}
  - {port: 2210-2219, transport: tcp, owner: a, reason: b, approver: c}
"""


def found_by_scan(records):
    return sorted((one["kind"], one["port"]) for one in records
                  if one.get("technique") == "scan" and one["state"] == "open")


def register(tap, lab):
    """What is open and not registered, or registered and closed; kept by the daemon."""
    quay = Quay(lab, ())
    daemon = lab.monitor(quay.here, "-i", "quay0")
    doors = [quay.here.listen(HERE, 2201), quay.here.listen(HERE, 2203)]
    doors[1].close()
    doors[1] = quay.there.listen(THERE, 2203)
    path = lab.dir / "register.yaml"
    path.write_text(REGISTER, encoding="ascii")
    words = (HERE, THERE, "-p", "2200-2219", "--no-recognise", "--json", "--socket",
             str(daemon.socket))

    def scan(*more, status):
        done = quay.scan(*words, *more, status=status)
        if "Not kept" in done.stderr:
            raise e2e.Failure(done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    told = scan("--register", str(path), status=1)
    tap.equal(found_by_scan(told), [("missing_listener", 2201), ("missing_listener", 2202),
                                    ("missing_listener", 2202), ("unauthorized_port", 2203)],
              "a given register is beside every host: open and not in it, in it and closed")
    daemon.command("policy", "apply", str(path))
    told = scan(status=1)
    tap.equal(found_by_scan(told), [("missing_listener", 2202)],
              "the daemon's is about its own machine")
    e2e.until(lambda: found_by_scan(daemon.get("findings")) == [("missing_listener", 2202)],
              "the daemon's finding")
    tap.ok(True, "and the daemon finds the same in what it is given")
    doors.append(quay.here.listen(HERE, 2202))
    scan(status=0)
    e2e.until(lambda: not found_by_scan(daemon.get("findings")), "the end of the finding")
    tap.ok(True, "which ends when a later scan shows it right")
    e2e.until(lambda: len(daemon.get("scan_runs")) == 3, "three scans in the store")
    runs = daemon.get("scan_runs")
    tap.ok(all(one["complete"] and one["user"] == "root" and one["open"] == 2
               for one in runs[1:]), "that scans were made is kept, and by whom", runs)
    ports = [one["port"] for one in daemon.get("scans")
             if one["scan_start"] == runs[0]["start"] and one["state"] == "open"]
    tap.equal(sorted(ports), [2201, 2202, 2203], "and what they found")
    done = quay.here.run("setpriv", "--reuid", "12345", "--clear-groups", e2e.BREAKWATER,
                         "scan", *words[:5], "--socket", str(daemon.socket), status=None)
    tap.ok("Not kept: " in done.stderr, "nobody else's scans are taken", done.stderr)
    folder = lab.dir / "folder"
    scan("--state", str(folder), status=0)
    rows = quay.here.run(e2e.BREAKWATER, "query", "SELECT port FROM scan WHERE state = 'open' ORDER BY port",
                         "--state", str(folder), "--json").stdout
    tap.equal([json.loads(row)["port"] for row in rows.splitlines()], [2201, 2202, 2203],
              "--state keeps them without a daemon")


if __name__ == "__main__":
    sys.exit(e2e.main(real_servers, greeters, datagrams, nmap_xml, interrupted, register))
