/*
 * policy_by_hand.h: entries of the register, approved, withdrawn or reviewed by a
 * person.
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

/*
 * A review: port= and transport= as above, or owner= for all of one owner's; by= who
 * reviewed (whoever posts it), comment=, next= when it is due again.
 */
int policy_review_by_hand(struct monitor *m, const char *form, const char *actor,
			  struct buf *message);
