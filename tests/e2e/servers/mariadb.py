"""mariadb.py: MariaDB: refused and accepted, an error of SQL, TLS."""
from servers.scene import RIGHT, USER, WRONG, Seen

SEEN = {
    "tcp/3306": Seen("mysql", r".*10\.\d+\.\d+-MariaDB.*", cleartext={True: 3, False: 1},
                     logins={(USER, "success"): 2, (USER, "failure"): 1}, errors=1),
}


def start(scene):
    certificate, key = scene.certificate()
    scene.write("my.cnf", f"""[mariadbd]
user = root
datadir = {scene.folder("data")}
socket = {scene.dir}/socket
pid-file = {scene.dir}/pid
tmpdir = {scene.folder("tmp")}
bind-address = {scene.address}
ssl-cert = {certificate}
ssl-key = {key}
innodb-buffer-pool-size = 8M
innodb-log-file-size = 4M
innodb-flush-log-at-trx-commit = 0
innodb-data-file-path = ibdata1:4M:autoextend
aria-log-file-size = 8M
skip-log-bin
skip-name-resolve
""")
    # What mariadb-install-db does, without the help tables.
    tables = " ".join(f"/usr/share/mysql/mysql_{name}.sql" for name in (
        "system_tables", "performance_tables", "system_tables_data"))
    begin = scene.write("begin.sql", "create database mysql;\nuse mysql;\n")
    scene.prepare("sh", "-c", f"cat {begin} {tables} | "
                  f"mariadbd --defaults-file={scene.dir}/my.cnf --bootstrap")
    users = scene.write("users.sql", f"create user {USER}@'%' identified by '{RIGHT}';\n")
    scene.serve("mariadbd", f"--defaults-file={scene.dir}/my.cnf", f"--init-file={users}",
                tcp=(3306,))


def talk(scene):
    def ask(password, query, *options, status=0):
        scene.ask("mariadb", "--no-defaults", f"-h{scene.address}", f"-u{USER}",
                  f"-p{password}", *options, "-e", query, status=status)

    ask(RIGHT, "select 7", "--skip-ssl")
    ask(WRONG, "select 7", "--skip-ssl", status=1)
    ask(RIGHT, "selct 7", "--skip-ssl", status=1)
    ask(RIGHT, "select 7", "--ssl")
