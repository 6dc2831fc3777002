#!/usr/bin/env python3
"""screens.py: every view of `breakwater top` while a server is attacked.

A scanner is found and cut off, a program has a hostile name; somebody looks at all of it
in a terminal, finds out more, changes something, and goes on when the daemon is another
one.  terminal.py tries the keys of a list, cli.sh every size.

Runs beside others.
"""
import os
import re
import shutil
import sys

import lab as e2e
from lab import BREAKWATER, until
from siege import ATTACKER, BYSTANDER, OPEN, VICTIM, Guest, Siege
from terminal import LIST_LINE, Terminal

# Key, tab, what its headings and one of its rows look like.
VIEWS = (
    ("1", "Ports", r"^HOST +PORT", rf"^{re.escape(VICTIM)} +{OPEN[0]}/tcp"),
    ("2", "Flows", r"^(START +)?CLIENT +SERVER", rf"{re.escape(BYSTANDER)}:\d+"),
    ("3", "Sources", r"^SOURCE +FLOWS", rf"^{re.escape(ATTACKER)} "),
    ("4", "Attacks", r"ID +KIND", r"port_scan"),
    ("5", "Blocks", r"SOURCE +ACTION", rf"{re.escape(ATTACKER)} +drop"),
    ("6", "Incidents", r"ID +SEVERITY", r"!high|medium|low"),
    ("7", "Alerts", r"ID +SEVERITY|^SEVERITY|^ID", r"No alerts|!high|medium"),
    ("8", "Probes", r"^(WHEN +)?TARGET", r"No answers yet"),
    ("9", "Monitor", r"^AT +PACKETS/s", r"^\d\d:\d\d:\d\d +[\d-]"),
)
# Clears the screen, sets the window's title, reverses all: if a terminal is told.
HOSTILE = "\x1b[2J\x1b]2;ow\x07\x9b7m"
ASIDE = 9099


class Watched(Siege):
    """With a name for the daemon's socket that stays the same."""

    def begin(self, *options, through=()):
        monitor = super().begin(*options, through=through)
        link = self.lab.dir / "top.sock"
        link.unlink(missing_ok=True)
        link.symlink_to(monitor.socket)
        return monitor

    def top(self, terminal, *options, environment="LANG=C.UTF-8", size=(80, 24)):
        terminal.open(f"{environment} {BREAKWATER} top --socket {self.lab.dir}/top.sock "
                      f"{' '.join(options)}; echo \"ended $?\"; exec cat", *size)
        terminal.wait("1Ports 2Flows", "the screen of top")


def serve_hostile(siege):
    """A service whose process is called like an attack on terminals."""
    script = ("import socket, sys, time\n"
              "open('/proc/self/comm', 'wb').write(bytes.fromhex(sys.argv[2]))\n"
              "s = socket.create_server(('0.0.0.0', int(sys.argv[1])))\n"
              "while True: time.sleep(60)")
    siege.server.start(sys.executable, "-c", script, str(ASIDE),
                       HOSTILE.encode("latin-1").hex())
    siege.server.listens(ASIDE)


def scene(lab):
    siege = Watched(lab)
    serve_hostile(siege)
    siege.begin()
    guest = Guest(siege.guests)
    nmap = siege.scan("-sT")
    siege.wait_for_block(ATTACKER)
    nmap.end_now()
    siege.guests.connect(VICTIM, ASIDE).close()
    until(lambda: siege.monitor.get(f"ports?port={ASIDE}"), "traffic of the odd program")
    return siege, guest


def selected(terminal):
    """Lines in reverse video: the row that is, the tab, and the last line."""
    return [line for line in terminal.lines("-e")
            if re.search(r"\x1b\[(\d+;)*7(;\d+)*m", line)]


def go(terminal, key, pattern, what):
    terminal.type(key)
    terminal.wait(pattern, what)


