#!/usr/bin/env python3
"""zeek.py: our connections against Zeek's own conn.log baselines, field by field.

For every capture under ../shared/captures that has a Zeek conn log, one TAP test
says whether `breakwater replay --format zeek` gives the same multiset of
connections.  exceptions.txt lists each baseline that can't be compared and each
connection that is meant to differ, with its reason; an entry that no longer
applies fails too.  Timestamps and uids are canonicalised in the baselines, so the
start of a connection is not compared.

  zeek.py                compare
  zeek.py --list         Markdown of every expected connection, without duplicates
  zeek.py --differences  compare, and print differences as lines for exceptions.txt
"""
import collections
import ipaddress
import json
import os
import sys

import common

# Zeek's column -> how to read its text.  Columns not named here are not compared.
FIELDS = {
    "id.orig_h": "addr", "id.orig_p": "count", "id.resp_h": "addr",
    "id.resp_p": "count", "proto": "text", "conn_state": "text", "history": "text",
    "orig_pkts": "count", "orig_ip_bytes": "count", "resp_pkts": "count",
    "resp_ip_bytes": "count", "orig_bytes": "count", "resp_bytes": "count",
    "missed_bytes": "count", "duration": "interval", "vlan": "count",
    "inner_vlan": "count",
}
RENAMED = {"id_orig_h": "id.orig_h", "id_orig_p": "id.orig_p",
           "id_resp_h": "id.resp_h", "id_resp_p": "id.resp_p",
           "src": "id.orig_h", "src_port": "id.orig_p",
           "dst": "id.resp_h", "dst_port": "id.resp_p"}
ENDPOINTS = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
MIRROR = {"id.orig_h": "id.resp_h", "id.orig_p": "id.resp_p",
          "orig_pkts": "resp_pkts", "orig_ip_bytes": "resp_ip_bytes",
          "orig_bytes": "resp_bytes"}
MIRROR.update({there: here for here, there in list(MIRROR.items())})


def value(kind, text):
    """A column's text as something two tools agree on; None if unset."""
    if text in ("-", None):
        return None
    if kind == "addr":
        return str(ipaddress.ip_address(text))
    if kind == "count":
        return int(text)
    if kind == "interval":
        return round(float(text) * 1e6)
    return str(text)


def read_log(path):
    """Columns we compare, and the connections as dicts, of a conn.log or a cut of it."""
    columns, rows = None, []
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("#fields"):
            columns = line.split("\t")[1:]
        elif line.startswith("#") or not line:
            continue
        elif columns is None:
            # zeek-cut -m writes the names on a line of their own, zeek-cut none.
            columns = line.split("\t")
            if "id.orig_h" not in columns:
                columns = ["id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto"]
                rows.append(line.split("\t"))
        else:
            rows.append(line.split("\t"))
    names = [RENAMED.get(name, name) for name in columns or []]
    rows = [{name: value(FIELDS[name], text) for name, text in zip(names, row)
             if name in FIELDS} for row in rows]
    return [name for name in names if name in FIELDS and not is_off(name, rows)], rows


def is_off(name, rows):
    """Zeek ran without its size analyzer: no connection has packet counts."""
    return (name.endswith(("_pkts", "_ip_bytes")) and
            all(row[name] is None for row in rows))


def ours(capture, only=None):
    """Our connections of a capture, with the same names and values."""
    packets = ["--filter", only] if only else []
    result = common.breakwater("replay", "--format", "zeek", "--quiet", *packets, capture)
    if result.returncode not in (0, 1, 5):
        raise RuntimeError(f"exit status {result.returncode}: {result.stderr.strip()}")
    rows = []
    for line in result.stdout.splitlines():
        record = json.loads(line)
        row = {name: record.get(name) for name in FIELDS}
        for name in ("id.orig_h", "id.resp_h"):
            row[name] = str(ipaddress.ip_address(row[name]))
        if row["duration"] is not None:
            row["duration"] = round(row["duration"] * 1e6)
        rows.append(row)
    return rows


def show(row):
    return ("%s:%s > %s:%s %s" % (*[row.get(name, "?") for name in ENDPOINTS],
                                  row.get("proto") or "-"))


def pair(row):
    """The connection without its direction."""
    a = (row["id.orig_h"], str(row.get("id.orig_p")))
    b = (row["id.resp_h"], str(row.get("id.resp_p")))
    return (min(a, b), max(a, b), str(row.get("proto")))


def mirrored(row):
    """The same connection seen from the other end."""
    return {name: row.get(MIRROR.get(name, name)) for name in row
            if name not in ("conn_state", "history")}


def distance(a, b, columns):
    return sum(a.get(name) != b.get(name) for name in columns)


