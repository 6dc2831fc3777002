/*
 * aggregate.c: the tables of groups and of their steps; see aggregate.h.
 *
 * A group is found by its key, the values of its fields one behind the other: texts
 * with their NUL, so that a key can be read again as the fields it was made from.
 */
#include "web/aggregate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64, BYTES_MAX = 64 << 20, KEY_BYTES_MAX = 16 << 20 };
#define SECOND_US INT64_C(1000000)

static size_t tally_room(const struct aggregate *a)
{
	size_t unit = _Alignof(struct tally);
	return (tally_size(&a->ask->measures) + unit - 1) / unit * unit;
}

bool aggregate_open(struct aggregate *a, const struct aggregate_ask *ask)
{
	*a = (struct aggregate){ .ask = ask,
				 .step_s = ask->step_s,
				 .secret = hash_key_random() };
	a->tally_size = tally_room(a);
	a->most_groups = BYTES_MAX / 2 / (a->tally_size + sizeof(a->groups[0]));
	a->most_cells = BYTES_MAX / 2 / (a->tally_size + sizeof(a->cells[0]));
	a->most_key_bytes = KEY_BYTES_MAX;
	a->others = calloc(1, a->tally_size);
	a->hashes = calloc(1, sizeof(*a->hashes));
	a->failed = a->others == NULL || a->hashes == NULL;
	return !a->failed;
}

void aggregate_close(struct aggregate *a)
{
	buf_free(&a->key);
	free(a->groups);
	free(a->group_tallies);
	free(a->keys);
	free(a->by_key.at);
	free(a->cells);
	free(a->cell_tallies);
	free(a->by_step.at);
	free(a->others);
	free(a->hashes);
	*a = (struct aggregate){ 0 };
}

size_t aggregate_bytes(const struct aggregate *a)
{
	return a->group_count * (sizeof(a->groups[0]) + a->tally_size) +
	       a->cell_count * (sizeof(a->cells[0]) + a->tally_size) + a->key_bytes +
	       (a->by_key.room + a->by_step.room) * sizeof(uint32_t) + a->tally_size +
	       sizeof(*a->hashes);
}

struct tally *aggregate_group_tally(const struct aggregate *a, size_t group)
{
	return (struct tally *)(void *)(a->group_tallies + group * a->tally_size);
}

struct tally *aggregate_cell_tally(const struct aggregate *a, size_t cell)
{
	return (struct tally *)(void *)(a->cell_tallies + cell * a->tally_size);
}

uint64_t aggregate_groups(const struct aggregate *a, bool *is_estimate)
{
	*is_estimate = a->merged > 0;
	if (!*is_estimate)
		return a->group_count;
	uint64_t estimate = cardinality_estimate(a->hashes);
	return estimate > a->group_count ? estimate : a->group_count;
}

/* ---- keys ---- */

static void key_of(struct aggregate *a, const void *record)
{
	buf_clear(&a->key);
	for (size_t i = 0; i < a->ask->by_count; i++) {
		const struct field *field = a->ask->by[i];
		size_t width = field_width(field);
		const char *text = width == 0 ? field_text(field, record) : NULL;
		if (text != NULL)
			buf_add(&a->key, text, strlen(text) + 1);
		else
			buf_add(&a->key, field_at(field, record), width);
	}
	a->failed |= !buf_ok(&a->key);
}

static uint64_t hash_of(const struct aggregate *a, const char *key, size_t len)
{
	uint64_t words[64], hash = len;
	while (len > 0) {
		size_t part = len < sizeof(words) - 8 ? len : sizeof(words) - 8;
		memset(words, 0, sizeof(words));
		words[0] = hash;
		memcpy(&words[1], key, part);
		hash = hash_words(&a->secret, words, 1 + (part + 7) / 8);
		key += part;
		len -= part;
	}
	return hash;
}

