/*
 * probes.c: breakwater probes: how the configured targets are, or were.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/listing.h"

static const char examples[] =
	"  breakwater probes                            how each target is\n"
	"  breakwater probes --state down               which are down\n"
	"  breakwater probes --port 443 --since 1d      every probe of a port\n";

/* Bad news are those that are not up now, listed or not. */
static int verdict(const struct listing *listing)
{
	static const char *const states[] = { "degraded", "down", "unknown" };
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		int status = listing_judge(listing, states[i], NULL);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

int command_probes(int argc, char **argv)
{
	struct listing listing = LISTING_OF(probes);
	const struct option_spec specs[] = {
		LISTING_PORT(&listing, "only of this port"),
		LISTING_TEXT(&listing, host, "IP", "only of this address or CIDR"),
		LISTING_TEXT(&listing, state, "WORD",
			     "only with this answer: up, degraded, down or unknown"),
		LISTING_TEXT(&listing, protocol, "NAME", "only of this protocol"),
		LISTING_TIME(&listing, since,
			     "every probe since then: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&listing, until, "until then"),
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, ""),
	};
	const struct command_help help = {
		.name = "probes",
		.doc = "How the services are that are asked again and again; exit "
		       "status 1 if one is not up.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_probes,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	status = listing_run(&listing);
	return status == STATUS_OK ? verdict(&listing) : status;
}
