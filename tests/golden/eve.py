#!/usr/bin/env python3
"""eve.py: our `--format eve` lines have the shape that consumers of EVE rely on.

Suricata's schema allows no unknown keys, so a surplus key is as wrong as a missing
one.  Only the events we write are described here: flow and stats.
"""
import calendar
import ipaddress
import json
import os
import re
import sys
import time

import common

TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}[+-]\d{4}$")
COMMON_REQUIRED = {"timestamp": str, "event_type": str}
COMMON_ALLOWED = {"flow_id", "in_iface", "vlan", "src_ip", "src_port", "dest_ip",
                  "dest_port", "proto", "ip_v", "app_proto", "community_id", "pcap_cnt",
                  "icmp_type", "icmp_code", "response_icmp_type", "response_icmp_code",
                  "flow", "tcp", "stats", "host", "pcap_filename", "tunnel"}
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


def problems(event):
    yield from shape(event, COMMON_REQUIRED, COMMON_ALLOWED, "")
    if not TIME.match(event.get("timestamp", "")):
        yield f"timestamp: {event.get('timestamp')!r}"
    if event.get("event_type") == "flow":
        yield from flow_problems(event)
    elif event.get("event_type") == "stats":
        if not isinstance(event.get("stats", {}).get("uptime"), int):
            yield "stats.uptime is missing"
    else:
        yield f"event_type: {event.get('event_type')!r}"


def test(tap, capture):
    name = os.path.basename(capture)
    result = common.breakwater("replay", "--format", "eve", "--quiet", capture)
    try:
        events = [json.loads(line) for line in result.stdout.splitlines()]
        notes = [f"{note}: {json.dumps(event)}" for event in events
                 for note in problems(event)]
    except (ValueError, KeyError) as error:
        events, notes = [], [f"{type(error).__name__}: {error}"]
    flows = sum(event.get("event_type") == "flow" for event in events)
    if result.returncode not in (0, 1, 5):
        notes.append(f"exit status {result.returncode}: {result.stderr.strip()}")
    tap.result(not notes, f"{name}: {flows} flow events are as EVE has them", notes[:10])
    return flows


def main():
    tap = common.Tap()
    captures = common.captures() or [common.small_capture()]
    if captures == [None]:
        tap.skip("EVE's shape", "neither shared captures nor tests/bench/generate")
        return tap.finish()
    flows = sum(test(tap, capture) for capture in captures)
    tap.result(flows > 0, "there were flow events to look at")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
