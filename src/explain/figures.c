/*
 * figures.c: what the records amount to: now, usually, and since when.
 *
 * Usual is a median, not a mean: one bad hour of the last week must not pass for the
 * custom.  The moment it got worse is the begin of the newest run of bad intervals, so
 * that yesterday's trouble is not taken for today's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/inside.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)

static double known(uint64_t value)
{
	return value == UNKNOWN_U64 ? (double)NAN : (double)value;
}

/* A sum in which the unknown counts for nothing; unknown if all are. */
static void add(double *sum, double value)
{
	if (!isnan(value))
		*sum = isnan(*sum) ? value : *sum + value;
}

static void raise_to(double *max, double value)
{
	if (!isnan(value) && (isnan(*max) || value > *max))
		*max = value;
}

/* NaN: unknown, or nothing to have a share of. */
static double share(uint64_t part, uint64_t whole)
{
	return whole > 0 ? known(part) / known(whole) : (double)NAN;
}

/* What older records have is of connections alone. */
static double failed_of(const struct port_record *row)
{
	if (row->ended == UNKNOWN_U64 && row->answers == UNKNOWN_U64)
		return row->error_ratio;
	return share(row->errors, row->ended);
}

/* Of several addresses the worst is told: one unwell is why someone asks. */
static void take_row(struct explain_figures *f, const struct port_record *row)
{
	add(&f->flows, known(row->flows));
	add(&f->errors, known(row->errors));
	add(&f->rejected, known(row->rejected));
	add(&f->unanswered, known(row->unanswered));
	add(&f->answers, known(row->answers));
	add(&f->answer_errors, known(row->answer_errors));
	raise_to(&f->error_ratio, row->error_ratio);
	raise_to(&f->failed, failed_of(row));
	raise_to(&f->bad_answers, share(row->answer_errors, row->answers));
	raise_to(&f->response_p50_us, known(row->response_p50_us));
	raise_to(&f->response_p95_us, known(row->response_p95_us));
	raise_to(&f->handshake_p50_us, known(row->handshake_p50_us));
	raise_to(&f->handshake_p95_us, known(row->handshake_p95_us));
	raise_to(&f->loss, row->lost_ratio);
	raise_to(&f->retransmits, row->retransmit_ratio);
	if (row->interval_s != UNKNOWN_U32)
		raise_to(&f->interval_s, row->interval_s);
}

static void take_listener(struct explain_figures *f, const struct listener_record *l)
{
	if (l->transport == NULL || strcmp(l->transport, "tcp") != 0)
		return;
	add(&f->backlog, known(l->backlog));
	add(&f->overflows, known(l->overflows));
	raise_to(&f->backlog_max, known(l->backlog_max));
	if (l->overflow_at != UNKNOWN_TIME &&
	    (f->overflow_us == UNKNOWN_TIME || l->overflow_at > f->overflow_us))
		f->overflow_us = l->overflow_at;
}

/* The largest median of the kernel's round trips, where no handshake is seen. */
static double kernel_rtt(const struct explain_facts *facts)
{
	double rtt = (double)NAN;
	for (size_t i = 0; i < facts->socket_count; i++)
		raise_to(&rtt, known(facts->sockets[i].rtt_p50_us));
	return rtt;
}

/* Mean of the last flows' round trip between here and the server. */
static double server_rtt(const struct explain_facts *facts)
{
	double sum = 0;
	size_t count = 0;
	for (size_t i = 0; i < facts->flow_count; i++) {
		if (facts->flows[i].server_rtt_us == UNKNOWN_U64)
			continue;
		sum += (double)facts->flows[i].server_rtt_us;
		count++;
	}
	return count > 0 ? sum / (double)count : 0;
}

static void split_time(const struct explain_facts *facts, struct explain_figures *f)
{
	f->network_us =
		!isnan(f->handshake_p50_us) ? f->handshake_p50_us : kernel_rtt(facts);
	double per_s = f->flows / f->interval_s;
	if (!isnan(f->backlog) && per_s > 0)
		f->queue_us = f->backlog / per_s * 1e6;
	else if (!isnan(f->backlog) && f->backlog <= 0)
		f->queue_us = 0;
	if (isnan(f->response_p50_us))
		return;
	double wait = isnan(f->queue_us) ? 0 : f->queue_us;
	double left = f->response_p50_us - server_rtt(facts) - wait;
	f->is_within_network = left <= 0;
	if (left > 0)
		f->application_us = left;
}

