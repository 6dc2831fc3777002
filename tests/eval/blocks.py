"""blocks.py: who attacks is cut off and stays so, whatever happens to firewall, processes
and clocks; nobody else is.

Metrics: `passed`, packets of a blocked source that came through; `gap-ms`, between the
first and the last of them; `false_blocks`, sources that are blocked and must not be;
`others-changed`, rules of other programs that are not as they had left them.
"""
import base64
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import threading
import time

import benign
import lab as e2e
import loads
from evaluation import scenario
from field import ATTACKER, BYSTANDER, VICTIM
from flooding import TESTS
from siege import Guest, Siege, is_served

STREAM = 7777
STEP_S = 0.001
REAL = "192.0.2.1"  # of rules that others make
GUESSES, GUESS_STEP_S, NAT_LASTS_S = 99, 0.5, 900
ADDED = 200
GUESTS = 6
FORGED_S = 3
OTHERS = """
table inet mine {
	set friends { type ipv4_addr; elements = { 192.0.2.7 } }
	chain input { type filter hook input priority 0; policy accept; ip saddr @friends accept; }
}
table ip nat {
	chain post { type nat hook postrouting priority 100; oifname "none0" masquerade; }
}
"""


class Stream(threading.Thread):
    """Datagrams of a blocked source, all the time; those that come through are noted."""

    def __init__(self, siege, source=ATTACKER):
        super().__init__(daemon=True)
        self.taken = siege.server.socket(kind=socket.SOCK_DGRAM)
        self.taken.bind((VICTIM, STREAM))
        self.taken.setblocking(False)
        self.made = siege.attacker.socket(kind=socket.SOCK_DGRAM)
        self.made.bind((source, 0))
        self.ends = threading.Event()
        self.came_s = []
        self.start()

    def take(self):
        try:
            while True:
                self.taken.recv(16)
                self.came_s.append(time.monotonic())
        except BlockingIOError:
            pass

    def run(self):
        with contextlib.suppress(OSError):  # its sockets go with the lab
            while not self.ends.wait(STEP_S):
                self.made.sendto(b"x", (VICTIM, STREAM))
                self.take()

    def came_since(self, began_s):
        """(how many, milliseconds from the first to the last)"""
        came = [at for at in self.came_s if at > began_s]
        return len(came), (came[-1] - came[0]) * 1000 if came else 0.0


def besieged(trial, options="time: 10m"):
    """A siege whose attacker is blocked, and his stream."""
    siege = Siege(trial.lab, options)
    siege.begin()
    siege.monitor.command("block", ATTACKER, "--for", "1h")
    siege.wait_for_block(ATTACKER)
    return siege, Stream(siege)


def rules_of_others(siege):
    text = siege.server.run("nft", "-s", "list", "ruleset").stdout
    return re.sub(r"table inet breakwater \{.*?\n\}\n", "", text, flags=re.S)


# ---- firewalls --------------------------------------------------------------------------

def nft(siege, text):
    path = siege.lab.dir / "rules.nft"
    path.write_text(text)
    siege.server.run("nft", "-f", str(path))


def flush(siege):
    """What most scripts begin with."""
    siege.server.run("nft", "flush", "ruleset")


def whole_ruleset(siege):
    """`systemctl reload nftables`."""
    nft(siege, "flush ruleset\n" + OTHERS)


def delete_table(siege):
    """Somebody who knows our name."""
    siege.server.run("nft", "delete", "table", "inet", "breakwater", status=None)
    siege.server.run("nft", "flush", "table", "inet", "breakwater", status=None)
    siege.server.run("nft", "flush", "set", "inet", "breakwater", "drop4", status=None)


def firewalld(siege):
    """A reload: its table is made, deleted and made again, as JSON in one transaction."""
    table = {"table": {"family": "inet", "name": "firewalld"}}
    chain = {"chain": {"family": "inet", "table": "firewalld", "name": "filter_INPUT",
                       "type": "filter", "hook": "input", "prio": 10, "policy": "accept"}}
    path = siege.lab.dir / "firewalld.json"
    path.write_text(json.dumps({"nftables": [{"add": table}, {"delete": table},
                                             {"add": table}, {"add": chain}]}))
    siege.server.run("nft", "-j", "-f", str(path))


