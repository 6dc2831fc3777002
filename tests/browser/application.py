"""application.py PORT [ADDRESS]: what nginx passes /api/ on to: answers that take their time.

Response times are spread as real ones are (most are short, some are long), and one answer
in a hundred is an error.  The same seed each time.
"""
import http.server
import random
import sys
import time

SEED = 7


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    chance = random.Random(SEED)

    def do_GET(self):  # pylint: disable=invalid-name # http.server's
        time.sleep(min(self.chance.lognormvariate(-5, 0.8), 0.5))
        body = b'{"berth": 7, "tide": "rising"}\n' * 20
        self.send_response(503 if self.chance.random() < 0.01 else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


if __name__ == "__main__":
    place = (sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1", int(sys.argv[1]))
    http.server.ThreadingHTTPServer(place, Handler).serve_forever()
