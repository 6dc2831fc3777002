/*
 * moment.h: who listened at a moment of the past.
 *
 * A listener is a record only when it changes, so its last one up to a moment says how
 * it was then, if somebody watched.
 */
#pragma once

#include "store/store.h"

struct store_moment {
	int64_t at_us, now_us;
	uint32_t kept_s; /* how long listeners are kept; 0: for ever */
	bool has_port;   /* only that one */
	uint16_t port;
	const atomic_bool *cancel; /* as of struct store_filter */
	uint32_t time_limit_ms;
};

/*
 * Emits the last record up to then of each listener that was there, the newest first.
 * 0; -ENODATA and one line in error, "not known: ...", if nobody watched at that
 * moment, or it is kept no longer; or as store_read().
 */
int store_listeners_at(struct store_reader *reader, const struct store_moment *moment,
		       store_emit emit, void *to, char error[static STORE_ERROR_MAX]);
