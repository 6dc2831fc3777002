/*
 * level_recall.c: see level_recall.h.
 *
 * Records of the store go through the very engine that counts in the daemon.  Of probes
 * there are millions in a month: the few columns that matter are read, in order of
 * time.
 */
#include "cli/level_recall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "limit/limits.h"
#include "store/store.h"

enum {
	READ_MS = 600000, /* whoever asks for a year may wait */
	STEP_S = 3600,    /* of ports; of a day and less: */
	STEP_FINE_S = 60,
};
#define SECOND_US 1000000LL
#define DAY_US    (86400 * SECOND_US)

struct recalling {
	const struct level_recall *asked;
	struct store_reader *reader;
	struct limits *limits;
	struct gap_record *gaps; /* owned; the oldest first */
	size_t gap_count, next_gap;
};

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater levels: %s\n", why);
	return status;
}

/* ---- times that nobody watched ---- */

/* Of lost packets probes know nothing. */
static bool is_unwatched(const struct gap_record *gap)
{
	return gap->reason != NULL && strcmp(gap->reason, "dropped") != 0;
}

static bool take_gap(void *to, const void *record)
{
	struct recalling *r = to;
	if (!is_unwatched(record))
		return true;
	struct gap_record *grown =
		reallocarray(r->gaps, r->gap_count + 1, sizeof(*grown));
	if (grown == NULL)
		return false;
	r->gaps = grown;
	r->gaps[r->gap_count++] = *(const struct gap_record *)record;
	return true;
}

static int by_end(const void *left, const void *right)
{
	const struct gap_record *a = left, *b = right;
	return (a->end > b->end) - (a->end < b->end);
}

static void pass_gaps(struct recalling *r, int64_t until_us)
{
	for (; r->next_gap < r->gap_count && r->gaps[r->next_gap].end <= until_us;
	     r->next_gap++)
		limits_unwatched(r->limits, r->gaps[r->next_gap].start,
				 r->gaps[r->next_gap].end);
}

static int read_kind(struct recalling *r, enum record_kind kind, uint32_t step_s,
		     store_emit emit)
{
	char error[STORE_ERROR_MAX];
	struct store_filter filter;
	store_filter_init(&filter);
	filter.since_us = r->asked->since_us;
	filter.until_us = r->asked->until_us;
	filter.step_s = step_s;
	filter.time_limit_ms = READ_MS;
	return store_read(r->reader, kind, &filter, emit, r, error) == 0
		       ? STATUS_OK
		       : complain(STATUS_INCOMPLETE, error);
}

/* ---- probes ---- */

enum { AT, TARGET, HARD_STATE, MAINTENANCE, TOTAL_US, IP, PORT, PROTOCOL, COLUMNS };
static const char probes[] =
	"SELECT at,target,hard_state,maintenance,total_us,ip,port,protocol FROM probe "
	"WHERE at>=%lld AND at<%lld ORDER BY at";

static void text_of(const struct store_value *value, char *out, size_t size)
{
	snprintf(out, size, "%.*s", value->type == STORE_TEXT ? (int)value->len : 0,
		 value->type == STORE_TEXT ? (const char *)value->bytes : "");
}

static void read_probe(const struct store_value *v, struct probe_record *probe)
{
	char word[32], ip[ADDR_TEXT_MAX];
	record_init(RECORD_probe, probe);
	probe->at = v[AT].integer;
	text_of(&v[TARGET], probe->target, sizeof(probe->target));
	text_of(&v[PROTOCOL], probe->protocol, sizeof(probe->protocol));
	text_of(&v[HARD_STATE], word, sizeof(word));
	text_of(&v[IP], ip, sizeof(ip));
	probe->hard_state = record_word(word);
	addr_parse(ip, &probe->ip);
	if (v[MAINTENANCE].type == STORE_INTEGER)
		probe->maintenance = v[MAINTENANCE].integer != 0;
	if (v[TOTAL_US].type == STORE_INTEGER)
		probe->total_us = (uint64_t)v[TOTAL_US].integer;
	if (v[PORT].type == STORE_INTEGER)
		probe->port = (uint32_t)v[PORT].integer;
}

static bool take_columns(void *to, const char *const *names, size_t count)
{
	(void)to;
	(void)names;
	return count == COLUMNS;
}

static bool take_probe(void *to, const struct store_value *values, size_t count)
{
	struct recalling *r = to;
	struct probe_record probe;
	if (count != COLUMNS || values[AT].type != STORE_INTEGER)
		return false;
	read_probe(values, &probe);
	pass_gaps(r, probe.at);
	limits_see(r->limits, RECORD_probe, &probe, probe.at);
	return true;
}

static int read_probes(struct recalling *r)
{
	char error[STORE_ERROR_MAX], text[sizeof(probes) + 48];
	const struct store_sql to = { .self = r,
				      .columns = take_columns,
				      .row = take_probe };
	snprintf(text, sizeof(text), probes, (long long)r->asked->since_us,
		 (long long)r->asked->until_us);
	int result = store_sql(r->reader, text, READ_MS, &to, error);
	return result == 0 ? STATUS_OK : complain(STATUS_INCOMPLETE, error);
}

/* ---- ports ---- */

static bool take_port(void *to, const void *record)
{
	const struct recalling *r = to;
	limits_count(r->limits, record);
	return true;
}

static bool wants_ports(const struct limit_rules *rules)
{
	for (size_t i = 0; i < limit_rules_level_count(rules); i++) {
		const struct limit_level *level = limit_rules_level_at(rules, i);
		if (!level->is_off && level->record == RECORD_port)
			return true;
	}
	return false;
}

static int read_ports(struct recalling *r)
{
	const struct level_recall *asked = r->asked;
	bool is_short = asked->until_us - asked->since_us <= DAY_US;
	if (!wants_ports(asked->rules))
		return STATUS_OK;
	return read_kind(r, RECORD_port, is_short ? STEP_FINE_S : STEP_S, take_port);
}

/* ---- all of it ---- */

static void ignore(void *self, const struct alert_record *alert)
{
	(void)self;
	(void)alert;
}

static int count(struct recalling *r)
{
	const struct level_recall *asked = r->asked;
	limits_set_rules(r->limits, asked->rules, asked->since_us);
	int status = read_kind(r, RECORD_gap, 0, take_gap);
	if (r->gap_count > 0)
		qsort(r->gaps, r->gap_count, sizeof(r->gaps[0]), by_end);
	if (status == STATUS_OK)
		status = read_ports(r);
	if (status == STATUS_OK)
		status = read_probes(r);
	if (status != STATUS_OK)
		return status;
	pass_gaps(r, asked->until_us);
	limits_tick(r->limits, asked->until_us);
	if (asked->by_window)
		limits_each_level(r->limits, asked->take, asked->to);
	else
		limits_each_total(r->limits, asked->since_us, asked->until_us,
				  asked->take, asked->to);
	return STATUS_OK;
}

int level_recall(const struct level_recall *asked)
{
	const struct limits_sink sink = { .alert = ignore };
	char error[STORE_ERROR_MAX];
	int status;
	struct recalling r = { .asked = asked };
	r.reader = store_reader_open(asked->folder, error, &status);
	if (r.reader == NULL)
		return complain(status, error);
	r.limits = limits_new(&sink, NULL);
	status = r.limits != NULL ? count(&r)
				  : complain(STATUS_INCOMPLETE, "out of memory");
	limits_free(r.limits);
	store_reader_close(r.reader);
	free(r.gaps);
	return status;
}
