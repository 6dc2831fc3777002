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

#define SECOND_US 1000000LL

bool explain_is_any(const struct addr *addr)
{
	static const uint8_t zero[16];
	return memcmp(addr->ip6, zero, addr_is_v4(addr) ? 0 : sizeof(zero)) == 0 &&
	       memcmp(addr->ip6 + 12, zero, 4) == 0;
}

const struct listener_record *explain_listener_of(const struct explain_facts *facts,
						  const struct addr *server)
{
	const struct listener_record *any = NULL;
	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct listener_record *l = &facts->listeners[i];
		if (addr_equal(&l->ip, server))
			return l;
		if (explain_is_any(&l->ip))
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
		    explain_listener_of(facts, &row->server_ip) == NULL)
			return row;
	}
	return NULL;
}

static bool is_queue_full(const struct explain_facts *facts,
			  const struct explain_figures *now)
{
	bool full = now->backlog_max > 0 && now->backlog >= now->backlog_max;
	bool dropped = now->overflow_us != UNKNOWN_TIME &&
		       facts->now_us - now->overflow_us < EXPLAIN_RECENT_S * SECOND_US;
	return full || dropped;
}

/* Clients asked, and nothing came back in all the time. */
static bool hangs(const struct explain_facts *facts, const struct explain_figures *now)
{
	size_t asked = 0, answered = 0;
	for (size_t i = 0; i < facts->flow_count; i++) {
		const struct flow_record *flow = &facts->flows[i];
		if (flow->client_payload_bytes == UNKNOWN_U64 ||
		    flow->client_payload_bytes == 0)
			continue;
		asked++;
		answered += flow->server_payload_bytes != UNKNOWN_U64 &&
			    flow->server_payload_bytes > 0;
	}
	return asked > 0 && answered == 0 && !(now->response_p50_us > 0);
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
	return now->error_ratio > facts->limit_errors;
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
	if (hangs(facts, now))
		return EXPLAIN_HANGS;
	if (is_unanswered(facts, now))
		return EXPLAIN_UNANSWERED;
	if (has_errors(facts, now))
		return EXPLAIN_REFUSES;
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

enum explain_cause explain_decide(const struct explain_facts *facts,
				  const struct explain_answer *answer)
{
	const struct explain_figures *now = &answer->now;
	bool comes = now->flows > 0 || now->errors > 0 || now->rejected > 0;
	bool listens = facts->listener_count > 0;
	if (facts->sockets_seen && comes && explain_missed(facts) != NULL)
		return listens ? EXPLAIN_OTHER_ADDRESS : EXPLAIN_NOT_LISTENING;
	if (has_closed(facts))
		return EXPLAIN_NOT_LISTENING;
	if (is_queue_full(facts, now))
		return EXPLAIN_QUEUE_FULL;
	if (facts->now_count > 0)
		return decide_traffic(facts, answer);
	return listens ? EXPLAIN_IDLE : EXPLAIN_UNKNOWN;
}
