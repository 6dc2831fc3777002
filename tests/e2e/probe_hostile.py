#!/usr/bin/env python3
"""probe_hostile.py: every protocol is asked of servers that are something else: silent,
closing, resetting, babbling, endless, slow, and of each other protocol's real server.

None of them is up, none is waited for beyond its time, and nobody who asks dies of it or
grows.  One process asks all of them, hundreds at a time.

Runs beside others.
"""
import asyncio
import concurrent.futures
import os
import random
import socket
import struct
import sys
import threading

import lab as e2e
from lab import until
from probing import prober_of
from servers import (cache, desktop, directory, files, mail, mailbox, mariadb, names,
                     postgresql, queue, redis, screen, shares, shell, telephone, terminal, web)
from servers.scene import CLIENT, Scene, certificate

PLAIN = """ftp ftp+starttls imap imap+starttls ldap ldap+starttls memcached mqtt mysql
mysql+starttls pop3 pop3+starttls postgresql postgresql+starttls rdp rdp+starttls redis sip+tcp
smb smtp smtp+starttls ssh telnet vnc dns+tcp http""".split()
SECURE = "tls ftps imaps ldaps mqtts pop3s rediss sips smtps telnets dot https".split()
GARBAGE = random.Random(7).randbytes(4096)
# Twice its time is too long; a busy machine adds to it.
TIMEOUT_MS, LATER_MS, INTERVAL_S = 1500, 1300, 3
MEMORY_KB = 64 << 10

# ---- strangers ----


async def listen(reader):
    while await reader.read(65536):
        pass


async def hear(reader):
    """The client's first words, if it has any."""
    try:
        await asyncio.wait_for(reader.read(4096), 0.15)
    except asyncio.TimeoutError:
        pass


def reset(writer):
    made = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def is_silent(reader, _writer):
    await listen(reader)


async def closes(_reader, writer):
    writer.close()


async def resets(_reader, writer):
    reset(writer)


async def hears_and_closes(reader, writer):
    await hear(reader)
    writer.close()


async def hears_and_resets(reader, writer):
    await hear(reader)
    reset(writer)


async def half_closes(reader, writer):
    writer.write_eof()
    await listen(reader)


def says(text):
    async def deal(reader, writer):
        writer.write(text)
        await listen(reader)
    return deal


