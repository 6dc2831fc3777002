/*
 * view_blocks.c: the columns of blocks: what is done about whom, and why.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/block_screen.h"
#include "cli/cells.h"
#include "record/record.h"

#define SECOND_US 1000000

SHOW_WHEN(start)

SHOW_ID(id)

SHOW_ID(finding)

/* One host of IPv4 is its address, everything else a network. */
SHOW(show_source)
{
	char text[CELL_MAX];
	const char *address = member_text(record, "address");
	double len = member_number(record, "prefix_len");
	bool is_six = address != NULL && strchr(address, ':') != NULL;
	if (address == NULL || isnan(len) || len == (is_six ? 128 : 32)) {
		cell_text(out, address);
	} else {
		snprintf(text, sizeof(text), "%.45s/%.0f", address, len);
		cell_text(out, text);
	}
	if (address != NULL)
		out->tone = TONE_STRONG;
}

/* "drop", "drop 22/tcp", "limit 22/tcp 5/s" */
SHOW(show_action)
{
	char text[CELL_MAX], rate[32] = "";
	struct cell port = { .text = "" };
	const char *action = member_text(record, "action");
	double passes = member_number(record, "rate");
	if (!isnan(member_number(record, "port")))
		cell_port(&port, record);
	if (!isnan(passes))
		snprintf(rate, sizeof(rate), " %.0f/s", passes);
	snprintf(text, sizeof(text), "%.16s%s%.24s%s", action != NULL ? action : "?",
		 port.text[0] != '\0' ? " " : "", port.text, rate);
	cell_text(out, text);
}

/* What spoke against it, if that is why nothing is done. */
SHOW(show_state)
{
	char text[CELL_MAX];
	const char *state = member_text(record, "state");
	const char *veto = member_text(record, "vetoed_by");
	bool is_vetoed = state != NULL && strcmp(state, "vetoed") == 0;
	snprintf(text, sizeof(text), "%.32s%s%.64s", state != NULL ? state : "?",
		 is_vetoed && veto != NULL ? ": " : "",
		 is_vetoed && veto != NULL ? veto : "");
	cell_text(out, text);
	if (state == NULL || !block_lasts(state))
		out->tone = TONE_QUIET;
	if (state != NULL &&
	    (strcmp(state, "failed") == 0 || strcmp(state, "unconfirmed") == 0))
		cell_mark(out);
}

SHOW_WHEN(until)

SHOW(show_left)
{
	int64_t until_us;
	const char *state = member_text(record, "state");
	cell_text(out, NULL);
	if (state == NULL || !block_lasts(state) ||
	    !cell_time_of(record, "until", &until_us))
		return;
	int64_t left_s = until_us / SECOND_US - (int64_t)time(NULL);
	text_span(out->text, sizeof(out->text), left_s > 0 ? (double)left_s : 0);
	out->tone = TONE_NORMAL;
}

SHOW_COUNT(packets)

SHOW(show_cut)
{
	double cut = member_number(record, "clients_cut");
	cell_count(out, record, "clients_cut");
	cell_mark_if_over(out, cut, 0);
}

SHOW(show_actor)
{
	const char *actor = member_text(record, "actor");
	cell_text(out, actor);
	if (actor != NULL && strcmp(actor, "breakwater") == 0)
		out->tone = TONE_QUIET;
}

SHOW_TEXT(reason)

static const struct column columns[] = {
	{ "SINCE", "start", "When it was decided, local time.", true, false, 4, 0,
	  show_start },
	{ "ID", "id", "First digits of its id, which blocks and unblock take.", true,
	  true, 2, 0, show_id },
	{ "SOURCE", "address", "Who; a network with its length.", true, true, 0, 0,
	  show_source },
	{ "ACTION", "action",
	  "drop, limit (packets a second that pass), reset or observe; with a port: "
	  "there only.",
	  true, true, 0, 0, show_action },
	{ "STATE", "state",
	  "observed (nothing is done), active, unconfirmed, vetoed, expired, removing, "
	  "removed, "
	  "failed.",
	  true, true, 0, 0, show_state },
	{ "UNTIL", "until", "When it ends, or ended.", true, false, 5, 0, show_until },
	{ "LEFT", "until", "Until then.", false, true, 0, 0, show_left },
	{ "STOPPED", "packets", "Packets that it stopped.", false, false, 1, 0,
	  show_packets },
	{ "CUTS", "clients_cut", "Sources served in the last 30 days that it cuts off.",
	  false, false, 3, 0, show_cut },
	{ "BY", "actor", "breakwater, or the user.", true, true, 4, 0, show_actor },
	{ "FINDING", "finding", "What led to it; findings ID tells more.", true, true,
	  3, 0, show_finding },
	{ "WHY", "reason", "In one sentence.", true, true, 0, 20, show_reason },
};

const struct view view_blocks = {
	.title = "blocks",
	.path = "/api/v1/blocks",
	.sort = "start",
	.order = "newest first",
	.nothing = "No blocks.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
