#!/usr/bin/env python3
"""communityid.py: our community ids against the reference implementation's.

The reference gives one line per packet of all its captures together.  Every id we
print for one of them must be in that list for those endpoints, and every id of the
list whose protocol occurs in a capture we have must be printed.  Where the captures
are missing, one id from the specification's README is checked on a packet made here.
"""
import glob
import ipaddress
import json
import os
import struct
import sys

import common

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}
# Zeek's baseline of policy/protocols/conn/community-id-logging-flipped.
ZEEK_CAPTURE, ZEEK_ID = "tcp__zeek__handshake-reorder.pcap", "1:yvyB8h+3dnggTZW0UEITWCst97w="
# From the specification: 128.232.110.120:34855 and 66.35.250.204:80 over TCP.
KNOWN = ("128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=")


def ours(capture):
    """(transport, the two addresses) -> ids, of every flow with an id."""
    found = {}
    result = common.breakwater("replay", "--json", "--type", "flow", "--quiet", capture)
    for line in result.stdout.splitlines():
        flow = json.loads(line)
        if flow.get("record") == "flow":
            key = (flow["transport"], *sorted((flow["client_ip"], flow["server_ip"])))
            found.setdefault(key, set()).add(flow.get("community_id"))
    return found


def reference(path):
    found = {}
    for packet in json.load(open(path, encoding="utf-8")):
        ends = sorted(str(ipaddress.ip_address(packet[side])) for side in ("saddr", "daddr"))
        key = (PROTOCOLS.get(packet["proto"], "ip"), *ends)
        found.setdefault(key, set()).add(packet["communityid"])
    return found


def syn(source, sport, destination, dport):
    """A capture file of one TCP SYN over IPv4, raw IP link type."""
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 5 << 4, 2, 65535, 0, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0,
                     ipaddress.ip_address(source).packed,
                     ipaddress.ip_address(destination).packed)
    return (struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101) +
            struct.pack("<IIII", 1700000000, 0, 40, 40) + ip + tcp)


def test_reference(tap):
    captures = sorted(glob.glob(os.path.join(common.SHARED, "cid__cid__*.pcap")))
    if not captures:
        tap.skip("the reference's community ids", "no shared captures")
        return
    expected = reference(captures[0] + ".expected/communityid__baseline_deflt.json")
    seen = {}
    for capture in captures:
        mine = ours(capture)
        seen.update(mine)
        notes = [f"{key}: {one} is not among {sorted(expected.get(key, []))}"
                 for key, ids in mine.items() for one in ids
                 if one not in expected.get(key, ())]
        tap.result(bool(mine) and not notes, f"{os.path.basename(capture)}: every id is the "
                   "reference's", notes or ["no flows"] * (not mine))
    # The reference list also covers SCTP and RSVP captures, which are not here.
    missing = [f"{key} {ids}" for key, ids in expected.items()
               if key[0] not in ("sctp", "ip") and not ids <= seen.get(key, set())]
    tap.result(not missing, "every id of the reference appears", missing)


def test_zeek(tap):
    capture = os.path.join(common.SHARED, ZEEK_CAPTURE)
    if not os.path.exists(capture):
        tap.skip("Zeek's id of a connection it turned", "no shared captures")
        return
    ids = set.union(set(), *ours(capture).values())
    tap.result(ids == {ZEEK_ID}, "Zeek's id of a connection it turned", [f"ours {ids}"])


def test_known(tap):
    *endpoints, want = KNOWN
    capture = common.write_temporary(syn(*endpoints), ".pcap")
    ids = set.union(set(), *ours(capture).values())
    tap.result(ids == {want}, "the specification's example has its id", [f"ours {ids}"])


def main():
    tap = common.Tap()
    test_known(tap)
    test_reference(tap)
    test_zeek(tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
