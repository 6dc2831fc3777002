/*
 * recall.c: see recall.h.
 *
 * Both sources give the newest first.  So time is cut into slices, each is read whole,
 * sorted and handed on; a slice with too many records is cut in two.
 */
#include "cli/recall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/patience.h"
#include "config/config.h"
#include "record/from_json.h"
#include "store/store.h"

enum {
	SLICE_RECORDS = 100000, /* as many as the daemon gives at a time */
	READ_MS = 60000,        /* for one slice */
	PORT_STEP_S = 60,       /* of ports, where it is still known so finely */
};
#define SECOND_US INT64_C(1000000)
#define SLICE_US  (86400 * SECOND_US) /* the store has a file per day */

struct recall {
	const char *command;
	struct client *client;
	struct store_reader *reader; /* NULL: through the daemon */
	/* The slice being read. */
	const struct schema *schema;
	const struct field *time;
	char *records; /* owned */
	size_t count, room;
	bool is_full, failed;
	int64_t since_us, until_us;
	/* Stands for all that is missing; said once. */
	bool is_incomplete;
};

static void open_reader(struct recall *recall, const char *state)
{
	static struct config config;
	struct buf errors = { 0 };
	char error[STORE_ERROR_MAX];
	int status;
	config_init(&config);
	if (state == NULL && config_load(&config, NULL, &errors) == 0)
		state = config.state;
	buf_free(&errors);
	if (state != NULL)
		recall->reader = store_reader_open(state, error, &status);
}

struct recall *recall_open(const struct common_options *common, const char *command,
			   const char *state)
{
	struct recall *recall = calloc(1, sizeof(*recall));
	if (recall == NULL)
		return NULL;
	recall->command = command;
	recall->client = client_open(common);
	if (recall->client == NULL) {
		free(recall);
		return NULL;
	}
	client_be_patient(recall->client);
	open_reader(recall, state);
	return recall;
}

void recall_close(struct recall *recall)
{
	if (recall == NULL)
		return;
	if (recall->reader != NULL)
		store_reader_close(recall->reader);
	client_close(recall->client);
	free(recall->records);
	free(recall);
}

static int complain(const struct recall *recall, int status, const char *error)
{
	fprintf(stderr, "breakwater %s: %s\n", recall->command, error);
	return status;
}

/* ---- one slice ---- */

static int64_t time_of(const struct recall *recall, const void *record)
{
	int64_t at_us;
	memcpy(&at_us, (const char *)record + recall->time->offset, sizeof(at_us));
	return at_us;
}

/* store_emit: keeps what belongs to the slice; false: no more, please. */
static bool keep(void *of, const void *record)
{
	struct recall *recall = of;
	int64_t at_us = time_of(recall, record);
	if (at_us < recall->since_us || at_us > recall->until_us)
		return !patience_has_ended();
	recall->is_full = recall->count == SLICE_RECORDS;
	if (recall->is_full)
		return false;
	if (recall->count == recall->room) {
		size_t room = recall->room == 0 ? 1024 : 2 * recall->room;
		void *larger =
			reallocarray(recall->records, room, recall->schema->size);
		if (larger == NULL) {
			recall->failed = true;
			return false;
		}
		recall->records = larger;
		recall->room = room;
	}
	memcpy(recall->records + recall->count++ * recall->schema->size, record,
	       recall->schema->size);
	return true;
}

static int read_store(struct recall *recall, enum record_kind kind)
{
	struct store_filter filter;
	char error[STORE_ERROR_MAX];
	store_filter_init(&filter);
	filter.since_us = recall->since_us;
	filter.until_us = recall->until_us;
	filter.time_limit_ms = READ_MS;
	filter.step_s = kind == RECORD_port ? PORT_STEP_S : 0;
	patience_tell("reading the store");
	int result = store_read(recall->reader, kind, &filter, keep, recall, error);
	return result == 0 ? STATUS_OK : complain(recall, STATUS_INCOMPLETE, error);
}

static void build_path(struct buf *path, enum record_kind kind)
{
	buf_printf(path, "/api/v1/%s%s", schemas[kind].name,
		   kind == RECORD_self ? "" : "s");
}

static void time_parameter(struct buf *path, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	client_parameter(path, name, text);
}

static int take_answer(struct recall *recall, enum record_kind kind,
		       const struct buf *body, recall_emit emit, void *to)
{
	size_t i;
	json_t *rows = lines_parse(body);
	void *record = malloc(schemas[kind].size);
	int status = STATUS_OK;
	if (rows == NULL || record == NULL)
		status = complain(recall, STATUS_UNREACHABLE,
				  "the daemon's answer can't be read");
	for (i = 0; status == STATUS_OK && i < json_array_size(rows); i++)
		if (record_from_json(kind, json_array_get(rows, i), record))
			emit(to, record);
	free(record);
	json_decref(rows);
	return status;
}

static void keep_answer(void *of, const void *record)
{
	keep(of, record);
}

