"""evaluation.py: what the scenarios of `make eval` share.

A scenario is a function that does something whose truth is known, in namespaces, under
the eyes of a daemon of its own, and then has it judged:

    @scenario("hping3-syn-flood", "flood")
    def syn_flood(trial):
        field = trial.field()
        trial.serve_web(field)                        # before the daemon starts
        trial.watch(field.victim)
        with trial.attack("syn_flood", server=VICTIM, port=80):
            field.attacker.tree("hping3", "-S", ...)
        trial.judge()

Without an attack it is a benign one: whatever is found is wrong.
"""
import collections
import contextlib
import dataclasses
import http.client
import ipaddress
import json
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import field as fields
import pcap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import lab as e2e  # noqa: E402  pylint: disable=wrong-import-position

SEVERITIES = ("notice", "low", "medium", "high", "critical")
PROOFS = ("unsolicited", "handshake", "dialogue")
LOW = SEVERITIES.index("low")
# Of what a service is, not of what somebody does.
ABOUT_SERVICES = frozenset(("new_listener", "unauthorized_port", "missing_listener",
                            "service_change", "hidden_listener", "cleartext_login",
                            "weak_protocol", "users_failing"))
SAID_MAX = 3    # of each sort, in comments
END_S = 60    # for the daemon to tell of 65,535 ports, with others beside it
WAIT_S = 3    # for a finding, after the attack has ended
SETTLE_S = 1.3  # for findings that are one too many; silence is judged after 0.3 s

scenarios = {}


class Skip(Exception):
    """A scenario can't be run here; the text says why."""


@dataclasses.dataclass
class Scenario:
    """Its group names the line that sums up (`eval all-GROUP ...`); lane: who may run
    beside it (side_by_side.py)."""

    name: str
    group: str
    run: object
    quick: bool
    lane: str


# Of groups; of others "waits".
LANE_OF = {"benign": "works", "beacon": "works", "benign-beacon": "works",
           "floods": "alone", "under-attack": "alone", "compare": "alone"}


def scenario(name, group, quick=False, lane=None):
    """Registers the decorated function; quick: also in `run --quick`."""
    def register(function):
        assert name not in scenarios, name
        scenarios[name] = Scenario(name, group, function, quick,
                                   lane or LANE_OF.get(group, "waits"))
        return function
    return register


@dataclasses.dataclass
class Attack:
    """The truth about one: what it is to be called, who, whom, when.

    client: one address; a network ("1.2.3.0/24") if its hosts act together; None if forged
    or many.  Of several kinds or techniques each is right.  also: kinds that are right
    beside it.  A wrong technique is told, but is no miss.
    """

    kinds: tuple
    client: str = None
    server: str = None
    port: int = None
    techniques: tuple = ()
    decoys: tuple = ()
    also: tuple = ()
    least: str = "low"  # severity from which on it counts as found
    begin_us: int = 0
    end_us: int = 0
    packets: list = dataclasses.field(default_factory=list)  # times, if captured

    def may_be_many(self):
        """A finding that accuses nobody in particular is right, too."""
        return self.client is None or "/" in self.client or bool(self.decoys)

    def is_by(self, finding):
        """Accuses the one who did it."""
        ip = finding.get("client_ip")
        if ip is None or self.client is None:
            return self.may_be_many()
        prefix = ipaddress.ip_network(f"{ip}/{finding.get('client_prefix', 128)}"
                                      if ":" in ip else ip, strict=False)
        theirs = ipaddress.ip_network(self.client)
        return prefix.version == theirs.version and prefix.overlaps(theirs)

    def is_told_by(self, finding):
        """That finding is about this."""
        server, port = finding.get("server_ip"), finding.get("port")
        return (finding["kind"] in self.kinds and self.is_by(finding) and
                (self.server is None or server is None or is_in(server, self.server)) and
                (self.port is None or port is None or port == self.port))


def is_in(address, network):
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


@dataclasses.dataclass
class Sighting:
    """A finding as it was said: when it came to us, or in a replay its `at`."""

    at_us: int
    finding: dict


