#!/usr/bin/env python3
"""blocking.py: attacks are answered: who guesses passwords at a real server is cut off, a
bystander is not, and what is blocked outlives the wall and the daemon; a real scan would be.

Runs beside others.
"""
import json
import os
import re
import signal
import socket
import sys
import time
import urllib.parse

import lab as e2e
from lab import until

OURS, BAD, GOOD, OTHER = "10.83.0.1", "10.83.0.2", "10.83.0.3", "198.51.100.7"
PORT, USED = 80, 8022  # among those that are scanned, and beyond
PAGE = 7070
GUESSES = 200  # more than it takes
LATENCY_MAX_US = 50000
REFUSED_S = 0.4  # who gets in is in long before


def plugged(lab):
    server, strangers = lab.namespace("server"), lab.namespace("strangers")
    lab.plug(server, "inside", [OURS], strangers, "outside", [BAD, GOOD])
    return server, strangers


def certificate(lab):
    """The page's: others reach it only with TLS, and with a proxy that says who they are."""
    key, shown = lab.dir / "page.key", lab.dir / "page.crt"
    if not shown.exists():
        lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", "/CN=page", "-keyout", str(key), "-out", str(shown))
        key.chmod(0o600)
    return (f"web: {{certificate: {shown}, key: {key}, proxy: [{GOOD}/32], "
            "proxy_user_header: X-User}\n")


def configure(lab, mode, never=""):
    config = lab.dir / "blocking.yaml"
    config.write_text(
        f"home: [{OURS}/32]\ninterfaces: [inside]\n"
        "logs: {journal: no, programs: no}\nprobe: {own: no}\n" + certificate(lab) +
        f"block: {{mode: '{mode}', time: 60s, confirm: 10s, self_test: 0s, never: [{never}]}}\n")
    return str(config)


def start(lab, server, mode, *options):
    return lab.monitor(server, "-c", configure(lab, mode), "--listen",
                       f"{OURS}:{PAGE}", *options, json_output=False)


def blocks(monitor, **filters):
    return monitor.get("blocks?" + urllib.parse.urlencode(filters))


def active(monitor, address=BAD):
    """The newest of that address that the kernel holds."""
    return next((one for one in blocks(monitor)
                 if one["address"] == address and one["state"] == "active"), None)


def ends(monitor):
    """Which blocks the kernel holds, and until when; None: not yet all that there are."""
    there = blocks(monitor)
    if any(one["state"] == "asked" for one in there):
        return None
    return {one["id"]: one["until"] for one in there if one["state"] == "active"}


def post(monitor, **form):
    connection = e2e.UnixConnection(monitor.socket)
    try:
        connection.request("POST", "/api/v1/blocks", urllib.parse.urlencode(form))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def firewall(monitor):
    return monitor.get("status")["firewall"]


def wall_pid(monitor):
    told = re.match(r"pid (\d+)", firewall(monitor)["detail"])
    return int(told[1]) if told else None


def comes_in(strangers, source):
    made = strangers.socket()
    made.settimeout(REFUSED_S)
    made.bind((source, 0))
    try:
        made.connect((OURS, PORT))
    except OSError:
        return False
    finally:
        made.close()
    return True


class Session:
    """A connection from an address, and whether something passes in it."""

    def __init__(self, strangers, listener, source):
        self.here = strangers.socket()
        self.here.bind((source, 0))
        self.here.connect((OURS, USED))
        self.there = listener.accept()[0]
        self.there.settimeout(2)

    def goes_on(self):
        try:
            self.here.sendall(b"still here\n")
            return self.there.recv(100) == b"still here\n"
        except OSError:
            return False

    def has_ended(self):
        self.here.settimeout(2)
        try:
            return self.here.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def start_nginx(lab, server):
    folder = lab.dir / "nginx"
    folder.mkdir()
    (folder / "users").write_text("admin:{PLAIN}right\n")
    (folder / "nginx.conf").write_text(f"""
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {OURS}:{PORT};
        auth_basic "harbour";
        auth_basic_user_file {folder}/users;
    }}
}}
""")
    nginx = server.start_tree("nginx", "-c", f"{folder}/nginx.conf", "-g", "user root;")
    until(lambda: server.listens(PORT), f"nginx: {nginx.err()}")


