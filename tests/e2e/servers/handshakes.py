"""handshakes.py: OpenSSL alone: DTLS, TLS 1.0, a suite that encrypts nothing, a client's
certificate."""
from servers.scene import Seen

EVERY = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
KINDS = {
    4433: ("-dtls1_2", "-cipher", "DEFAULT"),
    4434: ("-tls1", "-cipher", EVERY),
    4435: ("-tls1_2", "-cipher", "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"),
    4436: ("-tls1_2", "-cipher", "AECDH-AES128-SHA:@SECLEVEL=0"),
    4437: ("-tls1_2", "-cipher", "DEFAULT"),
}
SELF = {"weak_protocol self_signed": "notice"}
TOLD = ("tls", "version", "cipher", "asks_certificate")
BEST = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"

SEEN = {
    "udp/4433": Seen("dtls", version=r"DTLS 1\.2", cleartext={False: 1}, findings=SELF,
                     told=TOLD, records=[("DTLS 1.2", BEST, False)]),
    "tcp/4434": Seen("tls", version=r"TLS 1\.0", cleartext={False: 1}, told=TOLD,
                     findings=SELF | {"weak_protocol old_tls": "low"},
                     records=[("TLS 1.0", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", False)]),
    "tcp/4435": Seen("tls", version=r"TLS 1\.2", cleartext={True: 1}, told=TOLD,
                     findings=SELF | {"weak_protocol weak_cipher": "medium"},
                     records=[("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_NULL_SHA", False)]),
    "tcp/4436": Seen("tls", version=r"TLS 1\.2", cleartext={False: 1}, told=TOLD,
                     findings={"weak_protocol weak_cipher": "medium"},
                     records=[("TLS 1.2", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "")]),
    "tcp/4437": Seen("tls", version=r"TLS 1\.2", cleartext={False: 1}, findings=SELF,
                     told=TOLD, records=[("TLS 1.2", BEST, True)]),
}


def openssl(*command):
    # Debian's configuration forbids what is old.
    return ("env", "OPENSSL_CONF=/dev/null", "openssl", *command)


def start(scene):
    certificate, key = scene.certificate()
    for port, kind in KINDS.items():
        datagrams = "-dtls1_2" in kind
        scene.serve(*openssl("s_server", "-accept", f"{scene.address}:{port}", "-cert",
                             certificate, "-key", key, "-quiet", *kind,
                             *(["-Verify", "1"] if port == 4437 else [])),
                    tcp=() if datagrams else (port,), udp=(port,) if datagrams else ())


def talk(scene):
    certificate, key = scene.certificate()
    for port, kind in KINDS.items():
        scene.ask(*openssl("s_client", "-connect", f"{scene.address}:{port}", *kind,
                           *(["-cert", certificate, "-key", key] if port == 4437 else [])))
