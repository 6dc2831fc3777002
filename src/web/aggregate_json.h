/*
 * aggregate_json.h: what GET /api/v1/aggregate answers.
 */
#pragma once

#include "web/aggregate.h"

enum { AGGREGATE_ROWS_MAX = 100000 }; /* groups times steps */

struct aggregate_answer {
	const struct aggregate *now, *before; /* before: NULL, it was not asked for */
	struct buf *gaps;       /* objects, each with a comma behind it; NULL: none */
	const char *incomplete; /* why records are missing; "" none is */
};

/*
 * Appends one object and a newline.  Groups come in the order asked for, the steps of
 * each from the first to the last; a step without a record is no row.
 */
void aggregate_write(struct buf *out, const struct aggregate_answer *answer);
