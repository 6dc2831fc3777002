"""hostile.py: words from the wire that would be harm if a page took them for markup.

Names of servers (TLS, HTTP), a user agent, a banner, a user and the name of a process; with
marks that turn the direction of writing where bytes are free.
"""
import contextlib
import socket
import ssl
import sys

import stage as places
from lab import until

MARKUP = "<img src=x onerror=alert(1)>"
SHORT = "<img onerror=x>"  # a process may have 15 bytes
TURNED = "\u202egnp.exe\u2066"
PORT = 8099
# A server whose process, banner and words are all hostile.
SERVER = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, sys.argv[3].encode(), 0, 0, 0)  # PR_SET_NAME
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), reuse_port=False)
while True:
    client = listener.accept()[0]
    client.sendall(sys.argv[4].encode())
    client.recv(1000)
    client.close()
"""


def say(network, source, port, *words):
    """A connection on which that is said; what comes back is read to its end."""
    with network.inside():
        made = socket.socket()
    with made, contextlib.suppress(OSError):
        made.settimeout(3)
        made.bind((source, 0))
        made.connect((places.OURS, port))
        for word in words:
            made.sendall(word.encode())
            made.recv(4096)


def hello(network, source):
    """A TLS handshake that asks for a name of markup."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with network.inside():
        made = socket.socket()
    with made, contextlib.suppress(OSError):
        made.settimeout(3)
        made.bind((source, 0))
        made.connect((places.OURS, 443))
        context.wrap_socket(made, server_hostname=MARKUP).close()


def speak(scene):
    """All of it; the texts that must be seen as they are."""
    street, source = scene.stage.street, places.OFFICE[0]
    scene.stage.server.start(sys.executable, "-c", SERVER, places.OURS, str(PORT), SHORT,
                             f"SSH-2.0-{MARKUP}{TURNED}\r\n")
    until(lambda: scene.stage.server.listens(PORT), "a hostile server", 30)
    hello(street, source)
    say(street, source, 80, f"GET /{MARKUP} HTTP/1.1\r\nHost: {MARKUP}\r\n"
        f"User-Agent: {MARKUP}{TURNED}\r\nConnection: close\r\n\r\n")
    say(street, source, 22, f"SSH-2.0-{MARKUP}\r\n")
    say(street, source, PORT, f"SSH-2.0-{MARKUP}\r\n")
    say(street, source, 6379, f'AUTH "{MARKUP}" wrong\r\n')
    until(lambda: any(one.get("process") == SHORT for one in
                      scene.monitor.get(f"listeners?port={PORT}")), "its name", 30)
    return {"markup": MARKUP, "short": SHORT, "port": PORT}
