/*
 * board_ports.c: what a service did in the last minute or two, by its sensor's records;
 * see board_inside.h.
 */
#include <string.h>

#include "fleet/board_inside.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define LATELY_US (2 * MINUTE_US)

/* ---- two records of one service ---- */

/* Gauges of which the least counts. */
static bool is_least(const struct field *field)
{
	static const char *const least[] = { "response_min_us", "active_min",
					     "second_min_bytes" };
	for (size_t i = 0; i < sizeof(least) / sizeof(least[0]); i++)
		if (strcmp(field->name, least[i]) == 0)
			return true;
	return false;
}

static uint64_t join(const struct field *field, uint64_t a, uint64_t b)
{
	if (a == UNKNOWN_U64 || b == UNKNOWN_U64)
		return a == UNKNOWN_U64 ? b : a;
	if (field->role == ROLE_COUNTER)
		return a + b;
	if (strcmp(field->name, "active") == 0 || strcmp(field->name, "findings") == 0)
		return b;
	return is_least(field) == (a < b) ? a : b;
}

static double ratio_of(uint64_t part, uint64_t whole, double otherwise)
{
	if (part == UNKNOWN_U64 || whole == UNKNOWN_U64 || whole == 0)
		return otherwise;
	return (double)part / (double)whole;
}

static uint64_t sum_of(uint64_t a, uint64_t b)
{
	return a == UNKNOWN_U64 ? b : b == UNKNOWN_U64 ? a : a + b;
}

static int64_t end_of(const struct port_record *port)
{
	return port->start + (int64_t)port->interval_s * SECOND_US;
}

/* What is no number is as it was said last. */
void board_port_add(struct port_record *to, const struct port_record *more)
{
	const struct schema *schema = &schemas[RECORD_port];
	const struct port_record before = *to;
	bool is_newer = more->start >= to->start;
	*to = is_newer ? *more : before;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		uint64_t a, b;
		if (field->type != TYPE_u64)
			continue;
		memcpy(&a, (const char *)&before + field->offset, sizeof(a));
		memcpy(&b, (const char *)more + field->offset, sizeof(b));
		a = is_newer ? join(field, a, b) : join(field, b, a);
		memcpy((char *)to + field->offset, &a, sizeof(a));
	}
	int64_t end_us =
		end_of(&before) > end_of(more) ? end_of(&before) : end_of(more);
	to->start = is_newer ? before.start : more->start;
	to->interval_s = (uint32_t)((end_us - to->start) / SECOND_US);
	to->retransmit_ratio =
		ratio_of(to->retransmits, to->data_packets, to->retransmit_ratio);
	to->lost_ratio =
		ratio_of(to->lost_bytes, sum_of(to->payload_bytes, to->lost_bytes),
			 to->lost_ratio);
	to->error_ratio = ratio_of(sum_of(to->errors, to->answer_errors),
				   sum_of(to->ended, to->answers), to->error_ratio);
}

/* ---- minutes ---- */

static int64_t minute_of(const struct port_record *port)
{
	return port->start / MINUTE_US;
}

void board_port_take(struct board_port *to, const struct port_record *port)
{
	struct port_record known = *port;
	if (known.start == UNKNOWN_TIME || known.start < 0)
		return;
	if (known.interval_s == UNKNOWN_U32 || known.interval_s > 3600)
		known.interval_s = 1;
	if (to->now.start == 0) {
		to->now = known;
		to->done.start = 0;
		return;
	}
	if (minute_of(&known) == minute_of(&to->now)) {
		board_port_add(&to->now, &known);
		return;
	}
	/* An older one came late: by then nobody looks at its minute. */
	if (known.start < to->now.start)
		return;
	to->done = to->now;
	if (minute_of(&known) != minute_of(&to->done) + 1)
		to->done.start = 0;
	to->now = known;
}

/* A minute in which there was traffic at its end only is a minute all the same. */
void board_port_sum(const struct board_port *port, struct port_record *out)
{
	*out = port->now;
	/* Most sensors tell whole minutes: then the last is enough. */
	if (port->done.start != 0 && port->now.interval_s < MINUTE_US / SECOND_US) {
		*out = port->done;
		board_port_add(out, &port->now);
	}
	int64_t end_us = end_of(out);
	int64_t begin_us = out->start / MINUTE_US * MINUTE_US;
	out->start = begin_us;
	out->interval_s = (uint32_t)((end_us - begin_us) / SECOND_US);
	if (out->interval_s == 0)
		out->interval_s = 1;
}

/* They are in order of when they were heard. */
void board_expire_ports(struct board *board, int64_t now_us)
{
	struct shelf_row *row;
	while ((row = board->ports.oldest) != NULL &&
	       now_us - ((struct board_port *)row->at)->heard_us > LATELY_US)
		shelf_remove(&board->ports, row);
}
