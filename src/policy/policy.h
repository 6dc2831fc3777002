/*
 * policy.h: the register of authorised ports: who may listen where, for whom, why.
 *
 * A YAML file that people write and review, or that policy_propose() writes from what
 * is seen.  docs/policy.md describes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "record/record.h"

struct policy;

/*
 * Reads a register.  NULL with messages "name:line:column: what, and what is allowed",
 * one per line, in *errors.
 */
struct policy *policy_parse(const char *text, size_t len, const char *name,
			    struct buf *errors);
struct policy *policy_read(const char *path, struct buf *errors);
void policy_free(struct policy *policy);

size_t policy_count(const struct policy *policy);

enum policy_verdict {
	POLICY_ALLOWED,
	POLICY_UNKNOWN_PORT,  /* no entry for this address, port and transport */
	POLICY_OTHER_PROGRAM, /* an entry, but for another executable, user or unit */
	POLICY_EXPIRED,
	POLICY_CLIENT, /* the listener is allowed, this client is not */
	POLICY_UNSURE, /* an entry for a program, but whose the socket is can't be seen
			*/
};

/*
 * reason, one sentence without a full stop, is written unless the verdict is ALLOWED.
 * Of a flow the caller knows that its server is this machine.
 */
enum policy_verdict policy_judge_listener(const struct policy *policy,
					  const struct listener_record *listener,
					  int64_t now_us, struct buf *reason);
/*
 * The same as a record says it: sets authorized, unknown if it is unsure, and approval;
 * both unknown without a register (policy NULL).
 */
void policy_mark(const struct policy *policy, struct listener_record *listener,
		 int64_t now_us, struct buf *reason);
enum policy_verdict policy_judge_flow(const struct policy *policy,
				      const struct flow_record *flow, int64_t now_us,
				      struct buf *reason);

/* True if an entry names just this port, so that somebody has to listen there. */
bool policy_expects(const struct policy *policy, const struct listener_record *listener,
		    int64_t now_us);

/*
 * True if the client was served, or may have been: TCP that was established, a
 * datagram.  Scans and refusals are no connections.
 */
bool policy_is_connection(const struct flow_record *flow);

/* A machine may always talk to itself: its register and firewall are for others. */
bool policy_is_itself(const struct flow_record *flow);

/* ---- edit.c: a register's text with an entry more, less or reviewed ---- */

/* As the register writes it; NULL: not said. */
struct policy_entry_text {
	const char *port, *transport, *exe, *owner, *reason, *approver, *expires;
};

/*
 * Appends the text of the register, what is in it else untouched, to *out.  0; -EINVAL
 * and what is wrong; -ENOENT: no entry is meant, -EEXIST: several may be.  line_number:
 * of the entry, 0 if it is not said.
 */
int policy_text_add(const struct policy *policy, const struct buf *text,
		    const struct policy_entry_text *entry, struct buf *out,
		    struct buf *message);
int policy_text_remove(const struct policy *policy, const struct buf *text,
		       const struct policy_entry_text *wanted, size_t line_number,
		       struct buf *out, struct buf *message);

/*
 * Whose entry was reviewed: that of the port, or all of an owner (port NULL).  next:
 * the day on which the review after this one is due; NULL: as in the configuration,
 * which says `usual` (NULL: it says none).
 */
struct policy_reviewed {
	struct policy_entry_text entry;
	size_t line_number; /* of the port's entry; 0: it is not said */
	const char *next, *usual;
};

/*
 * Appends the text with the next review of each, where it has one or is given one, and
 * tells each id.  As policy_text_add(); -ENOENT, too, if the owner has none.
 */
int policy_text_review(const struct policy *policy, const struct buf *text,
		       const struct policy_reviewed *reviewed, struct buf *out,
		       void (*take)(void *to, const char *id), void *to,
		       struct buf *message);

/* ---- approval.c: entries as records ---- */

/*
 * Each entry in force: what the register says of it, and its id; at, state and what
 * others know (since, reviews) are unknown, but review is when it says so.
 */
void policy_each_approval(const struct policy *policy,
			  void (*take)(void *to,
				       const struct approval_record *approval),
			  void *to);

/* How many entries have expired. */
size_t policy_count_expired(const struct policy *policy, int64_t now_us);

/* When the next entry expires after now_us; INT64_MAX: none will. */
int64_t policy_next_expiry(const struct policy *policy, int64_t now_us);

/*
 * What a reviewer should look at: entries without owner, reason or approver, and
 * expired ones, one line each as errors have them.  How many.
 */
size_t policy_review(const struct policy *policy, int64_t now_us, struct buf *out);

/* Protocol that the register says is spoken there; NULL: it does not say. */
const char *policy_protocol(const struct policy *policy,
			    const struct listener_record *listener);

/*
 * Writes a register of what was seen: listeners, and the clients of each.  Listeners
 * first: a flow to a port that nobody was seen to listen on says nothing.  own: the
 * machine's addresses (home_add_addresses()), as flows to others are not its business.
 */
struct home;
struct policy_seen;
struct policy_seen *policy_seen_new(const struct home *own);
void policy_seen_listener(struct policy_seen *seen, const struct listener_record *l);
void policy_seen_flow(struct policy_seen *seen, const struct flow_record *flow);
/* Once: it uses up what was seen. */
void policy_propose(struct policy_seen *seen, int64_t now_us, struct buf *out);
void policy_seen_free(struct policy_seen *seen);

/*
 * The least that must be allowed, as an nftables file; as systemd drop-ins per unit.
 * What has expired by now_us is not allowed.
 */
void policy_nftables(const struct policy *policy, int64_t now_us, struct buf *out);
void policy_systemd(const struct policy *policy, int64_t now_us, struct buf *out);
