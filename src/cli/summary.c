/*
 * summary.c: see summary.h.
 *
 * Ports are shown by the same view as `breakwater ports` shows them, from the same
 * JSON, so the two can't tell different stories.
 */
#include "cli/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/table.h"

enum { ROWS = 15 };

void summary_flow(struct summary *summary, const struct flow_record *flow)
{
	if (strcmp(flow->end_reason, "aggregate") == 0)
		summary->aggregates++;
	else if (strcmp(flow->end_reason, "active") != 0)
		summary->flows++;
}

/* The place of that finding; worst_count: it is not among the worst. */
static size_t place_of(const struct summary *summary,
		       const struct finding_record *finding)
{
	size_t i = 0;
	while (i < summary->worst_count &&
	       strcmp(summary->worst[i].id, finding->id) != 0)
		i++;
	return i;
}

/* Moves it up, past what is less severe. */
static void rise(struct summary *summary, size_t at)
{
	for (; at > 0; at--) {
		struct finding_record *here = &summary->worst[at], *above = here - 1;
		if (record_severity(above->severity) >= record_severity(here->severity))
			return;
		struct finding_record swap = *above;
		*above = *here;
		*here = swap;
	}
}

void summary_finding(struct summary *summary, const struct finding_record *finding)
{
	bool is_new = finding->at == finding->first;
	if (strcmp(finding->state, "open") != 0)
		return;
	if (record_severity(finding->severity) == record_severity("notice")) {
		summary->notices += is_new;
		return;
	}
	size_t at = place_of(summary, finding);
	summary->findings += is_new;
	if (at == SUMMARY_FINDINGS) {
		at--;
		if (record_severity(summary->worst[at].severity) >=
		    record_severity(finding->severity))
			return;
	}
	summary->worst_count += at == summary->worst_count;
	summary->worst[at] = *finding;
	rise(summary, at);
}

static void print_findings(const struct summary *summary, const struct limits *limits,
			   const struct look *look)
{
	json_t *rows = json_array();
	for (size_t i = 0; rows != NULL && i < summary->worst_count; i++) {
		struct buf line = { 0 };
		record_json(&line, RECORD_finding, &summary->worst[i]);
		json_t *row = object_parse(&line);
		if (row != NULL)
			json_array_append_new(rows, row);
		buf_free(&line);
	}
	if (summary->worst_count > 0) {
		puts("\nFindings");
		table_print(&view_findings, rows, limits, look);
	}
	if (summary->findings > summary->worst_count)
		printf("... and %llu more findings\n",
		       (unsigned long long)(summary->findings - summary->worst_count));
	if (summary->notices > 0)
		printf("%s%llu notice%s: replay --json --type finding has all\n",
		       summary->worst_count > 0 ? "" : "\n",
		       (unsigned long long)summary->notices,
		       summary->notices == 1 ? "" : "s");
	json_decref(rows);
}

static void collect_row(void *to, const struct port_record *port,
			const struct port_detail *detail)
{
	(void)detail;
	struct buf line = { 0 };
	record_json(&line, RECORD_port, port);
	json_t *row = object_parse(&line);
	if (row != NULL)
		json_array_append_new(to, row);
	buf_free(&line);
}

static double row_bytes(const json_t *row)
{
	return member_number(row, "client_bytes") + member_number(row, "server_bytes");
}

/* Moves the busiest rows to the front and forgets the rest. */
static void keep_busiest(json_t *rows)
{
	for (size_t i = 0; i < ROWS && i < json_array_size(rows); i++) {
		size_t best = i;
		for (size_t k = i + 1; k < json_array_size(rows); k++)
			if (row_bytes(json_array_get(rows, k)) >
			    row_bytes(json_array_get(rows, best)))
				best = k;
		json_t *row = json_incref(json_array_get(rows, best));
		json_array_remove(rows, best);
		json_array_insert_new(rows, i, row);
	}
	while (json_array_size(rows) > ROWS)
		json_array_remove(rows, ROWS);
}

static struct limits limits_in(const struct config *config)
{
	return (struct limits){ .response_ms = config->limit_response_ms,
				.loss = config->limit_loss,
				.errors = config->limit_errors };
}

static void print_ports(struct ports *ports, const struct config *config,
			const struct look *look)
{
	json_t *rows = json_array();
	if (rows == NULL)
		return;
	ports_each(ports, collect_row, rows);
	size_t count = json_array_size(rows);
	keep_busiest(rows);
	struct limits limits = limits_in(config);
	char more[CELL_MAX];
	text_count(more, sizeof(more), (double)count - ROWS);
	if (count > 0)
		table_print(&view_ports, rows, &limits, look);
	if (count > ROWS)
		printf("... and %s more ports\n", more);
	json_decref(rows);
}

static void print_span(const struct pipeline_totals *t)
{
	char from[TIME_TEXT_MAX], span[CELL_MAX];
	if (t->newest_us == INT64_MIN || t->first_us == INT64_MIN)
		return;
	record_time_text(t->first_us, from);
	text_span(span, sizeof(span), (double)(t->newest_us - t->first_us) / 1e6);
	printf(" in %s from %.19s UTC", span, from);
}

static void print_losses(const struct pipeline_totals *t)
{
	if (t->capture.kernel_dropped > 0)
		printf("! %llu packets were dropped before they could be seen\n",
		       (unsigned long long)t->capture.kernel_dropped);
	if (t->records_dropped > 0)
		printf("! %llu records were lost between threads\n",
		       (unsigned long long)t->records_dropped);
	for (unsigned i = 0; i < DECODE_REASON_COUNT; i++)
		if (i != DECODE_OK && i != DECODE_NOT_IP && t->decoded[i] > 0)
			printf("! %llu frame%s, %s: %s\n",
			       (unsigned long long)t->decoded[i],
			       t->decoded[i] == 1 ? "" : "s",
			       decode_reason_name((enum decode_reason)i),
			       decode_reason_doc((enum decode_reason)i));
	if (t->flow.flows_evicted + t->flow.flows_refused > 0)
		printf("! %llu connections ended early and %llu were not followed, for "
		       "lack of room (flows.max) or beyond a source's share\n",
		       (unsigned long long)t->flow.flows_evicted,
		       (unsigned long long)t->flow.flows_refused);
}

void summary_print(const struct summary *summary, const struct pipeline_totals *t,
		   struct ports *ports, const struct config *config,
		   const struct common_options *common)
{
	struct look look = look_of(common);
	char packets[CELL_MAX], bytes[CELL_MAX], flows[CELL_MAX];
	text_count(packets, sizeof(packets), (double)t->flow.packets);
	text_bytes(bytes, sizeof(bytes), (double)t->flow.bytes);
	text_count(flows, sizeof(flows), (double)summary->flows);
	printf("%s packet%s, %s, %s connection%s", packets,
	       t->flow.packets == 1 ? "" : "s", bytes, flows,
	       summary->flows == 1 ? "" : "s");
	print_span(t);
	printf("\n");
	if (t->decoded[DECODE_NOT_IP] > 0)
		printf("%llu frames were not IP (ARP and the like)\n",
		       (unsigned long long)t->decoded[DECODE_NOT_IP]);
	if (summary->aggregates > 0)
		printf("%llu records stand for the rest of sources that were over "
		       "their "
		       "share\n",
		       (unsigned long long)summary->aggregates);
	print_losses(t);
	printf("\n");
	print_ports(ports, config, &look);
	struct limits limits = limits_in(config);
	print_findings(summary, &limits, &look);
}
