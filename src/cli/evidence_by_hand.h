/*
 * evidence_by_hand.h: rows of evidence, reviewed by a person.
 */
#pragma once

#include "cli/monitor.h"

/*
 * A form (docs/compliance.md): evidence=, version=, rows= (their SHA-256), since= and
 * until=, host=, user= or incident= if a document is about one, outcome=, comment=.  As
 * web_source.policy_apply.
 */
int evidence_review_by_hand(struct monitor *m, const char *form, const char *actor,
			    struct buf *message);
