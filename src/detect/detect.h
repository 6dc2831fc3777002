/*
 * detect.h: records in, findings out.
 *
 * One file per detector.  Time comes with the records, so that a replay of stored
 * records finds the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "record/record.h"

struct detect_sink {
	void *self;
	/* A finding is new, has changed, or has ended. */
	void (*finding)(void *self, const struct finding_record *finding);
};

struct detect;
struct detect *detect_new(const struct detect_sink *sink);
void detect_free(struct detect *detect);

/* The register in force, borrowed; NULL: none. Judges all listeners anew. */
void detect_set_policy(struct detect *detect, const struct policy *policy,
		       int64_t now_us);

/* Every change of a listener.  Sets listener->authorized. */
void detect_listener(struct detect *detect, struct listener_record *listener);

/*
 * A listener that was known before this start (from the store, or because it was there
 * at the very first start): it is no news.
 */
void detect_known_listener(struct detect *detect,
			   const struct listener_record *listener);

void detect_flow(struct detect *detect, const struct flow_record *flow);

/*
 * Traffic of one service in one second, and whether a socket listens there: 1, 0, or
 * UNKNOWN_FLAG if the server is not this machine or the sockets are not known.
 */
void detect_port(struct detect *detect, const struct port_record *port,
		 uint8_t listens);

void detect_tick(struct detect *detect, int64_t now_us);

/* Open findings, in no order. */
void detect_each(const struct detect *detect,
		 void (*emit)(void *to, const struct finding_record *f), void *to);

/* How many are open about that port; port of a listener or of traffic. */
uint64_t detect_count(const struct detect *detect, const char *transport,
		      const struct addr *ip, uint32_t port);
