/*
 * packet_keeper.h: the packets that led to a finding, asked of who saw them and kept.
 *
 * Asked when a finding of an attack is said: 32 the first time, 16 more as it grows, 64
 * in all.  Strangers decide how many findings there are, so both questions and packets
 * have a rate over all findings; half of that is for those that are proven or medium at
 * least, so that trifles can't use it up.
 */
#pragma once

#include "base/home.h"
#include "detect/detect.h"
#include "flow/flow.h"

enum { KEEPER_FINDINGS = 256, KEEPER_MOST = 64 };

/* What is left for now of something that comes back with time. */
struct allowance {
	double left;
	int64_t at_us; /* 0: not used yet */
};

struct kept_of {
	char id[32]; /* "": unused */
	uint32_t kept;
	bool matters;
	int64_t asked_us, since_us;
};

struct packet_keeper {
	void *self;
	/* Asks; packet_keeper_take() is called with what there is, now or soon. */
	void (*ask)(void *self, const struct packets_wanted *wanted);
	void (*keep)(void *self, const struct packet_record *packet);
	struct detect *detect;  /* told how many are kept */
	const struct home *own; /* whose packets we sent; borrowed */
	struct kept_of at[KEEPER_FINDINGS];
	uint32_t next;
	struct allowance questions, packets, packets_that_matter;
	int64_t now_us; /* by the findings */
};

/* What the detectors' sink is given. */
void packet_keeper_finding(struct packet_keeper *keeper,
			   const struct finding_record *finding);
/* What comes of a question. */
void packet_keeper_take(struct packet_keeper *keeper,
			const struct packet_record *packet);
