"""telephone.py: Kamailio asks who registers: sipsak, with a right and a wrong password."""
from servers.scene import RIGHT, USER, WRONG, Seen

LOGIC = """
request_route {
	if (is_method("OPTIONS")) {
		sl_send_reply("200", "OK");
		exit;
	}
	if (!is_method("REGISTER")) {
		sl_send_reply("503", "Service Unavailable");
		exit;
	}
	if (!pv_auth_check("harbour.example", "$PASSWORD", "0", "0")) {
		auth_challenge("harbour.example", "0");
		exit;
	}
	save("location");
	exit;
}
"""

# sipsak gives the realm's separator with the user.
CALLER = f"{USER}@"
SEEN = {
    "udp/5060": Seen("sip", "kamailio.*", "sipsak.*", cleartext={True: 3},
                     logins={(CALLER, "success"): 1, (CALLER, "failure"): 1},
                     told=("sip", "method", "code"), records=[
                         ("OPTIONS", ""), ("OPTIONS", 200),
                         ("REGISTER", ""), ("REGISTER", 401),
                         ("REGISTER", ""), ("REGISTER", 200),
                         ("REGISTER", ""), ("REGISTER", 401),
                         ("REGISTER", ""), ("REGISTER", 401)]),
    "tcp/5060": Seen("sip", "kamailio.*", "sipsak.*", cleartext={True: 1},
                     told=("sip", "method", "code"),
                     records=[("OPTIONS", ""), ("OPTIONS", 200)]),
}


def start(scene, logic=LOGIC):
    modules = "".join(f'loadmodule "{name}.so"\n' for name in (
        "pv", "sl", "tm", "textops", "siputils", "usrloc", "registrar", "auth"))
    scene.serve("kamailio", "-DD", "-E", "-m", "16", "-M", "4", "-Y",
                scene.folder("run"), "-f", scene.write("kamailio.cfg", f"""#!KAMAILIO
children=1
tcp_children=1
log_stderror=yes
listen=udp:{scene.address}:5060
listen=tcp:{scene.address}:5060
{modules}
modparam("usrloc", "db_mode", 0)
{logic.replace("$PASSWORD", RIGHT)}
"""), tcp=(5060,), udp=(5060,))


def talk(scene):
    place = f"sip:{USER}@{scene.address}"
    sipsak = ("sipsak", "-H", "10.88.0.1")
    scene.ask(*sipsak, "-s", f"sip:{scene.address}")
    scene.ask(*sipsak, "-U", "-s", place, "-a", RIGHT)
    scene.ask(*sipsak, "-U", "-s", place, "-a", WRONG, status=None)
    scene.ask(*sipsak, "-E", "tcp", "-s", f"sip:{scene.address}")
