/*
 * view_reviews.c: the columns of reviews of evidence: who looked at which rows.
 */
#include "cli/cells.h"

SHOW_COUNT(seq)

SHOW_WHEN(at)

SHOW_TEXT(actor)

SHOW_STRONG(evidence)

SHOW_TEXT(outcome)

SHOW_TEXT(comment)

SHOW_TEXT(rows_sha256)

SHOW_WHEN(since)

SHOW_WHEN(until)

static const struct column columns[] = {
	{ "SEQ", "seq", "Number of the record in the audit chain.", false, false, 5, 0,
	  show_seq },
	{ "WHEN", "at", "Local time.", true, false, 0, 0, show_at },
	{ "ACTOR", "actor", "Who reviewed it.", true, true, 0, 8, show_actor },
	{ "EVIDENCE", "evidence", "Its id.", true, true, 0, 0, show_evidence },
	{ "OUTCOME", "outcome", "accepted or rejected.", true, true, 0, 0,
	  show_outcome },
	{ "SINCE", "since",
	  "Begin of the time the rows are of; unknown if only their "
	  "hash was told.",
	  true, false, 3, 0, show_since },
	{ "UNTIL", "until", "Its end.", true, false, 2, 0, show_until },
	{ "ROWS", "rows_sha256", "SHA-256 of the rows as CSV.", true, true, 4, 12,
	  show_rows_sha256 },
	{ "COMMENT", "comment", "What was looked at, and what was found.", true, true,
	  1, 12, show_comment },
};

const struct view view_reviews = {
	.title = "reviews",
	.sort = "seq",
	.order = "newest first",
	.nothing = "No evidence was reviewed.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
