#!/usr/bin/env python3
"""host.py: what src/host says of real sockets, beside what `ss` says of them.

The driver host_watch runs in a network namespace of its own; programs there and in
others listen.  Every part runs twice: with BPF, and without.  What it costs: cost.py.

Runs beside others.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import lab as e2e
from talker import Talker

BUILD = os.environ.get("BUILD", str(e2e.ROOT / "build"))
LISTEN = str(e2e.ROOT / "tests/e2e/listen.py")
PYTHON = "/usr/bin/python3"  # a package's own
BORROWED = "/usr/bin/env"
NOTICED_S = 1.0   # what is promised


class Asked(Talker):
    def __init__(self, lab, network, command):
        super().__init__(lab, lab.dir / f"talker-{id(self)}.out", network=network)
        self.start(command)
        self.pid = self.process.pid

    def end(self):
        """Ends with its input, or else is ended; its exit status."""
        try:
            return self.end_of_input(5)
        except subprocess.TimeoutExpired:
            return super().end()


def alone(lab):
    """A PID namespace, as a wrapper: what runs there sees none of this machine's others."""
    outer = lab.start(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                       "sleep", "infinity"])

    def sleeper():
        with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as file:
            pids = file.read().split()
        if not pids:
            return None
        with open(f"/proc/{pids[0]}/comm", encoding="ascii") as file:
            return pids[0] if file.read() == "sleep\n" else None
    return ["nsenter", "--target", e2e.until(sleeper, "a PID namespace"), "--pid",
            "--mount"]


class Listener(Asked):
    """listen.py, ready."""

    def __init__(self, lab, network, *arguments, wrapper=()):
        super().__init__(lab, network, [*wrapper, PYTHON, LISTEN, *arguments])
        e2e.until(lambda: "ready" in self.lines(), "listen.py")


class Watch(Asked):
    """The driver; its records, each read once."""

    def __init__(self, lab, network, *options, wrapper=()):
        super().__init__(lab, network, [*wrapper, f"{BUILD}/tests/host_watch", *options])
        self.read = 0
        self.records = []
        self.wait("synced")

    def poll(self):
        with self.said.open("rb") as out:
            out.seek(self.read)
            text = out.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.read += len(whole)
        self.records += [json.loads(line) for line in whole.splitlines()]
        if self.process.poll() is not None:
            raise e2e.Failure(f"host_watch ended with {self.process.returncode}")

    def find(self, kind, **fields):
        self.poll()
        return [one for one in self.records if one["record"] == kind and
                all(one.get(name) == value for name, value in fields.items())]

    def wait(self, kind, seconds=5, **fields):
        """The newest record like that."""
        e2e.until(lambda: self.find(kind, **fields), f"{kind} {fields}", seconds)
        return self.find(kind, **fields)[-1]

    def state(self):
        """The listeners there are now, by the last record of each."""
        self.poll()
        now = {}
        for one in self.records:
            if one["record"] != "listener":
                continue
            key = (one["transport"], one["ip"], one["port"], one.get("netns"),
                   one.get("pid"))
            if one["change"] == "closed":
                now.pop(key, None)
            else:
                # Its owner may have become known.
                now.pop((*key[:4], None), None)
                now[key] = one
        return now

    def cost(self):
        before = len(self.find("cost"))
        self.say("cost")
        e2e.until(lambda: len(self.find("cost")) > before, "cost")
        return self.find("cost")[-1]

    def flow(self, client, client_port, server, server_port, proto=6):
        before = len(self.find("flow"))
        self.say(f"flow {client} {client_port} {server} {server_port} {proto}")
        e2e.until(lambda: len(self.find("flow")) > before, "flow")
        return self.find("flow")[-1]


def told_by_ss(network):
    """(transport, address, port, pid) of each socket and each process that holds it."""
    found = set()
    for line in network.run("ss", "-tulnpH").stdout.splitlines():
        transport, _, _, _, local, *rest = line.split(None, 6)
        address, _, port = local.rpartition(":")
        address = address.split("%")[0].strip("[]").replace("*", "::")
        for pid in re.findall(r"pid=(\d+)", rest[-1]):
            found.add((transport, address, int(port), int(pid)))
    return found


def told_by_us(watch):
    return {(key[0], key[1], key[2], key[4]) for key in watch.state()
            if key[3] is None and key[4] is not None}


def modes():
    return (("with BPF", ()), ("without BPF", ("--no-bpf",)))


