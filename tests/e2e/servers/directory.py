"""directory.py: OpenLDAP: simple binds, anonymous and by name; StartTLS."""
from servers.scene import RIGHT, USER, WRONG, Seen

NAME = f"cn={USER},dc=harbour,dc=example"

SEEN = {
    "tcp/389": Seen("ldap", cleartext={True: 3, False: 1},
                    logins={(NAME, "success"): 1, (NAME, "failure"): 1},
                    findings={"cleartext_login ldap_simple_bind": "medium"}),
}


def start(scene):
    certificate, key = scene.certificate()
    configuration = scene.write("slapd.conf", f"""
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {scene.dir}/pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
suffix "dc=harbour,dc=example"
directory {scene.folder("data")}
""")
    entries = scene.write("entries.ldif", f"""dn: dc=harbour,dc=example
objectClass: dcObject
objectClass: organization
o: harbour
dc: harbour

dn: {NAME}
objectClass: person
cn: {USER}
sn: {USER}
userPassword: {RIGHT}
""")
    scene.prepare("slapadd", "-q", "-f", configuration, "-l", entries)
    scene.serve("slapd", "-d", "0", "-f", configuration, "-h",
                f"ldap://{scene.address}", tcp=(389,))


def talk(scene):
    def search(*options, status=0):
        scene.ask("env", "LDAPTLS_REQCERT=never", "ldapsearch", "-x", "-H",
                  f"ldap://{scene.address}", "-b", "dc=harbour,dc=example", *options,
                  status=status)

    search()
    search("-D", NAME, "-w", RIGHT)
    search("-D", NAME, "-w", WRONG, status=49)
    search("-ZZ", "-D", NAME, "-w", RIGHT)
