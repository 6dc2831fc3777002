#!/usr/bin/env python3
"""eve.py: our `--format eve` lines have the shape that consumers of EVE rely on.

Suricata's schema allows no unknown keys, so a surplus key is as wrong as a missing one.
The events we write are described here in our own words.  Who has Suricata's own
etc/schema.json names it in EVE_SCHEMA (or lays it beside the shared captures as
eve-schema.json): with python3-jsonschema every line is held against it, too.
"""
import calendar
import collections
import ipaddress
import json
import os
import re
import sys
import time

import common

try:
    import jsonschema
except ImportError:
    jsonschema = None

TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}[+-]\d{4}$")
COMMON_REQUIRED = {"timestamp": str, "event_type": str}
COMMON_ALLOWED = {"flow_id", "in_iface", "vlan", "src_ip", "src_port", "dest_ip",
                  "dest_port", "proto", "ip_v", "app_proto", "community_id", "pcap_cnt",
                  "icmp_type", "icmp_code", "response_icmp_type", "response_icmp_code",
                  "flow", "tcp", "stats", "host", "pcap_filename", "tunnel",
                  "alert", "dhcp", "dns", "ftp", "http", "quic", "rdp", "sip", "smtp",
                  "snmp", "ssh", "tls"}
FLOW_REQUIRED = {"pkts_toserver": int, "pkts_toclient": int, "bytes_toserver": int,
                 "bytes_toclient": int, "start": str, "end": str, "age": int,
                 "state": str, "reason": str, "alerted": bool}
FLOW_ALLOWED = {"tx_cnt", "bypass", "bypassed", "emergency", "wrong_thread", "action",
                "exception_policy"}
FLOW_STATES = {"new", "established", "closed", "bypassed"}
FLOW_REASONS = {"timeout", "forced", "shutdown", "unknown"}
TCP_ALLOWED = {"tcp_flags", "tcp_flags_ts", "tcp_flags_tc", "syn", "ack", "rst", "fin",
               "psh", "urg", "ecn", "cwr", "state", "ts_max_regions", "tc_max_regions",
               "ts_gap", "tc_gap", "ts_urgent_oob_data", "tc_urgent_oob_data"}
TCP_STATES = {"none", "listen", "syn_sent", "syn_recv", "established", "fin_wait1",
              "fin_wait2", "time_wait", "last_ack", "close_wait", "closing", "closed"}
APPLICATIONS = {"dcerpc", "dhcp", "dnp3", "dns", "enip", "ftp", "ftp-data", "http", "http2",
                "imap", "irc", "jabber", "krb5", "ldap", "mdns", "modbus", "mqtt", "nfs",
                "ntp", "pgsql", "pop3", "quic", "rdp", "rfb", "sip", "smb", "smtp", "snmp",
                "ssh", "telnet", "tftp", "tls", "websocket"}
