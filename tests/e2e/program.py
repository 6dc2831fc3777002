#!/usr/bin/env python3
"""program.py: a person's program is run with the finding on its standard input, within
bounds, whatever strangers have said.  Runs beside others.
"""
import ctypes
import json
import os
import pathlib
import platform
import stat
import subprocess
import time

import lab as e2e
from daemon import cable
from lab import until
from talker import Talker

BUILD = os.environ.get("BUILD", str(e2e.ROOT / "build"))
HOSTILE = "$(touch /tmp/x);\"'`id`\\ -rf \x1b[2J"
ROOT = os.geteuid() == 0
NOBODY = 65534
SYS_RT_SIGACTION = {"x86_64": 13, "aarch64": 134}
SIGCANCEL, SIG_IGN = 32, 1  # glibc keeps the first for its threads


def begin():
    """As one whose parent left it a signal ignored that glibc's sigaction refuses."""
    e2e.die_with_parent()
    call = SYS_RT_SIGACTION.get(platform.machine())
    if call:
        action = (ctypes.c_ulong * 4)(SIG_IGN)
        ctypes.CDLL(None).syscall(call, SIGCANCEL, action, None, 8)


class Runner(Talker):
    """The driver, with one program, and what it has said."""

    def __init__(self, lab, script, user="nobody"):
        self.dir = lab.dir / f"run-{time.monotonic_ns()}"
        self.dir.mkdir(mode=0o755)
        super().__init__(lab, self.dir / "said", self.dir / "errors")
        self.out = self.dir / "out"
        self.out.mkdir()
        self.out.chmod(0o1777)
        self.program = self.dir / "program"
        self.program.write_text(f"#!/bin/sh\nOUT={self.out}\n{script}")
        self.program.chmod(0o755)
        self.start([f"{BUILD}/tests/program_driver", str(self.program), user],
                   preexec_fn=begin)

    def audits(self):
        return [line for line in self.objects() if line.get("record") == "audit"]

    def told(self, count=1, seconds=20):
        return until(lambda: len(self.audits()) >= count and self.audits(),
                     f"{count} outcomes", seconds=seconds)

    def status(self):
        return self.answer("status", "program")


def finding_comes_as_json(tap, lab):
    runner = Runner(lab, 'cat >$OUT/input; env >$OUT/env; ls /proc/self/fd >$OUT/fds\n'
                    'cat /proc/$$/status >$OUT/status; ps -o sid= $$ >$OUT/sid 2>&1\n'
                    'echo $$ >$OUT/pid; pwd >$OUT/pwd; id -u >$OUT/uid\n')
    runner.say(f"block 1 {HOSTILE}")
    audit = runner.told()[0]
    tap.ok(audit["action"] == "program" and audit["before"] == "f00d" and
           audit["subject"] == str(runner.program)[:63] and
           audit["after"].startswith("exit status 0 after "),
           "that it ran is in the audit chain", audit)
    finding = json.loads((runner.out / "input").read_text())
    tap.equal((finding["record"], finding["id"], finding["user"]),
              ("finding", "f00d", HOSTILE), "it reads the finding as JSON")
    told = dict(line.split("=", 1)
                for line in (runner.out / "env").read_text().splitlines())
    ours = {name: value for name, value in told.items() if name.startswith("BREAKWATER_")}
    tap.equal(ours, {
        "BREAKWATER_FINDING_ID": "f00d", "BREAKWATER_KIND": "brute_force",
        "BREAKWATER_SEVERITY": "high", "BREAKWATER_CLIENT_IP": "2001:db8::7",
        "BREAKWATER_BLOCK_ID": "00000000000000b1", "BREAKWATER_BLOCK": "2001:db8::7/64",
        "BREAKWATER_PORT": "22", "BREAKWATER_TRANSPORT": "tcp",
        "BREAKWATER_ACTION": "drop", "BREAKWATER_STATE": "observed",
        "BREAKWATER_UNTIL": "2026-01-01T00:00:00.000000Z"},
              "and plain words in its environment")
    tap.equal(sorted(set(told) - set(ours) - {"PWD", "_", "OLDPWD", "SHLVL"}),
              ["LANG", "PATH"], "where nothing else is")
    confined(tap, runner)


