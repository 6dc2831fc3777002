/*
 * cause.c: which of the causes holds.
 *
 * The order is that of consequence: a full queue makes answers slow and connections
 * fail, so it is looked for before either; a slow network is told before a slow
 * application only if it takes the larger part of the time.
 */
#include <math.h>
#include <string.h>

#include "explain/inside.h"
#include "record/reason.h"

#define SECOND_US 1000000LL

static bool is_of_transport(const struct listener_record *l, const char *transport)
{
	return l->transport == NULL || transport == NULL ||
	       strcmp(l->transport, transport) == 0;
}

/* 0.0.0.0 takes IPv4 alone; "::" takes both, if it was not told otherwise. */
const struct listener_record *explain_listener_of(const struct explain_facts *facts,
						  const struct port_record *row)
{
	const struct addr *server = &row->server_ip;
	const struct listener_record *any = NULL;
	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct listener_record *l = &facts->listeners[i];
		if (!is_of_transport(l, row->transport))
			continue;
		if (addr_equal(&l->ip, server))
			return l;
		bool takes = addr_is_v4(server) || !addr_is_v4(&l->ip);
		if (takes && addr_is_unspecified(&l->ip))
			any = l;
	}
	return any;
}

const struct port_record *explain_missed(const struct explain_facts *facts)
{
	for (size_t i = 0; i < facts->now_count; i++) {
		const struct port_record *row = &facts->now[i];
		bool refused = row->rejected != UNKNOWN_U64 && row->rejected > 0;
		if (refused && home_holds(facts->own, &row->server_ip) &&
		    explain_listener_of(facts, row) == NULL)
			return row;
	}
	return NULL;
}

/* It was not there when the interval that was counted began. */
static bool is_young(const struct explain_facts *facts,
		     const struct explain_figures *now, const struct listener_record *l)
{
	return l->since != UNKNOWN_TIME && !isnan(now->interval_s) &&
	       (double)(facts->now_us - l->since) < now->interval_s * 1e6;
}

bool explain_is_rejected_by_filter(const struct explain_facts *facts,
				   const struct explain_figures *now)
{
	if (!(now->rejected > 0) || now->rejected < now->errors / 2)
		return false;
	for (size_t i = 0; i < facts->now_count; i++) {
		const struct port_record *row = &facts->now[i];
		if (row->rejected == UNKNOWN_U64 || row->rejected == 0)
			continue;
		const struct listener_record *l = explain_listener_of(facts, row);
		if (l == NULL || is_young(facts, now, l) ||
		    !home_holds(facts->own, &row->server_ip))
			return false;
	}
	return true;
}

/* The kernel lets one more wait than it was told. */
static bool is_full(const struct explain_facts *facts, const struct listener_record *l)
{
	bool full = strcmp(l->transport, "tcp") == 0 && l->backlog != UNKNOWN_U64 &&
		    l->backlog_max != UNKNOWN_U64 && l->backlog > l->backlog_max;
	return full || (l->overflow_at != UNKNOWN_TIME &&
			facts->now_us - l->overflow_at < EXPLAIN_RECENT_S * SECOND_US);
}

/* The listener whose queue is full: each has its own, also if they share a port. */
static const struct listener_record *full_one(const struct explain_facts *facts,
					      const char *transport)
{
	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct listener_record *l = &facts->listeners[i];
		if (l->transport != NULL && strcmp(l->transport, transport) == 0 &&
		    is_full(facts, l))
			return l;
	}
	return NULL;
}

const struct listener_record *explain_culprit(const struct explain_facts *facts,
					      enum explain_cause cause)
{
	const struct port_record *busiest = NULL;
	const struct listener_record *l = NULL;
	for (size_t i = 0; i < facts->now_count; i++)
		if (busiest == NULL || facts->now[i].flows > busiest->flows)
			busiest = &facts->now[i];
	if (cause == EXPLAIN_QUEUE_FULL || cause == EXPLAIN_BUFFER_FULL)
		l = full_one(facts, cause == EXPLAIN_QUEUE_FULL ? "tcp" : "udp");
	else if (busiest != NULL)
		l = explain_listener_of(facts, busiest);
	return l != NULL || facts->listener_count == 0 ? l : &facts->listeners[0];
}

/* A TCP client that has waited for an answer: not one that has only just asked. */
static bool has_waited(const struct explain_facts *facts,
		       const struct flow_record *flow)
{
	if (flow->transport == NULL || strcmp(flow->transport, "tcp") != 0 ||
	    flow->client_payload_bytes == UNKNOWN_U64 ||
	    flow->client_payload_bytes == 0)
		return false;
	bool lasts =
		flow->end_reason != NULL && strcmp(flow->end_reason, "active") == 0;
	int64_t end_us = lasts ? facts->now_us : flow->end;
	return flow->start == UNKNOWN_TIME || end_us == UNKNOWN_TIME ||
	       end_us - flow->start >= SECOND_US;
}

/*
 * Clients asked, and nothing came back in all the time.  Where nothing ever does, as
 * with syslog, that is the protocol; datagrams may well want no answer.
 */
static bool hangs(const struct explain_facts *facts,
		  const struct explain_answer *answer)
{
	const struct explain_figures *now = &answer->now;
	size_t asked = 0, answered = 0;
	bool never = answer->history_s > 0 && isnan(answer->usual_response_us) &&
		     !(now->backlog > 0);
	for (size_t i = 0; i < facts->flow_count; i++) {
		const struct flow_record *flow = &facts->flows[i];
		asked += has_waited(facts, flow);
		answered += flow->server_payload_bytes != UNKNOWN_U64 &&
			    flow->server_payload_bytes > 0;
	}
	return asked > 0 && answered == 0 && !never && !(now->response_p50_us > 0);
}

