/*
 * wall_xdp.h: blocks of whole hosts once more, in front of nftables: a program on
 * chosen interfaces (bpf/wall.bpf.c, XDP) drops what comes from them before the rest of
 * the kernel sees it; private to this room.
 *
 * nftables holds the same blocks, so nothing passes where this is not, or ends.  As no
 * capture sees what is dropped here, it is counted for its port, too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "guard/wall_table.h"

/* The compiled bpf/wall.bpf.c. */
extern const uint8_t wall_xdp_object[], wall_xdp_object_end[];

struct wall_xdp;

struct wall_xdp_sink {
	void *self;
	/* What a block has stopped here since last told. */
	void (*stopped)(void *self, const struct wall_key *key, uint64_t packets,
			uint64_t bytes);
	/* Since last told, and of one processor: there may be several of a service. */
	void (*dropped)(void *self, const struct wall_dropped *dropped);
};

/* Before the process confines itself: how many processors there may be. */
void wall_xdp_prepare(void);

/* NULL and errno. */
struct wall_xdp *wall_xdp_open(const struct config_names *interfaces,
			       uint32_t blocks_max, const struct wall_xdp_sink *sink);
void wall_xdp_close(struct wall_xdp *xdp);

/*
 * The same that nftables gets, after it: error of each is filled.  What can't be done
 * here is nftables' alone; see wall_xdp_state.
 */
void wall_xdp_apply(struct wall_xdp *xdp, const struct wall_change *changes,
		    size_t count);

int wall_xdp_fd(const struct wall_xdp *xdp);
/* When it is readable, or the time has come. */
void wall_xdp_run(struct wall_xdp *xdp, int64_t now_us);
int64_t wall_xdp_next_us(const struct wall_xdp *xdp);

/* Fills xdp, xdp_error and xdp_generic. */
void wall_xdp_state(const struct wall_xdp *xdp, struct wall_state *out);
