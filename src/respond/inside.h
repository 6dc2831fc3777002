/*
 * inside.h: what the files of respond share.  Private to the room.
 *
 * Times inside are those of records less `ahead_us`: a wall clock that is set moves
 * only that number, and every interval stays what it was.
 */
#pragma once

#include "base/deadlines.h"
#include "base/roster.h"
#include "config/config.h"
#include "respond/known.h"
#include "respond/recent.h"
#include "respond/respond.h"
#include "respond/site.h"

enum {
	BLOCKS_MAX = 131072, /* as the wall holds */
	ENDED_MAX = 1024,    /* shown when they are over */
	BLOCK_PLACES = BLOCKS_MAX + ENDED_MAX,
	KNOWN_MAX = 32768,
	WATCHED_MAX = 4096,
	SERVED_MAX = 65536,
	ASKED_MAX = 16384,
	SITES_MAX = 8192,
	TOLD_MAX = 8192,
	REASON_MAX = 256,
};
#define SECOND_US   1000000LL
#define MINUTE_US   (60 * SECOND_US)
#define DAY_US      (86400 * SECOND_US)
#define PROOF_US    (10 * MINUTE_US) /* a proof is of now for so long */
#define LONGEST_US  (31 * DAY_US)    /* by hand, and what the wall takes */
#define FORGIVEN_US MINUTE_US        /* packets under way when it was unblocked */

/* ---- one block ---- */

struct block {
	uint64_t id; /* 0: a free place */
	struct deadline due;
	int64_t start_us, until_us, at_us;
	int64_t decided_us; /* time of the packet that decided */
	int64_t span_us;    /* how long each piece of evidence makes it last */
	int64_t wanted_us;  /* its end once it is confirmed */
	struct addr address;
	uint32_t next_of_id, next_of_source;
	uint32_t port, strike, rate;
	const char *transport, *action, *state, *proof, *vetoed_by;
	uint64_t latency_us, packets, bytes, sessions, clients, cut;
	uint64_t before_packets, before_bytes, before_sessions; /* respond_again() */
	char finding[32];
	char *actor, *reason;  /* owned */
	struct before *before; /* owned; NULL: nothing to come back to */
	int error;
	uint8_t prefix_len; /* of the 128 */
	bool in_force, by_hand;
	bool is_again; /* it was given to another process before */
};

struct blocks {
	struct block *at;
	struct order_link *links;
	struct order in_force, ended;
	struct deadlines due;
	struct hash_key key;
	struct roster sites; /* of those in force */
	uint32_t *of_id, *of_source, *unused;
	uint32_t unused_count, ended_count;
	uint64_t force_count, observed, made;
};

bool blocks_open(struct blocks *blocks);
void blocks_close(struct blocks *blocks);
/* id 0: a new one is made.  NULL: no room. */
struct block *blocks_add(struct blocks *blocks, const struct block *block,
			 const char *actor, const char *reason);
struct block *blocks_find(const struct blocks *blocks, uint64_t id);
/* Of that first address; after NULL: the first.  In force or over. */
struct block *blocks_of(const struct blocks *blocks, const struct addr *address,
			const struct block *after);
void blocks_end(struct blocks *blocks, struct block *block);
void blocks_prolong(struct blocks *blocks, struct block *block, int64_t until_us);

/* ---- candidates ---- */

/* What somebody may be blocked for, without strangers' pointers. */
struct candidate {
	struct addr source, server;
	int64_t first_us, last_us;
	uint32_t port;
	uint8_t prefix_len;
	const char *transport, *proof;
	uint64_t ports; /* as the next three: the finding's own */
	uint32_t finding_port;
	char kind[32], severity[32];
	char finding[32], reason[REASON_MAX];
};

struct watched {
	struct roster_entry head;
	int64_t until_us;
	struct candidate candidate;
};

struct told {
	struct roster_entry head;
	const char *vetoed_by;
};

/* Ports at which strangers are answered, of the current day and the one before. */
struct asked_ports {
	uint8_t bits[2][(UINT16_MAX + 1) / 8];
	int64_t begun_us, day_us; /* 0: not begun */
};

