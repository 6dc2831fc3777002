/*
 * said.c: what the readers of conversations, and odd packets, give as evidence.
 *
 * It comes complete: kind, technique, severity, sentence.  Here it becomes one finding
 * per place and source, unless the register says that it is as it should be.
 */
#include <string.h>
#include <strings.h>

#include "detect/inside.h"

enum { SOURCES_MAX = 64 };

#define HOLD_US (600 * SECOND_US)

static bool is_ours(const struct detect *detect, const struct addr *server)
{
	return addr_is_private(server) || addr_is_loopback(server) ||
	       detect_is_ours(detect, server);
}

/* What is weak at a stranger's server is for the stranger to mend. */
static unsigned severity_here(const struct detect *detect,
			      const struct finding_record *evidence)
{
	if (strcmp(evidence->kind, "weak_protocol") == 0 &&
	    !is_ours(detect, &evidence->server_ip))
		return SEVERITY_NOTICE;
	int said = record_severity(evidence->severity);
	return said >= 0 ? (unsigned)said : SEVERITY_NOTICE;
}

/* The register lists the protocol that the port's number does not suggest. */
static bool is_registered(struct detect *detect, const struct finding_record *evidence)
{
	struct listener_record l;
	if (detect->policy == NULL ||
	    strcmp(evidence->kind, "unexpected_protocol") != 0)
		return false;
	const struct place *place =
		places_serving(&detect->places, evidence->transport,
			       &evidence->server_ip, evidence->port);
	if (place == NULL)
		return false;
	place_listener(place, &l);
	const char *expected = policy_protocol(detect->policy, &l);
	return expected != NULL && strcasecmp(expected, evidence->technique) == 0;
}

static size_t count_sources(const struct detect *detect,
			    const struct finding_record *evidence)
{
	size_t count = 0;
	uint32_t at = findings_port(&detect->findings, evidence->port);
	const struct finding *finding;
	while ((finding = findings_next_of_port(&detect->findings, &at,
						evidence->port)) != NULL)
		count += findings_same_word(finding->record.technique,
					    evidence->technique) &&
			 addr_equal(&finding->record.server_ip, &evidence->server_ip);
	return count;
}

/*
 * Beyond so many sources, all others are one: makes the key theirs.  That one is looked
 * up before the sources are counted, as under a flood each packet has another.
 */
static struct finding *join_others(struct detect *detect, struct finding_record *key)
{
	struct finding_record others = *key;
	others.client_ip = addr_unset();
	others.client_prefix = UNKNOWN_U16;
	struct finding *finding = findings_find(&detect->findings, &others);
	if (finding != NULL || count_sources(detect, key) >= SOURCES_MAX)
		*key = others;
	return finding;
}

/* Odd packets say something of who sends them, whichever ports they are for. */
static bool is_of_host(const struct finding_record *evidence)
{
	return findings_same_word(evidence->technique, "tiny_fragment") ||
	       findings_same_word(evidence->technique, "tcp_flags");
}

void detect_evidence(struct detect *detect, const struct finding_record *evidence)
{
	struct finding_record key = *evidence;
	if (evidence->last > detect->now_us)
		detect->now_us = evidence->last;
	if (is_registered(detect, evidence))
		return;
	if (is_of_host(evidence))
		key.port = UNKNOWN_U32;
	struct finding *finding = findings_find(&detect->findings, &key);
	if (finding == NULL && !addr_is_unset(&key.client_ip))
		finding = join_others(detect, &key);
	/* The sentence is about what was seen first. */
	if (finding != NULL)
		memcpy(key.summary, finding->record.summary, sizeof(key.summary));
	findings_take(&detect->findings, &key, severity_here(detect, evidence),
		      HOLD_US);
}
