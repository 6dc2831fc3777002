/*
 * reason.h: states of a probed service, and why it has one.
 */
#pragma once

/* Worst last, so that the worse of two is the greater; unknown is apart. */
enum probe_state { PROBE_unknown, PROBE_up, PROBE_degraded, PROBE_down };

enum reason {
	REASON_NONE, /* up */
#define REASON(name, state, doc) REASON_##name,
#include "record/reason.def"
#undef REASON
	REASONS,
};

/* "up" */
const char *probe_state_word(enum probe_state state);
/* Of such a word; of any other, and of NULL: unknown. */
enum probe_state probe_state_of(const char *word);
/* "refused"; NULL of none */
const char *reason_word(enum reason reason);
/* Of such a word; of any other, and of NULL: none. */
enum reason reason_named(const char *word);
const char *reason_doc(enum reason reason);
/* The state it stands for; of none: up. */
enum probe_state reason_state(enum reason reason);
