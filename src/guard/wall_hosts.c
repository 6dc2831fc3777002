/*
 * wall_hosts.c: see wall_hosts.h.
 *
 * Each key has two lines to be in, and takes the other one only if the first is nearly
 * full: so nineteen of twenty are found in the first (Azar et al., "Balanced
 * allocations", 1999).  Of a hundred thousand none finds both full, of as many blocks
 * as there are lines one in twenty thousand, which nftables alone has then.
 */
#include "guard/wall_hosts.h"

#include <errno.h>
#include <stddef.h>

enum { NONE = -1 };

struct place {
	struct wall_xdp_line *first, *second;
};

uint32_t wall_hosts_lines(uint32_t blocks_max)
{
	uint32_t lines = 1;
	while (lines < blocks_max)
		lines *= 2;
	return lines;
}

static struct place place_of(const struct wall_hosts *hosts, uint64_t key)
{
	uint64_t mixed = wall_xdp_mix(hosts->secret, key);
	return (struct place){ &hosts->lines[wall_xdp_first(mixed) & hosts->mask],
			       &hosts->lines[wall_xdp_second(mixed) & hosts->mask] };
}

/* ---- one line ---- */

static int way_of(const struct wall_xdp_line *line, uint64_t key)
{
	for (int way = 0; way < WALL_XDP_WAYS; way++)
		if (line->until[way] != 0 && line->key[way] == key)
			return way;
	return NONE;
}

static int free_way(const struct wall_xdp_line *line)
{
	for (int way = 0; way < WALL_XDP_WAYS; way++)
		if (line->until[way] == 0)
			return way;
	return NONE;
}

static int used_in(const struct wall_xdp_line *line)
{
	int used = 0;
	for (int way = 0; way < WALL_XDP_WAYS; way++)
		used += line->until[way] != 0;
	return used;
}

void wall_line_prolong(struct wall_xdp_line *line, int way, uint32_t until)
{
	__atomic_store_n(&line->until[way], until, __ATOMIC_RELEASE);
}

void wall_line_put(struct wall_xdp_line *line, int way, uint64_t key, uint32_t until)
{
	__atomic_store_n(&line->stopped[way], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&line->key[way], key, __ATOMIC_RELAXED);
	wall_line_prolong(line, way, until);
}

void wall_line_clear(struct wall_xdp_line *line, int way)
{
	wall_line_prolong(line, way, 0);
	__atomic_store_n(&line->key[way], 0, __ATOMIC_RELEASE);
}

uint64_t wall_line_take(struct wall_xdp_line *line, int way)
{
	if (line->until[way] == 0 ||
	    __atomic_load_n(&line->stopped[way], __ATOMIC_RELAXED) == 0)
		return 0;
	return __atomic_exchange_n(&line->stopped[way], 0, __ATOMIC_RELAXED);
}

/* ---- both ---- */

/* NULL: it is not there. */
static struct wall_xdp_line *line_with(const struct place *place, uint64_t key)
{
	if (way_of(place->first, key) != NONE)
		return place->first;
	return way_of(place->second, key) != NONE ? place->second : NULL;
}

static struct wall_xdp_line *line_for(const struct place *place)
{
	int first = used_in(place->first), second = used_in(place->second);
	return first < WALL_XDP_WAYS - 1 || first <= second ? place->first
							    : place->second;
}

int wall_hosts_put(struct wall_hosts *hosts, uint64_t key, uint32_t until)
{
	const struct place place = place_of(hosts, key);
	struct wall_xdp_line *line = line_with(&place, key);
	if (line != NULL) {
		wall_line_prolong(line, way_of(line, key), until);
		return 0;
	}
	line = line_for(&place);
	int way = free_way(line);
	if (way == NONE)
		return -ENOSPC;
	wall_line_put(line, way, key, until);
	if (line != place.first)
		__atomic_add_fetch(&place.first->beyond, 1, __ATOMIC_RELEASE);
	return 1;
}

bool wall_hosts_remove(struct wall_hosts *hosts, uint64_t key)
{
	const struct place place = place_of(hosts, key);
	struct wall_xdp_line *line = line_with(&place, key);
	if (line == NULL)
		return false;
	wall_line_clear(line, way_of(line, key));
	if (line != place.first)
		__atomic_sub_fetch(&place.first->beyond, 1, __ATOMIC_RELEASE);
	return true;
}
