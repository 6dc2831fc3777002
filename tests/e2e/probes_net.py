#!/usr/bin/env python3
"""probes_net.py: what asking says of shells, shares, desktops, clocks, agents and the
like of Debian, healthy and refusing, and what they log of having been asked.

  probes_net.py [--verbose] [PLACE...]      also tells what the servers log

The servers are those of servers/, each at an address of its own.

Runs beside others.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import re
import sys

import lab as e2e
from servers import agent, clock, desktop, leases, screen, shares, shell, telephone
from servers.scene import (CLIENT, COMMUNITY, RIGHT, WRONG, WRONG_COMMUNITY, Scene,
                           certificate)

# What people or their tools would take for an attack or a fault.
TROUBLE = re.compile(r"error|fatal|fail|attack|invalid|illegal|refus|bad |unexpected",
                     re.IGNORECASE)


UP = ("up", "", "")


@dataclasses.dataclass
class Place:
    """A server, and what is to be said of it: {target: (state, reason, detail)}."""

    name: str
    start: object
    answers: dict
    software: str = None  # of a server that is well
    log: str = None       # what it has to log of us
    quiet: bool = True    # it logs nothing that looks like trouble


def cable(lab):
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.join(client, "net0", server, "net0")
    for network in client, server:
        network.ip("link", "set", "net0", "up")
    client.ip("addr", "add", f"{CLIENT}/16", "dev", "net0")
    return client, server


def ask(scene, target):
    told = scene.lab.run(e2e.BREAKWATER, "probe", "--json", "--timeout", "2s", target,
                         status=None)
    if not told.stdout:
        raise e2e.Failure(f"{target}: {told.returncode} {told.stderr}")
    return json.loads(told.stdout)


def logged(scene):
    files = [scene.dir / "log"] if (scene.dir / "log").is_file() else []
    return "".join(one.err() + one.out() for one in scene.programs) + \
        "".join(path.read_text(errors="replace") for path in files)


def judge(tap, scene, place):
    """Whether each answer, and what is logged of all, is as it should be; the log."""
    before = len(logged(scene))
    for target, wanted in place.answers.items():
        told = ask(scene, target.format(scene.address))
        got = (told["state"], told.get("reason", ""))
        state, reasons, words = wanted
        reasons = reasons if isinstance(reasons, tuple) else (reasons,)
        tap.ok(got[0] == state and got[1] in reasons and words in told.get("detail", ""),
               f"{place.name}: {target} is {state} {' or '.join(reasons)}".rstrip(),
               json.dumps(told), logged(scene)[before:][-1500:])
        if place.software and got[0] == "up":
            tap.ok(re.fullmatch(place.software, told.get("software", "")),
                   f"{place.name}: its software is known", json.dumps(told))
    first = next(iter(place.answers))
    if place.answers[first] == UP:
        told = [ask(scene, first.format(scene.address))["state"] for _ in range(10)]
        tap.equal(told, ["up"] * 10, f"{place.name} bars nobody who asks ten times more")
    log = logged(scene)[before:]
    if place.log:
        e2e.until(lambda: re.search(place.log, logged(scene)[before:]),
                  f"{place.name} logs {place.log}: {logged(scene)[before:]}")
    if place.quiet:
        tap.equal([line for line in log.splitlines() if TROUBLE.search(line)], [],
                  f"{place.name} logs nothing that looks like trouble")
    return log.splitlines()


# ---- states --------------------------------------------------------------------------


def full_shell(scene):
    """One who is not yet logged in is all that it takes."""
    scene.prepare("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                  f"{scene.dir}/host")
    scene.prepare("chown", "root:", "/run/sshd")
    scene.serve("/usr/sbin/sshd", "-D", "-e", "-f", scene.write("sshd_config", f"""
