"""fleets.py: attacks that are spread over forty sensors, so that none of them sees enough.

No network here: `fleet_eyes` gives each sensor what came to it, with a detector of its
own, and all of it to the fleet's.  `own` is how many findings the sensors have of the attack
themselves, of any severity: 0, or the attack was not spread.  Ordinary clients of forty servers are
always there.
"""
import pathlib
import subprocess

from evaluation import SEVERITIES, LOW, e2e, scenario

EYES = pathlib.Path(e2e.BREAKWATER).parent / "tests" / "fleet_eyes"
SENSORS = 40
HOUR, DAY = 3600, 24 * 3600
SCANNER = "203.0.113.77"


def server(sensor):
    return f"198.18.0.{sensor}"


class Events:
    """What comes to the sensors, in whichever order it is made."""

    def __init__(self, rng):
        self.random, self.lines = rng, []

    def contact(self, at_s, sensor, client, port, outcome):
        self.lines.append((int(at_s), f"contact {int(at_s)} {sensor} {client} "
                                      f"{server(sensor)} {port} {outcome}"))

    def login(self, at_s, sensor, client, user, outcome):
        self.lines.append((int(at_s), f"login {int(at_s)} {sensor} {client} "
                                      f"{server(sensor)} {user} {outcome}"))

    def stranger(self):
        return f"{self.random.randrange(11, 99)}.{self.random.randrange(256)}." \
               f"{self.random.randrange(256)}.{self.random.randrange(1, 255)}"


def browse(events, hours):
    """Clients of the web servers, of whom some come a second time for a port that is shut."""
    for _ in range(hours * 400):
        at_s, sensor = events.random.randrange(hours * HOUR), events.random.randrange(SENSORS)
        client = events.stranger()
        events.contact(at_s, sensor, client, 443, "handshake")
        if events.random.random() < 0.2:
            events.contact(at_s + 1, sensor, client, 80, "refused")


def watch_over(events, hours):
    """A monitor and a balancer, each of all hosts, of which some are down; a metrics scraper
    whose exporter nobody has installed."""
    for begin in range(0, hours * HOUR, 300):
        for sensor in range(SENSORS):
            down = sensor % 10 == 3
            events.contact(begin, sensor, "10.0.0.5", 22, "silent" if down else "handshake")
            events.contact(begin, sensor, "198.51.100.5", 443,
                           "silent" if down else "handshake")
            events.contact(begin + 1, sensor, "10.0.0.6", 9100, "refused")


