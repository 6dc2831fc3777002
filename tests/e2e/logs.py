#!/usr/bin/env python3
"""logs.py: attempts to log in that packets and logs both tell of, at real servers.

sshd, nginx and journald write what they write; each attempt is one login, with the user
of the log and the ports of the packets.

Runs beside others.
"""
import base64
import contextlib
import grp
import os
import pathlib
import re
import sys

import lab as e2e
from lab import BREAKWATER, until
from servers import files
from servers.scene import Room, certificate

CLIENT, SERVER = "10.78.0.1", "10.78.0.2"
# Names that a stranger chooses so that a log accuses somebody else, or a terminal obeys.
FORGED = "6.6.6.6"
SSH_NAMES = (f"x from {FORGED} port 22 ssh2", f"x {FORGED} port 22 [preauth]", "\u202eevil")
FTP_NAMES = (f'x] FAIL LOGIN: Client "{FORGED}"', "\x1b[2J\x1b]0;x\x07", "y\r x", "A" * 4000)
JOURNALD = "/lib/systemd/systemd-journald"
SSHD = """
Port 2222
ListenAddress {server}
HostKey {dir}/host_key
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
AuthorizedKeysFile {dir}/key.pub
"""
NGINX = """
daemon off; master_process off; worker_processes 1; user root;
pid {dir}/nginx.pid; error_log {dir}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
	access_log {dir}/nginx-access.log combined;
	client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	server {{
		listen {server}:8080; root {dir};
		auth_basic "x"; auth_basic_user_file {dir}/htpasswd;
	}}
}}
"""


def cable(lab):
    client, server = lab.namespace("client"), lab.namespace("server")
    lab.plug(client, "net0", [CLIENT], server, "net0", [SERVER])
    return client, server


def watch(lab, server, **logs):
    """A monitor that reads logs of this test, by formats that say where they are."""
    formats = lab.dir / "formats.d"
    formats.mkdir()
    text = (e2e.ROOT / "formats/nginx.yaml").read_text()
    (formats / "nginx.yaml").write_text(text.replace("/var/log/nginx/*",
                                                     f"{lab.dir}/nginx-"))
    settings = {"journal": "no", "formats": formats, **logs}
    config = lab.dir / "config.yaml"
    config.write_text("logs:\n" + "".join(f"  {key}: {value}\n"
                                          for key, value in settings.items()))
    return lab.monitor(server, "-c", str(config), "-i", "net0")


def await_reading(monitor, *paths):
    def is_read():
        opened = set()
        for fd in pathlib.Path(f"/proc/{monitor.program.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                opened.add(os.readlink(fd))
        return opened.issuperset(map(str, paths))
    until(is_read, f"{paths} being read")


class Syslog:
    """What a program says on standard error, as a syslog daemon would file it."""

    def __init__(self, path, program, name):
        self.path, self.program, self.name, self.filed = path, program, name, 0
        path.touch()

    def file(self):
        lines = self.program.err().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        with self.path.open("a") as log:
            for line in whole[self.filed:]:
                log.write(f"Nov 25 16:32:01 host {self.name}[1]: {line.rstrip()}\n")
        self.filed = len(whole)


def logins(monitor, **wanted):
    return [one for one in monitor.program.records("login")
            if all(one.get(key) == value for key, value in wanted.items())]


def tell_of_names(tap, monitor):
    """What a stranger calls himself accuses nobody, and nothing obeys it."""
    shown = [monitor.command(command, status=None).stdout for command in ("logins", "findings")]
    shown += [value for one in monitor.get("findings") for value in one.values()
              if isinstance(value, str)]
    monitor.stop()
    told = monitor.program.records("finding") + logins(monitor)
    tap.equal({one["client_ip"] for one in told if "client_ip" in one}, {CLIENT},
              "whatever a name says, who is accused is who did it")
    tap.equal(re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]",
                         "".join(shown) + monitor.program.out()), [],
              "nothing raw of it reaches a terminal, a log or a page")


# ---- sshd ----------------------------------------------------------------------------

