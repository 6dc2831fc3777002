#!/usr/bin/env python3
"""daemon.py: `breakwater run` as a service: how it starts, reloads, answers and ends.

Each part has a network namespace of its own, so that only what the test sends is there
to be counted.

Runs beside others.
"""
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time

import lab as e2e
from lab import BREAKWATER, until


def cable(lab, address="10.78.0.2"):
    """Client and server on one cable with addresses."""
    client, server = lab.namespace("client"), lab.namespace("server")
    for network in (client, server):  # or the kernel tells of multicast when it likes
        network.set("net.ipv6.conf.all.disable_ipv6", 1)
        network.set("net.ipv6.conf.default.disable_ipv6", 1)
    lab.plug(client, "net0", ["10.78.0.1"], server, "net0", [address])
    return client, server


def one_line(text, *words):
    """One line, with each of these words in it."""
    return len(text.splitlines()) == 1 and all(word in text for word in words)


def talk(client, server, address):
    """A connection with one question and its answer, left open; its server port."""
    listener = server.listen(address)
    port = listener.getsockname()[1]
    mine = client.connect(address, port)
    theirs, _ = listener.accept()
    client.lab.enter_context(theirs)
    mine.sendall(b"question")
    theirs.recv(100)
    theirs.sendall(b"answer")
    mine.recv(100)
    return mine, theirs, port


def first_flow(monitor, port):
    return until(lambda: monitor.get(f"flows?port={port}"), f"a flow to port {port}")[0]


# ---- how it does not start -----------------------------------------------------------

def refusals(tap, lab):
    _, server = cable(lab)
    sock = str(lab.dir / "refused.sock")

    def refused(status, sentence, words, *command):
        done = server.run(*command, status=None, seconds=10)
        tap.ok(done.returncode == status and one_line(done.stderr, *words) and
               done.stdout == "" and not os.path.exists(sock), sentence,
               f"exit {done.returncode}, expected {status}; {words} in one line:",
               done.stderr, done.stdout)

    state = ["--state", str(lab.dir / "state")]
    run = [BREAKWATER, "run", "--socket", sock, "--listen", "127.0.0.1:0", *state]
    refused(2, "an interface that is not there is wrong usage", ["nosuchif"],
            *run, "-i", "nosuchif")
    refused(2, "a filter that can't be read is wrong usage", ["filter"],
            *run, "-f", "port of call")
    refused(2, "an option that does not exist is wrong usage", ["--nothing"],
            *run, "--nothing")

    config = lab.dir / "bad.yaml"
    config.write_text("flows:\n  max: many\n")
    refused(2, "a bad configuration is told with file, line and column",
            [f"{config}:2:8"], *run, "-c", str(config))

    taken = server.listen("127.0.0.1")
    address = f"127.0.0.1:{taken.getsockname()[1]}"
    refused(1, "an address in use is told, with what to do", [address, "--listen"],
            BREAKWATER, "run", "--socket", sock, "--listen", address, *state)


def second_daemon(tap, lab):
    _, server = cable(lab)
    first = lab.monitor(server)
    done = server.run(BREAKWATER, "run", "--socket", str(first.socket), "--listen",
                      "127.0.0.1:0", "--state", str(lab.dir / "second"), status=None,
                      seconds=10)
    tap.ok(done.returncode != 0 and one_line(done.stderr, str(first.socket)) and
           done.stdout == "", "a second daemon on one socket is told so in one line",
           done)
    tap.ok(first.answers(), "the first one goes on")
    # With its guard, which would remove it.
    guard = int(re.search(r"pid (\d+)",
                          first.get("status")["privileges"]["guard"]["detail"])[1])
    os.kill(guard, signal.SIGKILL)
    first.program.process.kill()
    first.program.wait()
    tap.ok(first.socket.exists(), "one that is killed can't remove its socket")
    again = e2e.Monitor.__new__(e2e.Monitor)
    again.network, again.socket = server, first.socket
    again.program = server.start(BREAKWATER, "run", "--socket", str(first.socket),
                                 "--listen", "127.0.0.1:0", "--state",
                                 str(lab.dir / "again"))
    until(again.answers, "a daemon in place of one that was killed")
    tap.ok(True, "the next one takes the socket that was left behind")
    again.stop()


