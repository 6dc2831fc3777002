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

int command_logins(int argc, char **argv)
{
	struct listing listing = LISTING_OF(logins);
	const struct option_spec specs[] = {
		LISTING_PORT(&listing, "only at this port of the server"),
		LISTING_TEXT(&listing, host, "IP", "only with this address or CIDR"),
		LISTING_TEXT(&listing, user, "NAME", "only as this user"),
		LISTING_TEXT(&listing, outcome, "WORD",
			     "only with this outcome: success, failure or unknown"),
		LISTING_TEXT(&listing, protocol, "NAME",
			     "only of this protocol (ssh) or local program (sudo)"),
		LISTING_TIME(&listing, since, "since then: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&listing, until, "until then"),
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, ""),
	};
	const struct command_help help = {
		.name = "logins",
		.doc = "Attempts to log in, seen in packets and in logs, each once.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_logins,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	return listing_run(&listing);
}