def now_us():
    return time.time_ns() // 1000


def time_us(text):
    """Microseconds since 1970 of an RFC 3339 time in UTC."""
    whole, _, part = text.rstrip("Z").partition(".")
    seconds = time.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    return (int(time.mktime(seconds) - time.timezone) * pcap.SECOND_US +
            int(part.ljust(6, "0")[:6] or 0))


class Watch:
    """A daemon, and a thread that reads its findings as they are said."""

    def __init__(self, lab, network, options):
        self.monitor = lab.monitor(network, *options, json_output=False)
        self.sightings = []
        self.connection = e2e.UnixConnection(self.monitor.socket)
        self.connection.timeout = None
        self.connection.request("GET", "/api/v1/live?type=finding")
        answer = self.connection.getresponse()
        threading.Thread(target=self.read, args=[answer], daemon=True).start()

    def read(self, answer):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError,
                                 AttributeError):
            while line := answer.readline():
                if line.startswith(b"data: {"):
                    record = json.loads(line[6:])
                    if record.get("record") == "finding":
                        self.sightings.append(Sighting(now_us(), record))

    def stop(self):
        status = self.monitor.program.end(seconds=END_S)
        if status not in (0, 5):
            raise e2e.Failure(f"the daemon ended with {status}: "
                              f"{self.monitor.program.err()[-500:]}")


class Capture:
    """tcpdump on an interface: the truth about packets."""

    def __init__(self, lab, network, link="net0", snap=192):
        self.path = lab.dir / f"capture-{lab.started}.pcap"
        self.program = network.start(
            "tcpdump", "-i", link, "-s", str(snap), "-B", "32768", "-n", "-Z", "root",
            "--immediate-mode",
            "-w", str(self.path))
        e2e.until(lambda: "listening on" in self.program.err(), "tcpdump")

    def stop(self):
        """Its frames, all that came."""
        self.program.end(signal.SIGINT)
        return pcap.read(self.path)


