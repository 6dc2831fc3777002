/*
 * figures.c: see figures.h.
 *
 * What is counted is in alert/figures.h; here it is read and shown.
 */
#include "cli/figures.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/client_json.h"
#include "cli/gather.h"
#include "cli/table.h"
#include "record/from_json.h"

enum { DAY_S = 86400 };

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater incidents: %s\n", why);
	return status;
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

static void begin(struct shown *shown, const struct common_options *common)
{
	*shown = (struct shown){ .json = common->json, .rows = json_array() };
}

static void end(struct shown *shown, const struct common_options *common)
{
	const struct look look = look_of(common);
	const struct limits limits = limits_of(NULL);
	if (!common->json) {
		table_print(&view_figures, shown->rows, &limits, &look);
		print_change(shown);
	}
	json_decref(shown->rows);
}

int figures_show(const struct common_options *common, struct figures *figures)
{
	struct shown shown;
	begin(&shown, common);
	bool is_told = figures_tell(figures, take_row, &shown);
	if (is_told)
		end(&shown, common);
	else
		json_decref(shown.rows);
	return is_told ? STATUS_OK : complain(STATUS_INCOMPLETE, "out of memory");
}

/* ---- of a store ---- */

struct reading {
	struct gather *gather;
	int64_t now_us;
	int status; /* exit status; what is wrong was said */
};

/* figures_reader */
static int read_kind(void *from, enum record_kind kind, int64_t since_us,
		     figures_take take, void *to)
{
	struct reading *r = from;
	const struct gather_about about = { .since_us = since_us,
					    .until_us = r->now_us,
					    .port = UNKNOWN_U32 };
	const struct gather_wanted wanted = { .kind = kind, .about = &about };
	r->status = gather_each(r->gather, &wanted, take, to);
	return r->status == STATUS_OK ? 0 : -EIO;
}

static int read_store(const struct common_options *common, struct figures *figures,
		      const char *folder, int64_t now_us)
{
	struct reading r = { .now_us = now_us };
	r.gather = gather_open(common, "incidents", folder, &r.status);
	if (r.gather == NULL)
		return r.status;
	int result = figures_read(figures, read_kind, &r);
	gather_close(r.gather);
	if (result == -ENOMEM)
		return complain(STATUS_INCOMPLETE, "out of memory");
	return result == 0 ? figures_show(common, figures) : r.status;
}

static int of_store(const struct common_options *common, const char *folder,
		    const char *since)
{
	const int64_t now_us = clock_us(CLOCK_REALTIME);
	int64_t since_us = UNKNOWN_TIME;
	if (since != NULL)
		when_parse(since, now_us, &since_us);
	struct figures *figures = figures_new(since_us, now_us);
	if (figures == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	int status = read_store(common, figures, folder, now_us);
	figures_free(figures);
	return status;
}

/* ---- of the daemon ---- */

static void show_rows(const struct common_options *common, const json_t *rows)
{
	struct shown shown;
	struct figures_record row;
	begin(&shown, common);
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (record_from_json(RECORD_figures, json_array_get(rows, i), &row))
			take_row(&shown, &row);
	end(&shown, common);
}

static int of_daemon(const struct common_options *common, const char *since)
{
	struct buf path = { 0 };
	char error[CLIENT_ERROR_MAX] = "out of memory";
	json_t *rows = NULL;
	int status = STATUS_UNREACHABLE;
	struct client *client = client_open(common);
	buf_text(&path, "/api/v1/figures");
	client_parameter(&path, "since", since);
	if (client != NULL && buf_ok(&path)) {
		client_be_patient(client);
		status = client_records(client, buf_cstr(&path), &rows, NULL, error);
	}
	if (status == STATUS_OK)
		show_rows(common, rows);
	else
		complain(status, error);
	json_decref(rows);
	if (client != NULL)
		client_close(client);
	buf_free(&path);
	return status;
}

int figures_print(const struct common_options *common, const char *folder,
		  const char *since)
{
	return folder != NULL ? of_store(common, folder, since)
			      : of_daemon(common, since);
}

/* ---- over HTTP ---- */

struct emitting {
	web_emit emit;
	void *to;
};

static void emit_week(void *to, const struct figures_record *week)
{
	const struct emitting *e = to;
	e->emit(e->to, week);
}

int figures_answer(int64_t since_us, web_reader read, void *from, web_emit emit,
		   void *to)
{
	struct emitting e = { emit, to };
	struct figures *figures = figures_new(since_us, clock_us(CLOCK_REALTIME));
	int result = figures != NULL ? figures_read(figures, read, from) : -ENOMEM;
	if (result == 0 && !figures_tell(figures, emit_week, &e))
		result = -ENOMEM;
	figures_free(figures);
	return result;
}
