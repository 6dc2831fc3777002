/*
 * privacy_audit.h: what the writer itself says in the audit chain.  Private to the
 * room.
 */
#pragma once

#include <stdbool.h>

struct store;

/* In a transaction of its own, on disk afterwards.  False if it could not be. */
bool privacy_audit(struct store *store, const char *action, const char *actor,
		   const char *subject, const char *after);
