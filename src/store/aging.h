/*
 * aging.h: addresses in old records become pseudonyms, a little at a time.  Private to
 * the room.
 *
 * A row says itself whether its addresses are pseudonyms (`pseudonym`, the month of the
 * key), and is changed together with that: so nothing is changed twice, whatever
 * happens in between, and a row that is written anew is clear and due again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"
#include "store/privacy.h"
#include "store/store.h"

struct store;

struct aging {
	int64_t passed_us; /* when a pass ended, of records; 0: not since the start */
	int64_t day;       /* of connections: earlier ones are done in this pass */
};

enum { PRIVATE_COLUMNS = 9 };

/* Where addresses of others are, in breakwater.db. */
struct private_kind {
	enum record_kind kind;
	const char *key;  /* names a row */
	const char *time; /* column of its month */
	const char *over; /* condition: nothing that is in memory still */
	const char *columns[PRIVATE_COLUMNS]; /* addresses, and texts with some */
};
extern const struct private_kind private_kinds[];
extern const size_t private_kind_count;

/* What can't be made pseudonymous is not kept longer. */
void aging_limit(struct store_limits *limits, const struct store_privacy *privacy);

/* True if there is more to do at once. */
bool aging_work(struct aging *aging, struct store *store, int64_t now_us);

/* ---- for erasing.c, too ---- */

/* "client_ip=veiled(...),...,pseudonym=..." (veil.h) of a kind. */
void private_assignments(struct buf *sql, const struct private_kind *of);
/* "UPDATE flow SET ..." of the file of a day. */
void private_flow_assignments(struct buf *sql, int64_t day);
/*
 * Who knows settled parts of the file reads them again.  It stays the same file, whose
 * rows stay the same rows: who reads a part of it now, and the rest then, has each
 * once.
 */
#define PRIVATE_FILE_CHANGED                                                           \
	"INSERT OR REPLACE INTO meta VALUES('" RANGES_CONTENT "',random())"
