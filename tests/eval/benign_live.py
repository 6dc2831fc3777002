"""benign_live.py: nobody innocent is accused by a running daemon, of real programs.

curl and nginx, vsftpd with a data port for each file, BIND whose servers are dead or late,
and our own scanner and probes of what is dead.
"""
import ftplib
import heapq
import socket
import threading
import time

import lab as e2e
from evaluation import scenario
from field import BYSTANDER, VICTIM

PAGES, FILES, NAMES = 400, 80, 300
LATE_S, LASTS_S = 3, 8


@scenario("benign-live-web", "benign", quick=True)
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


@scenario("benign-live-ftp", "benign")
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


@scenario("benign-live-names", "benign")
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


@scenario("benign-live-own", "benign", quick=True)
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
