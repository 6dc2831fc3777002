/*
 * fleet_courier.h: the process that talks to the hubs (GUARD_COURIER), seen from the
 * daemon: it empties the spool (fleet/spool.h) by itself, and takes questions to the
 * hubs and their answers and news back (what is in these, fleet/steer.h knows).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/courier.h"
#include "guard/guard.h"

struct fleet_courier_setup {
	const char *user;    /* whom it becomes */
	const char *spool;   /* its folder, the user's already, which it may write */
	const char *servers; /* with commas between */
	const char *sensor;  /* its name */
	const char *credentials; /* files, which the user can read; NULL: none */
	const char *ca;
	uint64_t bytes_per_s; /* as of struct courier_options */
};

struct fleet_courier;
/*
 * Makes the process, before any thread; NULL without memory.  setup stays the caller's,
 * for good.  What is wrong is said on standard error, and by fleet_courier_describe().
 */
struct fleet_courier *fleet_courier_fork(const struct fleet_courier_setup *setup);
void fleet_courier_close(struct fleet_courier *courier);

/* To wait for; -1: there is nothing. */
int fleet_courier_fd(const struct fleet_courier *courier);
/* What it has to tell; text: what somebody should know. */
void fleet_courier_take(struct fleet_courier *courier,
			const struct courier_output *output, struct buf *text);
/* Hands over what could not be; once a second. */
void fleet_courier_tick(struct fleet_courier *courier);

/*
 * Asks the hubs that; courier_output's answer comes with this id, not 0, if the process
 * lives, and NULL if it does not.  False: too many are under way, or it is too long.
 */
bool fleet_courier_ask(struct fleet_courier *courier, uint64_t id, const void *bytes,
		       size_t len);
/* As it was last told; of all its lives together. */
struct courier_counts fleet_courier_counts(const struct fleet_courier *courier);
/* False if it is not there, or not confined as it should be; with why. */
bool fleet_courier_describe(struct fleet_courier *courier,
			    char text[static GUARD_TEXT_MAX]);
