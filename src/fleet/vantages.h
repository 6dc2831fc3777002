/*
 * vantages.h: one target, asked from several places: is it down, or only not reached
 * from one of them?
 *
 * A place is a site; what its sensors say stands side by side.  It is down when so many
 * places say so as are needed, of those that can tell: a place that sees nothing at all
 * is itself cut off, and one that has not answered for long says nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/lane.h"
#include "record/record.h"

enum {
	VANTAGES_PER_TARGET = 16,
	VANTAGES_SITES_MAX = 16,
	VANTAGES_TARGETS_MAX = 16384,
	VANTAGES_TARGET_MAX = sizeof(((struct probe_record *)0)->target),
};

/* What is asked from several places. */
struct vantages_wanted {
	const char *target;
	uint32_t every_s; /* silent for three times as long, a place says nothing */
	uint8_t need; /* so many places have to say that it is down; 0: most of them */
	uint8_t of;   /* from so many sites it is asked; 0: from those that say */
	/* Those sites, if any: what others say of it counts for nothing.  Copied. */
	const char (*sites)[sizeof(field_text64)];
};

struct vantages;
struct vantages *vantages_new(void);
void vantages_free(struct vantages *places);

/* The set, given anew when it changes; what is known of those that stay stays. */
void vantages_begin_set(struct vantages *places);
bool vantages_add(struct vantages *places, const struct vantages_wanted *wanted);
void vantages_end_set(struct vantages *places);
bool vantages_knows(const struct vantages *places, const char *target);
/*
 * Whether it is for the places together to say that it is down, and what a sensor at
 * that site says of it is a part of that.  Not when too few of them can tell, for as
 * long as one may be silent: then each speaks for itself again.
 */
bool vantages_decide(const struct vantages *places, const char *target,
		     const char *site);

/* A sensor's answer; of targets that are none of the set: nothing.
 * site: where it is. */
void vantages_take(struct vantages *places, const struct probe_record *probe,
		   const char *site, int64_t now_us);
/*
 * Once a second: emits, of each target when what the places say together is another,
 * and as often as it is asked, a probe record of sensor FLEET_HUB: state and hard_state
 * up, degraded, down or unknown, and in detail what each place says.
 */
struct vantages_with {
	void *self;
	/* Whether that sensor is there, and not itself cut off. */
	bool (*counts)(void *self, const char *sensor);
	void (*emit)(void *self, const struct probe_record *probe);
	/* From now on the places don't decide any more, as above; NULL: well. */
	void (*undecided)(void *self, const char *target);
};
void vantages_second(struct vantages *places, const struct vantages_with *with,
		     int64_t now_us);

/* One place's answer of a target, for who shows them. */
struct place_seen {
	char site[sizeof(field_text64)], sensor[FLEET_NAME_MAX];
	const char *hard_state, *reason;
	int64_t at_us, hard_since_us;
	bool counts;
};
/* How many were put into out. */
size_t vantages_of(const struct vantages *places, const char *target,
		   struct place_seen out[static VANTAGES_PER_TARGET]);
