/*
 * hub_passing.h: changes that wait for the hub that leads (hub_ask.h), each in a thread
 * of its own, so that the loop waits for nobody.
 */
#pragma once

#include <stdbool.h>

#include "cli/hub_ask.h"
#include "web/web.h"

struct hub_passing;
/* NULL without memory. */
struct hub_passing *hub_passing_new(struct link *link);
/* False: too many wait, or there is no memory or thread. */
bool hub_passing_begin(struct hub_passing *passing, const struct hub_asked *asked);
/* Who is told what comes of the one that was begun last. */
void hub_passing_wait(struct hub_passing *passing, web_change_answer answer, void *to);
/* Often: done() is given each that has come, and may add to its message. */
void hub_passing_take(struct hub_passing *passing,
		      void (*done)(void *self, const struct hub_asked *asked,
				   int result, struct buf *message),
		      void *self);
/* What waits still is waited for, some seconds at most, and told to nobody. */
void hub_passing_close(struct hub_passing *passing);
