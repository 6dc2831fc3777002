/*
 * month_names.h: what one address is called in the months whose keys there are, and the
 * functions of SQL that look for it.  Private to the room.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { MONTH_NAMES_MAX = 1024 }; /* 85 years */

struct month_name {
	uint32_t month;
	bool is_known;
	struct addr name;
};

struct month_names {
	const char *folder; /* borrowed, as is what follows */
	const struct addr *addr;
	struct month_name at[MONTH_NAMES_MAX];
	size_t count;
	uint32_t unread; /* a month whose key is there, and can't be read; 0: none */
};

void month_names_init(struct month_names *names, const char *folder,
		      const struct addr *addr);

/* NULL: it has none that anybody can tell. */
const struct addr *month_name(struct month_names *names, uint32_t month);

/* The same of a value of SQL: NULL is a row that has no pseudonyms. */
const struct addr *month_name_of(struct month_names *names, sqlite3_value *month);

/*
 * names(text, pseudonym): whether it stands in a text of such a row; carries(packet):
 * whether its octets are among these.  SQLite's code.
 */
int month_names_lend(sqlite3 *db, struct month_names *names);
