/*
 * listing.c: ask for records and print them; see listing.h.
 */
#include "cli/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cells.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/table.h"

static void number_parameter(struct buf *path, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	client_parameter(path, name, text);
}

/* "p95" or "p95:asc" becomes the field's name; what we don't know the daemon may. */
static void sort_parameter(struct buf *path, const struct listing *listing)
{
	char name[64];
	if (listing->sort == NULL)
		return;
	size_t len = strcspn(listing->sort, ":");
	snprintf(name, sizeof(name), "%.*s", (int)len, listing->sort);
	const struct column *column = view_column(listing->view, name);
	struct buf sort = { 0 };
	buf_text(&sort, column == NULL ? name : column->sort);
	buf_text(&sort, listing->sort + len);
	client_parameter(path, "sort", buf_cstr(&sort));
	buf_free(&sort);
}

static void build_path(struct buf *path, const struct listing *listing)
{
	buf_text(path, listing->view->path);
	if (listing->port != UINT64_MAX)
		number_parameter(path, "port", listing->port);
	client_parameter(path, "host", listing->host);
	client_parameter(path, "transport", listing->transport);
	client_parameter(path, "since", listing->since);
	client_parameter(path, "until", listing->until);
	client_parameter(path, "step", listing->step);
	client_parameter(path, "kind", listing->kind);
	client_parameter(path, "state", listing->state);
	client_parameter(path, "severity", listing->severity);
	client_parameter(path, "at_least", listing->at_least);
	client_parameter(path, "incident", listing->incident);
	client_parameter(path, "rule", listing->rule);
	client_parameter(path, "client_ip", listing->client_ip);
	client_parameter(path, "user", listing->user);
	client_parameter(path, "outcome", listing->outcome);
	client_parameter(path, "process", listing->process);
	client_parameter(path, "protocol", listing->protocol);
	client_parameter(path, "reach", listing->reach);
	client_sensors(path, &listing->sensors);
	sort_parameter(path, listing);
	if (listing->limit != 0)
		number_parameter(path, "limit", listing->limit);
}

static int complain(const struct listing *listing, int status, const char *error)
{
	fprintf(stderr, "breakwater %s: %s\n", listing->command, error);
	return status;
}

/* A table of part of the truth says so. */
static void print_rest(const struct listing *listing, size_t shown,
		       const struct client_told *told)
{
	if (told->more)
		fprintf(stderr, "the first %zu %s shown; more with --limit N\n", shown,
			listing->view->title);
	else if (told->total > shown)
		fprintf(stderr, "%zu of %llu %s shown; more with --limit N\n", shown,
			(unsigned long long)told->total, listing->view->title);
}

/* Who asks for what is now should not take what was for it. */
static void print_usual_time(const struct client_told *told)
{
	char since[TIME_TEXT_MAX];
	if (told->since[0] == '\0')
		return;
	text_clean(since, sizeof(since), told->since);
	fprintf(stderr,
		"those that ended since %.16sZ; another time with --since\n"
		"open ones only their own machines know: a hub is told when they end\n",
		since);
}

/* "02:10 to 02:15 (dropped, 12 lost)": what a gap of the store says. */
static void print_gap(const json_t *gap)
{
	char reason[32], lost[32] = "", count[24];
	struct cell begin = { .tone = TONE_NORMAL }, end = { .tone = TONE_NORMAL };
	const char *why = member_text(gap, "reason");
	cell_when(&begin, gap, "start");
	cell_when(&end, gap, "end");
	text_clean(reason, sizeof(reason), why == NULL ? "?" : why);
	if (member_number(gap, "count") > 0) {
		text_count(count, sizeof(count), member_number(gap, "count"));
		snprintf(lost, sizeof(lost), ", %.20s lost", count);
	}
	fprintf(stderr, "! not known: %s to %s (%s%s)\n", begin.text, end.text, reason,
		lost);
}

