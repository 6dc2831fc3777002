#!/usr/bin/env python3
"""page_fleet.py: what people see of a fleet of a thousand machines, in Chromium and by command.

The hub is made up (tests/browser/fleet.c): each of its first sensors has one thing that is
wrong, all have the same ports on the same addresses, and only the sensor tells them apart.

Runs beside others, and computes.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import lab as e2e
import in_browser  # pylint: disable=wrong-import-position

BROWSER = pathlib.Path(__file__).resolve().parent.parent / "browser"
FLEET = pathlib.Path(os.environ.get("BUILD", e2e.ROOT / "build")) / "tests/fleet"
WRONG = ["web-1", "database-1", "mail-1", "edge-1", "web-2", "database-2"]


@contextlib.contextmanager
def hub(folder, name, sensors):
    """A made-up hub; its address, and its socket."""
    path = f"{folder}/{name}.sock"
    with subprocess.Popen([FLEET, "127.0.0.1:0", path, sensors],
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip(), path
        finally:
            process.terminate()


def ask(path, *words):
    """Status and output of a command."""
    done = subprocess.run([e2e.BREAKWATER, *words, "--socket", path], check=False,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def names(output):
    return [line.split()[0] for line in output.splitlines() if line]


def commands(tap, many, none, one):
    """Of a hub with sensors, of one without, and of no hub."""
    status, said, _ = ask(many, "fleet", "status", "--plain")
    head, *rows = said.split("\n\n")
    listed = names(rows[0])[1:]
    tap.equal(status, 1, "fleet status: one is late and one refused, which is bad news")
    tap.ok(head.startswith("1000 sensors: 1 late, 1 cut off, 1 refused"), "it says how many", head)
    tap.equal((listed[:6], len(listed)), (WRONG, 1000), "all of a thousand, what is wrong first")
    tap.equal(listed[-2:], ["mail-2", "edge-2"], "and at last who left, or was put out")
    tap.ok("! mail-1 refused its configuration: version 42" in said, "why one refused is told")
    status, said, _ = ask(many, "fleet", "status", "--json", "--site", "lisbon")
    sensors = [json.loads(line) for line in said.splitlines()]
    tap.equal((status, sensors[0]["sensor"], {one["site"] for one in sensors}),
              (0, "edge-1", {"lisbon"}), "of one site, for programs, where none is late")
    status, said, complaint = ask(many, "fleet", "status", "--site", "paris")
    tap.ok(status == 2 and "there are berlin, dublin" in complaint,
           "of a site that there is not it says which there are", complaint)
    _, said, _ = ask(many, "ports", "--sensor", "web-1,web-9")
    tap.equal(set(names(said)), {"SENSOR", "web-1", "web-9"}, "ports say whose they are")
    status, said, _ = ask(none, "fleet", "status")
    tap.ok(status == 0 and "breakwater fleet token" in said,
           "an empty fleet says what to do next", said)
    status, said, complaint = ask(one, "fleet", "status")
    tap.ok(status == 2 and "one machine" in complaint, "what is no hub says so", complaint)
    status, said, complaint = ask(one, "ports", "--site", "berlin")
    tap.ok(status == 2 and "knows no sensors" in complaint,
           "nor can it be asked for a site", complaint)
    _, said, _ = ask(one, "flows")
    tap.ok("SENSOR" not in said, "and no list of it has a column for sensors", said)


def main():
    why = in_browser.missing()
    if why:
        print(f"1..0 # SKIP {why}")
        return e2e.EXIT_SKIPPED
    subprocess.run([e2e.ROOT / "scripts/page-tools", "true"], check=True)
    tap = e2e.Tap()
    with tempfile.TemporaryDirectory() as folder, hub(folder, "many", "1000") as many, \
            hub(folder, "none", "0") as none, hub(folder, "one", "none") as one:
        commands(tap, many[1], none[1], one[1])
        print(f"# {tap.count} by command; what follows is the page's", flush=True)
        seen = subprocess.run(
            ["node", BROWSER / "fleet.mjs", str(tap.count)], check=False, timeout=600,
            env={**os.environ, "SCENE_URL": many[0], "NONE_URL": none[0], "ONE_URL": one[0]})
    return 1 if tap.failed or seen.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
