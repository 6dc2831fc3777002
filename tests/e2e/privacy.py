#!/usr/bin/env python3
"""privacy.py: a stranger's address becomes a pseudonym after its time, is found all the
same while there is a key, and is erased when somebody asks; what an incident is about
stays as it is while that is held.

Runs beside others.
"""
import datetime
import json
import sys

import lab as e2e
from lab import until

OURS, BAD, CLIENT = "10.86.0.1", "10.86.0.2", "10.86.0.3"
PORT = 110
CONFIG = """home: [{ours}/32]
interfaces: [inside]
logs: {{journal: no, programs: no}}
probe: {{own: no}}
privacy: {{pseudonyms_after: 4s}}
"""
MONTH = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")


def guess(strangers, listener):
    """POP3, a password that is wrong."""
    made = strangers.socket()
    made.bind((CLIENT, 0))
    made.connect((OURS, PORT))
    there = listener.accept()[0]
    for said, answer in ((None, b"+OK POP3 ready\r\n"), (b"USER anna\r\n", b"+OK\r\n"),
                         (b"PASS secret\r\n", b"-ERR [AUTH] wrong\r\n"),
                         (b"QUIT\r\n", b"+OK\r\n")):
        if said is not None:
            made.sendall(said)
            there.recv(100)
        there.sendall(answer)
        made.recv(100)
    made.close()
    there.close()


def scan(strangers, listener):
    for port in (*range(5000, 5100), PORT):
        made = strangers.socket()
        made.bind((BAD, 0))
        made.settimeout(2)
        try:
            made.connect((OURS, port))
            listener.accept()[0].close()
        except ConnectionRefusedError:
            pass
        made.close()


def query(monitor, sql):
    done = monitor.network.run(e2e.BREAKWATER, "query", "--json", "--state",
                               str(monitor.state), sql)
    return [json.loads(one) for one in done.stdout.splitlines()]


def find(monitor, address):
    done = monitor.network.run(e2e.BREAKWATER, "privacy", "find", address, "--json",
                               "--state", str(monitor.state))
    return {(one["what"], one.get("pseudonym")): one["rows"]
            for one in map(json.loads, done.stdout.splitlines())}


def audited(monitor, action):
    return until(lambda: [one for one in monitor.get("audit?since=1h")
                          if one["action"] == action], f"{action} in the chain")[0]


def aging(tap, monitor, strangers, listener):
    guess(strangers, listener)
    until(lambda: query(monitor, f"SELECT 1 FROM login WHERE client_ip='{CLIENT}'"),
          "the login in the store")
    aged = until(lambda: query(monitor, "SELECT client_ip,server_ip,pseudonym FROM login "
                                        "WHERE pseudonym IS NOT NULL"), "a pseudonym", 20)
    tap.ok(aged[0]["client_ip"] != CLIENT and
           str(aged[0]["pseudonym"]) == MONTH.replace("-", ""),
           "a stranger's address becomes a pseudonym, which says so", aged)
    tap.equal(aged[0]["server_ip"], OURS, "and ours stays")
    tap.equal(monitor.get("logins?since=1h")[0]["client_ip"], aged[0]["client_ip"],
              "the API tells no other")
    today = until(lambda: query(monitor, "SELECT client_ip,pseudonym FROM flow"),
                  "the connection in the store")
    tap.ok(today[0]["client_ip"] == CLIENT and today[0]["pseudonym"] is None,
           "connections are clear until their whole day is that old", today)
    places = find(monitor, CLIENT)
    tap.equal(places.get(("login", MONTH)), 1, "find tells it by the key of the month", places)
    tap.ok(("login", None) not in places, "and that it stands there in the clear no more", places)
    lost = monitor.network.run(e2e.BREAKWATER, "privacy", "find", CLIENT, "--state",
                               str(monitor.state / "none"), status=2)
    tap.ok("Nowhere" not in lost.stdout, "where there is no store, nobody says nowhere",
           lost.stdout, lost.stderr)
    key = monitor.state / "privacy" / f"{MONTH}.key"
    tap.equal(key.stat().st_mode & 0o7777, 0o600, "which only the daemon may read")
    listed = monitor.network.run(e2e.BREAKWATER, "privacy", "keys", "--state",
                                 str(monitor.state)).stdout
    tap.equal(listed, MONTH + "\n", "and which is listed")


