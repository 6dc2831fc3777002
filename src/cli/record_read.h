/*
 * record_read.h: records back from the daemon's JSON.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli/client.h"
#include "record/record.h"

/* Members that are missing, or of another type than the field, are unknown. */
void record_read(enum record_kind kind, const json_t *object, void *record);

/*
 * Asks for records of that kind and reads them all: *records is an array of *count, to
 * be freed.  0, or an exit status and one line in error.
 */
int records_get(struct client *client, const char *path, enum record_kind kind,
		void **records, size_t *count, char error[static CLIENT_ERROR_MAX]);
