#!/usr/bin/env python3
"""page_many.py: how the page bears a large site, in Chromium, by time of the processor.

Runs beside others, and computes.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import in_browser  # pylint: disable=wrong-import-position

if __name__ == "__main__":
    sys.exit(in_browser.run("many.mjs"))
