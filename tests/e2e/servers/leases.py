"""leases.py: ISC's DHCP server and client, which has no address yet."""
from servers.scene import Seen

# Who has no address yet talks to all, and is answered by one.
SEEN = {
    "udp/67": Seen("dhcp", cleartext={True: 2}, told=("dhcp", "type", "hostname"),
                   records=[("discover", "tug"), ("request", "tug"),
                            ("offer", ""), ("ack", "")]),
}


def start(scene, authority="authoritative;"):
    scene.serve("dhcpd", "-f", "-4", "-q", "-cf", scene.write("dhcpd.conf", f"""
{authority}
ddns-update-style none;
default-lease-time 600;
ping-check false;
server-identifier {scene.address};
subnet 10.88.0.0 netmask 255.255.0.0 {{
	range 10.88.9.1 10.88.9.99;
	option domain-name "harbour.example";
}}
"""), "-lf", scene.write("leases", ""), "-pf", f"{scene.dir}/pid", "net0", udp=(67,))


def talk(scene):
    # It stays to renew what it got: the script that is told of it ends it.
    script = scene.write("bound", "#!/bin/sh\n"
                         "[ \"$reason\" != BOUND ] || kill $PPID\n", 0o755)
    scene.ask("dhclient", "-4", "-1", "-d", "-sf", script, "-cf", scene.write(
        "client.conf", "send host-name \"tug\";\ninitial-interval 1;\n"),
        "-lf", f"{scene.dir}/client.leases", "-pf", f"{scene.dir}/client.pid", "net0",
        status=-15)
