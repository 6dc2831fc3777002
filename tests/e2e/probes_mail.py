#!/usr/bin/env python3
"""probes_mail.py: real servers of mail, files and terminals are asked whether they are
well, and do not mind: their own logs tell of nothing but a guest who came and went.

Runs beside others.
"""
import contextlib
import json
import re
import socket
import sys
import threading

import lab as e2e
from protocols import certificate
from servers import files, mail, mailbox, terminal
from servers.scene import RIGHT, USER, WRONG, Scene

ADDRESS = "10.88.2.1"
POSTFIX_GUESTS = 51  # one more than it takes of one address
# What servers say of those who scan, spam, attack or break off.
COMPLAINTS = re.compile(r"improper|pipelin|pregreet|lost connection|timeout after|"
                        r"too many errors|warning|fatal|panic|unexpected|syntax|"
                        r"unknown command|abort|denied|error", re.I)


class Host:
    """A machine with one scene's servers, asked from itself."""

    def __init__(self, lab, name):
        self.network = lab.namespace(name)
        self.network.ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")
        self.scene = Scene(lab, name, ADDRESS, self.network, certificate(lab))
        lab.callback(self.end)

    def end(self):
        for program in reversed(self.scene.programs):
            program.end()

    def probe(self, scheme, login="", rest=""):
        """The record of one probe."""
        asked = self.network.run(
            e2e.BREAKWATER, "probe", "--json",
            f"{scheme}://{login}{ADDRESS}{rest}", status=None)
        return json.loads(asked.stdout or json.dumps({"error": asked.stderr}))

    def log(self):
        return "".join(one.out() + one.err() for one in self.scene.programs)


def is_up(tap, sentence, record, **wanted):
    tap.ok(record.get("state") == "up" and
           all(re.fullmatch(one, record.get(name, "")) for name, one in wanted.items()),
           sentence, record)


def is_not(tap, sentence, record, reason, detail=""):
    tap.ok(record.get("reason") == reason and detail in record.get("detail", ""),
           sentence, record)


def is_content(tap, sentence, log, allowed):
    wrong = [line for line in log.splitlines()
             if COMPLAINTS.search(line) and not re.search(allowed, line)]
    tap.equal(wrong, [], sentence)


def signed(tap, host, schemes, software=""):
    """Each scheme, by a guest, and by users whose password is right and wrong."""
    for scheme in schemes:
        is_first = scheme in ("smtps", "imaps", "pop3s", "ftps")
        has_tls = is_first or scheme.endswith("+starttls")
        wanted = {"software": software} if software else {}
        if has_tls:
            wanted["tls_version"] = r"TLS 1\.3"
            is_not(tap, f"{scheme}: the certificate is another's",
                   host.probe(scheme, f"{USER}:{RIGHT}@"), "certificate_name")
        rest = "?verify=no"
        is_up(tap, f"{scheme} is well", host.probe(scheme, rest=rest), **wanted)
        is_up(tap, f"{scheme} lets a user in",
              host.probe(scheme, f"{USER}:{RIGHT}@", rest), **wanted)
        is_not(tap, f"{scheme} refuses a wrong password",
               host.probe(scheme, f"{USER}:{WRONG}@", rest), "login_failed")


def of_mail(tap, lab):
    """Postfix."""
    host = Host(lab, "mail")
    mail.start(host.scene)
    is_not(tap, "smtp at port 25 is no LMTP", host.probe("smtp", rest="?lmtp"),
           "wrong_protocol", "500")
    signed(tap, host, ("smtp", "smtp+starttls", "smtps"), "Postfix.*")
    is_up(tap, "a guest who waits passes postscreen", host.probe("smtp", rest=":2525"))
    tap.ok("PASS NEW" in host.log() and not re.search("PREGREET|HANGUP|NON-SMTP|BARE NEWLINE|"
           "PIPELINING", host.log()), "postscreen says so, and nothing else", host.log())
    e2e.until(lambda: host.log().count(": disconnect from") ==
              host.log().count(": connect from") > 0, "Postfix")
    is_content(tap, "Postfix has nothing to complain of", host.log(),
               "SASL PLAIN authentication failed")
    with contextlib.ExitStack() as crowd:
        for _ in range(POSTFIX_GUESTS):
            crowd.enter_context(host.network.connect(ADDRESS, 25))
        record = e2e.until(lambda: seen_full(host, "smtp"), "a full Postfix", 30)
        is_not(tap, "Postfix is full", record, "overloaded", "too many connections")


