#!/usr/bin/env python3
"""page_narrow.py: the same as page.py, in a narrow window.

Runs beside others, and computes.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import in_browser  # pylint: disable=wrong-import-position

if __name__ == "__main__":
    sys.exit(in_browser.run("pages.mjs", "narrow"))
