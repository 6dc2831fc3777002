/*
 * forecast.c: breakwater forecast: what will cross which limit, when, how surely.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/capacity.h"
#include "cli/cli.h"
#include "cli/forecast_run.h"
#include "cli/table.h"
#include "config/config.h"

static const char examples[] =
	"  breakwater forecast                what will cross its limit, and what has "
	"room\n"
	"  breakwater forecast 443            one port\n"
	"  breakwater forecast --ahead 4w     farther; at most half of the history\n"
	"  breakwater forecast --all          also what has no limit, and what can't "
	"be\n"
	"                                     told, and why\n"
	"  breakwater forecast --capacity     busiest hours, room, ports nobody uses\n"
	"  breakwater forecast --state DIR    from a store, without the daemon\n";

/* ---- order ---- */

/* Those that cross, the surest and soonest first; the least room; the rest. */
static int rank(const struct forecast_record *f)
{
	if (f->hidden[0] != '\0')
		return 3;
	if (isnan(f->probability))
		return 2;
	return forecast_is_likely(f) ? 0 : 1;
}

static int compare(double a, double b)
{
	return (a > b) - (a < b);
}

static int by_urgency(const void *left, const void *right)
{
	const struct forecast_record *a = left, *b = right;
	int order = rank(a) - rank(b);
	if (order == 0 && rank(a) == 0)
		order = compare(b->probability, a->probability);
	if (order == 0 && rank(a) == 0)
		order = compare((double)a->crosses_at, (double)b->crosses_at);
	if (order == 0 && rank(a) == 1)
		order = compare(a->headroom_ratio, b->headroom_ratio);
	if (order == 0)
		order = strcmp(a->subject, b->subject);
	return order != 0 ? order : strcmp(a->metric, b->metric);
}

/* ---- output ---- */

static bool is_shown(const struct forecast_asked *asked,
		     const struct forecast_record *f)
{
	return asked->all || asked->metric != NULL || rank(f) < 2;
}

static json_t *rows_of(const struct forecast_asked *asked, const struct forecasts *all)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < all->count; i++) {
		struct buf text = { 0 };
		if (!is_shown(asked, &all->rows[i]))
			continue;
		record_json(&text, RECORD_forecast, &all->rows[i]);
		json_array_append_new(rows, object_parse(&text));
		buf_free(&text);
	}
	return rows;
}

static void tell_left_out(const struct forecast_asked *asked,
			  const struct forecasts *all)
{
	size_t hidden = 0, unlimited = 0;
	for (size_t i = 0; i < all->count; i++) {
		hidden += rank(&all->rows[i]) == 3;
		unlimited += rank(&all->rows[i]) == 2;
	}
	if (asked->all || asked->metric != NULL || hidden + unlimited == 0)
		return;
	fflush(stdout);
	fprintf(stderr,
		"%s%zu without a limit, %zu that can't be told; --all has them and "
		"why\n",
		hidden + unlimited == all->count ? "nothing can be told of limits yet: "
						 : "and ",
		unlimited, hidden);
}

static void print_table(const struct forecast_asked *asked, const struct forecasts *all)
{
	const struct look look = look_of(&asked->common);
	const struct limits limits = limits_of(NULL);
	json_t *rows = rows_of(asked, all);
	if (json_array_size(rows) > 0)
		table_print(&view_forecasts, rows, &limits, &look);
	else if (all->count == 0)
		fprintf(stderr, "%s\n", view_forecasts.nothing);
	json_decref(rows);
	tell_left_out(asked, all);
}

static void print_json(const struct forecast_asked *asked, const struct forecasts *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (is_shown(asked, &all->rows[i]))
			record_print(RECORD_forecast, &all->rows[i]);
}

