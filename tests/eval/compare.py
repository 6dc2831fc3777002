"""compare.py: psad, portsentry and fail2ban on the same traffic, at the same time.

All of them watch one victim beside Breakwater, each as its package ships it and its
documentation recommends:

psad        reads what a packet filter logs of all that is not for a service (its README:
            log, then drop, by default); ulogd writes it in the kernel's words.  An
            accusation is one of its alerts (danger level 1 and up, every five seconds).
portsentry  in both its ways: on bound ports (-tcp -udp, as shipped), and on all ports up to
            1024 (-atcp -audp, recommended for stealth scans).  Its syslog lines count.
fail2ban    Debian's jail for sshd, on sshd's log; a ban counts.

Only its own findings of severity low and more count for Breakwater.
"""
import contextlib
import dataclasses
import datetime
import ipaddress
import re
import shutil
import socket
import threading
import time

from evaluation import LOW, Skip, e2e, now_us, rank, scenario
from field import (ATTACKER, ATTACKER6, BYSTANDER, VICTIM, VICTIM6)
from pcap import SECOND_US
from scans import ordinary_traffic, site

EVAL_TREE = e2e.ROOT / "build/eval-tree"
PSAD_CHECK_S = 5  # CHECK_INTERVAL of psad.conf
ADDRESS = re.compile(r"\b(\d+\.\d+\.\d+\.\d+|[0-9a-f:]*:[0-9a-f:]*:[0-9a-f]+)\b")


@dataclasses.dataclass
class Accusation:
    at_us: int
    address: str


class Syslog:
    """/dev/log of the programs that run() starts: lines with when they came, and a file."""

    def __init__(self, trial, name):
        self.trial, self.lines = trial, []
        self.devices = trial.lab.dir / f"dev-{name}"
        self.devices.mkdir()
        self.path = trial.lab.dir / f"{name}.log"
        self.file = trial.lab.enter_context(open(self.path, "a", encoding="utf-8"))
        self.socket = trial.lab.enter_context(socket.socket(socket.AF_UNIX,
                                                            socket.SOCK_DGRAM))
        self.socket.bind(str(self.devices / "log"))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with contextlib.suppress(OSError, ValueError):
            while data := self.socket.recv(65536):
                text = data.decode(errors="replace").rstrip("\0\n")
                text = re.sub(r"^<\d+>(\w+ +\d+ [\d:]+) ", r"\1 victim ", text)
                self.lines.append((now_us(), text))
                self.file.write(text + "\n")
                self.file.flush()

    def run(self, network, tree, *command):
        """A program of a tree whose /dev is ours, in a PID namespace that ends with it."""
        script = f"""
for name in null zero random urandom tty; do
  : >{self.devices}/$name
  mount --bind /dev/$name {self.devices}/$name
done
mount --rbind {self.devices} /dev
exec "$@"
"""
        return network.start("env", f"TREE={tree}", "unshare", "--mount", "--propagation",
                             "private", "--pid", "--fork", "--kill-child", "sh", "-euc",
                             script, "sh", e2e.TREE_RUN, *command)


# ---- the other detectors -------------------------------------------------------------

class Psad:
    """What it writes on standard output is what it would mail."""

    CHANGED = {"HOSTNAME": "victim", "IFCFGTYPE": "iproute2", "gzipCmd": "/bin/true",
               "wgetCmd": "/bin/true", "whoisCmd": "/bin/true", "killallCmd": "/bin/true",
               "netstatCmd": "/bin/true", "mailCmd": "/bin/true",
               "sendmailCmd": "/bin/true"}

    def __init__(self, trial, place):
        self.dir = trial.lab.dir
        self.log(trial, place.victim)
        threading.Thread(target=self.retell, daemon=True).start()
        changed = dict(self.CHANGED, IPT_SYSLOG_FILE=self.dir / "messages")
        for name in ("PSAD_DIR", "PSAD_RUN_DIR", "PSAD_FIFO_DIR"):
            changed[name] = self.dir / name.lower()
            changed[name].mkdir()
        text = (EVAL_TREE / "etc/psad/psad.conf").read_text()
        for name, value in changed.items():
            text = re.sub(rf"(?m)^{name}\s.*$", f"{name} {value};", text)
        self.program = place.victim.start(
            "env", "TREE=eval-tree", e2e.TREE_RUN, "psad", "-c",
            trial.write("psad.conf", text), "--no-daemon", "--no-whois", "--no-rdns")
        pid_file = self.dir / "psad_run_dir/psad.pid"
        e2e.until(lambda: pid_file.exists() or not self.program.runs(), "psad", 20)

    def log(self, trial, network):
        """All that is not for a service, in iptables' words."""
        config = trial.write("ulogd.conf", f"""[global]
logfile="{self.dir}/ulogd.log"
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU
[log1]
group=7
[emu1]
file="{self.dir}/packets"
sync=1
""")
        network.start("env", "TREE=eval-tree", e2e.TREE_RUN, "ulogd", "-c", config)
        e2e.until((self.dir / "packets").exists, "ulogd")
        (self.dir / "messages").touch()
        for line in ("table inet seen",
                     "chain inet seen c { type filter hook input priority 0; }",
                     "rule inet seen c ct state established,related accept",
                     "rule inet seen c ct state new tcp dport { 22, 80 } accept",
                     "rule inet seen c iifname net0 log group 7"):
            network.run("nft", f"add {line}")

    def retell(self):
        """ulogd's lines in the kernel's own words, which psad knows best."""
        with contextlib.suppress(OSError), open(self.dir / "packets", encoding="utf-8") as said, \
                open(self.dir / "messages", "a", encoding="utf-8") as file:
            while self.dir.exists():
                if not (line := said.readline()):
                    time.sleep(0.02)
                    continue
                line = re.sub(r" \S+  IN=", " victim kernel: IN=", line)
                line = re.sub(r"(?<=SRC=|DST=)\S+", lambda match: ipaddress.ip_address(
                    match[0]).exploded, line)
                file.write(re.sub(r"SEQ=\d+ ACK=\d+ (WINDOW=\d+)", r"\1 RES=0x00", line))
                file.flush()

    def accusations(self):
        found, at_us = [], 0
        for line in self.program.out().splitlines():
            if match := re.match(r"=-[=-]+ (\w{3} \w{3} +\d+ [\d:]+ \d{4}) ", line):
                at = datetime.datetime.strptime(match[1], "%a %b %d %H:%M:%S %Y")
                at_us = int(at.timestamp()) * SECOND_US
            elif (match := re.match(r" +Source: +(\S+)", line)) and at_us:
                found.append(Accusation(at_us, match[1]))
        return found


