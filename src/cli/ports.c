/*
 * ports.c: breakwater ports: one row per (host, port, transport), or per listening
 * socket.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/listing.h"
#include "cli/ports_at.h"

static const char examples[] =
	"  breakwater ports                      every port with traffic, the busiest "
	"first\n"
	"  breakwater ports --listening          who waits for clients, and where\n"
	"  breakwater ports --sort p95           the slowest first\n"
	"  breakwater ports --since 7d           the last week, one row a port\n"
	"  breakwater ports --port 443 --since 1d --step 1h\n"
	"                                        one port, hour by hour\n"
	"  breakwater ports --at 2026-03-01T12:00Z\n"
	"                                        who listened then, by whose leave\n"
	"  breakwater ports --json | jq .port    for scripts\n";

static void print_columns(void)
{
	view_print_columns(&view_ports);
	puts("\nWith --listening:");
	view_print_columns(&view_listeners);
	puts("\nWith --at:");
	view_print_columns(&view_moment);
}

static int choose_view(struct listing *listing, bool listening)
{
	if (listening && listing->step != NULL) {
		fputs("breakwater ports: --step is of traffic; leave out "
		      "--listening\n",
		      stderr);
		return STATUS_USAGE;
	}
	if (listening)
		listing->view = &view_listeners;
	else if (listing->step != NULL)
		listing->view = &view_port_steps;
	if (!listening && listing->reach != NULL) {
		fputs("breakwater ports: --reach is of sockets; add --listening\n",
		      stderr);
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

int command_ports(int argc, char **argv)
{
	bool listening = false;
	const char *at = NULL, *state = NULL;
	struct listing listing = { .view = &view_ports,
				   .command = "ports",
				   .port = UINT64_MAX };
	const struct option_spec specs[] = {
		LISTING_PORT(&listing, "only this port"),
		{ 'l', OPTION_FLAG, "listening", NULL,
		  "listening sockets, with or without traffic", &listening, 0, 0 },
		LISTING_TEXT(&listing, host, "IP", "only this server; also 10.0.0.0/8"),
		LISTING_TRANSPORT(&listing, "only tcp, udp or sctp"),
		LISTING_TEXT(&listing, process, "NAME",
			     "only ports this process holds"),
		LISTING_TEXT(
			&listing, reach, "R",
			"with --listening: loopback, namespace, firewalled or outside"),
		LISTING_TIME(
			&listing, since,
			"what was since then, from the store: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&listing, until, "what was until then"),
		{ 0, OPTION_TIME, "at", "TIME",
		  "who listened at that moment, by whose leave, and what came there; "
		  "without what came: --listening",
		  &at, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "with --at: folder of the store; default the daemon, or that of "
		  "the configuration",
		  &state, 0, 0 },
		LISTING_TEXT(&listing, step, "STEP",
			     "with --since: a row per 10s, 1m, 1h or 1d"),
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, " (p95, err, in, ...)"),
	};
	const struct command_help help = {
		.name = "ports",
		.doc = "Which ports carried traffic in the last minute, or --since, "
		       "and how well; or which\nlisten. A value over its limit has a "
		       "\"!\"; \"-\" is unknown.",
		.examples = examples,
		OPTION_SPECS(specs),
		.more = print_columns,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	if (at != NULL)
		return ports_at(&listing, at, state, listening);
	if (state != NULL) {
		fputs("breakwater ports: --state is of --at\n", stderr);
		return STATUS_USAGE;
	}
	status = choose_view(&listing, listening);
	return status != STATUS_OK ? status : listing_run(&listing);
}
