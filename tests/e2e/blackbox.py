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
import socket
import sys

import lab as e2e
from blackbox_servers import (
    ECHO, ENDS, EXPIRED, GONE, GRPC, GRPC_TLS, HOST, LINES, MUTE, NAMED_TLS, NAMES, NOBODY,
    NO_TLS, OPEN, OTHER_NAME, PROXY, SHA1, SHORT, START, TLS, WEB, WEB_TLS, start_named, start_servers)

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
    timeout: 1s
    tcp:
      query_response:
        - {{send: "hello $1 ${{x}}"}}
        - {{expect: "^you said (?P<word>[a-z]+) (.*)$", send: "again ${{word}} $1. $2 $none."}}
        - expect: "^you said again"
        - send: "bye"
  starts:
    prober: tcp
    timeout: 1s
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
      headers: {{Host: site.example, X-Given: this, X-Api-Key: k3y-of-us, Content-Type: application/json}}
      basic_auth: {{username: alice, password: "s3:cret"}}
  web_bears: {{prober: http, http: {{bearer_token: abc.def}}}}
  web_head: {{prober: http, http: {{method: HEAD}}}}
  web_gzip: {{prober: http, http: {{compression: gzip, fail_if_body_not_matches_regexp: ["^hello world$"]}}}}
  web_deflate: {{prober: http, http: {{compression: deflate}}}}
  web_identity: {{prober: http, http: {{compression: identity}}}}
  web_asks_gzip: {{prober: http, http: {{compression: gzip, headers: {{Accept-Encoding: "br;q=0.1, gzip"}}}}}}
  web_proxy: {{prober: http, http: {{proxy_url: "http://al%3Aice:s%40cret@{host}:{proxy}", body: a}}}}
  web_proxy_names:
    prober: http
    http: {{proxy_url: "http://{host}:{proxy}", skip_resolve_phase_with_proxy: true, preferred_ip_protocol: ip4}}
  web_proxy_tls: {{prober: http, http: {{proxy_url: "http://{host}:{proxy}", tls_config: {{ca_file: "{dir}/ca.crt"}}}}}}
  web_no_proxy: {{prober: http, http: {{proxy_url: "http://{host}:{gone}"}}}}
  web_no_proxy_names:
    {{prober: http, http: {{proxy_url: "http://{host}:{gone}", skip_resolve_phase_with_proxy: true}}}}
  web_skips_nothing: {{prober: http, http: {{skip_resolve_phase_with_proxy: true}}}}
  web_token:
    prober: http
    http:
      oauth2:
        client_id: "a b"
        client_secret: "s/t%"
        token_url: "http://{host}:{web}/token"
        scopes: [read all, write]
        endpoint_params: {{audience: "x & y"}}
  web_token_form:
    {{prober: http, http: {{oauth2: {{client_id: a, client_secret_file: "{dir}/secret", token_url: "http://{host}:{web}/token_form"}}}}}}
  web_token_tls:
    prober: http
    http:
      oauth2:
        client_id: a
        client_secret: b
        token_url: "https://{host}:{web_tls}/token"
        tls_config: {{ca_file: "{dir}/ca.crt"}}
  web_token_bad_tls:
    {{prober: http, http: {{oauth2: {{client_id: a, client_secret: b, token_url: "https://{host}:{web_tls}/token"}}}}}}
  web_no_token:
    {{prober: http, http: {{oauth2: {{client_id: a, client_secret: b, token_url: "http://{host}:{web}/none"}}}}}}
  web_password_file: {{prober: http, http: {{basic_auth: {{username: alice, password_file: "{dir}/secret"}}}}}}
  web_credentials_file: {{prober: http, http: {{authorization: {{type: Token, credentials_file: "{dir}/secret"}}}}}}
  web_bearer_file: {{prober: http, http: {{bearer_token_file: "{dir}/secret"}}}}
  web_bearer_no_file: {{prober: http, http: {{bearer_token_file: "{dir}/none"}}}}
  web_named:
    {{prober: http, http: {{tls_config: {{ca_file: "{dir}/ca.crt", server_name: other.example}}}}}}
  web_named_by_host:
    {{prober: http, http: {{headers: {{Host: other.example}}, tls_config: {{ca_file: "{dir}/ca.crt"}}}}}}
  web_not_following: {{prober: http, http: {{no_follow_redirects: true, valid_status_codes: [301]}}}}
  web_max_tls: {{prober: http, http: {{tls_config: {{ca_file: "{dir}/ca.crt", max_version: TLS12}}}}}}
  echo_ttl: {{prober: icmp, timeout: 1s, icmp: {{preferred_ip_protocol: ip4, ttl: 3}}}}
  echo_odd: {{prober: icmp, timeout: 1s, icmp: {{preferred_ip_protocol: ip4, payload_size: 7}}}}
  echo_big: {{prober: icmp, timeout: 1s, icmp: {{preferred_ip_protocol: ip4, payload_size: 20001}}}}
  echo_whole: {{prober: icmp, timeout: 1s, icmp: {{preferred_ip_protocol: ip4, dont_fragment: true}}}}
  echo_too_big: {{prober: icmp, timeout: 1s, icmp: {{preferred_ip_protocol: ip4, dont_fragment: true, payload_size: 20001}}}}
  grpc: {{prober: grpc, timeout: 2s, grpc: {{}}}}
  grpc_up: {{prober: grpc, timeout: 2s, grpc: {{service: up}}}}
  grpc_down: {{prober: grpc, timeout: 2s, grpc: {{service: down}}}}
  grpc_unknown: {{prober: grpc, timeout: 2s, grpc: {{service: unknown}}}}
  grpc_missing: {{prober: grpc, timeout: 2s, grpc: {{service: missing}}}}
  grpc_web: {{prober: grpc, timeout: 2s, grpc: {{service: web}}}}
  grpc_cut: {{prober: grpc, timeout: 2s, grpc: {{service: cut}}}}
  grpc_tls: {{prober: grpc, timeout: 2s, grpc: {{service: up, tls: true, tls_config: {{ca_file: "{dir}/ca.crt"}}}}}}
  grpc_tls_name:
    prober: grpc
    timeout: 2s
    grpc: {{service: up, tls: true, tls_config: {{ca_file: "{dir}/ca.crt", server_name: harbour.example}}}}
  grpc_tls_bad: {{prober: grpc, timeout: 2s, grpc: {{service: up, tls: true}}}}
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


