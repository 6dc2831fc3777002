#!/usr/bin/env python3
"""fleet_said.py: what a hub is asked and told by people of what its sensors tell, and what is
said of one that can't be as it is configured.

Runs beside others.
"""
import json
import pathlib
import re
import shutil
import signal
import sys
import time

import fleet_lab
import lab as e2e
from fleet_hub import LEADS_S, Fleet, Hub, incident_of, now, sql, stamp, with_id
from fleet_lab import BUILD
from lab import BREAKWATER, until


def what_is_asked_of_a_hub(tap, lab):
    fleet = Fleet(lab)
    hub = fleet.hub("hub-1")
    until(hub.leads, "a leader", LEADS_S, 0.1)
    is_silent_about_one(tap, hub, fleet.sensors)
    tells_a_story(tap, hub, fleet.sensors)
    answers_in_sql(tap, hub)
    finds_the_past_by_its_folder(tap, hub)
    shows_connections(tap, hub, fleet.sensors)
    goes_by_its_own_clock(tap, hub, fleet.sensors)
    explains_a_port(tap, hub, fleet.sensors)
    other = Hub(lab, fleet.cluster.switch.plug("hub-2"), "hub-2", fleet.servers, called="hub-1")
    until(lambda: other.hub().get("namesake"), "who has its name", 20, 0.1)
    screen = other.command("status").stdout
    tap.ok("has the same name: set hub.name" in " ".join(screen.split()) and
           "is called hub-1 too" in other.program.err(), "of two with one name it is told",
           screen, other.program.err())
    reads_its_configuration_again(tap, hub)


def answers_in_sql(tap, hub):
    """Of the depot, in its own SQL."""
    tap.equal(sql(hub, "SELECT DISTINCT sensor, last > time_us('1h') AS new FROM finding "
                       "WHERE id IN ('00000000000000a3', '00000000000000a4') "
                       "ORDER BY 1"),
              [{"sensor": "web-3", "new": 1}, {"sensor": "web-4", "new": 1}],
              "breakwater query asks it in its own SQL")
    tap.equal(sql(hub, "SELECT count(*) AS n FROM finding WHERE sensor <> 'hub'", "--own"),
              [{"n": 0}], "... or the hub's own store, of which machines' findings are no part")


def finds_the_past_by_its_folder(tap, hub):
    """Also commands that read a state folder, without a hub that runs."""
    def at_folder(*words, status):
        return hub.network.run(BREAKWATER, *words, "--state", str(hub.state), status=status)
    shown = at_folder("findings", "00000000000000a4", status=0).stdout
    tap.ok("198.51.100.4" in shown, "a finding of a sensor is found in the depot", shown)
    done = at_folder("report", "executive", "--sensor", "web-9", status=2)
    tap.ok("no sensor of the name" in done.stderr and "web-9" in done.stderr and done.stdout == "",
           "a report is of sensors, and of one that is not there there is none", done.stderr)
    page = re.search(r"http://[^/\s]+", hub.program.out())[0]
    said = hub.network.run("curl", "-s", f"{page}/api/v1/report/executive").stdout
    tap.ok("no sensor" in said and "told anything of itself" in said,
           "over HTTP it is one of the fleet's, too, of who told of itself", said)
    done = at_folder("report", "executive", "--own", "--format", "json", status=None)
    tap.ok(done.stdout.startswith("{"), "... but for who wants one of that", done.stderr)


def goes_by_its_own_clock(tap, hub, tell):
    """Whoever has a sensor's key says when it was, but hubs judge when it came."""
    ahead = stamp(int((time.time() + 365 * 86400) * 1e6))
    tell.finding("web-6", "00000000000000e6", "198.51.100.66", at=ahead, last=ahead)
    number = until(lambda: incident_of(hub, "00000000000000e6"), "an incident", 20, 0.1)
    told = with_id(hub.get("incidents"), number)[0]
    tap.ok(all(told[name] < stamp(int((time.time() + 60) * 1e6))
               for name in ("at", "detected") if name in told),
           "what is said of next year is judged as of now", told)


