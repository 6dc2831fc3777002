/*
 * filter.c: what a store_filter asks of records; see filter.h.
 */
#include "store/filter.h"

#define SECOND_US 1000000LL
enum { HOUR_S = 3600, DAY_S = 86400 };

/* Fields between which a record lasts; of a moment alone, what lacks them. */
struct lasting {
	enum record_kind kind;
	const char *begin, *end;
	bool or_moment; /* they may be unknown */
};

static const struct lasting lasting[] = {
	{ RECORD_flow, "start", "end", true },
	{ RECORD_gap, "start", "end", false },
	{ RECORD_scan_run, "start", "end", false },
	{ RECORD_finding, "first", "last", true },
	{ RECORD_conversation, "first", "last", true },
};

static const struct lasting *lasting_of(enum record_kind kind)
{
	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		if (lasting[i].kind == kind)
			return &lasting[i];
	return NULL;
}

/* Of those whose length is not in their fields. */
static uint32_t length_s(enum record_kind kind, uint32_t step_s)
{
	if (kind == RECORD_uptime)
		return step_s >= DAY_S ? DAY_S : HOUR_S;
	return kind == RECORD_health ? HOUR_S : 0;
}

bool filter_lasts(enum record_kind kind)
{
	return lasting_of(kind) != NULL || length_s(kind, 0) > 0 ||
	       kind == RECORD_block;
}

static void fields_condition(struct buf *sql, const struct lasting *fields,
			     const char *since, const char *until, const char *at)
{
	if (fields->or_moment)
		buf_printf(sql, "coalesce(\"%s\",%s)>=%s AND coalesce(\"%s\",%s)<=%s",
			   fields->end, at, since, fields->begin, at, until);
	else
		buf_printf(sql, "\"%s\">=%s AND \"%s\"<=%s", fields->end, since,
			   fields->begin, until);
}

void filter_time(struct buf *sql, enum record_kind kind, uint32_t step_s,
		 const char *since, const char *until, const char *at)
{
	const struct lasting *fields = lasting_of(kind);
	uint32_t length = length_s(kind, step_s);
	if (kind == RECORD_uptime)
		buf_printf(sql, "interval_s=%u AND ", length);
	if (fields != NULL)
		fields_condition(sql, fields, since, until, at);
	else if (length > 0)
		buf_printf(sql, "\"start\">%s-%lld AND \"start\"<=%s", since,
			   length * SECOND_US, until);
	else if (kind == RECORD_block)
		buf_printf(sql, "(%s>=%s OR \"until\">=%s) AND \"start\"<=%s", at,
			   since, since, until);
	else
		buf_printf(sql, "%s>=%s AND %s<=%s", at, since, at, until);
}

bool filter_is_of_host(const struct store_filter *filter, enum record_kind kind,
		       const void *record)
{
	const struct schema *schema = &schemas[kind];
	bool has_addr = false;
	for (size_t i = 0; i < schema->field_count && filter->has_host; i++) {
		const void *value = (const char *)record + schema->fields[i].offset;
		if (schema->fields[i].type != TYPE_addr)
			continue;
		has_addr = true;
		if (!addr_is_unset(value) && prefix_holds(&filter->host, value))
			return true;
	}
	return !has_addr;
}
