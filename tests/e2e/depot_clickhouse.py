#!/usr/bin/env python3
"""depot_clickhouse.py: what depot.py says of SQLite, of ClickHouse.

Runs beside others.
"""
import sys

import depot

if __name__ == "__main__":
    sys.exit(depot.main(depot.clickhouse))