static int ask_daemon(struct recall *recall, enum record_kind kind)
{
	struct buf path = { 0 }, body = { 0 };
	char error[CLIENT_ERROR_MAX];
	struct client_told told;
	build_path(&path, kind);
	time_parameter(&path, "since", recall->since_us);
	time_parameter(&path, "until", recall->until_us);
	buf_printf(&path, "&limit=%d%s", SLICE_RECORDS,
		   kind == RECORD_port ? "&step=1m" : "");
	int status =
		client_get(recall->client, buf_cstr(&path), &body, NULL, &told, error);
	if (status != STATUS_OK) {
		complain(recall, status, error);
	} else {
		status = take_answer(recall, kind, &body, keep_answer, recall);
		recall->is_full = told.more || told.total > SLICE_RECORDS;
		if (told.incomplete[0] != '\0' && !recall->is_incomplete) {
			complain(recall, STATUS_INCOMPLETE, told.incomplete);
			recall->is_incomplete = true;
		}
	}
	buf_free(&path);
	buf_free(&body);
	return status;
}

static int by_time(const void *a, const void *b, void *of)
{
	int64_t x = time_of(of, a), y = time_of(of, b);
	return x < y ? -1 : x > y;
}

/* True if the slice has to be read again in two parts. */
static int read_slice(struct recall *recall, enum record_kind kind, int64_t since_us,
		      int64_t until_us, bool *again)
{
	recall->count = 0;
	recall->is_full = recall->failed = false;
	recall->since_us = since_us;
	recall->until_us = until_us;
	int status = recall->reader != NULL ? read_store(recall, kind)
					    : ask_daemon(recall, kind);
	if (status == STATUS_OK && recall->failed)
		status = complain(recall, STATUS_INCOMPLETE, "out of memory");
	if (status == STATUS_OK && patience_has_ended())
		status = complain(recall, STATUS_INCOMPLETE, "ended before the end");
	*again = status == STATUS_OK && recall->is_full &&
		 until_us - since_us > SECOND_US;
	if (status == STATUS_OK && recall->is_full && !*again) {
		if (!recall->is_incomplete)
			complain(recall, STATUS_INCOMPLETE,
				 "more records in a second than can be looked at");
		recall->is_incomplete = true;
	}
	return status;
}

static int go_through(struct recall *recall, enum record_kind kind, int64_t since_us,
		      int64_t until_us, recall_emit emit, void *to)
{
	bool again;
	int status = read_slice(recall, kind, since_us, until_us, &again);
	if (status != STATUS_OK)
		return status;
	if (again) {
		int64_t middle_us = since_us + (until_us - since_us) / 2;
		status = go_through(recall, kind, since_us, middle_us, emit, to);
		return status != STATUS_OK ? status
					   : go_through(recall, kind, middle_us + 1,
							until_us, emit, to);
	}
	if (recall->count == 0)
		return STATUS_OK;
	qsort_r(recall->records, recall->count, recall->schema->size, by_time, recall);
	for (size_t i = 0; i < recall->count; i++)
		emit(to, recall->records + i * recall->schema->size);
	return STATUS_OK;
}

const struct field *recall_time(enum record_kind kind)
{
	const struct field *at = record_field(kind, kind == RECORD_flow ? "end" : "at");
	return at != NULL ? at : record_field(kind, "start");
}

/* Few listeners change, many flows end: only what is much is read by the day. */
int recall_past(struct recall *recall, enum record_kind kind, int64_t since_us,
		int64_t until_us, recall_emit emit, void *to)
{
	int status = STATUS_OK;
	bool is_much = kind == RECORD_flow || kind == RECORD_port;
	recall->schema = &schemas[kind];
	recall->time = recall_time(kind);
	recall->is_incomplete = false;
	free(recall->records);
	recall->records = NULL;
	recall->room = 0;
	patience_begin();
	if (!is_much)
		status = go_through(recall, kind, since_us, until_us, emit, to);
	for (int64_t at_us = since_us, end_us;
	     is_much && status == STATUS_OK && at_us <= until_us; at_us = end_us + 1) {
		end_us = (at_us / SLICE_US + 1) * SLICE_US - 1;
		status = go_through(recall, kind, at_us,
				    end_us < until_us ? end_us : until_us, emit, to);
	}
	patience_end();
	if (status == STATUS_OK && recall->is_incomplete)
		status = STATUS_INCOMPLETE;
	return status;
}

int recall_now(struct recall *recall, enum record_kind kind, bool is_needed,
	       recall_emit emit, void *to)
{
	struct buf path = { 0 }, body = { 0 };
	char error[CLIENT_ERROR_MAX];
	build_path(&path, kind);
	buf_printf(&path, "?limit=%d", SLICE_RECORDS);
	int status =
		client_get(recall->client, buf_cstr(&path), &body, NULL, NULL, error);
	if (status == STATUS_OK)
		status = take_answer(recall, kind, &body, emit, to);
	else if (is_needed)
		complain(recall, status, error);
	buf_free(&path);
	buf_free(&body);
	return status;
}
