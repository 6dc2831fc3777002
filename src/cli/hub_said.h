/*
 * hub_said.h: which lines of what hubs have said (timelines, notifications) are in this
 * hub's own store already.  They have no id, and come more than once: by the streams,
 * which a hub that begins reads again from some minutes ago, and from the depot.
 *
 * Bounded: the last HUB_SAID_MOST at least are known.  Of one thread at a time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

/* More than a reading of the depot gives, and ten minutes of the streams. */
enum { HUB_SAID_MOST = 65536 };

struct hub_said;
/* NULL without memory. */
struct hub_said *hub_said_new(void);
void hub_said_free(struct hub_said *said);
/* Never of what has an id: that is there once by it. */
bool hub_said_has(const struct hub_said *said, enum record_kind kind,
		  const void *record);
void hub_said_note(struct hub_said *said, enum record_kind kind, const void *record);
/*
 * What the store in that folder has; gives when hubs said a line last, INT64_MIN:
 * never, or it can't be read.
 */
int64_t hub_said_read(struct hub_said *said, const char *folder,
		      const atomic_bool *cancels);
