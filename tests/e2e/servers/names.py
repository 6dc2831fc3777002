"""names.py: BIND, over UDP, TCP and TLS; one of its clients gets no answers."""
from servers.scene import CLIENT, STRANGER, Seen

SEEN = {
    "udp/53": Seen("dns", cleartext={True: 5}, errors=2,
                   told=("dns", "query", "type", "rcode"),
                   records=[("pier.harbour.example", "A", "NOERROR"),
                            ("absent.harbour.example", "A", "NXDOMAIN"),
                            ("www.broken.example", "A", "SERVFAIL"),
                            ("elsewhere.example", "A", "REFUSED"),
                            ("pier.harbour.example", "A", "")]),
    "tcp/53": Seen("dns", cleartext={True: 1}, told=("dns", "query", "type", "rcode"),
                   records=[("pier.harbour.example", "TXT", "NOERROR")]),
    "tcp/853": Seen("tls", version=r"TLS 1\.3", cleartext={False: 1}),
}


def start(scene):
    certificate, key = scene.certificate()
    scene.write("harbour.zone", """$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 192.0.2.1
pier A 192.0.2.7
pier TXT "berth seven"
""")
    scene.write("broken.zone", "not a zone\n")
    scene.serve("named", "-f", "-n", "2", "-c", scene.write("named.conf", f"""
options {{
	directory "{scene.dir}"; pid-file none; session-keyfile none;
	listen-on {{ {scene.address}; }}; listen-on-v6 {{ none; }};
	listen-on port 853 tls harbour {{ {scene.address}; }};
	recursion no; dnssec-validation no; minimal-responses yes;
	blackhole {{ {STRANGER}; }};
}};
tls harbour {{ cert-file "{certificate}"; key-file "{key}"; }};
controls {{ }};
zone "harbour.example" {{ type primary; file "harbour.zone"; }};
zone "broken.example" {{ type primary; file "broken.zone"; }};
"""), tcp=(53, 853), udp=(53,))


def talk(scene):
    dig = ("dig", f"@{scene.address}", "+tries=1", "-b")
    heard = (*dig, CLIENT, "+timeout=10")
    scene.ask(*heard, "pier.harbour.example", "A")
    scene.ask(*heard, "pier.harbour.example", "TXT", "+tcp")
    scene.ask(*heard, "pier.harbour.example", "A", "+tls")
    scene.ask(*heard, "absent.harbour.example", "A")
    scene.ask(*heard, "www.broken.example", "A")
    scene.ask(*heard, "elsewhere.example", "A")
    scene.ask(*dig, STRANGER, "+timeout=1", "pier.harbour.example", "A", status=9)
