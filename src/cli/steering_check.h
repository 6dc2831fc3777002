/*
 * steering_check.h: whether a document is right in itself, wherever it is looked at: by
 * who makes it, and by each sensor that is told it.
 */
#pragma once

#include "base/buf.h"
#include "fleet/document.h"
#include "record/record.h"

/* False, and why, with places as "config:1:2: ...". */
bool steering_check(const struct document *document, struct buf *why);

enum { STEERING_SILENCES_MAX = 64 };
struct steering_silence {
	char match[sizeof(field_text256)], why[sizeof(field_text256)];
	int64_t start_us, until_us; /* start_us 0: from now on */
};
struct steering_silences {
	struct steering_silence at[STEERING_SILENCES_MAX];
	size_t count;
};
bool steering_read_silences(const struct document *document,
			    struct steering_silences *out, struct buf *why);
