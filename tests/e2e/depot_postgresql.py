#!/usr/bin/env python3
"""depot_postgresql.py: what depot.py says of SQLite, of PostgreSQL.

Runs beside others.
"""
import sys

import depot

if __name__ == "__main__":
    sys.exit(depot.main(depot.postgresql))