def message_comes_as_json(tap, lab):
    runner = Runner(lab, 'cat >$OUT/input; env >$OUT/env\n')
    runner.say(f"notice {HOSTILE}")
    audit = runner.told()[0]
    tap.equal((audit["before"], audit["after"][:14]), ("1dea", "exit status 0 "),
              "a message runs it too, and the chain names the incident", audit)
    message = json.loads((runner.out / "input").read_text())
    tap.equal((message["reason"], message["incidents"][0]["summary"]), ("new", HOSTILE),
              "it reads the message as JSON", message)
    told = {line for line in (runner.out / "env").read_text().splitlines()
            if line.startswith("BREAKWATER_")}
    tap.equal(told, {"BREAKWATER_REASON=new", "BREAKWATER_KEY=k1",
                     "BREAKWATER_INCIDENTS=1", "BREAKWATER_INCIDENT_ID=1dea",
                     "BREAKWATER_STATE=firing", "BREAKWATER_SEVERITY=high",
                     "BREAKWATER_RULE=response", "BREAKWATER_SERVER_IP=192.0.2.1",
                     "BREAKWATER_PORT=22"}, "what is no plain word is left out")
    status = runner.status()
    tap.equal((status["ended"], status["notices"]["ended"]), (0, 1),
              "status counts it apart", status)


def confined(tap, runner):
    def read(name):
        return (runner.out / name).read_text()
    status = dict(line.split(":", 1) for line in read("status").splitlines())
    tap.equal((status["NoNewPrivs"].strip(), status["Seccomp"].strip(),
               int(status["CapPrm"], 16) if ROOT else 0,
               int(status["SigIgn"], 16)),
              ("1", "2", 0, 0), "it gains no privileges, and signals do what they do")
    tap.equal((read("pwd").strip(), int(read("uid")), read("sid").split()[-1]),
              ("/", NOBODY if ROOT else os.getuid(), read("pid").strip()),
              "it is that user's, in a session of its own")
    tap.equal(read("fds").split(), ["0", "1", "2", "3"], "no descriptor but its three, and ls's own")


def failing_is_told(tap, lab):
    runner = Runner(lab, "printf 'no route\\033[2J to host %0300d' 7 >&2; exit 3\n")
    runner.say("block 1 x")
    audit = runner.told()[0]
    tap.ok(audit["after"].startswith("exit status 3 after ") and
           ": no route" in audit["after"] and len(audit["after"]) < 256,
           "one that fails is told, with the begin of what it said", audit)
    status = runner.status()
    tap.equal((status["ended"], status["failed"], status["holds"], status["user"]),
              (1, 1, True, "nobody" if ROOT else status["user"]), "status counts it")
    runner.program.chmod(stat.S_IRWXU | stat.S_IWOTH | stat.S_IXOTH | stat.S_IROTH)
    runner.say("block 1 x")
    audit = runner.told(2)[1]
    tap.ok(audit["after"].startswith(f"not run: {runner.program}"[:60]) and
           "others may change it" in audit["after"],
           "a program that others may change is not run", audit)
    tap.ok("others may change it" in runner.errors.read_text(), "and standard error says so")
    runner.program.chmod(0o755)
    runner.say("kill")
    until(lambda: "ended by signal 9" in runner.errors.read_text(), "its end is told")
    until(lambda: "started again 1 time" in runner.status()["detail"], "another one")
    runner.say("block 1 x")
    runner.told(3)
    tap.ok(True, "who is killed is started again")


def begin_slow(lab):
    runner = Runner(lab, "trap '' TERM\nsleep 100 &\necho $! >>$OUT/children\nwait\nwait\n")
    runner.started = time.monotonic()
    runner.say("block 5 x")
    return runner


def children(runner):
    return (runner.out / "children").read_text().split()


