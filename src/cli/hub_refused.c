/*
 * hub_refused.c: see hub_refused.h.
 */
#include "cli/hub_refused.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { ROWS = 256 };
#define SECOND_US INT64_C(1000000)
#define AGAIN_US  (60 * SECOND_US) /* what only grows is told no more often */
#define OVER_US   (3600 * SECOND_US)

struct row {
	field_text64 sensor; /* "": free */
	enum take_refusal why;
	enum fleet_lane lane; /* of the last */
	char says[BATCH_ERROR_MAX];
	field_text32 id;
	uint64_t count, told;
	int64_t first_us, last_us, told_us; /* first_us 0: not looked at yet */
};

struct hub_refused {
	pthread_mutex_t lock;
	struct row rows[ROWS];
};

struct hub_refused *hub_refused_new(void)
{
	struct hub_refused *refused = calloc(1, sizeof(*refused));
	if (refused != NULL)
		pthread_mutex_init(&refused->lock, NULL);
	return refused;
}

void hub_refused_free(struct hub_refused *refused)
{
	if (refused == NULL)
		return;
	pthread_mutex_destroy(&refused->lock);
	free(refused);
}

/* That of the sensor, else a free one, else the one that was told longest ago. */
static struct row *row_of(struct hub_refused *refused, const char *sensor,
			  enum take_refusal why)
{
	struct row *best = &refused->rows[0];
	for (size_t i = 0; i < ROWS; i++) {
		struct row *row = &refused->rows[i];
		if (strcmp(row->sensor, sensor) == 0 && row->why == why)
			return row;
		bool is_free = row->sensor[0] == '\0';
		if (best->sensor[0] != '\0' &&
		    (is_free || row->last_us < best->last_us))
			best = row;
	}
	*best = (struct row){ .why = why };
	record_text(best->sensor, sizeof(best->sensor), sensor);
	return best;
}

void hub_refused_put(struct hub_refused *refused, const char *sensor,
		     enum fleet_lane lane, enum take_refusal why, const char *says)
{
	pthread_mutex_lock(&refused->lock);
	struct row *row =
		row_of(refused, sensor[0] != '\0' ? sensor : "(no sensor)", why);
	row->count++;
	row->lane = lane;
	snprintf(row->says, sizeof(row->says), "%s", says);
	pthread_mutex_unlock(&refused->lock);
}

static void begin(struct row *row, int64_t now_us)
{
	const uint64_t of[] = { hash_sum(row->sensor, strlen(row->sensor)),
				(uint64_t)row->why, (uint64_t)now_us };
	row->first_us = now_us;
	snprintf(row->id, sizeof(row->id), "%016llx",
		 (unsigned long long)hash_sum(of, sizeof(of)));
}

/* How each is told. */
struct manner {
	const char *technique, *severity, *lies, *batches, *advice;
};

static const char take_its_key[] =
	"Whoever has its key is not what it should be: look at the machine, "
	"and take the key from it (breakwater fleet revoke).";

static const struct manner manners[] = {
	[TAKE_IMPOSTOR] = { "impostor", "high", "tells records as another",
			    "all refused", take_its_key },
	[TAKE_GARBAGE] = { "garbage", "medium", "tells what can't be read",
			   "all refused", take_its_key },
	[TAKE_TWIN] = { "twin", "high", "is told by two machines",
			"by one and the other in turn",
			"A machine or its state folder was copied, or the key is "
			"stolen. "
			"On a copy, remove fleet/ in its state folder and join it "
			"anew; "
			"else: breakwater fleet revoke." },
};

static void describe(const struct row *row, bool is_over, int64_t now_us,
		     struct finding_record *out)
{
	const struct manner *manner = &manners[row->why];
	record_init(RECORD_finding, out);
	record_text(out->id, sizeof(out->id), row->id);
	out->at = now_us;
	out->first = row->first_us;
	out->last = row->last_us;
	out->state = is_over ? "closed" : "open";
	out->kind = "protocol_anomaly";
	out->technique = manner->technique;
	out->severity = manner->severity;
	out->confidence = 1;
	out->detector = "hub";
	out->attempts = row->count;
	record_text(out->sensors, sizeof(out->sensors), row->sensor);
	snprintf(out->summary, sizeof(out->summary), "Sensor %s %s: %s", row->sensor,
		 manner->lies, row->says);
	snprintf(out->evidence, sizeof(out->evidence),
		 "%llu batches in the lane %s, %s", (unsigned long long)row->count,
		 fleet_lane_name(row->lane), manner->batches);
	record_text(out->advice, sizeof(out->advice), manner->advice);
}

static bool is_news(struct row *row, int64_t now_us, bool *is_over)
{
	if (row->first_us == 0)
		begin(row, now_us);
	if (row->count != row->told)
		row->last_us = now_us;
	*is_over = row->count == row->told && now_us - row->last_us >= OVER_US;
	bool grew = row->count != row->told && now_us - row->told_us >= AGAIN_US;
	return *is_over || row->told_us == 0 || grew;
}

void hub_refused_tell(struct hub_refused *refused, int64_t now_us,
		      void (*found)(void *self, const struct finding_record *finding),
		      void *self)
{
	for (size_t i = 0; i < ROWS; i++) {
		struct finding_record finding;
		bool is_over = false, is = false;
		pthread_mutex_lock(&refused->lock);
		struct row *row = &refused->rows[i];
		if (row->sensor[0] != '\0' && is_news(row, now_us, &is_over)) {
			is = true;
			describe(row, is_over, now_us, &finding);
			row->told = row->count;
			row->told_us = now_us;
			if (is_over)
				*row = (struct row){ .count = 0 };
		}
		pthread_mutex_unlock(&refused->lock);
		if (is)
			found(self, &finding);
	}
}
