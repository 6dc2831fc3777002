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

/*
 * Whether an IP header has it, source or destination; also the one that an error of
 * ICMP quotes (RFC 792, RFC 4443).  Elsewhere the same octets are an option, or chance.
 */
static bool has_address(const uint8_t *at, size_t len, const struct addr *addr)
{
	enum { V4_LEN = 20, V6_LEN = 40, ICMP_LEN = 8, ICMP = 1, ICMP6 = 58 };
	bool is_v4 = len >= V4_LEN && at[0] >> 4 == 4;
	bool is_v6 = len >= V6_LEN && at[0] >> 4 == 6;
	size_t size = is_v4 ? 4 : 16, first = is_v4 ? 12 : 8;
	const uint8_t *wanted = addr->ip6 + (is_v4 ? V4_AT : 0);
	if ((!is_v4 && !is_v6) || is_v4 != addr_is_v4(addr))
		return false;
	if (memcmp(at + first, wanted, size) == 0 ||
	    memcmp(at + first + size, wanted, size) == 0)
		return true;
	size_t header = is_v4 ? (size_t)(at[0] & 15) * 4 : V6_LEN;
	bool is_icmp = at[is_v4 ? 9 : 6] == (is_v4 ? ICMP : ICMP6);
	size_t quoted = header + ICMP_LEN;
	return is_icmp && header >= (is_v4 ? V4_LEN : V6_LEN) && quoted < len &&
	       has_address(at + quoted, len - quoted, addr);
}

static void is_carried(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	const struct month_names *names = sqlite3_user_data(context);
	const uint8_t *data = sqlite3_value_blob(values[0]);
	size_t len = (size_t)sqlite3_value_bytes(values[0]);
	sqlite3_result_int(context,
			   data != NULL && has_address(data, len, names->addr));
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
