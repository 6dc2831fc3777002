"""agent.py: Net-SNMP: a community, a wrong one, and a user of version 3."""
from servers.scene import COMMUNITY, RIGHT, USER, WRONG, WRONG_COMMUNITY, Seen

DESCRIPTION = ".1.3.6.1.2.1.1.1.0"

# Of version 3, the first question and refusals are in the clear.
ASKED, MET = [(3, "get-request", ""), (3, "report", "")], (3, "", USER)
SEEN = {
    "udp/161": Seen("snmp", "Linux .*", version="1|2c|3", cleartext={True: 4, False: 1},
                    logins={(None, "success"): 2, (None, "failure"): 1,
                            (USER, "success"): 1, (USER, "failure"): 1},
                    findings={"weak_protocol snmp_cleartext": "notice"},
                    told=("snmp", "version", "pdu", "user"), records=[
                        (1, "get-request", ""), (1, "response", ""),
                        (2, "get-request", ""), (2, "response", ""),
                        (2, "get-request", ""),  # with a wrong community: no answer
                        *ASKED, MET, MET, *ASKED, MET, (3, "report", USER)]),
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
                  "-t", "10" if status == 0 else "0.3", "-r", "0", *options,
                  scene.address, DESCRIPTION, status=status)

    get("-v1", "-c", COMMUNITY)
    get("-v2c", "-c", COMMUNITY)
    get("-v2c", "-c", WRONG_COMMUNITY, status=1)
    version3 = ("-v3", "-u", USER, "-l", "authPriv", "-a", "SHA", "-x", "AES")
    get(*version3, "-A", RIGHT, "-X", RIGHT)
    get(*version3, "-A", WRONG, "-X", RIGHT, status=1)
