"""common.py: what the golden tests share: where things are, TAP, and running us."""
import atexit
import glob
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.environ.get("BREAKWATER_CAPTURES",
                        os.path.join(os.path.dirname(ROOT), "shared", "captures"))
BREAKWATER = os.environ.get("BREAKWATER", os.path.join(ROOT, "build", "breakwater"))
TIMEOUT_S = 60

# Kinds of findings that put evidence together.
ATTACKS = {"port_scan", "host_sweep", "distributed_scan", "brute_force", "password_spray",
           "login_after_failures", "syn_flood", "udp_flood", "icmp_flood", "connection_flood",
           "reflection_victim", "reflector", "spoofed_source", "trap_hit", "beacon",
           "blocklisted_peer"}


class Tap:
    """Test Anything Protocol, the plan at the end; notes are for failures."""

    def __init__(self):
        self.count = self.failed = 0

    def result(self, passed, name, notes=()):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name.replace('#', ' ')}")
        for note in () if passed else notes:
            for line in str(note).splitlines():
                print(f"# {line}")

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")

    def finish(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


# How many cells follow each word of exceptions.txt.
EXCEPTIONS = {"skip": 3, "filter": 3, "differs": 7, "arkime": 6}


def captures():
    """Every shared capture file, sorted; none where there are no shared captures."""
    return sorted(path for path in glob.glob(os.path.join(SHARED, "*")) +
                  glob.glob(os.path.join(SHARED, "*", "*"))
                  if path.endswith((".pcap", ".pcapng", ".cap")) and os.path.isfile(path))


def breakwater(*arguments, timeout=TIMEOUT_S, **options):
    """Runs us; text in and out unless the caller says otherwise."""
    options.setdefault("text", True)
    return subprocess.run([BREAKWATER, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout, check=False, **options)


def write_temporary(content, suffix=".yaml"):
    """A file with that content, gone when the test ends."""
    mode = "wb" if isinstance(content, bytes) else "w"
    with tempfile.NamedTemporaryFile(mode, suffix=suffix, delete=False) as file:
        file.write(content)
    atexit.register(lambda: os.path.exists(file.name) and os.unlink(file.name))
    return file.name


def exceptions():
    """
    Lines of exceptions.txt by their first word, as tuples of the other cells, of which
    the last, the reason, may not be empty.
    """
    path = os.path.join(HERE, "exceptions.txt")
    found = {word: [] for word in EXCEPTIONS}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        word, *rest = [cell.strip() for cell in line.strip().split(" | ")]
        if not line.strip() or line.startswith("#"):
            continue
        if EXCEPTIONS.get(word) != len(rest) or not rest[-1]:
            raise SystemExit(f"{path}:{number}: not an exception: {line.strip()}")
        found[word].append(tuple(rest))
    return found


def tool(name):
    """A program built from tests/bench, or None."""
    for build in (os.path.dirname(BREAKWATER), os.path.join(ROOT, "build")):
        path = os.path.join(build, "tests", name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


def small_capture(packets=2000, seed=1):
    """A small generated capture file, or None without the generator."""
    generate = tool("generate")
    if generate is None:
        return None
    path = write_temporary(b"", ".pcap")
    subprocess.run([generate, "--packets", str(packets), "--seed", str(seed), path],
                   check=True, capture_output=True)
    return path
