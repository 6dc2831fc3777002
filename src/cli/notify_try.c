/*
 * notify_try.c: see notify_try.h.
 */
#include "cli/notify_try.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/notify_rules.h"

enum { HOST_MAX = 256 };

static int send_now(struct sink *sink, struct buf *said)
{
	char host[HOST_MAX] = "";
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct incident_record incident;
	gethostname(host, sizeof(host) - 1);
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), "test");
	record_text(incident.rule, sizeof(incident.rule), "test");
	record_text(incident.summary, sizeof(incident.summary),
		    "this is a test: nothing has happened");
	incident.severity = severity_names[SEVERITY_NOTICE];
	/* So that nothing stays open there. */
	incident.state = "resolved";
	incident.at = incident.first = incident.end = now_us;
	const struct notice notice = { .id = (uint64_t)now_us,
				       .reason = "test",
				       .key = "test",
				       .host = host,
				       .link = "",
				       .at_us = now_us,
				       .incidents = &incident,
				       .count = 1 };
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
	int result = sink != NULL ? send_now(sink, said) : -ENOENT;
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

static int try_url(const char *url, struct buf *said)
{
	struct sink *sink = sink_new("test", url, NULL, said);
	int result = sink != NULL ? send_now(sink, said) : -EINVAL;
	sink_free(sink);
	return result;
}

int notify_try(const struct config *config, const char *sink, struct buf *said)
{
	return strchr(sink, ':') != NULL ? try_url(sink, said)
					 : try_named(config, sink, said);
}
