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
#include "cli/gather.h"
#include "cli/incident_screen.h"
#include "cli/listing.h"

static const char deployments_path[] = "/api/v1/deployments";
enum { LINES_ASKED = 10000, PORT_MAX = 65535 };

static const char examples[] =
	"  breakwater incidents              what is wrong now, and why\n"
	"  breakwater incidents 3fa2         all of one: its cause, what happened "
	"when\n"
	"  breakwater incidents --since 7d   those of the last week\n"
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

static int complain(const char *command, int status, const char *why)
{
	fprintf(stderr, "breakwater %s: %s\n", command, why);
	return status;
}

/* ---- a list ---- */

static void print_columns(void)
{
	view_print_columns(&view_incidents);
}

/* Bad news are those that last, listed or not. */
static int verdict(const struct listing *listing)
{
	struct listing firing = *listing;
	uint64_t count = 0;
	firing.since = firing.until = NULL;
	firing.state = "firing";
	firing.at_least = "medium";
	int status = listing_count(&firing, &count);
	if (status != STATUS_OK)
		return status;
	return count > 0 ? STATUS_BAD_NEWS : STATUS_OK;
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

static bool is_written_as_id(const char *command, const char *id)
{
	if (is_id(id))
		return true;
	complain(command, STATUS_USAGE,
		 "an ID is at least the first four of its sixteen hexadecimal digits");
	return false;
}

static int show(const struct common_options *common, const char *folder, const char *id)
{
	int status;
	if (!is_written_as_id("incidents", id))
		return STATUS_USAGE;
	struct incident_facts *facts = calloc(1, sizeof(*facts));
	if (facts == NULL)
		return complain("incidents", STATUS_INCOMPLETE, "out of memory");
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

int command_incidents(int argc, char **argv)
{
	bool all = false;
	const char *folder = NULL;
	struct listing listing = { .view = &view_incidents,
				   .command = "incidents",
				   .port = UINT64_MAX };
	const struct option_spec specs[] = {
		{ 'a', OPTION_FLAG, "all", NULL,
		  "also what is over; without --since of the last 30 days", &all, 0,
		  0 },
		LISTING_TIME(&listing, since, "last then: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&listing, until, "begun until then"),
		{ 0, OPTION_TEXT, "state", "DIR",
		  "with ID: read the store in this folder, without the daemon", &folder,
		  0, 0 },
		LISTING_SORT(&listing, ""),
		LISTING_LIMIT(&listing),
	};
	const struct command_help help = {
		.name = "incidents",
		.operands = "[ID]",
		.doc = "What is wrong, and why: alerts and findings with one cause are "
		       "one incident. Exit\nstatus 1 if one of medium or higher "
		       "severity lasts.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
		.more = print_columns,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	if (argc - first > 1)
		return complain("incidents", STATUS_USAGE, "one ID at a time");
	if (first < argc)
		return show(&listing.common, folder, argv[first]);
	if (folder != NULL)
		return complain("incidents", STATUS_USAGE,
				"--state: of which incident? Give its ID");
	return list(&listing, all);
}

/* ---- changes ---- */

struct change {
	const char *command, *path;
	const char
		*done; /* said of the id that the answer is; NULL: it is a sentence */
	struct common_options common;
};

static int post(const struct change *c, struct buf *form)
{
	char message[CLIENT_ERROR_MAX];
	struct client *client = client_open(&c->common);
	if (client == NULL) {
		buf_free(form);
		return complain(c->command, STATUS_INCOMPLETE, "out of memory");
	}
	int status = change_post(client, c->command, c->path, form, message);
	if (status == STATUS_OK && c->done != NULL)
		printf("%s: %s\n", message, c->done);
	else if (status == STATUS_OK)
		puts(message);
	client_close(client);
	return status;
}

/* The last argument is what it is about. */
static bool takes_id(struct change *c, const struct command_help *help, int argc,
		     char **argv, int *status)
{
	int first;
	if (!options_parse(help, argc, argv, &c->common, &first, status))
		return false;
	*status = STATUS_USAGE;
	if (argc - first == 1)
		return is_written_as_id(c->command, argv[first]);
	complain(c->command, STATUS_USAGE, "one ID");
	return false;
}

int command_ack(int argc, char **argv)
{
	const char *comment = NULL, *owner = NULL;
	struct change c = { .command = "ack",
			    .path = view_incidents.path,
			    .done = "acknowledged" };
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "comment", "TEXT", "a line for its timeline",
		  &comment, 0, 0 },
		{ 0, OPTION_TEXT, "owner", "NAME",
		  "who takes care of it; without it you do", &owner, 0, 0 },
	};
	const struct command_help help = {
		.name = "ack",
		.operands = "ID",
		.doc = "Says that somebody takes care of an incident: it is not told "
		       "again.",
		.examples = ack_examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int status;
	struct buf form = { 0 };
	if (!takes_id(&c, &help, argc, argv, &status))
		return status;
	client_parameter(&form, "id", argv[argc - 1]);
	client_parameter(&form, "acknowledge", "1");
	client_parameter(&form, "comment", comment);
	client_parameter(&form, "owner", owner);
	return post(&c, &form);
}

int command_close(int argc, char **argv)
{
	const char *why = NULL;
	bool is_false = false;
	struct change c = { .command = "close",
			    .path = view_incidents.path,
			    .done = "closed" };
	const struct option_spec specs[] = {
		{ 0, OPTION_FLAG, "false-positive", NULL, "it was none", &is_false, 0,
		  0 },
		{ 0, OPTION_TEXT, "why", "TEXT", "the reason, for the audit chain",
		  &why, 0, 0 },
	};
	const struct command_help help = {
		.name = "close",
		.operands = "ID",
		.doc = "Says that an incident is over. What of it goes on is told no "
		       "more; what comes anew is another incident.",
		.examples = close_examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int status;
	struct buf form = { 0 };
	if (!takes_id(&c, &help, argc, argv, &status))
		return status;
	client_parameter(&form, "id", argv[argc - 1]);
	client_parameter(&form, "close", "1");
	client_parameter(&form, "false_positive", is_false ? "1" : NULL);
	client_parameter(&form, "reason", why);
	return post(&c, &form);
}

int command_deployed(int argc, char **argv)
{
	const char *version = NULL, *host = NULL, *why = NULL;
	uint64_t port = UINT64_MAX;
	char number[24];
	struct change c = { .command = "deployed", .path = deployments_path };
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "version", "V", "the new one", &version, 0, 0 },
		{ 0, OPTION_TEXT, "host", "IP", "at this address; without it at any",
		  &host, 0, 0 },
		{ 'p', OPTION_NUMBER, "port", "N", "of the service at this port", &port,
		  1, PORT_MAX },
		{ 0, OPTION_TEXT, "why", "TEXT", "what was changed", &why, 0, 0 },
	};
	const struct command_help help = {
		.name = "deployed",
		.operands = "NAME",
		.doc = "Tells of a change, so that what fails after it is seen with "
		       "it.",
		.examples = deployed_examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status;
	struct buf form = { 0 };
	if (!options_parse(&help, argc, argv, &c.common, &first, &status))
		return status;
	if (argc - first != 1)
		return complain("deployed", STATUS_USAGE, "one NAME");
	client_parameter(&form, "name", argv[first]);
	client_parameter(&form, "version", version);
	client_parameter(&form, "server_ip", host);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)port);
	client_parameter(&form, "port", port != UINT64_MAX ? number : NULL);
	client_parameter(&form, "summary", why);
	return post(&c, &form);
}
