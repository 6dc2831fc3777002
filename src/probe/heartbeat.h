/*
 * heartbeat.h: somebody else's job says that it lives; without a word in time it is
 * down.
 *
 * Nothing is sent.  Until its time has passed once nothing is known of it, so a restart
 * of ours makes nobody down.  No clock, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "probe/target.h"
#include "record/record.h"

enum {
	HEARTBEAT_NAME_MAX = 64, /* with its end */
	HEARTBEAT_TOKEN_MIN = 8,
	HEARTBEAT_TOKEN_MAX = 129, /* with its end */
	HEARTBEAT_MESSAGE_MAX = 192,
	HEARTBEAT_GRACE_S = 60
};

/* What somebody says; texts end. */
struct heartbeat_push {
	uint8_t is_trusted; /* needs no token */
	uint8_t is_down;
	uint64_t took_us;              /* or unknown */
	char name[HEARTBEAT_NAME_MAX]; /* "": the token says who */
	char token[HEARTBEAT_TOKEN_MAX];
	char message[HEARTBEAT_MESSAGE_MAX];
};

/* What was heard of one; all zero: nothing.  Times are CLOCK_MONOTONIC. */
struct heartbeat {
	int64_t since_us; /* it is waited for */
	int64_t heard_us; /* 0: never */
	bool is_down;
	uint64_t took_us; /* or unknown */
	char message[HEARTBEAT_MESSAGE_MAX];
};

extern const char *const heartbeat_options[]; /* NULL ends */
/* NULL, or what is wrong; sets target->every_s (0: not given) and grace_s. */
const char *heartbeat_check(struct target *target);
/* NULL, or what is wrong with a token; it is copied. */
const char *heartbeat_set_token(struct target *target, const char *token);

/* Is it said of that one, by one who may?  Takes as long whatever the token. */
bool heartbeat_is_meant(const struct target *target, const struct heartbeat_push *push);
void heartbeat_hear(struct heartbeat *beat, const struct heartbeat_push *push,
		    int64_t now_us);

/* state, reason, detail, answer_us; every_us: how often it says something. */
void heartbeat_judge(const struct heartbeat *beat, const struct target *target,
		     int64_t every_us, int64_t now_us, struct probe_record *told);
/* When that changes if nothing is heard; 0: not by itself. */
int64_t heartbeat_due_us(const struct heartbeat *beat, const struct target *target,
			 int64_t every_us, int64_t now_us);
