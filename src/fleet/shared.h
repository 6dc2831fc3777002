/*
 * shared.h: sources that sensors of a fleet have seen attack, for all of them: a
 * document (DOCUMENT_SHARED) of one JSON object a line, each with proof, source, reason
 * and end.
 *
 * A sensor may lie, or have been taken over: what it says by itself is bounded, and
 * each other one judges it by its own rules (respond/shared.c).
 */
#pragma once

#include "base/addr.h"
#include "fleet/document.h"
#include "record/record.h"

enum {
	SHARED_MAX = 300,          /* as a document has room for */
	SHARED_OF_SENSOR_MAX = 32, /* automatic ones, at a time */
	SHARED_WAITING_MAX = 64,   /* to be shared in the next second */
	SHARED_WAITING_OF_SENSOR = 16,
	SHARED_LONGEST_S = 86400,
	SHARED_USUAL_S = 3600,
};

struct shared_entry {
	struct addr address; /* an IPv6 one stands for its /64 */
	/* Static words, as of a finding; kind and proof NULL: it is a person's word. */
	const char *kind, *severity, *proof;
	field_text32 finding;
	field_text64 sensor; /* who has seen it */
	field_text64 by;     /* a person, or breakwater */
	field_text256 why;
	int64_t seen_us, until_us;
};

struct shared_list {
	struct shared_entry at[SHARED_MAX];
	size_t count;
};

/* Lines that are no entry are passed over and counted. */
size_t shared_read(const char *text, size_t len, struct shared_list *out);
void shared_write(const struct shared_list *list, struct buf *out);

enum shared_added {
	SHARED_TAKEN,
	SHARED_KNOWN,       /* the address is shared, for as long or by a person */
	SHARED_FULL,        /* SHARED_MAX are */
	SHARED_SENSOR_FULL, /* SHARED_OF_SENSOR_MAX of that sensor are */
};
/* Another or the same of that address. */
enum shared_added shared_add(struct shared_list *list, const struct shared_entry *entry,
			     int64_t now_us);
/* By its address or finding.  False: there is none. */
bool shared_remove(struct shared_list *list, const char *what);
/* Whether it was a sensor alone that said it, and no person. */
bool shared_is_automatic(const struct shared_entry *entry);
/* What that sensor alone has said.  False: it was nothing. */
bool shared_remove_sensor(struct shared_list *list, const char *sensor);
/* Those that are over go; whether any was. */
bool shared_expire(struct shared_list *list, int64_t now_us);

/*
 * Whether a finding is one that a leader shares by itself: its source is proven, it is
 * grave, and its address means the same everywhere.
 */
bool shared_of_finding(const struct finding_record *finding, int64_t now_us,
		       struct shared_entry *out);

/* Such ones, until they are shared. */
struct shared_waiting {
	struct shared_entry at[SHARED_WAITING_MAX];
	size_t count;
};
/* False: there is no room for it; a sensor that says very much leaves some to others.
 */
bool shared_wait(struct shared_waiting *waiting, const struct shared_entry *entry);
