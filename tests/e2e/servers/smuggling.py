"""smuggling.py: a connection inside DNS (dns2tcp), and one inside pings (ptunnel)."""
import random

import lab as e2e
from servers.scene import Seen, converse

ZONE = "inland.example"
LAST = b"last crate"
OUT, IN = (random.Random(size).randbytes(size) + LAST for size in (20000, 60000))
FAR, BY_DNS, BY_PING = 7000, 7001, 7002

SEEN = {
    "udp/53": Seen("dns", errors=None, findings={"tunnel dns": "high"}),
    "icmp": Seen(None, findings={"tunnel icmp": "high"}),
}


def start(scene):
    scene.serve("dns2tcpd", "-F", "-f", scene.write("dns2tcpd.conf", f"""
listen = {scene.address}
port = 53
user = root
chroot = {scene.folder("empty")}
domain = {ZONE}
resources = far:127.0.0.1:{FAR}
"""), udp=(53,))
    # It answers from whatever address the route to the client says.
    scene.server.ip("route", "replace", "10.88.0.0/16", "dev", "net0", "src",
                    scene.address)
    scene.serve("ptunnel", "-v", "0")
    scene.assist("dns2tcpc", "-z", ZONE, "-r", "far", "-l", BY_DNS, scene.address)
    scene.assist("ptunnel", "-p", scene.address, "-lp", BY_PING, "-da", "127.0.0.1",
                 "-dp", FAR, "-v", "0")


def talk(scene):
    listener = scene.server.listen("127.0.0.1", FAR)
    for port in (BY_DNS, BY_PING):
        near = e2e.until(lambda port=port: scene.try_local(port), f"a tunnel on {port}")
        far = listener.accept()[0]
        near.sendall(OUT)
        converse(far, (IN, LAST))
        converse(near, (b"", LAST))
        far.close()
        near.close()
