/*
 * top_incidents.c: the full screen's view of incidents.
 */
#include "cli/top_view.h"

static void about(const json_t *row, struct about *out)
{
	about_text(row, "id", out->incident, sizeof(out->incident));
	about_text(row, "client_ip", out->client, sizeof(out->client));
	about_text(row, "server_ip", out->host, sizeof(out->host));
	about_number(row, "port", out->port, sizeof(out->port));
}

static void tell(const json_t *row, struct steps *steps)
{
	steps_add_id(steps, command_incidents, "incidents", row);
}

static bool acknowledge(const json_t *row, struct steps *steps, char *subject,
			size_t size)
{
	about_text(row, "id", subject, size);
	if (subject[0] == '\0')
		return false;
	steps_add(steps, NULL, command_ack, "ack", "--", subject, NULL);
	return true;
}

static const char *const key[] = { "id", NULL };

const struct top_view top_incidents = {
	.tab = "Incidents",
	.doc = "Alerts and findings with one cause.",
	.view = &view_incidents,
	.words = " port host client severity at_least state rule target since until ",
	.fixed = { { "state", "firing" } },
	.key = key,
	.about = about,
	.tell = tell,
	.actions = { { 'a', "Acknowledge", "", "it has no id", acknowledge, false } },
};
