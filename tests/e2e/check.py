#!/usr/bin/env python3
"""check.py: breakwater check beside Debian's plugins: the same exit status, keys and
thresholds of the same servers, whether they are well, slow, silent, gone or about to
lose their certificate; and one line, whatever a server says.

Runs beside others.
"""
import contextlib
import re
import ssl
import sys
import threading

import lab as e2e

PLUGINS = "/usr/lib/nagios/plugins"
HOST = "127.0.0.1"
OPEN, GONE, SSH, SILENT, SMTP, TLS, ODD_SSH, ODD_SMTP, MUTE_SMTP, WEB = range(7001, 7011)
# As said by a server that wants to be more than one line, and to be believed.
ODD = b"a|time=0.000001s;;; b\x1b[31m\x85\r"
DATA = re.compile(r"([^\s=|]+)=(\S+)")


# ---- servers -------------------------------------------------------------------------

def hold(connection):
    """Until the client leaves."""
    while connection.recv(4096):
        pass


def say(text):
    def serve(connection):
        connection.sendall(text)
        hold(connection)
    return serve


def mail(greeting):
    """Enough of SMTP to be asked."""
    def serve(connection):
        connection.sendall(greeting)
        for line in connection.makefile("rb"):
            word = line.split()[0].upper() if line.split() else b""
            connection.sendall({b"EHLO": b"250 here\r\n", b"HELO": b"250 here\r\n",
                                b"QUIT": b"221 bye\r\n"}.get(word, b"500 what\r\n"))
            if word == b"QUIT":
                return
    return serve


def web(connection):
    """/ is well, /broken is not."""
    lines = connection.makefile("rb")
    path = lines.readline().split()[1]
    while lines.readline().strip():
        pass
    status = b"500 Broken" if path == b"/broken" else b"200 OK"
    connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\nok" % status)


def in_tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as inside:
            hold(inside)
    return serve


def serve(network, port, handler):
    listener = network.listen(HOST, port)
    listener.settimeout(None)

    def one(connection):
        with connection, contextlib.suppress(OSError):
            handler(connection)

    def run():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],),
                                 daemon=True).start()
    threading.Thread(target=run, daemon=True).start()


def start_sshd(lab, network):
    network.tree("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                 str(lab.dir / "host_key"))
    config = lab.dir / "sshd_config"
    config.write_text(f"Port {SSH}\nListenAddress {HOST}\nHostKey {lab.dir}/host_key\n"
                      "PidFile none\nUsePAM no\n")
    sshd = network.start_sshd("-f", str(config))
    e2e.until(lambda: network.listens(SSH), f"sshd: {sshd.err()}")


def start(lab):
    """The network with all servers."""
    network = lab.namespace("host")
    key, certificate = lab.dir / "server.key", lab.dir / "server.crt"
    lab.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10",
            "-subj", "/CN=harbour|example", "-keyout", str(key), "-out",
            str(certificate))
    for port, handler in ((OPEN, hold), (SILENT, hold), (WEB, web), (TLS, in_tls(certificate, key)),
                          (ODD_SSH, say(b"SSH-2.0-" + ODD + b"\n")),
                          (SMTP, mail(b"220 mail.example ESMTP\r\n")),
                          (ODD_SMTP, mail(b"554 " + ODD + b"\n")),
                          (MUTE_SMTP, hold)):
        serve(network, port, handler)
    start_sshd(lab, network)
    return network


# ---- what they say -------------------------------------------------------------------

def plugin(network, name, *options):
    return network.tree(f"{PLUGINS}/{name}", *map(str, options), status=None)


def ours(network, *options):
    return network.run(e2e.BREAKWATER, "check", *map(str, options), status=None)


def data(done):
    """{key: thresholds and bounds} of the performance data, values aside."""
    text = done.stdout.partition("|")[2]
    found = {}
    for key, value in DATA.findall(text):
        parts = value.rstrip(";").split(";")
        unit = re.sub(r"^[\d.]+", "", parts[0])
        found[key] = (unit, *(number(part) for part in parts[1:]))
    return found


def number(text):
    return float(text) if text else None


