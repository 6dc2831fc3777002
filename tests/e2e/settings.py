#!/usr/bin/env python3
"""settings.py: what the page's settings ask of a running daemon, and change.

Every limit says where it is from; who is told says what came of it last, and a test
says whether it was taken; the configuration shows no password; a port is approved and
withdrawn in the register in force, whose comments stay.

Runs beside others.
"""
import http.server
import json
import sys
import threading
import time
import urllib.parse

import lab as e2e
from lab import until

REGISTER = """# Who may listen here.
ports:
  # Administration.
  - port: 22
    transport: tcp
    owner: platform
    reason: remote administration
    approver: A. Turner   # by mail

  # The site.
  - port: 8000-8010
    transport: tcp
    owner: web
    reason: the site
    approver: A. Turner
"""

CONFIG = """limits:
  loss: 2 %
  files: [{dir}/limits.yaml]
notify:
  to: ["http://127.0.0.1:{port}/very/secret?rate=20"]
  files: [{dir}/sinks.yaml]
probe:
  own: no
  targets: ["postgresql://watcher:hunter2@127.0.0.1:5432/shop"]
"""

LIMITS = """rules:
- name: response
  field: port.response_p95_us
  above: {medium: 70ms, high: 250ms}
  recover: 50ms
  for: 1m
- name: loss
  off: yes
levels:
- name: shop
  measure: availability
  objective: 99.5 %
  targets: ["*5432*"]
"""

SINKS = """sinks:
- name: works
  url: http://127.0.0.1:{port}/hidden/path
- name: refuses
  url: http://127.0.0.1:{closed}/
- name: hangs
  url: http://127.0.0.1:{hangs}/
routes:
- match: severity>=high
  to: [works]
- to: [refuses]
"""


class Hook(http.server.BaseHTTPRequestHandler):
    got = []

    def do_POST(self):
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def post(monitor, path, **form):
    connection = e2e.UnixConnection(monitor.socket)
    connection.timeout = 40  # of a sink that hangs
    try:
        connection.request("POST", f"/api/v1/{path}", urllib.parse.urlencode(form))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def ask(monitor, what):
    return json.loads(monitor.ask(f"/api/v1/{what}"))


def start(lab):
    """A daemon whose sinks are one that works, one that refuses, and one that hangs."""
    network = lab.namespace("alone")
    listener, hanging = network.listen("127.0.0.1"), network.listen("127.0.0.1")
    closed = network.listen("127.0.0.1")
    closed_port = closed.getsockname()[1]
    closed.close()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook, False)
    server.socket.close()
    server.socket = listener
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lab.callback(server.shutdown)
    port = listener.getsockname()[1]
    (lab.dir / "limits.yaml").write_text(LIMITS)
    (lab.dir / "sinks.yaml").write_text(SINKS.format(port=port, closed=closed_port,
                                                     hangs=hanging.getsockname()[1]))
    config = lab.dir / "config.yaml"
    config.write_text(CONFIG.format(dir=lab.dir, port=port))
    return network, lab.monitor(network, "-c", str(config), json_output=False)


def limits(tap, lab):
    _, monitor = start(lab)
    said = ask(monitor, "rules")
    rules = {one["name"]: one for one in said["rules"]}
    mine = rules["response"]
    tap.equal((mine["from"], mine["record"], mine["field"], mine["kind"]),
              (f"{lab.dir}/limits.yaml:2", "port", "response_p95_us", "above"),
              "a rule of a file says its line", mine)
    tap.equal((mine["limits"]["medium"], mine["limits"]["high"]["value"],
               mine["recovery"]["shown"], mine["for_s"]),
              ({"value": 70000, "shown": "70 ms"}, 250000, "50 ms", 60),
              "its limits, and when it is well again", mine)
    tap.equal((rules["loss"]["off"], rules["loss"]["from"]),
              (True, f"{lab.dir}/limits.yaml:7"), "one that is off, where")
    tap.equal((rules["down"]["from"], rules["down"]["limits"]["high"]["shown"]),
              ("usual", "down"), "those that are usual, that", rules["down"])
    level = {one["name"]: one for one in said["levels"]}["shop"]
    tap.equal((level["objective"], level["targets"]), (0.995, ["*5432*"]),
              "a service level, what it promises", level)


def configuration(tap, lab):
    _, monitor = start(lab)
    text = monitor.ask("/api/v1/config")
    keys = {one["key"]: one for one in json.loads(text)["keys"]}
    tap.ok("hunter2" not in text and "secret" not in json.dumps(keys["notify.to"]["value"]),
           "no password is shown, nor where a webhook is", keys["notify.to"],
           keys["probe.targets"])
    tap.ok("watcher:***@127.0.0.1" in text, "but that there is one")
    tap.equal((keys["limits.loss"]["value"], keys["limits.loss"]["from"]),
              (0.02, f"{lab.dir}/config.yaml:2"), "a key says which line set it")
    tap.equal((keys["limits.errors"]["from"], keys["limits.errors"]["value"]),
              ("default", keys["limits.errors"]["default"]), "or that none did")
    tap.ok("option" in keys["state"]["from"], "or that it was the command", keys["state"])


