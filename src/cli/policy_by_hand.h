/*
 * policy_by_hand.h: one port of the register, approved or withdrawn on the page.
 */
#pragma once

#include "cli/monitor.h"

/*
 * Forms (docs/policy.md): port=, transport=, process= (a path, or the name of who
 * listens there now; without it any program), and owner=, reason=, until= of an
 * approval, line= of a withdrawal.  As web_source.policy_apply; -ENOENT, -EEXIST: no
 * entry is meant, or several may be.
 */
int policy_approve(struct monitor *m, const char *form, const char *actor,
		   struct buf *message);
int policy_withdraw(struct monitor *m, const char *form, const char *actor,
		    struct buf *message);