def shows_connections(tap, hub, tell):
    tell.tell("web-1", {"record": "flow", "start": now(), "end": now(), "transport": "tcp",
                        "client_ip": "203.0.113.9", "client_port": 4711, "server_port": 443,
                        "server_ip": "10.0.0.5", "end_reason": "closed"}, lane="flow")
    until(lambda: hub.get("flows?host=203.0.113.9"), "a connection", 10)
    listed = hub.command("flows")
    tap.ok("203.0.113.9" in listed.stdout and "when they end" in listed.stderr,
           "connections are those that ended within the last hour, which is said",
           listed.stdout, listed.stderr)


def port_row(ago_s, response_us):
    return {"record": "port", "start": stamp(int((time.time() - ago_s) * 1e6)),
            "interval_s": 60, "transport": "tcp", "server_ip": "10.0.0.5", "port": 8443,
            "flows": 60, "ended": 60, "errors": 0, "rejected": 0, "unanswered": 0,
            "handshake_p50_us": 400, "response_p50_us": response_us // 2,
            "response_p95_us": response_us, "process": "shopd", "unused": False}


def explains_a_port(tap, hub, tell):
    """By what one sensor told, now and in the depot, and not what others did."""
    for sensor, usual_us in (("web-1", 8000), ("web-2", 90000)):
        tell.beat(sensor)
        tell.tell(sensor, {"record": "listener", "at": now(), "transport": "tcp", "ip": "::",
                           "port": 8443, "pid": 812, "process": "shopd", "unit": "shop.service",
                           "backlog": 200, "backlog_max": 128, "change": "opened"})
        tell.tell(sensor, *(port_row(ago_s, usual_us) for ago_s in range(7200, 7800, 60)),
                  lane="port")
    tell.tell("web-1", port_row(65, 1500000), lane="port")

    def explain(*words):
        return hub.command("explain", "8443", *words, status=None)
    said = until(lambda: "web-1,web-2" in explain().stderr and explain(), "both", 20)
    tap.ok(said.returncode not in (0, 1) and said.stderr.count("\n") == 1,
           "of which sensor a port is to be explained is asked, where several have it", said)
    slow = until(lambda: json.loads(explain("--sensor", "web-1", "--json").stdout)
                 .get("usual_response_p95_us") and explain("--sensor", "web-1"), "its past", 20)
    screen = " ".join(slow.stdout.split())
    tap.ok(slow.returncode == 1 and "Port 8443 of web-1: slow application" in screen and
           "usual is 8.0 ms" in screen and "queue of" not in screen and
           "only web-1 itself knows; ask there: breakwater explain 8443" in screen,
           "why a port of it is unwell, by its own past, is said by the depot, and what is not",
           slow.stdout, slow.stderr)
    idle = explain("--sensor", "web-2")
    tap.ok(idle.returncode == 0 and "web-2 told of no client" in " ".join(idle.stdout.split()),
           "... and of the other one, that it told of no client", idle.stdout, idle.stderr)
    tell.beat("web-2", "gone")
    ended = until(lambda: "ended in order" in explain("--sensor", "web-2").stdout and
                  explain("--sensor", "web-2"), "its end", 20)
    tap.ok(ended.returncode == 5 and "Port 8443 of web-2: unknown" in ended.stdout,
           "... which is not known of one that is not heard", ended.stdout)


def reads_its_configuration_again(tap, hub):
    page = re.search(r"http://[^/\s]+", hub.program.out())[0]
    before = hub.config.read_text()

    def code():
        return hub.network.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                               f"{page}/api/v1/status").stdout

    def take(text, said):
        hub.config.write_text(text)
        hub.program.process.send_signal(signal.SIGHUP)
        return until(lambda: said in hub.program.err() and hub.program.err(), said)

    said = take(f"{before}web: {{loopback_read: no}}\nlimits: {{loss: much}}\n",
                "configuration not changed")
    tap.ok(f"{hub.config}:4:" in said and code() == "200",
           "a configuration with a mistake changes nothing, and says where it is", said)
    said = take(f"{before}web: {{loopback_read: no}}\n".replace("name: hub-1", "name: hub-9"),
                "at the next start only: hub.name\n")
    tap.ok("limits, notify" in said and code() == "401",
           "a good one is in force at once, but for what is told", said)


