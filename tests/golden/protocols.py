#!/usr/bin/env python3
"""protocols.py: what other tools say a conversation speaks, and who logged in how.

For every capture whose expected results name protocols flow by flow (nDPI, Zeek's
conn.log, Arkime's sessions), our flow must have the same name, known by what was said
and not by its port.  What is meant to differ is a line of protocol_exceptions.txt, with
its reason; a line that no longer applies fails.  Names of protocols that we leave to
nDPI's library are only counted: its versions disagree with each other.

  protocols.py                compare
  protocols.py --differences  compare, and print differences as lines for the exceptions
"""
import collections
import glob
import json
import os
import re
import sys

import common

# nDPI's names of what we read ourselves.
NDPI = {
    "DHCP": "dhcp", "DNS": "dns", "FTP_CONTROL": "ftp", "HTTP": "http",
    "HTTP_Connect": "http", "HTTP_Proxy": "http", "HTTP2": "http2", "IMAP": "imap",
    "IMAPS": "tls", "LDAP": "ldap", "MDNS": "mdns", "MQTT": "mqtt",
    "Memcached": "memcached", "MySQL": "mysql", "NTP": "ntp", "POP3": "pop3",
    "POPS": "tls", "PostgreSQL": "postgresql", "QUIC": "quic", "RDP": "rdp",
    "RTP": "rtp", "Redis": "redis", "SIP": "sip", "SMBv1": "smb", "SMBv23": "smb",
    "SMTP": "smtp", "SMTPS": "tls", "SNMP": "snmp", "SSDP": "ssdp", "SSH": "ssh",
    "TLS": "tls", "Telnet": "telnet", "VNC": "vnc",
}
# Zeek's analyzers; DNS are to it all that have its messages.
ZEEK = {"ssl": {"tls"}, "dns": {"dns", "mdns", "llmnr", "netbios"}, "quic": {"quic"}, "rfb": {"vnc"},
        "ldap_tcp": {"ldap"}, "ldap_udp": {"ldap"}}
ZEEK.update({name: {name} for name in (
    "dhcp", "ftp", "http", "imap", "mqtt", "mysql", "ntp", "pop3", "postgresql", "rdp",
    "redis", "sip", "smb", "smtp", "snmp", "ssh", "telnet")})
ARKIME = dict(ZEEK, tls={"tls"})

NDPI_FLOW = re.compile(r"^\t\d+\t(?P<transport>\S+) (?P<a>\S+) <?-> (?P<b>\S+) "
                       r"(?:\[VLAN: \d+\])?.*?\[proto: [\d.]+/(?P<name>[^\]]+)\]"
                       r".*?\[Confidence: (?P<how>[^\]]+)\]")
TRANSPORTS = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp6"}

# How often each outcome.  In postgres-badpass, psql is asked for a password and leaves
# to ask its user: nobody has failed yet.
LOGINS = {
    "brute__zeek__sshguess.pcap": ("ssh", {"failure": 28}),
    "login__zeek__auth.pcap": ("mysql", {"failure": 9, "success": 1}),
    "login__arkime__postgres-badpass.pcap": ("postgresql", {}),
    "login__zeek__psql-login-fail.pcap": ("postgresql", {"failure": 1}),
    "login__ndpi__ftp_failed.pcap": ("ftp", {"failure": 1}),
}
HARMLESS = {"notice"}


def endpoint(text):
    """("10.0.0.1", 80) of "10.0.0.1:80" or "[2001:db8::1]:80"."""
    address, port = text.rsplit(":", 1)
    return address.strip("[]"), int(port)


def key_of(transport, one, other):
    return transport.lower(), frozenset((one, other))


def show(key):
    ends = sorted(key[1]) * (2 if len(key[1]) == 1 else 1)
    return "%s %s:%s %s:%s" % (key[0], *ends[0], *ends[1])


def of_ndpi(path):
    """(key, their name, our names for it or None) of a result of nDPI's tests."""
    for line in open(path, encoding="utf-8", errors="replace"):
        flow = NDPI_FLOW.match(line)
        if not flow or flow["how"] != "DPI" or flow["transport"] not in ("TCP", "UDP"):
            continue
        base = flow["name"].split(".")[0]
        ours = {NDPI[base]} if base in NDPI else None
        yield (key_of(flow["transport"], endpoint(flow["a"]), endpoint(flow["b"])),
               base, ours)


def of_zeek(path):
    columns = []
    for line in open(path, encoding="utf-8", errors="replace"):
        cells = line.rstrip("\n").split("\t")
        if cells[0] == "#fields":
            columns = cells[1:]
        row = dict(zip(columns, cells))
        if line.startswith("#") or row.get("service", "-") == "-":
            continue
        if not {"id.orig_h", "id.resp_p", "proto"} <= set(row):
            continue
        names = [ZEEK[name] for name in row["service"].split(",") if name in ZEEK]
        yield (key_of(row["proto"], (row["id.orig_h"], int(row["id.orig_p"])),
                      (row["id.resp_h"], int(row["id.resp_p"]))),
               row["service"], set().union(*names) if names else None)


def of_arkime(path):
    for session in json.load(open(path, encoding="utf-8"))["sessions3"]:
        body = session["body"]
        names = [ARKIME[name] for name in body.get("protocol", []) if name in ARKIME]
        if names:
            yield (key_of(TRANSPORTS.get(body["ipProtocol"], "ip"),
                          (body["source"]["ip"], body["source"]["port"]),
                          (body["destination"]["ip"], body["destination"]["port"])),
                   ",".join(body["protocol"]), set().union(*names))


