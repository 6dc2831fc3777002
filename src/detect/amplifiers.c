/*
 * amplifiers.c: the table; see amplifiers.h.
 *
 * Factors are those of US-CERT TA14-017A (C. Rossow, "Amplification hell: revisiting
 * network protocols for DDoS abuse", NDSS 2014), and of later advisories as they are
 * named.
 */
#include "detect/amplifiers.h"

#include <stddef.h>

#define CLOSE_IT "close the port to the outside, or turn the service off"

static const struct amplifier amplifiers[] = {
	{ 17, AMPLIFIER_ANSWERS, "qotd", 140.3, "TA14-017A", CLOSE_IT },
	{ 19, AMPLIFIER_ANSWERS, "chargen", 358.8, "TA14-017A", CLOSE_IT },
	{ 53, AMPLIFIER_ANSWERS, "dns", 54, "TA14-017A",
	  "a resolver answers its own networks only (BIND: allow-recursion; Unbound: "
	  "access-control); others limit their rate (rate-limit) and answer ANY with "
	  "little (minimal-any, RFC 8482)" },
	{ 69, AMPLIFIER_SESSION, "tftp", 60, "TA14-017A (2016)", CLOSE_IT },
	{ 111, AMPLIFIER_ANSWERS, "portmap", 28, "TA14-017A (2015)",
	  "close port 111 to the outside; NFSv4 needs none" },
	{ 123, AMPLIFIER_ANSWERS, "ntp", 556.9, "TA14-017A",
	  "turn monlist and mode 6 off for strangers (ntpd: restrict default noquery, "
	  "disable monitor; or use chrony), and limit the rate" },
	{ 137, AMPLIFIER_LINK, "netbios", 3.8, "TA14-017A", CLOSE_IT },
	{ 161, AMPLIFIER_ANSWERS, "snmp", 6.3, "TA14-017A",
	  "let only the managers ask (agentAddress, rocommunity NAME NETWORK), better "
	  "SNMPv3; close port 161 to the outside" },
	{ 177, AMPLIFIER_ANSWERS, "xdmcp", 7, "Shadowserver 2015", CLOSE_IT },
	{ 389, AMPLIFIER_ANSWERS, "cldap", 70, "TA14-017A (2016)",
	  "close UDP port 389 to the outside; LDAP needs TCP only" },
	{ 427, AMPLIFIER_ANSWERS, "slp", 2200, "CVE-2023-29552", CLOSE_IT },
	{ 443, AMPLIFIER_SESSION, "dtls", 37, "Netscout 2021",
	  "let it ask for a cookie first (HelloVerifyRequest, RFC 9147 5.1)" },
	{ 500, AMPLIFIER_ANSWERS, "isakmp", 9, "Akamai 2016",
	  "close port 500 to all but the peers, and let it ask for cookies (RFC 7296 "
	  "2.6)" },
	{ 520, AMPLIFIER_LINK, "rip", 131.2, "TA14-017A (2015)", CLOSE_IT },
	{ 1194, AMPLIFIER_SESSION, "openvpn", 60, "Netscout 2019",
	  "use tls-auth or tls-crypt, so that strangers get no answer" },
	{ 1434, AMPLIFIER_ANSWERS, "mssql", 25, "Akamai 2015",
	  "close UDP port 1434 to the outside, or stop the SQL Server Browser" },
	{ 1900, AMPLIFIER_LINK, "ssdp", 30.8, "TA14-017A", CLOSE_IT },
	{ 3283, AMPLIFIER_ANSWERS, "ard", 35.5, "Netscout 2019", CLOSE_IT },
	{ 3389, AMPLIFIER_SESSION, "rdp", 85.9, "Netscout 2021",
	  "close UDP port 3389 to the outside; let RDP come by a VPN" },
	{ 3478, AMPLIFIER_SESSION, "stun", 2.3, "Netscout 2021",
	  "let it answer over TCP only, or limit the rate" },
	{ 3702, AMPLIFIER_LINK, "ws-discovery", 500, "TA14-017A (2019)", CLOSE_IT },
	{ 4672, AMPLIFIER_SESSION, "kad", 16.3, "TA14-017A", CLOSE_IT },
	{ 5093, AMPLIFIER_ANSWERS, "sentinel", 42.9, "Akamai 2015", CLOSE_IT },
	{ 5353, AMPLIFIER_LINK, "mdns", 10, "TA14-017A (2015)",
	  "let it answer its own link only (RFC 6762 5.5)" },
	{ 5683, AMPLIFIER_ANSWERS, "coap", 34, "Netscout 2019",
	  "let it answer known clients only, over DTLS; limit the rate (RFC 7252 "
	  "11.3)" },
	{ 10001, AMPLIFIER_ANSWERS, "ubiquiti", 35, "Rapid7 2019", CLOSE_IT },
	{ 11211, AMPLIFIER_ANSWERS, "memcached", 51000, "TA14-017A (2018)",
	  "turn UDP off (memcached -U 0) and let it listen on loopback only" },
	{ 27015, AMPLIFIER_SESSION, "steam", 5.5, "TA14-017A",
	  "limit its answers to each address (sv_max_queries_sec)" },
	{ 27960, AMPLIFIER_SESSION, "quake", 63.9, "TA14-017A",
	  "limit getstatus to each address (newer versions of the server do)" },
	{ 32414, AMPLIFIER_LINK, "plex", 4.7, "Netscout 2021", CLOSE_IT },
	{ 33848, AMPLIFIER_ANSWERS, "jenkins", 100, "CVE-2020-2100",
	  "turn its discovery off (hudson.udp=-1)" },
	{ 37810, AMPLIFIER_ANSWERS, "dahua", 25, "Netscout 2020", CLOSE_IT },
	{ 47808, AMPLIFIER_ANSWERS, "bacnet", 19, "Gasser et al., TMA 2017", CLOSE_IT },
};

const struct amplifier *amplifier_of(uint32_t port)
{
	for (size_t i = 0; i < sizeof(amplifiers) / sizeof(amplifiers[0]); i++)
		if (amplifiers[i].port == port)
			return &amplifiers[i];
	return NULL;
}
