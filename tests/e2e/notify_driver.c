/*
 * notify_driver.c: one notice to one sink, for the tests that look at what arrives.
 *
 *   notify_driver URL REASON [count=N] [severity=WORD] [summary=TEXT] [target=TEXT]
 *
 * It may do what the process that sends may.  Says "sent", "later: why", "never: why"
 * or "refused: why".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/notifier.h"
#include "guard/calls.h"

#define AT_US 1767225600000000LL /* 2026-01-01 */

static struct incident_record incidents[NOTICE_INCIDENTS_MAX];
static size_t count = 1;

static void fill(struct incident_record *incident, size_t number, const char *reason)
{
	record_init(RECORD_incident, incident);
	snprintf(incident->id, sizeof(incident->id), "f00d%zu", number);
	record_text(incident->rule, sizeof(incident->rule), "response");
	record_text(incident->target, sizeof(incident->target), "192.0.2.1:22/tcp");
	record_text(incident->summary, sizeof(incident->summary), "ssh is slow");
	record_text(incident->service, sizeof(incident->service), "ssh");
	incident->state = strcmp(reason, "resolved") == 0 ? "resolved" : "firing";
	incident->severity = "high";
	incident->at = incident->first = AT_US;
	incident->transport = "tcp";
	incident->port = 22;
	incident->alerts = 3;
	addr_parse("192.0.2.1", &incident->server_ip);
	addr_parse("2001:db8::7", &incident->client_ip);
}

static void set(struct incident_record *incident, const char *name, const char *value)
{
	if (strcmp(name, "summary") == 0)
		record_text(incident->summary, sizeof(incident->summary), value);
	else if (strcmp(name, "target") == 0)
		record_text(incident->target, sizeof(incident->target), value);
	else if (strcmp(name, "severity") == 0)
		incident->severity = record_word(value);
	else
		count = (size_t)strtoul(value, NULL, 10);
}

int main(int argc, char **argv)
{
	static const char *const outcomes[] = { "sent", "later", "never" };
	struct buf text = { 0 };
	signal(SIGPIPE, SIG_IGN); /* as in the process that sends */
	struct sink *sink = argc > 2 ? sink_new("test", argv[1], NULL, &text) : NULL;
	if (sink == NULL) {
		printf("refused: %s\n", buf_cstr(&text));
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < NOTICE_INCIDENTS_MAX; i++) {
		fill(&incidents[i], i, argv[2]);
		for (int k = 3; k < argc; k++) {
			char name[32] = "";
			size_t len = strcspn(argv[k], "=");
			snprintf(name, sizeof(name), "%.*s", (int)len, argv[k]);
			set(&incidents[i], name, argv[k] + len + 1);
		}
	}
	const struct notice notice = { .id = 1,
				       .reason = argv[2],
				       .key = "k1",
				       .host = "db01",
				       .link = "https://db01/",
				       .at_us = AT_US,
				       .incidents = incidents,
				       .count = count };
	if (calls_limit_sender() != 0)
		return EXIT_FAILURE;
	enum notify_outcome outcome = sink->notifier->send(sink, &notice, &text);
	printf("%s%s%s\n", outcomes[outcome], text.len > 0 ? ": " : "",
	       buf_cstr(&text));
	sink_free(sink);
	buf_free(&text);
	return outcome == NOTIFY_SENT ? EXIT_SUCCESS : EXIT_FAILURE;
}
