#!/usr/bin/env python3
"""prometheus.py: the rules and the dashboard of packaging/, against promtool and a real
Prometheus that asks a real daemon: they name what is there, and they fire.
Runs beside others.
"""
import http
import json
import re
import sys
import urllib.parse
import urllib.request

import lab as e2e
from daemon import cable
from lab import until

RULES = e2e.ROOT / "packaging/prometheus/breakwater.rules.yml"
DASHBOARD = e2e.ROOT / "packaging/grafana/breakwater.json"
RULES_TEST = e2e.ROOT / "tests/e2e/prometheus.test.yml"
SERVER, TARGET_PORT = "10.78.0.2", 8080
LISTEN, PROMETHEUS = "127.0.0.1:7070", "127.0.0.1:9090"
FAMILY = re.compile(r"\bbreakwater_[a-z0-9_]+")
# What samples of a histogram end with.
PARTS = re.compile(r"_(bucket|sum|count)$")
CONFIG = f"""home: [{SERVER}/32]
interfaces: [net0]
logs: {{journal: no, programs: no}}
block: {{mode: 'on', self_test: 0s, never: [10.78.0.1/32]}}
notify: {{to: ["http://10.78.0.1:9/"]}}
probe:
  targets: ["tcp://{SERVER}:{TARGET_PORT}"]
  interval: 1s
  retry: 1s
"""
# /sys shows the interfaces of the network in which it was mounted.
OWN_SYS = ("unshare", "--mount", "sh", "-c",
           'mount -t sysfs sysfs /sys && exec "$@"', "sh")


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def expressions():
    """Of the dashboard, as Grafana would ask."""
    return [one["expr"].replace("$__rate_interval", "5s").replace('"$job"', '".*"')
            .replace('"$instance"', '".*"')
            for panel in panels() for one in panel.get("targets", [])]


def promtool_agrees(tap, lab):
    asked = lab.dir / "asked.yml"
    asked.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": [
        {"record": f"panel:{number}", "expr": one}
        for number, one in enumerate(expressions())]}]}))
    for path, what in ((RULES, "the rules"), (asked, "every panel's expression")):
        done = lab.run(e2e.TREE_RUN, "promtool", "check", "rules", str(path), status=None)
        tap.ok(done.returncode == 0, f"promtool can read {what}", done.stdout, done.stderr)
    test = lab.dir / "test.yml"
    test.write_text(RULES_TEST.read_text().replace("RULES", str(RULES)))
    done = lab.run(e2e.TREE_RUN, "promtool", "test", "rules", str(test), status=None)
    tap.ok(done.returncode == 0 and "SUCCESS" in done.stdout,
           "rules fire when they should, and not before", done.stdout, done.stderr)


def dashboard(tap, _):
    board = json.loads(DASHBOARD.read_text())
    shown = [panel for panel in board["panels"] if panel["type"] != "row"]
    tap.ok(board["schemaVersion"] >= 36 and
           board["templating"]["list"][0]["type"] == "datasource" and
           all(panel["datasource"]["uid"] == "${datasource}" for panel in shown),
           "the dashboard lets choose where its values come from")
    tap.equal([panel["title"] for panel in board["panels"] if panel["type"] == "row"],
              ["Now", "Ports", "Response", "Loss", "Probes", "Findings and incidents",
               "Service levels",
               "Breakwater itself"], "it has a row for each job")
    cells = [(panel["gridPos"]["x"] + dx, panel["gridPos"]["y"] + dy) for panel in
             board["panels"] for dx in range(panel["gridPos"]["w"])
             for dy in range(panel["gridPos"]["h"])]
    tap.ok(len(cells) == len(set(cells)) and all(x < 24 for x, _ in cells) and
           all(panel["description"] for panel in shown),
           "no panel lies on another one, and each says what it shows")


def names_are_there(tap, monitor):
    """Of families, as a label's value may look like one."""
    # As soon as the sockets were counted in which a client of this machine is.
    text = until(lambda: (now := monitor.ask("/metrics")) and
                 "breakwater_client_ports_max" in now and now, "a client's port", 20)
    there = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    named = set(FAMILY.findall(RULES.read_text())) | set(FAMILY.findall(
        "\n".join(expressions())))
    missing = {name for name in named if PARTS.sub("", name) not in there and
               name not in there}
    tap.ok(len(named) > 30 and not missing,
           "they name only what /metrics of a running daemon has", missing)
    unsaid = {name for name in ("breakwater_link_bytes", "breakwater_store_state",
                                "breakwater_firewall_holds",
                                "breakwater_probe_hard_state",
                                "breakwater_listener_backlog_max")
              if not re.search(rf"^{name}\S* \d", text, re.MULTILINE)}
    tap.equal(unsaid, set(), "and what they look at has values", text)


