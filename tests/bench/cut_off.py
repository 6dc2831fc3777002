"""cut_off.py: how soon who attacks is cut off, and what many blocks cost (make bench)."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
# pylint: disable=wrong-import-position
import lab as e2e  # noqa: E402

TOOLS = os.path.join(os.environ.get("BUILD", os.path.dirname(e2e.BREAKWATER)), "tests")
SERVER, FIRST = "10.99.0.1", "10.99.1.1"
TRAPS, UDP = (2323, 5900, 6379), 7777
LASTS_S, NOBODY = 3600, 65534
KIB = 1024
CONFIG = """
home: [10.99.0.1/32]
interfaces: [net0]
logs: {journal: no, programs: no}
probe: {own: no}
traps: {ports: [%s], answer: yes}
block: {mode: on, new_per_minute: 100000, total: 131072, self_test: 0s%s}
"""


def plugged(lab, count):
    """Server and attackers, who have so many addresses."""
    server, attackers = lab.namespace("server"), lab.namespace("attackers")
    lab.join(server, "net0", attackers, "net0")
    for network, address in ((server, SERVER), (attackers, "10.99.0.2")):
        network.ip("addr", "add", f"{address}/16", "dev", "net0")
        network.ip("link", "set", "net0", "up")
    for number in range(count):
        attackers.ip("addr", "add", address_of(number) + "/16", "dev", "net0")
    return server, attackers


def address_of(number):
    base, last = FIRST.rsplit(".", 1)
    return f"{base}.{int(last) + number}"


def start(lab, server, more="", options=()):
    config = lab.dir / "block.yaml"
    config.write_text(CONFIG % (", ".join(map(str, TRAPS)), more))
    return lab.monitor(server, "-c", str(config), "--listen", "off", *options,
                       json_output=False)


def knocked(server, attackers, count):
    """Milliseconds until each was cut off; None: never."""
    taken = server.socket(kind=e2e.socket.SOCK_DGRAM)
    taken.bind((SERVER, UDP))
    with attackers.inside():
        done = subprocess.run(
            [f"{TOOLS}/knocker", str(taken.fileno()), FIRST, str(count), SERVER, str(UDP),
             *map(str, TRAPS)],
            stdout=subprocess.PIPE, text=True, check=True, pass_fds=(taken.fileno(),))
    lines = [line.split() for line in done.stdout.splitlines()]
    return [int(words[2]) / 1000 if words[0] == "cut" else None for words in lines]


def latency(rounds, more=""):
    """Milliseconds from the packet that decides to the last one that came through, of each
    round, and by the daemon's own account."""
    with e2e.Lab() as lab:
        server, attackers = plugged(lab, rounds)
        monitor = start(lab, server, more)
        e2e.until(lambda: all(server.listens(port) for port in TRAPS), "traps")
        seen = knocked(server, attackers, rounds)
        told = [one["latency_us"] / 1000 for one in monitor.get("blocks")
                if "latency_us" in one]
        monitor.stop()
    return seen, told


# ---- many -------------------------------------------------------------------------------

def family(pid):
    """It and all that it has started."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def resident(pids):
    """Bytes, of all together: what they share counts once."""
    def pss(pid):
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) * KIB
    return sum(map(pss, pids))


def held(server):
    """How many elements the kernel has."""
    done = server.run("nft", "-j", "list", "set", "inet", "breakwater", "drop4", status=None)
    if done.returncode != 0:
        return 0
    return sum(len(one["set"].get("elem", [])) for one in json.loads(done.stdout)["nftables"]
               if "set" in one)


def restore(count):
    """(milliseconds from the start of the program until the kernel holds all, bytes)"""
    with e2e.Lab() as lab:
        server, _ = plugged(lab, 0)
        state = lab.dir / "state"
        state.mkdir()
        os.chown(state, NOBODY, NOBODY)
        lab.run("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                f"{TOOLS}/blocks_kept", str(state), str(count), str(LASTS_S))
        began_s = time.monotonic()
        monitor = start(lab, server, options=("--state", str(state)))
        # Asking the kernel takes longer than the restoring.
        e2e.until(lambda: monitor.get("status")["firewall"]["in_kernel"] >= count,
                  "all blocks", 30)
        took_s = time.monotonic() - began_s
        if held(server) != count:
            raise RuntimeError("the kernel does not hold what the status says")
        bytes_held = resident(family(monitor.program.pid))
        monitor.stop()
    return took_s * 1000, bytes_held
