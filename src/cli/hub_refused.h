/*
 * hub_refused.h: batches that a hub refuses, as findings: who says that it is another,
 * or sends what can't be read.  And, refused or not, that two machines are one sensor.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/take.h"
#include "record/record.h"

struct hub_refused;
/* NULL without memory. */
struct hub_refused *hub_refused_new(void);
void hub_refused_free(struct hub_refused *refused);
/* From any thread; as take_options.refused. */
void hub_refused_put(struct hub_refused *refused, const char *sensor,
		     enum fleet_lane lane, enum take_refusal why, const char *says);
/* What is news: begun, grown, or over for an hour. */
void hub_refused_tell(struct hub_refused *refused, int64_t now_us,
		      void (*found)(void *self, const struct finding_record *finding),
		      void *self);
