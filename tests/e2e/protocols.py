#!/usr/bin/env python3
"""protocols.py: what Breakwater understands of real servers and their clients.

  protocols.py [--keep DIR] [SCENE...]      DIR gets a capture of each scene

Every module of servers/ is a scene: start() a server of Debian, talk() to it, and SEEN,
what is to be known of it then.  All scenes are played at once on one cable, which the
daemon watches; what tcpdump keeps of it is replayed: both must say the same, and that.

Runs beside others, and computes.
"""
import argparse
import collections
import ctypes
import importlib
import json
import os
import pathlib
import re
import signal
import sys
import traceback

import lab as e2e
from servers.scene import CLIENT, SECRETS, STRANGER, Scene, certificate

SCENES = {path.stem: importlib.import_module(f"servers.{path.stem}") for path in
          sorted(pathlib.Path(__file__).parent.glob("servers/*.py"))
          if path.stem != "scene"}
BROADCAST = "255.255.255.255"
CLONE_NEWPID = 0x20000000  # sched.h
# What reading conversations finds; the daemon also knows sockets and registers.
KINDS = ("cleartext_login", "weak_protocol", "protocol_anomaly", "tunnel",
         "unexpected_protocol")
# Records of single protocols.
TOLD = ("http", "dns", "tls", "ssh", "ftp", "smtp", "snmp", "sip", "rdp", "dhcp")


# ---- the stage -----------------------------------------------------------------------

def address(name):
    return f"10.88.1.{list(SCENES).index(name) + 1}"


class Cable:
    """Client and server, and what watches the server's end from its first packet on."""

    def __init__(self, lab):
        self.client, self.server = lab.namespace("client"), lab.namespace("server")
        lab.join(self.client, "net0", self.server, "net0")
        for network in self.client, self.server:
            network.ip("link", "set", "net0", "up")
        self.lab, self.pcap = lab, lab.dir / "all.pcap"
        self.dump = self.server.start("tcpdump", "-i", "net0", "-U", "--immediate-mode",
                                      "-B", "65536", "-Z", "root", "-w", str(self.pcap))
        e2e.until(lambda: "listening" in self.dump.err(), f"tcpdump: {self.dump.err()}")
        self.monitor = lab.monitor(self.server, "-i", "net0")
        for network, ours in ((self.client, [CLIENT, STRANGER]),
                              (self.server, [address(name) for name in SCENES])):
            for one in ours:
                network.ip("addr", "add", f"{one}/16", "dev", "net0")

    def passed(self):
        return sum(side["packets"] for side in self.server.counters("net0").values())

    def kept(self):
        told = self.lab.run("tcpdump", "-r", str(self.pcap), "--count", status=None).stdout
        return int(told.split()[0])

    def heard(self):
        """What replay and the daemon say of all that has passed; the watch ends."""
        e2e.until(lambda: self.kept() >= self.passed(), "tcpdump")
        self.dump.end(signal.SIGINT)
        self.monitor.settle(self.passed)
        self.monitor.stop()
        replayed = self.lab.run(e2e.BREAKWATER, "replay", "--json", "--type",
                                ",".join(("flow", "login", "finding", *TOLD)),
                                str(self.pcap))
        return {"replay": replayed.stdout, "the daemon": self.monitor.program.out()}

    def keep(self, folder, scenes):
        """A capture of each scene."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in scenes:
            places = [f"host {address(name)}"]
            places += ["port 67"] if "udp/67" in SCENES[name].SEEN else []
            self.lab.run("tcpdump", "-r", str(self.pcap), "-w",
                         str(folder / f"{name}.pcap"), " or ".join(places))


def fork(action):
    """A process that does it, and ends with 1 and a trace if that fails."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            e2e.die_with_parent()
            action()
            status = 0
        except BaseException:  # pylint: disable=broad-exception-caught
            traceback.print_exc(file=sys.stdout)
            sys.stdout.flush()
        finally:
            os._exit(status)  # pylint: disable=protected-access
    return pid


def is_well(pid):
    return os.waitpid(pid, 0)[1] == 0


def play(scene_of):
    """One scene in this process, from its begin to its end."""
    with e2e.Lab() as lab:
        scene = scene_of(lab)
        try:
            SCENES[scene.name].start(scene)
            SCENES[scene.name].talk(scene)
        except BaseException:
            scene.print_programs()
            raise


def stage(cable, name, proof):
    """The process of a scene, and the file with what it says when it fails."""
    said = cable.lab.dir / f"{name}.said"

    def alone():
        with said.open("w") as out:
            os.dup2(out.fileno(), 1)
        e2e.set_namespace(cable.client.fd)
        if e2e.LIBC.unshare(CLONE_NEWPID) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        # The first process of the new namespace: all others end with it.
        if not is_well(fork(lambda: play(
                lambda lab: Scene(lab, name, address(name), cable.server, proof)))):
            raise e2e.Failure(name)
    return fork(alone), said


