#!/usr/bin/env python3
"""dashboards.py: dashboards of a running daemon, from YAML to the page's JSON and back.

What is posted as YAML comes back byte for byte, what is posted as JSON as YAML that reads
back the same; a folder that is only read stays so; names are no paths; all of it is in the
audit chain and there after a restart.

Runs beside others.
"""
import json
import os
import pathlib
import sys

import lab as e2e
from lab import until

EXAMPLES = sorted((pathlib.Path(__file__).parents[2] / "packaging/dashboards").glob("*.yaml"))

YAML = """# Kept as it is, comments too.
panels:      # before the title
- {title: 'Clients', view: bar, record: flow, by: client_ip, limit: 5}

title: "Mine"
"""

PANEL = {"title": "Web: a \"panel\" # 1", "record": "port", "view": "line",
         "sum": ["flows"], "where": {"port": 443}, "since": "24h", "thresholds": [0.5, 100]}


def request(monitor, method, path, body=None):
    """Status and text."""
    connection = e2e.UnixConnection(monitor.socket)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def announced(monitor, path, size):
    """Status of a POST of which only the head was sent."""
    connection = e2e.UnixConnection(monitor.socket)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def listed(monitor):
    rows = json.loads(monitor.ask("/api/v1/dashboards"))
    return {one["name"]: one for one in rows}


def audited(monitor):
    return [one for one in monitor.get("audit?since=1h")
            if one["action"].startswith("dashboard_")]


def start(lab, shared=None):
    network = lab.namespace("alone")
    config = lab.dir / "breakwater.yaml"
    config.write_text(f"web:\n  dashboards: {shared or lab.dir / 'none'}\n")
    return network, lab.monitor(network, "-c", str(config), json_output=False)


def posted_and_back(tap, lab):
    _, monitor = start(lab)
    tap.equal(listed(monitor), {}, "at first there is none")
    path = "/api/v1/dashboards/mine"
    status, text = request(monitor, "POST", path, YAML)
    tap.equal(status, 200, "YAML is taken", text)
    tap.equal(monitor.ask(f"{path}?format=yaml"), YAML, "and comes back byte for byte")
    tap.equal(listed(monitor)["mine"],
              {"name": "mine", "title": "Mine", "read_only": False, "panels": 1},
              "it is listed")
    one = json.loads(monitor.ask(path))
    tap.equal(one["panels"][0]["by"], ["client_ip"], "the page gets JSON", one)

    status, text = request(monitor, "POST", "/api/v1/dashboards/clicked",
                           json.dumps({"title": "yes", "panels": [PANEL]}))
    tap.equal(status, 200, "JSON is taken", text)
    yaml = monitor.ask("/api/v1/dashboards/clicked?format=yaml")
    tap.ok(yaml.startswith('title: "yes"\n') and "port: 443" in yaml, "and kept as YAML",
           yaml)
    before = json.loads(monitor.ask("/api/v1/dashboards/clicked"))
    tap.equal((before["panels"][0]["title"], before["panels"][0]["thresholds"]),
              (PANEL["title"], PANEL["thresholds"]), "with the same in it", before)
    tap.equal(request(monitor, "POST", "/api/v1/dashboards/again", yaml)[0], 200,
              "what was exported can be imported")
    tap.equal(json.loads(monitor.ask("/api/v1/dashboards/again")), before,
              "and is the same")

    status, text = request(monitor, "POST", f"{path}/delete")
    tap.equal((status, sorted(listed(monitor))), (200, ["again", "clicked"]),
              "one can be removed", text)
    tap.equal(request(monitor, "POST", f"{path}/delete")[0], 404, "and is gone then")
    tap.equal(request(monitor, "GET", path)[0], 404, "for whoever reads, too")
    tap.equal(request(monitor, "GET", f"{path}/delete")[0], 405, "a link removes nothing")
    changes = until(lambda: audited(monitor)[3:] and audited(monitor), "four changes", 15)
    last = [one for one in changes if one["action"] == "dashboard_remove"][0]
    first = [one for one in changes if one["subject"] == "mine" and
             one["action"] == "dashboard_put"][0]
    tap.equal((first.get("before"), first["after"], last.get("after"), last["actor"]),
              (None, last["before"], None, "root"), "each change is in the audit chain",
              changes)
    mode = os.stat(monitor.state / "dashboards/clicked.yaml").st_mode & 0o777
    tap.equal(mode & 0o007, 0, "its file is not for everybody", oct(mode))


def what_is_refused(tap, lab):
    _, monitor = start(lab)
    status, text = request(monitor, "POST", "/api/v1/dashboards/bad",
                           "title: a\npanels:\n- {title: b, record: flow, view: pie}\n")
    tap.ok(status == 400 and "bad:3:34: view can't be" in text and "sankey" in text,
           "a mistake is told with line and column, and what is allowed", status, text)
    big = "title: a\npanels: []\n" + "#" * (256 << 10)
    tap.equal(request(monitor, "POST", "/api/v1/dashboards/big", big)[0], 400,
              "one that is too large is refused")
    tap.equal(announced(monitor, "/api/v1/dashboards/big", 2 << 20), 413,
              "one that is far too large before it is sent")
    for name in ("..", "../evil", "%2e%2e%2fevil", "A", "a.yaml", "a" * 65, "",
                 "a/b", "a/delete/c", "%5c..%5cb"):
        for method in ("GET", "POST"):
            status, text = request(monitor, method, f"/api/v1/dashboards/{name}",
                                   "title: a\npanels: []\n")
            tap.equal(status, 404, f"{method} of {name!r} is of nothing that can be there",
                      text)
    tap.equal(listed(monitor), {}, "and nothing was kept")
    tap.equal([path for path in lab.dir.rglob("*") if "evil" in path.name], [],
              "anywhere")


