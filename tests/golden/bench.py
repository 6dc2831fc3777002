#!/usr/bin/env python3
"""bench.py: the benchmark runs and says what it promises; its speeds are not judged."""
import os
import re
import subprocess
import sys

import common

LINE = re.compile(r"^bench [a-z0-9_]+ -?\d+(\.\d+)? \S+$")
WANTED = {"offline": ["replay_pps", "pcap_loop_pps", "replay_rss"],
          "content": ["content_vs_off"],
          "flood": ["flood_20k_flows", "flood_80k_rss", "flood_rss_growth"],
          "memory": ["half_open_bytes", "established_bytes"]}


def test(tap, part):
    run = subprocess.run([os.path.join(common.ROOT, "tests", "bench", "run"), "--quick", part],
                         capture_output=True, text=True, timeout=120, check=False,
                         env={**os.environ, "BREAKWATER": common.BREAKWATER})
    lines = run.stdout.splitlines()
    notes = [f"not a result: {line}" for line in lines
             if not line.startswith("# ") and not LINE.match(line)]
    names = {line.split()[1] for line in lines if LINE.match(line)}
    notes += [f"no result {name}" for name in WANTED[part] if name not in names]
    if run.returncode != 0:
        notes += [f"exit status {run.returncode}", run.stderr]
    tap.result(not notes, f"bench --quick {part} gives its results", notes + lines)


def main():
    tap = common.Tap()
    if common.tool("generate") is None:
        tap.skip("the benchmark", "its tools are not built")
        return tap.finish()
    for part in WANTED:
        test(tap, part)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
