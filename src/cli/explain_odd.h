/*
 * explain_odd.h: what was unusual of one port, for `explain`.
 */
#pragma once

#include "base/buf.h"
#include "explain/explain.h"

/* The newest, and how many; nothing if there was none. */
void explain_odd_say(const struct explain_facts *facts, struct buf *out);
