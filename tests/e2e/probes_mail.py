#!/usr/bin/env python3
"""probes_mail.py: real servers of mail, files and terminals are asked whether they are
well, and do not mind: their own logs tell of nothing but a guest who came and went.
"""
import re
import sys

import lab as e2e
from protocols import certificate
from servers import files, mail, mailbox, terminal
from servers.scene import RIGHT, USER, WRONG, Scene

ADDRESS = "10.88.2.1"
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
            e2e.BREAKWATER, "probe", "--json", "-t", "10s",
            f"{scheme}://{login}{ADDRESS}{rest}", status=None)
        program = e2e.json.loads(asked.stdout or "{}")
        return program or {"error": asked.stderr}

    def log(self):
        return "".join(one.out() + one.err() for one in self.scene.programs)


def is_up(tap, sentence, record, **wanted):
    got = {name: record.get(name) for name in wanted}
    tap.ok(record.get("state") == "up" and
           all(re.fullmatch(one, str(got[name])) for name, one in wanted.items()),
           sentence, record)


def is_not(tap, sentence, record, reason, detail=""):
    tap.ok(record.get("reason") == reason and detail in record.get("detail", ""),
           sentence, record)


def is_content(tap, sentence, log, allowed="$^"):
    wrong = [line for line in log.splitlines()
             if COMPLAINTS.search(line) and not re.search(allowed, line)]
    tap.equal(wrong, [], sentence)


def signed(tap, host, schemes, software):
    """Each scheme, by a guest, and by users whose password is right and wrong."""
    for scheme in schemes:
        has_tls = scheme.endswith("s") or scheme.endswith("+starttls")
        check = {"software": software} if software and not scheme.endswith("s") else {}
        if has_tls:
            check["version"] = r"TLS 1\.3"
        rest = "?verify=no"
        is_up(tap, f"{scheme} is well", host.probe(scheme, rest=rest), **check)
        is_up(tap, f"{scheme} lets a user in",
              host.probe(scheme, f"{USER}:{RIGHT}@", rest), **check)
        is_not(tap, f"{scheme} refuses a wrong password",
               host.probe(scheme, f"{USER}:{WRONG}@", rest), "login_failed")
        if has_tls:
            is_not(tap, f"{scheme}: the certificate is nobody's",
                   host.probe(scheme), "certificate_untrusted")


def of_mail(tap, lab):
    """Postfix."""
    host = Host(lab, "mail")
    mail.start(host.scene)
    is_up(tap, "smtp at port 25 is well", host.probe("smtp"), software="Postfix.*")
    is_up(tap, "it would be by LMTP, if it spoke that", host.probe("smtp", rest="?helo=a"))
    is_not(tap, "postfix knows no LHLO", host.probe("smtp", rest="?lmtp"), "denied", "502")
    signed(tap, host, ("smtp", "smtp+starttls", "smtps"), "Postfix.*")
    e2e.until(lambda: host.log().count(" disconnect from") >=
              host.log().count(" connect from"), "Postfix")
    is_content(tap, "Postfix has nothing to complain of", host.log(),
               "authentication failed|TLS library|SSL_accept|unsupported command|LHLO")


def of_mailboxes(tap, lab):
    """Dovecot."""
    host = Host(lab, "mailbox")
    mailbox.start(host.scene)
    signed(tap, host, ("imap", "imap+starttls", "imaps", "pop3", "pop3+starttls",
                       "pop3s"), None)
    is_up(tap, "IMAP's greeting names Dovecot", host.probe("imap"), software="Dovecot.*")
    is_up(tap, "POP3's greeting names Dovecot", host.probe("pop3"), software="Dovecot.*")
    is_not(tap, "IMAP is no POP3", host.probe("pop3", rest=":143"), "wrong_protocol")
    is_content(tap, "Dovecot has nothing to complain of", host.log(), "handshak|auth failed")


def of_files(tap, lab):
    """vsftpd."""
    host = Host(lab, "files")
    files.start(host.scene)
    signed(tap, host, ("ftp", "ftp+starttls"), "vsFTPd 3.*")


def of_terminals(tap, lab):
    """telnetd."""
    host = Host(lab, "terminal")
    terminal.start(host.scene)
    is_up(tap, "telnet is well", host.probe("telnet"))
    is_not(tap, "telnet knows no login of ours",
           {"reason": host.probe("telnet", "a:b@").get("error")}, None)


if __name__ == "__main__":
    sys.exit(e2e.main(of_mail, of_mailboxes, of_files, of_terminals))