def start_sshd(lab, server):
    for name in ("host_key", "key"):
        server.tree("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(lab.dir / name))
    config = lab.dir / "sshd_config"
    config.write_text(SSHD.format(dir=lab.dir, server=SERVER))
    sshd = server.start_sshd("-f", str(config))
    until(lambda: server.listens(2222), "sshd")
    return sshd


def ssh(lab, client, user, *options):
    asked = lab.dir / "askpass"
    asked.write_text("#!/bin/sh\necho wrong\n")
    asked.chmod(0o755)
    os.environ.update(SSH_ASKPASS=str(asked), SSH_ASKPASS_REQUIRE="force")
    return client.tree(
        "ssh", "-F", "none", "-p", "2222", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", *options, f"{user}@{SERVER}",
        "true", status=None)


def with_password(tries):
    return ("-o", "PreferredAuthentications=password",
            "-o", f"NumberOfPasswordPrompts={tries}")


def sshd_and_packets(tap, lab):
    client, server = cable(lab)
    sshd = start_sshd(lab, server)
    log = Syslog(lab.dir / "auth.log", sshd, "sshd")
    log.file()
    monitor = watch(lab, server, files=f"[{log.path}]")
    await_reading(monitor, log.path)
    for name, tries in (("root", 2), *((name, 1) for name in SSH_NAMES)):
        ssh(lab, client, name, *with_password(tries))
        log.file()  # packets wait ten seconds for it
    done = ssh(lab, client, "root", "-i", str(lab.dir / "key"),
               "-o", "PreferredAuthentications=publickey")
    tap.equal(done.returncode, 0, "with the right key, root gets in", done.stderr)

    def told():
        log.file()
        return logins(monitor, outcome="success") and len(logins(monitor)) >= 6
    until(told, "the logins")
    tell_of_names(tap, monitor)
    all_of_them = logins(monitor)
    tap.equal([(one.get("user"), one["outcome"]) for one in all_of_them],
              [("root", "failure"), ("root", "failure"),
               *((name, "failure") for name in SSH_NAMES[:2]),
               (r"\342\200\256evil", "failure"), ("root", "success")],
              "six attempts are six logins, with their users", sshd.err())
    tap.ok(all(one["seen_by"] == "size" and one.get("source") and one["client_ip"] == CLIENT and
               one["server_ip"] == SERVER and one["server_port"] == 2222 and
               one.get("client_port") for one in all_of_them),
           "both ends are the packets', whatever a name says", all_of_them)
    tap.equal([one["method"] for one in all_of_them], ["password"] * 5 + ["publickey"],
              "the methods are sshd's")
    tap.ok(all(one["source"] == f"sshd, {log.path}"[:63] for one in all_of_them),
           "the log is named", all_of_them)


# ---- vsftpd --------------------------------------------------------------------------

def fail_at_ftp(client, name):
    with client.socket() as line:
        line.connect((SERVER, 21))
        line.recv(200)
        for said in (f"USER {name}", "PASS wrong"):
            line.sendall(f"{said}\r\n".encode())
            line.recv(200)


def vsftpd_and_packets(tap, lab):
    client, server = cable(lab)
    files.serve(Room(lab, "files", SERVER, server, certificate(lab)), 21)
    path = lab.dir / "vsftpd.21.log"
    formats = lab.dir / "formats.d"
    formats.mkdir()
    (formats / "vsftpd.yaml").write_text(
        (e2e.ROOT / "formats/vsftpd.yaml").read_text().replace("/var/log/vsftpd.log", str(path)))
    path.touch()
    config = lab.dir / "config.yaml"
    config.write_text(f"logs: {{journal: no, formats: {formats}}}\n")
    monitor = lab.monitor(server, "-c", str(config), "-i", "net0")
    await_reading(monitor, path)
    for name in FTP_NAMES:
        fail_at_ftp(client, name)
    until(lambda: monitor.get("status")["logs"]["told"] >= len(FTP_NAMES), "the log's lines")
    until(lambda: len(logins(monitor)) >= len(FTP_NAMES), "the logins")
    tell_of_names(tap, monitor)
    tap.equal(len(logins(monitor, protocol="ftp", outcome="failure")), len(FTP_NAMES),
              "each is one login, whatever signs stand for what can't be printed",
              logins(monitor))


# ---- nginx ---------------------------------------------------------------------------

def ask(client, user):
    secret = base64.b64encode(f"{user}:wrong".encode()).decode()
    client.tree("curl", "-s", "-o", "/dev/null", "-H", f"Authorization: Basic {secret}",
                f"http://{SERVER}:8080/")


def nginx_and_packets(tap, lab):
    client, server = cable(lab)
    (lab.dir / "htpasswd").write_text("bob:{PLAIN}secret\n")
    config = lab.dir / "nginx.conf"
    config.write_text(NGINX.format(dir=lab.dir, server=SERVER))
    monitor = watch(lab, server)
    server.start_tree("nginx", "-c", str(config))
    until(lambda: server.listens(8080), "nginx")
    await_reading(monitor, lab.dir / "nginx-access.log", lab.dir / "nginx-error.log")
    for user in ("bob", "bob", "eve"):
        ask(client, user)
    until(lambda: len(logins(monitor)) >= 3, "the logins")
    (lab.dir / "nginx-access.log").rename(lab.dir / "nginx-access.log.1")
    ask(client, "late")
    until(lambda: logins(monitor, user="late"), "a login in a file that was renamed")
    listed = monitor.command("logins", "--user", "eve").stdout
    monitor.stop()
    tap.equal([(one.get("user"), one["outcome"], one["seen_by"])
               for one in logins(monitor)],
              [(user, "failure", "packets") for user in ("bob", "bob", "eve", "late")],
              "each try at nginx is one login, though packets and two logs tell of it",
              (lab.dir / "nginx-error.log").read_text())
    tap.ok(re.search(rf"{CLIENT}:\d+ +{SERVER}:8080 +http +eve +failure +\S+ +packets, log",
                     listed), "`logins` lists it", listed)


# ---- the journal ---------------------------------------------------------------------

class Beside(e2e.Monitor):
    """A monitor in the mount namespace of a journald of its own."""

    def __init__(self, lab, network, holder, *options):
        # pylint: disable=super-init-not-called
        self.network, self.socket = network, lab.dir / "breakwater.sock"
        self.state = lab.dir / "state"
        self.inside = ("nsenter", f"--mount=/proc/{holder.pid}/ns/mnt")
        self.program = network.start(
            *self.inside, BREAKWATER, "run", "--json", "--socket", str(self.socket),
            "--state", str(self.state), "--listen", "off", *options)
        until(self.answers, f"breakwater run: {self.program.err()}")


def has_journal():
    groups = [one.gr_name for one in grp.getgrall()]
    return pathlib.Path(JOURNALD).exists() and "systemd-journal" in groups


def say(lab, monitor, program, message, *before):
    entry = lab.dir / "entry"
    entry.write_text(f"MESSAGE={message}\nSYSLOG_IDENTIFIER={program}\nPRIORITY=6\n")
    entry.chmod(0o644)
    lab.run(*monitor.inside, *before, "logger", f"--journald={entry}")


def journal(tap, lab):
    if not has_journal():
        tap.skip("logins are read from the journal", "no journald here")
        return
    server = lab.namespace("server")
    holder = server.start(
        "unshare", "--mount", "--propagation", "private", "sh", "-ec",
        "mount -t tmpfs -o mode=755 run /run && mount -t tmpfs -o mode=755 log /var/log && "
        "mkdir -p /run/systemd/journal /run/log/journal && "
        "chgrp systemd-journal /run/log/journal && chmod 2755 /run/log/journal && "
        f"exec {JOURNALD}")
    root = pathlib.Path(f"/proc/{holder.pid}/root/run")
    until(lambda: list(root.glob("log/journal/*/system.journal")) and
          (root / "systemd/journal/socket").exists(), f"journald: {holder.err()}")
    monitor = Beside(lab, server, holder)
    until(lambda: monitor.get("status")["logs"]["journal"], "the journal")
    line = "Failed password for root from 192.0.2.7 port 40022 ssh2"
    say(lab, monitor, "sshd", line.replace("root", "forger"), "setpriv", "--reuid=65534",
        "--regid=65534", "--clear-groups")
    say(lab, monitor, "someone", line)
    for _ in range(2):
        say(lab, monitor, "sshd", line)
    until(lambda: monitor.get("status")["logs"]["told"] == 2, "the lines")
    tap.equal((monitor.stop(), monitor.program.err()), (0, ""),
              "the journal is read without complaint, under seccomp and Landlock")
    told = [(one["user"], one["client_ip"], one["client_port"], one["seen_by"],
             one["source"]) for one in logins(monitor)]
    tap.equal(told, [("root", "192.0.2.7", 40022, "log", "sshd, journal")] * 2,
              "logins are read from the journal, and only root speaks for sshd")


def wrong_format(tap, lab):
    server = lab.namespace("server")
    (lab.dir / "formats.d").mkdir()
    wrong = lab.dir / "formats.d/mine.yaml"
    wrong.write_text("name: mine\nidentifiers: [mine]\npatterns:\n  - match: '('\n"
                     "    outcome: failure\n")
    config = lab.dir / "config.yaml"
    config.write_text(f"logs: {{formats: {wrong.parent}}}\n")
    for command in (("run", "--socket", str(lab.dir / "no.sock"), "--listen", "off",
                     "--state", str(lab.dir / "no"), "-c"), ("config", "check", "-c")):
        done = server.run(BREAKWATER, *command, str(config), status=None, seconds=10)
        tap.ok(done.returncode == 2 and f"{wrong}:4:12: match is wrong: " in done.stderr,
               f"`{command[0]}` refuses a format that is wrong, and says where", done)


if __name__ == "__main__":
    os.umask(0o022)
    PARTS = [journal, wrong_format]
    if e2e.has_tree("ssh", "nginx", "curl", "vsftpd"):
        PARTS = [sshd_and_packets, vsftpd_and_packets, nginx_and_packets, *PARTS]
    sys.exit(e2e.main(*PARTS))
