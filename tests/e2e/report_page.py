#!/usr/bin/env python3
"""report_page.py: reports of a month, in a browser: axe, screens of all widths, paper.

The month is made (tests/browser/past.c, past.py), and strangers have put into it what
looks like markup, turns lines, and never ends.

Runs beside others.
"""
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import lab as e2e

BROWSER = pathlib.Path(__file__).resolve().parent.parent / "browser"
sys.path.insert(0, str(BROWSER))
import in_browser  # pylint: disable=wrong-import-position
import past        # pylint: disable=wrong-import-position
import stage       # pylint: disable=wrong-import-position

HOSTILE = "</table><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
TURNING = "evil\u202egnp.exe\u2066\u200b\x07\x1b[31m"
ENDLESS = "never" * 50
DAYS = 30


def raise_store(folder, seed):
    made = subprocess.run([pathlib.Path(os.environ.get("BUILD", e2e.ROOT / "build")) /
                           "tests/past", folder, str(DAYS), str(seed)],
                          check=True, capture_output=True, text=True).stdout
    past.fill(folder, seed, made)
    return json.loads(made)["now"]


def put_strangers(folder, now):
    """Rows as programs and clients could have made them, and enough of them to be cut."""
    db = sqlite3.connect(folder / "breakwater.db")
    with db:
        for number, text in enumerate((HOSTILE, TURNING, ENDLESS)):
            db.execute("INSERT INTO listener(at,transport,ip,port,process,exe,user,unit,"
                       "reach,since,change,authorized)VALUES(?,?,?,?,?,?,?,?,?,?,?,0)",
                       (now - past.DAY, "tcp", "0.0.0.0", 4000 + number, text[:31],
                        text, text[:31], text[:63], "outside", now - past.DAY, "opened"))
        for number in range(700):
            db.execute("INSERT INTO login(at,transport,client_ip,client_port,server_ip,"
                       "server_port,protocol,user,outcome,method,seen_by)VALUES"
                       "(?,'tcp',?,?,?,22,'ssh',?,'failure','password','log')",
                       (now - number * past.HOUR, stage.OFFICE[0], 1024 + number,
                        stage.OURS, (HOSTILE, TURNING, ENDLESS[:63])[number % 3]))
    db.close()


def an_incident(folder):
    db = sqlite3.connect(folder / "breakwater.db")
    (ident,) = db.execute("SELECT id FROM incident WHERE rule = 'brute_force' "
                          "ORDER BY id LIMIT 1").fetchone()
    db.close()
    return ident


def write_reports(folder):
    wanted = {"pci-dss": [], "executive": [], "inventory": [],
              "access": ["--host", stage.OFFICE[0]],
              "incident": [an_incident(folder)]}
    files = []
    for name, arguments in wanted.items():
        path = folder / f"{name}.html"
        done = subprocess.run([e2e.BREAKWATER, "report", name, *arguments, "--state", folder,
                               "-o", path], capture_output=True, text=True, check=False)
        if not path.exists():
            raise e2e.Failure(f"report {name}: exit {done.returncode}: {done.stderr}")
        files.append(str(path))
    return files


def main():
    why = in_browser.missing()
    if why:
        print(f"1..0 # SKIP {why}")
        return e2e.EXIT_SKIPPED
    subprocess.run([e2e.ROOT / "scripts/page-tools", "true"], check=True)
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"# seed {seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        put_strangers(folder, raise_store(folder, seed))
        files = write_reports(folder)
        return subprocess.run(["node", BROWSER / "report.mjs", *files], check=False,
                              env={**os.environ, "HOSTILE": HOSTILE,
                                   "SCENE_URL": folder.as_uri()}).returncode
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
