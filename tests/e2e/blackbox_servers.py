"""blackbox_servers.py: the servers that blackbox.py has two exporters ask."""
import collections
import contextlib
import gzip
import socket
import ssl
import struct
import threading
import zlib

import lab as e2e

HOST, NAMES, NOBODY = "127.0.0.1", "127.0.0.53", "192.0.2.1"
(OPEN, GONE, LINES, ENDS, MUTE, ECHO, START, TLS, EXPIRED, OTHER_NAME,
 NO_TLS, WEB, WEB_TLS, PROXY, NAMED_TLS, GRPC, GRPC_TLS, SHORT, SHA1) = range(7001, 7020)

ZONE = r"""$TTL 60
@ SOA ns hostmaster 7 60 61 62 63
@ NS ns
@ MX 10 mail
@ CAA 0 issue "ca.example"
ns A 192.0.2.1
mail A 192.0.2.25
pier A 192.0.2.7
pier A 192.0.2.8
pier AAAA 2001:db8::7
pier TXT "berth \"seven\"" "and more"
quay CNAME pier
_x._tcp SRV 1 2 3 pier
"""


class Servers:
    """What they heard, by port, in order."""

    def __init__(self, network):
        self.network, self.heard = network, collections.defaultdict(list)
        self.served = 0  # connections that are not over

    def serve(self, port, handler, address=HOST):
        listener = self.network.listen(address, port)
        listener.settimeout(None)

        def one(connection):
            heard = []
            self.heard[port].append(heard)
            with connection, contextlib.suppress(OSError, ValueError):
                handler(connection, heard)
            self.served -= 1

        def run():
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    self.served += 1
                    threading.Thread(target=one, args=(connection,), daemon=True).start()
        threading.Thread(target=run, daemon=True).start()

    def take(self, port):
        """What has been said to that port since this was asked last."""
        e2e.until(lambda: self.served == 0, "the end of all connections")
        heard = [b"".join(one) for one in self.heard.pop(port, [])]
        return heard


def hold(connection, heard):
    while more := connection.recv(4096):
        heard.append(more)


def say(*parts, ends=False):
    def serve(connection, heard):
        for part in parts:
            connection.sendall(part)
        if not ends:
            hold(connection, heard)
    return serve


def echo(connection, heard):
    for line in connection.makefile("rb"):
        heard.append(line)
        connection.sendall(b"you said " + line)


