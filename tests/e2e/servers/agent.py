"""agent.py: Net-SNMP: a community, a wrong one, and a user of version 3."""
from servers.scene import COMMUNITY, RIGHT, USER, WRONG, WRONG_COMMUNITY, Seen

DESCRIPTION = ".1.3.6.1.2.1.1.1.0"

SEEN = {
    "udp/161": Seen("snmp", cleartext={True: 3, False: 2},
                    findings={"cleartext_login community": "medium"},
                    told=("snmp", "version", "pdu", "user")),
}


def start(scene):
    scene.serve("env", f"SNMP_PERSISTENT_DIR={scene.folder('state')}", "snmpd", "-f",
                "-Lo", "-C", "-c", scene.write("snmpd.conf", f"""
agentaddress udp:{scene.address}:161
rocommunity {COMMUNITY}
createUser {USER} SHA {RIGHT} AES {RIGHT}
rouser {USER} priv
"""), udp=(161,))


def talk(scene):
    def get(*options, status=0):
        scene.ask("env", f"SNMP_PERSISTENT_DIR={scene.folder('client')}", "snmpget",
                  "-t", "0.3", "-r", "0", *options, scene.address, DESCRIPTION,
                  status=status)

    get("-v1", "-c", COMMUNITY)
    get("-v2c", "-c", COMMUNITY)
    get("-v2c", "-c", WRONG_COMMUNITY, status=1)
    version3 = ("-v3", "-u", USER, "-l", "authPriv", "-a", "SHA", "-x", "AES")
    get(*version3, "-A", RIGHT, "-X", RIGHT)
    get(*version3, "-A", WRONG, "-X", RIGHT, status=1)
