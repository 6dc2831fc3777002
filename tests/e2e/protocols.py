#!/usr/bin/env python3
"""protocols.py: what Breakwater understands of real servers and their clients.

Every module of servers/ is a scene: start() a server, talk() to it.  All scenes run at
once, on one cable; tcpdump keeps what passes.
"""
import ctypes
import importlib
import os
import pathlib
import signal
import sys
import time
import traceback

import lab as e2e
from servers.scene import CLIENT, Scene

SCENES = ("agent", "cache", "clock", "desktop", "directory", "files", "leases", "mail",
          "mailbox", "mariadb", "names", "oldshares", "postgresql", "queue", "quic",
          "redis", "screen", "shares", "shell", "telephone", "terminal", "web")
CLONE_NEWPID = 0x20000000  # sched.h


def address(name):
    return f"10.88.1.{SCENES.index(name) + 1}"


def cable(lab):
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.join(client, "net0", server, "net0")
    for network, ours in ((client, [CLIENT, "10.88.0.9"]),
                          (server, [address(name) for name in SCENES])):
        for one in ours:
            network.ip("addr", "add", f"{one}/16", "dev", "net0")
        network.ip("link", "set", "net0", "up")
    return client, server


def play(name, client, server):
    """One scene from its begin to its end, in this process."""
    with e2e.Lab() as lab:
        server.lab = lab
        e2e.set_namespace(client.fd)
        scene = Scene(lab, name, address(name), server)
        os.close(lab.outside)
        lab.outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        module = importlib.import_module(f"servers.{name}")
        began = time.monotonic()
        try:
            module.start(scene)
            started = time.monotonic()
            module.talk(scene)
        except BaseException:
            for program in scene.programs:
                print(program.process.args[1], program.err()[-2000:], program.out()[-2000:])
            if os.environ.get("KEEP"):
                os.system(f"rm -rf /tmp/keep-{name}; cp -r {scene.dir} /tmp/keep-{name}")
            raise
        print(f"{name}: start {started-began:.2f} talk {time.monotonic()-started:.2f}",
              file=sys.stderr)


def fork(action):
    pid = os.fork()
    if pid:
        return pid
    try:
        e2e.die_with_parent()
        action()
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
        os._exit(1)
    os._exit(0)


def stage(lab, name, client, server):
    """A scene in a process and PID namespace of its own; (process, what it says)."""
    said = lab.dir / f"{name}.said"

    def alone():
        with said.open("w") as out:
            os.dup2(out.fileno(), 1)
        if e2e.LIBC.unshare(CLONE_NEWPID) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        _, status = os.waitpid(fork(lambda: play(name, client, server)), 0)
        if status:
            raise e2e.Failure(f"{name}: {status}")
    return fork(alone), said


def record(lab, server):
    pcap = lab.dir / "all.pcap"
    return pcap, server.start("tcpdump", "-i", "net0", "-U", "-w", str(pcap), "-s", "0", "-B", "65536", "-Z", "root")


def main(tap, lab):
    client, server = cable(lab)
    pcap, dump = record(lab, server)
    e2e.until(lambda: "listening" in dump.err(), "tcpdump")
    names = sys.argv[1:] or SCENES
    begin = time.monotonic()
    staged = {name: stage(lab, name, client, server) for name in names}
    for name, (pid, said) in staged.items():
        _, status = os.waitpid(pid, 0)
        tap.ok(status == 0, name, said.read_text())
    print(f"# {time.monotonic() - begin:.1f} s")
    dump.end(signal.SIGINT)
    out = pathlib.Path("/tmp/pcaps")
    out.mkdir(exist_ok=True)
    for name in names:
        lab.run("tcpdump", "-r", str(pcap), "-w", str(out / f"{name}.pcap"),
                *(("port", "67") if name == "leases" else ("host", address(name))))


if __name__ == "__main__":
    os.environ["SCENE_CERTIFICATE"] = "/tmp/sv/server"
    sys.exit(e2e.main(main))
