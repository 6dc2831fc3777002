/*
 * unproven.c: see unproven.h.
 */
#include "detect/unproven.h"

#include <stdio.h>

#define WINDOW_US (600 * SECOND_US)

static void age(struct unproven *unproven, int64_t now_us)
{
	bool is_first = unproven->fresh == 0 && unproven->crowd == 0;
	if (!is_first && now_us - unproven->since_us <= WINDOW_US)
		return;
	*unproven = (struct unproven){ .since_us = now_us };
}

bool unproven_joins(struct unproven *unproven, struct detect *detect,
		    struct finding_record *evidence, const char *crowd_did)
{
	age(unproven, evidence->last);
	if (!findings_same_word(evidence->proof, "unsolicited") ||
	    findings_find(&detect->findings, evidence) != NULL)
		return false;
	if (unproven->fresh < UNPROVEN_MAX) {
		unproven->fresh++;
		return false;
	}
	unproven->crowd++;
	evidence->client_ip = addr_unset();
	evidence->client_prefix = UNKNOWN_U16;
	evidence->ports = UNKNOWN_U64;
	evidence->port_list[0] = evidence->advice[0] = '\0';
	snprintf(evidence->summary, sizeof(evidence->summary),
		 "Many sources %s; most are forged.", crowd_did);
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "%llu contacts within ten minutes, beside %d sources with findings "
		 "of their own",
		 (unsigned long long)unproven->crowd, UNPROVEN_MAX);
	return true;
}
