#!/usr/bin/env python3
"""page_hostile.py: hostile clients of the page: whatever they send, and however slowly,
nobody gets in, and the monitor goes on.

Runs beside others.
"""
import json
import random
import re
import resource
import socket
import sys
import time

import lab as e2e
from lab import until
from users import PASSWORD, ask, command, cookie, page_of

MANY = 10000
ALL = 512
ASKS_S = 30


def scene(lab, *options):
    server = lab.namespace("server")
    monitor = lab.monitor(server, *options, json_output=False)
    return server, monitor, page_of(monitor)


def goes_on(tap, server, monitor, what):
    """It answers on its socket, soon, and counts what happens meanwhile."""
    listener = server.listen("127.0.0.1")
    port = listener.getsockname()[1]
    mine = server.connect("127.0.0.1", port)
    theirs, _ = listener.accept()
    mine.sendall(b"question")
    theirs.recv(10)
    theirs.sendall(b"answer")
    began = time.monotonic()
    health = monitor.ask("/health")
    took = time.monotonic() - began
    seen = until(lambda: monitor.get(f"flows?port={port}"), f"{what}: a flow")
    for one in (mine, theirs, listener):
        one.close()
    tap.ok(took < 1 and json.loads(health)["status"] and seen,
           f"{what}: the monitor goes on", f"{took:.2f} s", health)


def send_all(server, at, request, seconds=5):
    """What comes back until the other end closes, or is quiet that long."""
    connection = server.connect(*at)
    connection.settimeout(seconds)
    answer = b""
    try:
        connection.sendall(request)
        while part := connection.recv(65536):
            answer += part
    except OSError:
        pass
    connection.close()
    return answer


def codes(answer):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d+) ", answer)]


# ---- what is sent --------------------------------------------------------------------

GOOD = b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SMUGGLED = b"GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\nX-Smuggled: 1\r\n\r\n"


def login(*headers, body=b"user=a&password=b"):
    return (b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\n" +
            b"".join(one + b"\r\n" for one in headers) + b"\r\n" + body)


