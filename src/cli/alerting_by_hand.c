/*
 * alerting_by_hand.c: what people say of incidents, deployments and silences, as forms;
 * see alerting.h and docs/alerts.md.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/alerting_inside.h"
#include "web/form.h"

enum { PORT_MAX = 65535 };
/* As a silence may last (alert/silence.c): more would overflow a time, too. */
#define LONGEST_US (366 * 86400 * INT64_C(1000000))

static int refuse(struct buf *message, const char *why)
{
	buf_text(message, why);
	return -EINVAL;
}

/* NULL: it is not given. */
static const char *text_of(const char *form, const char *name,
			   char value[static FORM_VALUE_MAX])
{
	return form_value(form, name, value) ? value : NULL;
}

int alerting_change(struct alerting *a, const char *form, const char *actor,
		    struct buf *message)
{
	char id[FORM_VALUE_MAX], owner[FORM_VALUE_MAX], comment[FORM_VALUE_MAX],
		reason[FORM_VALUE_MAX];
	if (a->book == NULL)
		return refuse(message, "it begins, or ends");
	if (!form_value(form, "id", id) || id[0] == '\0')
		return refuse(message, "id: of which incident?");
	const struct incident_change change = {
		.id = id,
		.actor = actor,
		.owner = text_of(form, "owner", owner),
		.comment = text_of(form, "comment", comment),
		.acknowledge = form_is_set(form, "acknowledge"),
		.close = form_is_set(form, "close"),
		.false_positive = form_is_set(form, "false_positive"),
		.reason = text_of(form, "reason", reason),
	};
	const int64_t now_us = clock_us(CLOCK_REALTIME);
	int error = incident_book_change(a->book, &change, now_us, message);
	if (error != -ENOENT)
		return error;
	/* False positives are marked days later. */
	alerting_recall_id(a, id);
	buf_clear(message);
	return incident_book_change(a->book, &change, now_us, message);
}

/* ---- deployments ---- */

static bool read_port(const char *form, uint32_t *port)
{
	char value[FORM_VALUE_MAX], *end;
	if (!form_value(form, "port", value))
		return true;
	unsigned long number = strtoul(value, &end, 10);
	*port = (uint32_t)number;
	return value[0] >= '0' && value[0] <= '9' && *end == '\0' && number >= 1 &&
	       number <= PORT_MAX;
}

static int read_deployment(const char *form, struct deployment_record *d,
			   struct buf *message)
{
	char value[FORM_VALUE_MAX];
	if (!form_value(form, "name", value) || value[0] == '\0')
		return refuse(message, "name: what was changed?");
	record_text(d->name, sizeof(d->name), value);
	if (form_value(form, "version", value))
		record_text(d->version, sizeof(d->version), value);
	if (form_value(form, "summary", value))
		record_text(d->summary, sizeof(d->summary), value);
	if (form_value(form, "server_ip", value) && !addr_parse(value, &d->server_ip))
		return refuse(message, "server_ip: allowed is an address, such as "
				       "192.0.2.7 or 2001:db8::7");
	if (!read_port(form, &d->port))
		return refuse(message, "port: allowed is 1 to 65535");
	return 0;
}

static void audit_deployment(struct alerting *a, const struct deployment_record *d)
{
	struct audit_record record;
	record_init(RECORD_audit, &record);
	record.at = d->at;
	record.action = "deployment";
	record_text(record.actor, sizeof(record.actor), d->actor);
	record_text(record.subject, sizeof(record.subject), d->name);
	record_text(record.after, sizeof(record.after), d->version);
	alerting_keep(a, RECORD_audit, &record);
}

int alerting_deployed(struct alerting *a, const char *form, const char *actor,
		      struct buf *message)
{
	struct deployment_record deployment;
	if (a->book == NULL)
		return refuse(message, "it begins, or ends");
	record_init(RECORD_deployment, &deployment);
	int error = read_deployment(form, &deployment, message);
	if (error != 0)
		return error;
	deployment.at = clock_us(CLOCK_REALTIME);
	record_text(deployment.actor, sizeof(deployment.actor), actor);
	alerting_keep(a, RECORD_deployment, &deployment);
	audit_deployment(a, &deployment);
	incident_book_deployment(a->book, &deployment);
	buf_printf(message, "%s: noted; what falls in the next minutes is seen with it",
		   deployment.name);
	return 0;
}

/* ---- silences ---- */

static int read_start(const char *form, int64_t now_us, int64_t *start_us,
		      struct buf *message)
{
	char value[FORM_VALUE_MAX];
	if (!form_value(form, "start", value))
		return 0;
	if (!time_parse(value, start_us) || *start_us < now_us)
		return refuse(message, "start: allowed is a time to come, such as "
				       "2026-01-31T12:00:00Z");
	return 0;
}

/* So long from its begin on, or until then. */
static int read_end(const char *form, int64_t begin_us, int64_t *until_us,
		    struct buf *message)
{
	char duration[FORM_VALUE_MAX], until[FORM_VALUE_MAX];
	bool has_duration = form_value(form, "for", duration);
	bool has_until = form_value(form, "until", until);
	int64_t us;
	if (has_duration == has_until)
		return refuse(message,
			      "a silence always has an end: one of for, such as "
			      "--for 2h, and until is needed");
	if (has_until && !time_parse(until, until_us))
		return refuse(message,
			      "until: allowed is a time such as 2026-01-31T12:00:00Z");
	if (has_until)
		return 0;
	if (!duration_parse(duration, &us) || us <= 0 || us > LONGEST_US)
		return refuse(message, "for: allowed is a duration from 1s to 366d, "
				       "such as 30m, 2h or 7d");
	*until_us = begin_us + us;
	return 0;
}

int alerting_silence(struct alerting *a, const char *form, const char *actor,
		     struct buf *message)
{
	char match[FORM_VALUE_MAX], why[FORM_VALUE_MAX];
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct silence_asked asked = { .actor = actor };
	if (a->teller == NULL)
		return refuse(message, "it begins, or ends");
	if (!form_value(form, "match", match))
		return refuse(message, "match: of which incidents? Allowed are "
				       "conditions of at most 255 bytes");
	asked.match = match;
	asked.why = text_of(form, "why", why);
	int error = read_start(form, now_us, &asked.start_us, message);
	if (error == 0)
		error = read_end(form, asked.start_us > 0 ? asked.start_us : now_us,
				 &asked.until_us, message);
	if (error == 0)
		error = teller_silence(a->teller, &asked, now_us, message);
	/* That there are too many is for who asks to mend. */
	return error == -ENOSPC ? -EINVAL : error;
}

int alerting_unsilence(struct alerting *a, const char *form, const char *actor,
		       struct buf *message)
{
	char id[FORM_VALUE_MAX];
	if (a->teller == NULL)
		return refuse(message, "it begins, or ends");
	if (!form_value(form, "id", id) || id[0] == '\0')
		return refuse(message, "id: of which silence?");
	return teller_unsilence(a->teller, id, actor, clock_us(CLOCK_REALTIME),
				message);
}
