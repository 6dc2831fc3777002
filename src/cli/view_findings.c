/*
 * view_findings.c: the columns of findings: what was detected.
 */
#include <string.h>

#include "cli/cells.h"
#include "record/record.h"

SHOW_WHEN(last)
SHOW_ID(id)
SHOW_TEXT(technique)

SHOW(show_proof)
{
	cell_text(out, member_text(record, "proof"));
	out->tone = TONE_QUIET;
}

SHOW_STRONG(kind)
SHOW_SEVERITY
SHOW_STATE("open")

/* The port, or those that were tried. */
SHOW(show_port)
{
	enum { LIST_WIDTH = 12 };
	const char *list = member_text(record, "port_list");
	if (list == NULL || json_object_get(record, "port") != NULL) {
		cell_port(out, record);
		return;
	}
	struct cell whole = { .tone = TONE_NORMAL };
	cell_text(&whole, list);
	text_fit(out->text, whole.text, LIST_WIDTH);
}

/* Of one that is about the port, whoever comes, there is none. */
SHOW(show_client)
{
	cell_text(out, member_text(record, "client_ip"));
}

SHOW_TEXT(process)
SHOW_TEXT(summary)

static const struct column columns[] = {
	{ "WHEN", "last", "Last evidence, local time.", true, false, 3, 0, show_last },
	{ "ID", "id", "First digits of its id; findings ID tells more.", true, true, 2,
	  0, show_id },
	{ "KIND", "kind", "What it is.", true, true, 0, 0, show_kind },
	{ "HOW", "technique", "Technique.", true, true, 3, 0, show_technique },
	{ "SEVERITY", "severity", "notice, low, medium, high or critical.", true, false,
	  1, 0, show_severity },
	{ "PROOF", "proof",
	  "Of the source: unsolicited (may be forged), handshake or dialogue.", true,
	  true, 3, 0, show_proof },
	{ "STATE", "state", "open or closed.", true, true, 8, 0, show_state },
	{ "PORT", "port", "Port it is about, or those that were tried.", true, true, 0,
	  0, show_port },
	{ "CLIENT", "client_ip", "Who did it, if it is about one client.", true, true,
	  5, 0, show_client },
	{ "PROCESS", "process", "Process it is about.", true, true, 7, 8,
	  show_process },
	{ "WHAT", "summary", "In one sentence.", true, true, 0, 24, show_summary },
};

const struct view view_findings = {
	.title = "findings",
	.path = "/api/v1/findings",
	.sort = "last",
	.order = "newest first",
	.nothing = "No findings.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
