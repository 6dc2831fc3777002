"""control.py: what a test in the browser can ask of the scene, over a Unix socket.

  /knock?source=IP[&port=N]   somebody connects to a trap; {"at_ms": when his packet left}
  /restart                    the daemon ends and starts again, with the same store
  /stop, /start               the same in two steps
  /hostile                    clients and servers whose words look like markup
  /link[?user=NAME]           a one-time link to sign in
  /records?what=audit         what the daemon has of that; as the API says it
"""
import http.server
import json
import os
import socketserver
import threading
import urllib.parse

from hostile import speak
from knocking import knock


class Handler(http.server.BaseHTTPRequestHandler):
    """One request; the scene is the server's."""

    def do_GET(self):  # pylint: disable=invalid-name # http.server's
        asked = urllib.parse.urlsplit(self.path)
        action = getattr(self, f"do_{asked.path.strip('/')}", None)
        try:
            answer = action(dict(urllib.parse.parse_qsl(asked.query)))
            status, body = 200, json.dumps(answer)
        except Exception as error:  # pylint: disable=broad-exception-caught
            status, body = 500, f"{asked.path}: {type(error).__name__}: {error}"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    @property
    def scene(self):
        return self.server.scene

    def do_knock(self, asked):
        at = knock(self.scene.stage.street, asked["source"], int(asked.get("port", 23)))
        return {"at_ms": at * 1000}

    def do_stop(self, _):
        return self.scene.monitor.stop()

    def do_start(self, _):
        self.scene.monitor.start()
        return True

    def do_restart(self, asked):
        return self.do_stop(asked) == 0 and self.do_start(asked)

    def do_hostile(self, _):
        return speak(self.scene)

    def do_link(self, asked):
        return self.scene.link(*asked.values())

    def do_records(self, asked):
        return self.scene.monitor.get(asked["what"])

    def log_message(self, *_):
        """Nobody reads it."""

    def address_string(self):
        return "test"


class Control(socketserver.UnixStreamServer):
    """One request after the other, in one thread: what it starts lives as long as it."""

    def __init__(self, scene):
        self.scene, self.path = scene, str(scene.lab.dir / "control.sock")
        super().__init__(self.path, Handler)
        os.chmod(self.path, 0o700)
        threading.Thread(target=self.serve_forever, daemon=True).start()