def seen_full(host, scheme):
    """The record of a probe, once it is not well."""
    record = host.probe(scheme)
    return record if record.get("state") != "up" else None


def of_mailboxes(tap, lab):
    """Dovecot."""
    host = Host(lab, "mailbox")
    mailbox.start(host.scene)
    signed(tap, host, ("imap", "imap+starttls", "pop3", "pop3+starttls"), "Dovecot.*")
    signed(tap, host, ("imaps", "pop3s"))
    is_not(tap, "IMAP is no POP3", host.probe("pop3", rest=":143"), "wrong_protocol")
    is_not(tap, "POP3 is no IMAP", host.probe("imap", rest=":110"), "wrong_protocol")
    # A guest who logs out is an "aborted login" here, whatever he says.
    is_content(tap, "Dovecot has nothing to complain of", host.log(),
               r"Info: .* \((no auth attempts|auth failed)")


def of_files(tap, lab):
    """vsftpd."""
    host = Host(lab, "files")
    files.start(host.scene)
    files.serve(host.scene, 990, "implicit_ssl=YES\n")
    signed(tap, host, ("ftp", "ftp+starttls"), "vsFTPd 3.*")
    signed(tap, host, ("ftps",))
    log = "".join(path.read_text() for path in host.scene.dir.glob("vsftpd.*.log"))
    tap.ok("QUIT" in log, "vsftpd was left by QUIT", log)
    is_content(tap, "vsftpd has nothing to complain of", log, "FAIL LOGIN")
    with contextlib.ExitStack() as crowd:
        for _ in range(files.GUESTS):
            crowd.enter_context(host.network.connect(ADDRESS, 21))
        is_not(tap, "vsftpd is full", host.probe("ftp"), "overloaded", "421 There are")


def of_terminals(tap, lab):
    """telnetd."""
    host = Host(lab, "terminal")
    terminal.start(host.scene)
    is_up(tap, "telnet is well", host.probe("telnet"))
    is_not(tap, "nobody listens at telnets", host.probe("telnets"), "refused")


def of_nobody(tap, lab):
    """Whoever listens and says nothing, something else, or half of it."""
    host = Host(lab, "nobody")
    for scheme, half in (("smtp", b"220-mail"), ("imap", b"* OK"), ("pop3", b"+OK"),
                         ("ftp", b"220-"), ("telnet", b"\xff")):
        for says, ends, reason in (
                (b"", False, "silent"), (half, False, "silent"), (b"", True, "closed"),
                (half, True, "closed"), (b"\0\1\2\3", False, "wrong_protocol")):
            with Stranger(host.network, says, ends) as port:
                is_not(tap, f"{scheme}: {says!r}, {'closed' if ends else 'open'}",
                       host.probe(scheme, rest=f":{port}?timeout=300ms"), reason)


class Stranger:
    """A server that says that to one guest, and perhaps closes."""

    def __init__(self, network, says, ends):
        self.listener = network.listen(ADDRESS)
        self.says, self.ends = says, ends
        self.guest = threading.Thread(target=self.serve)

    def __enter__(self):
        self.guest.start()
        return self.listener.getsockname()[1]

    def __exit__(self, *_):
        self.guest.join()
        self.listener.close()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            connection.sendall(self.says)
            if self.ends:
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass


if __name__ == "__main__":
    sys.exit(e2e.main(of_mail, of_mailboxes, of_files, of_terminals, of_nobody))