def is_silent_about_one(tap, hub, tell):
    for number, sensor in (("00000000000000a3", "web-3"), ("00000000000000a4", "web-4")):
        tell.finding(sensor, number, f"198.51.100.{number[-1]}")
    for number in ("00000000000000a3", "00000000000000a4"):
        until(lambda number=number: incident_of(hub, number), "incidents of both")
    said = hub.command("silence", "--sensor", "web-3", "--for", "1h").stdout
    silenced = until(lambda: [one["id"] for one in hub.get("incidents")
                              if one.get("suppressed_by")], "a silence", 20)
    tap.equal(silenced, ["00000000000000a3"], "a silence may be of one sensor", said)
    tell.finding("web-4", "00000000000000a5", "198.51.100.3")
    until(lambda: with_id(hub.get("incidents"), "00000000000000a3")[0]["sensors"] ==
          "web-3,web-4", "one of both")
    until(lambda: not with_id(hub.get("incidents"), "00000000000000a3")[0].get("suppressed_by"),
          "it is told", 20)
    tap.ok(True, "... and not of what another has to do with, too")


def tells_a_story(tap, hub, tell):
    """What one address did, of all kinds that sensors tell, by the depot."""
    who = "203.0.113.77"
    begin = int(time.time() * 1e6) - 60 * 1000000
    common = {"client_ip": who, "server_ip": "10.0.0.5", "transport": "tcp"}
    for second in range(3):
        tell.tell("web-1", {"record": "flow", "start": stamp(begin + second * 1000000),
                            "end": stamp(begin + second * 1000000), "state": "REJ",
                            "server_port": 22 + second, "client_port": 40000, **common},
                  lane="flow")
    tell.tell("web-2", {"record": "login", "at": stamp(begin + 10 * 1000000), "server_port": 22,
                        "protocol": "ssh", "user": "root", "outcome": "failure", **common},
              lane="evidence")
    tell.finding("web-2", "00000000000000a6", who)
    tell.finding("web-2", "00000000000000a7", "203.0.113.78")

    def story(*more):
        return hub.command("fleet", "story", who, *more).stdout
    lines = until(lambda: len(story("--json").splitlines()) == 3 and
                  [json.loads(line) for line in story("--json").splitlines()], "a story", 20)
    tap.equal([(one["sensor"], one["what"], one["count"], one.get("ports")) for one in lines],
              [("web-1", "tried, was refused (tcp)", 3, "22-24"),
               ("web-2", "failed to log in to ssh as root", 1, "22"),
               ("web-2", f"{who} guesses passwords", 1, None)],
              "what one address did at each sensor is told in order, and nothing of others")
    screen = story("--since", "30m")
    tap.ok("web-1" in screen and "ports 22-24, 3 times" in screen and
           "2 sensors have seen it" in screen, "... in words, too", screen)
    tap.ok("Nothing is known" in hub.command("fleet", "story", "203.0.113.79").stdout and
           hub.command("fleet", "story", "here", status=2).stderr.count("\n") == 1,
           "and where there is nothing to tell, that")


def refuses_what_can_not_be(tap, lab):
    """Before anything is opened: where it may write, as whom."""
    network = lab.namespace("alone")
    state, config = lab.dir / "state", lab.dir / "hub.yaml"

    def said(more):
        config.write_text(f"fleet: {{servers: ['nats://127.0.0.1:4222']}}\n{more}\n")
        done = network.run(BREAKWATER, "hub", "-c", str(config), "--state", str(state),
                           "--socket", str(lab.dir / "hub.sock"), "--listen", "off",
                           status=None, seconds=20)
        return done.returncode, done.stderr
    status, words = said(f"hub: {{store: 'sqlite:{lab.dir}/other.db'}}")
    tap.ok(status == 2 and f"sqlite:{state}/fleet.db" in words and words.count("\n") == 1,
           "a depot outside of the state folder is told with what is allowed", words)
    state.mkdir()
    shutil.chown(state, "nobody")
    status, words = said("user: root")
    tap.ok(status == 4 and "user: nobody" in words and words.count("\n") == 1,
           "root, which has no privileges, in somebody's folder is told, too", status, words)


if __name__ == "__main__":
    if not fleet_lab.has_nats() or not pathlib.Path(BUILD, "tests/sensor_driver").exists():
        print("1..0 # SKIP no nats-server in the tree, or nothing built")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(what_is_asked_of_a_hub, refuses_what_can_not_be))
