/*
 * wall_table.c: see wall_table.h.
 *
 * Strangers choose the addresses, and who has taken over the daemon all the rest: two
 * keyed hashes of fixed size, no more blocks than there is room for, and no more that
 * begin than wall_rate.h lets.
 */
#include "guard/wall_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadlines.h"
#include "base/hash.h"

enum {
	TOLD_A_LOOK = 40 * WALL_TOLD, /* counters that have changed; the rest wait */
	CHANGES_FIRST = 64,
	NONE = 0, /* places count from 1 */
};

struct stopped {
	uint64_t packets, bytes;
};

struct block {
	struct deadline end;
	struct wall_key key;
	uint64_t id;
	struct stopped element, before; /* before: by what it replaced, and in front */
	uint64_t told_packets;
	int64_t changed_us; /* when the kernel was last told */
	uint32_t rate, look;
	uint32_t next_of_id, next_of_key;
	bool is_held, is_new;
};

struct wall_table {
	struct wall_bounds bounds;
	struct wall_table_sink sink;
	struct hash_key secret;
	struct block *blocks; /* [0] is nobody's */
	uint32_t *of_id, *of_key;
	uint32_t mask, free, used, count, resets, wide;
	struct deadlines ends;
	struct wall_change *changes;
	size_t change_count, change_room;
	struct wall_rate rate;
	int64_t look_us;
	uint32_t look, next_told, repairs;
};

/* ---- life ---- */

struct wall_table *wall_table_new(const struct wall_bounds *bounds,
				  const struct wall_table_sink *sink)
{
	struct wall_table *table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	uint32_t buckets = 1;
	while (buckets < bounds->total)
		buckets *= 2;
	table->bounds = *bounds;
	table->sink = *sink;
	table->secret = hash_key_random();
	table->mask = buckets - 1;
	wall_rate_begin(&table->rate, bounds->past, bounds->total,
			bounds->new_per_minute);
	table->blocks = calloc((size_t)bounds->total + 1, sizeof(*table->blocks));
	table->of_id = calloc(buckets, sizeof(*table->of_id));
	table->of_key = calloc(buckets, sizeof(*table->of_key));
	if (table->blocks != NULL && table->of_id != NULL && table->of_key != NULL)
		return table;
	wall_table_free(table);
	return NULL;
}

void wall_table_free(struct wall_table *table)
{
	if (table == NULL)
		return;
	deadlines_free(&table->ends);
	free(table->changes);
	free(table->of_key);
	free(table->of_id);
	free(table->blocks);
	free(table);
}

/* ---- finding ---- */

static uint32_t *bucket_of_id(const struct wall_table *table, uint64_t id)
{
	return &table->of_id[hash_words(&table->secret, &id, 1) & table->mask];
}

static uint32_t *bucket_of_key(const struct wall_table *table,
			       const struct wall_key *key)
{
	uint64_t words[sizeof(*key) / sizeof(uint64_t)];
	_Static_assert(sizeof(words) == sizeof(*key), "whole words");
	memcpy(words, key, sizeof(words));
	uint64_t hash =
		hash_words(&table->secret, words, sizeof(words) / sizeof(words[0]));
	return &table->of_key[hash & table->mask];
}

static struct block *find_id(const struct wall_table *table, uint64_t id)
{
	uint32_t at = *bucket_of_id(table, id);
	while (at != NONE && table->blocks[at].id != id)
		at = table->blocks[at].next_of_id;
	return at != NONE ? &table->blocks[at] : NULL;
}

static struct block *find_key(const struct wall_table *table,
			      const struct wall_key *key)
{
	uint32_t at = *bucket_of_key(table, key);
	while (at != NONE && memcmp(&table->blocks[at].key, key, sizeof(*key)) != 0)
		at = table->blocks[at].next_of_key;
	return at != NONE ? &table->blocks[at] : NULL;
}

static uint32_t place_of(const struct wall_table *table, const struct block *block)
{
	return (uint32_t)(block - table->blocks);
}

static void link_id(struct wall_table *table, struct block *block, uint64_t id)
{
	uint32_t *first = bucket_of_id(table, id);
	block->id = id;
	block->next_of_id = *first;
	*first = place_of(table, block);
}

static void unlink_id(struct wall_table *table, struct block *block)
{
	uint32_t *at = bucket_of_id(table, block->id), place = place_of(table, block);
	while (*at != place)
		at = &table->blocks[*at].next_of_id;
	*at = block->next_of_id;
}

