/*
 * top_data.c: what the full screen shows: asked for once a second.
 *
 * The daemon filters, sorts and limits: of 100,000 connections only what is in sight,
 * and a little more, is ever sent.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cells.h"
#include "cli/client_json.h"
#include "cli/top.h"

enum {
	SELDOM_MS = 10000, /* ports for the headline; what comes from the store */
	ANSWER_MS = 3000,
	PAST_ANSWER_MS = 15000,
};
#define SECOND_US 1000000.0

static int64_t now_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

/* ---- the monitor itself ---- */

/* What happened between two records becomes rates of the newer one. */
static void add_rates(json_t *now, const json_t *before)
{
	int64_t now_us, before_us;
	if (before == NULL || !cell_time_of(now, "at", &now_us) ||
	    !cell_time_of(before, "at", &before_us) || now_us <= before_us)
		return;
	double seconds = (double)(now_us - before_us) / SECOND_US;
	static const char *const names[][2] = { { "packets", "packets_per_s" },
						{ "bytes", "bytes_per_s" } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		double more = member_number(now, names[i][0]) -
			      member_number(before, names[i][0]);
		if (more >= 0) /* less: the daemon is a new one */
			json_object_set_new(now, names[i][1],
					    json_real(more / seconds));
	}
}

/* The newest first; one that was told already is left out. */
static void keep_second(struct top *top, json_t *second)
{
	json_t *newest = json_array_get(top->seconds, 0);
	const char *at = member_text(second, "at");
	const char *before = member_text(newest, "at");
	if (at == NULL || (before != NULL && strcmp(at, before) == 0))
		return;
	add_rates(second, newest);
	json_array_insert(top->seconds, 0, second);
	if (json_array_size(top->seconds) > SECONDS_MAX)
		json_array_remove(top->seconds, SECONDS_MAX);
}

static int ask_self(struct top *top)
{
	json_t *seconds = NULL;
	int status = client_records(top->client, "/api/v1/self", &seconds, NULL,
				    top->problem);
	if (status == STATUS_OK && json_array_size(seconds) > 0)
		keep_second(top, json_array_get(seconds, 0));
	json_decref(seconds);
	return status;
}

/* ---- the headline ---- */

static int ask_ports(struct top *top)
{
	struct client_told told = { 0 };
	if (top->ports != NULL && now_ms() < top->ports_due_ms)
		return STATUS_OK;
	top->ports_due_ms = now_ms() + SELDOM_MS;
	int status = client_records(top->client, view_ports.path, &top->ports, &told,
				    top->problem);
	top->port_total = told.total;
	return status;
}

/* ---- the view ---- */

/* What can be seen, and room to move; a text is looked for in many. */
static size_t rows_wanted(struct top *top)
{
	const struct place *place = top_place(top);
	size_t shown = top->rows_shown > 0 ? (size_t)top->rows_shown : 0;
	size_t wanted = place->selected + shown + ROWS_STEP;
	if (filter_has_text(place->filter) || top->mode == MODE_SEARCH)
		return ROWS_MAX;
	wanted = (wanted / ROWS_STEP + 1) * ROWS_STEP;
	return wanted < ROWS_MAX ? wanted : ROWS_MAX;
}

/* What the daemon is to sort by: of more rows than that it chooses. */
static const struct column *daemons_order(struct top *top)
{
	const struct top_view *view = top_view(top);
	const struct column *sort = top_place(top)->sort;
	bool here = sort != NULL && view->sorted_here != NULL &&
		    strcmp(sort->sort, view->sorted_here) == 0;
	return sort != NULL && !here ? sort : view_column(view->view, view->view->sort);
}

void top_records_path(struct top *top, struct buf *path)
{
	char limit[24], sort[64];
	const struct place *place = top_place(top);
	const struct view *view = top_view(top)->view;
	const struct column *column = daemons_order(top);
	bool up = (column != NULL && column->ascending) != place->reversed;
	snprintf(limit, sizeof(limit), "%zu", rows_wanted(top));
	snprintf(sort, sizeof(sort), "%s:%s",
		 column != NULL ? column->sort : view->sort, up ? "asc" : "desc");
	buf_text(path, view->path);
	filter_parameters(place->filter, top_view(top), path);
	client_parameter(path, "limit", limit);
	client_parameter(path, "sort", sort);
}

static int ask_records(struct top *top, struct client_told *told,
		       char error[static CLIENT_ERROR_MAX])
{
	struct buf path = { 0 };
	if (top_view(top)->fetch != NULL)
		return top_view(top)->fetch(top, &top->records, told, error);
	top_records_path(top, &path);
	int status = client_records(top->client, buf_cstr(&path), &top->records, told,
				    error);
	buf_free(&path);
	return status;
}

/* A filter that the daemon can't follow is no trouble of the daemon. */
static int ask_view(struct top *top)
{
	char error[CLIENT_ERROR_MAX] = "";
	struct client_told told = { 0 };
	bool is_past = filter_has_time(top_place(top)->filter);
	client_answer_within(top->client, is_past ? PAST_ANSWER_MS : ANSWER_MS);
	int status = ask_records(top, &told, error);
	top->view_due_ms = now_ms() + (is_past ? SELDOM_MS : 0);
	top->refused[0] = '\0';
	if (status == STATUS_USAGE) {
		text_clean(top->refused, sizeof(top->refused), error);
		json_decref(top->records);
		top->records = NULL;
		top->total = 0;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		top->total = told.total;
	else
		memcpy(top->problem, error, sizeof(error));
	return status;
}

int top_refresh(struct top *top)
{
	top->view_due_ms = 0;
	return top_refresh_due(top);
}

int top_refresh_due(struct top *top)
{
	client_answer_within(top->client, ANSWER_MS);
	int status = client_object(top->client, "/api/v1/status", &top->status,
				   top->problem);
	if (status == STATUS_OK)
		status = client_object(top->client, "/health", &top->health,
				       top->problem);
	if (status == STATUS_OK)
		status = ask_self(top);
	if (status == STATUS_OK)
		status = ask_ports(top);
	if (status == STATUS_OK && now_ms() >= top->view_due_ms)
		status = ask_view(top);
	if (status != STATUS_OK)
		return status;
	top->problem[0] = '\0';
	top->told_at = time(NULL);
	top->limits = limits_of(top->status);
	top_arrange(top);
	return STATUS_OK;
}

void top_forget(struct top *top)
{
	json_decref(top->status);
	json_decref(top->health);
	json_decref(top->ports);
	json_decref(top->seconds);
	json_decref(top->records);
	json_decref(top->rows);
	json_decref(top->tagged);
	page_close(&top->page);
	top_forget_change(top);
}
