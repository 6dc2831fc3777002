#!/usr/bin/env python3
"""wall_xdp.py: blocks in front of the firewall (XDP), told by messages, beside what a
capture on the same interface sees.  Runs beside others.
"""
import json
import os
import re
import signal
import socket
import struct
import subprocess

import lab as e2e
import wall

BUILD = wall.BUILD
ETH_P_ALL = 3
EBUSY, ENODEV = 16, 19
MANY_PORTS = 3000  # more than are counted each by itself


def state_of(blocks):
    found = re.findall(r"xdp (\d+) generic (\d+) xdp_error (-?\d+)$", blocks.text(), re.M)
    return tuple(map(int, found[-1])) if found else None


def wait_for_state(blocks, *wanted):
    e2e.until(lambda: state_of(blocks) == wanted, f"XDP on as many: {wanted}")


def dropped(blocks, server=None):
    """Packets that were told to be dropped, by (protocol, port)."""
    sums = {}
    for who, proto, port, packets in re.findall(
            r"^dropped (\S+) (\d+) (\d+) packets (\d+)", blocks.text(), re.M):
        if server in (None, who):
            key = (int(proto), int(port))
            sums[key] = sums.get(key, 0) + int(packets)
    return sums


def pid_of(blocks):
    return int(re.findall(r"^begun pid (\d+)", blocks.text(), re.M)[-1])


class Capture:
    """What a packet socket sees of a source."""

    def __init__(self, server, link):
        self.socket = server.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((link, ETH_P_ALL))
        self.socket.setblocking(False)

    def sees(self, source):
        """How many of its packets came until now."""
        address = socket.inet_aton(source)
        count = 0
        while True:
            try:
                count += self.socket.recv(2048)[26:30] == address
            except BlockingIOError:
                return count


def mac_of(network, link):
    text = network.run("ip", "-j", "link", "show", link).stdout
    return bytes.fromhex(json.loads(text)[0]["address"].replace(":", ""))


def has_program(network, link):
    return "xdp" in json.loads(network.run("ip", "-j", "link", "show", link).stdout)[0]


def sources_are_stopped(tap, blocks, server, door):
    capture = Capture(server, "inside")
    e2e.until(lambda: door.lets_in(wall.GOOD) and door.lets_in(wall.GOOD6),
              "neighbours are known")
    tap.ok(door.lets_in(wall.BAD) and capture.sees(wall.BAD),
           "who is not blocked comes in, and is captured")
    tap.equal(blocks.add(1, wall.BAD), wall.HELD, "an address is blocked")
    tap.equal([door.lets_in(who, times=3) for who in (wall.BAD, wall.GOOD)], [0, 3],
              "its packets are stopped, and nobody else's")
    tap.equal(capture.sees(wall.BAD), 0, "before any capture sees them")
    tap.equal(blocks.add(2, "fd79:0:0:1::/64"), wall.HELD, "a /64 is blocked")
    tap.equal([door.lets_in(who, times=2) for who in (wall.BAD6, wall.BAD6_TOO, wall.GOOD6)],
              [0, 0, 2], "all of it is, and its neighbour is not")
    service = (wall.UDP, wall.PORT)
    e2e.until(lambda: (dropped(blocks, wall.OURS).get(service),
                       dropped(blocks, wall.OURS6).get(service)) == (3, 4),
              "what was dropped is told for its port")
    tap.ok(True, "what was dropped is told for its port")
    e2e.until(lambda: (blocks.told(1)[1:], blocks.told(2)[1:]) == ((0, 3), (0, 4)),
              "and for its block")
    tap.ok(True, "and for its block")
    for number in (1, 2):
        blocks.say(f"remove {number}")
        e2e.until(lambda n=number: blocks.told(n)[0] == wall.REMOVED, "it is removed")
    tap.ok(door.lets_in(wall.BAD) and door.lets_in(wall.BAD6), "who is unblocked comes in")


