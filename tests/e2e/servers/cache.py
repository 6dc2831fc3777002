"""cache.py: memcached, open to everybody: its text over TCP and UDP."""
import socket
import struct

from servers.scene import Seen, converse

SEEN = {
    "tcp/11211": Seen("memcached", r"memcached 1\.6\..*", cleartext={True: 1}),
    "udp/11211": Seen("memcached", cleartext={True: 1}),
}


def start(scene):
    scene.serve("memcached", "-u", "root", "-l", scene.address, "-p", "11211",
                "-U", "11211", "-m", "8", tcp=(11211,), udp=(11211,))


def talk(scene):
    session = scene.connect(11211)
    converse(session, (b"version\r\n", b"\r\n"),
             (b"set berth 0 0 5\r\nseven\r\n", b"STORED\r\n"),
             (b"get berth\r\n", b"END\r\n"), (b"stats\r\n", b"END\r\n"))
    session.close()
    session = scene.connect(11211, socket.SOCK_DGRAM)
    session.send(struct.pack(">4H", 7, 0, 1, 0) + b"get berth\r\n")
    session.recv(4096)
