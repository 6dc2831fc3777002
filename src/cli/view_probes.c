/*
 * view_probes.c: the columns of probes: is it well, since when, and where the time
 * went.
 */
#include <string.h>

#include "cli/cells.h"

SHOW_WHEN(at)

SHOW_STRONG(target)

static void cell_answer(struct cell *out, const char *state)
{
	cell_text(out, state);
	if (state == NULL)
		return;
	if (strcmp(state, "up") == 0)
		out->tone = TONE_GOOD;
	else if (strcmp(state, "unknown") == 0)
		out->tone = TONE_QUIET;
	else
		cell_mark(out);
}

/* After retries, where it is asked again and again. */
SHOW(show_state)
{
	const char *hard = member_text(record, "hard_state");
	cell_answer(out, hard != NULL ? hard : member_text(record, "state"));
}

SHOW(show_since)
{
	cell_when(out, record, "hard_since");
}

SHOW(show_last)
{
	cell_answer(out, member_text(record, "state"));
}

SHOW_TEXT(by)

SHOW_TEXT(reason)

SHOW(show_maintenance)
{
	if (json_is_true(json_object_get(record, "maintenance")))
		cell_text(out, "yes");
}

SHOW_DURATION(connect_us)

SHOW_DURATION(tls_us)

SHOW_DURATION(first_byte_us)

SHOW_DURATION(total_us)

SHOW_TEXT(software)

SHOW(show_ends)
{
	cell_when(out, record, "cert_not_after");
}

SHOW_TEXT(detail)

static const struct column columns[] = {
	{ "WHEN", "at", "When it was last asked, local time.", true, false, 4, 0,
	  show_at },
	{ "TARGET", "target", "What was asked.", true, true, 0, 24, show_target },
	{ "STATE", "hard_state", "After retries: up, degraded, down or unknown.", true,
	  true, 0, 0, show_state },
	{ "SINCE", "hard_since", "Since when.", true, false, 3, 0, show_since },
	{ "LAST", "state", "What the last probe alone says.", true, true, 7, 0,
	  show_last },
	{ "BY", "by", "Who says it: probe, or traffic of its clients.", true, true, 5,
	  0, show_by },
	{ "REASON", "reason", "Why it is not up.", true, true, LEAVES_IF_EMPTY, 0,
	  show_reason },
	{ "MAINTENANCE", "maintenance", "Whether it is in maintenance.", true, true,
	  LEAVES_IF_EMPTY + 5, 0, show_maintenance },
	{ "CONNECT", "connect_us", "SYN to SYN-ACK.", false, false, 8, 0,
	  show_connect_us },
	{ "TLS", "tls_us", "TLS handshake.", false, false, LEAVES_IF_EMPTY + 1, 0,
	  show_tls_us },
	{ "FIRST BYTE", "first_byte_us", "Question to first byte of the answer.", false,
	  false, 9, 0, show_first_byte_us },
	{ "TOTAL", "total_us", "Until the answer was known.", false, false, 1, 0,
	  show_total_us },
	{ "SOFTWARE", "software", "Of the server, as it says.", true, true,
	  LEAVES_IF_EMPTY + 2, 8, show_software },
	{ "CERT ENDS", "cert_not_after", "When the certificate ends.", true, true,
	  LEAVES_IF_EMPTY + 3, 0, show_ends },
	{ "DETAIL", "detail", "The cause in a sentence.", true, true,
	  LEAVES_IF_EMPTY + 4, 16, show_detail },
};

const struct view view_probes = {
	.title = "probes",
	.path = "/api/v1/probes",
	.sort = "target",
	.order = "by target",
	.nothing = "No answers yet; who asks is in breakwater status, what is asked in "
		   "probe.targets of the configuration.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
