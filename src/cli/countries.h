/*
 * countries.h: in which country addresses are, by a database that an administrator
 * gives (geo.database): a MaxMind DB file, format 2.0.
 *
 * What is read is a copy in memory: a file that somebody overwrites while it is mapped
 * would end us (SIGBUS), and what was checked is what is used.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "web/asked.h"

enum { COUNTRIES_ERROR_MAX = 512 };

struct countries;

/*
 * That file ("": none) in *countries' place.  False, and one line in error, if it can't
 * be used: then the old one stays.
 */
bool countries_replace(struct countries **countries, const char *path,
		       char error[static COUNTRIES_ERROR_MAX]);

/* When the database was built; UNKNOWN_TIME: it does not say. */
int64_t countries_built_us(const struct countries *countries);

/* False if the database does not know. */
bool countries_find(const struct countries *countries, const struct addr *addr,
		    struct web_country *out);

/* NULL is none. */
void countries_close(struct countries *countries);
