"""doors.py: real servers that ask for a password, for brute.py, and what they log.

They are those of tests/e2e/servers, in the victim's network.  Each has one user, alice,
whose password is scene.RIGHT.
"""
import dataclasses
import re
import threading

from evaluation import e2e
from field import VICTIM

from servers import files, mail, mailbox, mariadb, postgresql  # pylint: disable=wrong-import-order
from servers.scene import Room, certificate  # pylint: disable=wrong-import-order

STAMP = "Nov 26 03:00:00"
FILED_S = 0.05  # a syslog daemon is not slower


@dataclasses.dataclass
class Door:
    """One service: how it is started, where it listens, which lines it logs."""

    protocol: str
    port: int
    start: object
    # The log as it is followed: name, and what becomes of a line (None: nothing).
    log: str = None
    line: object = None
    failed: str = None  # part of a line that tells of a failure


def start_ssh(trial, room):
    room.prepare("chown", "root:", "/run/sshd")
    return trial.serve_ssh(room.server, "-o", "MaxAuthTries=6", "-o", "MaxStartups=200")


def start_ftp(_, room):
    files.serve(room, 21, "max_login_fails=3")
    return room.programs[-1]


def start_mailbox(_, room):
    return mailbox.authenticate(room, protocols="imap pop3")


def start_mail(_, room):
    mail.start(room)
    return room.programs[-1]


def start_mariadb(_, room):
    mariadb.start(room)
    return room.programs[-1]


def start_postgresql(_, room):
    postgresql.start(room)
    return room.programs[-1]


def of_sshd(line):
    return f"{STAMP} host sshd[1]: {line}"


def of_dovecot(line):
    """Its own stamp is taken off, as syslog puts another before."""
    return f"{STAMP} host dovecot: {re.sub(r'^[A-Z][a-z]{2} .. ..:..:.. ', '', line)}"


def as_it_is(line):
    return line


DOORS = {
    "ssh": Door("ssh", 22, start_ssh, "auth.log", of_sshd, "Failed password"),
    "ftp": Door("ftp", 21, start_ftp, failed="FAIL LOGIN"),
    "imap": Door("imap", 143, start_mailbox, "mail.log", of_dovecot),
    "imaps": Door("imap", 993, start_mailbox, "mail.log", of_dovecot),
    "pop3": Door("pop3", 110, start_mailbox, "mail.log", of_dovecot),
    "smtp": Door("smtp", 587, start_mail, "mail.log", as_it_is, "authentication failed"),
    "mysql": Door("mysql", 3306, start_mariadb, failed="Access denied"),
    # libpq (sslmode=prefer) says each password twice, within TLS and without it, so what
    # the server refuses is no number of passwords.
    "postgresql": Door("postgresql", 5432, start_postgresql),
}


class Clerk(threading.Thread):
    """Files what a program says, as a syslog daemon would."""

    def __init__(self, door, program, path):
        super().__init__(daemon=True)
        self.door, self.program, self.path = door, program, path
        self.over, self.filed = threading.Event(), 0
        path.touch()
        path.chmod(0o644)
        self.start()

    def said(self):
        return self.program.out() if self.door.protocol == "smtp" else self.program.err()

    def file(self):
        lines = self.said().split("\n")[:-1]
        with self.path.open("a") as log:
            for line in lines[self.filed:]:
                log.write(self.door.line(line) + "\n")
        self.filed = len(lines)

    def run(self):
        while not self.over.wait(FILED_S):
            self.file()


def failed(trial, name, program):
    """How many attempts the server has refused, by its own word; 0: it does not say."""
    door = DOORS[name]
    said = program.err() + program.out()
    if name == "ftp":
        said = (trial.lab.dir / "vsftpd.21.log").read_text()
    return said.count(door.failed) if door.failed else 0


def opened(trial, place, name):
    """Starts that service; its program."""
    door = DOORS[name]
    room = Room(trial.lab, name, VICTIM, place.victim, certificate(trial.lab))
    return door.start(trial, room)


def watched(trial, place, name, program, has_logs):
    """The daemon, with the logs of that service or without any."""
    door = DOORS[name]
    settings = "logs: {journal: no, programs: no}\n"
    if has_logs:
        path = trial.lab.dir / door.log
        clerk = Clerk(door, program, path)
        trial.lab.callback(clerk.over.set)
        settings = f"logs: {{journal: no, programs: no, files: [{path}]}}\n"
    trial.watch(place.victim, config=settings)
    if has_logs:
        e2e.until(lambda: trial.watcher.monitor.get("status")["logs"]["files"] == 1,
                  "the log being read")
