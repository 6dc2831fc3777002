/*
 * view_approvals.c: the columns of the register's entries, as they were in force.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"

SHOW_WHEN(at)

/* What is not allowed any more is quiet. */
SHOW(show_state)
{
	const char *state = member_text(record, "state");
	bool is_over = state != NULL && (strcmp(state, "expired") == 0 ||
					 strcmp(state, "withdrawn") == 0);
	cell_text(out, state);
	if (is_over)
		out->tone = TONE_QUIET;
}

/* "443/tcp", "8000-8010/udp". */
SHOW(show_ports)
{
	char text[48];
	double first = member_number(record, "port");
	double last = member_number(record, "port_last");
	const char *transport = member_text(record, "transport");
	if (isnan(first) || transport == NULL) {
		cell_text(out, NULL);
		return;
	}
	if (isnan(last) || last == first)
		snprintf(text, sizeof(text), "%.0f/%.8s", first, transport);
	else
		snprintf(text, sizeof(text), "%.0f-%.0f/%.8s", first, last, transport);
	cell_text(out, text);
	out->tone = TONE_STRONG;
}

SHOW_TEXT(addresses)

/* Whichever the entry names; of several the first says most. */
SHOW(show_program)
{
	static const char *const names[] = { "exe", "unit", "package", "user" };
	const char *text = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && text == NULL; i++)
		text = member_text(record, names[i]);
	cell_text(out, text != NULL ? text : "any");
}

SHOW_TEXT(clients)

SHOW_TEXT(owner)

SHOW_TEXT(reason)

SHOW_TEXT(approver)

SHOW_WHEN(expires)

SHOW_WHEN(review)

SHOW_WHEN(reviewed)

SHOW_TEXT(reviewer)

static const struct column columns[] = {
	{ "WHEN", "at", "Local time.", true, false, 0, 0, show_at },
	{ "STATE", "state",
	  "approved, changed, reviewed, expired or withdrawn: what happened.", true,
	  true, 0, 0, show_state },
	{ "PORT", "port", "Its port, or range, and transport.", true, true, 0, 0,
	  show_ports },
	{ "ADDRESS", "addresses", "What may be bound to.", true, true, 6, 6,
	  show_addresses },
	{ "PROGRAM", "exe", "Which program, unit, package or user.", true, true, 1, 10,
	  show_program },
	{ "CLIENTS", "clients", "Who may connect.", true, true, 7, 6, show_clients },
	{ "OWNER", "owner", "Who answers for it.", true, true, 0, 8, show_owner },
	{ "REASON", "reason", "What it is for.", true, true, 2, 8, show_reason },
	{ "APPROVER", "approver", "Who allowed it.", true, true, 3, 8, show_approver },
	{ "EXPIRES", "expires", "Not valid from then on.", true, true, 2, 0,
	  show_expires },
	{ "REVIEW", "review", "When its next review is due.", true, true, 4, 0,
	  show_review },
	{ "REVIEWED", "reviewed", "When it was last reviewed ...", true, false, 5, 0,
	  show_reviewed },
	{ "BY", "reviewer", "... and by whom.", true, true, 5, 6, show_reviewer },
};

const struct view view_approvals = {
	.title = "entries",
	.path = "/api/v1/approvals",
	.sort = "at",
	.order = "newest first",
	.nothing = "No entry of a register came into force, changed or ended.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
