/*
 * asked.c: to whom this machine connected itself in the last 30 days.
 *
 * What it needs elsewhere (a database, who takes payments, where its packages are) it
 * would lose with whoever is blocked there, and such a server need not ever come here
 * as a client.  So what others say is not enough to block one: respond/shared.c.
 *
 * A handshake is needed, else anybody could be among them by packets that look like
 * answers.  It is known at once, long before a connection ends; but of whoever looks
 * for machines there are many, which go first when there is no more room.
 */
#include "respond/inside.h"

enum { DAYS = 30 };

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

void respond_own_flow(struct respond *respond, const struct flow_record *flow)
{
	respond_time(respond, flow->end);
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