def is_ready(network):
    with network.inside():
        try:
            with urllib.request.urlopen(f"http://{PROMETHEUS}/-/ready", timeout=10) as answer:
                return answer.status == http.HTTPStatus.OK
        except OSError:
            return False


def ask(network, path, **query):
    with network.inside(), urllib.request.urlopen(
            f"http://{PROMETHEUS}/api/v1/{path}?{urllib.parse.urlencode(query)}",
            timeout=10) as answer:
        return json.load(answer)["data"]


def firing(network, name):
    return [one for one in ask(network, "alerts")["alerts"] if
            one["labels"]["alertname"] == name and one["state"] == "firing"]


def start_prometheus(lab, network):
    """It begins to ask after five seconds, whatever it is told."""
    rules = lab.dir / "rules.yml"
    rules.write_text(re.sub(r"\n    for: \w+", "", RULES.read_text()))
    config = lab.dir / "prometheus.yml"
    config.write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "breakwater", "static_configs": [
            {"targets": [LISTEN]}]}]}))
    (lab.dir / "tsdb").mkdir()
    network.start_tree("prometheus", f"--config.file={config}",
                       f"--storage.tsdb.path={lab.dir}/tsdb",
                       f"--web.listen-address={PROMETHEUS}")


def asks_without_errors(tap, network):
    until(lambda: is_ready(network), "Prometheus")
    target = until(lambda: [one for one in ask(network, "targets")["activeTargets"]
                            if one["health"] != "unknown"], "a scrape")[0]
    tap.equal((target["health"], target["lastError"]), ("up", ""),
              "Prometheus takes what /metrics says")
    rules = until(lambda: [rule for group in ask(network, "rules")["groups"]
                           for rule in group["rules"] if rule["health"] != "unknown"],
                  "an evaluation")
    tap.equal({(rule["health"], rule.get("lastError", "")) for rule in rules},
              {("ok", "")}, "no rule fails on real values")
    wrong = []
    for one in expressions():
        try:
            ask(network, "query", query=one)
        except OSError as error:
            wrong.append((one, str(error)))
    tap.equal(wrong, [], "nor does an expression of the dashboard")


def start_daemon(lab, client, server):
    config = lab.dir / "config.yaml"
    config.write_text(CONFIG)
    monitor = lab.monitor(server, "-c", str(config), "--listen", LISTEN,
                          json_output=False, through=OWN_SYS)
    client.connect(SERVER, TARGET_PORT)
    for first in ("breakwater_probe_up{", "breakwater_lag_seconds "):
        until(lambda sample=first: sample in monitor.ask("/metrics"), first)
    return monitor


def it_fires(tap, network, listener):
    tap.equal(firing(network, "BreakwaterDown"), [], "nothing fires while all is well")
    listener.close()
    alert = until(lambda: firing(network, "BreakwaterDown"), "the alert")[0]
    target = f"tcp://{SERVER}:{TARGET_PORT}"
    tap.equal((alert["labels"]["target"], alert["labels"]["severity"]), (target, "high"),
              "a target that dies fires")
    tap.ok(target in alert["annotations"]["summary"], "and is told in words", alert)
    network.listen(SERVER, TARGET_PORT)
    until(lambda: not firing(network, "BreakwaterDown"), "the alert's end")
    tap.ok(True, "one that is back ends it")


def real_prometheus(tap, lab):
    if not e2e.has_tree("promtool", "prometheus"):
        tap.skip("a real Prometheus", "build/tree is missing: run scripts/test-tree")
        return
    client, server = cable(lab)
    start_prometheus(lab, server)
    listener = server.listen(SERVER, TARGET_PORT)
    own = server.connect(SERVER, TARGET_PORT)
    monitor = start_daemon(lab, client, server)
    promtool_agrees(tap, lab)
    names_are_there(tap, monitor)
    own.close()
    asks_without_errors(tap, server)
    it_fires(tap, server, listener)


if __name__ == "__main__":
    sys.exit(e2e.main(dashboard, real_prometheus))
