/*
 * alert_board.h: alerts that fire, as they were last said, with the incidents that they
 * belong to: what is shown, and what is known again after a restart.
 *
 * Bounded: what finds no room is counted, and still told and kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

enum { ALERT_BOARD_MAX = 4096 };

struct alert_board {
	struct alert_record *at; /* owned; in the order in which they came */
	size_t count, room;
	uint64_t left_out; /* since the start */
};

void alert_board_free(struct alert_board *board);

/* One that fires is written down, one that is over goes. */
void alert_board_take(struct alert_board *board, const struct alert_record *alert);

/* Why nobody is told of that incident any more; "": somebody is again. */
void alert_board_suppress(struct alert_board *board, const char *incident,
			  const char *by);

/* NULL: it does not fire. */
const struct alert_record *alert_board_find(const struct alert_board *board,
					    const char *id);
