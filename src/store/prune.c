/*
 * prune.c: rows of breakwater.db that are too old or too many; see prune.h.
 */
#include "store/prune.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/prune_events.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)

enum {
	SERVICES_AT_ONCE = 64,
	ROWS_AT_ONCE = 2000, /* of one service */
	TENS_AT_ONCE = 30,   /* intervals of ten seconds, with all services */
	TENS_RUNS = 8,
	FORGOTTEN_AT_ONCE = 256,
};

void prune_free(struct prune *prune)
{
	for (unsigned level = 0; level < LEVELS; level++)
		free(prune->sweeps[level].services);
}

/* ---- deleting ---- */

__attribute__((format(printf, 2, 3))) static int run(sqlite3 *db, const char *format,
						     ...)
{
	char sql[768];
	va_list list;
	va_start(list, format);
	vsnprintf(sql, sizeof(sql), format, list);
	va_end(list);
	return db_run(db, sql);
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Readers go to a coarser level for what is earlier. */
static void keep_from(struct trunk *trunk, enum level level, int64_t start)
{
	if (start <= trunk->rollup.kept[level])
		return;
	trunk->rollup.kept[level] = start;
	trunk->rollup.changed = true;
}

/* The oldest few of the ten seconds before that time. *more: some are left. */
static int delete_tens(struct trunk *trunk, int64_t before_us, bool *more)
{
	int64_t oldest =
		db_number(trunk->db, "SELECT min(\"start\") FROM roll_10s", INT64_MAX);
	*more = false;
	if (oldest >= before_us)
		return SQLITE_OK;
	int64_t until = smaller(before_us, oldest + TENS_AT_ONCE * level_us(LEVEL_10S));
	*more = until < before_us;
	keep_from(trunk, LEVEL_10S, until);
	return run(trunk->db, "DELETE FROM roll_10s WHERE \"start\"<%lld",
		   (long long)until);
}

/* The oldest rows of one service. */
static int delete_of_service(struct trunk *trunk, enum level level, int64_t service,
			     int64_t before_us, bool *more)
{
	char sql[128];
	snprintf(sql, sizeof(sql), "SELECT min(\"start\") FROM %s WHERE service=%lld",
		 levels[level].table, (long long)service);
	int64_t oldest = db_number(trunk->db, sql, INT64_MAX);
	*more = false;
	if (oldest >= before_us)
		return SQLITE_OK;
	int64_t until = smaller(before_us, oldest + ROWS_AT_ONCE * level_us(level));
	*more = until < before_us;
	return run(trunk->db, "DELETE FROM %s WHERE service=%lld AND \"start\"<%lld",
		   levels[level].table, (long long)service, (long long)until);
}

/* ---- walks ---- */

static bool add_service(void *self, struct service_entry *entry)
{
	struct sweep *sweep = self;
	sweep->services[sweep->count++] = entry->id;
	return true;
}

/* A new walk begins when the limit has moved on by a good part. */
static void begin_sweep(struct sweep *sweep, struct trunk *trunk, enum level level,
			int64_t before_us)
{
	int64_t pause_us =
		level_us(level + 1 < LEVELS ? (enum level)(level + 1) : level);
	if (sweep->count > 0 || before_us < sweep->before_us + pause_us)
		return;
	size_t most =
		book_count(trunk->book, false) + book_count(trunk->book, true) + 1;
	int64_t *services = realloc(sweep->services, most * sizeof(*services));
	if (services == NULL)
		return;
	sweep->services = services;
	sweep->before_us = before_us;
	book_each(trunk->book, add_service, sweep);
	keep_from(trunk, level, before_us);
}

static int go_on(struct sweep *sweep, struct trunk *trunk, enum level level)
{
	int code = SQLITE_OK;
	for (unsigned i = 0; i < SERVICES_AT_ONCE && sweep->count > 0; i++) {
		bool more;
		code = delete_of_service(trunk, level,
					 sweep->services[sweep->count - 1],
					 sweep->before_us, &more);
		if (code != SQLITE_OK || more)
			break;
		sweep->count--;
	}
	return code;
}

static int prune_level(struct prune *prune, struct trunk *trunk, enum level level,
		       int64_t before_us, bool *more)
{
	if (level == LEVEL_10S) {
		/* Not each ten seconds ten seconds. */
		bool is_due = before_us >= trunk->rollup.kept[level] + 60 * SECOND_US;
		int code = SQLITE_OK;
		*more = is_due;
		for (unsigned i = 0; i < TENS_RUNS && *more && code == SQLITE_OK; i++)
			code = delete_tens(trunk, before_us, more);
		return code;
	}
	begin_sweep(&prune->sweeps[level], trunk, level, before_us);
	int code = go_on(&prune->sweeps[level], trunk, level);
	*more = prune->sweeps[level].count > 0;
	return code;
}

/* ---- events ---- */

static int prune_events_due(struct prune *prune, struct trunk *trunk,
			    const struct store_limits *limits, int64_t now_us,
			    bool *more)
{
	if (now_us < prune->events_us + HOUR_US && now_us >= prune->events_us)
		return SQLITE_OK;
	bool left = false;
	int code = prune_events(trunk->db, limits, now_us, &left);
	if (code == SQLITE_OK)
		code = chain_prune(events_chain(trunk->events),
				   now_us - limits->events_s * SECOND_US, now_us,
				   &left);
	if (!left)
		prune->events_us = now_us;
	*more = *more || left;
	return code;
}

/* ---- services ---- */

struct gone {
	int64_t ids[FORGOTTEN_AT_ONCE];
	size_t count;
};

static bool is_gone(void *self, int64_t id)
{
	const struct gone *gone = self;
	for (size_t i = 0; i < gone->count; i++)
		if (gone->ids[i] == id)
			return true;
	return false;
}

static int forget_services(struct trunk *trunk, const char *which)
{
	struct gone gone = { .count = 0 };
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(trunk->db, which, -1, &stmt, NULL);
	while (code == SQLITE_OK && gone.count < FORGOTTEN_AT_ONCE &&
	       sqlite3_step(stmt) == SQLITE_ROW)
		gone.ids[gone.count++] = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	for (size_t i = 0; i < gone.count && code == SQLITE_OK; i++) {
		long long id = gone.ids[i];
		code = run(trunk->db,
			   "DELETE FROM roll_1m WHERE service=%lld;"
			   "DELETE FROM roll_1h WHERE service=%lld;"
			   "DELETE FROM roll_1d WHERE service=%lld;"
			   "DELETE FROM service WHERE id=%lld",
			   id, id, id, id);
	}
	if (code == SQLITE_OK && gone.count > 0)
		book_forget(trunk->book, is_gone, &gone);
	return code;
}

/* A kind that is nearly full loses those seen longest ago. */
static int make_room(struct trunk *trunk, bool answered, size_t most, int64_t now_us)
{
	char sql[160];
	if (book_count(trunk->book, answered) < most - most / 8)
		return SQLITE_OK;
	snprintf(sql, sizeof(sql),
		 "SELECT id FROM service WHERE id<>%d AND answered=%d AND seen<%lld "
		 "ORDER BY seen LIMIT %d",
		 SERVICE_OTHER, answered, (long long)(now_us - HOUR_US),
		 FORGOTTEN_AT_ONCE);
	return forget_services(trunk, sql);
}

static int prune_services(struct prune *prune, struct trunk *trunk,
			  const struct store_limits *limits, int64_t now_us)
{
	char sql[320];
	int code = make_room(trunk, false, SILENT_MAX, now_us);
	if (code == SQLITE_OK)
		code = make_room(trunk, true, ANSWERED_MAX, now_us);
	if (code != SQLITE_OK ||
	    (now_us < prune->services_us + HOUR_US && now_us >= prune->services_us))
		return code;
	prune->services_us = now_us;
	/* Rows of 10 s are not asked for: before they go, there is one of a minute. */
	snprintf(sql, sizeof(sql),
		 "SELECT id FROM service s WHERE id<>%d AND seen<%lld AND NOT EXISTS"
		 "(SELECT 1 FROM roll_1m WHERE service=s.id)AND NOT EXISTS"
		 "(SELECT 1 FROM roll_1h WHERE service=s.id)AND NOT EXISTS"
		 "(SELECT 1 FROM roll_1d WHERE service=s.id)LIMIT %d",
		 SERVICE_OTHER,
		 (long long)(now_us - limits->ports_10s_s * SECOND_US - HOUR_US),
		 FORGOTTEN_AT_ONCE);
	return forget_services(trunk, sql);
}

/* ---- together ---- */

static uint32_t limit_of(const struct store_limits *limits, enum level level)
{
	switch (level) {
	case LEVEL_10S:
		return limits->ports_10s_s;
	case LEVEL_1M:
		return limits->ports_1m_s;
	case LEVEL_1H:
		return limits->ports_1h_s;
	default:
		return limits->ports_1d_s;
	}
}

/* What is not made of the finer level yet, or not rolled up yet, comes later. */
static int64_t oldest_wanted(const struct trunk *trunk, enum level level, int64_t since)
{
	const int64_t *rolled = trunk->rollup.rolled;
	if (level > LEVEL_10S)
		since = smaller(since, rolled[level]);
	return level + 1 < LEVELS ? smaller(since, rolled[level + 1]) : since;
}

static bool commit(struct trunk *trunk, int code)
{
	if (code == SQLITE_OK)
		code = rollup_save(&trunk->rollup);
	if (code == SQLITE_OK)
		code = db_run(trunk->db, "COMMIT");
	if (code != SQLITE_OK)
		db_run(trunk->db, "ROLLBACK");
	return code == SQLITE_OK;
}

bool prune_age(struct prune *prune, struct trunk *trunk,
	       const struct store_limits *limits, int64_t now_us)
{
	int code = db_run(trunk->db, "BEGIN IMMEDIATE");
	if (code != SQLITE_OK)
		return false;
	bool more = false;
	for (unsigned i = 0; i < LEVELS && code == SQLITE_OK; i++) {
		enum level level = (enum level)i;
		int64_t since = now_us - limit_of(limits, level) * SECOND_US;
		bool left;
		code = prune_level(
			prune, trunk, level,
			oldest_wanted(trunk, level, floor_to(since, level_us(level))),
			&left);
		more = more || left;
	}
	if (code == SQLITE_OK)
		code = prune_events_due(prune, trunk, limits, now_us, &more);
	if (code == SQLITE_OK)
		code = prune_services(prune, trunk, limits, now_us);
	return commit(trunk, code) && more;
}

/* ---- too much ---- */

struct deleting {
	struct trunk *trunk;
	enum level level;
	int64_t before_us;
	int code;
};

static bool delete_service_before(void *self, struct service_entry *entry)
{
	struct deleting *deleting = self;
	deleting->code = run(deleting->trunk->db,
			     "DELETE FROM %s WHERE service=%lld AND \"start\"<%lld",
			     levels[deleting->level].table, (long long)entry->id,
			     (long long)deleting->before_us);
	return deleting->code == SQLITE_OK;
}

/* The oldest part of a level, about a hundred intervals. False: nothing to delete. */
static bool delete_oldest(struct trunk *trunk, enum level level, int *code)
{
	const struct rollup *rollup = &trunk->rollup;
	int64_t rolled = rollup->rolled[level + 1];
	if (rollup->first == INT64_MAX)
		return false;
	int64_t oldest = floor_to(rollup->first, level_us(level));
	if (rollup->kept[level] > oldest)
		oldest = rollup->kept[level];
	if (oldest >= rolled)
		return false;
	int64_t until = smaller(rolled, oldest + 100 * level_us(level));
	keep_from(trunk, level, until);
	if (level == LEVEL_10S) {
		*code = run(trunk->db, "DELETE FROM roll_10s WHERE \"start\"<%lld",
			    (long long)until);
		return true;
	}
	struct deleting deleting = { trunk, level, until, SQLITE_OK };
	book_each(trunk->book, delete_service_before, &deleting);
	*code = deleting.code;
	return true;
}

bool prune_oldest(struct trunk *trunk, int64_t now_us)
{
	int code = db_run(trunk->db, "BEGIN IMMEDIATE");
	if (code != SQLITE_OK)
		return false;
	bool deleted = prune_oldest_events(trunk->db, now_us, &code) ||
		       delete_oldest(trunk, LEVEL_10S, &code) ||
		       prune_oldest_sockets(trunk->db, &code) ||
		       delete_oldest(trunk, LEVEL_1M, &code) ||
		       delete_oldest(trunk, LEVEL_1H, &code);
	return commit(trunk, code) && deleted;
}
