"""scans.py: nmap, masscan, zmap and hping3 look for open ports, live.

The victim has nginx and sshd; what else is asked for is refused, or, where a scenario says
so, dropped by a packet filter.  Meanwhile ordinary clients use the web server, and try
port 443 in vain, as browsers do: whoever accuses them is wrong.
"""
import collections
import contextlib
import ipaddress
import json
import threading

import pcap
from evaluation import scenario
from field import (ATTACKER, ATTACKER6, BYSTANDER, VICTIM, VICTIM6, VICTIM_NET)

TECHNIQUES = {"sS": "syn", "sT": "connect", "sF": "fin", "sN": "null", "sX": "xmas",
              "sA": "ack", "sU": "udp"}
PORTS = {20: ("--top-ports", "20"), 1000: ("--top-ports", "1000"), 65535: ("-p-",)}
CLIENTS = 20
QUICK = {("sS", 4, 1000), ("sT", 4, 20)}


def site(trial, **web):
    """Networks with services and their ordinary clients."""
    place = trial.field()
    trial.serve_web(place.victim, **web)
    trial.serve_ssh(place.victim)
    place.clients = [BYSTANDER, *place.addresses(place.bystander, CLIENTS, "62.38.9.1")]
    return place


@contextlib.contextmanager
def ordinary_traffic(place):
    """Each client asks once; all of them are at it while the scan goes on."""
    over = threading.Event()

    def ask(address, port):
        with contextlib.suppress(OSError):
            line = place.bystander.socket()
            line.bind((address, 0))
            line.connect((VICTIM, port))
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while line.recv(4096):
                pass

    def all_of_them():
        for address in place.clients:
            for port in (443, 80, 80):
                ask(address, port)
            if over.wait(0.02):
                return

    thread = threading.Thread(target=all_of_them)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def scan(trial, place, *command, seconds=60, client=ATTACKER, **truth):
    """A program of the tree as attack, judged."""
    trial.watch(place.victim)
    truth.setdefault("also", ("protocol_anomaly",))  # cut packets, flags that make no sense
    with ordinary_traffic(place), trial.attack("port_scan", client=client, **truth):
        # Long ones are cut short: what was not found by then is missed.
        place.attacker.tree("timeout", str(seconds), *command, status=None,
                            seconds=seconds + 10)
    trial.judge()


def add_nmap(technique, tempo, count):
    @scenario(f"nmap-{technique}-T{tempo}-{count}", "scan-T2-T5",
              quick=(technique, tempo, count) in QUICK,
              lane="works" if count == 65535 else "waits")
    def run(trial):
        scan(trial, site(trial), "nmap", "-n", "-Pn", f"-{technique}", f"-T{tempo}",
             *PORTS[count], VICTIM, server=VICTIM, techniques=(TECHNIQUES[technique],))


for each in TECHNIQUES:
    for pace in (3, 4, 5):
        for number in PORTS:
            add_nmap(each, pace, number)


# ---- as one meets them ---------------------------------------------------------------

def add_variant(name, *arguments, technique="syn", server=VICTIM, client=ATTACKER,
                before=None, seconds=60):
    @scenario(f"nmap-{name}", "scan-variants")
    def run(trial):
        place = site(trial)
        if before:
            before(place)
        scan(trial, place, "nmap", "-n", *arguments, server, server=server, client=client,
             techniques=(technique,), seconds=seconds)


def filtered(place):
    """Nothing but the services is answered."""
    place.shut("ct state established accept", "meta l4proto icmp accept",
               "tcp dport { 22, 80 } accept", "drop")


def lossy(place):
    place.lose(5)


