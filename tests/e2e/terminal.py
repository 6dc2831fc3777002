#!/usr/bin/env python3
"""terminal.py: what a person sees: `breakwater run` and `breakwater top` in a terminal.

The terminal is tmux's; both programs run in a namespace with traffic that the test
makes.  cli.sh tries the same screens with made-up records, at every size.

Runs beside others.
"""
import pathlib
import re
import shutil
import signal
import sys

import lab as e2e
from lab import BREAKWATER, until

ADDRESS = "10.78.0.2"
LIST_LINE = 3  # of top: what the list is; its headings stand below


class Terminal:
    """One window, without status line."""

    def __init__(self, lab, network):
        self.lab, self.sock = lab, str(lab.dir / "tmux")
        config = lab.dir / "tmux.conf"
        config.write_text("set -g status off\nset -g remain-on-exit on\n")
        with network.inside():
            self.server = lab.start(["tmux", "-S", self.sock, "-f", str(config), "-D"])
        until(lambda: self.mux("show-options", "-g", status=None).returncode == 0, "tmux")

    def mux(self, *arguments, status=0):
        # -N: ours or none; one that tmux starts by itself would outlive the test.
        return self.lab.run("tmux", "-N", "-S", self.sock, *arguments, status=status)

    def open(self, script, columns=100, lines=30):
        self.mux("new-session", "-d", "-s", "screen", "-x", str(columns), "-y",
                 str(lines), "sh", "-c", script)

    def close(self):
        self.mux("kill-session", "-t", "screen")

    def lines(self, *options):
        text = self.mux("capture-pane", "-p", "-J", *options, "-t", "screen").stdout
        return [line.rstrip() for line in text.splitlines()]

    def shows(self, pattern):
        return any(re.search(pattern, line) for line in self.lines())

    def wait(self, pattern, what, seconds=10):
        try:
            until(lambda: self.shows(pattern), what, seconds, 0.05)
        except e2e.Failure as failure:
            raise e2e.Failure(f"{failure}\n" + "\n".join(self.lines())) from None

    def type(self, *keys):
        self.mux("send-keys", "-t", "screen", *keys)

    def write(self, text):
        self.mux("send-keys", "-t", "screen", "-l", text)

    def resize(self, columns, lines):
        self.mux("resize-window", "-t", "screen", "-x", str(columns), "-y", str(lines))

    def told(self, what):
        return self.mux("display-message", "-p", "-t", "screen", what).stdout.strip()

    def click(self, column, line):
        """As a terminal of type screen or xterm tells of button 1 (X10 encoding)."""
        self.type("-H", *(f"{byte:x}" for byte in
                          (0x1B, 0x5B, 0x4D, 32, 33 + column, 33 + line)))


def network(lab):
    client, server = lab.namespace("client"), lab.namespace("server")
    for one in (client, server):
        one.set("net.ipv6.conf.all.disable_ipv6", 1)
        one.set("net.ipv6.conf.default.disable_ipv6", 1)
    lab.join(client, "net0", server, "net0")
    for one, address in ((client, "10.78.0.1"), (server, ADDRESS)):
        one.ip("addr", "add", f"{address}/24", "dev", "net0")
        one.ip("link", "set", "net0", "up")
    return client, server


def visit(client, server, port, times):
    """That many connections with a question and an answer."""
    listener = server.listen(ADDRESS, port)
    for _ in range(times):
        mine = client.connect(ADDRESS, port)
        theirs, _ = listener.accept()
        with mine, theirs:
            mine.sendall(b"question")
            theirs.recv(100)
            theirs.sendall(b"answer")
            mine.recv(100)
    listener.close()


def settings(lab, name):
    """The terminal's, as stty has written them."""
    path = lab.dir / name
    until(lambda: path.exists() and path.read_text().endswith("\n"), f"stty: {name}")
    return path.read_text()


