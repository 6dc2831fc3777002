/*
 * probing.h: the process that asks configured targets, and what it last said of each.
 */
#pragma once

#include "cli/probe_page.h"
#include "config/config.h"
#include "record/record.h"

struct probing {
	struct guard *process; /* NULL: nothing is to be asked, or it could not start */
	int error;             /* why not, errno; 0: nothing is to be asked */
	struct probe_record *last; /* of each target; owned */
	size_t count, size;
	uint32_t *index; /* by the target's hash: number in last + 1; owned */
	size_t room;
	struct probe_pages pages;
};

/*
 * Reads the targets; STATUS_USAGE, with what is wrong on standard error, if one is
 * none. Then makes the process, before any thread.
 */
int probing_fork(struct probing *p, const struct config *config);
void probing_close(struct probing *p);

/* GET /probe; as web_source has it. */
bool probing_page(struct probing *p, const struct web_probe *probe,
		  web_probe_answer answer, void *to, const char **why);

/* To wait for; -1: there is nothing. */
int probing_fd(const struct probing *p);
/* The next answer; false if none waits, or the process is gone (see probing_has_ended).
 */
bool probing_next(struct probing *p, struct probe_record *out);
/* Once: it ended; text says how. */
bool probing_has_ended(struct probing *p, char text[static GUARD_TEXT_MAX]);
