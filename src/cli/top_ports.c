/*
 * top_ports.c: the full screen's view of services.
 */
#include "cli/top_view.h"

static void about(const json_t *row, struct about *out)
{
	about_text(row, "server_ip", out->host, sizeof(out->host));
	about_number(row, "port", out->port, sizeof(out->port));
	about_text(row, "transport", out->transport, sizeof(out->transport));
}

/* Why it is unwell, who its clients are, and what was found there. */
static void tell(const json_t *row, struct steps *steps)
{
	struct about a = { 0 };
	char port[24], sensor[sizeof(a.sensor) + sizeof("--sensor=")] = "";
	about(row, &a);
	about_text(row, "sensor", a.sensor, sizeof(a.sensor));
	snprintf(port, sizeof(port), "--port=%s", a.port);
	if (a.sensor[0] != '\0')
		snprintf(sensor, sizeof(sensor), "--sensor=%s", a.sensor);
	steps_add(steps, NULL, command_explain, "explain", a.port, sensor, NULL);
	steps_add(steps, "Findings of the last day", command_findings, "findings", port,
		  "--all", "--since=1d", "--limit=10", NULL);
	steps_add(steps, "Connections, the newest", command_flows, "flows", port,
		  "--limit=10", NULL);
}

static const char *const key[] = { "transport", "server_ip", "port", NULL };

const struct top_view top_ports = {
	.tab = "Ports",
	.doc = "Which ports carry traffic, and how well.",
	.view = &view_ports,
	.words = " port host transport process protocol state since until ",
	.key = key,
	.about = about,
	.tell = tell,
};
