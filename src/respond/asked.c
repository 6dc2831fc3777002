/*
 * asked.c: to whom this machine connected itself in the last 30 days, or spoke first by
 * UDP and had an answer.
 *
 * What it needs elsewhere (a database, who takes payments, where its packages are) it
 * would lose with whoever is blocked there, and such a server need not ever come here
 * as a client.  So what others say is not enough to block one: respond/shared.c.
 *
 * A handshake is needed, else anybody could be among them by packets that look like
 * answers.  It is known at once, long before a connection ends; but of whoever looks
 * for machines there are many, which go first when there is no more room; as does who
 * is known by UDP only.
 *
 * An answer by UDP can be forged, and so can what is answered.  So it counts only where
 * nobody could have made this machine speak first: from a port at which it answers no
 * stranger, as a resolver's or a browser's own; what is not in a tunnel, whose packets
 * anybody can write; and what began so long after the start that it is no answer to
 * what came before.
 */
#include "respond/inside.h"

#include <string.h>

enum { DAYS = 30 };
/* Longer than UDP is silent and still the same flow. */
#define SETTLED_US (3 * MINUTE_US)

/* ---- ports at which strangers are answered ---- */

static void turn(struct asked_ports *ports, int64_t now_us)
{
	if (ports->begun_us == 0)
		ports->begun_us = ports->day_us = now_us;
	if (now_us - ports->day_us < DAY_US)
		return;
	if (now_us - ports->day_us < 2 * DAY_US)
		memcpy(ports->bits[1], ports->bits[0], sizeof(ports->bits[1]));
	else
		memset(ports->bits[1], 0, sizeof(ports->bits[1]));
	memset(ports->bits[0], 0, sizeof(ports->bits[0]));
	ports->day_us = now_us;
}

static void note_port(struct respond *respond, uint32_t port)
{
	turn(&respond->answering, respond->now_us);
	if (port <= UINT16_MAX)
		respond->answering.bits[0][port / 8] |= (uint8_t)(1U << port % 8);
}

static bool is_answering(struct respond *respond, uint32_t port)
{
	const struct asked_ports *ports = &respond->answering;
	turn(&respond->answering, respond->now_us);
	return port > UINT16_MAX ||
	       ((ports->bits[0][port / 8] | ports->bits[1][port / 8]) >> port % 8 &
		1) != 0;
}

void asked_note_answering(struct respond *respond, const struct flow_record *flow)
{
	if (is_word(flow->transport, "udp") && known_or_none(flow->server_packets) > 0)
		note_port(respond, flow->server_port);
}

/* ---- who was asked ---- */

static void note(struct respond *respond, const struct addr *server, bool has_answered)
{
	if (addr_is_unset(server) || addr_is_loopback(server))
		return;
	const struct addr source = addr_source(server);
	const struct roster_key key = key_of(&source);
	struct asked *asked = roster_take(&respond->asked, &key);
	asked->last_us = respond->now_us;
	if (has_answered)
		roster_rank(&respond->asked, asked, 1);
}

void respond_own_contact(struct respond *respond, const struct contact_record *contact)
{
	respond_time(respond, contact->at);
	if (is_word(contact->transport, "tcp") &&
	    is_word(contact->outcome, "handshake"))
		note(respond, &contact->server_ip, false);
}

/*
 * "D" is payload of the client, "d" the server's answer; "^": the server was first, who
 * is one by its port only.
 */
static bool was_first(const struct flow_record *flow)
{
	return flow->history[0] == 'D' && strchr(flow->history, 'd') != NULL &&
	       strchr(flow->history, '^') == NULL;
}

static void note_udp(struct respond *respond, const struct flow_record *flow)
{
	if (!was_first(flow)) {
		/* Perhaps it is this machine that answers. */
		if (known_or_none(flow->client_packets) > 0)
			note_port(respond, flow->client_port);
		return;
	}
	bool is_settled = !is_answering(respond, flow->client_port) &&
			  flow->start != UNKNOWN_TIME &&
			  flow->start - respond->ahead_us >=
				  respond->answering.begun_us + SETTLED_US;
	if (is_settled && flow->tunnel == NULL && !addr_is_group(&flow->server_ip))
		note(respond, &flow->server_ip, false);
}

void respond_own_flow(struct respond *respond, const struct flow_record *flow)
{
	respond_time(respond, flow->end);
	if (is_word(flow->transport, "udp"))
		note_udp(respond, flow);
	if (is_word(flow->transport, "tcp") && flow->handshake_us != UNKNOWN_U64)
		note(respond, &flow->server_ip,
		     known_or_none(flow->server_payload_bytes) > 0);
}

void asked_restore(struct respond *respond, const struct asked *read)
{
	struct asked *asked = roster_take(&respond->asked, &read->head.key);
	if (read->last_us > asked->last_us)
		asked->last_us = read->last_us;
	if (read->head.rank > 0)
		roster_rank(&respond->asked, asked, 1);
}

bool asked_find(struct respond *respond, const struct addr *source)
{
	const struct roster_key key = key_of(source);
	const struct asked *asked = roster_find(&respond->asked, &key);
	return asked != NULL && respond->now_us - asked->last_us < DAYS * DAY_US;
}
