#!/usr/bin/env python3
"""fleet_lost.py: what the streams have no more when a hub comes to read it, as they were
trimmed or lost with their servers: it is in the depot, and else a gap.

Runs beside others.
"""
import os
import shutil
import signal
import sqlite3
import sys
import threading
import time

import fleet_lab
import lab as e2e
from fleet_hub import LEADS_S, Fleet, incident_of, now, sql, with_id
from lab import until

GUESSES = 3


def remove_what_is_kept(fleet, hub):
    """As the leader does with what is ten minutes old; nothing is left of the lane."""
    link = fleet_lab.Link(fleet.lab, hub.network, fleet.servers)
    link.wait_until_up()
    until(lambda: link.answer(f"trim event {int(time.time() * 1e6)}", "trim") == 0 and
          fleet.cluster.state("BW_EVENT")["messages"] == 0, "all of it is removed", 20, 0.1)
    link.end()


def all_is_kept(fleet):
    stream = fleet.cluster.nodes[0].streams()["BW_EVENT"]
    shared = [one for one in stream["consumer_detail"] if one["name"] == "hub"][0]
    return shared["ack_floor"]["stream_seq"] == stream["state"]["last_seq"]


def hold_still(fleet, hub):
    """It hears nothing, and has nothing that another hub would have to wait for."""
    def is_still():
        hub.program.process.send_signal(signal.SIGCONT)
        until(lambda: all_is_kept(fleet), "all is kept")
        hub.program.process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)  # what it has asked the servers for is good for two seconds
        return all_is_kept(fleet)
    until(is_still, "a hub with nothing in its hands", 30)


def misses_nothing_for_good(tap, fleet, hub):
    """What was removed from the streams before it came to a hub."""
    known = "00000000000000c8"
    fleet.sensors.finding("web-8", known, "192.0.2.65")
    until(lambda: incident_of(hub, known) and said_twice(hub)["lines"], "a line it has")
    hold_still(fleet, hub)
    number = "00000000000000c9"
    fleet.sensors.finding("web-9", number, "192.0.2.66")
    told = (f"select count(*) from finding where id='{number}'",
            f"select count(*) from timeline where about='{number}'")
    until(lambda: all(fleet.postgres.ask(query) not in ("", "0") for query in told),
          "the depot has it, and what the leader says of it", 20, 0.1)
    remove_what_is_kept(fleet, hub)
    hub.program.process.send_signal(signal.SIGCONT)
    row = until(lambda: with_id(hub.get("incidents"), number) and with_id(
        hub.get("findings"), number), f"what it has missed: {hub.hub()}", 30, 0.1)
    tap.equal(row[0]["sensor"], "web-9", "what streams had no more, a hub has from the depot")
    until(lambda: hub.hub()["past_is_known"], "all of it")
    lines = until(lambda: lines_about(hub, number) and said_twice(hub), "it is kept")
    tap.equal(lines["lines"], lines["different"],
              "... and in its own store no line of an incident twice, of those before, either")


def said_twice(hub):
    """Lines of incidents in its own store, and how many of them are different ones."""
    return sql(hub, "SELECT count(*) AS lines, count(DISTINCT incident || at || kind || about "
                    "|| summary) AS different FROM timeline", "--own")[0]


def lines_about(hub, number):
    return sql(hub, f"SELECT at FROM timeline WHERE about='{number}'", "--own")


def begins_without_a_depot(tap, fleet, hub):
    number = "00000000000000d1"
    fleet.sensors.finding("web-1", number, "203.0.113.9")
    until(lambda: incident_of(hub, number) and all_is_kept(fleet), "a finding that is kept")
    remove_what_is_kept(fleet, hub)
    hub.stop()
    fleet.postgres.kill()
    hub.start()
    until(lambda: hub.hub()["servers"].get("up"), "a hub without a depot", 30, 0.1)
    tap.ok(not hub.hub()["past_is_known"] and not hub.get("findings"),
           "a hub that begins without a depot says that it knows nothing of before")
    until(hub.leads, "it leads all the same", 30, 0.1)
    heard = hub.hub()["heard"]
    guess_at_each(fleet)
    until(lambda: hub.hub()["heard"] >= heard + GUESSES, "half of what a guesser tries")
    fleet.postgres.start()
    until(lambda: incident_of(hub, number), "what was before", 40, 0.1)
    tap.ok(True, "... and knows it, and what hubs said of it, as soon as the depot is back")
    until(lambda: hub.hub()["past_is_known"], "all of it")
    guess_at_each(fleet)
    found = until(lambda: [one for one in hub.get("findings") if one["sensor"] == "hub"],
                  "who guesses at each of them", 20, 0.1)
    tap.equal(found[0]["kind"], "brute_force", "of attacks it has forgotten nothing by that")


