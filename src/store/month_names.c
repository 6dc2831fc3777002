/*
 * month_names.c: see month_names.h.
 */
#include "store/month_names.h"

#include <errno.h>
#include <string.h>

#include "store/address_text.h"
#include "store/month_keys.h"

enum { V4_AT = 12 }; /* of an address, where one of IPv4 begins */

void month_names_init(struct month_names *names, const char *folder,
		      const struct addr *addr)
{
	*names = (struct month_names){ .folder = folder, .addr = addr };
}

static void learn(struct month_names *names, struct month_name *name)
{
	int error;
	struct pseudonyms *key = month_key_open(names->folder, name->month, &error);
	name->is_known = key != NULL && pseudonym_of(key, names->addr, &name->name);
	pseudonyms_close(key);
	if (error != 0 && error != -ENOENT)
		names->unread = name->month;
}

const struct addr *month_name(struct month_names *names, uint32_t month)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->at[i].month == month)
			return names->at[i].is_known ? &names->at[i].name : NULL;
	if (names->count == MONTH_NAMES_MAX)
		return NULL;
	struct month_name *name = &names->at[names->count++];
	*name = (struct month_name){ .month = month };
	learn(names, name);
	return name->is_known ? &name->name : NULL;
}

const struct addr *month_name_of(struct month_names *names, sqlite3_value *month)
{
	if (sqlite3_value_type(month) == SQLITE_NULL)
		return names->addr;
	return month_name(names, (uint32_t)sqlite3_value_int64(month));
}

static void is_named(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	struct month_names *names = sqlite3_user_data(context);
	const char *text = (const char *)sqlite3_value_text(values[0]);
	const struct addr *name = month_name_of(names, values[1]);
	sqlite3_result_int(context, text != NULL && name != NULL &&
					    address_text_has(text, name));
}

static void is_carried(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	const struct month_names *names = sqlite3_user_data(context);
	size_t skipped = addr_is_v4(names->addr) ? V4_AT : 0;
	const void *data = sqlite3_value_blob(values[0]);
	size_t len = (size_t)sqlite3_value_bytes(values[0]);
	bool is_there =
		data != NULL && memmem(data, len, names->addr->ip6 + skipped,
				       sizeof(names->addr->ip6) - skipped) != NULL;
	sqlite3_result_int(context, is_there);
}

int month_names_lend(sqlite3 *db, struct month_names *names)
{
	const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
	int code = sqlite3_create_function(db, "names", 2, flags, names, is_named, NULL,
					   NULL);
	return code != SQLITE_OK
		       ? code
		       : sqlite3_create_function(db, "carries", 1, flags, names,
						 is_carried, NULL, NULL);
}
