#!/usr/bin/env python3
"""page_reports.py: the page's Reports, in Chromium, of a month that is over.

The month is made (tests/browser/past.c, past.py), and has gaps. One report is made as
by schedule.

Runs beside others, and computes.
"""
import os
import pathlib
import subprocess
import sys

import lab as e2e
import report_api
from lab import until

CONFIG = """report:
  schedule:
    - report: soc2
      every: week
"""
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
        config = lab.dir / "config.yaml"
        config.write_text(CONFIG)
        monitor = report_api.start(lab, "-c", str(config))
        monitor.command("reports", "run", "soc2")
        until(lambda: monitor.get("reports_made?since=1d"), "a report", 60)
        url = f"http://{monitor.get('status')['listen']}/"
        with monitor.network.inside(), subprocess.Popen(
                ["node", BROWSER / "reports.mjs"], env={**os.environ, "SCENE_URL": url},
                preexec_fn=e2e.die_with_parent) as process:
            return process.wait()


if __name__ == "__main__":
    sys.exit(main())
