/*
 * respond.h: from findings to blocks: what is to be done about whom, for how long, and
 * what speaks against it.
 *
 * Records in, blocks and orders out; no clock, and no I/O but respond_keep()'s folder:
 * time comes with the records, so that the past can be tried with other rules.  It does
 * nothing itself: orders go to the process that keeps the firewall (guard/wall.h), by
 * way of whoever owns both.
 *
 * A source is blocked for what it did only if a handshake within 10 minutes proves that
 * it is where its packets say (RFC 6528: the sequence number that it acknowledged is
 * not guessed). What could be forged puts it on a watch list: the first handshake
 * blocks it then.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/never.h"
#include "record/record.h"

struct buf;
struct config;

enum respond_order_kind { RESPOND_ADD, RESPOND_REMOVE };

/* RESPOND_ADD of an id that was added before: its end is another. */
struct respond_order {
	enum respond_order_kind kind;
	uint64_t id;     /* as of the block's id, in hexadecimal digits */
	int64_t left_us; /* until its end */
	bool by_hand, restored;
	const struct block_record *block;
};

struct respond_sink {
	void *self;
	/* A block is new, has changed, or is over. */
	void (*block)(void *self, const struct block_record *block);
	/* NULL: nothing is done, as where the past is tried. */
	void (*order)(void *self, const struct respond_order *order);
	/* A decision, for the audit chain: at, actor, action, subject, before, after.
	 */
	void (*audit)(void *self, const struct audit_record *audit);
	/*
	 * What a block, or a veto, was decided by; the digest of its JSON is in the
	 * audit record that follows.  NULL: nobody keeps it.
	 */
	void (*decision)(void *self, const struct decision_record *decision);
};

struct respond;
struct respond *respond_new(const struct respond_sink *sink);
/* What is kept in a folder is written there as a whole. */
void respond_free(struct respond *respond);

/*
 * The keys block.* are in force from now on; copied.  From "on" to "observe" all
 * automatic blocks end.
 */
void respond_set_rules(struct respond *respond, const struct config *config,
		       int64_t now_us);
/* Borrowed; NULL: nobody told. */
void respond_set_never(struct respond *respond, const struct never *never);

/* The wall clock was set forward by so much: no block lasts longer or shorter. */
void respond_shift(struct respond *respond, int64_t by_us);

/* ---- records ---- */

void respond_finding(struct respond *respond, const struct finding_record *finding);
/*
 * Who proves where it is, who is served, and who is logged in: of what comes to
 * addresses of ours.
 */
void respond_contact(struct respond *respond, const struct contact_record *contact);
void respond_flow(struct respond *respond, const struct flow_record *flow);
void respond_login(struct respond *respond, const struct login_record *login);
/* Whom this machine needs: of what goes from addresses of ours to others'. */
void respond_own_contact(struct respond *respond, const struct contact_record *contact);
void respond_own_flow(struct respond *respond, const struct flow_record *flow);
/* True of a connection in which a client got what it came for, as far as can be seen.
 */
bool respond_is_served(const struct flow_record *flow);
/* Ends of blocks, limits, what fades. */
void respond_tick(struct respond *respond, int64_t now_us);

/* ---- what came of orders ---- */

struct respond_result {
	uint64_t id;
	const char *state;     /* active, vetoed, expired, removed, failed */
	const char *vetoed_by; /* of vetoed; static */
	int error;             /* of failed: errno */
	uint64_t packets, bytes, sessions;
};
/* False: no block in force has that id. */
bool respond_result(struct respond *respond, const struct respond_result *result,
		    int64_t now_us);
/* The firewall's process is another one: all orders in force are given again. */
void respond_again(struct respond *respond, int64_t now_us);

/* ---- by hand ---- */

struct respond_asked {
	struct prefix prefix;
	uint32_t port;         /* UNKNOWN_U32: all */
	const char *transport; /* of the port: tcp or udp; NULL: tcp */
	const char *action;    /* drop, limit, reset */
	uint32_t rate;         /* of a limit, packets a second; 0: block.limit */
	int64_t for_us;
	const char *why, *actor;
	bool over_network; /* it ends soon unless confirmed */
};
/* The same answer without doing it; in message what it would cost, in a sentence. */
int respond_try(struct respond *respond, const struct respond_asked *asked,
		int64_t now_us, struct buf *message);
/*
 * 0, and the block's id in message; or -EINVAL, -EPERM and what is wrong.  block.mode
 * is about automatic ones: a person has decided.
 */
int respond_block(struct respond *respond, const struct respond_asked *asked,
		  int64_t now_us, struct buf *message);
/*
 * By address or id.  What the source had done until then is forgiven: the same finding
 * blocks it again only for evidence that comes a minute or more later, another one for
 * any that comes later.
 */
int respond_unblock(struct respond *respond, const char *what, const char *actor,
		    int64_t now_us, struct buf *message);
int respond_confirm(struct respond *respond, const char *id, const char *actor,
		    int64_t now_us, struct buf *message);
/*
 * After too many blocks automatic ones stop, but for who guesses at one port, until few
 * come, or a person goes on (veto.c).
 */
bool respond_is_frozen(const struct respond *respond);
void respond_thaw(struct respond *respond, const char *actor, int64_t now_us);

/* ---- what others of a fleet have seen (shared.c) ---- */

struct respond_shared {
	struct addr address;
	/* As of a finding; static words. kind and proof NULL: it is a person's word. */
	const char *kind, *severity, *proof;
	const char *finding; /* its id there */
	const char *sensor, *why;
	int64_t seen_us, until_us;
};
/*
 * Blocks it until then at most, as an automatic block, if it is not blocked already and
 * nothing speaks against it; so again and again as long as it is shared.
 */
void respond_share(struct respond *respond, const struct respond_shared *shared,
		   int64_t now_us);
/* It was taken back: a block that it made ends. */
void respond_unshare(struct respond *respond, const struct addr *address,
		     const char *finding, int64_t now_us);

/* ---- what was decided ---- */

/*
 * Decides anew what was decided then: by the same rules, with the same finding, in the
 * state that is written down.  False without memory, or if nothing is decided at all.
 */
bool respond_again_decide(const struct decision_record *then,
			  struct decision_record *now);

/* ---- what is known ---- */

struct respond_state {
	uint64_t in_force, observed;
	uint64_t watched, served; /* sources; of the last 30 days */
	uint64_t served_left_out; /* for lack of room, since the start */
	uint64_t vetoes_left_out; /* not written, as there were too many a minute */
	uint64_t refused;         /* blocks, for lack of room */
	const char *frozen_by;    /* new_per_minute, total, clients; NULL: not */
	int keep_error;           /* errno of the last failure to keep; 0 */
};
struct respond_state respond_state(const struct respond *respond);

/* In force, newest first, then those that were decided lately and are over. */
void respond_each(const struct respond *respond,
		  void (*take)(void *to, const struct block_record *block), void *to);

/*
 * Served sources of the last 30 days, and how many of them lie in that prefix and, if
 * there is a port, use it.
 */
struct respond_served {
	uint64_t clients, cut;
};
struct respond_served respond_served(const struct respond *respond,
				     const struct prefix *prefix, uint32_t port,
				     int64_t now_us);

/*
 * What must survive a restart: blocks with their absolute ends, strikes, who is
 * watched, who was served. In that folder, replaced as a whole and appended to between;
 * false with a sentence in why if what is there can't be used.  After
 * respond_set_rules(); orders are given by respond_again().
 */
bool respond_keep(struct respond *respond, const char *folder, int64_t now_us,
		  struct buf *why);
