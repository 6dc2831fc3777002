/*
 * privacy_by_hand.h: legal holds and erasures, as a person asks for them.
 */
#pragma once

#include "cli/monitor.h"

/* Tells the store whose addresses are ours, and after how long others become
 * pseudonyms. */
void privacy_keep(struct monitor *m);

/* What is shown from memory, when the store asks for it: what was erased goes. Once a
 * second. */
void privacy_forget(struct monitor *m);

/*
 * A form (docs/privacy.md): action=hold with incident=, until=, why=; action=unhold
 * with incident= and why=; action=erase with address= and why=.  As
 * web_source.policy_apply; -ENOENT: there is no such incident, or it is not held.
 */
int privacy_by_hand(struct monitor *m, const char *form, const char *actor,
		    struct buf *message);
