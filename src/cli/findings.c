/*
 * findings.c: breakwater findings: what was detected, and whether it lasts.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/finding.h"
#include "cli/listing.h"
#include "record/record.h"

static const char examples[] =
	"  breakwater findings                   what is wrong now\n"
	"  breakwater findings --port 8000       about one port\n"
	"  breakwater findings --severity notice also what is odd, but harmless by "
	"itself\n"
	"  breakwater findings --since 7d --all  what was wrong in the last week\n"
	"  breakwater findings 3fa2              all that is known of one, by the "
	"first "
	"digits of its ID\n"
	"  breakwater findings 3fa2 --pcap -     its packets, for tcpdump -r -\n"
	"  breakwater findings && echo fine      for scripts: 1 if any is open\n";

/* Bad news are the open ones, listed or not; notices only if asked for. */
static int verdict(const struct listing *listing)
{
	const char *at_least = listing->at_least != NULL ? listing->at_least : "low";
	return listing_judge(listing, "open", at_least);
}

/* Nobody should take what is left out for nothing. */
static void tell_notices(const struct listing *listing)
{
	struct listing notices = *listing;
	uint64_t count = 0;
	notices.at_least = NULL;
	notices.severity = "notice";
	if (listing_count(&notices, &count) == STATUS_OK && count > 0)
		fprintf(stderr,
			"%llu notice%s not shown; more with --severity notice\n",
			(unsigned long long)count, count == 1 ? "" : "s");
}

static bool is_severity(const char *word)
{
	if (word == NULL || record_severity(word) >= 0)
		return true;
	fprintf(stderr,
		"breakwater findings: --severity %s: allowed are notice, low, medium, "
		"high and critical\n",
		word);
	return false;
}

static int complain(const char *why)
{
	fprintf(stderr, "breakwater findings: %s\n", why);
	return STATUS_USAGE;
}

static int run_listing(struct listing *listing, bool all)
{
	bool hides = !all && !listing->common.json && listing->at_least == NULL &&
		     listing->incident == NULL;
	all = all || listing->incident != NULL;
	if (hides)
		listing->at_least = "low";
	if (!all)
		listing->state = "open";
	else if (listing->since == NULL && listing->until == NULL)
		listing->since = "30d";
	int status = listing_run(listing);
	if (status == STATUS_OK && hides)
		tell_notices(listing);
	return status != STATUS_OK ? status : verdict(listing);
}

int command_findings(int argc, char **argv)
{
	bool all = false;
	struct finding_wanted one = { 0 };
	struct listing listing = LISTING_OF(findings);
	const struct option_spec specs[] = {
		LISTING_PORT(&listing, "only about this port"),
		{ 'k', OPTION_TEXT, "kind", "KIND",
		  "only of this kind: new_listener, unauthorized_port, ...",
		  &listing.kind, 0, 0 },
		{ 0, OPTION_TEXT, "severity", "S",
		  "at least so severe: notice, low (usual), medium, high, critical; "
		  "--json has all",
		  &listing.at_least, 0, 0 },
		{ 'a', OPTION_FLAG, "all", NULL,
		  "also notices and what has ended; without --since of the last 30 "
		  "days",
		  &all, 0, 0 },
		LISTING_TEXT(&listing, incident, "ID",
			     "what has to do with each other, also what has ended"),
		{ 0, OPTION_TEXT, "client", "CIDR", "only by this source",
		  &listing.client_ip, 0, 0 },
		{ 0, OPTION_TEXT, "pcap", "FILE",
		  "with ID: write its packets there; - is standard output", &one.pcap,
		  0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "with ID: read the store in this folder, without the daemon",
		  &one.state, 0, 0 },
		LISTING_TIME(&listing, since, "seen since then: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&listing, until, "begun until then"),
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, ""),
	};
	const struct command_help help = {
		.name = "findings",
		.operands = "[ID]",
		.doc = "What was detected and is not settled, notices left out. Exit "
		       "status 1 if\nanything is open.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_findings,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	if (!is_severity(listing.at_least))
		return STATUS_USAGE;
	if (argc - first > 1)
		return complain("one ID at a time");
	if (first == argc && (one.pcap != NULL || one.state != NULL))
		return complain("--pcap and --state: of which finding? Give its ID");
	if (first == argc)
		return run_listing(&listing, all);
	one.id = argv[first];
	one.common = &listing.common;
	return finding_show(&one);
}
