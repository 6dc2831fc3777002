"""queue.py: Mosquitto: MQTT 3.1.1 and 5, refused and accepted."""
from servers.scene import RIGHT, USER, WRONG, Seen

SEEN = {
    "tcp/1883": Seen("mqtt", version=r"MQTT 3\.1\.1|MQTT 5.*", cleartext={True: 5},
                     logins={(USER, "success"): 2, (USER, "failure"): 2},
                     findings={"cleartext_login mqtt_password": "medium"}),
}


def start(scene):
    passwords = scene.write("passwords", f"{USER}:{RIGHT}\n", 0o600)
    scene.prepare("mosquitto_passwd", "-U", passwords)
    scene.serve("mosquitto", "-c", scene.write("mosquitto.conf", f"""
listener 1883 {scene.address}
allow_anonymous false
password_file {passwords}
user root
persistence false
"""), tcp=(1883,))


def talk(scene):
    def publish(password, *options, status=0):
        scene.ask("mosquitto_pub", "-h", scene.address, "-u", USER, "-P", password,
                  "-t", "harbour/berth", "-m", "7", *options, status=status)

    publish(RIGHT)
    publish(RIGHT, "-V", "mqttv5", "-q", "1")
    publish(WRONG, status=5)
    publish(WRONG, "-V", "mqttv5", status=135)
    scene.ask("mosquitto_pub", "-h", scene.address, "-t", "a", "-m", "b", status=5)
