"""quic.py: HTTP/3 of ngtcp2 on both sides."""
from servers.scene import Seen

SEEN = {
    "udp/443": Seen("quic", version="QUIC v1", cleartext={False: 1},
                    told=("tls", "version", "sni", "alpn"),
                    records=[("TLS 1.3", "localhost", "h3")]),
}


def start(scene):
    certificate, key = scene.certificate()
    scene.write("www/index.html", "<h1>harbour</h1>\n")
    scene.serve("gtlsserver", "-q", "-d", f"{scene.dir}/www", scene.address, "443", key,
                certificate, udp=(443,))


def talk(scene):
    scene.ask("gtlsclient", "-q", "--exit-on-all-streams-close", scene.address, "443",
              "https://harbour.example/index.html")
