"""stage.py: the networks and real servers of the scene; scene.py says what happens there.

  street (clients, neighbours) === server (what is watched)
  slow (a client behind a link of 60 ms) === server

Addresses are those of documentation (RFC 5737, RFC 3849), so that pictures of it show
nobody.
"""
import os
import pathlib
import sys
import time

import lab as e2e
from lab import until
from servers.scene import RIGHT, Scene

HERE = pathlib.Path(__file__).resolve().parent
OURS, OURS6 = "203.0.113.10", "2001:db8:113::10"
STREET, STREET6 = "203.0.113.1", "2001:db8:113::1"
DATABASE, PRINTER, SHOP = "203.0.113.20", "203.0.113.30", "203.0.113.40"
NEIGHBOURS = (DATABASE, PRINTER, SHOP)
OFFICE = ("198.51.100.20", "198.51.100.21", "198.51.100.22")
VISITORS = tuple(f"198.51.100.{number}" for number in range(130, 150))
VISITORS6 = tuple(f"2001:db8:51::{number}" for number in range(20, 26))
SCANNER, GUESSER, CURIOUS, FLOODER = "192.0.2.66", "192.0.2.77", "192.0.2.88", "192.0.2.99"
KNOCKERS = tuple(f"192.0.2.{number}" for number in range(200, 220))
SLOW, SLOW_GATE = "198.18.0.90", "198.18.0.1"
SLOW_MS = 30   # each way
APPLICATION = 9000   # behind nginx
CERTIFICATE_DAYS = 12
ZONE = """$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 203.0.113.10
www A 203.0.113.10
www AAAA 2001:db8:113::10
mail A 203.0.113.40
"""


class Stage:
    """Made at once; ready() waits for all servers."""

    def __init__(self, lab):
        self.lab = lab
        self.server, self.street = lab.namespace("server"), lab.namespace("street")
        self.wire()
        self.dir = lab.dir
        self.scene = Scene(lab, "stage", OURS, self.server, None)
        self.waiting = [self.start_sshd(), self.start_nginx(), self.start_redis(),
                        self.start_named()]

    def wire(self):
        street, server = self.street, self.server
        self.lab.join(server, "eth0", street, "eth0")
        for network, four, six in ((server, OURS, OURS6), (street, STREET, STREET6)):
            network.ip("addr", "add", f"{four}/24", "dev", "eth0")
            network.ip("addr", "add", f"{six}/64", "dev", "eth0", "nodad")
            network.ip("link", "set", "eth0", "up")
        batch = "".join(f"addr add {address}/{128 if ':' in address else 32} dev lo\n"
                        for address in (*NEIGHBOURS, *OFFICE, *VISITORS, *VISITORS6, SCANNER,
                                        GUESSER, CURIOUS, FLOODER, *KNOCKERS))
        file = self.lab.dir / "addresses"
        file.write_text(batch)
        street.ip("-batch", str(file))
        for address in NEIGHBOURS:
            server.ip("route", "add", f"{address}/32", "via", STREET)
        server.ip("route", "add", "default", "via", STREET)
        server.ip("-6", "route", "add", "default", "via", STREET6)
        # Who sends SYNs by himself does not have his kernel refuse what answers them.
        street.run("nft", "add table ip street; add chain ip street out { type filter hook "
                   f"output priority 0; }}; add rule ip street out ip saddr {{ {SCANNER}, "
                   f"{FLOODER} }} tcp flags & rst == rst drop")
        self.wire_slow()

    def wire_slow(self):
        """A link of its own, whose frames a relay passes on late."""
        self.slow, relay = self.lab.namespace("slow"), self.lab.namespace("relay")
        self.lab.join(self.slow, "eth0", relay, "left")
        self.lab.join(self.server, "eth1", relay, "right")
        for network, link in ((self.slow, "eth0"), (relay, "left"), (relay, "right"),
                              (self.server, "eth1")):
            network.ip("link", "set", link, "up")
            network.tree("ethtool", "-K", link, "tx", "off", "tso", "off", "gso", "off",
                        "gro", "off", status=None)
        self.slow.ip("addr", "add", f"{SLOW}/24", "dev", "eth0")
        self.server.ip("addr", "add", f"{SLOW_GATE}/24", "dev", "eth1")
        self.slow.ip("route", "add", "default", "via", SLOW_GATE)
        build = os.environ.get("BUILD", str(e2e.ROOT / "build"))
        made = relay.start(f"{build}/tests/delay_relay", "left", "right", str(SLOW_MS))
        until(lambda: "ready" in made.out(), f"a relay: {made.err()}")

    # ---- what is served ----

    def serves(self, port, kind="-t"):
        return lambda: self.server.listens(port, kind), f"a server on {port}"

    def start_sshd(self):
        self.server.tree("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                         f"{self.dir}/host")
        self.server.start_sshd("-f", self.scene.write("sshd_config", f"""
ListenAddress {OURS}:22
ListenAddress [{OURS6}]:22
HostKey {self.dir}/host
PidFile none
UsePAM no
MaxStartups 100
"""))
        return self.serves(22)

    def certificate(self):
        crt, key = self.dir / "www.crt", self.dir / "www.key"
        self.lab.run(e2e.TREE_RUN, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(CERTIFICATE_DAYS),
                     "-subj", "/CN=www.harbour.example", "-addext",
                     f"subjectAltName=DNS:www.harbour.example,IP:{OURS}", "-keyout", str(key),
                     "-out", str(crt))
        return crt, key

    def start_nginx(self):
        self.server.start(sys.executable, str(HERE / "application.py"), str(APPLICATION))
        crt, key = self.certificate()
        site = self.dir / "site"
        site.mkdir()
        for name, size in (("index.html", 6000), ("berths.json", 24000),
                           ("chart.bin", 300000)):
            (site / name).write_bytes(b"harbour " * (size // 8))
        temporary = "".join(f"{kind}_temp_path {self.dir}/{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.server.start_tree("nginx", "-c", self.scene.write("nginx.conf", f"""
daemon off; master_process off; worker_processes 1; user root;
pid {self.dir}/nginx.pid; error_log {self.dir}/nginx.errors crit;
events {{ worker_connections 512; }}
http {{
	access_log off; {temporary}
	server {{
		listen {OURS}:80; listen [{OURS6}]:80;
		listen {OURS}:443 ssl; listen [{OURS6}]:443 ssl;
		server_name www.harbour.example;
		ssl_certificate {crt}; ssl_certificate_key {key};
		root {site};
		location /api/ {{ proxy_pass http://127.0.0.1:{APPLICATION}; }}
	}}
}}
"""))
        return self.serves(443)

    def start_redis(self):
        self.server.start_tree("redis-server", self.scene.write("redis.conf", f"""
bind {OURS}
port 6379
dir {self.dir}
save ""
requirepass {RIGHT}
"""))
        return self.serves(6379)

    def start_named(self):
        self.scene.write("harbour.zone", ZONE)
        self.server.start_tree("named", "-f", "-n", "1", "-c", self.scene.write(
            "named.conf", f"""
options {{
	directory "{self.dir}"; pid-file none; session-keyfile none;
	listen-on {{ {OURS}; }}; listen-on-v6 {{ {OURS6}; }};
	recursion no; dnssec-validation no; minimal-responses yes;
}};
controls {{ }};
zone "harbour.example" {{ type primary; file "harbour.zone"; }};
"""))
        return self.serves(53)

    def ready(self):
        began = time.monotonic()
        for condition, what in self.waiting:
            until(condition, what, 60, 0.05)
        return time.monotonic() - began