# ---- how it ends ---------------------------------------------------------------------

def ended_by(number, lab, client, server):
    """A daemon that has seen a connection; its port, exit status, and how long it took."""
    monitor = lab.monitor(server, "-i", "net0", json_output=False)
    _, _, port = talk(client, server, "10.78.0.2")
    first_flow(monitor, port)
    began = time.monotonic()
    status = monitor.stop(number)
    return monitor, port, status, time.monotonic() - began


def endings(tap, lab):
    client, server = cable(lab)
    before = set(lab.dir.iterdir())
    for number in (signal.SIGINT, signal.SIGTERM):
        monitor, port, status, took = ended_by(number, lab, client, server)
        times = [took]
        # Others' work on this machine, and on its disk, only adds: one of three will do.
        while status == 0 and times[-1] >= 1 and len(times) < 3:
            monitor, port, status, took = ended_by(number, lab, client, server)
            times.append(took)
        text = monitor.program.out()
        tap.ok(status == 0 and times[-1] < 1,
               f"{number.name} ends it within a second, with 0",
               f"exit {status} after {times} s", monitor.program.err())
        tap.ok("Stopped after" in text and f"{port}/tcp" in text,
               "it ends with a summary of what it saw", text)
        tap.ok("Watching   net0" in text and "http://127.0.0.1:" in text and
               " top " in text, "it has said what it watches, where, and what to type",
               text)
        tap.equal(monitor.program.err(), "", "and nothing on standard error")
    left = {path.name for path in set(lab.dir.iterdir()) - before}
    outputs = {name for name in left if name.endswith((".out", ".err")) or
               name.startswith("state-")}
    tap.equal(left - outputs, set(), "it leaves no file behind but its state")


def asked_at_the_end(tap, lab):
    """Questions that come with the end, about now and about the past."""
    _, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0", "--listen", "off")
    asked = threading.Barrier(17)

    def ask(path):
        line = e2e.UnixConnection(monitor.socket)
        try:
            for i in itertools.count():
                line.request("GET", path)
                line.getresponse().read()
                if i == 0:
                    asked.wait(10)
        except (OSError, http.client.HTTPException):
            pass

    paths = ("/api/v1/ports", "/api/v1/ports?since=1h") * 8
    threads = [threading.Thread(target=ask, args=[path]) for path in paths]
    for one in threads:
        one.start()
    asked.wait(10)
    tap.equal((monitor.stop(), monitor.program.err()), (0, ""),
              "it ends well while it is asked things")
    for one in threads:
        one.join()


def drops(tap, lab):
    """Stopped by SIGSTOP it can't empty its ring, so the kernel has to drop."""
    client, server = cable(lab)
    config = lab.dir / "small.yaml"
    config.write_text("capture:\n  ring_mib: 1\n")
    monitor = lab.monitor(server, "-i", "net0", "-c", str(config))
    tap.equal(monitor.command("status").returncode, 0, "status is 0 while all is well")
    monitor.program.process.send_signal(signal.SIGSTOP)
    until(lambda: "T" in stat_of(monitor.program.pid)[0], "a process that is stopped")
    flood = client.socket(kind=socket.SOCK_DGRAM)
    # 20,000 frames of more than 1,000 bytes are 20 times the ring.
    for _ in range(20000):
        flood.sendto(b"x" * 1000, ("10.78.0.2", 9))
    monitor.program.process.send_signal(signal.SIGCONT)
    dropped = until(lambda: monitor.get("status")["kernel_dropped"], "drops in status")
    status = monitor.command("status", status=None)
    tap.ok(status.returncode == 5 and "Not fine" in status.stdout and
           "dropped" in status.stdout, "status is 5 after drops, and says so",
           status.returncode, status.stdout, status.stderr)
    counted = server.counters("net0")
    told = until(lambda: settled(monitor, counted), "every packet accounted for")
    tap.equal(told["packets"] + told["not_ip"] + told["kernel_dropped"],
              counted["rx"]["packets"] + counted["tx"]["packets"],
              "packets taken in and dropped are what the interface has counted", told)
    tap.equal(monitor.stop(), 5, "a run with drops ends with 5")
    whole = monitor.program.records("self")[-1]
    tap.ok(whole["dropped"] >= dropped, "the last self record tells of them", whole)


