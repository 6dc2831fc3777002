/*
 * ports.c: breakwater ports: one row per (host, port, transport).
 */
#include "cli/cli.h"
#include "cli/listing.h"

static const char examples[] =
	"  breakwater ports                      every port with traffic, the busiest "
	"first\n"
	"  breakwater ports --port 443           one port on all its hosts\n"
	"  breakwater ports --sort p95           the slowest first\n"
	"  breakwater ports --json | jq .port    for scripts\n";

static void print_columns(void)
{
	view_print_columns(&view_ports);
}

int command_ports(int argc, char **argv)
{
	struct listing listing = { .view = &view_ports,
				   .command = "ports",
				   .port = UINT64_MAX };
	const struct option_spec specs[] = {
		{ 'p', OPTION_NUMBER, "port", "N", "only this port", &listing.port, 0,
		  65535 },
		{ 0, OPTION_TEXT, "host", "IP", "only this server; also 10.0.0.0/8",
		  &listing.host, 0, 0 },
		{ 't', OPTION_TEXT, "transport", "T", "only tcp, udp or sctp",
		  &listing.transport, 0, 0 },
		{ 0, OPTION_TIME, "since", "TIME",
		  "only if busy since: 20s, or RFC 3339", &listing.since, 0, 0 },
		{ 0, OPTION_TIME, "until", "TIME", "only if busy before",
		  &listing.until, 0, 0 },
		{ 's', OPTION_TEXT, "sort", "COL",
		  "by a column (p95, err, in, ...) or field; :asc turns it",
		  &listing.sort, 0, 0 },
		{ 'n', OPTION_NUMBER, "limit", "N", "at most so many rows (1000)",
		  &listing.limit, 1, 100000 },
	};
	const struct command_help help = {
		.name = "ports",
		.doc = "Which ports carried traffic in the last minute, and how well. "
		       "A value over its\nlimit has a \"!\"; \"-\" is unknown.",
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
