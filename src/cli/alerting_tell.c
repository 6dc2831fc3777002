/*
 * alerting_tell.c: who is told of incidents: messages to the sender's process, and what
 * came of them; see alerting.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert/notice.h"
#include "cli/alerting_inside.h"
#include "cli/notify_rules.h"

/* ---- messages ---- */

const struct sink *alerting_sink_of(const struct alerting *a, const char *name)
{
	const struct tell_rules *rules = a->rules.tell;
	for (size_t i = 0; i < rules->sink_count; i++)
		if (strcmp(rules->sinks[i]->name, name) == 0)
			return rules->sinks[i];
	return NULL;
}

/* It is run by another process. */
static bool is_program(const struct sink *sink)
{
	return sink != NULL && strcmp(sink->notifier->name, "program") == 0;
}

static void take_result(void *self, const struct notification_record *notification)
{
	struct alerting *a = self;
	alerting_keep(a, RECORD_notification, notification);
	sinks_told_take(&a->told, notification);
	if (a->book != NULL)
		incident_book_notification(a->book, notification);
}

/* Passed on to the program, once; how it ends is in the audit chain. */
static void note_run(struct alerting *a, const struct tell_message *message,
		     const struct notice *notice)
{
	struct notification_record record;
	record_init(RECORD_notification, &record);
	record.at = message->due_us;
	record_text(record.sink, sizeof(record.sink), message->sink);
	record_text(record.incident, sizeof(record.incident), message->key);
	record_text(record.key, sizeof(record.key), message->key);
	record.reason = notice->reason;
	record.incidents = (uint32_t)notice->count;
	notice_others(notice, record.others);
	record.state = "sent";
	record.tries = 1;
	take_result(a, &record);
}

static bool take_message(void *self, const struct tell_message *message)
{
	static struct incident_record incidents[NOTICE_INCIDENTS_MAX]; /* 40 kB */
	struct alerting *a = self;
	for (size_t i = 0; i < message->count; i++)
		incidents[i] = *message->incidents[i];
	const struct notice notice = { .id = message->id,
				       .reason = tell_reason_name(message->reason),
				       .key = message->key,
				       .host = a->host,
				       .link = a->link,
				       .at_us = message->due_us,
				       .incidents = incidents,
				       .count = message->count };
	bool is_run = is_program(alerting_sink_of(a, message->sink));
	bool is_taken =
		is_run ? programs_notice(a->setup.programs, &notice)
		       : a->sending != NULL &&
				 sending_tell(a->sending, message->sink, &notice);
	a->untaken += !is_taken;
	if (is_taken && is_run)
		note_run(a, message, &notice);
	return is_taken;
}

static void take_silence(void *self, const struct silence_record *silence)
{
	alerting_keep(self, RECORD_silence, silence);
}

static void take_audit(void *self, const struct audit_record *audit)
{
	alerting_keep(self, RECORD_audit, audit);
}

static void take_suppressed(void *self, const char *incident, const char *by,
			    int64_t now_us)
{
	struct alerting *a = self;
	incident_book_suppressed(a->book, incident, by, now_us);
	alert_board_suppress(&a->board, incident, by);
}

struct teller *alerting_new_teller(struct alerting *a)
{
	const struct teller_sink sink = { .self = a,
					  .message = take_message,
					  .silence = take_silence,
					  .audit = take_audit,
					  .suppressed = take_suppressed,
					  .own = a->setup.sensor };
	return teller_new(&sink);
}

/* ---- the sender's process ---- */

/* Also in that process: from the configuration as it is now. */
static bool load(void *self, struct sink_list *out, struct buf *message)
{
	static struct config config;
	const struct alerting *a = self;
	config_init(&config);
	if (config_load(&config, a->setup.config_path, message) != 0)
		return false;
	struct tell_rules *rules = notify_rules_load(&config, message);
	if (rules == NULL)
		return false;
	out->count = 0;
	for (size_t i = 0; i < rules->sink_count && i < SPOOL_SINKS_MAX; i++)
		out->at[out->count++] = rules->sinks[i];
	rules->sink_count = 0; /* they are the caller's now */
	tell_rules_free(rules);
	return true;
}

bool alerting_has_sinks(const struct tell_rules *rules)
{
	for (size_t i = 0; i < rules->sink_count; i++)
		if (!is_program(rules->sinks[i]))
			return true;
	return false;
}

void alerting_fork(struct alerting *a)
{
	const struct config *config = a->setup.config;
	if (!alerting_has_sinks(a->rules.tell))
		return;
	/* The spool is in it; what goes wrong is said where the rest is given up. */
	sandbox_own_inside(config->state, "spool", config->user);
	snprintf(a->spool, sizeof(a->spool), "%s/spool", config->state);
	reporting_folder(config->state, a->reports);
	snprintf(a->reports_in, sizeof(a->reports_in), "%s/", a->reports);
	if (config->report_schedule.count > 0)
		readable_add(&a->readable, a->reports_in);
	readable_add_config(&a->readable, a->setup.config_path);
	readable_add_paths(&a->readable, &config->notify_files);
	a->sender = (struct sending_setup){ .user = config->user,
					    .folder = a->spool,
					    .reports = a->reports,
					    .bytes_max = config->notify_spool,
					    .files = a->readable.at,
					    .self = a,
					    .load = load };
	a->sending = sending_fork(&a->sender);
}

int alerting_fd(const struct alerting *a)
{
	return a->sending != NULL ? sending_fd(a->sending) : -1;
}

bool alerting_take_sent(struct alerting *a, struct buf *said)
{
	const struct sending_output output = { a, take_result };
	sending_take(a->sending, &output, said);
	return sending_fd(a->sending) >= 0;
}

/* ---- the begin ---- */

static void tell_known(void *to, const struct incident_record *incident)
{
	teller_incident(to, incident);
}

/* Of loopback nobody else can follow it; of all addresses the host's name is one. */
static void set_link(struct alerting *a, const char *page)
{
	const char *port = strrchr(page, ':');
	if (port == NULL || strncmp(page, "127.", 4) == 0 ||
	    strncmp(page, "[::1]", 5) == 0)
		return;
	if (strncmp(page, "0.0.0.0:", 8) == 0 || strncmp(page, "[::]:", 5) == 0)
		snprintf(a->link, sizeof(a->link), "http://%s%s/", a->host, port);
	else
		snprintf(a->link, sizeof(a->link), "http://%s/", page);
}

void alerting_begin_telling(struct alerting *a, const char *page, int64_t now_us,
			    struct buf *said)
{
	struct buf why = { 0 };
	gethostname(a->host, sizeof(a->host) - 1);
	set_link(a, page);
	teller_set_rules(a->teller, a->rules.tell, now_us);
	if (!teller_keep(a->teller, a->setup.config->state, now_us, &why))
		buf_printf(said, "breakwater: %.*s\n", (int)why.len, why.at);
	buf_free(&why);
	incident_book_each(a->book, tell_known, a->teller);
}
