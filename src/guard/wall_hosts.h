/*
 * wall_hosts.h: the table of blocked hosts that the program in the kernel looks into
 * (bpf/wall.bpf.c), as the wall writes it: in memory that both share, so that a hundred
 * thousand blocks cost no call of the kernel; private to this room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/wall_xdp_wire.h"

struct wall_hosts {
	struct wall_xdp_line *lines; /* mask + 1 */
	uint64_t secret[2];
	uint32_t mask;
};

/* So many lines, a power of two, that there is room for as many blocks. */
uint32_t wall_hosts_lines(uint32_t blocks_max);

/* 1: it was not there; 0: it was, and has this end now; -ENOSPC. */
int wall_hosts_put(struct wall_hosts *hosts, uint64_t key, uint32_t until);
/* False: it was not there. */
bool wall_hosts_remove(struct wall_hosts *hosts, uint64_t key);

/* ---- one line ---- */

/* The key is written before it is in force. */
void wall_line_put(struct wall_xdp_line *line, int way, uint64_t key, uint32_t until);
/* Another end; what it has stopped stays. */
void wall_line_prolong(struct wall_xdp_line *line, int way, uint32_t until);
void wall_line_clear(struct wall_xdp_line *line, int way);
/* What was stopped since it was last asked; 0 of what is not there. */
uint64_t wall_line_take(struct wall_xdp_line *line, int way);
