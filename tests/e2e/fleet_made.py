"""fleet_made.py: a fleet as `breakwater fleet init` makes it, with real NATS servers in TLS, in
one network namespace, and what lets machines join; no tests itself.
"""
import json
import subprocess

import lab as e2e
from fleet_lab import BUILD, Link
from lab import BREAKWATER, Failure, until
from nats_client import Client, read_credentials

ADDRESS, PORT = "127.0.0.1", 4222
MONITORING_STEP = 4000
READY_S = 60


class Fleet:
    """Servers on 127.0.0.1:4222 and the ports after it."""

    def __init__(self, lab, servers=1, network=None, name="fleet"):
        self.lab, self.network = lab, network or lab.namespace("fleet")
        self.dir = lab.dir / name
        self.dir.mkdir()
        self.state, self.out = self.dir / "hub", self.dir / "servers"
        self.servers = [f"tls://{ADDRESS}:{PORT + number}" for number in range(servers)]
        self.nodes, self.hubs = {}, []
        self.made = self.command("init", "--servers", ",".join(self.servers), "--out",
                                 self.out, "--name", name)

    # pylint: disable-next=too-many-arguments
    def command(self, *words, state=None, status=0, text=None, seconds=60, config="/dev/null"):
        """`breakwater fleet ...`, in the hub's state folder."""
        command = [BREAKWATER, "fleet", *map(str, words), "--state",
                   str(state or self.state), "-c", str(config)]
        with self.network.inside():
            done = subprocess.run(command, input=text or "", capture_output=True, text=True,
                                  check=False, timeout=seconds,
                                  preexec_fn=e2e.die_with_parent)
        if status is not None and done.returncode != status:
            raise Failure(f"{' '.join(command)}: exit {done.returncode}: {done.stderr}"
                          f"{done.stdout}")
        return done

    # ---- servers ----

    def folder(self, number=0):
        return self.out / f"{ADDRESS}-{PORT + number}"

    def start_node(self, number):
        with self.network.inside():
            self.nodes[number] = self.lab.start([e2e.TREE_RUN, "nats-server", "-c",
                                                 "nats-server.conf"],
                                                cwd=self.folder(number))

    def get(self, number, path):
        """What a server's monitoring answers."""
        done = self.network.run("curl", "-s", "-m", "5", f"http://127.0.0.1:"
                                f"{PORT + number + MONITORING_STEP}{path}", status=None)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None

    def node_is_ready(self, number):
        node = self.nodes[number]
        if not node.runs():
            raise Failure(f"nats-server ended: {node.err()[-2000:]}")
        return (self.get(number, "/healthz?js-server-only=true") or {}).get("status") == "ok"

    def start_nodes(self):
        for number in range(len(self.servers)):
            self.start_node(number)
        for number in range(len(self.servers)):
            until(lambda number=number: self.node_is_ready(number), "a server is ready",
                  READY_S, 0.1)

    # ---- a hub ----

    def start_hub(self, state=None):
        """What a hub does for the fleet's trust; returns the program."""
        with self.network.inside():
            hub = self.lab.start([f"{BUILD}/tests/joining_driver", str(state or self.state),
                                  "3" if len(self.servers) >= 3 else "1"])
        until(lambda: "ready" in hub.out() or not hub.runs(), "a hub", READY_S, 0.05)
        if not hub.runs():
            raise Failure(f"the hub ended: {hub.err()}")
        self.hubs.append(hub)
        return hub

    def audited(self, action=None):
        """What went into the audit chain of any hub: action, actor, subject, before, after."""
        lines = [line.split("\t")[1:] for hub in self.hubs for line in hub.out().splitlines()
                 if line.startswith("audit\t")]
        return [line for line in lines if action in (None, line[0])]

    def hub_link(self):
        """A connection with all rights of a hub, to look with."""
        folder = self.state / "fleet"
        link = Link(self.lab, self.network, ",".join(self.servers), folder / "hub.creds",
                    folder / "ca.pem")
        link.wait_until_up()
        return link

    # ---- sensors ----

    def token(self, *words):
        return self.command("token", *words).stdout.strip()

    def join(self, name, *words, status=0, token=None):
        """Joins, as a machine of its own; its state folder, or what the command said."""
        state = self.dir / name
        done = self.command("join", "--name", name, *words, state=state, status=status,
                            text=token or self.token())
        return state if status == 0 else done

    def client(self, state, number=0, name=None, file="sensor.creds"):
        """A connection with a sensor's key, by hand; in the state folder of that name."""
        folder = state / "fleet"
        return Client(self.network, ADDRESS, PORT + number, folder / "ca.pem",
                      *read_credentials(folder / file),
                      f"_INBOX_{name or state.name}")
