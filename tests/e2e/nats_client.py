"""nats_client.py: the protocol of NATS' clients by hand, for what our own link would never do;
no tests itself.

https://docs.nats.io/reference/reference-protocols/nats-protocol
"""
import base64
import ctypes
import ctypes.util
import json
import pathlib
import re
import socket
import ssl
import time

from lab import Failure

NATS = ctypes.CDLL(ctypes.util.find_library("nats"))
NATS.nats_Open(-1)


def sign(seed, text):
    """In base64url, as CONNECT has it."""
    made, size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_int()
    status = NATS.nats_Sign(seed.encode(), text.encode(), ctypes.byref(made), ctypes.byref(size))
    if status != 0:
        raise Failure(f"nats_Sign: {status}")
    return base64.urlsafe_b64encode(bytes(made[:size.value])).rstrip(b"=").decode()


def read_credentials(path):
    """The token and the seed of such a file."""
    parts = re.findall(r"-----BEGIN [^\n]*-----\n([^\n]+)\n", pathlib.Path(path).read_text())
    return parts[0], parts[1]


class Refused(Exception):
    """The server let nobody in; its words."""


class Client:
    """One connection in TLS; what the server says against it is in `errors`."""

    def __init__(self, network, address, port, ca, token, seed, inbox="_INBOX"):
        self.inbox, self.count, self.messages, self.errors = f"{inbox}.x", 0, [], []
        plain = network.connect(address, port)
        self.buffer, self.socket = b"", plain
        told = json.loads(self._line().removeprefix("INFO "))
        if not told.get("tls_required"):
            raise Failure(f"a server without TLS: {told}")
        context = ssl.create_default_context(cafile=str(ca))
        self.socket = network.lab.enter_context(
            context.wrap_socket(plain, server_hostname=address))
        self.tls = self.socket.version()
        self.socket.settimeout(10)
        self._send("CONNECT " + json.dumps({
            "verbose": False, "pedantic": False, "jwt": token, "sig": sign(seed, told["nonce"]),
            "tls_required": True, "lang": "test", "version": "1", "protocol": 1,
            "headers": True, "no_responders": True}))
        try:
            self.flush()
            if self.errors:
                raise Refused(self.errors[-1])
            # A key that is revoked in this very moment is let in, and then out again.
            self.subscribe(f"{self.inbox}.*")
        except (OSError, Failure) as error:
            raise Refused(self.errors[-1] if self.errors else str(error)) from None

    # ---- lines ----

    def _send(self, text, payload=None):
        data = text.encode() + b"\r\n" + (payload + b"\r\n" if payload is not None else b"")
        self.socket.sendall(data)

    def _take(self, count):
        while len(self.buffer) < count:
            part = self.socket.recv(65536)
            if not part:
                raise Failure(f"the server ended it: {self.errors}")
            self.buffer += part
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _line(self):
        while b"\r\n" not in self.buffer:
            # Byte by byte before TLS: what is behind the line is not ours to read.
            part = self.socket.recv(65536 if isinstance(self.socket, ssl.SSLSocket) else 1)
            if not part:
                raise Failure(f"the server ended it: {self.errors}")
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode()

    def _next(self):
        """Takes one thing that the server says; its first word."""
        words = self._line().split()
        if words[0] == "-ERR":
            self.errors.append(" ".join(words[1:]).strip("'"))
        elif words[0] == "PING":
            self._send("PONG")
        elif words[0] in ("MSG", "HMSG"):
            body = self._take(int(words[-1]))
            self._take(2)
            if words[0] == "HMSG":
                body = body[int(words[-2]):]
            self.messages.append((words[1], body))
        return words[0]

    def flush(self):
        """Until the server has taken all before."""
        self._send("PING")
        while self._next() != "PONG":
            pass

    # ---- what a client does ----

    def subscribe(self, subject):
        self.count += 1
        self._send(f"SUB {subject} {self.count}")
        self.flush()

    def publish(self, subject, payload=b"", reply="", msgid=None):
        if msgid is None:
            self._send(f"PUB {subject} {reply} {len(payload)}", payload)
            return
        head = f"NATS/1.0\r\nNats-Msg-Id: {msgid}\r\n\r\n".encode()
        self._send(f"HPUB {subject} {reply} {len(head)} {len(head) + len(payload)}",
                   head + payload)

    def announce(self, subject, size):
        """A message of that size, of which nothing comes."""
        self._send(f"PUB {subject} {size}")

    def request(self, subject, payload=b"", seconds=3, msgid=None):
        """The answer; None if none came."""
        self.count += 1
        reply = f"{self.inbox}.{self.count}"
        self.publish(subject, payload, reply, msgid)
        self.socket.settimeout(seconds)
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self._next()
                for found, body in self.messages:
                    if found == reply:
                        return body
        except (TimeoutError, socket.timeout):
            pass
        finally:
            self.socket.settimeout(10)
        return None

    def is_allowed(self, act, *arguments):
        """False if the server says that it may not."""
        before = len(self.errors)
        act(*arguments)
        self.flush()
        return not any("Permissions Violation" in one for one in self.errors[before:])

    def take_until(self, condition, seconds):
        """Takes what comes until that is so, or nothing more does for so long."""
        self.socket.settimeout(seconds)
        while not condition():
            self._next()
        self.socket.settimeout(10)

    def is_ended(self, seconds):
        """True once the server has closed it, whatever it says until then."""
        end = time.monotonic() + seconds
        try:
            while (left := end - time.monotonic()) > 0:
                self.socket.settimeout(left)
                self._next()
            return False
        except (TimeoutError, socket.timeout):
            return False
        except (Failure, OSError):
            return True