const void *aggregate_key(const struct aggregate *a, size_t group, size_t by)
{
	const char *key = a->keys + a->groups[group].key;
	for (size_t i = 0; i < by; i++) {
		size_t width = field_width(a->ask->by[i]);
		key += width > 0 ? width : strlen(key) + 1;
	}
	return key;
}

void aggregate_fields(const struct aggregate *a, size_t group, void *record)
{
	for (size_t i = 0; i < a->ask->by_count; i++) {
		const struct field *field = a->ask->by[i];
		const char *key = aggregate_key(a, group, i);
		char *at = (char *)record + field->offset;
		size_t width = field_width(field);
		if (field->type == TYPE_word)
			memcpy(at, &key, sizeof(key));
		else
			memcpy(at, key, width > 0 ? width : strlen(key) + 1);
	}
}

/* ---- finding ---- */

static uint32_t *group_place(const struct aggregate *a, uint64_t hash, const char *key,
			     size_t len)
{
	size_t mask = a->by_key.room - 1;
	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		uint32_t *at = &a->by_key.at[i];
		if (*at == 0)
			return at;
		const struct aggregate_group *group = &a->groups[*at - 1];
		if (group->hash == hash && group->key_len == len &&
		    memcmp(a->keys + group->key, key, len) == 0)
			return at;
	}
}

static uint32_t *cell_place(const struct aggregate *a, uint32_t group, int64_t step)
{
	const uint64_t words[] = { group, (uint64_t)step };
	size_t mask = a->by_step.room - 1;
	for (size_t i = (size_t)hash_words(&a->secret, words, 2) & mask;;
	     i = (i + 1) & mask) {
		uint32_t *at = &a->by_step.at[i];
		if (*at == 0 || (a->cells[*at - 1].group == group &&
				 a->cells[*at - 1].step == step))
			return at;
	}
}

int64_t aggregate_find(const struct aggregate *a, const struct aggregate *other,
		       size_t group)
{
	const struct aggregate_group *wanted = &other->groups[group];
	const char *key = other->keys + wanted->key;
	if (a->group_count == 0)
		return -1;
	return (int64_t)*group_place(a, hash_of(a, key, wanted->key_len), key,
				     wanted->key_len) -
	       1;
}

/* ---- growing ---- */

/* Empties it, with at least twice as many places as there will be numbers. */
static bool index_clear(struct aggregate_index *index, size_t count)
{
	size_t room = index->room == 0 ? (size_t)2 * ROOM_FIRST : index->room;
	while (room < 2 * count)
		room *= 2;
	if (room == index->room) {
		memset(index->at, 0, room * sizeof(index->at[0]));
		return true;
	}
	uint32_t *at = calloc(room, sizeof(*at));
	if (at == NULL)
		return false;
	free(index->at);
	*index = (struct aggregate_index){ at, room };
	return true;
}

static bool file_groups(struct aggregate *a)
{
	if (!index_clear(&a->by_key, a->group_room))
		return false;
	for (size_t i = 0; i < a->group_count; i++) {
		const struct aggregate_group *group = &a->groups[i];
		*group_place(a, group->hash, a->keys + group->key, group->key_len) =
			(uint32_t)i + 1;
	}
	return true;
}

static bool file_cells(struct aggregate *a)
{
	if (!index_clear(&a->by_step, a->cell_room))
		return false;
	for (size_t i = 0; i < a->cell_count; i++)
		*cell_place(a, a->cells[i].group, a->cells[i].step) = (uint32_t)i + 1;
	return true;
}

static bool grow_groups(struct aggregate *a)
{
	size_t room = a->group_room == 0 ? ROOM_FIRST : 2 * a->group_room;
	void *groups = reallocarray(a->groups, room, sizeof(a->groups[0]));
	if (groups != NULL)
		a->groups = groups;
	void *tallies = reallocarray(a->group_tallies, room, a->tally_size);
	if (tallies != NULL)
		a->group_tallies = tallies;
	if (groups == NULL || tallies == NULL)
		return false;
	a->group_room = room;
	return file_groups(a);
}