def guess_at_each(fleet):
    """As few at each of three as is said by none of them."""
    for number in range(GUESSES):
        fleet.sensors.tell(f"web-{number}", {
            "record": "login", "at": now(), "client_ip": "203.0.113.77",
            "client_port": 40000 + number, "server_ip": f"10.0.2.{number}",
            "server_port": 22, "transport": "tcp", "protocol": "ssh", "user": "root",
            "outcome": "failure"}, lane="evidence")


def loses_its_streams(tap, fleet, hub):
    """With all servers that had them."""
    until(lambda: hub.leads() and hub.hub()["servers"].get("has_streams"),
          "a leader that knows its streams", LEADS_S, 0.1)
    node = fleet.cluster.nodes[0]
    node.kill()
    shutil.rmtree(node.dir / "store")
    node.start()
    gaps = until(lambda: hub.get("gaps?since=1h"), f"a gap: {hub.program.err()}", 60, 0.2)
    tap.equal([(one["sensor"], one["reason"]) for one in gaps], [("hub", "stream")],
              "streams that were lost are made again, and that is a gap")
    number = "00000000000000d7"
    fleet.sensors.finding("web-1", number, "198.51.100.7")
    until(lambda: incident_of(hub, number), "what is told now", 30, 0.1)
    tap.ok(True, "... and what is told from then on is kept, and judged")


def answers_while_the_leader_hangs(tap, leader, hub):
    """What is passed on to it waits there, and nothing else."""
    until(lambda: hub.hub()["leader"] == leader.name, "who is to be asked")
    leader.program.process.send_signal(signal.SIGSTOP)
    said, took = [], []
    asking = threading.Thread(target=lambda: said.append(hub.post("deployments", name="x")))
    asking.start()
    while asking.is_alive():
        began = time.monotonic()
        hub.hub()
        took.append(time.monotonic() - began)
        time.sleep(0.05)
    leader.program.process.send_signal(signal.SIGCONT)
    asking.join()
    tap.ok("no hub that leads answers (hub-1)" in said[0][1] and max(took) < 1,
           "who waits for a leader that hangs is told so, and others are answered meanwhile",
           said, max(took))


def begins_and_ends_while_the_depot_hangs(tap, fleet, hub):
    """A server that is there, and says nothing."""
    pid = int((fleet.postgres.dir / "data/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        hub.start()
        took = time.monotonic() - began
        depot = hub.hub()["depot"]
        tap.ok(took < 2 and not depot["up"] and not hub.hub()["past_is_known"],
               "while the depot does not answer, a hub begins, and says so", took, depot)
        began = time.monotonic()
        hub.stop()
        took = time.monotonic() - began
        tap.ok(took < 2, "... and ends, without waiting for it", took)
    finally:
        os.kill(pid, signal.SIGCONT)


def answers_while_servers_hang(tap, fleet, hub):
    """
    Who loses the lead asks servers to forget what it followed, and waits for none; who
    gets it again waits for its own store, which another process has locked, and answers.
    """
    took = []

    def is_led():
        began = time.monotonic()
        leads = hub.leads()
        took.append(time.monotonic() - began)
        return leads
    server = fleet.cluster.nodes[0].program.process
    until(is_led, "a leader", LEADS_S, 0.1)
    store = sqlite3.connect(hub.state / "breakwater.db", isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    status, said = hub.post("deployments", name="what waits to be kept")
    tap.equal(status, 200, "who leads takes what people say", said)
    server.send_signal(signal.SIGSTOP)
    until(lambda: not is_led(), "the lead is lost", LEADS_S, 0.05)
    tap.ok(max(took) < 1, "a hub that loses the lead, as servers hang, answers all the while",
           max(took))
    took.clear()
    server.send_signal(signal.SIGCONT)
    until(is_led, "the lead again", LEADS_S, 0.05)
    store.execute("ROLLBACK")
    tap.ok(max(took) < 1, "... and so does one that gets it, while its store hangs",
           max(took))


def lost(tap, lab):
    fleet = Fleet(lab, postgres=True)
    first = fleet.hub("hub-1")
    until(first.leads, "a leader", LEADS_S, 0.1)
    second = fleet.hub("hub-2")
    misses_nothing_for_good(tap, fleet, second)
    answers_while_the_leader_hangs(tap, first, second)
    second.stop()
    begins_and_ends_while_the_depot_hangs(tap, fleet, second)
    begins_without_a_depot(tap, fleet, first)
    answers_while_servers_hang(tap, fleet, first)
    loses_its_streams(tap, fleet, first)


if __name__ == "__main__":
    if not fleet_lab.has_nats():
        print("1..0 # SKIP no nats-server in the tree, or nothing built")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(lost))