class Trial:
    """One run of a scenario."""

    def __init__(self, plan, lab, seed, report):
        self.plan, self.lab, self.report = plan, lab, report
        self.random = random.Random(f"{seed} {plan.name}")
        self.attacks, self.watcher, self.capturer, self.frames = [], None, None, []
        self.sightings, self.blocks = [], []

    # ---- what is there ----

    def field(self):
        return fields.Field(self.lab)

    def write(self, name, text):
        path = self.lab.dir / name
        path.write_text(text)
        return str(path)

    def serve_web(self, network, port=80, addresses=("0.0.0.0", "[::]")):
        """nginx."""
        name = f"nginx-{port}"
        listen = " ".join(f"listen {address}:{port};" for address in addresses)
        config = self.write(f"{name}.conf", f"""
daemon off; master_process off; pid {self.lab.dir}/{name}.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ {listen}
return 200 "hello\\n"; }} }}
""")
        network.start_tree("nginx", "-c", config)
        e2e.until(lambda: network.listens(port), "nginx")

    def host_key(self):
        """A file with a key for sshd."""
        key = self.lab.dir / "host_key"
        if not key.exists():
            self.lab.run(e2e.TREE_RUN, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                         str(key))
        return str(key)

    def serve_ssh(self, network, *options):
        """sshd; the program, whose err() is its log."""
        program = network.start_sshd("-f", "/dev/null", "-h", self.host_key(), "-o",
                                     "UsePAM=no", *options)
        e2e.until(lambda: network.listens(22), "sshd")
        return program

    # ---- who looks on ----

    def watch(self, network, *options, config="", captures=True):
        """The daemon in that network; captures: a capture counts the packets."""
        path = self.write("breakwater.yaml", config)
        self.watcher = Watch(self.lab, network, ("-c", path, *options))
        if captures:
            self.capturer = Capture(self.lab, network)
        return self.watcher

    def replay(self, frames, *options):
        """What `breakwater replay` finds in them."""
        path = self.lab.dir / "replayed.pcap"
        pcap.write(path, frames)
        done = self.lab.run(e2e.BREAKWATER, "replay", str(path), "--type", "finding",
                            "--home", fields.VICTIM_NET, "--home", fields.VICTIM_NET6,
                            *options, status=None, seconds=300)
        if done.returncode not in (0, 5):
            raise e2e.Failure(f"replay: exit {done.returncode}: {done.stderr[-500:]}")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        self.frames = frames
        self.sightings = [Sighting(time_us(one["at"]), one) for one in records]

    # ---- what is done ----

    def note(self, kinds, **truth):
        """An attack whose time is in its capture."""
        kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        attack = Attack(kinds, **truth)
        self.attacks.append(attack)
        return attack

    @contextlib.contextmanager
    def attack(self, kinds, **truth):
        attack = self.note(kinds, **truth)
        attack.begin_us = now_us()
        try:
            yield attack
        finally:
            attack.end_us = now_us()

    # ---- what came of it ----

    def found(self, attack):
        """The sightings that are about it, oldest first."""
        return [one for one in self.sightings if attack.is_told_by(one.finding)]

    def look_on(self, wait_s, settle_s):
        """Until all is found or the time is over, and a while longer."""
        self.sightings = self.watcher.sightings
        end = time.monotonic() + wait_s
        while time.monotonic() < end and not all(map(self.found, self.attacks)):
            time.sleep(0.02)
        time.sleep(settle_s)
        self.sightings = list(self.watcher.sightings)
        self.blocks = [one for one in self.watcher.monitor.get("blocks") if would_block(one)]
        if self.capturer is not None:
            self.frames = self.capturer.stop()
        self.watcher.stop()

    def judge(self, wait_s=WAIT_S, settle_s=SETTLE_S):
        """Waits, compares, tells."""
        if self.watcher is not None:
            self.look_on(wait_s, settle_s)
        self.tell()
        if self.watcher is not None and not self.attacks:
            self.tell_false_blocks()

    def tell_false_blocks(self, right=()):
        """How many sources would be blocked that must not be: all but the right ones."""
        false = {one["address"]: one for one in self.blocks if one["address"] not in right}
        for one in list(false.values())[:SAID_MAX]:
            self.say(f"false block: {one['action']} {one['address']} {one['reason']}")
        self.result("false_blocks", len(false))

    def tell(self):
        for attack in self.attacks:
            self.time(attack)
        Verdict(self).tell()

    def packets_of(self, address):
        """The times of its packets in the capture."""
        return pcap.sent_by(self.frames, address)

    def time(self, attack):
        """Takes the packets of an attack from the capture."""
        if attack.client is None or "/" in attack.client or not self.frames:
            return
        attack.packets = self.packets_of(attack.client)
        if attack.packets:
            attack.begin_us, attack.end_us = attack.packets[0], attack.packets[-1]

    def result(self, metric, value):
        self.report.result(metric, value)

    def say(self, text):
        self.report.say(text)


