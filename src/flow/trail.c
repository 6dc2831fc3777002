/*
 * trail.c: see trail.h.
 */
#include "flow/trail.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "flow/body.h"

enum {
	/* So many places last four seconds, whatever comes. */
	SECONDS = 4,
	/* Of one port in a second; of more, one in SPARSE, in a quarter of the places.
	 */
	OF_SERVICE = 64,
	SPARSE = 64,
	CROWDED = 4,
	THINNER = 8,
	FIND_MAX = 64,
	IP4_LEN = 20,
	IP6_FRAGMENT_LEN = 48,
};
#define SECOND_US INT64_C(1000000)

bool trail_init(struct trail *trail, uint32_t max)
{
	*trail = (struct trail){ .max = max, .until_us = INT64_MIN };
	if (max == 0)
		return true;
	trail->packets = calloc(max, sizeof(*trail->packets));
	trail->bytes = calloc(max, sizeof(*trail->bytes));
	return trail->packets != NULL && trail->bytes != NULL;
}

void trail_fini(struct trail *trail)
{
	free(trail->packets);
	free(trail->bytes);
}

uint64_t trail_memory(const struct trail *trail)
{
	return trail->max * (sizeof(*trail->packets) + sizeof(*trail->bytes));
}

/* ---- which ---- */

static void begin_second(struct trail *trail, int64_t at_us)
{
	trail->until_us = at_us - at_us % SECOND_US + SECOND_US;
	trail->seen = trail->taken = trail->crowded = 0;
	memset(trail->of_service, 0, sizeof(trail->of_service));
}

static uint8_t *count_of(struct trail *trail, const struct packet *p, unsigned side)
{
	const struct addr *server = side == CLIENT ? &p->dst : &p->src;
	uint64_t low;
	memcpy(&low, server->ip6 + 8, sizeof(low));
	low ^= (uint64_t)(side == CLIENT ? p->dport : p->sport) << 24;
	low *= 0x9e3779b97f4a7c15; /* Knuth's multiplier: what it mixes is no secret */
	return &trail->of_service[low >> 54];
}

/*
 * Half of what is left at one in one, half of that at one in eight, and so on: however
 * many come in a second, some of its end are kept.
 */
static bool has_room(const struct trail *trail)
{
	uint32_t most = trail->max / SECONDS - trail->max / SECONDS / CROWDED;
	uint32_t left = most - trail->taken, one_in = 1;
	for (uint32_t half = most / 2; left > 0 && left < half; half /= 2)
		one_in *= THINNER;
	return left > 0 && trail->seen % one_in == 0;
}

/* One in SPARSE, and never more than their share. */
static bool has_room_for_crowded(struct trail *trail)
{
	if (trail->seen % SPARSE != 0 ||
	    trail->crowded >= trail->max / SECONDS / CROWDED)
		return false;
	trail->crowded++;
	return true;
}

static bool is_wanted(struct trail *trail, const struct packet *p, unsigned side)
{
	if (p->at_us >= trail->until_us || p->at_us < trail->until_us - SECOND_US)
		begin_second(trail, p->at_us);
	trail->seen++;
	uint8_t *count = count_of(trail, p, side);
	if (*count >= OF_SERVICE)
		return has_room_for_crowded(trail);
	if (!has_room(trail))
		return false;
	(*count)++;
	trail->taken++;
	return true;
}

/* ---- what of it ---- */

/* Its headers; an ICMP error's are followed by those that it quotes. */
static size_t length_of(const struct packet *p)
{
	size_t len = p->ip_captured;
	if (p->flags & PACKET_LATER_FRAGMENT)
		len = p->ip[0] >> 4 == 4 ? IP4_LEN : IP6_FRAGMENT_LEN;
	else if (p->payload.len > 0 && !(p->flags & PACKET_QUOTES))
		len = (size_t)(p->payload.at - p->ip);
	if (len > p->ip_captured)
		len = p->ip_captured;
	return len < TRAIL_BYTES ? len : TRAIL_BYTES;
}

void trail_note(struct trail *trail, const struct packet *p, unsigned side)
{
	if (trail->max == 0 || p->ip == NULL || !is_wanted(trail, p, side))
		return;
	uint32_t place = (uint32_t)(trail->kept++ % trail->max);
	size_t len = length_of(p);
	trail->packets[place] = (struct trail_packet){ .at_us = p->at_us,
						       .src = p->src,
						       .dst = p->dst,
						       .wire_bytes = p->ip_len,
						       .sport = p->sport,
						       .dport = p->dport,
						       .proto = p->proto,
						       .len = (uint8_t)len };
	memcpy(trail->bytes[place], p->ip, len);
}

/* ---- finding them again ---- */

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* One end is the source, if one is wanted, and the other the target and its port. */
static bool is_between(const struct packets_wanted *w, const struct addr *source,
		       const struct addr *target, uint16_t port, bool has_port)
{
	if (w->has_source && !prefix_holds(&w->source, source))
		return false;
	if (!addr_is_unset(&w->target) && !addr_equal(&w->target, target))
		return false;
	return !w->has_port || !has_port || w->port == port;
}

static bool matches(const struct trail_packet *t, const struct packets_wanted *w)
{
	/* An ICMP error is part of what it answers; it has no ports. */
	bool has_port = !is_icmp(t->proto);
	if (t->at_us < w->since_us ||
	    (w->proto != 0 && w->proto != t->proto && has_port))
		return false;
	return is_between(w, &t->src, &t->dst, t->dport, has_port) ||
	       is_between(w, &t->dst, &t->src, t->sport, has_port);
}

static void give(const struct trail *trail, uint32_t place,
		 const struct packets_wanted *w, packets_emit emit, void *to)
{
	const struct trail_packet *t = &trail->packets[place];
	struct packet_record record;
	record_init(RECORD_packet, &record);
	record.at = t->at_us;
	record.of = "finding";
	record_text(record.id, sizeof(record.id), w->id);
	record.link = PACKETS_LINK_RAW;
	record.wire_bytes = t->wire_bytes;
	record.data.len = t->len;
	memcpy(record.data.at, trail->bytes[place], t->len);
	emit(to, &record);
}

size_t trail_find(const struct trail *trail, const struct packets_wanted *w,
		  packets_emit emit, void *to)
{
	uint32_t places[FIND_MAX];
	size_t count = 0, most = w->max < FIND_MAX ? w->max : FIND_MAX;
	uint64_t oldest = trail->kept > trail->max ? trail->kept - trail->max : 0;
	for (uint64_t i = trail->kept; i > oldest && count < most; i--) {
		uint32_t place = (uint32_t)((i - 1) % trail->max);
		if (matches(&trail->packets[place], w))
			places[count++] = place;
	}
	for (size_t i = count; i > 0; i--)
		give(trail, places[i - 1], w, emit, to);
	return count;
}
