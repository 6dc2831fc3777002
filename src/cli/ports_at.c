/*
 * ports_at.c: see ports_at.h.
 *
 * The listeners are what counts: without them nothing is said.  Approvals are those
 * that were in force then, traffic is that of the minute, or of the hour where minutes
 * are kept no longer.
 */
#include "cli/ports_at.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/kept_rows.h"
#include "cli/table.h"

enum { ROWS_MAX = 100000, MINUTE_S = 60, HOUR_S = 3600 };
#define SECOND_US INT64_C(1000000)

struct past_ports {
	const struct listing *listing;
	const char *state;
	int64_t at_us;
	char at[TIME_TEXT_MAX];
	json_t *listeners, *approvals, *traffic; /* owned; NULL: not known */
	uint32_t step_s;                         /* of the traffic */
};

static int complain(const char *error, int status)
{
	fprintf(stderr, "breakwater ports: %s\n", error);
	return status;
}

static struct kept_rows wanted_of(const struct past_ports *p, enum record_kind kind,
				  const char *path)
{
	return (struct kept_rows){ .common = &p->listing->common,
				   .command = "ports",
				   .state = p->state,
				   .kind = kind,
				   .path = path,
				   .port = p->listing->port,
				   .limit = ROWS_MAX };
}

/* ---- what was there ---- */

static int get_listeners(struct past_ports *p)
{
	struct kept_rows wanted = wanted_of(p, RECORD_listener, "/api/v1/listeners");
	wanted.at = p->at;
	return kept_rows_get(&wanted, &p->listeners);
}

static int get_approvals(struct past_ports *p)
{
	struct kept_rows wanted = wanted_of(p, RECORD_approval, "/api/v1/approvals");
	wanted.until = p->at;
	return kept_rows_get(&wanted, &p->approvals);
}

static int get_traffic(struct past_ports *p, uint32_t step_s)
{
	char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	struct kept_rows wanted = wanted_of(p, RECORD_port, "/api/v1/ports");
	int64_t step_us = step_s * SECOND_US, from_us = p->at_us - p->at_us % step_us;
	record_time_text(from_us, since);
	record_time_text(from_us + step_us - 1, until);
	wanted.since = since;
	wanted.until = until;
	wanted.step_s = step_s;
	json_decref(p->traffic);
	p->step_s = step_s;
	return kept_rows_get(&wanted, &p->traffic);
}

static int get_all(struct past_ports *p, bool listening)
{
	int status = get_listeners(p);
	if (p->listeners == NULL || status != STATUS_OK)
		return status;
	status = get_approvals(p);
	if (status == STATUS_OK && !listening)
		status = get_traffic(p, MINUTE_S);
	if (status == STATUS_OK && !listening && json_array_size(p->traffic) == 0)
		status = get_traffic(p, HOUR_S);
	return status;
}

/* ---- together ---- */

static bool is_same_text(const json_t *a, const json_t *b, const char *name)
{
	const char *x = member_text(a, name), *y = member_text(b, name);
	return x != NULL && y != NULL && strcmp(x, y) == 0;
}

/* Newest first: the first of an id is how it was then. */
static const json_t *approval_of(const struct past_ports *p, const json_t *listener)
{
	const char *id = member_text(listener, "approval");
	for (size_t i = 0; id != NULL && i < json_array_size(p->approvals); i++) {
		const json_t *row = json_array_get(p->approvals, i);
		const char *is = member_text(row, "id");
		if (is != NULL && strcmp(is, id) == 0)
			return row;
	}
	return NULL;
}

static void add_approval(const struct past_ports *p, json_t *row)
{
	static const char *const names[] = { "owner", "reason", "approver", "expires",
					     "review" };
	const json_t *approval = approval_of(p, row);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(approval, names[i]);
		if (value != NULL)
			json_object_set(row, names[i], value);
	}
}

/* A socket on every address serves those of this machine: what its process served. */
static bool is_of(const json_t *port, const json_t *listener)
{
	const char *ip = member_text(listener, "ip");
	bool is_any =
		ip != NULL && (strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0);
	return member_number(port, "port") == member_number(listener, "port") &&
	       is_same_text(port, listener, "transport") &&
	       (is_any ? is_same_text(port, listener, "process")
		       : ip != NULL &&
				 strcmp(ip, member_text(port, "server_ip") != NULL
						    ? member_text(port, "server_ip")
						    : "") == 0);
}

static void add_traffic(const struct past_ports *p, json_t *row)
{
	static const char *const names[] = { "flows", "client_bytes", "server_bytes" };
	double sums[3] = { NAN, NAN, NAN };
	for (size_t i = 0; i < json_array_size(p->traffic); i++) {
		const json_t *port = json_array_get(p->traffic, i);
		if (!is_of(port, row))
			continue;
		for (size_t j = 0; j < 3; j++) {
			double value = member_number(port, names[j]);
			if (!isnan(value))
				sums[j] = (isnan(sums[j]) ? 0 : sums[j]) + value;
		}
	}
	for (size_t j = 0; j < 3; j++)
		if (!isnan(sums[j]))
			json_object_set_new(row, names[j], json_real(sums[j]));
}

static int print(const struct past_ports *p)
{
	struct look look = look_of(&p->listing->common);
	struct limits limits = limits_of(NULL);
	char text[CELL_MAX];
	if (p->listing->common.json) {
		kept_rows_print(p->listeners);
		kept_rows_print(p->approvals);
		kept_rows_print(p->traffic);
		return STATUS_OK;
	}
	if (json_array_size(p->listeners) == 0) {
		fprintf(stderr, "Nothing listened at %s.\n", p->at);
		return STATUS_OK;
	}
	for (size_t i = 0; i < json_array_size(p->listeners); i++) {
		add_approval(p, json_array_get(p->listeners, i));
		add_traffic(p, json_array_get(p->listeners, i));
	}
	table_print(&view_moment, p->listeners, &limits, &look);
	fflush(stdout);
	text_span(text, sizeof(text), p->step_s);
	if (json_array_size(p->traffic) > 0)
		fprintf(stderr, "FLOWS, IN and OUT are of the %s around %s.\n", text,
			p->at);
	return STATUS_OK;
}

int ports_at(const struct listing *listing, const char *at, const char *state,
	     bool listening)
{
	struct past_ports p = { .listing = listing, .state = state };
	int64_t now_us = clock_us(CLOCK_REALTIME);
	if (listing->since != NULL || listing->until != NULL || listing->step != NULL)
		return complain("--at is one moment: leave out --since, --until and "
				"--step",
				STATUS_USAGE);
	if (!when_parse(at, now_us, &p.at_us) || p.at_us > now_us)
		return complain("--at is still to come; allowed is " WHEN_ALLOWED,
				STATUS_USAGE);
	if (listing->host != NULL || listing->transport != NULL ||
	    listing->process != NULL || listing->reach != NULL ||
	    listing->sort != NULL || listing->limit != 0)
		return complain("--at goes with --port, --listening and --state alone",
				STATUS_USAGE);
	record_time_text(p.at_us, p.at);
	int status = get_all(&p, listening);
	if (p.listeners != NULL && status == STATUS_OK)
		status = print(&p);
	json_decref(p.listeners);
	json_decref(p.approvals);
	json_decref(p.traffic);
	return status;
}
