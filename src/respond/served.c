/*
 * served.c: who was served in the last 30 days, at which ports: what a block would
 * cost.
 *
 * Exact and bounded: a prefix can be asked for only if its members are known.  UDP can
 * be forged, so who was served by it alone goes first when there is no more room, and
 * raises no bound.
 */
#include "respond/inside.h"

enum { DAYS = 30 };

void served_gone(void *to, const void *entry)
{
	struct respond *respond = to;
	const struct served *served = entry;
	recent_add(&respond->served_days, served->last_us, -1);
	respond->served_left_out++;
}

static bool uses_port(const struct served *served, uint32_t port)
{
	for (size_t i = 0; i < served->port_count; i++)
		if (served->ports[i] == port)
			return true;
	return false;
}

static void note_port(struct served *served, uint32_t port)
{
	if (port > UINT16_MAX || uses_port(served, port))
		return;
	if (served->port_count < SERVED_PORTS)
		served->ports[served->port_count++] = (uint16_t)port;
	else
		served->has_more_ports = true;
}

void served_note(struct respond *respond, const struct addr *client, uint32_t port,
		 bool is_proven)
{
	struct addr source = addr_source(client);
	const struct roster_key key = key_of(&source);
	struct served *served = roster_take(&respond->served, &key);
	int64_t now_us = respond->now_us;
	bool was_proven = served->head.rank > 0;
	if (served->last_us != 0) {
		recent_add(&respond->served_days, served->last_us, -1);
		if (was_proven)
			recent_add(&respond->served_minutes, served->last_us, -1);
	}
	if (now_us - served->last_us > DAYS * DAY_US)
		served->first_us = now_us;
	served->last_us = now_us;
	recent_add(&respond->served_days, now_us, 1);
	note_port(served, port);
	if (is_proven)
		roster_rank(&respond->served, served, 1);
	if (served->head.rank > 0)
		recent_add(&respond->served_minutes, now_us, 1);
}

void served_restore(struct respond *respond, const struct served *read)
{
	struct served *served = roster_take(&respond->served, &read->head.key);
	const struct roster_entry head = served->head;
	if (served->last_us != 0)
		return;
	*served = *read;
	served->head = head;
	recent_add(&respond->served_days, served->last_us, 1);
	roster_rank(&respond->served, served, read->head.rank > 0);
	if (read->head.rank > 0)
		recent_add(&respond->served_minutes, served->last_us, 1);
}

static bool is_late(const struct respond *respond, const struct served *served)
{
	return respond->now_us / DAY_US - served->last_us / DAY_US >= DAYS;
}

const struct served *served_find(struct respond *respond, const struct addr *source)
{
	const struct roster_key key = key_of(source);
	const struct served *served = roster_find(&respond->served, &key);
	return served != NULL && !is_late(respond, served) ? served : NULL;
}

static bool is_cut(const struct respond *respond, const struct served *served,
		   uint32_t port)
{
	return served != NULL && !is_late(respond, served) &&
	       (port == UNKNOWN_U32 || served->has_more_ports ||
		uses_port(served, port));
}

static uint64_t count_within(const struct respond *respond, const struct prefix *prefix,
			     uint32_t port)
{
	uint64_t cut = 0;
	for (uint32_t i = 0; i < respond->served.used; i++) {
		const struct served *s = roster_at(&respond->served, i);
		cut += prefix_holds(prefix, &s->head.key.first) &&
		       is_cut(respond, s, port);
	}
	return cut;
}

uint64_t served_count(const struct respond *respond)
{
	return recent_sum(&respond->served_days, respond->now_us, DAYS);
}

struct respond_served respond_served(const struct respond *respond,
				     const struct prefix *prefix, uint32_t port,
				     int64_t now_us)
{
	(void)now_us;
	struct respond_served served = {
		.clients = served_count(respond),
	};
	/* Members of an IPv6 source are not told apart: one of them counts as all. */
	bool is_one = prefix->len >= (addr_is_v4(&prefix->addr) ? 128 : 64);
	const struct addr source = addr_source(&prefix->addr);
	const struct roster_key key = key_of(&source);
	served.cut = is_one ? is_cut(respond, roster_peek(&respond->served, &key), port)
			    : count_within(respond, prefix, port);
	return served;
}
