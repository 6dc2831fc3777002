/*
 * top_sources.c: the full screen's view of who talks to us: connections that are open
 * or ended lately, added up by the daemon, beside the open findings of each.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"
#include "cli/client_json.h"
#include "cli/top.h"

static const char findings_path[] =
	"/api/v1/aggregate?record=finding&by=client_ip&state=open&limit=1000";

SHOW_STRONG(client_ip)
SHOW_COUNT(count)

SHOW(show_findings)
{
	cell_count(out, record, "findings");
	cell_mark_if_over(out, member_number(record, "findings"), 0);
}

SHOW_BYTES(sum_client_bytes)
SHOW_BYTES(sum_server_bytes)
SHOW_BYTES(sum_bytes)
SHOW_COUNT(sum_client_retransmits)
SHOW_WHEN(max_end)

static const struct column columns[] = {
	{ "SOURCE", "client_ip", "Side that asks.", true, true, 0, 15, show_client_ip },
	{ "FLOWS", "count", "Its connections, open or ended lately.", false, false, 0,
	  0, show_count },
	{ "FINDINGS", "findings", "Open findings about it.", false, false, 0, 0,
	  show_findings },
	{ "SENT", "sum_client_bytes", "Bytes from it.", false, false, 1, 0,
	  show_sum_client_bytes },
	{ "RECEIVED", "sum_server_bytes", "Bytes to it.", false, false, 1, 0,
	  show_sum_server_bytes },
	{ "BOTH", "sum_bytes", "Bytes from it and to it.", false, false, 0, 0,
	  show_sum_bytes },
	{ "RESENT", "sum_client_retransmits", "Segments that it sent again.", false,
	  false, 3, 0, show_sum_client_retransmits },
	{ "LAST", "max_end", "Its last packet, local time.", true, false, 2, 0,
	  show_max_end },
};

static const struct view view_sources = {
	.title = "sources",
	.path = "/api/v1/aggregate?record=flow&by=client_ip"
		"&sum=bytes,client_bytes,server_bytes,client_retransmits&max=end",
	.sort = "sum_bytes",
	.order = "most bytes first",
	.nothing = "Nobody talks to what is watched.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};

static json_t *index_of(const json_t *rows)
{
	size_t i;
	json_t *row, *index = json_object();
	json_array_foreach((json_t *)rows, i, row)
	{
		const char *client = member_text(row, "client_ip");
		if (client != NULL)
			json_object_set(index, client, row);
	}
	return index;
}

/* all: also of those whose connections are not in sight, or that made none. */
static void add_findings(json_t *rows, const json_t *findings, bool all)
{
	size_t i;
	json_t *group, *index = index_of(rows);
	json_array_foreach(json_object_get(findings, "rows"), i, group)
	{
		const char *client = member_text(group, "client_ip");
		json_t *row = client == NULL ? NULL : json_object_get(index, client);
		if (row != NULL)
			json_object_set(row, "findings",
					json_object_get(group, "count"));
		else if (client != NULL && all)
			json_array_append_new(
				rows,
				json_pack("{ss sO}", "client_ip", client, "findings",
					  json_object_get(group, "count")));
	}
	json_decref(index);
}

static int fetch(struct top *top, json_t **records, struct client_told *told,
		 char error[static CLIENT_ERROR_MAX])
{
	struct buf path = { 0 };
	json_t *flows = NULL, *findings = NULL;
	top_records_path(top, &path);
	int status = client_object(top->client, buf_cstr(&path), &flows, error);
	if (status == STATUS_OK)
		status = client_object(top->client, findings_path, &findings, error);
	if (status == STATUS_OK) {
		double groups = member_number(flows, "groups");
		told->total = isnan(groups) ? 0 : (uint64_t)groups;
		json_decref(*records);
		*records = json_incref(json_object_get(flows, "rows"));
		add_findings(*records, findings,
			     !filter_has_words(top_place(top)->filter));
	}
	json_decref(flows);
	json_decref(findings);
	buf_free(&path);
	return status;
}

static void about(const json_t *row, struct about *out)
{
	about_text(row, "client_ip", out->client, sizeof(out->client));
}

/* What it did, what is done about it, whom it talks to, as whom it came. */
static void tell(const json_t *row, struct steps *steps)
{
	char ip[64], client[80], host[80];
	about_text(row, "client_ip", ip, sizeof(ip));
	snprintf(client, sizeof(client), "--client=%s", ip);
	snprintf(host, sizeof(host), "--host=%s", ip);
	steps_add(steps, "Findings of the last 30 days", command_findings, "findings",
		  client, "--all", "--limit=20", NULL);
	steps_add(steps, "Blocks", command_blocks, "blocks", "--", ip, NULL);
	steps_add(steps, "Connections, the newest", command_flows, "flows", host,
		  "--limit=20", NULL);
	steps_add(steps, "Logins of the last 30 days", command_logins, "logins", host,
		  "--since=30d", "--limit=20", NULL);
}

static bool block(const json_t *row, struct steps *steps, char *subject, size_t size)
{
	return block_source(row, "client_ip", NULL, steps, subject, size);
}

static const char *const key[] = { "client_ip", NULL };

const struct top_view top_sources = {
	.tab = "Sources",
	.doc = "Who talks to what is watched, how much, and what was found of them.",
	.view = &view_sources,
	.words = " port host client transport process protocol state since until ",
	.key = key,
	.fetch = fetch,
	.sorted_here = "findings",
	.about = about,
	.tell = tell,
	.tells_fields = true,
	.actions = { { 'b', "Block", " for 1 h", "it has no address", block, true } },
};
