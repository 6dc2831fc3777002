#!/usr/bin/env python3
"""properties.py: what must hold for every capture file, good or bad.

Cut anywhere, with any byte changed, in pieces, in any order, twice, with one worker or
four: a replay never crashes, leaks (under a sanitizer) or hangs, never prints a broken
line, and the same packets give the same records.  Cuts and changes are drawn with a
seed (SEED=N sets it), in turn from every file, until BUDGET_S seconds are over.
"""
import concurrent.futures
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import common

BUDGET_S = float(os.environ.get("BUDGET_S", 30))
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
HANG_S = 20
FILE_HEADER, PACKET_HEADER = 24, 16
OK, BAD_NEWS, USAGE, NOT_PERMITTED, INCOMPLETE = 0, 1, 2, 4, 5
SMALL = 4000  # bytes: files below are cut at every byte
PCAP_MAGIC = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")
NOBODY = 65534


FORMATS = (("--json",), ("--format", "zeek"), ("--format", "eve"))


def replay(*arguments, form=FORMATS[0], **options):
    return common.breakwater("replay", *form, "--quiet", *arguments, timeout=HANG_S,
                             **options)


def defects(run, allowed):
    """
    What is wrong with a finished replay, whatever its file held.  A reason on standard
    error goes with every bad status; only packets that can't be decoded, which the
    summary counts, may make an answer incomplete without one.
    """
    if run.returncode not in allowed:
        yield f"exit status {run.returncode}, allowed {sorted(allowed)}"
    if "Sanitizer" in run.stderr or "runtime error" in run.stderr:
        yield run.stderr[:2000]
    lines = len(run.stderr.splitlines())
    silent = run.returncode == OK or (run.returncode == INCOMPLETE and OK in allowed)
    if lines > 1 or (lines == 0 and not silent) or (lines and run.returncode == OK):
        yield f"exit status {run.returncode} with {lines} lines: {run.stderr[:500]!r}"
    for line in run.stdout.splitlines():
        try:
            json.loads(line)
        except ValueError:
            yield f"not JSON: {line!r}"


class Variants:
    """Runs replays of changed files, a few at a time, until the time is up."""

    def __init__(self, folder, budget_s):
        self.folder = folder
        self.until = time.monotonic() + budget_s
        self.found, self.count, self.left_out = [], 0, 0

    def one(self, number, what, content, allowed):
        if time.monotonic() > self.until:
            self.left_out += 1
            return
        path = os.path.join(self.folder, f"variant-{number}.pcap")
        with open(path, "wb") as file:
            file.write(content())
        try:
            form = FORMATS[number % len(FORMATS)]
            wrong = list(defects(replay(path, form=form), allowed))
        except subprocess.TimeoutExpired:
            wrong = [f"hung for {HANG_S} s"]
        except UnicodeDecodeError as error:
            wrong = [f"not UTF-8: {error}"]
        self.count += 1
        self.found += [f"{what}: {one}" for one in wrong]
        os.unlink(path)

    def run(self, variants):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for number, (what, content, allowed) in enumerate(variants):
                pool.submit(self.one, number, what, content, allowed)


def packets(content):
    """Offsets of the packets of a little-endian pcap file, and its end."""
    offsets, at = [], FILE_HEADER
    while at + PACKET_HEADER <= len(content):
        length = struct.unpack_from("<I", content, at + 8)[0]
        if at + PACKET_HEADER + length > len(content):
            break
        offsets.append(at)
        at += PACKET_HEADER + length
    return offsets + [at]


