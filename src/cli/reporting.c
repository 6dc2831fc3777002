/*
 * reporting.c: see reporting.h.
 */
#include "cli/reporting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/report_kept.h"
#include "web/form.h"

enum {
	LATE_S = REPORTING_MAKE_S + 300, /* then nothing comes any more */
};
#define SECOND_US INT64_C(1000000)

/* ---- its life ---- */

void reporting_fork(struct reporting *r, const struct config *config, const char *depot)
{
	*r = (struct reporting){ .config = config, .is_fleets = depot[0] != '\0' };
	snprintf(r->path, sizeof(r->path), "%s/reports.json", config->state);
	if (config->report_schedule.count == 0)
		return;
	int error = sandbox_own_inside(config->state, REPORTING_FOLDER, config->user);
	if (error != 0)
		fprintf(stderr, "breakwater: %s/" REPORTING_FOLDER ": %s\n",
			config->state, strerror(-error));
	const struct guard_task task = reporting_task(config, depot);
	r->process = guard_fork(&task);
	char text[GUARD_TEXT_MAX];
	if (r->process == NULL)
		snprintf(r->why_not, sizeof(r->why_not), "could not start: %s",
			 strerror(errno));
	else if (!guard_describe(r->process, text))
		fprintf(stderr, "breakwater: the process that makes reports: %s\n",
			text);
	if (r->why_not[0] != '\0')
		fprintf(stderr, "breakwater: the process that makes reports %s\n",
			r->why_not);
}

void reporting_save(struct reporting *r, struct buf *said)
{
	int error = reporting_keep(r);
	if (error != 0 && !r->is_unkept)
		buf_printf(said,
			   "breakwater: %s: %s; which reports were made is not known "
			   "after a restart\n",
			   r->path, strerror(-error));
	r->is_unkept = error != 0;
}

void reporting_open(struct reporting *r, const struct reporting_sink *sink,
		    int64_t now_us, struct buf *said)
{
	r->sink = *sink;
	reporting_recall(r);
	reporting_reload(r, now_us, said);
}

void reporting_reload(struct reporting *r, int64_t now_us, struct buf *said)
{
	bool was_empty = r->item_count == 0;
	reporting_plan(r, now_us);
	if (r->process == NULL && r->item_count > 0 && r->why_not[0] == '\0')
		buf_text(said, "breakwater: reports are made after the next start, as "
			       "none was scheduled at this one\n");
	if (!was_empty || r->item_count > 0)
		reporting_save(r, said);
}

void reporting_close(struct reporting *r)
{
	guard_close(r->process);
	r->process = NULL;
}

int reporting_fd(const struct reporting *r)
{
	return r->process != NULL ? guard_fd(r->process) : -1;
}

static void fail(struct reporting *r, const char *why, int64_t now_us, struct buf *said)
{
	memset(&r->event, 0, sizeof(r->event));
	snprintf(r->event.error, sizeof(r->event.error), "%s", why);
	reporting_finish(r, now_us, said);
}

/* ---- making ---- */

static void write_order(struct reporting *r, const struct reporting_item *item,
			const struct config_schedule *entry,
			const struct period *period, int64_t now_us)
{
	struct reporting_order *order = &r->order;
	char name[REPORTING_NAME_MAX], period_text[PERIOD_NAME_MAX];
	memset(order, 0, sizeof(*order)); /* padding, too: it leaves the process */
	period_name(item->every, period, period_text);
	reporting_name(item->report, &item->of,
		       name); /* is not too long: it was taken */
	order->id = ++r->ids;
	order->since_us = period->since_us;
	order->until_us = period->until_us;
	order->now_us = now_us;
	order->keep = r->config->report_keep;
	order->bundle = entry->bundle;
	order->retention = report_kept(r->config);
	memcpy(order->report, item->report, sizeof(order->report));
	order->of = item->of;
	snprintf(order->stem, sizeof(order->stem), "%s_%.19s", name, period_text);
	order->format_count = (uint32_t)entry->formats.count;
	memcpy(order->formats, entry->formats.at, sizeof(order->formats));
}

static void begin(struct reporting *r, struct reporting_item *item,
		  const struct period *period, int64_t now_us, int64_t steady_us,
		  struct buf *said)
{
	r->busy = item;
	r->is_answered = r->is_unmailed = false;
	r->told = r->mailed = r->refused = r->given_up = 0;
	r->mail = reporting_entry(r, item)->mail;
	r->since_us = steady_us;
	item->tries++;
	if (!item->is_asked)
		record_text(item->actor, sizeof(item->actor), "breakwater");
	write_order(r, item, reporting_entry(r, item), period, now_us);
	if (guard_tell(r->process, &r->order, sizeof(r->order)) != 0)
		fail(r, "the process that makes reports is not there", now_us, said);
}

void reporting_second(struct reporting *r, int64_t now_us, int64_t steady_us,
		      struct buf *said)
{
	struct period period;
	struct reporting_item *item;
	if (r->busy != NULL && r->is_answered)
		reporting_hand_over(r, now_us, steady_us, said);
	else if (r->busy != NULL && steady_us - r->since_us > LATE_S * SECOND_US)
		fail(r, "the process that makes reports did not answer in 15 minutes",
		     now_us, said);
	if (r->busy != NULL || r->process == NULL)
		return;
	item = reporting_due(r, now_us, &period);
	if (item != NULL)
		begin(r, item, &period, now_us, steady_us, said);
}