HASH = {"hash": re.compile(r"[0-9a-f]{32}")}
TLS_DATE = re.compile(r"[12]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
SSH_SIDE = {"proto_version": str, "software_version": str, "hassh": HASH}
# Events of what is said: the members each may have.  A type, a pattern the whole text
# follows, [what each element is], or {members of an object}.
SAID = {
    "alert": {"action": re.compile("allowed"), "gid": int, "signature_id": int,
              "rev": int, "signature": str, "category": str, "severity": int,
              "metadata": {"mitre_technique_id": [re.compile(r"T\d{4}(\.\d{3})?")],
                           "mitre_technique_name": [re.compile(r"\S+")],
                           "mitre_tactic_id": [re.compile(r"TA\d{4}")],
                           "mitre_tactic_name": [re.compile(r"\S+")],
                           "tag": [str],
                           "signature_severity": [re.compile(
                               "Informational|Minor|Major|Critical")]}},
    "dhcp": {"type": re.compile("request|reply"), "id": int, "client_mac": str,
             "assigned_ip": str, "client_ip": str, "relay_ip": str, "dhcp_type": str,
             "lease_time": int, "requested_ip": str, "hostname": str},
    "dns": {"version": int, "type": re.compile("query|answer"), "id": int,
            "flags": re.compile("[0-9a-f]{1,4}"), "qr": bool, "aa": bool, "tc": bool,
            "rd": bool, "ra": bool, "z": bool, "opcode": int, "rrname": str,
            "rrtype": str, "rcode": str,
            "grouped": {"A": [str], "AAAA": [str], "CNAME": [str], "MX": [str],
                        "NS": [str], "PTR": [str], "TXT": [str]}},
    "ftp": {"command": str, "command_data": str, "reply": [str],
            "completion_code": [re.compile(r"\d{3}")],
            "reply_received": re.compile("yes|no")},
    "http": {"hostname": str, "url": str, "http_user_agent": str,
             "http_content_type": str, "http_method": str, "protocol": str,
             "version": str, "status": int, "length": int,
             "response_headers": [{"name": str, "value": str}]},
    "quic": {"sni": str, "ja3": HASH, "ja3s": HASH, "ja4": str},
    "rdp": {"event_type": re.compile("initial_request|connect_request"), "cookie": str,
            "client": {"build": str, "client_name": str}},
    "sip": {"method": str, "uri": str, "version": re.compile("SIP/2.0"), "code": str,
            "reason": str},
    "smtp": {"helo": str, "mail_from": str, "rcpt_to": [str]},
    "snmp": {"version": int, "pdu_type": str, "vars": [str], "usm": str},
    "ssh": {"client": SSH_SIDE, "server": SSH_SIDE},
    "tls": {"subject": str, "issuerdn": str, "subjectaltname": [str], "serial": str,
            "fingerprint": str, "sni": str, "version": str, "notbefore": TLS_DATE,
            "notafter": TLS_DATE, "session_resumed": bool, "ja3": HASH, "ja3s": HASH,
            "ja4": str},
}
SAID_REQUIRED = {"alert": {"action", "gid", "signature_id", "rev", "signature",
                           "category", "severity"},
                 "dns": {"version", "type"}, "dhcp": {"type"}, "rdp": {"event_type"}}
PROTOCOLS = {"TCP", "UDP", "ICMP", "IPv6-ICMP", "SCTP"}


def shape(entry, required, allowed, where):
    for key, kind in required.items():
        value = entry.get(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            yield f"{where}{key}: {value!r} is not {kind.__name__}"
    for key in set(entry) - set(required) - allowed:
        yield f"{where}{key}: unknown to EVE's schema"


def is_address(text):
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def seconds(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def flow_problems(event):
    flow = event.get("flow", {})
    yield from shape(flow, FLOW_REQUIRED, FLOW_ALLOWED, "flow.")
    proto = event.get("proto")
    if not (proto in PROTOCOLS or re.fullmatch(r"[A-Za-z0-9.-]+", proto or "")):
        yield f"proto: {proto!r}"
    for side in ("src_ip", "dest_ip"):
        if not is_address(event.get(side)):
            yield f"{side}: {event.get(side)!r}"
    for side in ("src_port", "dest_port"):
        if proto in ("TCP", "UDP") and not isinstance(event.get(side), int):
            yield f"{side} is missing"
    if not isinstance(event.get("flow_id"), int) or not 0 < event["flow_id"] < 1 << 63:
        yield f"flow_id: {event.get('flow_id')!r} is not a positive 63-bit integer"
    for name in ("start", "end"):
        if not TIME.match(flow.get(name, "")):
            yield f"flow.{name}: {flow.get(name)!r} is not a time"
            return
    if flow["age"] != seconds(flow["end"]) - seconds(flow["start"]):
        yield f"flow.age: {flow['age']} is not end - start"
    if flow.get("state") not in FLOW_STATES or flow.get("reason") not in FLOW_REASONS:
        yield f"flow.state, flow.reason: {flow.get('state')!r}, {flow.get('reason')!r}"
    yield from tcp_problems(event)


def tcp_problems(event):
    tcp = event.get("tcp", {})
    yield from shape(tcp, {}, TCP_ALLOWED, "tcp.")
    for key in ("tcp_flags", "tcp_flags_ts", "tcp_flags_tc"):
        if key in tcp and not re.fullmatch(r"[0-9a-f]{2}", tcp[key]):
            yield f"tcp.{key}: {tcp[key]!r} is not two hexadecimal digits"
    if "state" in tcp and tcp["state"] not in TCP_STATES:
        yield f"tcp.state: {tcp['state']!r}"


def misfits(value, form, where):
    """What of value is not as the form (see SAID) says."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is no object"
            return
        for key, part in value.items():
            if key not in form:
                yield f"{where}.{key}: unknown to EVE's schema"
            else:
                yield from misfits(part, form[key], f"{where}.{key}")
    elif isinstance(form, list):
        if not isinstance(value, list) or not value:
            yield f"{where}: {value!r} is no array with elements"
            return
        for part in value:
            yield from misfits(part, form[0], where)
    elif isinstance(form, re.Pattern):
        if not isinstance(value, str) or not form.fullmatch(value):
            yield f"{where}: {value!r} is not like {form.pattern}"
    elif not isinstance(value, form) or (form is int and isinstance(value, bool)):
        yield f"{where}: {value!r} is not {form.__name__}"


def said_problems(event, kind):
    yield from misfits(event.get(kind), SAID[kind], kind)
    for key in SAID_REQUIRED.get(kind, set()) - set(event.get(kind, {})):
        yield f"{kind}.{key} is missing"
    for other in (set(SAID) | {"flow", "stats", "tcp"}) & set(event) - {kind}:
        yield f"{other}: of another event"
    if kind == "alert" and event["alert"].get("severity") not in (1, 2, 3):
        yield f"alert.severity: {event['alert'].get('severity')!r}"
    if kind != "alert" and not isinstance(event.get("flow_id"), int):
        yield "flow_id is missing"


def problems(event):
    kind = event.get("event_type")
    yield from shape(event, COMMON_REQUIRED, COMMON_ALLOWED, "")
    if not TIME.match(event.get("timestamp", "")):
        yield f"timestamp: {event.get('timestamp')!r}"
    if event.get("app_proto", "dns") not in APPLICATIONS:
        yield f"app_proto: {event['app_proto']!r} is none of Suricata's"
    if kind == "flow":
        yield from flow_problems(event)
    elif kind == "stats":
        if not isinstance(event.get("stats", {}).get("uptime"), int):
            yield "stats.uptime is missing"
    elif kind in SAID:
        yield from said_problems(event, kind)
    else:
        yield f"event_type: {kind!r}"


def strangers(events):
    """Events of conversations that no flow event names, or names otherwise."""
    flows = {event["flow_id"]: event.get("community_id") for event in events
             if event["event_type"] == "flow"}
    for event in events:
        if event["event_type"] in SAID and "flow_id" in event:
            if event["flow_id"] not in flows:
                yield f"no flow has this event's flow_id: {json.dumps(event)}"
            elif flows[event["flow_id"]] != event.get("community_id"):
                yield f"another community_id than its flow's: {json.dumps(event)}"


def validator():
    """Suricata's own schema, if somebody has it; None."""
    beside = os.path.join(os.path.dirname(common.SHARED), "eve-schema.json")
    path = os.environ.get("EVE_SCHEMA", beside)
    if jsonschema is None or not os.path.exists(path):
        return None
    schema = json.load(open(path, encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def refused(check, event):
    for error in check.iter_errors(event) if check else ():
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"


def test(tap, capture, check, seen):
    name = os.path.basename(capture)
    result = common.breakwater("replay", "--format", "eve", "--quiet", capture)
    try:
        events = [json.loads(line) for line in result.stdout.splitlines()]
        notes = [f"{note}: {json.dumps(event)}" for event in events
                 for note in (*problems(event), *refused(check, event))]
        notes += strangers(events)
    except (ValueError, KeyError) as error:
        events, notes = [], [f"{type(error).__name__}: {error}"]
    seen.update(event.get("event_type") for event in events)
    if result.returncode not in (0, 1, 5):
        notes.append(f"exit status {result.returncode}: {result.stderr.strip()}")
    tap.result(not notes, f"{name}: {len(events)} events are as EVE has them", notes[:10])


def main():
    tap, seen, check = common.Tap(), collections.Counter(), validator()
    captures = common.captures() or [common.small_capture()]
    if captures == [None]:
        tap.skip("EVE's shape", "neither shared captures nor tests/bench/generate")
        return tap.finish()
    for capture in captures:
        test(tap, capture, check, seen)
    tap.result(seen["flow"] > 0, "there were flow events to look at")
    if common.captures():
        missing = {"dns", "ftp", "http", "tls", "ssh", "smtp", "snmp", "sip", "rdp", "dhcp",
                   "alert", "stats"} - set(seen)
        tap.result(not missing, "there were events of every type", sorted(missing))
    if check is None:
        tap.skip("Suricata's own schema", "no EVE_SCHEMA, or no python3-jsonschema")
    print("# " + ", ".join(f"{count} {kind}" for kind, count in seen.most_common()))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
