/*
 * sessions_inside.h: who is looked for, and what a tracked connection says of itself;
 * private to sessions.h's files and their tests.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/netlink.h"
#include "guard/sessions.h"

/* Targets by prefix; borrowed. */
struct session_order {
	struct session_target **at; /* owned */
	size_t count, size;
	bool has_len[129]; /* of a prefix among them */
};

/* Counts of the targets begin at 0. False without memory. */
bool session_order_set(struct session_order *order, struct session_target *targets,
		       size_t count);
/* The target that means this session, ours being that port; or NULL. */
struct session_target *session_order_find(const struct session_order *order,
					  const struct addr *remote, uint16_t port,
					  uint8_t proto);

/*
 * A filter for the kernel's dump of sockets that lets through no less than what any of
 * the targets means (inet_diag_bc_op); its length.  0: there are too many for one.
 */
enum { SESSION_FILTER_MAX = 256 };
size_t session_filter(const struct session_order *order,
		      uint8_t out[static SESSION_FILTER_MAX]);

/* ---- tracked connections (sessions_tracked.c) ---- */

struct tracked;

/* NULL and errno: there is no tracking, or it can't be asked. */
struct tracked *tracked_open(void);
void tracked_close(struct tracked *tracked);
/* 0 or -errno. */
int tracked_end(struct tracked *tracked, const struct session_order *order);