static bool grow_cells(struct aggregate *a)
{
	size_t room = a->cell_room == 0 ? ROOM_FIRST : 2 * a->cell_room;
	void *cells = reallocarray(a->cells, room, sizeof(a->cells[0]));
	if (cells != NULL)
		a->cells = cells;
	void *tallies = reallocarray(a->cell_tallies, room, a->tally_size);
	if (tallies != NULL)
		a->cell_tallies = tallies;
	if (cells == NULL || tallies == NULL)
		return false;
	a->cell_room = room;
	return file_cells(a);
}

static bool grow_keys(struct aggregate *a)
{
	size_t room = 2 * (a->key_room + a->key.len + ROOM_FIRST);
	char *keys = realloc(a->keys, room);
	if (keys == NULL)
		return false;
	a->keys = keys;
	a->key_room = room;
	return true;
}

/* ---- steps ---- */

/* Files the cells anew: of groups with new numbers, in steps of so many old ones. */
static void refile_cells(struct aggregate *a, const uint32_t *now, int64_t steps)
{
	size_t kept = 0;
	memset(a->by_step.at, 0, a->by_step.room * sizeof(a->by_step.at[0]));
	for (size_t i = 0; i < a->cell_count; i++) {
		struct aggregate_cell cell = a->cells[i];
		if (cell.group != AGGREGATE_OTHERS && now != NULL)
			cell.group = now[cell.group];
		int64_t rest = cell.step % steps;
		cell.step = (cell.step - (rest < 0 ? rest + steps : rest)) / steps;
		uint32_t *place = cell_place(a, cell.group, cell.step);
		struct tally *tally = aggregate_cell_tally(a, i);
		if (*place != 0) {
			tally_merge(aggregate_cell_tally(a, *place - 1),
				    &a->ask->measures, tally);
			continue;
		}
		a->cells[kept] = cell;
		memmove(aggregate_cell_tally(a, kept), tally, a->tally_size);
		*place = (uint32_t)++kept;
	}
	a->cell_count = kept;
}

/*
 * What is kept of long ago is by the hour or by the day: then no step is shorter, or
 * its first would seem to have all of the hour.
 */
static void widen_step(struct aggregate *a, const void *record)
{
	uint32_t interval_s = UNKNOWN_U32;
	if (a->ask->query.interval != NULL)
		memcpy(&interval_s, field_at(a->ask->query.interval, record),
		       sizeof(interval_s));
	if (interval_s == UNKNOWN_U32 || interval_s <= a->step_s ||
	    interval_s % a->step_s != 0)
		return;
	if (a->cell_count > 0)
		refile_cells(a, NULL, interval_s / a->step_s);
	a->step_s = interval_s;
}

static int64_t step_at(const struct aggregate *a, int64_t at_us)
{
	int64_t step_us = (int64_t)a->step_s * SECOND_US;
	return at_us / step_us - (at_us % step_us < 0);
}

/* What began before the time asked for counts as of its begin. */
static int64_t step_of(const struct aggregate *a, const void *record)
{
	int64_t at_us = field_us(a->ask->query.begin, record);
	if (at_us < a->ask->query.since_us)
		at_us = a->ask->query.since_us;
	return step_at(a, at_us);
}

/* ---- too many groups ---- */

struct standing {
	long double value;
	uint32_t group, cells;
};

/* What groups are kept for. */
static long double worth(const struct aggregate *a, const struct tally *tally)
{
	size_t at = a->ask->order_at;
	if (a->ask->order != AGGREGATE_BY_MEASURE ||
	    a->ask->measures.at[at].how != MEASURE_SUM)
		return (long double)tally->count;
	return tally->values[at].value;
}

static int most_first(const void *left, const void *right)
{
	const struct standing *x = left, *y = right;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->group < y->group ? -1 : 1;
}

