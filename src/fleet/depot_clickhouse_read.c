/*
 * depot_clickhouse_read.c: the depot in ClickHouse is read, by statements that may not
 * write (readonly) and end in time (max_execution_time).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/depot_clickhouse.h"
#include "fleet/depot_parameters.h"

enum { TEXT_MAX = 1 << 20, SETTINGS_MAX = 128 };

/* Codes of ClickHouse's ErrorCodes.cpp, which never change. */
enum { CODE_TIMEOUT = 159, CODE_MEMORY = 241, CODE_TOO_MANY = 202 };

static void settings_of(uint32_t limit_ms, const char *more,
			char out[static SETTINGS_MAX])
{
	/* In whole seconds; 0: no limit. */
	snprintf(out, SETTINGS_MAX, "&readonly=1&max_execution_time=%u%s",
		 (limit_ms + 999) / 1000, more);
}

static int meaning_of(const struct clickhouse_ask *ask, const struct depot_watch *watch,
		      char error[static DEPOT_ERROR_MAX])
{
	char unused[DEPOT_ERROR_MAX];
	int why = depot_watch_look(watch, unused);
	if (why != 0 || ask->code == CODE_TIMEOUT) {
		if (why != 0)
			memcpy(error, unused, sizeof(unused));
		return why != 0 ? why : -ETIME;
	}
	if (ask->code == CODE_MEMORY || ask->code == CODE_TOO_MANY)
		return -EBUSY;
	return ask->code > 0 ? -EINVAL : -EIO;
}

/* ---- records ---- */

struct reading {
	const struct depot_query *query;
	struct depot_giving *giving;
};

static bool take_record(void *self, const char *const *values, const size_t *lens,
			size_t count)
{
	struct reading *reading = self;
	void *record = depot_giving_next(reading->giving);
	for (size_t i = 0; i < count && i < reading->query->count; i++)
		if (values[i] != NULL)
			depot_set_field(reading->query->fields[i], record, values[i],
					lens[i]);
	return depot_giving_pass(reading->giving);
}

int clickhouse_read(struct depot *depot, const char *sql,
		    const struct depot_query *query, struct depot_giving *giving,
		    char error[static DEPOT_ERROR_MAX])
{
	struct depot_watch watch;
	struct reading reading = { query, giving };
	struct clickhouse_rows rows = { .take = take_record, .self = &reading };
	char settings[SETTINGS_MAX];
	uint32_t limit_ms = giving->filter->time_limit_ms;
	settings_of(limit_ms, "&default_format=TabSeparated", settings);
	depot_watch_begin(&watch, limit_ms, giving->filter->cancel);
	struct clickhouse_ask ask = { .sql = sql,
				      .settings = settings,
				      .limit_ms = limit_ms,
				      .watch = &watch,
				      .take = clickhouse_rows_take,
				      .self = &rows };
	bool ok = clickhouse_ask((struct clickhouse_depot *)depot, &ask, error);
	clickhouse_rows_free(&rows);
	if (rows.has_failed) {
		snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
		return -EBUSY;
	}
	if (ok)
		return 0;
	int result = meaning_of(&ask, &watch, error);
	return result == -EINVAL ? -EIO : result; /* the statement is ours */
}

/* ---- somebody's statement ---- */

struct asking {
	const struct store_sql *to;
	struct store_value *values;   /* owned */
	enum store_value_type *types; /* owned: of columns */
	size_t count;
	uint64_t lines;
	int64_t begin_us;
};

static void put_parameter(void *self, struct buf *out,
			  const struct store_parameter *parameter)
{
	(void)self;
	if (parameter == NULL)
		buf_text(out, "NULL");
	else if (parameter->text != NULL)
		depot_literal(out, CLICKHOUSE, parameter->text);
	else
		buf_printf(out, "toInt64(%lld)", (long long)parameter->number);
}

static bool take_names(struct asking *asking, const char *const *values, size_t count)
{
	asking->count = count;
	asking->values = calloc(count, sizeof(*asking->values));
	asking->types = calloc(count, sizeof(*asking->types));
	return asking->values != NULL && asking->types != NULL &&
	       (asking->to->columns == NULL ||
		asking->to->columns(asking->to->self, values, count));
}

