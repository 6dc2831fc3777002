#!/usr/bin/env python3
"""blackbox.py: what is told by a module beside Debian's blackbox_exporter, of the same
file and the same servers: the same metrics, labels, HELP and TYPE, and the same values
but for times; the same words said to servers; the same files taken and refused.

Runs beside others.
"""
import collections
import contextlib
import http.client
import re
import ssl
import sys
import threading

import lab as e2e

HOST, NAMES, NOBODY = "127.0.0.1", "127.0.0.53", "192.0.2.1"
(OPEN, GONE, LINES, ENDS, MUTE, ECHO, START, TLS, EXPIRED, OTHER_NAME,
 NO_TLS, WEB, WEB_TLS) = range(7001, 7014)

MODULES = """
modules:
  tcp: {{prober: tcp, timeout: 5s}}
  quick: {{prober: tcp, timeout: 1s}}
  ip4: {{prober: tcp, tcp: {{preferred_ip_protocol: ip4}}}}
  only4: {{prober: tcp, tcp: {{preferred_ip_protocol: ip4, ip_protocol_fallback: false}}}}
  only6: {{prober: tcp, tcp: {{ip_protocol_fallback: false}}}}
  from: {{prober: tcp, tcp: {{source_ip_address: 127.0.0.9}}}}
  from_nowhere: {{prober: tcp, tcp: {{source_ip_address: 192.0.2.9}}}}
  reads: {{prober: tcp, timeout: 1s, tcp: {{query_response: [{{expect: "^third (.*)$"}}]}}}}
  talks:
    prober: tcp
    timeout: 2s
    tcp:
      query_response:
        - {{send: "hello $1 ${{x}}"}}
        - {{expect: "^you said (?P<word>[a-z]+) (.*)$", send: "again ${{word}} $1. $2 $none."}}
        - expect: "^you said again"
        - send: "bye"
  starts:
    prober: tcp
    timeout: 2s
    tcp:
      tls_config: {{ca_file: "{dir}/ca.crt", server_name: harbour.example}}
      query_response:
        - {{expect: "^220 ([^ ]+)", send: "EHLO prober"}}
        - {{expect: "^250 STARTTLS", send: "STARTTLS"}}
        - {{expect: "^220", starttls: true}}
        - {{send: "EHLO again"}}
        - {{expect: "^250 ", send: "QUIT"}}
  tls:
    prober: tcp
    timeout: 2s
    tcp: {{tls: true, tls_config: {{ca_file: "{dir}/ca.crt", server_name: harbour.example}}}}
  tls_name: {{prober: tcp, tcp: {{tls: true, tls_config: {{ca_file: "{dir}/ca.crt"}}}}}}
  tls_system: {{prober: tcp, tcp: {{tls: true, tls_config: {{server_name: harbour.example}}}}}}
  tls_any: {{prober: tcp, tcp: {{tls: true, tls_config: {{insecure_skip_verify: true}}}}}}
  tls_talks:
    prober: tcp
    tcp:
      tls: true
      tls_config: {{ca_file: "{dir}/ca.crt", server_name: harbour.example}}
      query_response: [{{send: "hello"}}, {{expect: "^you said hello$"}}]
  icmp: {{prober: icmp, timeout: 1s}}
  icmp4: {{prober: icmp, timeout: 1s, icmp: {{preferred_ip_protocol: ip4}}}}
  soa: {{prober: dns, dns: {{query_name: harbour.example, query_type: SOA}}}}
  mx_tcp: {{prober: dns, dns: {{transport_protocol: tcp, query_name: harbour.example, query_type: MX}}}}
  any_type: {{prober: dns, dns: {{query_name: pier.harbour.example, transport_protocol: tcp}}}}
  no_such: {{prober: dns, dns: {{query_name: none.harbour.example, query_type: A}}}}
  no_such_is_right:
    prober: dns
    dns: {{query_name: none.harbour.example, query_type: A, valid_rcodes: [NXDOMAIN, NOERROR]}}
  refused: {{prober: dns, dns: {{query_name: elsewhere.example, query_type: A, recursion_desired: false}}}}
  dot:
    prober: dns
    dns:
      query_name: harbour.example
      query_type: NS
      transport_protocol: tcp
      dns_over_tls: true
      tls_config: {{ca_file: "{dir}/ca.crt", server_name: harbour.example}}
  quick_soa: {{prober: dns, timeout: 1s, dns: {{query_name: harbour.example, query_type: SOA}}}}
  web: {{prober: http, timeout: 2s}}
  web_tls: {{prober: http, http: {{tls_config: {{ca_file: "{dir}/ca.crt"}}}}}}
  web_any: {{prober: http, http: {{tls_config: {{insecure_skip_verify: true}}, fail_if_not_ssl: true}}}}
  web_no_tls: {{prober: http, http: {{fail_if_ssl: true, tls_config: {{insecure_skip_verify: true}}}}}}
  web_404: {{prober: http, http: {{valid_status_codes: [404, 410]}}}}
  web_stays: {{prober: http, http: {{follow_redirects: false, valid_status_codes: [301]}}}}
  web_1_1: {{prober: http, http: {{valid_http_versions: ["HTTP/1.1"]}}}}
  web_2: {{prober: http, http: {{valid_http_versions: ["HTTP/2.0"]}}}}
  web_body: {{prober: http, http: {{fail_if_body_not_matches_regexp: ["hello (big )?w", "world$"]}}}}
  web_not_body: {{prober: http, http: {{fail_if_body_matches_regexp: [nothing, "o w"]}}}}
  web_small: {{prober: http, http: {{body_size_limit: 5B}}}}
  web_header: {{prober: http, http: {{fail_if_header_matches: [{{header: x-kind, regexp: "^a"}}]}}}}
  web_header_may_miss:
    {{prober: http, http: {{fail_if_header_matches: [{{header: x-none, regexp: a, allow_missing: true}}]}}}}
  web_not_header: {{prober: http, http: {{fail_if_header_not_matches: [{{header: X-Kind, regexp: "^b"}}]}}}}
  web_posts:
    prober: http
    http:
      method: POST
      body: '{{"a": 1}}'
      headers: {{Host: site.example, X-Given: this, Content-Type: application/json}}
      basic_auth: {{username: alice, password: "s3:cret"}}
  web_bears: {{prober: http, http: {{bearer_token: abc.def}}}}
  web_head: {{prober: http, http: {{method: HEAD}}}}
{validators}
"""
VALIDATOR = """  {name}:
    prober: dns
    dns:
      query_name: {query}
      query_type: {type}
      validate_{section}_rrs: {{{key}: ['{regexp}']}}
"""
# Records that are wanted or not: query, type, section, key, regular expression.
VALIDATORS = [
    ("pier.harbour.example", kind, "answer", key, regexp)
    for key in ("fail_if_matches_regexp", "fail_if_all_match_regexp",
                "fail_if_not_matches_regexp", "fail_if_none_matches_regexp")
    for kind, regexp in (("A", r"^pier\.harbour\.example\.\t60\tIN\tA\t192\.0\.2\.7$"),
                         ("A", r"\tIN\tA\t192\.0\.2\."), ("A", "nowhere"),
                         ("SRV", "x"))
] + [
    ("harbour.example", "SOA", "answer", "fail_if_not_matches_regexp",
     r"^harbour\.example\.\t60\tIN\tSOA\tns\.harbour\.example\. "
     r"hostmaster\.harbour\.example\. 7 60 61 62 63$"),
    ("harbour.example", "MX", "answer", "fail_if_not_matches_regexp",
     r"\tMX\t10 mail\.harbour\.example\.$"),
    ("harbour.example", "MX", "additional", "fail_if_none_matches_regexp",
     r"^mail\.harbour\.example\.\t60\tIN\tA\t192\.0\.2\.25$"),
    ("pier.harbour.example", "TXT", "answer", "fail_if_not_matches_regexp",
     r'\tTXT\t"berth \\"seven\\"" "and more"$'),
    ("pier.harbour.example", "AAAA", "answer", "fail_if_not_matches_regexp",
     r"\tAAAA\t2001:db8::7$"),
    ("_x._tcp.harbour.example", "SRV", "answer", "fail_if_not_matches_regexp",
     r"\tSRV\t1 2 3 pier\.harbour\.example\.$"),
    ("harbour.example", "CAA", "answer", "fail_if_not_matches_regexp",
     r'\tCAA\t0 issue "ca\.example"$'),
    ("quay.harbour.example", "A", "answer", "fail_if_none_matches_regexp",
     r"^quay\.harbour\.example\.\t60\tIN\tCNAME\tpier\.harbour\.example\.$"),
    ("none.harbour.example", "A", "authority", "fail_if_matches_regexp", "SOA"),
]
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


