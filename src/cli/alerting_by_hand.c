/*
 * alerting_by_hand.c: what people say of incidents and deployments, as forms; see
 * alerting.h and docs/alerts.md.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/alerting_inside.h"
#include "web/form.h"

enum { PORT_MAX = 65535 };

static int refuse(struct buf *message, const char *why)
{
	buf_text(message, why);
	return -EINVAL;
}

static bool is_set(const char *form, const char *name)
{
	char value[FORM_VALUE_MAX];
	return form_value(form, name, value) && strcmp(value, "1") == 0;
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
		.acknowledge = is_set(form, "acknowledge"),
		.close = is_set(form, "close"),
		.false_positive = is_set(form, "false_positive"),
		.reason = text_of(form, "reason", reason),
	};
	return incident_book_change(a->book, &change, clock_us(CLOCK_REALTIME),
				    message);
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