def watch(tap, lab):
    client, server = network(lab)
    terminal = Terminal(lab, server)
    # In a narrow window a progress line that wrapped would leave its first half behind.
    for name, columns, end in (
            ("Ctrl-C", 100, lambda: terminal.type("C-c")),
            ("SIGTERM", 60, lambda: lab.run("kill", str(daemon_of(terminal))))):
        tag = name.replace("-", "")
        sock = lab.dir / f"{tag}.sock"
        terminal.open(f"trap : INT; stty -a >{lab.dir}/{tag}.before; {BREAKWATER} run "
                      f"-i net0 --socket {sock} --listen 127.0.0.1:0 "
                      f"--state {lab.dir}/{tag}.state; "
                      f"echo \"ended $?\"; stty -a >{lab.dir}/{tag}.after; exec cat",
                      columns)
        terminal.wait("Ctrl-C here ends it", "what run says first")
        first = terminal.lines()
        tap.ok(any("Watching   net0" in line for line in first) and
               any(re.search(r"Dashboard  http://127\.0\.0\.1:\d+/", line)
                   for line in first) and
               all(any(f"breakwater --socket {sock} {command}" in line for line in first)
                   for command in ("top", "ports", "status")),
               "run says what it watches, where to look and what to type", *first)
        done = server.run(BREAKWATER, "--socket", str(sock), "status", status=None)
        tap.equal(done.returncode, 0, "what it says to type works", done)
        visit(client, server, 8080, 3)
        terminal.wait(r"^after \d+ s: [1-9]\d* packets, ",
                      "a line with what it saw so far")
        terminal.wait(r"^after [3-9] s: ", "a line that goes on")
        tap.equal(len([line for line in terminal.lines() if line.startswith("after ")]),
                  1, "progress is one line that changes", *terminal.lines())
        end()
        terminal.wait(r"^ended \d+$", "its end")
        last = terminal.lines()
        tap.ok("ended 0" in last and any("Stopped after" in line for line in last) and
               any("8080/tcp" in line for line in last) and
               not any(line.startswith("after ") for line in last),
               f"{name} ends it with a summary in place of the progress", *last)
        tap.equal(settings(lab, f"{tag}.after"), settings(lab, f"{tag}.before"),
                  "the terminal is as it was")
        terminal.close()


def closed_window(tap, lab):
    """SIGHUP means "read the configuration again", unless the terminal has gone."""
    _, server = network(lab)
    terminal = Terminal(lab, server)
    sock = lab.dir / "closed.sock"
    terminal.open(f"{BREAKWATER} run -i net0 --socket {sock} --listen 127.0.0.1:0 "
                  f"--state {lab.dir}/closed.state")
    terminal.wait("^after [1-9] s: ", "progress")
    pid = int(terminal.told("#{pane_pid}"))  # sh has become it, or waits for it
    lab.run("kill", "-HUP", str(daemon_of(terminal) if name_of(pid) == "sh" else pid))
    terminal.wait("^breakwater: home, detect.friends", "a reload")
    tap.ok(True, "SIGHUP in a terminal reads the configuration again, and says so on a line of its own")
    terminal.close()
    until(lambda: not sock.exists(), "the end of the daemon", 3)
    tap.ok(True, "it ends when its window is closed")


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def daemon_of(terminal):
    """The program that the shell in the window waits for."""
    shell = terminal.told("#{pane_pid}")
    return int(terminal.lab.run("ps", "-o", "pid=", "--ppid", shell).stdout.split()[0])


def rows(terminal):
    """Ports in the order in which top shows them."""
    return [int(number) for line in terminal.lines()
            for number in re.findall(r"^\S+ +(\d+)/tcp ", line)]


def sort_by(terminal, head):
    for _ in range(30):
        if terminal.shows(rf"^\d+ ports.*, by {head}$"):
            return
        before = terminal.lines()[LIST_LINE]
        terminal.type(">")
        until(lambda b=before: terminal.lines()[LIST_LINE] != b, "another order", 5, 0.05)
    raise e2e.Failure(f"no column {head}")