# ---- servers -------------------------------------------------------------------------

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


PAGES = {
    "/": (b"200 OK", b"X-Kind: apple\r\n", b"hello world"),
    "/new": (b"200 OK", b"Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\n", b""),
    "/gone": (b"410 Gone", b"", b"no more"),
    "/there": (b"301 Moved Permanently", b"Location: /\r\n", b"go there"),
    "/twice": (b"302 Found", b"Location: there\r\n", b""),
    "/away": (b"302 Found", b"Location: http://127.0.0.1:%d/\r\n" % GONE, b""),
    "/safe": (b"302 Found", b"Location: https://127.0.0.1:%d/\r\n" % WEB_TLS, b""),
    "/round": (b"302 Found", b"Location: /round\r\n", b""),
}
TOLD = ("host", "x-given", "content-type", "content-length", "authorization")


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


def certify(lab, name, subject, alternatives, days):
    """A certificate of our own authority's; its TLS context."""
    base = lab.dir / name
    (lab.dir / f"{name}.ext").write_text(f"subjectAltName={alternatives}\n")
    lab.run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-utf8",
            "-keyout", f"{base}.key", "-out", f"{base}.csr")
    lab.run("openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", str(lab.dir / "ca.crt"),
            "-CAkey", str(lab.dir / "ca.key"), "-CAcreateserial", "-days", str(days),
            "-extfile", f"{base}.ext", "-out", f"{base}.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
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
    servers = Servers(network)
    for port, handler in ((OPEN, hold), (MUTE, hold), (ECHO, echo), (START, mail(good)),
                          (LINES, say(b"first\r\nsec", b"ond\nthi", b"rd time\r\n")),
                          (ENDS, say(b"first\nsecond", ends=True)),
                          (NO_TLS, say(b"hello\r\n")), (TLS, in_tls(good, echo)),
                          (WEB, web), (WEB_TLS, in_tls(good, web)),
                          (EXPIRED, in_tls(expired)), (OTHER_NAME, in_tls(other))):
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


# ---- what they tell ------------------------------------------------------------------

class Exporter:
    def __init__(self, network, path):
        self.network, self.port = network, 9115
        program = network.start_tree("prometheus-blackbox-exporter",
                                     f"--config.file={path}",
                                     f"--web.listen-address={HOST}:{self.port}")
        e2e.until(lambda: network.listens(self.port), f"the exporter: {program.err()}")

    def get(self, query, headers=()):
        """(status, type, text)."""
        connection = http.client.HTTPConnection(HOST, timeout=30)
        connection.sock = self.network.connect(HOST, self.port)
        connection.request("GET", f"/probe?{query}", headers=dict(headers))
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers["Content-Type"], text


def metrics(text):
    """{name: [help, type, {labels: value}]}."""
    found = collections.defaultdict(lambda: ["", "", {}])
    for line in text.splitlines():
        if line.startswith("#"):
            _, kind, name, rest = line.split(" ", 3)
            found[name][0 if kind == "HELP" else 1] = rest
            continue
        name, labels, value = re.fullmatch(r"(\w+)(\{.*\})? (\S+)", line).groups()
        found[name][2][labels or ""] = float(value)
    return dict(found)


def outline(found):
    """Without the values."""
    return {name: (text, kind, sorted(samples))
            for name, (text, kind, samples) in found.items()}


def is_time(name):
    return name.endswith("_seconds") and "timestamp" not in name


def values(found):
    return {name: samples for name, (_, _, samples) in found.items() if not is_time(name)}


def ask_ours(lab, network, path, module, target):
    done = network.run(e2e.BREAKWATER, "probe", "--modules", str(path), "--module", module,
                       target, status=None)
    if done.returncode not in (0, 1):
        raise e2e.Failure(f"{module} {target}: {done.returncode}: {done.stderr}")
    return metrics(done.stdout)


# Of a certificate that is not good the exporter tells nothing; of one that is not
# judged, that its chain ends in the year 1.
CERTIFICATE = re.compile("probe_(ssl|tls)_")
LAST_CHAIN = "probe_ssl_last_chain_expiry_timestamp_seconds"

CASES = (
    ("tcp", f"{HOST}:{OPEN}", 1), ("tcp", f"[::1]:{OPEN}", 1), ("tcp", f"{HOST}:{GONE}", 0),
    ("tcp", HOST, 0), ("tcp", "::1:80", 0), ("tcp", f"{NOBODY}:80", 0),
    ("tcp", "nobody.invalid:80", 0), ("ip4", f"[::1]:{OPEN}", 1),
    ("only4", f"[::1]:{OPEN}", 0), ("only4", f"{HOST}:{OPEN}", 1),
    ("only6", f"{HOST}:{OPEN}", 0), ("only6", f"[::1]:{OPEN}", 1),
    ("from", f"{HOST}:{OPEN}", 1), ("from_nowhere", f"{HOST}:{OPEN}", 0),
    ("reads", f"{HOST}:{LINES}", 1), ("reads", f"{HOST}:{ENDS}", 0),
    ("reads", f"{HOST}:{MUTE}", 0), ("reads", f"{HOST}:{GONE}", 0),
    ("talks", f"{HOST}:{ECHO}", 1), ("talks", f"{HOST}:{MUTE}", 0),
    ("talks", f"{HOST}:{LINES}", 0),
    ("starts", f"{HOST}:{START}", 1), ("starts", f"{HOST}:{LINES}", 0),
    ("tls", f"{HOST}:{TLS}", 1), ("tls", f"{HOST}:{NO_TLS}", 0), ("tls", f"{HOST}:{GONE}", 0),
    ("tls", f"{HOST}:{EXPIRED}", 0), ("tls", f"{HOST}:{OTHER_NAME}", 0),
    ("tls_name", f"{HOST}:{TLS}", 1), ("tls_name", f"{HOST}:{OTHER_NAME}", 0),
    ("tls_system", f"{HOST}:{TLS}", 0), ("tls_any", f"{HOST}:{TLS}", 1),
    ("tls_any", f"{HOST}:{EXPIRED}", 1), ("tls_talks", f"{HOST}:{TLS}", 1),
    ("icmp", HOST, 1), ("icmp", "::1", 1), ("icmp4", HOST, 1), ("icmp", NOBODY, 0),
    ("icmp", "nobody.invalid", 0),
    ("soa", NAMES, 1), ("soa", f"{NAMES}:53", 1), ("quick_soa", f"{HOST}:{GONE}", 0),
    ("mx_tcp", NAMES, 1), ("mx_tcp", f"{HOST}:{GONE}", 0), ("any_type", NAMES, 1),
    ("no_such", NAMES, 0), ("no_such_is_right", NAMES, 1), ("refused", NAMES, 0),
    ("dot", NAMES, 1), ("dot", f"{HOST}:{NO_TLS}", 0),
    ("web", f"{HOST}:{WEB}", 1), ("web", f"http://{HOST}:{WEB}/new", 1),
    ("web", f"{HOST}:{WEB}/none", 0), ("web", f"{HOST}:{WEB}/chunks", 1),
    ("web", f"{HOST}:{WEB}/until", 1), ("web", f"{HOST}:{WEB}/short", 0),
    ("web", f"{HOST}:{WEB}/there", 1), ("web", f"{HOST}:{WEB}/twice", 1),
    ("web", f"{HOST}:{WEB}/away", 0), ("web", f"{HOST}:{WEB}/round", 0),
    ("web", f"{HOST}:{WEB}/never", 0), ("web", f"{HOST}:{WEB}/slow", 0), ("web", f"{HOST}:{GONE}/", 0),
    ("web", f"{HOST}:{NO_TLS}/", 0), ("web", "nobody.invalid", 0),
    ("web", f"https://{HOST}:{WEB_TLS}/", 0), ("web_tls", f"https://{HOST}:{WEB_TLS}/", 1),
    ("web_tls", f"{HOST}:{WEB}/safe", 1), ("web_tls", f"https://{HOST}:{WEB}/", 0),
    ("web_any", f"https://{HOST}:{WEB_TLS}/", 1), ("web_any", f"{HOST}:{WEB}", 0),
    ("web_no_tls", f"https://{HOST}:{WEB_TLS}/", 0), ("web_no_tls", f"{HOST}:{WEB}", 1),
    ("web_404", f"{HOST}:{WEB}/gone", 1), ("web_404", f"{HOST}:{WEB}/", 0),
    ("web_stays", f"{HOST}:{WEB}/there", 1), ("web_1_1", f"{HOST}:{WEB}/", 1),
    ("web_1_1", f"{HOST}:{WEB}/until", 0), ("web_2", f"{HOST}:{WEB}/", 0),
    ("web_body", f"{HOST}:{WEB}/", 1), ("web_body", f"{HOST}:{WEB}/new", 0),
    ("web_not_body", f"{HOST}:{WEB}/", 0), ("web_not_body", f"{HOST}:{WEB}/new", 1),
    ("web_small", f"{HOST}:{WEB}/", 0), ("web_small", f"{HOST}:{WEB}/new", 1),
    ("web_header", f"{HOST}:{WEB}/", 0), ("web_header", f"{HOST}:{WEB}/new", 0),
    ("web_header_may_miss", f"{HOST}:{WEB}/", 1), ("web_not_header", f"{HOST}:{WEB}/", 0),
    ("web_posts", f"{HOST}:{WEB}/", 1), ("web_bears", f"{HOST}:{WEB}/", 1),
    ("web_head", f"{HOST}:{WEB}/", 1),
)


# Modules that say something of their own.
TALKS = ("talks", "starts", "tls_talks", "web_posts", "web_bears", "web_head")


def compare(tap, what, theirs, ours):
    """That both tell the same, but for what is told of certificates."""
    more = set(ours) - set(theirs)
    is_judged_bad = theirs["probe_success"][2][""] == 0
    allowed = {name for name in more if is_judged_bad and CERTIFICATE.match(name)}
    ours = {name: one for name, one in ours.items() if name not in allowed}
    tap.equal(outline(ours), outline(theirs), f"{what}: the same metrics")
    if theirs.get(LAST_CHAIN, ("", "", {"": 0}))[2][""] < 0:
        theirs[LAST_CHAIN][2][""] = ours.get(LAST_CHAIN, ("", "", {"": None}))[2][""]
    tap.equal(values(ours), values(theirs), f"{what}: the same values")


def same_metrics(tap, lab):
    network = lab.namespace("host")
    servers = start_servers(lab, network)
    start_named(lab, network)
    validators = "".join(
        VALIDATOR.format(name=f"v{number}", query=query, type=kind, section=section,
                         key=key, regexp=regexp)
        for number, (query, kind, section, key, regexp) in enumerate(VALIDATORS))
    path = lab.dir / "modules.yml"
    path.write_text(MODULES.format(dir=lab.dir, validators=validators))
    exporter = Exporter(network, path)
    for module, target, success in CASES:
        what, port = f"{module} {target}", int((re.findall(r":(\d+)(?:/|$)", target) or ["0"])[0])
        servers.take(port)
        theirs = metrics(exporter.get(f"module={module}&target={target}")[2])
        told_them = servers.take(port)
        ours = ask_ours(lab, network, path, module, target)
        told_us = servers.take(port)
        compare(tap, what, theirs, ours)
        tap.equal(ours["probe_success"][2][""], success, f"{what}: is {success}")
        if module in TALKS:
            tap.equal(told_us, told_them, f"{what}: the same words are said")
    for number, case in enumerate(VALIDATORS):
        theirs = metrics(exporter.get(f"module=v{number}&target={NAMES}")[2])
        ours = ask_ours(lab, network, path, f"v{number}", NAMES)
        compare(tap, " ".join(case), theirs, ours)


def same_refusals(tap, lab):
    network = lab.namespace("host")
    path = lab.dir / "modules.yml"
    path.write_text("modules: {tcp: {prober: tcp}, none: {timeout: 5s}}\n")
    exporter = Exporter(network, path)
    for module, target in (("other", "x:1"), ("wh\"at", "x:1"), ("tcp", ""), ("none", "x:1"),
                           ("", "x:1")):
        status, _, text = exporter.get(f"module={module}&target={target}")
        done = network.run(e2e.BREAKWATER, "probe", "--modules", str(path), "--module",
                           module, target, status=2)
        tap.ok(status == 400 and done.stderr == f"breakwater probe: {text}",
               f"module {module!r}, target {target!r}: refused in the same words",
               repr(text), repr(done.stderr))


# Files, and whether they are taken.
FILES = (
    ("modules: {a: {prober: tcp}}", True), ("modules:", True), ("{}", True),
    ("modules: {a: }", True), ("modules: {a: {prober: tcp, tcp: }}", True),
    ("modules: {a: {prober: tcp, timeout: 1m30s}}", True),
    ("modules: {a: {prober: tcp, tcp: {tls: yes}}}", True),
    ("modules: {a: {prober: grpc, grpc: {service: x}}, b: {prober: tcp}}", True),
    ("modules: {a: {prober: http, http: {valid_status_codes: [200, 301], headers: "
     "{a: b}, body_size_limit: 10MB, fail_if_header_matches: [{header: a, regexp: b}]}}}",
     True),
    ("modules: {a: {prober: dns, dns: {query_name: x, query_type: SOA, query_class: IN}}}",
     True),
    ("modules: {a: {prober: tcp, tcp: {query_response: [{expect: 'a(?i)b', send: c}]}}}",
     True),
    ("module: {}", False), ("modules: {a: {probe: tcp}}", False),
    ("modules: {a: {prober: tcp, tcp: {tsl: true}}}", False),
    ("modules: {a: {prober: tcp, tcp: {tls: 'true'}}}", False),
    ("modules: {a: {prober: tcp, tcp: {tls_config: {ca: x}}}}", False),
    ("modules: {a: {prober: tcp, timeout: 5}}", False),
    ("modules: {a: {prober: tcp, timeout: 5x}}", False),
    ("modules: {a: {prober: tcp, tcp: {query_response: [{expect: '('}]}}}", False),
    ("modules: {a: {prober: tcp, tcp: {query_response: {expect: a}}}}", False),
    ("modules: {a: {prober: dns, dns: {query_type: A}}}", False),
    ("modules: {a: {prober: dns, dns: {query_name: x, query_type: NOPE}}}", False),
    ("modules: {a: {prober: dns, dns: {query_name: x, query_class: NOPE}}}", False),
    ("modules: {a: {prober: http, http: {valid_status_codes: 200}}}", False),
    ("modules: {a: {prober: http, http: {body_size_limit: 10}}}", False),
    ("modules: {a: {prober: http, http: {fail_if_header_matches: [{header: a}]}}}", False),
    ("modules: [a]", False), ("modules: {a: [b]}", False), ("modules: {a: b", False),
    ("modules: {a: {prober: tcp}, a: {prober: icmp}}", False),
)


def same_files(tap, lab):
    network, path = lab.namespace("host"), lab.dir / "modules.yml"
    for text, is_taken in FILES:
        path.write_text(text + "\n")
        theirs = network.tree("prometheus-blackbox-exporter", f"--config.file={path}",
                              "--config.check", status=None).returncode == 0
        done = network.run(e2e.BREAKWATER, "probe", "--modules", str(path), "--module",
                           "no such", "x", status=2)
        ours = "Unknown module" in done.stderr
        placed = re.match(rf"{path}:\d+:\d+: ", done.stderr) is not None
        tap.ok(ours == theirs == is_taken and placed != is_taken,
               f"{'taken' if is_taken else 'refused'} by both: {text}",
               f"theirs {theirs}, ours {ours}", done.stderr)


if __name__ == "__main__":
    if not e2e.has_tree("prometheus-blackbox-exporter", "named"):
        print("1..0 # SKIP build/tree has no blackbox_exporter: run scripts/test-tree")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(same_metrics, same_refusals, same_files))
