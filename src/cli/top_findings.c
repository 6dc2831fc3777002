/*
 * top_findings.c: the full screen's view of attacks and what else was detected.
 */
#include "cli/top_view.h"

#include <stdio.h>

static void about(const json_t *row, struct about *out)
{
	about_text(row, "client_ip", out->client, sizeof(out->client));
	about_number(row, "port", out->port, sizeof(out->port));
	about_text(row, "incident", out->incident, sizeof(out->incident));
}

/* Proof and evidence. */
static void tell(const json_t *row, struct steps *steps)
{
	steps_add_id(steps, command_findings, "findings", row);
}

static bool block(const json_t *row, struct steps *steps, char *subject, size_t size)
{
	char kind[64], id[64], why[160];
	about_text(row, "kind", kind, sizeof(kind));
	about_text(row, "id", id, sizeof(id));
	snprintf(why, sizeof(why), "%s, finding %s", kind, id);
	return block_source(row, "client_ip", why, steps, subject, size);
}

static const char *const key[] = { "id", NULL };

const struct top_view top_findings = {
	.tab = "Attacks",
	.doc = "What was detected and is not settled, without notices.",
	.view = &view_findings,
	.words = " port client kind severity at_least state incident process since "
		 "until ",
	.fixed = { { "state", "open" }, { "at_least", "low" } },
	.key = key,
	.about = about,
	.tell = tell,
	.actions = { { 'b', "Block", " for 1 h", "it is about no single source", block,
		       true } },
};
