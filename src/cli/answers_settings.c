/*
 * answers_settings.c: see answers_settings.h.
 */
#include "cli/answers_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/answers_report.h"
#include "cli/evidence_by_hand.h"
#include "cli/policy_by_hand.h"
#include "cli/privacy_by_hand.h"

static void *begin_report(void *self)
{
	const struct monitor *m = self;
	return answers_report_begin(&m->config, "");
}

/* ---- dashboards ---- */

static void give_dashboards(void *self, struct buf *json)
{
	struct monitor *m = self;
	dashboard_shelf_list(&m->dashboards, json);
}

static int give_dashboard(void *self, const char *name, bool as_file, struct buf *out)
{
	const struct monitor *m = self;
	return dashboard_shelf_get(&m->dashboards, name, as_file, out);
}

static void note_change(struct monitor *m, const char *action, const char *actor,
			const char *name, const struct shelf_change *change)
{
	monitor_audit(m, action, actor, name, change->before, change->after);
}

static int put_dashboard(void *self, const char *name, const char *text, size_t len,
			 const char *actor, struct buf *message)
{
	struct monitor *m = self;
	struct shelf_change change;
	struct buf copy = { 0 };
	buf_add(&copy, text, len);
	int error = buf_ok(&copy) ? dashboard_shelf_put(&m->dashboards, name, &copy,
							&change, message)
				  : -ENOMEM;
	if (error == 0)
		note_change(m, "dashboard_put", actor, name, &change);
	buf_free(&copy);
	return error;
}

static int remove_dashboard(void *self, const char *name, const char *actor,
			    struct buf *message)
{
	struct monitor *m = self;
	struct shelf_change change;
	int error = dashboard_shelf_remove(&m->dashboards, name, &change, message);
	if (error == 0)
		note_change(m, "dashboard_remove", actor, name, &change);
	return error;
}

/* ---- what is watched, who is told, the configuration ---- */

static void give_rules(void *self, struct buf *json)
{
	const struct monitor *m = self;
	buf_char(json, '{');
	limit_rules_json(m->alerting.rules.limits, json);
	/* Then older ones are in force than the files say. */
	buf_printf(json, ",\"files_refused\":%s}",
		   m->alerting.files_are_refused ? "true" : "false");
}

static void give_sinks(void *self, struct buf *json)
{
	const struct monitor *m = self;
	alerting_sinks_json(&m->alerting, json);
}

static bool test_sink(void *self, const struct web_sink_test *test,
		      web_probe_answer answer, void *to, const char **why)
{
	struct monitor *m = self;
	if (!alerting_test_sink(&m->alerting, test->sink, answer, to, why))
		return false;
	monitor_audit(m, "notify_test", test->actor, test->sink, "", "");
	return true;
}

void answers_note_config(struct monitor *m)
{
	struct buf errors = { 0 }; /* said by who loaded it first */
	config_load_traced(&m->as_read, &m->origins, m->config_path, &errors);
	config_steer(&m->as_read, &m->origins, m->config.state, &errors);
	buf_free(&errors);
}

static void give_config(void *self, struct buf *json)
{
	const struct monitor *m = self;
	config_json_traced(json, &m->config, &m->as_read, &m->origins);
}

/* ---- forms ---- */

int answers_take_form(struct monitor *m, const char *text, size_t len,
		      const char *actor, struct buf *message, answers_form *take)
{
	struct buf form = { 0 };
	buf_add(&form, text, len);
	const char *words = buf_cstr(&form);
	int error = words != NULL ? take(m, words, actor, message) : -ENOMEM;
	buf_free(&form);
	return error;
}

static int approve(void *self, const char *text, size_t len, const char *actor,
		   struct buf *message)
{
	return answers_take_form(self, text, len, actor, message, policy_approve);
}

static int reviewed(void *self, const char *text, size_t len, const char *actor,
		    struct buf *message)
{
	return answers_take_form(self, text, len, actor, message,
				 policy_review_by_hand);
}

static int withdraw(void *self, const char *text, size_t len, const char *actor,
		    struct buf *message)
{
	return answers_take_form(self, text, len, actor, message, policy_withdraw);
}

static int take_privacy(void *self, const char *text, size_t len, const char *actor,
			struct buf *message)
{
	return answers_take_form(self, text, len, actor, message, privacy_by_hand);
}

static int evidence_reviewed(void *self, const char *text, size_t len,
			     const char *actor, struct buf *message)
{
	return answers_take_form(self, text, len, actor, message,
				 evidence_review_by_hand);
}

void answers_settings(struct web_source *source)
{
	const struct monitor *m = source->self;
	source->public_targets = m->config.web_status_page ? answers_public : NULL;
	source->public_title = m->config.web_status_title;
	source->rules = give_rules;
	source->sinks = give_sinks;
	source->sink_test = test_sink;
	source->config = give_config;
	source->report = (struct web_reporter){ begin_report, answers_report_end };
	source->policy_approve = approve;
	source->policy_withdraw = withdraw;
	source->policy_reviewed = reviewed;
	source->privacy = take_privacy;
	source->evidence_reviewed = evidence_reviewed;
	source->dashboards = give_dashboards;
	source->dashboard = give_dashboard;
	source->dashboard_put = put_dashboard;
	source->dashboard_remove = remove_dashboard;
}
