#!/usr/bin/env python3
"""scene.py: a server as there are many, a month of its past, and a bad quarter of an hour.

  scene.py [--seed N] [--without-past] [COMMAND...]

Raises it, runs COMMAND in the network of the server with SCENE_URL (the page), SCENE_SOCKET
(the daemon's) and SCENE_CONTROL (see control.py) in its environment, and takes it down.
Without COMMAND it stays until Ctrl-C.  Browser tests and `make screenshots` use it, so what
they show is the same each time: chance comes from seeds.

What has happened once it is up (each line is a method of Events): ordinary clients of a
web site, a cache, a name server and SSH, over IPv4 and IPv6, one of them far away; a scan, a
guesser, who is blocked, a flood, and somebody at a trap; a target that was down and one that
still is; a listener that nobody approved; and what a person did about it: a block, a
silence, an acknowledgement, a deployment, maintenance.
"""
import argparse
import contextlib
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))
# pylint: disable=wrong-import-position
import lab as e2e
import mmdb
import past
import stage as places
from control import Control
from knocking import knock
from lab import until

MS_BIND = 4096  # linux/mount.h
SEED = 1
DAYS = 30
PATIENCE_S = 60  # for what takes a second on a machine that is not busy
PAGE = 7070   # where the register expects it
# Three tries each: enough to be of medium severity, from which on a source is blocked.
GUESSED = ("root", "admin", "oracle", "postgres", "ubuntu", "test", "git", "www", "backup",
           "ftp", "guest", "nagios", "deploy", "user", "mysql", "jenkins", "pi", "support",
           "tomcat", "ansible")
# Who may sign in, and what he may.
PEOPLE = {"vera": "viewer", "otto": "operator", "ada": "administrator"}
PASSWORD = "correct horse battery 7"
CONFIG = """home: [{ours}/32, "{ours6}/128"]
interfaces: [eth0, eth1]
logs: {{journal: no, programs: no}}
limits: {{files: ["{folder}/rules.yaml"]}}
web: {{dashboards: "{folder}/dashboards.d"}}
geo: {{database: "{folder}/countries.mmdb"}}
probe:
  files: ["{folder}/targets.yaml"]
  own_interval: 5s
  retry: 1s
traps: {{ports: [23, 3389, 5900], answer: yes}}
blocklists: ["{folder}/known.txt"]
block: {{mode: "on", time: 30m, never: [198.51.100.0/24], self_test: 0s}}
notify:
  to: ["http://{street}:8088/incidents", "smtp://{street}:2525?from=breakwater@harbour.example&to=ops@harbour.example&starttls=no"]
  group_wait: 1s
  group_interval: 5s
"""
TARGETS = """- target: https://{ours}/#server_name=www.harbour.example&verify=dates
  every: 3s
- target: http://{ours}/api/tides
  every: 3s
- target: tcp://{database}:5432
  every: 2s
- target: http://{shop}/
  every: 1s
- target: icmp://{printer}
  every: 5s
"""


class Tolls:
    """What is told of incidents arrives here: a web hook of the street."""

    PORT = 8088
    ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

    def __init__(self, network):
        self.listener = network.listen(places.STREET, self.PORT)
        self.listener.settimeout(None)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):  # who left
                client.settimeout(5)
                self.answer(client)

    def answer(self, client):
        client.recv(65536)
        client.sendall(self.ANSWER)


class Mails(Tolls):
    """The same by mail: as much of a mail server (RFC 5321) as one message needs."""

    PORT = 2525
    ANSWERS = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}

    def answer(self, client):
        client.sendall(b"220 mail.harbour.example\r\n")
        is_letter = False
        for line in client.makefile("rb"):
            word = line.split(None, 1)[0].upper().decode("latin-1") if line.strip() else ""
            if is_letter and line != b".\r\n":
                continue
            is_letter = not is_letter and word == "DATA"
            client.sendall(self.ANSWERS.get(word, b"250 mail.harbour.example\r\n"))
            if word == "QUIT":
                return