add_variant("default")
add_variant("A", "-Pn", "-A", "-T4", "--top-ports", "100")
add_variant("f", "-Pn", "-sS", "-f", "-T4")
add_variant("mtu24", "-Pn", "-sS", "--mtu", "24", "-T4", "--top-ports", "100")
add_variant("data-length", "-Pn", "-sS", "-T4", "--data-length", "24")
add_variant("source-port-53", "-Pn", "-sS", "-T4", "-g", "53")
add_variant("scan-delay-50ms", "-Pn", "-sS", "--scan-delay", "50ms", "--top-ports", "100")
add_variant("T2-20-live", "-Pn", "-sS", "-T2", "--top-ports", "20")
add_variant("loss-5", "-Pn", "-sS", "-T4", before=lossy)
for each in ("sS", "sT", "sU", "sF", "sA"):
    add_variant(f"{each}-filtered", "-Pn", f"-{each}", "-T4",
                technique=TECHNIQUES[each], before=filtered, seconds=40)
for each in ("sS", "sT", "sU", "sX"):
    add_variant(f"6-{each}", "-6", "-Pn", f"-{each}", "-T4", technique=TECHNIQUES[each],
                server=VICTIM6, client=ATTACKER6)
add_variant("source-port-80-sA", "-Pn", "-sA", "-T4", "-g", "80", technique="ack")
add_variant("source-port-53-sU", "-Pn", "-sU", "-T5", "-g", "53", "-p", "1024-5000",
            technique="udp", seconds=15)
add_variant("sM", "-Pn", "-sM", "-T4", technique="other")
add_variant("sY", "-Pn", "-sY", "-T4", technique="other")


# ---- decoys --------------------------------------------------------------------------

def decoyed(trial, word, decoys):
    """The scanner's own address is one among many; none of the others is to blame."""
    place = site(trial)
    trial.watch(place.victim)
    with ordinary_traffic(place), \
            trial.attack("port_scan", client=ATTACKER, server=VICTIM, techniques=("syn",),
                         also=("spoofed_source",), decoys=tuple(decoys)) as attack:
        place.attacker.tree("nmap", "-n", "-Pn", "-sS", "-T4", "-D", word, VICTIM)
    trial.look_on(3, 1.3)
    if not decoys:  # chosen by nmap: all that sent as much as it did
        attack.decoys = tuple(busy_sources(trial.frames))
    trial.say(f"{len(attack.decoys)} decoys")
    trial.tell()


def busy_sources(frames):
    """Who sent more than a hundred SYNs to the victim, and is not the attacker."""
    counts = collections.Counter(
        ip[1] for frame in frames if (ip := frame.ip()) is not None and ip[0] == pcap.TCP
        and frame.flags(ip[3]) == pcap.SYN)
    return {text for source, count in counts.items() if count > 100
            and (text := str(ipaddress.ip_address(source))) not in (ATTACKER, VICTIM)}


@scenario("nmap-D-RND", "scan-variants")
def decoys_random(trial):
    decoyed(trial, "RND:10,ME", ())


@scenario("nmap-D-named", "scan-variants", quick=True)
def decoys_named(trial):
    """Two of the decoys are real clients of ours, at the same time."""
    decoys = [BYSTANDER, "62.38.9.1", "91.12.3.4", "80.66.5.4"]
    decoyed(trial, ",".join((*decoys, "ME")), decoys)


# ---- many hosts, many sources --------------------------------------------------------

def sweep(trial, *command, kinds=("host_sweep",), port=80, seconds=40,
          addresses=(VICTIM,), **truth):
    """Of a /24 of hosts that refuse; addresses of the web server may be all of them."""
    place = site(trial, addresses=addresses)
    place.victim.ip("route", "add", "local", "10.97.5.0/24", "dev", "lo")
    trial.watch(place.victim, "--home", VICTIM_NET)
    gateway = mac_of(place)
    with ordinary_traffic(place), \
            trial.attack(kinds, client=ATTACKER, port=port, **truth):
        place.attacker.tree("timeout", str(seconds),
                            *(word.replace("GATEWAY", gateway) for word in command),
                            status=None, seconds=seconds + 10)
    trial.judge()


