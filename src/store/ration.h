/*
 * ration.h: how much evidence is kept, and whose goes first when more comes.  Private
 * to the room.
 *
 * Whoever has proven where it is (a handshake within ten minutes) has the largest part,
 * then those who were seen at more than one place, then those with one place only, of
 * which forgers make endlessly many.  Each has a part of a second, against floods, and
 * of a day, so that an attack that lasts can't push out what was kept before; and no
 * source has more than its part.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "record/record.h"

enum ration_class { RATION_SINGLE, RATION_SEVERAL, RATION_PROVEN, RATION_CLASSES };
enum { RATION_SOURCES = 16384 };

struct ration_source {
	uint32_t tag, place; /* 0: unused */
	uint32_t second;     /* when it came last */
	uint32_t proven;     /* when it last proved where it is; 0: never */
	uint16_t kept;       /* in that second */
	bool is_several;
};

struct ration {
	struct hash_key key;
	uint64_t day_bytes; /* that all may have a day */
	int64_t second, day;
	uint32_t kept[RATION_CLASSES];
	uint64_t bytes[RATION_CLASSES]; /* of the day */
	uint32_t turns;
	struct ration_source *sources; /* RATION_SOURCES; NULL: all are single */
};

/* room_bytes: of all days. */
void ration_open(struct ration *ration, uint64_t room_bytes);
void ration_room(struct ration *ration, uint64_t room_bytes);
void ration_close(struct ration *ration);

/* True if it is to be kept; *class is then charged with what it takes. */
bool ration_take(struct ration *ration, enum record_kind kind, const void *record,
		 enum ration_class *class);
void ration_charge(struct ration *ration, enum ration_class class, size_t bytes);