class Portsentry:
    def __init__(self, trial, place, name, *modes):
        self.syslog = Syslog(trial, name)
        folder = trial.lab.dir / name
        folder.mkdir()
        text = (EVAL_TREE / "etc/portsentry/portsentry.conf").read_text()
        text = text.replace("/var/lib/portsentry", str(folder))
        # It has one path for its configuration, and goes to the background by itself.
        config = trial.write(f"{name}.conf", text)
        self.program = self.syslog.run(
            place.victim, "eval-tree", "sh", "-c",
            f"mount --bind {config} /etc/portsentry/portsentry.conf; "
            f"touch {folder}/portsentry.ignore; "
            + "".join(f"portsentry {mode}; " for mode in modes) + "exec sleep infinity")
        e2e.until(lambda: len([1 for _, line in self.syslog.lines
                               if "now active" in line]) == len(modes),
                  f"{name}: {self.syslog.lines}")

    def accusations(self):
        return [Accusation(at_us, match[1]) for at_us, line in self.syslog.lines
                if "attackalert" in line and "from host" in line
                and (match := ADDRESS.search(line.split("from host")[1]))]


class Fail2ban:
    def __init__(self, trial, place, sshd_log):
        folder = trial.lab.dir / "fail2ban"
        shutil.copytree(EVAL_TREE / "etc/fail2ban", folder)
        (folder / "fail2ban.local").write_text("[Definition]\ndbfile = None\n")
        (folder / "jail.d/eval.local").write_text(
            f"[sshd]\nlogpath = {sshd_log}\nbackend = polling\naction =\n")
        self.log = trial.lab.dir / "fail2ban.log"
        self.program = place.victim.start(
            "env", "TREE=eval-tree", e2e.TREE_RUN, "fail2ban-server", "-f", "-c",
            str(folder), "-s", str(folder / "sock"), "-p", str(folder / "pid"),
            "--logtarget", str(self.log), "--loglevel", "INFO")
        e2e.until(lambda: self.log.exists() and "Jail 'sshd' started" in
                  self.log.read_text(), "fail2ban", 20)

    def accusations(self):
        found = []
        for match in re.finditer(r"(?m)^(\S+ \S+),(\d+) .*\] Ban (\S+)",
                                 self.log.read_text()):
            at = datetime.datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S")
            found.append(Accusation(int(at.timestamp()) * SECOND_US + int(match[2]) * 1000,
                                    match[3]))
        return found


class Ours:
    def __init__(self, trial, place):
        self.trial = trial
        trial.watch(place.victim)

    def accusations(self):
        first = {}
        for one in self.trial.sightings:
            if "client_ip" in one.finding and rank(one.finding) >= LOW:
                first.setdefault(one.finding["id"],
                                 Accusation(one.at_us, one.finding["client_ip"]))
        return list(first.values())


# ---- what they are shown -------------------------------------------------------------

