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

static void print_columns(void)
{
	view_print_columns(&view_flows);
}

int command_flows(int argc, char **argv)
{
	struct listing listing = { .view = &view_flows,
				   .command = "flows",
				   .port = UINT64_MAX };
	const struct option_spec specs[] = {
		{ 'p', OPTION_NUMBER, "port", "N", "only this server port",
		  &listing.port, 0, 65535 },
		{ 0, OPTION_TEXT, "host", "IP",
		  "from or to this address; also 10.0.0.0/8", &listing.host, 0, 0 },
		{ 't', OPTION_TEXT, "transport", "T",
		  "only tcp, udp, icmp, icmp6 or sctp", &listing.transport, 0, 0 },
		{ 0, OPTION_TEXT, "protocol", "P",
		  "only what speaks this: ssh, tls ...", &listing.protocol, 0, 0 },
		{ 0, OPTION_TEXT, "process", "NAME", "only of this local process",
		  &listing.process, 0, 0 },
		{ 0, OPTION_TIME, "since", "TIME",
		  "seen since then, also from the store: 2h, 7d, or RFC 3339",
		  &listing.since, 0, 0 },
		{ 0, OPTION_TIME, "until", "TIME", "begun until then", &listing.until,
		  0, 0 },
		{ 's', OPTION_TEXT, "sort", "COL",
		  "by a column (sent, resp, ...) or field; :asc turns it",
		  &listing.sort, 0, 0 },
		{ 'n', OPTION_NUMBER, "limit", "N", "at most so many rows (1000)",
		  &listing.limit, 1, 100000 },
	};
	const struct command_help help = {
		.name = "flows",
		.doc = "Connections, the newest first: the open ones and those that "
		       "ended lately, or all\n--since a time.",
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