static int print_all(const struct forecast_asked *asked, struct forecasts *all)
{
	bool is_bad = false;
	if (all->count > 0)
		qsort(all->rows, all->count, sizeof(all->rows[0]), by_urgency);
	if (asked->common.json)
		print_json(asked, all);
	else
		print_table(asked, all);
	for (size_t i = 0; i < all->count; i++)
		is_bad = is_bad || forecast_is_bad(&all->rows[i]);
	return is_bad ? STATUS_BAD_NEWS : STATUS_OK;
}

/* ---- all of it ---- */

static int forecast_all(const struct forecast_asked *asked, struct forecast_run *run)
{
	struct forecasts all = { 0 };
	struct foresee *f = &run->foresee;
	f->emit = forecasts_keep;
	f->to = &all;
	int status = forecast_run_all(run);
	if (status == STATUS_OK && all.has_failed)
		status = forecast_complain(STATUS_INCOMPLETE, "out of memory");
	if (status == STATUS_OK)
		status = print_all(asked, &all);
	free(all.rows);
	f->to = NULL;
	return status;
}

static int run(const struct forecast_asked *asked)
{
	struct forecast_run run;
	int status = forecast_run_open(&run, asked);
	if (status == STATUS_OK)
		status = asked->capacity ? capacity_print(&run)
					 : forecast_all(asked, &run);
	forecast_run_close(&run);
	return status;
}

static void print_columns(void)
{
	view_print_columns(&view_forecasts);
	puts("\nWith --capacity:");
	view_print_columns(&view_capacity);
}

/* The operand, as --port. */
static bool read_port(const char *text, uint64_t *port)
{
	char *end;
	*port = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *port <= UINT16_MAX;
}

int command_forecast(int argc, char **argv)
{
	struct forecast_asked a = { .port = UINT64_MAX };
	const struct option_spec specs[] = {
		{ 'a', OPTION_FLAG, "all", NULL,
		  "also values without a limit, and what can't be told, and why",
		  &a.all, 0, 0 },
		{ 0, OPTION_FLAG, "capacity", NULL,
		  "how services are used by hour of the week, and which are not",
		  &a.capacity, 0, 0 },
		{ 'p', OPTION_NUMBER, "port", "N", "only this port", &a.port, 0,
		  65535 },
		{ 0, OPTION_TEXT, "host", "IP", "only this server", &a.host, 0, 0 },
		{ 't', OPTION_TEXT, "transport", "T", "only tcp, udp or sctp",
		  &a.transport, 0, 0 },
		{ 0, OPTION_TEXT, "metric", "NAME",
		  "only this value: response_p95_us, error_ratio, ...", &a.metric, 0,
		  0 },
		{ 0, OPTION_TEXT, "ahead", "T",
		  "how far to look (14d); at most half of the history, and 4w",
		  &a.ahead, 0, 0 },
		{ 0, OPTION_TIME, "since", "TIME",
		  "begin of the history (12w ago at most)", &a.since, 0, 0 },
		{ 0, OPTION_TIME, "until", "TIME",
		  "end of it: what would have been said then", &a.until, 0, 0 },
		OPTION_CONFIG(&a.config_path),
		{ 0, OPTION_TEXT, "state", "DIR",
		  "read the store in this folder, without the daemon", &a.state, 0, 0 },
	};
	const struct command_help help = {
		.name = "forecast",
		.operands = "[PORT]",
		.doc = "What will cross which limit, when, and how surely; then how "
		       "much room there is.\nEach forecast was tried on its own past "
		       "first. Exit status: 1 if one crosses\nrather than not.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
		.more = print_columns,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &a.common, &first, &status))
		return status;
	if (argc - first > 1)
		return forecast_complain(STATUS_USAGE, "one port at a time");
	if (first < argc && !read_port(argv[first], &a.port))
		return forecast_complain(STATUS_USAGE,
					 "a port is a number from 0 to 65535");
	if (a.metric != NULL && !foresee_has(a.metric))
		return STATUS_USAGE;
	if (a.host != NULL && !addr_parse(a.host, &a.ip))
		return forecast_complain(STATUS_USAGE,
					 "--host: an address, such as 192.0.2.1");
	return run(&a);
}
