#!/usr/bin/env python3
"""audit.py: who changed or decided what, whether that is all, and the proof of a block;
what is tried on the past. Whatever somebody edits, deletes or exchanges is found and placed.

Runs beside others.
"""
import json
import re
import shutil
import sqlite3
import sys

import lab as e2e
from lab import until

OURS, BAD, CLIENT = "10.84.0.1", "10.84.0.2", "10.84.0.3"
PORT = 80
RULES = """home: [{ours}/32]
interfaces: [inside]
logs: {{journal: no, programs: no}}
probe: {{own: no}}
block: {{mode: 'observe', time: 60s, self_test: 0s}}
"""


def plugged(lab):
    server, strangers = lab.namespace("server"), lab.namespace("strangers")
    lab.plug(server, "inside", [OURS], strangers, "outside", [BAD, CLIENT])
    return server, strangers


def reach(strangers, source, port):
    made = strangers.socket()
    made.bind((source, 0))
    made.settimeout(2)
    try:
        made.connect((OURS, port))
    except ConnectionRefusedError:
        made.close()
        return None
    return made


def scan(strangers, source, ports):
    """Closed ports, and one that is open and not used, which shows that the source is there."""
    for port in (*ports, PORT):
        made = reach(strangers, source, port)
        if made is not None:
            made.close()


def get_served(strangers, listener):
    made = reach(strangers, CLIENT, PORT)
    there = listener.accept()[0]
    made.sendall(b"GET / HTTP/1.0\r\n\r\n")
    there.recv(100)
    there.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + 500 * b"x")
    there.close()
    while made.recv(1000):
        pass
    made.close()


def past(lab):
    """A state folder: one who scans, one who is served, and a person."""
    server, strangers = plugged(lab)
    config = lab.dir / "audit.yaml"
    config.write_text(RULES.format(ours=OURS))
    listener = server.listen(OURS, PORT)
    monitor = lab.monitor(server, "-c", str(config), json_output=False)
    get_served(strangers, listener)
    until(lambda: [one for one in monitor.get(f"flows?host={CLIENT}")
                   if one["end_reason"] != "active"], "who is served")
    scan(strangers, BAD, range(5000, 5100))
    seen = until(lambda: [one for one in monitor.get("blocks") if one["address"] == BAD],
                 "what would be blocked")
    monitor.command("block", "198.51.100.7", "--why", "as I say")
    monitor.command("unblock", "198.51.100.7")
    until(lambda: {"block", "unblock"} <= {one["action"] for one in monitor.get("audit")},
          "both in the chain")
    told = monitor.command("audit").stdout
    assert monitor.stop() == 0
    return server, config, monitor.state, seen[0], told


def breakwater(lab, *arguments, status=0):
    return lab.run(e2e.BREAKWATER, *(str(one) for one in arguments), status=status)


