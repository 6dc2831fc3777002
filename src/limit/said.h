/*
 * said.h: an alert in plain words: what, how much, how much is allowed, since when.
 * Private to the room.
 */
#pragma once

#include "base/buf.h"
#include "limit/series.h"

enum said_end {
	SAID_FIRING,
	SAID_RECOVERED,
	SAID_UNKNOWN, /* no more values */
};

struct buf;

/* "2026-11-26 13:00:00 UTC" */
void said_when(struct buf *out, int64_t at_us);

/* The record that tells of it; without its incident.  rule: NULL: it is there no more.
 */
void said_alert(const struct limit_rule *rule, const struct series *series,
		const struct facts *facts, enum said_end end, int64_t now_us,
		struct alert_record *out);

/* "5 min 12 s": since it began. */
void said_lasted(struct buf *out, const struct facts *facts, int64_t now_us);
/* ": nothing more is known of it, after 5 min" */
void said_unknown(struct buf *out, const struct facts *facts, int64_t now_us);
/* Whom it is about, its begin and its values; and how it ends, in words. */
void said_facts(const struct facts *facts, int severity, enum said_end end,
		int64_t now_us, struct alert_record *out);
/* Takes text, which is freed. */
void said_summary(struct buf *text, struct alert_record *out);
