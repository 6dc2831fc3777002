/*
 * depot_driver.c: does to a depot what it is told, one command a line, as a hub would.
 *
 *   depot_driver WHERE < COMMANDS
 *
 * Each is an object of JSON with "do", each answer one with "result" (of a reading it
 * comes behind the records):
 *   write   "batches": [{"sensor", "lane", "epoch", "sequence", "records": [...]}, or
 *           with "damage": true what is no batch]; answers with "results"
 *   bulk    writes "count" batches of "records" flows each, from "sequence" on, one
 *           call each, and answers before the next
 *   read    "record", "since", "until", "limit", "port", "host", "transport", "step",
 *           "id", "target", "sensors"
 *   sql     "text", "limit_ms"
 *   prune   "flows_s", "ports_s", "probes_s", "events_s", "now"
 *   fields  "seed": writes records of every kind with hostile texts and numbers at
 *           their limits, reads them again and answers with "wrong": the fields that
 *           are not what they were
 * Times are microseconds since 1970.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "depot_hostile.h"
#include "fleet/depot_driver.h"
#include "record/from_json.h"

#define SECOND 1000000LL

enum { BATCHES_MAX = 256, ROUNDS = 8 };

static struct depot *depot;
static char error[DEPOT_ERROR_MAX];

union any_record {
	struct flow_record flow;
	char room[16384];
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "depot_driver: %s\n", what);
	exit(2);
}

static int64_t number_of(const json_t *object, const char *name, int64_t other)
{
	const json_t *value = json_object_get(object, name);
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : other;
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void answer(json_t *object)
{
	if (json_dumpf(object, stdout, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		die("an answer that is no JSON");
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

static void answer_result(int result, json_t *more)
{
	json_object_set_new(more, "result", json_integer(result));
	json_object_set_new(more, "error", json_string(error));
	answer(more);
}

/* ---- batches ---- */

static enum record_kind kind_of(const char *name)
{
	const struct schema *schema = name != NULL ? schema_by_name(name) : NULL;
	if (schema == NULL || schema->size > sizeof(union any_record))
		die("no record of that name");
	return (enum record_kind)(schema - schemas);
}

static void name_batch(struct batch_id *id, const json_t *object)
{
	const char *lane = text_of(object, "lane");
	snprintf(id->sensor, sizeof(id->sensor), "%s", text_of(object, "sensor"));
	for (unsigned i = 0; i < FLEET_LANES; i++)
		if (strcmp(fleet_lane_name((enum fleet_lane)i), lane) == 0)
			id->lane = (enum fleet_lane)i;
	id->epoch = (uint64_t)number_of(object, "epoch", 1);
	id->sequence = (uint64_t)number_of(object, "sequence", 1);
}

static void finish_batch(struct batch *batch, struct depot_batch *out,
			 struct buf *bytes)
{
	struct batch_head head = { .id = out->id,
				   .made_us = clock_us(CLOCK_REALTIME),
				   .lost_us = UNKNOWN_TIME };
	if (!batch_finish(batch, &head, bytes))
		die("a batch that can't be finished");
	out->bytes = bytes->at;
	out->len = bytes->len;
}

static void fill_batch(struct batch *batch, const json_t *records)
{
	size_t i;
	json_t *object;
	json_array_foreach(records, i, object)
	{
		static union any_record record;
		enum record_kind kind = kind_of(text_of(object, "record"));
		if (!record_from_json(kind, object, &record))
			die("a record that is none");
		if (!batch_add(batch, kind, &record))
			die("a record too many");
	}
}

static json_t *write_all(struct depot_batch *batches, size_t count, int *result)
{
	json_t *results = json_array();
	*result = depot_write(depot, batches, count, error);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(results, json_integer(batches[i].result));
	return json_pack("{s:o}", "results", results);
}

