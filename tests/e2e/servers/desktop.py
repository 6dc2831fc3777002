"""desktop.py: xrdp: which protection a client asks for, and gets."""
import socket

import lab as e2e
from servers.scene import USER, Seen, trusting

STANDARD, TLS, CREDSSP = 0, 1, 2

SEEN = {
    "tcp/3389": Seen("rdp", cleartext={True: 1, False: 2},
                     findings={"weak_protocol standard_security": "medium"},
                     told=("cookie", "security"),
                     records=((USER, "rdp"), (USER, "tls"), (USER, "tls"))),
}


def start(scene):
    certificate, key = scene.certificate()
    # It looks for this one nowhere else.
    scene.prepare("sh", "-c", "test -e /etc/xrdp/rsakeys.ini || "
                  "xrdp-keygen xrdp /etc/xrdp/rsakeys.ini")
    scene.serve("xrdp", "--nodaemon", "-c", scene.write("xrdp.ini", f"""
[Globals]
ini_version=1
port=tcp://{scene.address}:3389
security_layer=negotiate
crypt_level=high
certificate={certificate}
key_file={key}
ssl_protocols=TLSv1.2, TLSv1.3
[Logging]
LogFile={scene.dir}/log
LogLevel=INFO
[Session]
name=session
lib=libxup.so
ip=127.0.0.1
port=-1
"""), tcp=(3389,))


def negotiate(scene, wanted):
    """A connection, and what the server chose (MS-RDPBCGR 2.2.1.1)."""
    session = scene.connect(3389)
    cookie = f"Cookie: mstshash={USER}\r\n".encode()
    request = b"\x01\x00\x08\x00" + wanted.to_bytes(4, "little")
    connect = bytes([6 + len(cookie) + len(request)]) + b"\xe0\0\0\0\0\0" + cookie + request
    session.sendall(b"\x03\x00" + (4 + len(connect)).to_bytes(2, "big") + connect)
    answer = session.recv(4096)
    return session, int.from_bytes(answer[15:19], "little") if len(answer) >= 19 else 0


def talk(scene):
    for wanted, chosen in ((STANDARD, STANDARD), (TLS, TLS), (TLS | CREDSSP, TLS)):
        session, got = negotiate(scene, wanted)
        if got != chosen:
            raise e2e.Failure(f"asked for {wanted}, got {got}")
        if got == TLS:
            session = trusting().wrap_socket(session)
        session.shutdown(socket.SHUT_RDWR)
        session.close()
