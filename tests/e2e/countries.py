#!/usr/bin/env python3
"""countries.py: in which country addresses are, by a database that is given.

IPv4 and IPv6 are found, with what a hostile database says as text; another file is taken
at SIGHUP, and one that can't be used is told and changes nothing, also one that is
overwritten where it stands; none is none.

Runs beside others.
"""
import json
import random
import signal
import sys

import lab as e2e
import mmdb
from lab import BREAKWATER, until

HOSTILE = b"<b>\"\\\x00\x1b[2J\xff\xfe</b>" + b"x" * 300
WORLD = {
    "192.0.2.0/24": mmdb.country("NL", "Netherlands"),
    "198.51.100.128/25": mmdb.country("BR", "Brazil"),
    "2001:db8:1::/48": mmdb.country("JP", "Japan"),
    "203.0.113.0/28": mmdb.country("XX", HOSTILE),
    "203.0.113.16/28": {"country": {"names": {"en": "Nowhere"}}},
    "203.0.113.32/28": {"country": {"iso_code": 7, "names": ["en"]}},
    "203.0.113.48/28": {"country": {"iso_code": "ZZ"}},
}
OTHER = {"192.0.2.0/24": mmdb.country("KE", "Kenya")}


def ask(monitor, *addresses, status=200):
    connection = e2e.UnixConnection(monitor.socket)
    try:
        connection.request("GET", f"/api/v1/countries?ip={','.join(addresses)}")
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != status:
        raise e2e.Failure(f"countries: {answer.status} {body[:200]}")
    return json.loads(body)


def start(lab, content=None):
    file, config = lab.dir / "world.mmdb", lab.dir / "breakwater.yaml"
    if content is None:
        config.write_text("{}\n")
    else:
        file.write_bytes(content)
        config.write_text(f"geo:\n  database: {file}\n")
    return file, config, lab.monitor(lab.namespace("alone"), "-c", str(config),
                                     json_output=False)


def found(tap, lab):
    _, _, monitor = start(lab, mmdb.database(WORLD))
    said = ask(monitor, "192.0.2.1", "198.51.100.200", "198.51.100.1", "2001:db8:1::9",
               "2001:DB8:2::9", "10.0.0.1", "203.0.113.17", "203.0.113.33", "203.0.113.49")
    tap.equal(said, {"known": True, "built": said["built"], "countries": {
        "192.0.2.1": {"code": "NL", "name": "Netherlands"},
        "198.51.100.200": {"code": "BR", "name": "Brazil"},
        "2001:db8:1::9": {"code": "JP", "name": "Japan"},
        "203.0.113.49": {"code": "ZZ"}}},
        "IPv4 and IPv6 are found, and of what is not known is nothing said")
    tap.equal(said["built"][:19], "2023-11-14T22:13:20", "and how old that is", said)
    hostile = ask(monitor, "203.0.113.1")["countries"]["203.0.113.1"]
    tap.ok(hostile["code"] == "XX" and hostile["name"].startswith("<b>\"\\") and
           len(hostile["name"]) < 96, "what a hostile database says is text", hostile)
    tap.equal(ask(monitor)["countries"], {}, "of none is none")
    many = [f"192.0.{i // 250}.{i % 250}" for i in range(1001)]
    tap.equal(len(ask(monitor, *many[:1000])["countries"]), 250, "of a thousand at once")
    tap.ok("1,000" in ask(monitor, *many, status=400)["error"], "but of no more")
    for wrong in ("nobody", "192.0.2.1;10.0.0.1", "x" * 5000, ",10.0.0.1", "192.0.2.0/24"):
        tap.ok("ip: " in ask(monitor, wrong, status=400)["error"],
               f"{wrong[:20]} is no list of addresses")
    tap.equal(monitor.stop(), 0, "and it ends with 0")


def none(tap, lab):
    _, _, monitor = start(lab)
    tap.equal(ask(monitor, "192.0.2.1"), {"known": False}, "without one nothing is known")


def broken(good):
    """What is no database of countries, and a word of what is said of it."""
    yield b"", "read data"
    yield b"no database", "metadata"
    yield good[:len(good) // 2], "metadata"
    yield good[len(good) // 2:], "metadata"
    yield mmdb.database({"192.0.2.0/24": {"autonomous_system_number": 64496}},
                        kind="Test-ASN\x1b[2J"), '"Test-ASN?[2J"'


def renewed(tap, lab):
    good = mmdb.database(WORLD)
    file, _, monitor = start(lab, good)

    def reload():
        said = len(monitor.program.err())
        monitor.program.process.send_signal(signal.SIGHUP)
        until(lambda: "next start\n" in monitor.program.err()[said:], "a word after SIGHUP")
        return monitor.program.err()[said:]

    for content, word in broken(good):
        file.write_bytes(content)  # where it stands, as cp does
        said = reload()
        tap.ok(f"geo.database: {file}: " in said and word in said and "stays" in said,
               f"what can't be used is told: {word}", said)
        tap.equal(ask(monitor, "192.0.2.1")["countries"]["192.0.2.1"]["code"], "NL",
                  "and the old one stays")
    file.unlink()
    tap.ok("No such file" in reload(), "so is that there is none any more")
    fresh = file.with_suffix(".new")
    fresh.write_bytes(mmdb.database(OTHER, built=1_750_000_000))
    fresh.rename(file)
    said = reload()
    tap.equal(ask(monitor, "192.0.2.1")["countries"]["192.0.2.1"],
              {"code": "KE", "name": "Kenya"}, "another one is taken", said)
    tap.equal(monitor.stop(), 0, "and it ends with 0")


def refused(tap, lab):
    good = mmdb.database(WORLD)
    file, config = lab.dir / "world.mmdb", lab.dir / "breakwater.yaml"
    config.write_text(f"geo:\n  database: {file}\n")
    check = [BREAKWATER, "config", "check", "-c", str(config)]
    run = [BREAKWATER, "run", "-c", str(config), "--socket", str(lab.dir / "sock"),
           "--listen", "127.0.0.1:0", "--state", str(lab.dir / "state")]
    network = lab.namespace("alone")
    for command in (check, run):
        done = network.run(*command, status=2)
        tap.ok(f"geo.database: {file}: No such file" in done.stderr,
               f"{command[1]}: that it is missing is told", done.stderr)
    for content, word in broken(good):
        file.write_bytes(content)
        done = network.run(*check, status=2)
        tap.ok(word in done.stderr and len(done.stderr.splitlines()) == 1,
               f"config check: what can't be used is told in a line: {word}", done.stderr)
    file.write_bytes(good)
    network.run(*check)
    config.write_text(f"geo:\n  database: {lab.dir}\n")
    tap.ok("not a plain file" in network.run(*check, status=2).stderr, "a folder is none")


def harmed(tap, lab):
    """Bytes anywhere in it are other ones: it may know less, and nothing else happens."""
    seed = random.randrange(1 << 32)
    chance, good = random.Random(seed), mmdb.database(WORLD)
    file, _, monitor = start(lab, good)
    for _ in range(60):
        content = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        file.write_bytes(content)
        said = len(monitor.program.err())
        monitor.program.process.send_signal(signal.SIGHUP)
        until(lambda said=said: "next start\n" in monitor.program.err()[said:], "an answer")
        ask(monitor, "192.0.2.1", "198.51.100.200", "2001:db8:1::9", "203.0.113.1", "::", "ffff::")
    tap.equal(monitor.stop(), 0, "a database that is harmed harms nobody", f"seed {seed}")


if __name__ == "__main__":
    sys.exit(e2e.main(found, none, renewed, refused, harmed))
