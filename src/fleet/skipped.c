/*
 * skipped.c: see skipped.h.
 */
#include "fleet/skipped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/shelf.h"

enum {
	SERIES_MOST = 262144, /* sensors, lanes, epochs */
	WAITING_MOST = 4096,
	WAITING_OF_SENSOR = 256, /* one that leaves out much leaves room to others */
};

struct series {
	uint64_t last;     /* sequence; 0: none yet */
	int64_t stored_us; /* of that one */
	uint64_t round;    /* in which it was seen */
};

struct waiting {
	struct hole hole;
	uint64_t first; /* of those that were missing */
	int64_t due_us;
};

struct skipped {
	struct hash_key key;
	struct shelf series;
	struct waiting waiting[WAITING_MOST]; /* round, the oldest first */
	size_t first, count;
	uint64_t left_out;
	uint64_t round; /* another begins with each skipped_forget() */
};

struct skipped *skipped_new(void)
{
	struct skipped *skipped = calloc(1, sizeof(*skipped));
	if (skipped == NULL)
		return NULL;
	skipped->key = hash_key_random();
	skipped->series =
		(struct shelf){ .size = sizeof(struct series), .most = SERIES_MOST };
	return skipped;
}

void skipped_free(struct skipped *skipped)
{
	if (skipped == NULL)
		return;
	shelf_free(&skipped->series);
	free(skipped);
}

/*
 * Holes that wait were seen before.  So were the numbers: what is not above the last of
 * a series comes late, and only the next one above it says nothing of those between.
 */
void skipped_forget(struct skipped *skipped)
{
	skipped->round++;
}

static bool is_same(const struct batch_id *a, const struct batch_id *b)
{
	return a->lane == b->lane && a->epoch == b->epoch &&
	       strcmp(a->sensor, b->sensor) == 0;
}

/* It came after all: what is before it, and after it, may still be missing. */
static void fill(struct skipped *skipped, const struct batch_id *id)
{
	for (size_t i = 0; i < skipped->count; i++) {
		struct waiting *waiting =
			&skipped->waiting[(skipped->first + i) % WAITING_MOST];
		struct hole *hole = &waiting->hole;
		if (is_same(&hole->before, id) && id->sequence >= waiting->first &&
		    id->sequence < hole->before.sequence && hole->missing > 0)
			hole->missing--;
	}
}

static bool has_room(const struct skipped *skipped, const char *sensor)
{
	size_t same = 0;
	for (size_t i = 0; i < skipped->count; i++) {
		const struct waiting *waiting =
			&skipped->waiting[(skipped->first + i) % WAITING_MOST];
		same += strcmp(waiting->hole.before.sensor, sensor) == 0;
	}
	return skipped->count < WAITING_MOST && same < WAITING_OF_SENSOR;
}

static void wait_for(struct skipped *skipped, const struct hole *hole, uint64_t first,
		     int64_t now_us)
{
	if (!has_room(skipped, hole->before.sensor)) {
		skipped->left_out++;
		return;
	}
	skipped->waiting[(skipped->first + skipped->count++) % WAITING_MOST] =
		(struct waiting){ *hole, first, now_us + SKIPPED_WAIT_US };
}

void skipped_see(struct skipped *skipped, const struct batch_id *id, int64_t stored_us,
		 int64_t now_us)
{
	const uint64_t words[] = { id->epoch, (uint64_t)id->lane };
	uint64_t name = shelf_name_text(&skipped->key, 0, id->sensor);
	bool is_new;
	struct shelf_row *row = shelf_touch_of(
		&skipped->series, name | 1,
		shelf_name_words(&skipped->key, name, words, 2), &is_new);
	if (row == NULL)
		return;
	struct series *series = (struct series *)row->at;
	if (!is_new && id->sequence <= series->last) {
		fill(skipped, id);
		return;
	}
	bool is_whole = !is_new && series->round == skipped->round;
	if (is_whole && id->sequence - series->last > 1) {
		const struct hole hole = { .before = *id,
					   .missing = id->sequence - series->last - 1,
					   .start_us = series->stored_us,
					   .end_us = stored_us };
		wait_for(skipped, &hole, series->last + 1, now_us);
	}
	*series = (struct series){ id->sequence, stored_us, skipped->round };
}

bool skipped_next(struct skipped *skipped, int64_t now_us, struct hole *out)
{
	while (skipped->count > 0) {
		const struct waiting *next = &skipped->waiting[skipped->first];
		if (next->due_us > now_us)
			return false;
		*out = next->hole;
		skipped->first = (skipped->first + 1) % WAITING_MOST;
		skipped->count--;
		if (out->missing > 0)
			return true;
	}
	return false;
}

uint64_t skipped_left_out(const struct skipped *skipped)
{
	return skipped->left_out;
}

/* ---- ids ---- */

/* "text." up to the dot; NULL: there is none, or it is too long. */
static const char *take_part(const char *text, char *out, size_t size)
{
	const char *dot = strchr(text, '.');
	size_t len = dot != NULL ? (size_t)(dot - text) : size;
	if (len >= size || len == 0)
		return NULL;
	memcpy(out, text, len);
	out[len] = '\0';
	return dot + 1;
}

static bool take_number(const char *text, int base, uint64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoull(text, &end, base);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-' &&
	       text[0] != '+' && text[0] != ' ';
}

bool skipped_read_msgid(const char *text, struct batch_id *out)
{
	char lane[16], epoch[24];
	const char *rest = take_part(text, out->sensor, sizeof(out->sensor));
	rest = rest != NULL ? take_part(rest, lane, sizeof(lane)) : NULL;
	int number = rest != NULL ? fleet_lane_named(lane) : LANE_NONE;
	rest = rest != NULL ? take_part(rest, epoch, sizeof(epoch)) : NULL;
	if (rest == NULL || number == LANE_NONE)
		return false;
	out->lane = (enum fleet_lane)number;
	return fleet_name_is_good(out->sensor) && take_number(epoch, 16, &out->epoch) &&
	       take_number(rest, 10, &out->sequence) && out->sequence > 0;
}
