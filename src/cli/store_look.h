/*
 * store_look.h: one look into the store: opened, read, closed.
 */
#pragma once

#include "store/store.h"

/*
 * As store_read(), of records of one kind.  A store that can't be read has nothing to
 * tell: why is said elsewhere.
 */
void store_look(const char *folder, enum record_kind kind,
		const struct store_filter *filter, store_emit emit, void *to);
/*
 * The same where nothing is another thing than not knowing: false, with one line in
 * error, if there is a store that can't be read.
 */
bool store_look_well(const char *folder, enum record_kind kind,
		     const struct store_filter *filter, store_emit emit, void *to,
		     char error[static STORE_ERROR_MAX]);
/* Of all times, for so long at most. */
void store_look_back(const char *folder, enum record_kind kind, uint32_t time_limit_ms,
		     store_emit emit, void *to);
/* As store_sql(); false if there is no answer. */
bool store_look_sql(const char *folder, const char *text, uint32_t time_limit_ms,
		    const struct store_sql *to);