static void link_key(struct wall_table *table, struct block *block)
{
	uint32_t *first = bucket_of_key(table, &block->key);
	block->next_of_key = *first;
	*first = place_of(table, block);
	table->resets += block->key.action == WALL_RESET;
	table->wide += wall_is_wide(&block->key.address, block->key.prefix_len);
}

static void unlink_key(struct wall_table *table, struct block *block)
{
	uint32_t *at = bucket_of_key(table, &block->key);
	uint32_t place = place_of(table, block);
	while (*at != place)
		at = &table->blocks[*at].next_of_key;
	*at = block->next_of_key;
	table->resets -= block->key.action == WALL_RESET;
	table->wide -= wall_is_wide(&block->key.address, block->key.prefix_len);
}

/* ---- room ---- */

/* The caller has seen that there is one. */
static struct block *take_room(struct wall_table *table)
{
	uint32_t place = table->free;
	if (place != NONE)
		table->free = table->blocks[place].next_of_id;
	else
		place = ++table->used;
	table->count++;
	struct block *block = &table->blocks[place];
	*block = (struct block){ 0 };
	return block;
}

static void give_room_back(struct wall_table *table, struct block *block)
{
	unlink_id(table, block);
	unlink_key(table, block);
	*block = (struct block){ .next_of_id = table->free };
	table->free = place_of(table, block);
	wall_rate_held(&table->rate, --table->count);
}

static void give_up(struct wall_table *table, struct block *block)
{
	deadlines_remove(&table->ends, &block->end);
	give_room_back(table, block);
}

static void tell(struct wall_table *table, uint64_t id, enum wall_outcome outcome,
		 uint16_t reason, int error)
{
	const struct wall_told told = {
		.id = id, .outcome = (uint16_t)outcome, .reason = reason, .error = error
	};
	table->sink.told(table->sink.self, &told);
}

/* ---- changes ---- */

static bool has_room_for_change(struct wall_table *table)
{
	if (table->change_count < table->change_room)
		return true;
	size_t room = table->change_room > 0 ? 2 * table->change_room : CHANGES_FIRST;
	struct wall_change *changes =
		realloc(table->changes, room * sizeof(*table->changes));
	if (changes == NULL)
		return false;
	table->changes = changes;
	table->change_room = room;
	return true;
}

static struct stopped stopped_by(const struct block *block)
{
	return (struct stopped){
		block->element.packets + block->before.packets,
		block->element.bytes + block->before.bytes,
	};
}

/* False without memory. */
static bool change(struct wall_table *table, const struct wall_change *one)
{
	if (!has_room_for_change(table))
		return false;
	table->changes[table->change_count++] = *one;
	return true;
}

/* One whose time has just come is about to end: the kernel takes no time of before. */
static int64_t left_of(const struct block *block, int64_t now_us)
{
	return block->end.at_us > now_us ? block->end.at_us - now_us : 1;
}

static bool change_block(struct wall_table *table, struct block *block, int64_t now_us)
{
	const struct wall_change one = {
		.key = block->key,
		.id = block->id,
		.packets = stopped_by(block).packets,
		.bytes = stopped_by(block).bytes,
		.left_us = left_of(block, now_us),
		.rate = block->rate,
		.op = block->is_held ? WALL_OP_RENEW : WALL_OP_ADD,
		.outcome = WALL_HELD,
		.begins = block->is_new,
	};
	if (!change(table, &one))
		return false;
	block->before = stopped_by(block);
	block->element = (struct stopped){ 0 };
	block->is_held = true;
	block->is_new = false;
	block->changed_us = now_us;
	return true;
}

/* What the kernel keeps without memory for a change is found by the next look. */
static void end_block(struct wall_table *table, struct block *block,
		      enum wall_outcome outcome, uint16_t reason)
{
	const struct wall_change one = {
		.key = block->key,
		.id = block->id,
		.packets = stopped_by(block).packets,
		.bytes = stopped_by(block).bytes,
		.op = WALL_OP_REMOVE,
		.outcome = (uint16_t)outcome,
		.reason = reason,
	};
	if (!change(table, &one))
		tell(table, block->id, outcome, reason, 0);
	give_up(table, block);
}

struct wall_change *wall_table_changes(struct wall_table *table, size_t *count)
{
	*count = table->change_count;
	return table->changes;
}

static void tell_done(struct wall_table *table, const struct wall_change *done)
{
	const struct wall_told told = {
		.id = done->id,
		.packets = done->packets,
		.bytes = done->bytes,
		.sessions = done->sessions,
		.outcome = done->error == 0 ? done->outcome : WALL_FAILED,
		.reason = done->reason,
		.error = done->error,
	};
	table->sink.told(table->sink.self, &told);
}