struct respond {
	struct respond_sink sink;
	struct config rules;
	bool has_rules, is_observing;
	unsigned severity;
	const struct never *never;
	int64_t now_us, ahead_us, frozen_us;
	struct blocks blocks;
	struct roster known, watched, served, asked, told;
	struct asked_ports answering; /* of this machine, by UDP */
	struct recent begun, wanted, cut, vetoes, served_days, served_minutes;
	uint64_t served_left_out, vetoes_left_out, refused;
	const char *frozen_by;
	struct keeping *keeping; /* NULL: nothing is kept */
	int keep_error;
};

static inline struct roster_key key_of(const struct addr *source)
{
	return (struct roster_key){ .first = *source };
}

static inline bool is_word(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static inline uint64_t known_or_none(uint64_t count)
{
	return count != UNKNOWN_U64 ? count : 0;
}

/* The time inside of a record's; time never goes back. */
int64_t respond_time(struct respond *respond, int64_t record_us);

/* ---- who is where, and who is served ---- */

bool proof_was_here(struct respond *respond, const struct candidate *candidate);
bool proof_is_fresh(struct respond *respond, const struct candidate *candidate);
/* The last handshake that would prove it; 0: none. */
int64_t proof_of_known(const struct known *known, const struct candidate *candidate);
void proof_watch(struct respond *respond, const struct candidate *candidate);
/* Sessions at a time, or users, that began to be served before the attack did. */
bool nat_is_shared(struct respond *respond, const struct candidate *candidate);
void served_note(struct respond *respond, const struct addr *client, uint32_t port,
		 bool is_proven);
const struct served *served_find(struct respond *respond, const struct addr *source);
uint64_t served_count(const struct respond *respond);
void served_restore(struct respond *respond, const struct served *read);
void served_gone(void *to, const void *entry);
/* One of UDP to this machine, or between it and others. */
void asked_note_answering(struct respond *respond, const struct flow_record *flow);
/* Whether this machine connected to it itself, in 30 days. */
bool asked_find(struct respond *respond, const struct addr *source);
void asked_restore(struct respond *respond, const struct asked *read);

/* ---- deciding ---- */

void decide(struct respond *respond, const struct candidate *candidate);
/* Whether findings of that kind are answered by a block. */
bool decide_is_answered(const struct respond *respond, const char *kind);
/* True if that veto is to be said: once for a finding, and not too often. */
bool decide_is_news(struct respond *respond, const struct candidate *candidate,
		    const char *vetoed_by);
struct veto {
	const char *word; /* NULL: nothing speaks against it */
	bool limits;      /* not dropped, but limited */
};
/* Whether it was served before the attack began. */
bool veto_is_client(struct respond *respond, const struct candidate *candidate);
struct veto veto_of(struct respond *respond, const struct candidate *candidate,
		    const struct prefix *prefix, uint32_t port);
/* One more that was told of as refused. */
void veto_note(struct respond *respond, const char *word);
void veto_tick(struct respond *respond);

/* ---- life of blocks ---- */

/* decision: NULL, if a person decided. */
struct block *life_begin(struct respond *respond, const struct block *block,
			 const char *actor, const char *reason,
			 struct decision_record *decision);
void life_end(struct respond *respond, struct block *block, const char *state,
	      const char *actor);
/* Its time has come, or that of confirming a change: then it is what it was. */
void life_expire(struct respond *respond, struct block *block);
/* False: it is nobody's business. */
bool life_order(struct respond *respond, const struct block *block,
		enum respond_order_kind kind, bool restored);
/* Evidence goes on. */
void life_prolong(struct respond *respond, struct block *block);
void life_say(struct respond *respond, struct block *block);
void life_record(const struct respond *respond, const struct block *block,
		 struct block_record *out);
void life_audit(struct respond *respond, const char *action, const char *actor,
		const struct block *block, const char *before, const char *after);

/* ---- keeping ---- */

void keep_block(struct respond *respond, const struct block *block);
void keep_known(struct respond *respond, const struct known *known);
void keep_watched(struct respond *respond, const struct watched *watched);
void keep_state(struct respond *respond);
void keep_tick(struct respond *respond);
void keep_close(struct respond *respond);
