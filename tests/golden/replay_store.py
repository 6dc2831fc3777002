#!/usr/bin/env python3
"""replay_store.py: what a replay keeps is what it prints.

The generator's capture is replayed twice: once with its records printed, once into a
store.  SQL over the store must give the sums of the printed records.
"""
import json
import os
import pathlib
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
    print(f"1..{COUNT}")


if __name__ == "__main__":
    sys.exit(main())