class Events:
    """What happens, each by a method; those of a group at the same time."""

    def __init__(self, scene):
        self.scene, self.stage, self.monitor = scene, scene.stage, scene.monitor

    def find(self, kind, record="findings", **wanted):
        query = f"{record}?since=10m" if record == "blocks" else record
        return until(lambda: next(
            (one for one in self.monitor.get(query)
             if (kind is None or one.get("kind") == kind) and
             all(one.get(name) == value for name, value in wanted.items())), None),
            f"{kind} {wanted} in {record}", PATIENCE_S, 0.2)

    def somebody_scans(self):
        self.stage.street.tree("nmap", "-n", "-Pn", "-sS", "-S", places.SCANNER, "-e", "eth0",
                               "--top-ports", "400", "--max-retries", "0", "--min-rate", "400",
                               "--max-rtt-timeout", "100ms", places.OURS, status=None)
        self.find("port_scan", client_ip=places.SCANNER)

    def somebody_guesses(self):
        ask = self.stage.scene.write("ask", "#!/bin/sh\necho battery-staple-8\n", 0o755)
        tries = [self.stage.street.start_tree(
            "env", f"SSH_ASKPASS={ask}", "SSH_ASKPASS_REQUIRE=force", "ssh", "-F", "none", "-b",
            places.GUESSER, "-o", "StrictHostKeyChecking=no", "-o",
            "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=3", "-o",
            "ConnectTimeout=5", "-o", "PreferredAuthentications=password",
            f"{user}@{places.OURS}", "true") for user in GUESSED]
        self.find("brute_force", client_ip=places.GUESSER)
        self.find(None, "blocks", address=places.GUESSER, state="active")
        for one in tries:
            one.end_now()

    def somebody_floods(self):
        flood = self.stage.street.start_tree("hping3", "-q", "-S", "-p", "80", "-a",
                                             places.FLOODER, "-i", "u500", places.OURS)
        self.find("syn_flood", port=80)
        flood.end_now()

    def somebody_touches_a_trap(self):
        knock(self.stage.street, places.CURIOUS)
        self.find("trap_hit", client_ip=places.CURIOUS)

    def a_target_was_down(self):
        def state():
            return next((one.get("hard_state") for one in self.monitor.get("probes")
                         if one["target"] == f"http://{places.SHOP}/"), None)
        until(lambda: state() == "up", "the shop is up", PATIENCE_S, 0.2)
        self.scene.shop.close()
        until(lambda: state() == "down", "the shop is down", PATIENCE_S, 0.2)
        self.scene.shop.open()
        until(lambda: state() == "up", "the shop is up again", PATIENCE_S, 0.2)

    def a_target_is_down(self):
        self.find(None, "probes", target=f"tcp://{places.DATABASE}:5432", hard_state="down")

    def somebody_listens(self):
        self.stage.server.start(sys.executable, "-m", "http.server", "-b", places.OURS, "8081")
        self.find("unauthorized_port", port=8081)

    # ---- what a person does about it ----

    def a_person_acts(self):
        run = self.monitor.command
        run("block", "192.0.2.130", "--for", "2h", "--why", "ticket 4711: mail bombs")
        run("block", "192.0.2.160/28", "--port", "22", "--for", "1d", "--why",
            "nobody there has an account")
        run("silence", f"server_ip={places.PRINTER}", "--for", "2h", "--why",
            "paper is changed")
        run("deployed", "berth-planner", "--version", "4.2", "--host", places.OURS, "--port",
            "443", "--why", "new tide tables")
        self.find(None, "probes", target=f"icmp://{places.PRINTER}")
        run("maintenance", f"icmp://{places.PRINTER}", "--for", "2h", "--why", "new toner")
        down = self.find(None, "incidents", target=f"tcp://{places.DATABASE}:5432")
        run("ack", down["id"], "--comment", "the disk is full, I am on it")

    def all(self):
        together(self.a_target_was_down, self.a_target_is_down, self.somebody_scans,
                 self.somebody_guesses, self.somebody_floods, self.somebody_touches_a_trap,
                 self.somebody_listens)
        self.a_person_acts()


class Shop:
    """A neighbour's web site, which can be closed."""

    def __init__(self, network):
        self.network, self.process = network, None
        self.open()

    def open(self):
        self.process = self.network.start(sys.executable, str(HERE / "application.py"), "80",
                                          places.SHOP)
        until(lambda: self.network.listens(80), "the shop", PATIENCE_S)

    def close(self):
        self.process.end_now()
# Where its strangers are; of some nobody knows.
WORLD = {network: mmdb.country(code, name) for network, code, name in (
    ("192.0.2.0/26", "PT", "Portugal"), ("192.0.2.64/29", "BR", "Brazil"),
    ("192.0.2.72/29", "KE", "Kenya"), ("192.0.2.80/28", "FI", "Finland"),
    ("192.0.2.192/28", "CL", "Chile"), ("192.0.2.208/29", "JP", "Japan"),
    ("198.51.100.0/24", "NO", "Norway"))}


