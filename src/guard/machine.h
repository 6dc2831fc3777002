/*
 * machine.h: what the wall reads for itself about the machine it stands on, so that
 * nobody who has taken over the daemon can have these blocked: own addresses, gateways,
 * resolvers, time and DHCP servers, its fleet's servers, and who is logged in by SSH or
 * was in 30 days.
 *
 * Changes of addresses and routes come from rtnetlink(7), those of files within ten
 * seconds.  Files may be missing, huge or broken: what can't be read adds nothing.
 * Times are of CLOCK_BOOTTIME.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "guard/wall.h"
#include "policy/never.h"

struct machine;

/* Reads all of it; block.never of config is copied.  NULL and errno. */
struct machine *machine_open(const struct config *config);
void machine_close(struct machine *machine);

/* Files and folders that it reads again later, for Landlock; ended by NULL. */
const char *const *machine_paths(void);

/* Readable when addresses or routes have changed. */
int machine_fd(const struct machine *machine);
int machine_timeout_ms(const struct machine *machine);
/* When readable or the time has come.  True if the list is another one now. */
bool machine_run(struct machine *machine);

/*
 * The order of a WALL_SPARE; its rate is an enum never_reason, and what it can't be
 * counts as NEVER_never.  It only ever adds, so many, and for so long.  True if the
 * list is another one now.
 */
bool machine_spare(struct machine *machine, const struct wall_order *order);

/* Borrowed; the same for the whole life of the machine. */
const struct never *machine_never(const struct machine *machine);

/*
 * Fills the next of the events that tell the whole list; *at is 0 at first.  False:
 * there are no more.
 */
bool machine_tell(const struct machine *machine, size_t *at, struct wall_event *out);
