"""mailbox.py: Dovecot: IMAP and POP3, in the clear, by STARTTLS and over TLS."""
import imaplib
import poplib

from servers.scene import RIGHT, USER, WRONG, Seen, refused, trusting

SEEN = {
    "tcp/143": Seen("imap", "Dovecot.*", cleartext={True: 2, False: 1},
                    logins={(USER, "failure"): 1, (USER, "success"): 2},
                    findings={"cleartext_login imap_login": "medium"}),
    "tcp/993": Seen("tls", version=r"TLS 1\.3", cleartext={False: 1}),
    "tcp/110": Seen("pop3", "Dovecot.*", cleartext={True: 1, False: 1},
                    logins={(USER, "failure"): 1, (USER, "success"): 1},
                    findings={"cleartext_login pop3_user": "medium"}),
    "tcp/995": Seen("tls", version=r"TLS 1\.3", cleartext={False: 1}),
}


def authenticate(scene, socket=None, owner=0, protocols=""):
    """Dovecot with one user; on a UNIX socket it answers Postfix."""
    listener = f"""
service auth {{
  unix_listener {socket} {{
    mode = 0600
    user = {owner}
  }}
}}
""" if socket else ""
    scene.write("passwords", f"{USER}:{{PLAIN}}{RIGHT}:1000:1000::{scene.dir}/mail\n")
    scene.folder("mail", 1000)
    certificate, key = scene.certificate()
    return scene.serve("dovecot", "-F", "-c", scene.write("dovecot.conf", f"""
base_dir = {scene.dir}/run
state_dir = {scene.dir}/state
log_path = /dev/stderr
listen = {scene.address}
protocols = {protocols}
ssl = {'yes' if protocols else 'no'}
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
mail_location = maildir:{scene.dir}/mail
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {scene.dir}/passwords
}}
userdb {{
  driver = passwd-file
  args = {scene.dir}/passwords
}}
{listener}
"""), tcp=(143, 993, 110, 995) if protocols else ())


def start(scene):
    authenticate(scene, protocols="imap pop3")


def talk(scene):
    imap(scene)
    pop(scene)


def imap(scene):
    session = imaplib.IMAP4(scene.address, 143, 10)
    refused(lambda: session.login(USER, WRONG), imaplib.IMAP4.error)
    session.login(USER, RIGHT)
    session.select("INBOX")
    session.logout()
    session = imaplib.IMAP4(scene.address, 143, 10)
    session.authenticate("PLAIN", lambda _: f"\0{USER}\0{RIGHT}".encode())
    session.logout()
    session = imaplib.IMAP4(scene.address, 143, 10)
    session.starttls(trusting())
    session.login(USER, RIGHT)
    session.logout()
    session = imaplib.IMAP4_SSL(scene.address, 993, ssl_context=trusting(), timeout=10)
    session.login(USER, RIGHT)
    session.logout()


def pop(scene):
    def login(session, password):
        session.user(USER)
        session.pass_(password)

    session = poplib.POP3(scene.address, 110, 10)
    refused(lambda: login(session, WRONG), poplib.error_proto)
    login(session, RIGHT)
    session.stat()
    session.quit()
    session = poplib.POP3(scene.address, 110, 10)
    session.stls(trusting())
    login(session, RIGHT)
    session.quit()
    session = poplib.POP3_SSL(scene.address, 995, timeout=10, context=trusting())
    session.quit()
