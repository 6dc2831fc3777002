/*
 * proven.h: what a self-test has proven, from what each of its rounds saw.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "guard/self_test.h"
#include "guard/wall.h"
#include "record/record.h"

/* IPv4, then IPv6. */
enum { PROVEN_ROUNDS = 2 };

struct proven_round {
	struct addr ours;            /* its end at our side */
	bool has_ended;              /* its process has told how */
	bool is_known;               /* any packet of it was captured */
	struct self_test_event ends; /* as the process saw it */
	uint64_t seen;               /* of ends.sent */
	bool wants_xdp;              /* what is blocked is to be dropped there ... */
	uint64_t early;              /* ... and was: packets */
	/* The finding; decided_us: time of the packet that decided; 0: there is none.
	 */
	int64_t decided_us;
	uint64_t detect_us;
	const char *vetoed_by; /* what spoke against a block, here or in the wall */
	bool is_ordered;
	struct wall_told told; /* the wall's answer; outcome 0: there was none */
};

/* All but the time. */
void proven_judge(const struct proven_round rounds[static PROVEN_ROUNDS],
		  struct self_test_record *out);

/* "detected in 9 ms, blocked in 14 ms, 0 of 480 packets lost". */
void proven_words(const struct self_test_record *record, struct buf *out);
