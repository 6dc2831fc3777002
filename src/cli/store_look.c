/*
 * store_look.c: see store_look.h.
 */
#include "cli/store_look.h"

bool store_look_well(const char *folder, enum record_kind kind,
		     const struct store_filter *filter, store_emit emit, void *to,
		     char error[static STORE_ERROR_MAX])
{
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		return !store_is_there(folder);
	int result = store_read(reader, kind, filter, emit, to, error);
	store_reader_close(reader);
	return result == 0;
}

void store_look(const char *folder, enum record_kind kind,
		const struct store_filter *filter, store_emit emit, void *to)
{
	char error[STORE_ERROR_MAX];
	store_look_well(folder, kind, filter, emit, to, error);
}

void store_look_back(const char *folder, enum record_kind kind, uint32_t time_limit_ms,
		     store_emit emit, void *to)
{
	struct store_filter filter;
	store_filter_init(&filter);
	filter.time_limit_ms = time_limit_ms;
	store_look(folder, kind, &filter, emit, to);
}

bool store_look_sql(const char *folder, const char *text, uint32_t time_limit_ms,
		    const struct store_sql *to)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		return false;
	int result = store_sql(reader, text, time_limit_ms, to, error);
	store_reader_close(reader);
	return result == 0;
}
