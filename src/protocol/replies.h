/*
 * replies.h: commands and replies of three digits (RFC 959 4.2, RFC 5321 4.2), and
 * commands that wait for theirs (RFC 2920).
 */
#pragma once

#include "protocol/line.h"

struct reply {
	unsigned code; /* 100..599 */
	bool goes_on;  /* more lines of it follow */
	struct bytes text;
};

/* False if the line is none. */
static inline bool reply_read(struct bytes line, struct reply *reply)
{
	*reply = (struct reply){ 0 };
	if (line.len < 3 || line.at[0] < '1' || line.at[0] > '5')
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return false;
		reply->code = reply->code * 10 + (line.at[i] - '0');
	}
	bytes_take(&line, 3);
	if (line.len > 0 && line.at[0] != ' ' && line.at[0] != '-')
		return false;
	reply->goes_on = line.len > 0 && bytes_u8(&line) == '-';
	reply->text = line;
	return true;
}

/* Kinds of commands in their order, oldest first; runs of one kind count as one. */
enum { WAITING_RUNS = 12 };
struct waiting {
	uint8_t first, runs;
	uint8_t kind[WAITING_RUNS], count[WAITING_RUNS];
};

static inline void waiting_clear(struct waiting *waiting)
{
	waiting->runs = 0;
}

/* The newest, or 0. */
static inline uint8_t waiting_last(const struct waiting *waiting)
{
	unsigned last = waiting->first + waiting->runs - 1u;
	return waiting->runs == 0 ? 0 : waiting->kind[last % WAITING_RUNS];
}

/* kind: not 0.  Without room, all are forgotten: replies can't be told apart. */
static inline void waiting_add(struct waiting *waiting, uint8_t kind)
{
	unsigned last = (waiting->first + waiting->runs - 1u) % WAITING_RUNS;
	if (waiting_last(waiting) == kind && waiting->count[last] < UINT8_MAX) {
		waiting->count[last]++;
		return;
	}
	if (waiting->runs == WAITING_RUNS) {
		waiting_clear(waiting);
		return;
	}
	last = (waiting->first + waiting->runs++) % WAITING_RUNS;
	waiting->kind[last] = kind;
	waiting->count[last] = 1;
}

/* The oldest, which the next reply is for; 0: none. */
static inline uint8_t waiting_next(const struct waiting *waiting)
{
	return waiting->runs == 0 ? 0 : waiting->kind[waiting->first];
}

static inline void waiting_take(struct waiting *waiting)
{
	if (waiting->runs == 0 || --waiting->count[waiting->first] > 0)
		return;
	waiting->first = (uint8_t)((waiting->first + 1) % WAITING_RUNS);
	waiting->runs--;
}
