/*
 * incidents_scene.h: a book of incidents, what comes to it, and what was said.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/incidents.h"
#include "base/buf.h"

#define SECOND 1000000LL
#define START  (1700000000 * SECOND)

enum { SAID_MAX = 8192 };

static struct incident_record said[SAID_MAX];
static struct timeline_record lines[SAID_MAX];
static struct audit_record audits[64];
static size_t said_count, line_count, audit_count;
static struct incident_book *book;
static const char *finding_words; /* the summary of those that come */

static inline void take_incident(void *self, const struct incident_record *incident)
{
	(void)self;
	assert_true(said_count < SAID_MAX);
	said[said_count++] = *incident;
}

static inline void take_line(void *self, const struct timeline_record *line)
{
	(void)self;
	assert_true(line_count < SAID_MAX);
	lines[line_count++] = *line;
}

static inline void take_audit(void *self, const struct audit_record *audit)
{
	(void)self;
	audits[audit_count++] = *audit;
}

static inline bool is_own(void *self, const struct addr *addr)
{
	struct addr own;
	(void)self;
	return addr_parse("192.0.2.1", &own) && addr_equal(addr, &own);
}

static inline int begin(void **state)
{
	(void)state;
	said_count = line_count = audit_count = 0;
	book = incident_book_new(&(struct incidents_sink){
		.incident = take_incident,
		.timeline = take_line,
		.is_own = is_own,
		.audit = take_audit,
	});
	finding_words = "somebody guesses";
	return book == NULL;
}

static inline int end(void **state)
{
	(void)state;
	incident_book_free(book);
	return 0;
}

/* ---- what comes ---- */

static inline const char *alert(const char *id, const char *rule, const char *target,
				const char *ip, unsigned port, double at_s,
				const char *state)
{
	static struct alert_record record;
	record_init(RECORD_alert, &record);
	record.at = record.start = START + (int64_t)(at_s * SECOND);
	record.state = state;
	record.severity = "high";
	record_text(record.id, sizeof(record.id), id);
	record_text(record.rule, sizeof(record.rule), rule);
	record_text(record.target, sizeof(record.target), target);
	snprintf(record.summary, sizeof(record.summary), "%.60s: %.60s", target, rule);
	if (ip != NULL)
		assert_true(addr_parse(ip, &record.server_ip));
	if (port != 0) {
		record.port = port;
		record.transport = "tcp";
	}
	incident_book_alert(book, &record);
	return record.incident;
}

/* The incident that it belongs to then. */
static inline const char *finding(const char *id, const char *incident,
				  const char *client, unsigned port, double at_s,
				  const char *state, const char *severity)
{
	static struct finding_record record;
	record_init(RECORD_finding, &record);
	record.at = record.first = record.last = START + (int64_t)(at_s * SECOND);
	record.state = state;
	record.kind = "brute_force";
	record.severity = severity;
	record.port = port;
	record.transport = "tcp";
	assert_true(addr_parse("192.0.2.1", &record.server_ip));
	assert_true(addr_parse(client, &record.client_ip));
	record_text(record.id, sizeof(record.id), id);
	record_text(record.incident, sizeof(record.incident), incident);
	record_text(record.summary, sizeof(record.summary), finding_words);
	incident_book_finding(book, &record);
	return record.incident;
}

static inline void closed(const char *ip, unsigned port, const char *process,
			  double at_s)
{
	struct listener_record record;
	record_init(RECORD_listener, &record);
	record.at = START + (int64_t)(at_s * SECOND);
	record.change = "closed";
	record.transport = "tcp";
	record.port = port;
	assert_true(addr_parse(ip, &record.ip));
	record_text(record.process, sizeof(record.process), process);
	incident_book_listener(book, &record);
}

static inline void deployed(const char *name, double at_s)
{
	struct deployment_record record;
	record_init(RECORD_deployment, &record);
	record.at = START + (int64_t)(at_s * SECOND);
	record_text(record.name, sizeof(record.name), name);
	incident_book_deployment(book, &record);
}

static inline void told(const char *state, const char *first, const char *others)
{
	struct notification_record record;
	record_init(RECORD_notification, &record);
	record.at = START + 60 * SECOND;
	record.state = state;
	record.reason = "new";
	record_text(record.sink, sizeof(record.sink), "mail");
	record_text(record.incident, sizeof(record.incident), first);
	record_text(record.others, sizeof(record.others), others);
	incident_book_notification(book, &record);
}

/* The incidents that fire now. */
struct firing {
	struct incident_record of[600];
	size_t count;
};

static inline void count_firing(void *to, const struct incident_record *incident)
{
	struct firing *firing = to;
	if (strcmp(incident->state, "firing") == 0)
		firing->of[firing->count++] = *incident;
}

static struct firing firing;

static inline size_t fire(void)
{
	firing.count = 0;
	incident_book_each(book, count_firing, &firing);
	return firing.count;
}

static inline int change(struct incident_change with, struct buf *message)
{
	with.actor = "ann";
	buf_clear(message);
	return incident_book_change(book, &with, START + 10 * SECOND, message);
}
