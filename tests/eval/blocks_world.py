"""blocks_world.py: what is in force, in a world that changes: the clock is set, a set is
full, somebody takes out of the kernel what we have put there, and real firewalld beside it.

What no namespace has of its own is pretended (tests/preload/pretended.c): the wall clock,
of which packets know nothing then, and a kernel without owners of tables or with small sets.
Metrics as in blocks.py, and: `off-ms`, how far from its time a block ends; `kernel-off-s`, the
same of the kernel's word; `said`, status or the answer says what is wrong; `back-ms`, until what
was taken out is there again.
"""
import json
import pathlib
import signal
import struct
import time

import lab as e2e
from blocks import Stream, rules_of_others
from evaluation import Skip, scenario
from field import ATTACKER, BYSTANDER
from siege import ADMIN, Guest, Siege, is_served

PRETENDED = pathlib.Path(e2e.BREAKWATER).parent / "tests/pretended.so"
HOUR_S = 3600
LASTS_S = 3
LATE_MAX_S = 30
ROOM = 3
AGAIN_S = 30
CALM_S = 2  # the wall looks at what the kernel holds at least so often


def pretending(**what):
    """A program that starts the daemon in another world."""
    return ("env", f"LD_PRELOAD={PRETENDED}",
            *(f"PRETENDED_{name.upper()}={value}" for name, value in what.items()))


def block(siege, address, lasts, status=0):
    return siege.monitor.command("block", address, "--for", lasts, status=status)


def firewall(siege):
    return siege.monitor.get("status")["firewall"]


# ---- clocks -----------------------------------------------------------------------------

class Clock:
    """The daemon's wall clock, ahead of ours by as many seconds as it is set to."""

    def __init__(self, trial):
        self.path = trial.lab.dir / "clock"
        self.set(0)

    def set(self, ahead_s):
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack("=q", ahead_s))


def left_s(siege, address):
    """As the kernel has it, less what it keeps a block longer than we do."""
    text = siege.server.run("nft", "-j", "list", "set", "inet", "breakwater", "drop4").stdout
    made = next(item["set"] for item in json.loads(text)["nftables"] if "set" in item)
    return next(one["elem"]["expires"] for one in made["elem"]
                if one["elem"]["val"] == address) - 5


def seconds_of(record):
    """(from its start, until its end) as it is told; the same whatever the clock is."""
    made, until = (time.mktime(time.strptime(record[name][:19], "%Y-%m-%dT%H:%M:%S"))
                   for name in ("start", "until"))
    return until - made


@scenario("block-clock", "blocks")
def clock_is_set(trial):
    """An hour forward, an hour back, two days back, with a restart in between."""
    clock = Clock(trial)
    siege = Siege(trial.lab)
    through = pretending(clock=clock.path)
    siege.begin(through=through)
    guest = Guest(siege.guests)
    block(siege, ATTACKER, "1h")
    lasting = siege.wait_for_block(ATTACKER)
    stream = Stream(siege)
    began_s = time.monotonic()
    for ahead_s in (HOUR_S, -HOUR_S, -48 * HOUR_S, 0):
        short = f"198.51.100.{abs(ahead_s) // HOUR_S + 1}"
        block(siege, short, f"{LASTS_S}s")
        siege.wait_for_block(short)
        made_s = time.monotonic()
        clock.set(ahead_s)
        e2e.until(lambda one=short: not siege.blocks(one), "the end of a block", LATE_MAX_S)
        lasted_s = time.monotonic() - made_s
        trial.result("off-ms", abs(LASTS_S - lasted_s) * 1000)
        after = siege.wait_for_block(ATTACKER)
        trial.result("same", int((after["id"], seconds_of(after)) ==
                                 (lasting["id"], seconds_of(lasting))))
        should_s = HOUR_S - (time.monotonic() - began_s)
        trial.result("kernel-off-s", abs(left_s(siege, ATTACKER) - should_s))
    trial.result("passed", stream.came_since(began_s)[0])
    restarted(trial, siege, clock, through, began_s)
    rounds, failures, _ = guest.leave()
    trial.result("rounds", rounds)
    trial.result("failures", failures)
    trial.result("false_blocks", len([one for one in siege.blocks()
                                      if one["address"] != ATTACKER]))
    siege.monitor.stop()