def only_what_it_is_for(tap, blocks, server, door):
    capture = Capture(server, "inside")
    blocks.add(10, wall.BAD, proto=wall.UDP, port=wall.PORT)
    tap.equal((door.lets_in(wall.BAD), capture.sees(wall.BAD)), (0, 1),
              "a block of a port is the firewall's alone, and captured")
    blocks.say("remove 10")
    blocks.add(11, "10.79.0.2/31")
    blocks.add(12, "10.79.0.0/30")
    blocks.say("remove 12")
    e2e.until(lambda: blocks.told(12)[0] == wall.REMOVED, "the outer one is removed")
    tap.equal((door.lets_in(wall.GOOD), capture.sees(wall.GOOD)), (0, 0),
              "a network is stopped here, within one that is not any more")
    blocks.say("remove 11")
    e2e.until(lambda: blocks.told(11)[0] == wall.REMOVED, "it is removed")
    tap.ok(door.lets_in(wall.GOOD), "and then it is not")


def ip4(payload, proto=wall.UDP, fragment=0):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, fragment, 64, proto, 0,
                       socket.inet_aton(wall.BAD), socket.inet_aton(wall.OURS)) + payload


def ip6(payload, proto):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), proto, 64,
                       socket.inet_pton(socket.AF_INET6, wall.BAD6),
                       socket.inet_pton(socket.AF_INET6, wall.OURS6)) + payload


def odd_frames(tap, blocks, server, strangers):
    """Whatever is in front of, or behind, the address."""
    udp = struct.pack("!HHHH", 5, 4242, 8, 0)
    tags = b"\x88\xa8\0\7", b"\x81\0\0\5"
    frames = (tags[1] + b"\x08\0" + ip4(udp), b"".join(tags) + b"\x08\0" + ip4(udp),
              tags[1] + b"\x86\xdd" + ip6(udp, wall.UDP))
    unread = (b"\x08\0" + ip4(udp, fragment=100), b"\x08\0" + ip4(udp, proto=1),
              b"\x86\xdd" + ip6(struct.pack("!BBHI", wall.UDP, 0, 0, 0) + udp, 0))
    sent = strangers.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sent.bind(("outside", 0))
    ends = mac_of(server, "inside") + mac_of(strangers, "outside")
    before = dropped(blocks).get((0, 0), 0)
    for frame in frames + unread:
        sent.send(ends + frame)
    e2e.until(lambda: dropped(blocks).get((wall.UDP, 4242)) == len(frames),
              "one tag and two are read over")
    e2e.until(lambda: dropped(blocks).get((0, 0)) == before + len(unread),
              "what has no port is dropped by its source")
    tap.ok(True, "tags are read over; what has no port is counted with the others")


def many_ports(tap, blocks, strangers):
    before = sum(dropped(blocks).values())
    sent = strangers.socket(kind=socket.SOCK_DGRAM)
    sent.bind((wall.BAD, 0))
    for port in range(20000, 20000 + MANY_PORTS):
        sent.sendto(b"x", (wall.OURS, port))
    e2e.until(lambda: sum(dropped(blocks).values()) == before + MANY_PORTS,
              "each packet is counted once")
    tap.ok(dropped(blocks)[0, 0] > 500, "of many ports, some are counted together, none lost")


def stopped_process(tap, blocks, server, door):
    """nftables' own timeouts, behind it, end some seconds later."""
    pid, capture = pid_of(blocks), Capture(server, "inside")
    blocks.add(20, wall.BAD, left=1)
    tap.equal((door.lets_in(wall.BAD), capture.sees(wall.BAD)), (0, 0), "a block of a second")
    os.kill(pid, signal.SIGSTOP)
    try:
        e2e.until(lambda: door.lets_in(wall.BAD) or capture.sees(wall.BAD), "it ends", 3)
        tap.ok(True, "ends here although nobody removes it")
    finally:
        os.kill(pid, signal.SIGCONT)
    e2e.until(lambda: blocks.told(20)[0] == wall.ENDED, "its end is told")


