/*
 * top_blocks.c: the full screen's view of responses.
 */
#include "cli/top_view.h"

#include <stdio.h>
#include <string.h>

#include "cli/block_screen.h"

static void about(const json_t *row, struct about *out)
{
	char address[48], len[8];
	about_text(row, "address", address, sizeof(address));
	about_number(row, "prefix_len", len, sizeof(len));
	bool is_host = strcmp(len, strchr(address, ':') != NULL ? "128" : "32") == 0;
	snprintf(out->client, sizeof(out->client), "%s%s%s", address,
		 len[0] == '\0' || is_host ? "" : "/", is_host ? "" : len);
	about_number(row, "port", out->port, sizeof(out->port));
}

/* Why, until when, who would have been cut. */
static void tell(const json_t *row, struct steps *steps)
{
	steps_add_id(steps, command_blocks, "blocks", row);
}

static bool unblock(const json_t *row, struct steps *steps, char *subject, size_t size)
{
	char id[64];
	const char *state = member_text(row, "state");
	about_text(row, "address", subject, size);
	about_text(row, "id", id, sizeof(id));
	if (state == NULL || !block_lasts(state) || id[0] == '\0')
		return false;
	steps_add(steps, NULL, command_unblock, "unblock", "--", id, NULL);
	return true;
}

static const char *const key[] = { "id", NULL };

const struct top_view top_blocks = {
	.tab = "Blocks",
	.doc = "What is done about sources, why, and until when.",
	.view = &view_blocks,
	.words = " port client state action finding since until ",
	.key = key,
	.about = about,
	.tell = tell,
	.actions = { { 'u', "Unblock", "", "it is over", unblock, false } },
};
