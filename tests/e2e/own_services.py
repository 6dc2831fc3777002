#!/usr/bin/env python3
"""own_services.py: a machine's own services, found and asked without being named; its
clients, who stand for probes while they are served; and what is said when they are not.

sshd, nginx, PostgreSQL and vsftpd of Debian, beside a service that must not be asked and
one that does not speak what is usual on its port.

Runs beside others.
"""
import http.client
import json
import os
import re
import signal
import sys
import threading

import lab as e2e
from lab import until
from servers import files, postgresql
from servers.scene import Scene, certificate

HERE = "127.0.0.1"
WEB, TLS, ODD, DATABASE = 80, 443, 8080, 3306
FOUND = (f"ssh://{HERE}:22", f"http://{HERE}:{WEB}/", f"https://{HERE}:{TLS}/",
         f"postgresql://{HERE}:5432", f"ftp://{HERE}:21")
SITE = FOUND[1]
# What people or their tools would take for an attack or a fault.
TROUBLE = re.compile(r"error|fatal|fail|attack|invalid|illegal|refus|bad |unexpected|"
                     r"incomplete|reset|closed prematurely", re.IGNORECASE)
CONFIG = """
interfaces: [lo]
logs: {journal: no, programs: no}
probe: {own_interval: 1s, retry: 1s}
"""
REGISTER = "ports:\n" + "".join(
    f"  - {{port: {port}, transport: tcp, clients: 10.0.0.0/8}}\n"
    for port in (21, 22, WEB, TLS, ODD, DATABASE, 5432))


class Stranger(threading.Thread):
    """Keeps what everybody says, and answers nobody."""

    def __init__(self, network, port):
        super().__init__(daemon=True)
        self.listener = network.listen(HERE, port)
        self.listener.settimeout(None)
        self.said = []
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
                client.settimeout(1)
                self.said.append(client.recv(4096))
                client.close()
            except TimeoutError:
                self.said.append(b"")
            except OSError:
                return


