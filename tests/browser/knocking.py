"""knocking.py: somebody at a trap port."""
import contextlib
import socket
import time

import stage as places


def knock(network, source, port=23):
    """A connection to a trap; when its first packet left, in seconds since 1970."""
    with network.inside():
        made = socket.socket()
    made.settimeout(5)
    made.bind((source, 0))
    at = time.time()
    with contextlib.suppress(OSError):
        made.connect((places.OURS, port))
        made.sendall(b"root\r\n")
        made.settimeout(0.5)
        made.recv(100)  # what was said is read before it ends
    made.close()
    return at
