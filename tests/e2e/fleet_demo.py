#!/usr/bin/env python3
"""fleet_demo.py: what `make fleet-demo` shows is so: three NATS servers, two hubs, PostgreSQL and
three sensors that join in TLS; a scan that is spread over them, and a link that goes down.

Runs beside others.
"""
import os
import pathlib

DEMO = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "fleet-demo"

if __name__ == "__main__":
    os.execv(DEMO, [str(DEMO), "--check"])
