#!/usr/bin/env python3
"""page_reports.py: the page's Reports, in Chromium, of a month that is over.

The month is made (tests/browser/past.c, past.py), and has gaps.

Runs beside others, and computes.
"""
import os
import pathlib
import subprocess
import sys

import lab as e2e
import report_api

BROWSER = pathlib.Path(__file__).resolve().parent.parent / "browser"
sys.path.insert(0, str(BROWSER))
import in_browser  # pylint: disable=wrong-import-position


def main():
    why = in_browser.missing()
    if why:
        print(f"1..0 # SKIP {why}")
        return e2e.EXIT_SKIPPED
    subprocess.run([e2e.ROOT / "scripts/page-tools", "true"], check=True)
    with e2e.Lab() as lab:
        monitor = report_api.start(lab)
        url = f"http://{monitor.get('status')['listen']}/"
        with monitor.network.inside(), subprocess.Popen(
                ["node", BROWSER / "reports.mjs"], env={**os.environ, "SCENE_URL": url},
                preexec_fn=e2e.die_with_parent) as process:
            return process.wait()


if __name__ == "__main__":
    sys.exit(main())
