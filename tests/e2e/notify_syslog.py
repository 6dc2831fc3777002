#!/usr/bin/env python3
"""notify_syslog.py: incidents as rsyslog, syslog-ng, snmptrapd and journald take them,
over every transport, and what is told when they don't.  Runs beside others.
"""
import json
import os
import pathlib
import re
import shutil
import sys

import lab as e2e
from lab import until

sys.path.append(str(e2e.ROOT / "tests/golden"))
from eve import problems  # noqa: E402 # pylint: disable=wrong-import-position

BUILD = os.environ.get("BUILD", str(e2e.ROOT / "build"))
NAME = "logs.example"
PHRASE, SECRET = "correct-horse-7", "battery-staple-9"
ENGINE = "80007ed904" + b"db01".hex()  # as RFC 3411 5 has it: the machine's name
HOSTILE = 'a"]\\b\n<1>1 - - - - [x y="z"] caf\u00e9'
WORDS = "new incident, high: ssh is slow https://db01/"


class Collector:
    """A network with a place for files, and the driver to send into it."""

    def __init__(self, lab):
        self.lab, self.dir = lab, lab.dir
        self.network = lab.namespace("harbour")
        self.dir.chmod(0o777)

    def path(self, name):
        return str(self.dir / name)

    def write(self, name, text):
        (self.dir / name).write_text(text)
        return self.path(name)

    def lines(self, name):
        path = self.dir / name
        whole = path.read_text(errors="replace") if path.exists() else ""
        return whole.rpartition("\n")[0].splitlines()

    def send(self, url, reason="new", **fields):
        words = [f"{name}={value}" for name, value in fields.items()]
        return self.network.run(f"{BUILD}/tests/notify_driver", url, reason, *words,
                                status=None).stdout.strip()

    def certify(self):
        """An authority, a server's certificate and a client's."""
        def openssl(*words):
            self.lab.run(e2e.TREE_RUN, "openssl", *words)

        def request(name, subject, *options):
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-subj", subject, "-keyout", self.path(f"{name}.key"),
                    "-out", self.path(f"{name}.crt"), *options)

        request("ca", "/CN=authority", "-x509")
        for name, subject in (("server", NAME), ("client", "db01.example")):
            request(name, f"/CN={subject}", "-addext",
                    f"subjectAltName=DNS:{subject},IP:127.0.0.1")
            openssl("x509", "-req", "-in", self.path(f"{name}.crt"), "-CA",
                    self.path("ca.crt"), "-CAkey", self.path("ca.key"),
                    "-CAcreateserial", "-copy_extensions", "copy", "-days", "30",
                    "-out", self.path(f"{name}.crt"))

    def url(self, scheme, port, **options):
        query = "&".join(f"{name}={value}" for name, value in options.items())
        place = f"127.0.0.1:{port}" if port else "127.0.0.1"
        return f"{scheme}://{place}{'?' if query else ''}{query}"


FIELDS = ("pri", "host", "program", "id", "data", "text")


def told(collector, name, count=1):
    """What has arrived, as dicts of FIELDS."""
    lines = until(lambda: len(collector.lines(name)) >= count and collector.lines(name),
                  f"{count} messages in {name}")
    return [dict(zip(FIELDS, line.split("\t"))) for line in lines]


def judge(tap, way, message):
    """What every message of the driver's has, wherever it went."""
    data = message["data"]
    tap.equal((message["pri"], message["host"], message["program"], message["id"]),
              ("27", "db01", "breakwater", "incident"), f"{way}: the header is ours")
    tap.ok(data.startswith('[breakwater@32473 reason="new" key="k1" id="f00d0"') and
           ' server_ip="192.0.2.1" port="22" ' in data,
           f"{way}: structured data has the fields", data)
    tap.equal(message["text"], WORDS, f"{way}: the text is whole")


