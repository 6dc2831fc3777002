/*
 * explain.c: breakwater explain PORT: one screen on one port, the cause first.
 *
 * Asks the daemon for the records and lets the explain room judge them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/explain_forecast.h"
#include "cli/explain_screen.h"
#include "cli/json.h"
#include "record/from_json.h"

enum { PATH_MAX_LEN = 160 };

/* What was asked for, owned. */
struct gathered {
	struct explain_facts facts;
	struct home own;
	void *arrays[12];
	size_t array_count;
	char missing[CLIENT_ERROR_MAX]; /* why some of the past is; "": none is */
	struct explain_forecasts forecasts;
};

static int not_readable(char error[static CLIENT_ERROR_MAX])
{
	snprintf(error, CLIENT_ERROR_MAX, "the daemon's answer can't be read");
	return STATUS_UNREACHABLE;
}

static int read_rows(enum record_kind kind, const json_t *rows, void **records,
		     size_t *count, char error[static CLIENT_ERROR_MAX])
{
	size_t size = schemas[kind].size, all = json_array_size(rows);
	*records = calloc(all + 1, size);
	if (rows == NULL || *records == NULL)
		return not_readable(error);
	for (size_t i = 0; i < all; i++)
		if (!record_from_json(kind, json_array_get(rows, i),
				      (char *)*records + i * size))
			return not_readable(error);
	*count = all;
	return STATUS_OK;
}

/*
 * Asks for records of that kind and reads them all: *records is an array of *count, to
 * be freed.  What the daemon can't say now, because the store can't be read, is noted
 * and does without: memory knows how the port is.  0, or an exit status and one line in
 * error.
 */
static int records_get(struct client *client, const char *path, enum record_kind kind,
		       struct gathered *g, void **records, size_t *count,
		       char error[static CLIENT_ERROR_MAX])
{
	struct buf body = { 0 };
	struct client_told told = { 0 };
	*records = NULL;
	*count = 0;
	int status = client_get(client, path, &body, NULL, &told, error);
	if (status == STATUS_INCOMPLETE) {
		snprintf(g->missing, sizeof(g->missing), "%s", error);
		status = STATUS_OK;
	} else if (status == STATUS_OK) {
		if (told.incomplete[0] != '\0')
			memcpy(g->missing, told.incomplete, sizeof(g->missing));
		json_t *rows = lines_parse(&body);
		status = read_rows(kind, rows, records, count, error);
		json_decref(rows);
	}
	buf_free(&body);
	return status;
}

/* One question; the records go to *records of the facts. */
struct question {
	const char *path, *rest; /* "/api/v1/ports", "&since=7d" */
	enum record_kind kind;
	const void **records;
	size_t *count;
};

static int ask(struct client *client, const struct question *q, struct gathered *g,
	       char error[static CLIENT_ERROR_MAX])
{
	char path[PATH_MAX_LEN];
	void *records;
	snprintf(path, sizeof(path), "%s?limit=100000%s", q->path, q->rest);
	int status = records_get(client, path, q->kind, g, &records, q->count, error);
	*q->records = records;
	g->arrays[g->array_count++] = records;
	return status;
}

static int ask_all(struct client *client, const char *port, struct gathered *g,
		   char error[static CLIENT_ERROR_MAX])
{
	char now[64], week[64], flows[64];
	struct explain_facts *f = &g->facts;
	snprintf(now, sizeof(now), "&port=%s", port);
	snprintf(week, sizeof(week), "&port=%s&since=7d", port);
	snprintf(flows, sizeof(flows), "&port=%s&since=2m", port);
#define INTO(member) (const void **)(void *)&f->member##s, &f->member##_count
	const struct question questions[] = {
		{ "/api/v1/listeners", now, RECORD_listener, INTO(listener) },
		{ "/api/v1/listeners", week, RECORD_listener, INTO(change) },
		{ "/api/v1/sockets", now, RECORD_socket, INTO(socket) },
		{ "/api/v1/findings", now, RECORD_finding, INTO(finding) },
		{ "/api/v1/alerts", now, RECORD_alert, INTO(alert) },
		{ "/api/v1/gaps", "&since=7d", RECORD_gap, INTO(gap) },
		{ "/api/v1/probes", now, RECORD_probe, INTO(probe) },
		{ "/api/v1/flows", flows, RECORD_flow, INTO(flow) },
		{ "/api/v1/ports", now, RECORD_port, (const void **)(void *)&f->now,
		  &f->now_count },
		{ "/api/v1/anomalies", "&since=1d", RECORD_anomaly,
		  (const void **)(void *)&f->unusual, &f->unusual_count },
	};
#undef INTO
	int status = STATUS_OK;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (status == STATUS_OK)
			status = ask(client, &questions[i], g, error);
	return status;
}

/* Coarse rows for what is long ago, fine ones for what is near: no row twice. */
static const struct {
	const char *since, *until, *step;
} ages[] = {
	{ "7d", "3h", "1h" },
	{ "3h", "30m", "1m" },
	{ "30m", "0s", "10s" },
};

static int by_start(const void *left, const void *right)
{
	const struct port_record *a = left, *b = right;
	return a->start < b->start ? -1 : a->start > b->start;
}