def ask_ours(network, path, module, target, *more):
    done = network.run(e2e.BREAKWATER, "probe", "--modules", str(path), "--module", module,
                       *more, target, status=None)
    if done.returncode not in (0, 1):
        raise e2e.Failure(f"{module} {target}: {done.returncode}: {done.stderr}")
    return metrics(done.stdout)


# Of a certificate that is not good the exporter tells nothing; of one that is not
# judged, that its chain ends in the year 1.
CERTIFICATE = re.compile("probe_(ssl|tls)_")
FIRST_END = "probe_ssl_earliest_cert_expiry"
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
    ("tls", f"{HOST}:{SHORT}", 1), ("tls", f"{HOST}:{SHA1}", 0),
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
    ("web_gzip", f"{HOST}:{WEB}/gzip", 1), ("web_gzip", f"{HOST}:{WEB}/not_gzip", 0),
    ("web_gzip", f"{HOST}:{WEB}/", 0), ("web_deflate", f"{HOST}:{WEB}/deflate", 1),
    ("web_identity", f"{HOST}:{WEB}/gzip", 1), ("web", f"{HOST}:{WEB}/gzip", 1),
    ("web_asks_gzip", f"{HOST}:{WEB}/gzip", 1),
    ("web_proxy", f"{HOST}:{WEB}/", 1), ("web_proxy", f"https://{HOST}:{WEB_TLS}/", 0),
    ("web_proxy_names", "nobody.invalid/", 1), ("web_proxy", "nobody.invalid/", 0),
    ("web_proxy_tls", f"https://{HOST}:{WEB_TLS}/", 1),
    ("web_no_proxy", f"{HOST}:{WEB}/", 0), ("web_no_proxy_names", f"{HOST}:{WEB}/", 0),
    ("web_skips_nothing", f"{HOST}:{WEB}/", 1),
    ("web_token", f"{HOST}:{WEB}/", 1), ("web_token_form", f"{HOST}:{WEB}/", 1),
    ("web_token_tls", f"{HOST}:{WEB}/", 1), ("web_token_bad_tls", f"{HOST}:{WEB}/", 0),
    ("web_no_token", f"{HOST}:{WEB}/", 0),
    ("web_password_file", f"{HOST}:{WEB}/", 1), ("web_credentials_file", f"{HOST}:{WEB}/", 1),
    ("web_bearer_file", f"{HOST}:{WEB}/", 1), ("web_bearer_no_file", f"{HOST}:{WEB}/", 0),
    ("web_named", f"https://{HOST}:{NAMED_TLS}/", 1),
    ("web_named", f"https://{HOST}:{WEB_TLS}/", 0),
    ("web_named_by_host", f"https://{HOST}:{NAMED_TLS}/", 1),
    ("web_not_following", f"{HOST}:{WEB}/there", 1),
    ("web_max_tls", f"https://{HOST}:{WEB_TLS}/", 1),
    ("grpc", f"{HOST}:{GRPC}", 1), ("grpc_up", f"{HOST}:{GRPC}", 1),
    ("grpc_down", f"{HOST}:{GRPC}", 0), ("grpc_unknown", f"{HOST}:{GRPC}", 0),
    ("grpc_missing", f"{HOST}:{GRPC}", 0), ("grpc_web", f"{HOST}:{GRPC}", 0),
    ("grpc_cut", f"{HOST}:{GRPC}", 0),
    ("grpc", f"{HOST}:{GONE}", 0), ("grpc", "nobody.invalid:1", 0),
    ("grpc", f"{HOST}:{ENDS}", 0),
    ("grpc_tls", f"{HOST}:{GRPC_TLS}", 1), ("grpc_tls_name", f"{HOST}:{GRPC_TLS}", 1),
    ("grpc_tls_bad", f"{HOST}:{GRPC_TLS}", 0), ("grpc_tls", f"{HOST}:{GRPC}", 0),
)
ECHOES = (("icmp4", 1), ("echo_ttl", 1), ("echo_odd", 1), ("echo_big", 1), ("echo_whole", 1),
          ("echo_too_big", 0))