def holding(tap, monitor, strangers, listener):
    scan(strangers, listener)
    incident = until(lambda: [one for one in monitor.get("incidents")
                              if one.get("client_ip") == BAD], "the incident", 20)[0]["id"]
    until(lambda: query(monitor, f"SELECT 1 FROM incident WHERE id='{incident}'"),
          "the incident in the store")
    refused = monitor.command("privacy", "hold", incident, "--why", "police", status=2)
    tap.ok("always has an end" in refused.stderr, "a hold without an end is refused",
           refused.stderr)
    refused = monitor.command("privacy", "hold", incident, "--until", "90d", status=2)
    tap.ok("why" in refused.stderr, "and one without a reason", refused.stderr)
    monitor.command("privacy", "hold", "0123456789abcdef", "--until", "90d", "--why", "x",
                    status=2)
    done = monitor.command("privacy", "hold", incident[:8], "--until", "90d", "--why",
                           "police, 4 Js 12/26")
    tap.ok(incident in done.stdout and "held until" in done.stdout, "an incident is held",
           done.stdout)
    told = audited(monitor, "privacy_hold")
    tap.ok(told["subject"] == incident and "4 Js 12/26" in told["after"],
           "the chain has until when and why", told)
    listed = until(lambda: monitor.network.run(
        e2e.BREAKWATER, "privacy", "holds", "--state", str(monitor.state)).stdout, "the hold")
    tap.ok(incident in listed and "held until" in listed, "it is listed", listed)
    return incident


def held(tap, monitor, incident, strangers, listener):
    guess(strangers, listener)
    until(lambda: query(monitor, f"SELECT 1 FROM login WHERE client_ip='{CLIENT}'"),
          "another login")
    monitor.command("privacy", "erase", CLIENT, status=2)
    monitor.command("privacy", "erase", CLIENT, "--why", f"of {CLIENT}", status=2)
    monitor.command("privacy", "erase", OURS, "--why", "mistake", status=2)
    done = monitor.command("privacy", "erase", CLIENT, "--why", "request 17")
    tap.ok("being erased" in done.stdout, "an address is erased", done.stdout)
    told = audited(monitor, "privacy_erased")
    tap.ok(told["subject"].startswith("address ") and "login" in told["after"],
           "the chain says what was", told)
    chain = json.dumps(monitor.get("audit?since=1h"))
    tap.ok(CLIENT not in chain, "and not whose it was", chain)
    tap.equal(query(monitor, "SELECT count(*) AS n FROM login")[0]["n"], 2,
              "what was counted is counted still")
    tap.equal(query(monitor, f"SELECT client_ip FROM finding WHERE incident='{incident}'")[0]
              ["client_ip"], BAD, "what is held is as it was")
    monitor.command("privacy", "unhold", incident, "--why", "closed")
    audited(monitor, "privacy_unhold")
    until(lambda: "was held" in monitor.network.run(
        e2e.BREAKWATER, "privacy", "holds", "--state", str(monitor.state)).stdout,
        "the end of the hold")
    monitor.command("privacy", "unhold", incident, "--why", "twice", status=2)


def in_memory(tap, monitor, incident):
    """What the daemon shows is no more than what is in the store."""
    over = [one for one in monitor.get("flows") if one["end_reason"] != "active"]
    tap.equal([one for one in over + monitor.get("logins?since=1h")
               if one["client_ip"] == CLIENT], [],
              "of what is over the API shows nothing of it when the chain says it is done")
    monitor.command("close", incident, "--why", "over")
    until(lambda: query(monitor, f"SELECT 1 FROM incident WHERE id='{incident}' AND "
                                 "state='resolved'"), "its end in the store")
    tap.ok(BAD in json.dumps(monitor.get("incidents")), "an incident that is over has its source")
    monitor.command("privacy", "erase", BAD, "--why", "request 18")
    until(lambda: len([one for one in monitor.get("audit?since=1h")
                       if one["action"] == "privacy_erased"]) == 2, "the second in the chain")
    shown = [one for one in monitor.get("incidents") if one["id"] == incident]
    tap.ok(len(shown) == 1 and BAD not in json.dumps(shown), "and then it has not", shown)


def privacy(tap, lab):
    server, strangers = lab.namespace("server"), lab.namespace("strangers")
    lab.plug(server, "inside", [OURS], strangers, "outside", [BAD, CLIENT])
    config = lab.dir / "privacy.yaml"
    config.write_text(CONFIG.format(ours=OURS))
    listener = server.listen(OURS, PORT)
    monitor = lab.monitor(server, "-c", str(config), json_output=False)
    aging(tap, monitor, strangers, listener)
    incident = holding(tap, monitor, strangers, listener)
    held(tap, monitor, incident, strangers, listener)
    in_memory(tap, monitor, incident)
    places = find(monitor, CLIENT)
    tap.ok(all(what not in ("login", "finding") for what, _ in places),
           "what was erased is not found", places)
    tap.equal(monitor.stop(), 0, "and the daemon ends well", monitor.program.err())
    listener.close()


if __name__ == "__main__":
    sys.exit(e2e.main(privacy))
