/*
 * audit.c: see audit.h.
 */
#include "record/audit.h"

void record_audit(struct audit_record *out, int64_t at_us, const char *action,
		  const char *actor, const char *subject, const char *before,
		  const char *after)
{
	record_init(RECORD_audit, out);
	out->at = at_us;
	out->action = action;
	record_text(out->actor, sizeof(out->actor), actor);
	record_text(out->subject, sizeof(out->subject), subject);
	record_text(out->before, sizeof(out->before), before);
	record_text(out->after, sizeof(out->after), after);
}
