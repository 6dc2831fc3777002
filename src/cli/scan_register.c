/*
 * scan_register.c: see scan_register.h.
 */
#include "cli/scan_register.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/policy.h"
#include "cli/scan_keep.h"
#include "cli/table.h"

static void found(void *self, const struct finding_record *finding)
{
	struct scan_register *reg = self;
	record_json(&reg->lines, RECORD_finding, finding);
	buf_char(&reg->lines, '\n');
	reg->findings++;
}

/* Without a daemon, or where it tells nothing, there is none. */
static struct policy *ask_daemon(const struct common_options *common)
{
	char error[CLIENT_ERROR_MAX];
	struct buf text = { 0 }, errors = { 0 };
	struct policy *policy = NULL;
	struct client *client =
		scan_may_ask_daemon(common) ? client_open(common) : NULL;
	if (client != NULL &&
	    client_get(client, "/api/v1/policy", &text, NULL, NULL, error) == STATUS_OK)
		policy = policy_parse(text.at, text.len, "policy", &errors);
	client_close(client);
	buf_free(&text);
	buf_free(&errors);
	return policy;
}

int scan_register_open(struct scan_register *reg, const char *path,
		       const struct common_options *common)
{
	struct detect_sink sink = { .self = reg, .finding = found };
	int status = STATUS_OK;
	reg->is_given = path != NULL;
	reg->policy =
		path != NULL ? policy_from_file(path, &status) : ask_daemon(common);
	if (reg->policy == NULL)
		return path != NULL ? status : STATUS_OK;
	home_add_addresses(&reg->own);
	reg->detect = detect_new(&sink);
	if (reg->detect == NULL) {
		fputs("breakwater scan: out of memory\n", stderr);
		return STATUS_INCOMPLETE;
	}
	detect_set_policy(reg->detect, reg->policy, clock_us(CLOCK_REALTIME));
	return STATUS_OK;
}

void scan_register_close(struct scan_register *reg)
{
	detect_free(reg->detect);
	policy_free(reg->policy);
	buf_free(&reg->lines);
}

static bool is_about(const struct scan_register *reg, const struct addr *addr)
{
	return reg->policy != NULL && (reg->is_given || home_holds(&reg->own, addr));
}

bool scan_register_expects(const struct scan_register *reg, const struct addr *addr,
			   uint16_t port, const char *transport)
{
	struct listener_record listener;
	if (!is_about(reg, addr))
		return false;
	record_init(RECORD_listener, &listener);
	listener.ip = *addr;
	listener.port = port;
	listener.transport = transport;
	return policy_expects(reg->policy, &listener, clock_us(CLOCK_REALTIME));
}

uint64_t scan_register_judge(struct scan_register *reg,
			     const struct scan_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (is_about(reg, &report->records[i].ip))
			detect_scan(reg->detect, &report->records[i], UNKNOWN_FLAG);
	return reg->findings;
}

static void print_rows(const struct scan_register *reg,
		       const struct scan_report *report)
{
	struct limits limits = limits_of(NULL);
	struct look look = look_of(report->common);
	json_t *rows = lines_parse(&reg->lines);
	puts("");
	table_print(&view_findings, rows, &limits, &look);
	json_decref(rows);
}

void scan_register_print(const struct scan_register *reg,
			 const struct scan_report *report)
{
	if (reg->findings == 0 || !buf_ok(&reg->lines))
		return;
	if (report->form == SCAN_TABLE)
		print_rows(reg, report);
	else if (report->form == SCAN_JSON)
		fwrite(reg->lines.at, 1, reg->lines.len, stdout);
	else
		fprintf(stderr,
			"%llu findings by the register; without --format they are "
			"shown.\n",
			(unsigned long long)reg->findings);
	fflush(stdout);
}
