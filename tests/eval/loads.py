"""loads.py: benign traffic that has been taken for attacks, as lines for conversations.

A load is a function of a Maker that yields lines (see conversations.c).  All that is ours
is in 10.20.0.0/16 and fd20::/16, strangers have addresses of the Internet.  Times are
seconds since the load began; a seed gives the same lines each time.
"""
import itertools
import random

HOME = ["10.20.0.0/16", "fd20::/16"]
START_US = 1_700_000_000_000_000
SERVER, OFFICE, RESOLVER, MAIL, MONITOR = (f"10.20.0.{n}" for n in (10, 77, 53, 25, 4))
HTTP_ASK = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n".hex()
HTTP_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine".hex()
DENIED_ASK = b"GET /m HTTP/1.1\r\nHost: m\r\nAuthorization: Basic Ym9iOng=\r\n\r\n".hex()
LOGIN_ASK = b"GET /m HTTP/1.1\r\nHost: m\r\nAuthorization: Basic Ym9iOmNk\r\n\r\n".hex()
DENIED_ANSWER = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".hex()
DNS_ASK = "12340100000100000000000003777777076578616d706c65036f72670000010001"
DNS_ANSWER = ("12348180000100010000000003777777076578616d706c65036f72670000010001"
              "c00c0001000100000e1000045db8d822")
STUN = "000100002112a442" + "00" * 12
HTTP = (f"ask={HTTP_ASK} asks={len(HTTP_ASK) // 2} "
        f"answer={HTTP_ANSWER} bytes={len(HTTP_ANSWER) // 2}")
DENIED = (f"ask={DENIED_ASK} asks={len(DENIED_ASK) // 2} "
          f"answer={DENIED_ANSWER} bytes={len(DENIED_ANSWER) // 2}")
LOGIN = (f"ask={LOGIN_ASK} asks={len(LOGIN_ASK) // 2} "
         f"answer={HTTP_ANSWER} bytes={len(HTTP_ANSWER) // 2}")
DNS = f"ask={DNS_ASK} asks={len(DNS_ASK) // 2} answer={DNS_ANSWER} bytes={len(DNS_ANSWER) // 2}"
FIRST_EPHEMERAL, LAST_EPHEMERAL = 32768, 60999  # Linux; what we choose for ourselves


class Maker:
    """What all loads draw from: chance, addresses, ephemeral ports."""

    def __init__(self, seed, begin_s=0):
        self.random = random.Random(seed)
        self.begin_us = START_US + int(begin_s * 1e6)

    def stranger(self):
        draw = self.random.randrange
        return f"{draw(20, 99)}.{draw(1, 254)}.{draw(1, 254)}.{draw(1, 254)}"

    def strangers(self, count):
        return [self.stranger() for _ in range(count)]

    def stranger6(self):
        draw = self.random.randrange
        return f"2a02:{draw(1, 65535):x}:{draw(1, 65535):x}::{draw(1, 65535):x}"

    def ephemeral(self):
        return self.random.randint(FIRST_EPHEMERAL, LAST_EPHEMERAL)

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, **weights):
        return self.random.choices(list(weights), weights=list(weights.values()))[0]

    def line(self, at_s, outcome, client, server, port, keys="", client_port=None):
        """A conversation; two of one time are fine.  What is said at 443 is not for us."""
        if port == 443:
            keys = keys.replace(HTTP, "asks=517 bytes=3000")
        return (f"{self.begin_us + int(at_s * 1e6)} {outcome} {client} "
                f"{client_port or self.ephemeral()} {server} {port} {keys}\n")


def times(maker, count, during_s):
    """That many moments, in order."""
    return sorted(maker.random.uniform(0, during_s) for _ in range(count))


def every(step_s, during_s, first_s=0.0):
    at_s = first_s
    while at_s < during_s:
        yield at_s
        at_s += step_s


# ---- clients of ours, out ----

def crawler(m):
    """Thousands of hosts in ten minutes, every fifth of them dead."""
    for at_s in times(m, 6000, 600):
        outcome = m.pick(served=75, reset=3, silent=12, refused=7, no_host=3)
        keys = f"{HTTP} rtt=40000" if outcome in ("served", "reset") else "count=3 rtt=40000"
        yield m.line(at_s, outcome, OFFICE, m.stranger(), m.random.choice((80, 443)), keys)


