"""brute.py: hydra, medusa and ncrack guess passwords at real servers; people mistype.

Passwords are guessed fast, once a second, once in ten minutes (a capture of single
attempts, stretched), and from fifty addresses; with the servers' logs and by packets
alone.  Metrics beside the usual ones: `attempts-seen`, of those made; `attempts`, made
when the finding came.
"""
import contextlib
import ftplib
import imaplib
import threading
import time

import doors
import pcap
from evaluation import Capture, e2e, now_us, scenario
from field import ATTACKER, BYSTANDER, VICTIM

from servers.scene import RIGHT, USER, WRONG  # pylint: disable=wrong-import-order

MINUTE_US = 60 * pcap.SECOND_US
DAY_US = 24 * 60 * MINUTE_US
PASSWORDS = 40
SOURCES = 50
# Dovecot takes half a second to refuse, so some are made, and come again.
STALE_A_DAY, STALE_MADE = 24 * 12, 36

# What a service is called by each tool; None: it does not get on with it.  Medusa 2.2
# wants an outdated TLS of mail servers, Ncrack 0.7 hangs at SCRAM of PostgreSQL.
NAMES = {
    "hydra": {"postgresql": "postgres"},
    "medusa": {"postgresql": "postgres", "imap": None, "pop3": None, "smtp": None,
               "imaps": None},
    "ncrack": {"postgresql": None, "smtp": None, "imap": None, "imaps": None},
}


def words(trial, count=PASSWORDS, right_at=None):
    """A list of passwords, the right one among them if it is to be found; its path."""
    lengths = [trial.random.randrange(6, 13) for _ in range(count)]
    made = [f"{trial.random.randrange(1 << 48):012x}"[:length] for length in lengths]
    if right_at is not None:
        made[right_at] = RIGHT
    return trial.write("passwords", "".join(f"{word}\n" for word in made))


def command_of(tool, service, users, passwords, *options):
    """How that tool is called; users and passwords are files."""
    name = NAMES[tool].get(service, service)
    if tool == "hydra":
        return ("hydra", "-I", "-L", users, "-P", passwords, *options, "-s",
                str(doors.DOORS[service].port), f"{name}://{VICTIM}")
    if tool == "medusa":
        return ("medusa", "-h", VICTIM, "-U", users, "-P", passwords, "-M", name, "-n",
                str(doors.DOORS[service].port), *options)
    return ("ncrack", "-U", users, "-P", passwords, *options,
            f"{name}://{VICTIM}:{doors.DOORS[service].port}")


def guess(trial, network, *command, seconds=60):
    """A tool of eval-tree, in a folder where it may leave its notes."""
    return network.run("env", "TREE=eval-tree", e2e.TREE_RUN, "sh", "-c",
                       'cd "$0" && exec timeout "$@"', str(trial.lab.dir), str(seconds),
                       *command, status=None, seconds=seconds + 10)


def site(trial, service, has_logs=False):
    place = trial.field()
    program = doors.opened(trial, place, service)
    doors.watched(trial, place, service, program, has_logs)
    return place, program


def tell_attempts(trial, attack, made, listed):
    """listed: the findings as the daemon has them at the end."""
    found = trial.found(attack)
    if found:
        trial.result("attempts", found[0].finding["attempts"])
    seen = [one["attempts"] for one in listed if attack.is_told_by(one)]
    trial.result("attempts-seen", min(1.0, max(seen, default=0) / made))


def listed_at_last(trial):
    """All attempts have been told after a second."""
    time.sleep(1)
    return trial.watcher.monitor.get("findings")


# ---- one source ----------------------------------------------------------------------

def attacked(trial, service, tool, *options, has_logs=False, right_at=None,
             count=PASSWORDS, seconds=60):
    place, program = site(trial, service, has_logs)
    users = trial.write("users", f"{USER}\n")
    passwords = words(trial, count, right_at)
    port = doors.DOORS[service].port
    also = ("login_after_failures",) if right_at is not None else ()
    with trial.attack("brute_force", client=ATTACKER, server=VICTIM, port=port,
                      techniques=("password_guessing",), also=also) as attack:
        done = guess(trial, place.attacker,
                     *command_of(tool, service, users, passwords, *options),
                     seconds=seconds)
    if right_at is not None:
        trial.note("login_after_failures", client=ATTACKER, server=VICTIM, port=port,
                   also=("brute_force",), begin_us=attack.begin_us, end_us=attack.end_us)
    listed = listed_at_last(trial)
    trial.judge()
    made = doors.failed(trial, service, program) or count
    trial.say(f"{made} attempts failed; {' '.join((done.stdout + done.stderr).split())[-160:]}")
    tell_attempts(trial, attack, made, listed)


def add_attack(name, service, tool, *options, quick=False, **more):
    @scenario(name, "brute", quick=quick)
    def run(trial):
        attacked(trial, service, tool, *options, **more)