def every_kind(tap, lab):
    """All kinds of sockets at the start, and those that open later."""
    for name, options in modes():
        network = lab.namespace("kinds")
        there = Listener(lab, network, "tcp/127.0.0.1/1001", "tcp/::1/1002",
                         "tcp-dual//1003", "udp/0.0.0.0/1004", "udp/::1/1005",
                         "tcp//1006")
        watch = Watch(lab, network, *options)
        tap.equal(told_by_us(watch), told_by_ss(network),
                  f"{name}: at the start, listeners and processes are those of ss")
        means = watch.find("means")[-1]
        tap.equal((means["events"], means["owners"], means["reason"] == ""),
                  (0, 0, False) if options else (1, 1, True),
                  f"{name}: it says by what means it sees")
        dual = watch.find("listener", port=1003)[-1]
        one = watch.find("listener", port=1001)[-1]
        tap.equal((dual["ip"], dual["reach"], one["reach"]), ("::", "outside", "loopback"),
                  f"{name}: reach follows the address")
        tap.ok(one["exe"].startswith("/") and one["process"].startswith("python")
               and one["user"] == "root" and one["processes"] == 1
               and one["package"].startswith("python"),
               f"{name}: a listener has its process, executable, user and package", one)
        open_later(tap, name, network, there, watch)
        there.end()
        e2e.until(lambda w=watch: not told_by_us(w), "the end of all")
        tap.ok(True, f"{name}: all are gone with their process")
        tap.equal(watch.end(), 0, f"{name}: the watch ends cleanly")


def open_later(tap, name, network, there, watch):
    for sockets in ("tcp/127.0.0.1/2001", "tcp-dual//2002", "udp/127.0.0.1/2003",
                    "udp/::1/2004"):
        began = time.monotonic()
        port = int(sockets.rpartition("/")[2])
        there.say(f"open {sockets}")
        seen = watch.wait("listener", port=port, change="opened")
        took = time.monotonic() - began
        tap.ok(took < NOTICED_S, f"{name}: {sockets} is noticed within a second",
               f"{took:.3f} s")
        e2e.until(lambda p=port: watch.find("listener", port=p, pid=there.pid),
                  "its process")
        tap.ok(seen.get("pid") in (there.pid, None),
               f"{name}: {sockets} is never another's", seen)
    tap.equal(told_by_us(watch), told_by_ss(network),
              f"{name}: later too, listeners and processes are those of ss")
    began = time.monotonic()
    there.say("close")
    watch.wait("listener", port=2004, change="closed")
    tap.ok(time.monotonic() - began < NOTICED_S,
           f"{name}: the end of a UDP socket is noticed within a second")


def udp_clients(tap, lab):
    for name, options in modes():
        network = lab.namespace("clients")
        there = Listener(lab, network, "udp/127.0.0.1/1004")
        watch = Watch(lab, network, *options)
        there.say("udp-client")
        port = int(e2e.until(lambda t=there: t.lines()[1:], "a port")[0])
        # The listener opened after it is noticed, so the client would have been.
        there.say("open udp/127.0.0.1/1005")
        watch.wait("listener", port=1005)
        there.say("open udp/127.0.0.1/1006")
        watch.wait("listener", port=1006)
        tap.equal(watch.find("listener", port=port), [],
                  f"{name}: a UDP socket whose port the kernel chose is no listener")


def short_lived(tap, lab):
    network = lab.namespace("short")
    watch = Watch(lab, network)
    for _ in range(5):
        Listener(lab, network, "tcp/127.0.0.1/3001", "--for", "0.15")
        opened = watch.wait("listener", port=3001, change="opened")
        watch.wait("listener", port=3001, change="closed")
        if opened.get("process", "").startswith("python"):
            watch.records = [one for one in watch.records if one.get("port") != 3001]
            continue
        break
    else:
        tap.ok(True, "a process that listens for 0.15 s is seen and named, five times")
        return
    tap.ok(False, "a process that listens for 0.15 s is seen and named", opened)