static void do_write(const json_t *command)
{
	static struct depot_batch batches[BATCHES_MAX];
	static struct buf bytes[BATCHES_MAX];
	struct batch *batch = batch_new();
	const json_t *list = json_object_get(command, "batches");
	size_t count = json_array_size(list);
	int result;
	if (batch == NULL || count > BATCHES_MAX)
		die("too many batches");
	for (size_t i = 0; i < count; i++) {
		const json_t *object = json_array_get(list, i);
		buf_clear(&bytes[i]);
		name_batch(&batches[i].id, object);
		batches[i].again = json_is_true(json_object_get(object, "again"));
		fill_batch(batch, json_object_get(object, "records"));
		finish_batch(batch, &batches[i], &bytes[i]);
		if (json_is_true(json_object_get(object, "damage")))
			bytes[i].at[bytes[i].len - 1] ^= 0x55;
		if (json_is_true(json_object_get(object, "cut")))
			batches[i].len /= 2;
	}
	batch_free(batch);
	json_t *more = write_all(batches, count, &result);
	answer_result(result, more);
}

/* Flows that differ in everything that a batch of them could be mixed up in. */
static void fill_bulk(struct batch *batch, const json_t *command, uint64_t sequence)
{
	int64_t at_us = number_of(command, "at", clock_us(CLOCK_REALTIME));
	int64_t count = number_of(command, "records", 100);
	for (int64_t i = 0; i < count; i++) {
		struct flow_record flow;
		uint8_t four[4] = { 10, (uint8_t)(i >> 8), (uint8_t)i, 1 };
		record_init(RECORD_flow, &flow);
		flow.start = at_us - SECOND;
		flow.end = at_us + i;
		flow.transport = record_word("tcp");
		flow.client_ip = addr_v4(four);
		flow.client_port = (uint32_t)sequence;
		flow.server_port = (uint32_t)i;
		flow.client_bytes = 1;
		if (!batch_add(batch, RECORD_flow, &flow))
			die("a flow too many");
	}
}

static void do_bulk(const json_t *command)
{
	struct batch *batch = batch_new();
	struct buf bytes = { 0 };
	int64_t count = number_of(command, "count", 1);
	if (batch == NULL)
		die("not enough memory");
	for (int64_t i = 0; i < count; i++) {
		struct depot_batch one = { .again = json_is_true(
						   json_object_get(command, "again")) };
		int result;
		name_batch(&one.id, command);
		one.id.sequence += (uint64_t)i;
		buf_clear(&bytes);
		fill_bulk(batch, command, one.id.sequence);
		finish_batch(batch, &one, &bytes);
		json_t *more = write_all(&one, 1, &result);
		answer_result(result, more);
	}
	buf_free(&bytes);
	batch_free(batch);
}

/* ---- reading ---- */

struct printing {
	enum record_kind kind;
	struct buf line;
};

static bool print(void *to, const void *record)
{
	struct printing *printing = to;
	buf_clear(&printing->line);
	record_json(&printing->line, printing->kind, record);
	puts(buf_cstr(&printing->line));
	return true;
}

static void make_filter(struct store_filter *filter, const json_t *command)
{
	static const char *sensors[BATCHES_MAX];
	const json_t *list = json_object_get(command, "sensors");
	const char *host = text_of(command, "host");
	store_filter_init(filter);
	filter->since_us = number_of(command, "since", INT64_MIN);
	filter->until_us = number_of(command, "until", INT64_MAX);
	filter->has_port = json_object_get(command, "port") != NULL;
	filter->port = (uint16_t)number_of(command, "port", 0);
	filter->has_host = host != NULL && prefix_parse(host, &filter->host);
	filter->transport = text_of(command, "transport");
	filter->step_s = (uint32_t)number_of(command, "step", 0);
	filter->id = text_of(command, "id");
	filter->id_begins = json_is_true(json_object_get(command, "begins"));
	filter->target = text_of(command, "target");
	filter->time_limit_ms = (uint32_t)number_of(command, "limit_ms", 0);
	filter->sensor_count = json_array_size(list);
	for (size_t i = 0; i < filter->sensor_count; i++)
		sensors[i] = json_string_value(json_array_get(list, i));
	filter->sensors = sensors;
}

static void do_read(const json_t *command)
{
	struct store_filter filter;
	struct printing printing = { .kind = kind_of(text_of(command, "record")) };
	make_filter(&filter, command);
	int result = depot_read(depot, printing.kind, &filter,
				(size_t)number_of(command, "limit", 0), print,
				&printing, error);
	buf_free(&printing.line);
	answer_result(result, json_object());
}

