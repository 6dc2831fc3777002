/*
 * block_past.c: see block_past.h.
 */
#include "cli/block_past.h"

#include <stdio.h>

#include "base/buf.h"
#include "cli/store_look.h"

enum { READ_MS = 2000, DAYS = 30 };
#define DAY_US (86400 * 1000000LL)

struct sum {
	int64_t blocks, sources, cut;
};

static bool take_row(void *self, const struct store_value *values, size_t count)
{
	struct sum *sum = self;
	if (count != 3)
		return false;
	sum->blocks = values[0].integer;
	sum->sources = values[1].integer;
	sum->cut = values[2].type == STORE_INTEGER ? values[2].integer : 0;
	return true;
}

void block_past_say(const char *folder, int64_t now_us, struct buf *out)
{
	struct sum sum = { 0 };
	const struct store_sql sql = { .self = &sum, .row = take_row };
	char text[256];
	snprintf(text, sizeof(text),
		 "SELECT count(*),count(DISTINCT address),sum(clients_cut)FROM block "
		 "WHERE \"start\">%lld AND vetoed_by='mode'",
		 (long long)(now_us - DAYS * DAY_US));
	if (!store_look_sql(folder, text, READ_MS, &sql) || sum.blocks == 0)
		return;
	buf_printf(
		out,
		"breakwater: blocking is on. While it observed, in the last %d days, "
		"it would have made %lld block%s of %lld source%s and cut off %lld "
		"client%s; breakwater policy test tries other rules.\n",
		DAYS, (long long)sum.blocks, sum.blocks == 1 ? "" : "s",
		(long long)sum.sources, sum.sources == 1 ? "" : "s", (long long)sum.cut,
		sum.cut == 1 ? "" : "s");
}