def bittorrent(m):
    """DHT and peers at every port, 60 % dead; peers that call back, also when it has ended."""
    for at_s in times(m, 8000, 900):
        what = m.random.random()
        peer, port = m.stranger(), m.random.randint(1025, 65535)
        if what < 0.5:
            outcome = m.pick(answered=40, unanswered=45, no_port=15)
            yield m.line(at_s, outcome, OFFICE, peer, port, "rtt=80000", client_port=51413)
        elif what < 0.8:
            outcome = m.pick(served=40, silent=35, refused=20, no_host=5)
            yield m.line(at_s, outcome, OFFICE, peer, port, "count=2 rtt=80000")
        else:
            outcome = "served" if at_s < 600 else "refused"
            yield m.line(at_s, outcome, peer, OFFICE, 51413, "rtt=80000")
        if at_s > 600 and m.chance(0.5):
            yield m.line(at_s, "no_port", peer, OFFICE, 51413, "asks=100", client_port=port)


def resolver(m):
    """Thousands of servers; some are dead, slow, or answer when nobody waits any more."""
    forwarders = m.strangers(3)
    for at_s in times(m, 12000, 900):
        server = m.random.choice(forwarders) if m.chance(0.3) else m.stranger()
        outcome = m.pick(answered=86, unanswered=9, no_port=2, late=3)
        port = m.ephemeral()
        if outcome == "late":
            yield m.line(at_s, "unanswered", RESOLVER, server, 53, DNS, client_port=port)
            # The socket is closed: we say so, to each of them (RFC 1122, 4.1.3.1).
            yield m.line(at_s + m.random.uniform(5, 25), "no_port", server, RESOLVER, port,
                         "asks=120 rtt=20", client_port=53)
            continue
        keys = f"{DNS} rtt=30000"
        if outcome != "answered":
            keys += " count=2 gap=800000"
        yield m.line(at_s, outcome, RESOLVER, server, 53, keys, client_port=port)


def happy_eyeballs(m):
    """IPv6 is broken on the way: each connection is tried twice, one is given up."""
    for at_s in times(m, 1500, 600):
        site6, site, user6 = m.stranger6(), m.stranger(), m.stranger6()
        outcome = m.pick(silent=50, given_up=30, no_host=20)
        yield m.line(at_s, outcome, "fd20::77", site6, 443, "count=2 rtt=300000")
        yield m.line(at_s + 0.25, "served", OFFICE, site, 443, "rtt=30000")
        yield m.line(at_s, "silent", user6, "fd20::10", 443, "count=2")
        yield m.line(at_s + 0.25, "served", m.stranger(), SERVER, 443, "rtt=30000")


def web_calls(m):
    """STUN and WebRTC: from one port to dozens of candidates of each peer."""
    for at_s in times(m, 60, 900):
        peer, port = m.stranger(), m.ephemeral()
        for number in range(m.random.randint(3, 12)):
            outcome = "answered" if number == 0 else m.pick(unanswered=8, no_port=2)
            yield m.line(at_s + number * 0.05, outcome, OFFICE, peer, m.ephemeral(),
                         f"ask={STUN} asks=20 count=3 gap=300000 rtt=40000", client_port=port)
        for number in range(m.random.randint(1, 3)):
            yield m.line(at_s + 1 + number * 0.05, "unanswered", peer, OFFICE, m.ephemeral(),
                         f"ask={STUN} asks=20 count=4 gap=300000")


def mail(m):
    """Servers that ask for our ident when we bring mail, and we for theirs."""
    lists = m.stranger()
    for at_s in times(m, 3000, 900):
        far = lists if m.chance(0.2) else m.stranger()
        near_first = m.chance(0.5)
        client, server = (MAIL, far) if near_first else (far, MAIL)
        yield m.line(at_s, "served", client, server, 25, "count=4 rtt=30000 bytes=60")
        yield m.line(at_s + 0.06, m.pick(refused=7, silent=3), server, client, 113,
                     "count=2 rtt=30000")


def active_ftp(m):
    """The server connects to its client, from port 20; some clients are behind a wall."""
    server = m.stranger()
    for at_s in times(m, 300, 900):
        client = m.stranger()
        yield m.line(at_s, "served", client, "10.20.0.21", 21, "count=5 rtt=30000 bytes=60")
        yield m.line(at_s + 0.2, m.pick(served=9, silent=1), "10.20.0.21", client, m.ephemeral(),
                     "rtt=30000 count=1 bytes=9000", client_port=20)
    for number in range(12):
        yield m.line(100 + number * 20, "served", OFFICE, server, 21, "count=2 rtt=30000")
        yield m.line(100.2 + number * 20, m.pick(served=7, refused=3), server, OFFICE,
                     m.ephemeral(), "bytes=9000 rtt=30000", client_port=20)


