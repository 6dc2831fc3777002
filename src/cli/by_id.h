/*
 * by_id.h: a record by the first digits of its id.
 */
#pragma once

#include <stdbool.h>

#include "cli/gather.h"

/* At least four of the sixteen hexadecimal digits. */
bool is_id(const char *text);
#define ID_ALLOWED "an ID is at least the first four of its sixteen hexadecimal digits"

/*
 * The newest that begins so, of the last 30 days unless the id is whole, in record.
 * Exit status; a complaint was made: there is none, or several have such an id.
 */
int by_id_find(struct gather *gather, enum record_kind kind, const char *id,
	       void *record);

/* The same of one that nothing else is asked of, from the daemon. */
int by_id_get(const struct common_options *common, const char *command,
	      enum record_kind kind, const char *id, void *record);
