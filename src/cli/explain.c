/*
 * explain.c: breakwater explain PORT: one screen on one port, the cause first.
 *
 * The daemon explains; for the screen it tells the facts, too, and they are judged here
 * by the same code.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/explain_json.h"
#include "cli/explain_screen.h"
#include "cli/json.h"

static int verdict(enum explain_cause cause)
{
	if (cause == EXPLAIN_UNKNOWN)
		return STATUS_INCOMPLETE;
	return cause < EXPLAIN_SLOWER_THAN_USUAL ? STATUS_BAD_NEWS : STATUS_OK;
}

/* Bad news are bad news without a past, too. */
static int tell_missing(const json_t *explanation, int status)
{
	char text[CLIENT_ERROR_MAX];
	const char *why = member_text(explanation, "incomplete");
	if (why == NULL)
		return status;
	text_clean(text, sizeof(text), why);
	fflush(stdout);
	fprintf(stderr, "breakwater explain: the past is not known: %s\n", text);
	return status == STATUS_OK ? STATUS_INCOMPLETE : status;
}

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater explain: %s\n", why);
	return status;
}

static enum explain_cause cause_named(const char *name)
{
	unsigned cause = 0;
	while (cause < EXPLAIN_UNKNOWN && name != NULL &&
	       strcmp(name, explain_cause_name((enum explain_cause)cause)) != 0)
		cause++;
	return name != NULL ? (enum explain_cause)cause : EXPLAIN_UNKNOWN;
}

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    value > UINT16_MAX) {
		fprintf(stderr,
			"breakwater explain: \"%s\" is not a port number from 0 to "
			"65535\n",
			text);
		return false;
	}
	*port = (uint16_t)value;
	return true;
}

/* At which time, and whose the addresses are: of this machine, or of the sensor. */
static void look_round(struct explain_facts *facts, struct home *own)
{
	facts->now_us = clock_us(CLOCK_REALTIME);
	facts->own = own;
	if (facts->sensor_count == 0) {
		home_add_addresses(own);
		return;
	}
	facts->now_us = explain_sensor_clock(facts->sensor, facts->now_us);
	explain_sensor_sees(facts, own);
}

static int show_screen(uint16_t port, const json_t *explanation,
		       const struct common_options *common)
{
	struct explain_read read;
	struct explain_scope scope;
	struct explain_answer answer;
	struct home own = { 0 };
	bool is_read = explain_facts_read(explanation, &read);
	if (is_read) {
		read.facts.port = port;
		look_round(&read.facts, &own);
		explain_scope_open(&read.facts, &scope);
		explain(&read.facts, &answer);
		explain_screen(&scope.facts, &answer, common);
		explain_free(&answer);
		explain_scope_close(&scope);
	}
	explain_facts_free(&read);
	return is_read ? STATUS_OK
		       : complain(STATUS_UNREACHABLE,
				  "the daemon's answer can't be read");
}

static int show(uint16_t port, const struct buf *body,
		const struct common_options *common)
{
	json_t *explanation = object_parse(body);
	int status = STATUS_OK;
	if (explanation == NULL)
		return complain(STATUS_UNREACHABLE,
				"the daemon's answer can't be read");
	if (common->json)
		fwrite(body->at, 1, body->len, stdout);
	else
		status = show_screen(port, explanation, common);
	if (status == STATUS_OK)
		status = verdict(cause_named(member_text(explanation, "cause")));
	status = tell_missing(explanation, status);
	json_decref(explanation);
	return status;
}

static int explain_port(uint16_t port, const char *sensor,
			const struct common_options *common)
{
	char error[CLIENT_ERROR_MAX];
	struct buf path = { 0 }, body = { 0 };
	struct client *client = client_open(common);
	buf_printf(&path, "/api/v1/explain?port=%u%s", port,
		   common->json ? "" : "&facts=1");
	client_parameter(&path, "sensor", sensor);
	if (client == NULL || !buf_ok(&path)) {
		client_close(client);
		buf_free(&path);
		return complain(STATUS_UNREACHABLE, "out of memory");
	}
	client_be_patient(client);
	int status = client_get(client, buf_cstr(&path), &body, NULL, NULL, error);
	status = status == STATUS_OK ? show(port, &body, common)
				     : complain(status, error);
	buf_free(&path);
	buf_free(&body);
	client_close(client);
	return status;
}

int command_explain(int argc, char **argv)
{
	const char *sensor = NULL;
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "sensor", "NAME",
		  "at a hub: of which sensor, if several have that port", &sensor, 0,
		  0 },
	};
	const struct command_help help = {
		.name = "explain",
		.operands = "PORT",
		.doc = "Everything known about one port, and in words why it is "
		       "unwell.\n"
		       "Exit status: 0 well or idle, 1 unwell, 5 too little is known.",
		.examples = "  breakwater explain 443\n"
			    "  breakwater explain 5432 --json | jq -r .why\n"
			    "  breakwater explain 443 --sensor web-1\n",
		OPTION_SPECS(specs),
	};
	struct common_options common;
	int first, status;
	uint16_t port;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (first + 1 != argc) {
		fprintf(stderr, "breakwater explain: which PORT? (one; --help says "
				"more)\n");
		return STATUS_USAGE;
	}
	if (!parse_port(argv[first], &port))
		return STATUS_USAGE;
	return explain_port(port, sensor, &common);
}