RSYSLOG = """
global(workDirectory="%(dir)s" net.enableDNS="off" maxMessageSize="16k"
	defaultNetstreamDriverCAFile="%(dir)s/ca.crt"
	defaultNetstreamDriverCertFile="%(dir)s/server.crt"
	defaultNetstreamDriverKeyFile="%(dir)s/server.key"
	parser.escapeControlCharactersOnReceive="on")
module(load="imudp")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1"
	streamDriver.authMode="x509/certvalid")
module(load="imptcp")
template(name="fields" type="list") {
	property(name="pri") constant(value="\\t")
	property(name="hostname") constant(value="\\t")
	property(name="programname") constant(value="\\t")
	property(name="msgid") constant(value="\\t")
	property(name="structured-data") constant(value="\\t")
	property(name="msg") constant(value="\\n")
}
ruleset(name="udp") { action(type="omfile" file="%(dir)s/udp" template="fields") }
ruleset(name="tcp") { action(type="omfile" file="%(dir)s/tcp" template="fields") }
ruleset(name="tls") { action(type="omfile" file="%(dir)s/tls" template="fields") }
input(type="imudp" port="514" address="127.0.0.1" ruleset="udp")
input(type="imptcp" port="514" address="127.0.0.1" ruleset="tcp")
input(type="imtcp" port="6514" address="127.0.0.1" ruleset="tls")
"""


def start_rsyslog(collector):
    config = collector.write("rsyslog.conf", RSYSLOG % {"dir": collector.dir})
    daemon = collector.network.start_tree("rsyslogd", "-n", "-f", config, "-i",
                                          collector.path("rsyslog.pid"))
    until(lambda: collector.network.listens(6514) and
          collector.network.listens(514) and collector.network.listens(514, "-u"),
          f"rsyslogd: {daemon.err()}")


def rsyslog(tap, lab):
    if not e2e.has_tree("rsyslogd"):
        tap.skip("rsyslog", "no rsyslogd in the private tree")
        return
    collector = Collector(lab)
    collector.certify()
    start_rsyslog(collector)
    own = {"ca": collector.path("ca.crt"), "cert": collector.path("client.crt"),
           "key": collector.path("client.key")}
    ways = {"udp": collector.url("syslog", None),  # 514
            "tcp": collector.url("syslog+tcp", 514),
            "tls": collector.url("syslog+tls", None, **own)}  # 6514
    for way, url in ways.items():
        tap.equal(collector.send(url), "sent", f"{way}: rsyslog takes it")
        judge(tap, way, told(collector, way)[0])
        collector.send(url, summary=HOSTILE, count=3)
        messages = told(collector, way, 4)
        tap.equal((len(messages), {one["pri"] for one in messages}), (4, {"27"}),
                  f"{way}: text can't make a message of its own", messages)
        tap.ok("caf\u00e9" in messages[-1]["text"], f"{way}: UTF-8 is kept", messages)
    collector.send(collector.url("syslog+tcp", 514, format="cef"))
    tap.ok(told(collector, "tcp", 5)[-1]["text"].startswith(
        "CEF:0|Breakwater|Breakwater|"), "CEF is the text", collector.lines("tcp"))
    refuse(tap, collector, own)


def refuse(tap, collector, own):
    """What is not taken, and that it is said."""
    def later(url, words, sentence):
        said = collector.send(url)
        tap.ok(said.startswith("later: ") and re.search(words, said), sentence, said)

    before = len(collector.lines("tls"))
    later(collector.url("syslog+tls", 6514, ca=own["ca"]), "127.0.0.1",
          "TLS: without our certificate it is not taken, and tried later")
    later(collector.url("syslog+tls", 6514, cert=own["cert"], key=own["key"]),
          "certificate", "TLS: an authority that is not trusted is refused")
    later(f"syslog+tls://localhost:6514?ca={own['ca']}&cert={own['cert']}"
          f"&key={own['key']}", "localhost|name",
          "TLS: a certificate for another name is refused")
    tap.equal(len(collector.lines("tls")), before, "TLS: nothing of these was written")
    later(collector.url("syslog+tcp", 515), "refused|connect",
          "TCP: nobody there is tried later")
    later(collector.url("syslog", 515), "refused", "UDP: nobody there is tried later")


SYSLOG_NG = """
@version: 3.38
options { keep-hostname(yes); use-dns(no); log-msg-size(16384); };
source s { network(ip("127.0.0.1") port(6514) transport("tls") flags(syslog-protocol)
	log-msg-size(16384)
	tls(key-file("%(dir)s/server.key") cert-file("%(dir)s/server.crt")
	    ca-file("%(dir)s/ca.crt") peer-verify(required-trusted))); };
source f { syslog(ip("127.0.0.1") port(6515) transport("tls")
	tls(key-file("%(dir)s/server.key") cert-file("%(dir)s/server.crt")
	    ca-file("%(dir)s/ca.crt") peer-verify(required-trusted))); };
destination d { file("%(dir)s/ng"
	template("$PRI\\t$HOST\\t$PROGRAM\\t$MSGID\\t$SDATA\\t$MSG\\n")); };
log { source(f); destination(d); };
"""


