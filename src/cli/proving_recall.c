/*
 * proving_recall.c: see proving.h.  A restart of the daemon proves nothing, and
 * disproves nothing.
 */
#include <string.h>

#include "base/clock.h"
#include "cli/proving.h"
#include "cli/store_look.h"

enum { READ_MS = 2000 };

/* Newest first.  Of a time that is yet to come, as the clock was set back, nothing can
 * be said. */
static bool take(void *to, const void *record)
{
	struct proving *p = to;
	const struct self_test_record *test = record;
	int64_t ago_us = clock_us(CLOCK_REALTIME) - test->at;
	int64_t at_us = clock_us(CLOCK_MONOTONIC) - ago_us;
	if (ago_us < 0 || test->result == NULL)
		return true;
	if (p->last.result == NULL) {
		p->last = *test;
		p->last_us = at_us;
	}
	if (strcmp(test->result, "passed") == 0)
		p->passed_us = at_us;
	return p->passed_us == 0;
}

void proving_recall(struct proving *p, const char *folder)
{
	store_look_back(folder, RECORD_self_test, READ_MS, take, p);
}