def guess(strangers):
    """curl, each time with another password, until it gets no answer any more."""
    return strangers.start(
        "sh", "-c", f"for i in $(seq {GUESSES}); do curl -s -o /dev/null -m 2 --interface "
        f"{BAD} -u admin:wrong$i http://{OURS}/ || exit; done")


def cut_off(tap, lab):
    server, strangers = plugged(lab)
    start_nginx(lab, server)
    listener = server.listen(OURS, USED)
    monitor = start(lab, server, "on")
    told = until(lambda: firewall(monitor) if firewall(monitor)["never"] else None,
                 "what is never blocked")
    tap.ok(told["holds"] and told["mode"] == "on" and told["in_force"] == 0,
           "the firewall is there, and nothing is blocked", told)
    bystander, attacker = (Session(strangers, listener, one) for one in (GOOD, BAD))
    guess(strangers)
    block = until(lambda: active(monitor), f"a block: {monitor.program.err()}")
    print(f"# cut off {block['latency_us'] / 1000:.1f} ms after the packet that decided")
    tap.ok(block["latency_us"] <= LATENCY_MAX_US, "who guesses is cut off within 50 ms",
           block)
    found = monitor.get(f"findings?id={block['finding']}")
    tap.ok(len(found) == 1 and found[0]["kind"] == "brute_force" and
           block["actor"] == "breakwater" and block["proof"] == "dialogue" and
           "0 of " in block["reason"],
           "the block says which finding decided it, and whom it cuts", block, found)
    tap.ok(block["port"] == PORT and not comes_in(strangers, BAD),
           "it does not come in there any more, and it is about no other port", block)
    code, told = post(monitor, address=BAD, why="all of it", **{"for": "60s"})
    until(lambda: not attacker.goes_on() and attacker.has_ended(), "the end of its session")
    tap.ok(code == 200, "a block of all ends what it had open", told)
    tap.ok(bystander.goes_on() and comes_in(strangers, GOOD), "a bystander does not notice")
    until(lambda: any(one.get("packets") for one in blocks(monitor)),
          "packets that were stopped")
    tap.ok(True, "what is stopped is counted")
    survives(tap, lab, monitor, server, strangers)
    tap.ok(bystander.goes_on(), "the bystander never noticed")


def survives(tap, lab, monitor, server, strangers):
    before, first = ends(monitor), wall_pid(monitor)
    os.kill(first, signal.SIGKILL)
    until(lambda: wall_pid(monitor) not in (None, first) and ends(monitor),
          "another wall that holds it")
    after = ends(monitor)
    tap.ok(not comes_in(strangers, BAD) and after == before and len(after) == 2,
           "a wall that is killed is back, with the same blocks and ends", before, after)
    status = monitor.command("status", status=None).stdout
    tap.ok(re.search(r"Firewall +on; 2 blocks in force, 2 in the kernel", status),
           "status says what the kernel holds", status)
    told = monitor.ask("/metrics")
    tap.ok("\nbreakwater_firewall_holds 1\n" in told and
           "\nbreakwater_firewall_elements 2\n" in told, "so do metrics", told[-2000:])
    monitor.program.end(signal.SIGKILL)
    until(lambda: comes_in(strangers, BAD), "no daemon: nobody is blocked")
    again = start(lab, server, "on", "--state", str(monitor.state))
    after = until(lambda: ends(again), "the blocks of before")
    tap.ok(not comes_in(strangers, BAD) and after == before,
           "a daemon that is killed goes on with the same blocks and ends", after)
    code, told = post(again, unblock=BAD)
    begun = time.monotonic()
    until(lambda: comes_in(strangers, BAD), "who is unblocked")
    took = time.monotonic() - begun
    tap.ok(code == 200 and took < 2 * REFUSED_S, "who is unblocked comes in at once", took,
           told)
    kept = until(lambda: [one["id"] for one in blocks(again, since="1h")
                          if one["state"] == "removed"], "blocks in the store")
    tap.equal(sorted(kept), sorted(before), "what is over is in the store, once")
    until(lambda: {"block", "unblock"} <= {one["action"] for one in again.get("audit")},
          "decisions in the audit chain")
    tap.ok(True, "decisions are in the audit chain")