# Modules that say something of their own.
TALKS = ("talks", "starts", "tls_talks", "web_posts", "web_bears", "web_head",
         "web_asks_gzip", "web_gzip", "web_proxy", "web_proxy_names", "web_proxy_tls",
         "web_token", "web_token_form", "web_token_tls", "web_password_file",
         "web_credentials_file", "web_bearer_file", "web_bearer_no_file", "web_named",
         "web_named_by_host", "grpc", "grpc_up", "grpc_tls")


def compare(tap, what, theirs, ours):
    """That both tell the same, but for what is told of certificates."""
    more = set(ours) - set(theirs)
    is_judged_bad = theirs["probe_success"][2][""] == 0
    allowed = {name for name in more if is_judged_bad and CERTIFICATE.match(name)}
    ours = {name: one for name, one in ours.items() if name not in allowed}
    if is_judged_bad and theirs.get(FIRST_END, ("", "", {}))[2].get("") == 0:
        theirs[FIRST_END][2][""] = ours[FIRST_END][2][""]
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
    path.write_text(MODULES.format(dir=lab.dir, validators=validators, host=HOST,
                                   proxy=PROXY, gone=GONE, web=WEB, web_tls=WEB_TLS))
    exporter = Exporter(network, path)
    for module, target, success in CASES:
        what, port = f"{module} {target}", int((re.findall(r":(\d+)(?:/|$)", target) or ["0"])[0])
        servers.take(port)
        theirs = metrics(exporter.get(f"module={module}&target={target}")[2])
        told_them = servers.take(port)
        ours = ask_ours(network, path, module, target)
        told_us = servers.take(port)
        compare(tap, what, theirs, ours)
        tap.equal(ours["probe_success"][2][""], success, f"{what}: is {success}")
        if module in TALKS:
            tap.equal(told_us, told_them, f"{what}: the same words are said")
    for number, case in enumerate(VALIDATORS):
        theirs = metrics(exporter.get(f"module=v{number}&target={NAMES}")[2])
        ours = ask_ours(network, path, f"v{number}", NAMES)
        compare(tap, " ".join(case), theirs, ours)


    same_echoes(tap, network, exporter, path)
    same_names(tap, network, servers, exporter, path)
    same_debug(tap, network, exporter, path)


def same_echoes(tap, network, exporter, path):
    """What is sent: the time to live, whether it may be cut, how many data."""
    network.ip("link", "set", "lo", "mtu", "16000")
    ear = network.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    ear.bind(("lo", 0x0800))

    def asked():
        found, ear_was = set(), ear.gettimeout()
        ear.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = ear.recv(65535)
                if packet[9] == socket.IPPROTO_ICMP and packet[20] == 8:
                    found.add((packet[8], packet[6] & 0x40, len(packet) - 28))
        ear.settimeout(ear_was)
        return found
    for module, success in ECHOES:
        asked()
        theirs = metrics(exporter.get(f"module={module}&target={HOST}")[2])
        by_them = asked()
        ours = ask_ours(network, path, module, HOST)
        by_us = asked()
        compare(tap, module, theirs, ours)
        tap.equal(ours["probe_success"][2][""], success, f"{module}: is {success}")
        if module in ("icmp4", "echo_ttl", "echo_whole"):  # of any size
            by_us, by_them = ({one[:2] for one in some} for some in (by_us, by_them))
        tap.equal(by_us, by_them, f"{module}: the same echo is sent")


