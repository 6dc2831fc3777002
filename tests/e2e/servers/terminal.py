"""terminal.py: telnetd of GNU inetutils and login."""
import re

import lab as e2e
from servers.scene import RIGHT, USER, WRONG, Seen

SEEN = {
    "tcp/23": Seen("telnet", cleartext={True: 2},
                   logins={(USER, "failure"): 1, (USER, "success"): 1},
                   findings={"cleartext_login telnet": "medium",
                             "weak_protocol telnet": "low"}),
}


def start(scene):
    scene.serve("inetutils-inetd", "-d", scene.write(
        "inetd.conf", f"{scene.address}:23 stream tcp nowait root "
        "/usr/sbin/telnetd telnetd -h\n"), tcp=(23,))


def talk(scene):
    session = scene.connect(23)
    type_in(session, (b"login: ", USER), (b"assword: ", WRONG), (b"incorrect", ""))
    session.close()
    session = scene.connect(23)
    type_in(session, (b"login: ", USER), (b"assword: ", RIGHT), (b"$ ", "exit"))
    while session.recv(4096):
        pass
    session.close()


def type_in(session, *turns):
    """Refuses every option (RFC 854) and types like a person."""
    for wait, say in turns:
        text = b""
        while wait not in text:
            got = session.recv(4096)
            if not got:
                raise e2e.Failure(f"closed instead of {wait!r}: {text!r}")
            text += without_options(session, got)
        session.sendall(say.encode() + b"\r\n")


def without_options(session, got):
    """The text; WILL is answered by DONT, and DO by WONT."""
    for command, option in re.findall(rb"\xff(\xfb|\xfd)(.)", got, re.DOTALL):
        answer = {b"\xfb": b"\xfe", b"\xfd": b"\xfc"}[command]
        session.sendall(b"\xff" + answer + option)
    return re.sub(rb"\xff[\xfb-\xfe].", b"", got, flags=re.DOTALL)
