"""listen.py: a program that only listens, for host.py.

listen.py SOCKET... [--for SECONDS] [--forks N] [--many FIRST COUNT]

A SOCKET is KIND/ADDRESS/PORT with KIND tcp, tcp-dual, udp, or reuse (TCP with
SO_REUSEPORT); ADDRESS may be "" for every one.  --forks: so many children share the
sockets.  --many: also COUNT TCP sockets on the ports from FIRST.  Prints "ready", then
does what lines on its standard input say: "open SOCKET", "close" (the one opened last),
"udp-client" (a UDP socket whose port the kernel chooses; prints it).
"""
import os
import resource
import signal
import socket
import sys
import time

OPEN = []


def open_socket(text):
    kind, address, port = text.split("/")
    family = socket.AF_INET6 if ":" in address or kind == "tcp-dual" else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM if kind == "udp"
                         else socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == "reuse":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, kind != "tcp-dual")
    made.bind((address, int(port)))
    if kind != "udp":
        made.listen(4)
    OPEN.append(made)


def udp_client():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.sendto(b"?", ("127.0.0.1", 9))
    OPEN.append(made)
    return made.getsockname()[1]


def obey(line):
    word, _, rest = line.strip().partition(" ")
    if word == "open":
        open_socket(rest)
    elif word == "close":
        OPEN.pop().close()
    elif word == "udp-client":
        print(udp_client(), flush=True)


def main():
    arguments = sys.argv[1:]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    seconds = forks = 0
    while arguments:
        word = arguments.pop(0)
        if word == "--for":
            seconds = float(arguments.pop(0))
        elif word == "--forks":
            forks = int(arguments.pop(0))
        elif word == "--many":
            first, count = int(arguments.pop(0)), int(arguments.pop(0))
            for port in range(first, first + count):
                open_socket(f"tcp/127.0.0.1/{port}")
        else:
            open_socket(word)
    for _ in range(forks):
        if os.fork() == 0:
            # Ends with its parent's standard input.
            sys.stdin.read()
            return
    print("ready", flush=True)
    if seconds:
        time.sleep(seconds)
        return
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        obey(line)


if __name__ == "__main__":
    main()