def all_views(tap, lab):
    siege, guest = scene(lab)
    for columns, lines in ((80, 24), (200, 50)):
        terminal = Terminal(lab, siege.server) if columns == 80 else terminal
        siege.top(terminal, size=(columns, lines))
        for key, tab, heads, row in VIEWS:
            go(terminal, key, heads, f"the headings of {tab}")
            terminal.wait(row, f"a row of {tab}")
            terminal.wait("q quit", "the last line, which is drawn last")
            now = terminal.lines()
            tap.ok(len(now) <= lines and all(len(line) <= columns for line in now) and
                   now[0].startswith("Breakwater  ") and f"{key}{tab}" in now[2] and
                   "q quit" in now[-1],
                   f"{tab} at {columns}x{lines}: a headline, its tab, rows, keys", *now)
        terminal.type("q")
        terminal.wait("^ended 0$", "the end of top")
        terminal.close()
    hostile(tap, siege, terminal)
    guest.leave()


def hostile(tap, siege, terminal):
    siege.top(terminal, size=(200, 50))
    terminal.wait(rf"{ASIDE}/tcp.*\?\[2J\?\]2;ow\?", "its name")
    raw = "\n".join(terminal.lines("-e"))
    tap.ok("\x1b[2J" not in raw and terminal.told("#{pane_title}") != "ow",
           "what a program is called reaches the terminal as text alone", raw)
    terminal.type("q")
    terminal.close()


def more_of_it(tap, lab):
    """Filter, search, detail, and from there to other views."""
    siege, guest = scene(lab)
    terminal = Terminal(lab, siege.server)
    siege.top(terminal)
    terminal.type("2")
    go(terminal, "\\", "filter:", "the filter")
    terminal.write(f"port={OPEN[0]}")
    terminal.type("Enter")
    terminal.wait(rf"filter: port={OPEN[0]}", "the word")
    until(lambda: not any(f":{OPEN[1]} " in line for line in terminal.lines()),
          "other ports leave")
    tap.ok(terminal.shows(rf":{OPEN[0]} "), "a word of the filter goes to the daemon",
           *terminal.lines())
    terminal.type("Escape")
    go(terminal, "\\", "filter:", "the filter")
    terminal.write("colour=red")
    terminal.type("Enter")
    answer = until(lambda: [line for line in terminal.lines()[LIST_LINE + 2:-1]
                            if "colour" in line], "what is wrong with it")
    tap.ok(any("port" in line and "transport" in line
               for line in terminal.lines()[LIST_LINE + 2:-1]),
           "a word that nobody knows is answered with those that are", *answer)
    terminal.type("Escape")

    go(terminal, "1", "^HOST +PORT", "ports")
    terminal.type("/")
    terminal.wait("search:", "the search")
    terminal.write(f"{OPEN[2]}/tcp")
    until(lambda: any(f"{OPEN[2]}/tcp" in line for line in selected(terminal)),
          "the row that was looked for")
    tap.ok(True, "a search selects the row in which it stands")
    terminal.type("Enter")

    go(terminal, "4", "ID +KIND", "attacks")
    go(terminal, "Enter", f"(?i){re.escape(ATTACKER)}.*|Proof", "all of a finding")
    terminal.wait("(?i)^proof|^Sure|handshake|dialogue", "its proof")
    tap.ok(terminal.shows("1-9 the same in that view"), "a detail says where to go on",
           *terminal.lines())
    go(terminal, "5", rf"filter: .*client={re.escape(ATTACKER)}", "blocks of that source")
    tap.ok(terminal.shows(rf"^1 block.*client={re.escape(ATTACKER)}"),
           "another view shows the same source", *terminal.lines())
    go(terminal, "Enter", "^Against it", "all of a block")
    tap.ok(terminal.shows("^Who +") and terminal.shows("^Ends ") and
           terminal.shows("^Cost|cuts"), "of a block why, until when, who would be cut",
           *terminal.lines())
    terminal.type("Escape")
    go(terminal, "1", "^HOST +PORT", "ports")
    go(terminal, "Enter", r"^Port \d+: ", "what explain says")
    terminal.type("End")
    terminal.wait("Connections, the newest", "more of the port")
    tap.ok(True, "of a port all is told that explain says, and its connections")
    terminal.type("q", "q")
    terminal.wait("^ended 0$", "the end of top")
    guest.leave()


