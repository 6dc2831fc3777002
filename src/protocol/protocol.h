/*
 * protocol.h: one file per protocol says how to recognise it and how to read it.
 *
 * The build finds each file that defines a `const struct protocol protocol_NAME`.
 */
#pragma once

#include "base/hash.h"
#include "protocol/ask.h"
#include "protocol/talk.h"

enum { TURN_MAX = 16384 };

enum verdict {
	VERDICT_NO,
	VERDICT_MORE, /* so far it may be; more bytes will tell */
	VERDICT_YES,
};

/* The first turn of each side, as far as it has come: at most OPENING_MAX bytes. */
enum { OPENING_MAX = 512 };
struct opening {
	struct bytes said[2];    /* by CLIENT and SERVER; may be empty */
	bool ended[2];           /* no more of it will come: MORE then means NO */
	unsigned first;          /* who spoke first */
	uint8_t transport;       /* IPPROTO_ */
	uint16_t port[2];        /* for what the bytes alone leave open */
	const struct addr *addr; /* [2] */
};

/* Who spoke first, as far as that was kept; else the other side. */
static inline unsigned opening_speaker(const struct opening *opening)
{
	return opening->said[opening->first].len > 0 ? opening->first
						     : 1 - opening->first;
}

/* What that side said; empty if nobody did. */
static inline struct bytes opening_first(const struct opening *opening)
{
	return opening->said[opening_speaker(opening)];
}

struct protocol {
	const char *name;      /* as the catalog and records have it: "http" */
	const char *doc;       /* "Hypertext Transfer Protocol 1.x (RFC 9112)" */
	uint8_t transports[3]; /* IPPROTO_; 0 ends */
	uint16_t ports[8];     /* usual ones, tried first; 0 ends */
	uint16_t turn_max;   /* most bytes kept for the reader; 0: OPENING_MAX; at most
				TURN_MAX */
	uint16_t state_size; /* of talk->state that the reader uses; at most
				TALK_STATE_MAX, zeroed at the begin */
	/*
	 * True if the reader measures how long answers take (talk_answered), because
	 * they are matched by more than their order; else turns are timed.
	 */
	bool times_answers;
	bool is_hidden; /* read, but its name is not the flow's (icmp) */
	/* Pure; cheap for bytes that are not its own. */
	enum verdict (*recognise)(const struct opening *opening);
	/* Every turn, from the first on; NULL: being recognised is all. */
	void (*read)(struct talk *talk, struct said *said);
	/* The conversation is over: what is still open will have no answer. May be
	 * NULL. */
	void (*end)(struct talk *talk, int64_t at_us);
	/* What its talks of one thread share (talk_shared()); made at first use. */
	void *(*shared_new)(const struct hash_key *key);
	void (*shared_free)(void *shared);
	const struct asking *asking; /* NULL: it can't be asked */
};

/* By name, or NULL. */
const struct protocol *protocol_by_name(const char *name);
