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
};

/* reason, one sentence, is written unless the verdict is ALLOWED. */
enum policy_verdict policy_judge_listener(const struct policy *policy,
					  const struct listener_record *listener,
					  int64_t now_us, struct buf *reason);
enum policy_verdict policy_judge_flow(const struct policy *policy,
				      const struct flow_record *flow, int64_t now_us,
				      struct buf *reason);

/* Protocol that the register says is spoken there; NULL: it does not say. */
const char *policy_protocol(const struct policy *policy,
			    const struct listener_record *listener);

/* Writes a register of what was seen: listeners, and the clients of each. */
struct policy_seen;
struct policy_seen *policy_seen_new(void);
void policy_seen_listener(struct policy_seen *seen, const struct listener_record *l);
void policy_seen_flow(struct policy_seen *seen, const struct flow_record *flow);
void policy_propose(const struct policy_seen *seen, int64_t now_us, struct buf *out);
void policy_seen_free(struct policy_seen *seen);

/* The least that must be allowed, as an nftables file; as systemd drop-ins per unit. */
void policy_nftables(const struct policy *policy, struct buf *out);
void policy_systemd(const struct policy *policy, struct buf *out);
