"""trap_hits.py: traps that are touched, peers on blocklists, and beacons on accelerated capture
time, with jitter, against visits that come as often, but at random.
"""
import contextlib
import math

import pcap
from evaluation import Capture, rank, scenario
from field import ATTACKER, VICTIM
from lab import Failure

TRAPS = "traps: {ports: [23, 2323, 5900-5910], answer: yes}\n"
HOURS = 24
VISITS = 40  # real connections, that come again and again
PERIOD_S = 60


def watch_traps(trial):
    place = trial.field()
    trial.serve_web(place.victim)
    watcher = trial.watch(place.victim, config=TRAPS)
    return place, watcher


def judge_all(trial, wait_s=3):
    """As judge(), but a notice is a find, too: a trap that is only touched is no more."""
    trial.look_on(wait_s, 1.3)
    for attack in trial.attacks:
        trial.time(attack)
        last = {one.finding["id"]: one.finding for one in trial.found(attack)}
        trial.result("recall", int(bool(last)))
        trial.result("findings", len(last))
        trial.result("severity", max(map(rank, last.values()), default=-1))
        for finding in last.values():
            trial.say(f"{finding['severity']}, {finding['proof']}: {finding['summary']}")


@scenario("trap-nmap-sS", "trap", quick=True)
def touched(trial):
    place, _ = watch_traps(trial)
    with trial.attack("trap_hit", client=ATTACKER):
        place.attacker.tree("nmap", "-n", "-Pn", "-sS", "-p", "23", VICTIM)
    judge_all(trial)


@scenario("trap-nmap-sT", "trap")
def connected(trial):
    place, _ = watch_traps(trial)
    with trial.attack("trap_hit", client=ATTACKER):
        place.attacker.tree("nmap", "-n", "-Pn", "-sT", "-p", "23,2323,5900", VICTIM)
    judge_all(trial)


@scenario("trap-talk", "trap", quick=True)
def talked(trial):
    place, _ = watch_traps(trial)
    with trial.attack("trap_hit", client=ATTACKER):
        with contextlib.closing(place.attacker.connect(VICTIM, 23)) as made:
            made.recv(100)
            made.sendall(b"root\r\n")
    trial.judge(wait_s=3, settle_s=7)  # what was said is known when the connection ends


@scenario("benign-trap-elsewhere", "benign-traps")
def elsewhere(trial):
    """Who uses what is served is none of it."""
    place, _ = watch_traps(trial)
    for _ in range(20):
        place.bystander.tree("curl", "-s", "-o", "/dev/null", f"http://{VICTIM}/")
    trial.judge(wait_s=0)


# ---- blocklists ----

def listed(trial, text):
    place = trial.field()
    trial.serve_web(place.victim)
    trial.serve_web(place.attacker)
    path = trial.write("drop.list", text)
    trial.watch(place.victim, config=f"blocklists: [{path}]\n")
    return place


@scenario("blocklist-incoming", "blocklist", quick=True)
def incoming(trial):
    place = listed(trial, "185.60.0.0/16 ; made for this\n")
    with trial.attack("blocklisted_peer", client=ATTACKER, techniques=("incoming",)):
        place.attacker.tree("curl", "-s", "-o", "/dev/null", f"http://{VICTIM}/")
    trial.judge()


@scenario("blocklist-outgoing", "blocklist")
def outgoing(trial):
    place = listed(trial, "185.60.0.2,bot\n")
    with trial.attack("blocklisted_peer", client=VICTIM, techniques=("outgoing",)):
        place.victim.tree("curl", "-s", "-o", "/dev/null", f"http://{ATTACKER}/")
    trial.judge()


@scenario("benign-blocklist-others", "benign-traps")
def others(trial):
    place = listed(trial, "185.60.0.2\n")
    for _ in range(20):
        place.bystander.tree("curl", "-s", "-o", "/dev/null", f"http://{VICTIM}/")
    trial.judge(wait_s=0)


# ---- beacons ----

def visits(trial):
    """Connections of the victim to a web server, each a list of frames."""
    place = trial.field()
    trial.serve_web(place.attacker)
    capture = Capture(trial.lab, place.victim)
    for _ in range(VISITS):
        place.victim.tree("curl", "-s", "-o", "/dev/null", f"http://{ATTACKER}/")
    made, mine = {}, pcap.packed(VICTIM)
    for frame in capture.stop():
        ip = frame.ip()
        if ip is None or ip[0] != pcap.TCP:
            continue
        port = frame.source_port(ip[3]) if ip[1] == mine else frame.port(ip[3])
        made.setdefault(port, []).append(frame)
    if len(made) < VISITS / 2:
        raise Failure(f"only {len(made)} connections were captured")
    return list(made.values())


def scheduled(of, gaps_s):
    """One visit after the other, by the clock of the gaps."""
    start, at_us, frames = of[0][0].at_us, 0, []
    for number, gap_s in enumerate(gaps_s):
        visit = of[number % len(of)]
        by_us = start + at_us - visit[0].at_us
        frames += [pcap.moved(frame, by_us) for frame in visit]
        at_us += int(gap_s * pcap.SECOND_US)
        if at_us > HOURS * 3600 * pcap.SECOND_US:
            break
    return pcap.merged(frames)


def tell_beacons(trial, is_beacon):
    seen = [one for one in trial.sightings if one.finding["kind"] == "beacon"]
    said = {one.finding["id"]: one for one in seen}  # as it was said last
    if is_beacon:
        trial.result("recall", int(bool(said)))
        if said:
            first_us = min(one.at_us for one in seen)
            trial.result("hours", (first_us - trial.frames[0].at_us) / 3.6e9)
            trial.result("findings", len(said))
    else:
        trial.result("false-notice", len(said))
    for one in said.values():
        trial.say(f"{one.finding['severity']}: {one.finding['evidence']}")
    loud = [one for one in said.values() if rank(one.finding) > 0]
    trial.result("false", len(loud))


def add_beacon(jitter):
    @scenario(f"beacon-jitter-{jitter}", "beacon", quick=jitter == 50)
    def run(trial):
        gaps = (PERIOD_S * (1 + trial.random.uniform(-1, 1) * jitter / 100)
                for _ in range(10**6))
        trial.replay(scheduled(visits(trial), gaps))
        tell_beacons(trial, True)


for percent in (0, 10, 20, 30, 40, 50):
    add_beacon(percent)


def add_benign(name, gap_s):
    @scenario(f"benign-visits-{name}", "benign-beacon", quick=name == "random")
    def run(trial):
        gaps = (gap_s(trial.random, number) for number in range(10**6))
        trial.replay(scheduled(visits(trial), gaps))
        tell_beacons(trial, False)


def at_random(random, _):
    return random.expovariate(1 / PERIOD_S)


def in_bursts(random, number):
    """A page has its parts; then somebody reads it."""
    return random.uniform(.05, .5) if number % 9 else random.lognormvariate(
        math.log(180), 1.2)


add_benign("random", at_random)
add_benign("bursts", in_bursts)
