"""scene.py: one real server and the dialogues with it, for protocols.py.

Each server has an address of its own on one cable, so whatever is seen there is of its
scene.  A scene is a process: it lives in the client's network, and in a PID namespace
with everything it starts, so that its end is the end of all of it.
"""
import base64
import copy
import dataclasses
import os
import socket
import ssl

import lab as e2e

CLIENT, STRANGER = "10.88.0.1", "10.88.0.9"
# The user is one of build/tree, whose password scripts/test-tree knows.
USER, RIGHT, WRONG = "alice", "correct-horse-7", "battery-staple-8"
COMMUNITY, WRONG_COMMUNITY = "gangway-4", "stowaway-9"
PASSWORDS = (RIGHT, WRONG)
# Nothing of these may be found in what is told, nor as HTTP and SASL encode them.
SECRETS = (*PASSWORDS, COMMUNITY, WRONG_COMMUNITY, *(
    base64.b64encode(form.format(USER, password).encode()).decode().rstrip("=")
    for password in PASSWORDS for form in ("{1}", "{0}:{1}", "\0{0}\0{1}")))


@dataclasses.dataclass
class Seen:
    """What is to be known of a port; None: never mind.

    Patterns are for every connection that tells, and one has to.
    """

    protocol: str
    software: str = None
    client_software: str = None
    version: str = None
    cleartext: dict = None   # {True: 2, False: 1}: so many connections
    logins: dict = dataclasses.field(default_factory=dict)  # {(user, outcome): how many}
    errors: int = 0          # answers that were errors of the server
    findings: dict = dataclasses.field(default_factory=dict)  # {"kind technique": severity}
    told: tuple = ()         # a record of a single protocol, and fields of it
    records: list = dataclasses.field(default_factory=list)  # their values, in order


class Scene:
    """What a server's start() and talk() are given."""

    def __init__(self, lab, name, address, server, proof):
        self.lab, self.name, self.address, self.proof = lab, name, address, proof
        self.server = copy.copy(server)
        self.server.lab = lab
        self.dir = lab.dir
        self.programs = []

    def write(self, name, text, mode=0o644, owner=None):
        """A file of the scene; its path."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        if owner is not None:
            os.chown(path, owner, owner)
        return str(path)

    def folder(self, name, owner=0, mode=0o755):
        path = self.dir / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        os.chown(path, owner, owner)
        return str(path)

    def certificate(self, owner=None):
        """(certificate, key): files of the scene."""
        return (self.write("server.crt", self.proof["crt"]),
                self.write("server.key", self.proof["key"], 0o600, owner))

    def prepare(self, *command, seconds=60):
        """A program of the tree run to its end, in the server's network."""
        return self.server.tree(*command, seconds=seconds)

    def serve(self, *command, tcp=(), udp=(), seconds=40):
        """A server of the tree, listening on its ports."""
        program = self.server.start_tree(*map(str, command))
        self.programs.append(program)
        for kind, ports in (("-t", tcp), ("-u", udp)):
            for port in ports:
                e2e.until(lambda kind=kind, port=port: self.listens(program, port, kind),
                          f"{command[0]} on {port}", seconds, 0.05)
        return program

    def listens(self, program, port, kind):
        if not program.runs():
            raise e2e.Failure(f"{program.process.args[1]} ended with {program.wait()}: "
                              f"{(program.err() + program.out())[-1500:]}")
        found = self.server.run("ss", "-Hnl", kind,
                                f"( src {self.address} or src 0.0.0.0 )",
                                f"and sport = :{port}").stdout
        return found.strip() != ""

    def ask(self, *command, status=0, seconds=30):
        """A client of the tree run to its end; status None: any will do."""
        return self.lab.run(e2e.TREE_RUN, *map(str, command), status=status,
                            seconds=seconds)

    def assist(self, *command):
        """A program of the tree that stays in the client's network."""
        program = self.lab.start([e2e.TREE_RUN, *map(str, command)])
        self.programs.append(program)
        return program

    def try_local(self, port):
        """A connection to a program of assist(), or None while there is none."""
        try:
            return self.lab.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        except ConnectionRefusedError:
            return None

    def connect(self, port, kind=socket.SOCK_STREAM):
        made = self.lab.enter_context(socket.socket(socket.AF_INET, kind))
        made.settimeout(10)
        made.connect((self.address, port))
        return made

    def print_programs(self):
        """What servers have said, for whoever looks for a mistake."""
        for program in self.programs:
            print(" ".join(program.process.args[1:3]), program.err()[-2000:],
                  program.out()[-2000:])


class Room(Scene):
    """A scene in the network of whoever makes it; all processes of a server end with it."""

    def serve(self, *command, **ports):
        # Not as the first process of its world: vsftpd would not survive a client.
        return super().serve("unshare", "--pid", "--fork", "--kill-child", "sh", "-c",
                             '"$@" & wait', "sh", *command, **ports)


def certificate(lab):
    """One of our own, for Scene: its two files."""
    lab.run(e2e.TREE_RUN, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
            "/CN=harbour.example", "-keyout", str(lab.dir / "server.key"), "-out",
            str(lab.dir / "server.crt"))
    return {end: (lab.dir / f"server.{end}").read_text() for end in ("crt", "key")}


def trusting():
    """A TLS context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def converse(connection, *turns):
    """Sends each turn's bytes and reads until what it waits for has come; all that was
    read."""
    heard = b""
    for say, wait in turns:
        if say:
            connection.sendall(say)
        heard_now = b""
        while wait not in heard_now:
            got = connection.recv(4096)
            if not got:
                raise e2e.Failure(f"closed while waiting for {wait!r}: {heard_now!r}")
            heard_now += got
        heard += heard_now
    return heard


def refused(action, *errors):
    """Does what must be refused with one of these errors."""
    try:
        action()
    except errors:
        return
    raise e2e.Failure(f"{action} was not refused")
