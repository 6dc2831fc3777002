/*
 * respond.h: from findings to blocks: what is to be done about whom, for how long, and
 * what speaks against it.
 *
 * Records in, blocks and orders out; no clock, no I/O: time comes with the records, so
 * that the past can be tried with other rules.  It does nothing itself: orders go to
 * the process that keeps the firewall (guard/wall.h), by way of whoever owns both.
 *
 * A source is blocked for what it did only if a handshake proves that it is where its
 * packets say (RFC 6528: the sequence number that it acknowledged is not guessed). What
 * could be forged limits or watches.
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
	/* A decision, for the audit chain: action, subject, before, after. */
	void (*audit)(void *self, const struct audit_record *audit);
};

struct respond;
struct respond *respond_new(const struct respond_sink *sink);
void respond_free(struct respond *respond);

/* The keys block.* are in force from now on; copied. */
void respond_set_rules(struct respond *respond, const struct config *config,
		       int64_t now_us);
/* Borrowed; NULL: nobody told. */
void respond_set_never(struct respond *respond, const struct never *never);

/* ---- records ---- */

void respond_finding(struct respond *respond, const struct finding_record *finding);
/* Who proves where it is, who is served, and who is logged in. */
void respond_contact(struct respond *respond, const struct contact_record *contact);
void respond_flow(struct respond *respond, const struct flow_record *flow);
void respond_login(struct respond *respond, const struct login_record *login);
/* Ends of blocks, limits, what fades. */
void respond_tick(struct respond *respond, int64_t now_us);

/* ---- what came of orders ---- */

struct respond_result {
	uint64_t id;
	const char *state;     /* active, vetoed, expired, removed, failed */
	const char *vetoed_by; /* of vetoed */
	int error;             /* of failed: errno */
	uint64_t packets, bytes, sessions;
};
void respond_result(struct respond *respond, const struct respond_result *result,
		    int64_t now_us);
/* The firewall's process is another one: all orders in force are given again. */
void respond_again(struct respond *respond, int64_t now_us);

/* ---- by hand ---- */

struct respond_asked {
	struct prefix prefix;
	uint32_t port;      /* UNKNOWN_U32: all */
	const char *action; /* drop, limit, reset */
	int64_t for_us;
	const char *why, *actor;
	bool over_network; /* it ends soon unless confirmed */
};
/* 0, and the block's id in message; or -EINVAL, -EPERM and what is wrong. */
int respond_block(struct respond *respond, const struct respond_asked *asked,
		  int64_t now_us, struct buf *message);
/* By address or id. */
int respond_unblock(struct respond *respond, const char *what, const char *actor,
		    int64_t now_us, struct buf *message);
int respond_confirm(struct respond *respond, const char *id, const char *actor,
		    int64_t now_us, struct buf *message);
/* After too many blocks in a minute all automatic ones stop, until a person goes on. */
bool respond_is_frozen(const struct respond *respond);
void respond_thaw(struct respond *respond, const char *actor, int64_t now_us);

/* ---- what is known ---- */

/* In force, and decided lately; newest first. */
void respond_each(const struct respond *respond,
		  void (*take)(void *to, const struct block_record *block), void *to);

/* Served sources of the last 30 days, and how many of them lie in that prefix. */
struct respond_served {
	uint64_t clients, cut;
};
struct respond_served respond_served(const struct respond *respond,
				     const struct prefix *prefix, uint32_t port,
				     int64_t now_us);

/*
 * What must survive a restart: blocks with their absolute ends, strikes, who was
 * served. In that folder, replaced as a whole and appended to between; false with a
 * sentence in why if what is there can't be used.
 */
bool respond_keep(struct respond *respond, const char *folder, int64_t now_us,
		  struct buf *why);
