/*
 * kept_rows.h: records of the past for commands that work with and without a daemon:
 * from a store that is given, else from the daemon, else from the store of the
 * configuration.
 */
#pragma once

#include <jansson.h>

#include "cli/options.h"
#include "record/record.h"

struct kept_rows {
	const struct common_options *common;
	const char *command;
	const char *state;       /* folder of a store; NULL: none is given */
	const char *config_path; /* NULL: the usual one */
	enum record_kind kind;
	const char *path;          /* of the API */
	const char *since, *until; /* NULL: open */
	const char *at;            /* listeners: how they were then; NULL: what came */
	uint32_t step_s;           /* of ports: a minute or an hour; 0: none */
	uint64_t port;             /* UINT64_MAX: any */
	uint32_t limit;
};

/*
 * The records as an array, newest first, owned by the caller; NULL: nothing is known.
 * Exit status, 5 if some are missing; all has been said if it is not 0.
 */
int kept_rows_get(const struct kept_rows *wanted, json_t **rows);

/* NDJSON, on standard output. */
void kept_rows_print(const json_t *rows);
