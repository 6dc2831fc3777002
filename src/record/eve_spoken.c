/*
 * eve_spoken.c: what is said in a conversation as Suricata's EVE events.
 *
 * A table says which event a record becomes and which function writes its members, in
 * Suricata's order.  What Suricata's schema has no member for is left out; the record
 * itself (--format native) has all of it.
 */
#include <stdio.h>
#include <string.h>

#include "record/eve.h"
#include "record/eve_dns.h"
#include "record/identity.h"
#include "record/object.h"

static bool is_word(const char *word, const char *other)
{
	return word != NULL && strcmp(word, other) == 0;
}

static uint64_t known_u32(uint32_t value)
{
	return value == UNKNOWN_U32 ? UNKNOWN_U64 : value;
}

static void write_number_text(struct buf *out, const char *name, uint32_t value)
{
	char text[12];
	if (value == UNKNOWN_U32)
		return;
	snprintf(text, sizeof(text), "%u", value);
	object_text(out, name, text);
}

static void write_hash(struct buf *out, const char *name, const char *hash)
{
	if (hash[0] == '\0')
		return;
	object_open(out, name);
	object_text(out, "hash", hash);
	object_close(out);
	buf_char(out, ',');
}

/* ---- HTTP ---- */

static void write_server_header(struct buf *out, const char *server)
{
	if (server[0] == '\0')
		return;
	buf_text(out, "\"response_headers\":[");
	object_open(out, NULL);
	object_text(out, "name", "Server");
	object_text(out, "value", server);
	object_close(out);
	buf_text(out, "],");
}

static void write_http(struct buf *out, const void *record)
{
	const struct http_record *http = record;
	bool is_framed = strncmp(http->version, "HTTP/2", 6) == 0;
	object_text(out, "hostname", http->host);
	object_text(out, "url", http->path);
	object_text(out, "http_user_agent", http->user_agent);
	object_text(out, "http_content_type", http->content_type);
	object_text(out, "http_method", http->method);
	/* Suricata has "protocol": "HTTP/1.1", but "version": "2". */
	object_text(out, is_framed ? "version" : "protocol",
		    is_framed ? "2" : http->version);
	object_u64(out, "status", known_u32(http->status));
	object_u64(out, "length", http->response_bytes);
	write_server_header(out, http->server);
}

/* ---- TLS ---- */

static char upper(char c)
{
	return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* "1f03" is "1F:03". */
static void write_serial(struct buf *out, const char *serial)
{
	char text[3 * sizeof(((struct tls_record *)0)->serial)];
	size_t len = 0, digits = strlen(serial);
	for (size_t i = 0; i < digits; i++) {
		if (i > 0 && (digits - i) % 2 == 0)
			text[len++] = ':';
		text[len++] = upper(serial[i]);
	}
	text[len] = '\0';
	object_text(out, "serial", text);
}

/* Whole seconds without a zone, of the years EVE's schema allows: 1000 to 2999. */
static void write_date(struct buf *out, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	if (at_us == UNKNOWN_TIME)
		return;
	record_time_text(at_us, text);
	text[strlen("2026-01-31T12:00:00")] = '\0';
	if (text[0] == '1' || text[0] == '2')
		object_text(out, name, text);
}

static void write_hello(struct buf *out, const struct tls_record *tls)
{
	write_hash(out, "ja3", tls->ja3);
	write_hash(out, "ja3s", tls->ja3s);
	object_text(out, "ja4", tls->ja4);
}

static void write_tls(struct buf *out, const void *record)
{
	const struct tls_record *tls = record;
	object_text(out, "subject", tls->subject);
	object_text(out, "issuerdn", tls->issuer);
	object_texts(out, "subjectaltname", tls->alt_names, ',');
	write_serial(out, tls->serial);
	object_text(out, "fingerprint", tls->sha1);
	object_text(out, "sni", tls->sni);
	object_text(out, "version",
		    is_word(tls->version, "TLS 1.0") ? "TLSv1" : tls->version);
	write_date(out, "notbefore", tls->not_before);
	write_date(out, "notafter", tls->not_after);
	if (tls->resumed == 1)
		object_bool(out, "session_resumed", true);
	write_hello(out, tls);
}

/* Suricata has an event of its own for the handshake within QUIC. */
static void write_quic(struct buf *out, const void *record)
{
	const struct tls_record *tls = record;
	object_text(out, "sni", tls->sni);
	write_hello(out, tls);
}

/* ---- SSH ---- */

/* Suricata's software_version ends before the comment (RFC 4253 4.2). */
static void write_ssh_side(struct buf *out, const char *name, const char *version,
			   const char *software, const char *hassh)
{
	if (version[0] == '\0' && software[0] == '\0' && hassh[0] == '\0')
		return;
	char first[sizeof(((struct ssh_record *)NULL)->client_software)];
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(software, " "), software);
	object_open(out, name);
	object_text(out, "proto_version", version);
	object_text(out, "software_version", first);
	write_hash(out, "hassh", hassh);
	object_close(out);
	buf_char(out, ',');
}

static void write_ssh(struct buf *out, const void *record)
{
	const struct ssh_record *ssh = record;
	write_ssh_side(out, "client", ssh->client_version, ssh->client_software,
		       ssh->hassh);
	write_ssh_side(out, "server", ssh->server_version, ssh->server_software,
		       ssh->hassh_server);
}

/* ---- FTP, SMTP ---- */

static void write_ftp(struct buf *out, const void *record)
{
	const struct ftp_record *ftp = record;
	char code[12];
	object_text(out, "command", ftp->command);
	object_text(out, "command_data", ftp->argument);
	if (ftp->code != UNKNOWN_U32) {
		snprintf(code, sizeof(code), "%03u", ftp->code);
		object_texts(out, "completion_code", code, '\0');
	}
	object_texts(out, "reply", ftp->reply, '\0');
	object_text(out, "reply_received", ftp->code != UNKNOWN_U32 ? "yes" : "no");
}