/* What could not be added is not held; if it had been, the look finds what is there. */
static void settle(struct wall_table *table, const struct wall_change *done)
{
	struct block *block = done->error != 0 && done->op != WALL_OP_REMOVE
				      ? find_id(table, done->id)
				      : NULL;
	if (block != NULL && memcmp(&block->key, &done->key, sizeof(done->key)) == 0)
		give_up(table, block);
	if (done->id != 0)
		tell_done(table, done);
}

void wall_table_done(struct wall_table *table, int64_t now_us)
{
	(void)now_us;
	for (size_t i = 0; i < table->change_count; i++)
		settle(table, &table->changes[i]);
	table->change_count = 0;
	if (table->change_room <= WALL_ORDERS * CHANGES_FIRST)
		return;
	free(table->changes);
	table->changes = NULL;
	table->change_room = 0;
}

/* ---- what is asked ---- */

static struct wall_key key_of(const struct wall_order *order)
{
	return (struct wall_key){ .address = order->address,
				  .port = order->port,
				  .proto = order->proto,
				  .prefix_len = order->prefix_len,
				  .action = order->action };
}

static bool may_begin(struct wall_table *table, const struct wall_order *order,
		      int64_t now_us)
{
	if (table->count >= table->bounds.total)
		return false;
	if (wall_is_wide(&order->address, order->prefix_len) &&
	    table->wide >= WALL_WIDE_MAX)
		return false;
	return wall_rate_takes(&table->rate, order, now_us);
}

/* True if it is told why not. */
static bool is_refused(struct wall_table *table, const struct wall_order *order,
		       const struct never *never, int64_t now_us)
{
	const struct prefix prefix = { order->address, order->prefix_len };
	const struct never_entry *spared = never_find(never, &prefix, now_us);
	int error = wall_order_width(order);
	if (spared != NULL)
		tell(table, order->id, WALL_VETOED, (uint16_t)spared->reason, 0);
	else if (error != 0)
		tell(table, order->id, WALL_FAILED, 0, error);
	return spared != NULL || error != 0;
}

/* NULL if it can't be, which is told. */
static struct block *begin(struct wall_table *table, const struct wall_order *order,
			   int64_t now_us)
{
	bool is_new = !wall_rate_is_restored(&table->rate, order, now_us);
	if (!may_begin(table, order, now_us)) {
		tell(table, order->id, WALL_TOO_MANY, 0, 0);
		return NULL;
	}
	struct block *block = take_room(table);
	block->key = key_of(order);
	block->is_new = is_new;
	wall_rate_held(&table->rate, table->count);
	link_id(table, block, order->id);
	link_key(table, block);
	if (deadlines_add(&table->ends, &block->end, INT64_MAX))
		return block;
	give_room_back(table, block);
	tell(table, order->id, WALL_FAILED, 0, -ENOMEM);
	return NULL;
}

/* Who asks last for the same has it. */
static void hand_over(struct wall_table *table, struct block *block, uint64_t id)
{
	uint64_t before = block->id;
	if (before == id)
		return;
	unlink_id(table, block);
	link_id(table, block, id);
	tell(table, before, WALL_REMOVED, 0, 0);
}

void wall_table_add(struct wall_table *table, const struct wall_order *order,
		    const struct never *never, int64_t now_us)
{
	if (is_refused(table, order, never, now_us))
		return;
	const struct wall_key key = key_of(order);
	struct block *same = find_id(table, order->id);
	struct block *block = find_key(table, &key);
	if (same != NULL && same != block)
		end_block(table, same, WALL_REMOVED, 0);
	/* A reset is done when it begins: asked for again it begins again. */
	if (block != NULL && block != same && order->action == WALL_RESET) {
		end_block(table, block, WALL_REMOVED, 0);
		block = NULL;
	}
	if (block == NULL)
		block = begin(table, order, now_us);
	else
		hand_over(table, block, order->id);
	if (block == NULL)
		return;
	block->rate = order->rate;
	deadlines_move(&table->ends, &block->end,
		       now_us + (int64_t)order->left_s * 1000000);
	if (!change_block(table, block, now_us)) {
		tell(table, block->id, WALL_FAILED, 0, -ENOMEM);
		give_up(table, block);
	}
}

/* Who asks to end what is not there has what he wants. */
void wall_table_remove(struct wall_table *table, uint64_t id)
{
	struct block *block = find_id(table, id);
	if (block != NULL)
		end_block(table, block, WALL_REMOVED, 0);
	else
		tell(table, id, WALL_REMOVED, 0, 0);
}

