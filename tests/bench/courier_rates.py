"""courier_rates.py: how fast a sensor's spool is told to real NATS servers, next to what their own
library does with the same messages (make bench).
"""
import os
import pathlib
import re
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
# pylint: disable=wrong-import-position
import fleet_lab  # noqa: E402
import fleet_spool  # noqa: E402
import lab as e2e  # noqa: E402

STREAM_BYTES = 8 << 30  # so that one sensor may tell so much at once
RECORDS = 300           # in a batch


def process_of(sensor):
    return int(re.match(r"pid (\d+)", sensor.counts()["detail"])[1])


def courier_rate(scene, batches):
    """(batches per second by the servers' clocks, bytes of one)"""
    # The spool is full before the first is told.
    pid = process_of(scene.sensor)
    os.kill(pid, signal.SIGSTOP)
    scene.sensor.put("flow", batches, RECORDS)
    os.kill(pid, signal.SIGCONT)
    heads = scene.told(Judge(), "told", "flow", 300)
    took_s = (heads[-1]["stored_us"] - heads[0]["stored_us"]) / 1e6
    return (len(heads) - 1) / took_s, sum(head["bytes"] for head in heads) / len(heads)


class Judge:
    """What a bench has measured has to be right, too."""

    def ok(self, passed, sentence, *notes):
        if not passed:
            raise RuntimeError(f"{sentence}: {notes}")

    def equal(self, got, wanted, sentence):
        self.ok(got == wanted, sentence, got, wanted)


def bare_rate(scene, how, batches, size):
    done = scene.network.run(f"{fleet_lab.BUILD}/tests/nats_publish", scene.cluster.servers(),
                             f"bw.r.{how}.flow", how, str(batches), str(int(size)), seconds=300)
    return float(done.stdout.split()[1])


def rates(nodes, batches):
    """Messages per second: the courier's, and the library's alone, waiting as it does for
    each, and not waiting; and the bytes of one."""
    with e2e.Lab() as lab:
        scene = fleet_spool.Scene(lab, nodes)
        scene.hub.make_streams(nodes, STREAM_BYTES)
        told, size = courier_rate(scene, batches)
        return told, bare_rate(scene, "wait", batches, size), \
            bare_rate(scene, "flood", batches, size), size
