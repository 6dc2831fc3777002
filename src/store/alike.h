/*
 * alike.h: connections that are alike become one record that counts them.  Private to
 * the room.
 *
 * The first few of a source and a port in a second are kept each, as they tell how many
 * it has at a time; the rest, of which a flood makes thousands, is one more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

enum { ALIKE_PLACES = 256, ALIKE_EACH = 8 };

struct alike_flows {
	struct flow_record flow; /* the last; flows: how many it stands for */
	int64_t second;
	uint32_t each; /* kept each */
};

struct alike {
	struct alike_flows *at; /* ALIKE_PLACES; NULL: each is kept */
	unsigned waiting;
};

void alike_open(struct alike *alike);
void alike_close(struct alike *alike);

/*
 * True: the flow is kept as it is.  Those that have to give way are given to take, as
 * one.
 */
typedef void (*alike_take)(void *to, const struct flow_record *flow);
bool alike_keeps(struct alike *alike, const struct flow_record *flow, alike_take take,
		 void *to);
/* All of seconds before that time. */
void alike_flush(struct alike *alike, int64_t before_us, alike_take take, void *to);
