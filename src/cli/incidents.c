/*
 * incidents.c: breakwater incidents, ack, close and deployed: what is wrong, why, and
 * what people say of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/by_id.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/figures.h"
#include "cli/gather.h"
#include "cli/incident_screen.h"
#include "cli/listing.h"

enum { LINES_ASKED = 10000 };

static const char examples[] =
	"  breakwater incidents              what is wrong now, and why\n"
	"  breakwater incidents 3fa2         all of one: its cause, what happened "
	"when\n"
	"  breakwater incidents --since 7d   those of the last week\n"
	"  breakwater incidents --figures    by week: how many, how soon over, ...\n"
	"  breakwater ack 3fa2               say that you take care of it\n"
	"  breakwater close 3fa2 --why TEXT  say that it is over\n"
	"  breakwater incidents && echo fine for scripts: 1 if one of medium or "
	"higher\n"
	"                                    severity lasts\n";
static const char ack_examples[] =
	"  breakwater ack 3fa2\n"
	"  breakwater ack 3fa2 --comment 'the disk is full, I am on it'\n";
static const char close_examples[] =
	"  breakwater close 3fa2 --why 'new disk'\n"
	"  breakwater close 3fa2 --false-positive --why 'our own scanner'\n";
static const char deployed_examples[] =
	"  breakwater deployed shop --version 4.2 --port 443\n"
	"  breakwater deployed kernel --host 192.0.2.7 --why 'security update'\n";

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater incidents: %s\n", why);
	return status;
}

/* ---- a list ---- */

/* Bad news are those that last, listed or not. */
static int verdict(const struct listing *listing)
{
	return listing_judge(listing, "firing", "medium");
}

static int list(struct listing *listing, bool all)
{
	bool has_time = listing->since != NULL || listing->until != NULL;
	if (!all && !has_time)
		listing->state = "firing";
	else if (!has_time)
		listing->since = "30d";
	int status = listing_run(listing);
	return status != STATUS_OK ? status : verdict(listing);
}

/* ---- one ---- */

static bool take_line(void *self, const void *record)
{
	struct incident_facts *facts = self;
	if (facts->line_count < INCIDENT_LINES)
		facts->lines[facts->line_count] =
			*(const struct timeline_record *)record;
	facts->line_count++;
	return true;
}

static int find(struct gather *gather, const char *id, struct incident_facts *facts)
{
	int status = by_id_find(gather, RECORD_incident, id, &facts->incident);
	const struct gather_wanted wanted = { .kind = RECORD_timeline,
					      .name = "incident",
					      .value = facts->incident.id,
					      .limit = LINES_ASKED };
	return status != STATUS_OK ? status
				   : gather_each(gather, &wanted, take_line, facts);
}

static void print(const struct common_options *common,
		  const struct incident_facts *facts)
{
	const struct look look = look_of(common);
	if (common->json)
		incident_json(facts);
	else
		incident_screen(&look, facts);
}

static int show(const struct common_options *common, const char *folder, const char *id)
{
	int status;
	if (!is_id(id))
		return complain(STATUS_USAGE, ID_ALLOWED);
	struct incident_facts *facts = calloc(1, sizeof(*facts));
	if (facts == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	struct gather *gather = gather_open(common, "incidents", folder, &status);
	if (gather != NULL) {
		status = find(gather, id, facts);
		if (status == STATUS_OK)
			print(common, facts);
		gather_close(gather);
	}
	free(facts);
	return status;
}

static void explain_figures(void)
{
	puts("\nWith --figures:");
	view_print_columns(&view_figures);
}

/* They are of all incidents of whole weeks. */
static int figures(const struct listing *listing, const char *folder)
{
	if (listing->until != NULL || listing->sort != NULL || listing->limit != 0)
		return complain(STATUS_USAGE,
				"--figures: allowed beside it are --since and --state");
	return figures_print(&listing->common, folder, listing->since);
}

static int list_or_show(struct listing *listing, bool all, const char *folder,
			const char *id)
{
	if (id != NULL)
		return show(&listing->common, folder, id);
	if (folder != NULL)
		return complain(STATUS_USAGE,
				"--state: of which incident? Give its ID");
	return list(listing, all);
}

int command_incidents(int argc, char **argv)
{
	bool all = false, with_figures = false;
	const char *folder = NULL;
	struct listing listing = LISTING_OF(incidents);
	const struct option_spec specs[] = {
		{ 'a', OPTION_FLAG, "all", NULL,
		  "also what is over; without --since of the last 30 days", &all, 0,
		  0 },
		{ 0, OPTION_FLAG, "figures", NULL,
		  "what each week was like, against those before (--since 8w)",
		  &with_figures, 0, 0 },
		LISTING_TIME(&listing, since, "last then: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&listing, until, "begun until then"),
		{ 0, OPTION_TEXT, "state", "DIR",
		  "with ID or --figures: read the store in this folder, without the "
		  "daemon",
		  &folder, 0, 0 },
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, ""),
	};
	const struct command_help help = {
		.name = "incidents",
		.operands = "[ID]",
		.doc = "What is wrong, and why: alerts and findings with one cause are "
		       "one incident. Exit\nstatus 1 if one of medium or higher "
		       "severity lasts.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_incidents,
		.more = explain_figures,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	if (with_figures && first == argc)
		return figures(&listing, folder);
	if (with_figures || argc - first > 1)
		return complain(STATUS_USAGE, with_figures ? "--figures: without an ID"
							   : "one ID at a time");
	return list_or_show(&listing, all, folder, argv[first]);
}

/* ---- changes ---- */

static const struct change_command ack = {
	.name = "ack",
	.operands = "ID",
	.doc = "Says that somebody takes care of an incident: it is not told again.",
	.examples = ack_examples,
	.path = "/api/v1/incidents",
	.operand = "id",
	.wants = "one ID is needed",
	.is_id = true,
	.always = "acknowledge",
	.done = "acknowledged",
	.fields = {
		{ "comment", "comment", "TEXT", "a line for its timeline", false },
		{ "owner", "owner", "NAME",
		  "who takes care of it; without it you do", false },
	},
};

static const struct change_command close_it = {
	.name = "close",
	.operands = "ID",
	.doc = "Says that an incident is over. What of it goes on is told no more; "
	       "what comes anew is another incident.",
	.examples = close_examples,
	.path = "/api/v1/incidents",
	.operand = "id",
	.wants = "one ID is needed",
	.is_id = true,
	.always = "close",
	.done = "closed",
	.fields = {
		{ "false-positive", "false_positive", NULL, "it was none", false },
		{ "why", "reason", "TEXT", "the reason, for the audit chain", false },
	},
};

static const struct change_command deployed = {
	.name = "deployed",
	.operands = "NAME",
	.doc = "Tells of a change, so that what fails after it is seen with it.",
	.examples = deployed_examples,
	.path = "/api/v1/deployments",
	.operand = "name",
	.wants = "one NAME is needed",
	.fields = {
		{ "version", "version", "V", "the new one", false },
		{ "host", "server_ip", "IP", "at this address; without it at any", false },
		{ "port", "port", "N", "of the service at this port", false },
		{ "why", "summary", "TEXT", "what was changed", false },
	},
};

int command_ack(int argc, char **argv)
{
	return change_run(&ack, argc, argv);
}

int command_close(int argc, char **argv)
{
	return change_run(&close_it, argc, argv);
}

int command_deployed(int argc, char **argv)
{
	return change_run(&deployed, argc, argv);
}
