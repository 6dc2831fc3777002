#!/usr/bin/env python3
"""schedule.py: what targets that are asked again and again may be told: limits, words of
one's own, maintenance; and heartbeats, which are not asked.

Runs beside others.
"""
import datetime
import http.client
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import sys
import threading
import time

import lab as e2e
from lab import until

HOST = "127.0.0.1"
PROBE = """
probe:
  interval: 1s
  retry: 1s
  own: no
"""


def machine(lab):
    network = lab.namespace("machine")
    network.ip("link", "set", "lo", "up")
    return network


def watch(lab, network, items, more="", options=()):
    file, config = lab.dir / "targets.yaml", lab.dir / "config.yaml"
    file.write_text(items)
    config.write_text(f"{PROBE}  files: [{file}]\n{more}")
    return lab.monitor(network, "-c", str(config), *options, json_output=False)


def probe_of(monitor, target):
    return next((one for one in monitor.get("probes") if one["target"] == target), {})


def becomes(monitor, target, field, value, seconds=15):
    return until(lambda: (lambda one: one if one.get(field) == value else None)(
        probe_of(monitor, target)), f"{target}: {field} {value}: {monitor.get('probes')}",
        seconds, 0.05)


def serve(listener, talk):
    """Each client in a thread of its own; ends with the listener."""
    def guarded(client):
        with client:
            try:
                client.settimeout(5)
                talk(client)
            except OSError:
                pass

    def run():
        while True:
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=guarded, args=(client,), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


def certify(lab, days):
    """A certificate that is its own authority, known to nobody."""
    key, certificate = lab.dir / "server.key", lab.dir / "server.crt"
    lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days),
            "-subj", "/CN=harbour", "-keyout", str(key), "-out", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


# ---- words of one's own ----

def pong(client):
    client.sendall(b"200 READY\r\n")
    name = client.recv(100).split()[1]
    client.sendall(b"PO")
    client.sendall(b"NG " + name + b"\r\n")
    client.recv(100)


def busy(client):
    client.sendall(b"421 BUSY: tide is out\r\n")
    client.recv(100)


def mute(client):
    client.sendall(b"300 something else\r\n")
    client.recv(100)


def upgrading(context):
    def talk(client):
        client.sendall(b"READY\r\n")
        client.recv(100)
        client.sendall(b"GO\r\n")
        with context.wrap_socket(client, server_side=True) as secure:
            if secure.recv(100) == b"PING\r\n":
                secure.sendall(b"PONG\r\n")
            secure.recv(100)
    return talk


def in_tls(context):
    def talk(client):
        with context.wrap_socket(client, server_side=True) as secure:
            secure.sendall(b"READY\r\n")
            secure.recv(100)
    return talk


def answer_datagrams(endpoint):
    def run():
        while True:
            try:
                data, peer = endpoint.recvfrom(100)
                endpoint.sendto(b"echo:" + data, peer)
            except TimeoutError:
                continue
            except OSError:
                return
    threading.Thread(target=run, daemon=True).start()


PING = """  dialogue:
    - expect: '^200 (READY)'
      fails_if: '^4\\d\\d .*$'
    - send: "PING ${1}\\r\\n"
    - expect: '^PONG READY$'
    - send: "QUIT\\r\\n"
"""
WORDS = f"""
- target: tcp://{HOST}:7001
{PING}
- target: tcp://{HOST}:7002
{PING}
- target: tcp://{HOST}:7003?timeout=500ms
{PING}
- target: tcp://{HOST}:7004?verify=no
  dialogue: [{{expect: '^READY'}}, {{send: "STARTTLS\\r\\n"}}, {{expect: '^GO'}}, {{starttls: yes}},
             {{send: "PING\\r\\n"}}, {{expect: '^PONG'}}]
- target: tls://{HOST}:7005?verify=no
  dialogue: [{{expect: '^READY'}}]
- target: udp://{HOST}:7006
  dialogue: [{{send_hex: '01 02'}}, {{expect: '^echo:\\x01\\x02$'}}]
- target: udp://{HOST}:7006?timeout=600ms
  dialogue: [{{send: 'a'}}, {{expect: '^no$'}}]
"""