def mail(context):
    def serve(connection, heard):
        connection.sendall(b"220 mail.example ESMTP\r\n")
        lines = connection.makefile("rb")
        for line in lines:
            heard.append(line)
            if line.startswith(b"STARTTLS"):
                connection.sendall(b"220 go on\r\n")
                break
            connection.sendall(b"250-here\r\n250 STARTTLS\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            for line in inside.makefile("rb"):
                heard.append(line)
                if line.startswith(b"QUIT"):
                    return
                inside.sendall(b"250 here\r\n")
    return serve


def proxy(connection, heard):
    """Says what it is asked for, and does it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    request, *fields = head.decode().split("\r\n")
    heard.append(f"{request} {sorted(f for f in fields if f.startswith(('Host', 'Proxy-Auth')))}\n"
                 .encode())
    if not request.startswith("CONNECT"):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return
    with proxy.network.connect(HOST, int(request.split()[1].rsplit(":", 1)[1])) as far:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=copy, args=(connection, far), daemon=True).start()
        copy(far, connection)


def copy(source, sink):
    with contextlib.suppress(OSError):
        while (data := source.recv(4096)):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def raw_deflate(data):
    maker = zlib.compressobj(wbits=-15)
    return maker.compress(data) + maker.flush()


TOKEN = b'{"access_token": "t0k", "token_type": "bearer", "expires_in": 60}'
PAGES = {
    "/gzip": (b"200 OK", b"Content-Encoding: gzip\r\n", gzip.compress(b"hello world")),
    "/deflate": (b"200 OK", b"Content-Encoding: deflate\r\n", raw_deflate(b"hello world")),
    "/not_gzip": (b"200 OK", b"Content-Encoding: gzip\r\n", b"hello world"),
    "/token": (b"200 OK", b"Content-Type: application/json\r\n", TOKEN),
    "/": (b"200 OK", b"X-Kind: apple\r\n", b"hello world"),
    "/new": (b"200 OK", b"Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\n", b""),
    "/gone": (b"410 Gone", b"", b"no more"),
    "/there": (b"301 Moved Permanently", b"Location: /\r\n", b"go there"),
    "/twice": (b"302 Found", b"Location: there\r\n", b""),
    "/away": (b"302 Found", b"Location: http://127.0.0.1:%d/\r\n" % GONE, b""),
    "/safe": (b"302 Found", b"Location: https://127.0.0.1:%d/\r\n" % WEB_TLS, b""),
    "/round": (b"302 Found", b"Location: /round\r\n", b""),
}
TOLD = ("host", "x-given", "content-type", "content-length", "authorization",
        "accept-encoding")


def web(connection, heard):
    lines = connection.makefile("rb")
    while request := lines.readline():
        method, path, _ = request.decode().split()
        fields = {}
        while (line := lines.readline().strip()):
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        body = lines.read(int(fields.get("content-length", 0)))
        told = {name: fields[name] for name in TOLD if name in fields}
        if path.startswith("/token"):
            # What its client does of itself, whoever uses it; a form is in any order.
            told.pop("accept-encoding", None)
            body = b"&".join(sorted(body.split(b"&")))
        heard.append(f"{method} {path} {told} {body}\n".encode())
        if path == "/short":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello")
            return
        if path == "/chunks":
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
            continue
        if path == "/until":
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello world")
            return
        if path == "/slow":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello")
        if path == "/token_form" and "authorization" not in fields:
            path = "/token"
        if path in ("/never", "/slow"):
            hold(connection, heard)
        status, more, body = PAGES.get(path, (b"404 Not Found", b"", b"nothing"))
        connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n%b\r\n%b" % (
            status, len(body), more, b"" if method == "HEAD" else body))


def in_tls(context, handler=hold):
    def serve(connection, heard):
        with context.wrap_socket(connection, server_side=True) as inside:
            handler(inside, heard)
    return serve


def certify(lab, name, subject, alternatives, days, *options, bits=2048):
    """A certificate of our own authority's; its TLS context."""
    base = lab.dir / name
    (lab.dir / f"{name}.ext").write_text(f"subjectAltName={alternatives}\n")
    lab.run("openssl", "req", "-newkey", f"rsa:{bits}", "-nodes", "-subj", subject, "-utf8",
            "-keyout", f"{base}.key", "-out", f"{base}.csr")
    lab.run("openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", str(lab.dir / "ca.crt"),
            "-CAkey", str(lab.dir / "ca.key"), "-CAcreateserial", "-days", str(days),
            "-extfile", f"{base}.ext", "-out", f"{base}.crt", *options)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.load_cert_chain(f"{base}.crt", f"{base}.key")
    return context


def start_servers(lab, network):
    lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "5",
            "-subj", "/CN=Harbour CA", "-keyout", str(lab.dir / "ca.key"), "-out",
            str(lab.dir / "ca.crt"))
    good = certify(lab, "good", "/C=DE/O=Pier, \"7\" Ltd/OU=#a /OU=b \\+ü/CN=harbour.example"
                   "/emailAddress=a@harbour.example/serialNumber=1",
                   "DNS:harbour.example,DNS:*.harbour.example,IP:127.0.0.1", 9)
    expired = certify(lab, "expired", "/CN=harbour.example", "DNS:harbour.example", 0)
    other = certify(lab, "other", "/CN=other.example", "DNS:other.example", 9)
    (lab.dir / "secret").write_text(" s3cret \n")
    servers = Servers(network)
    proxy.network = network
    short = certify(lab, "short", "/CN=short", "DNS:harbour.example", 9, bits=1024)
    sha1 = certify(lab, "sha1", "/CN=sha1", "DNS:harbour.example", 9, "-sha1")
    good_h2 = certify(lab, "good_h2", "/CN=harbour.example",
                      "DNS:harbour.example,IP:127.0.0.1", 9)
    good_h2.set_alpn_protocols(["h2"])
    for port, handler in ((OPEN, hold), (MUTE, hold), (ECHO, echo), (START, mail(good)),
                          (LINES, say(b"first\r\nsec", b"ond\nthi", b"rd time\r\n")),
                          (ENDS, say(b"first\nsecond", ends=True)),
                          (NO_TLS, say(b"hello\r\n")), (TLS, in_tls(good, echo)),
                          (WEB, web), (WEB_TLS, in_tls(good, web)),
                          (EXPIRED, in_tls(expired)), (OTHER_NAME, in_tls(other)),
                          (SHORT, in_tls(short)), (SHA1, in_tls(sha1)), (PROXY, proxy), (NAMED_TLS, in_tls(other, web)),
                          (GRPC, grpc_health), (GRPC_TLS, in_tls(good_h2, grpc_health))):
        servers.serve(port, handler)
    servers.serve(OPEN, hold, "::1")
    return servers


