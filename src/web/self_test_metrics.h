/*
 * self_test_metrics.h: what self-tests say, for /metrics; private to the room.
 */
#pragma once

#include "record/record.h"
#include "web/family.h"

enum { SELF_TEST_RESULTS = 3 };

struct self_test_counts {
	uint64_t by_result[SELF_TEST_RESULTS];
	struct self_test_record passed; /* the last that did; not all 0 only then */
};

void self_test_metrics_add(struct self_test_counts *counts,
			   const struct self_test_record *test);
/* Nothing, before there was one. */
void self_test_metrics_write(const struct self_test_counts *counts,
			     struct family *family);
