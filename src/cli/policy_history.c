/*
 * policy_history.c: breakwater policy history, review and reviewed: what the register
 * allowed when, and what somebody has to look at again.
 *
 * History is asked of the daemon, or read from a store that is given.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/kept_rows.h"
#include "cli/policy.h"
#include "cli/table.h"

enum { SOON_DAYS = 14, RECORDS_MAX = 100000 };
#define DAY_US (INT64_C(86400) * 1000000)

static int complain(const char *error, int status)
{
	fprintf(stderr, "breakwater policy: %s\n", error);
	return status;
}

/* ---- what was in force when ---- */

static int ask(const struct policy_options *o, json_t **rows)
{
	const struct kept_rows wanted = { .common = &o->common,
					  .command = "policy",
					  .state = o->state,
					  .config_path = o->config,
					  .kind = RECORD_approval,
					  .path = "/api/v1/approvals",
					  .since = o->since,
					  .until = o->until,
					  .port = o->port,
					  .limit = RECORDS_MAX };
	return kept_rows_get(&wanted, rows);
}

static void print(const struct policy_options *o, const json_t *rows)
{
	struct look look = look_of(&o->common);
	struct limits limits = limits_of(NULL);
	if (o->common.json)
		kept_rows_print(rows);
	else if (json_array_size(rows) == 0)
		fprintf(stderr, "%s\n", view_approvals.nothing);
	else
		table_print(&view_approvals, rows, &limits, &look);
}

int policy_history(const struct policy_options *o, const char *path)
{
	json_t *rows = NULL;
	(void)path;
	int status = ask(o, &rows);
	if (rows != NULL)
		print(o, rows);
	json_decref(rows);
	return status;
}

/* ---- what is due ---- */

static bool is_state(const json_t *row, const char *state)
{
	const char *is = member_text(row, "state");
	return is != NULL && strcmp(is, state) == 0;
}

static int64_t time_at(const json_t *row, const char *name)
{
	int64_t at_us;
	const char *text = member_text(row, name);
	return text != NULL && time_parse(text, &at_us) ? at_us : UNKNOWN_TIME;
}

/* Rows come newest first: the first of an id is how it is now. */
static json_t *in_force(const json_t *rows)
{
	json_t *seen = json_object(), *now = json_array();
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		const char *id = member_text(row, "id");
		if (id == NULL || json_object_get(seen, id) != NULL)
			continue;
		json_object_set_new(seen, id, json_true());
		if (!is_state(row, "withdrawn"))
			json_array_append(now, row);
	}
	json_decref(seen);
	return now;
}

/* What somebody has to do about it; "" nothing. */
static void say_due(const json_t *row, int64_t now_us, struct buf *out)
{
	static const char *const needed[] = { "owner", "reason", "approver" };
	int64_t review_us = time_at(row, "review");
	const char *review = member_text(row, "review"),
		   *expires = member_text(row, "expires"),
		   *reviewer = member_text(row, "reviewer");
	if (is_state(row, "expired"))
		buf_printf(out, "; expired %.10s: renew or remove it",
			   expires != NULL ? expires : "");
	else if (review_us != UNKNOWN_TIME && review_us <= now_us)
		buf_printf(out, "; review was due %.10s", review);
	else if (review_us != UNKNOWN_TIME && review_us <= now_us + SOON_DAYS * DAY_US)
		buf_printf(out, "; review is due %.10s", review);
	if (out->len > 0 && reviewer != NULL)
		buf_printf(out, " (last by %s, %.10s)", reviewer,
			   member_text(row, "reviewed"));
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (member_text(row, needed[i]) == NULL)
			buf_printf(out, "; no %s", needed[i]);
}

static bool is_overdue(const json_t *row, int64_t now_us)
{
	int64_t review_us = time_at(row, "review");
	return is_state(row, "expired") ||
	       (review_us != UNKNOWN_TIME && review_us <= now_us);
}

struct due_row {
	const json_t *at; /* borrowed */
};

