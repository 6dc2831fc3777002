/*
 * hub_steer.h: steering by a hub (fleet/steer.h): a thread that answers sensors, and,
 * while this hub leads, drives rollouts and shares sources; what it did and what is
 * asked from several places is handed to the loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/board.h"
#include "fleet/link.h"
#include "fleet/vantages.h"
#include "record/record.h"

enum { HUB_STEER_ERROR_MAX = 320 };

struct hub_steer;
/*
 * state: the state folder, with the fleet's keys; servers: as of the link.  NULL and
 * error.
 */
struct hub_steer *hub_steer_start(struct link *link, struct board *board,
				  const char *state, const char *servers,
				  char error[static HUB_STEER_ERROR_MAX]);
void hub_steer_stop(struct hub_steer *steer);
void hub_steer_lead(struct hub_steer *steer, bool leads);
/* As the leader: a finding of a sensor, which is shared if it is one to share. */
void hub_steer_finding(struct hub_steer *steer, const struct finding_record *finding);
/* Sources that found no room to be shared, since the start. */
uint64_t hub_steer_left_out(struct hub_steer *steer);
void hub_steer_json(struct hub_steer *steer, struct buf *out);

struct hub_steer_taking {
	void *self;
	void (*audit)(void *self, const char *action, const char *actor,
		      const char *subject, const char *before, const char *after);
};
/*
 * What it did since the last call; places: replaced by what is asked from several
 * places, if that is another: then true.
 */
bool hub_steer_take(struct hub_steer *steer, const struct hub_steer_taking *taking,
		    struct vantages *places);