def settled(monitor, counted):
    status = monitor.get("status")
    known = status["packets"] + status["not_ip"] + status["kernel_dropped"]
    return known >= counted["rx"]["packets"] + counted["tx"]["packets"] and status


def stat_of(pid):
    """The fields of /proc/PID/stat after the name, the first of them the state."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


# ---- how it is told something new ----------------------------------------------------

def reload(tap, lab):
    _, server = cable(lab)
    config = lab.dir / "config.yaml"
    config.write_text("limits:\n  response_ms: 100\n")
    monitor = lab.monitor(server, "-c", str(config))

    def told():
        status = monitor.get("status")
        return status["limits"]["response_ms"], status["home"]

    first = told()
    config.write_text("home: [192.0.2.0/24]\nlimits:\n  response_ms: 250\n")
    monitor.program.process.send_signal(signal.SIGHUP)
    until(lambda: told() != first, "a change after SIGHUP")
    tap.equal(told()[0], 250, "SIGHUP reads the limits again")
    tap.ok("192.0.2.0/24" in told()[1], "SIGHUP reads the home networks again", told())

    given = lab.monitor(server, "-c", str(config), "--home", "198.51.100.0/24")
    config.write_text("limits:\n  response_ms: 300\n")
    given.program.process.send_signal(signal.SIGHUP)
    until(lambda: given.get("status")["limits"]["response_ms"] == 300, "a new limit")
    tap.equal(given.get("status")["home"], ["198.51.100.0/24"],
              "--home stays above the configuration")
    given.stop()

    second, said = told(), len(monitor.program.err())
    config.write_text("home: [192.0.2.0/24]\nlimits:\n  response_ms: soon\n")
    monitor.program.process.send_signal(signal.SIGHUP)
    until(lambda: monitor.program.err()[said:].endswith("not changed\n"),
          "a word about a bad file")
    tap.ok(f"{config}:3:16" in monitor.program.err()[said:],
           "a bad file is told with file, line and column", monitor.program.err())
    tap.equal(told(), second, "a bad file changes nothing")
    config.unlink()
    said = len(monitor.program.err())
    monitor.program.process.send_signal(signal.SIGHUP)
    until(lambda: monitor.program.err()[said:].endswith("not changed\n"),
          "a word about a missing file")
    tap.ok(told() == second and monitor.program.runs(),
           "a file that has gone changes nothing")
    tap.equal(monitor.stop(), 0, "and it ends with 0")


def interfaces(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server)
    lab.plug(client, "later", ["10.79.0.1"], server, "later", ["10.79.0.2"])
    _, _, port = talk(client, server, "10.79.0.2")
    tap.equal(first_flow(monitor, port)["iface"], "later",
              "an interface that appears later is watched")
    until(lambda: "later" in monitor.get("status")["interfaces"], "its name in status")
    server.ip("link", "del", "later")
    until(lambda: "later" not in monitor.get("status")["interfaces"],
          "a status without it")
    _, _, port = talk(client, server, "10.78.0.2")
    tap.equal(first_flow(monitor, port)["iface"], "net0",
              "one that vanishes does not keep the others from being watched")
    tap.equal((monitor.stop(), monitor.program.err()), (0, ""),
              "neither is an error")

    chosen = lab.monitor(server, "-i", "lo")
    talk(client, server, "10.78.0.2")
    _, _, port = talk(server, server, "127.0.0.1")
    tap.equal(first_flow(chosen, port)["iface"], "lo", "loopback is watched")
    tap.equal({flow["iface"] for flow in chosen.get("flows")}, {"lo"},
              "-i watches that interface and no other")
    sent = segments(server, port)
    until(lambda: chosen.taken() >= sent, "packets on loopback")
    flow = first_flow(chosen, port)
    tap.equal((flow["client_packets"] + flow["server_packets"], chosen.taken()),
              (sent, sent), "a packet on loopback is counted once")
    chosen.stop()


def segments(network, port):
    """What the client's socket of an idle connection has sent and received."""
    told = network.tcp(f"dport = :{port}")[0]
    return int(told["segs_out"] + told["segs_in"])


