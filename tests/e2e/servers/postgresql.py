"""postgresql.py: PostgreSQL: SCRAM and MD5, an error of SQL, SSL."""
from servers.scene import RIGHT, USER, WRONG, Seen

BIN = "/usr/lib/postgresql/15/bin"
OWNER = 105
AS_USER = ("setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups")

SEEN = {
    "tcp/5432": Seen("postgresql", r"PostgreSQL 15\..*", cleartext={True: 5, False: 1},
                     logins={(USER, "success"): 2, (USER, "failure"): 1,
                             ("bob", "success"): 1, ("bob", "failure"): 1}, errors=1),
}


def start(scene):
    certificate, key = scene.certificate(OWNER)
    scene.folder("", OWNER)
    scene.prepare(*AS_USER, f"{BIN}/initdb", "-D", f"{scene.dir}/data", "-A", "trust",
                  "--no-sync", "--no-locale", "-E", "UTF8")
    scene.write("data/pg_hba.conf", f"""
local all all trust
hostnossl all {USER} all scram-sha-256
hostnossl all bob all md5
hostssl all all all scram-sha-256
""", owner=OWNER)
    users = "".join(f"set password_encryption = '{how}';\n"
                    f"create role {user} login password '{RIGHT}';\n"
                    for user, how in ((USER, "scram-sha-256"), ("bob", "md5")))
    scene.prepare("sh", "-c", f"{' '.join(AS_USER)} {BIN}/postgres --single -D "
                  f"{scene.dir}/data postgres <{scene.write('users.sql', users)}")
    scene.serve(*AS_USER, f"{BIN}/postgres", "-D", f"{scene.dir}/data", "-k", scene.dir,
                *(word for setting in (
                    f"listen_addresses={scene.address}", "fsync=off", "ssl=on", "jit=off",
                    f"ssl_cert_file={certificate}", f"ssl_key_file={key}")
                  for word in ("-c", setting)), tcp=(5432,))


def talk(scene):
    def ask(user, password, query, ssl="disable", status=0):
        scene.ask("env", f"PGPASSWORD={password}", f"{BIN}/psql", "-X",
                  f"host={scene.address} user={user} dbname=postgres sslmode={ssl} "
                  "gssencmode=disable", "-c", query, status=status)

    ask(USER, RIGHT, "select 7")
    ask(USER, WRONG, "select 7", status=2)
    ask(USER, RIGHT, "selct 7", status=1)
    ask("bob", RIGHT, "select 7")
    ask("bob", WRONG, "select 7", status=2)
    ask(USER, RIGHT, "select 7", ssl="require")
