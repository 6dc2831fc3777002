/*
 * alerting_status.c: how many incidents fire, and the gravest; see alerting.h.
 */
#include <string.h>

#include "cli/alerting.h"

struct firing {
	uint64_t count, unowned;
	struct incident_record worst; /* severity NULL: none fires */
};

/* They come newest first: among those as grave the newest stays. */
static void count(void *to, const struct incident_record *incident)
{
	struct firing *firing = to;
	if (strcmp(incident->state, "firing") != 0)
		return;
	firing->count++;
	firing->unowned += incident->acknowledged == UNKNOWN_TIME;
	if (firing->worst.severity == NULL ||
	    record_severity(incident->severity) >
		    record_severity(firing->worst.severity))
		firing->worst = *incident;
}

static void put_text(struct buf *json, const char *name, const char *text)
{
	buf_printf(json, ",\"%s\":\"", name);
	buf_json_text(json, text);
	buf_char(json, '"');
}

void alerting_json(const struct alerting *a, struct buf *json)
{
	struct firing firing = { 0 };
	alerting_each(a, count, &firing);
	buf_printf(json, "\"incidents\":{\"firing\":%llu,\"unacknowledged\":%llu",
		   (unsigned long long)firing.count,
		   (unsigned long long)firing.unowned);
	if (firing.worst.severity != NULL) {
		/* The id is hexadecimal digits. */
		buf_printf(json, ",\"worst\":{\"id\":\"%s\"", firing.worst.id);
		put_text(json, "severity", firing.worst.severity);
		put_text(json, "rule", firing.worst.rule);
		put_text(json, "target", firing.worst.target);
		buf_char(json, '}');
	}
	buf_char(json, '}');
}