def restarted(trial, siege, clock, through, began_s):
    """Set while it runs, then killed: the other one has the same end."""
    clock.set(HOUR_S)
    time.sleep(CALM_S)
    before = siege.wait_for_block(ATTACKER)
    state = siege.monitor.state
    siege.monitor.stop(signal.SIGKILL)
    siege.begin("--state", str(state), through=through)
    after = siege.wait_for_block(ATTACKER)
    trial.result("same-end", int(after["until"] == before["until"]))
    should_s = HOUR_S - (time.monotonic() - began_s)
    trial.result("kernel-off-s", abs(left_s(siege, ATTACKER) - should_s))
    trial.result("cut-off", int(not is_served(siege.attacker, ATTACKER)))


# ---- the kernel -------------------------------------------------------------------------

@scenario("block-full-set", "blocks")
def full_set(trial):
    """The kernel has no room: the one that finds none fails and says so, all others hold,
    and it goes on when there is room."""
    siege = Siege(trial.lab)
    siege.begin(through=pretending(set_size=ROOM))
    block(siege, ATTACKER, "1h")
    siege.wait_for_block(ATTACKER)
    stream = Stream(siege)
    began_s = time.monotonic()
    others = [f"198.51.100.{number + 1}" for number in range(ROOM - 1)]
    for other in others:
        block(siege, other, "10m")
    told = block(siege, "198.51.100.99", "10m", status=None)
    trial.result("refused", int(told.returncode == 1))
    failed = e2e.until(lambda: [one for one in siege.monitor.get("blocks")
                                if one["state"] == "failed"], "it is told as failed")[0]
    wrong = e2e.until(lambda: not firewall(siege)["holds"] and firewall(siege),
                      "status says that not all is held")
    trial.say(f"{failed['error']}; {wrong['detail']}; "
              f"{told.stdout.strip()} {told.stderr.strip()}")
    trial.result("said", int("No space left" in failed["error"] and
                             "No space left" in wrong["detail"]))
    trial.result("in-force", len(siege.blocks()))
    siege.monitor.command("unblock", others[0])
    block(siege, "198.51.100.99", "10m")
    siege.wait_for_block("198.51.100.99")
    e2e.until(lambda: firewall(siege)["holds"], "it is well again")
    trial.result("works-again", 1)
    trial.result("passed", stream.came_since(began_s)[0])
    siege.monitor.stop()


def delete_element(siege):
    siege.server.run("nft", "delete", "element", "inet", "breakwater", "drop4",
                     f"{{ {ATTACKER} }}", status=None)


def flush_set(siege):
    siege.server.run("nft", "flush", "set", "inet", "breakwater", "drop4", status=None)


def flush_chain(siege):
    siege.server.run("nft", "flush", "chain", "inet", "breakwater", "prerouting", status=None)


def delete_chain(siege):
    siege.server.run("nft", "flush chain inet breakwater prerouting; "
                     "delete chain inet breakwater prerouting", status=None)


def delete_table(siege):
    siege.server.run("nft", "delete", "table", "inet", "breakwater", status=None)


DELETIONS = (delete_element, flush_set, flush_chain, delete_chain, delete_table)


def besieged(trial, through=()):
    siege = Siege(trial.lab)
    siege.begin(through=through)
    block(siege, ATTACKER, "1h")
    siege.wait_for_block(ATTACKER)
    return siege, Stream(siege)


@scenario("block-deleted", "blocks")
def deleted(trial):
    """Somebody takes out what we have put into the kernel; he can't."""
    siege, stream = besieged(trial)
    began_s = time.monotonic()
    for delete in DELETIONS:
        delete(siege)
    refused = siege.server.run("nft", "delete", "element", "inet", "breakwater", "drop4",
                               f"{{ {ATTACKER} }}", status=None)
    trial.result("refused", int("Operation not permitted" in refused.stderr))
    time.sleep(CALM_S)
    trial.result("passed", stream.came_since(began_s)[0])
    siege.monitor.stop()


@scenario("block-deleted-unowned", "blocks")
def deleted_unowned(trial):
    """The same on a kernel where tables have no owner: he can, and it comes back."""
    siege, stream = besieged(trial, pretending(no_owners=1))
    for delete in DELETIONS:
        began_s = time.monotonic()
        delete(siege)
        e2e.until(lambda at=began_s: stream.came_since(at)[0], f"{delete.__name__} has worked", 5)
        e2e.until(lambda: stream.came_s[-1] < time.monotonic() - 0.5, "it is back", AGAIN_S)
        back_ms = (stream.came_s[-1] - began_s) * 1000
        trial.say(f"{delete.__name__}: {back_ms:.0f} ms")
        trial.result("back-ms", back_ms)
    status = siege.monitor.command("status", status=None).stdout
    trial.result("said", int("repaired" in status))
    trial.result("same", int(len(siege.blocks(ATTACKER)) == 1))
    siege.monitor.stop()


