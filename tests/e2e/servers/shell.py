"""shell.py: OpenSSH with four kinds of packet protection; passwords and keys."""
from servers.scene import RIGHT, USER, WRONG, Seen

CIPHERS = (("chacha20-poly1305@openssh.com", "hmac-sha2-256"),
           ("aes256-gcm@openssh.com", "hmac-sha2-256"),
           ("aes128-ctr", "hmac-sha2-256-etm@openssh.com"),
           ("aes128-ctr", "hmac-sha2-256"))

# Four times: two are let in; a password, a key and three passwords are refused.
SEEN = {
    "tcp/22": Seen("ssh", r"OpenSSH_9\..*", r"OpenSSH_9\..*", r"2\.0", {False: 20},
                   {(None, "success"): 8, (None, "failure"): 20},
                   told=("ssh", "cipher", "mac"), records=[
                       (cipher, mac if "ctr" in cipher else "<implicit>")
                       for cipher, mac in CIPHERS for _ in range(5)]),
}


def start(scene):
    for name in ("host", "known", "stranger"):
        scene.prepare("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                      f"{scene.dir}/{name}")
    scene.write("answer-right", f"#!/bin/sh\necho {RIGHT}\n", 0o755)
    scene.write("answer-wrong", f"#!/bin/sh\necho {WRONG}\n", 0o755)
    scene.write("config", "Host *\n")
    # Whoever made the tree, sshd wants its folder to be root's.
    scene.prepare("chown", "root:", "/run/sshd")
    scene.serve("/usr/sbin/sshd", "-D", "-e", "-f", scene.write("sshd_config", f"""
ListenAddress {scene.address}:22
HostKey {scene.dir}/host
PidFile none
AuthorizedKeysFile {scene.dir}/known.pub
StrictModes no
KbdInteractiveAuthentication no
MaxAuthTries 3
PrintLastLog no
"""), tcp=(22,))


def talk(scene):
    for cipher, mac in CIPHERS:
        say = (f"-c{cipher}", f"-m{mac}")
        password = ("-oPreferredAuthentications=password", "-oNumberOfPasswordPrompts=1")
        ssh(scene, "right", *say, *password)
        ssh(scene, "wrong", *say, *password)
        ssh(scene, "none", *say, "-oPreferredAuthentications=publickey", "-i",
            f"{scene.dir}/known")
        ssh(scene, "none", *say, "-oPreferredAuthentications=publickey", "-i",
            f"{scene.dir}/stranger")
        # More than the server lets anybody try: it ends the connection.
        ssh(scene, "wrong", *say, "-oPreferredAuthentications=password",
            "-oNumberOfPasswordPrompts=9")


def ssh(scene, answer, *options):
    right = answer == "right" or f"{scene.dir}/known" in options
    scene.ask("env", f"SSH_ASKPASS={scene.dir}/answer-{answer}",
              "SSH_ASKPASS_REQUIRE=force", "ssh", "-F", f"{scene.dir}/config",
              "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null",
              "-oIdentitiesOnly=yes", "-oIdentityAgent=none", *options,
              f"{USER}@{scene.address}", "echo", "ashore", status=0 if right else 255)
