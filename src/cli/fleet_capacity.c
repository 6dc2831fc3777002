/*
 * fleet_capacity.c: breakwater capacity: what the services of a fleet have left.
 */
#include "cli/cli.h"
#include "cli/listing.h"

static const char examples[] =
	"  breakwater capacity                     each service of the fleet\n"
	"  breakwater capacity --port 443          one of them\n"
	"  breakwater capacity --site berlin       over the sensors of one site\n"
	"  breakwater capacity --sort N-1:asc      what could not stand a loss first\n";

int command_capacity(int argc, char **argv)
{
	struct listing listing = { .view = &view_fleet_capacity,
				   .command = "capacity",
				   .port = UINT64_MAX };
	const struct option_spec specs[] = {
		LISTING_PORT(&listing, "only this port"),
		LISTING_TRANSPORT(&listing, "only tcp, udp or sctp"),
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, ""),
	};
	const struct command_help help = {
		.name = "capacity",
		.doc = "What the services of a fleet carry and could carry, which "
		       "sensor is nearest to a limit,\nand what would remain without "
		       "one of them (docs/fleet.md). A hub knows; of one machine\n"
		       "breakwater forecast --capacity tells.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_fleet_capacity,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	return listing_run(&listing);
}