/* Nobody should take a time that was not watched for a quiet one. */
static void print_gaps(const struct listing *listing, struct client *client)
{
	enum { GAPS_SHOWN = 5 };
	struct buf path = { 0 }, body = { 0 };
	char error[CLIENT_ERROR_MAX];
	struct client_told told;
	json_t *gaps = NULL;
	size_t i;
	buf_text(&path, "/api/v1/gaps");
	client_parameter(&path, "since", listing->since);
	client_parameter(&path, "until", listing->until);
	client_sensors(&path, &listing->sensors);
	number_parameter(&path, "limit", GAPS_SHOWN);
	if (client_get(client, buf_cstr(&path), &body, NULL, &told, error) == STATUS_OK)
		gaps = lines_parse(&body);
	for (i = 0; i < json_array_size(gaps); i++)
		print_gap(json_array_get(gaps, i));
	if (gaps != NULL && told.total > GAPS_SHOWN)
		fprintf(stderr, "! and %llu such times before\n",
			(unsigned long long)(told.total - GAPS_SHOWN));
	json_decref(gaps);
	buf_free(&path);
	buf_free(&body);
}

static int tell_missing(const struct listing *listing, struct client *client,
			const struct client_told *told)
{
	if (told->gaps > 0 && !listing->common.json)
		print_gaps(listing, client);
	if (told->incomplete[0] == '\0')
		return STATUS_OK;
	char text[CLIENT_ERROR_MAX];
	text_clean(text, sizeof(text), told->incomplete);
	fprintf(stderr, "breakwater %s: incomplete: %s\n", listing->command, text);
	return STATUS_INCOMPLETE;
}

static struct limits ask_limits(struct client *client)
{
	struct buf text = { 0 };
	char error[CLIENT_ERROR_MAX];
	json_t *status = NULL;
	if (client_get(client, "/api/v1/status", &text, NULL, NULL, error) == STATUS_OK)
		status = object_parse(&text);
	struct limits limits = limits_of(status);
	json_decref(status);
	buf_free(&text);
	return limits;
}

static int print_table(const struct listing *listing, struct client *client,
		       const struct buf *body, const struct client_told *told)
{
	json_t *rows = lines_parse(body);
	if (rows == NULL)
		return complain(listing, STATUS_UNREACHABLE,
				"the daemon's answer can't be read");
	if (json_array_size(rows) == 0) {
		fprintf(stderr, "%s\n", listing->view->nothing);
	} else {
		struct limits limits = ask_limits(client);
		struct look look = look_of(&listing->common);
		table_print(listing->view, rows, &limits, &look);
		fflush(stdout);
		print_rest(listing, json_array_size(rows), told);
	}
	print_usual_time(told);
	json_decref(rows);
	return STATUS_OK;
}

int listing_run(const struct listing *listing)
{
	struct client *client = client_open(&listing->common);
	struct buf path = { 0 }, body = { 0 };
	char error[CLIENT_ERROR_MAX];
	struct client_told told;
	if (client == NULL)
		return complain(listing, STATUS_UNREACHABLE, "out of memory");
	if (listing->since != NULL || listing->until != NULL || listing->step != NULL)
		client_be_patient(client);
	build_path(&path, listing);
	int status = client_get(client, buf_cstr(&path), &body,
				listing->common.json ? stdout : NULL, &told, error);
	if (status != STATUS_OK)
		complain(listing, status, error);
	else if (!listing->common.json)
		status = print_table(listing, client, &body, &told);
	if (status == STATUS_OK)
		status = tell_missing(listing, client, &told);
	buf_free(&path);
	buf_free(&body);
	client_close(client);
	return status;
}

int listing_count(const struct listing *listing, uint64_t *total)
{
	struct listing one = *listing;
	struct client *client = client_open(&listing->common);
	struct buf path = { 0 }, body = { 0 };
	char error[CLIENT_ERROR_MAX];
	struct client_told told;
	if (client == NULL)
		return complain(listing, STATUS_UNREACHABLE, "out of memory");
	one.limit = 1;
	build_path(&path, &one);
	int status = client_get(client, buf_cstr(&path), &body, NULL, &told, error);
	if (status == STATUS_OK)
		*total = told.total;
	else
		complain(listing, status, error);
	buf_free(&path);
	buf_free(&body);
	client_close(client);
	return status;
}

int listing_judge(const struct listing *listing, const char *state,
		  const char *at_least)
{
	struct listing bad = *listing;
	uint64_t count = 0;
	bad.since = bad.until = NULL;
	bad.state = state;
	if (at_least != NULL)
		bad.at_least = at_least;
	int status = listing_count(&bad, &count);
	if (status != STATUS_OK)
		return status;
	return count > 0 ? STATUS_BAD_NEWS : STATUS_OK;
}
