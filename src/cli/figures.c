/*
 * figures.c: see figures.h.
 *
 * What is counted is in alert/figures.h; here it is read and shown.
 */
#include "cli/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/gather.h"
#include "cli/table.h"

/* As many as the API gives at once. */
enum { ROWS_MAX = 100000, DAY_S = 86400 };
static const char weeks_usual[] = "8w";

struct reading {
	struct figures *figures; /* owned */
	struct gather *gather;   /* owned */
	struct gather_about about;
	uint32_t count; /* of the kind that is read */
	bool has_failed;
};

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater incidents: %s\n", why);
	return status;
}

/* ---- reading ---- */

static bool take_incident(void *self, const void *record)
{
	struct reading *r = self;
	r->count++;
	r->has_failed = !figures_incident(r->figures, record);
	return !r->has_failed;
}

static bool take_notification(void *self, const void *record)
{
	struct reading *r = self;
	r->count++;
	figures_notification(r->figures, record);
	return true;
}

static bool take_gap(void *self, const void *record)
{
	struct reading *r = self;
	r->count++;
	figures_gap(r->figures, record);
	return true;
}

static bool take_audit(void *self, const void *record)
{
	struct reading *r = self;
	const struct audit_record *audit = record;
	if (audit->action != NULL && strcmp(audit->action, "start") == 0)
		figures_start(r->figures, audit->at);
	return true;
}

/* Figures of some of them would be wrong ones. */
static int read_kind(struct reading *r, enum record_kind kind, gather_emit take)
{
	const struct gather_wanted wanted = { .kind = kind,
					      .limit = ROWS_MAX,
					      .about = &r->about };
	r->count = 0;
	int status = gather_each(r->gather, &wanted, take, r);
	if (status == STATUS_OK && r->has_failed)
		return complain(STATUS_INCOMPLETE, "out of memory");
	if (status == STATUS_OK && r->count >= ROWS_MAX)
		return complain(STATUS_INCOMPLETE, "too many records for figures of "
						   "all that time: a later --since");
	return status;
}

/* Starts are few; with blocks beside them the chain may be long. */
static int read_starts(struct reading *r)
{
	const struct gather_wanted wanted = { .kind = RECORD_audit,
					      .name = "action",
					      .value = "start",
					      .limit = ROWS_MAX };
	return gather_each(r->gather, &wanted, take_audit, r);
}

static int read_all(struct reading *r)
{
	int status = read_kind(r, RECORD_incident, take_incident);
	if (status == STATUS_OK)
		status = read_kind(r, RECORD_notification, take_notification);
	if (status == STATUS_OK)
		status = read_kind(r, RECORD_gap, take_gap);
	return status == STATUS_OK ? read_starts(r) : status;
}

/* ---- showing ---- */

struct shown {
	bool json;
	json_t *rows;                       /* owned */
	struct figures_record this, before; /* week "": none */
};

static void take_row(void *to, const struct figures_record *row)
{
	struct shown *shown = to;
	struct buf text = { 0 };
	if (strcmp(row->week, FIGURES_BEFORE) == 0)
		shown->before = *row;
	else if (shown->this.week[0] == '\0')
		shown->this = *row;
	if (shown->json) {
		record_print(RECORD_figures, row);
		return;
	}
	record_json(&text, RECORD_figures, row);
	json_array_append_new(shown->rows, object_parse(&text));
	buf_free(&text);
}

static void add_change(struct buf *text, const char *what, double now, double before)
{
	double change = now / before - 1;
	if (isfinite(change))
		buf_printf(text, "%s %s %+.0f%%", text->len > 0 ? "," : "", what,
			   change * 100);
}

static double number_of(uint64_t us)
{
	return us != UNKNOWN_U64 ? (double)us : NAN;
}

/* A week that is not over has fewer incidents: so counts are by the time of it. */
static void print_change(const struct shown *shown)
{
	const struct figures_record *now = &shown->this, *before = &shown->before;
	const double week_s = 7 * DAY_S;
	double part = (double)now->known_s / week_s;
	struct buf text = { 0 };
	if (before->week[0] == '\0' || now->known_s < DAY_S)
		part = NAN;
	add_change(&text, "incidents", now->incidents / part, before->incidents);
	add_change(&text, "until said", number_of(now->detect_median_us),
		   number_of(before->detect_median_us));
	add_change(&text, "until acknowledged", number_of(now->acknowledge_median_us),
		   number_of(before->acknowledge_median_us));
	add_change(&text, "until over", number_of(now->resolve_median_us),
		   number_of(before->resolve_median_us));
	add_change(&text, "messages", now->messages / part, before->messages);
	if (text.len > 0 && buf_cstr(&text) != NULL)
		printf("\nThis week against a mean one, counts for as much "
		       "time:%s.\n",
		       buf_cstr(&text));
	buf_free(&text);
}

int figures_show(const struct common_options *common, struct figures *figures)
{
	struct shown shown = { .json = common->json, .rows = json_array() };
	const struct look look = look_of(common);
	const struct limits limits = limits_of(NULL);
	bool is_told = figures_tell(figures, take_row, &shown);
	if (is_told && !common->json) {
		table_print(&view_figures, shown.rows, &limits, &look);
		print_change(&shown);
	}
	json_decref(shown.rows);
	return is_told ? STATUS_OK : complain(STATUS_INCOMPLETE, "out of memory");
}

/* ---- all of it ---- */

int figures_print(const struct common_options *common, const char *folder,
		  const char *since)
{
	const int64_t now_us = clock_us(CLOCK_REALTIME);
	int64_t since_us = now_us;
	int status;
	when_parse(since != NULL ? since : weeks_usual, now_us, &since_us);
	struct reading r = { .figures = figures_new(since_us, now_us),
			     .about = { .until_us = now_us, .port = UNKNOWN_U32 } };
	if (r.figures == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	r.about.since_us = figures_since(r.figures);
	r.gather = gather_open(common, "incidents", folder, &status);
	if (r.gather != NULL) {
		status = read_all(&r);
		if (status == STATUS_OK)
			status = figures_show(common, r.figures);
		gather_close(r.gather);
	}
	figures_free(r.figures);
	return status;
}