def docker(siege):
    """dockerd's start: chains of its own in filter and nat, by iptables."""
    for command in ("-t nat -N DOCKER", "-N DOCKER", "-N DOCKER-USER",
                    "-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                    "-I FORWARD -j DOCKER-USER", "-P FORWARD DROP", "-P FORWARD ACCEPT",
                    "-F DOCKER-USER", "-t nat -F DOCKER"):
        siege.server.run("iptables-nft", *command.split(), status=None)


def iptables(siege):
    """Old scripts: everything is flushed, chain by chain, and restored from a file."""
    for table in ("filter", "nat", "mangle", "raw"):
        for option in ("-F", "-X"):
            siege.server.run("iptables-nft", "-t", table, option)
    path = siege.lab.dir / "rules.v4"
    path.write_text("*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n"
                    f"-A INPUT -s {REAL} -j DROP\nCOMMIT\n")
    siege.server.run("sh", "-c", f"iptables-nft-restore < {path}")


def ufw(siege):
    """The real one, on a copy of its folder."""
    folder = siege.lab.dir / "ufw"
    shutil.copytree("/etc/ufw", folder, dirs_exist_ok=True)
    siege.server.run("unshare", "--mount", "sh", "-ec", f"""
mount --bind {folder} /etc/ufw
ufw allow proto tcp from any to any port 1:65535
ufw allow proto udp from any to any port 1:65535
ufw --force enable
ufw reload
ufw --force disable
""")


FIREWALLS = (flush, whole_ruleset, delete_table, firewalld, docker, iptables, ufw)


@scenario("block-firewalls", "blocks")
def firewalls(trial):
    """Other programs load, flush and restore their rules; the block holds."""
    siege, stream = besieged(trial)
    most = 0
    for change in FIREWALLS:
        if not shutil.which({"ufw": "ufw"}.get(change.__name__, "iptables-nft")):
            trial.say(f"skipped {change.__name__}: it is not installed")
            continue
        began_s = time.monotonic()
        change(siege)
        left = rules_of_others(siege)
        time.sleep(0.3)
        passed, gap_ms = stream.came_since(began_s)
        most = max(most, gap_ms)
        trial.result(f"{change.__name__.replace('_', '-')}-passed", passed)
        trial.result("others-changed", int(rules_of_others(siege) != left))
    trial.result("gap-ms", most)
    trial.result("guest-served", int(is_served(siege.guests, BYSTANDER)))
    siege.monitor.stop()


# ---- processes and clocks ---------------------------------------------------------------

def pid_of_wall(monitor):
    return int(re.search(r"pid (\d+)", monitor.get("status")["firewall"]["detail"])[1])


@scenario("block-kills", "blocks")
def kills(trial):
    """kill -9 of the wall, of the daemon, and of both; each comes back with all blocks."""
    siege, stream = besieged(trial)
    before = siege.wait_for_block(ATTACKER)
    state = siege.monitor.state

    def kill_wall():
        os.kill(pid_of_wall(siege.monitor), signal.SIGKILL)

    def kill_daemon():
        siege.monitor.stop(signal.SIGKILL)
        siege.begin("--state", str(state))

    def kill_both():
        kill_wall()
        kill_daemon()

    for kill in (kill_wall, kill_daemon, kill_both):
        began_s = time.monotonic()
        kill()
        e2e.until(lambda began_s=began_s: stream.came_since(began_s)[0], "the block goes", 5)
        e2e.until(lambda: stream.came_s[-1] < time.monotonic() - 0.3, "it is back", 20)
        after = siege.wait_for_block(ATTACKER)
        name = kill.__name__.replace("_", "-")
        trial.result("gap-ms", stream.came_since(began_s)[1])
        trial.say(f"{name}: {stream.came_since(began_s)[1]:.0f} ms")
        trial.result("same", int((after["id"], after["until"]) ==
                                         (before["id"], before["until"])))
    siege.monitor.stop()


@scenario("block-reboot", "blocks")
def reboot(trial):
    """The state folder is kept, the machine has been up for a shorter time: a time
    namespace (time_namespaces(7)) in which it was up for a day longer."""
    siege = Siege(trial.lab)
    siege.begin(through=("unshare", "--time", "--boottime", "86400", "--monotonic", "86400"))
    siege.monitor.command("block", ATTACKER, "--for", "1h")
    siege.monitor.command("block", "203.0.113.9", "--for", "2s")
    before = siege.wait_for_block(ATTACKER)
    state = siege.monitor.state
    siege.monitor.stop(signal.SIGKILL)
    time.sleep(2)
    siege.begin("--state", str(state))
    after = siege.wait_for_block(ATTACKER)
    trial.result("same-end", int(after["until"] == before["until"]))
    trial.result("ended-meanwhile", int(not siege.blocks("203.0.113.9")))
    trial.result("cut-off", int(not is_served(siege.attacker, ATTACKER)))
    siege.monitor.stop()


