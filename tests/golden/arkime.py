#!/usr/bin/env python3
"""arkime.py: our flows against Arkime's session documents.

Arkime counts whole frames (`source.bytes`) and payload (`client.bytes`), and its
`initRTT` is half the time from SYN to the ACK that completes the handshake, in ms.
The captures here are Ethernet, so a frame is our IP bytes and 14 per packet.
"""
import calendar
import glob
import json
import os
import sys
import time

import common

ETHERNET_HEADER = 14
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}


def milliseconds(text):
    """Of an RFC 3339 time in UTC, since 1970; rounded down as Arkime does."""
    seconds, fraction = text.rstrip("Z").split(".")
    return (calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 1000 +
            int(fraction[:3]))


def theirs(path):
    """What of a session document we can compare."""
    for session in json.load(open(path, encoding="utf-8"))["sessions3"]:
        body = session["body"]
        flow = {
            "client_ip": body["source"]["ip"], "client_port": body["source"]["port"],
            "server_ip": body["destination"]["ip"],
            "server_port": body["destination"]["port"],
            "transport": PROTOCOLS.get(body["ipProtocol"], "ip"),
            "client_packets": body["source"]["packets"],
            "server_packets": body["destination"]["packets"],
            "client frame bytes": body["source"]["bytes"],
            "server frame bytes": body["destination"]["bytes"],
            "client_payload_bytes": body["client"]["bytes"],
            "server_payload_bytes": body["server"]["bytes"],
            "community_id": body["network"]["community_id"],
            "start ms": body["firstPacket"], "end ms": body["lastPacket"],
        }
        if "initRTT" in body:
            flow["initRTT ms"] = body["initRTT"]
        yield flow


def ours(capture):
    result = common.breakwater("replay", "--json", "--type", "flow", "--quiet", capture)
    for line in result.stdout.splitlines():
        flow = json.loads(line)
        if flow.get("record") != "flow" or flow["end_reason"] == "active":
            continue
        for side in ("client", "server"):
            flow[f"{side} frame bytes"] = (flow[f"{side}_bytes"] +
                                           ETHERNET_HEADER * flow[f"{side}_packets"])
        flow["start ms"] = milliseconds(flow["start"])
        flow["end ms"] = milliseconds(flow["end"])
        flow["initRTT ms"] = flow.get("handshake_us", 0) // 2000
        yield flow


def test(tap, path, allowed):
    capture = os.path.dirname(path)[:-len(".expected")]
    mine = list(ours(capture))
    for expected in theirs(path):
        where = (os.path.basename(capture), "%s:%s > %s:%s" % tuple(
            list(expected.values())[:4]))
        best = min(mine, default={}, key=lambda flow: sum(
            flow.get(field) != want for field, want in expected.items()))
        found = {(*where, field, str(want), str(best.get(field)))
                 for field, want in expected.items() if best.get(field) != want}
        listed = {one for one in allowed if one[:2] == where}
        notes = ["%s: Arkime %s, ours %s" % one[2:] for one in found - listed]
        notes += ["exception no longer applies: %s %s %s" % one[2:]
                  for one in listed - found]
        tap.result(not notes, ": ".join(where), notes)
        if best:
            mine.remove(best)
    tap.result(not mine, f"{os.path.basename(capture)}: no session beyond Arkime's",
               [json.dumps(flow) for flow in mine])


def main():
    tap = common.Tap()
    paths = sorted(glob.glob(os.path.join(common.SHARED, "*.expected", "arkime__*.test.json")))
    allowed = {one[:-1] for one in common.exceptions()["arkime"]}
    for path in paths:
        test(tap, path, allowed)
    if not paths:
        tap.skip("Arkime's sessions", "no shared captures")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
