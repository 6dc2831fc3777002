/*
 * syslog.h: an incident as a syslog message: RFC 5424 with structured data, or with CEF
 * (ArcSight's Common Event Format, revision 25) as its text.
 *
 * A message that has no room for all leaves fields out, the least needed first, and
 * cuts its text last; what is left is always well formed.
 */
#pragma once

#include "alert/notifier.h"

enum {
	/* RFC 5426 3.2 and RFC 5425 4.3.1: what receivers should take. */
	SYSLOG_DATAGRAM_MAX = 2048,
	SYSLOG_STREAM_MAX = 8192,
};

struct syslog_form {
	int facility;
	bool is_cef;
	size_t most; /* bytes of a message: SYSLOG_..._MAX */
};

/* "daemon", "local0" ...; -1: there is none of that name. */
int syslog_facility(const char *name);
/* What it takes, for people: "kern, user ...". */
void syslog_facilities(struct buf *out);

/* Of RFC 5424 6.2.1; also journald's PRIORITY.  What is over asks for nobody. */
int syslog_severity(const struct incident_record *incident);

/* In one line: "new incident, high: ... Cause: ... https://...". */
void syslog_words(struct buf *out, const struct notice *notice,
		  const struct incident_record *incident);

/* Appends the message, without a frame. */
void syslog_message(struct buf *out, const struct notice *notice,
		    const struct incident_record *incident,
		    const struct syslog_form *form);

/* Appends the record of CEF, of at most that many bytes. */
void cef_record(struct buf *out, const struct notice *notice,
		const struct incident_record *incident, size_t most);

/* Appends text in one line, with a backslash before each of those characters. */
void syslog_escape(struct buf *out, const char *text, const char *special);
/* Cuts to at most so many bytes, and not within a character of UTF-8. */
void syslog_cut(struct buf *text, size_t most);
