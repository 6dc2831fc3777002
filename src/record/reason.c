/*
 * reason.c: see reason.h.
 */
#include "record/reason.h"

#include <stddef.h>
#include <string.h>

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

enum probe_state probe_state_of(const char *word)
{
	for (enum probe_state s = PROBE_up; word != NULL && s <= PROBE_down; s++)
		if (strcmp(probe_state_word(s), word) == 0)
			return s;
	return PROBE_unknown;
}

enum reason reason_named(const char *word)
{
	enum reason reason = REASON_NONE + 1;
	while (word != NULL && reason < REASONS &&
	       strcmp(reason_word(reason), word) != 0)
		reason++;
	return word != NULL && reason < REASONS ? reason : REASON_NONE;
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