def mac_of(place):
    told = place.router.run("ip", "-j", "link", "show", "dev", "attacker").stdout
    return json.loads(told)[0]["address"]


def add_sweep(name, *command, **truth):
    @scenario(name, "scan-tools")
    def run(trial):
        sweep(trial, *command, **truth)


add_sweep("nmap-sweep-22", "nmap", "-n", "-Pn", "-sS", "-T4", "-p", "22", "10.97.5.0/24",
          port=22)
add_sweep("zmap-24", "zmap", "-p", "80", "-i", "net0", "-G", "GATEWAY", "-b", "/dev/null",
          "-r", "1000", "-c", "1", "-q", "-o", "/dev/null", "10.97.5.0/24")
add_sweep("zmap-24-open", "zmap", "-p", "80", "-i", "net0", "-G", "GATEWAY", "-b",
          "/dev/null", "-r", "1000", "-c", "1", "-q", "-o", "/dev/null", "10.97.5.0/24",
          addresses=("0.0.0.0",))
add_sweep("masscan-24", "masscan", "-p", "80", "--rate", "1000", "--wait", "1",
          "10.97.5.0/24")
add_sweep("masscan-24-slow", "masscan", "-p", "80", "--rate", "20", "--wait", "1",
          "10.97.5.0/24")
add_sweep("masscan-24-100-ports", "masscan", "-p", "1-100", "--rate", "5000", "--wait", "1",
          "10.97.5.0/24", kinds=("host_sweep", "port_scan"), port=None)


def add_tool(name, *command, technique="syn", seconds=30):
    @scenario(name, "scan-tools")
    def run(trial):
        scan(trial, site(trial), *command, server=VICTIM, techniques=(technique,),
             seconds=seconds)


for rate in (100, 1000, 10000):
    add_tool(f"masscan-{rate}pps", "masscan", "-p", "1-1000", "--rate", str(rate), "--wait",
             "1", VICTIM)
add_tool("masscan-65535", "masscan", "-p", "1-65535", "--rate", "20000", "--wait", "1",
         VICTIM)
add_tool("masscan-udp", "masscan", "-p", "U:1-1000", "--rate", "1000", "--wait", "1", VICTIM,
         technique="udp")
add_tool("hping3-scan-S", "hping3", "--scan", "1-1000", "-S", VICTIM)
add_tool("hping3-scan-F", "hping3", "-F", "-p", "++1", "-i", "u1000", "-c", "300", VICTIM,
         technique="fin")
add_tool("hping3-scan-udp", "hping3", "--udp", "-p", "++1", "-i", "u1000", "-c", "300",
         VICTIM, technique="udp")


def distributed(trial, sources, truth):
    """All share a thousand ports of one host among them; each tries twenty."""
    place = site(trial)
    for address in sources:
        place.attacker.ip("addr", "add", f"{address}/16", "dev", "net0")
    ports = trial.random.sample(range(1, 65536), 20 * len(sources))
    trial.watch(place.victim)
    with ordinary_traffic(place), trial.attack(
            ("distributed_scan",), server=VICTIM, techniques=(), **truth) as attack:
        for number, address in enumerate(sources):
            mine = ",".join(map(str, ports[number * 20:(number + 1) * 20]))
            place.attacker.tree("nmap", "-n", "-Pn", "-sS", "-T4", "-e", "net0", "-S",
                                address, "-p", mine, VICTIM)
    attack.also = ("port_scan",)
    trial.judge()


@scenario("distributed-50", "scan-tools")
def distributed_many(trial):
    sources = [f"185.60.{trial.random.randrange(1, 255)}.{trial.random.randrange(1, 255)}"
               for _ in range(50)]
    distributed(trial, sorted(set(sources)), {"client": "185.60.0.0/16"})


@scenario("distributed-24", "scan-tools")
def distributed_network(trial):
    """Eight hosts of one network."""
    distributed(trial, [f"185.60.77.{number}" for number in range(10, 18)],
                {"client": "185.60.77.0/24"})
