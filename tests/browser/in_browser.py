"""in_browser.py: a script of Node.js beside the scene, as a test of scripts/test."""
import os
import shutil
import subprocess

import lab as e2e
import scene as scenes

BROWSER = "/usr/lib/chromium/chromium-headless-shell"


def missing():
    """What is not there, in words; "" if all is."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if not shutil.which("node"):
        return "node is missing: run scripts/install-packages build"
    if not e2e.has_tree(BROWSER):
        return "build/tree has no browser: run scripts/test-tree"
    return ""


def run(script, *arguments):
    """Its TAP goes to standard output; the exit status."""
    why = missing()
    if why:
        print(f"1..0 # SKIP {why}")
        return e2e.EXIT_SKIPPED
    subprocess.run([e2e.ROOT / "scripts/page-tools", "true"], check=True)
    scenes.alone()
    with e2e.Lab() as lab:
        scene = scenes.Scene(lab)
        print(f"# seed {scene.seed}, raised in {scene.times['events']} s", flush=True)
        return scene.run("node", str(scenes.HERE / script), *arguments)