# As many at once as many take, and no half minute's wait for one that was cut off.
HYDRA = ("-t", "4", "-w", "3")
for each in doors.DOORS:
    for with_tool, with_options in (("hydra", HYDRA), ("medusa", ("-t", "2")),
                                    ("ncrack", ())):
        if NAMES[with_tool].get(each, each) is not None and each != "imaps":
            add_attack(f"{with_tool}-{each}", each, with_tool, *with_options,
                       quick=(each, with_tool) == ("ftp", "hydra"))
for each in ("ssh", "imap", "imaps", "smtp"):
    add_attack(f"hydra-{each}-logs", each, "hydra", *HYDRA, has_logs=True)
for each in ("ssh", "ftp"):
    add_attack(f"hydra-{each}-1-a-second", each, "hydra", "-c", "1", "-t", "1", count=12)
add_attack("hydra-ssh-success", "ssh", "hydra", *HYDRA, right_at=20)
add_attack("hydra-ssh-success-logs", "ssh", "hydra", *HYDRA, has_logs=True, right_at=20)
add_attack("hydra-ftp-success", "ftp", "hydra", *HYDRA, right_at=20)


# ---- many users ----------------------------------------------------------------------

def sprayed(trial, rounds, kinds, techniques, also=()):
    place, _ = site(trial, "imap")
    users = trial.write("users", "".join(f"user{trial.random.randrange(1 << 30)}\n"
                                         for _ in range(30)))
    with trial.attack(kinds, client=ATTACKER, server=VICTIM, port=143,
                      techniques=techniques, also=also):
        guess(trial, place.attacker, *command_of(
            "hydra", "imap", users, words(trial, rounds), "-u", "-t", "4"))
    trial.judge()


@scenario("hydra-imap-30-users", "brute")
def stuffing(trial):
    """One password each."""
    sprayed(trial, 1, ("brute_force",), ("credential_stuffing",))


@scenario("hydra-imap-spray", "brute")
def spray(trial):
    """Three passwords, each with all users."""
    sprayed(trial, 3, ("password_spray",), ("password_spraying",), also=("brute_force",))


# ---- many sources --------------------------------------------------------------------

def distributed(trial, service, tool, each):
    place, program = site(trial, service)
    first = f"185.60.{trial.random.randrange(1, 200)}.1"
    sources = place.addresses(place.attacker, SOURCES, first)
    users, port = trial.write("users", f"{USER}\n"), doors.DOORS[service].port
    with trial.attack("brute_force", client="185.60.0.0/16", server=VICTIM, port=port,
                      techniques=("distributed",)) as attack:
        for source in sources:
            place.attacker.ip("route", "replace", "default", "via", "185.60.0.1", "src",
                              source)
            guess(trial, place.attacker, *command_of(
                tool, service, users, words(trial, each), "-t", "2"))
    attack.client = None  # nobody alone
    listed = listed_at_last(trial)
    trial.look_on(3, 1.3)
    told = {one.finding["id"] for one in trial.sightings
            if one.finding["kind"] == "brute_force"}
    trial.result("findings-in-all", len(told))
    tell_attempts(trial, attack, doors.failed(trial, service, program) or SOURCES * each,
                  listed)
    trial.tell()


@scenario("hydra-mysql-50-sources", "brute")
def distributed_mysql(trial):
    distributed(trial, "mysql", "hydra", 3)


@scenario("medusa-ssh-50-sources", "brute")
def distributed_ssh(trial):
    distributed(trial, "ssh", "medusa", 3)


# ---- slow ----------------------------------------------------------------------------

def first_after(starts):
    """The first frame of each attempt; a tool may open more than one connection."""
    left = sorted(starts)

    def is_start(frame, _):
        begins = bool(left) and frame.at_us >= left[0]
        while left and frame.at_us >= left[0]:
            left.pop(0)
        return begins

    return is_start


def single_attempts(trial, service, count):
    """A capture of attempts, each a call of the tool; and when each began."""
    place = trial.field()
    doors.opened(trial, place, service)
    users = trial.write("users", f"{USER}\n")
    capture, starts = Capture(trial.lab, place.victim, snap=65535), []
    for _ in range(count):
        starts.append(now_us())
        guess(trial, place.attacker, *command_of("hydra", service, users, words(trial, 1),
                                                 "-t", "1"))
    return capture.stop(), starts


def slowly(trial, service, gap_us, count):
    frames, starts = single_attempts(trial, service, count)
    # SSH and base64 hide how long a password is: then it can't be told from a program with
    # an old one.
    trial.note("brute_force", client=ATTACKER, server=VICTIM,
               least="low" if service == "ftp" else "notice")
    trial.replay(pcap.stretched(frames, pcap.packed(ATTACKER), first_after(starts), gap_us,
                                DAY_US))
    trial.judge()