ListenAddress {scene.address}:22
HostKey {scene.dir}/host
PidFile none
MaxStartups 1:100:1
"""), tcp=(22,))
    held = scene.connect(22)
    held.recv(64)


def full_shares(scene):
    """It closes without a word, and logs nothing at all."""
    shares.start(scene, more="max smbd processes = 1")
    scene.connect(445)


def closed_shares(scene):
    shares.start(scene, more="hosts deny = ALL")


def classic_desktop(scene):
    desktop.start(scene, "rdp")


def lost_clock(scene):
    clock.start(scene, "")


def busy_telephone(scene):
    telephone.start(scene, 'request_route { sl_send_reply("503", "Too busy"); }')


def shy_leases(scene):
    leases.start(scene, "not authoritative;")


PLACES = (
    Place("shell", shell.start, {
        "ssh://{}": UP, "ssh://{}:23": ("down", "refused", "port 23 is closed")},
        r"OpenSSH_9\..*",
        r"Received disconnect from 10\.88\.0\.1 port \d+:11: breakwater probe"),
    Place("taken for others", shell.start, {
        "vnc://{}:22": ("down", "wrong_protocol", "no version of RFB"),
        "smb://{}:22": ("down", "wrong_protocol", "no message of SMB"),
        "rdp://{}:22": ("down", "wrong_protocol", "no connection confirm"),
        "sip+tcp://{}:22": ("down", "wrong_protocol", "no message of SIP")}, quiet=False),
    Place("full shell", full_shell, {
        "ssh://{}": ("down", "overloaded", "\"Exceeded MaxStartups")}),
    Place("shares", shares.start, {"smb://{}": UP}),
    # smbd closes before or after it has our words: a FIN, or a RST for them.
    Place("full shares", full_shares, {"smb://{}": ("down", ("closed", "reset"), "")}),
    Place("closed shares", closed_shares, {
        "smb://{}": ("degraded", "denied", "error 0x81")}, quiet=False),
    # It calls everything an error that is no session, also a bare connection.
    Place("desktop", desktop.start, {
        "rdp://{}": UP, "rdp+starttls://{}?verify=no": UP}, quiet=False),
    Place("classic desktop", classic_desktop, {
        "rdp://{}": UP,
        "rdp+starttls://{}": ("down", "tls_missing", "RDP's own")}, quiet=False),
    Place("screen", screen.start, {
        "vnc://{}": UP, "vnc://{}:5901": UP, f"vnc://:{RIGHT}@{{}}": UP,
        f"vnc://:{WRONG}@{{}}": ("down", "login_failed", "")}),
    Place("clock", clock.start, {
        "ntp://{}": UP, "ntp://{}?offset=1": UP, "udp://{}:123": UP}),
    Place("lost clock", lost_clock, {
        "ntp://{}": ("down", "error", "not synchronised")}),
    Place("agent", agent.start, {
        f"snmp://{COMMUNITY}@{{}}": UP, "snmp://{}?version=3": UP,
        f"snmp://{WRONG_COMMUNITY}@{{}}": ("unknown", "open_filtered", ""),
        "udp://{}:161": ("unknown", "open_filtered", "")}),
    Place("telephone", telephone.start, {
        "sip://{}": UP, "sip+tcp://{}": UP, "udp://{}:5060": UP}, "kamailio.*"),
    Place("busy telephone", busy_telephone, {
        "sip://{}": ("down", "overloaded", "\"503 Too busy\""),
        "sip+tcp://{}": ("down", "overloaded", "\"503 Too busy\"")}),
    Place("leases", leases.start, {"dhcp://{}": UP, "udp://{}:67": UP}),
    Place("shy leases", shy_leases, {"dhcp://{}": ("unknown", "open_filtered", "")}),
)


def probes(tap, lab):
    if not e2e.has_tree("sshd", "xrdp"):
        tap.skip("services are asked", "build/tree is missing: run scripts/test-tree")
        return
    options = arguments()
    client, server = cable(lab)
    proof = certificate(lab)
    for number, place in enumerate(PLACES, 1):
        if options.places and place.name not in options.places:
            continue
        address = f"10.88.1.{number}"
        server.ip("addr", "add", f"{address}/16", "dev", "net0")
        # All that it starts and asks is in the client's network, and ends with it.
        with client.inside(), e2e.Lab() as inner:
            scene = Scene(inner, place.name, address, server, proof)
            place.start(scene)
            log = judge(tap, scene, place)
            if options.verbose:
                print("\n".join(f"#   {place.name}: {line}" for line in log))
        # Who has several answers from the first.
        server.ip("addr", "del", f"{address}/16", "dev", "net0")


# What sshd counts against a client (PerSourcePenalties since 9.8), or fail2ban does.
PENALTY = re.compile(r"reset|closed by|timeout|grace|penalt|drop|exceeded|invalid|illegal|"
                     r"bad |error|fatal|failed|unable|did not", re.IGNORECASE)
MANY = 100


def is_not_penalised(tap, lab):
    if not e2e.has_tree("sshd"):
        tap.skip("sshd is asked again and again", "build/tree is missing: run scripts/test-tree")
        return
    client, server = cable(lab)
    server.ip("addr", "add", "10.88.1.1/16", "dev", "net0")
    with client.inside(), e2e.Lab() as inner:
        scene = Scene(inner, "shell", "10.88.1.1", server, certificate(lab))
        shell.start(scene)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            states = set(pool.map(lambda _: ask(scene, "ssh://10.88.1.1")["state"], range(MANY)))
        tap.equal(states, {"up"}, f"{MANY} probes of sshd, many at once, are all answered")
        left = e2e.until(lambda: logged(scene) if logged(scene).count(
            ":11: breakwater probe") == MANY else None, "what sshd says of each")
        bad = [line for line in left.splitlines() if PENALTY.search(line)]
        tap.equal(bad, [], "sshd has nothing against any of them")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("places", nargs="*",
                        choices=[[], *(place.name for place in PLACES)])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(e2e.main(probes, is_not_penalised))
