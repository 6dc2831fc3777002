"""lab.py: what the end-to-end tests share: network namespaces, real programs, TAP.

A namespace here has no name: a sleeping process holds it, and everything we start
dies with this process (PR_SET_PDEATHSIG).  So nothing is left behind, not even when a
test is killed.  Nothing waits for a fixed time: until() asks for a condition and gives
up at its deadline.

A test sees no process but its own, nor mounts where others do: a monitor watches all of
the machine, so that tests beside each other would find what is not theirs.
"""
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BREAKWATER = os.environ.get("BREAKWATER", str(ROOT / "build/breakwater"))
TREE_RUN = os.environ.get("TREE_RUN", str(ROOT / "scripts/tree-run"))
CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000  # sched.h
MS_PRIVATE, MS_REC = 1 << 18, 1 << 14  # linux/mount.h
PR_SET_PDEATHSIG = 1       # linux/prctl.h
LIBC = ctypes.CDLL(None, use_errno=True)
EXIT_SKIPPED = 77

# A system call that a sandbox does not foresee ends the process, so that tests find it.
os.environ.setdefault("BREAKWATER_SECCOMP", "kill")


class Failure(Exception):
    """A test can't go on; its text says why."""


def until(condition, what, seconds=10, step=0.01):
    """The first true answer of condition(); an error when it does not come in time."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failure(f"still waiting after {seconds} s: {what}")
        time.sleep(step)


class Tap:
    """Test Anything Protocol, the plan at the end; notes are for failures."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, passed, sentence, *notes):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {sentence}", flush=True)
        for note in () if passed else notes:
            for line in str(note).splitlines():
                print(f"#   {line}", flush=True)
        return passed

    def equal(self, got, wanted, sentence, *notes):
        return self.ok(got == wanted, sentence, f"got {got!r}, expected {wanted!r}",
                       *notes)

    def near(self, got, wanted, within, sentence, *notes):
        """|got - wanted| <= within; unknown values are wrong."""
        known = got is not None and wanted is not None
        return self.ok(known and abs(got - wanted) <= within, sentence,
                       f"got {got!r}, expected {wanted!r} within {within!r}", *notes)

    def skip(self, sentence, reason):
        self.count += 1
        print(f"ok {self.count} - {sentence} # SKIP {reason}", flush=True)

    def finish(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed or self.count == 0 else 0


def main(*parts):
    """Runs each part with (tap, lab); one that can't go on fails, the next is tried."""
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root for network namespaces")
        return EXIT_SKIPPED
    if subprocess.run(["unshare", "--net", "--pid", "--mount-proc", "--fork", "true"],
                      check=False, capture_output=True).returncode != 0:
        print("1..0 # SKIP namespaces can't be made here")
        return EXIT_SKIPPED
    see_no_others()
    tap = Tap()
    # For Ctrl-C and kill as for any other end: what was started is ended.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    for part in parts:
        try:
            with Lab() as lab:
                part(tap, lab)
        except (Failure, OSError, subprocess.SubprocessError, KeyError, IndexError,
                ValueError, http.client.HTTPException) as error:
            where = []
            trace = error.__traceback__
            while trace:
                where.append(f"{pathlib.Path(trace.tb_frame.f_code.co_filename).name}"
                             f":{trace.tb_lineno}")
                trace = trace.tb_next
            tap.ok(False, f"{part.__name__} runs to its end",
                   f"{type(error).__name__}: {error}", " ".join(where))
    return tap.finish()


def has_tree(*programs):
    """True if the private tree of real programs is there and has these."""
    return all(subprocess.run([TREE_RUN, "sh", "-c", f"command -v {program}"],
                              check=False, capture_output=True).returncode == 0
               for program in programs)


def check(status, what):
    """Of a function of the C library."""
    if status != 0:
        raise OSError(ctypes.get_errno(), what)


def set_namespace(fd):
    check(LIBC.setns(fd, CLONE_NEWNET), "setns")


def go_on_as_child():
    """The caller is the child from here on; who waits for it ends as it does."""
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the child, too
    signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
    while True:
        ended, status = os.wait()  # as first process of a namespace, for orphans, too
        if ended == pid:
            os._exit(abs(os.waitstatus_to_exitcode(status)))


def see_no_others():
    """Goes on in namespaces of its own for processes and mounts."""
    check(LIBC.unshare(CLONE_NEWPID | CLONE_NEWNS), "unshare")
    go_on_as_child()
    check(LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    check(LIBC.mount(b"proc", b"/proc", b"proc", 0, None), "mount /proc")
    go_on_as_child()


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def unquiet(text):
    return text.decode(errors="replace") if isinstance(text, bytes) else text


class Program:
    """Something started; its two outputs are files."""

    def __init__(self, process, out, err):
        self.process, self.out_path, self.err_path = process, out, err
        self.pid = process.pid

    def out(self):
        return self.out_path.read_text(errors="replace")

    def err(self):
        return self.err_path.read_text(errors="replace")

    def runs(self):
        return self.process.poll() is None

    def wait(self, seconds=20):
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.process.args} still runs after {seconds} s: "
                          f"{self.err()[-500:]}") from None

    def end(self, number=signal.SIGTERM, seconds=20):
        if self.runs():
            self.process.send_signal(number)
        return self.wait(seconds)

    def end_now(self):
        if self.runs():
            self.process.kill()
            self.process.wait(5)

    def records(self, *kinds):
        """The whole lines of NDJSON it has printed."""
        lines = self.out().splitlines(keepends=True)
        all_of_them = [json.loads(line) for line in lines if line.endswith("\n")]
        return [one for one in all_of_them if not kinds or one["record"] in kinds]


