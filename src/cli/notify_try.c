/*
 * notify_try.c: see notify_try.h.
 */
#include "cli/notify_try.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/notify_rules.h"
#include "cli/programs.h"
#include "cli/view.h"

/* A program that hangs is ended before. */
enum { HOST_MAX = 256, PROGRAM_MS = RUNNER_DEADLINE_MS + 2000 };

static void ignore_audit(void *self, const struct audit_record *record)
{
	(void)self;
	(void)record;
}

/* Until it has ended, or the process that runs it has. */
static void wait_for_program(struct programs *programs, struct buf *said)
{
	const struct programs_sink sink = { .audit = ignore_audit };
	const struct program_counts *counts = &programs->counts[PROGRAM_OF_NOTICES];
	int64_t end_us = clock_us(CLOCK_MONOTONIC) + PROGRAM_MS * 1000LL;
	while (counts->ended + counts->refused == 0 && programs_fd(programs) >= 0 &&
	       clock_us(CLOCK_MONOTONIC) < end_us) {
		struct pollfd waited = { .fd = programs_fd(programs),
					 .events = POLLIN };
		poll(&waited, 1, PROGRAM_MS);
		programs_take(programs, clock_us(CLOCK_REALTIME), &sink, said);
	}
}

/* By a process as the daemon's, and as the same user. */
static int run_program(const struct config *config, const struct notice *notice,
		       struct buf *said)
{
	static struct config only; /* of messages: the one of blocks is not tried */
	static struct programs programs;
	only = *config;
	only.block_program[0] = '\0';
	if (only.notify_program[0] == '\0') {
		buf_text(said, "notify.program names none");
		return -EINVAL;
	}
	programs_fork(&programs, &only);
	if (programs_notice(&programs, notice))
		wait_for_program(&programs, said);
	const struct program_counts *counts = &programs.counts[PROGRAM_OF_NOTICES];
	bool is_well = counts->ended == 1 && counts->failed + counts->late == 0;
	char what[sizeof(counts->last)];
	text_clean(what, sizeof(what), counts->last);
	buf_clear(said);
	if (!is_well)
		buf_text(said, what[0] != '\0' ? what : "it could not be run");
	programs_close(&programs);
	return is_well ? 0 : -EAGAIN;
}

void notify_test_incident(struct incident_record *incident, int64_t now_us)
{
	record_init(RECORD_incident, incident);
	record_text(incident->id, sizeof(incident->id), "test");
	record_text(incident->rule, sizeof(incident->rule), "test");
	record_text(incident->summary, sizeof(incident->summary),
		    "this is a test: nothing has happened");
	incident->severity = severity_names[SEVERITY_NOTICE];
	/* So that nothing stays open there. */
	incident->state = "resolved";
	incident->at = incident->first = incident->end = now_us;
}

static int send_now(const struct config *config, struct sink *sink, struct buf *said)
{
	char host[HOST_MAX] = "";
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct incident_record incident;
	gethostname(host, sizeof(host) - 1);
	notify_test_incident(&incident, now_us);
	const struct notice notice = { .id = (uint64_t)now_us,
				       .reason = "test",
				       .key = "test",
				       .host = host,
				       .link = "",
				       .at_us = now_us,
				       .incidents = &incident,
				       .count = 1 };
	if (strcmp(sink->notifier->name, "program") == 0)
		return run_program(config, &notice, said);
	return notifier_send(sink, &notice, said) == NOTIFY_SENT ? 0 : -EAGAIN;
}

static struct sink *sink_of(const struct tell_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->sink_count; i++)
		if (strcmp(rules->sinks[i]->name, name) == 0)
			return rules->sinks[i];
	return NULL;
}

static int try_named(const struct config *config, const char *name, struct buf *said)
{
	struct tell_rules *rules = notify_rules_load(config, said);
	if (rules == NULL)
		return -EINVAL;
	struct sink *sink = sink_of(rules, name);
	int result = sink != NULL ? send_now(config, sink, said) : -ENOENT;
	if (sink == NULL)
		buf_text(said, rules->sink_count > 0
				       ? "no sink has that name; allowed are"
				       : "no sink is configured (notify.to, "
					 "notify.files); allowed is a URL, such as "
					 "slack:?url_file=FILE");
	for (size_t i = 0; i < rules->sink_count && sink == NULL; i++)
		buf_printf(said, " %s", rules->sinks[i]->name);
	tell_rules_free(rules);
	return result;
}

static int try_url(const struct config *config, const char *url, struct buf *said)
{
	struct sink *sink = sink_new("test", url, NULL, said);
	int result = sink != NULL ? send_now(config, sink, said) : -EINVAL;
	sink_free(sink);
	return result;
}

int notify_try(const struct config *config, const char *sink, struct buf *said)
{
	return strchr(sink, ':') != NULL ? try_url(config, sink, said)
					 : try_named(config, sink, said);
}
