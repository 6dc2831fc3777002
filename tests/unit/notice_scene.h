/*
 * notice_scene.h: notices for the tests of notifiers.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "alert/notice.h"

#define BEGAN_US  1767268800000000LL /* 2026-01-01T12:00:00Z */
#define MINUTE_US 60000000LL

/* An incident that has just begun. */
static inline struct incident_record made_incident(const char *summary)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), "3f2a");
	incident.at = BEGAN_US + MINUTE_US;
	incident.first = BEGAN_US;
	incident.state = "firing";
	record_text(incident.rule, sizeof(incident.rule), "port_down");
	record_text(incident.target, sizeof(incident.target), "tcp://10.0.0.5:5432");
	record_text(incident.service, sizeof(incident.service), "postgresql");
	incident.port = 5432;
	incident.severity = "high";
	record_text(incident.summary, sizeof(incident.summary), summary);
	record_text(incident.cause, sizeof(incident.cause), "its process ended");
	return incident;
}

static inline void end_incident(struct incident_record *incident)
{
	incident->state = "resolved";
	incident->end = BEGAN_US + 5 * MINUTE_US;
}

static inline struct notice notice_of(const struct incident_record *incidents,
				      size_t count, const char *reason)
{
	return (struct notice){ .id = 0x1122334455667788,
				.reason = reason,
				.key = "3f2a",
				.host = "db01",
				.link = "https://db01.example.org/#incident=3f2a",
				.at_us = BEGAN_US + MINUTE_US,
				.incidents = incidents,
				.count = count };
}