def expected(capture, skipped):
    """(tool, key, their name, our names) of all expected results, each once."""
    found = {}
    for path in sorted(glob.glob(capture + ".expected/*")):
        name = os.path.basename(path)
        if name.endswith(".ndpi.out"):
            tool, rows = "nDPI", of_ndpi(path)
        elif re.fullmatch(r"zeek__.*__conn.*\.log", name):
            if (os.path.basename(capture), name[len("zeek__"):]) in skipped:
                continue
            tool, rows = "Zeek", of_zeek(path)
        elif name.startswith("arkime__"):
            tool, rows = "Arkime", of_arkime(path)
        else:
            continue
        for key, theirs, names in rows:
            found.setdefault((tool, key, theirs), names)
    return [(*one, names) for one, names in found.items()]


def records(capture, kind):
    result = common.breakwater("replay", "--json", "--type", kind, "--quiet", capture)
    if result.returncode not in (0, 1, 5):
        raise RuntimeError(f"exit status {result.returncode}: {result.stderr.strip()}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def ours(capture):
    """
    Names by key, of flows that have a server port, none if not known by what was said;
    and the keys of those in which payload came under a wrong checksum.
    """
    names, damaged = collections.defaultdict(set), set()
    for flow in records(capture, "flow"):
        if "server_port" not in flow:
            continue
        key = key_of(flow["transport"], (flow["client_ip"], flow["client_port"]),
                     (flow["server_ip"], flow["server_port"]))
        names[key].update([flow["protocol"]]
                          if flow.get("protocol_by", "port") != "port" else ())
        if "c" in flow.get("history", "").lower():
            damaged.add(key)
    return names, damaged


def exceptions():
    """capture | tool | flow | theirs | ours | why, by all but the last."""
    path = os.path.join(common.HERE, "protocol_exceptions.txt")
    found = {}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        cells = [cell.strip() for cell in line.split(" | ")]
        if not line.strip() or line.startswith("#"):
            continue
        if len(cells) != 6 or not cells[5]:
            raise SystemExit(f"{path}:{number}: not an exception: {line.strip()}")
        found[tuple(cells[:5])] = False
    return found


def compare(tap, capture, allowed, skipped, totals):
    name, notes = os.path.basename(capture), []
    wanted = expected(capture, skipped)
    if not wanted:
        return
    mine, damaged = ours(capture)
    for tool, key, theirs, names in wanted:
        said = mine.get(key)
        shown = "no flow" if said is None else ",".join(sorted(said)) or "-"
        if names is None:
            totals["strangers"] += 1
            totals["named alike"] += theirs.lower() in (said or ())
            own = set(said or ()) & set(NDPI.values())
            if not own:
                continue
        elif said and said <= names:
            totals["same"] += 1
            totals["compared"] += 1
            continue
        else:
            totals["compared"] += 1
        lines = [(name, tool, flow, theirs, shown) for flow in
                 (show(key), *(["wrong checksum"] if key in damaged else []))]
        listed = [line for line in lines if line in allowed]
        for line in listed:
            allowed[line] = True
        totals["decided otherwise"] += bool(listed)
        if not listed:
            notes.append(" | ".join((*lines[0], "")))
    if "--differences" in sys.argv:
        print("\n".join(notes))
    tap.result(not notes, f"{name}: {len(wanted)} conversations speak what others say",
               notes[:60])


def logins(tap, capture):
    name = os.path.basename(capture)
    protocol, wanted = LOGINS[name]
    seen = collections.Counter(login["outcome"] for login in records(capture, "login")
                               if login["protocol"] == protocol)
    said = ", ".join(f"{count} {outcome}" for outcome, count in wanted.items()) or "none"
    tap.result({outcome: seen[outcome] for outcome in ("failure", "success")} ==
               dict({"failure": 0, "success": 0}, **wanted),
               f"{name}: {protocol} logins: {said}", [dict(seen)])


def innocent(tap, capture):
    loud = [finding for finding in records(capture, "finding")
            if finding["severity"] not in HARMLESS]
    tap.result(not loud, f"{os.path.basename(capture)}: nothing worse than a notice",
               [json.dumps(finding) for finding in loud[:10]])


def made_up(tap):
    """Of a generated capture, whose questions are DNS and whose all else says nothing."""
    capture = common.small_capture(packets=20000)
    if capture is None:
        tap.skip("what says nothing is nobody's", "tests/bench/generate is not built")
        return
    spoken = collections.Counter(
        (flow["protocol"], flow["server_port"] == 53) for flow in records(capture, "flow")
        if flow.get("protocol_by", "port") != "port")
    tap.result(set(spoken) == {("dns", True)},
               "of made-up traffic the DNS is recognised, and what says nothing is nobody's",
               [dict(spoken)])


def main():
    tap, allowed, totals = common.Tap(), exceptions(), collections.Counter()
    skipped = {tuple(line[:2]) for line in common.exceptions()["skip"]}
    made_up(tap)
    if not common.captures():
        tap.skip("what other tools say", "no shared captures")
        return tap.finish()
    for capture in common.captures():
        compare(tap, capture, allowed, skipped, totals)
        if os.path.basename(capture) in LOGINS:
            logins(tap, capture)
        if os.path.basename(capture).startswith("neg__"):
            innocent(tap, capture)
    stale = [" | ".join(line) for line, used in allowed.items() if not used]
    tap.result(not stale, "every exception still applies", stale)
    print(f"# {totals['same']} of {totals['compared']} conversations have the expected "
          f"name, {totals['decided otherwise']} are meant to differ; of "
          f"{totals['strangers']} in protocols we leave to nDPI, "
          f"{totals['named alike']} have the same name")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