def other_namespaces(tap, lab):
    for name, options in modes():
        ours, other = lab.namespace("ours"), lab.namespace("other")
        old = Listener(lab, other, "tcp/127.0.0.1/1101")
        watch = Watch(lab, ours, *options)
        number = os.fstat(other.fd).st_ino
        seen = watch.find("listener", port=1101)
        tap.ok(seen and seen[-1]["netns"] == number and seen[-1]["pid"] == old.pid,
               f"{name}: a listener in another namespace is seen at the start", seen)
        old.say("open tcp//1102")
        began = time.monotonic()
        seen = watch.wait("listener", port=1102, change="opened")
        tap.ok(time.monotonic() - began < NOTICED_S and seen["reach"] == "namespace",
               f"{name}: one that opens there is noticed within a second", seen)
        began = time.monotonic()
        third = lab.namespace("third")
        new = Listener(lab, third, "tcp//1103")
        seen = watch.wait("listener", port=1103, netns=os.fstat(third.fd).st_ino)
        tap.ok(time.monotonic() - began < NOTICED_S + 0.5,
               f"{name}: one in a namespace made just now is noticed", seen)
        count = watch.find("means")[-1]["count"]
        new.end()
        third.holder.end_now()
        watch.wait("listener", port=1103, change="closed")
        e2e.until(lambda w=watch, c=count: w.find("means")[-1]["count"] <= c,
                  "the namespace let go", 25)
        tap.ok(True, f"{name}: a namespace without a process is let go")


def few_descriptors(tap, lab):
    """Containers by the hundred must not take the descriptors that all else needs."""
    for name, options in modes():
        network = lab.namespace("few")
        there = Listener(lab, network, "tcp/127.0.0.1/1111")
        for _ in range(12):
            lab.namespace("another")
        enough = Watch(lab, network, *options, wrapper=["prlimit", "--nofile=24:1024"])
        means = enough.find("means")[-1]
        tap.ok(means["count"] > 12 and "more namespaces" not in means["reason"],
               f"{name}: the limit of descriptors is raised as far as allowed", means)
        watch = Watch(lab, network, *options, wrapper=["prlimit", "--nofile=64:64"])
        means = watch.find("means")[-1]
        tap.ok(means["count"] < 12 and "more namespaces than can be watched"
               in means["reason"], f"{name}: namespaces that are not watched are told", means)
        there.say("open tcp/127.0.0.1/1112")
        seen = watch.wait("listener", port=1112, pid=there.pid)
        tap.ok(seen.get("hidden") in (None, False) and seen["process"].startswith("python"),
               f"{name}: and our own listeners are still known by their process", seen)


def shared(tap, lab):
    for name, options in modes():
        network = lab.namespace("shared")
        several = [Listener(lab, network, "reuse/127.0.0.1/1201") for _ in range(4)]
        forked = Listener(lab, network, "tcp/127.0.0.1/1202", "--forks", "3")
        watch = Watch(lab, network, *options)
        pids = {one["pid"] for one in watch.find("listener", port=1201, netns=None)}
        tap.equal(pids, {one.pid for one in several},
                  f"{name}: four processes with SO_REUSEPORT are four listeners")
        one = watch.find("listener", port=1202, netns=None)
        tap.equal([(o["pid"], o["processes"]) for o in one], [(forked.pid, 4)],
                  f"{name}: a socket of a process and its three children is the oldest's")


def broken_off(tap, lab):
    """A scanner's RST ends a handshake: the socket counts a drop, but there was room."""
    if not e2e.has_tree("nmap"):
        tap.skip("a handshake that is broken off: needs nmap in build/tree")
        return
    for name, options in modes():
        network = lab.namespace("broken")
        Listener(lab, network, "tcp/127.0.0.1/1302")
        watch = Watch(lab, network, *options)
        watch.wait("listener", port=1302)
        for _ in range(5):
            network.tree("nmap", "-n", "-Pn", "-sS", "-p1302", "127.0.0.1")
        drops = network.run("ss", "-Htlnm", "sport = :1302").stdout
        tap.ok(re.search(r",d[1-9]", drops), f"{name}: the kernel counts them as drops of the socket", drops)
        # A full queue is told, and it drops nobody yet.
        waiting = [network.socket() for _ in range(5)]
        for made in waiting:
            made.connect(("127.0.0.1", 1302))
        seen = watch.wait("listener", port=1302, change="changed", backlog=5)
        tap.equal(seen["overflows"], 0, f"{name}: a handshake that its client breaks off is no overflow", seen)


