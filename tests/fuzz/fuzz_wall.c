/*
 * fuzz_wall.c: any bytes as messages to the wall, one after the other: whatever they
 * say, what is never blocked is not, no bound is exceeded, and what is taken for a
 * message is the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/wall.h"
#include "guard/wall_table.h"

enum { TOTAL = 64, A_MINUTE = 8, STEP_US = 500000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct never never;

static void take_told(void *self, const struct wall_told *told)
{
	struct wall_event event = { .kind = WALL_TELLS, .count = 1 }, same;
	(void)self;
	event.told[0] = *told;
	if (!wall_event_parse(&event, sizeof(event), &same))
		abort();
}

static void judge(struct wall_table *table, int64_t now_us)
{
	size_t count;
	struct wall_change *changes = wall_table_changes(table, &count);
	for (size_t i = 0; i < count; i++) {
		const struct prefix prefix = { changes[i].key.address,
					       changes[i].key.prefix_len };
		if (changes[i].op != WALL_OP_REMOVE &&
		    never_find(&never, &prefix, now_us) != NULL)
			abort();
	}
	if (wall_table_count(table) > TOTAL)
		abort();
	wall_table_done(table, now_us);
}

static void obey(struct wall_table *table, const struct wall_message *message,
		 int64_t now_us)
{
	if (message->kind == WALL_READY)
		wall_table_ready(table);
	for (uint32_t i = 0; i < message->count; i++) {
		if (message->kind == WALL_ADD)
			wall_table_add(table, &message->at[i], &never, now_us);
		else if (message->kind == WALL_REMOVE)
			wall_table_remove(table, message->at[i].id);
	}
}

/* What is missing at the end is zero, so that short ones get far as well. */
static bool next_message(const uint8_t **data, size_t *size, struct wall_message *out)
{
	struct wall_message bytes = { 0 };
	size_t some = *size < sizeof(bytes) ? *size : sizeof(bytes);
	memcpy(&bytes, *data, some);
	*data += some;
	*size -= some;
	return wall_message_parse(&bytes, sizeof(bytes), out) &&
	       memcmp(&bytes, out, sizeof(bytes)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wall_bounds bounds = { TOTAL, A_MINUTE, NULL };
	const struct wall_table_sink sink = { NULL, take_told };
	struct wall_event event;
	struct wall_message message;
	int64_t now_us = STEP_US;
	wall_event_parse(data, size, &event);
	never_init(&never);
	struct wall_table *table = wall_table_new(&bounds, &sink);
	for (; table != NULL && size > 0; now_us += STEP_US) {
		if (next_message(&data, &size, &message))
			obey(table, &message, now_us);
		wall_table_tick(table, now_us);
		judge(table, now_us);
	}
	wall_table_free(table);
	return 0;
}
