/*
 * sparing.c: see sparing.h.
 */
#include "cli/sparing.h"

#include <string.h>

enum {
	PEOPLE_MAX = 2048,    /* half of what the wall takes */
	TOLD_AGAIN_SHARE = 2, /* told again when half of it is over */
};
#define SECOND_US 1000000LL

bool sparing_open(struct sparing *sparing)
{
	*sparing = (struct sparing){ 0 };
	return roster_open(&sparing->people, sizeof(struct spared_one), PEOPLE_MAX);
}

void sparing_close(struct sparing *sparing)
{
	roster_close(&sparing->people);
}

/* That of the prefix, or a free one; NULL: there is none. */
static struct spared_one *take_among(struct spared_one *list, size_t count,
				     const struct prefix *prefix, int64_t now_us)
{
	struct spared_one *free = NULL;
	for (size_t i = 0; i < count; i++) {
		struct spared_one *one = &list[i];
		bool is_there = one->until_us > now_us;
		if (is_there && prefix_compare(&one->prefix, prefix) == 0)
			return one;
		if (!is_there)
			free = one;
	}
	return free;
}

static struct spared_one *place_of(struct sparing *sparing, const struct spared *who,
				   int64_t now_us)
{
	const struct roster_key key = { .first = who->prefix.addr,
					.rest = (uint64_t)who->reason << 8 |
						who->prefix.len };
	if (who->reason == NEVER_dashboard)
		return take_among(sparing->readers, SPARED_READERS_MAX, &who->prefix,
				  now_us);
	if (who->reason == NEVER_fleet)
		return take_among(sparing->servers, SPARED_SERVERS_MAX, &who->prefix,
				  now_us);
	return roster_take(&sparing->people, &key);
}

static void fill(const struct spared_one *one, int64_t now_us, struct wall_order *out)
{
	int64_t left_s = (one->until_us - now_us) / SECOND_US + 1;
	memset(out, 0, sizeof(*out));
	out->address = one->prefix.addr;
	out->prefix_len = one->prefix.len;
	out->left_s = left_s < WALL_SECONDS_MAX ? (uint32_t)left_s : WALL_SECONDS_MAX;
	out->rate = (uint32_t)one->reason;
}

bool sparing_add(struct sparing *sparing, const struct spared *who, int64_t now_us,
		 struct wall_order *out)
{
	struct spared_one *one = place_of(sparing, who, now_us);
	if (one == NULL)
		return false;
	bool is_new = one->until_us <= now_us;
	int64_t until_us = now_us + who->left_us;
	one->prefix = who->prefix;
	one->reason = who->reason;
	if (is_new || until_us > one->until_us)
		one->until_us = until_us;
	if (!is_new && now_us - one->told_us < who->left_us / TOLD_AGAIN_SHARE)
		return false;
	one->told_us = now_us;
	fill(one, now_us, out);
	return true;
}

static void give(const struct spared_one *one, int64_t now_us,
		 void (*take)(void *to, const struct wall_order *order), void *to)
{
	struct wall_order order;
	if (one->until_us <= now_us)
		return;
	fill(one, now_us, &order);
	take(to, &order);
}

void sparing_each(const struct sparing *sparing, int64_t now_us,
		  void (*take)(void *to, const struct wall_order *order), void *to)
{
	for (uint32_t i = 0; i < sparing->people.used; i++)
		give(roster_at(&sparing->people, i), now_us, take, to);
	for (size_t i = 0; i < SPARED_READERS_MAX; i++)
		give(&sparing->readers[i], now_us, take, to);
	for (size_t i = 0; i < SPARED_SERVERS_MAX; i++)
		give(&sparing->servers[i], now_us, take, to);
}
