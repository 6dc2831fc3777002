/*
 * aggregate_ask.h: what GET /api/v1/aggregate is asked with.
 *
 * The filters are those of the records themselves (query.h); beside them, which fields
 * make a group, what is told of each, and in which steps of time.
 */
#pragma once

#include "web/query.h"
#include "web/tally.h"

enum {
	AGGREGATE_BY_MAX = 6,
	AGGREGATE_LIMIT = 20,
	AGGREGATE_LIMIT_MAX = 10000,
	AGGREGATE_STEPS_MAX = 11000, /* a week by the minute */
	AGGREGATE_ERROR_MAX = 2048,
	AGGREGATE_SORT_MAX = 64,
};

enum aggregate_order { AGGREGATE_BY_COUNT, AGGREGATE_BY_MEASURE, AGGREGATE_BY_FIELD };

struct aggregate_ask {
	struct query query;
	const struct field *by[AGGREGATE_BY_MAX];
	size_t by_count;
	struct measures measures;
	uint32_t step_s; /* 0: all the time is one */
	size_t limit;    /* groups */
	bool previous;   /* the time before, as long, too */
	enum aggregate_order order;
	size_t order_at; /* of measures or by */
	bool ascending;
	char sort[AGGREGATE_SORT_MAX]; /* as it was asked; "" as usual */
};

/* "5m" in seconds; 0: not one of the steps. */
uint32_t aggregate_step_s(const char *word);

/* False, and what is allowed in error: there are no such records. */
bool aggregate_ask_open(struct aggregate_ask *ask, const char *record,
			char error[static AGGREGATE_ERROR_MAX]);

/* One parameter but for `record`. False and one line in error if it can't be used. */
bool aggregate_ask_set(struct aggregate_ask *ask, const char *key, const char *value,
		       int64_t now_us, char error[static AGGREGATE_ERROR_MAX]);

/* After the last of them: whether they fit together. */
bool aggregate_ask_close(struct aggregate_ask *ask, int64_t now_us,
			 char error[static AGGREGATE_ERROR_MAX]);

/* The fields of a record that the answer is made of. */
field_set aggregate_ask_fields(const struct aggregate_ask *ask);

/* The same of the time before, as long. */
struct aggregate_ask aggregate_ask_before(const struct aggregate_ask *ask);
