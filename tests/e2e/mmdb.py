"""mmdb.py: writes small databases in the MaxMind DB file format, version 2.0.

A binary tree of the bits of addresses, each node two records; 16 bytes of zero; the data
that the tree's leaves point to; a mark; and what all of it is (metadata).  IPv4 is at
::/96, as the specification has it.
"""
import ipaddress
import struct

MARK = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = bytes(16)
UINT16, UINT32, MAP, UINT64, ARRAY = 5, 6, 7, 9, 11
TEXT, EXTENDED_FROM = 2, 8


def control(kind, size):
    """The bytes before a value: its kind, and how long it is."""
    first, more = (0, bytes([kind - 7])) if kind >= EXTENDED_FROM else (kind << 5, b"")
    if size < 29:
        return bytes([first | size]) + more
    if size < 285:
        return bytes([first | 29]) + more + bytes([size - 29])
    return bytes([first | 30]) + more + struct.pack(">H", size - 285)


def number(kind, value):
    packed = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return control(kind, len(packed)) + packed


def encoded(value):
    if isinstance(value, dict):
        return control(MAP, len(value)) + b"".join(
            encoded(key) + encoded(one) for key, one in value.items())
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(map(encoded, value))
    if isinstance(value, int):
        return number(UINT32, value)
    text = value if isinstance(value, bytes) else value.encode()
    return control(TEXT, len(text)) + text


def path_of(network):
    """The bits that lead to a network."""
    network = ipaddress.ip_network(network)
    bits, length = int(network.network_address), network.prefixlen
    if network.version == 4:
        length += 96
    return [bits >> (127 - i) & 1 for i in range(length)]


def tree_of(networks):
    """Nodes of two records each: None, a node's number, or ("data", which)."""
    nodes = [[None, None]]
    for which, network in enumerate(networks):
        at, path = 0, path_of(network)
        for bit in path[:-1]:
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        nodes[at][path[-1]] = ("data", which)
    return nodes


def database(networks, kind="Test-Country", built=1_700_000_000):
    """Bytes of a database of {"192.0.2.0/24": value}; no network lies in another."""
    data, offsets = b"", []
    for value in networks.values():
        offsets.append(len(data))
        data += encoded(value)
    nodes = tree_of(networks)

    def record(one):
        if one is None:
            one = len(nodes)
        elif isinstance(one, tuple):
            one = len(nodes) + len(SEPARATOR) + offsets[one[1]]
        return struct.pack(">I", one)

    metadata = {"node_count": len(nodes), "database_type": kind, "languages": ["en"],
                "description": {"en": "made by a test"}}
    typed = {"record_size": (UINT16, 32), "ip_version": (UINT16, 6),
             "binary_format_major_version": (UINT16, 2),
             "binary_format_minor_version": (UINT16, 0), "build_epoch": (UINT64, built)}
    about = control(MAP, len(metadata) + len(typed)) + b"".join(
        encoded(key) + encoded(value) for key, value in metadata.items()) + b"".join(
        encoded(key) + number(*value) for key, value in typed.items())
    tree = b"".join(record(one) for node in nodes for one in node)
    return tree + SEPARATOR + data + MARK + about


def country(code, name):
    return {"country": {"iso_code": code, "names": {"de": "?", "en": name}}}