def cuts(name, content):
    """Every byte of a small file; of a large one the whole packets and some bytes."""
    whole = set(packets(content)) if content[:4] in PCAP_MAGIC else set()
    if len(content) <= SMALL:
        points = range(len(content))
    else:
        step = max(1, len(content) // 40)
        points = sorted(set(range(1, len(content), step)) |
                        set(sorted(whole)[::max(1, len(whole) // 20)]))
    points = list(points)
    random.Random(SEED).shuffle(points)  # what the time leaves out is then anywhere
    for at in points:
        if at in whole:
            allowed = {OK, INCOMPLETE}
        elif at < FILE_HEADER or not whole:  # pcapng: a cut may fall between blocks
            allowed = {OK, USAGE, INCOMPLETE}
        else:
            allowed = {INCOMPLETE}
        yield f"{name} cut at byte {at}", lambda at=at: content[:at], allowed


def changes(name, content, generator, count):
    for _ in range(count):
        at, value = generator.randrange(len(content)), generator.randrange(1, 256)

        def changed(at=at, value=value):
            copy = bytearray(content)
            copy[at] ^= value
            return bytes(copy)
        yield (f"{name} byte {at} xor {value}", changed, {OK, USAGE, INCOMPLETE})


def interleaved(iterators):
    """One of each in turn, so that the time limit is shared fairly."""
    iterators = list(iterators)
    while iterators:
        for one in list(iterators):
            try:
                yield next(one)
            except StopIteration:
                iterators.remove(one)


def test_cuts(tap, folder, files, budget_s):
    variants = Variants(folder, budget_s)
    variants.run(interleaved(cuts(name, content) for name, content in files))
    tap.result(not variants.found, f"a file cut anywhere: {variants.count} cuts of "
               f"{len(files)} files ({variants.left_out} left out for time)",
               variants.found[:20])


def test_changes(tap, folder, files, budget_s):
    generator = random.Random(SEED)
    variants = Variants(folder, budget_s)
    variants.run(interleaved(changes(name, content, generator, 60)
                             for name, content in files))
    tap.result(not variants.found, f"a file with a byte changed: {variants.count} changes "
               f"of {len(files)} files ({variants.left_out} left out for time), "
               f"SEED={SEED}", variants.found[:20])


def first_difference(one, other):
    one, other = one.splitlines(), other.splitlines()
    for number, (left, right) in enumerate(zip(one, other), 1):
        if left != right:
            return [f"line {number}:", left, right]
    return [f"{len(one)} and {len(other)} lines"]


def test_same(tap, title, pairs):
    """pairs: (name, output, output) that must be equal."""
    wrong, count = [], 0
    for name, one, other in pairs:
        count += 1
        if one != other:
            wrong += [name] + first_difference(one, other)
    tap.result(not wrong, f"{title}: {count} files", wrong[:30])


def in_order(content):
    """True if time never goes back: only then two halves can be merged again."""
    times = [struct.unpack_from("<II", content, at) for at in packets(content)[:-1]]
    return len(times) > 1 and all(a < b for a, b in zip(times, times[1:]))


def halves(folder, name, content):
    """(name, replay of the whole, of its halves) in either order of the halves."""
    offsets = packets(content)
    middle = offsets[len(offsets) // 2]
    parts = {"whole": content[:offsets[-1]], "first": content[:middle],
             "second": content[:FILE_HEADER] + content[middle:offsets[-1]]}
    paths = {}
    for part, held in parts.items():
        paths[part] = os.path.join(folder, f"{name}-{part}.pcap")
        with open(paths[part], "wb") as file:
            file.write(held)
    output = replay(paths["whole"]).stdout
    return [(name, output, replay(paths["first"], paths["second"]).stdout),
            (f"{name}, second half named first", output,
             replay(paths["second"], paths["first"]).stdout)]


def sorted_lines(text):
    """Records in any order, but for findings that are put together of others: how far
    those had come when they were said depends on whose evidence came first."""
    return "\n".join(sorted(line for line in text.splitlines()
                            if not any(f'"kind":"{kind}"' in line for kind in common.ATTACKS)))


def test_sameness(tap, folder, files, paths):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        split = [pool.submit(halves, folder, name, content) for name, content in files
                 if content[:4] in PCAP_MAGIC and in_order(content)]
        first, second, one, four = (
            list(pool.map(lambda path, options=options: replay(*options, path), paths))
            for options in ((), (), ("--workers", "1"), ("--workers", "4")))
    test_same(tap, "two halves in either order give what the whole gives",
              [pair for future in split for pair in future.result()])
    test_same(tap, "a replay gives the same bytes twice",
              [(path, a.stdout, b.stdout) for path, a, b in zip(paths, first, second)])
    broken = [f"{path}: exit status {b.returncode}, of one worker {a.returncode}: "
              f"{b.stderr[:1000]}" for path, a, b in zip(paths, one, four)
              if a.returncode != b.returncode]
    tap.result(not broken, "four workers end as one does", broken)
    test_same(tap, "one worker and four give the same records, attacks left out",
              [(path, sorted_lines(a.stdout), sorted_lines(b.stdout))
               for path, a, b in zip(paths, one, four)])
    records = sum(len(run.stdout.splitlines()) for run in first)
    tap.result(records > 0, f"there were records to compare: {records}")


def test_bad_files(tap, folder):
    """Files that are no capture: one clear line, naming the file, and the exit status."""
    def path(name, content=None):
        full = os.path.join(folder, name)
        if content is not None:
            with open(full, "wb") as file:
                file.write(content)
        return full
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    closed = path("closed.pcap", header)
    os.chmod(closed, 0)
    cases = [
        ("an empty file", path("empty.pcap", b""), USAGE),
        ("a file of something else", path("text.pcap", b"GET / HTTP/1.1\r\n" * 9), USAGE),
        ("half a file header", path("short.pcap", header[:11]), None),
        ("a file cut in a packet", path("cut.pcap", header + bytes(15)), INCOMPLETE),
        ("a directory", folder, USAGE),
        ("a missing file", path("missing.pcap"), USAGE),
        ("a file of no packets", path("none.pcap", header), OK),
    ]
    for what, name, status in cases:
        run = replay(name)
        allowed = {USAGE, INCOMPLETE} if status is None else {status}
        notes = list(defects(run, allowed))
        if status != OK and os.path.basename(name) not in run.stderr:
            notes.append(f"the file is not named: {run.stderr!r}")
        tap.result(not notes, f"{what}: exit status {run.returncode}", notes)
    test_no_permission(tap, folder, closed)


def test_no_permission(tap, folder, closed):
    """As an ordinary user, who must also be able to reach the program."""
    run = replay
    if os.geteuid() == 0:
        program = shutil.copy(common.BREAKWATER, folder)

        def run(name):
            return subprocess.run([program, "replay", "--json", "--quiet", name],
                                  user=NOBODY, group=NOBODY, extra_groups=[], text=True,
                                  stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=HANG_S, check=False)
    try:
        done = run(closed)
    except OSError as error:
        tap.skip("a file without permission", f"cannot run as nobody: {error}")
        return
    notes = list(defects(done, {NOT_PERMITTED}))
    tap.result(not notes, f"a file without permission: exit status {done.returncode}", notes)


def test_types(tap, path):
    """Who names types of records gets these as JSON, whatever else is said."""
    run = common.breakwater("replay", "--type", "flow", "--quiet", path)
    told = common.breakwater("replay", "--json", "--type", "flow", "--quiet", path)
    tap.result(run.stdout == told.stdout != "", "--type alone prints records",
               first_difference(run.stdout, told.stdout))


def main():
    tap = common.Tap()
    paths = common.captures()
    generated = common.small_capture()
    if generated:
        paths.append(generated)
    if not paths:
        tap.skip("properties of a replay", "no capture, and no generator in the build")
        return tap.finish()
    folder = tempfile.mkdtemp(prefix="properties-")
    os.chmod(folder, 0o755)
    try:
        files = [(os.path.basename(path), open(path, "rb").read()) for path in paths]
        files.sort(key=lambda file: len(file[1]))
        test_bad_files(tap, folder)
        test_types(tap, paths[-1])
        begin = time.monotonic()
        test_sameness(tap, folder, files, paths)
        left = max(10, BUDGET_S - (time.monotonic() - begin))
        test_cuts(tap, folder, files, left * 0.6)
        test_changes(tap, folder, files, left * 0.4)
    finally:
        shutil.rmtree(folder)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