def full_queue(tap, lab):
    for name, options in modes():
        network = lab.namespace("queue")
        Listener(lab, network, "tcp/127.0.0.1/1301")
        watch = Watch(lab, network, *options)
        waiting = []
        for _ in range(20):
            made = network.socket()
            made.setblocking(False)
            made.connect_ex(("127.0.0.1", 1301))
            waiting.append(made)
        seen = watch.wait("listener", port=1301, change="changed", backlog=5)
        tap.equal(seen["backlog_max"], 4, f"{name}: a full accept queue is told", seen)
        e2e.until(lambda w=watch: w.find("listener", port=1301)[-1]["overflows"] > 0,
                  "overflows", 20)
        tap.ok(True, f"{name}: connections dropped for lack of room are counted")
        counted = e2e.until(lambda w=watch: [
            one for one in w.find("socket", port=1301) if one["established"] >= 5],
            "counts", 12)[-1]
        tap.ok(counted["listen"] == 1 and counted.get("min_rtt_us") is not None,
               f"{name}: its connections are counted by state and measured", counted)


def hidden(tap, lab):
    network = lab.namespace("hidden")
    there = Listener(lab, network, "tcp/127.0.0.1/1401", "tcp/127.0.0.1/1402")
    empty = lab.dir / "empty"
    empty.mkdir()
    wrapper = ["unshare", "--mount", "sh", "-c",
               f"mount --bind {empty} /proc/{there.pid} && exec \"$@\"", "sh"]
    watch = Watch(lab, network, wrapper=wrapper)
    seen = watch.wait("listener", port=1401, hidden=True)
    tap.ok(seen["pid"] == there.pid and seen["process"].startswith("python"),
           "a listener whose process is missing from /proc is hidden, and named", seen)
    other = Listener(lab, network, "tcp/127.0.0.1/1403")
    watch.wait("listener", port=1403, pid=other.pid)
    tap.equal(watch.find("listener", port=1403)[-1]["hidden"], False,
              "one whose process is there is not")


def borrowed_path(tap, lab):
    """An ordinary user mounts a program of his own over one of a package's."""
    network = lab.namespace("borrowed")
    own = lab.dir / "own"
    shutil.copy(os.path.realpath(PYTHON), own)
    lab.dir.chmod(0o755)
    watch = Watch(lab, network)
    wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare",
               "--user", "--map-root-user", "--mount", "sh", "-c",
               f"mount --bind {own} {BORROWED} && shift && exec {BORROWED} \"$@\"", "sh"]
    try:
        there = Listener(lab, network, "tcp/127.0.0.1/1421", wrapper=wrapper)
    except (e2e.Failure, OSError) as error:
        tap.skip("an executable at a package's path is not that package's", error)
        return
    seen = watch.wait("listener", port=1421, pid=there.pid)
    tap.ok(seen["exe"] == BORROWED and "package" not in seen,
           "an executable at a package's path is not that package's", seen)


LEAVES = """import socket
listener, way = socket.socket(), socket.socket(fileno=0)
listener.bind(("127.0.0.1", 1411))
listener.listen()
socket.send_fds(way, [b"x"], [listener.fileno()])"""


def left_behind(tap, lab):
    """As rpc.nfsd: a process gives its socket to the kernel (here, into a queue) and ends."""
    network = lab.namespace("left")
    watch = Watch(lab, network)
    ours, theirs = socket.socketpair()
    with ours, theirs, network.inside():
        subprocess.run([PYTHON, "-c", LEAVES], stdin=theirs, check=True)
        seen = watch.wait("listener", 20, port=1411, process="kernel")
        tap.ok("pid" not in seen, "a listener whose process has ended is the kernel's", seen)
        tap.equal(watch.find("listener", port=1411, hidden=True), [], "and never hidden")


def names(tap, lab):
    for name, options in modes():
        network = lab.namespace("names")
        server = Listener(lab, network, "tcp/127.0.0.1/1501")
        watch = Watch(lab, network, *options)
        client = network.connect("127.0.0.1", 1501)
        port = client.getsockname()[1]
        flow = watch.flow("127.0.0.1", port, "127.0.0.1", 1501)
        tap.equal(flow.get("pid"), server.pid,
                  f"{name}: a flow between two local ends is the server's")
        watch.wait("connection", 12, local_port=port) if not options else None
        network.ip("link", "add", "far", "type", "veth", "peer", "name", "farther")
        network.ip("addr", "add", "10.99.0.1/24", "dev", "far")
        tap.ok("pid" not in watch.flow("10.99.0.9", 4000, "10.99.0.8", 1501),
               f"{name}: a flow between others is nobody's")
        server.end()
        watch.wait("listener", port=1501, change="closed")
        flow = watch.flow("127.0.0.1", port, "127.0.0.1", 1501)
        tap.equal(flow.get("pid"), server.pid,
                  f"{name}: a flow is still named just after its server has gone")


