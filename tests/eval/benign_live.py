"""benign_live.py: nobody innocent is accused by a running daemon, of real programs.

curl and nginx, vsftpd with a data port for each file, BIND whose servers are dead or late,
Prometheus whose targets are dead, Postfix and Exim that ask for idents, calls by SIPp, and
our own scanner and probes of what is dead.
"""
import ftplib
import heapq
import smtplib
import socket
import threading
import time

import doors
import lab as e2e
from evaluation import scenario
from field import BYSTANDER, VICTIM

from servers import mail as postfix  # pylint: disable=wrong-import-order
from servers.scene import certificate  # pylint: disable=wrong-import-order

PAGES, FILES, NAMES = 400, 80, 300
LATE_S, LASTS_S = 3, 8
SCRAPED_S = 10
OURS = ("--home", "10.0.0.0/8")
MONITOR, MONITOR6 = "10.98.0.2", "fd98::2"
MAIL_SERVERS, LETTERS = 20, 40
CALLS, CALLS_A_S, CALL_S = 40, 10, 8  # CALL_S: of SIPp's own scenario
VOICE = "/usr/share/sip-tester"


@scenario("benign-live-web", "benign", quick=True, lane="waits")
def web(trial):
    """400 pages fifty at a time, wrong ports, a dead service tried ten times a second."""
    field = trial.field()
    trial.serve_web(field.victim)
    trial.watch(field.victim, captures=False)
    crawling = field.bystander.start_tree(
        "curl", "-s", "--parallel", "--parallel-max", "50", "-o", "/dev/null",
        f"http://{VICTIM}/[1-{PAGES}]")
    for port in (8080, 8443, 443, 21, 25, 110, 143, 993):
        field.bystander.tree("curl", "-s", "-m", "2", f"http://{VICTIM}:{port}/", status=None)
    for _ in range(30):
        field.bystander.tree("curl", "-s", "-m", "2", f"http://{VICTIM}:5432/", status=None)
        time.sleep(0.1)
    crawling.wait(30)
    trial.judge()


def serve_files(trial, network):
    """vsftpd for anonymous, with a thousand data ports; its folder has one file."""
    folder, empty = trial.lab.dir / "files", trial.lab.dir / "empty"
    for made in (folder, empty):
        made.mkdir(mode=0o755)
    (folder / "manifest").write_text("seven crates\n" * 1000)
    network.start_tree("vsftpd", trial.write("vsftpd.conf", f"""
listen=YES
background=NO
anonymous_enable=YES
no_anon_password=YES
ftp_username=alice
anon_root={folder}
secure_chroot_dir={empty}
seccomp_sandbox=NO
isolate_network=NO
pasv_min_port=40000
pasv_max_port=40999
"""))
    e2e.until(lambda: network.listens(21), "vsftpd")


def fetch(address, active):
    with ftplib.FTP(address, timeout=5) as session:
        session.login()
        session.set_pasv(not active)
        session.retrbinary("RETR manifest", lambda _: None)


@scenario("benign-live-ftp", "benign", lane="waits")
def files(trial):
    """80 files, half of them by connections that the server makes."""
    field = trial.field()
    serve_files(trial, field.victim)
    trial.watch(field.victim, captures=False)
    try:
        with field.bystander.inside():
            for number in range(FILES):
                fetch(VICTIM, number % 2 == 1)
    except ftplib.Error as error:
        raise e2e.Failure(f"vsftpd: {error}") from error
    trial.judge()


class LateServer(threading.Thread):
    """A name server that answers most, late some, and never the rest."""

    def __init__(self, sock, chance):
        super().__init__(daemon=True)
        self.socket, self.chance, self.late = sock, chance, []
        self.socket.settimeout(0.05)

    def send_late(self):
        while self.late and self.late[0][0] <= time.monotonic():
            _, answer, client = heapq.heappop(self.late)
            self.socket.sendto(answer, client)

    def run(self):
        end = time.monotonic() + 4 * LASTS_S
        while time.monotonic() < end:
            self.send_late()
            try:
                asked, client = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            self.take(asked, client)

    def take(self, asked, client):
        flags = (0x8180).to_bytes(2, "big")
        counts = (1).to_bytes(2, "big") + bytes(6)
        end = 12 + asked[12:].index(b"\0") + 5
        answer = asked[:2] + flags + counts + asked[12:end]
        what = self.chance.random()
        if what < 0.6:
            self.socket.sendto(answer, client)
        elif what < 0.9:
            heapq.heappush(self.late, (time.monotonic() + LATE_S, answer, client))


