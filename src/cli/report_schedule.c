/*
 * report_schedule.c: see report_schedule.h.
 */
#include "cli/report_schedule.h"

#include <string.h>

#include "cli/notify_rules.h"
#include "cli/reporting_wire.h"
#include "report/formats.h"

struct checking {
	const struct config_schedule *schedule;
	const struct compliance *compliance;
	const struct tell_rules *rules;
	enum report_schedule_of of;
	struct buf *errors;
};

static struct buf *complain(const struct checking *c, const struct config_place *at)
{
	buf_printf(c->errors, "%s:%zu:%zu: ", c->schedule->file, at->line, at->column);
	return c->errors;
}

static void check_report(const struct checking *c)
{
	const char *report = c->schedule->report;
	bool is_document;
	if (!reporting_name_is_good(report, strlen(report))) {
		buf_printf(
			complain(c, &c->schedule->report_at),
			"report can't be \"%s\", as its files are called like it; "
			"allowed are letters, digits, \"-\", \"_\" and \".\", but for "
			"the first\n",
			report);
	} else if (!compliance_has(c->compliance, report, &is_document)) {
		buf_printf(complain(c, &c->schedule->report_at),
			   "report can't be \"%s\"; allowed is one of ", report);
		compliance_list_names(c->compliance, c->errors);
		buf_char(c->errors, '\n');
	} else if (compliance_needs_subject(c->compliance, report)) {
		buf_printf(complain(c, &c->schedule->report_at),
			   "report can't be \"%s\", which has to be told whom or what "
			   "it is about; allowed is one that is about all\n",
			   report);
	}
}

static void check_formats(const struct checking *c)
{
	const struct config_words *formats = &c->schedule->formats;
	bool is_document = false;
	compliance_has(c->compliance, c->schedule->report, &is_document);
	for (size_t i = 0; i < formats->count; i++) {
		const struct report_format *format = report_format(formats->at[i]);
		if (format == NULL || (is_document && format->is_of_controls))
			buf_printf(complain(c, &formats->places[i]),
				   "format can't be \"%s\"%s; allowed is %s\n",
				   formats->at[i],
				   format != NULL ? " of a document" : "",
				   is_document ? REPORT_FORMATS_OF_DOCUMENTS
					       : REPORT_FORMATS_ALLOWED);
	}
	if (formats->count == 0)
		buf_printf(complain(c, &c->schedule->report_at),
			   "format has none; allowed is %s\n", REPORT_FORMATS_ALLOWED);
}

static void check_choice(const struct checking *c)
{
	const struct config_schedule *schedule = c->schedule;
	char name[REPORTING_NAME_MAX];
	if (!config_choice_is_any(&schedule->of) && c->of == SCHEDULE_OF_MACHINE)
		buf_text(complain(c, &schedule->of_at),
			 "sensor, site and tag choose among those of a fleet: allowed "
			 "is that at a hub (breakwater hub), and this machine makes "
			 "reports of itself alone\n");
	if (!reporting_name(schedule->report, &schedule->of, name))
		buf_printf(complain(c, &schedule->of_at),
			   "report, sensor, site and tag are too long together, as its "
			   "files are called like them; allowed are %d characters\n",
			   REPORTING_NAME_MAX - 1);
}

/* What is to be verified is made where its chain is. */
static void check_proof(const struct checking *c)
{
	const struct config_schedule *schedule = c->schedule;
	if (c->of != SCHEDULE_OF_FLEET && config_choice_is_any(&schedule->of))
		return;
	if (schedule->bundle)
		buf_text(complain(c, &schedule->report_at),
			 "bundle can't be yes of a fleet's: what is to be verified is "
			 "made on the sensor whose audit chain proves it; allowed is "
			 "no\n");
	for (size_t i = 0; i < schedule->formats.count; i++) {
		const struct report_format *format =
			report_format(schedule->formats.at[i]);
		if (format != NULL && format->is_of_controls)
			buf_printf(complain(c, &schedule->formats.places[i]),
				   "format can't be \"%s\" of a fleet's; allowed is "
				   "%s\n",
				   schedule->formats.at[i],
				   REPORT_FORMATS_OF_DOCUMENTS);
	}
}

static const struct sink *sink_named(const struct tell_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->sink_count; i++)
		if (strcmp(rules->sinks[i]->name, name) == 0)
			return rules->sinks[i];
	return NULL;
}

static void list_mail_sinks(const struct checking *c)
{
	size_t count = 0;
	for (size_t i = 0; i < c->rules->sink_count; i++)
		if (c->rules->sinks[i]->notifier->takes_reports)
			buf_printf(c->errors, "%s%s", count++ > 0 ? ", " : "",
				   c->rules->sinks[i]->name);
	if (count == 0)
		buf_text(c->errors, "none, as notify names no smtp:// or smtps://");
	buf_char(c->errors, '\n');
}

static void check_mail(const struct checking *c)
{
	const struct config_words *mail = &c->schedule->mail;
	for (size_t i = 0; i < mail->count; i++) {
		const struct sink *sink = sink_named(c->rules, mail->at[i]);
		if (sink != NULL && sink->notifier->takes_reports)
			continue;
		buf_printf(complain(c, &mail->places[i]),
			   "mail can't be \"%s\", %s; allowed is a sink of notify that "
			   "is mail: ",
			   mail->at[i],
			   sink != NULL ? "which is no mail" : "which is no sink");
		list_mail_sinks(c);
	}
}

bool report_schedule_check(const struct config *config, const struct tell_rules *rules,
			   enum report_schedule_of of, struct buf *errors)
{
	const struct config_schedules *all = &config->report_schedule;
	const char *folder = config->report_compliance;
	const size_t before = errors->len;
	if (all->count == 0)
		return true;
	struct compliance *compliance =
		compliance_open(folder[0] != '\0' ? folder : NULL, errors);
	for (size_t i = 0; compliance != NULL && i < all->count; i++) {
		const struct checking checking = { &all->at[i], compliance, rules, of,
						   errors };
		check_report(&checking);
		check_formats(&checking);
		check_choice(&checking);
		check_proof(&checking);
		check_mail(&checking);
	}
	bool is_right = compliance != NULL && errors->len == before;
	compliance_free(compliance);
	return is_right;
}

bool report_schedule_check_alone(const struct config *config,
				 enum report_schedule_of of, struct buf *errors)
{
	struct buf said = { 0 }; /* what is wrong with sinks is said by who uses them */
	if (config->report_schedule.count == 0)
		return true;
	struct tell_rules *rules = notify_rules_load(config, &said);
	bool is_right =
		rules == NULL || report_schedule_check(config, rules, of, errors);
	tell_rules_free(rules);
	buf_free(&said);
	return is_right;
}