def slow_is_ended(tap, runner):
    until(lambda: len(children(runner)) == 4, "four of them run")
    status = runner.status()
    tap.equal((status["running"], status["waiting"]), (4, 1),
              "four run at a time, and one waits")
    first = children(runner)
    audit = runner.told()[0]
    tap.ok(audit["after"] == "ended after 10 s" and
           11 < time.monotonic() - runner.started < 16,
           "one that does not end is ended, however it likes that", audit)
    until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in first),
          "what they had started ends with them")
    runner.say("block 100 x")
    status = until(lambda: (told := runner.status())["left_out"] > 0 and told,
                   "some are left out")
    tap.ok(status["waiting"] <= 64, "so many wait, and the rest is counted", status)
    until(lambda: any("left out" in audit["after"] for audit in runner.audits()),
          "the chain tells of that")
    runner.process.stdin.close()
    runner.process.wait(timeout=10)
    until(lambda: not running(runner), "none of them goes on")
    tap.ok(True, "with the daemon all of them end")


def running(runner):
    done = subprocess.run(["pgrep", "-f", str(runner.program)], capture_output=True,
                          text=True, check=False)
    return done.stdout.split()


def a_decision_runs_it(tap, lab):
    """In the daemon, which only observes: something is done without blocking."""
    client, server = cable(lab)
    script, out = lab.dir / "tell", lab.dir / "told"
    out.touch()
    out.chmod(0o666)
    script.write_text(f'#!/bin/sh\nread -r line\necho "$BREAKWATER_STATE $line" >>{out}\n')
    script.chmod(0o755)
    config = lab.dir / "program.yaml"
    config.write_text(
        "home: [10.78.0.2/32]\ninterfaces: [net0]\nlogs: {journal: no, programs: no}\n"
        "traps: {ports: [23], answer: yes}\n"
        "block: {mode: observe, severity: low, findings: [trap_hit], "
        f"program: {script}, program_user: nobody}}\n")
    monitor = lab.monitor(server, "-c", str(config), "--listen", "off",
                          json_output=False)
    client.connect("10.78.0.2", 23)
    state, line = until(out.read_text, "the program runs").split(" ", 1)
    finding = json.loads(line)
    tap.equal((state, finding["kind"], finding["client_ip"]),
              ("observed", "trap_hit", "10.78.0.1"), "a decision runs it, also to observe")
    told = until(lambda: (now := monitor.get("status")["program"])["ended"] and now,
                 "that it ran")
    tap.equal((told["holds"], told["user"], told["ended"], told["failed"]),
              (True, "nobody", 1, 0), "status tells of it")
    screen = monitor.command("status", "--plain").stdout
    tap.ok(f"{script} as nobody: 1 run, 0 failed, 0 refused; last: exit status 0" in screen,
           "and so does the screen", screen)
    chain = until(lambda: [one for one in monitor.get("audit")
                           if one["action"] == "program"], "it is in the audit chain")
    tap.ok(chain[0]["before"] == finding["id"], "the chain names the finding", chain)


def it_is_tried(tap, lab):
    """notify test runs it as the daemon would."""
    script, config = lab.dir / "try", lab.dir / "try.yaml"
    config.write_text(f"notify: {{program: {script}, to: ['program:']}}\n"
                      "block: {program_user: nobody}\n")
    results = []
    for end in ("grep -q '\"reason\":\"test\"' && test $(id -un) = nobody",
                "echo no route >&2; exit 3"):
        script.write_text(f"#!/bin/sh\n{end}\n")
        script.chmod(0o755)
        done = subprocess.run([e2e.BREAKWATER, "notify", "test", "program:", "-c", config],
                              capture_output=True, text=True, check=False)
        results.append((done.returncode, done.stdout))
    tap.equal(results[0][0], 0, "a program is tried with a message, as its user")
    tap.ok(results[1][0] == 1 and "exit status 3" in results[1][1] and
           "no route" in results[1][1], "what it says when it fails is told", results[1])


def program(tap, lab):
    slow = begin_slow(lab)
    finding_comes_as_json(tap, lab)
    message_comes_as_json(tap, lab)
    failing_is_told(tap, lab)
    a_decision_runs_it(tap, lab)
    it_is_tried(tap, lab)
    slow_is_ended(tap, slow)


if __name__ == "__main__":
    e2e.main(program)
