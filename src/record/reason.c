/*
 * reason.c: see reason.h.
 */
#include "record/reason.h"

#include <stddef.h>

static const struct {
	const char *word, *doc;
	enum probe_state state;
} reasons[REASONS] = {
	[REASON_NONE] = { NULL, "All is well.", PROBE_up },
#define REASON(name, state, doc) [REASON_##name] = { #name, doc, PROBE_##state },
#include "record/reason.def"
#undef REASON
};

const char *probe_state_word(enum probe_state state)
{
	static const char *const words[] = { "unknown", "up", "degraded", "down" };
	return words[state];
}

const char *reason_word(enum reason reason)
{
	return reasons[reason].word;
}

const char *reason_doc(enum reason reason)
{
	return reasons[reason].doc;
}

enum probe_state reason_state(enum reason reason)
{
	return reasons[reason].state;
}
