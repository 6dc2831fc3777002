"""redis.py: Redis with a password and a user."""
from servers.scene import RIGHT, USER, WRONG, Seen

SEEN = {
    "tcp/6379": Seen("redis", r"Redis 7\..*", cleartext={True: 6},
                     logins={("default", "failure"): 1, ("default", "success"): 2,
                             (USER, "success"): 1, (USER, "failure"): 1},
                     findings={"cleartext_login redis_auth": "medium"}),
}


def start(scene):
    scene.serve("redis-server", scene.write("redis.conf", f"""
bind {scene.address}
port 6379
dir {scene.dir}
save ""
requirepass {RIGHT}
user {USER} on >{RIGHT} ~* +@all
"""), tcp=(6379,))


def talk(scene):
    redis = ("redis-cli", "-h", scene.address, "--no-auth-warning")
    scene.ask(*redis, "get", "berth")
    scene.ask(*redis, "-a", WRONG, "get", "berth")
    scene.ask(*redis, "-a", RIGHT, "set", "berth", "7")
    scene.ask(*redis, "--user", USER, "-a", RIGHT, "info")
    scene.ask(*redis, "--user", USER, "-a", WRONG, "info")
    scene.ask(*redis, "-a", RIGHT, "-3", "lpush", "berth", "8")
