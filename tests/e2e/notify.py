#!/usr/bin/env python3
"""notify.py: messages reach a real Alertmanager, a real mail server and a webhook; one
that is down gets them later, all of them, once and in order.  Runs beside others.
"""
import http.server
import json
import os
import re
import threading
import urllib.request

import lab as e2e
from lab import until
from servers import mail
from servers.scene import RIGHT, USER, Scene
from talker import Talker

BUILD = os.environ.get("BUILD", str(e2e.ROOT / "build"))
ADDRESS = "10.88.6.1"
TO = "harbourmaster@harbour.example"
SECRET = "hook-s3cret-9"


class Driver(Talker):
    """The sender's process behind its driver, and what it has said."""

    def __init__(self, lab, network, sinks):
        self.dir = lab.dir / "sender"
        self.dir.mkdir(mode=0o755)
        super().__init__(lab, self.dir / "said", self.dir / "errors", network)
        self.sinks = self.dir / "sinks"
        self.write(sinks)
        self.begin()

    def write(self, sinks):
        self.sinks.write_text("".join(f"{name} {url}\n" for name, url in sinks.items()))

    def begin(self):
        self.start([f"{BUILD}/tests/sending_driver", str(self.dir / "spool"),
                    str(self.sinks), "nobody"],
                   env={**os.environ, "BREAKWATER_SECCOMP": "kill"})

    # pylint: disable-next=too-many-arguments,too-many-positional-arguments
    def tell(self, number, sink, reason, key="3f2a", state="firing", severity="high",
             summary="PostgreSQL does not answer"):
        self.say(f"tell {number:016x} {sink} {reason} {key} {state} {severity} {summary}")

    def results(self, sink, state):
        return [one for one in self.objects() if one.get("sink") == sink and
                one.get("state") == state]

    def came(self, sink, state, count=1, seconds=20):
        return until(lambda: len(found := self.results(sink, state)) >= count and found,
                     f"{count} x {state} of {sink}: {self.said.read_text()} "
                     f"{self.errors.read_text()}", seconds)

    def counts(self):
        return self.answer("counts", "counts")