void wall_table_ready(struct wall_table *table)
{
	wall_rate_ready(&table->rate);
	wall_rate_held(&table->rate, table->count);
}

void wall_table_veto(struct wall_table *table, const struct never *never,
		     int64_t now_us)
{
	for (uint32_t at = 1; at <= table->used; at++) {
		struct block *block = &table->blocks[at];
		const struct prefix prefix = { block->key.address,
					       block->key.prefix_len };
		const struct never_entry *spared =
			block->id != 0 ? never_find(never, &prefix, now_us) : NULL;
		if (spared != NULL)
			end_block(table, block, WALL_VETOED, (uint16_t)spared->reason);
	}
}

static struct block *next_end(const struct wall_table *table)
{
	struct deadline *next = deadlines_next(&table->ends);
	return next != NULL
		       ? (struct block *)((char *)next - offsetof(struct block, end))
		       : NULL;
}

void wall_table_tick(struct wall_table *table, int64_t now_us)
{
	struct block *next = next_end(table);
	for (; next != NULL && next->end.at_us <= now_us; next = next_end(table))
		end_block(table, next, WALL_ENDED, 0);
}

/* ---- what the kernel holds ---- */

void wall_table_look_begin(struct wall_table *table, int64_t now_us)
{
	table->look++;
	table->look_us = now_us;
}

bool wall_table_seen(struct wall_table *table, const struct wall_key *key,
		     uint64_t packets, uint64_t bytes)
{
	struct block *block = find_key(table, key);
	if (block == NULL)
		return false;
	block->look = table->look;
	block->element = (struct stopped){ packets, bytes };
	return true;
}

void wall_table_stopped(struct wall_table *table, const struct wall_key *key,
			uint64_t packets, uint64_t bytes)
{
	struct block *block = find_key(table, key);
	if (block == NULL)
		return;
	block->before.packets += packets;
	block->before.bytes += bytes;
}

void wall_table_foreign(struct wall_table *table, const struct wall_key *key)
{
	const struct wall_change one = { .key = *key, .op = WALL_OP_REMOVE };
	if (find_key(table, key) == NULL && change(table, &one))
		table->repairs++;
}

/* Reset holds nothing in the kernel: it ends sessions once. */
static bool is_missing(const struct wall_table *table, const struct block *block)
{
	return block->id != 0 && block->is_held && block->key.action != WALL_RESET &&
	       block->look != table->look && block->changed_us < table->look_us;
}

static void tell_counters(struct wall_table *table, struct block *block)
{
	const struct stopped stopped = stopped_by(block);
	const struct wall_told told = { .id = block->id,
					.packets = stopped.packets,
					.bytes = stopped.bytes,
					.outcome = WALL_HELD };
	block->told_packets = stopped.packets;
	table->sink.told(table->sink.self, &told);
}

/* Each look goes on where the last one had told enough. */
static void tell_changed_counters(struct wall_table *table)
{
	uint32_t told = 0;
	for (uint32_t n = 0; n < table->used && told < TOLD_A_LOOK; n++) {
		table->next_told =
			table->next_told < table->used ? table->next_told + 1 : 1;
		struct block *block = &table->blocks[table->next_told];
		if (block->id == 0 || stopped_by(block).packets == block->told_packets)
			continue;
		tell_counters(table, block);
		told++;
	}
}

static size_t add_again(struct wall_table *table, bool all, int64_t now_us)
{
	size_t count = 0;
	for (uint32_t at = 1; at <= table->used; at++) {
		struct block *block = &table->blocks[at];
		if (all ? block->id == 0 || !block->is_held : !is_missing(table, block))
			continue;
		block->is_held = false;
		count += change_block(table, block, now_us);
	}
	if (count > 0)
		table->repairs++;
	return count;
}

size_t wall_table_look_end(struct wall_table *table, int64_t now_us)
{
	tell_changed_counters(table);
	return add_again(table, false, now_us);
}

void wall_table_lost(struct wall_table *table, int64_t now_us)
{
	add_again(table, true, now_us);
}

/* ---- what is known ---- */

size_t wall_table_count(const struct wall_table *table)
{
	return table->count;
}

size_t wall_table_elements(const struct wall_table *table)
{
	return table->count - table->resets;
}

int64_t wall_table_next_us(const struct wall_table *table)
{
	const struct deadline *next = deadlines_next(&table->ends);
	return next != NULL ? next->at_us : INT64_MAX;
}

uint32_t wall_table_repairs(const struct wall_table *table)
{
	return table->repairs;
}
