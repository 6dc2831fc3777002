#!/usr/bin/env python3
"""telling.py: a running daemon tells a real Alertmanager of what goes wrong, once, over
its own restart, and not what is silenced.  Runs beside others.
"""
import json
import sys

import lab as e2e
from lab import until
from notify import ADDRESS, get, network_of, start_alertmanager

FIRST, SECOND, OTHER, QUIET, LAST = range(8001, 8006)
# Other hosts, or it would be the same incident; and rules of their own, as several that
# fall by the same one within a minute are one, too.
OTHER_HOST, QUIET_HOST, LAST_HOST = "10.88.7.1", "10.88.7.2", "10.88.7.3"
RULES = "rules:\n- {name: down, off: yes}\n" + "".join(
    f"- name: {name}\n  field: probe.hard_state\n  is: {{high: down}}\n"
    f"  targets: 'tcp://{host}*'\n" for name, host in (
        ("first", ADDRESS), ("other", OTHER_HOST), ("quiet", QUIET_HOST),
        ("last", LAST_HOST)))
CONFIG = """home: [10.88.0.0/16]
interfaces: [lo]
logs: {{journal: no, programs: no}}
detect: {{attacks: no}}
limits: {{files: [{rules}]}}
probe:
  targets: [{targets}]
  files: [{probes}]
  own: no
  passive: no
  interval: 1s
  fails: 1
notify:
  to: [{to}]
  files: [{files}]
  severity: high
  group_wait: 1s
  group_interval: 1s
"""


def target(port, address=ADDRESS):
    return f"tcp://{address}:{port}"


def rules_file(lab):
    rules = lab.dir / "rules.yaml"
    rules.write_text(RULES)
    return rules


def start_with(lab, network, **lists):
    """Files of rules, targets and files of probes, to and files of who is told."""
    config = lab.dir / "config.yaml"
    config.write_text(CONFIG.format(**{
        name: ", ".join(f'"{one}"' for one in lists.get(name, []))
        for name in ("rules", "targets", "probes", "to", "files")}))
    return again(lab, network)


def again(lab, network, state=None):
    more = ["--state", str(state)] if state else []
    monitor = lab.monitor(network, "-c", str(lab.dir / "config.yaml"), "--listen", "off",
                          *more, json_output=False)
    until(lambda: monitor.get("status").get("sender", {}).get("holds"), "the sender")
    return monitor


def are_up(monitor, *targets):
    return {one["target"] for one in monitor.get("probes")
            if one.get("hard_state") == "up"} >= set(targets)


def alerts(network):
    """Of Alertmanager: those that fire, by target."""
    return {one["labels"]["target"]: one for one in get(network, ":9093/api/v2/alerts")}


def said_of(hook, where):
    """What Alertmanager has said of it: its state, each time."""
    return [one["status"] for _, _, body in list(hook.got)
            for one in json.loads(body)["alerts"] if one["labels"]["target"] == where]


def incident_of(monitor, where):
    found = [one for one in monitor.get("incidents") if one.get("target") == where]
    return found[0] if found else {}


def fires_once(tap, monitor, network, listeners):
    """Two services of a host are one incident."""
    for one in listeners:
        one.close()
    where = target(FIRST)
    until(lambda: incident_of(monitor, where).get("alerts") == 2, "both belong to it")
    until(lambda: alerts(network), "the alert")
    fired = alerts(network)
    tap.equal(([(one["labels"]["alertname"], one["labels"]["severity"]) for one in
                fired.values()], list(fired)), ([("first", "high")], [where]),
              "two services of a host that end are one alert there", fired)
    tap.ok(fired[where]["annotations"]["summary"].startswith(f"{where} is down") and
           "does not listen any more" in fired[where]["annotations"]["description"],
           "which says what is wrong, and why", fired)
    said = monitor.command("explain", str(FIRST), status=None).stdout
    tap.ok(f"breakwater incidents {incident_of(monitor, where)['id'][:8]}" in
           " ".join(said.split()), "explain of its port says so, and in which incident", said)
    return fired[where]