def told(tap, lab):
    _, monitor = start(lab)
    until(lambda: monitor.get("status").get("sender", {}).get("holds"), "the sender")
    text = monitor.ask("/api/v1/sinks")
    sinks = {one["name"]: one for one in json.loads(text)["sinks"]}
    tap.ok("hidden" not in text and "secret" not in text,
           "sinks are listed without what may be secret", text)
    tap.equal([one["match"] for one in sinks["works"]["routes"]], ["severity>=high"],
              "with what they are told", sinks["works"])
    tap.ok("last_sent" not in sinks["works"], "nothing was told yet")

    status, answer = post(monitor, "sinks/test", sink="works")
    tap.equal((status, answer), (200, {"state": "sent", "sink": "works", "error": ""}),
              "a test that is taken says so")
    tap.ok(any(b"this is a test" in body for body in Hook.got), "and arrived", Hook.got)
    status, answer = post(monitor, "sinks/test", sink="refuses")
    tap.ok(status == 200 and answer["state"] == "failed" and answer["error"],
           "one that is not says why", answer)

    began, answers = time.monotonic(), []
    waiting = threading.Thread(target=lambda: answers.append(
        post(monitor, "sinks/test", sink="hangs")))
    waiting.start()
    ask(monitor, "sinks")
    tap.ok(time.monotonic() - began < 2, "one that hangs holds nobody else up")
    waiting.join()
    took = time.monotonic() - began
    tap.ok(answers[0][1]["state"] == "failed" and took < 32, "and ends", answers, took)

    sinks = {one["name"]: one for one in ask(monitor, "sinks")["sinks"]}
    tap.ok("last_sent" in sinks["works"] and sinks["works"]["failures"] == 0 and
           sinks["refuses"]["failures"] == 1 and sinks["refuses"]["error"],
           "what came of it last is told from then on", sinks)
    status, answer = post(monitor, "sinks/test", sink="nobody")
    tap.ok(status == 400 and "no sink has that name" in answer["error"],
           "one that is not there is told", answer)
    tap.equal(post(monitor, "sinks/test")[0], 400, "and that a name is missing")
    audit = [one for one in monitor.get("audit?since=1h") if one["action"] == "notify_test"]
    tap.equal(sorted(one["subject"] for one in audit), ["hangs", "refuses", "works"],
              "each test is in the audit chain", audit)


def register(tap, lab):
    network, monitor = start(lab)
    status, answer = post(monitor, "policy/approve", port="9000", transport="tcp",
                          owner="web", reason="shop")
    tap.ok(status == 404 and "policy propose" in answer["error"],
           "without a register none is begun by one port", answer)
    file = lab.dir / "policy.yaml"
    file.write_text(REGISTER)
    monitor.command("policy", "apply", str(file))
    listener = network.listen("127.0.0.1", 9000)
    heard = until(lambda: monitor.get("listeners?port=9000"), "the listener")[0]
    tap.equal(heard["authorized"], False, "a port that is not in it")

    status, answer = post(monitor, "policy/approve", port="9000", transport="tcp",
                          process=heard["process"], owner="shop: \"team\"",
                          reason="line\none", until="2099-01-31")
    tap.equal(status, 200, "is approved by its process", answer)
    text = monitor.ask("/api/v1/policy")
    tap.ok(text.startswith(REGISTER) and heard["exe"] in text and "2099-01-31" in text,
           "after what people wrote, which stays", text)
    tap.equal(monitor.get("listeners?port=9000")[0]["authorized"], True, "and is in force")
    tap.ok("root" in text.split("approver")[-1], "with who approved it")
    status, answer = post(monitor, "policy/approve", port="9000", transport="tcp",
                          owner="a", reason="b")
    tap.ok(status == 400 and "allowed are entries that differ" in answer["error"],
           "a second entry is refused as in a file", answer)
    for form, words in ((dict(port="9001\n    exe: /x", transport="tcp", owner="a",
                              reason="b"), "port can't be"),
                        (dict(port="9001", transport="quic", owner="a", reason="b"),
                         "transport can't be"),
                        (dict(port="9001", transport="tcp", owner="", reason="b"),
                         "owner and reason"),
                        (dict(port="9001", transport="tcp", process="nobody", owner="a",
                              reason="b"), "nobody of that name"),
                        (dict(port="9001", transport="tcp", owner="a", reason="b",
                              until="soon"), "expires can't be")):
        status, answer = post(monitor, "policy/approve", **form)
        tap.ok(status in (400, 404) and words in answer["error"], f"{words}: refused",
               status, answer)
    tap.equal(monitor.ask("/api/v1/policy"), text, "and nothing was changed by these")

    status, answer = post(monitor, "policy/withdraw", port="9000", transport="tcp")
    tap.equal(status, 200, "an approval is withdrawn", answer)
    tap.equal(monitor.ask("/api/v1/policy").rstrip("\n"), REGISTER.rstrip("\n"),
              "and the register is as it was")
    tap.equal(post(monitor, "policy/withdraw", port="8000-8010", transport="tcp")[0], 200,
              "one that people wrote, too")
    tap.ok("# The site." in monitor.ask("/api/v1/policy") and "8000" not in
           monitor.ask("/api/v1/policy"), "whose remarks stay")
    tap.equal(post(monitor, "policy/withdraw", port="22", transport="tcp")[0], 200,
              "the last one")
    tap.equal(monitor.get("status")["policy"]["entries"], 0, "leaves a register of none")
    tap.equal(post(monitor, "policy/withdraw", port="22", transport="tcp")[0], 404,
              "what is not in it is told")
    tap.equal(post(monitor, "policy/approve", port="53", transport="udp", owner="a",
                   reason="b")[0], 200, "and one can be approved again")
    actions = until(lambda: [one["action"] for one in monitor.get("audit?since=1h")
                             if one["action"].startswith("policy_")][5:], "the chain", 15)
    tap.ok(actions, "all of it is in the audit chain")
    listener.close()


if __name__ == "__main__":
    sys.exit(e2e.main(limits, configuration, told, register))
