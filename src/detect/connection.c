/*
 * connection.c: clients whom the register does not list, and what is spoken with them.
 *
 * One finding for each port and source.  A port with very many gets one for all the
 * others together, so that a flood of strangers is one line and not a thousand.
 */
#include <string.h>
#include <strings.h>

#include "detect/detector.h"

enum { SOURCES_MAX = 64 };

#define HOLD_US   (600 * SECOND_US)
#define REPORT_US (60 * SECOND_US) /* longer flows are reported more than once */

static uint64_t known(uint64_t value)
{
	return value == UNKNOWN_U64 ? 0 : value;
}

static const char *proof_of(const struct flow_record *flow)
{
	if (known(flow->client_payload_bytes) > 0 &&
	    known(flow->server_payload_bytes) > 0)
		return "dialogue";
	return strcmp(flow->transport, "tcp") == 0 ? "handshake" : "unsolicited";
}

/* Connections that a record brings; long ones are counted at their first report. */
static uint64_t attempts_of(const struct finding *finding,
			    const struct flow_record *flow)
{
	if (flow->end_reason != NULL && strcmp(flow->end_reason, "aggregate") == 0)
		return known(flow->flows) > 0 ? flow->flows : 1;
	if (finding == NULL || flow->end - flow->start < REPORT_US)
		return 1;
	return flow->start > finding->newest_start_us;
}

static size_t count_sources(const struct detect *detect, const struct place *place)
{
	size_t count = 0;
	uint32_t at = findings_port(&detect->findings, place->port);
	const struct finding *finding;
	while ((finding = findings_next_of_port(&detect->findings, &at, place->port)) !=
	       NULL)
		count += !addr_is_unset(&finding->record.client_ip) &&
			 addr_equal(&finding->record.server_ip, &place->ip) &&
			 strcmp(finding->record.transport, place->transport) == 0;
	return count;
}

static struct crowd *crowd_of(struct detect *detect, const struct place *place)
{
	struct crowd *oldest = &detect->crowds[0];
	for (size_t i = 0; i < CROWDS_MAX; i++) {
		struct crowd *crowd = &detect->crowds[i];
		if (crowd->transport != NULL && crowd->port == place->port &&
		    addr_equal(&crowd->ip, &place->ip) &&
		    strcmp(crowd->transport, place->transport) == 0)
			return crowd;
		if (crowd->transport == NULL ||
		    (oldest->transport != NULL && crowd->last_us < oldest->last_us))
			oldest = crowd;
	}
	memset(oldest, 0, sizeof(*oldest));
	oldest->ip = place->ip;
	oldest->port = place->port;
	oldest->transport = place->transport;
	return oldest;
}

/*
 * True if it belongs to a crowd: one is there, or there are enough findings about
 * single sources.  The first is looked up, the second counted.
 */
static bool is_of_crowd(struct detect *detect, const struct place *place,
			const struct finding_record *evidence)
{
	struct finding_record key = *evidence;
	key.client_ip = addr_unset();
	return findings_find(&detect->findings, &key) != NULL ||
	       count_sources(detect, place) >= SOURCES_MAX;
}

/* Makes the evidence one about all sources that have no finding of their own. */
static void join_crowd(struct detect *detect, const struct place *place,
		       struct finding_record *evidence)
{
	static const struct hash_key fixed;
	struct crowd *crowd = crowd_of(detect, place);
	uint64_t words[2];
	memcpy(words, &evidence->client_ip, sizeof(words));
	evidence->client_ip = addr_unset();
	evidence->client_prefix = UNKNOWN_U16;
	if (findings_find(&detect->findings, evidence) == NULL) {
		cardinality_reset(&crowd->clients);
		crowd->added = crowd->estimate_at = 0;
	}
	cardinality_add(&crowd->clients, hash_words(&fixed, words, 2));
	crowd->last_us = evidence->last;
	/* An estimate costs much more than what it could change by one connection. */
	if (++crowd->added >= crowd->estimate_at) {
		crowd->hosts = cardinality_estimate(&crowd->clients);
		crowd->estimate_at = crowd->added + 1 + crowd->added / 64;
	}
	evidence->hosts = crowd->hosts;
	buf_clear(&detect->reason);
	buf_printf(&detect->reason,
		   "many clients that the register does not list connect to %u/%s",
		   place->port, place->transport);
}