def syslog_ng(tap, lab):
    if not e2e.has_tree("syslog-ng"):
        tap.skip("syslog-ng", "no syslog-ng in the private tree")
        return
    collector = Collector(lab)
    collector.certify()
    config = collector.write("ng.conf", SYSLOG_NG % {"dir": collector.dir})
    daemon = collector.network.start_tree(
        "syslog-ng", "-F", "-f", config, "-R", collector.path("ng.persist"), "-p",
        collector.path("ng.pid"), "-c", collector.path("ng.ctl"), "--no-caps")
    until(lambda: collector.network.listens(6515), f"syslog-ng: {daemon.err()}")
    url = collector.url("syslog+tls", 6515, ca=collector.path("ca.crt"),
                        cert=collector.path("client.crt"),
                        key=collector.path("client.key"))
    tap.equal(collector.send(url), "sent", "syslog-ng: takes it over TLS")
    judge(tap, "syslog-ng", told(collector, "ng")[0])
    said = collector.send(collector.url("syslog+tls", 6515,
                                        ca=collector.path("ca.crt")))
    tap.ok(said.startswith("later: "), "syslog-ng: without our certificate it is not",
           said)


# What our MIB needs of the basic modules, which Debian does not have.
MODULES = {
    "SNMPv2-SMI": """SNMPv2-SMI DEFINITIONS ::= BEGIN
org         OBJECT IDENTIFIER ::= { iso 3 }
dod         OBJECT IDENTIFIER ::= { org 6 }
internet    OBJECT IDENTIFIER ::= { dod 1 }
mgmt        OBJECT IDENTIFIER ::= { internet 2 }
private     OBJECT IDENTIFIER ::= { internet 4 }
enterprises OBJECT IDENTIFIER ::= { private 1 }
END
""",
    "SNMPv2-CONF": "SNMPv2-CONF DEFINITIONS ::= BEGIN END\n",
    "SNMP-FRAMEWORK-MIB": """SNMP-FRAMEWORK-MIB DEFINITIONS ::= BEGIN
SnmpAdminString ::= TEXTUAL-CONVENTION
    DISPLAY-HINT "255t"
    STATUS       current
    DESCRIPTION  "Text in UTF-8."
    SYNTAX       OCTET STRING (SIZE (0..255))
END
""",
}
SNMPTRAPD = f"""
disableAuthorization no
authCommunity log harbour
createUser manager SHA-256 {PHRASE} AES {SECRET}
createUser -e 0x{ENGINE} manager SHA-256 {PHRASE} AES {SECRET}
authUser log manager priv
outputOption s
format2 %N\\t%v\\n
"""


def traps(tap, lab):
    if not e2e.has_tree("snmptrapd"):
        tap.skip("SNMP", "no snmptrapd in the private tree")
        return
    collector = Collector(lab)
    mibs = collector.dir / "mibs"
    mibs.mkdir()
    shutil.copy(e2e.ROOT / "packaging/BREAKWATER-MIB.txt", mibs)
    for module, text in MODULES.items():
        (mibs / f"{module}.txt").write_text(text)
    config = collector.write("snmptrapd.conf", SNMPTRAPD)
    collector.network.start_tree(
        "env", f"SNMP_PERSISTENT_DIR={collector.path('state')}", "snmptrapd", "-f",
        "-C", "-c", config, "-M", str(mibs), "-m", "BREAKWATER-MIB", "-Lf",
        collector.path("traps"), "udp:127.0.0.1:162")
    until(lambda: collector.network.listens(162, "-u"), "snmptrapd")
    for name, text in (("community", "harbour"), ("wrong", "wrong-horse-7"),
                       ("phrase", PHRASE), ("secret", SECRET)):
        collector.write(name, f"{text}\n")
    judge_mib(tap, collector, mibs)
    judge_traps(tap, collector)


def judge_mib(tap, collector, mibs):
    told = collector.network.tree("env", f"SNMP_PERSISTENT_DIR={collector.path('state')}",
                                  "snmptranslate", "-M", str(mibs), "-m", "BREAKWATER-MIB",
                                  "-Pw", "-On", "BREAKWATER-MIB::incidentPort",
                                  status=None)
    tap.equal((told.stdout.strip(), told.stderr.strip()),
              (".1.3.6.1.4.1.32473.7070.1.11", ""), "the MIB is read without complaint")


