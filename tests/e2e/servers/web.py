"""web.py: nginx, over HTTP/1.1, HTTP/2 in the clear, TLS 1.2 and TLS 1.3."""
from servers.scene import RIGHT, USER, WRONG, Seen

NGINX = r"nginx/1\.\d+\.\d+"
SEEN = {
    "tcp/80": Seen("http", NGINX, r"curl/[78]\..*", r"HTTP/1\.1", {True: 6},
                   {(USER, "failure"): 1, (USER, "success"): 1}, errors=2,
                   findings={"cleartext_login http_basic": "medium"},
                   told=("http", "method", "path", "status"), records=[
                       ("GET", "/", 200), ("GET", "/", 200), ("GET", "/absent", 404),
                       ("GET", "/private/", 401), ("GET", "/private/", 401),
                       ("GET", "/private/", 200), ("GET", "/broken", 503),
                       ("GET", "/upstream", 502), ("POST", "/", 405)]),
    "tcp/8080": Seen("http2", NGINX, r"curl/[78]\..*", "HTTP/2", {True: 2}, errors=1,
                     told=("http", "method", "path", "status"),
                     records=[("GET", "/", 200), ("GET", "/broken", 503)]),
    "tcp/443": Seen("tls", version=r"TLS 1\.3", cleartext={False: 1},
                    told=("tls", "version", "sni", "alpn"),
                    records=[("TLS 1.3", "harbour.example", "h2")]),
    # Only here is the certificate not encrypted.
    "tcp/8443": Seen("tls", version=r"TLS 1\.2", cleartext={False: 1},
                     findings={"weak_protocol self_signed": "notice"},
                     told=("tls", "version", "sni", "alpn", "subject", "key_type"),
                     records=[("TLS 1.2", "harbour.example", "http/1.1",
                               "CN=harbour.example", "EC")]),
}


def start(scene):
    certificate, key = scene.certificate()
    scene.write("www/index.html", "<h1>harbour</h1>\n")
    scene.write("users", f"{USER}:{{PLAIN}}{RIGHT}\n")
    places = f"""
		root {scene.dir}/www;
		location /private {{ auth_basic "harbour"; auth_basic_user_file users;
			alias {scene.dir}/www; }}
		location /broken {{ return 503; }}
		location /upstream {{ proxy_pass http://127.0.0.1:9; }}
"""
    listens = {80: "", 8080: "http2", 443: "ssl http2", 8443: "ssl"}
    servers = "".join(
        f"server {{ listen {scene.address}:{port} {how};"
        f" ssl_protocols {'TLSv1.2' if port == 8443 else 'TLSv1.3'}; {places} }}\n"
        for port, how in listens.items())
    folders = "".join(f"{kind}_temp_path {scene.dir}/{kind};\n" for kind in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    scene.serve("nginx", "-c", scene.write("nginx.conf", f"""
daemon off; master_process off; worker_processes 1; user root;
pid {scene.dir}/pid; error_log {scene.dir}/errors;
events {{ worker_connections 64; }}
http {{
	access_log off; {folders}
	ssl_certificate {certificate}; ssl_certificate_key {key};
	{servers}
}}
"""), tcp=listens)


def talk(scene):
    plain = f"http://{scene.address}"
    say = ("curl", "-s", "-o", "/dev/null", "--max-time", "10")
    scene.ask(*say, f"{plain}/", f"{plain}/", f"{plain}/absent")
    scene.ask(*say, f"{plain}/private/")
    scene.ask(*say, "-u", f"{USER}:{WRONG}", f"{plain}/private/")
    scene.ask(*say, "-u", f"{USER}:{RIGHT}", f"{plain}/private/")
    scene.ask(*say, f"{plain}/broken", f"{plain}/upstream")
    scene.ask(*say, "-d", "said=more", f"{plain}/")
    # Debian's curl 7.88 fails when it uses such a connection twice.
    scene.ask(*say, "--http2-prior-knowledge", f"{plain}:8080/")
    scene.ask(*say, "--http2-prior-knowledge", f"{plain}:8080/broken")
    secure = (*say, "-k", "--resolve", f"harbour.example:443:{scene.address}",
              "--resolve", f"harbour.example:8443:{scene.address}")
    scene.ask(*secure, "https://harbour.example/")
    scene.ask(*secure, "https://harbour.example:8443/private/")
