/*
 * flows.c: breakwater flows: connections, live and recent.
 */
#include "cli/cli.h"
#include "cli/listing.h"

static const char examples[] =
	"  breakwater flows                      the newest connections\n"
	"  breakwater flows --host 192.0.2.7     from or to one address\n"
	"  breakwater flows --protocol ssh       on whatever port\n"
	"  breakwater flows --port 22 --since 7d who came by SSH within the week\n";

int command_flows(int argc, char **argv)
{
	struct listing listing = LISTING_OF(flows);
	const struct option_spec specs[] = {
		LISTING_PORT(&listing, "only this server port"),
		LISTING_TEXT(&listing, host, "IP",
			     "from or to this address; also 10.0.0.0/8"),
		LISTING_TRANSPORT(&listing, "only tcp, udp, icmp, icmp6 or sctp"),
		LISTING_TEXT(&listing, protocol, "P",
			     "only what speaks this: ssh, tls ..."),
		LISTING_TEXT(&listing, process, "NAME", "only of this local process"),
		LISTING_TIME(
			&listing, since,
			"seen since then, also from the store: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&listing, until, "begun until then"),
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, " (sent, resp, ...)"),
	};
	const struct command_help help = {
		.name = "flows",
		.doc = "Connections, the newest first: the open ones and those that "
		       "ended lately, or all\n--since a time.  A hub is told of them "
		       "when they end: there, those of the last hour.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_flows,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	return listing_run(&listing);
}