static int by_owner(const void *left, const void *right)
{
	const json_t *a = ((const struct due_row *)left)->at;
	const json_t *b = ((const struct due_row *)right)->at;
	const char *x = member_text(a, "owner"), *y = member_text(b, "owner");
	int order = strcmp(x != NULL ? x : "", y != NULL ? y : "");
	if (order != 0)
		return order;
	double p = member_number(a, "port"), q = member_number(b, "port");
	return (p > q) - (p < q);
}

static void print_line(const json_t *row, const char *due, const char **owner)
{
	char text[CELL_MAX];
	const char *is = member_text(row, "owner"),
		   *target = member_text(row, "target");
	is = is != NULL ? is : "";
	if (*owner == NULL || strcmp(*owner, is) != 0) {
		text_clean(text, sizeof(text), is[0] != '\0' ? is : "nobody");
		printf("%s\n", text);
	}
	*owner = is;
	text_clean(text, sizeof(text), target != NULL ? target : "?");
	char *behind = strstr(text, ", owner ");
	if (behind != NULL)
		*behind = '\0';
	printf("  %s: %s\n", text, due + strlen("; "));
}

/* True if something is overdue. */
static bool print_due(const struct policy_options *o, const json_t *rows)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	size_t count = json_array_size(rows);
	struct due_row *sorted = calloc(count + 1, sizeof(*sorted));
	bool overdue = false;
	const char *owner = NULL;
	for (size_t i = 0; sorted != NULL && i < count; i++)
		sorted[i].at = json_array_get(rows, i);
	if (sorted != NULL)
		qsort(sorted, count, sizeof(*sorted), by_owner);
	for (size_t i = 0; sorted != NULL && i < count; i++) {
		struct buf due = { 0 };
		say_due(sorted[i].at, now_us, &due);
		if (due.len > 0 && o->common.json) {
			json_dumpf(sorted[i].at, stdout, JSON_COMPACT);
			putchar('\n');
		} else if (due.len > 0 && buf_cstr(&due) != NULL) {
			print_line(sorted[i].at, due.at, &owner);
		}
		overdue |= due.len > 0 && is_overdue(sorted[i].at, now_us);
		buf_free(&due);
	}
	free(sorted);
	if (owner == NULL && !o->common.json)
		fprintf(stderr, "Nothing is due within %d days.\n", SOON_DAYS);
	return overdue;
}

int policy_due(const struct policy_options *o, const char *path)
{
	json_t *rows = NULL;
	(void)path;
	int status = ask(o, &rows);
	if (rows != NULL) {
		json_t *now = in_force(rows);
		if (print_due(o, now) && status == STATUS_OK)
			status = STATUS_BAD_NEWS;
		json_decref(now);
	}
	json_decref(rows);
	return status;
}

/* ---- somebody has ---- */

/* "443" or "443/tcp", "8000-8010/udp". */
static void port_parameters(struct buf *form, const struct policy_options *o,
			    const char *port)
{
	char number[32];
	const char *slash = port != NULL ? strchr(port, '/') : NULL;
	const char *transport = o->transport != NULL ? o->transport : "tcp";
	if (port == NULL)
		return;
	snprintf(number, sizeof(number), "%.*s",
		 (int)(slash != NULL ? slash - port : (long)strlen(port)), port);
	client_parameter(form, "port", number);
	client_parameter(form, "transport", slash != NULL ? slash + 1 : transport);
}

int policy_reviewed_by(const struct policy_options *o, const char *port)
{
	char message[CLIENT_ERROR_MAX];
	struct buf form = { 0 };
	if ((port == NULL) == (o->owner == NULL))
		return complain("what was reviewed? either PORT, such as 443/tcp, or "
				"--owner NAME",
				STATUS_USAGE);
	struct client *client = client_open(&o->common);
	if (client == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	port_parameters(&form, o, port);
	client_parameter(&form, "owner", o->owner);
	client_parameter(&form, "by", o->by);
	client_parameter(&form, "comment", o->comment);
	client_parameter(&form, "next", o->next);
	int status = change_post(client, "policy", "/api/v1/policy/reviewed", &form,
				 message);
	if (status == STATUS_OK)
		printf("%s\n", message);
	client_close(client);
	return status;
}