def is_told_of(monitor, network, listener, where):
    """Of one that ends now."""
    listener.close()
    until(lambda: incident_of(monitor, where), f"an incident of {where}")
    until(lambda: where in alerts(network), f"its alert: {monitor.program.err()}")


def restart_says_nothing(tap, lab, monitor, network, before):
    """What goes the same way afterwards has arrived: Alertmanager was told nothing."""
    until(lambda: incident_of(monitor, target(FIRST))["notifications"] == 1, "its count")
    tap.equal((monitor.stop(), monitor.program.err()), (0, ""), "it ends well")
    monitor = again(lab, network, monitor.state)
    where = target(FIRST)
    until(lambda: incident_of(monitor, where).get("state") == "firing",
          "what fires goes on")
    tap.equal(incident_of(monitor, where)["notifications"], 1,
              "so does how often it was told", incident_of(monitor, where))
    is_told_of(monitor, network, lab.other, target(OTHER, OTHER_HOST))
    tap.equal(alerts(network)[where], before,
              "a restart while it fires tells nothing anew, and ends nothing")
    return monitor


def silence_holds(tap, lab, monitor, network):
    where, after = target(QUIET, QUIET_HOST), target(LAST, LAST_HOST)
    monitor.command("silence", f"server_ip={QUIET_HOST}", "--for", "1h", "--why", "new disks")
    lab.quiet.close()
    until(lambda: incident_of(monitor, where).get("suppressed_by"), "a reason to be quiet")
    is_told_of(monitor, network, lab.last, after)
    tap.ok(where not in alerts(network), "what is silenced is told nobody",
           incident_of(monitor, where))
    silence = monitor.get("silences")[0]
    tap.equal((incident_of(monitor, where)["suppressed_by"], silence["actor"]),
              (silence["id"], "root"), "the incident says by which silence", silence)
    monitor.command("unsilence", silence["id"][:8])
    until(lambda: where in alerts(network), "its alert")
    tap.ok(True, "what lasts beyond the silence is told then")


def all_ends(tap, network, hook, targets):
    for one in targets:
        address, port = one.removeprefix("tcp://").split(":")
        network.listen(address, int(port))
    until(lambda: not alerts(network), "no alert", 20)
    heads = [target(FIRST), target(OTHER, OTHER_HOST), target(QUIET, QUIET_HOST),
             target(LAST, LAST_HOST)]
    until(lambda: all(said_of(hook, one)[-1] == "resolved" for one in heads),
          "its webhook tells of the end")
    for one in heads:
        told = said_of(hook, one)
        tap.ok(told[0] == "firing" and "firing" not in told[told.index("resolved"):],
               f"{one} fired once, and ended once", told)
    tap.equal(said_of(hook, target(SECOND)), [], "and nobody was told of it twice")


def real_alertmanager(tap, lab):
    if not e2e.has_tree("prometheus-alertmanager"):
        tap.skip("a real Alertmanager", "build/tree has none: run scripts/test-tree")
        return
    network = network_of(lab)
    for address in (OTHER_HOST, QUIET_HOST, LAST_HOST):
        network.ip("addr", "add", f"{address}/32", "dev", "lo")
    hook = start_alertmanager(lab, network)
    listeners = [network.listen(ADDRESS, port) for port in (FIRST, SECOND)]
    lab.other = network.listen(OTHER_HOST, OTHER)
    lab.quiet = network.listen(QUIET_HOST, QUIET)
    lab.last = network.listen(LAST_HOST, LAST)
    targets = [target(FIRST), target(SECOND), target(OTHER, OTHER_HOST),
               target(QUIET, QUIET_HOST), target(LAST, LAST_HOST)]
    monitor = start_with(lab, network, rules=[rules_file(lab)], targets=targets,
                         to=[f"alertmanager://{ADDRESS}:9093"])
    until(lambda: are_up(monitor, *targets), "all is well")
    before = fires_once(tap, monitor, network, listeners)
    monitor = restart_says_nothing(tap, lab, monitor, network, before)
    silence_holds(tap, lab, monitor, network)
    all_ends(tap, network, hook, targets)


if __name__ == "__main__":
    sys.exit(e2e.main(real_alertmanager))
