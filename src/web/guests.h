/*
 * guests.h: the connections of TCP, how many there may be and how long they may take.
 *
 * Who sends a request byte by byte (slowloris), a body so, or reads an answer so, is
 * cut off at a deadline of the whole, as each byte would keep an idle timeout away.
 * Streams of /api/v1/live last; there is a bound on their number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
	GUESTS_MAX = 512,
	GUESTS_EACH = 64,      /* of one address; of IPv6, of one /64 */
	GUESTS_LOOPBACK = 320, /* of this machine, its proxies among them */
};

enum guest_stage {
	GUEST_ASKS,  /* until the headers are complete, and between requests */
	GUEST_SENDS, /* a body */
	GUEST_WAITS, /* for the answer, until its last byte */
	GUEST_STAYS, /* reads a stream */
};

struct guest {
	int fd; /* -1: nobody's place */
	struct addr prefix;
	enum guest_stage stage;
	int64_t since_ms;
	bool is_cut;
};

struct guests {
	struct guest at[GUESTS_MAX];
	size_t count;
	int64_t looked_ms;
};

void guests_init(struct guests *guests);

/*
 * Whether another one of that address may come.  If the house is nearly full, who has
 * asked for nothing the longest has to leave.
 */
bool guests_have_room(struct guests *guests, const struct addr *client);

/* NULL: there is no room. */
struct guest *guest_comes(struct guests *guests, int fd, const struct addr *client,
			  int64_t now_ms);
/* guest NULL: nothing happens, also below. */
void guest_enters(struct guest *guest, enum guest_stage stage, int64_t now_ms);
void guest_leaves(struct guests *guests, struct guest *guest);

/* Cuts off who is over the time of a stage. */
void guests_tick(struct guests *guests, int64_t now_ms);
