"""siege.py: a server that answers attacks, who attacks it, and who only wants to use it.

What tests/e2e/blocked.py, tests/eval/blocks.py and tests/bench share.  The server has a
gateway, a resolver, an admin and guests, each with an address of its own; who attacks can
use any of them as its source.
"""
import contextlib
import pathlib
import socket
import sys
import threading
import time

import lab as e2e

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "eval"))
# pylint: disable=wrong-import-position
import field as fields  # noqa: E402
from field import (ATTACKER, ATTACKER6, BYSTANDER, VICTIM,  # noqa: E402,F401
                   VICTIM6)

GATEWAY, RESOLVER, ADMIN = "10.97.0.1", "62.38.0.53", "62.38.0.77"
OPEN = (8001, 8002, 8003, 8004)
SCANNED = "7000-7199"
KNOCKED = 120
CUT_OFF_S = 0.6  # a connection is there long before, on these cables
CONFIG = """
home: [10.97.0.0/16, fd97::/48]
interfaces: [net0]
logs: {journal: no, programs: no}
probe: {own: no}
block: {mode: on, %s}
"""


class Echo(threading.Thread):
    """A service: what it is told it says again."""

    def __init__(self, network, port, address="::"):
        super().__init__(daemon=True)
        self.listener = network.listen(address, port)
        self.listener.settimeout(None)
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                taken, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=[taken], daemon=True).start()

    @staticmethod
    def serve(taken):
        with contextlib.suppress(OSError), taken:
            while said := taken.recv(65536):
                taken.sendall(said)


def connect(network, source, server, port, seconds=CUT_OFF_S):
    """A connection from that address; None: it is not let in."""
    made = network.socket(socket.AF_INET6 if ":" in server else socket.AF_INET)
    made.settimeout(seconds)
    try:
        made.bind((source, 0))
        made.connect((server, port))
    except OSError:
        made.close()
        return None
    return made


def asks(made, word=b"still there?"):
    """True if it is answered."""
    try:
        made.sendall(word)
        return made.recv(len(word)) == word
    except OSError:
        return False


def is_served(network, source, server=VICTIM, port=OPEN[0]):
    made = connect(network, source, server, port)
    if made is None:
        return False
    with made:
        return asks(made)


class Guest(threading.Thread):
    """Uses a service all the time: one long transfer, and connection after connection."""

    def __init__(self, network, source=BYSTANDER, server=VICTIM, port=OPEN[0]):
        super().__init__(daemon=True)
        self.network, self.place = network, (source, server, port)
        self.ends = threading.Event()
        self.rounds = self.failures = 0
        self.worst_s = 0.0
        self.long = connect(network, source, server, port)
        self.start()

    def run(self):
        block = b"x" * 8192
        while not self.ends.wait(0.01):
            began = time.monotonic()
            self.failures += not asks(self.long, block)
            self.failures += not is_served(self.network, *self.place)
            self.worst_s = max(self.worst_s, time.monotonic() - began)
            self.rounds += 1

    def leave(self):
        """(rounds, failures, seconds of the worst)"""
        self.ends.set()
        self.join()
        return self.rounds, self.failures, self.worst_s


class Siege:
    """The networks, and the daemon with blocks on; options: more of `block:`."""

    def __init__(self, lab, options="time: 10m"):
        self.lab, self.options = lab, options
        self.field = fields.Field(lab)
        self.server, self.attacker = self.field.victim, self.field.attacker
        self.guests, self.router = self.field.bystander, self.field.router
        for address in (RESOLVER, ADMIN):
            self.guests.ip("addr", "add", f"{address}/16", "dev", "net0")
        for port in OPEN:
            Echo(self.server, port)
        self.resolv = lab.dir / "resolv.conf"
        self.resolv.write_text(f"nameserver {RESOLVER}\n")
        self.wtmp = lab.dir / "wtmp"
        self.wtmp.touch()
        self.config = lab.dir / "block.yaml"
        self.config.write_text(CONFIG % options)
        self.monitor = None

    def begin(self, *options, through=()):
        """The daemon, with a resolver and logins of its own."""
        script = (f"mount --bind {self.resolv} /etc/resolv.conf && touch /var/log/wtmp && "
                  f"mount --bind {self.wtmp} /var/log/wtmp && exec \"$@\"")
        self.monitor = self.lab.monitor(
            self.server, "-c", str(self.config), "--listen", "off", *options,
            json_output=False,
            through=("unshare", "--mount", "sh", "-c", script, "sh", *through))
        return self.monitor

    def blocks(self, address=None):
        """In force, of that address."""
        return [one for one in self.monitor.get("blocks")
                if one["state"] in ("asked", "active", "unconfirmed") and
                address in (None, one["address"])]

    def wait_for_block(self, address, seconds=10):
        def held():
            return [one for one in self.blocks(address) if one["state"] == "active"]
        return e2e.until(held, f"a block of {address}", seconds)[0]

    def scan(self, *options, network=None, server=VICTIM, ports=SCANNED):
        """nmap, as strangers use it; it goes on until it is ended."""
        listed = ",".join(map(str, OPEN))
        return (network or self.attacker).start_tree(
            "nmap", "-n", "-Pn", "-T4", "--max-retries", "1", *options, "-p",
            f"{listed},{ports}", server)

    @staticmethod
    def knock(network, source, first):
        """A scan by whole connections from that address; nmap -sT can't choose its own.
        Who shares ports with others is one of a group that may have decoys."""
        for port in (*OPEN, *range(first, first + KNOCKED)):
            made = connect(network, source, VICTIM, port)
            if made is not None:
                made.close()

    def forge(self, source, network=None):
        """A scan in the name of somebody: 200 ports in a fifth of a second."""
        (network or self.attacker).tree("hping3", "-q", "-n", "-S", "-a", source, "-p", "++7000",
                           "-i", "u1000", "-c", "200", VICTIM, status=None)

    def serve_ssh(self):
        """A real sshd, and a key that lets in."""
        key, host_key = self.lab.dir / "key", self.lab.dir / "host_key"
        for path in (key, host_key):
            self.lab.run(e2e.TREE_RUN, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                         str(path))
        wtmp = pathlib.Path(e2e.TREE_RUN).resolve().parent.parent / "build/tree/var/log/wtmp"
        self.server.tree("chown", "root:", "/run/sshd")
        self.server.start(
            "unshare", "--mount", "sh", "-c",
            f"touch {wtmp} && mount --bind {self.wtmp} {wtmp} && exec \"$@\"", "sh",
            e2e.TREE_RUN, "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h",
            str(host_key), "-o", "UsePAM=no", "-o", "StrictModes=no", "-o",
            "PermitRootLogin=yes", "-o", f"AuthorizedKeysFile={key}.pub")
        e2e.until(lambda: self.server.listens(22), "sshd")
        return key

    def log_in(self, key, source=ADMIN):
        """An admin's session, at a terminal."""
        session = self.guests.start_tree(
            "ssh", "-tt", "-F", "/dev/null", "-i", str(key), "-b", source, "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            f"root@{VICTIM}", "echo logged-in; sleep 600")
        e2e.until(lambda: "logged-in" in session.out(), f"a login: {session.err()}")
        return session