static bool is_slow(const struct explain_facts *facts, double value_us)
{
	return value_us > facts->limit_response_us;
}

/* The handshake alone is over the limit, or most of the time that is. */
static bool is_network_slow(const struct explain_facts *facts,
			    const struct explain_answer *answer)
{
	const struct explain_figures *now = &answer->now;
	double application = isnan(now->application_us) ? 0 : now->application_us;
	if (isnan(now->network_us) || now->network_us <= application)
		return false;
	return is_slow(facts, now->network_us) ||
	       is_slow(facts, now->network_us + application);
}

static bool is_far_over(double value, double usual, double floor_us)
{
	return !isnan(usual) && value > usual * EXPLAIN_SLOWER && value > floor_us;
}

static bool is_slower_than_usual(const struct explain_answer *answer)
{
	enum { FLOOR_US = 1000 }; /* below a millisecond nobody notices */
	const struct explain_figures *now = &answer->now;
	return is_far_over(now->response_p95_us, answer->usual_response_us, FLOOR_US) ||
	       is_far_over(now->handshake_p50_us, answer->usual_handshake_us, FLOOR_US);
}

static bool has_errors(const struct explain_facts *facts,
		       const struct explain_figures *now)
{
	return now->failed > facts->limit_errors;
}

/* Silence of some: without a socket we would be answered with a RST. */
static bool is_unanswered(const struct explain_facts *facts,
			  const struct explain_figures *now)
{
	return has_errors(facts, now) && now->unanswered > 0 &&
	       now->unanswered >= now->errors / 2;
}

static enum explain_cause decide_traffic(const struct explain_facts *facts,
					 const struct explain_answer *answer)
{
	const struct explain_figures *now = &answer->now;
	if (hangs(facts, answer))
		return EXPLAIN_HANGS;
	if (is_unanswered(facts, now))
		return EXPLAIN_UNANSWERED;
	if (has_errors(facts, now))
		return EXPLAIN_REFUSES;
	if (now->bad_answers > facts->limit_errors)
		return EXPLAIN_ERRORS;
	if (is_network_slow(facts, answer))
		return EXPLAIN_SLOW_NETWORK;
	if (is_slow(facts, now->response_p95_us))
		return EXPLAIN_SLOW_APPLICATION;
	if (now->loss > facts->limit_loss || now->retransmits > facts->limit_loss)
		return EXPLAIN_LOSSY_NETWORK;
	if (is_slower_than_usual(answer))
		return EXPLAIN_SLOWER_THAN_USUAL;
	return EXPLAIN_WELL;
}

/* What listened here has closed, and nothing took its place. */
static bool has_closed(const struct explain_facts *facts)
{
	return facts->sockets_seen && facts->listener_count == 0 &&
	       facts->change_count > 0 && facts->changes[0].change != NULL &&
	       strcmp(facts->changes[0].change, "closed") == 0;
}

const struct probe_record *explain_failing_probe(const struct explain_facts *facts)
{
	for (size_t i = 0; i < facts->probe_count; i++)
		if (probe_state_of(facts->probes[i].hard_state) == PROBE_down &&
		    probe_state_of(facts->probes[i].state) == PROBE_down)
			return &facts->probes[i];
	return NULL;
}

const struct finding_record *explain_flood(const struct explain_facts *facts)
{
	static const char *const floods[] = { "syn_flood", "udp_flood",
					      "connection_flood" };
	for (size_t i = 0; i < facts->finding_count; i++) {
		const struct finding_record *f = &facts->findings[i];
		bool lasts = f->state != NULL && strcmp(f->state, "open") == 0 &&
			     record_severity(f->severity) >= SEVERITY_MEDIUM;
		for (size_t k = 0; lasts && k < sizeof(floods) / sizeof(floods[0]); k++)
			if (f->kind != NULL && strcmp(f->kind, floods[k]) == 0)
				return f;
	}
	return NULL;
}

static enum explain_cause decide(const struct explain_facts *facts,
				 const struct explain_answer *answer)
{
	const struct explain_figures *now = &answer->now;
	bool comes = now->flows > 0 || now->errors > 0 || now->rejected > 0;
	bool listens = facts->listener_count > 0;
	if (facts->sockets_seen && comes && explain_missed(facts) != NULL)
		return listens ? EXPLAIN_OTHER_ADDRESS : EXPLAIN_NOT_LISTENING;
	if (has_closed(facts))
		return EXPLAIN_NOT_LISTENING;
	if (full_one(facts, "tcp") != NULL)
		return EXPLAIN_QUEUE_FULL;
	if (full_one(facts, "udp") != NULL)
		return EXPLAIN_BUFFER_FULL;
	enum explain_cause cause = facts->now_count > 0 ? decide_traffic(facts, answer)
				   : listens            ? EXPLAIN_IDLE
							: EXPLAIN_UNKNOWN;
	bool is_shown = cause < EXPLAIN_PROBE_FAILS;
	return !is_shown && explain_failing_probe(facts) != NULL ? EXPLAIN_PROBE_FAILS
								 : cause;
}

/* A flood fills queues and takes time; a port that bears it is well. */
enum explain_cause explain_decide(const struct explain_facts *facts,
				  const struct explain_answer *answer)
{
	if (!explain_is_heard(facts))
		return EXPLAIN_UNKNOWN;
	enum explain_cause cause = decide(facts, answer);
	bool is_unwell = cause > EXPLAIN_FLOODED && cause < EXPLAIN_WELL;
	return is_unwell && explain_flood(facts) != NULL ? EXPLAIN_FLOODED : cause;
}
