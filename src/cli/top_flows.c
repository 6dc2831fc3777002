/*
 * top_flows.c: the full screen's view of connections.
 */
#include "cli/top_view.h"

static void about(const json_t *row, struct about *out)
{
	about_text(row, "client_ip", out->client, sizeof(out->client));
	about_text(row, "server_ip", out->host, sizeof(out->host));
	about_number(row, "server_port", out->port, sizeof(out->port));
	about_text(row, "transport", out->transport, sizeof(out->transport));
	about_text(row, "process", out->process, sizeof(out->process));
}

static bool block(const json_t *row, struct steps *steps, char *subject, size_t size)
{
	return block_source(row, "client_ip", NULL, steps, subject, size);
}

static const char *const key[] = { "start",       "transport", "client_ip",
				   "client_port", "server_ip", "server_port",
				   NULL };

const struct top_view top_flows = {
	.tab = "Flows",
	.doc = "Connections: the open ones, and those that ended lately.",
	.view = &view_flows,
	.words = " port host client transport process protocol user state since until ",
	.key = key,
	.about = about,
	.tells_fields = true,
	.actions = { { 'b', "Block", " for 1 h", "it has no client", block, true } },
};
