/*
 * depot_clickhouse.c: a depot in ClickHouse, 18.16 and later: its address, its tables,
 * what is old.  Writing is in depot_clickhouse_write.c, reading in
 * depot_clickhouse_read.c.
 *
 * All hubs must use one server, or one replica: what one of them has written, the next
 * statement of another must see.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fleet/depot_clickhouse.h"

enum { DAYS_OF_BATCHES = 3 };

/* ---- the address ---- */

static char *part_of(CURLU *parsed, CURLUPart part, unsigned flags)
{
	char *text = NULL;
	return curl_url_get(parsed, part, &text, flags) == CURLUE_OK ? text : NULL;
}

/* "http://host:8123/?wait_end_of_query=1&database=NAME" */
static bool set_url(struct clickhouse_depot *house, CURLU *parsed, bool is_tls)
{
	char *host = part_of(parsed, CURLUPART_HOST, 0);
	char *port = part_of(parsed, CURLUPART_PORT, 0);
	char *path = part_of(parsed, CURLUPART_PATH, 0);
	struct buf url = { 0 };
	if (host != NULL && host[0] != '\0')
		buf_printf(&url, "%s://%s:%s/?wait_end_of_query=1&database=%s",
			   is_tls ? "https" : "http", host,
			   port != NULL ? port
			   : is_tls     ? "8443"
					: "8123",
			   path != NULL && path[0] == '/' && path[1] != '\0'
				   ? path + 1
				   : "default");
	house->url = url.len > 0 && buf_cstr(&url) != NULL ? strdup(url.at) : NULL;
	buf_free(&url);
	curl_free(host);
	curl_free(port);
	curl_free(path);
	return house->url != NULL;
}

