/*
 * anomaly.c: see anomaly.h.
 */
#include "flow/anomaly.h"

#include "base/hash.h"
#include "flow/evidence.h"
#include "flow/state.h"

static const struct {
	const char *technique, *severity, *what, *why;
} anomalies[ANOMALIES] = {
	[ANOMALY_FLAGS] = { "tcp_flags", "notice",
			    "a TCP segment has flags that exclude each other",
			    "no stack sends these, scanners and evasion tools do (RFC "
			    "9293 3.1)" },
	[ANOMALY_SYN_DATA] = { "syn_data", "notice",
			       "a SYN carries data without TCP Fast Open",
			       "some filters look only at what follows the handshake "
			       "(RFC 7413 2)" },
	[ANOMALY_OVERLAP] = { "inconsistent_overlap", "medium",
			      "a TCP segment was sent again with other data",
			      "monitor and server may believe different versions "
			      "(RFC 9293 3.10)" },
	[ANOMALY_TINY] = { "tiny_fragment", "notice",
			   "an IP fragment cuts or rewrites the transport header",
			   "it hides ports and flags from filters (RFC 1858 3)" },
	[ANOMALY_FRAGMENTS] = { "fragment_overlap", "low", "IP fragments overlap",
				"who puts them together decides what they say (RFC "
				"5722 3)" },
};

/* Whose header is odd, is odd towards a host: its scan of many ports is no more news.
 */
static uint16_t port_of(enum anomaly anomaly, const struct packet *p)
{
	bool has_port = anomaly == ANOMALY_OVERLAP && !(p->flags & PACKET_NO_PORTS);
	return has_port ? p->dport : 0;
}

static struct anomaly_slot *slot_of(struct flows *f, enum anomaly anomaly,
				    const struct packet *p)
{
	uint64_t words[3];
	memcpy(words, p->src.ip6, 16);
	words[2] = (uint64_t)anomaly << 16 | port_of(anomaly, p);
	uint64_t hash = hash_words(&f->options.key, words, 3);
	return &f->anomalies.slot[hash % ANOMALY_SLOTS];
}

static bool is_about(const struct anomaly_slot *slot, enum anomaly anomaly,
		     const struct packet *p)
{
	return slot->told_us != 0 && slot->anomaly == anomaly &&
	       slot->port == port_of(anomaly, p) &&
	       addr_equal(&slot->source, &p->src) && addr_equal(&slot->target, &p->dst);
}

static void tell(struct flows *f, struct anomaly_slot *slot, const struct packet *p)
{
	struct finding_record evidence;
	evidence_begin(&evidence, p->proto, p->at_us);
	evidence.attempts = slot->count;
	slot->told_us = p->at_us;
	slot->count = 0;
	evidence.kind = "protocol_anomaly";
	evidence.technique = anomalies[slot->anomaly].technique;
	evidence.severity = anomalies[slot->anomaly].severity;
	evidence.detector = "anomaly";
	evidence.proof = "unsolicited";
	evidence.server_ip = p->dst;
	if (slot->port != 0)
		evidence.port = slot->port;
	evidence_client(&evidence, &p->src);
	evidence_sentence(&evidence, anomalies[slot->anomaly].what,
			  anomalies[slot->anomaly].why);
	f->sink.record(f->sink.self, RECORD_finding, &evidence);
}

static bool may_tell(struct flows *f, enum anomaly anomaly, int64_t at_us)
{
	struct anomalies *all = &f->anomalies;
	int64_t second = at_us / SECOND_US;
	if (second != all->second)
		memset(all->told, 0, sizeof(all->told));
	all->second = second;
	if (all->told[anomaly] == ANOMALIES_PER_SECOND)
		return false;
	all->told[anomaly]++;
	return true;
}

void flows_odd_fragment(struct flows *f, const struct packet *packet,
			enum decode_reason reason)
{
	anomaly_note(f,
		     reason == DECODE_FRAG_OVERLAP ? ANOMALY_FRAGMENTS : ANOMALY_TINY,
		     packet);
}

void anomaly_note(struct flows *f, enum anomaly anomaly, const struct packet *p)
{
	if (!flows_wants(f, RECORD_finding))
		return;
	struct anomaly_slot *slot = slot_of(f, anomaly, p);
	if (!is_about(slot, anomaly, p))
		*slot = (struct anomaly_slot){ .source = p->src,
					       .target = p->dst,
					       .port = port_of(anomaly, p),
					       .anomaly = (uint8_t)anomaly,
					       .proto = p->proto };
	slot->count++;
	bool is_due = slot->told_us == 0 || p->at_us >= slot->told_us + SECOND_US;
	if (is_due && may_tell(f, anomaly, p->at_us))
		tell(f, slot, p);
}