/* "Nullable(UInt64)": what is within counts. */
static enum store_value_type type_of(const char *type)
{
	static const char nullable[] = "Nullable(";
	if (strncmp(type, nullable, sizeof(nullable) - 1) == 0)
		type += sizeof(nullable) - 1;
	if (strncmp(type, "Int", 3) == 0 || strncmp(type, "UInt", 4) == 0)
		return strncmp(type, "Interval", 8) == 0 ? STORE_TEXT : STORE_INTEGER;
	if (strncmp(type, "Float", 5) == 0 || strncmp(type, "Decimal", 7) == 0)
		return STORE_REAL;
	return STORE_TEXT;
}

static void set_value(struct store_value *value, enum store_value_type type,
		      const char *text, size_t len)
{
	char *end;
	*value = (struct store_value){ .type = STORE_NULL };
	if (text == NULL)
		return;
	errno = 0;
	value->type = type;
	value->bytes = text;
	value->len = len;
	if (type == STORE_INTEGER) {
		value->integer = strtoll(text, &end, 10);
		/* An UInt64 may have no room. */
		if (errno != 0 || *end != '\0')
			value->type = STORE_REAL;
	}
	if (value->type == STORE_REAL)
		value->real = strtod(text, NULL);
}

static bool take_row(void *self, const char *const *values, const size_t *lens,
		     size_t count)
{
	struct asking *asking = self;
	bool more = true;
	uint64_t line = asking->lines++;
	if (line == 0)
		more = take_names(asking, values, count);
	else if (line == 1)
		for (size_t i = 0; i < count && i < asking->count; i++)
			asking->types[i] = type_of(values[i] != NULL ? values[i] : "");
	else {
		for (size_t i = 0; i < asking->count; i++)
			set_value(&asking->values[i], asking->types[i],
				  i < count ? values[i] : NULL,
				  i < count ? lens[i] : 0);
		more = asking->to->row(asking->to->self, asking->values, asking->count);
	}
	return more;
}

static bool tell_on(void *self)
{
	struct clickhouse_rows *rows = self;
	struct asking *asking = rows->self;
	uint64_t count = asking->lines > 2 ? asking->lines - 2 : 0;
	return asking->to->progress == NULL ||
	       asking->to->progress(asking->to->self, count,
				    clock_us(CLOCK_MONOTONIC) - asking->begin_us);
}

static int refuse(const char *why, char error[static DEPOT_ERROR_MAX])
{
	snprintf(error, DEPOT_ERROR_MAX, "%s", why);
	return -EINVAL;
}

static int ask_sql(struct clickhouse_depot *house, const char *text, uint32_t limit_ms,
		   struct asking *asking, char error[static DEPOT_ERROR_MAX])
{
	struct depot_watch watch;
	struct clickhouse_rows rows = { .take = take_row, .self = asking };
	char settings[SETTINGS_MAX];
	settings_of(limit_ms, "&default_format=TabSeparatedWithNamesAndTypes",
		    settings);
	depot_watch_begin(&watch, limit_ms, NULL);
	struct clickhouse_ask ask = { .sql = text,
				      .settings = settings,
				      .limit_ms = limit_ms,
				      .watch = &watch,
				      .look = tell_on,
				      .take = clickhouse_rows_take,
				      .self = &rows };
	bool ok = clickhouse_ask(house, &ask, error);
	clickhouse_rows_free(&rows);
	if (rows.has_failed) {
		snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
		return -EBUSY;
	}
	if (!ok)
		return meaning_of(&ask, &watch, error);
	return ask.is_tsv
		       ? 0
		       : refuse("leave FORMAT out: rows are read as they come", error);
}

int clickhouse_sql(struct depot *depot, const char *text, uint32_t time_limit_ms,
		   const struct store_sql *to, char error[static DEPOT_ERROR_MAX])
{
	struct asking asking = { .to = to, .begin_us = clock_us(CLOCK_MONOTONIC) };
	struct buf sql = { 0 };
	if (strlen(text) > TEXT_MAX)
		return refuse("the statement is longer than 1 MiB", error);
	if (!depot_only_asks(text))
		return refuse("only reading is allowed: SELECT, WITH, SHOW or EXPLAIN",
			      error);
	depot_parameters(&sql, CLICKHOUSE, text, to, put_parameter, NULL);
	const char *statement = buf_cstr(&sql);
	int result = -EBUSY;
	if (statement != NULL)
		result = ask_sql((struct clickhouse_depot *)depot, statement,
				 time_limit_ms, &asking, error);
	buf_free(&sql);
	free(asking.values);
	free(asking.types);
	return result;
}
