/*
 * guess.h: one connection to find out what is spoken behind it; private to the room.
 *
 * Who speaks first is heard out, and answered in its own protocol, on the same
 * connection.  Who is silent is asked in the words that were chosen.
 */
#pragma once

#include "protocol/protocol.h"

enum { HEARD_MAX = 1024 };

/* In whose words a silent server is asked. */
struct words {
	const struct protocol *protocol; /* NULL: in none, only listen */
	const struct asking *asking;
	bool over_tls;
};

struct guess {
	struct words words;
	uint32_t patience_ms; /* how long one who speaks first is waited for */
	uint16_t port;
	/* What came of it. */
	const struct protocol *greeted; /* recognised by what the server said unasked */
	const struct asking *speaking;  /* what is spoken now; NULL: nothing yet */
	uint16_t heard_len;
	uint8_t heard[HEARD_MAX]; /* the begin of what the server said */
};

extern const struct asking guess_asking;

/* HTTP has no dialogue of its own: "GET /", and the head of the answer. */
extern const struct asking web_asking;

/* What Redis is, which PING does not tell. */
extern const struct asking redis_info_asking;

/* Those that speak first. */
bool guess_is_greeter(const struct protocol *protocol);

/* Whose words those of a server are; is_over: no more of them will come. */
const struct protocol *guess_by_words(uint16_t port, struct bytes said, bool is_over,
				      bool *may_be_more);