static struct standing *standings(const struct aggregate *a)
{
	struct standing *all = calloc(a->group_count, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < a->group_count; i++)
		all[i] = (struct standing){ worth(a, aggregate_group_tally(a, i)),
					    (uint32_t)i, 0 };
	for (size_t i = 0; i < a->cell_count; i++)
		if (a->cells[i].group != AGGREGATE_OTHERS)
			all[a->cells[i].group].cells++;
	qsort(all, a->group_count, sizeof(*all), most_first);
	return all;
}

/* How many stay: half of the groups, with half of the cells at most. */
static size_t count_kept(const struct aggregate *a, const struct standing *all)
{
	size_t kept = 0, cells = 0;
	while (kept < a->group_count / 2 &&
	       cells + all[kept].cells <= a->most_cells / 2)
		cells += all[kept++].cells;
	return kept;
}

/* Closes up the groups that stay; now[] is what number each has, or AGGREGATE_OTHERS.
 */
static void close_up(struct aggregate *a, uint32_t *now)
{
	size_t kept = 0, key_bytes = 0;
	for (size_t i = 0; i < a->group_count; i++) {
		struct aggregate_group group = a->groups[i];
		if (now[i] == AGGREGATE_OTHERS) {
			tally_merge(a->others, &a->ask->measures,
				    aggregate_group_tally(a, i));
			continue;
		}
		memmove(a->keys + key_bytes, a->keys + group.key, group.key_len);
		group.key = (uint32_t)key_bytes;
		key_bytes += group.key_len;
		a->groups[kept] = group;
		memmove(aggregate_group_tally(a, kept), aggregate_group_tally(a, i),
			a->tally_size);
		now[i] = (uint32_t)kept++;
	}
	a->group_count = kept;
	a->key_bytes = key_bytes;
}

/* Those with the least become others. */
static bool merge_least(struct aggregate *a)
{
	struct standing *all = standings(a);
	uint32_t *now = calloc(a->group_count, sizeof(*now));
	bool is_done = all != NULL && now != NULL;
	if (is_done) {
		size_t kept = count_kept(a, all);
		a->merged += a->group_count - kept;
		a->short_by += all[kept].value;
		for (size_t i = kept; i < a->group_count; i++)
			now[all[i].group] = AGGREGATE_OTHERS;
		close_up(a, now);
		if (a->cell_count > 0)
			refile_cells(a, now, 1);
		is_done = file_groups(a);
	}
	free(all);
	free(now);
	return is_done;
}

/* ---- taking ---- */

static bool is_full(const struct aggregate *a)
{
	return a->group_count >= a->most_groups || a->cell_count >= a->most_cells ||
	       a->key_bytes + a->key.len > a->most_key_bytes;
}

/* For one more of everything. */
static bool has_room(struct aggregate *a)
{
	if (a->group_count > 0 && is_full(a) && !merge_least(a))
		return false;
	if (a->group_count == a->group_room && !grow_groups(a))
		return false;
	if (a->step_s > 0 && a->cell_count == a->cell_room && !grow_cells(a))
		return false;
	return a->key_bytes + a->key.len < a->key_room || grow_keys(a);
}

static uint32_t take_group(struct aggregate *a)
{
	const char *key = a->key.len > 0 ? a->key.at : "";
	size_t len = a->key.len, number = a->group_count;
	uint64_t hash = hash_of(a, key, len);
	uint32_t *place = group_place(a, hash, key, len);
	if (*place != 0)
		return *place - 1;
	a->groups[number] =
		(struct aggregate_group){ hash, (uint32_t)a->key_bytes, (uint32_t)len };
	memcpy(a->keys + a->key_bytes, key, len);
	memset(aggregate_group_tally(a, number), 0, a->tally_size);
	cardinality_add(a->hashes, hash);
	a->key_bytes += len;
	*place = (uint32_t)++a->group_count;
	return (uint32_t)number;
}

