/*
 * replay_types.h: which records a replay prints.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

enum replay_format { FORMAT_NATIVE, FORMAT_ZEEK, FORMAT_EVE };

/*
 * "flow,port,self" as bits of record kinds; NULL: in our own format all but those that
 * are much. False, and it has been said why, if they can't be had in that format.
 */
bool replay_types_choose(enum replay_format format, const char *types,
			 record_bits *out);

/* For --help. */
void replay_types_print(void);
