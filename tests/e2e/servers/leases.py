"""leases.py: ISC's DHCP server and client."""


def start(scene):
    scene.serve("dhcpd", "-f", "-4", "-q", "-cf", scene.write("dhcpd.conf", f"""
authoritative;
default-lease-time 600;
ping-check false;
server-identifier {scene.address};
subnet 10.88.0.0 netmask 255.255.0.0 {{
	range 10.88.9.1 10.88.9.99;
	option routers {scene.address};
	option domain-name "harbour.example";
}}
"""), "-lf", scene.write("leases", ""), "-pf", f"{scene.dir}/pid", "net0", udp=(67,))


def talk(scene):
    dhclient = ("dhclient", "-4", "-1", "-d", "-sf", "/bin/true", "-cf", scene.write(
        "client.conf", "send host-name \"tug\";\ninitial-interval 1;\n"),
        "-lf", f"{scene.dir}/client.leases", "-pf", f"{scene.dir}/client.pid", "net0")
    scene.ask("timeout", "2", *dhclient, status=124)
