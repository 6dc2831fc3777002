/*
 * recall.h: records of the past for commands that go through them in order of time:
 * straight from the store where it can be read, else through the daemon.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "record/record.h"

struct recall;

/*
 * state: the store's folder, or NULL: that of the configuration.  NULL without memory.
 * That there is neither store nor daemon shows when something is asked.
 */
struct recall *recall_open(const struct common_options *common, const char *command,
			   const char *state);
void recall_close(struct recall *recall);

typedef void (*recall_emit)(void *to, const void *record);

/*
 * What is there now (listeners, sockets, open findings), from the daemon.  is_needed:
 * complain if it can't be asked.
 */
int recall_now(struct recall *recall, enum record_kind kind, bool is_needed,
	       recall_emit emit, void *to);

/* By which they are in order: a flow's end, else `at`, else `start`. */
const struct field *recall_time(enum record_kind kind);

/*
 * Records whose time is in since_us..until_us, the oldest first; of flows and ports,
 * all of a day before the next is read.  Ports are those of minutes, or of longer
 * intervals where these are not kept any more.  Both return an exit status, 5 if some
 * are missing; all has been said if it is not 0.
 */
int recall_past(struct recall *recall, enum record_kind kind, int64_t since_us,
		int64_t until_us, recall_emit emit, void *to);