@scenario("benign-live-names", "benign", lane="waits")
def names(trial):
    """BIND asks a server that is late; hundreds of its ports are closed by then."""
    field = trial.field()
    server = field.bystander.socket(kind=socket.SOCK_DGRAM)
    server.bind((BYSTANDER, 53))
    LateServer(server, trial.random).start()
    field.victim.start_tree("named", "-f", "-c", trial.write("named.conf", f"""
options {{ directory "{trial.lab.dir}"; pid-file none; session-keyfile none;
listen-on {{ any; }}; listen-on-v6 {{ none; }}; recursion yes; allow-recursion {{ any; }};
forwarders {{ {BYSTANDER}; }}; forward only; dnssec-validation no; }};
"""))
    e2e.until(lambda: field.victim.listens(53, "-u"), "named")
    trial.watch(field.victim, captures=False)
    asked = trial.write("asked", "".join(f"name{n}.example A\n" for n in range(NAMES)))
    with field.victim.inside():
        asking = [field.victim.start_tree("dig", f"@{VICTIM}", "+tries=1", "+time=1", "-f", asked)
                  for _ in range(2)]
        time.sleep(LASTS_S)
    for program in asking:
        program.end_now()
    trial.judge(settle_s=LATE_S)


@scenario("benign-live-own", "benign", quick=True, lane="waits")
def own(trial):
    """Our probes of 30 dead services every second, and our scan of 300 ports."""
    field = trial.field()
    targets = "".join(f'    - "tcp://{BYSTANDER}:{9100 + n}"\n' for n in range(30))
    trial.watch(field.victim, captures=False, config=f"""
probe:
  interval: 1s
  allow: ["{BYSTANDER}/32"]
  targets:
{targets}""")
    monitor = trial.watcher.monitor
    monitor.command("scan", BYSTANDER, "-p", "1-300", status=None)
    monitor.command("probe", f"tcp://{BYSTANDER}:9000", "--count", "20", status=None)
    time.sleep(5)
    trial.judge()


def start_extra(network, *command):
    """A program of eval-tree; what it starts ends with it.

    Its namespace's first process is a shell, as the kernel forgets that a program ends
    with its parent when it changes its user (prctl(2), PR_SET_PDEATHSIG): Exim does.
    """
    return network.start("env", "TREE=eval-tree", "unshare", "--pid", "--fork",
                         "--kill-child", "sh", "-c", '"$@" & wait', "sh", e2e.TREE_RUN,
                         *command)


# ---- Prometheus ----

