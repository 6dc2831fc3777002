"""mail.py: Postfix, with Dovecot's passwords: submission in the clear and by STARTTLS."""
import os
import smtplib

import lab as e2e
from servers import mailbox
from servers.scene import RIGHT, USER, WRONG, Seen, refused, trusting

POSTFIX, POSTDROP = 106, 107
SENDER, RECIPIENT = "bob@elsewhere.example", "harbourmaster@harbour.example"

SERVICES = """
{address}:25  inet n - n - - smtpd
{address}:587 inet n - n - - smtpd
{address}:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
{address}:2525 inet n - n - 1 postscreen -o postscreen_greet_wait=2s
smtpd    pass - - n - - smtpd
pickup   unix n - n 60 1 pickup
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
tlsmgr   unix - - n 1000? 1 tlsmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
verify   unix - - n - 1 verify
flush    unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp     unix - - n - - smtp
error    unix - - n - - error
retry    unix - - n - - error
discard  unix - - n - - discard
anvil    unix - - n - 1 anvil
scache   unix - - n - 1 scache
postlog  unix-dgram n - n - 1 postlogd
"""

SEEN = {
    "tcp/25": Seen("smtp", "Postfix.*", cleartext={True: 1}, errors=1,
                   told=("smtp", "mail_from", "rcpt_to", "code"),
                   records=[(SENDER, RECIPIENT, 250), (SENDER, "x@far.example", 554)]),
    "tcp/587": Seen("smtp", "Postfix.*", cleartext={True: 2, False: 1},
                    logins={(USER, "failure"): 1, (USER, "success"): 2},
                    findings={"cleartext_login smtp_auth": "medium"}),
    "tcp/465": Seen("tls", version=r"TLS 1\.3", cleartext={False: 1}),
    "tcp/2525": Seen(None),  # for probes_mail.py
}


def start(scene, more=""):
    """more: lines of main.cf that are to be otherwise."""
    certificate, key = scene.certificate()
    queue = scene.folder("queue")
    for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                 "incoming", "private", "saved", "trace"):
        scene.folder(f"queue/{name}", POSTFIX, 0o700)
    scene.folder("queue/pid")
    for name in ("maildrop", "public"):
        os.chown(scene.folder(f"queue/{name}", POSTFIX, 0o730), POSTFIX, POSTDROP)
    scene.folder("data", POSTFIX)
    mailbox.authenticate(scene, f"{queue}/private/auth", "postfix")
    e2e.until((scene.dir / "queue/private/auth").exists, "Dovecot")
    scene.write("conf/main.cf", f"""
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {scene.dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = /dev/stdout
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.harbour.example
mydestination = harbour.example
mynetworks =
inet_interfaces = {scene.address}
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
local_transport = discard:
default_transport = discard:
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_auth_enable = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
{more}""")
    scene.write("conf/master.cf", SERVICES.format(address=scene.address))
    scene.serve("/usr/lib/postfix/sbin/master", "-c", f"{scene.dir}/conf", "-d",
                tcp=(25, 465, 587, 2525))


def talk(scene):
    with smtplib.SMTP(scene.address, 25, "client.example", 10) as session:
        session.sendmail(SENDER, [RECIPIENT], "Subject: berth\r\n\r\nSeven?\r\n")
        refused(lambda: session.sendmail(SENDER, ["x@far.example"], "\r\nNo.\r\n"),
                smtplib.SMTPRecipientsRefused)
    with smtplib.SMTP(scene.address, 587, "client.example", 10) as session:
        session.ehlo()
        session.user, session.password = USER, WRONG
        refused(lambda: session.auth("PLAIN", session.auth_plain),
                smtplib.SMTPAuthenticationError)
        session.password = RIGHT
        session.auth("PLAIN", session.auth_plain)
        session.sendmail(SENDER, ["x@far.example"], "Subject: far\r\n\r\nOff.\r\n")
    with smtplib.SMTP(scene.address, 587, "client.example", 10) as session:
        session.ehlo()
        session.user, session.password = USER, RIGHT
        session.auth("LOGIN", session.auth_login, initial_response_ok=False)
    with smtplib.SMTP(scene.address, 587, "client.example", 10) as session:
        session.starttls(context=trusting())
        session.login(USER, RIGHT)
    with smtplib.SMTP_SSL(scene.address, 465, "client.example", timeout=10,
                          context=trusting()) as session:
        session.login(USER, RIGHT)
