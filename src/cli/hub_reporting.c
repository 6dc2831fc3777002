/*
 * hub_reporting.c: see hub_reporting.h.
 */
#include "cli/hub_reporting.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "web/form.h"

static void say(struct buf *said)
{
	if (buf_ok(said) && said->len > 0)
		fwrite(said->at, 1, said->len, stderr);
	buf_free(said);
}

static void take_made(void *self, const struct report_made_record *record,
		      const char *action)
{
	struct hub *hub = self;
	struct buf subject = { 0 }, after = { 0 };
	hub_keep(hub, RECORD_report_made, record);
	if (action == NULL)
		return;
	reporting_audit_texts(record, &subject, &after);
	if (buf_cstr(&subject) != NULL && buf_cstr(&after) != NULL)
		hub_audit(hub, action, record->actor, subject.at, "", after.at);
	buf_free(&subject);
	buf_free(&after);
}

static enum reporting_mailed mail(void *self, const struct reporting_mail *mail,
				  const char **why)
{
	struct hub *hub = self;
	return alerting_mail_report(&hub->alerting, mail, why);
}

void hub_open_reporting(struct hub *hub)
{
	const struct reporting_sink sink = { .self = hub,
					     .made = take_made,
					     .mail = mail };
	struct buf said = { 0 };
	reporting_open(&hub->reporting, &sink, clock_us(CLOCK_REALTIME), &said);
	say(&said);
}

void hub_reload_reporting(struct hub *hub, const struct config *fresh)
{
	struct buf said = { 0 };
	hub->config.report_schedule = fresh->report_schedule;
	hub->config.report_keep = fresh->report_keep;
	reporting_reload(&hub->reporting, clock_us(CLOCK_REALTIME), &said);
	say(&said);
}

void hub_watch_reporting(struct hub *hub)
{
	struct buf said = { 0 };
	reporting_second(&hub->reporting, clock_us(CLOCK_REALTIME),
			 clock_us(CLOCK_MONOTONIC), &said);
	say(&said);
}

void hub_take_reporting(struct hub *hub)
{
	struct buf said = { 0 };
	/* Who stood still may not lead any more: then another one makes it. */
	hub_look_at_lease(hub);
	reporting_take(&hub->reporting, clock_us(CLOCK_REALTIME),
		       clock_us(CLOCK_MONOTONIC), &said);
	say(&said);
}

void hub_heard_report(struct hub *hub, const struct report_made_record *record)
{
	reporting_heard(&hub->reporting, record);
}

void hub_keep_heard(struct hub *hub)
{
	struct buf said = { 0 };
	reporting_keep_heard(&hub->reporting, &said);
	say(&said);
}

int hub_run_report(struct hub *hub, const char *form, const char *actor,
		   struct buf *message)
{
	char report[FORM_VALUE_MAX];
	int error = reporting_run(&hub->reporting, form, actor, message);
	form_value(form, "report", report);
	if (error == 0)
		hub_audit(hub, "report_run", actor, report, "", "");
	return error;
}

void hub_give_schedule(void *self, struct buf *json)
{
	struct hub *hub = self;
	reporting_json(&hub->reporting, clock_us(CLOCK_REALTIME), json);
}