def differences(expected, mine, columns):
    """What differs, as (connection, field, expected, ours), after the best matching."""
    def freeze(row):
        return tuple(str(row.get(name)) for name in columns)
    expected = [{name: row[name] for name in columns} for row in expected]
    mine = [{name: row[name] for name in columns} for row in mine]
    left = collections.Counter(map(freeze, expected))
    right = collections.Counter(map(freeze, mine))
    only_expected = take(expected, left - right, freeze)
    only_mine = take(mine, right - left, freeze)
    found = []
    for row in only_expected:
        same = [other for other in only_mine if pair(other) == pair(row)]
        if not same:
            found.append((show(row), "connection", "present", "absent"))
            continue
        best = min(same, key=lambda other: distance(row, other, columns))
        only_mine.remove(best)
        found.extend(compare(row, best, columns))
    found.extend((show(row), "connection", "absent", "present") for row in only_mine)
    return found


def take(rows, counter, freeze):
    counter, taken = counter.copy(), []
    for row in rows:
        if counter[freeze(row)] > 0:
            counter[freeze(row)] -= 1
            taken.append(row)
    return taken


def compare(row, mine, columns):
    """Field by field; the opposite direction is one difference, not ten."""
    turned = [name for name in columns if name not in ("conn_state", "history")]
    other = mirrored(row)
    if (row["id.orig_h"] != mine["id.orig_h"] or row.get("id.orig_p") !=
            mine.get("id.orig_p")) and distance(other, mine, turned) == 0:
        return [(show(row), "direction",
                 f"{row.get('history')} {row.get('conn_state')}",
                 f"{mine.get('history')} {mine.get('conn_state')}")]
    return [(show(row), name, str(row.get(name)), str(mine.get(name)))
            for name in columns if row.get(name) != mine.get(name)]


def read_exceptions():
    """(skips, filters, connections) of exceptions.txt, keyed by capture and log."""
    found = common.exceptions()
    known = {}
    for name, log, *difference, reason in found["differs"]:
        known.setdefault((name, log), {})[tuple(difference)] = reason
    return ({(name, log): reason for name, log, reason in found["skip"]},
            {(name, log): only for name, log, only in found["filter"]}, known)


def logs():
    """(capture path, capture name, log name, log path) of every Zeek conn log."""
    for capture in common.captures():
        name = os.path.basename(capture)
        folder = capture + ".expected"
        for log in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            last = log.rsplit("__", 1)[-1]
            if log.startswith("zeek__") and last.startswith("conn") and last.endswith(
                    (".log", ".cut")):
                yield capture, name, log[len("zeek__"):], os.path.join(folder, log)


def test_log(tap, capture, name, log, path, filters, known, print_differences):
    columns, expected = read_log(path)
    key = (name, log)
    try:
        found = differences(expected, ours(capture, filters.get(key)), columns)
    except (RuntimeError, ValueError, KeyError) as error:
        tap.result(False, f"{name} {log}", [str(error)])
        return
    allowed = known.pop(key, {})
    surprises = [one for one in found if one not in allowed]
    stale = [one for one in allowed if one not in found]
    notes = ["%s: %s expected %s, ours %s" % one for one in surprises]
    notes += ["exception no longer applies: %s: %s %s %s" % one for one in stale]
    if print_differences:
        for one in surprises:
            print("differs | " + " | ".join((name, log) + one) + " | ")
    title = f"{name} {log}: {len(expected)} connections"
    if allowed:
        title += f", {len(allowed)} listed exceptions"
    tap.result(not surprises and not stale, title, notes)


def list_expected():
    skips, filters, _ = read_exceptions()
    seen = {}
    for _, name, log, path in logs():
        if (name, log) in skips:
            print(f"- skipped `{name}` {log}: {skips[(name, log)]}")
            continue
        columns, rows = read_log(path)
        body = "\n".join(sorted(" ".join(f"{n.replace('id.', '')}={row[n]}" for n in columns
                                         if row.get(n) is not None) for row in rows))
        if body in seen:
            print(f"- `{name}` {log}: the same as {seen[body]}")
            continue
        seen[body] = log
        print(f"\n## `{name}` {log}" + (f" (filter {filters[(name, log)]!r})"
                                        if (name, log) in filters else ""))
        print("```\n" + body + "\n```")


def main():
    if "--list" in sys.argv:
        return list_expected()
    tap = common.Tap()
    skips, filters, known = read_exceptions()
    found = list(logs())
    if not found:
        tap.skip("Zeek's conn.log baselines", "no shared captures")
        return tap.finish()
    for capture, name, log, path in found:
        if (name, log) in skips:
            tap.skip(f"{name} {log}", skips.pop((name, log)))
            continue
        test_log(tap, capture, name, log, path, filters, known,
                 "--differences" in sys.argv)
    left = [f"{name} {log}" for name, log in list(skips) + list(known)]
    tap.result(not left, "every exception belongs to a baseline", left)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