def outgoing(tap, lab):
    """A client's flow, to a server that is not here."""
    near, far = lab.namespace("near"), lab.namespace("far")
    lab.plug(near, "near", ["10.98.0.1"], far, "far", ["10.98.0.2"])
    far.listen("10.98.0.2", 1601)
    watch = Watch(lab, near)
    # We stand in for the client ourselves.
    client = near.connect("10.98.0.2", 1601)
    port = client.getsockname()[1]
    told = watch.wait("connection", local_port=port, remote_port=1601)
    tap.equal((told["local"], told["remote"], told["pid"]),
              ("10.98.0.1", "10.98.0.2", os.getpid()),
              "an outgoing connection is told with its process")
    far.run("true")
    client.close()
    datagram = near.socket(kind=socket.SOCK_DGRAM)
    datagram.connect(("10.98.0.2", 53))
    port = datagram.getsockname()[1]
    datagram.close()
    told = watch.wait("connection", local_port=port, remote_port=53, proto=17)
    tap.equal(told["pid"], os.getpid(), "so is a UDP client that has come and gone")


def pid_namespace(tap, lab):
    """Numbers of processes are those of the /proc that we read."""
    for name, options in modes():
        network, wrapper = lab.namespace("pids"), alone(lab)
        there = Listener(lab, network, "tcp/127.0.0.1/1801", wrapper=wrapper)
        watch = Watch(lab, network, *options, wrapper=wrapper)
        there.say("open tcp/127.0.0.1/1802")
        new = watch.wait("listener", port=1802, change="opened")
        e2e.until(lambda w=watch: "pid" in w.find("listener", port=1802)[-1], "its process")
        new = watch.find("listener", port=1802)[-1]
        old = watch.find("listener", port=1801)[-1]
        tap.ok(old["pid"] == new["pid"] < 100 and new["process"].startswith("python"),
               f"{name}: in a PID namespace processes have the numbers it gives", old, new)


def reused_number(tap, lab):
    """Another process gets the number of one that was looked at a moment ago."""
    other = lab.dir / "other"
    shutil.copy(os.path.realpath(PYTHON), other)
    for name, options in modes():
        network, wrapper = lab.namespace("reused"), alone(lab)
        watch = Watch(lab, network, *options, wrapper=wrapper)
        first = Listener(lab, network, "tcp/127.0.0.1/1811", wrapper=wrapper)
        e2e.until(lambda w=watch: any("pid" in one for one in
                                      w.find("listener", port=1811)), "its process")
        pid = watch.find("listener", port=1811)[-1]["pid"]
        first.process.stdin.close()
        watch.wait("listener", port=1811, change="closed")
        Listener(lab, network, wrapper=[
            *wrapper, "sh", "-c", f"exec 3<&0; echo {pid - 1} >/proc/sys/kernel/ns_last_pid;"
            f"shift; {other} \"$@\" tcp/127.0.0.1/1812 <&3 & wait", "sh"])
        e2e.until(lambda w=watch: any("pid" in one for one in
                                      w.find("listener", port=1812)), "its process")
        wrong = [one for one in watch.find("listener", port=1812)
                 if one.get("process") not in (None, "other") or one.get("pid", pid) != pid]
        tap.equal(wrong, [], f"{name}: who got the number of another is not that other")


def unprivileged(tap, lab):
    network = lab.namespace("nobody")
    there = Listener(lab, network, "tcp/127.0.0.1/1701", "udp/127.0.0.1/1702")
    watch = Watch(lab, network,
                  wrapper=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    seen = watch.find("listener", port=1701) + watch.find("listener", port=1702)
    tap.ok(len(seen) == 2 and not any("pid" in one or "hidden" in one for one in seen),
           "without privileges listeners are seen, and nothing is made up", seen)
    means = watch.find("means")[-1]
    tap.ok(means["processes"] == 0 and means["owners"] == 0 and means["reason"],
           "and it says what it can't see", means)
    began = time.monotonic()
    there.say("open tcp/127.0.0.1/1703")
    watch.wait("listener", port=1703)
    tap.ok(time.monotonic() - began < NOTICED_S, "a new one is noticed within a second")


if __name__ == "__main__":
    sys.exit(e2e.main(every_kind, udp_clients, short_lived, other_namespaces,
                      few_descriptors, shared, broken_off, full_queue, hidden, left_behind,
                      borrowed_path, names, outgoing, pid_namespace, reused_number,
                      unprivileged))
