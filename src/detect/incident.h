/*
 * incident.h: which findings have to do with each other.  Private to the room.
 *
 * An incident is nothing but an id that findings of attacks share.  It must never make
 * somebody look guilty of what another did in his name, so what joins what depends on
 * the proof; docs/detect.md has the rules.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

enum { INCIDENTS_MAX = 512 };

/* Somebody, or something under attack, that an incident is about. */
struct incident {
	uint64_t id;
	struct addr source, target; /* source unset: it is about the target */
	uint64_t sensor;            /* whose addresses these are; 0: anybody's */
	const char *technique;      /* of its first finding */
	int64_t first_us, last_us;  /* INT64_MIN: unused */
	bool is_strong; /* its finding is proven, and what nobody does by mistake */
	bool is_shared; /* other sources are in it: decoys, one of which may be real */
	bool is_victim; /* the source is who is harmed */
};

/* Forged sources are as many as somebody likes: they have no place among the proven. */
struct incidents {
	struct incident proven[INCIDENTS_MAX], unproven[INCIDENTS_MAX];
};

void incidents_clear(struct incidents *incidents);

/*
 * Gives a finding its incident, if it is an attack that has none yet, and notes that
 * the incident lasts.  Of one that is restored, the incident is known again.
 */
void incidents_note(struct incidents *incidents, struct finding_record *finding);

/*
 * A person has closed its incident, so it begins one with that id; what its source or
 * target does from now on belongs to that one.
 */
void incidents_rename(struct incidents *incidents, struct finding_record *finding,
		      const char *id);
