#!/usr/bin/env python3
"""explain.py: `breakwater explain` names the right cause of each kind of trouble.

Each part makes one thing go wrong with a real server: the cable, the accept queue, the
application, the listener.  The control is the same server while it is well.
"""
import json
import os
import pathlib
import signal
import socket
import sys
import threading

import lab as e2e
from lab import until

CLIENT, SERVER, PORT = "10.80.0.1", "10.80.0.2", 8080
BUILD = pathlib.Path(os.environ.get("BUILD", e2e.ROOT / "build"))
DELAY_MS = 80  # each way: a round trip of 160 ms, over the limit of 100 ms

# Answers each request after a time that a file tells; a process of its own, as it is
# to be stopped and killed.
SERVER_CODE = """
import pathlib, socket, sys, threading, time
ip, port, backlog, slow = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind((ip, port))
sock.listen(backlog)
def serve(client):
    while client.recv(1000):
        time.sleep(float(pathlib.Path(slow).read_text()))
        client.sendall(b"answer")
    client.close()
while True:
    threading.Thread(target=serve, args=sock.accept()[:1], daemon=True).start()
"""


def cable(lab, delay_ms=0):
    """Client and server, with a slow cable between them if asked for."""
    client, server = lab.namespace("client"), lab.namespace("server")
    relay = lab.namespace("relay")
    lab.join(client, "net0", relay, "left")
    lab.join(relay, "right", server, "net0")
    for network, link in ((client, "net0"), (relay, "left"), (relay, "right"),
                          (server, "net0")):
        network.tree("ethtool", "-K", link, "tso", "off", "gso", "off", "gro", "off",
                     "tx", "off")
    client.ip("addr", "add", f"{CLIENT}/24", "dev", "net0")
    server.ip("addr", "add", f"{SERVER}/24", "dev", "net0")
    for network, link in ((client, "net0"), (relay, "left"), (relay, "right"),
                          (server, "net0")):
        network.ip("link", "set", link, "up")
    program = relay.start(str(BUILD / "tests/delay_relay"), "left", "right",
                          str(delay_ms))
    until(lambda: "ready" in program.out(), "the relay")
    return client, server


def serve(lab, server, ip="0.0.0.0", backlog=64):
    """The server's program, and the file that makes it slow."""
    slow = lab.dir / "slow"
    slow.write_text("0")
    program = server.start(sys.executable, "-c", SERVER_CODE, ip, str(PORT),
                           str(backlog), str(slow))
    until(lambda: server.listens(PORT), "the server")
    return program, slow


def ask(client, times=10):
    """Connections with one question and its answer each, side by side."""
    def client_socket():
        with client.inside():
            made = socket.socket()
        made.settimeout(20)
        client.lab.enter_context(made)
        return made

    # setns(2) is of a thread, so sockets are made here and connected there.
    sockets = [client_socket() for _ in range(times)]

    def talk(made):
        try:
            made.connect((SERVER, PORT))
            made.sendall(b"question")
            made.recv(100)
        except OSError:
            pass
        finally:
            made.close()

    threads = [threading.Thread(target=talk, args=(made,)) for made in sockets]
    for thread in threads:
        thread.start()
    return threads


def ask_and_wait(client, times=10):
    for thread in ask(client, times):
        thread.join()


