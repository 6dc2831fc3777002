"""slow.py: scans that take hours or days, on accelerated capture time.

nmap runs with the template of that tempo (-T0, -T1, -T2: one probe at a time) but
without its delay; then its capture is stretched to the delay that the template has
(pcap.stretched()) and replayed.  Into it goes a day of ordinary clients.  Of a longer
scan the first 24 hours are taken.  Each round has nmap's random order of ports.
"""
import pcap
from evaluation import Capture, scenario
from field import ATTACKER, VICTIM
from scans import PORTS, TECHNIQUES, ordinary_traffic, site

HOUR_US = 3600 * pcap.SECOND_US
DAY_US = 24 * HOUR_US
DELAY_US = {0: 300_000_000, 1: 15_000_000, 2: 400_000}  # nmap.cc, apply_delayed_options()
FLAGS = {"sS": 0x02, "sT": 0x02, "sF": 0x01, "sN": 0x00, "sX": 0x29, "sA": 0x10}
ROUNDS = 3


def is_start_of(technique):
    """Whether a frame of the scanner begins a probe."""
    if technique == "sU":
        return lambda frame, ip: ip[0] == pcap.UDP
    return lambda frame, ip: ip[0] == pcap.TCP and frame.flags(ip[3]) == FLAGS[technique]


def ordinary_day(trial, place):
    """Clients come again every ten minutes or so, from when the scan begins."""
    capture = Capture(trial.lab, place.victim)
    with ordinary_traffic(place):
        pass
    frames = capture.stop()
    visits, moved = [], 0
    while frames and moved < DAY_US:
        visits.append([pcap.moved(frame, moved) for frame in frames])
        moved += trial.random.randrange(300, 900) * pcap.SECOND_US
    return pcap.merged(*visits)


def ports_of(trial, count, tempo):
    """Of all ports as many as a day has room for; nmap asks in random order anyhow."""
    room = DAY_US // DELAY_US[tempo] + 10
    if count < 65535 or room >= count:
        return PORTS[count]
    chosen = trial.random.sample(range(1, 65536), room)
    return "-p", ",".join(map(str, chosen))


def stretched_scan(trial, place, technique, tempo, count, delay_us):
    capture = Capture(trial.lab, place.victim)
    place.attacker.tree("nmap", "-n", "-Pn", f"-{technique}", f"-T{tempo}", "--scan-delay",
                        "0", "--initial-rtt-timeout", "100ms", "--max-rtt-timeout", "100ms",
                        *ports_of(trial, count, tempo), VICTIM, seconds=120)
    return pcap.stretched(capture.stop(), pcap.packed(ATTACKER), is_start_of(technique),
                          delay_us, DAY_US)


def rounds(trial, technique, tempo, count, times=ROUNDS):
    place = site(trial)
    day = ordinary_day(trial, place)
    for _ in range(times):
        scan = stretched_scan(trial, place, technique, tempo, count, DELAY_US[tempo])
        if day[0].at_us < scan[0].at_us:
            moved = scan[0].at_us - day[0].at_us
            day = [pcap.moved(frame, moved) for frame in day]
        trial.attacks = []
        trial.note("port_scan", client=ATTACKER, server=VICTIM,
                   techniques=(TECHNIQUES[technique],))
        end = scan[-1].at_us
        trial.replay(pcap.merged(scan, [frame for frame in day if frame.at_us <= end]))
        trial.judge()


def add(technique, tempo, count):
    @scenario(f"nmap-{technique}-T{tempo}-{count}",
              "scan-T2-T5" if tempo == 2 else f"scan-T{tempo}",
              quick=(technique, tempo, count) == ("sS", 1, 20))
    def run(trial):
        rounds(trial, technique, tempo, count, 1 if tempo == 2 else ROUNDS)


for each in TECHNIQUES:
    for pace in DELAY_US:
        for number in PORTS:
            add(each, pace, number)
