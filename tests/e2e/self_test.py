#!/usr/bin/env python3
"""self_test.py: the daemon attacks itself from a namespace of its own: that it passes
where all is well, leaves nothing behind, and says what is wrong where something is.
Runs beside others.
"""
import json
import os
import pathlib
import signal
import sys

import lab as e2e
from lab import until

ON = "block:\n  mode: \"on\"\n  self_test: {every}\n  xdp: [{xdp}]\n"


def house(lab, every="1h", options=(), ip6=True, xdp=""):
    """A namespace without a cable, and a daemon that blocks in it."""
    server = lab.namespace("server")
    if not ip6:
        for which in ("all", "default"):
            server.set(f"net.ipv6.conf.{which}.disable_ipv6", 1)
    config = lab.dir / f"on-{len(list(lab.dir.iterdir()))}.yaml"
    config.write_text(ON.format(every=every, xdp=xdp))
    return server, lab.monitor(server, "-c", str(config), *options)


def process(monitor, name):
    """The pid of that one of our daemon's processes."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "stat").read_text().rsplit(")", 1)[1].split()
            parent = int(words[1])
            keeper = (pathlib.Path("/proc") / str(parent) / "stat").read_text()
            if ((path / "comm").read_text().strip() == name and
                    int(keeper.rsplit(")", 1)[1].split()[1]) == monitor.program.pid):
                return int(path.name)
        except (OSError, IndexError):
            pass
    return None


def tested(monitor, status):
    """The record of a test made now, which ends with that exit status."""
    done = monitor.command("self-test", "--json", status=None)
    if done.returncode != status:
        raise e2e.Failure(f"self-test: exit {done.returncode}: {done.stdout}{done.stderr}"
                          f"{monitor.program.err()}")
    return json.loads(done.stdout)


def audited(monitor):
    return [one for one in monitor.get("audit") if one["action"] == "self_test"]


def is_of_the_test(record):
    return record.get("iface") == "bw-selftest" or any(
        str(record.get(name)).startswith(("198.18.", "198.19.", "fd"))
        for name in ("ip", "client_ip", "server_ip", "address"))


def links_of(network):
    return [link["ifname"] for link in json.loads(network.ip("-j", "link").stdout)]


def passes(tap, lab):
    server, monitor = house(lab, xdp="lo")
    record = tested(monitor, 0)
    tap.equal((record["result"], record.get("versions"), record["passed"]),
              ("passed", "IPv4, IPv6, XDP", 0), "where all is well it passes", record)
    tap.equal(record["seen"], record["sent"], "the capture lost nothing, but what XDP dropped",
              record)
    tap.ok(record["sent"] >= 480 and 0 < record["detect_us"] < 1e6 and
           record["detect_us"] < record["block_us"] + 1000 < 1e6,
           "it says how long it took", record)
    print(f"# {record}")
    tap.equal(links_of(server), ["lo"], "its link is gone")
    audit = until(lambda: audited(monitor), "the audit chain has it")
    tap.equal([(one["actor"], one["after"].split(":")[0]) for one in audit],
              [("root", "passed")], "the audit chain has it", audit)
    tap.equal([one["result"] for one in monitor.get("self_tests")], ["passed"],
              "and so has the store")
    hidden = [one for what in ("findings", "flows", "ports", "listeners", "sockets",
                               "findings?since=1h", "flows?since=1h", "blocks")
              for one in monitor.get(what) if is_of_the_test(one)]
    tap.equal(hidden, [], "nothing of it is shown as an attack, or as traffic")
    told = [one for one in monitor.program.records() if is_of_the_test(one)]
    tap.equal(told, [], "nor told to whoever looks on")
    text = monitor.command("status").stdout
    tap.ok("proven " in text and "0 of " in text and "packets lost" in text,
           "status says when it was last proven", text)
    table = server.run("nft", "list", "ruleset").stdout
    tap.ok("elements" not in table, "no block is left", table)
    monitor.stop()
    again = lab.monitor(server, "--state", str(monitor.state))
    text = again.command("status").stdout
    tap.ok("proven " in text and "packets lost" in text,
           "and another daemon knows what was proven", text)


def without_a_wall(tap, lab):
    """The wall is stopped; then the process that tests is killed."""
    server, monitor = house(lab, ip6=False)
    wall = process(monitor, "breakwater-wall")
    os.kill(wall, signal.SIGSTOP)
    record = tested(monitor, 1)
    tap.ok("the process that keeps the firewall did not answer" in record["detail"],
           "a wall that does nothing is found out", record)
    status = monitor.command("status", status=None).stdout
    tap.ok("Not fine" in status and "self-test of blocking failed" in status,
           "and status says so", status)
    os.kill(wall, signal.SIGCONT)
    tap.equal(tested(monitor, 0)["versions"], "IPv4", "it passes when the wall goes on")
    server.run("nft", "add table inet other; add chain inet other in "
               "{ type filter hook input priority 0; policy drop; }")
    record = tested(monitor, 5)
    tap.ok("captured and got no answer" in record["detail"],
           "another firewall that stops its packets is told", record)
    server.run("nft", "flush", "ruleset")
    victim = process(monitor, "breakwater-self")
    begun = lab.start([e2e.BREAKWATER, "self-test", "--socket", str(monitor.socket)])
    until(lambda: "bw-selftest" in links_of(server), "its link is there")
    os.kill(victim, signal.SIGKILL)
    tap.equal(begun.wait(), 5, "a test whose process is killed is no proof", begun.out())
    until(lambda: process(monitor, "breakwater-self"), "it is started again")
    tap.equal(tested(monitor, 0)["result"], "passed", "the next one passes")


def unseen(tap, lab):
    """A capture that does not look, and no test for longer than there should be."""
    _, monitor = house(lab, every="1s", options=("-f", "not net 198.18.0.0/15"), ip6=False)
    record = until(lambda: audited(monitor), "a test that nobody asked for", 20)[0]
    tap.equal(record["actor"], "breakwater", "tests are made without being asked for")
    tap.ok("packets did not reach the capture" in record["after"],
           "a capture that does not see them is found out", record)
    until(lambda: monitor.get("status")["self_test"]["stale"], "it is stale", 20)
    text = monitor.command("status", status=None).stdout
    tap.ok("last proven never" in text, "that nothing was proven for long is told", text)


def without_rights(tap, lab):
    server = lab.namespace("server")
    lab.dir.chmod(0o777)
    monitor = lab.monitor(server, through=("setpriv", "--reuid", "nobody", "--regid",
                                           "nogroup", "--clear-groups", "--bounding-set",
                                           "-all"))
    record = tested(monitor, 5)
    tap.ok("Operation not permitted" in record["detail"],
           "who may not make a namespace says so", record)


if __name__ == "__main__":
    sys.exit(e2e.main(passes, without_a_wall, unseen, without_rights))
