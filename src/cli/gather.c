/*
 * gather.c: see gather.h.
 */
#include "cli/gather.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/past_reader.h"
#include "record/from_json.h"

enum { HOUR_S = 3600, ADDR_BITS = 128 };

struct gather {
	const char *command;
	struct client *client;      /* NULL: the past is read */
	struct past_reader *reader; /* NULL: the daemon is asked */
	const atomic_bool *cancel;  /* NULL: never */
};

static int complain(const struct gather *gather, int status, const char *why)
{
	fprintf(stderr, "breakwater %s: %s\n", gather->command, why);
	return status;
}

/* NULL: all has been said. */
static struct past_reader *open_past(const struct gather *gather, const char *state,
				     int *status)
{
	const struct past_asked asked = { .command = gather->command, .state = state };
	struct past_place place;
	char error[STORE_ERROR_MAX];
	*status = past_find(&asked, &place);
	if (*status != STATUS_OK)
		return NULL;
	struct past_reader *reader = past_reader_open(&place, error, status);
	if (reader == NULL)
		complain(gather, *status, error);
	return reader;
}

struct gather *gather_open(const struct common_options *common, const char *command,
			   const char *state, int *status)
{
	struct gather *gather = calloc(1, sizeof(*gather));
	*status = STATUS_UNREACHABLE;
	if (gather == NULL)
		return NULL;
	gather->command = command;
	if (state != NULL)
		gather->reader = open_past(gather, state, status);
	else if ((gather->client = client_open(common)) == NULL)
		complain(gather, *status, "out of memory");
	if (gather->reader != NULL || gather->client != NULL)
		return gather;
	free(gather);
	return NULL;
}

void gather_close(struct gather *gather)
{
	if (gather->client != NULL)
		client_close(gather->client);
	if (gather->reader != NULL)
		past_reader_close(gather->reader);
	free(gather);
}

void gather_cancel_by(struct gather *gather, const atomic_bool *cancel)
{
	gather->cancel = cancel;
}

/* ---- the daemon ---- */

static int take_answer(const struct gather *gather, const struct gather_wanted *wanted,
		       const struct buf *body, gather_emit emit, void *to)
{
	size_t i;
	json_t *rows = lines_parse(body);
	void *record = calloc(1, schemas[wanted->kind].size);
	int status = STATUS_OK;
	if (rows == NULL || record == NULL)
		status = complain(gather, STATUS_UNREACHABLE,
				  "the daemon's answer can't be read");
	for (i = 0; status == STATUS_OK && i < json_array_size(rows); i++)
		if (record_from_json(wanted->kind, json_array_get(rows, i), record) &&
		    !emit(to, record))
			break;
	free(record);
	json_decref(rows);
	return status;
}

static void add_time(struct buf *path, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	client_parameter(path, name, text);
}

static void add_about(struct buf *path, const struct gather_about *about)
{
	char text[ADDR_TEXT_MAX];
	add_time(path, "since", about->since_us);
	add_time(path, "until", about->until_us);
	client_parameter(path, "transport", about->transport);
	if (about->ip != NULL) {
		addr_text(about->ip, text);
		client_parameter(path, "host", text);
	}
	if (about->port != UNKNOWN_U32)
		buf_printf(path, "&port=%u", about->port);
	if (about->by_hour)
		client_parameter(path, "step", "1h");
}

static bool is_one(enum record_kind kind)
{
	return kind == RECORD_self || kind == RECORD_audit;
}

static int ask_daemon(const struct gather *gather, const struct gather_wanted *wanted,
		      gather_emit emit, void *to)
{
	struct buf path = { 0 }, body = { 0 };
	char error[CLIENT_ERROR_MAX], limit[16];
	buf_printf(&path, "/api/v1/%s%s", schemas[wanted->kind].name,
		   is_one(wanted->kind) ? "" : "s");
	if (wanted->about != NULL)
		add_about(&path, wanted->about);
	if (wanted->name != NULL)
		client_parameter(&path, wanted->name, wanted->value);
	snprintf(limit, sizeof(limit), "%u", wanted->limit);
	if (wanted->limit != 0)
		client_parameter(&path, "limit", limit);
	int status =
		client_get(gather->client, buf_cstr(&path), &body, NULL, NULL, error);
	status = status != STATUS_OK ? complain(gather, status, error)
				     : take_answer(gather, wanted, &body, emit, to);
	buf_free(&path);
	buf_free(&body);
	return status;
}

/* ---- the store ---- */

struct reading {
	const struct gather_wanted *wanted;
	const struct field *field; /* NULL: any record will do */
	uint32_t count;
	gather_emit emit;
	void *to;
};

static bool is_wanted(const struct reading *reading, const void *record)
{
	if (reading->field == NULL)
		return true;
	const char *at = (const char *)record + reading->field->offset;
	const char *text =
		reading->field->type == TYPE_word ? *(const char *const *)at : at;
	return text != NULL && strcmp(text, reading->wanted->value) == 0;
}

static bool take_stored(void *self, const void *record)
{
	struct reading *reading = self;
	if (!is_wanted(reading, record))
		return true;
	reading->count++;
	return reading->emit(reading->to, record) &&
	       (reading->wanted->limit == 0 || reading->count < reading->wanted->limit);
}

static void narrow(struct store_filter *filter, const struct gather_about *about)
{
	filter->since_us = about->since_us;
	filter->until_us = about->until_us;
	filter->transport = about->transport;
	filter->has_host = about->ip != NULL;
	if (filter->has_host)
		filter->host = prefix_around(about->ip, ADDR_BITS);
	filter->has_port = about->port != UNKNOWN_U32;
	filter->port = (uint16_t)about->port;
	filter->step_s = about->by_hour ? HOUR_S : 0;
}

static int read_store(const struct gather *gather, const struct gather_wanted *wanted,
		      gather_emit emit, void *to)
{
	struct store_filter filter;
	char error[STORE_ERROR_MAX];
	const struct field *field =
		wanted->name != NULL ? record_field(wanted->kind, wanted->name) : NULL;
	struct reading reading = {
		.wanted = wanted, .field = field, .emit = emit, .to = to
	};
	store_filter_init(&filter);
	filter.cancel = gather->cancel;
	if (wanted->name != NULL && strcmp(wanted->name, "id") == 0)
		filter.id = wanted->value;
	if (wanted->about != NULL)
		narrow(&filter, wanted->about);
	int result = past_read(gather->reader, wanted->kind, &filter, take_stored,
			       &reading, error);
	if (result == -ECANCELED)
		return STATUS_INCOMPLETE;
	return result == 0 ? STATUS_OK : complain(gather, STATUS_INCOMPLETE, error);
}

int gather_each(struct gather *gather, const struct gather_wanted *wanted,
		gather_emit emit, void *to)
{
	return gather->reader != NULL ? read_store(gather, wanted, emit, to)
				      : ask_daemon(gather, wanted, emit, to);
}