def coming_and_going(tap, lab, server, door):
    blocks = wall.Wall(lab, server, "100", "inside", "later")
    wait_for_state(blocks, 1, 0, -ENODEV)
    tap.ok(True, "an interface that is not there is told")
    server.ip("link", "add", "first", "type", "veth", "peer", "name", "other")
    server.ip("link", "set", "first", "name", "later")
    wait_for_state(blocks, 2, 0, 0)
    tap.ok(True, "when it comes, it gets the program")
    server.ip("link", "del", "later")
    wait_for_state(blocks, 1, 0, -ENODEV)
    tap.ok(True, "and it may go")
    blocks.add(1, wall.BAD)
    tap.equal(door.lets_in(wall.BAD), 0, "a block holds")
    blocks.end()
    e2e.until(lambda: not has_program(server, "inside"), "the program goes")
    tap.ok(door.lets_in(wall.BAD), "kill -9 blocks nobody for ever")


def others(tap, lab, server):
    with server.inside():
        # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
        foreign = subprocess.Popen(
            [f"{BUILD}/tests/flood", f"{BUILD}/tests/flood.bpf.o", "drop", "inside"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=e2e.die_with_parent)
    foreign.stdout.readline()
    blocks = wall.Wall(lab, server, "100", "inside", "lo")
    wait_for_state(blocks, 1, 1, -EBUSY)
    tap.ok(has_program(server, "inside"), "a program of somebody else's stays, and is told")
    foreign.stdin.close()
    foreign.wait()
    foreign.stdout.close()
    server.ip("link", "set", "inside", "alias", "free")
    wait_for_state(blocks, 2, 1, 0)
    tap.ok(True, "when it has gone, ours takes its place; where no driver can, the kernel does")
    blocks.end()


def blocks_in_front(tap, lab):
    server, strangers = wall.plugged(lab)
    blocks = wall.Wall(lab, server, "1000", "inside")
    wait_for_state(blocks, 1, 0, 0)
    door = wall.Door(server, strangers)
    sources_are_stopped(tap, blocks, server, door)
    only_what_it_is_for(tap, blocks, server, door)
    blocks.add(15, wall.BAD)
    blocks.add(16, "fd79:0:0:1::/64")
    odd_frames(tap, blocks, server, strangers)
    many_ports(tap, blocks, strangers)
    blocks.say("remove 15")
    stopped_process(tap, blocks, server, door)
    tap.ok("bad event" not in blocks.text(), "each event is one that is allowed")
    blocks.end()
    e2e.until(lambda: not has_program(server, "inside"), "the program goes")
    coming_and_going(tap, lab, server, door)
    others(tap, lab, server)


def counted_for_its_port(tap, lab):
    """The whole of it: blocked by hand, dropped unseen, and in the record of its port."""
    server, strangers = wall.plugged(lab)
    config = lab.dir / "xdp.yaml"
    config.write_text(f"home: [{wall.OURS}/32]\ninterfaces: [inside]\nprobe: {{own: no}}\n"
                      "logs: {journal: no, programs: no}\n"
                      "block: {mode: on, xdp: [inside]}\n")
    monitor = lab.monitor(server, "-c", str(config), "--listen", "off", json_output=False)
    e2e.until(lambda: monitor.get("status")["firewall"]["xdp"] == 1, "XDP")
    door = wall.Door(server, strangers)
    e2e.until(lambda: door.lets_in(wall.BAD), "neighbours are known")

    def row():
        return next((one for one in monitor.get(f"ports?port={wall.PORT}")
                     if one["server_ip"] == wall.OURS), {})

    e2e.until(lambda: row().get("client_packets"), "it was seen")
    monitor.command("block", wall.BAD, "--why", "test")
    seen = row()["client_packets"]
    tap.equal(door.lets_in(wall.BAD, times=5), 0, "who is blocked by hand is cut off")
    e2e.until(lambda: row().get("dropped_packets") == 5, "it is counted")
    tap.equal((row()["client_packets"], row()["dropped_bytes"] > 5 * 28), (seen, True),
              "the port's record has what was dropped, apart from what was seen")
    tap.equal(monitor.get("status")["firewall"]["xdp_generic"], 0, "by the driver")
    monitor.stop()


if __name__ == "__main__":
    e2e.main(blocks_in_front, counted_for_its_port)
