/*
 * flood.c: see flood.h.
 */
#include "detect/flood.h"

#include <stdio.h>
#include <string.h>

bool flood_is_ours(const struct detect *detect, const struct addr *addr)
{
	if (addr_is_unset(addr) || addr_is_group(addr))
		return false;
	return detect->own.count == 0 || detect_is_ours(detect, addr);
}

const char *flood_place(const struct addr *ip, uint32_t port, const char *transport,
			char text[static FLOOD_TEXT_MAX])
{
	char address[ADDR_TEXT_MAX];
	addr_text(ip, address);
	snprintf(text, FLOOD_TEXT_MAX, addr_is_v4(ip) ? "%s:%u/%s" : "[%s]:%u/%s",
		 address, port, transport);
	return text;
}

int64_t flood_end(const struct port_record *port)
{
	return port->start + port->interval_s * SECOND_US;
}

void flood_begin(struct finding_record *evidence, const char *kind,
		 const char *technique, int64_t at_us, uint64_t packets)
{
	detect_attack(evidence, kind, technique, at_us);
	evidence->attempts = packets;
	evidence->proof = "unsolicited";
	evidence->detector = kind;
	record_text(evidence->mitre, sizeof(evidence->mitre), "T1498.001");
}

void flood_target(struct finding_record *evidence, const struct port_record *port)
{
	evidence->server_ip = port->server_ip;
	evidence->port = port->port;
	evidence->transport = port->transport;
}

static bool is_around(const struct detect *detect, const struct port_record *port,
		      int64_t at_us)
{
	enum { AROUND_S = 2 };
	return home_holds(&detect->own, &port->server_ip) &&
	       at_us >= port->start - AROUND_S * SECOND_US;
}

bool flood_is_witnessed(const struct detect *detect, const struct port_record *port)
{
	return is_around(detect, port, detect->witness_us);
}

bool flood_loses_datagrams(const struct detect *detect, const struct port_record *port)
{
	return is_around(detect, port, detect->datagrams_us);
}

/* ---- floods, and forged sources in them ---- */

/* Sure of a flood whose sources are forged. */
static const double FORGED_SURE = 0.95;

static struct prefix host_of(const struct addr *ip)
{
	return (struct prefix){ .addr = *ip, .len = 8 * sizeof(ip->ip6) };
}

static int64_t last_of(const struct flood_target *target)
{
	return target->flooded_us > target->forged_us ? target->flooded_us
						      : target->forged_us;
}

/* That of the prefix; else a free place, or the one that has been quiet for longest. */
static struct flood_target *target_of(struct detect *detect, const struct prefix *of)
{
	struct flood_target *oldest = &detect->flood_targets[0];
	for (unsigned i = 0; i < FLOOD_TARGETS_MAX; i++) {
		struct flood_target *target = &detect->flood_targets[i];
		if (target->of.len == of->len &&
		    addr_equal(&target->of.addr, &of->addr))
			return target;
		if (last_of(target) < last_of(oldest))
			oldest = target;
	}
	*oldest = (struct flood_target){ .of = *of };
	return oldest;
}

static bool is_lately(int64_t then_us, int64_t at_us)
{
	return then_us != 0 && at_us - then_us <= FLOOD_HOLD_US;
}

static void add_forged(const struct flood_target *target,
		       struct finding_record *evidence)
{
	char text[sizeof(evidence->evidence)];
	int len = FLOOD_SAY(text, "%s; sources look forged: %s", evidence->evidence,
			    target->forged);
	if (len < 0 || (size_t)len >= sizeof(text))
		return;
	memcpy(evidence->evidence, text, sizeof(text));
	if (evidence->confidence < FORGED_SURE)
		evidence->confidence = FORGED_SURE;
}

void flood_take_network(struct detect *detect, struct finding_record *evidence,
			unsigned severity, const struct prefix *network)
{
	struct flood_target *target = target_of(detect, network);
	target->flooded_us = evidence->last;
	if (is_lately(target->forged_us, evidence->last))
		add_forged(target, evidence);
	findings_take(&detect->findings, evidence, severity, FLOOD_HOLD_US);
}

void flood_take(struct detect *detect, struct finding_record *evidence,
		unsigned severity)
{
	const struct prefix host = host_of(&evidence->server_ip);
	flood_take_network(detect, evidence, severity, &host);
}

void flood_note_forged(struct detect *detect, const struct addr *ip, int64_t at_us,
		       const char *words)
{
	const struct prefix host = host_of(ip);
	struct flood_target *target = target_of(detect, &host);
	target->forged_us = at_us;
	FLOOD_SAY(target->forged, "%s", words);
}

bool flood_is_on(const struct detect *detect, const struct addr *ip, int64_t at_us)
{
	for (unsigned i = 0; i < FLOOD_TARGETS_MAX; i++) {
		const struct flood_target *target = &detect->flood_targets[i];
		if (is_lately(target->flooded_us, at_us) &&
		    prefix_holds(&target->of, ip))
			return true;
	}
	return false;
}

void flood_count_source(struct cardinality *sources, const struct addr *source)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t words[2];
	memcpy(words, source->ip6, sizeof(words));
	cardinality_add(sources, hash_words(&same, words, 2));
}
