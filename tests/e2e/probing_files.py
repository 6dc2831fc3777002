#!/usr/bin/env python3
"""probing_files.py: files of targets and of tokens, while others write them.

Half a file is never taken; one that vanishes changes nothing, and that is said; a token
that changed is sent with the next question; who asks reads what it needs, and nothing
beside it.

Runs beside others.
"""
import os
import pathlib
import sys
import threading
import time

import lab as e2e
from lab import until
from probing import OPEN, SHUT, becomes, machine, prober_of, said_to, states, target, watch

LAST = 9004
WRITING_S = 6  # longer than from one look to the next


def write_in_place(file, lines):
    """As who truncates a file and then takes its time."""
    with file.open("w") as out:
        for line in lines:
            time.sleep(0.03)
            out.write(line)
            out.flush()


def write_aside(file, lines):
    """As an editor does."""
    aside = file.with_suffix(".new")
    write_in_place(aside, lines)
    os.rename(aside, file)


def keep_writing(files, lines):
    """Until the returned function is called, which returns when they are whole."""
    end = threading.Event()

    def write():
        while not end.is_set():
            write_in_place(files[0], lines)
            write_aside(files[1], lines)
            for file in files[2:]:
                file.unlink(missing_ok=True)
                write_in_place(file, lines)
    writer = threading.Thread(target=write)
    writer.start()

    def stop():
        end.set()
        writer.join()
    return stop


def while_they_are_written(tap, lab):
    network = machine(lab)
    files = [lab.dir / name for name in ("place.yaml", "aside.yaml", "anew.yaml")]
    ports = [OPEN, SHUT, SHUT + 1]
    lines = [[f"- {target(port + 10 * number)}\n" for port in ports] for number in range(3)]
    for file, says in zip(files, lines):
        file.write_text("".join(says))
    monitor = watch(lab, network, files=files)
    wanted = {target(port + 10 * number) for port in ports for number in range(3)}
    until(lambda: set(states(monitor)) == wanted, "all of them", 15)
    stop = keep_writing(files, lines[0] + lines[1] + lines[2])
    end, kept = time.monotonic() + WRITING_S, True
    while time.monotonic() < end and kept:
        kept = set(states(monitor)) == wanted
        time.sleep(0.05)
    stop()
    tap.ok(kept, "none is dropped while files are written, in place, aside and anew",
           wanted - set(states(monitor)))
    for file in files[1:]:
        file.write_text("[]\n")
    files[0].write_text(f"- {target(LAST)}\n")
    until(lambda: set(states(monitor)) == {target(LAST)}, "what they say in the end", 15)
    tap.ok(True, "what they say in the end is taken")
    files[0].unlink()
    until(lambda: "place.yaml: No such file or directory\nbreakwater: targets not changed"
          in monitor.program.err(), "a word of it", 15)
    tap.equal(set(states(monitor)), {target(LAST)},
              "one that vanishes changes nothing, and is said to be missed")


def crash(monitor):
    first = prober_of(monitor)
    os.kill(first, e2e.signal.SIGKILL)
    until(lambda: prober_of(monitor) not in (None, first), "another", 10)


def after_a_crash(tap, lab):
    network = machine(lab)
    file = lab.dir / "targets.yaml"
    file.write_text(f"- {target(SHUT)}\n")
    monitor = watch(lab, network, files=[file])
    becomes(monitor, target(SHUT), "down")
    file.write_text("- nonsense\n")
    crash(monitor)
    becomes(monitor, target(SHUT), "down")
    tap.ok("targets.yaml:1:3: nonsense" in monitor.program.err(),
           "who is started again takes what was good, if the file is not", monitor.program.err())


def tokens(tap, lab):
    network = machine(lab)
    listener = network.listen("127.0.0.1", OPEN)
    listener.settimeout(10)
    folder = lab.dir / "secrets"
    folder.mkdir(mode=0o755)
    token = folder / "token"
    token.write_text("first\n")
    site = f"http://127.0.0.1:{OPEN}/#token_file={token}"
    monitor = watch(lab, network, f'"{site}"')
    until(lambda: b"Bearer first" in said_to(listener), "the token", 10)
    tap.ok(True, "a token is read where the configuration says, by who may read nothing else")
    aside = pathlib.Path(f"{token}.new")
    aside.write_text("second\n")
    os.rename(aside, token)
    until(lambda: b"Bearer second" in said_to(listener), "the next token", 10)
    tap.ok("second" not in monitor.ask("/api/v1/probes"), "another is sent with the next question")
    token.unlink()
    until(lambda: states(monitor, "reason").get(site) == "not_permitted", "want of one", 10)
    got = next(one for one in monitor.get("probes") if one["target"] == site)
    tap.ok(got["state"] == "unknown" and f"{token} can't be read: No such file" in got["detail"],
           "want of it is our own trouble", got)


if __name__ == "__main__":
    sys.exit(e2e.main(while_they_are_written, after_a_crash, tokens))
