#!/usr/bin/env python3
"""policy.py: the register of authorised ports, from what is seen to what is found.

Propose, test, apply; then a listener and a client that the register does not know, an
approval that has expired, a program that takes another's place, and a port that is answered
though nobody listens on it.  What follows from the register is given to the real nft.

Runs beside others.
"""
import os
import pathlib
import shutil
import sys

import lab as e2e
from lab import until

CLIENT, STRANGER, SERVER = "10.81.0.1", "10.99.0.3", "10.81.0.2"

LISTEN_CODE = """
import socket, sys, threading
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind((sys.argv[1], int(sys.argv[2])))
sock.listen(16)
while True:
    client = sock.accept()[0]
    client.sendall(b"hello")
    client.close()
"""


def cable(lab):
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.plug(client, "net0", [CLIENT, STRANGER], server, "net0", [SERVER])
    server.ip("route", "add", f"{STRANGER}/32", "dev", "net0")
    return client, server


def serve(server, port, address="0.0.0.0", program=sys.executable):
    made = server.start(program, "-c", LISTEN_CODE, address, str(port))
    until(lambda: server.listens(port), f"a server on {port}: {made.err()}")
    return made


def talk(client, port, source=CLIENT):
    made = client.socket()
    made.bind((source, 0))
    made.connect((SERVER, port))
    made.recv(100)
    made.close()


def findings(monitor, kind, port, **wanted):
    return [one for one in monitor.get(f"findings?port={port}")
            if one["kind"] == kind and
            all(one.get(name) == value for name, value in wanted.items())]


def found(monitor, kind, port, **wanted):
    return until(lambda: findings(monitor, kind, port, **wanted),
                 f"{kind} on {port}: {monitor.get('findings')}", 10)[0]


def life_of_a_register(tap, lab):
    client, server = cable(lab)
    serve(server, 8100)
    monitor = lab.monitor(server, json_output=False)
    until(lambda: monitor.get("listeners?port=8100"), "the listener")
    talk(client, 8100)
    until(lambda: monitor.get("flows?port=8100&since=1h"), "the connection", 15)

    proposed = until(lambda: propose(lab, monitor), "a proposal with the client", 15, 0.5)
    tap.ok(True, "a register is proposed from listeners and clients")
    file = lab.dir / "policy.yaml"
    file.write_text(proposed)
    state = ("--state", str(monitor.state))
    done = monitor.command("policy", "test", str(file), "--since", "1h", *state)
    tap.ok("0 findings" in done.stdout + done.stderr, "it would have raised nothing",
           done.stdout, done.stderr)
    monitor.command("policy", "apply", str(file))
    tap.equal(monitor.get("status")["policy"]["entries"] > 0, True, "it is in force")
    tap.equal(monitor.ask("/api/v1/policy"), proposed, "as it was written")

    serve(server, 8101)
    one = found(monitor, "unauthorized_port", 8101, technique="listener")
    tap.ok("8101" in one["summary"] and one["process"].startswith("python"),
           "a listener that is not in it is a finding", one)
    listener = monitor.get("listeners?port=8101")[0]
    tap.equal((listener["authorized"], monitor.get("listeners?port=8100")[0]
               ["authorized"]), (False, True), "and told as such", listener)
    tap.equal(findings(monitor, "unauthorized_port", 8100), [],
              "what is in it is none")
    talk(client, 8100, STRANGER)
    one = found(monitor, "unauthorized_port", 8100, technique="connection")
    tap.equal((one["client_ip"], one["proof"]), (STRANGER, "handshake"),
              "a client that is not in it is a finding, with its proof", one)
    done = monitor.command("findings", status=None)
    tap.equal(done.returncode, 1, "findings ends with 1 while some are open")

    audit = [one["action"] for one in monitor.get("audit?since=1h")]
    tap.ok("policy_apply" in audit, "who applied it is kept", audit)
    rules(tap, lab, server, monitor)
    monitor.stop()
    again = e2e.Monitor.__new__(e2e.Monitor)
    again.network, again.socket, again.state = server, monitor.socket, monitor.state
    again.program = server.start(e2e.BREAKWATER, "run", "--socket", str(again.socket),
                                 "--state", str(again.state), "--listen", "127.0.0.1:0")
    until(again.answers, "a second start")
    found(again, "unauthorized_port", 8101, technique="listener")
    tap.ok(True, "it is in force after a restart")
    tap.equal([one["kind"] for one in again.get("findings")
               if one["kind"] == "new_listener" and "netns" not in one], [],
              "and what listened before is no news")


