/*
 * gather.h: the records that belong to one thing, from the daemon's API or straight
 * from a store, of a hub from the depot of its fleet.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "record/record.h"

struct gather;

/*
 * state: the store's folder; NULL: the daemon is asked.  NULL with *status; all has
 * been said, as in every case in which something fails here.
 */
struct gather *gather_open(const struct common_options *common, const char *command,
			   const char *state, int *status);
void gather_close(struct gather *gather);

/* Reading a store ends early, and nothing is said, when that is set; borrowed. */
void gather_cancel_by(struct gather *gather, const atomic_bool *cancel);

/* Returns false to end it. */
typedef bool (*gather_emit)(void *to, const void *record);

/*
 * Those of a kind whose text or word `name` is `value`, the newest first; name NULL:
 * all.
 * Exit status.
 */
struct gather_about;
struct gather_wanted {
	enum record_kind kind;
	const char *name, *value;
	uint32_t limit;                   /* 0: the daemon's own */
	const struct gather_about *about; /* NULL: all there is */
};

/* A time, and of ports a service and steps. */
struct gather_about {
	int64_t since_us, until_us;
	const char *transport; /* NULL: any */
	const struct addr *ip; /* NULL: any */
	uint32_t port;         /* UNKNOWN_U32: any */
	bool by_hour;          /* of ports: one an hour; false: one of all the time */
};
int gather_each(struct gather *gather, const struct gather_wanted *wanted,
		gather_emit emit, void *to);