static void raise_client(struct detect *detect, const struct place *place,
			 const struct flow_record *flow)
{
	struct finding_record evidence;
	detect_begin(&evidence, "unauthorized_port", "connection", place, flow->end);
	evidence.detector = "connection";
	evidence.confidence = 1;
	evidence.proof = proof_of(flow);
	evidence.client_ip = addr_source(&flow->client_ip);
	evidence.client_prefix = addr_is_v4(&flow->client_ip) ? 32 : 64;
	struct finding *finding = findings_find(&detect->findings, &evidence);
	if (finding == NULL && is_of_crowd(detect, place, &evidence)) {
		join_crowd(detect, place, &evidence);
		finding = findings_find(&detect->findings, &evidence);
	}
	evidence.attempts = attempts_of(finding, flow);
	/* The sentence is about the client first seen; a source has many addresses. */
	if (finding != NULL)
		memcpy(evidence.summary, finding->record.summary,
		       sizeof(evidence.summary));
	else
		detect_summary(&evidence, &detect->reason);
	bool is_forgeable = strcmp(evidence.proof, "unsolicited") == 0;
	finding = findings_take(&detect->findings, &evidence,
				is_forgeable ? SEVERITY_LOW : SEVERITY_MEDIUM, HOLD_US);
	if (finding != NULL && flow->end - flow->start >= REPORT_US &&
	    flow->start > finding->newest_start_us)
		finding->newest_start_us = flow->start;
}

/* Protocol that was recognised in what was said, not guessed from the port. */
static bool is_recognised(const struct flow_record *flow)
{
	return flow->protocol[0] != '\0' && flow->protocol_by != NULL &&
	       strcmp(flow->protocol_by, "port") != 0;
}

static void see_protocol(struct detect *detect, const struct place *place,
			 const struct flow_record *flow)
{
	struct listener_record l;
	struct finding_record evidence;
	if (!is_recognised(flow))
		return;
	place_listener(place, &l);
	const char *expected = policy_protocol(detect->policy, &l);
	if (expected == NULL || strcasecmp(expected, flow->protocol) == 0)
		return;
	detect_begin(&evidence, "unexpected_protocol", NULL, place, flow->end);
	evidence.detector = "triangulation";
	evidence.confidence = 0.9;
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1571");
	evidence.proof = proof_of(flow);
	struct buf *out = &detect->reason;
	buf_clear(out);
	buf_printf(out, "%u/%s speaks ", place->port, place->transport);
	buf_json_text(out, flow->protocol);
	buf_text(out, ", and the register says ");
	buf_json_text(out, expected);
	detect_summary(&evidence, out);
	findings_take(&detect->findings, &evidence, SEVERITY_MEDIUM, HOLD_US);
}

/* True if a socket of ours took it: one that is open, or was when it began. */
static bool is_served(const struct place *place, const struct flow_record *flow)
{
	return place != NULL && (place->open > 0 || (place->closed_us != UNKNOWN_TIME &&
						     place->closed_us >= flow->start));
}

void detect_flow(struct detect *detect, const struct flow_record *flow)
{
	if (flow->end > detect->now_us)
		detect->now_us = flow->end;
	detect_users_flow(detect, flow);
	detectors_flow(detect, flow);
	/* What we say to a server is nobody's connection, and not what it speaks. */
	if (flow->probe == 1 || detect->policy == NULL || flow->transport == NULL ||
	    !policy_is_connection(flow) || addr_is_unset(&flow->server_ip))
		return;
	if (!addr_is_group(&flow->server_ip) &&
	    !home_holds(&detect->own, &flow->server_ip))
		return;
	const struct place *place = places_serving(&detect->places, flow->transport,
						   &flow->server_ip, flow->server_port);
	if (!is_served(place, flow))
		return;
	see_protocol(detect, place, flow);
	buf_clear(&detect->reason);
	/* What else is wrong with the port is said once, of its listener. */
	if (policy_judge_flow(detect->policy, flow, flow->end, &detect->reason) ==
	    POLICY_CLIENT)
		raise_client(detect, place, flow);
}