def changes(tap, lab):
    siege, guest = scene(lab)
    terminal = Terminal(lab, siege.server)
    siege.top(terminal, "--readonly")
    go(terminal, "5", rf"{re.escape(ATTACKER)} +drop", "the block")
    go(terminal, "u", "--readonly: nothing is changed", "a refusal")
    tap.ok(siege.blocks(ATTACKER), "--readonly changes nothing, and says so")
    terminal.type("q")
    terminal.close()

    siege.top(terminal)
    go(terminal, "5", rf"{re.escape(ATTACKER)} +drop", "the block")
    go(terminal, "u", rf"Unblock {re.escape(ATTACKER)}\?", "a question")
    go(terminal, "n", "Nothing was changed", "an answer")
    tap.ok(siege.blocks(ATTACKER), "without a yes nothing is changed")
    go(terminal, "u", "Unblock .*y yes", "the question again")
    terminal.type("y")
    until(lambda: not siege.blocks(ATTACKER), "its end")
    terminal.wait("not blocked any more|is over|unblocked|" + re.escape(ATTACKER), "what it said")
    tap.ok(True, "with a yes it is unblocked")
    terminal.type("Escape")

    go(terminal, "4", "port_scan", "the attack")
    terminal.type("/")
    terminal.wait("search:", "the search")
    terminal.write("port_scan")
    until(lambda: any("port_scan" in line for line in selected(terminal)),
          "the attack's row, whatever else was found")
    terminal.type("Enter", "Space")
    terminal.wait("1 tagged", "a tag")
    go(terminal, "b", rf"Block {re.escape(ATTACKER)} for 1 h\?", "a question")
    terminal.type("y")
    block = siege.wait_for_block(ATTACKER)
    tap.ok(block["actor"] != "breakwater" and "port_scan" in block["reason"],
           "a source can be blocked from its finding, which is the reason", block)
    terminal.wait("in force until", "what block says")
    terminal.type("Escape")
    go(terminal, "6", "SEVERITY", "incidents")
    incident = siege.monitor.get("incidents?state=firing")[0]["id"]
    go(terminal, "a", "Acknowledge ", "a question")
    terminal.type("y")
    until(lambda: any(one.get("owner") for one in
                      siege.monitor.get(f"incidents?id={incident}")), "an owner")
    tap.ok(True, "an incident is acknowledged")
    terminal.type("q", "q")
    guest.leave()


def plain_terminals(tap, lab):
    siege, guest = scene(lab)
    terminal = Terminal(lab, siege.server)
    for environment, size in (("LANG=C.UTF-8 NO_COLOR=1", (200, 50)),
                              ("LC_ALL=C LANG=C", (100, 30))):
        siege.top(terminal, environment=environment, size=size)
        go(terminal, "9", r"^\d\d:\d\d:\d\d +\d", "seconds")
        chart = r"[▁▂▃▄▅▆▇█]{2}$" if "UTF-8" in environment else r"  [_.:=+*#-]{2,}$"
        terminal.wait(chart, "a chart of the throughput")
        raw = "\n".join(terminal.lines("-e"))
        if "NO_COLOR" in environment:
            tap.ok(not re.search(r"\x1b\[[0-9;]*\b3[0-8]\b", raw),
                   "with NO_COLOR there is none", raw)
        else:
            tap.ok(raw.isascii(), "in the C locale all of it is ASCII", raw)
        terminal.type("q")
        terminal.close()

    siege.top(terminal, size=(120, 30))
    state = siege.monitor.state
    siege.monitor.stop()
    terminal.wait("Not fine: .*no daemon answers", "the end of the daemon")
    tap.ok(terminal.shows(r"^Below stands what was known at \d\d:\d\d:\d\d") and
           not terminal.shows("packets/s +[0-9.]+ .B/s"),
           "figures of before do not look like those of now", *terminal.lines())
    siege.begin("--state", str(state))
    go(terminal, "9", r"^AT +PACKETS/s", "the monitor")
    until(lambda: not terminal.shows("no daemon answers"), "the other daemon")
    terminal.wait(r"^\d\d:\d\d:\d\d +\d", "its seconds")
    tap.ok(True, "it says that the daemon has gone, and goes on with another one")
    terminal.type("q")
    terminal.wait("^ended 0$", "the end of top")
    guest.leave()


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("1..0 # SKIP tmux is not installed")
        sys.exit(e2e.EXIT_SKIPPED)
    if os.environ.get("SSH_CONNECTION"):
        os.environ.pop("SSH_CONNECTION")  # who types is here, for once
    sys.exit(e2e.main(all_views, more_of_it, changes, plain_terminals))
