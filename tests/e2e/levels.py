#!/usr/bin/env python3
"""levels.py: service levels of a running daemon, over its restart, and from its store.
Runs beside others.
"""
import json
import sys

import lab as e2e
from lab import until

WELL, ILL = 8001, 8002
CONFIG = """home: [127.0.0.0/8]
interfaces: [lo]
logs: {{journal: no, programs: no}}
detect: {{attacks: no}}
limits: {{files: ["{rules}"]}}
probe: {{targets: ["tcp://127.0.0.1:{well}", "tcp://127.0.0.1:{ill}"], own: no,
  passive: no, interval: 1s, fails: 1}}
"""
RULES = """levels:
- name: shop
  targets: "tcp://127.0.0.1:*"
  objective: 99.5 %
- name: shop-errors
  measure: errors
  hosts: home
  alerts: no
"""


def start(lab, network, state=None):
    rules, config = lab.dir / "rules.yaml", lab.dir / "config.yaml"
    rules.write_text(RULES)
    config.write_text(CONFIG.format(rules=rules, well=WELL, ill=ILL))
    more = ["--state", str(state)] if state else []
    return lab.monitor(network, "-c", str(config), "--listen", "off", *more,
                       json_output=False)


def level(monitor, name, port):
    """Of a target, or of the service that its probes use."""
    return next((one for one in monitor.get("levels") if one["name"] == name and
                 one["target"] in (f"tcp://127.0.0.1:{port}", f"127.0.0.1:{port}/tcp")),
                {})


def from_store(lab, network, state):
    done = network.run(e2e.BREAKWATER, "levels", "shop", "--json", "--since", "1h", "-c",
                       str(lab.dir / "config.yaml"), "--state", str(state))
    return {one["target"]: one for one in map(json.loads, done.stdout.splitlines())}


def stands(tap, lab):
    network = lab.namespace("levels")
    network.ip("link", "set", "lo", "up")
    network.listen("127.0.0.1", WELL)
    ends = network.listen("127.0.0.1", ILL)
    monitor = start(lab, network)
    until(lambda: level(monitor, "shop", ILL).get("good", 0) >= 2, "it is up")
    ends.close()
    until(lambda: level(monitor, "shop", ILL).get("bad", 0) >= 2, "it is down")
    until(lambda: level(monitor, "shop-errors", ILL).get("bad", 0) >= 1, "its errors")
    well, ill = level(monitor, "shop", WELL), level(monitor, "shop", ILL)
    tap.ok(well["reached"] == 1 and well["bad"] == 0 and well["budget_left"] == 1,
           "what is well keeps its budget", well)
    tap.ok(0 < ill["reached"] < 1 and ill["budget_left"] < 1 and ill["burn_1h"] > 0 and
           ill["good"] + ill["bad"] + ill["unknown"] == 30 * 86400,
           "what is down uses it up, and of most of the time nothing is known", ill)
    tap.equal(level(monitor, "available", ILL)["objective"], 0.999,
              "three nines are promised without being asked")
    out = monitor.command("levels", "shop").stdout
    tap.ok(out.startswith("LEVEL") and out.count("\nshop ") == 2, "a table of one", out)
    tap.ok('breakwater_level_burn_rate{level="shop",target="tcp://127.0.0.1:8002",'
           'window="1h"}' in monitor.ask("/metrics"), "they are in /metrics")
    again(tap, lab, network, monitor, level(monitor, "shop", ILL))


def again(tap, lab, network, monitor, before):
    tap.equal((monitor.stop(), monitor.program.err()), (0, ""), "it ends well")
    kept = from_store(lab, network, monitor.state)
    ill = kept[f"tcp://127.0.0.1:{ILL}"]
    tap.near(ill["bad"], before["bad"], 3, "its store says the same", ill, before)
    tap.ok(ill["budget_left"] < 1 and kept[f"tcp://127.0.0.1:{WELL}"]["bad"] == 0,
           "of both", kept)
    monitor = start(lab, network, monitor.state)
    until(lambda: level(monitor, "shop", ILL).get("bad", 0) > before["bad"] + 1,
          "it goes on")
    after = level(monitor, "shop", ILL)
    tap.ok(after["good"] == before["good"], "after a restart it goes on where it was",
           before, after)


if __name__ == "__main__":
    sys.exit(e2e.main(stands))
