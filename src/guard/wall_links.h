/*
 * wall_links.h: the interfaces where a program drops packets (XDP), by name; private to
 * this room.
 *
 * They may come later, go, and come again.  The kernel takes the program off with the
 * descriptor that attached it, so nothing stays where this process has ended; a program
 * of somebody else's is left where it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct wall_links;

/*
 * NULL and errno.  names is copied; the program is the caller's.  It is on the link of
 * the self-test as well, while there is one: the state does not count that.
 */
struct wall_links *wall_links_open(const struct config_names *names, int program);
void wall_links_close(struct wall_links *links);

/* Readable when an interface has come, changed or gone. */
int wall_links_fd(const struct wall_links *links);
/* When that is so, or the time has come. */
void wall_links_run(struct wall_links *links, int64_t now_us);
int64_t wall_links_next_us(const struct wall_links *links);

struct wall_links_state {
	uint32_t attached, generic; /* of them, those whose driver can't */
	int error; /* of one that is not attached: -EBUSY, -ENODEV ...; 0: all are */
};
struct wall_links_state wall_links_state(const struct wall_links *links);
