/*
 * hub_say.h: what a hub says itself, told to all hubs and the depot as the sensor
 * FLEET_HUB: in batches, published by a thread of its own until they are stored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/link.h"
#include "record/record.h"

struct hub_say;
/* NULL without memory or thread. */
struct hub_say *hub_say_start(struct link *link);
/* Of this process, and no other. */
uint64_t hub_say_epoch(const struct hub_say *say);
/* Copies.  False, and counted: too much waits, or no lane has that kind. */
bool hub_say_put(struct hub_say *say, enum record_kind kind, const void *record);
struct hub_say_counts {
	uint64_t told, lost; /* records, since the start */
	char trouble[LINK_ERROR_MAX];
};
void hub_say_count(struct hub_say *say, struct hub_say_counts *out);
/* What waits is told, for some seconds at most. */
void hub_say_stop(struct hub_say *say);
