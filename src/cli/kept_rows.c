/*
 * kept_rows.c: see kept_rows.h.
 */
#include "cli/kept_rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/past_reader.h"
#include "store/moment.h"

enum { READ_MS = 60000, HOUR_S = 3600 };

static int complain(const struct kept_rows *wanted, int status, const char *error)
{
	fprintf(stderr, "breakwater %s: %s\n", wanted->command, error);
	return status;
}

void kept_rows_print(const json_t *rows)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_dumpf(json_array_get(rows, i), stdout, JSON_COMPACT);
		putchar('\n');
	}
}

/* ---- the daemon ---- */

static void number_parameter(struct buf *path, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	client_parameter(path, name, text);
}

static void make_path(const struct kept_rows *wanted, struct buf *path)
{
	buf_text(path, wanted->path);
	client_parameter(path, "at", wanted->at);
	client_parameter(path, "since", wanted->since);
	client_parameter(path, "until", wanted->until);
	if (wanted->port != UINT64_MAX)
		number_parameter(path, "port", wanted->port);
	if (wanted->step_s > 0)
		client_parameter(path, "step", wanted->step_s < HOUR_S ? "1m" : "1h");
	number_parameter(path, "limit", wanted->limit);
}

static int from_daemon(const struct kept_rows *wanted, json_t **rows,
		       char error[static CLIENT_ERROR_MAX])
{
	struct buf path = { 0 }, body = { 0 };
	struct client_told told = { 0 };
	struct client *client = client_open(wanted->common);
	snprintf(error, CLIENT_ERROR_MAX, "out of memory");
	if (client == NULL)
		return STATUS_INCOMPLETE;
	client_be_patient(client);
	make_path(wanted, &path);
	int status = client_get(client, buf_cstr(&path), &body, NULL, &told, error);
	*rows = status == STATUS_OK ? lines_parse(&body) : NULL;
	if (status == STATUS_OK && *rows == NULL) {
		snprintf(error, CLIENT_ERROR_MAX, "the daemon's answer can't be read");
		status = STATUS_UNREACHABLE;
	}
	if (status == STATUS_OK && told.incomplete[0] != '\0') {
		snprintf(error, CLIENT_ERROR_MAX, "%s", told.incomplete);
		status = STATUS_INCOMPLETE;
	}
	buf_free(&path);
	buf_free(&body);
	client_close(client);
	return status;
}

/* ---- a store ---- */

static bool keep_row(const struct kept_rows *wanted, json_t *rows, const void *record)
{
	struct buf text = { 0 };
	record_json(&text, wanted->kind, record);
	json_t *row = object_parse(&text);
	buf_free(&text);
	return row != NULL && json_array_append_new(rows, row) == 0;
}

struct keeping {
	const struct kept_rows *wanted;
	json_t *rows;
	bool failed; /* without memory */
};

static bool keep(void *to, const void *record)
{
	struct keeping *keeping = to;
	keeping->failed = !keep_row(keeping->wanted, keeping->rows, record);
	return !keeping->failed &&
	       json_array_size(keeping->rows) < keeping->wanted->limit;
}

static uint32_t kept_s(const struct kept_rows *wanted)
{
	static struct config config;
	struct buf errors = { 0 };
	config_init(&config);
	config_load(&config, wanted->config_path, &errors);
	buf_free(&errors);
	return config.retention_events;
}

/* Times were checked with the options. */
static int64_t time_of(const char *text, int64_t otherwise)
{
	int64_t at_us = otherwise;
	if (text != NULL)
		when_parse(text, clock_us(CLOCK_REALTIME), &at_us);
	return at_us;
}

static int read_past(const struct kept_rows *wanted, struct past_reader *reader,
		     struct keeping *keeping, char error[static STORE_ERROR_MAX])
{
	struct store_filter filter;
	store_filter_init(&filter);
	filter.since_us = time_of(wanted->since, INT64_MIN);
	filter.until_us = time_of(wanted->until, INT64_MAX);
	filter.has_port = wanted->port != UINT64_MAX;
	filter.port = (uint16_t)wanted->port;
	filter.step_s = wanted->step_s;
	filter.time_limit_ms = READ_MS;
	if (wanted->at == NULL)
		return past_read(reader, wanted->kind, &filter, keep, keeping, error);
	if (past_reader_store(reader) == NULL) {
		snprintf(error, STORE_ERROR_MAX,
			 "who listened at a moment is known on the machine itself, not "
			 "at a hub; here ask with --since and --until for what became "
			 "of them");
		return -EINVAL;
	}
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct store_moment moment = { .at_us = time_of(wanted->at, now_us),
					     .now_us = now_us,
					     .kept_s = kept_s(wanted),
					     .has_port = filter.has_port,
					     .port = filter.port,
					     .time_limit_ms = READ_MS };
	return store_listeners_at(past_reader_store(reader), &moment, keep, keeping,
				  error);
}

static int from_store(const struct kept_rows *wanted, json_t **rows)
{
	const struct past_asked asked = { .command = wanted->command,
					  .state = wanted->state,
					  .config_path = wanted->config_path };
	struct past_place place;
	char error[STORE_ERROR_MAX];
	int status = past_find(&asked, &place);
	if (status != STATUS_OK)
		return status;
	struct past_reader *reader = past_reader_open(&place, error, &status);
	if (reader == NULL)
		return complain(wanted, status, error);
	struct keeping keeping = { .wanted = wanted, .rows = json_array() };
	int result = read_past(wanted, reader, &keeping, error);
	past_reader_close(reader);
	*rows = keeping.rows;
	if (result == 0 && keeping.failed)
		return complain(wanted, STATUS_INCOMPLETE, "out of memory");
	return result == 0
		       ? STATUS_OK
		       : complain(wanted,
				  result == -EINVAL ? STATUS_USAGE : STATUS_INCOMPLETE,
				  error);
}

int kept_rows_get(const struct kept_rows *wanted, json_t **rows)
{
	char error[CLIENT_ERROR_MAX];
	*rows = NULL;
	if (wanted->state != NULL)
		return from_store(wanted, rows);
	int status = from_daemon(wanted, rows, error);
	if (status == STATUS_UNREACHABLE)
		return from_store(wanted, rows);
	return status == STATUS_OK ? status : complain(wanted, status, error);
}
