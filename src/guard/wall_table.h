/*
 * wall_table.h: the blocks that the wall holds, and what may become one; private to
 * this room.  It calls nobody: time comes with each call (CLOCK_BOOTTIME, which no step
 * of the clock moves), and what the firewall should do waits in a list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "guard/wall.h"
#include "guard/wall_rate.h"
#include "policy/never.h"

/* What a packet must have to be stopped, and how; the same key is one element. */
struct wall_key {
	struct addr address;
	uint16_t port; /* 0: all */
	uint8_t proto; /* 0: all */
	uint8_t prefix_len;
	uint8_t action; /* enum wall_action */
	uint8_t zero[3];
};

enum wall_op {
	WALL_OP_ADD = 1,
	WALL_OP_RENEW, /* it is there: its end, rate and counters are new */
	WALL_OP_REMOVE,
};

/* For who does it: nftables, and XDP if it is there. */
struct wall_change {
	struct wall_key key;
	uint64_t id; /* 0: nobody is told */
	uint64_t packets, bytes;
	int64_t left_us;   /* of what is added */
	uint32_t rate;     /* of WALL_LIMIT: packets a second */
	uint16_t op;       /* enum wall_op */
	uint16_t outcome;  /* told when it is done */
	uint16_t reason;   /* of a veto */
	bool begins;       /* sessions of before are to end */
	uint32_t sessions; /* filled by who ends them */
	int32_t error;     /* filled by who does it: -errno */
};

struct wall_bounds {
	uint32_t total, new_per_minute;
	struct wall_past *past; /* outlives it; or NULL */
};

struct wall_table_sink {
	void *self;
	void (*told)(void *self, const struct wall_told *told);
};

struct wall_table;

/* NULL without memory. */
struct wall_table *wall_table_new(const struct wall_bounds *bounds,
				  const struct wall_table_sink *sink);
void wall_table_free(struct wall_table *table);

/* ---- what is asked ---- */

/* What can't be is told at once, the rest when its change is done. */
void wall_table_add(struct wall_table *table, const struct wall_order *order,
		    const struct never *never, int64_t now_us);
void wall_table_remove(struct wall_table *table, uint64_t id);
/* From now on what is restored is new like all else. */
void wall_table_ready(struct wall_table *table);
/* The list is another one: what it speaks against ends. */
void wall_table_veto(struct wall_table *table, const struct never *never,
		     int64_t now_us);
/* Ends of which the time has come. */
void wall_table_tick(struct wall_table *table, int64_t now_us);

/* ---- what is to be done ---- */

/* In this order; they stay the table's, and until wall_table_done() no other comes. */
struct wall_change *wall_table_changes(struct wall_table *table, size_t *count);
/* error and sessions of each are filled. */
void wall_table_done(struct wall_table *table, int64_t now_us);

/* ---- what the kernel holds ---- */

void wall_table_look_begin(struct wall_table *table, int64_t now_us);
/* False: nobody asked for it. */
bool wall_table_seen(struct wall_table *table, const struct wall_key *key,
		     uint64_t packets, uint64_t bytes);
/* What was stopped in front of the element since it was last said. */
void wall_table_stopped(struct wall_table *table, const struct wall_key *key,
			uint64_t packets, uint64_t bytes);
/* If it still is of nobody, it is to be removed. */
void wall_table_foreign(struct wall_table *table, const struct wall_key *key);
/* What was not seen since the beginning is to be added again. How many; counters that
 * have changed are told. */
size_t wall_table_look_end(struct wall_table *table, int64_t now_us);
/* The kernel has lost all of it. */
void wall_table_lost(struct wall_table *table, int64_t now_us);

/* ---- what is known ---- */

size_t wall_table_count(const struct wall_table *table);
/* Of them, those that the kernel should hold: a reset holds nothing. */
size_t wall_table_elements(const struct wall_table *table);
/* When the next one ends; INT64_MAX: none. */
int64_t wall_table_next_us(const struct wall_table *table);
uint32_t wall_table_repairs(const struct wall_table *table);