def judge_traps(tap, collector):
    def arrives(sentence, **options):
        before = len(collector.lines("traps"))
        url = collector.url("snmp", 162, **options)
        tap.equal(collector.send(url), "sent", f"{sentence}: is sent")
        return until(lambda: collector.lines("traps")[before:],
                     f"{sentence}: {collector.lines('traps')}")[-1]

    v3 = {"version": "3", "user": "manager", "auth": "sha256",
          "auth_file": collector.path("phrase"), "priv_file": collector.path("secret")}
    v2 = {"community_file": collector.path("community")}
    for sentence, options in (("an inform of 2c", v2),
                              ("a trap of 2c", v2 | {"inform": "no"}),
                              ("an inform of 3", v3),
                              ("a trap of 3", v3 | {"inform": "no"})):
        line = arrives(sentence, **options)
        tap.ok("breakwaterIncident" in line and "incidentSeverity.0 = INTEGER: high(4)"
               in line and "incidentPort.0 = Gauge32: 22" in line and
               "incidentSummary.0 = STRING: ssh is slow" in line,
               f"{sentence}: snmptrapd reads it by the MIB", line)
    wrong = v3 | {"auth_file": collector.path("wrong")}
    said = collector.send(collector.url("snmp", 162, **wrong))
    tap.ok(said.startswith("later: "), "a wrong pass phrase is tried later", said)
    said = collector.send(collector.url("snmp", 163, **v2))
    tap.ok(said.startswith("later: "), "an inform that nobody answers, too", said)


JOURNALD = "/lib/systemd/systemd-journald"


def journal(tap, lab):
    if not pathlib.Path(JOURNALD).exists():
        tap.skip("the journal", "no journald here")
        return
    holder = lab.start([
        "unshare", "--mount", "--propagation", "private", "sh", "-ec",
        "mount -t tmpfs -o mode=755 run /run && mount -t tmpfs -o mode=755 log /var/log && "
        f"mkdir -p /run/systemd/journal /run/log/journal && exec {JOURNALD}"])
    inside = ("nsenter", f"--mount=/proc/{holder.pid}/ns/mnt")
    root = pathlib.Path(f"/proc/{holder.pid}/root/run")
    until(lambda: list(root.glob("log/journal/*/system.journal")) and
          (root / "systemd/journal/socket").exists(), f"journald: {holder.err()}")
    driver = f"{BUILD}/tests/notify_driver"
    said = lab.run(*inside, driver, "journald:", "new", f"summary={HOSTILE}", status=None)
    tap.equal(said.stdout.strip(), "sent", "journald takes it", said.stderr)

    def entries():
        done = lab.run(*inside, "journalctl", "-D", "/run/log/journal",
                       "BREAKWATER_INCIDENT=f00d0", "-o", "json", status=None)
        return [json.loads(line) for line in done.stdout.splitlines()]

    entry = until(entries, "the entry")[0]
    tap.equal([entry[name] for name in (
        "PRIORITY", "SYSLOG_IDENTIFIER", "MESSAGE_ID", "BREAKWATER_STATE",
        "BREAKWATER_PORT", "BREAKWATER_REASON")],
              ["3", "breakwater", "cf37d47fc65e43eebf1e662f5c1cd361", "firing", "22",
               "new"], "and has its fields", entry)
    tap.ok(entry["MESSAGE"] == f"new incident, high: {HOSTILE} https://db01/".replace(
        "\n", " "), "text is a line, whatever it holds", entry["MESSAGE"])
    holder.end_now()
    said = lab.run("unshare", "--mount", "sh", "-ec",
                   f"mount -t tmpfs run /run; {driver} journald: new", status=None)
    tap.ok(said.stdout.startswith("later: no journald"),
           "without a journal it is tried later", said.stdout)


def eve(tap, lab):
    collector = Collector(lab)
    path = collector.path("eve.json")
    for _ in range(2):
        tap.equal(collector.send(f"eve:{path}"), "sent", "EVE: it is written")
    os.rename(path, path + ".1")
    collector.send(f"eve:{path}", "resolved")
    events = [json.loads(line) for line in collector.lines("eve.json.1")]
    tap.equal([len(events), len(collector.lines("eve.json"))], [2, 1],
              "EVE: a file that was moved away is followed by a new one")
    tap.equal(events[0]["alert"]["signature"], "ssh is slow", "EVE: it is an alert")
    tap.equal([*problems(events[0])], [], "EVE: of the shape that its schema has")


if __name__ == "__main__":
    sys.exit(e2e.main(rsyslog, syslog_ng, traps, journal, eve))
