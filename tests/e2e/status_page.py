#!/usr/bin/env python3
"""status_page.py: the public status page and badges, as strangers see them over TCP.

Nothing is public unless it is named, nothing but the names is told, names are only ever
text, and however many ask, the page is made seldom.

Runs beside others.
"""
import http.client
import json
import sys
import urllib.parse
import xml.dom.minidom

import lab as e2e
from lab import until

UP, DOWN, SECRET = 7801, 7802, 7803
HOSTILE = "<script>alert(1)</script> & \"quotes\" 'n /../"

CONFIG = """web:
  status_page: {on}
  status_title: "Our <services>"
  loopback_read: no
  status_targets:
  - "Shop=tcp://127.0.0.1:7801"
  - "Mail=tcp://127.0.0.1:7802"
  - {hostile}
  - "Not asked=tcp://127.0.0.1:9"
probe:
  own: no
  passive: no
  interval: 1s
  fails: 1
  targets: [tcp://127.0.0.1:7801, tcp://127.0.0.1:7802, tcp://127.0.0.1:7803]
"""


def start(lab, on="yes"):
    network = lab.namespace("alone")
    for port in (UP, SECRET):
        network.listen("127.0.0.1", port)
    config = lab.dir / "config.yaml"
    config.write_text(CONFIG.format(on=on, hostile=json.dumps(
        f"{HOSTILE}=tcp://127.0.0.1:7801")))
    monitor = lab.monitor(network, "-c", str(config), "--listen", "127.0.0.1:7070",
                          json_output=False)
    return network, monitor


def ask(network, path):
    """Status, headers and body, over TCP, without any sign-in."""
    connection = http.client.HTTPConnection("127.0.0.1", 7070)
    connection.sock = network.connect("127.0.0.1", 7070)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def badge(network, name, query=""):
    return ask(network, f"/badge/{urllib.parse.quote(name, safe='')}.svg{query}")


def are_known(monitor):
    said = {one["target"]: one.get("hard_state") for one in monitor.get("probes")}
    return len(said) == 3 and set(said.values()) == {"up", "down"}


def page_with(network, words):
    """It is made every 15 s at most."""
    return until(lambda: [one for one in [ask(network, "/status")] if words in one[2]],
                 f"the page with {words}: {ask(network, '/status')}", 40, 1)[0]


def by_everybody(tap, lab):
    network, monitor = start(lab)
    until(lambda: are_known(monitor), "the probes' states", 20)
    tap.equal(ask(network, "/api/v1/status")[0], 401, "without sign-in nothing else is told")
    status, headers, page = page_with(network, ">down</span>")
    tap.equal(status, 200, "the page is for everybody")
    tap.ok("default-src 'none'" in headers["Content-Security-Policy"],
           "with the strict policy of all pages", headers)
    tap.ok("<script" not in page and "style=" not in page,
           "it has no script, and no name makes one", page)
    for word in ("127.0.0.1", "7801", "7802", "7803", "tcp:", "refused", "listen"):
        tap.ok(word not in page, f"it does not tell {word}", page)
    tap.ok("Our &lt;services&gt;" in page and "&lt;script&gt;alert(1)" in page,
           "title and names are text", page)
    tap.ok("It does not answer as it should, since" in page,
           "what is down is told in a sentence", page)
    tap.ok(page.count("<article>") == 4 and page.count("<rect ") == 4 * 90,
           "each has its ninety days")
    css = ask(network, "/status.css")
    tap.equal((css[0], css[1]["Content-Type"]), (200, "text/css; charset=utf-8"),
              "its looks come from us")

    rows = {one["name"]: one
            for one in json.loads(ask(network, "/status.json")[2])["targets"]}
    tap.equal({name: one["state"] for name, one in rows.items()},
              {"Shop": "up", "Mail": "down", HOSTILE: "up", "Not asked": "unknown"},
              "the same as JSON", rows)
    tap.equal((len(rows["Shop"]["days"]), rows["Shop"]["days"][0]["uptime"],
               rows["Not asked"]["uptime_90d"]), (90, None, None),
              "of what nothing is known is a gap, not zero")
    pictures(tap, network)
    again = {ask(network, "/status")[2] for _ in range(200)}
    tap.ok(len(again) <= 2, "however many ask, it is made seldom", len(again))


def pictures(tap, network):
    for name, words in (("Shop", "up"), ("Mail", "down"), ("Not asked", "unknown")):
        status, headers, svg = badge(network, name)
        tap.equal((status, headers["Content-Type"]), (200, "image/svg+xml"),
                  f"a badge of {name}")
        root = xml.dom.minidom.parseString(svg).documentElement
        tap.equal(root.getAttribute("aria-label"), f"{name}: {words}", "says its state", svg)
    status, _, svg = badge(network, HOSTILE, "?of=uptime")
    root = xml.dom.minidom.parseString(svg).documentElement
    tap.ok(status == 200 and root.getAttribute("aria-label").startswith(HOSTILE[:20]) and
           not root.getElementsByTagName("script"), "a hostile name is text in it", svg)
    tap.ok(" ms" in badge(network, "Shop", "?of=response")[2], "its response time, if asked")
    tap.equal(badge(network, "Shop", "?of=secrets")[0], 400, "and nothing else")
    hidden, unknown = badge(network, "tcp://127.0.0.1:7803"), badge(network, "nothing")
    tap.equal((hidden[0], hidden[2]), (404, unknown[2]),
              "what is not public is as what is not there")
    tap.equal(ask(network, "/badge/Shop.png")[0], 404, "only that one kind of picture")


def unless_it_is_on(tap, lab):
    network, _ = start(lab, on="no")
    for path in ("/status", "/status.json", "/status.css", "/badge/Shop.svg"):
        tap.equal(ask(network, path)[0], 404, f"{path} is not there unless it is wanted")


if __name__ == "__main__":
    sys.exit(e2e.main(by_everybody, unless_it_is_on))