def start_named(lab, network):
    (lab.dir / "harbour.zone").write_text(ZONE)
    config = lab.dir / "named.conf"
    config.write_text(f"""
options {{
	directory "{lab.dir}"; pid-file none; session-keyfile none;
	listen-on {{ {NAMES}; }}; listen-on-v6 {{ none; }};
	listen-on port 853 tls harbour {{ {NAMES}; }};
	recursion no; dnssec-validation no;
}};
controls {{ }};
tls harbour {{ cert-file "{lab.dir}/good.crt"; key-file "{lab.dir}/good.key"; }};
zone "harbour.example" {{ type primary; file "{lab.dir}/harbour.zone"; }};
""")
    network.ip("addr", "add", f"{NAMES}/8", "dev", "lo")
    named = network.start_tree("named", "-g", "-n", "1", "-c", str(config))
    e2e.until(lambda: named.err().endswith(" running\n"), "named runs", 30)


# ---- a server of gRPC's health, of HTTP/2 as much as it takes ----

H2_DATA, H2_HEADERS, H2_SETTINGS, H2_PING, H2_GOAWAY = 0, 1, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def h2_frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def h2_headers(stream, fields, ends):
    """Each a literal that nobody keeps (RFC 7541 6.2.2)."""
    block = b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
                     for name, value in fields)
    return h2_frame(H2_HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, block)


GRPC_TYPE = (b"content-type", b"application/grpc")
SERVICES = {b"": 1, b"up": 1, b"down": 2, b"unknown": 3}


def health_answer(stream, question):
    """To a HealthCheckRequest, in its frame."""
    service = question[7:]
    if service == b"missing":
        return h2_headers(stream, [(b":status", b"200"), GRPC_TYPE, (b"grpc-status", b"5"),
                                   (b"grpc-message", b"no such service")], True)
    if service == b"web":
        return h2_headers(stream, [(b":status", b"404"), (b"content-type", b"text/html")],
                          True)
    answer = bytes([8, SERVICES.get(service, 0)])
    said = h2_headers(stream, [(b":status", b"200"), GRPC_TYPE], False) + h2_frame(
        H2_DATA, 0, stream, struct.pack(">BI", 0, len(answer)) + answer)
    if service == b"cut":
        return said
    return said + h2_headers(stream, [(b"grpc-status", b"0")], True)


def grpc_health(connection, heard):
    lines = connection.makefile("rb")
    if lines.read(24) != b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
        return
    connection.sendall(h2_frame(H2_SETTINGS))
    said = collections.defaultdict(bytes)
    while (head := lines.read(9)):
        length, kind, flags, stream = struct.unpack(">I", b"\0" + head[:3]) + struct.unpack(
            ">BBI", head[3:])
        payload = lines.read(length)
        if kind in (H2_SETTINGS, H2_PING) and not flags & ACK:
            connection.sendall(h2_frame(kind, ACK, 0, payload if kind == H2_PING else b""))
        if kind == H2_DATA:
            said[stream] += payload
            if flags & END_STREAM:
                heard.append(said[stream])
                connection.sendall(health_answer(stream, said[stream]))
                if said[stream].endswith(b"cut"):
                    return
