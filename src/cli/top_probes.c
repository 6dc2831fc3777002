/*
 * top_probes.c: the full screen's view of targets that are asked again and again.
 */
#include "cli/top_view.h"

#include <stdio.h>

static void about(const json_t *row, struct about *out)
{
	about_text(row, "ip", out->host, sizeof(out->host));
	about_number(row, "port", out->port, sizeof(out->port));
}

/* What it was like within the hour, beside what it said last. */
static void tell(const json_t *row, struct steps *steps)
{
	struct about a = { 0 };
	char host[80] = "", port[24] = "";
	about(row, &a);
	if (a.host[0] == '\0')
		return;
	snprintf(host, sizeof(host), "--host=%s", a.host);
	if (a.port[0] != '\0')
		snprintf(port, sizeof(port), "--port=%s", a.port);
	steps_add(steps, "The last hour", command_probes, "probes", host, port,
		  "--since=1h", "--limit=60", NULL);
}

static const char *const key[] = { "target", "ip", "port", NULL };

const struct top_view top_probes = {
	.tab = "Probes",
	.doc = "How the services are that are asked again and again.",
	.view = &view_probes,
	.words = " port host state protocol target since until ",
	.key = key,
	.about = about,
	.tell = tell,
	.tells_fields = true,
};