# ---- clients of others, in ----

def users_behind_nat(m):
    """500 people of one address, some of whom guess ports."""
    nat = m.stranger()
    ttls = (52, 116, 50, 243)  # Linux, Windows, one behind another router, odd ones
    guesses = (8080, 8443, 21, 110, 143, 993, 587, 465)
    for at_s in times(m, 15000, 900):
        if m.chance(0.01):
            yield m.line(at_s, m.pick(refused=1, silent=1), nat, SERVER,
                         m.random.choice(guesses),
                         f"count=2 rtt=20000 ttl={m.random.choice(ttls)}")
            continue
        outcome = m.pick(served=90, reset=6, given_up=4)
        yield m.line(at_s, outcome, nat, SERVER, m.random.choice((80, 443, 443)),
                     f"{HTTP} rtt=20000 ttl={m.random.choice(ttls)}")


def overload(m):
    """Everybody comes at once, and for half a minute the server can't take them all."""
    for at_s in times(m, 2000, 300):
        yield m.line(at_s, "served", m.stranger(), SERVER, 443, "rtt=20000")
    for at_s in times(m, 30000, 60):
        late = at_s > 20 and m.chance(0.4)
        yield m.line(100 + at_s, "silent" if late else "served", m.stranger(), SERVER, 443,
                     "count=3 rtt=60000")


def large_answers(m):
    """A name server with signatures, SNMP for its monitor: answers are 20 times the questions."""
    resolvers = m.strangers(300)
    for at_s in times(m, 20000, 900):
        yield m.line(at_s, "answered", m.random.choice(resolvers), "10.20.0.54", 53,
                     "asks=60 bytes=1400 rtt=50")
    for at_s in every(0.2, 900):
        yield m.line(at_s, "answered", MONITOR, SERVER, 161, "asks=70 bytes=1400 rtt=50",
                     client_port=40001)


def one_way_streams(m):
    """Logs of 80 hosts, NetFlow of a router, a camera, a tunnel: nobody answers, or in kind."""
    for host in range(1, 81):
        for at_s in every(0.05, 120, m.random.uniform(0, 0.05)):
            yield m.line(at_s, "unanswered", f"10.20.5.{host}", "10.20.0.14", 514, "asks=300",
                         client_port=40000 + host)
    for at_s in every(0.01, 120):
        yield m.line(at_s, "unanswered", "10.20.0.1", "10.20.0.14", 2055, "asks=1400",
                     client_port=50000)
        yield m.line(at_s, "unanswered", "10.20.0.90", SERVER, 5004, "count=10 gap=900 asks=1300",
                     client_port=5004)
    peer = m.stranger()
    yield m.line(1, "answered", peer, SERVER, 51820, "count=600000 gap=100 rtt=90 asks=1300",
                 client_port=51820)


def outage(m):
    """The line is down for five minutes, and a crawler, people and a resolver go on."""
    for at_s in times(m, 9000, 900):
        client = OFFICE if m.chance(0.3) else f"10.20.1.{m.random.randint(1, 100)}"
        down = 400 <= at_s < 700
        yield m.line(at_s, "silent" if down else "served", client, m.stranger(), 443, "count=3")
        yield m.line(at_s, "unanswered" if down else "answered", RESOLVER, m.stranger(), 53,
                     f"{DNS} rtt=30000")


def balancer(m):
    """Checks of a backend every second, of which it refuses half an hour, then is silent."""
    for at_s in every(1, 2400):
        outcome = "served" if at_s < 300 else "refused" if at_s < 2100 else "silent"
        for number in (2, 3):
            yield m.line(at_s + number / 10, outcome, f"10.20.0.{number}", SERVER, 8080,
                         HTTP if outcome == "served" else "")


def balancer_stopped(m):
    """The same, and it was stopped before anybody looked."""
    for at_s in every(1, 900):
        for number in (2, 3):
            yield m.line(at_s + number / 10, "refused", f"10.20.0.{number}", SERVER, 8080)


def dead_service(m):
    """Clients that don't give up."""
    clients = m.strangers(150) + [f"10.20.1.{n}" for n in range(1, 51)]
    for client in clients:
        step_s = m.random.uniform(1, 20)
        for at_s in every(step_s, 900, m.random.uniform(0, step_s)):
            yield m.line(at_s, "refused", client, SERVER, 5432, "rtt=10000")


