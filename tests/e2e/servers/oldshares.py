"""oldshares.py: Samba that lets clients speak SMB 1."""
from servers import shares
from servers.scene import RIGHT, WRONG, Seen

SEEN = {
    "tcp/445": Seen("smb", r"Samba 4\..*", "Samba", version="SMB 1", cleartext={True: 2},
                    logins={(shares.MEMBER, "success"): 1, (shares.MEMBER, "failure"): 1},
                    findings={"weak_protocol smb1": "medium",
                              "weak_protocol smb_signing_not_required": "notice"}),
}


def start(scene):
    shares.start(scene, "NT1")


def talk(scene):
    old = ("--option=client min protocol=NT1", "--option=client max protocol=NT1")
    shares.client(scene, RIGHT, *old)
    shares.client(scene, WRONG, *old, status=1)