def explained(monitor):
    done = monitor.command("explain", str(PORT), "--json", status=None)
    if done.returncode not in (0, 1, 5):
        raise e2e.Failure(f"explain: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), done.returncode


def expect(tap, monitor, cause, status, sentence):
    """The cause, once the records of the last second are there."""
    told = {}

    def is_told():
        told["answer"], told["status"] = explained(monitor)
        return (told["answer"]["cause"], told["status"]) == (cause, status)

    try:
        until(is_told, cause, 15, 0.2)
    except e2e.Failure:
        pass
    tap.equal((told["answer"]["cause"], told["status"]), (cause, status), sentence,
              json.dumps(told["answer"], indent=1))
    return told["answer"]


def well(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0")
    serve(lab, server)
    expect(tap, monitor, "idle", 0, "a listener without clients is idle")
    ask_and_wait(client)
    answer = expect(tap, monitor, "well", 0, "a server that answers is well")
    tap.ok("python" in json.dumps(answer["listeners"]), "its process is told", answer)
    screen = monitor.command("explain", str(PORT)).stdout
    tap.ok(screen.startswith(f"Port {PORT}: well") and "Where the time goes" in screen
           and CLIENT in screen, "on one screen", screen)
    answer, status = explained_of(monitor, 9)
    tap.equal((answer["cause"], status), ("unknown", 5),
              "of a port without listener and clients nothing is claimed")
    rows = [json.loads(line) for line in
            monitor.command("forecast", "--all", "--json").stdout.splitlines()]
    tap.ok(all("hidden" in row and "probability" not in row for row in rows),
           "nor forecast of what has no history", rows)
    monitor.command("forecast", "--capacity")


def explained_of(monitor, port):
    done = monitor.command("explain", str(port), "--json", status=None)
    return json.loads(done.stdout), done.returncode


def slow_network(tap, lab):
    client, server = cable(lab, DELAY_MS)
    monitor = lab.monitor(server, "-i", "net0")
    serve(lab, server)
    ask_and_wait(client)
    answer = expect(tap, monitor, "slow network", 1, "a slow cable is a slow network")
    tap.ok(2 * DELAY_MS * 1000 <= answer.get("network_us", 0) < 4 * DELAY_MS * 1000,
           "its round trip is what was put in", answer)
    tap.ok(answer.get("application_us", 1e9) < 50000,
           "and the application is not blamed", answer)


def full_queue(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0")
    program, _ = serve(lab, server, backlog=2)
    ask_and_wait(client, 4)
    program.process.send_signal(signal.SIGSTOP)
    threads = ask(client, 12)
    answer = expect(tap, monitor, "accept queue full", 1,
                    "a process that does not accept fills its queue")
    tap.ok(answer["backlog"] >= answer["backlog_max"] == 2,
           "how many wait and may wait is told", answer)
    program.process.send_signal(signal.SIGCONT)
    for thread in threads:
        thread.join()


def slow_application(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0")
    _, slow = serve(lab, server)
    slow.write_text("0.4")
    ask_and_wait(client)
    expect(tap, monitor, "slow application", 1,
           "slow answers over a fast cable are the application's")

    def is_told():
        """While clients wait to be accepted, the queue has the time."""
        answer, _ = explained(monitor)
        return (answer.get("application_us", 0) >= 350000 and
                answer.get("network_us", 1e9) < 50000)

    tap.ok(until(is_told, "the time of the application", 15, 0.2),
           "where the time went is told")


def dead_listener(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0")
    program, _ = serve(lab, server)
    ask_and_wait(client)
    until(lambda: explained(monitor)[0]["listeners"], "the listener")
    program.process.kill()
    program.wait()
    ask_and_wait(client, 5)
    expect(tap, monitor, "nobody listens", 1,
           "a killed server is told as one that listens no more")
    # Its end comes from the store, which writes twice a second.
    why = until(lambda: [text for text in [explained(monitor)[0]["why"]]
                         if "since" in text], "the time of its end", 5, 0.1)[0]
    tap.ok("python" in why, "with the time and the process", why)


def other_address(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server, "-i", "net0")
    serve(lab, server, ip="127.0.0.1")
    ask_and_wait(client, 5)
    answer = expect(tap, monitor, "listens on another address", 1,
                    "a listener on loopback is not what clients of the network need")
    tap.ok(f"{SERVER}:{PORT}" in answer["why"], "both addresses are told", answer["why"])


if __name__ == "__main__":
    sys.exit(e2e.main(well, slow_network, full_queue, slow_application, dead_listener,
                      other_address))