def prometheus(m, alive_s=0.0):
    """80 targets every 15 s, of which 30 die, 20 of these on one host."""
    lives = [(f"10.20.2.{n}", 9100) for n in range(1, 51)]
    dies = [("10.20.0.20", 9100 + n) for n in range(20)]
    dies += [(f"10.20.3.{n}", 9100) for n in range(1, 11)]
    for target, port in lives + dies:
        for at_s in every(15, 900, m.random.uniform(0, 15)):
            is_dead = (target, port) in dies and at_s >= alive_s
            outcome = "refused" if is_dead else "served"
            yield m.line(at_s, outcome, MONITOR, target, port, "" if is_dead else HTTP)


def prometheus_died(m):
    """The same, and they were alive for five minutes."""
    return prometheus(m, 300)


def backup(m):
    """Data over 200 ports of one server, some of them tried too early."""
    for number in range(400):
        port = 2500 + number % 200
        if m.chance(0.03):
            yield m.line(number * 0.3 - 0.2 + 1, "refused", "10.20.0.6", SERVER, port)
        yield m.line(number * 0.3 + 1, "served", "10.20.0.6", SERVER, port,
                     "count=5 bytes=30000 gap=400000")


def passive_ftp(m):
    """Hundreds of data ports, of one client and of many."""
    clients = m.strangers(40)
    for at_s in times(m, 1500, 900):
        client = clients[0] if m.chance(0.4) else m.random.choice(clients)
        yield m.line(at_s, "served", client, "10.20.0.21", 21, "count=6 rtt=30000 bytes=50")
        yield m.line(at_s + 0.3, m.pick(served=98, refused=1, given_up=1), client, "10.20.0.21",
                     m.random.randint(40000, 40999), "asks=1 bytes=20000 rtt=30000")


def calls(m):
    """SIP, and RTP on two ports of each call; media that comes too early."""
    gateway = m.stranger()
    for number, at_s in enumerate(times(m, 200, 900)):
        port = 10000 + number * 4
        yield m.line(at_s, "answered", gateway, "10.20.0.60", 5060, "count=4 bytes=500",
                     client_port=5060)
        if m.chance(0.05):
            yield m.line(at_s + 0.2, "no_port", gateway, "10.20.0.60", port, "asks=172",
                         client_port=port + 1000)
        for stream in (0, 1):
            yield m.line(at_s + 0.5, "answered", gateway, "10.20.0.60", port + stream,
                         f"asks=172 bytes=172 count={1000 - 980 * stream} gap=20000 rtt=5000",
                         client_port=port + 1000 + stream)


def reboot(m, begin_s=0):
    """Clients, and one that uses all, of 25 services of a server that starts anew."""
    services = [22, 25, 80, 110, 143, 443, 465, 587, 993, 995, 3306, 5432, 6379, 8080, 8443,
                9090, 9100, 9200, 11211, 27017, 5672, 15672, 8081, 8082, 8083]
    admin, people = "10.20.0.5", m.strangers(1500)
    for at_s in times(m, 20000, 900):
        if at_s < begin_s:
            continue
        client = admin if m.chance(0.05) else m.random.choice(people)
        port = m.random.choice(services if client == admin else (443, 443, 80, 25, 993))
        outcome = "served"
        if 300 <= at_s < 360:
            outcome = m.pick(silent=9, no_host=1)
        elif 360 <= at_s < 420:
            outcome = "refused"
        yield m.line(at_s, outcome, client, SERVER, port, "rtt=20000 count=2")


def reboot_midway(m):
    """The same, and who looks does so first when thousands of connections are open."""
    for number, at_s in enumerate(times(m, 4000, 20)):
        yield m.line(250 + at_s, "running" if number % 4 else "late_ack", m.stranger(), SERVER,
                     m.random.choice((22, 443, 993)), "count=8 gap=5000000 rtt=20000")
    yield from reboot(m, 250)


def late_segments(m):
    """CGNAT and slow clients: FIN, ACK and data of connections that are long forgotten."""
    nat = m.stranger()
    for at_s in times(m, 3000, 900):
        client = nat if m.chance(0.3) else m.stranger()
        outcome = m.pick(late=1, late_ack=1)
        yield m.line(at_s, outcome, client, SERVER, m.random.choice((443, 443, 80, 993)),
                     f"rtt=20000 asks={m.random.randrange(2)}")
        # A server of theirs, to the ports that our clients had.
        yield m.line(at_s, outcome, m.stranger() if m.chance(0.7) else nat, OFFICE, m.ephemeral(),
                     "rtt=20000", client_port=443)