def never_ends(text):
    """As fast as it is read; a GiB would be the same."""
    async def deal(_reader, writer):
        while True:
            writer.write(text * (65536 // len(text)))
            await writer.drain()
            await asyncio.sleep(0.02)
    return deal


async def drips(_reader, writer):
    for octet in GARBAGE:
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(0.1)  # a record of TLS has 5 octets before it is judged


# What it does: (dealing, reasons of who speaks in the clear, of TLS).
GONE, OTHER, NO_TLS = ("closed", "reset"), ("wrong_protocol",), ("tls_failed",)
STRANGERS = {
    "silent": (is_silent, ("silent",), ("silent",)),
    "closing": (closes, GONE, NO_TLS),
    "resetting": (resets, ("reset",), NO_TLS + ("reset",)),
    "closing when asked": (hears_and_closes, GONE, NO_TLS),
    "resetting when asked": (hears_and_resets, ("reset",), NO_TLS + ("reset",)),
    "half closing": (half_closes, ("closed",), NO_TLS),
    "garbage": (says(GARBAGE), OTHER, NO_TLS),
    "babbling": (says(b"I am not what you take me for\r\n" * 10), OTHER, NO_TLS),
    "endless zeros": (never_ends(b"\0"), OTHER, NO_TLS),
    "an endless line": (never_ends(b"A"), OTHER, NO_TLS),
    "endless greetings": (never_ends(b"220-more\r\n"), OTHER, NO_TLS),
    "dripping": (drips, OTHER + ("silent",), NO_TLS),
}
# Lines before its version, replies without an end and blanks before an answer are
# within their protocols; of a terminal any text is.
WITHIN = {
    ("ssh", "babbling"): ("silent",),
    ("sip+tcp", "endless zeros"): ("silent",),
    **{(scheme, "endless greetings"): ("silent",)
       for scheme in ("ftp", "ftp+starttls", "smtp", "smtp+starttls")},
    **{("telnet", what): (None,) for what in ("babbling", "an endless line")},
}


def serve(deals):
    """{socket: dealing}, in a thread of its own."""
    async def run():
        kept = []
        for listener, deal in deals.items():
            async def met(reader, writer, deal=deal):
                kept.append(asyncio.current_task())  # the loop itself forgets it
                try:
                    await deal(reader, writer)
                except (OSError, asyncio.CancelledError):
                    pass
            kept.append(await asyncio.start_server(met, sock=listener))
        await asyncio.Event().wait()
    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()


# ---- asking ----


def target_of(scheme, place, timeout_ms=TIMEOUT_MS):
    path = {"http": "/", "https": "/", "dns+tcp": "/example.net", "dot": "/example.net"}
    sign = "#" if scheme.startswith("http") else "?"
    return f"{scheme}://{place}{path.get(scheme, '')}{sign}timeout={timeout_ms}ms"


def ask_all(lab, network, targets):
    """The first answer of each, and who asked."""
    file, config = lab.dir / "targets.yaml", lab.dir / "config.yaml"
    file.write_text("".join(f"- '{target}'\n" for target in targets))
    config.write_text(f"probe: {{own: no, interval: {INTERVAL_S}s, files: [{file}]}}\n")
    monitor = lab.monitor(network, "-c", str(config), json_output=False)

    def answers():
        told = {one["target"]: one for one in monitor.get("probes?limit=100000")}
        return told if len(told) == len(targets) else None
    told = until(answers, lambda: f"{monitor.program.err()}", 30, 0.2)
    return told, monitor


def is_unharmed(tap, monitor):
    prober = monitor.get("status")["prober"]
    status = e2e.pathlib.Path(f"/proc/{prober_of(monitor)}/status").read_text(encoding="utf-8")
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    tap.ok(prober["holds"] and prober["ends"] == 0, "who asks lives", prober, monitor.program.err())
    tap.ok(peak < MEMORY_KB, f"in {peak >> 10} MiB at most")


def late_of(told):
    return [one for one in told.values()
            if one.get("total_us", 0) > (TIMEOUT_MS + LATER_MS) * 1000]


def of_strangers(tap, lab):
    network = lab.namespace("machine")
    wanted, deals = {}, {}
    for name, (deal, plain, secure) in STRANGERS.items():
        for scheme in PLAIN + SECURE:
            listener = network.listen("127.0.0.1")
            listener.setblocking(False)
            deals[listener] = deal
            place = f"127.0.0.1:{listener.getsockname()[1]}"
            reasons = WITHIN.get((scheme, name), plain if scheme in PLAIN else secure)
            wanted[target_of(scheme, place)] = (name, scheme, reasons)
    serve(deals)
    told, monitor = ask_all(lab, network, wanted)
    for name in STRANGERS:
        wrong = [f"{scheme}: {told[target]}" for target, (stranger, scheme, reasons)
                 in wanted.items() if stranger == name and
                 told[target].get("reason") not in reasons]
        tap.ok(not wrong, f"{len(PLAIN + SECURE)} protocols' probes of one that is {name}", *wrong)
    tap.ok(not late_of(told), "none is waited for beyond its time", *late_of(told)[:5])
    is_unharmed(tap, monitor)


# ---- each other's servers ----

# Their ports, and whose probes may find them well: the same, over TLS or not.
SERVERS = (
    (shell, {22: "ssh"}), (cache, {11211: "memcached"}), (redis, {6379: "redis"}),
    (queue, {1883: "mqtt"}), (directory, {389: "ldap"}), (screen, {5900: "vnc"}),
    (web, {80: "http", 443: "tls https"}), (mailbox, {143: "imap", 110: "pop3"}),
    (mail, {25: "smtp"}), (files, {21: "ftp"}), (terminal, {23: "telnet"}),
    (telephone, {5060: "sip"}), (names, {53: "dns"}), (postgresql, {5432: "postgresql"}),
    (mariadb, {3306: "mysql"}), (shares, {445: "smb"}), (desktop, {3389: "rdp"}),
)


def is_meant(scheme, speaks):
    return scheme.split("+")[0] in speaks.split()


def start_all(stack, pool, client, server, proof):
    """Each of them at an address of its own; {address: ports}."""
    def start(number, module):
        with client.inside():
            inner = stack.enter_context(e2e.Lab())
            module.start(Scene(inner, module.__name__, f"10.88.1.{number}", server, proof))
    begun = {}
    for number, (module, ports) in enumerate(SERVERS, 1):
        server.ip("addr", "add", f"10.88.1.{number}/16", "dev", "net0")
        begun[pool.submit(start, number, module)] = (f"10.88.1.{number}", ports)
    for one in begun:
        one.result(60)
    return dict(begun.values())


def of_each_other(tap, lab):
    if not e2e.has_tree("sshd", "xrdp"):
        tap.skip("each other's servers are asked", "build/tree is missing: run scripts/test-tree")
        return
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.join(client, "net0", server, "net0")
    for network in client, server:
        network.ip("link", "set", "net0", "up")
    client.ip("addr", "add", f"{CLIENT}/16", "dev", "net0")
    # Its threads stay: what a thread started would end with it.
    pool = lab.enter_context(concurrent.futures.ThreadPoolExecutor(len(SERVERS)))
    places = start_all(lab, pool, client, server, certificate(lab))
    targets = {target_of(scheme, f"{address}:{port}"): (scheme, speaks)
               for address, ports in places.items() for port, speaks in ports.items()
               for scheme in PLAIN + SECURE if not is_meant(scheme, speaks)}
    told, monitor = ask_all(lab, client, targets)
    for speaks in sorted({speaks for _, speaks in targets.values()}):
        wrong = [f"{scheme}: {told[target]}" for target, (scheme, other) in targets.items()
                 if other == speaks and told[target]["state"] != "down"]
        tap.ok(not wrong, f"no other protocol's probe takes a server of {speaks} for well", *wrong)
    tap.ok(not late_of(told), "none is waited for beyond its time", *late_of(told)[:5])
    is_unharmed(tap, monitor)
    if os.environ.get("VERBOSE"):
        for target, (scheme, speaks) in targets.items():
            one = told[target]
            print(f"# {speaks} {scheme} {one['state']} {one.get('reason')} {one.get('detail')}")


if __name__ == "__main__":
    sys.exit(e2e.main(of_strangers, of_each_other))
