#!/usr/bin/env python3
"""users.py: users and tokens by the commands, with a running monitor and without, and
what the audit chain says of it.

Runs beside others.
"""
import json
import pathlib
import re
import resource
import socket
import ssl
import sys
import urllib.parse

import lab as e2e
from lab import BREAKWATER, until

PASSWORD = "correct horse battery staple"
OURS, THEIRS, PAGE = "10.79.0.2", "10.79.0.1", 7443


def command(monitor, *words, password=None, status=0):
    """Of the monitor whose socket and state these are, whether it runs or not."""
    line = [BREAKWATER, *words, "--socket", str(monitor.socket), "--state", str(monitor.state)]
    if password is None:
        return monitor.network.run(*line, status=status)
    return monitor.network.run("sh", "-c", 'echo "$0" | "$@"', password, *line, status=status)


def ask(network, address, path, form=None, *, tls=None, **headers):
    """Status, headers and body of an answer over TCP."""
    plain = network.connect(*address)
    plain.settimeout(10)
    connection = tls.wrap_socket(plain) if tls else plain
    body = "" if form is None else urllib.parse.urlencode(form)
    lines = [f"{'GET' if form is None else 'POST'} {path} HTTP/1.1", f"Host: {address[0]}",
             "Connection: close", *(f"{name.replace('_', '-')}: {value}"
                                    for name, value in headers.items())]
    if form is not None:
        lines.append(f"Content-Length: {len(body)}")
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    answer = b""
    while part := connection.recv(65536):
        answer += part
    connection.close()
    head, _, rest = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, rest


def cookie(head):
    found = re.search(r"(?i)^set-cookie: ([^;\r]+)", head, re.M)
    return found[1] if found else None


def page_of(monitor):
    host, port = monitor.get("status")["listen"].rsplit(":", 1)
    return host, int(port)


def audits(monitor):
    return [(one["actor"], one["action"], one["subject"], one.get("before"), one.get("after"))
            for one in reversed(monitor.get("audit?limit=100"))
            if re.match("user_|token_|access_|sign_", one["action"])]


def begin_change(network, address, form, **headers):
    """The first half of a POST, and what sends the rest and reads the status."""
    connection = network.connect(*address)
    connection.settimeout(10)
    body = urllib.parse.urlencode(form)
    lines = ["POST /api/v1/silences HTTP/1.1", f"Host: {address[0]}", "Connection: close",
             f"Content-Length: {len(body)}",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body[:4]).encode())

    def finish():
        connection.sendall(body[4:].encode())
        with connection, connection.makefile("rb") as answer:
            return int(answer.readline().split()[1])
    return finish


