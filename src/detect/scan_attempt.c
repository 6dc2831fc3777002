/*
 * scan_attempt.c: see scan_attempt.h.
 */
#include "detect/scan_attempt.h"

#include <string.h>

#include "detect/inside.h"

enum {
	LISTENED_S =
		24 * 3600, /* a listener that has gone is a service that has failed */
	/* Linux's ephemeral ports begin here; late answers of servers come to them. */
	EPHEMERAL_PORT = 32768,
	SERVER_PORTS = 1024,
	IDENT_PORT = 113,
	FTP_DATA_PORT = 20,
	SYSTEM_WINDOW = 5000,
	/* A host that gets a SYN-ACK which it did not ask for resets it at once. */
	RESET_US = 1000000,
	/* traceroute's ports (33434 and as many as it takes), with its small TTLs. */
	TRACE_PORT = 33434,
	TRACE_PORTS = 300,
	TRACE_TTL = 30,
};

enum attempt_transport scan_attempt_transport_of(const char *transport)
{
	if (strcmp(transport, "tcp") == 0)
		return ATTEMPT_TCP;
	if (strcmp(transport, "udp") == 0)
		return ATTEMPT_UDP;
	return strcmp(transport, "sctp") == 0 ? ATTEMPT_SCTP : ATTEMPT_ICMP;
}

const char *scan_attempt_transport_word(uint64_t transport)
{
	static const char *const words[] = { [ATTEMPT_TCP] = "tcp",
					     [ATTEMPT_UDP] = "udp",
					     [ATTEMPT_ICMP] = "icmp",
					     [ATTEMPT_SCTP] = "sctp" };
	return words[transport & 3];
}

static enum attempt_technique technique_of(const char *technique)
{
	static const char *const names[ATTEMPT_TECHNIQUES] = {
		[ATTEMPT_SYN] = "syn",     [ATTEMPT_FIN] = "fin",
		[ATTEMPT_NULL] = "null",   [ATTEMPT_XMAS] = "xmas",
		[ATTEMPT_ACK] = "ack",     [ATTEMPT_OTHER] = "other",
		[ATTEMPT_DATAGRAM] = "udp"
	};
	unsigned i = 0;
	while (i < ATTEMPT_TECHNIQUES && !findings_same_word(names[i], technique))
		i++;
	return i < ATTEMPT_TECHNIQUES ? i : ATTEMPT_OTHER;
}

/*
 * Systems offer thousands of bytes in the first window; nmap and masscan 1024 to 4096,
 * as they make their own packets.
 */
static bool is_usual_syn(const struct contact_record *c)
{
	return c->tool == NULL && c->window != UNKNOWN_U32 &&
	       c->window >= SYSTEM_WINDOW;
}

bool scan_attempt_read(const struct contact_record *c, uint32_t server,
		       struct attempt *attempt)
{
	static const struct {
		const char *outcome;
		enum attempt_kind kind;
	} kinds[] = {
		{ "refused", ATTEMPT_FAILED },      { "silent", ATTEMPT_FAILED },
		{ "half_open", ATTEMPT_HALF_OPEN }, { "stray", ATTEMPT_STRAY },
		{ "handshake", ATTEMPT_DONE },      { "answered", ATTEMPT_DONE }
	};
	if (c->outcome == NULL || c->transport == NULL ||
	    addr_is_unset(&c->client_ip) || addr_is_unset(&c->server_ip))
		return false;
	size_t i = 0, count = sizeof(kinds) / sizeof(kinds[0]);
	while (i < count && strcmp(kinds[i].outcome, c->outcome) != 0)
		i++;
	if (i == count)
		return false;
	*attempt = (struct attempt){
		.server = server,
		.first_s = scan_attempt_second(c->at),
		.last_s = scan_attempt_second(c->at),
		.port = c->port == UNKNOWN_U32 ? 0 : (uint16_t)c->port,
		.kind = kinds[i].kind & 3,
		.transport = scan_attempt_transport_of(c->transport) & 3,
		.ttl = c->ttl == UNKNOWN_U16 ? 0 : (uint8_t)c->ttl,
		.is_silent = strcmp(c->outcome, "silent") == 0,
		.is_fragment = c->fragment == 1,
		.is_usual = is_usual_syn(c),
		.technique = technique_of(c->technique) & 15,
		.resets = kinds[i].kind == ATTEMPT_HALF_OPEN &&
			  c->start != UNKNOWN_TIME && c->at - c->start < RESET_US,
	};
	return true;
}

/* A server's answer that comes when its question is forgotten. */
static bool is_late_answer(const struct contact_record *c,
			   const struct attempt *attempt)
{
	return attempt->transport == ATTEMPT_UDP && attempt->port >= EPHEMERAL_PORT &&
	       c->client_port < SERVER_PORTS;
}

/* traceroute asks for a port that nobody has, another with each packet. */
static bool is_trace(const struct attempt *attempt)
{
	return attempt->transport == ATTEMPT_UDP && attempt->port >= TRACE_PORT &&
	       attempt->port < TRACE_PORT + TRACE_PORTS && attempt->ttl <= TRACE_TTL;
}

/*
 * As ident and active FTP do, to whoever is a client just now.  A client of FTP waits
 * at an ephemeral port: who asks for others from port 20 scans those who fetch
 * something from him.
 */
static bool is_call_back(const struct contact_record *c, const struct attempt *attempt)
{
	bool is_data =
		c->client_port == FTP_DATA_PORT && attempt->port >= EPHEMERAL_PORT;
	return attempt->is_back && (attempt->port == IDENT_PORT || is_data);
}

bool scan_attempt_is_no_try(const struct contact_record *c,
			    const struct attempt *attempt)
{
	return is_late_answer(c, attempt) || is_trace(attempt) ||
	       is_call_back(c, attempt);
}

/* True if something of ours listens there, or did within a day. */
static bool has_listener(struct detect *detect, const struct contact_record *c)
{
	if (!home_holds(&detect->own, &c->server_ip))
		return false;
	const struct place *place =
		places_serving(&detect->places, c->transport, &c->server_ip, c->port);
	return place != NULL && (place->open > 0 ||
				 (place->closed_us != UNKNOWN_TIME &&
				  c->at - place->closed_us <= LISTENED_S * SECOND_US));
}

bool scan_attempt_is_telling(struct detect *detect, const struct contact_record *c,
			     const struct attempt *attempt)
{
	if (attempt->kind == ATTEMPT_DONE || attempt->kind == ATTEMPT_HALF_OPEN ||
	    attempt->transport == ATTEMPT_ICMP)
		return true;
	if (scan_attempt_is_no_try(c, attempt))
		return false;
	if (attempt->kind == ATTEMPT_STRAY && c->technique != NULL &&
	    strcmp(c->technique, "ack") != 0)
		return true;
	return !sources_is_open(&detect->sources, attempt->transport, &c->server_ip,
				attempt->port, c->at) &&
	       !has_listener(detect, c);
}
