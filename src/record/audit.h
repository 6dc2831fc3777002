/*
 * audit.h: a change that was made, or a decision taken, as the audit chain has it.
 */
#pragma once

#include "record/record.h"

/* action: static; what is "" is unknown. */
void record_audit(struct audit_record *out, int64_t at_us, const char *action,
		  const char *actor, const char *subject, const char *before,
		  const char *after);