def start_all(trial):
    if not (EVAL_TREE / ".complete").exists():
        raise Skip("build/eval-tree is missing: scripts/test-tree eval")
    place = trial.field()
    trial.serve_web(place.victim)
    log = Syslog(trial, "auth")
    key = trial.host_key()
    log.run(place.victim, "tree", "/usr/sbin/sshd", "-D", "-f", "/dev/null", "-h", key,
            "-o", "UsePAM=no")
    e2e.until(lambda: place.victim.listens(22), "sshd")
    log.path.touch()
    place.clients = [BYSTANDER, *place.addresses(place.bystander, 20, "62.38.9.1")]
    return place, {
        "portsentry-tcp": Portsentry(trial, place, "portsentry-tcp", "-tcp", "-udp"),
        "portsentry-atcp": Portsentry(trial, place, "portsentry-atcp", "-atcp", "-audp"),
        "psad": Psad(trial, place),
        "fail2ban": Fail2ban(trial, place, log.path),
        "breakwater": Ours(trial, place),
    }


def compare(trial, action, guilty):
    """Everybody sees the action; guilty: the address that should be accused, or None."""
    place, tools = start_all(trial)
    began_us = now_us()
    with ordinary_traffic(place):
        action(place)
    deadline = time.monotonic() + 3 * PSAD_CHECK_S
    while time.monotonic() < deadline and not any(
            is_about(one.address, guilty) for one in tools["psad"].accusations()):
        time.sleep(0.1)
    trial.look_on(0, 1)
    if guilty is not None:
        sent = [at for at in trial.packets_of(guilty) if at >= began_us]
        began_us = sent[0] if sent else began_us
    for name, tool in tools.items():
        tell(trial, name, tool.accusations(), guilty, began_us)


def tell(trial, name, accusations, guilty, began_us):
    right = [one for one in accusations if is_about(one.address, guilty)]
    wrong = {one.address for one in accusations} - {one.address for one in right}
    if guilty is not None:
        trial.result(f"{name}-recall", float(bool(right)))
        if right:
            trial.result(f"{name}-seconds",
                         max(0, min(one.at_us for one in right) - began_us) / SECOND_US)
            trial.result(f"{name}-alerts", len(right))
    trial.result(f"{name}-falsely-accused", len(wrong))
    if wrong:
        trial.say(f"{name} accuses {', '.join(sorted(wrong)[:5])}")


def is_about(address, guilty):
    """Of IPv6, its /64."""
    bits = 64 if guilty and ":" in guilty else 32
    return guilty is not None and ipaddress.ip_address(address) in ipaddress.ip_network(
        f"{guilty}/{bits}", strict=False)


def add(name, *command, guilty=ATTACKER):
    @scenario(f"compare-{name}", "compare")
    def run(trial):
        compare(trial, lambda place: place.attacker.tree(
            "timeout", "60", *command, status=None, seconds=70), guilty)


for each in ("sS", "sT", "sF", "sN", "sX", "sA", "sU"):
    add(f"nmap-{each}-T4-1000", "nmap", "-n", "-Pn", f"-{each}", "-T4", VICTIM)
add("nmap-sS-T3-20", "nmap", "-n", "-Pn", "-sS", "--top-ports", "20", VICTIM)
add("nmap-sS-T2-20", "nmap", "-n", "-Pn", "-sS", "-T2", "--top-ports", "20", VICTIM)
add("nmap-sS-1s-12", "nmap", "-n", "-Pn", "-sS", "--scan-delay", "1s", "-p", "8001-8016",
    VICTIM)
add("nmap-sS-f", "nmap", "-n", "-Pn", "-sS", "-f", "-T4", VICTIM)
add("nmap-6-sS", "nmap", "-6", "-n", "-Pn", "-sS", "-T4", VICTIM6, guilty=ATTACKER6)
add("nmap-D-named", "nmap", "-n", "-Pn", "-sS", "-T4", "-D", f"{BYSTANDER},62.38.9.1,ME",
    VICTIM)
add("masscan-1000pps", "masscan", "-p", "1-1000", "--rate", "1000", "--wait", "1", VICTIM)


@scenario("compare-hydra-ssh", "compare")
def guessing(trial):
    words = trial.write("words", "\n".join(f"word{number}" for number in range(40)) + "\n")

    def guess(place):
        place.attacker.run("env", "TREE=eval-tree", e2e.TREE_RUN, "hydra", "-t", "4", "-w",
                           "3", "-l", "alice", "-P", words, f"ssh://{VICTIM}", status=None,
                           seconds=90)
    compare(trial, guess, ATTACKER)


@scenario("compare-benign", "compare")
def benign(trial):
    """Checks of a stopped backend, a monitor with four dead targets, an office behind one
    address, and what all scenarios have: clients that try 443 first."""
    def live(place):
        checker, monitor, office = place.addresses(place.bystander, 3, "62.38.20.1")
        for number in range(40):
            knock(place, checker, 8080)
            for port in (9100, 9113, 9117, 9187):
                knock(place, monitor, port)
            for port in (80, 443, 80, 22):
                knock(place, office, port)
            knock(place, f"62.38.9.{1 + number % 20}", 443)
            time.sleep(0.1)
    compare(trial, live, None)


def knock(place, address, port):
    with contextlib.suppress(OSError):
        line = place.bystander.socket()
        line.bind((address, 0))
        line.connect((VICTIM, port))
        line.close()
