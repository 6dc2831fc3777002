/*
 * monitor_reporting.c: where reports that the daemon made go, and who asks for one; see
 * monitor_reporting.h and reporting.h.
 */
#include "cli/monitor_reporting.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/answers_settings.h"
#include "web/form.h"

static void say(struct buf *said)
{
	if (said->len > 0) {
		run_clear_progress();
		fwrite(said->at, 1, said->len, stderr);
	}
	buf_free(said);
}

static void take_made(void *self, const struct report_made_record *record,
		      const char *action)
{
	struct monitor *m = self;
	struct buf subject = { 0 }, after = { 0 };
	monitor_keep(m, RECORD_report_made, record);
	if (action == NULL)
		return;
	reporting_audit_texts(record, &subject, &after);
	if (buf_cstr(&subject) != NULL && buf_cstr(&after) != NULL)
		monitor_audit(m, action, record->actor, subject.at, "", after.at);
	buf_free(&subject);
	buf_free(&after);
}

static enum reporting_mailed mail(void *self, const struct reporting_mail *mail,
				  const char **why)
{
	struct monitor *m = self;
	return alerting_mail_report(&m->alerting, mail, why);
}

void monitor_open_reporting(struct monitor *m)
{
	const struct reporting_sink sink = { .self = m,
					     .made = take_made,
					     .mail = mail };
	struct buf said = { 0 };
	reporting_open(&m->reporting, &sink, clock_us(CLOCK_REALTIME), &said);
	say(&said);
}

void monitor_reload_reporting(struct monitor *m, const struct config *fresh)
{
	struct buf said = { 0 };
	m->config.report_schedule = fresh->report_schedule;
	m->config.report_keep = fresh->report_keep;
	reporting_reload(&m->reporting, clock_us(CLOCK_REALTIME), &said);
	say(&said);
}

void monitor_watch_reporting(struct monitor *m, int64_t now_us)
{
	struct buf said = { 0 };
	reporting_second(&m->reporting, now_us, clock_us(CLOCK_MONOTONIC), &said);
	say(&said);
}

void monitor_take_reporting(struct monitor *m)
{
	struct buf said = { 0 };
	reporting_take(&m->reporting, clock_us(CLOCK_REALTIME),
		       clock_us(CLOCK_MONOTONIC), &said);
	say(&said);
}

/* ---- by hand ---- */

static int run_form(struct monitor *m, const char *form, const char *actor,
		    struct buf *message)
{
	char report[FORM_VALUE_MAX];
	int error = reporting_run(&m->reporting, form, actor, message);
	form_value(form, "report", report);
	if (error == 0)
		monitor_audit(m, "report_run", actor, report, "", "");
	return error;
}

static int take_run(void *self, const char *text, size_t len, const char *actor,
		    struct buf *message)
{
	return answers_take_form(self, text, len, actor, message, run_form);
}

static void give_schedule(void *self, struct buf *json)
{
	struct monitor *m = self;
	reporting_json(&m->reporting, clock_us(CLOCK_REALTIME), json);
}

void monitor_answer_reporting(struct web_source *source)
{
	source->report_run = take_run;
	source->report_schedule = give_schedule;
}
