/*
 * public.h: what strangers may see, looked up at most every 15 seconds, however many of
 * them ask; private to the room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/web.h"

enum { PUBLIC_TARGETS_MAX = 64, PUBLIC_NAME_MAX = 256 };

struct public_target {
	char name[PUBLIC_NAME_MAX];
	struct web_public known; /* its name is the one above */
};

/* All zero: not looked yet. */
struct public_view {
	struct public_target *targets; /* owned */
	size_t count;
	int64_t until_ms; /* it is as it is */
	int64_t at_us;
	struct buf html, json; /* made when somebody asks; empty: not yet */
};

/* As it is now, or was some seconds ago.  NULL: nothing is public, or no memory. */
struct public_view *public_view_look(struct public_view *view,
				     const struct web_source *source, int64_t now_ms,
				     int64_t now_us);
void public_view_free(struct public_view *view);

/* Text for HTML and SVG: markup, and what neither may hold, escaped. */
void public_text(struct buf *out, const char *text);

/* Share of the known time that was good, over the last days; NaN: nothing is known. */
double public_uptime(const struct web_public *target, int days);
/* "99.95 %", cut and not rounded: what failed once is not 100. */
void public_say_share(struct buf *out, double share);
