/*
 * anomalies_inside.h: what the parts of anomalies.h share.  Private to the room.
 */
#pragma once

#include "base/kept_file.h"
#include "limit/anomalies.h"
#include "limit/anomalies_table.h"

/*
 * Series that rise and fall together are one thing, which is odd once.  Of sums no
 * thing comes: their parts have said it.
 */
enum thing {
	THING_TRAFFIC,
	THING_RESPONSE,
	THING_RETRANSMITS,
	THING_ERRORS,
	THING_PROBE,
	THINGS,
	THING_NONE = THINGS
};

struct anomalies {
	struct anomalies_sink sink;
	struct anomaly_table places;
	int64_t now_us;
	uint64_t marks, left_out;
	struct kept_file file;
};

/* The number that a crowd knows a thing by, and back. */
static inline uint32_t anomaly_thing_number(const struct anomaly_table *table,
					    const struct place *place, enum thing thing)
{
	return (uint32_t)(place - table->at) * THINGS + thing;
}

static inline const struct place *anomaly_thing_place(const struct anomaly_table *table,
						      uint32_t number)
{
	return &table->at[number / THINGS];
}

/* ---- anomalies_said.c ---- */

/* Many of that host at once; and when they are calm again. */
void anomalies_say_event(const struct anomaly_table *table,
			 const struct anomaly_host *host,
			 const struct crowd_event *event, int64_t now_us,
			 struct alert_record *out);
void anomalies_say_calm(const struct alert_record *alert, int64_t now_us,
			struct alert_record *out);

/* ---- anomalies_file.c ---- */

void anomalies_file_tick(struct anomalies *anomalies, int64_t now_us);
void anomalies_file_close(struct anomalies *anomalies);
