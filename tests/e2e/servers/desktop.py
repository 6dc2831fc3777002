"""desktop.py: xrdp: which protection a client asks for, and gets."""
import struct

import lab as e2e
from servers.scene import USER, Seen, trusting

STANDARD, TLS, CREDSSP = 0, 1, 2
MACHINE, BUILD = "tug", 2600

SEEN = {
    "tcp/3389": Seen("rdp", cleartext={False: 3},
                     findings={"weak_protocol classic_rdp_security": "medium"},
                     told=("rdp", "cookie", "security", "client_name", "client_build"),
                     records=[(USER, "rdp", MACHINE, BUILD), (USER, "tls", "", ""),
                              (USER, "tls", "", "")]),
}


def start(scene, layer="negotiate"):
    certificate, key = scene.certificate()
    # It looks for this one nowhere else.
    scene.prepare("sh", "-c", "test -e /etc/xrdp/rsakeys.ini || "
                  "xrdp-keygen xrdp /etc/xrdp/rsakeys.ini")
    scene.serve("xrdp", "--nodaemon", "-c", scene.write("xrdp.ini", f"""
[Globals]
ini_version=1
port=tcp://{scene.address}:3389
security_layer={layer}
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
    content = b"\xe0\0\0\0\0\0" + cookie + request
    session.sendall(tpkt(bytes([len(content)]) + content))
    answer = session.recv(4096)
    return session, int.from_bytes(answer[15:19], "little") if len(answer) >= 19 else 0


def tpkt(content):
    return b"\x03\x00" + (4 + len(content)).to_bytes(2, "big") + content


def ber(tag, content):
    return tag + b"\x82" + len(content).to_bytes(2, "big") + content


def per(content):
    return (0x8000 | len(content)).to_bytes(2, "big") + content


def connect_initial():
    """MCS Connect Initial with the settings of a client (MS-RDPBCGR 2.2.1.3)."""
    core = struct.pack("<IHHHHII32sIII64s", 0x80004, 1024, 768, 0xca01, 0xaa03, 0x409,
                       BUILD, MACHINE.encode("utf-16-le"), 4, 0, 12, b"")
    security = struct.pack("<II", 0xb, 0)  # 40, 128 bits, FIPS
    settings = b"".join(struct.pack("<HH", kind, 4 + len(data)) + data for kind, data in
                        ((0xc001, core), (0xc002, security), (0xc003, bytes(4))))
    conference = b"\x00\x05\x00\x14\x7c\x00\x01" + per(
        b"\x00\x08\x00\x10\x00\x01\xc0\x00Duca" + per(settings))

    def parameters(*values):
        content = b"".join(b"\x02\x02" + value.to_bytes(2, "big") for value in values)
        return b"\x30" + bytes([len(content)]) + content

    content = b"\x04\x01\x01\x04\x01\x01\x01\x01\xff" + parameters(
        34, 2, 0, 1, 0, 1, 0x7fff, 2) + parameters(1, 1, 1, 1, 0, 1, 0x420, 2) + parameters(
        0x7fff, 0x7c17, 0x7fff, 1, 0, 1, 0x7fff, 2) + ber(b"\x04", conference)
    return b"\x02\xf0\x80" + ber(b"\x7f\x65", content)


def talk(scene):
    for wanted, chosen in ((STANDARD, STANDARD), (TLS, TLS), (TLS | CREDSSP, TLS)):
        session, got = negotiate(scene, wanted)
        if got != chosen:
            raise e2e.Failure(f"asked for {wanted}, got {got}")
        if got == TLS:
            session = trusting().wrap_socket(session)
        session.sendall(tpkt(connect_initial()))
        if b"McDn" not in session.recv(4096):
            raise e2e.Failure("no MCS Connect Response")
        session.close()
