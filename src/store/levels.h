/*
 * levels.h: the tables of port roll-ups, and of the services they are about.  Private
 * to the room.
 *
 * `service` gives each service a number, so that a row's key is two integers.
 * roll_10s is ordered by time and service: the rows of now lie together, so the upsert
 * of each second touches few pages.  The coarser ones are ordered by service and time:
 * a chart of one port reads one range.  The views port_10s ... show both joined, with
 * the columns of the port record.
 */
#pragma once

#include <sqlite3.h>

#include "store/roll.h"
#include "store/table.h"

enum level { LEVEL_10S, LEVEL_1M, LEVEL_1H, LEVEL_1D, LEVELS };

struct level_facts {
	const char *table, *view;
	uint32_t seconds;
};
extern const struct level_facts levels[LEVELS];

static inline int64_t level_us(enum level level)
{
	return levels[level].seconds * 1000000LL;
}

/* Begin of the interval of that length that holds the time. */
static inline int64_t floor_to(int64_t at_us, int64_t length_us)
{
	int64_t rest = at_us % length_us;
	return at_us - (rest < 0 ? rest + length_us : rest);
}

/* The service of everything that is not kept on its own. */
enum { SERVICE_OTHER = 1 };

/* Fields in a row of a level, and in the table of services. */
field_set roll_fields(void);
field_set service_fields(void);

/* Creates what is missing. SQLite's code. */
int levels_define(sqlite3 *db);

/* One row, with room for its distributions. */
struct roll_row {
	int64_t service, start;
	uint64_t seconds;
	struct port_record record; /* the names are not in it */
	struct bytes handshake, response, clients;
};

/* Statements over all levels, for a writer or a reader. */
struct level_access {
	sqlite3 *db;
	field_set fields; /* that the tables have: all, if this version wrote them */
	sqlite3_stmt *select[LEVELS], *upsert[LEVELS];
};
int level_access_open(struct level_access *access, sqlite3 *db, field_set fields,
		      bool writes);
/*
 * To read no more than what is needed.  Rows of at least whole_s seconds are not merged
 * with others, and come without distributions; UINT32_MAX: all are merged.
 */
int level_access_read(struct level_access *access, sqlite3 *db,
		      const struct roll_needs *needs, uint32_t whole_s);
void level_access_close(struct level_access *access);

/*
 * Gives the rows of a service that begin in [from, to), in order of time; each is
 * borrowed for the call.  each returns false to end.  SQLite's code.
 */
typedef bool (*level_each)(void *self, const struct roll_row *row);
int level_rows(struct level_access *access, enum level level, int64_t service,
	       int64_t from, int64_t to, level_each each, void *self);

/* The roll becomes the row of that service and interval. */
int level_put(struct level_access *access, enum level level, int64_t service,
	      int64_t start, const struct port_record *record, uint64_t seconds,
	      const struct roll_packed *packed);
