/*
 * names.c: protocols in the words of other tools.
 *
 * Zeek's words are those of conn.log's service, the names of its analyzers; several
 * analyzers of one connection are joined by commas.  Suricata's are those of app_proto.
 */
#include <netinet/in.h>
#include <string.h>

#include "record/identity.h"

static const struct {
	const char *ours;
	const char *zeek, *zeek_udp; /* NULL: as ours; as zeek */
	const char *eve;             /* NULL: Suricata has no such protocol */
} names[] = {
	{ "dce_rpc", NULL, NULL, "dcerpc" },
	{ "dhcp", NULL, NULL, "dhcp" },
	{ "dnp3", "dnp3_tcp", "dnp3_udp", "dnp3" },
	{ "dns", NULL, NULL, "dns" },
	{ "ethernetip", NULL, NULL, "enip" },
	{ "ftp", NULL, NULL, "ftp" },
	{ "ftp_data", "ftp-data", NULL, "ftp-data" },
	{ "http", NULL, NULL, "http" },
	{ "http2", NULL, NULL, "http2" },
	{ "imap", NULL, NULL, "imap" },
	{ "irc", NULL, NULL, "irc" },
	{ "jabber", "xmpp", NULL, "jabber" },
	{ "kerberos", "krb_tcp", "krb", "krb5" },
	{ "ldap", "ldap_tcp", "ldap_udp", "ldap" },
	{ "llmnr", "dns", NULL, NULL },
	{ "mdns", "dns", NULL, "mdns" },
	{ "modbus", NULL, NULL, "modbus" },
	{ "mqtt", NULL, NULL, "mqtt" },
	{ "nfs", NULL, NULL, "nfs" },
	{ "ntp", NULL, NULL, "ntp" },
	{ "pop3", NULL, NULL, "pop3" },
	{ "postgresql", NULL, NULL, "pgsql" },
	{ "quic", "quic,ssl", NULL, "quic" },
	{ "rdp", NULL, NULL, "rdp" },
	{ "sip", NULL, NULL, "sip" },
	{ "smb", NULL, NULL, "smb" },
	{ "smtp", NULL, NULL, "smtp" },
	{ "snmp", NULL, NULL, "snmp" },
	{ "ssh", NULL, NULL, "ssh" },
	{ "telnet", NULL, NULL, "telnet" },
	{ "tftp", NULL, NULL, "tftp" },
	{ "tls", "ssl", NULL, "tls" },
	{ "vnc", "rfb", NULL, "rfb" },
	{ "websocket", NULL, NULL, "websocket" },
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static size_t find(const char *protocol)
{
	size_t i = 0;
	while (i < NAMES && strcmp(names[i].ours, protocol) != 0)
		i++;
	return i;
}

const char *flow_zeek_service(const struct flow_record *flow)
{
	if (!flow_is_recognised(flow))
		return NULL;
	size_t i = find(flow->protocol);
	if (i < NAMES && names[i].zeek_udp != NULL &&
	    flow_protocol(flow) == IPPROTO_UDP)
		return names[i].zeek_udp;
	return i < NAMES && names[i].zeek != NULL ? names[i].zeek : flow->protocol;
}

const char *flow_eve_protocol(const struct flow_record *flow)
{
	size_t i = flow_is_recognised(flow) ? find(flow->protocol) : NAMES;
	return i < NAMES ? names[i].eve : NULL;
}
