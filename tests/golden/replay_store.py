#!/usr/bin/env python3
"""replay_store.py: what a replay keeps is what it prints.

The generator's capture is replayed twice: once with its records printed, once into a
store.  SQL over the store must give the sums of the printed records.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BREAKWATER = os.environ.get("BREAKWATER", str(ROOT / "build/breakwater"))
GENERATE = pathlib.Path(os.environ.get("BUILD", ROOT / "build")) / "tests/generate"
COUNT = 0


def ok(passed, sentence, *notes):
    global COUNT  # pylint: disable=global-statement
    COUNT += 1
    print(f"{'ok' if passed else 'not ok'} {COUNT} - {sentence}", flush=True)
    for note in () if passed else notes:
        print(f"#   {note}", flush=True)


def run(*command, status=0):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, timeout=120)
    if done.returncode != status:
        raise SystemExit(f"{command}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def query(folder, text):
    """The first row of an answer."""
    rows = run(BREAKWATER, "query", "--json", "--state", folder, text).splitlines()
    return list(json.loads(rows[0]).values())


def write_scan(path, ports):
    """A capture, link type 101, of SYNs to so many closed ports and their refusals."""
    client, server = bytes((198, 51, 100, 7)), bytes((10, 0, 0, 1))
    packets = []
    for port in range(1, ports + 1):
        for src, dst, ends, flags in ((client, server, (40000, port), 2),
                                      (server, client, (port, 40000), 0x14)):
            packets.append(struct.pack("!BxHxxxxBBxx4s4s", 0x45, 40, 64, 6, src, dst) +
                           struct.pack("!HHIIBBHxxxx", *ends, 1, flags >> 4, 0x50, flags,
                                       1024))
    path.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101) +
                     b"".join(struct.pack("<IIII", 1700000000, number * 100,
                                          len(packet), len(packet)) + packet
                              for number, packet in enumerate(packets)))
    return {packet[:2] + packet[12:] for packet in packets}


def packets_of(folder, ident):
    """Of a finding, from the store, as a file for tcpdump; without our file's header."""
    path = folder / "out.pcap"
    run(BREAKWATER, "findings", ident, "--state", folder, "--pcap", path)
    rest, packets = path.read_bytes()[24:], []
    while rest:
        size = struct.unpack("<IIII", rest[:16])[2]
        packets.append(rest[16:16 + size])
        rest = rest[16 + size:]
    return packets


def evidence(folder):
    capture = folder / "scan.pcap"
    sent = write_scan(capture, 60)
    kept = [folder / "one", folder / "two"]
    for state in kept:
        run(BREAKWATER, "replay", "--quiet", "--home", "10.0.0.0/8", "--state", state,
            capture)
    ident, count = query(kept[0], "SELECT id, packets FROM finding WHERE "
                                  "kind='port_scan' ORDER BY at DESC LIMIT 1")
    packets = packets_of(kept[0], ident)
    ok(16 <= len(packets) == count <= 64, "the packets of a scan are kept", count,
       len(packets))
    ok({packet[:2] + packet[12:] for packet in packets} <= sent,
       "they are some of those in the file, octet by octet")
    ok(packets == packets_of(kept[1], ident), "and the same each time")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        capture, kept = folder / "mix.pcap", folder / "kept"
        run(GENERATE, "--packets", "200000", capture)
        printed = [json.loads(line) for line in
                   run(BREAKWATER, "replay", "--json", capture).splitlines()]
        run(BREAKWATER, "replay", "--quiet", "--state", kept, capture)
        flows = [one for one in printed
                 if one["record"] == "flow" and one["end_reason"] != "active"]
        sums = [len(flows), sum(one["client_bytes"] for one in flows),
                sum(one["server_payload_bytes"] for one in flows),
                len({one["client_ip"] for one in flows})]
        told = query(kept, "SELECT count(*), sum(client_bytes), sum(server_payload_bytes),"
                           " count(DISTINCT client_ip) FROM flow")
        ok(told == sums, "flows in the store are those that are printed", told, sums)
        ids = sorted(one["community_id"] for one in flows)
        stored = run(BREAKWATER, "query", "--json", "--state", kept,
                     "SELECT community_id FROM flow ORDER BY 1").splitlines()
        ok([json.loads(line)["community_id"] for line in stored] == ids,
           "each with its identity")
        ports = [one for one in printed if one["record"] == "port"]
        sums = [sum(one["flows"] for one in ports),
                sum(one["server_bytes"] for one in ports)]
        told = query(kept, "SELECT sum(flows), sum(server_bytes) FROM port_10s")
        ok(told == sums, "ports in ten seconds add up to the printed ones", told, sums)
        run(BREAKWATER, "replay", "--quiet", "--state", folder / "no/where", capture,
            status=2)
        ok(True, "a folder that can't be made is wrong usage")
        evidence(folder)
    print(f"1..{COUNT}")


if __name__ == "__main__":
    sys.exit(main())