def by_hand(tap, lab):
    server, strangers = plugged(lab)
    server.listen(OURS, PORT)
    monitor = start(lab, server, "observe")
    until(lambda: firewall(monitor)["never"], "what is never blocked")
    strangers.start_tree("nmap", "-n", "-Pn", "-sT", "-T4", "-p1-1000", OURS)
    seen = until(lambda: [one for one in blocks(monitor) if one["state"] == "observed"],
                 "what would be blocked")
    tap.ok(seen[0]["address"] == BAD and comes_in(strangers, BAD) and
           firewall(monitor)["in_kernel"] == 0,
           "who observes writes down and does nothing", seen)
    code, told = post(monitor, address=GOOD, action="drop", why="as I say", **{"for": "1h"})
    made = until(lambda: active(monitor, GOOD), f"a block by hand: {told}")
    tap.ok(code == 200 and told["message"] == made["id"] and made["actor"] == "root" and
           not comes_in(strangers, GOOD), "a person blocks while observing", code, told)
    code, told = post(monitor, unblock=made["id"])
    until(lambda: comes_in(strangers, GOOD), "who is unblocked")
    tap.ok(code == 200 and told["message"], "and unblocks by id", told)
    for command, passes in (("block", False), ("unblock", True)) * 3:
        done = monitor.command(command, GOOD, status=None)
        if done.returncode != 0 or comes_in(strangers, GOOD) is not passes:
            tap.ok(False, f"{command} answers when the kernel has acted", done.stdout,
                   done.stderr)
            break
    else:
        tap.ok(True, "block and unblock answer when the kernel has acted, and not before")
    code, told = post(monitor, address=GOOD, network=1)
    ident = told["message"]
    made = until(lambda: [one for one in blocks(monitor, state="unconfirmed")], "it waits")
    tap.equal((code, made[0]["id"]), (200, ident), "over the network it waits to be confirmed")
    code, told = post(monitor, confirm=ident)
    tap.ok(code == 200 and active(monitor, GOOD), "and lasts once it is", told)
    for form, status in (({"address": OURS}, 403), ({"address": "nobody"}, 400),
                         ({"address": OTHER, "port": "x"}, 400),
                         ({"address": OTHER, "for": "9y"}, 400),
                         ({"unblock": OTHER}, 400), ({"confirm": "00"}, 400)):
        code, told = post(monitor, **form)
        tap.ok(code == status and told.get("error"), f"{form}: {status}", code, told)


def is_spared(monitor, address):
    return until(lambda: post(monitor, address=address, **{"try": 1})[0] == 403,
                 f"{address} is spared")


def spared(tap, lab):
    server, strangers = plugged(lab)
    monitor = start(lab, server, "on")
    until(lambda: firewall(monitor)["never"], "what is never blocked")
    made = [post(monitor, address=one, why="before")[1]["message"] for one in (GOOD, OTHER)]
    until(lambda: len(ends(monitor) or ()) == 2, "two blocks")
    code, _ = post(monitor, unblock=GOOD)
    until(lambda: strangers.run("curl", "-skf", "-m", "1", "--interface", GOOD, "-o", "/dev/null",
                                "-H", "X-User: reader",
                                f"https://{OURS}:{PAGE}/api/v1/status", status=None)
          .returncode == 0, "who reads the page")
    tap.ok(code == 200 and is_spared(monitor, GOOD), "who reads the page is not blocked")
    configure(lab, "on", f"{OTHER}/32")
    monitor.program.process.send_signal(signal.SIGHUP)
    over = until(lambda: [one for one in blocks(monitor, state="vetoed")], "a veto")
    tap.ok(over[0]["id"] == made[1] and over[0]["vetoed_by"] == "never" and
           is_spared(monitor, OTHER),
           "what is added to block.never is not blocked any more, at once", over)
    os.kill(wall_pid(monitor), signal.SIGKILL)
    until(lambda: firewall(monitor)["holds"] and wall_pid(monitor) and
          "started again" in firewall(monitor)["detail"], "another wall")
    tap.ok(is_spared(monitor, OTHER) and is_spared(monitor, GOOD),
           "another wall knows whom to spare")
    code, told = post(monitor, address=BAD)
    until(lambda: active(monitor), f"a block: {told}")
    configure(lab, "observe")
    monitor.program.process.send_signal(signal.SIGHUP)
    until(lambda: firewall(monitor)["mode"] == "observe", "the other mode")
    tap.ok(active(monitor) and "block.never (what was taken out)" not in monitor.program.err(),
           "to observe again ends no block of a person's", monitor.program.err())


if __name__ == "__main__":
    if not e2e.has_tree("nmap"):
        print("1..0 # SKIP the tree of real programs has no nmap")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(cut_off, by_hand, spared))