def full_screen(tap, lab):
    client, server = network(lab)
    monitor = lab.monitor(server, "-i", "net0")
    for port, times in ((80, 3), (22, 2), (5432, 1)):
        visit(client, server, port, times)
    until(lambda: len(monitor.get("ports")) == 3, "three ports")
    terminal = Terminal(lab, server)
    terminal.open(f"echo before; stty -a >{lab.dir}/before; {BREAKWATER} top --socket "
                  f"{monitor.socket}; echo \"ended $?\"; stty -a >{lab.dir}/after; "
                  "exec cat")
    terminal.wait("^HOST +PORT", "the screen of top")
    tap.ok(sorted(rows(terminal)) == [22, 80, 5432] and terminal.shows("postgresql") and
           terminal.shows("Fine"), "top shows the ports that carry traffic",
           *terminal.lines())
    tap.equal((terminal.told("#{alternate_on}"), terminal.told("#{cursor_flag}")),
              ("1", "0"), "it has a screen of its own, without cursor")

    sort_by(terminal, "FLOWS")
    tap.equal(rows(terminal), [80, 22, 5432], "top sorts by connections")
    terminal.type("r")
    terminal.wait("by FLOWS, reversed", "the order turned round")
    tap.equal(rows(terminal), [5432, 22, 80], "and the other way round")
    terminal.type("o")
    terminal.wait("^as usual +busiest first", "a choice of orders")
    terminal.type("Enter")
    terminal.wait(r"^3 ports, (?!by)", "the usual order")
    heads = terminal.lines()[LIST_LINE + 1]
    terminal.click(heads.index("FLOWS") + 1, LIST_LINE + 1)
    terminal.wait("by FLOWS$", "the order by the heading that was clicked")
    tap.equal(rows(terminal), [80, 22, 5432], "a click on a heading sorts by it")

    terminal.type("\\")
    terminal.wait("filter:", "the filter")
    terminal.write("postgres")
    terminal.wait("^1 port of 3", "what the filter leaves")
    tap.equal(rows(terminal), [5432], "top filters by what is seen")
    terminal.type("Enter", "Escape")
    terminal.wait("^3 ports", "all ports again")

    terminal.type("p")
    terminal.wait("PAUSED", "a pause")
    visit(client, server, 443, 1)
    uptime = until(lambda: len(monitor.get("ports")) == 4 and
                   monitor.get("status")["uptime_s"], "a fourth port")
    until(lambda: monitor.get("status")["uptime_s"] >= uptime + 2, "two seconds more")
    tap.equal(sorted(rows(terminal)), [22, 80, 5432], "a paused screen stays as it is")
    terminal.type("p")
    terminal.wait(r"^\S+ +443/tcp", "the fourth port on the screen")
    tap.ok(True, "after the pause it goes on")

    terminal.type("?")
    terminal.wait("this help", "help")
    tap.ok(terminal.shows("any other key goes back"), "help says how to get back")
    terminal.type("Escape")
    terminal.wait("^HOST +PORT", "the list")
    terminal.type("Tab")
    terminal.wait("^CLIENT +SERVER|^START +CLIENT", "connections")
    tap.ok(terminal.shows(r"10\.78\.0\.1"), "connections show who asked",
           *terminal.lines())
    terminal.type("1")
    terminal.wait("^HOST +PORT", "ports")

    for size in ((40, 8), (1, 1), (200, 50), (80, 24)):
        terminal.resize(*size)
        until(lambda s=size: terminal.told("#{pane_width} #{pane_height}") ==
              f"{s[0]} {s[1]}", "another size")
    terminal.wait("^HOST +PORT", "the screen at 80x24")
    tap.ok(all(len(line) <= 80 for line in terminal.lines()) and
           sorted(rows(terminal)) == [22, 80, 443, 5432],
           "top fits any size of terminal", *terminal.lines())

    monitor.program.process.send_signal(signal.SIGTERM)
    terminal.wait("no daemon", "the end of the daemon")
    tap.ok(True, "top says when the daemon has gone")
    terminal.type("q")
    terminal.wait("^ended 0$", "the end of top")
    tap.ok(terminal.shows("^before$") and terminal.told("#{alternate_on}") == "0" and
           terminal.told("#{cursor_flag}") == "1",
           "q gives screen and cursor back", *terminal.lines())
    after, before = settings(lab, "after"), settings(lab, "before")
    # The window has another size by now.
    size = re.compile(r"rows \d+; columns \d+")
    tap.equal(size.sub("", after), size.sub("", before), "the terminal is as it was")


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("1..0 # SKIP tmux is not installed")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(watch, closed_window, full_screen))
