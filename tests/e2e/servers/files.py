"""files.py: vsftpd: FTP with a data connection, refused and accepted; AUTH TLS."""
import ftplib

from servers.scene import RIGHT, USER, WRONG, Seen, refused, trusting

GUESTS = 10  # at most, of one address

SEEN = {
    "tcp/21": Seen("ftp", r"vsFTPd 3\..*", cleartext={True: 1, False: 1}, errors=1,
                   logins={(USER, "failure"): 1, (USER, "success"): 1},
                   findings={"cleartext_login ftp_user": "medium"},
                   told=("ftp", "command", "code"), records=[
                       ("", 220), ("USER", 331), ("PASS", 530), ("USER", 331),
                       ("PASS", 230), ("TYPE", 200), ("PASV", 227), ("NLST", 226),
                       ("TYPE", 200), ("PASV", 227), ("RETR", 226), ("SIZE", 550),
                       ("QUIT", 221), ("", 220), ("AUTH", 234)]),
    "tcp/20021": Seen(None),  # nobody says what a file is
}


def start(scene):
    serve(scene, 21)
    scene.write("files/manifest", "seven crates\n")


def serve(scene, port, more=""):
    """vsftpd on that port, with more lines of configuration."""
    certificate, key = scene.certificate()
    scene.folder("empty")
    scene.serve("vsftpd", scene.write(f"vsftpd.{port}.conf", f"""
listen=YES
listen_port={port}
listen_ipv6=NO
background=NO
listen_address={scene.address}
anonymous_enable=NO
local_enable=YES
local_root={scene.folder("files")}
secure_chroot_dir={scene.dir}/empty
pam_service_name=vsftpd
seccomp_sandbox=NO
xferlog_enable=YES
xferlog_std_format=NO
log_ftp_protocol=YES
vsftpd_log_file={scene.dir}/vsftpd.{port}.log
delay_failed_login=0
delay_successful_login=0
isolate_network=NO
max_per_ip={GUESTS}
pasv_min_port=20021
pasv_max_port=20021
ssl_enable=YES
force_local_logins_ssl=NO
force_local_data_ssl=NO
require_ssl_reuse=NO
rsa_cert_file={certificate}
rsa_private_key_file={key}
{more}"""), tcp=(port,))


def talk(scene):
    session = ftplib.FTP(timeout=10)
    session.connect(scene.address)
    refused(lambda: session.login(USER, WRONG), ftplib.error_perm)
    session.login(USER, RIGHT)
    session.nlst()
    session.retrbinary("RETR manifest", lambda _: None)
    refused(lambda: session.size("absent"), ftplib.error_perm)
    session.quit()
    session = ftplib.FTP_TLS(timeout=10, context=trusting())
    session.connect(scene.address)
    session.login(USER, RIGHT)
    session.quit()
