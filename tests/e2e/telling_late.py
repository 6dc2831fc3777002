#!/usr/bin/env python3
"""telling_late.py: a running daemon tells a webhook that was down of everything, once;
a bad file changes nothing; no secret is shown; a cut network is one message.
Runs beside others.
"""
import contextlib
import json
import signal
import sys
import threading

import lab as e2e
from daemon import cable
from lab import until
from notify import ADDRESS, SECRET, Hook, network_of
from telling import again, are_up, incident_of, rules_file, start_with, target

FIRST, OTHER = 8001, 8003
OTHER_HOST = "10.88.7.1"
BEHIND = 30
TELL = """sinks:
- name: hook
  url: "webhook:"
  url_file: {url}
routes:
- to: hook
"""


def messages(hook):
    return [json.loads(body) for _, _, body in list(hook.got)]


def of_each(hook):
    return [(one["reason"], incident["target"]) for one in messages(hook)
            for incident in one["incidents"]]


def waiting(monitor):
    return monitor.get("status")["sender"]["waiting"]


def tell_file(lab, network, port):
    url = lab.dir / "url"
    url.write_text(f"http://{ADDRESS}:{port}/{SECRET}\n")
    url.chmod(0o600)  # root's: read before rights are given up
    folder = lab.dir / "notify"
    folder.mkdir()
    tell = folder / "tell.yaml"
    tell.write_text(TELL.format(url=url))
    return Hook(lab, network, port), tell


def falls(monitor, listener, where, count):
    """A target ends, and its message waits."""
    listener.close()
    until(lambda: incident_of(monitor, where), f"an incident of {where}")
    until(lambda: waiting(monitor) == count,
          f"{count} messages wait: {monitor.program.err()}")


def late(tap, lab, network, monitor, hook):
    """Two that began and one that ended, over a restart."""
    first, other = target(FIRST), target(OTHER, OTHER_HOST)
    falls(monitor, lab.first, first, 1)
    falls(monitor, lab.other, other, 2)
    tap.equal(monitor.stop(), 0, "it ends well though messages wait")
    monitor = again(lab, network, monitor.state)
    network.listen(OTHER_HOST, OTHER)
    until(lambda: waiting(monitor) == 3, "the end of one waits, too")
    hook.begin()
    monitor.program.process.send_signal(signal.SIGHUP)  # tries at once
    until(lambda: waiting(monitor) == 0, "nothing waits")
    tap.equal(sorted(of_each(hook)), sorted([("new", first), ("new", other),
                                             ("resolved", other)]),
              "who was down gets everything, once, over a restart")
    keys = [key for _, key, _ in hook.got]
    tap.ok(len(keys) == len(set(keys)) and
           of_each(hook).index(("new", other)) < of_each(hook).index(("resolved", other)),
           "each with its own key, and in order", keys)
    return monitor


def bad_file(tap, network, monitor, hook, tell):
    before, right = monitor.program.err(), tell.read_text()
    tell.write_text(right + "  when: later\n")
    monitor.program.process.send_signal(signal.SIGHUP)
    until(lambda: "not changed" in monitor.program.err()[len(before):], "a word about it")
    said = monitor.program.err()[len(before):]
    tap.ok(f"{tell}:7:3: " in said, "a bad file is told with line and column", said)
    until(lambda: "has an error; older rules are in force" in
          monitor.command("status", status=None).stdout, "status says so as well")
    network.listen(ADDRESS, FIRST)
    until(lambda: ("resolved", target(FIRST)) in of_each(hook), "the next message")
    tap.equal(len(hook.got), 4, "and changes nothing: who was told is told of the end",
              of_each(hook))
    tell.write_text(right)


def is_in(folder, secret):
    return [path for path in folder.rglob("*") if path.is_file() and
            secret.encode() in path.read_bytes()]