# ---- who looks after the network ----

def traceroute(m):
    """By UDP to one host after the other, each probe to a port of its own."""
    for number in range(40):
        client, port = m.stranger(), 33434
        for ttl in range(30):
            outcome = "no_port" if ttl > 2 else "expired"
            yield m.line(number * 20 + ttl * 0.02, outcome, client, SERVER, port + ttl,
                         f"asks=32 ttl={max(1, ttl - 10)}")


def traceroute_out(m):
    """The same, from us, and TCP's to one port."""
    for number in range(40):
        target = m.stranger()
        for ttl in range(30):
            outcome = "no_port" if ttl > 12 else "expired"
            yield m.line(number * 20 + ttl * 0.02, outcome, OFFICE, target, 33434 + ttl,
                         f"asks=32 ttl={ttl + 1}")


def ping_monitor(m):
    """100 hosts every 10 s, ten of them dead."""
    for host in range(1, 101):
        for at_s in every(10, 900, host / 10):
            yield m.line(at_s, "ping_dead" if host % 10 == 0 else "ping", MONITOR,
                         f"10.20.4.{host}", 0, client_port=host)


def time_servers(m):
    """A pool's server with thousands of clients, and our own clocks."""
    ntp = "asks=48 bytes=48 rtt=20000"
    for at_s in times(m, 10000, 900):
        yield m.line(at_s, "answered", m.stranger(), "10.20.0.12", 123, f"{ntp} rtt=50")
        if m.chance(0.2):
            outcome = m.pick(answered=9, unanswered=1)
            yield m.line(at_s, outcome, f"10.20.1.{m.random.randint(1, 200)}", m.stranger(), 123,
                         ntp, client_port=123)


def chatter(m):
    """mDNS, SSDP, NetBIOS, DHCP, printers, players and games, all to everybody."""
    groups = [("224.0.0.251", 5353), ("239.255.255.250", 1900), ("239.255.255.250", 3702),
              ("224.0.0.252", 5355), ("224.0.1.187", 5683), ("239.255.250.250", 9131)]
    groups += [(address, port) for address in ("10.20.0.255", "10.20.255.255", "255.255.255.255")
               for port in (137, 138, 8610, 8612, 3289, 6666, 6667, 9999, 10001, 15600, 17500,
                            22222, 32412, 32414, 27036, 57621, 48899, 1947)]
    for host in range(1, 60):
        for at_s in every(30, 900, m.random.uniform(0, 30)):
            group, port = m.random.choice(groups)
            yield m.line(at_s, "unanswered", f"10.20.0.{host}", group, port, "count=2 gap=200000",
                         client_port=port)
    for at_s in times(m, 300, 900):
        yield m.line(at_s, "unanswered", "0.0.0.0", "255.255.255.255", 67, "asks=300",
                     client_port=68)
        yield m.line(at_s, "solicited", f"fe80::{m.random.randint(1, 60):x}",
                     f"ff02::1:ff00:{m.random.randint(1, 500):x}", 0)


def stale_password(m):
    """A telephone with the old password, every quarter of an hour for a day; typing errors."""
    phone = m.stranger()
    for at_s in every(900, 86400):
        yield m.line(at_s, "served", phone, MAIL, 80, f"{DENIED} rtt=40000")
    for at_s in times(m, 200, 86400):
        person = m.stranger()
        for number in range(m.random.randint(1, 3)):
            yield m.line(at_s + number * 9, "served", person, MAIL, 80, f"{DENIED} rtt=40000")
        yield m.line(at_s + 40, "served", person, MAIL, 80, f"{LOGIN} rtt=40000")


LOADS = [crawler, bittorrent, resolver, outage, overload, large_answers,
         one_way_streams, happy_eyeballs, web_calls, mail, active_ftp, users_behind_nat,
         balancer, balancer_stopped, dead_service, prometheus, prometheus_died, backup,
         passive_ftp, calls, reboot, reboot_midway, late_segments, traceroute,
         traceroute_out, ping_monitor, time_servers, chatter, stale_password]


def in_order(lines):
    """By time, as conversations wants them."""
    return sorted(lines, key=lambda line: int(line[:line.index(" ")]))


