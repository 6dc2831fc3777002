"""ghost_server.py IFACE PORT: answers TCP connections past the kernel's sockets.

As a rootkit's back door would: frames in, frames out, no socket that ss could show.
"""
import socket
import struct
import sys

IFACE, PORT = sys.argv[1], int(sys.argv[2])
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def segment(source, target, target_port, seq, ack, flags, payload=b""):
    """An IPv4 packet with one TCP segment from our port."""
    head = struct.pack("!HHIIBBHHH", PORT, target_port, seq & 0xffffffff,
                       ack & 0xffffffff, 5 << 4, flags, 64240, 0, 0)
    pseudo = source + target + struct.pack("!BBH", 0, 6, len(head) + len(payload))
    total = checksum(pseudo + head + payload)
    head = head[:16] + struct.pack("!H", total) + head[18:]
    length = 20 + len(head) + len(payload)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 6, 0, source, target)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return ip + head + payload


def answer(frame):
    """What goes back for a frame; None if it is not for us."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    size = (frame[14] & 15) * 4
    source, target = frame[26:30], frame[30:34]
    tcp = frame[14 + size:]
    sport, dport, seq, ack = struct.unpack("!HHII", tcp[:12])
    flags = tcp[13]
    if dport != PORT:
        return None
    if flags & SYN:
        return [segment(target, source, sport, 1000, seq + 1, SYN | ACK)]
    if flags & FIN:
        return [segment(target, source, sport, ack, seq + 1, ACK)]
    if flags & ACK and ack == 1001:
        return [segment(target, source, sport, 1001, seq, PSH | ACK, b"hello"),
                segment(target, source, sport, 1006, seq, FIN | ACK)]
    return None


def main():
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    wire.bind((IFACE, 0x0800))
    print("ready", flush=True)
    while True:
        frame, source = wire.recvfrom(2048)
        if source[2] == socket.PACKET_OUTGOING:
            continue
        for packet in answer(frame) or []:
            wire.send(frame[6:12] + frame[:6] + b"\x08\x00" + packet)


main()