class Namespace:
    """A network of its own: `with network:` sockets and programs are made in it."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.holder = lab.start(["unshare", "--net", "sleep", "infinity"])
        path = f"/proc/{self.holder.pid}/ns/net"
        ours = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(path) != ours, "a network namespace")
        self.fd = os.open(path, os.O_RDONLY)
        # Addresses work at once, and nobody sends what no test has asked for.
        self.set("net.ipv6.conf.default.accept_dad", 0)
        self.set("net.ipv6.conf.default.router_solicitations", 0)
        self.set("net.ipv6.conf.default.addr_gen_mode", 1)
        # Every refusal is told, not one a second.
        self.set("net.ipv4.icmp_ratelimit", 0)
        self.set("net.ipv6.icmp.ratelimit", 0)
        self.ip("link", "set", "lo", "up")

    @contextlib.contextmanager
    def inside(self):
        set_namespace(self.fd)
        try:
            yield
        finally:
            set_namespace(self.lab.outside)

    def run(self, *command, **options):
        with self.inside():
            return self.lab.run(*command, **options)

    def start(self, *command):
        with self.inside():
            return self.lab.start(list(command))

    def tree(self, *command, **options):
        return self.run(TREE_RUN, *command, **options)

    def start_tree(self, *command):
        return self.start(TREE_RUN, *command)

    def start_sshd(self, *options):
        # Whoever made the tree, sshd wants its folder to be root's.
        self.tree("chown", "root:", "/run/sshd")
        return self.start_tree("/usr/sbin/sshd", "-D", "-e", *options)

    def ip(self, *arguments):
        return self.run("ip", *arguments)

    def set(self, name, value):
        self.run("sysctl", "-q", "-w", f"{name}={value}")

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        with self.inside():
            made = socket.socket(family, kind)
        made.settimeout(10)
        return self.lab.enter_context(made)

    def listen(self, address, port=0):
        made = self.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(64)
        return made

    def connect(self, address, port):
        made = self.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        made.connect((address, port))
        return made

    def counters(self, link):
        """What the kernel has counted on that interface."""
        told = json.loads(self.ip("-s", "-j", "link", "show", "dev", link).stdout)
        return {side: told[0]["stats64"][side] for side in ("rx", "tx")}

    def listens(self, port, kind="-t"):
        """True if somebody takes connections (or, with -u, datagrams) there."""
        return self.run("ss", "-Hnl", kind, f"sport = :{port}").stdout.strip() != ""

    def tcp(self, condition):
        """`ss -ti` of the established connections that meet the condition, as dicts."""
        text = self.run("ss", "-Htin", "state", "established", condition).stdout
        found = []
        for line in text.splitlines():
            if not line[:1].isspace():
                found.append({})
                continue
            for name, value in re.findall(r"(\w+):([\d.]+)(?:/[\d.]+)?(?=\s|$)", line):
                found[-1][name] = float(value)
            retrans = re.search(r"retrans:\d+/(\d+)", line)
            found[-1]["retrans"] = int(retrans[1]) if retrans else 0
        return found


class Lab(contextlib.ExitStack):
    """Everything of one part of a test; all of it ends when the part does."""

    def __enter__(self):
        super().__enter__()
        self.outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.callback(os.close, self.outside)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakwater-e2e-"))
        self.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.dir.chmod(0o755)
        self.started = 0
        return self

    def start(self, command, **options):
        self.started += 1
        out = self.dir / f"{self.started}.out"
        err = self.dir / f"{self.started}.err"
        with out.open("wb") as out_file, err.open("wb") as err_file:
            # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                       stdout=out_file, stderr=err_file,
                                       preexec_fn=die_with_parent, **options)
        program = Program(process, out, err)
        self.callback(program.end_now)
        return program

    def run(self, *command, status=0, seconds=30):
        """A program run to its end; status None: any exit status will do."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=seconds, check=False, text=True,
                              errors="replace", preexec_fn=die_with_parent)
        if status is not None and done.returncode != status:
            raise Failure(f"{' '.join(map(str, command))}: exit {done.returncode}: "
                          f"{done.stderr[-500:]}{done.stdout[-500:]}")
        return done

    def namespace(self, name):
        made = Namespace(self, name)
        self.callback(os.close, made.fd)
        return made

    def join(self, left, left_link, right, right_link):
        """A pair of interfaces between two namespaces, down and without addresses."""
        left.ip("link", "add", left_link, "type", "veth", "peer", "name", right_link,
                "netns", str(right.holder.pid))

    # pylint: disable-next=too-many-arguments,too-many-positional-arguments
    def plug(self, left, left_link, left_addresses, right, right_link, right_addresses):
        """The same, up, and with addresses of a /24."""
        self.join(left, left_link, right, right_link)
        for network, link, addresses in ((left, left_link, left_addresses),
                                         (right, right_link, right_addresses)):
            for address in addresses:
                network.ip("addr", "add", f"{address}/24", "dev", link)
            network.ip("link", "set", link, "up")

    def monitor(self, network, *options, json_output=True, through=()):
        """`breakwater run` in a namespace, ready; through: a program that starts it."""
        return Monitor(self, network, options, json_output, through)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Monitor:
    """A running daemon and its API."""

    def __init__(self, lab, network, options, json_output, through=()):
        lab.monitors = getattr(lab, "monitors", 0) + 1
        self.network = network
        self.socket = lab.dir / f"breakwater-{lab.monitors}.sock"
        self.state = lab.dir / f"state-{lab.monitors}"
        self.command_line = [*through, BREAKWATER, "run", "--socket", str(self.socket),
                             "--state", str(self.state),
                             *(["--json"] if json_output else []), *options]
        if "--listen" not in options:
            self.command_line += ["--listen", "127.0.0.1:0"]
        self.start()

    def start(self):
        """Also once more, after stop()."""
        self.program = self.network.start(*self.command_line)
        until(self.answers, f"breakwater run: {self.program.err()}")

    def answers(self):
        if not self.program.runs():
            raise Failure(f"breakwater run ended with {self.program.wait()}: "
                          f"{self.program.err()}")
        try:
            return self.get("status")
        except OSError:
            return None

    def ask(self, path):
        connection = UnixConnection(self.socket)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise Failure(f"GET {path}: {answer.status} {unquiet(body)[:300]}")
        return unquiet(body)

    def get(self, what):
        """An object (status, health) or a list of records (ports?..., flows?...)."""
        body = self.ask(f"/api/v1/{what}")
        if what.split("?")[0] not in ("status", "schema"):
            return [json.loads(line) for line in body.splitlines()]
        return json.loads(body)

    def taken(self):
        """Packets it has taken in, and those that are no IP."""
        status = self.get("status")
        return status["packets"] + status["not_ip"]

    def settle(self, counted, what="packets on the interface"):
        """Waits until it has taken in as many packets as counted() says there were."""
        until(lambda: self.taken() >= counted(), what, 10, 0.1)

    def command(self, *arguments, status=0):
        """One of our own commands, asking this daemon."""
        return self.network.run(BREAKWATER, *arguments, "--socket", str(self.socket),
                                status=status)

    def stop(self, number=signal.SIGTERM):
        return self.program.end(number)
