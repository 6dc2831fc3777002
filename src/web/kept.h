/*
 * kept.h: how the past is read, in a thread of this room: store.h's functions, those of
 * a hub, or those of a test.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"
#include "store/moment.h"
#include "store/settled.h"
#include "store/store.h"

/* A reader is whatever open() gives: the other functions get it. */
struct web_past {
	const char *folder;
	struct store_reader *(*open)(const char *folder,
				     char error[static STORE_ERROR_MAX], int *status);
	int (*read)(struct store_reader *reader, enum record_kind kind,
		    const struct store_filter *filter, store_emit emit, void *to,
		    char error[static STORE_ERROR_MAX]);
	void (*close)(struct store_reader *reader);
	/* As store_settled(); NULL: nothing is known to be over. */
	bool (*settled)(struct store_reader *reader, enum record_kind kind,
			const struct store_filter *filter, int64_t before_us,
			struct store_settled *out);
	/* As store_listeners_at(); NULL: who listened then can't be asked. */
	int (*listeners_at)(struct store_reader *reader,
			    const struct store_moment *moment, store_emit emit,
			    void *to, char error[static STORE_ERROR_MAX]);
};