def add_slow(service, minutes):
    @scenario(f"hydra-{service}-1-in-{minutes}-minutes", "brute")
    def run(trial):
        slowly(trial, service, minutes * MINUTE_US, 12)


for each in ("ssh", "ftp", "imap"):
    add_slow(each, 10)
add_slow("ftp", 60)


# ---- benign --------------------------------------------------------------------------

def log_in(network, source, user, password):
    """By IMAP, from that address; True if it gets in."""
    class From(imaplib.IMAP4):
        def _create_socket(self, timeout):
            made = network.socket()
            made.bind((source, 0))
            made.connect((self.host, self.port))
            return made

    session = From(VICTIM, 143, 10)
    try:
        session.login(user, password)
        return True
    except imaplib.IMAP4.error:
        return False
    finally:
        session.logout()


@contextlib.contextmanager
def mailboxes(trial, count):
    """Dovecot with so many users, all with one password."""
    place = trial.field()
    program = doors.opened(trial, place, "imap")
    (trial.lab.dir / "passwords").write_text("".join(
        f"user{number}:{{PLAIN}}{RIGHT}:1000:1000::{trial.lab.dir}/mail\n"
        for number in range(count)))
    doors.watched(trial, place, "imap", program, False)
    yield place
    trial.judge(wait_s=0)


@scenario("typos-behind-one-address", "benign-logins")
def behind_one_address(trial):
    """500 users; one in ten mistypes, up to three times; one in a hundred gives up."""
    with mailboxes(trial, 500) as place:
        for number in range(500):
            if trial.random.random() < 0.1:
                for _ in range(trial.random.randrange(1, 4)):
                    log_in(place.bystander, BYSTANDER, f"user{number}", WRONG)
                if trial.random.random() < 0.1:
                    continue
            log_in(place.bystander, BYSTANDER, f"user{number}", RIGHT)


@scenario("typos-of-many", "benign-logins")
def of_many(trial):
    """100 users, each at home; one in four mistypes, one in fifty gives up."""
    with mailboxes(trial, 100) as place:
        homes = place.addresses(place.bystander, 100, "62.38.9.1")
        for number, home in enumerate(homes):
            if trial.random.random() < 0.25:
                for _ in range(trial.random.randrange(1, 4)):
                    log_in(place.bystander, home, f"user{number}", WRONG)
                if trial.random.random() < 0.08:
                    continue
            log_in(place.bystander, home, f"user{number}", RIGHT)


@scenario("stale-password-a-day", "benign-logins", quick=True)
def stale(trial):
    """A mail program with an old password, every five minutes for a day."""
    place = trial.field()
    doors.opened(trial, place, "imap")
    capture, starts = Capture(trial.lab, place.victim, snap=65535), []
    for _ in range(STALE_MADE):
        starts.append(now_us())
        log_in(place.bystander, BYSTANDER, USER, WRONG)
    frames, lasted_us = capture.stop(), now_us() - starts[0]
    rounds_us = [number * lasted_us for number in range(STALE_A_DAY // STALE_MADE)]
    frames = [pcap.moved(frame, by_us) for by_us in rounds_us for frame in frames]
    starts = [start + by_us for by_us in rounds_us for start in starts]
    trial.replay(pcap.stretched(frames, pcap.packed(BYSTANDER), first_after(starts),
                                5 * MINUTE_US, DAY_US))
    trial.judge()


@scenario("keys-of-an-agent", "benign-logins")
def agent(trial):
    """ssh offers four keys, one after the other; then the password is right."""
    place, _ = site(trial, "ssh")
    keys = []
    for number in range(4):
        keys += ["-i", f"{trial.lab.dir}/key{number}"]
        place.bystander.tree("ssh-keygen", "-q", "-t", ("ed25519", "ecdsa", "rsa")[number % 3],
                             "-N", "", "-f", keys[-1])
    answer = trial.write("answer", f"#!/bin/sh\necho {RIGHT}\n")
    trial.lab.run("chmod", "755", answer)
    for cipher in ("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr"):
        for _ in range(2):
            place.bystander.tree(
                "env", f"SSH_ASKPASS={answer}", "SSH_ASKPASS_REQUIRE=force", "ssh", "-F",
                "/dev/null", "-c", cipher, *keys, "-o", "StrictHostKeyChecking=no", "-o",
                "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o",
                "PreferredAuthentications=publickey,password",
                f"{USER}@{VICTIM}", "true")
    trial.judge(wait_s=0)


@scenario("ftp-monitor", "benign-logins")
def monitor(trial):
    """A monitoring system logs in each second, as others do by hand."""
    place, _ = site(trial, "ftp")
    over = threading.Event()
    with place.bystander.inside():
        for _ in range(20):
            session = ftplib.FTP(VICTIM, timeout=10)
            session.login(USER, RIGHT)
            session.quit()
            over.wait(0.2)
    trial.judge(wait_s=0)