# Name, what is asked of theirs, what is asked of ours.
SAME = (
    ("an open port", ("check_tcp", "-H", HOST, "-p", OPEN), (f"tcp://{HOST}:{OPEN}",)),
    ("an open port within both limits",
     ("check_tcp", "-H", HOST, "-p", OPEN, "-w", 1, "-c", 2),
     (f"tcp://{HOST}:{OPEN}", "-w", 1000, "-c", 2000)),
    ("an open port beyond the first limit",
     ("check_tcp", "-H", HOST, "-p", OPEN, "-w", 0, "-c", 2),
     (f"tcp://{HOST}:{OPEN}", "-w", 0, "-c", 2000)),
    ("an open port beyond both limits",
     ("check_tcp", "-H", HOST, "-p", OPEN, "-w", 0, "-c", 0, "-t", 3),
     (f"tcp://{HOST}:{OPEN}", "-w", 0, "-c", 0, "-t", 3)),
    ("a closed port", ("check_tcp", "-H", HOST, "-p", GONE), (f"tcp://{HOST}:{GONE}",)),
    ("an open port with a certificate that ends late enough",
     ("check_tcp", "-H", HOST, "-p", TLS, "-S", "-D", 5),
     (f"tls://{HOST}:{TLS}?verify=no", "-D", 5)),
    ("SSH", ("check_ssh", "-p", SSH, HOST), (f"ssh://{HOST}:{SSH}",)),
    ("SSH on a closed port", ("check_ssh", "-p", GONE, HOST), (f"ssh://{HOST}:{GONE}",)),
    ("SSH that is silent", ("check_ssh", "-t", 1, "-p", SILENT, HOST),
     (f"ssh://{HOST}:{SILENT}", "-t", 1)),
    ("hosts that answer", ("check_ping", "-H", HOST, "-w", "100,20%", "-c", "200,40%",
                           "-p", 1),
     (f"icmp://{HOST}", "-w", 100, "-c", 200, "--loss-warning", 20, "--loss-critical",
      40)),
    ("hosts that answer later than allowed",
     ("check_ping", "-H", HOST, "-w", "0.000001,20%", "-c", "200,40%", "-p", 1),
     (f"icmp://{HOST}", "-w", "0.000001", "-c", 200, "--loss-warning", 20,
      "--loss-critical", 40)),
)
# Those of which only the status is told by both.
SAME_STATUS = (
    ("a certificate that ends soon",
     ("check_tcp", "-H", HOST, "-p", TLS, "-S", "-D", "30,5"),
     (f"tls://{HOST}:{TLS}?verify=no", "-D", "30,5")),
    ("a certificate that ends too soon",
     ("check_tcp", "-H", HOST, "-p", TLS, "-S", "-D", "30,20"),
     (f"tls://{HOST}:{TLS}?verify=no", "-D", "30,20")),
    ("TLS where there is none", ("check_tcp", "-H", HOST, "-p", SMTP, "-S", "-t", 3),
     (f"tls://{HOST}:{SMTP}?verify=no", "-t", 3)),
    ("a mail server", ("check_smtp", "-H", HOST, "-p", SMTP), (f"smtp://{HOST}:{SMTP}",)),
    ("no mail server", ("check_smtp", "-H", HOST, "-p", GONE), (f"smtp://{HOST}:{GONE}",)),
    ("a mail server that is silent",
     ("check_smtp", "-H", HOST, "-p", MUTE_SMTP, "-t", 1),
     (f"smtp://{HOST}:{MUTE_SMTP}", "-t", 1)),
    ("a web site", ("check_http", "-I", HOST, "-p", WEB), (f"http://{HOST}:{WEB}/",)),
    ("a web site that is broken", ("check_http", "-I", HOST, "-p", WEB, "-u", "/broken"),
     (f"http://{HOST}:{WEB}/broken",)),
    ("no web site", ("check_http", "-I", HOST, "-p", GONE), (f"http://{HOST}:{GONE}/",)),
    ("options that are none", ("check_tcp", "-H", HOST, "-p", "x"), ("-w", "x", "tcp://x:1")),
)


def same_as_plugins(tap, lab):
    network = start(lab)
    for cases, has_data in ((SAME, True), (SAME_STATUS, False)):
        for name, theirs, own in cases:
            wanted, got = plugin(network, *theirs), ours(network, *own)
            tap.equal(got.returncode, wanted.returncode, f"{name}: the same status",
                      got.stdout, wanted.stdout, got.stderr)
            if has_data:
                tap.equal(data(got), data(wanted), f"{name}: the same performance data",
                          got.stdout, wanted.stdout)


def one_line(tap, lab):
    network = start(lab)
    for target, status in ((f"ssh://{HOST}:{ODD_SSH}", None), (f"smtp://{HOST}:{ODD_SMTP}", 1),
                           (f"tls://{HOST}:{TLS}?verify=no", 1), (f"tls://{HOST}:{TLS}", 2)):
        done = ours(network, target, "-D", 30) if "tls" in target else ours(network, target)
        line = done.stdout
        fine = (line.count("\n") == 1 and line.endswith("\n") and line.count("|") <= 1 and
                line[:-1].isascii() and line[:-1].isprintable())
        tap.ok(fine and done.returncode == (status if status is not None
                                            else done.returncode),
               f"{target}: one line, whatever is said", repr(line), done.stderr)
        tap.ok(set(data(done)) <= {"time"}, f"{target}: no data of the server's", line)


def own_trouble(tap, lab):
    """What is not the target's failure is UNKNOWN."""
    network = lab.namespace("alone")
    for target, what in (("tcp://192.0.2.1:80", "no route"),
                         (f"tcp://{HOST}:{OPEN}?source=192.0.2.9", "not our address"),
                         (f"udp://{HOST}:{OPEN}?source=192.0.2.9", "not our address")):
        done = ours(network, target)
        tap.ok(done.returncode == 3 and " UNKNOWN - " in done.stdout and
               "|" not in done.stdout, f"{target}: {what} is unknown", done.stdout)
    done = ours(network)
    tap.equal(done.returncode, 3, "no target is unknown", done.stdout)
    done = ours(network, "tcp://127.0.0.1:1", "--nonsense")
    tap.equal(done.returncode, 3, "an option that is none is unknown", done.stdout)


def ranges(tap, lab):
    network = start(lab)
    target = f"tcp://{HOST}:{OPEN}"
    for options, status, thresholds in (
            (("-w", "5000:"), 1, "5.000000:;"), (("-c", "5000:"), 2, ";5.000000:"),
            (("-w", "~:5000", "-c", "@5000:6000"), 0, "~:5.000000;@5.000000:6.000000"),
            (("-w", "@0:5000"), 1, "@5.000000;")):
        done = ours(network, target, *options)
        tap.ok(done.returncode == status and f"s;{thresholds};" in done.stdout,
               f"the range {' '.join(options)} is kept", done.stdout, done.returncode)


if __name__ == "__main__":
    if not e2e.has_tree(f"{PLUGINS}/check_tcp", "ping", "sshd"):
        print("1..0 # SKIP build/tree has no plugins: run scripts/test-tree")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(e2e.main(same_as_plugins, one_line, own_trouble, ranges))