SHAPES = {
    "Content-Length and Transfer-Encoding": login(
        b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "two different Content-Lengths": login(
        b"Content-Length: 5", b"Content-Length: 0", body=b"0\r\n\r\n" + SMUGGLED),
    "a Content-Length that is no number": login(b"Content-Length: 0x5", body=SMUGGLED),
    "a negative Content-Length": login(b"Content-Length: -1", body=SMUGGLED),
    "a Content-Length with a sign": login(b"Content-Length: +5", body=b"a=b&c" + SMUGGLED),
    "an endless Content-Length": login(b"Content-Length: " + b"9" * 40, body=SMUGGLED),
    "a transfer encoding nobody knows": login(b"Transfer-Encoding: xchunked", body=SMUGGLED),
    "a chunk that is no number": login(b"Transfer-Encoding: chunked", body=b"zz\r\n" + SMUGGLED),
    "a chunk that is too long": login(
        b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n" + SMUGGLED),
    "a folded header": login(b"Content-Length: 1", b"X: a\r\n Content-Length: 50", body=SMUGGLED),
    "a blank before the colon": login(b"Content-Length : 50", body=SMUGGLED),
    "a NUL in a header": login(b"X: a\0b", b"Content-Length: 0", body=b""),
    "a NUL in the path": b"GET /\0/api/v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no Host": b"GET /api/v1/me HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "bare line feeds": b"GET /api/v1/users HTTP/1.1\nHost: localhost\n\n",
    "a bare carriage return": b"GET /api/v1/me HTTP/1.1\rHost: evil.example\r\n\r\n",
    "HTTP/0.9": b"GET /api/v1/users\r\n\r\n",
    "a version of its own": b"GET /api/v1/users HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1000000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: 1\r\n" * 100000 + b"\r\n",
    "a huge path": b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Secret: 1\r\n\r\n",
    "TLS to a port without": bytes.fromhex("160301020001") + b"\0" * 500,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 100,
}


def shapes(tap, lab):
    server, monitor, at = scene(lab)
    for name, request in SHAPES.items():
        answer = send_all(server, at, request, 1)
        # Only the hidden request would be told to sign in.
        tap.ok(b'"tokens"' not in answer and b"X-Secret" not in answer and
               (SMUGGLED not in request or b"sign in" not in answer),
               f"{name}: nothing is smuggled", answer[-400:])
    goes_on(tap, server, monitor, "requests of odd shapes")


def random_bytes(tap, lab):
    server, monitor, at = scene(lab)
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    for _ in range(300):
        request = bytearray(dice.choice([GOOD, *SHAPES.values()])[:2000])
        for _ in range(dice.randrange(1, 8)):
            place = dice.randrange(len(request))
            request[place:place + dice.randrange(3)] = dice.randbytes(dice.randrange(4))
        answer = send_all(server, at, bytes(request), 0.02)
        if b'"tokens"' in answer or b"X-Secret" in answer:
            tap.ok(False, "random requests learn nothing", f"seed {seed}", bytes(request), answer)
    goes_on(tap, server, monitor, f"random requests (seed {seed})")


def paths(tap, lab):
    server, monitor, at = scene(lab)
    tricks = ["/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
              "//etc/passwd", "/assets/../../../etc/passwd", "/assets/%00", "/./api/v1/users",
              "/api/v1/users/", "/api/v1//users", "/api/v1/%75sers", "/API/v1/users",
              "/api/v1/users%00", "/api/v1/users?x", "/api/v1/users;a=b", "/enter?once=",
              "/enter?once=" + "0" * 64, "/enter", "/api/v1/dashboards/../../../etc/passwd",
              "/api/v1/dashboards/..%2f..%2fweb.access", "/web.access", "http://evil.example/",
              "*", "/status/../api/v1/users", "/badge/../api/v1/users"]
    for path in tricks:
        answer = send_all(server, at, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
                          "Connection: close\r\n\r\n".encode())
        tap.ok(b"root:" not in answer and b'"tokens"' not in answer and
               b"breakwater access" not in answer and 200 not in codes(answer),
               f"{path} leads nowhere", answer[-300:])
    goes_on(tap, server, monitor, "paths that lead elsewhere")


# ---- who they say to be --------------------------------------------------------------

FORM = {"match": "port=9", "for": "1h"}


def forged(tap, lab):
    config = lab.dir / "proxy.yaml"
    config.write_text("web: {proxy: [10.1.1.1/32], proxy_user_header: X-User, "
                      "proxy_role_header: X-Role, names: [watch.example.org]}\n")
    server, monitor, at = scene(lab, "-c", str(config))
    command(monitor, "user", "add", "alice", "--role", "operator", password=PASSWORD)
    fixed = "0123456789abcdef" * 4
    name = f"breakwater_{at[1]}"
    code, head, _ = ask(server, at, "/api/v1/login", {"user": "alice", "password": PASSWORD},
                        Cookie=f"{name}={fixed}")
    mine = cookie(head)
    tap.ok(code == 200 and fixed not in mine, "a session that a stranger chose is none", head)
    csrf = json.loads(ask(server, at, "/api/v1/me", Cookie=mine)[2])["csrf"]

    def change(**headers):
        return ask(server, at, "/api/v1/silences", FORM, Cookie=mine, **headers)[0]

    tap.equal(change(), 403, "a change without the page's word is refused")
    tap.equal(change(Breakwater_CSRF="0" * 64), 403, "and with another one")
    tap.equal(change(Breakwater_CSRF=csrf, Origin="https://evil.example"), 403,
              "another page's change is refused, word or not")
    tap.equal(change(Breakwater_CSRF=csrf, Sec_Fetch_Site="cross-site"), 403,
              "also if only the browser says so")
    tap.equal(change(Breakwater_CSRF=csrf, Origin="https://watch.example.org"), 200,
              "a name of ours is no other page")
    tap.equal(ask(server, at, "/api/v1/login", {"user": "alice", "password": PASSWORD},
                  Origin="https://evil.example")[0], 403, "another page signs nobody in")
    tap.equal(ask(server, at, "/api/v1/silences", FORM)[0], 401, "being here changes nothing")
    answer = send_all(server, at, GOOD.replace(b"localhost", b"evil.example"))
    tap.equal(codes(answer), [421], "a stranger's name for us is refused")
    for headers in ({"X_User": "root"}, {"X_User": "alice", "X_Role": "administrator"},
                    {"X_Role": "administrator"}, {"x_uSER": "alice"}):
        tap.equal(ask(server, at, "/api/v1/me", **headers)[0], 400,
                  f"{headers}: only the proxy says who somebody is")
    second = ask(server, at, "/api/v1/login", {"user": "alice", "password": PASSWORD})
    out = cookie(second[1])
    word = json.loads(ask(server, at, "/api/v1/me", Cookie=out)[2])["csrf"]
    tap.equal(ask(server, at, "/api/v1/logout", {}, Cookie=out, Breakwater_CSRF=word)[0], 200,
              "who signs out")
    tap.equal(ask(server, at, "/api/v1/silences", FORM, Cookie=out, Breakwater_CSRF=word)[0],
              401, "is out, whoever kept the cookie")
    secret = command(monitor, "token", "add", "short", "--role", "viewer", "--for",
                     "2s").stdout.strip()
    bearer = {"Authorization": f"Bearer {secret}"}
    tap.equal(ask(server, at, "/api/v1/me", **bearer)[0], 200, "a token is good for its time")
    until(lambda: ask(server, at, "/api/v1/me", **bearer)[0] == 401, "the token's end")
    tap.ok(True, "and not longer")


def guessed(tap, lab):
    server, monitor, at = scene(lab)
    command(monitor, "user", "add", "alice", "--role", "operator", password=PASSWORD)
    answers = set()
    tried = []
    for attempt in range(40):
        user = "alice" if attempt % 2 else "nobody"
        code, head, body = ask(server, at, "/api/v1/login",
                               {"user": user, "password": f"guess number {attempt}"})
        tried.append(code)
        if code == 401:
            answers.add(body)
        if code == 429 and tried.count(429) == 1:
            tap.ok("Retry-After" in head, "who has to wait is told how long", head)
    tap.ok(tried.count(401) <= 11 and tried[-1] == 429, "guesses end after some", tried)
    tap.equal(len(answers), 1, "a wrong password and no such user are one answer")
    tap.equal(ask(server, at, "/api/v1/login", {"user": "alice", "password": PASSWORD})[0], 429,
              "who guessed is not told when he is right")
    goes_on(tap, server, monitor, "guesses")


# ---- how slowly ----------------------------------------------------------------------

def closes(connection):
    """True once the other end has closed it."""
    try:
        while connection.recv(65536, socket.MSG_DONTWAIT):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def slow(tap, lab):
    server, monitor, at = scene(lab)
    began = time.monotonic()
    asking = [server.connect(*at) for _ in range(50)]
    sending = [server.connect(*at) for _ in range(50)]
    for one in sending:
        one.sendall(login(b"Content-Length: 4000", body=b"user="))
    reading = server.connect(*at)
    reading.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    reading.sendall(b"GET /api/v1/schema HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)

    def trickle():
        """A byte now and then keeps each of them from being idle."""
        for one, byte in [(one, b"X") for one in asking] + [(one, b"a") for one in sending]:
            try:
                one.sendall(byte)
            except OSError:
                pass
        return all(closes(one) for one in asking + sending)

    goes_on(tap, server, monitor, "slow clients")
    until(trickle, "slow clients are cut off", ASKS_S + 15, 1)
    took = time.monotonic() - began
    tap.ok(took > ASKS_S - 5, "slow clients are cut off at a deadline", f"{took:.0f} s")
    theirs = f"( sport = :{at[1]} and dport = :{reading.getsockname()[1]} )"
    until(lambda: not server.run("ss", "-Htn", "state", "established", theirs).stdout,
          "who reads nothing is cut off", 15, 1)
    tap.equal(codes(send_all(server, at, GOOD)), [200], "others are answered")


def many(tap, lab):
    server, monitor, at = scene(lab)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, MANY + 1000), hard))
    count = min(MANY, min(hard, MANY + 1000) - 500)
    held = []
    with server.inside():
        for _ in range(count):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(at)
            held.append(one)
    goes_on(tap, server, monitor, f"{count} connections")
    pid = monitor.get("status")["pid"]
    taken = server.run("ss", "-Htn", "state", "established", f"sport = :{at[1]}").stdout
    open_files = len(list(e2e.pathlib.Path(f"/proc/{pid}/fd").iterdir()))
    tap.ok(open_files < ALL + 200, "it holds no more than it has room for",
           f"{open_files} files, {len(taken.splitlines())} connections")
    for one in held:
        one.close()
    until(lambda: codes(send_all(server, at, GOOD, 1)) == [200], "room for others")
    tap.ok(True, "when they have left, others are answered")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    sys.exit(e2e.main(shapes, random_bytes, paths, forged, guessed, slow, many))