class Machine:
    """The servers, and who watches them."""

    def __init__(self, lab):
        self.lab = lab
        self.network = lab.namespace("machine")
        self.scene = Scene(lab, "own", HERE, self.network, certificate(lab))
        postgresql.start(self.scene)
        lab.dir.chmod(0o755)
        files.start(self.scene)
        self.sshd = self.start_sshd()
        self.start_nginx()
        self.odd, self.database = (Stranger(self.network, port) for port in (ODD, DATABASE))
        config = lab.dir / "config.yaml"
        config.write_text(CONFIG)
        self.monitor = lab.monitor(self.network, "-c", str(config), json_output=False)

    def start_sshd(self):
        self.network.tree("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                          f"{self.lab.dir}/host")
        program = self.network.start_sshd("-f", self.scene.write("sshd_config", f"""
ListenAddress {HERE}:22
HostKey {self.lab.dir}/host
PidFile none
"""))
        until(lambda: self.network.listens(22), "sshd")
        return program

    def start_nginx(self):
        folder = self.lab.dir
        crt, key = self.scene.certificate()
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.network.start_tree("nginx", "-c", self.scene.write("nginx.conf", f"""
daemon off; master_process off; worker_processes 1; user root;
pid {folder}/pid; error_log {folder}/errors info;
events {{ worker_connections 256; }}
http {{
	log_format asked '$server_port "$request" $status "$http_user_agent"';
	access_log {folder}/asked asked; {temporary} keepalive_timeout 0;
	server {{
		listen {HERE}:{WEB}; listen {HERE}:{TLS} ssl;
		ssl_certificate {crt}; ssl_certificate_key {key};
		location / {{ return 403; }}
		location /harbour {{ return 200 "calm"; }}
		location /sea {{ proxy_pass http://{HERE}:9; }}
	}}
}}
"""))
        until(lambda: self.network.listens(TLS), "nginx")

    def states(self):
        return {one["target"]: one.get("hard_state") for one in self.monitor.get("probes")}

    def answers(self, since=None):
        """Of the site, oldest first, as they are kept."""
        kept = sorted(self.monitor.get(f"probes?port={WEB}&since=1h"), key=lambda one: one["at"])
        return [one for one in kept if since is None or one["at"] > since]

    def get(self, path, source):
        """The status of a page, for a client at that address."""
        with self.network.inside():
            client = http.client.HTTPConnection(HERE, WEB, 10, source_address=(source, 0))
            client.connect()
        client.request("GET", path, headers={"User-Agent": "client"})
        status = client.getresponse().status
        client.close()
        return status

    def visit(self, path, times=1):
        """Five clients come, so many times each."""
        return {self.get(path, f"127.0.0.{number}") for number in range(2, 7)
                for _ in range(times)}

    def failing(self):
        return [one for one in self.monitor.get("findings") if one["kind"] == "users_failing"]

    def accusations(self):
        """Findings about this network, but for what its servers are."""
        return [one for one in self.monitor.get("findings") if "netns" not in one and
                one["kind"] not in ("users_failing", "weak_protocol")]


def found(tap, machine):
    until(lambda: all(machine.states().get(target) == "up" for target in FOUND),
          f"services that are up: {machine.monitor.get('probes')}", 20, 0.1)
    tap.ok(True, "sshd, nginx, PostgreSQL and vsftpd are found, asked, and up")
    probes = {one["target"]: one for one in machine.monitor.get("probes")}
    tap.ok("cert_not_after" in probes[FOUND[2]] and "OpenSSH" in probes[FOUND[0]]["software"],
           "a certificate of nobody is told, and not judged", probes[FOUND[2]])
    until(lambda: any(b"GET /" in said for said in machine.odd.said) and
          set(machine.states()) == set(FOUND),
          f"{machine.states()} {machine.odd.said}", 15, 0.1)
    tap.ok(True, "who does not understand what is usual on its port is let alone")
    tap.equal(machine.database.said, [], "who counts such visits is not visited")
    told = machine.monitor.get("status")["prober"]
    tap.equal((told["own"], told["up"], told["down"]), (len(FOUND), len(FOUND), 0),
              "status counts them", told)
    screen = machine.monitor.command("status", "--plain").stdout
    tap.ok(f"{len(FOUND)} targets: {len(FOUND)} up" in screen, "and says so", screen)


def until_traffic_answers(machine):
    def answered():
        machine.get("/harbour", "127.0.0.2")
        last = machine.answers()[-1:]
        return last if last and last[0]["by"] == "traffic" else None
    return until(answered, f"an answer by traffic: {machine.answers()[-3:]}", 20, 0.5)[0]


def passive(tap, machine):
    answer = until_traffic_answers(machine)
    tap.ok(answer["state"] == answer["hard_state"] == "up" and answer["connect_us"] > 0 and
           answer["first_byte_us"] > 0 and "total_us" not in answer,
           "clients who are served stand for a probe", answer)
    tap.ok(all(one["by"] == "probe" for one in machine.monitor.get("probes?port=22&since=1h")),
           "those of one service say nothing of another")
    shown = next(one for one in machine.monitor.get("probes") if one["target"] == SITE)
    tap.ok("nginx" in shown.get("software", ""), "what was known stays known", shown)
    metrics = machine.monitor.ask("/metrics")
    tap.ok(re.search(r"^breakwater_probes_by_traffic_total [1-9]", metrics, re.M),
           "/metrics counts them apart")


def disagreement(tap, machine):
    tap.equal(machine.visit("/sea", 6), {502}, "a page fails that the probe does not ask for")
    finding = until(machine.failing, f"a finding: {machine.monitor.get('findings')}", 15, 0.1)[0]
    tap.ok(re.match(re.escape(SITE) + r": the probe is answered in [\d.]+ ms, yet 30 of \d+ "
                    "connections of clients in the last minute failed: 30 answered with "
                    r"errors\.$", finding["summary"]) and finding["port"] == WEB,
           "a probe that is well while its users fail is a finding", finding)
    screen = machine.monitor.command("explain", str(WEB), "--plain", status=None).stdout
    tap.ok(f"{SITE} up" in screen.replace("\n             ", " "), "explain tells both", screen)

    def mended():
        machine.visit("/harbour")
        return not machine.failing()
    until(mended, f"the end of it: {machine.failing()}", 25, 0.3)
    tap.ok(True, "and is over when they are served again")
    during = [one["by"] for one in machine.answers(finding["first"]) if one["at"] < finding["last"]]
    tap.ok("traffic" not in during, "meanwhile it was asked each time", during)


def nobody_is_accused(tap, machine):
    machine.network.run(e2e.BREAKWATER, "scan", HERE, "-p", f"21,22,{WEB},{TLS},5432")
    for target in FOUND:
        machine.network.run(e2e.BREAKWATER, "probe", target, status=None)
    tap.equal(machine.accusations(), [], "neither probes nor a scan from here are a finding")
    register = machine.scene.write("register.yaml", REGISTER)
    machine.monitor.command("policy", "apply", register)
    before = machine.monitor.get("probes?port=22&since=1h")
    until(lambda: len(machine.monitor.get("probes?port=22&since=1h")) > len(before) + 1,
          "probes under a register", 10, 0.1)
    tap.equal([one for one in machine.accusations() if one.get("technique") == "connection"], [],
              "nor are they clients that the register does not list")
    flows = machine.monitor.get("flows?port=22&since=1h")
    tap.ok(flows and any(one.get("probe") for one in flows), "their flows are marked", flows)


def logs(tap, machine):
    said = {"sshd": machine.sshd.err(), "nginx": (machine.lab.dir / "errors").read_text(),
            **{f"server {number}": one.err() + one.out()
               for number, one in enumerate(machine.scene.programs)},
            "vsftpd": (machine.lab.dir / "vsftpd.21.log").read_text()}
    for name, text in said.items():
        tap.equal([line for line in text.splitlines() if TROUBLE.search(line) and
                   "/sea" not in line], [], f"{name} logs nothing that looks like trouble")
    asked = (machine.lab.dir / "asked").read_text().splitlines()
    ours = [line for line in asked if '"client"' not in line]
    other = [line for line in ours if not re.fullmatch(
        r'\d+ "GET / HTTP/[\d.]+" 403 "breakwater(/\S+ \(probe\))?"', line)]
    tap.ok(ours and not other, "nginx logs who asked, by name", json.dumps(other[-3:]))


def own_services(tap, lab):
    machine = Machine(lab)
    for part in (found, passive, disagreement, nobody_is_accused, logs, asked_anew):
        part(tap, machine)
    tap.equal(machine.monitor.stop(), 0, "it ends as ever")


def asked_anew(tap, machine):
    asker = int(re.match(r"pid (\d+)", machine.monitor.get("status")["prober"]["detail"])[1])
    os.kill(asker, signal.SIGKILL)
    until(lambda: machine.monitor.get("status")["prober"]["ends"] == 1 and
          set(machine.states().values()) != {"up"}, "the end of who asks")
    until(lambda: all(machine.states().get(target) == "up" for target in FOUND),
          f"all of them again: {machine.states()}", 20, 0.1)
    tap.ok(True, "who asks and is started again is told of all of them")


def not_wanted(tap, lab):
    network = lab.namespace("machine")
    silent = Stranger(network, WEB)
    config = lab.dir / "config.yaml"
    config.write_text(CONFIG.replace("own_interval", "own: no, own_interval"))
    monitor = lab.monitor(network, "-c", str(config), json_output=False)
    until(lambda: monitor.get("listeners?port=80"), "a listener")
    tap.ok("prober" not in monitor.get("status"), "without, there is nobody who asks")
    tap.equal(silent.said, [], "and nobody is asked")


if __name__ == "__main__":
    sys.exit(e2e.main(own_services, not_wanted))
