"""pcap.py: captures of make eval: read, written, and stretched in time.

A slow scan is run fast and its capture is stretched ("accelerated capture time"): the
scanner's own schedule is one probe, its answer, a pause.  So each probe, and all that
came between it and the next, moves by so much that probes are as far apart as the real
schedule has them; what lies between a probe and its answers stays as it was measured.
"""
import dataclasses
import ipaddress
import struct

HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
MAGIC_US, ETHERNET = 0xa1b2c3d4, 1
SECOND_US = 1_000_000
TCP, UDP, ICMP, ICMP6, SCTP = 6, 17, 1, 58, 132
SYN = 2


@dataclasses.dataclass
class Frame:
    """One of Ethernet, as captured; at_us since 1970."""

    at_us: int
    data: bytes
    length: int

    def ip(self):
        """(protocol, source, destination, offset of what IP carries), or None."""
        kind = self.data[12:14]
        if kind == b"\x08\x00" and len(self.data) >= 34:
            return (self.data[23], self.data[26:30], self.data[30:34],
                    14 + (self.data[14] & 15) * 4)
        if kind == b"\x86\xdd" and len(self.data) >= 54:
            return self.data[20], self.data[22:38], self.data[38:54], 54
        return None

    def source_port(self, at):
        return int.from_bytes(self.data[at:at + 2], "big")

    def port(self, at):
        return int.from_bytes(self.data[at + 2:at + 4], "big")

    def flags(self, at):
        return self.data[at + 13] if len(self.data) > at + 13 else 0


def packed(address):
    return ipaddress.ip_address(address).packed


def read(path):
    """The frames of a file that tcpdump has written; one cut short ends it."""
    with open(path, "rb") as file:
        data = file.read()
    frames, at = [], HEADER.size
    while at + RECORD.size <= len(data):
        seconds, micros, kept, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        if at + kept > len(data):
            break
        frames.append(Frame(seconds * SECOND_US + micros, data[at:at + kept], length))
        at += kept
    return frames


def write(path, frames):
    with open(path, "wb") as file:
        file.write(HEADER.pack(MAGIC_US, 2, 4, 0, 0, 1 << 18, ETHERNET))
        for frame in frames:
            file.write(RECORD.pack(frame.at_us // SECOND_US, frame.at_us % SECOND_US,
                                   len(frame.data), frame.length) + frame.data)


def sent_by(frames, *addresses):
    """The times of the packets from any of these addresses."""
    sources = {packed(address) for address in addresses}
    return [frame.at_us for frame in frames
            if (ip := frame.ip()) is not None and ip[1] in sources]


def moved(frame, by_us):
    return dataclasses.replace(frame, at_us=frame.at_us + by_us)


def stretched(frames, source, is_start, gap_us, window_us):
    """The frames with starts of probes (is_start) gap_us apart, window_us of them."""
    out, by_us, begin, last = [], 0, None, None
    for frame in frames:
        ip = frame.ip()
        if ip is not None and ip[1] == source and is_start(frame, ip):
            if last is None:
                begin = frame.at_us
            else:
                by_us += max(0, gap_us - (frame.at_us - last))
            last = frame.at_us
        if begin is None:
            continue
        if frame.at_us + by_us - begin > window_us:
            break
        out.append(moved(frame, by_us))
    return out


def merged(*captures):
    return sorted((frame for frames in captures for frame in frames),
                  key=lambda frame: frame.at_us)