static int ask_past(struct client *client, const char *port, struct gathered *g,
		    char error[static CLIENT_ERROR_MAX])
{
	struct port_record *all = NULL;
	size_t total = 0;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		char path[PATH_MAX_LEN];
		void *records;
		size_t count;
		snprintf(path, sizeof(path),
			 "/api/v1/ports?limit=100000&port=%s&since=%s&until=%s&step=%s",
			 port, ages[i].since, ages[i].until, ages[i].step);
		int status = records_get(client, path, RECORD_port, g, &records, &count,
					 error);
		struct port_record *grown = NULL;
		if (status == STATUS_OK)
			grown = reallocarray(all, total + count + 1, sizeof(*all));
		if (grown != NULL) {
			all = grown;
			memcpy(all + total, records, count * sizeof(*all));
			total += count;
		}
		free(records);
		if (status != STATUS_OK) {
			free(all);
			return status;
		}
	}
	qsort(all, total, sizeof(*all), by_start);
	g->facts.past = g->arrays[g->array_count++] = all;
	g->facts.past_count = total;
	return STATUS_OK;
}

static int ask_status(struct client *client, struct gathered *g,
		      char error[static CLIENT_ERROR_MAX])
{
	struct buf body = { 0 };
	int status = client_get(client, "/api/v1/status", &body, NULL, NULL, error);
	json_t *object = status == STATUS_OK ? object_parse(&body) : NULL;
	struct limits limits = limits_of(object);
	g->facts.limit_response_us = limits.response_ms * 1000;
	g->facts.limit_loss = limits.loss;
	g->facts.limit_errors = limits.errors;
	g->facts.packets_seen =
		json_array_size(json_object_get(object, "interfaces")) > 0;
	const json_t *sockets = json_object_get(object, "sockets");
	g->facts.sockets_seen =
		sockets != NULL && !json_is_false(json_object_get(sockets, "watched"));
	json_decref(object);
	buf_free(&body);
	return status;
}

static int gather(const struct common_options *common, uint16_t port,
		  struct gathered *g, char error[static CLIENT_ERROR_MAX])
{
	char text[8];
	snprintf(text, sizeof(text), "%u", port);
	g->facts.port = port;
	g->facts.now_us = clock_us(CLOCK_REALTIME);
	home_add_addresses(&g->own);
	g->facts.own = &g->own;
	struct client *client = client_open(common);
	if (client == NULL) {
		snprintf(error, CLIENT_ERROR_MAX, "out of memory");
		return STATUS_UNREACHABLE;
	}
	int status = ask_status(client, g, error);
	if (status == STATUS_OK)
		status = ask_all(client, text, g, error);
	if (status == STATUS_OK)
		status = ask_past(client, text, g, error);
	client_close(client);
	if (status == STATUS_OK && g->missing[0] == '\0')
		explain_foretell(common, port, &g->forecasts);
	g->facts.forecasts = g->forecasts.at;
	g->facts.forecast_count = g->forecasts.count;
	return status;
}

static int verdict(enum explain_cause cause)
{
	if (cause == EXPLAIN_UNKNOWN)
		return STATUS_INCOMPLETE;
	return cause < EXPLAIN_SLOWER_THAN_USUAL ? STATUS_BAD_NEWS : STATUS_OK;
}

/* Bad news are bad news without a past, too. */
static int tell_missing(const struct gathered *g, int status)
{
	char text[CLIENT_ERROR_MAX];
	text_clean(text, sizeof(text), g->missing);
	fflush(stdout);
	fprintf(stderr, "breakwater explain: the past is not known: %s\n", text);
	return status == STATUS_OK ? STATUS_INCOMPLETE : status;
}

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    value > UINT16_MAX) {
		fprintf(stderr,
			"breakwater explain: \"%s\" is not a port number from 0 to "
			"65535\n",
			text);
		return false;
	}
	*port = (uint16_t)value;
	return true;
}

static int explain_port(uint16_t port, const struct common_options *common)
{
	char error[CLIENT_ERROR_MAX];
	struct gathered *g = calloc(1, sizeof(*g));
	if (g == NULL)
		return STATUS_UNREACHABLE;
	int status = gather(common, port, g, error);
	if (status == STATUS_OK) {
		struct explain_scope scope;
		struct explain_answer answer;
		explain_scope_open(&g->facts, &scope);
		explain(&g->facts, &answer);
		if (common->json)
			explain_json(&scope.facts, &answer);
		else
			explain_screen(&scope.facts, &answer, common);
		status = verdict(answer.cause);
		if (g->missing[0] != '\0')
			status = tell_missing(g, status);
		explain_free(&answer);
		explain_scope_close(&scope);
	} else {
		fprintf(stderr, "breakwater explain: %s\n", error);
	}
	for (size_t i = 0; i < g->array_count; i++)
		free(g->arrays[i]);
	free(g);
	return status;
}

int command_explain(int argc, char **argv)
{
	const struct command_help help = {
		.name = "explain",
		.operands = "PORT",
		.doc = "Everything known about one port, and in words why it is "
		       "unwell.\n"
		       "Exit status: 0 well or idle, 1 unwell, 5 too little is known.",
		.examples = "  breakwater explain 443\n"
			    "  breakwater explain 5432 --json | jq -r .why\n",
	};
	struct common_options common;
	int first, status;
	uint16_t port;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (first + 1 != argc) {
		fprintf(stderr, "breakwater explain: which PORT? (one; --help says "
				"more)\n");
		return STATUS_USAGE;
	}
	if (!parse_port(argv[first], &port))
		return STATUS_USAGE;
	return explain_port(port, &common);
}
