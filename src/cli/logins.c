/*
 * logins.c: breakwater logins: who tried to log in, and how it ended.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/listing.h"

static const char examples[] =
	"  breakwater logins                            the newest\n"
	"  breakwater logins --port 22 --since 1d       at one port\n"
	"  breakwater logins --user root --outcome success\n"
	"                                               who got in as root\n"
	"  breakwater logins --host 198.51.100.0/24     from one network\n";

static void print_columns(void)
{
	view_print_columns(&view_logins);
}

int command_logins(int argc, char **argv)
{
	struct listing listing = { .view = &view_logins,
				   .command = "logins",
				   .port = UINT64_MAX };
	const struct option_spec specs[] = {
		{ 'p', OPTION_NUMBER, "port", "N", "only at this port of the server",
		  &listing.port, 0, 65535 },
		{ 0, OPTION_TEXT, "host", "IP", "only with this address or CIDR",
		  &listing.host, 0, 0 },
		{ 0, OPTION_TEXT, "user", "NAME", "only as this user", &listing.user, 0,
		  0 },
		{ 0, OPTION_TEXT, "outcome", "WORD",
		  "only with this outcome: success, failure or unknown",
		  &listing.outcome, 0, 0 },
		{ 0, OPTION_TEXT, "protocol", "NAME",
		  "only of this protocol (ssh) or local program (sudo)",
		  &listing.protocol, 0, 0 },
		{ 0, OPTION_TIME, "since", "TIME", "since then: 2h, 7d, or RFC 3339",
		  &listing.since, 0, 0 },
		{ 0, OPTION_TIME, "until", "TIME", "until then", &listing.until, 0, 0 },
		{ 's', OPTION_TEXT, "sort", "COL",
		  "by a column or field; :asc turns it", &listing.sort, 0, 0 },
		{ 'n', OPTION_NUMBER, "limit", "N", "at most so many rows (1000)",
		  &listing.limit, 1, 100000 },
	};
	const struct command_help help = {
		.name = "logins",
		.doc = "Attempts to log in, seen in packets and in logs, each once.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
		.more = print_columns,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	return listing_run(&listing);
}
