"""field.py: where attacks happen: attacker, victim and bystander, each a network, and a
router between them, as on the Internet.

Addresses are ones that nobody but these namespaces ever sees: nothing leads out of them.
The victim's are private, and of one network that is `home`; the others' are not, so that
the thresholds for strangers hold.  What goes to nobody (forged sources) the router drops.
"""
import itertools

VICTIM, VICTIM6 = "10.97.0.2", "fd97::2"
VICTIM_NET, VICTIM_NET6 = "10.97.0.0/16", "fd97::/48"
ATTACKER, ATTACKER6 = "185.60.0.2", "2a0b:60::2"
BYSTANDER, BYSTANDER6 = "62.38.0.2", "2a02:38::2"


class Field:
    """Networks of a scenario: field.attacker, field.victim, field.bystander, field.router."""

    def __init__(self, lab):
        self.lab = lab
        self.router = lab.namespace("router")
        for name in ("ipv4.ip_forward", "ipv6.conf.all.forwarding"):
            self.router.set(f"net.{name}", 1)
        # It can't ask for its neighbours without a link-local address.
        self.router.set("net.ipv6.conf.default.addr_gen_mode", 0)
        for name in ("all", "default"):
            self.router.set(f"net.ipv4.conf.{name}.rp_filter", 0)
        # What goes to nobody ends here, unsaid.
        self.router.ip("route", "add", "blackhole", "default")
        self.router.ip("-6", "route", "add", "blackhole", "default")
        self.victim = self.host("victim", VICTIM, VICTIM6)
        self.attacker = self.host("attacker", ATTACKER, ATTACKER6)
        self.bystander = self.host("bystander", BYSTANDER, BYSTANDER6)

    def host(self, name, address, address6):
        """One more host, in networks (/16, /48) of its own."""
        made = self.lab.namespace(name)
        # Answers to scans are as many as there are questions.
        made.set("net.ipv4.icmp_msgs_per_sec", 1_000_000)
        made.set("net.ipv4.icmp_msgs_burst", 1_000_000)
        gateway, gateway6 = beside(address), beside(address6)
        self.lab.join(made, "net0", self.router, name)
        for network, link, ours, ours6 in ((made, "net0", address, address6),
                                           (self.router, name, gateway, gateway6)):
            network.ip("addr", "add", f"{ours}/16", "dev", link)
            network.ip("addr", "add", f"{ours6}/48", "dev", link, "nodad")
            network.ip("link", "set", link, "up")
        made.ip("route", "add", "default", "via", gateway)
        made.ip("-6", "route", "add", "default", "via", gateway6)
        return made

    def addresses(self, network, count, first):
        """Adds count addresses, from first (x.y.z.w) on, to net0 of a host; the list."""
        base = first.rsplit(".", 2)
        start = int(base[1]) * 256 + int(base[2])
        made = [f"{base[0]}.{number >> 8}.{number & 255}"
                for number in itertools.islice(itertools.count(start), count)]
        for address in made:
            network.ip("addr", "add", f"{address}/16", "dev", "net0")
        return made

    def lose(self, percent):
        """The router loses so many of the packets, either way."""
        for line in ("add table inet loss",
                     "add chain inet loss c { type filter hook forward priority 0; }",
                     f"add rule inet loss c numgen random mod 1000 < {percent * 10} drop"):
            self.router.run("nft", line)

    def shut(self, *rules):
        """A packet filter before the victim's services: nft rules of its input."""
        for line in ("add table inet shut",
                     "add chain inet shut c { type filter hook input priority 0; }",
                     *(f"add rule inet shut c {rule}" for rule in rules)):
            self.victim.run("nft", line)


def beside(address):
    """The gateway of a host: .1 of its network."""
    return address[:-1] + "1"
