"""screen.py: x11vnc showing memory instead of a screen: VNC passwords and none."""
import lab as e2e
from servers.scene import RIGHT, WRONG, Seen

SEEN = {
    "tcp/5900": Seen("vnc", version=r"RFB 3\.8",
                     logins={(None, "failure"): 1, (None, "success"): 1}),
    "tcp/5901": Seen("vnc", version=r"RFB 3\.8", cleartext={True: 1},
                     findings={"weak_protocol vnc_no_authentication": "medium"}),
}


def start(scene):
    scene.write("frame", "\0" * (64 * 64 * 4))
    show = ("x11vnc", "-rawfb", f"file:{scene.dir}/frame@64x64x32", "-listen",
            scene.address, "-forever", "-shared", "-quiet", "-noipv6", "-nolookup")
    scene.serve(*show, "-rfbport", "5900", "-passwd", RIGHT, tcp=(5900,))
    scene.serve(*show, "-rfbport", "5901", "-nopw", tcp=(5901,))


def login(scene, password):
    session = scene.connect(5900)
    version = session.recv(12)
    session.sendall(version)
    kinds = session.recv(64)
    if 2 not in kinds[1:]:
        raise e2e.Failure(f"no VNC authentication: {kinds}")
    session.sendall(b"\x02")
    session.sendall(answer(scene, password, session.recv(16)))
    result = session.recv(4)
    return session, int.from_bytes(result, "big")


def answer(scene, password, challenge):
    """The challenge encrypted by DES with the password, the bits of each byte reversed
    (RFC 6143 7.2.2)."""
    letters = password.encode()[:8].ljust(8, b"\0")
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in letters)
    (scene.dir / "challenge").write_bytes(challenge)
    # Two keys of DES alike are one.
    scene.ask("openssl", "enc", "-des-ede-ecb", "-nopad", "-K", (key + key).hex(), "-in",
              scene.dir / "challenge", "-out", scene.dir / "answer")
    return (scene.dir / "answer").read_bytes()


def talk(scene):
    session, result = login(scene, WRONG)
    if result == 0:
        raise e2e.Failure("a wrong password was accepted")
    session.close()
    session, result = login(scene, RIGHT)
    if result != 0:
        raise e2e.Failure("the right password was refused")
    session.sendall(b"\x01")
    session.recv(4096)
    session.close()
    session = scene.connect(5901)
    session.sendall(session.recv(12))
    session.recv(64)
    session.sendall(b"\x01")
    session.recv(4)
    session.sendall(b"\x01")
    session.recv(4096)
    session.close()
