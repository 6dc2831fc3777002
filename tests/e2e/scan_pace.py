#!/usr/bin/env python3
"""scan_pace.py: `breakwater scan` sends as fast as it was told to; by the clock, and so alone."""
import sys
import time

import lab as e2e
from scan import THERE4, Street


def pace(tap, lab):
    street = Street(lab)
    begin = time.monotonic()
    street.scan(THERE4, "-p", "1-500", "--rate", "500")
    took = time.monotonic() - begin
    tap.near(took, 1.0, 0.25, "500 ports at 500 a second take a second")


if __name__ == "__main__":
    sys.exit(e2e.main(pace))
