/*
 * top_views.c: the views of the full screen in the order of their keys, and what they
 * have in common; see top_view.h.
 */
#include "cli/top_view.h"

#include <math.h>
#include <stdio.h>

const struct top_view *const top_views[TOP_VIEWS] = {
	&top_ports,     &top_flows,  &top_sources, &top_findings, &top_blocks,
	&top_incidents, &top_alerts, &top_probes,  &top_monitor,
};

void about_text(const json_t *row, const char *name, char *out, size_t size)
{
	const char *text = member_text(row, name);
	text_clean(out, size, text == NULL ? "" : text);
}

void about_number(const json_t *row, const char *name, char *out, size_t size)
{
	double number = member_number(row, name);
	out[0] = '\0';
	if (!isnan(number))
		snprintf(out, size, "%.0f", number);
}

bool block_source(const json_t *row, const char *name, const char *why,
		  struct steps *steps, char *subject, size_t size)
{
	char reason[300] = "";
	about_text(row, name, subject, size);
	if (subject[0] == '\0')
		return false;
	if (why != NULL)
		snprintf(reason, sizeof(reason), "--why=%s", why);
	steps_add(steps, NULL, command_block, "block", reason, "--", subject, NULL);
	return true;
}