static uint32_t take_cell(struct aggregate *a, uint32_t group, int64_t step)
{
	uint32_t *place = cell_place(a, group, step);
	if (*place != 0)
		return *place - 1;
	size_t number = a->cell_count;
	a->cells[number] = (struct aggregate_cell){ step, group };
	memset(aggregate_cell_tally(a, number), 0, a->tally_size);
	*place = (uint32_t)++a->cell_count;
	return (uint32_t)number;
}

void aggregate_take(void *to, const void *record)
{
	struct aggregate *a = to;
	const struct measures *measures = &a->ask->measures;
	if (a->failed || !query_wants(&a->ask->query, record))
		return;
	key_of(a, record);
	if (a->step_s > 0)
		widen_step(a, record);
	a->failed |= !has_room(a);
	if (a->failed)
		return;
	uint32_t group = take_group(a);
	tally_add(aggregate_group_tally(a, group), measures, record);
	if (a->step_s == 0)
		return;
	uint32_t cell = take_cell(a, group, step_of(a, record));
	tally_add(aggregate_cell_tally(a, cell), measures, record);
}

/* ---- adding up ---- */

/* All of it, and one more of everything. */
static bool has_room_for(const struct aggregate *a, const struct aggregate *from)
{
	return from->merged == 0 && !from->failed && !a->failed &&
	       a->group_count + from->group_count < a->most_groups &&
	       a->cell_count + from->cell_count < a->most_cells &&
	       a->key_bytes + from->key_bytes < a->most_key_bytes;
}

/* As it is, without looking at each group. */
static bool can_be_copied(const struct aggregate *a, const struct aggregate *from)
{
	if (a->group_count > 0 || a->merged > 0)
		return false;
	for (size_t i = 0; i < from->cell_count && from->step_s > 0; i++)
		if (from->cells[i].step < step_at(from, a->ask->query.since_us))
			return false;
	return true;
}

/* now[] is what number each group has here. */
static bool add_groups(struct aggregate *a, const struct aggregate *from, uint32_t *now)
{
	for (size_t i = 0; i < from->group_count; i++) {
		const struct aggregate_group *group = &from->groups[i];
		buf_clear(&a->key);
		buf_add(&a->key, from->keys + group->key, group->key_len);
		if (!buf_ok(&a->key) || !has_room(a))
			return false;
		now[i] = take_group(a);
		tally_merge(aggregate_group_tally(a, now[i]), &a->ask->measures,
			    aggregate_group_tally(from, i));
	}
	return true;
}

/* Both in the longer of their steps. */
static bool add_cells(struct aggregate *a, const struct aggregate *from,
		      const uint32_t *now)
{
	if (from->step_s == 0)
		return true;
	buf_clear(&a->key); /* no group is to come: only cells want room */
	if (a->step_s < from->step_s) {
		if (a->cell_count > 0)
			refile_cells(a, NULL, from->step_s / a->step_s);
		a->step_s = from->step_s;
	}
	int64_t first = step_at(a, a->ask->query.since_us);
	for (size_t i = 0; i < from->cell_count; i++) {
		int64_t step =
			step_at(a, from->cells[i].step * from->step_s * SECOND_US);
		if (!has_room(a))
			return false;
		uint32_t cell = take_cell(a, now[from->cells[i].group],
					  step < first ? first : step);
		tally_merge(aggregate_cell_tally(a, cell), &a->ask->measures,
			    aggregate_cell_tally(from, i));
	}
	return true;
}

bool aggregate_add(struct aggregate *a, const struct aggregate *from)
{
	if (!has_room_for(a, from))
		return false;
	if (can_be_copied(a, from))
		return aggregate_copy(a, from);
	uint32_t *now = calloc(from->group_count + 1, sizeof(*now));
	a->failed |=
		now == NULL || !add_groups(a, from, now) || !add_cells(a, from, now);
	free(now);
	return !a->failed;
}