def nobody_sees_the_secret(tap, lab, monitor):
    shown = monitor.network.run(e2e.BREAKWATER, "config", "show", "-c",
                                str(lab.dir / "config.yaml")).stdout
    told = monitor.command("status", "--json", status=None).stdout
    tap.ok("tell.yaml" in shown and SECRET not in shown + told, "config show and status",
           shown, told)
    monitor.stop()
    tap.ok(SECRET not in monitor.program.out() + monitor.program.err() and
           not is_in(monitor.state, SECRET), "logs and what is kept hold no secret",
           is_in(monitor.state, SECRET))


def down_for_a_while(tap, lab):
    network = network_of(lab)
    network.ip("addr", "add", f"{OTHER_HOST}/32", "dev", "lo")
    hook, tell = tell_file(lab, network, 9098)
    lab.first, lab.other = network.listen(ADDRESS, FIRST), network.listen(OTHER_HOST, OTHER)
    targets = [target(FIRST), target(OTHER, OTHER_HOST)]
    monitor = start_with(lab, network, rules=[rules_file(lab)], targets=targets,
                         files=[tell])
    until(lambda: are_up(monitor, *targets), "all is well")
    monitor = late(tap, lab, network, monitor, hook)
    bad_file(tap, network, monitor, hook, tell)
    nobody_sees_the_secret(tap, lab, monitor)


def take_all(listener):
    """Or connections would wait until there is no room, and their targets be down."""
    def take():
        with contextlib.suppress(OSError):  # it is closed
            while True:
                listener.accept()[0].close()

    listener.settimeout(None)
    threading.Thread(target=take, daemon=True).start()


def parent_is_blamed(monitor, parent):
    """What is down, if it is known that the parent is.  The kernel counts what it can't
    answer as dropped, which is another incident, of less severity."""
    lasting = [one for one in monitor.get("incidents")
               if (one["state"], one["rule"]) == ("firing", "down")]
    said = [one for one in lasting if one["target"] == parent or
            parent in one.get("cause", "")]
    return lasting if said else []


def a_cut_is_one_message(tap, lab):
    near, far = cable(lab)
    near.ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")
    near.ip("route", "add", "10.79.0.0/24", "via", "10.78.0.2")
    parent = f"{target(22, '10.78.0.2')}?timeout=500ms"
    behind = [f"10.79.0.{number}" for number in range(1, BEHIND + 1)]
    for address in behind:
        far.ip("addr", "add", f"{address}/32", "dev", "lo")
    for port in (22, 80):
        take_all(far.listen("0.0.0.0", port))
    files = lab.dir / "probe"
    files.mkdir()
    # One lost answer is no fall; and the parent falls last, when all has been noticed.
    (files / "targets.yaml").write_text(
        f"- {{target: '{parent}', fails: 4, of: 5}}\n" + "".join(
        f"- {{target: '{target(80, address)}?timeout=500ms', parent: '{parent}', fails: 2}}\n"
        for address in behind))
    hook, tell = tell_file(lab, near, 9098)
    hook.begin()
    monitor = start_with(lab, near, files=[tell],
                         probes=[files / "targets.yaml"])
    until(lambda: len([one for one in monitor.get("probes")
                       if one.get("hard_state") == "up"]) == BEHIND + 1, "all is well")
    far.ip("route", "add", "blackhole", "10.78.0.1/32")
    until(lambda: hook.got, "a message")
    lasting = until(lambda: parent_is_blamed(monitor, parent), "its parent's end")
    tap.ok(len(lasting) == 1 and lasting[0]["alerts"] > 1,
           "what is behind it and the parent are one incident", lasting)
    far.ip("route", "del", "blackhole", "10.78.0.1/32")
    until(lambda: len([one for one in monitor.get("probes")
                       if one.get("hard_state") == "up"]) == BEHIND + 1, "all is well again",
          20)
    until(lambda: "resolved" in [one["reason"] for one in messages(hook)], "the end")
    tap.equal([(one["reason"], len(one["incidents"])) for one in messages(hook)],
              [("new", 1), ("resolved", 1)],
              f"a cut to {BEHIND} targets behind one is one message, and its end one",
              of_each(hook))


if __name__ == "__main__":
    sys.exit(e2e.main(down_for_a_while, a_cut_is_one_message))