def scrape(trial, network, name, targets):
    """Prometheus, that asks each target once a second."""
    listed = ", ".join(f'"{target}"' for target in targets)
    config = trial.write(f"{name}.yaml", f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: {name}
    static_configs: [{{targets: [{listed}]}}]
""")
    start_extra(network, "prometheus", f"--config.file={config}",
                f"--storage.tsdb.path={trial.lab.dir}/{name}",
                "--web.listen-address=127.0.0.1:9090")
    e2e.until(lambda: network.listens(9090), "prometheus")


@scenario("benign-live-prometheus", "benign", lane="waits")
def prometheus(trial):
    """A monitor of ours with 80 targets, of which 20 on one host refuse and ten are silent;
    and our own Prometheus, 20 of whose 70 targets elsewhere are dead."""
    field = trial.field()
    monitor = field.host("monitor", MONITOR, MONITOR6)
    trial.serve_web(field.victim)
    trial.serve_web(field.bystander)
    far = field.addresses(field.bystander, 50, "62.38.9.1")
    for network in ("10.97.6.0/24", "10.97.7.0/24"):
        field.victim.ip("route", "add", "local", network, "dev", "lo")
    field.shut("ip daddr 10.97.6.0/24 drop")
    trial.watch(field.victim, *OURS, captures=False)
    dead = [f":{9100 + number}" for number in range(20)]
    scrape(trial, monitor, "near", [
        *(f"10.97.7.{number}:80" for number in range(1, 51)),
        *(VICTIM + port for port in dead),
        *(f"10.97.6.{number}:9100" for number in range(1, 11))])
    scrape(trial, field.victim, "far", [*(f"{address}:80" for address in far),
                                        *(BYSTANDER + port for port in dead)])
    time.sleep(SCRAPED_S)
    trial.judge()


# ---- mail with ident ----

def serve_exim(trial, network, name):
    """A mail server that asks who brings mail (RFC 1413), and throws it away."""
    folder = trial.lab.dir / name
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    start_extra(network, "exim4", "-bdf", "-C", trial.write(f"{name}.conf", f"""
primary_hostname = {name}.example
spool_directory = {folder}
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = 26 : 25
local_interfaces = <; 0.0.0.0
tls_advertise_hosts =
allow_domain_literals
smtp_accept_max = 100
rfc1413_hosts = *
rfc1413_query_timeout = 2s
acl_smtp_rcpt = take
begin acl
take:
  discard
"""))
    e2e.until(lambda: network.listens(26), f"{name}: Exim")
    return folder / "mainlog"


def serve_postfix(trial, network):
    """It brings letters to wherever their address says."""
    room = doors.Room(trial.lab, "postfix", VICTIM, network, certificate(trial.lab))
    postfix.start(room, f"""
mynetworks = {VICTIM}
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = smtp
""")


@scenario("benign-live-mail", "benign", lane="waits")
def mail(trial):
    """Postfix brings letters to 20 servers, each of which asks our port 113; a server of
    ours asks the same of those who bring some."""
    field = trial.field()
    far = field.addresses(field.bystander, MAIL_SERVERS, "62.38.9.1")
    serve_postfix(trial, field.victim)
    log = serve_exim(trial, field.bystander, "far")
    trial.watch(field.victim, captures=False)
    with field.victim.inside(), smtplib.SMTP(
            VICTIM, 25, "near.example", timeout=10) as session:
        for number in range(LETTERS):
            session.sendmail("a@harbour.example", [f"b@[{far[number % len(far)]}]"],
                             "Subject: berth\r\n\r\nSeven?\r\n")
    e2e.until(lambda: log.exists() and log.read_text().count("<= ") >= LETTERS,
              f"letters: {log.read_text()[-300:] if log.exists() else 'no log'}", 20)
    trial.judge()


@scenario("benign-live-ident", "benign", lane="waits")
def ident(trial):
    """Our Exim asks 20 clients that refuse."""
    field = trial.field()
    far = field.addresses(field.bystander, MAIL_SERVERS, "62.38.9.1")
    serve_exim(trial, field.victim, "near")
    trial.watch(field.victim, captures=False)
    with field.bystander.inside():
        for number in range(LETTERS):
            with smtplib.SMTP(VICTIM, 26, "far.example", 10,
                              (far[number % len(far)], 0)) as session:
                session.sendmail("b@elsewhere.example", ["a@harbour.example"], "\r\nYes.\r\n")
    trial.judge()


# ---- calls ----

@scenario("benign-live-calls", "benign", lane="waits")
def calls(trial):
    """SIP, and media of each call between ports of its own; it goes on for a moment when
    the one who was called has left."""
    field = trial.field()
    (trial.lab.dir / "pcap").symlink_to(VOICE)
    called = start_extra(field.victim, "sipp", "-sn", "uas", "-rtp_echo", "-i", VICTIM, "-mi",
                         VICTIM, "-p", "5060", "-nostdin")
    e2e.until(lambda: field.victim.listens(5060, "-u"), "sipp")
    trial.watch(field.victim, captures=False)
    calling = start_extra(
        field.bystander, "sh", "-c", f'cd {trial.lab.dir} && exec "$@"', "sh", "sipp", "-sn",
        "uac_pcap", f"{VICTIM}:5060", "-i", BYSTANDER, "-mi", BYSTANDER, "-r", str(CALLS_A_S),
        "-m", str(CALLS), "-nostdin", "-timeout", "20")
    time.sleep(CALLS / CALLS_A_S + CALL_S - 1)
    called.end_now()
    time.sleep(2)
    calling.end_now()
    trial.judge()
