/*
 * view_scan.c: the columns of a scan: which ports are open, and how that is known.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"

SHOW(show_host)
{
	cell_text(out, member_text(record, "ip"));
}

SHOW(show_port)
{
	const char *transport = member_text(record, "transport");
	out->tone = TONE_STRONG;
	snprintf(out->text, sizeof(out->text), "%.0f/%s", member_number(record, "port"),
		 transport != NULL ? transport : "?");
}

SHOW(show_state)
{
	const char *state = member_text(record, "state");
	cell_text(out, state);
	out->tone =
		state != NULL && strcmp(state, "open") == 0 ? TONE_GOOD : TONE_QUIET;
}

SHOW_TEXT(service)

SHOW_TEXT(protocol)

SHOW_TEXT(software)

SHOW(show_tls)
{
	cell_text(out, member_text(record, "tls_version"));
}

SHOW(show_certificate)
{
	cell_text(out, member_text(record, "cert_subject"));
}

SHOW_TEXT(reason)

SHOW_COUNT(ttl)

SHOW_DURATION(rtt_us)

static const struct column columns[] = {
	{ "HOST", "ip", "Address.", true, true, 0, 12, show_host },
	{ "PORT", "port", "Port and transport.", false, true, 0, 0, show_port },
	{ "STATE", "state", "open, closed, filtered, or open|filtered: no answer.",
	  true, true, 0, 0, show_state },
	{ "SERVICE", "service", "What is registered for the port.", true, true, 0, 8,
	  show_service },
	{ "PROTOCOL", "protocol", "What is spoken there.", true, true, LEAVES_IF_EMPTY,
	  0, show_protocol },
	{ "SOFTWARE", "software", "What the server says that it is.", true, true,
	  LEAVES_IF_EMPTY, 8, show_software },
	{ "TLS", "tls_version", "Version of TLS.", true, true, LEAVES_IF_EMPTY, 0,
	  show_tls },
	{ "CERT", "cert_subject", "Whose certificate it is.", true, true,
	  LEAVES_IF_EMPTY, 8, show_certificate },
	{ "REASON", "reason", "What told so, in nmap's words.", true, true, 5, 0,
	  show_reason },
	{ "TTL", "ttl", "Hop limit that the answer arrived with.", false, true, 7, 0,
	  show_ttl },
	{ "RTT", "rtt_us", "Until the answer came.", false, true, 6, 0, show_rtt_us },
};

const struct view view_scan = {
	.title = "ports",
	.sort = "ip",
	.order = "by address and port",
	.nothing = "No open ports.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
