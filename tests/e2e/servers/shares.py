"""shares.py: Samba: NTLM refused and accepted; SMB 1 refused, and SMB 1 allowed."""
from servers.scene import RIGHT, USER, WRONG, Seen

MEMBER = f"WORKGROUP\\{USER}"
SEEN = {
    "tcp/445": Seen("smb", version=r"SMB 3\.1\.1|SMB 2\.1", cleartext={True: 4, False: 1},
                    logins={(MEMBER, "success"): 3, (MEMBER, "failure"): 1},
                    findings={"weak_protocol smb_signing_not_required": "notice"}),
}


def start(scene, oldest="SMB2_10", more=""):
    configuration = scene.write("smb.conf", f"""
[global]
interfaces = {scene.address}/16
bind interfaces only = yes
smb ports = 445
server min protocol = {oldest}
lock directory = {scene.folder("lock")}
state directory = {scene.folder("state")}
cache directory = {scene.folder("cache")}
private dir = {scene.folder("private")}
pid directory = {scene.folder("pid")}
ncalrpc dir = {scene.folder("ncalrpc")}
log file = {scene.dir}/log
passdb backend = smbpasswd
smb passwd file = {scene.dir}/private/smbpasswd
load printers = no
disable spoolss = yes
{more}
[files]
path = {scene.folder("files")}
""")
    twice = scene.write("answers", f"{RIGHT}\n" * 2)
    scene.prepare("sh", "-c", f"smbpasswd -c {configuration} -L -a -s {USER} <{twice}")
    scene.serve("smbd", "-F", "--no-process-group", "-s", configuration, tcp=(445,))
    scene.write("client.conf", f"[global]\nlock directory = {scene.dir}/client\n"
                f"private dir = {scene.dir}/client\ncache directory = {scene.dir}/client\n"
                f"state directory = {scene.dir}/client\n")
    scene.folder("client")


def client(scene, password, *options, status=0):
    scene.ask("smbclient", "-s", f"{scene.dir}/client.conf", f"//{scene.address}/files",
              f"-U{USER}%{password}", "-c", "ls", *options, status=status)


def talk(scene):
    client(scene, RIGHT)
    client(scene, WRONG, status=1)
    client(scene, RIGHT, "-m", "SMB2_10")
    client(scene, RIGHT, "--client-protection=encrypt")
    client(scene, RIGHT, "--option=client min protocol=NT1",
           "--option=client max protocol=NT1", status=1)