def own_words(tap, lab):
    network = machine(lab)
    context = certify(lab, 30)
    for port, talk in ((7001, pong), (7002, busy), (7003, mute), (7004, upgrading(context)),
                       (7005, in_tls(context))):
        serve(network.listen(HOST, port), talk)
    endpoint = network.socket(kind=socket.SOCK_DGRAM)
    endpoint.bind((HOST, 7006))
    answer_datagrams(endpoint)
    monitor = watch(lab, network, WORDS)
    for target, sentence in ((f"tcp://{HOST}:7001", "a dialogue comes to its end, in its words"),
                             (f"tcp://{HOST}:7004?verify=no", "it starts TLS"),
                             (f"tls://{HOST}:7005?verify=no", "it is held over TLS"),
                             (f"udp://{HOST}:7006", "it is held over UDP, in octets")):
        becomes(monitor, target, "hard_state", "up")
        tap.ok(True, sentence)
    tap.ok(probe_of(monitor, f"tcp://{HOST}:7004?verify=no").get("tls_version"),
           "its facts are there", probe_of(monitor, f"tcp://{HOST}:7004?verify=no"))
    bad = becomes(monitor, f"tcp://{HOST}:7002", "hard_state", "down")
    tap.equal((bad["reason"], bad["detail"]),
              ("error", 'the server says "421 BUSY: tide is out"'), "what the server says against it")
    bad = becomes(monitor, f"tcp://{HOST}:7003?timeout=500ms", "hard_state", "down")
    tap.equal((bad["reason"], bad["detail"]),
              ("silent", 'not all of an answer in 500 ms: expected "^200 (READY)", heard '
               '"300 something else.."'), "what came instead is said")
    bad = becomes(monitor, f"udp://{HOST}:7006?timeout=600ms", "hard_state", "down")
    tap.ok(bad["reason"] == "silent" and 'expected "^no$", heard "echo:a"' in bad["detail"],
           "of a datagram, too", bad)


# ---- limits ----

def late(client):
    client.recv(100)
    time.sleep(0.15)
    client.sendall(b"+PONG\r\n")
    client.recv(100)


LIMITS = f"""
- target: redis://{HOST}:7001
- target: redis://{HOST}:7001?slow=off
- target: redis://{HOST}:7001?timeout=4s
  slow: 2s
- target: tls://{HOST}:7005?verify=no
- target: tls://{HOST}:7005?verify=no&certificate_days=5
- target: tls://{HOST}:7005?verify=no&timeout=4s
  certificate_days: 9
"""


def limits(tap, lab):
    network = machine(lab)
    serve(network.listen(HOST, 7001), late)
    serve(network.listen(HOST, 7005), in_tls(certify(lab, 10)))
    monitor = watch(lab, network, LIMITS, more="  slow: 100ms\n")
    slow = becomes(monitor, f"redis://{HOST}:7001", "hard_state", "degraded")
    tap.ok(slow["reason"] == "slow" and 100000 < slow["answer_us"] <= slow["total_us"] and
           re.search(r"limit 100 ms: connect \d\.\d, first byte 1\d\d\.", slow["detail"]),
           "who answers too late is slow, and where the time went is said", slow)
    soon = becomes(monitor, f"tls://{HOST}:7005?verify=no", "hard_state", "degraded")
    tap.ok(soon["reason"] == "certificate_expiring" and
           soon["detail"].startswith("the certificate ends in 9 days (2"),
           "a certificate of 10 days soon ends", soon)
    metrics = monitor.ask("/metrics")
    buckets = [int(count) for count in re.findall(
        r'^breakwater_probe_phase_seconds_bucket\{phase="first_byte",le="[^"]*"\} (\d+)$', metrics,
        re.M)]
    total = re.search(r'^breakwater_probe_phase_seconds_count\{phase="first_byte"\} (\d+)$',
                      metrics, re.M)
    tap.ok(len(buckets) == 15 and buckets == sorted(buckets) and buckets[9] < buckets[10] and
           total and int(total[1]) == buckets[-1], "/metrics has a histogram of each phase",
           buckets, total)
    for target in (f"redis://{HOST}:7001?slow=off", f"redis://{HOST}:7001?timeout=4s",
                   f"tls://{HOST}:7005?verify=no&certificate_days=5"):
        becomes(monitor, target, "hard_state", "up")
    tap.ok(True, "a target and an item have limits of their own")
    becomes(monitor, f"tls://{HOST}:7005?verify=no&timeout=4s", "hard_state", "degraded")
    tap.ok(True, "the limit counts as `check -D` does")


