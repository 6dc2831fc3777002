/*
 * evidence_command.c: breakwater evidence: whether it is what was collected, and who
 * reviewed it.
 */
#include "cli/evidence_command.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/verbs.h"

static const char examples[] =
	"  breakwater evidence verify proof.ndjson --key audit.pub\n"
	"  breakwater evidence verify pci.bundle --key audit.pub\n"
	"  breakwater evidence review E1 --since 2026-07-01 --until 2026-10-01 \\\n"
	"      --comment 'compared with the register, line by line'\n"
	"  breakwater evidence review E4 --since 2026-07-01 --until 2026-10-01 \\\n"
	"      --outcome rejected --comment 'telnet has to go'\n"
	"  breakwater evidence reviews                      who reviewed what\n";

static const struct verb verbs[] = {
	{ "verify", 1, 1, "which BUNDLE, or which proof?" },
	{ "review", 1, 1, "review: the ID of one evidence, such as E1" },
	{ "reviews", 0, 1, NULL },
};
static int (*const jobs[])(const struct evidence_options *options,
			   const char *operand) = {
	evidence_verify,
	evidence_review,
	evidence_reviews,
};

static int start(const struct evidence_options *o, int words, char **word)
{
	int which = verb_choose("evidence", verbs, sizeof(verbs) / sizeof(verbs[0]),
				NULL, words, word);
	return which < 0 ? STATUS_USAGE : jobs[which](o, words > 1 ? word[1] : NULL);
}

int command_evidence(int argc, char **argv)
{
	struct evidence_options o = { .outcome = "accepted" };
	const struct option_spec specs[] = {
		{ 0, OPTION_LIST, "key", "FILE",
		  "verify: public key that you have kept (audit.pub); may be given "
		  "again",
		  &o.keys, 0, 0 },
		{ 0, OPTION_TIME, "since", "TIME",
		  "review: begin of the time that the rows are of; reviews: only since "
		  "then",
		  &o.since, 0, 0 },
		{ 0, OPTION_TIME, "until", "TIME",
		  "review: its end; reviews: only until then (now)", &o.until, 0, 0 },
		{ 0, OPTION_TEXT, "rows", "SHA256",
		  "review: the hash of the rows as you saw them in a report", &o.rows,
		  0, 0 },
		{ 0, OPTION_TEXT, "host", "ADDRESS",
		  "review: of a document about this host; with --rows", &o.host, 0, 0 },
		{ 0, OPTION_TEXT, "user", "NAME",
		  "review: of a document about this user; with --rows", &o.user, 0, 0 },
		{ 0, OPTION_TEXT, "incident", "ID",
		  "review: of a document about this incident; with --rows", &o.incident,
		  0, 0 },
		{ 0, OPTION_TEXT, "outcome", "WORD",
		  "review: accepted (the usual) or rejected", &o.outcome, 0, 0 },
		{ 0, OPTION_TEXT, "comment", "TEXT",
		  "review: what was looked at, and what was found", &o.comment, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "folder of the store; verify: ask it again, and compare; else the "
		  "default is that of the configuration",
		  &o.state, 0, 0 },
		{ 0, OPTION_TEXT, "compliance", "DIR",
		  "review: own evidence/ beside that built in; default that of the "
		  "configuration, without --state",
		  &o.compliance, 0, 0 },
		OPTION_CONFIG(&o.config_path),
	};
	const struct command_help help = {
		.name = "evidence",
		.operands = "verify BUNDLE | review ID | reviews [ID]",
		.doc = "\"verify\" checks the bundle of a report (\"breakwater report "
		       "NAME --bundle FILE\"), or\nthe proof of a block (\"breakwater "
		       "audit proof ID\"), without a daemon; exit status 1\nif it does "
		       "not hold, 5 without --key. \"review\" notes in the audit chain "
		       "that you\nlooked at exactly these rows; \"reviews\" lists who "
		       "did.",
		.examples = examples,
		OPTION_SPECS(specs),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, argc - first, argv + first);
}
