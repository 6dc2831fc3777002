/*
 * slow.c: established connections that are old and have not come to anything: what they
 * ask never ends, or they take nothing of the answer; see contacts.h.
 *
 * The timers come by every five seconds, and what was then is remembered in four bits.
 */
#include <netinet/in.h>

#include "flow/state.h"

enum {
	SLOW_US = 10000000,
	SLOW_BYTES = 8192,     /* more is an upload */
	GREETING_BYTES = 1024, /* of a server that speaks first */
	/* A server that may send nothing asks again, after 0.2 s, 0.4 s, ...: six times
	   in SLOW_US. */
	ZERO_WINDOWS_MIN = 4,
	STALLED_US = 8000000, /* in more its server would have asked again */
};

/* 1 to 15 for how much was asked, mostly another when that is another; 0: nothing. */
static unsigned fold(uint64_t bytes)
{
	return bytes == 0 ? 0 : (unsigned)(bytes % 15) + 1;
}

/* It is established, and its server waits for it. */
static bool may_be_slow(const struct body *b)
{
	if (b->proto != IPPROTO_TCP || !b->handshaken || b->ending)
		return false;
	uint64_t asked = tcp_size(b, CLIENT), said = tcp_size(b, SERVER);
	return asked == 0 ? said <= GREETING_BYTES : said == 0 && asked <= SLOW_BYTES;
}

/* What is taken in whole segments is mostly another number, too (Knuth 6.4). */
static uint32_t mixed(uint32_t bytes)
{
	return bytes * 2654435761u >> 8;
}

/* Its client was asked, and has no room. */
static bool may_be_stalled(const struct body *b)
{
	return b->proto == IPPROTO_TCP && b->handshaken && !b->ending &&
	       b->side[CLIENT].zero_windows >= ZERO_WINDOWS_MIN &&
	       tcp_size(b, SERVER) > 0;
}

/* Twice in a row it must have stood still, as a fold is only mostly another. */
static void look_for_progress(struct flows *f, uint32_t number, int64_t now_us)
{
	const struct body *b = &f->table.bodies[number];
	const struct side *server = &b->side[SERVER];
	struct knock *k = &f->contacts.bodies[number];
	unsigned taken = fold(mixed(server->acked - server->start_seq));
	bool stands_still = k->asked == taken && now_us - body_last(b) < STALLED_US;
	if (stands_still && k->grows && now_us - body_start(b) >= SLOW_US)
		contacts_tell(f, number, CONTACT_STALLED, now_us);
	k->asked = taken & 15;
	k->grows = stands_still;
}

void contacts_visit(struct flows *f, uint32_t number, int64_t now_us)
{
	const struct body *b = &f->table.bodies[number];
	if (f->contacts.is_wanted && may_be_stalled(b)) {
		look_for_progress(f, number, now_us);
		return;
	}
	if (!f->contacts.is_wanted || !may_be_slow(b))
		return;
	struct knock *k = &f->contacts.bodies[number];
	unsigned asked = fold(tcp_size(b, CLIENT));
	k->grows |= k->asked != 0 && k->asked != asked;
	k->asked = asked & 15;
	if (now_us - body_start(b) >= SLOW_US && (asked == 0 || k->grows))
		contacts_tell(f, number, CONTACT_SLOW, now_us);
}