def read_live(network, address, **headers):
    """A stream of events, of which the first has come."""
    stream = network.connect(*address)
    stream.settimeout(60)
    lines = ["GET /api/v1/live?type=audit HTTP/1.1", f"Host: {address[0]}",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    begun = b""
    while b"retry:" not in begun:
        begun += stream.recv(4096)
    return stream


def has_ended(stream):
    """Within a minute."""
    try:
        with stream:
            while part := stream.recv(4096):
                if part.endswith(b"0\r\n\r\n"):
                    break
        return True
    except TimeoutError:
        return False


def by_the_daemon(tap, lab):
    server = lab.namespace("server")
    monitor = lab.monitor(server, json_output=False)
    at = page_of(monitor)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = pathlib.Path(f"/proc/{monitor.get('status')['pid']}/limits").read_text()
    tap.ok(int(re.search(r"Max open files +(\d+)", limits)[1]) >= min(soft + 640, hard),
           "it may open what its connections need", limits)
    made = command(monitor, "user", "add", "alice", "--role", "operator", password=PASSWORD)
    tap.ok("alice is a user now: operator" in made.stdout, "a user is added", made)
    again = command(monitor, "user", "add", "alice", "--role", "viewer", password=PASSWORD,
                    status=2)
    tap.ok("there is a user of that name" in again.stderr, "and not twice", again)
    short = command(monitor, "user", "passwd", "alice", password="short", status=2)
    tap.ok("at least 15" in short.stderr, "a short password is refused", short)
    code, head, _ = ask(server, at, "/api/v1/login", {"user": "alice", "password": PASSWORD})
    mine = cookie(head)
    tap.ok(code == 200 and "HttpOnly" in head and "SameSite=Strict" in head,
           "she signs in", head)
    _, _, me = ask(server, at, "/api/v1/me", Cookie=mine)
    me = json.loads(me)
    tap.ok((me["user"], me["role"], me["by"], me["login"]) ==
           ("alice", "operator", "session", True), "the page knows who she is", me)
    tap.equal(ask(server, at, "/api/v1/users", Cookie=mine)[0], 403,
              "an operator does not see who may")
    tap.equal(ask(server, at, "/api/v1/silences", {"match": "port=9", "for": "1h"}, Cookie=mine,
                  Breakwater_CSRF=me["csrf"])[0], 200, "and changes what operators may")
    tap.equal([ask(server, at, "/api/v1/login", {"user": name, "password": "wrong " * 4})[0]
               for name in ("alice", PASSWORD, "<b>")], [401] * 3, "a wrong password is refused")
    token = command(monitor, "token", "add", "backup", "--role", "viewer", "--for", "1h")
    secret = token.stdout.strip()
    tap.ok(re.fullmatch("bw_[0-9a-f]{64}", secret), "a token is printed alone", token)
    tap.ok(secret[3:] not in (monitor.state / "web.access").read_text(),
           "and kept as a digest only")
    bearer = {"Authorization": f"Bearer {secret}"}
    tap.equal(json.loads(ask(server, at, "/api/v1/me", **bearer)[2])["user"], "backup",
              "it is taken")
    tap.equal(ask(server, at, "/api/v1/silences", {"match": "port=9", "for": "1h"}, **bearer)[0],
              403, "a viewer's token changes nothing")
    finish = begin_change(server, at, {"match": "port=9", "for": "1h"}, Cookie=mine,
                          Breakwater_CSRF=me["csrf"])
    command(monitor, "user", "passwd", "alice", password=PASSWORD + "!")
    tap.equal(finish(), 401, "who is put out while a change comes changes nothing")
    tap.equal(json.loads(ask(server, at, "/api/v1/me", Cookie=mine)[2])["by"], "loopback",
              "another password ends her sessions")
    link = command(monitor, "user", "link", "alice").stdout.strip()
    path = urllib.parse.urlsplit(link)
    first = ask(server, at, f"{path.path}?{path.query}")
    second = ask(server, at, f"{path.path}?{path.query}")
    tap.ok(first[0] == 303 and cookie(first[1]) and second[0] == 403 and not cookie(second[1]),
           "a link lets in once", first, second)
    streams = [read_live(server, at, Cookie=cookie(first[1])), read_live(server, at, **bearer)]
    command(monitor, "user", "remove", "alice")
    command(monitor, "token", "remove", "backup")
    tap.equal(json.loads(ask(server, at, "/api/v1/me", Cookie=cookie(first[1]))[2])["by"],
              "loopback", "who is removed is out")
    tap.equal(ask(server, at, "/api/v1/me", **bearer)[0], 401, "so is a token")
    tap.equal([has_ended(stream) for stream in streams], [True, True],
              "and their live streams end within a minute")
    told = until(lambda: len(audits(monitor)) >= 9 and audits(monitor), "the audit chain")
    tap.equal([one[:3] for one in told],
              [("root", "user_add", "alice"), ("alice", "sign_in", "127.0.0.1"),
               ("unknown", "sign_in_refused", "alice"), ("root", "token_add", "backup"), ("root", "user_password", "alice"),
               ("root", "user_link", "alice"), ("alice", "sign_in", "127.0.0.1"),
               ("root", "user_remove", "alice"), ("root", "token_remove", "backup")],
              "the audit chain knows it all, and one of those who failed")
    tap.ok(PASSWORD not in json.dumps(told) and "wrong" not in json.dumps(told),
           "and no password", told)


def without_it(tap, lab):
    server = lab.namespace("server")
    monitor = lab.monitor(server, json_output=False)
    monitor.stop()
    made = command(monitor, "user", "add", "bob", "--role", "administrator", password=PASSWORD)
    tap.ok("no daemon runs" in made.stdout, "without a monitor its file is changed", made)
    command(monitor, "token", "add", "prom", "--role", "viewer")
    command(monitor, "user", "role", "bob", "--role", "viewer")
    command(monitor, "user", "link", "bob", status=3)
    shown = command(monitor, "user", "list")
    tap.ok(re.search("bob +viewer", shown.stdout), "which says who there is", shown)
    file = monitor.state / "web.access"
    tap.equal((file.stat().st_mode & 0o777, file.stat().st_uid),
              (0o600, monitor.state.stat().st_uid), "it is the monitor's alone")
    monitor.start()
    told = until(lambda: len(audits(monitor)) >= 3 and audits(monitor), "the audit chain")
    tap.ok([one[:3] for one in told] == [("root", "user_add", "bob"),
                                         ("root", "token_add", "prom"),
                                         ("root", "user_role", "bob")] and
           all("while no monitor ran" in one[4] for one in told),
           "the next one puts it into the audit chain", told)
    tap.ok("change" not in file.read_text(), "once")
    tap.equal(ask(server, page_of(monitor), "/api/v1/login",
                  {"user": "bob", "password": PASSWORD})[0], 200, "and lets him in")
    file.write_text(file.read_text().replace("bob viewer", "bob administrator"))
    until(lambda: audits(monitor)[-1][1] == "access_edited", "that it was edited is told")
    tap.ok(True, "that it was edited is in the audit chain")
    _, head, _ = ask(server, page_of(monitor), "/api/v1/login",
                     {"user": "bob", "password": PASSWORD})
    bobs = cookie(head)
    whole = file.read_text()
    file.write_text("".join(line + "\n" for line in whole.splitlines()
                            if not line.startswith("user bob")))
    until(lambda: len([one for one in audits(monitor) if one[1] == "access_edited"]) == 2,
          "that he was taken out is told")
    file.write_text(whole)
    until(lambda: "bob" in command(monitor, "user", "list").stdout, "he is there again")
    tap.equal(json.loads(ask(server, page_of(monitor), "/api/v1/me", Cookie=bobs)[2])["by"],
              "loopback", "who was taken out by hand stays signed out when he is put back")
    file.write_text("nonsense\n")
    until(lambda: "stay as they were" in monitor.program.err(), "what is wrong is told")
    tap.equal(ask(server, page_of(monitor), "/api/v1/login",
                  {"user": "bob", "password": PASSWORD})[0], 200,
              "a file that can't be read shuts nobody out")


def over_a_network(tap, lab):
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.plug(client, "net0", [THEIRS], server, "net0", [OURS])
    key, shown, config = lab.dir / "page.key", lab.dir / "page.crt", lab.dir / "page.yaml"
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=first", "-keyout", str(key), "-out", str(shown))
    state, sock = lab.dir / "state-net", lab.dir / "net.sock"
    options = [BREAKWATER, "run", "--socket", str(sock), "--state", str(state), "--listen",
               f"{OURS}:{PAGE}"]

    def refused(words, *more):
        done = server.run(*options, *more, status=2)
        tap.ok(all(word in done.stderr for word in words) and not sock.exists(),
               f"it does not start: {words[0]}", done)

    refused(["needs TLS", "web.certificate"])
    config.write_text(f"web: {{certificate: {shown}}}\n")
    refused(["web.key is missing"], "-c", str(config))
    config.write_text(f"web: {{certificate: {shown}, key: {key}}}\n")
    key.chmod(0o640)
    refused(["chmod 600", str(key)], "-c", str(config))
    key.chmod(0o600)
    refused(["nobody could sign in", "user add"], "-c", str(config))
    state.mkdir(exist_ok=True)
    server.run("sh", "-c", f'echo "{PASSWORD}" | {BREAKWATER} user add carol --role viewer '
               f"--socket {sock} --state {state}")
    monitor = lab.monitor(server, "-c", str(config), "--listen", f"{OURS}:{PAGE}", "--state",
                          str(state), json_output=False)
    until(lambda: "web.certificate: it ends at 2" in monitor.program.err(),
          "that the certificate ends soon is told")
    shown_status = server.run(BREAKWATER, "status", "--socket", str(monitor.socket)).stdout
    tap.ok("its certificate ends in" in shown_status and f"https://{OURS}" in shown_status,
           "and in the status", shown_status)
    at, tls = (OURS, PAGE), ssl._create_unverified_context()  # pylint: disable=protected-access
    for path in ("/api/v1/ports", "/api/v1/nothing", "/metrics", "/health", "/api/v1/me"):
        code, head, body = ask(client, at, path, tls=tls)
        tap.ok(code == 401 and "sign in" in body and len(body) < 40 and
               "Strict-Transport-Security" in head, f"{path} says nothing to a stranger", body)
    code, head, _ = ask(client, at, "/api/v1/login", {"user": "carol", "password": PASSWORD},
                        tls=tls)
    mine = cookie(head)
    tap.ok(code == 200 and mine.startswith("__Host-") and "; Secure" in head,
           "who signs in gets a cookie that goes nowhere else", head)
    tap.equal(ask(client, at, "/api/v1/ports", tls=tls, Cookie=mine)[0], 200, "and may read")
    old = tls_of(client, at)
    tap.equal(old["version"], "TLSv1.3", "TLS is new")
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=second", "-keyout", str(key), "-out", str(shown))
    lab.run("chown", str(state.stat().st_uid), str(key))
    monitor.program.process.send_signal(1)
    until(lambda: tls_of(client, at)["shown"] != old["shown"], "another certificate")
    tap.equal(ask(client, at, "/api/v1/ports", tls=tls, Cookie=mine)[0], 200,
              "a certificate is renewed without a restart, and nobody is signed out")


def tls_of(network, at):
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    with context.wrap_socket(network.connect(*at)) as connection:
        return {"version": connection.version(), "shown": connection.getpeercert(True)}


if __name__ == "__main__":
    socket.setdefaulttimeout(10)
    sys.exit(e2e.main(by_the_daemon, without_it, over_a_network))
