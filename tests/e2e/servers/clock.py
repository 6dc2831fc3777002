"""clock.py: chrony answers chrony."""
from servers.scene import Seen

SEEN = {"udp/123": Seen("ntp", version="4", cleartext={True: 1})}


def start(scene, source="local stratum 3"):
    scene.serve("chronyd", "-d", "-x", "-u", "root", "-f", scene.write("chrony.conf", f"""
{source}
allow all
port 123
bindaddress {scene.address}
cmdport 0
pidfile {scene.dir}/pid
bindcmdaddress /
"""), udp=(123,))


def talk(scene):
    scene.ask("chronyd", "-Q", "-u", "root", "-t", "5", "-f", scene.write(
        "client.conf", f"server {scene.address} iburst maxsamples 1\n"
        f"pidfile {scene.dir}/client.pid\ncmdport 0\nbindcmdaddress /\n"))
