#!/usr/bin/env python3
"""pages.py: how soon the API answers what pages ask, and what viewers cost (make bench).

    pages.py view PORT COUNT   so many readers of /api/v1/live, until standard input ends
    pages.py traffic           connections to twenty servers on loopback, until it ends
"""
import http.client
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time

HOUR = 3600
SERVERS, FIRST_PORT, PAUSE_S = 20, 21001, 0.002
CHECKED = "application/json"

# What pages ask: a name, and the question; {port} is one of the store's.
QUESTIONS = {
    "ports_now": "/api/v1/ports?limit=1000",
    "port_day": "/api/v1/ports?port={port}&since=24h&step=1m&limit=100000",
    "port_month": "/api/v1/ports?port={port}&since=30d&step=1h&limit=100000",
    "port_chart": "/api/v1/aggregate?record=port&port={port}&since=30d&step=1h"
                  "&sum=client_bytes,server_bytes&max=response_p95_us",
    "heat_map": "/api/v1/aggregate?record=port&by=port&step=1h&since=7d"
                "&sum=client_bytes,server_bytes&limit=50",
    "month_by_day": "/api/v1/aggregate?record=port&step=1d&since=30d&sum=bytes&previous=1",
    "month_by_hour": "/api/v1/aggregate?record=port&step=1h&since=30d&sum=bytes",
    "sankey": "/api/v1/aggregate?record=flow&by=client_ip,server_port,process"
              "&sum=client_bytes,server_bytes&since=24h&limit=50",
    "findings_month": "/api/v1/findings?since=30d",
    "alerts_month": "/api/v1/alerts?since=30d",
    "incidents_month": "/api/v1/incidents?since=30d",
    "levels": "/api/v1/levels",
    "forecasts": "/api/v1/forecasts",
    "explain": "/api/v1/explain?port={port}",
}


class Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


def ask(connection, question, number, ports):
    """(milliseconds, bytes of the answer)"""
    path = question.format(port=1000 + number * 7919 % ports)
    begin = time.perf_counter()
    connection.request("GET", path, headers={"Accept": CHECKED})
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - begin) * 1000
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    return took, len(body)


def cpu_ms(pid):
    """What all threads of the process have had of the CPU so far."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e6


def answers(path, pid, times, ports, questions=None):
    """Yields name, bytes, milliseconds of the first answer, of the others in order, and what
    one of them costs the process in milliseconds of CPU."""
    connection = Local(path)
    for name, question in (questions or QUESTIONS).items():
        first, _ = ask(connection, question, 0, ports)
        before = cpu_ms(pid)
        took = [ask(connection, question, number, ports) for number in range(times)]
        cpu = (cpu_ms(pid) - before) / times
        yield name, took[-1][1], first, sorted(ms for ms, _ in took), cpu


def address_of(path):
    """The TCP port of the daemon."""
    connection = Local(path)
    connection.request("GET", "/api/v1/status")
    return int(json.loads(connection.getresponse().read())["listen"].rsplit(":", 1)[1])


def helper(inside, *words):
    """One of the commands above, in the namespace; it has begun when this returns."""
    process = subprocess.Popen([*inside, sys.executable, __file__, *words],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"pages.py {' '.join(words)} does not begin")
    return process


def end(process):
    """What it says at its end."""
    return process.communicate(timeout=60)[0]


# ---- in the namespace ----

def until_end():
    """An event that is set when standard input ends."""
    ended = threading.Event()

    def wait():
        sys.stdin.read()
        ended.set()
    threading.Thread(target=wait, daemon=True).start()
    print("ready", flush=True)
    return ended


def view(port, count, batched):
    """Reads all of it, and says how many bytes came and how many events were lost."""
    chosen, taken, lost = selectors.DefaultSelector(), 0, 0
    path = "/api/v1/live?type=port,flow,self,finding,alert,incident,block"
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(f"GET {path}{'&coalesce=1s' if batched else ''} HTTP/1.1\r\n"
                    "Host: localhost\r\n\r\n".encode())
        if b" 200 " not in one.recv(4096):
            raise RuntimeError("a viewer was refused")
        chosen.register(one, selectors.EVENT_READ)
    ended = until_end()
    while not ended.is_set():
        for key, _ in chosen.select(0.2):
            part = key.fileobj.recv(1 << 20)
            if not part:
                raise RuntimeError("a viewer was left")
            taken += len(part)
            lost += part.count(b"event: lost")
    print(taken, lost)


def serve(port):
    door = socket.create_server(("127.0.0.1", port), backlog=128)
    while True:
        client, _ = door.accept()
        client.recv(100)
        client.sendall(b"220 answer\r\n")
        client.close()


def traffic():
    """Connections one after the other; says how many there were."""
    ports = range(FIRST_PORT, FIRST_PORT + SERVERS)
    for port in ports:
        threading.Thread(target=serve, args=(port,), daemon=True).start()
    time.sleep(0.5)
    ended, count = until_end(), 0
    while not ended.is_set():
        with socket.create_connection(("127.0.0.1", ports[count % SERVERS])) as one:
            one.sendall(b"HELO\r\n")
            one.recv(100)
        count += 1
        time.sleep(PAUSE_S)
    print(count)


if __name__ == "__main__":
    if sys.argv[1] == "view":
        view(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] != ["each"])
    else:
        traffic()
    sys.stdout.flush()
    os._exit(0)  # threads wait in accept()
