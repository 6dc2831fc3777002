/*
 * asker.h: what commands that ask a target at once have in common.
 */
#pragma once

#include "probe/failure.h"
#include "probe/probe.h"

/* As target_parse(); timeout: "500ms", "10s" or seconds, NULL: the target's own. */
bool asker_target(struct target *target, const char *text, const char *timeout,
		  char why[TARGET_WHY_MAX]);

struct asker {
	const struct target *target;
	uint64_t count;
	probe_done done;
	void *to;
	/* NULL, or what the flight recorder has of each; called before done. */
	void (*recorded)(void *to, const struct failure *failure);
};

/*
 * Asks so often, one after the other, a second from begin to begin, until Ctrl-C; of a
 * target that stands for several each of them.
 * False, and errno, without a prober.
 */
bool asker_ask(const struct asker *asker);

/* The record as a line of JSON on standard output. */
void asker_print_json(const struct probe_record *record);