class Scene:
    """All of it, raised; what happens is what Events says."""

    def __init__(self, lab, seed=SEED, with_past=True, events=True):
        self.lab, self.begin, self.times = lab, time.monotonic(), {}
        self.state = lab.dir / "state"
        self.state.mkdir()
        self.seed = seed
        making = self.start_past() if with_past else None
        self.stage = places.Stage(lab)
        self.shop = Shop(self.stage.street)
        self.tolls = Tolls(self.stage.street), Mails(self.stage.street)
        self.stage.ready()
        self.mark("servers")
        if making is not None:
            if making.wait(PATIENCE_S) != 0:
                raise e2e.Failure(f"past: {making.err()}")
            past.fill(self.state, seed, making.out())
        self.mark("past")
        self.config = self.configure()
        self.start_daemon()
        self.monitor.command("policy", "apply", str(HERE / "register.yaml"))
        self.let_people_in()
        self.control = Control(self)
        self.mark("daemon")
        self.start_crowd()
        if events:
            Events(self).all()
        self.mark("events")

    def mark(self, what):
        self.times[what] = round(time.monotonic() - self.begin, 1)

    def start_past(self):
        build = os.environ.get("BUILD", str(e2e.ROOT / "build"))
        return self.lab.start([f"{build}/tests/past", str(self.state), str(DAYS),
                               str(self.seed)])

    def configure(self):
        folder = self.lab.dir / "config"
        folder.mkdir()
        words = {"ours": places.OURS, "ours6": places.OURS6, "folder": folder,
                 "street": places.STREET, "database": places.DATABASE, "shop": places.SHOP,
                 "printer": places.PRINTER}
        (folder / "dashboards.d").mkdir()
        shutil.copy(HERE / "rules.yaml", folder)
        shutil.copy(HERE / "dashboard.yaml", folder / "dashboards.d" / "web-site.yaml")
        (folder / "known.txt").write_text(f"{places.FLOODER}\n192.0.2.128/28\n")
        (folder / "targets.yaml").write_text(TARGETS.format(**words))
        (folder / "countries.mmdb").write_bytes(mmdb.database(WORLD))
        config = folder / "breakwater.yaml"
        config.write_text(CONFIG.format(**words))
        return config

    def start_daemon(self):
        self.monitor = self.lab.monitor(
            self.stage.server, "-c", str(self.config), "--state", str(self.state),
            "--listen", f"127.0.0.1:{PAGE}", json_output=False)
        self.monitor.state = self.state

    def let_people_in(self):
        for name, role in PEOPLE.items():
            with self.stage.server.inside():
                subprocess.run([e2e.BREAKWATER, "user", "add", name, "--role", role, "--socket",
                                str(self.monitor.socket)], input=f"{PASSWORD}\n", text=True,
                               check=True, capture_output=True,
                               preexec_fn=e2e.die_with_parent)

    def link(self, *user):
        """A link that signs in once."""
        return self.monitor.command("user", "link", *user).stdout.strip().split()[-1]

    def environment(self):
        """For who looks at the page."""
        return dict(os.environ, SCENE_URL=f"http://127.0.0.1:{PAGE}/",
                    SCENE_SOCKET=str(self.monitor.socket), SCENE_PASSWORD=PASSWORD,
                    SCENE_CONTROL=self.control.path, SCENE_CONFIG=str(self.config.parent))

    def run(self, *command):
        """In the network of the server; its exit status."""
        with self.stage.server.inside(), subprocess.Popen(
                command, env=self.environment(), preexec_fn=e2e.die_with_parent) as process:
            return process.wait()

    def start_crowd(self):
        for role, network in (("visitors", self.stage.street), ("office", self.stage.street),
                              ("slow", self.stage.slow)):
            network.start(sys.executable, str(HERE / "crowd.py"), role)


def together(*actions):
    """Runs them side by side; the first that failed is raised.

    Their threads stay: what one has started ends with it (PR_SET_PDEATHSIG).
    """
    ended = queue.Queue()

    def run(action):
        try:
            action()
            ended.put(None)
        except Exception as error:  # pylint: disable=broad-exception-caught
            ended.put(error)
        threading.Event().wait()

    for action in actions:
        threading.Thread(target=run, args=(action,), daemon=True).start()
    for error in [ended.get() for _ in actions]:
        if error is not None:
            raise error


def alone():
    """Goes on where nothing of the machine is seen: its network and its names neither."""
    e2e.check(e2e.LIBC.unshare(e2e.CLONE_NEWNET), "unshare")
    e2e.see_no_others()
    e2e.check(e2e.LIBC.mount(str(HERE / "resolv.conf").encode(), b"/etc/resolv.conf", None,
                             MS_BIND, None), "mount /etc/resolv.conf")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--seed", type=int, default=SEED)
    arguments.add_argument("--without-past", action="store_true")
    arguments.add_argument("command", nargs=argparse.REMAINDER)
    options = arguments.parse_args()
    alone()
    with e2e.Lab() as lab:
        scene = Scene(lab, options.seed, not options.without_past)
        print(f"http://127.0.0.1:{PAGE}/ {scene.times}", flush=True)
        return scene.run(*options.command or ["sleep", "infinity"])


if __name__ == "__main__":
    sys.exit(main())