static void do_chain(const json_t *command)
{
	struct printing printing = { .kind = kind_of(text_of(command, "record")) };
	const struct depot_chain chain = {
		.sensor = text_of(command, "sensor"),
		.after = (uint64_t)number_of(command, "after", 0),
		.limit = (size_t)number_of(command, "limit", 100),
	};
	int result =
		depot_read_chain(depot, printing.kind, &chain, print, &printing, error);
	buf_free(&printing.line);
	answer_result(result, json_object());
}

/* ---- SQL ---- */

static bool print_columns(void *self, const char *const *names, size_t count)
{
	json_t *row = json_array();
	(void)self;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(row, json_string(names[i]));
	answer(row);
	return true;
}

static json_t *json_of(const struct store_value *value)
{
	switch (value->type) {
	case STORE_INTEGER:
		return json_integer(value->integer);
	case STORE_REAL:
		return json_real(value->real);
	case STORE_TEXT:
	case STORE_BLOB:
		return json_stringn_nocheck(value->bytes, value->len);
	default:
		return json_null();
	}
}

static bool print_row(void *self, const struct store_value *values, size_t count)
{
	json_t *row = json_array();
	(void)self;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(row, json_of(&values[i]));
	answer(row);
	return true;
}

static void do_sql(const json_t *command)
{
	const struct store_parameter parameters[] = {
		{ ":port", NULL, number_of(command, "port", 443) },
		{ ":name", "it's", 0 },
	};
	const struct store_sql to = { .columns = print_columns,
				      .row = print_row,
				      .parameters = parameters,
				      .parameter_count = 2 };
	uint32_t limit_ms = (uint32_t)number_of(command, "limit_ms", 0);
	answer_result(depot_sql(depot, text_of(command, "text"), limit_ms, &to, error),
		      json_object());
}

static void do_prune(const json_t *command)
{
	const struct depot_limits limits = {
		.flows_s = (uint32_t)number_of(command, "flows_s", 0),
		.ports_s = (uint32_t)number_of(command, "ports_s", 0),
		.probes_s = (uint32_t)number_of(command, "probes_s", 0),
		.events_s = (uint32_t)number_of(command, "events_s", 0),
	};
	int64_t now_us = number_of(command, "now", clock_us(CLOCK_REALTIME));
	answer_result(depot_prune(depot, &limits, now_us, error), json_object());
}

/* ---- every field of every kind ---- */

/* What is not UTF-8 PostgreSQL can't hold. */
static bool is_same_text(const char *wanted, const char *got, size_t size)
{
	struct buf clean = { 0 };
	char cut[sizeof(field_text256)];
	depot_utf8(&clean, wanted);
	record_text(cut, size, buf_cstr(&clean));
	buf_free(&clean);
	bool is_kept = strcmp(wanted, got) == 0;
	return is_kept ||
	       (strcmp(depot_kind(depot), "postgresql") == 0 && strcmp(cut, got) == 0);
}

static bool is_same(const struct field *field, const void *wanted, const void *got)
{
	static const size_t sizes[] = {
		[TYPE_time] = sizeof(field_time),
		[TYPE_addr] = sizeof(field_addr),
		[TYPE_u16] = sizeof(field_u16),
		[TYPE_u32] = sizeof(field_u32),
		[TYPE_u64] = sizeof(field_u64),
		[TYPE_flag] = sizeof(field_flag),
		[TYPE_text32] = sizeof(field_text32),
		[TYPE_text64] = sizeof(field_text64),
		[TYPE_text256] = sizeof(field_text256),
	};
	const field_bytes1536 *bytes = wanted, *other = got;
	const char *word = *(const field_word *)wanted,
		   *read = *(const field_word *)got;
	switch (field->type) {
	case TYPE_ratio:
	case TYPE_real:
		return *(const double *)wanted == *(const double *)got ||
		       (isnan(*(const double *)wanted) && isnan(*(const double *)got));
	case TYPE_word:
		return is_same_text(word != NULL ? word : "", read != NULL ? read : "",
				    32);
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		return is_same_text(wanted, got, sizes[field->type]);
	case TYPE_bytes1536:
		return bytes->len == other->len &&
		       memcmp(bytes->at, other->at, bytes->len) == 0;
	default:
		return memcmp(wanted, got, sizes[field->type]) == 0;
	}
}

