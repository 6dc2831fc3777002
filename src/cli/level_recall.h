/*
 * level_recall.h: how service levels stood in the past, from the store.
 */
#pragma once

#include <stdint.h>

#include "limit/rules.h"
#include "record/record.h"

struct level_recall {
	const char *folder;              /* of the store */
	const struct limit_rules *rules; /* its levels */
	int64_t since_us, until_us;
	bool by_window; /* each in its own window until until_us; false: since since_us
			 */
	void (*take)(void *to, const struct level_record *level);
	void *to;
};

/* Exit status; all has been said. */
int level_recall(const struct level_recall *asked);