def only_read(tap, lab):
    shared = lab.dir / "shared"
    shared.mkdir()
    for path in EXAMPLES:
        (shared / path.name).write_bytes(path.read_bytes())
    (shared / "broken.yaml").write_text("title: a\npanels: 5\n")
    (shared / "Not A Name.yaml").write_text("title: a\npanels: []\n")
    os.mkfifo(shared / "pipe.yaml")
    (shared / "notes.txt").write_text("no dashboard")
    network, monitor = start(lab, shared)
    rows = listed(monitor)
    tap.equal(sorted(rows), sorted([path.stem for path in EXAMPLES] +
                                   ["broken", "Not A Name", "pipe"]), "all are listed")
    for path in EXAMPLES:
        tap.ok(rows[path.stem]["read_only"] and rows[path.stem]["panels"] > 3 and
               "error" not in rows[path.stem], f"the example {path.stem} is right",
               rows[path.stem])
        tap.equal(monitor.ask(f"/api/v1/dashboards/{path.stem}?format=yaml"),
                  path.read_text(), "and given as it is")
    tap.ok("broken.yaml:2:9: panels can't be" in rows["broken"]["error"] and
           "1 to 64 of a-z" in rows["Not A Name"]["error"] and
           "not a file" in rows["pipe"]["error"], "bad ones with what is wrong", rows)
    status, text = request(monitor, "POST", "/api/v1/dashboards/security", YAML)
    tap.ok(status == 403 and str(shared) in text, "they can't be changed", status, text)
    tap.equal(request(monitor, "POST", "/api/v1/dashboards/security/delete")[0], 403,
              "nor removed")
    (shared / "broken.yaml").write_text("title: Mended\npanels: []\n")
    tap.equal(listed(monitor)["broken"]["title"], "Mended", "a change is seen at once")

    status, text = request(monitor, "POST", "/api/v1/dashboards/twice", YAML)
    (shared / "twice.yaml").write_text("title: Of the folder\npanels: []\n")
    both = [one for one in json.loads(monitor.ask("/api/v1/dashboards"))
            if one["name"] == "twice"]
    tap.equal([(one["title"], "error" in one) for one in both],
              [("Of the folder", False), ("Mine", True)],
              "of two with one name that of the folder counts, and the other is told", both)
    monitor.stop()
    again = e2e.Monitor.__new__(e2e.Monitor)
    again.network, again.socket, again.state = network, monitor.socket, monitor.state
    again.program = network.start(e2e.BREAKWATER, "run", "--socket", str(again.socket),
                                  "--state", str(again.state), "--listen", "127.0.0.1:0")
    until(again.answers, "a second start")
    tap.equal(again.ask("/api/v1/dashboards/twice?format=yaml"), YAML,
              "what was kept is there after a restart")


def by_command(tap, lab):
    _, monitor = start(lab)
    file = lab.dir / "web-shop.yaml"
    file.write_text(YAML)
    done = monitor.command("dashboards")
    tap.ok("There is no dashboard" in done.stdout, "none, by command", done.stdout)
    done = monitor.command("dashboards", "check", str(file))
    tap.ok("ok, 1 panels" in done.stdout, "a file is checked", done.stdout)
    monitor.command("dashboards", "import", str(file))
    tap.equal(monitor.command("dashboards", "show", "web-shop").stdout, YAML,
              "imported and shown it is the same")
    row = json.loads(monitor.command("dashboards", "list", "--json").stdout)[0]
    tap.equal(row["name"], "web-shop", "it is listed as JSON")
    tap.ok("Mine" in monitor.command("dashboards").stdout, "and for people")
    monitor.command("dashboards", "import", str(file), "--name", "other")
    monitor.command("dashboards", "remove", "web-shop")
    tap.equal(sorted(listed(monitor)), ["other"], "under another name, and removed")
    file.write_text("title: a\npanels: []\ncolour: red\n")
    done = monitor.command("dashboards", "import", str(file), status=None)
    tap.ok(done.returncode == 2 and f"{file}:3:1: unknown key" in done.stderr,
           "a mistake is told with file, line and column", done)
    done = monitor.command("dashboards", "show", "../x", status=None)
    tap.ok(done.returncode == 2 and "a-z" in done.stderr, "a path is no name", done)
    done = monitor.command("dashboards", "show", "nothing", status=None)
    tap.ok(done.returncode != 0 and "no dashboard of that name" in done.stderr,
           "what is not there is told", done)


if __name__ == "__main__":
    sys.exit(e2e.main(posted_and_back, what_is_refused, only_read, by_command))