# ---- what was seen -------------------------------------------------------------------

def by_port(records):
    """What records say of each scene's ports: {address: {"tcp/80": what}}."""
    seen = collections.defaultdict(lambda: collections.defaultdict(Said))
    for one in records:
        place = one.get("transport")
        if place != "icmp":
            place += f"/{one.get('server_port', one.get('port'))}"
        elif one["record"] == "flow":
            continue  # a server that writes to a client that has gone is told so
        where = one.get("server_ip")
        said = seen[address("leases") if where == BROADCAST else where][place]
        if one["record"] == "flow":
            said.flows.append(one)
        elif one["record"] == "login":
            said.logins[one.get("user"), one["outcome"]] += 1
        elif one["record"] in TOLD:
            said.told.append(one)
        elif one["kind"] in KINDS:
            said.findings[f"{one['kind']} {one['technique']}"] = one
    return seen


class Said:
    """Of one port."""

    def __init__(self):
        self.flows, self.logins, self.findings = [], collections.Counter(), {}
        self.told = []

    def values(self, field):
        return {flow.get(field) for flow in self.flows}

    def values_told(self, kind, *fields):
        """Of each record, these fields; "" if they are unknown."""
        mine = [one for one in self.told if one["record"] == kind]
        return [tuple(one.get(field, "") for field in fields)
                for one in sorted(mine, key=lambda one: (one["flow_start"], one["at"]))]


def differences(seen, said):
    """Sentences on what is not as it should be."""
    wrong = []

    def equal(what, got, wanted):
        if got != wanted:
            wrong.append(f"{what}: got {got!r}, expected {wanted!r}")

    if seen.protocol is not None:
        equal("protocols", said.values("protocol"), {seen.protocol})
        equal("known by", said.values("protocol_by"), {"content"})
    for field in ("software", "client_software", "version"):
        wanted = getattr(seen, field)
        got = said.values(field) - {None}
        if wanted and not (got and all(re.fullmatch(wanted, one) for one in got)):
            wrong.append(f"{field}: got {got!r}, expected {wanted!r}")
    if seen.cleartext is not None:
        equal("cleartext", collections.Counter(
            flow.get("cleartext") for flow in said.flows), seen.cleartext)
    equal("logins", dict(said.logins), seen.logins)
    if seen.errors is not None:
        equal("answers that were errors",
              sum(flow.get("answer_errors", 0) for flow in said.flows), seen.errors)
    equal("findings", {name: one["severity"] for name, one in said.findings.items()},
          seen.findings)
    if seen.told:
        equal("records", said.values_told(*seen.told), list(seen.records))
    if wrong:
        wrong += [one["summary"] for one in said.findings.values()]
    return wrong


def judge(tap, name, how, records):
    told = records[address(name)]
    wanted = SCENES[name].SEEN
    wrong = [f"nothing was expected on {port}" for port in told.keys() - wanted.keys()]
    for port, seen in wanted.items():
        wrong += [f"{port} {line}" for line in differences(seen, told[port])]
    tap.ok(not wrong, f"{name}: {how} says what was said", *wrong)


def parsed(text):
    """What records tell; of flows, the final ones."""
    all_of_them = [json.loads(line) for line in text.splitlines()]
    return by_port(one for one in all_of_them
                   if one["record"] in ("login", "finding", *TOLD) or
                   one["record"] == "flow" and one["end_reason"] != "active")


def dialogues(tap, lab):
    if not e2e.has_tree("gtlsserver"):
        tap.skip("what is said is understood",
                 "build/tree is missing: run scripts/test-tree")
        return
    options = arguments()
    cable, proof = Cable(lab), certificate(lab)
    staged = {name: stage(cable, name, proof) for name in options.scenes}
    played = [name for name, (pid, said) in staged.items()
              if tap.ok(is_well(pid), f"{name}: server and client talk", said.read_text())]
    for how, text in cable.heard().items():
        records = parsed(text)
        for name in played:
            judge(tap, name, how, records)
        tap.equal([word for word in SECRETS if word in text], [],
                  f"{how} keeps no password and no community")
    stored = b"".join(path.read_bytes() for path in cable.monitor.state.rglob("*")
                      if path.is_file())
    tap.ok(b"harbour.example" in stored and
           not any(word.encode() in stored for word in SECRETS),
           "nor does the daemon's store")
    if options.keep:
        cable.keep(options.keep, options.scenes)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("scenes", nargs="*", choices=[[], *SCENES])
    options = parser.parse_args()
    options.scenes = options.scenes or list(SCENES)
    return options


if __name__ == "__main__":
    sys.exit(e2e.main(dialogues))