# ---- maintenance ----

def stamp(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def maintenance(tap, lab):
    network = machine(lab)
    listeners = {port: network.listen(HOST, port) for port in (7001, 7002, 7003)}
    target = {port: f"tcp://{HOST}:{port}" for port in (7001, 7002, 7003)}
    items = "".join(f"- target: {target[port]}\n  fails: 1\n  of: 1\n{more}" for port, more in (
        (7001, f"  maintenance: {stamp(-60)}/{stamp(3600)}\n"),
        (7002, f"  maintenance: [{stamp(3600)}/{stamp(7200)}]\n"),
        (7003, f"  parent: {target[7001]}\n")))
    monitor = watch(lab, network, items)
    for port in target:
        becomes(monitor, target[port], "hard_state", "up")
    for listener in listeners.values():
        listener.close()
    becomes(monitor, target[7002], "hard_state", "down")
    tap.equal(probe_of(monitor, target[7002])["maintenance"], False, "outside of its windows a "
              "target becomes down")
    one = becomes(monitor, target[7001], "state", "down")
    tap.equal((one["hard_state"], one["maintenance"], one["reason"]), ("up", True, "refused"),
              "in maintenance it is asked and recorded, and its state gets no worse")
    behind = becomes(monitor, target[7003], "reason", "parent_down")
    tap.ok("in maintenance" in behind["detail"], "what is behind it is not known", behind)
    tap.ok(f'breakwater_probe_maintenance{{target="{target[7001]}",protocol="tcp"}} 1\n'
           in monitor.ask("/metrics"), "/metrics says so")
    shown = monitor.command("probes", "--plain", status=None).stdout
    tap.ok("MAINTENANCE" in shown and "yes" in shown, "`probes` shows it", shown)
    everybody = watch(lab, network, f"- target: {target[7001]}\n  fails: 1\n",
                      more=f"  maintenance: [{stamp(-60)}/{stamp(3600)}]\n")
    one = becomes(everybody, target[7001], "state", "down")
    tap.equal((one["hard_state"], one["maintenance"]), ("unknown", True),
              "probe.maintenance is for all; who was never up is not down then")


def by_command(tap, lab):
    network = machine(lab)
    listener = network.listen(HOST, 7001)
    target = f"tcp://{HOST}:7001"
    items = f"- target: {target}\n  fails: 1\n  of: 1\n"
    monitor = watch(lab, network, items)
    becomes(monitor, target, "hard_state", "up")
    slip = monitor.command("maintenance", f"{target}1", "--for", "2h", status=2)
    tap.ok("nothing is known of that target" in slip.stderr, "a slip of the pen is said", slip.stderr)
    endless = monitor.command("maintenance", target, "--for", "60d", status=2)
    tap.ok("maintenance always has an end" in endless.stderr, "it has an end", endless.stderr)
    done = monitor.command("maintenance", target, "--for", "2h", "--why", "new disks & fans")
    tap.ok(done.stdout.startswith(f"{target}: in maintenance until 2"), "it begins by command",
           done.stdout)
    listener.close()
    one = becomes(monitor, target, "state", "down")
    tap.equal((one["hard_state"], one["maintenance"]), ("up", True), "at once")
    shown = monitor.command("maintenance").stdout
    tap.ok(f"{target}  until 2" in shown and "by root: new disks & fans" in shown,
           "`maintenance` lists it", shown)
    tap.equal(push(monitor, "/api/v1/maintenance", body=f"target={target}&end=1")[0], 401,
              "over TCP who signed in may, and nobody else")
    os.kill(int(child(child(monitor.program.pid))), signal.SIGKILL)
    becomes(monitor, target, "reason", "not_asked")
    one = becomes(monitor, target, "state", "down")
    tap.equal(one["maintenance"], True, "who asks is told again after its end")
    monitor.stop()
    again = lab.monitor(network, "-c", str(lab.dir / "config.yaml"), "--state", str(monitor.state),
                        json_output=False)
    one = becomes(again, target, "state", "down")
    tap.equal(one["maintenance"], True, "it survives a restart")
    again.command("maintenance", target, "--end")
    becomes(again, target, "hard_state", "down")
    tap.ok("Nothing is in maintenance" in again.command("maintenance").stdout, "and is ended")
    audit = until(lambda: maintained(again), "two changes in the audit chain")
    tap.equal(audit, [("maintenance_begin", "root", target, "new disks & fans"),
                              ("maintenance_end", "root", target, None)],
              "the audit chain has both")


def maintained(monitor):
    """What the audit chain has of it, once that is two."""
    found = sorted((one["action"], one["actor"], one["subject"], one.get("before"))
                   for one in monitor.get("audit?since=1h")
                   if one["action"].startswith("maintenance"))
    return found if len(found) >= 2 else None


def child(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return next(one for one in children
                if "breakwater-" in pathlib.Path(f"/proc/{one}/comm").read_text(encoding="utf-8") and
                "guar" not in pathlib.Path(f"/proc/{one}/comm").read_text(encoding="utf-8"))


# ---- heartbeats ----

TOKEN = "tide-4711-tide"
BEATS = f"""
- target: heartbeat://backup?every=1s&grace=0s
  token: {TOKEN}
  fails: 1
  of: 1
- target: heartbeat://core_mail?every=1h
  token: other-{TOKEN}
- target: heartbeat://slow?every=1h&slow=1s
"""


def push(monitor, path, method="POST", token=None, body=None):
    """Over TCP: (status, body)."""
    port = int(monitor.get("status")["listen"].rsplit(":")[-1])
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    with monitor.network.inside():
        connection.connect()
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def heartbeats(tap, lab):
    network = machine(lab)
    monitor = watch(lab, network, BEATS)
    backup, mail = "heartbeat://backup?every=1s&grace=0s", "heartbeat://core_mail?every=1h"
    one = becomes(monitor, mail, "state", "unknown")
    tap.equal((one["reason"], one["protocol"], one["by"]),
              ("no_heartbeat_yet", "heartbeat", "push"), "before its time nothing is known")
    one = becomes(monitor, backup, "hard_state", "down")
    tap.ok(one["reason"] == "no_heartbeat" and one["detail"].startswith("never heard for "),
           "without a word in time it is down", one)
    tap.equal(push(monitor, "/api/v1/heartbeats/backup", token=TOKEN)[0], 200, "with its token it says")
    becomes(monitor, backup, "hard_state", "up")
    tap.ok(True, "that it lives")
    becomes(monitor, backup, "hard_state", "down")
    tap.ok(probe_of(monitor, backup)["detail"].startswith("not heard for"), "too late is down again")
    monitor.command("heartbeat", "backup", "-m", "all 17 files & more")
    one = becomes(monitor, backup, "hard_state", "up")
    tap.equal(one["detail"], "all 17 files & more", "so does `heartbeat`, with a message")
    for path, token in (("backup", None), ("backup", f"other-{TOKEN}"), ("nobody", TOKEN),
                        ("x" * 300, TOKEN)):
        answer = push(monitor, f"/api/v1/heartbeats/{path}", token=token)
        tap.ok(answer[0] == 403 and "no heartbeat of that name and token" in answer[1],
               "who may not is told no more than that", path[:9], *answer)
    tap.equal(push(monitor, f"/api/push/other-{TOKEN}?status=up&msg=OK&ping=12.5", method="GET"),
              (200, '{"ok":true}'), "as Uptime Kuma's clients do")
    one = becomes(monitor, mail, "hard_state", "up")
    tap.equal(one["answer_us"], 12500, "with its ping")
    tap.equal(push(monitor, "/api/push/nobody", method="PUT"),
              (404, '{"ok":false,"msg":"Monitor not found or not active."}'),
              "and no less when they err")
    tap.equal(push(monitor, "/api/v1/endpoints/core_mail/external?success=false&error=tide%20out",
                   token=f"other-{TOKEN}")[0], 200, "as gatus' clients do")
    one = becomes(monitor, mail, "state", "down")
    tap.equal((one["reason"], one["detail"]), ("no_heartbeat", "tide out"), "down is down")
    tap.equal([push(monitor, "/api/v1/endpoints/core_mail/external?success=true", token="x")[0],
               push(monitor, "/api/v1/endpoints/core_mail/external", token=f"other-{TOKEN}")[0],
               push(monitor, "/api/v1/heartbeats/backup?status=ill", token=TOKEN)[0],
               push(monitor, "/api/v1/heartbeats/backup", method="GET", token=TOKEN)[0],
               push(monitor, "/api/v1/heartbeats/backup", token=TOKEN, body="x" * 5000)[0]],
              [401, 400, 400, 405, 413], "mistakes have their status; what is no POST is no heartbeat")
    tap.equal(push(monitor, "/api/v1/heartbeats/backup", token=TOKEN,
                   body="status=down&msg=a+form%21")[0], 200, "a form may say it")
    one = becomes(monitor, backup, "detail", "a form!")
    tap.equal(one["state"], "down", "all of it")
    monitor.command("heartbeat", "slow", "--duration", "1.5s")
    one = becomes(monitor, "heartbeat://slow?every=1h&slow=1s", "hard_state", "degraded")
    tap.equal((one["reason"], one["detail"]), ("slow", "answered in 1500.0 ms, limit 1000 ms"),
              "a job that took too long is slow")
    done = monitor.command("probe", "heartbeat://backup", status=2)
    tap.ok("is not asked" in done.stderr, "nobody asks it", done.stderr)
    tap.ok(TOKEN not in str(monitor.get("probes")), "no token is shown")


def crowded(tap, lab):
    """As many wait for probes of others as may: a job's word is taken all the same."""
    network = machine(lab)
    modules = lab.dir / "modules.yml"
    modules.write_text("modules: {hears: {prober: tcp, timeout: 60s, tcp: "
                       "{query_response: [{expect: nothing}]}}}\n")
    with network.inside():
        silent = socket.create_server((HOST, 0))
    monitor = watch(lab, network, BEATS, f"  blackbox_modules: {modules}\n  allow: [127.0.0.0/8]\n")
    place = monitor.get("status")["listen"].rsplit(":")[-1]
    ask = f"GET /probe?module=hears&target={HOST}:{silent.getsockname()[1]} HTTP/1.0\r\n\r\n"
    waiting = [network.connect(HOST, int(place)) for _ in range(65)]
    for one in waiting:
        one.sendall(ask.encode())
    refused = select.select(waiting, [], [], 10)[0]
    tap.ok(len(refused) == 1 and b"busy" in refused[0].recv(4096),
           "more than 64 are not asked at a time")
    tap.equal(push(monitor, "/api/v1/heartbeats/backup", token=TOKEN)[0], 200,
              "but a job's word is taken")
    for one in (silent, *waiting):
        one.close()


def mistakes(tap, lab):
    network = machine(lab)
    file, config = lab.dir / "targets.yaml", lab.dir / "config.yaml"
    config.write_text(f"probe:\n  files: [{file}]\n  maintenance: [never]\n")
    run = [e2e.BREAKWATER, "run", "-c", str(config), "--state", str(lab.dir / "state"),
           "--socket", str(lab.dir / "socket")]
    done = network.run(*run, status=2)
    tap.ok("config.yaml:3:17: probe.maintenance" in done.stderr and "Sun 02:00-04:00" in done.stderr,
           "a window that is none is said where it stands", done.stderr)
    config.write_text(f"probe:\n  files: [{file}]\n")
    file.write_text(f"- target: tcp://{HOST}:1\n  parent: tcp://{HOST}:2\n"
                    f"- target: tcp://{HOST}:3\n  dialogue: [{{expect: '(a'}}]\n")
    done = network.run(*run, status=2)
    tap.ok(f'targets.yaml:2:11: parent "tcp://{HOST}:2" is asked nowhere' in done.stderr,
           "so is a parent that nobody asks", done.stderr)
    tap.ok('targets.yaml:4:14: "(a" at 2: missing' in done.stderr, "and a mistake in a dialogue",
           done.stderr)


if __name__ == "__main__":
    sys.exit(e2e.main(own_words, limits, maintenance, by_command, heartbeats, crowded, mistakes))
