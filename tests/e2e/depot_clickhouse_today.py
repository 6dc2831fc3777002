#!/usr/bin/env python3
"""depot_clickhouse_today.py: what depot_clickhouse.py says of ClickHouse 18.16, of today's.

Only where it is: `scripts/test-tree clickhouse` fetches its engine, hundreds of MB.

Runs beside others.
"""
import sys

import depot
import lab as e2e
from depots import ClickHouseToday

if __name__ == "__main__":
    if not ClickHouseToday.LIBRARY.exists():
        print("1..0 # SKIP today's ClickHouse is not there: run scripts/test-tree clickhouse")
        sys.exit(e2e.EXIT_SKIPPED)
    sys.exit(depot.main(depot.clickhouse_today))
