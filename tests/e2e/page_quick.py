#!/usr/bin/env python3
"""page_quick.py: how soon the page is there, and what happens is on it, in Chromium."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import in_browser  # pylint: disable=wrong-import-position

if __name__ == "__main__":
    sys.exit(in_browser.run("quick.mjs"))