/* Suricata keeps the angle brackets of RFC 5321's paths. */
static const char *path_of(const char *mailbox, char path[static 260])
{
	if (mailbox[0] == '\0' || mailbox[0] == '<')
		return mailbox;
	snprintf(path, 260, "<%s>", mailbox);
	return path;
}

static void write_smtp(struct buf *out, const void *record)
{
	const struct smtp_record *smtp = record;
	char path[260];
	object_text(out, "helo", smtp->helo);
	object_text(out, "mail_from", path_of(smtp->mail_from, path));
	object_texts(out, "rcpt_to", path_of(smtp->rcpt_to, path), '\0');
}

/* ---- SNMP, SIP, RDP, DHCP ---- */

/* "get-next-request" is "get_next_request"; two traps have other names. */
static void write_pdu(struct buf *out, const char *pdu)
{
	char name[32];
	size_t len = 0;
	if (pdu == NULL)
		return;
	if (strcmp(pdu, "trap") == 0)
		pdu = "trap_v1";
	else if (strcmp(pdu, "snmpV2-trap") == 0)
		pdu = "trap_v2";
	for (; len < sizeof(name) - 1 && pdu[len] != '\0'; len++)
		name[len] = (char)(pdu[len] == '-' ? '_' : pdu[len]);
	name[len] = '\0';
	object_text(out, "pdu_type", name);
}

static void write_snmp(struct buf *out, const void *record)
{
	const struct snmp_record *snmp = record;
	object_u64(out, "version", known_u32(snmp->version));
	write_pdu(out, snmp->pdu);
	object_texts(out, "vars", snmp->oid, '\0');
	object_text(out, "usm", snmp->user);
}

static void write_sip(struct buf *out, const void *record)
{
	const struct sip_record *sip = record;
	object_text(out, "method", sip->method);
	object_text(out, "uri", sip->uri);
	object_text(out, "version", "SIP/2.0");
	write_number_text(out, "code", sip->code);
	object_text(out, "reason", sip->reason);
}

static void write_rdp(struct buf *out, const void *record)
{
	const struct rdp_record *rdp = record;
	bool has_client =
		rdp->client_name[0] != '\0' || rdp->client_build != UNKNOWN_U32;
	object_text(out, "event_type",
		    has_client ? "connect_request" : "initial_request");
	object_text(out, "cookie", rdp->cookie);
	if (!has_client)
		return;
	object_open(out, "client");
	write_number_text(out, "build", rdp->client_build);
	object_text(out, "client_name", rdp->client_name);
	object_close(out);
	buf_char(out, ',');
}

static void write_dhcp(struct buf *out, const void *record)
{
	const struct dhcp_record *dhcp = record;
	bool is_reply = is_word(dhcp->type, "offer") || is_word(dhcp->type, "ack") ||
			is_word(dhcp->type, "nak");
	object_text(out, "type", is_reply ? "reply" : "request");
	object_u64(out, "id", known_u32(dhcp->id));
	object_text(out, "client_mac", dhcp->mac);
	object_addr(out, "assigned_ip", &dhcp->assigned_ip);
	object_addr(out, "client_ip", &dhcp->current_ip);
	object_addr(out, "relay_ip", &dhcp->relay_ip);
	object_text(out, "dhcp_type", dhcp->type);
	object_u64(out, "lease_time", known_u32(dhcp->lease_s));
	object_addr(out, "requested_ip", &dhcp->requested_ip);
	object_text(out, "hostname", dhcp->hostname);
}

/* ---- which is which ---- */

static const struct event {
	enum record_kind kind;
	const char *type;
	void (*write)(struct buf *out, const void *record);
} events[] = {
	{ RECORD_http, "http", write_http }, { RECORD_tls, "tls", write_tls },
	{ RECORD_ssh, "ssh", write_ssh },    { RECORD_ftp, "ftp", write_ftp },
	{ RECORD_smtp, "smtp", write_smtp }, { RECORD_snmp, "snmp", write_snmp },
	{ RECORD_sip, "sip", write_sip },    { RECORD_rdp, "rdp", write_rdp },
	{ RECORD_dhcp, "dhcp", write_dhcp },
};
static const struct event quic = { RECORD_tls, "quic", write_quic };

/* Over UDP it is QUIC's handshake, or DTLS, which a JA4 tells as well as a version. */
static bool is_quic(const struct spoken *record)
{
	const struct tls_record *tls = (const void *)record;
	bool is_dtls = tls->ja4[0] == 'd' ||
		       (tls->version != NULL && strncmp(tls->version, "DTLS", 4) == 0);
	return is_word(record->transport, "udp") && !is_dtls;
}

static const struct event *event_of(enum record_kind kind, const struct spoken *record)
{
	if (kind == RECORD_tls && is_quic(record))
		return &quic;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].kind == kind)
			return &events[i];
	return NULL;
}

bool record_eve_spoken(struct buf *out, enum record_kind kind,
		       const struct spoken *record)
{
	struct flow_record flow;
	const struct event *event = event_of(kind, record);
	if (event == NULL && kind != RECORD_dns)
		return false;
	flow_of_spoken(record, &flow);
	record_community_id(&flow, 0);
	if (kind == RECORD_dns) {
		eve_dns(out, &flow, (const struct dns_record *)(const void *)record);
		return true;
	}
	eve_begin(out, &flow, record->at, event->type);
	object_open(out, event->type);
	event->write(out, record);
	object_close(out);
	object_close(out);
	return true;
}