void reporting_stand_down(struct reporting *r)
{
	r->busy = NULL; /* what comes of it is not waited for */
	for (size_t i = 0; i < r->item_count; i++)
		r->items[i].is_asked = false; /* by then nobody waits for it */
}

/* ---- what it has to tell ---- */

static void take_event(struct reporting *r, const struct reporting_event *event,
		       int64_t now_us, int64_t steady_us, struct buf *said)
{
	/* Of one that was given up. */
	if (r->busy == NULL || r->is_answered || event->id != r->order.id)
		return;
	r->event = *event;
	r->is_answered = true;
	r->answered_us = now_us;
	r->since_us = steady_us;
	reporting_hand_over(r, now_us, steady_us, said);
}

static void note_end(struct reporting *r, bool is_for_good, int64_t now_us,
		     struct buf *said)
{
	char what[GUARD_TEXT_MAX] = "ended, for good", why[REPORTING_ERROR_MAX];
	if (!is_for_good)
		guard_describe(r->process, what);
	buf_printf(said, "breakwater: the process that makes reports: %s\n", what);
	snprintf(why, sizeof(why), "the process that makes reports: %s", what);
	if (is_for_good) {
		guard_close(r->process);
		r->process = NULL;
		snprintf(r->why_not, sizeof(r->why_not), "%s", what);
	}
	if (r->busy != NULL && !r->is_answered)
		fail(r, why, now_us, said);
}

void reporting_take(struct reporting *r, int64_t now_us, int64_t steady_us,
		    struct buf *said)
{
	enum { AT_ONCE = 16 };
	uint8_t bytes[GUARD_EVENT_MAX];
	struct reporting_event event;
	for (int i = 0; i < AT_ONCE && r->process != NULL; i++) {
		int len = guard_next(r->process, bytes, sizeof(bytes));
		if (len == 0)
			break;
		if (len == -ECHILD || len == -EPIPE)
			note_end(r, len == -EPIPE, now_us, said);
		else if (len > 0 && reporting_event_parse(bytes, (size_t)len, &event))
			take_event(r, &event, now_us, steady_us, said);
	}
}

/* ---- by hand ---- */

static int refuse(struct buf *message, int error, const char *why)
{
	buf_text(message, why);
	return error;
}

static void say_allowed(const struct reporting *r, struct buf *message)
{
	const struct config_schedules *all = &r->config->report_schedule;
	buf_text(message, "report: allowed is what is scheduled");
	for (size_t i = 0; i < all->count; i++) {
		char name[REPORTING_NAME_MAX];
		reporting_name(all->at[i].report, &all->at[i].of, name);
		buf_printf(message, "%s %s every %s", i > 0 ? "," : ":", name,
			   period_names[all->at[i].every]);
	}
}

/* What a person may leave out, as long as one alone is meant; given as "": of all. */
static bool is_meant(const char *form, const char *name, const char *is)
{
	char value[FORM_VALUE_MAX];
	bool is_given = form_value(form, name, value);
	return !is_given || strcmp(value, is) == 0;
}

/* Of several it takes more to say which. */
static struct reporting_item *find_asked(struct reporting *r, const char *form,
					 size_t *count)
{
	struct reporting_item *found = NULL;
	*count = 0;
	for (size_t i = 0; i < r->item_count; i++) {
		struct reporting_item *item = &r->items[i];
		bool is_it = is_meant(form, "report", item->report) &&
			     reporting_entry(r, item) != NULL &&
			     is_meant(form, "every", period_names[item->every]) &&
			     is_meant(form, "sensor", item->of.sensor) &&
			     is_meant(form, "site", item->of.site) &&
			     is_meant(form, "tag", item->of.tag);
		found = is_it ? item : found;
		*count += is_it;
	}
	return found;
}

int reporting_run(struct reporting *r, const char *form, const char *actor,
		  struct buf *message)
{
	char report[FORM_VALUE_MAX];
	size_t count;
	form_value(form, "report", report);
	struct reporting_item *item = find_asked(r, form, &count);
	if (count == 0 || report[0] == '\0') {
		say_allowed(r, message);
		return -ENOENT;
	}
	if (count > 1)
		return refuse(message, -EINVAL,
			      r->is_fleets
				      ? "every, sensor, site, tag: that report is "
					"scheduled more than once; say of which, and "
					"how often, as it is there (of all: site= "
					"sensor= tag=)"
				      : "every: that report is scheduled more than "
					"once; allowed is day, week, month, quarter "
					"or year, as it is there");
	if (r->process == NULL)
		return refuse(message, -EAGAIN,
			      "nobody makes reports: none was scheduled when the "
			      "daemon began, or the process that does is gone; restart "
			      "it");
	if (item == r->busy)
		return refuse(message, -EEXIST, "it is being made just now");
	item->is_asked = true;
	record_text(item->actor, sizeof(item->actor), actor);
	buf_printf(message,
		   "%s of the last %s is being made; `breakwater reports` says what "
		   "came of it",
		   item->report, period_names[item->every]);
	return 0;
}