class Verdict:
    """Findings against the truth.

    Found is what is said with severity low or more.  False is what accuses somebody else,
    or of what nobody did; what is said beside about the one who did it is one finding more
    about the attack.
    """

    def __init__(self, trial):
        self.trial = trial
        self.last = {}  # by id, as it was said last
        for one in trial.sightings:
            if one.finding["kind"] not in ABOUT_SERVICES:
                self.last[one.finding["id"]] = one.finding

    def tell(self):
        for attack in self.trial.attacks:
            self.tell_attack(attack)
        false = [one for one in self.last.values() if self.is_false(one)]
        loud = [one for one in false if rank(one) >= LOW]
        for one in loud[:SAID_MAX]:
            self.trial.say(f"false: {described(one)}")
        self.trial.result("false-notice", len(false) - len(loud))
        self.trial.result("false", len(loud))
        self.trial.result("false-medium", len([one for one in false if rank(one) > LOW]))
        self.tell_precision(loud)

    def tell_precision(self, false):
        right = [one for one in self.last.values() if rank(one) >= LOW and
                 any(attack.is_told_by(one) for attack in self.trial.attacks)]
        if self.trial.attacks and right + false:
            self.trial.result("precision", len(right) / len(right + false))

    def is_false(self, finding):
        """It is about none of the attacks; decoys are told apart."""
        return not any(
            attack.is_told_by(finding) or self.is_beside(attack, finding) or
            finding.get("client_ip") in attack.decoys for attack in self.trial.attacks)

    def is_beside(self, attack, finding):
        """Of another kind, about who did it, or of a kind that is right as well."""
        return attack.is_by(finding) and ("client_ip" in finding and attack.client or
                                          finding["kind"] in attack.also)

    def tell_attack(self, attack):
        trial = self.trial
        found = [one for one in trial.found(attack)
                 if rank(one.finding) >= SEVERITIES.index(attack.least)]
        about = [one for one in self.last.values()
                 if attack.is_told_by(one) or self.is_beside(attack, one)]
        seconds = (attack.end_us - attack.begin_us) / pcap.SECOND_US
        trial.say(f"attack of {seconds:.3f} s, {len(attack.packets) or 'uncounted'} packets")
        for one in sorted(about, key=rank, reverse=True)[:SAID_MAX]:
            trial.say(described(one))
        trial.result("recall", int(bool(found)))
        self.tell_decoys(attack)
        if found:
            trial.result("findings", stories([one for one in about if rank(one) >= LOW]))
            self.tell_first(attack, found[0])
            self.tell_final(attack, self.last[found[-1].finding["id"]])

    def tell_first(self, attack, first):
        """How soon it was told."""
        decided_us = time_us(first.finding["last"])
        self.trial.result("seconds", (first.at_us - attack.begin_us) / pcap.SECOND_US)
        if self.trial.watcher is not None:
            self.trial.result("latency-ms", (first.at_us - decided_us) / 1000)
        if attack.packets:
            self.trial.result("packets",
                              len([at for at in attack.packets if at <= decided_us]))

    def tell_final(self, attack, final):
        if attack.techniques:
            self.trial.result("technique", int(final.get("technique") in attack.techniques))
        self.trial.result("severity", rank(final))
        self.trial.result("proof", PROOFS.index(final.get("proof", "unsolicited")))

    def tell_decoys(self, attack):
        if not attack.decoys:
            return
        accused = [one for one in self.last.values()
                   if one.get("client_ip") in attack.decoys]
        for one in accused[:SAID_MAX]:
            self.trial.say(f"decoy: {described(one)} ({one['state']})")
        # It is closed at once when it shows that it is a decoy.
        self.trial.result("decoys-accused", len({one["client_ip"] for one in accused
                                                 if one["state"] == "open"}))
        self.trial.result("decoys-proof", max(
            [PROOFS.index(one["proof"]) for one in accused if "proof" in one], default=0))
        self.trial.result("decoys-severity", max(map(rank, accused), default=0))


def stories(findings):
    """What a reader has to look at: incidents, or findings of one kind if these are more."""
    kinds = collections.Counter(one["kind"] for one in findings)
    incidents = {one.get("incident", one["id"]) for one in findings}
    return max(len(incidents), *kinds.values(), 0)


def would_block(record):
    """Of a block record: somebody was blocked, or was not for the sake of a bound alone."""
    return record["record"] == "block" and (
        record["state"] != "vetoed" or
        record["vetoed_by"] in ("new_per_minute", "total", "clients"))


def rank(finding):
    return SEVERITIES.index(finding["severity"])


def described(finding):
    """For a person."""
    words = [finding["kind"], finding.get("technique"), finding["severity"],
             finding.get("proof"), finding.get("client_ip"), finding.get("summary")]
    return ", ".join(word for word in words if word)


def run_one(plan, seed, report):
    """A scenario that can't go on counts as failed."""
    try:
        with e2e.Lab() as lab:
            plan.run(Trial(plan, lab, seed, report))
    except Skip as skip:
        report.skipped = str(skip)
        report.say(f"skipped: {skip}")
    except (e2e.Failure, OSError, subprocess.SubprocessError, KeyError, IndexError,
            ValueError, http.client.HTTPException) as error:
        report.failed = True
        report.say(f"failed: {type(error).__name__}: {error}")