struct comparing {
	enum record_kind kind;
	const union any_record *wanted; /* the newest is the last */
	size_t left;
	json_t *wrong;
};

/* Of one that is made of many only what is neither added up nor a mean. */
static bool is_compared(enum record_kind kind, const struct field *field)
{
	return kind != RECORD_port ||
	       (field->type != TYPE_ratio && strcmp(field->name, "start") != 0 &&
		strcmp(field->name, "interval_s") != 0 &&
		strcmp(field->name, "response_mean_us") != 0);
}

static bool compare(void *to, const void *record)
{
	struct comparing *comparing = to;
	const struct schema *schema = &schemas[comparing->kind];
	if (comparing->left == 0) {
		json_array_append_new(comparing->wrong, json_string("one too many"));
		return false;
	}
	const void *wanted = &comparing->wanted[--comparing->left];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (is_compared(comparing->kind, field) &&
		    !is_same(field, (const char *)wanted + field->offset,
			     (const char *)record + field->offset))
			json_array_append_new(
				comparing->wrong,
				json_sprintf("%s.%s", schema->name, field->name));
	}
	return true;
}

/* Ports come in their own order, so there is one. */
static void check_kind(enum record_kind kind, uint64_t sequence, json_t *wrong)
{
	static union any_record records[ROUNDS];
	struct comparing comparing = { kind, records, kind == RECORD_port ? 1 : ROUNDS,
				       wrong };
	struct store_filter filter;
	struct batch *batch = batch_new();
	struct buf bytes = { 0 };
	struct depot_batch one = { .id = { .sensor = "fields",
					   .lane = (enum fleet_lane)fleet_lane_of(kind),
					   .epoch = UINT64_MAX - 7,
					   .sequence = sequence } };
	for (size_t i = 0; i < comparing.left; i++) {
		draw_record(kind, &records[i]);
		if (!batch_add(batch, kind, &records[i]))
			die("a record too many");
	}
	finish_batch(batch, &one, &bytes);
	batch_free(batch);
	if (depot_write(depot, &one, 1, error) != 0 || one.result != 0)
		json_array_append_new(wrong,
				      json_sprintf("%s: %d %s", schemas[kind].name,
						   one.result, error));
	store_filter_init(&filter);
	if (depot_read(depot, kind, &filter, 0, compare, &comparing, error) != 0)
		json_array_append_new(wrong, json_string(error));
	if (comparing.left != 0)
		json_array_append_new(wrong,
				      json_sprintf("%s: %zu are missing",
						   schemas[kind].name, comparing.left));
	buf_free(&bytes);
}

static void do_fields(const json_t *command)
{
	json_t *wrong = json_array();
	random_state = (uint64_t)number_of(command, "seed", 1) * 2654435761 + 1;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (depot_keeps((enum record_kind)kind))
			check_kind((enum record_kind)kind, kind + 1, wrong);
	answer_result(0, json_pack("{s:o}", "wrong", wrong));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const json_t *command);
	} commands[] = { { "write", do_write },  { "bulk", do_bulk },
			 { "read", do_read },    { "chain", do_chain },
			 { "sql", do_sql },      { "prune", do_prune },
			 { "fields", do_fields } };
	char *line = NULL;
	size_t room = 0;
	if (argc != 2)
		die("usage: depot_driver WHERE < COMMANDS");
	depot = depot_open(argv[1], error);
	answer_result(depot != NULL ? 0 : -EAGAIN, json_object());
	while (depot != NULL && getline(&line, &room, stdin) > 0) {
		json_t *command = json_loads(line, 0, NULL);
		const char *name = text_of(command, "do");
		if (name == NULL)
			die("a command that is none");
		error[0] = '\0';
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
			if (strcmp(name, commands[i].name) == 0)
				commands[i].run(command);
		json_decref(command);
	}
	free(line);
	depot_close(depot);
	return 0;
}