# ---- who is logged in -------------------------------------------------------------------

def vetoes_of(siege, address):
    return {one.get("vetoed_by") for one in siege.monitor.get("blocks")
            if one["address"] == address and one["state"] == "vetoed"}


@scenario("block-ssh", "blocks")
def logged_in(trial):
    """A real sshd: who is logged in, or was until just now, is not blocked, whatever comes
    from his address, by a daemon that has begun only then either."""
    siege = Siege(trial.lab)
    session = siege.log_in(siege.serve_ssh())
    siege.begin()
    by_hand = block(siege, ADMIN, "10m", status=None)
    trial.result("refused", int(by_hand.returncode == 4 and "ssh" in by_hand.stderr.lower()))
    siege.knock(siege.guests, ADMIN, 5000)
    e2e.until(lambda: "ssh" in vetoes_of(siege, ADMIN), "a veto while he is logged in")
    trial.result("goes-on", int(session.runs()))
    session.end_now()
    siege.monitor.stop()
    siege.begin()
    siege.knock(siege.guests, ADMIN, 6000)
    e2e.until(lambda: "ssh" in vetoes_of(siege, ADMIN), "a veto after he has logged out")
    trial.result("dropped", len(siege.blocks(ADMIN)))
    siege.knock(siege.guests, BYSTANDER, 6000)
    siege.wait_for_block(BYSTANDER)
    trial.result("others-are-blocked", 1)
    trial.result("served", int(is_served(siege.guests, ADMIN)))
    siege.monitor.stop()


# ---- real firewalld ---------------------------------------------------------------------

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


class Firewalld:
    """With a bus of its own, in the server's namespace, from the tree of make eval."""

    def __init__(self, siege):
        self.siege, folder = siege, siege.lab.dir
        bus, config = folder / "bus", folder / "bus.conf"
        config.write_text(BUS % bus)
        self.environment = ("env", "TREE=eval-tree", f"DBUS_SYSTEM_BUS_ADDRESS=unix:path={bus}",
                            e2e.TREE_RUN)
        has_both = "command -v firewalld && command -v dbus-daemon"
        if siege.lab.run(*self.environment, "sh", "-c", has_both, status=None).returncode != 0:
            raise Skip("the tree of make eval has no firewalld")
        siege.server.start(*self.environment, "dbus-daemon", "--nofork", f"--config-file={config}")
        e2e.until(bus.exists, "a bus")
        self.program = self.start()

    def start(self):
        program = self.siege.server.start(*self.environment, "firewalld", "--nofork", "--nopid")
        e2e.until(lambda: self.says("--state").returncode == 0,
                  f"firewalld: {program.err()}", 30, 0.3)
        return program

    def says(self, *arguments):
        return self.siege.server.run(*self.environment, "firewall-cmd", *arguments, status=None)

    def reload(self):
        self.says("--reload")

    def complete_reload(self):
        self.says("--complete-reload")

    def open_ports(self):
        for kind in ("tcp", "udp"):
            self.says(f"--add-port=1-65535/{kind}")

    def stop(self):
        self.program.end()

    def start_again(self):
        self.program = self.start()


def has_its_rules(siege):
    return "table inet firewalld" in rules_of_others(siege)


@scenario("block-firewalld", "blocks")
def firewalld(trial):
    """Starts, changes, reloads, reloads all, stops and starts beside what is in force."""
    siege, stream = besieged(trial)
    began_s = time.monotonic()
    program = Firewalld(siege)
    trial.result("passed", stream.came_since(began_s)[0])
    for change in (program.open_ports, program.reload, program.complete_reload,
                   program.stop, program.start_again, program.open_ports):
        began_s = time.monotonic()
        change()
        time.sleep(0.3)
        name = change.__name__.replace("_", "-")
        trial.result("passed", stream.came_since(began_s)[0])
        trial.say(f"{name}: {stream.came_since(began_s)[0]} packets")
        is_there = has_its_rules(siege)
        trial.result("others-changed", int(is_there == (change == program.stop)))
    trial.result("guest-served", int(is_served(siege.guests, BYSTANDER)))
    trial.result("in-force", len(siege.blocks(ATTACKER)))
    siege.monitor.stop()
    trial.result("others-changed", int(not has_its_rules(siege)))
