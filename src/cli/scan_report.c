/*
 * scan_report.c: see scan_report.h.
 */
#include "cli/scan_report.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "cli/table.h"

enum { RECORDS_MAX = 1 << 20 };

bool scan_report_begin(struct scan_report *report)
{
	report->begin_us = clock_us(CLOCK_REALTIME);
	report->closed = calloc(report->plan->targets->hosts, sizeof(*report->closed));
	return report->closed != NULL;
}

void scan_report_free(struct scan_report *report)
{
	free(report->records);
	free(report->closed);
}

/* Room for one more; NULL if there is none. */
static struct scan_record *next_record(struct scan_report *report)
{
	if (report->count == report->room) {
		size_t room = report->room * 2 + 64;
		void *grown = room > RECORDS_MAX
				      ? NULL
				      : realloc(report->records,
						room * sizeof(*report->records));
		if (grown == NULL)
			return NULL;
		report->records = grown;
		report->room = room;
	}
	return &report->records[report->count++];
}

static void fill(const struct scan_report *report, const struct scan_answer *answer,
		 struct scan_record *record)
{
	const struct sweep_plan *plan = report->plan;
	const char *service =
		catalog_service(plan->catalog, plan->transport, answer->port);
	record_init(RECORD_scan, record);
	record->scan_start = report->begin_us;
	record->at = answer->at_us;
	record->ip = answer->addr;
	record->port = answer->port;
	record->transport = plan->transport == IPPROTO_UDP ? "udp" : "tcp";
	record->state = scan_state_names[answer->state];
	record->reason = answer->reason;
	if (answer->ttl >= 0)
		record->ttl = (uint16_t)answer->ttl;
	if (answer->rtt_us >= 0)
		record->rtt_us = (uint64_t)answer->rtt_us;
	if (service != NULL)
		record_text(record->service, sizeof(record->service), service);
}

struct scan_record *scan_report_take(struct scan_report *report,
				     const struct scan_answer *answer)
{
	uint32_t host;
	bool is_listed = answer->state == SCAN_OPEN || report->lists_all ||
			 (answer->state == SCAN_CLOSED && report->expects != NULL &&
			  report->expects(report->expects_self, answer));
	if (!is_listed && answer->state == SCAN_CLOSED &&
	    targets_find(report->plan->targets, &answer->addr, &host))
		report->closed[host]++;
	if (!is_listed)
		return NULL;
	struct scan_record *record = next_record(report);
	if (record != NULL)
		fill(report, answer, record);
	else
		report->left_out++;
	return record;
}

static int by_place(const void *left, const void *right)
{
	const struct scan_record *a = left, *b = right;
	int order = memcmp(a->ip.ip6, b->ip.ip6, sizeof(a->ip.ip6));
	return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

void scan_report_end(struct scan_report *report)
{
	report->end_us = clock_us(CLOCK_REALTIME);
	if (report->count > 1)
		qsort(report->records, report->count, sizeof(*report->records),
		      by_place);
}

/* ---- printing ---- */

static void add_lines(const struct scan_report *report, struct buf *out)
{
	for (size_t i = 0; i < report->count; i++) {
		record_json(out, RECORD_scan, &report->records[i]);
		buf_char(out, '\n');
	}
}

static void print_rows(const struct scan_report *report, const struct buf *lines)
{
	struct limits limits = limits_of(NULL);
	struct look look = look_of(report->common);
	json_t *rows = lines_parse(lines);
	if (json_array_size(rows) > 0)
		table_print(&view_scan, rows, &limits, &look);
	else if (!report->is_ended)
		fprintf(stderr, "%s\n", view_scan.nothing);
	json_decref(rows);
}

static void tell_count(struct buf *out, uint64_t count, const char *what)
{
	char text[32];
	if (count == 0)
		return;
	text_count(text, sizeof(text), (double)count);
	buf_printf(out, "%s%s %s", out->len > 0 ? ", " : "", text, what);
}

/* "3 open, 997 closed on 1 host in 1.2 s; 1,003 packets, 3 answers came late". */
static void print_summary(const struct scan_report *report,
			  const struct sweep_counts *counts)
{
	struct buf text = { 0 };
	char took[32], sent[32];
	uint32_t hosts = report->plan->targets->hosts;
	for (int i = 0; i < SCAN_STATES; i++)
		tell_count(&text, counts->states[i], scan_state_names[i]);
	tell_count(&text, counts->unknown, "not known");
	text_duration(took, sizeof(took), (double)(report->end_us - report->begin_us));
	text_count(sent, sizeof(sent), (double)counts->sent);
	buf_printf(&text, " on %u host%s in %s; %s sent", hosts, hosts == 1 ? "" : "s",
		   took, sent);
	if (report->recognised_us > 0) {
		text_duration(took, sizeof(took), (double)report->recognised_us);
		buf_printf(&text, ", %s of it to ask what is open what it is", took);
	}
	tell_count(&text, counts->lost, "answered only when asked again");
	tell_count(&text, counts->unread, "answers lost here");
	if (counts->rate != report->plan->rate)
		tell_count(&text, counts->rate,
			   "a second at the end, for what was lost");
	tell_count(&text, report->left_out, "more open than can be listed");
	if (buf_ok(&text))
		fprintf(stderr, "%s\n", buf_cstr(&text));
	buf_free(&text);
}

void scan_report_print(const struct scan_report *report,
		       const struct sweep_counts *counts)
{
	struct buf lines = { 0 };
	if (report->form == SCAN_NMAP) {
		scan_nmap_print(report);
		return;
	}
	add_lines(report, &lines);
	if (!buf_ok(&lines))
		fputs("breakwater scan: out of memory\n", stderr);
	else if (report->form == SCAN_TABLE)
		print_rows(report, &lines);
	else if (lines.len > 0)
		fwrite(lines.at, 1, lines.len, stdout);
	buf_free(&lines);
	fflush(stdout);
	if (report->form == SCAN_TABLE)
		print_summary(report, counts);
}