static bool parse(struct clickhouse_depot *house, const char *where)
{
	bool is_tls = strncmp(where, "clickhouses:", 12) == 0;
	CURLU *parsed = curl_url();
	bool ok = parsed != NULL &&
		  curl_url_set(parsed, CURLUPART_URL, where,
			       CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
		  set_url(house, parsed, is_tls);
	if (ok) {
		house->user = part_of(parsed, CURLUPART_USER, CURLU_URLDECODE);
		house->password = part_of(parsed, CURLUPART_PASSWORD, CURLU_URLDECODE);
	}
	curl_url_cleanup(parsed);
	return ok;
}

/* ---- tables ---- */

static bool keep_text(void *self, const char *bytes, size_t len)
{
	buf_add(self, bytes, len);
	return true;
}

/* Of lines "table\tcolumn", or of names. */
static bool has_line(const struct buf *lines, const char *table, const char *column)
{
	struct buf line = { 0 };
	buf_printf(&line, "\n%s%s%s\n", table, column != NULL ? "\t" : "",
		   column != NULL ? column : "");
	bool is = buf_cstr(&line) != NULL && lines->at != NULL &&
		  strstr(lines->at, line.at) != NULL;
	buf_free(&line);
	return is;
}

static bool define_kind(struct clickhouse_depot *house, enum record_kind kind,
			const struct buf *columns, char error[static DEPOT_ERROR_MAX])
{
	const struct schema *schema = &schemas[kind];
	struct buf sql = { 0 };
	bool ok = true;
	if (!has_line(columns, schema->name, "kept_at")) {
		depot_table(&sql, CLICKHOUSE, kind);
		sql.len -= sql.len >= 2 ? 2 : 0; /* ";\n" */
		ok = buf_cstr(&sql) != NULL && clickhouse_run(house, sql.at, error);
	}
	for (size_t i = 0; i < schema->field_count && ok && sql.len == 0; i++) {
		const struct field *field = &schema->fields[i];
		struct buf add = { 0 };
		if (has_line(columns, schema->name, field->name))
			continue;
		buf_printf(&add, "ALTER TABLE \"%s\" ADD COLUMN ", schema->name);
		depot_column(&add, CLICKHOUSE, field);
		ok = buf_cstr(&add) != NULL &&
		     (clickhouse_run(house, add.at, error) ||
		      strstr(error, "already exists") != NULL); /* another hub did it */
		buf_free(&add);
	}
	buf_free(&sql);
	return ok;
}

static bool ask_lines(struct clickhouse_depot *house, const char *sql,
		      struct buf *lines, char error[static DEPOT_ERROR_MAX])
{
	struct clickhouse_ask ask = { .sql = sql, .take = keep_text, .self = lines };
	snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	buf_char(lines, '\n');
	return clickhouse_ask(house, &ask, error) && buf_cstr(lines) != NULL;
}

/* ---- what 18.16 does not know ---- */

/*
 * Waits for the disk: what was written is acknowledged, and then forgotten by its
 * sensor.  Who set it in a table to something else keeps that.
 */
static bool wait_for_disk(struct clickhouse_depot *house,
			  char error[static DEPOT_ERROR_MAX])
{
	static const char of_us[] =
		"SELECT name FROM system.tables WHERE database=currentDatabase() AND "
		"engine='MergeTree' AND engine_full NOT LIKE '%fsync_after_insert%' "
		"FORMAT TabSeparated";
	struct buf tables = { 0 };
	bool ok = ask_lines(house, of_us, &tables, error);
	for (unsigned kind = 0; kind <= RECORD_KINDS && ok; kind++) {
		const char *name = kind < RECORD_KINDS ? schemas[kind].name : "batch";
		struct buf sql = { 0 };
		if (!has_line(&tables, name, NULL))
			continue;
		buf_printf(&sql,
			   "ALTER TABLE \"%s\" MODIFY SETTING fsync_after_insert=1,"
			   "fsync_part_directory=1",
			   name);
		ok = buf_cstr(&sql) != NULL && clickhouse_run(house, sql.at, error);
		buf_free(&sql);
	}
	buf_free(&tables);
	return ok;
}

/*
 * Rows are not left in the server's queue, as they are by default since 26.2: we bring
 * many at once, and each INSERT would take the time that it waits for others.
 */
static bool use_newer(struct clickhouse_depot *house,
		      char error[static DEPOT_ERROR_MAX])
{
	static const char known[] =
		"SELECT name FROM system.settings WHERE name='async_insert' UNION ALL "
		"SELECT name FROM system.merge_tree_settings WHERE "
		"name='fsync_after_insert' FORMAT TabSeparated";
	struct buf names = { 0 };
	bool ok = ask_lines(house, known, &names, error);
	if (ok && has_line(&names, "async_insert", NULL))
		house->inserting = "&async_insert=0";
	if (ok && has_line(&names, "fsync_after_insert", NULL))
		ok = wait_for_disk(house, error);
	buf_free(&names);
	return ok;
}

static bool define(struct clickhouse_depot *house, char error[static DEPOT_ERROR_MAX])
{
	static const char of_tables[] = "SELECT table,name FROM system.columns WHERE "
					"database=currentDatabase() FORMAT "
					"TabSeparated";
	struct buf columns = { 0 }, batches = { 0 };
	depot_batch_table(&batches, CLICKHOUSE);
	batches.len -= batches.len >= 2 ? 2 : 0;
	bool ok = buf_cstr(&batches) != NULL &&
		  clickhouse_run(house, batches.at, error) &&
		  ask_lines(house, of_tables, &columns, error);
	for (unsigned kind = 0; kind < RECORD_KINDS && ok; kind++)
		if (depot_keeps((enum record_kind)kind))
			ok = define_kind(house, (enum record_kind)kind, &columns,
					 error);
	ok = ok && use_newer(house, error);
	buf_free(&columns);
	buf_free(&batches);
	return ok;
}

/* ---- opening ---- */

static void close_clickhouse(struct depot *depot)
{
	struct clickhouse_depot *house = (struct clickhouse_depot *)depot;
	curl_easy_cleanup(house->easy);
	curl_free(house->user);
	curl_free(house->password);
	free(house->url);
	free(house);
}

static struct depot *open_clickhouse(const char *where, bool only_reads,
				     char error[static DEPOT_ERROR_MAX])
{
	struct clickhouse_depot *house = calloc(1, sizeof(*house));
	snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	if (house == NULL)
		return NULL;
	house->depot.driver = &depot_clickhouse;
	house->easy = curl_easy_init();
	if (!parse(house, where))
		snprintf(error, DEPOT_ERROR_MAX,
			 "no address of ClickHouse: clickhouse://user:password@host:"
			 "8123/database is allowed, clickhouses:// in TLS");
	else if (house->easy != NULL && (only_reads || define(house, error)))
		return &house->depot;
	close_clickhouse(&house->depot);
	return NULL;
}

/* ---- what is old ---- */

struct day_list {
	struct clickhouse_depot *house;
	char (*days)[16];
	size_t count, room;
};

static bool add_day(void *self, const char *const *values, const size_t *lens,
		    size_t count)
{
	struct day_list *list = self;
	if (count != 1 || values[0] == NULL || lens[0] >= sizeof(list->days[0]) ||
	    strspn(values[0], "0123456789") != lens[0])
		return true;
	if (list->count == list->room) {
		list->room = list->room == 0 ? 64 : 2 * list->room;
		void *days =
			reallocarray(list->days, list->room, sizeof(list->days[0]));
		if (days == NULL)
			return false;
		list->days = days;
	}
	memcpy(list->days[list->count++], values[0], lens[0] + 1);
	return true;
}

/* Partitions of a table, the newest first: "20261127". */
static bool list_days(struct clickhouse_depot *house, const char *table,
		      struct day_list *list, char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	struct clickhouse_rows rows = { .take = add_day, .self = list };
	buf_printf(&sql,
		   "SELECT DISTINCT partition FROM system.parts WHERE "
		   "database=currentDatabase() AND table='%s' AND active ORDER BY "
		   "partition DESC FORMAT TabSeparated",
		   table);
	struct clickhouse_ask ask = { .sql = buf_cstr(&sql),
				      .take = clickhouse_rows_take,
				      .self = &rows };
	bool ok = ask.sql != NULL && clickhouse_ask(house, &ask, error);
	clickhouse_rows_free(&rows);
	buf_free(&sql);
	return ok;
}

static bool drop(struct clickhouse_depot *house, const char *table, const char *day,
		 char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	buf_printf(&sql, "ALTER TABLE \"%s\" DROP PARTITION %s", table, day);
	bool ok = buf_cstr(&sql) != NULL && clickhouse_run(house, sql.at, error);
	buf_free(&sql);
	return ok;
}

/* Days before that one, but never the newest of them. */
static bool drop_days(struct clickhouse_depot *house, const char *table,
		      const char *before, size_t newest,
		      char error[static DEPOT_ERROR_MAX])
{
	struct day_list list = { .house = house };
	bool ok = list_days(house, table, &list, error);
	for (size_t i = newest; ok && i < list.count; i++)
		if (strcmp(list.days[i], before) < 0)
			ok = drop(house, table, list.days[i], error);
	free(list.days);
	return ok;
}

enum { DAY_MAX = 40 };

static void day_before(int64_t at_us, char out[static DAY_MAX])
{
	struct tm tm;
	time_t at = (time_t)(at_us / 1000000);
	gmtime_r(&at, &tm);
	snprintf(out, DAY_MAX, "%04d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday);
}

/*
 * Batches are forgotten by days on which there were any: after days without a hub those
 * of before are still known, as they may come again.
 */
static int prune_clickhouse(struct depot *depot, const struct depot_limits *limits,
			    int64_t now_us, char error[static DEPOT_ERROR_MAX])
{
	struct clickhouse_depot *house = (struct clickhouse_depot *)depot;
	char before[DAY_MAX];
	bool ok = drop_days(house, "batch", "99999999", DAYS_OF_BATCHES, error);
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		int64_t limit_s = depot_limit_s((enum record_kind)kind, limits);
		day_before(now_us - limit_s * 1000000, before);
		if (depot_keeps((enum record_kind)kind) && limit_s > 0 &&
		    !drop_days(house, schemas[kind].name, before, 0, error))
			ok = false;
	}
	return ok ? 0 : -EAGAIN;
}

const struct depot_driver depot_clickhouse = {
	.sql = DEPOT_CLICKHOUSE,
	.schemes = { "clickhouse://", "clickhouses://" },
	.open = open_clickhouse,
	.close = close_clickhouse,
	.write = clickhouse_write,
	.read = clickhouse_read,
	.sql_run = clickhouse_sql,
	.prune = prune_clickhouse,
};