def same_names(tap, network, servers, exporter, path):
    """Of a site that is greeted by the name which the request gives."""
    for module, target, port in (
            ("web", f"{HOST}:{WEB}", WEB), ("web_tls", f"https://{HOST}:{NAMED_TLS}/", NAMED_TLS),
            ("web_tls", f"https://{HOST}:{WEB_TLS}/", WEB_TLS)):
        servers.take(port)
        theirs = metrics(exporter.get(f"module={module}&target={target}"
                                      "&hostname=other.example")[2])
        told_them = servers.take(port)
        ours = ask_ours(network, path, module, target, "--hostname", "other.example")
        compare(tap, f"{module} {target} as other.example", theirs, ours)
        tap.equal(servers.take(port), told_them, "it is greeted by the same name")
    status, _, text = exporter.get(f"module=web_posts&target={HOST}&hostname=other.example")
    done = network.run(e2e.BREAKWATER, "probe", "--modules", str(path), "--module",
                       "web_posts", "--hostname", "other.example", HOST, status=2)
    tap.ok(status == 400 and done.stderr == f"breakwater probe: {text}",
           "a name besides the module's is refused in the same words", text, done.stderr)


def same_debug(tap, network, exporter, path):
    """The same parts, the same metrics, nothing secret."""
    for module, target in (("web_token", f"{HOST}:{WEB}"), ("web_proxy", f"{HOST}:{GONE}"),
                           ("web_posts", f"{HOST}:{WEB}"), ("talks", f"{HOST}:{ECHO}")):
        _, kind, text = exporter.get(f"module={module}&target={target}&debug=true")
        done = network.run(e2e.BREAKWATER, "probe", "--modules", str(path), "--module",
                           module, "--debug", target, status=None)
        theirs, ours = (re.split(r"^(\w[\w ]*:)\n", page, flags=re.M)
                        for page in (text, done.stdout))
        heads = [["Logs for the probe:", "Metrics that would have been returned:",
                  "Module configuration:"]] * 2
        tap.equal([[part for part in page if part in heads[0]] for page in (theirs, ours)],
                  heads, f"{module}: all is shown")
        at = [page.index(heads[0][1]) + 1 for page in (theirs, ours)]
        tap.equal(outline(metrics(ours[at[1]].strip())), outline(metrics(theirs[at[0]].strip())),
                  f"{module}: with the same metrics")
        tap.ok(kind == "text/plain" and "Probe " in ours[2], "and how it ended", ours[2])
        tap.ok("k3y-of-us" not in done.stdout, f"{module}: a key in a header is not shown",
               done.stdout)
        for secret in ("s/t%", "s%40cret", "s3:cret"):
            tap.ok(secret not in done.stdout.replace("<secret>", ""),
                   f"{module}: {secret} is not shown", done.stdout)


def same_refusals(tap, lab):
    network = lab.namespace("host")
    path = lab.dir / "modules.yml"
    path.write_text("modules: {tcp: {prober: tcp}, none: {timeout: 5s}}\n")
    exporter = Exporter(network, path)
    for module, target in (("other", "x:1"), ("wh\"at", "x:1"), ("tcp", ""), ("none", "x:1"),
                           ("ws", "x:1"),
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
    ("modules: {a: {prober: http, timeout: 0s, http: {body_size_limit: 0, oauth2: }}}", True),
    ("modules: {a: {prober: http, http: {proxy_url: 'x', skip_resolve_phase_with_proxy: "
     "true, no_follow_redirects: false, tls_config: {max_version: TLS13}}}}", True),
    ("modules: {a: {prober: http, http: {compression: br, headers: {Accept-Encoding: "
     "'gzip;q=1, *;q=0.5'}}}}", True),
    ("modules: {a: {prober: http, http: {oauth2: {client_id: a, client_secret_file: b, "
     "token_url: 'http://x', scopes: [a], endpoint_params: {a: b}, tls_config: "
     "{ca_file: x}, proxy_url: 'http://x'}}}}", True),
    ("modules: {a: {prober: icmp, icmp: {ttl: 255, payload_size: 9, dont_fragment: true}}}",
     True),
    ("modules: {a: {prober: grpc, grpc: {service: x, tls: true, tls_config: {ca_file: x}, "
     "preferred_ip_protocol: ip4, ip_protocol_fallback: false}}}", True),
    ("modules: {a: {prober: xyz}}", True),
    ("modules: {a: {prober: icmp, icmp: {ttl: 256}}}", False),
    ("modules: {a: {prober: grpc, grpc: {metadata: {a: b}}}}", False),
    ("modules: {a: {prober: http, http: {body_file: x}}}", False),
    ("modules: {a: {prober: http, http: {proxy_url: ':'}}}", False),
    ("modules: {a: {prober: http, http: {compression: br, headers: {accept-encoding: "
     "'br;q=0'}}}}", False),
    ("modules: {a: {prober: http, http: {oauth2: {client_id: a, token_url: b}}}}", False),
    ("modules: {a: {prober: http, http: {basic_auth: {password: a, password_file: b}}}}",
     False),
    ("modules: {a: {prober: http, http: {authorization: {type: Basic}}}}", False),
    ("modules: {a: {prober: http, http: {authorization: {}, basic_auth: {}}}}", False),
    ("modules: {a: {prober: http, http: {bearer_token: a, bearer_token_file: b}}}", False),
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
