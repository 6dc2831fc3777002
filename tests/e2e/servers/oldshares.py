"""oldshares.py: Samba that lets clients speak SMB 1."""
from servers import shares
from servers.scene import RIGHT, USER, WRONG, Seen

SEEN = {
    "tcp/445": Seen("smb", logins={(USER, "success"): 1, (USER, "failure"): 1},
                    findings={"weak_protocol smb1": "medium"}),
}


def start(scene):
    shares.start(scene, "NT1")


def talk(scene):
    old = ("--option=client min protocol=NT1", "--option=client max protocol=NT1")
    shares.client(scene, RIGHT, *old)
    shares.client(scene, WRONG, *old, status=1)