# ---- others -----------------------------------------------------------------------------

@scenario("block-bystanders", "blocks", lane="alone")
def bystanders(trial):
    """Guests, while scans are cut off and hundreds of blocks come and go."""
    siege = Siege(trial.lab)
    siege.begin()
    guests = [Guest(siege.guests) for _ in range(GUESTS)]
    nmap = siege.scan("-sT")
    siege.wait_for_block(ATTACKER)
    nmap.end_now()
    for number in range(ADDED):
        siege.monitor.command("block", f"198.51.100.{number + 1}", "--for", "10m")
    for number in range(ADDED):
        siege.monitor.command("unblock", f"198.51.100.{number + 1}")
    told = [guest.leave() for guest in guests]
    trial.result("rounds", sum(one[0] for one in told))
    trial.result("failures", sum(one[1] for one in told))
    trial.result("worst-ms", max(one[2] for one in told) * 1000)
    siege.monitor.stop()


@scenario("block-forged", "blocks", lane="alone")
def forged(trial):
    """Hundreds of thousands of forged sources that scan, and then a guest of whom they
    made use."""
    siege = Siege(trial.lab)
    siege.begin()
    guest = Guest(siege.guests)
    for kind in ("scans", "turns", "pairs", "churn"):
        siege.attacker.run(TESTS / "blaster", "net0", str(FORGED_S), kind, VICTIM, "50000")
    siege.forge(BYSTANDER)
    time.sleep(1)
    rounds, failures, _ = guest.leave()
    trial.result("false_blocks", len(siege.blocks()))
    trial.result("rounds", rounds)
    trial.result("failures", failures)
    siege.monitor.stop()


def guess(number):
    """A page is asked for with another password each time, and refused; a line of
    conversations.c shows 64 bytes."""
    word = base64.b64encode(f"bob:{number:02d}".encode()).decode()
    ask = f"GET /m HTTP/1.1\r\nHost: m\r\nAuthorization: Basic {word}\r\n\r\n".encode().hex()
    return (f"ask={ask} asks={len(ask) // 2} answer={loads.DENIED_ANSWER} "
            f"bytes={len(loads.DENIED_ANSWER) // 2}")


def guesses_behind_nat(maker):
    """500 people of one address, one of whom guesses passwords of a page."""
    lines = list(loads.users_behind_nat(maker))
    address = lines[0].split()[2]
    for number in range(GUESSES):
        at_s = NAT_LASTS_S / 2 + number * GUESS_STEP_S
        lines.append(maker.line(at_s, "served", address, loads.SERVER, 80,
                                f"{guess(number)} rtt=20000 ttl=52"))
    return address, lines


@scenario("block-nat", "blocks", quick=True)
def nat(trial):
    """Only the port is limited, and nobody else is blocked."""
    address, lines = guesses_behind_nat(loads.Maker(trial.random.random()))
    benign.replay(trial, loads.in_order(lines))
    of_it = [one for one in trial.blocks if one["address"] == address]
    trial.result("limited", int(any(one["action"] == "limit" and one.get("port") == 80
                                    for one in of_it)))
    trial.result("dropped", int(any(one["action"] == "drop" for one in of_it)))
    trial.result("false_blocks", len({one["address"] for one in trial.blocks} - {address}))


@scenario("block-full", "blocks")
def full(trial):
    """As many blocks as there may be: no other begins, none in force is given up, and it
    is said."""
    siege, stream = besieged(trial, "time: 10m, total: 3")
    for number in range(2):
        siege.monitor.command("block", f"198.51.100.{number + 1}", "--for", "10m")
    told = siege.monitor.command("block", "198.51.100.9", "--for", "10m", status=None)
    trial.result("refused", int(told.returncode != 0 and "block.total" in told.stderr))
    trial.result("in-force", len(siege.blocks()))
    trial.result("passed", stream.came_since(time.monotonic())[0])
    siege.monitor.stop()