def verified(lab, state, *options, status):
    """What `audit verify` says, and its verdict."""
    done = breakwater(lab, "audit", "verify", "--state", state, "--json", *options, status=None)
    if done.returncode != status:
        raise e2e.Failure(f"audit verify: exit {done.returncode}: {done.stdout}{done.stderr}")
    lines = [json.loads(one) for one in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def names(faults, seq):
    return any(one.get("from", 0) <= seq <= one.get("to", 0) for one in faults
               if not one["notice"])


def edited(lab, state, *sql):
    """A copy of the state in which somebody has done that."""
    copy = lab.dir / f"copy-{len(list(lab.dir.glob('copy-*')))}"
    shutil.copytree(state, copy)
    with sqlite3.connect(copy / "breakwater.db") as base:
        for one in sql:
            base.execute(one)
    base.close()
    return copy


def chain(tap, lab, state, told):
    tap.ok("block" in told and "unblock" in told and "root" in told,
           "audit lists who decided what", told)
    faults, verdict = verified(lab, state, status=0)
    last = verdict["last"]
    tap.ok(not faults and verdict["verdict"] == "fine" and verdict["held"] == last > 4,
           "the chain is fine, and signed to its end", faults, verdict)
    key = state / "audit.pub"
    middle = last // 2
    copies = (
        ("edited", middle, [f"UPDATE audit SET actor='eve' WHERE seq={middle}"]),
        ("deleted", middle, [f"DELETE FROM audit WHERE seq={middle}"]),
        ("exchanged", middle, [f"UPDATE audit SET seq=-1 WHERE seq={middle}",
                               f"UPDATE audit SET seq={middle} WHERE seq={middle + 1}",
                               f"UPDATE audit SET seq={middle + 1} WHERE seq=-1"]),
        ("cut off at the end", last, [f"DELETE FROM audit WHERE seq={last}"]),
    )
    for what, seq, sql in copies:
        faults, verdict = verified(lab, edited(lab, state, *sql), "--key", key, status=1)
        tap.ok(names(faults, seq) and verdict["verdict"] == "broken",
               f"a record that is {what} is found, and where", seq, faults)
    kept = lab.dir / "kept.ndjson"
    kept.write_text(breakwater(lab, "audit", "checkpoints", "--state", state).stdout)
    copy = edited(lab, state, f"DELETE FROM audit WHERE seq>{middle}",
                  "DELETE FROM checkpoint")
    (copy / "audit-checkpoints.ndjson").unlink()
    verified(lab, copy, "--key", key, status=5)
    faults, verdict = verified(lab, copy, "--key", key, "--checkpoints", kept, status=1)
    tap.ok(names(faults, last), "who cuts off all that speaks of it meets the copy kept elsewhere",
           faults, verdict)


def elsewhere(lab, folder, *arguments, status):
    """On a machine without a daemon, a store, or anything else of ours."""
    return lab.run("unshare", "-n", "env", "-i", "-C", folder, e2e.BREAKWATER, "evidence",
                   "verify", *arguments, status=status)


def flipped(text, line, column):
    lines = text.split(b"\n")
    changed = bytearray(lines[line])
    changed[column] ^= 1
    lines[line] = bytes(changed)
    return b"\n".join(lines)


def proof(tap, lab, state, block):
    folder = lab.dir / "elsewhere"
    folder.mkdir()
    shutil.copy(state / "audit.pub", folder)
    bundle = folder / "proof.ndjson"
    written = breakwater(lab, "blocks", block["id"][:8], "--state", state, "--evidence", bundle)
    text = bundle.read_bytes()
    printed = breakwater(lab, "audit", "proof", block["id"], "--state", state).stdout
    tap.ok(written.stdout == "" and
           text.decode().splitlines()[1:] == printed.splitlines()[1:],
           "blocks --evidence writes what audit proof prints", printed[:2000])
    told = elsewhere(lab, folder, "proof.ndjson", "--key", "audit.pub", status=0).stdout
    tap.ok("Proven: " in told and "FAULT" not in told, "it holds elsewhere, by itself", told)
    told = elsewhere(lab, folder, "proof.ndjson", status=5).stdout
    tap.ok("whose it is, is not known" in told, "without a key of one's own that is said", told)
    lines = text.split(b"\n")
    kinds = [json.loads(one)["record"] for one in lines if one]
    signed = [kinds.index("decision"), len(kinds) - 1 - kinds[::-1].index("audit"),
              kinds.index("checkpoint")]
    passed = []
    for line in signed:
        for part in range(1, 6):
            column = len(lines[line]) * part // 6
            (folder / "flipped.ndjson").write_bytes(flipped(text, line, column))
            done = elsewhere(lab, folder, "flipped.ndjson", "--key", "audit.pub", status=None)
            if done.returncode not in (1, 2):
                passed.append((kinds[line], column, done.returncode, done.stdout))
    tap.equal(passed, [], "one flipped bit of what is signed is found, wherever it is")
    for arguments, status in ((("blocks", "ffff"), 1), (("blocks", BAD), 2), (("blocks",), 2)):
        done = breakwater(lab, *arguments, "--state", state, "--evidence", folder / "none",
                          status=status)
        tap.ok(done.stderr and not (folder / "none").exists(),
               f"{arguments} --evidence: {status}, and no file", done.stderr)


def trial(tap, lab, server, config, state):
    """On the machine itself: what comes to its addresses proves where sources are."""
    file = lab.dir / "stricter.yaml"
    file.write_text("block: {time: 1h}\n")
    arguments = ("policy", "test", "--since", "1h", "-c", config, "--state", state, file)
    told = server.run(e2e.BREAKWATER, *(str(one) for one in arguments))
    tap.ok(re.search(rf"^longer .* {BAD}  drop for 60 min instead of 60.0 s: port_scan: .*; "
                     r"would have cut 0 of 1 clients", told.stdout, re.M),
           "policy test says whom a file would block, and what that would cut off", told.stdout)
    tap.ok("In force: 1 block of 1 source, 0 of 1 clients cut off" in told.stderr and
           "With the file: 1 block of 1 source, 0 of 1 clients cut off" in told.stderr,
           "and how much that is against what is in force", told.stderr)


def everything(tap, lab):
    server, config, state, block, told = past(lab)
    chain(tap, lab, state, told)
    proof(tap, lab, state, block)
    trial(tap, lab, server, config, state)


if __name__ == "__main__":
    sys.exit(e2e.main(everything))