def crawl(events, hours):
    """Who fetches pages of all hosts, and of some finds no TLS."""
    for number in range(8):
        at_s = events.random.randrange(hours * HOUR // 2)
        for sensor in range(SENSORS):
            events.contact(at_s + sensor * 5, sensor, f"192.0.2.{number}", 443, "handshake")
            if sensor % 4 == 0:
                events.contact(at_s + sensor * 5 + 1, sensor, f"192.0.2.{number}", 8443, "silent")


def mislead(events, hours):
    """A name that leads to all forty addresses, of which none serves that port."""
    for _ in range(hours * 60):
        events.contact(events.random.randrange(hours * HOUR),
                       events.random.randrange(SENSORS), events.stranger(), 8081, "refused")


def work(events, hours):
    """People behind one address, who mistype; a runner that comes with its key replaced."""
    for _ in range(hours * 60):
        at_s, sensor = events.random.randrange(hours * HOUR), events.random.randrange(SENSORS)
        user = f"user{events.random.randrange(50)}"
        if events.random.random() < 0.08:
            events.login(at_s, sensor, "198.51.100.9", user, "failure")
        events.login(at_s + 20, sensor, "198.51.100.9", user, "success")


def radiate(events, hours):
    """What comes from the Internet at all times: bots, each with some ports of one host or two,
    most of them the same few ports."""
    ports = [23, 2323, 445, 3389, 5900, 1433, 6379, 8080] + list(range(10000, 10300))
    for _ in range(hours * 60):
        client, at_s = events.stranger(), events.random.randrange(hours * HOUR)
        popular = min(int(events.random.paretovariate(0.6)) - 1, len(ports) - 3)
        for sensor in events.random.sample(range(SENSORS), events.random.choice((1, 1, 2))):
            for port in ports[popular:popular + events.random.choice((1, 1, 2, 3))]:
                events.contact(at_s, sensor, client, port, "silent")


def ordinary(events, hours):
    for part in (browse, watch_over, crawl, mislead, work):
        part(events, hours)


def look(events):
    """(who, kind, technique, severity, id, client, seconds) of all that was said."""
    text = "".join(line + "\n" for _, line in sorted(events.lines, key=lambda one: one[0]))
    done = subprocess.run([EYES], input=text, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def is_low(said):
    return SEVERITIES.index(said[3]) >= LOW


def judge(trial, events, kinds, client, began_s):
    """kinds: that are right of that client, "-" if they are many; None: nothing is right."""
    said = look(events)
    theirs = [one for one in said if one[0] == "fleet" and is_low(one)]
    right = [one for one in theirs if one[1] in kinds and one[5] == client]
    # What the sensors say of the attack: of its client, or of many.
    own = {(one[0], one[4]) for one in said if one[0] != "fleet" and one[5] == client}
    false = {one[4]: one for one in theirs if one not in right}
    for one in list(false.values())[:3]:
        trial.say(f"false: {' '.join(one)}")
    if kinds:
        trial.result("recall", float(bool(right)))
        trial.result("own", len(own))
    if right:
        trial.result("seconds", float(int(right[0][6]) - began_s))
        trial.result("findings", len({one[4] for one in right}))
    trial.result("false", len(false))


@scenario("fleet-scan", "fleet", quick=True, lane="works")
def scan(trial):
    """One source, two ports of each host, one every few minutes."""
    events = Events(trial.random)
    ordinary(events, 12)
    places = [(sensor, trial.random.randrange(1, 20000)) for sensor in range(SENSORS)
              for _ in range(2)]
    trial.random.shuffle(places)
    for number, (sensor, port) in enumerate(places):
        events.contact(HOUR + number * 240, sensor, SCANNER, port, "refused")
    judge(trial, events, ("port_scan",), SCANNER, HOUR)


@scenario("fleet-sweep", "fleet", lane="works")
def sweep(trial):
    """One source, one port of each host, one every five minutes."""
    events = Events(trial.random)
    ordinary(events, 8)
    for number, sensor in enumerate(trial.random.sample(range(SENSORS), SENSORS)):
        events.contact(HOUR + number * 300, sensor, SCANNER, 5900, "silent")
    judge(trial, events, ("host_sweep",), SCANNER, HOUR)


@scenario("fleet-shared-scan", "fleet", quick=True, lane="works")
def shared(trial):
    """Forty sources, one host each, one every twenty minutes."""
    events = Events(trial.random)
    ordinary(events, 15)
    for number, sensor in enumerate(trial.random.sample(range(SENSORS), SENSORS)):
        events.contact(HOUR + number * 1200, sensor, events.stranger(), 3389, "silent")
    judge(trial, events, ("distributed_scan",), "-", HOUR)


@scenario("fleet-grid", "fleet", quick=True, lane="works")
def grid(trial):
    """240 sources, three places each, of forty ports at eighteen hosts each, one a minute, while
    the Internet radiates."""
    events = Events(trial.random)
    ordinary(events, 16)
    radiate(events, 16)
    ports = trial.random.sample(range(20000, 30000), 40)
    places = [(sensor, port) for port in ports
              for sensor in trial.random.sample(range(SENSORS), 18)]
    trial.random.shuffle(places)
    sources = [events.stranger() for _ in range(len(places) // 3)]
    for number, (sensor, port) in enumerate(places):
        events.contact(HOUR + number * 60, sensor, sources[number // 3], port, "silent")
    judge(trial, events, ("distributed_scan",), "-", HOUR)


@scenario("fleet-guess", "fleet", quick=True, lane="works")
def guess(trial):
    """One source, root at each host, twice each, one in three minutes."""
    events = Events(trial.random)
    ordinary(events, 6)
    tries = list(range(SENSORS)) * 2
    trial.random.shuffle(tries)
    for number, sensor in enumerate(tries):
        events.login(HOUR + number * 180, sensor, SCANNER, "root", "failure")
    judge(trial, events, ("brute_force",), SCANNER, HOUR)


@scenario("fleet-spray", "fleet", lane="works")
def spray(trial):
    """One source, a user after the other, another host each time."""
    events = Events(trial.random)
    ordinary(events, 6)
    for number in range(80):
        events.login(HOUR + number * 120, number % SENSORS, SCANNER,
                     f"name{number % 16}", "failure")
    judge(trial, events, ("password_spray", "brute_force"), SCANNER, HOUR)


@scenario("fleet-guess-many", "fleet", lane="works")
def guess_many(trial):
    """Sixty sources, each at two hosts, one every two minutes."""
    events = Events(trial.random)
    ordinary(events, 6)
    for number in range(120):
        events.login(HOUR + number * 120, number % SENSORS,
                     f"203.0.113.{number * 7 % 60}", "admin", "failure")
    judge(trial, events, ("brute_force",), "-", HOUR)


@scenario("fleet-ordinary", "fleet", quick=True, lane="works")
def quiet(trial):
    """A day without an attack."""
    events = Events(trial.random)
    ordinary(events, 24)
    judge(trial, events, (), "-", 0)


@scenario("fleet-radiation", "fleet", lane="works")
def radiation(trial):
    """Three days without an attack on this fleet, on the Internet as it is."""
    events = Events(trial.random)
    ordinary(events, 72)
    radiate(events, 72)
    judge(trial, events, (), "-", 0)