def propose(lab, monitor):
    """A proposal, once the connection is in the store."""
    text = monitor.command("policy", "propose", "--since", "1h", "--state",
                           str(monitor.state)).stdout
    return text if f"{CLIENT}" in text or "10.81.0" in text else None


def rules(tap, lab, server, monitor):
    file = lab.dir / "rules.nft"
    file.write_text(monitor.command("policy", "nftables").stdout)
    done = server.run("nft", "-c", "-f", str(file), status=None)
    tap.ok(done.returncode == 0 and "8100" in file.read_text(),
           "nft takes the rules that follow from it", done.stderr)


def wrong_registers(tap, lab):
    _, server = cable(lab)
    monitor = lab.monitor(server, json_output=False)
    file = lab.dir / "bad.yaml"
    file.write_text("ports:\n  - port: 22\n    transport: tpc\n")
    done = monitor.command("policy", "apply", str(file), status=None)
    tap.ok(done.returncode == 2 and f"{file}:3:16" in done.stderr,
           "a mistake is told with file, line and column", done.stderr)
    tap.equal(monitor.get("status")["policy"].get("entries", 0), 0, "and changes nothing")
    done = server.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                      shutil.copy(e2e.BREAKWATER, lab.dir / "theirs"), "policy", "apply",
                      str(file), "--socket", str(monitor.socket), status=None)
    tap.ok(done.returncode in (2, 4), "an ordinary user can't apply one", done.stderr)


def expired(tap, lab):
    _, server = cable(lab)
    monitor = lab.monitor(server, json_output=False)
    file = lab.dir / "policy.yaml"
    file.write_text("ports:\n  - port: 8200\n    transport: tcp\n    owner: ops\n"
                    "    reason: a test\n    approver: ops\n    expires: 2020-01-01\n")
    monitor.command("policy", "apply", str(file))
    serve(server, 8200)
    one = found(monitor, "unauthorized_port", 8200)
    tap.ok("expired" in one["summary"], "an expired approval is a finding", one)


def another_program(tap, lab):
    _, server = cable(lab)
    monitor = lab.monitor(server, json_output=False)
    first = serve(server, 8300)
    until(lambda: monitor.get("listeners?port=8300"), "the first")
    first.process.kill()
    first.wait()
    first = serve(server, 8300)
    until(lambda: [one for one in monitor.get("listeners?port=8300")
                   if one["pid"] == first.pid], "the same again")
    tap.equal(findings(monitor, "service_change", 8300), [],
              "the same program started again is no change")
    first.process.kill()
    first.wait()
    # The interpreter finds its library by where it really is.
    other = lab.dir / "python-of-another-name"
    shutil.copy(os.path.realpath(sys.executable), other)
    made = server.start("env", f"PYTHONHOME={sys.base_prefix}", str(other), "-c",
                        LISTEN_CODE, "0.0.0.0", "8300")
    until(lambda: server.listens(8300), f"the other: {made.err()}")
    one = found(monitor, "service_change", 8300)
    tap.ok(str(other) in one["summary"], "another program in its place is one", one)


# ---- a port that is answered though nobody listens -----------------------------------

GHOST_CODE = pathlib.Path(__file__).with_name("ghost_server.py")


def ghost(tap, lab):
    client, server = cable(lab)
    monitor = lab.monitor(server, json_output=False)
    until(lambda: monitor.get("status")["sockets"]["by_bpf_events"] is not None, "sockets")
    # The kernel knows of no socket and would refuse.
    (lab.dir / "no-rst.nft").write_text(
        "table ip ghost {\n chain out {\n  type filter hook output priority 0;\n"
        "  tcp sport 8400 tcp flags rst drop\n }\n}\n")
    server.run("nft", "-f", str(lab.dir / "no-rst.nft"))
    program = server.start(sys.executable, str(GHOST_CODE), "net0", "8400")
    until(lambda: "ready" in program.out(), f"the ghost: {program.err()}")
    tap.equal(server.listens(8400), False, "ss knows of nobody who listens")

    def haunted():
        talk(client, 8400)
        return findings(monitor, "hidden_listener", 8400)

    one = until(haunted, "a finding", 30, 0.5)[0]
    tap.equal((one["technique"], one["server_ip"]), ("traffic", SERVER),
              "a port that is answered though nobody listens is a finding", one)


if __name__ == "__main__":
    sys.exit(e2e.main(life_of_a_register, wrong_registers, expired, another_program,
                      ghost))