class Hook:
    """A webhook that keeps what it is sent; it may be told to refuse, and to end."""

    def __init__(self, lab, network, port):
        self.got, self.network, self.port = [], network, port
        self.status, self.server = 200, None
        lab.callback(self.end)

    def begin(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 200:
                    hook.got.append((self.path, self.headers["Idempotency-Key"], body))
                self.send_response(hook.status)
                self.end_headers()
                self.wfile.write(f"no: {self.path}".encode())

            def log_message(self, *_):
                pass

        with self.network.inside():
            self.server = http.server.ThreadingHTTPServer((ADDRESS, self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


def network_of(lab):
    network = lab.namespace("notify")
    network.ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")
    return network


def get(network, path):
    with network.inside(), urllib.request.urlopen(f"http://{ADDRESS}{path}",
                                                  timeout=10) as answer:
        return json.load(answer)


# ---- Alertmanager ----

def start_alertmanager(lab, network):
    """It tells the hook that is returned."""
    hook = Hook(lab, network, 9099)
    hook.begin()
    config = lab.dir / "alertmanager.yml"
    config.write_text(
        "route: {receiver: hook, group_by: [job], group_wait: 1s, group_interval: 1s, "
        "repeat_interval: 1h}\n"
        f"receivers: [{{name: hook, webhook_configs: [{{url: 'http://{ADDRESS}:9099/am'}}]}}]\n")
    (lab.dir / "am").mkdir()
    network.start_tree("prometheus-alertmanager", f"--config.file={config}",
                       f"--storage.path={lab.dir}/am",
                       f"--web.listen-address={ADDRESS}:9093",
                       "--cluster.listen-address=")
    until(lambda: network.listens(9093), "Alertmanager")
    return hook


def alertmanager(tap, lab):
    """Fires, groups, resolves; severities follow."""
    if not e2e.has_tree("prometheus-alertmanager"):
        tap.skip("a real Alertmanager", "build/tree has none: run scripts/test-tree")
        return
    network = network_of(lab)
    hook = start_alertmanager(lab, network)
    driver = Driver(lab, network, {"am": f"alertmanager://{ADDRESS}:9093"})
    driver.tell(1, "am", "new")
    driver.tell(2, "am", "new", key="77aa", severity="low", summary='"quoted" <one> \\')
    driver.came("am", "sent", 2)
    alerts = get(network, ":9093/api/v2/alerts")
    tap.equal(sorted((one["labels"]["incident"], one["labels"]["severity"],
                      one["annotations"]["summary"]) for one in alerts),
              [("3f2a", "high", "PostgreSQL does not answer"),
               ("77aa", "low", '"quoted" <one> \\')], "two alerts fire")
    told = until(lambda: [json.loads(body) for _, _, body in hook.got], "its webhook")
    tap.ok(told[-1]["status"] == "firing" and len(told[-1]["alerts"]) == 2,
           "Alertmanager groups them, and tells", told[-1])
    driver.tell(3, "am", "changed", key="77aa", severity="critical")
    driver.came("am", "sent", 3)
    tap.equal([one["labels"]["severity"] for one in
               get(network, ":9093/api/v2/alerts?filter=incident=77aa")], ["critical"],
              "one that gets graver is one alert still")
    driver.tell(4, "am", "resolved", state="resolved")
    driver.tell(5, "am", "resolved", key="77aa", state="resolved", severity="critical")
    driver.came("am", "sent", 5)
    until(lambda: get(network, ":9093/api/v2/alerts") == [], "no alert fires any more")
    until(lambda: json.loads(hook.got[-1][2])["status"] == "resolved",
          "its webhook tells of the end")
    tap.ok(True, "and both are resolved")


# ---- mail ----

def proof_of(lab):
    """A certificate for the address."""
    crt, key = lab.dir / "mail.crt", lab.dir / "mail.key"
    lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=mail.harbour.example", "-addext",
            f"subjectAltName=IP:{ADDRESS}", "-keyout", str(key), "-out", str(crt))
    crt.chmod(0o644)
    return {"crt": crt.read_text(), "key": key.read_text()}


def mail_is_sent(tap, lab):
    """Postfix: by STARTTLS and smtps, with a password; no TLS, no mail."""
    if not e2e.has_tree("postfix", "dovecot"):
        tap.skip("a real mail server", "build/tree has none: run scripts/test-tree")
        return
    network = network_of(lab)
    proof = proof_of(lab)
    scene = Scene(lab, "mail", ADDRESS, network, proof)
    checks = scene.write("checks", "/^(Subject|Message-ID|References|Auto-Submitted|To):/ WARN\n")
    mail.start(scene, f"header_checks = regexp:{checks}\n")
    password = lab.dir / "password"
    password.write_text(f"{RIGHT}\n")
    login = f"user={USER}&password_file={password}&ca={lab.dir}/mail.crt"
    to = f"from=monitor@elsewhere.example&to={TO}"
    driver = Driver(lab, network, {
        "mail": f"smtp://{ADDRESS}:587?{to}&{login}",
        "mails": f"smtps://{ADDRESS}:465?{to},x@far.example&{login}",
        "untrusted": f"smtp://{ADDRESS}:587?{to}",
        "stranger": f"smtp://{ADDRESS}:25?from=a@b.example&to=x@far.example&ca={lab.dir}/mail.crt",
    })
    driver.tell(0x11, "mail", "new", summary="Réseau coupé")
    driver.tell(0x12, "mail", "resolved", state="resolved", summary="Réseau coupé")
    driver.tell(0x13, "mails", "new", key="77aa")
    driver.tell(0x14, "untrusted", "new")
    driver.tell(0x15, "stranger", "new")
    driver.came("mail", "sent", 2)
    driver.came("mails", "sent", 1)
    tap.ok("certificate" in driver.came("untrusted", "failed")[0]["error"].lower() or
           "peer" in driver.came("untrusted", "failed")[0]["error"].lower(),
           "whose certificate is not trusted gets nothing, and it is tried again",
           driver.results("untrusted", "failed"))
    tap.ok("554" in driver.came("stranger", "dropped")[0]["error"],
           "what a server will never take is told", driver.results("stranger", "dropped"))

    def log():
        return "".join(one.out() + one.err() for one in scene.programs)
    until(lambda: log().count("status=sent") >= 4, "Postfix delivers")
    headers = re.findall(r"warning: header ([^;]*?) from ", log())
    tap.equal(len(set(one for one in headers if one.startswith("Message-ID"))), 3,
              "each message has its own Message-ID", headers)
    tap.equal(len(set(one for one in headers if one.startswith("References"))), 2,
              "one incident is one thread")
    tap.ok("Auto-Submitted: auto-generated" in headers and
           any(one.startswith("Subject: =?utf-8?B?") for one in headers),
           "nobody's holiday answers, and the subject is encoded", headers)
    tap.ok(RIGHT not in driver.errors.read_text() + driver.said.read_text(),
           "no password is told")


# ---- a webhook that is down ----

def nothing_is_lost_and_nothing_comes_twice(tap, lab):
    network = network_of(lab)
    hook, other = Hook(lab, network, 9098), Hook(lab, network, 9097)
    other.begin()
    url = lab.dir / "url"
    url.write_text(f"http://{ADDRESS}:9098/{SECRET}\n")
    url.chmod(0o600)  # root's: read before rights are given up
    driver = Driver(lab, network, {"down": f"webhook:?url_file={url}",
                                   "up": f"http://{ADDRESS}:9097/up"})
    for number in range(1, 9):
        driver.tell(number, "down", "new" if number < 7 else "resolved",
                    key=f"k{number % 6}")
    driver.tell(0x99, "down", "repeated", key="k1")
    driver.tell(0x20, "up", "new", key="k7,k8,k9")
    sent = driver.came("up", "sent")[0]
    tap.equal([sent.get(name) for name in ("incident", "incidents", "others")],
              ["k7", 3, "k8,k9"], "what came of a message names all that it tells of")
    failed = driver.came("down", "failed")[0]
    tap.equal((failed["error"], len(other.got)), ("Couldn't connect to server", 1),
              "one that is down holds nobody up")
    until(lambda: driver.counts()["waiting"] == 8, "eight wait")
    driver.say("kill")
    until(lambda: "ended by signal 9" in driver.errors.read_text(), "its end is told")
    driver.tell(0x21, "up", "new")
    driver.came("up", "sent", 2)
    tap.ok(driver.counts()["waiting"] == 8 and driver.counts()["holds"],
           "who is killed is started again, confined, and knows what waits",
           driver.counts())
    hook.status = 503
    hook.begin()
    driver.end_of_input()
    driver.begin()
    refused = until(lambda: [one for one in driver.results("down", "failed")
                             if "503" in one["error"]], "it refuses")
    tap.ok(SECRET not in driver.said.read_text() + driver.errors.read_text(),
           "no error tells the secret", refused)
    hook.status = 200
    driver.say("reload")  # tried at once
    driver.came("down", "sent", 8)
    keys = [key for _, key, _ in hook.got]
    tap.equal(sorted(keys), [f"{number:016x}" for number in range(1, 9)],
              "after restarts all come, once")
    tap.ok(keys.index(f"{1:016x}") < keys.index(f"{7:016x}") and
           keys.index(f"{2:016x}") < keys.index(f"{8:016x}"),
           "and what ended does so after it began", keys)
    tap.ok(all(path == f"/{SECRET}" for path, _, _ in hook.got), "at the secret place")
    driver.tell(3, "down", "new")
    until(lambda: driver.counts()["waiting"] == 0, "nothing waits")
    tap.equal(len(hook.got), 8, "one that is told again is known")
    late = lab.dir / "late"
    late.mkdir()
    late.chmod(0o777)
    driver.write({"down": f"webhook:?url_file={url}", "late": f"eve:{late}/eve.json"})
    driver.say("reload")
    said = until(lambda: [line for line in driver.errors.read_text().splitlines()
                          if f"late: {late}/eve.json: Permission denied" in line],
                 "a file that is out of reach is told")
    tap.ok("restarted" in said[0] and driver.counts()["holds"],
           "with what helps", said)
    driver.end_of_input()
    driver.begin()
    driver.tell(0x31, "late", "new")
    driver.came("late", "sent")
    driver.say(f"bad {0x41:016x} late")
    state = until(lambda: (is_now := driver.answer(f"state {0x41:016x}", "state_of"))
                  != "waits" and is_now, "what came of it")
    tap.equal((state, driver.answer(f"state {0x31:016x}", "state_of")), ("refused", "kept"),
              "what could not be kept is known to be refused, and not taken for kept")
    tap.ok("a message to late could not be kept" in driver.errors.read_text(), "and said")
    tap.equal(sum("Permission denied" in line for line in
                  driver.errors.read_text().splitlines()), 1, "which it does")


if __name__ == "__main__":
    e2e.main(nothing_is_lost_and_nothing_comes_twice, alertmanager, mail_is_sent)
