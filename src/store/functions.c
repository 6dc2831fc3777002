/*
 * functions.c: functions of SQL that SQLite has not: in_net(), time_text(), time_us(),
 * oldest_day(), newest_day().
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "store/days.h"
#include "store/reading.h"

/* The same network is asked of every row: it is parsed once. */
enum { PREFIX_SLOT = 1 };

static struct prefix *network_of(sqlite3_context *context, sqlite3_value *text)
{
	struct prefix *prefix = sqlite3_get_auxdata(context, PREFIX_SLOT);
	if (prefix != NULL)
		return prefix;
	const char *cidr = (const char *)sqlite3_value_text(text);
	prefix = sqlite3_malloc(sizeof(*prefix));
	if (prefix == NULL || cidr == NULL || !prefix_parse(cidr, prefix)) {
		sqlite3_free(prefix);
		sqlite3_result_error(context,
				     "in_net(ip, network): a network such as "
				     "'10.0.0.0/8' or 'fd00::/8' is needed",
				     -1);
		return NULL;
	}
	sqlite3_set_auxdata(context, PREFIX_SLOT, prefix, sqlite3_free);
	/* SQLite may have thrown it away again. */
	return sqlite3_get_auxdata(context, PREFIX_SLOT);
}

static void in_net(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	struct addr addr;
	const char *ip = (const char *)sqlite3_value_text(values[0]);
	struct prefix *network = network_of(context, values[1]);
	if (network == NULL || ip == NULL || !addr_parse(ip, &addr))
		return; /* NULL: nobody knows */
	sqlite3_result_int(context, prefix_holds(network, &addr));
}

static void time_text(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	char text[TIME_TEXT_MAX];
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	record_time_text(sqlite3_value_int64(values[0]), text);
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void time_us(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	int64_t at_us;
	const char *text = (const char *)sqlite3_value_text(values[0]);
	if (text == NULL)
		return;
	if (when_parse(text, clock_us(CLOCK_REALTIME), &at_us))
		sqlite3_result_int64(context, at_us);
	else
		sqlite3_result_error(context, "time_us(): " WHEN_ALLOWED, -1);
}

/* Begin of a day that has a file: retention takes whole days. */
static void day_kept(sqlite3_context *context, sqlite3_value *series, bool newest)
{
	const struct store_reader *reader = sqlite3_user_data(context);
	const char *name = (const char *)sqlite3_value_text(series);
	bool is_evidence = name != NULL && strcmp(name, "evidence") == 0;
	int64_t *days = NULL;
	if (!is_evidence && (name == NULL || strcmp(name, "flows") != 0)) {
		sqlite3_result_error(
			context, "oldest_day(), newest_day(): 'flows' or 'evidence'",
			-1);
		return;
	}
	long count = days_list(reader->folder, is_evidence ? DAYS_EVIDENCE : DAYS_FLOWS,
			       &days);
	if (count > 0)
		sqlite3_result_int64(context, days[newest ? count - 1 : 0] * DAY_US);
	free(days);
}

static void oldest_day(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	day_kept(context, values[0], false);
}

static void newest_day(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	day_kept(context, values[0], true);
}

int functions_add(sqlite3 *db, struct store_reader *reader)
{
	static const struct {
		const char *name;
		int arguments, flags;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "in_net", 2, SQLITE_DETERMINISTIC, in_net },
		{ "time_text", 1, SQLITE_DETERMINISTIC, time_text },
		/* Not deterministic, but the same within a statement would do. */
		{ "time_us", 1, 0, time_us },
		{ "oldest_day", 1, 0, oldest_day },
		{ "newest_day", 1, 0, newest_day },
	};
	int code = SQLITE_OK;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (code == SQLITE_OK)
			code = sqlite3_create_function(
				db, functions[i].name, functions[i].arguments,
				SQLITE_UTF8 | SQLITE_INNOCUOUS | functions[i].flags,
				reader, functions[i].call, NULL, NULL);
	return code;
}
