#!/usr/bin/env python3
"""probes_http.py: `breakwater probe` of nginx and of servers that are not well.

One network, only its loopback: nginx with sound, expired, foreign and self-signed
certificates, and sockets of this test for what nginx never does.  Of each probe the
state, the reason and the words are compared; of nginx, what it has logged.

Runs beside others.
"""
import json
import os
import re
import socket
import struct
import sys
import threading

import lab as e2e
from lab import BREAKWATER, until

AGENT = r"breakwater/\d+\.\d+\.\d+ \(probe\)"
NAME, TOKEN = "harbour.example", "gangway-4"
PLAIN, HTTP2, GOOD, EXPIRED, SELF_SIGNED, MUTUAL, OLD, PROXY = range(8080, 8088)
RESTARTED = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"


# ---- nginx ---------------------------------------------------------------------------

class Certificates:
    """An authority, and what it has signed."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.dir
        self.make("ca", "/CN=Harbour Authority", "-x509", "-days", "30")
        self.sign("good", "30")
        self.sign("expired", "-1")
        self.make("self", f"/CN={NAME}", "-x509", "-days", "30",
                  "-addext", f"subjectAltName=DNS:{NAME}")

    def path(self, name):
        return str(self.folder / name)

    def make(self, name, subject, *options):
        self.lab.run("openssl", "req", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject,
                     "-keyout", self.path(f"{name}.key"), "-out",
                     self.path(f"{name}.crt"), *options)

    def sign(self, name, days):
        self.make(name, f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}")
        self.lab.run("openssl", "x509", "-req", "-in", self.path(f"{name}.crt"), "-CA",
                     self.path("ca.crt"), "-CAkey", self.path("ca.key"),
                     "-CAcreateserial", "-copy_extensions", "copy", "-days", days,
                     "-out", self.path(f"{name}.crt"))


PLACES = """
	root %(dir)s/www;
	location /broken { return 500 broken; }
	location /full { return 503; }
	location /later { add_header Retry-After 30 always; return 503; }
	location /often { return 429; }
	location /private { auth_basic "harbour"; auth_basic_user_file %(dir)s/users;
		alias %(dir)s/www; }
	location /token { if ($http_authorization != "Bearer %(token)s") { return 403; }
		return 200 "aboard"; }
	location = /moved { return 301 /index.html; }
	location = /away { return 302 ftp://harbour.example/; }
	location = /secure { return 301 https://%(name)s:%(good)d/; }
	location = /round { return 302 /round; }
	location = /other { return 302 http://localhost:%(plain)d/; }
	location = /nowhere { return 302 http://127.0.0.1:9/; }
"""


def start_nginx(lab, network):
    folder = lab.dir
    (folder / "www").mkdir()
    (folder / "www/index.html").write_text("<h1>harbour</h1>\n")
    (folder / "www/big").write_bytes(b"deep water " * 300000)
    (folder / "users").write_text("alice:{PLAIN}correct-horse-7\n")
    places = PLACES % {"dir": folder, "token": TOKEN, "name": NAME, "good": GOOD,
                       "plain": PLAIN}
    def server(port, how, name="", more=""):
        certificate = (f"ssl_certificate {folder}/{name}.crt;"
                       f"ssl_certificate_key {folder}/{name}.key;" if name else "")
        return f"server {{ listen 127.0.0.1:{port} {how}; {certificate} {more} {places} }}"
    servers = "\n".join((
        server(PLAIN, "", more=f"listen [::1]:{PLAIN};"), server(HTTP2, "http2"),
        server(GOOD, "ssl http2", "good"),
        server(EXPIRED, "ssl", "expired"), server(SELF_SIGNED, "ssl", "self"),
        server(MUTUAL, "ssl", "good", f"ssl_client_certificate {folder}/ca.crt;"
               "ssl_verify_client on;"),
        server(OLD, "ssl", "good", "ssl_protocols TLSv1.2;"),
        f"server {{ listen 127.0.0.1:{PROXY}; location / {{"
        f" proxy_pass http://127.0.0.1:{PLAIN}; }} }}"))
    folders = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; user root;
pid {folder}/pid; error_log {folder}/errors info;
events {{ worker_connections 64; }}
http {{
	log_format asked '$server_port "$request" $status $host "$http_user_agent"';
	access_log {folder}/asked asked; {folders}
	ssl_protocols TLSv1.2 TLSv1.3;
	{servers}
}}
""")
    network.start_tree("nginx", "-c", str(folder / "nginx.conf"))
    until(lambda: network.listens(PROXY), "nginx")


# ---- servers that are not well -------------------------------------------------------

def close(made):
    made.recv(4096)


def reset(made):
    made.recv(4096)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(text):
    def answer(made):
        made.recv(4096)
        made.sendall(text.encode())
    return answer


def endless(begin, more):
    def answer(made):
        made.recv(4096)
        made.sendall(begin)
        while True:
            made.sendall(more * 1000)
    return answer


def stays(text):
    """Says that and then nothing, until the client ends."""
    def answer(made):
        made.recv(4096)
        made.sendall(text.encode())
        while made.recv(4096):
            pass
    return answer


class Unwell:
    """Listens; each connection is given to a function, in a thread."""

    def __init__(self, network, answer):
        self.listener = network.listen("127.0.0.1")
        self.listener.settimeout(None)
        self.port = self.listener.getsockname()[1]
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                made, _ = self.listener.accept()
            except OSError:
                return
            with made:
                try:
                    self.answer(made)
                except OSError:
                    pass


# ---- asking --------------------------------------------------------------------------

class Asker:
    def __init__(self, tap, lab, network):
        self.tap, self.lab, self.network = tap, lab, network

    def probe(self, target):
        done = self.network.run(BREAKWATER, "probe", "--json", target, status=None)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise e2e.Failure(f"{target}: {done.stdout}{done.stderr}") from None

    def expect(self, target, reason, detail="", **facts):
        """reason None: up; detail and facts are patterns."""
        record = self.probe(target)
        wrong = [f"{name}: {record.get(name)!r}" for name, pattern in
                 {"detail": detail, **facts}.items()
                 if not re.search(pattern, str(record.get(name, "")))]
        self.tap.ok(record.get("reason") == reason and not wrong and
                    (record["state"] == "up") == (reason is None),
                    f"{target} is {reason or 'up'}", wrong, record)
        return record


def answers(asker, plain):
    """Statuses and checks, in the clear."""
    whole = {"version": "^HTTP/1.1$", "software": "^nginx/"}
    asker.expect(f"{plain}/", None, "^$", **whole)
    asker.expect(f"{plain}/index.html?a=1&b=2#body=harbour&body_not=storm", None)
    asker.expect(f"{plain}/#method=HEAD", None)
    asker.expect(f"{plain}/big", None)
    asker.expect(f"{plain}/big#body=water", None)
    asker.expect(f"{plain}/absent", "wrong_answer", '"404 Not Found"', **whole)
    asker.expect(f"{plain}/absent#status=200,400-404", None)
    asker.expect(f"{plain}/#status=404", "wrong_answer", '"200 OK"')
    asker.expect(f"{plain}/#body=storm", "wrong_answer", 'the body has no "storm"')
    asker.expect(f"{plain}/#body_not=h.rbour", "wrong_answer", 'has "h.rbour"')
    asker.expect(f"{plain}/#header=Content-Type:%5Etext/html&header_not=X-Leak:.",
                 None)
    asker.expect(f"{plain}/#header=X-Absent:.", "wrong_answer", "header X-Absent")
    asker.expect(f"{plain}/#header_not=Server:nginx", "wrong_answer",
                 'header Server has "nginx": nginx/')
    asker.expect(f"{plain}/broken", "error", '"500 Internal Server Error"')
    asker.expect(f"{plain}/full", "error", '"503 Service')
    asker.expect(f"{plain}/later", "overloaded", '"503 Service')
    asker.expect(f"{plain}/later#status=503", None)
    asker.expect(f"{plain}/often", "overloaded", '"429 Too Many')


def redirects(asker, plain):
    asker.expect(f"{plain}/moved", None)
    asker.expect(f"{plain}/moved#redirects=no", "wrong_answer",
                 '"301 .*leads to .*/index.html')
    asker.expect(f"{plain}/moved#redirects=no&status=301", None)
    asker.expect(f"{plain}/round#max_redirects=3", "wrong_answer",
                 r"[Mm]aximum.*\(3\).*redirected to .*/round")
    asker.expect(f"{plain}/away", "wrong_answer", "ftp")
    asker.expect(f"{plain}/other", None)
    asker.expect(f"{plain}/nowhere", "refused", "port 9 is closed.*redirected to")
    # The name is pinned to the address of the target, whatever its port.
    asker.expect(f"{plain}/secure#server_name={NAME}", None, tls_version="TLS 1.3",
                 cert_issuer="Harbour Authority")


def logins(asker, plain):
    inside = plain.replace("//", "//alice:correct-horse-7@")
    outside = plain.replace("//", "//alice:battery-staple-8@")
    record = asker.expect(f"{inside}/private/", None)
    asker.tap.ok("correct-horse" not in json.dumps(record), "no password is told")
    asker.expect(f"{outside}/private/", "login_failed", '"401 Unauthorized"')
    asker.expect(f"{plain}/private/", "wrong_answer", '"401 Unauthorized"')
    asker.expect(f"{plain}/private/#status=401", None)
    token = asker.lab.dir / "token"
    token.write_text(f"{TOKEN}\n")
    asker.expect(f"{plain}/token#token_file={token}&body=aboard", None)
    token.write_text("stowaway-9\n")
    asker.expect(f"{plain}/token#token_file={token}", "login_failed", '"403 ')
    asker.expect(f"{plain}/token#token_file={token}.absent", "not_permitted",
                 "can't be read: No such file")


def certificates(asker, _plain):
    """The facts of a certificate are told whatever is wrong with it."""
    named = f"#server_name={NAME}"
    facts = {"tls_version": r"^TLS 1\.3$", "cipher": "^TLS_", "cert_not_after": "^20",
             "cert_subject": NAME}
    at = "https://127.0.0.1"
    asker.expect(f"{at}:{GOOD}/{named}", None, version="^HTTP/2$",
                 cert_issuer="Harbour Authority", tls_us=r"^\d+$",
                 first_byte_us=r"^\d+$", **facts)
    asker.expect(f"{at}:{GOOD}/absent{named}", "wrong_answer", '"404"')
    asker.expect(f"{at}:{GOOD}/big{named}&body=water", None, version="^HTTP/2$")
    asker.expect(f"{at}:{GOOD}/{named}&http=1.1", None, version=r"^HTTP/1\.1$")
    asker.expect(f"{at}:{GOOD}/{named}&http=2", None, version="^HTTP/2$")
    asker.expect(f"{at}:{OLD}/{named}&http=2", "wrong_answer",
                 r"is HTTP/1\.1, wanted is HTTP/2", tls_version=r"^TLS 1\.2$")
    asker.expect(f"{at}:{EXPIRED}/{named}", "certificate_expired", "expired 20", **facts)
    asker.expect(f"{at}:{SELF_SIGNED}/{named}", "certificate_untrusted", "self-signed",
                 **facts)
    asker.expect(f"{at}:{GOOD}/", "certificate_name", "not for 127.0.0.1", **facts)
    asker.expect(f"{at}:{EXPIRED}/{named}&verify=no", None, **facts)
    asker.expect(f"https://alice:correct-horse-7@127.0.0.1:{SELF_SIGNED}/{named}",
                 "certificate_untrusted")
    asker.expect(f"{at}:{MUTUAL}/{named}", "wrong_answer", '"400 Bad Request"')
    asker.expect(f"{at}:{PLAIN}/", "tls_failed", "wrong version number")
    asker.expect(f"http://127.0.0.1:{GOOD}/", "wrong_answer", '"400 Bad Request"')


def ways(asker, plain):
    """HTTP/2 in the clear, names, a proxy, and what is our own trouble."""
    asker.expect(f"http://127.0.0.1:{HTTP2}/#http=2", None, version="^HTTP/2$")
    asker.expect(f"{plain}/#http=2", "closed", "without a word")
    asker.expect(f"http://localhost:{PLAIN}/", None, resolve_us=r"^\d+$")
    asker.expect(f"http://[::1]:{PLAIN}/", None, ip="^::1$")
    asker.expect(f"http://localhost:{PLAIN}/#family=6", None, ip="^::1$")
    asker.expect(f"http://far.example/#proxy=http://127.0.0.1:{PROXY}", None, "^$")
    asker.expect("http://far.example/#proxy=http://127.0.0.1:9", "refused", "port 9")
    asker.expect(f"https://far.example/#proxy=http://127.0.0.1:{PROXY}", "error",
                 "CONNECT is 40")
    asker.expect("http://127.0.0.1:9/", "refused", "port 9 is closed")
    asker.expect("http://192.0.2.1/", "no_route", "no route")
    asker.expect(f"{plain}/#source=192.0.2.7", "no_route", "not of this machine")
    asker.expect(f"{plain}/#source=127.0.0.5&interface=lo", None)


def unwell(asker, _plain):
    """What nginx never does."""
    for answer, reason, detail in (
            (close, "closed", "without a word"),
            (reset, "reset", "established, then reset"),
            (says(RESTARTED), "closed", "middle of its answer"),
            (says("220 mail.example ESMTP\r\n"), "wrong_protocol", "HTTP/0.9"),
            (says("\x00\x01\x02\x03" * 400), "wrong_protocol", "HTTP/0.9"),
            (says("HTTP/7.5 200 OK\r\n\r\n"), "wrong_protocol", "."),
            (endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"and more "),
             "wrong_protocol", "header does not end"),
            (endless(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
             "wrong_protocol", "header does not end"),
            (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"and more "), None, ""),
            (stays(""), "silent", "no answer in 400 ms"),
            (stays(RESTARTED), "silent", "not all of an answer in 400 ms")):
        server = Unwell(asker.network, answer)
        asker.expect(f"http://127.0.0.1:{server.port}/#timeout=400ms", reason, detail)
    for answer, detail in ((close, "closed during the TLS"),
                           (reset, "reset during the TLS"),
                           (says("220 hello\r\n"), "TLS: wrong version")):
        server = Unwell(asker.network, answer)
        asker.expect(f"https://127.0.0.1:{server.port}/", "tls_failed", detail)
    server = Unwell(asker.network, stays(""))
    asker.expect(f"https://127.0.0.1:{server.port}/#timeout=400ms", "silent",
                 "TLS handshake in 400 ms")


def polite(asker, plain):
    """One request each, by our name; nothing was asked where a certificate was bad."""
    log = asker.lab.dir / "asked"
    log.write_text("")
    asker.probe(f"{plain}/")
    lines = until(lambda: log.read_text().splitlines(), "nginx to log")
    asker.tap.ok(len(lines) == 1 and re.fullmatch(
        rf'{PLAIN} "GET / HTTP/1.1" 200 127.0.0.1 "{AGENT}"', lines[0]),
        "nginx logs one request, by our name", lines)
    log.write_text("")
    for port in (EXPIRED, SELF_SIGNED):
        asker.probe(f"https://alice:correct-horse-7@127.0.0.1:{port}/#server_name={NAME}")
    asker.probe(f"{plain}/last")
    until(lambda: "/last" in log.read_text(), "nginx to log")
    lines = log.read_text().splitlines()
    asker.tap.equal(len(lines), 1, "nothing is asked where a certificate is bad", lines)


def together(asker, _plain):
    """Counted probes: handles are used again, connections are not."""
    log = asker.lab.dir / "asked"
    log.write_text("")
    done = asker.network.run(BREAKWATER, "probe", "--json", "--count", "3",
                             f"https://127.0.0.1:{GOOD}/#server_name={NAME}")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    asker.tap.ok(len(records) == 3 and all(one["state"] == "up" and one["tls_us"] > 0 and
                                           one["connect_us"] > 0 for one in records),
                 "each probe makes a connection of its own", records)


def probes(tap, lab):
    if not e2e.has_tree("nginx"):
        tap.skip("nginx is probed", "scripts/test-tree has not made build/tree")
        return
    network = lab.namespace("harbour")
    os.environ["SSL_CERT_FILE"] = Certificates(lab).path("ca.crt")
    start_nginx(lab, network)
    asker = Asker(tap, lab, network)
    for part in (answers, redirects, logins, certificates, ways, unwell, polite,
                 together):
        part(asker, f"http://127.0.0.1:{PLAIN}")
    errors = [line for line in (lab.dir / "errors").read_text(errors="replace")
              .splitlines() if re.search(r"\[(warn|error|crit|alert|emerg)\]", line)]
    tap.ok(all(re.search("No such file|password mismatch", line) for line in errors),
           "nginx complains of nothing but what was asked for", *errors)


if __name__ == "__main__":
    sys.exit(e2e.main(probes))