# ---- what it answers -----------------------------------------------------------------

def answers(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server)
    mine, theirs, port = talk(client, server, "10.78.0.2")
    flow = first_flow(monitor, port)
    tap.equal((flow["state"], flow["end_reason"], flow["client_ip"]),
              ("S1", "active", "10.78.0.1"), "a live connection is told as such")
    listed = monitor.command("flows", "--port", str(port), "--json").stdout
    tap.equal([json.loads(line)["community_id"] for line in listed.splitlines()],
              [flow["community_id"]], "flows prints it")
    mine.close()
    theirs.close()
    ended = until(lambda: [one for one in monitor.get(f"flows?port={port}")
                           if one["end_reason"] == "closed"], "its end", 15, 0.1)
    tap.equal((len(ended), ended[0]["state"]), (1, "SF"),
              "once it has ended, it is told once, as finished")
    row = monitor.command("ports", "--port", str(port), "--json").stdout
    tap.ok(row and json.loads(row)["flows"] == 1, "ports prints its service", row)
    screen = monitor.command("status").stdout
    tap.ok(screen.startswith("! 1 incident") and "net0" in screen and
           "Next: " in screen and "breakwater top" in screen and len(screen.splitlines()) <= 24,
           "status is one screen, with what to type next", screen)
    own_traffic(tap, server, monitor)
    metrics(tap, lab, server, monitor)
    monitor.stop()


def own_traffic(tap, server, monitor):
    """The dashboard is on loopback, which is watched with all others."""
    host, port = monitor.get("status")["listen"].rsplit(":", 1)
    before = monitor.get("status")["packets"]  # without ARP, which comes at any time
    for _ in range(20):
        connection = server.connect(host, int(port))
        connection.sendall(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        while connection.recv(4096):
            pass
        connection.close()
    _, _, other = talk(server, server, host)
    first_flow(monitor, other)
    tap.equal(monitor.get(f"flows?port={port}"), [],
              "who looks at the dashboard is not traffic")
    sent = segments(server, other)
    until(lambda: monitor.get("status")["packets"] >= before + sent,
          "packets of the other connection")
    tap.equal(monitor.get("status")["packets"], before + sent,
              "nor are its packets counted",
              monitor.get("flows"))


def metrics(tap, lab, server, monitor):
    sentence = "promtool finds nothing to say about /metrics"
    body = monitor.ask("/metrics")
    tap.ok("breakwater_" in body, "/metrics answers", body[:300])
    if not e2e.has_tree("promtool"):
        tap.skip(sentence, "build/tree is missing: run scripts/test-tree")
        return
    (lab.dir / "metrics").write_text(body)
    done = server.tree("sh", "-c", f"promtool check metrics <{lab.dir}/metrics",
                       status=None)
    tap.ok(done.returncode == 0 and done.stdout + done.stderr == "", sentence,
           done.stdout, done.stderr)


if __name__ == "__main__":
    sys.exit(e2e.main(refusals, second_daemon, endings, asked_at_the_end,
                      drops, reload, interfaces,
                      answers))
