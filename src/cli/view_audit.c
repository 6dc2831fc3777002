/*
 * view_audit.c: the columns of the audit chain: who changed or decided what.
 */
#include <string.h>

#include "cli/cells.h"

SHOW_COUNT(seq)

SHOW_WHEN(at)

SHOW_TEXT(actor)

SHOW_STRONG(action)

SHOW_TEXT(subject)

SHOW_TEXT(before)

SHOW_TEXT(after)

static const struct column columns[] = {
	{ "SEQ", "seq", "Number in the chain, without gaps.", false, false, 3, 0,
	  show_seq },
	{ "WHEN", "at", "Local time.", true, false, 2, 0, show_at },
	{ "ACTOR", "actor", "Who: a user, or breakwater itself.", true, true, 0, 8,
	  show_actor },
	{ "ACTION", "action", "What.", true, true, 0, 0, show_action },
	{ "SUBJECT", "subject", "To what.", true, true, 0, 12, show_subject },
	{ "BEFORE", "before", "As it was.", true, true, LEAVES_IF_EMPTY, 8,
	  show_before },
	{ "AFTER", "after", "As it is.", true, true, 1, 12, show_after },
};

const struct view view_audit = {
	.title = "audit",
	.path = "/api/v1/audit",
	.sort = "seq",
	.order = "newest first",
	.nothing = "Nothing was changed or decided.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
