/*
 * veil.h: the functions of SQL that put pseudonyms in the place of addresses.  Private
 * to the room.
 */
#pragma once

#include <sqlite3.h>

#include "base/home.h"
#include "store/month_names.h"
#include "store/pseudonym.h"

struct veil {
	const char *folder;      /* of the store; borrowed, as is what follows */
	const struct home *ours; /* whose addresses stay */
	/* One that is erased: it gets that instead, which no key gives. NULL: none. */
	struct month_names *erased;
	struct addr instead;
	/* Of a month without a key: what one is derived from, which nobody keeps; NULL:
	 * one is made that stays. */
	const uint8_t *otherwise;
	/* told */
	int error; /* why there is no key: -errno */
	/* its own */
	uint32_t month;
	struct pseudonyms *key;
	const struct addr *wanted;
	bool is_clear;
};

/* Of others: neither of ours nor of nobody in particular. */
bool veil_is_over(const struct home *ours, const struct addr *addr);

/*
 * veiled(text, pseudonym, at_us): the text of a row of that time with pseudonyms in it,
 * if it has none yet; pseudonym_month(at_us): of which key these are.  SQLite's code.
 */
int veil_lend(sqlite3 *db, struct veil *veil);
/* Afterwards: they are there no more. */
void veil_end(sqlite3 *db, struct veil *veil);
