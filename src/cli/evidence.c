/*
 * evidence.c: see evidence.h.
 */
#include "cli/evidence.h"

#include <string.h>

#include "base/hash.h"
#include "base/home.h"
#include "store/store.h"

enum {
	/* As the detectors of floods take a port up. */
	BUSY_FROM = 50,
	BUSY_S = 3600, /* what is usual is learned of seconds that are not busy */
	LONG_S = 120,  /* a long connection is told of each minute */
	HOUR_S = 3600,
};
#define SECOND_US 1000000LL

static bool is_word(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static bool is_ours(const struct evidence *evidence, const struct addr *addr)
{
	return home_holds(evidence->own, addr) || home_holds(evidence->home, addr);
}

void evidence_contact(struct evidence *evidence, const struct contact_record *contact)
{
	if (evidence->store != NULL && contact->probe != 1)
		store_put_evidence(evidence->store, RECORD_contact, contact);
}

void evidence_login(struct evidence *evidence, const struct login_record *login)
{
	if (evidence->store != NULL)
		store_put_evidence(evidence->store, RECORD_login, login);
}

/* ---- connections ---- */

/* Who collides is told of more often. */
static bool is_first_of_hour(struct evidence *evidence, const struct flow_record *flow)
{
	static const struct hash_key fixed;
	struct addr source = addr_source(&flow->client_ip);
	uint64_t words[4];
	memcpy(words, source.ip6, 2 * sizeof(words[0]));
	words[2] = flow->server_port;
	words[3] = (uint64_t)(flow->end / SECOND_US / HOUR_S);
	uint64_t hash = hash_words(&fixed, words, 4) | 1;
	words[3] = 0;
	uint64_t *place =
		&evidence->served[hash_words(&fixed, words, 4) % EVIDENCE_SERVED];
	bool is_first = *place != hash;
	*place = hash;
	return is_first;
}

static bool is_wanted(struct evidence *evidence, const struct flow_record *flow)
{
	bool is_report = is_word(flow->end_reason, "active");
	if (flow->probe == 1 || addr_is_unset(&flow->client_ip) ||
	    !is_ours(evidence, &flow->server_ip))
		return false;
	if (is_word(flow->transport, "tcp"))
		return flow->handshake_us != UNKNOWN_U64 &&
		       (!is_report || flow->end - flow->start < LONG_S * SECOND_US);
	bool is_answered = flow->responses != UNKNOWN_U64 && flow->responses > 0;
	return is_word(flow->transport, "udp") && is_answered &&
	       is_first_of_hour(evidence, flow);
}

void evidence_flow(struct evidence *evidence, const struct flow_record *flow)
{
	if (evidence->store != NULL && is_wanted(evidence, flow))
		store_put_evidence(evidence->store, RECORD_flow, flow);
}

/* ---- seconds of ports ---- */

static bool is_busy(const struct port_record *port)
{
	return (port->handshakes != UNKNOWN_U64 && port->handshakes >= BUSY_FROM) ||
	       (port->syns != UNKNOWN_U64 && port->syns >= BUSY_FROM);
}

/* The one of that port, or that may be given away: busy longest ago. */
static struct evidence_port *find_port(struct evidence *evidence,
				       const struct port_record *port)
{
	struct evidence_port *oldest = &evidence->ports[0];
	for (size_t i = 0; i < EVIDENCE_PORTS; i++) {
		struct evidence_port *at = &evidence->ports[i];
		if (at->busy_us != 0 && at->port == port->port &&
		    addr_equal(&at->ip, &port->server_ip))
			return at;
		if (at->busy_us < oldest->busy_us)
			oldest = at;
	}
	return oldest;
}

static bool was_busy(struct evidence *evidence, const struct port_record *port)
{
	if (is_busy(port))
		evidence->busy_us = port->start;
	else if (port->start - evidence->busy_us > BUSY_S * SECOND_US)
		return false;
	struct evidence_port *at = find_port(evidence, port);
	bool is_it = at->busy_us != 0 && at->port == port->port &&
		     addr_equal(&at->ip, &port->server_ip);
	if (is_busy(port))
		*at = (struct evidence_port){ port->server_ip, port->port,
					      port->start };
	else if (!is_it)
		return false;
	return port->start - at->busy_us <= BUSY_S * SECOND_US;
}

void evidence_second(struct evidence *evidence, const struct port_record *port)
{
	if (evidence->store == NULL || !is_word(port->transport, "tcp") ||
	    port->start == UNKNOWN_TIME || addr_is_unset(&port->server_ip) ||
	    !is_ours(evidence, &port->server_ip))
		return;
	if (was_busy(evidence, port))
		store_put_evidence(evidence->store, RECORD_port, port);
}