static struct explain_figures unknown_figures(void)
{
	double none = (double)NAN;
	return (struct explain_figures){ none, none, none, none, none,         none,
					 none, none, none, none, none,         none,
					 none, none, none, none, none,         none,
					 none, none, none, none, UNKNOWN_TIME, false };
}

static void put_unknown(struct explain_answer *out)
{
	double none = (double)NAN;
	*out = (struct explain_answer){
		.now = unknown_figures(),
		.usual_response_us = none,
		.usual_handshake_us = none,
		.usual_flows_per_s = none,
		.worse_us = UNKNOWN_TIME,
	};
}

/* ---- history ---- */

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return a < b ? -1 : a > b;
}

static double median(double *values, size_t count)
{
	if (count == 0)
		return (double)NAN;
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

/* All addresses in the interval that begins with row i; the index of the next. */
static size_t take_interval(const struct explain_facts *facts, size_t i,
			    struct explain_figures *out)
{
	int64_t start_us = facts->past[i].start;
	*out = unknown_figures();
	for (; i < facts->past_count && facts->past[i].start == start_us; i++)
		take_row(out, &facts->past[i]);
	return i;
}

/* A row of the past hour may be the trouble itself. */
static bool is_usual(const struct explain_facts *facts, const struct port_record *row)
{
	return row->start < facts->now_us - HOUR_US;
}

static void take_usual(const struct explain_facts *facts, struct explain_answer *out)
{
	double *values = calloc(3 * facts->past_count + 1, sizeof(*values));
	if (values == NULL)
		return;
	double *response = values, *handshake = values + facts->past_count;
	double *flows = values + 2 * facts->past_count;
	size_t responses = 0, handshakes = 0, rows = 0;
	for (size_t i = 0, end = 0; i < facts->past_count; i = end) {
		struct explain_figures f;
		end = take_interval(facts, i, &f);
		if (!is_usual(facts, &facts->past[i]) || !(f.interval_s > 0))
			continue;
		if (!isnan(f.response_p95_us))
			response[responses++] = f.response_p95_us;
		if (!isnan(f.handshake_p50_us))
			handshake[handshakes++] = f.handshake_p50_us;
		if (!isnan(f.flows))
			flows[rows++] = f.flows / f.interval_s;
		out->history_s += f.interval_s;
	}
	out->usual_response_us = median(response, responses);
	out->usual_handshake_us = median(handshake, handshakes);
	out->usual_flows_per_s = median(flows, rows);
	free(values);
}

static bool is_over(uint64_t value, double limit_us, double usual_us)
{
	if (value == UNKNOWN_U64)
		return false;
	return (double)value > limit_us ||
	       (!isnan(usual_us) && (double)value > usual_us * EXPLAIN_SLOWER &&
		(double)value > limit_us / 2);
}

static bool is_bad(const struct explain_facts *facts, const struct explain_answer *out,
		   const struct port_record *row)
{
	return is_over(row->response_p95_us, facts->limit_response_us,
		       out->usual_response_us) ||
	       is_over(row->handshake_p50_us, facts->limit_response_us,
		       out->usual_handshake_us) ||
	       row->error_ratio > facts->limit_errors ||
	       row->lost_ratio > facts->limit_loss ||
	       row->retransmit_ratio > facts->limit_loss;
}

/* Nothing was measured in it that could be good or bad. */
static bool is_empty(const struct port_record *row)
{
	return row->flows == 0 && row->response_p95_us == UNKNOWN_U64 &&
	       isnan(row->error_ratio);
}

/*
 * Back from now as long as it is bad; empty intervals are neither.  Of several
 * addresses one that is bad makes an interval bad.
 */
static void take_worse(const struct explain_facts *facts, struct explain_answer *out)
{
	for (size_t i = facts->past_count; i > 0;) {
		int64_t start_us = facts->past[i - 1].start;
		bool empty = true, bad = false;
		for (; i > 0 && facts->past[i - 1].start == start_us; i--) {
			const struct port_record *row = &facts->past[i - 1];
			empty = empty && is_empty(row);
			bad = bad || is_bad(facts, out, row);
		}
		if (!empty && !bad)
			return;
		if (bad)
			out->worse_us = start_us;
	}
}

void explain_figures(const struct explain_facts *facts, struct explain_answer *out)
{
	put_unknown(out);
	for (size_t i = 0; i < facts->now_count; i++)
		take_row(&out->now, &facts->now[i]);
	for (size_t i = 0; i < facts->listener_count; i++)
		take_listener(&out->now, &facts->listeners[i]);
	split_time(facts, &out->now);
	take_usual(facts, out);
	take_worse(facts, out);
}