# ---- days ----

def moments(m, count, shape):
    """That many of a day, more of them where the shape (24 hours) is high."""
    hours = m.random.choices(range(24), weights=shape, k=count)
    return [(hour + m.random.random()) * 3600 for hour in hours]


OFFICE_HOURS = [1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 19, 18, 15, 17, 18, 17, 14, 10, 7, 5, 4, 3, 2, 1]
EVENINGS = [6, 4, 3, 2, 2, 2, 3, 5, 7, 8, 9, 10, 11, 11, 10, 10, 11, 13, 15, 17, 18, 17, 14, 10]


def day_web(m, down):
    people = m.strangers(4000)
    for at_s in moments(m, 30000, EVENINGS):
        person = people[int(len(people) * m.random.random() ** 2)]
        for number in range(m.random.randint(1, 3)):
            outcome = m.pick(served=93, reset=4, given_up=2, late=1)
            port = m.random.choice((443, 443, 443, 80))
            if m.chance(0.002):
                outcome, port = "refused", m.random.choice((8080, 8443, 21, 22, 8000))
            elif down(at_s):
                outcome = down(at_s)
            yield m.line(at_s + number * 0.4, outcome, person, SERVER, port,
                         f"{HTTP} rtt=30000 count=2")


def day_office(m, down):
    """People who surf, look names up, talk and share; their mail."""
    del down
    for at_s in moments(m, 12000, OFFICE_HOURS):
        person, site = f"10.20.1.{m.random.randint(1, 120)}", m.stranger()
        outcome = m.pick(answered=92, unanswered=6, no_port=2)
        yield m.line(at_s, outcome, RESOLVER, m.stranger(), 53, f"{DNS} rtt=30000")
        outcome = m.pick(served=90, reset=3, silent=4, refused=2, given_up=1)
        yield m.line(at_s + 0.1, outcome, person, site, 443, f"{HTTP} rtt=40000 count=2")
        if m.chance(0.02):
            yield m.line(at_s, "no_port", "9.9.9.9", RESOLVER, m.ephemeral(), "asks=99 rtt=9",
                         client_port=53)
    for load in (mail, calls, web_calls, passive_ftp):
        shift_s = m.random.uniform(8, 17) * 3600
        begin_us, m.begin_us = m.begin_us, m.begin_us + int(shift_s * 1e6)
        yield from itertools.islice(load(m), 500)
        m.begin_us = begin_us


def day_machines(m, down):
    """Monitors, balancers, clocks, backups: the same every day."""
    for at_s in every(60, 86400, m.random.uniform(0, 60)):
        for number in range(12):
            outcome = "refused" if number < 3 else down(at_s) or "served"
            yield m.line(at_s + number, outcome, MONITOR, SERVER if number < 8 else "10.20.0.20",
                         9100 + number, HTTP if outcome == "served" else "count=2")
    for at_s in every(10, 86400, m.random.uniform(0, 10)):
        yield m.line(at_s, down(at_s) or "served", "10.20.0.2", SERVER, 8080, HTTP)
    for at_s in every(64, 86400, m.random.uniform(0, 64)):
        yield m.line(at_s, "answered", SERVER, "162.159.200.1", 123, "asks=48 bytes=48")
        yield m.line(at_s, "ping", MONITOR, SERVER, 0, client_port=7)
    begin_us, m.begin_us = m.begin_us, m.begin_us + 2 * 3600 * 1_000_000
    yield from backup(m)
    m.begin_us = begin_us


def host_day(seed, number):
    """Lines of one day in order; every third has a reboot at night, some have more."""
    m = Maker(f"{seed}/{number}", number * 86400)
    boots_s = 3 * 3600 + m.random.uniform(0, 3600) if number % 3 == 1 else None

    def down(at_s):
        since_s = -1 if boots_s is None else at_s - boots_s
        return "silent" if 0 <= since_s < 70 else "refused" if 70 <= since_s < 100 else None

    parts = [day_web(m, down), day_office(m, down), day_machines(m, down)]
    extras = (bittorrent, crawler, late_segments, traceroute, users_behind_nat, resolver,
              stale_password)
    extra = extras[number % len(extras)]
    begin_s = 0 if extra is stale_password else 10 * 3600
    parts.append(extra(Maker(f"{seed}/{number}/more", number * 86400 + begin_s)))
    return in_order(itertools.chain(*parts))
