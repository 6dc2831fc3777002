"""fleet_lab.py: real NATS servers (JetStream), one or a cluster of three, each in a network
namespace of its own and plugged into a switch, so that it can be killed, started again and
cut off; no tests itself.
"""
import http.client
import json
import os
import signal

import lab as e2e
from lab import Failure, until
from talker import Talker

BUILD = os.environ.get("BUILD", str(e2e.ROOT / "build"))
CLIENTS, ROUTES, MONITORING = 4222, 6222, 8222
PATIENCE_S = 60  # of what asks several times, and each time waits for its answer
ELECTED_S = 60  # a busy machine; without load it takes 5 to 15 s
LANES = ("event", "port", "evidence", "flow")


def stream_of(lane):
    return f"BW_{lane.upper()}"


def has_nats():
    return os.path.exists(e2e.TREE_RUN) and e2e.has_tree("nats-server")


class Switch:
    """A bridge in a namespace; what is plugged in gets an address, and can be cut off."""

    def __init__(self, lab, subnet="10.90.0"):
        self.lab, self.subnet, self.count = lab, subnet, 0
        self.network = lab.namespace("switch")
        self.network.ip("link", "add", "switch", "type", "bridge")
        self.network.ip("link", "set", "switch", "up")

    def plug(self, name):
        """A namespace behind a cable; it knows its address and how to be cut off."""
        self.count += 1
        network = self.lab.namespace(name)
        network.address = f"{self.subnet}.{self.count}"
        network.port = f"port{self.count}"
        self.lab.join(self.network, network.port, network, "eth0")
        self.network.ip("link", "set", network.port, "master", "switch")
        self.network.ip("link", "set", network.port, "up")
        network.ip("addr", "add", f"{network.address}/24", "dev", "eth0")
        network.ip("link", "set", "eth0", "up")
        return network

    def cut_off(self, network):
        """Nothing is refused: what is sent does not arrive."""
        self.network.ip("link", "set", network.port, "down")

    def join_again(self, network):
        self.network.ip("link", "set", network.port, "up")


class Node:
    """A nats-server; more: lines of its configuration, as of TLS."""

    def __init__(self, cluster, number, more=""):
        self.cluster, self.name = cluster, f"nats-{number}"
        self.network = cluster.switch.plug(self.name)
        self.address = self.network.address
        self.dir = cluster.lab.dir / self.name
        self.dir.mkdir()
        self.more, self.program = more, None

    def write(self):
        lines = [f"server_name: {self.name}",
                 f"listen: {self.address}:{CLIENTS}",
                 f"http: {self.address}:{MONITORING}",
                 f'jetstream {{ store_dir: "{self.dir}/store" }}']
        others = [f"nats://{node.address}:{ROUTES}" for node in self.cluster.nodes]
        if len(others) > 1:
            lines.append(f"cluster {{ name: lab, listen: {self.address}:{ROUTES}, "
                         f"routes: [{', '.join(others)}] }}")
        (self.dir / "nats.conf").write_text("\n".join([*lines, self.more, ""]))

    def start(self):
        self.program = self.network.start_tree("nats-server", "-c",
                                               str(self.dir / "nats.conf"))

    def kill(self):
        self.program.end(signal.SIGKILL)

    def get(self, path):
        """What its monitoring answers; None if it does not."""
        with self.network.inside():
            connection = http.client.HTTPConnection(self.address, MONITORING, timeout=5)
            try:
                connection.request("GET", path)
                return json.loads(connection.getresponse().read())
            except (OSError, ValueError):
                return None
            finally:
                connection.close()

    def is_ready(self):
        if not self.program.runs():
            raise Failure(f"{self.name} ended: {self.program.err()[-2000:]}")
        # Of the server alone: 2.9 finds streams unwell for ever whose leader was killed.
        return (self.get("/healthz?js-server-only=true") or {}).get("status") == "ok"

    def streams(self):
        """Of all its accounts: what it says of each stream."""
        told = self.get("/jsz?accounts=true&streams=true&consumers=true") or {}
        return {stream["name"]: stream
                for account in told.get("account_details") or []
                for stream in account.get("stream_detail") or []}


class Cluster:
    """Servers that were started, and have elected who leads."""

    def __init__(self, lab, count=1, switch=None, more=""):
        self.lab, self.switch = lab, switch or Switch(lab)
        self.nodes = []
        for number in range(count):
            self.nodes.append(Node(self, number + 1, more))
        for node in self.nodes:
            node.write()
        self.start()

    def start(self):
        for node in self.nodes:
            if node.program is None or not node.program.runs():
                node.start()
        self.wait_until_ready()

    def wait_until_ready(self):
        for node in self.nodes:
            if node.program.runs():
                until(node.is_ready, f"{node.name}: {node.program.err()[-2000:]}", ELECTED_S)

    def lagging(self):
        """Streams of which not every server has all, by what their leader says."""
        told = [(node, name, stream.get("cluster") or {}) for node in self.nodes
                for name, stream in node.streams().items()]
        held = {name for node, name, cluster in told if cluster.get("leader") == node.name
                and sum(1 for one in cluster.get("replicas", ())
                        if one.get("current") and not one.get("offline"))
                == len(self.nodes) - 1}
        return sorted({name for _, name, _ in told} - held) if told else ["all"]

    def wait_until_current(self):
        """A second may be killed: a server that has just started has yet to copy what came
        meanwhile, and until then can't elect anybody without who has it."""
        self.wait_until_ready()
        until(lambda: not self.lagging(), "each server has its copy of each stream", ELECTED_S,
              0.2)

    def kill_all(self):
        for node in self.nodes:
            node.program.process.kill()
        for node in self.nodes:
            node.program.wait()

    def servers(self, scheme="nats"):
        return ",".join(f"{scheme}://{node.address}:{CLIENTS}" for node in self.nodes)

    def leader(self, stream, seconds=ELECTED_S):
        """The node that leads a stream, when it is known and runs."""
        def find():
            for node in self.nodes:
                if not node.program.runs():
                    continue
                told = node.streams().get(stream) or {}
                name = (told.get("cluster") or {}).get("leader", "")
                leads = [one for one in self.nodes if one.name == name]
                if len(self.nodes) == 1 and told:
                    return node
                if leads and leads[0].program.runs() and leads[0] is node:
                    return node
            return None
        return until(find, f"a leader of {stream}", seconds, 0.1)

    def state(self, stream):
        """How many messages and bytes it has, by its leader."""
        return self.leader(stream).streams()[stream]["state"]


class Link(Talker):
    """link_driver.c: a connection of ours, told what to do."""

    def __init__(self, lab, network, servers, *more):
        lab.links = getattr(lab, "links", 0) + 1
        super().__init__(lab, lab.dir / f"link-{lab.links}.said",
                         lab.dir / f"link-{lab.links}.errors", network)
        self.start([f"{BUILD}/tests/link_driver", servers, *map(str, more)])

    def is_up(self):
        return self.answer("up", "up", PATIENCE_S) == 0

    def wait_until_up(self, seconds=ELECTED_S):
        until(self.is_up, f"a connection: {self.said.read_text()[-500:]}", seconds, 0.1)

    def make_streams(self, replicas=1, bytes_max=1 << 30, seconds=ELECTED_S):
        """Also before all servers know each other: it is tried until it works."""
        self.wait_until_up()
        until(lambda: self.answer(f"streams {replicas} {bytes_max}", "streams",
                                  PATIENCE_S) == 0,
              f"streams: {self.said.read_text()[-500:]}", seconds, 0.5)

    def followed(self):
        return [one["followed"] for one in self.objects() if "followed" in one]
