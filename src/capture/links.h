/*
 * links.h: the machine's network interfaces, as they come, go and change their
 * names; private to this room.
 *
 * The kernel tells by rtnetlink(7).  Frames wait in a ring meanwhile, so an
 * interface is still known by its number for a while after it has gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"

struct links;

/*
 * Learns what is there. The names go into the table, which must outlive it: one
 * entry for each name ever seen. NULL and errno on failure.
 */
struct links *links_new(struct iface_table *names);
void links_free(struct links *links);

/* Readable when there is news for links_update(). */
int links_fd(const struct links *links);

/* Takes in the news, without waiting. True if an interface or address changed. */
bool links_update(struct links *links);

/* frame.iface of the interface with this number, which may be new or gone. */
uint16_t links_iface(struct links *links, int number);

/* The number of the interface that has this name now; 0 if there is none. */
int links_number(const struct links *links, const char *name);

/* The names of those that are there: "eth0, lo"; cut to fit. */
void links_list(const struct links *links, char *out, size_t size);
