/*
 * decision.h: what is written down of a decision, so that others can decide it again.
 * Private to the room.
 */
#pragma once

#include "respond/inside.h"

/* What is known, before anything is changed by it. */
void decision_facts(struct respond *respond, const struct candidate *candidate,
		    bool several, struct decision_record *decision);
/* What came of it; its digest for the audit chain. */
void decision_end(struct respond *respond, const struct block *block,
		  struct decision_record *decision, field_text64 digest);
