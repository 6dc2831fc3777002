/*
 * wall_nft.h: our table in the kernel's nf_tables, by netlink; private to this room.
 *
 * The table is made with the first element, and owned by the socket that makes it
 * (Linux 5.12): nobody else changes it, and with the socket it goes.  Of the packets
 * that come in, the source is looked up before connection tracking, so it is the same
 * for this machine, for what it forwards, and for containers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/wall_set.h"
#include "guard/wall_table.h"

struct wall_nft;

/* NULL and errno. */
struct wall_nft *wall_nft_open(void);
/* The table goes with it. */
void wall_nft_close(struct wall_nft *nft);

/*
 * Does them in this order, thousands at a time, each of which the kernel takes as a
 * whole; error of each is filled.  0, or the last error.
 */
int wall_nft_apply(struct wall_nft *nft, struct wall_change *changes, size_t count);
/* Nothing is blocked: the table is not needed.  0 or -errno. */
int wall_nft_remove_table(struct wall_nft *nft);
bool wall_nft_has_table(const struct wall_nft *nft);
bool wall_nft_is_owned(const struct wall_nft *nft);
/* True, once, if the table that we had made is not there any more. */
bool wall_nft_is_lost(struct wall_nft *nft);

/* ---- others' changes ---- */

int wall_nft_events_fd(const struct wall_nft *nft);
/* Reads what waits; true if somebody else has changed rules. */
bool wall_nft_take_events(struct wall_nft *nft);

/* ---- looking at what is there, a piece at a time ---- */

enum wall_look { WALL_LOOK_GOES_ON, WALL_LOOK_IS_WHOLE, WALL_LOOK_FAILED };

int wall_nft_look_fd(const struct wall_nft *nft);
/* False if there is nothing to look at, or it can't be. */
bool wall_nft_look_begin(struct wall_nft *nft);
/* When its descriptor is readable.  What changed meanwhile may be missing; failed: it
 * says nothing. */
enum wall_look wall_nft_look_step(struct wall_nft *nft,
				  void (*take)(void *to,
					       const struct wall_element *element),
				  void *to);
