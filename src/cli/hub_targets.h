/*
 * hub_targets.h: which targets a fleet asks from several places, as its documents say.
 */
#pragma once

#include <stdint.h>

#include "fleet/link.h"
#include "fleet/sign.h"
#include "fleet/vantages.h"

struct hub_targets;
/*
 * Of all documents of targets in force.  NULL: they are those of *stamp, or can't be
 * read now.  Waits for servers.
 */
struct hub_targets *hub_targets_read(struct link *link, const struct nkey *key,
				     uint64_t *stamp);
void hub_targets_free(struct hub_targets *targets);
/* They are the set from now on. */
void hub_targets_put(const struct hub_targets *targets, struct vantages *places);
