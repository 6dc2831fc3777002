"""crowd.py ROLE: ordinary clients of the scene, until they are ended.

Each role is a few threads, one for each source address, that ask as programs do and wait
as people do.  What they ask, and when, comes from a seed.
"""
import http.client
import pathlib
import random
import socket
import ssl
import struct
import sys
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
# pylint: disable=wrong-import-position
import stage
from servers.scene import RIGHT

SEED = 9
SITE = ("/", "/", "/berths.json", "/api/tides", "/api/berths", "/chart.bin", "/missing")
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/146.0.0.0 Safari/537.36",
          "curl/8.14.1")


def no_questions():
    """Any certificate will do; the machine's authorities need not be read for that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


TLS = no_questions()


class NamedConnection(http.client.HTTPSConnection):
    """TLS with a server name, to an address."""

    def connect(self):
        made = socket.create_connection((self.host, self.port), 10, self.source_address)
        self.sock = TLS.wrap_socket(made, server_hostname="www.harbour.example")


def browse(source, chance, pages=6):
    """One visit: some pages over one connection."""
    host = stage.OURS6 if ":" in source else stage.OURS
    kind = NamedConnection if chance.random() < 0.8 else http.client.HTTPConnection
    client = kind(host, timeout=10, source_address=(source, 0))
    agent = chance.choice(AGENTS)
    for _ in range(chance.randint(1, pages)):
        client.request("GET", chance.choice(SITE),
                       headers={"Host": "www.harbour.example", "User-Agent": agent})
        client.getresponse().read()
        time.sleep(chance.expovariate(4))
    client.close()


def resolve(source, chance):
    name = chance.choice(("www", "www", "mail", "absent"))
    labels = b"".join(bytes([len(part)]) + part.encode()
                      for part in (name, "harbour", "example")) + b"\0"
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.settimeout(2)
        asked.bind((source, 0))
        kind = chance.choice((1, 28))
        asked.sendto(struct.pack("!6H", chance.randrange(65536), 0x100, 1, 0, 0, 0) + labels +
                     struct.pack("!2H", kind, 1),
                     (stage.OURS6 if ":" in source else stage.OURS, 53))
        asked.recv(512)


def use_redis(source, chance):
    """An application's session: it logs in and asks many things."""
    with socket.create_connection((stage.OURS, 6379), 10, (source, 0)) as line:
        answers = line.makefile("rb")

        def ask(*words):
            line.sendall(b"*%d\r\n" % len(words) + b"".join(
                b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
            head = answers.readline()
            if head.startswith(b"$") and head != b"$-1\r\n":
                answers.read(int(head[1:]) + 2)

        ask(b"AUTH", RIGHT.encode())
        for _ in range(chance.randint(10, 60)):
            key = b"berth:%d" % chance.randint(1, 50)
            if chance.random() < 0.3:
                ask(b"SET", key, b"x" * chance.randint(20, 4000))
            else:
                ask(b"GET", key)
            time.sleep(chance.expovariate(20))


def visitor(source, chance):
    if chance.random() < 0.3:
        resolve(source, chance)
    browse(source, chance)
    time.sleep(chance.expovariate(0.2))


def office(source, chance):
    if chance.random() < 0.5:
        use_redis(source, chance)
    else:
        browse(source, chance, 12)
    time.sleep(chance.expovariate(1))


def slow(source, chance):
    browse(source, chance, 3)


ROLES = {"visitors": (visitor, (*stage.VISITORS, *stage.VISITORS6)),
         "office": (office, stage.OFFICE), "slow": (slow, (stage.SLOW,))}


def live(action, source):
    chance = random.Random(f"{SEED} {source}")
    while True:
        try:
            action(source, chance)
        except (OSError, http.client.HTTPException):  # as people, they try again later
            time.sleep(1)
        except Exception:  # pylint: disable=broad-exception-caught
            traceback.print_exc()
            return


def main():
    action, sources = ROLES[sys.argv[1]]
    for source in sources:
        threading.Thread(target=live, args=(action, source)).start()


if __name__ == "__main__":
    main()
