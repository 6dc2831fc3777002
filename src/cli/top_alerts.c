/*
 * top_alerts.c: the full screen's view of limits that are crossed.
 */
#include "cli/top_view.h"

static void about(const json_t *row, struct about *out)
{
	about_text(row, "incident", out->incident, sizeof(out->incident));
	about_text(row, "server_ip", out->host, sizeof(out->host));
	about_number(row, "port", out->port, sizeof(out->port));
}

static void tell(const json_t *row, struct steps *steps)
{
	steps_add_id(steps, command_alerts, "alerts", row);
}

/* Who takes care of one takes care of its incident. */
static bool acknowledge(const json_t *row, struct steps *steps, char *subject,
			size_t size)
{
	char id[64];
	about_text(row, "incident", id, sizeof(id));
	snprintf(subject, size, "incident %s", id);
	if (id[0] == '\0')
		return false;
	steps_add(steps, NULL, command_ack, "ack", "--", id, NULL);
	return true;
}

static const char *const key[] = { "id", NULL };

const struct top_view top_alerts = {
	.tab = "Alerts",
	.doc = "Which limits are crossed now.",
	.view = &view_alerts,
	.words = " port host severity at_least state rule target incident since until ",
	.fixed = { { "state", "firing" } },
	.key = key,
	.about = about,
	.tell = tell,
	.actions = { { 'a', "Acknowledge", "", "it belongs to no incident", acknowledge,
		       false } },
};
