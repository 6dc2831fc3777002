/*
 * report_store.c: see report_store.h.
 *
 * Who makes a folder locks it: one that nobody has locked is what a crash has left.
 */
#include "cli/report_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/replay_store.h"
#include "fleet/depot.h"
#include "fleet/lane.h"

#define NAME   "report-store-"
#define DAY_S  86400
#define DAY_US (DAY_S * INT64_C(1000000))

enum {
	ROWS_BYTES_MAX =
		128 << 20, /* of one kind, in memory while it is put in order */
	LOOK_EVERY = 4096, /* rows between two looks whether it is wanted */
};

struct report_store {
	char folder[PATH_MAX];
	int lock; /* the folder */
	struct store_reader *reader;
};

/* ---- the folder ---- */

static void remove_folder(int folder, const char *path)
{
	int copy = dup(folder);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(folder, entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	else if (copy >= 0)
		close(copy);
	rmdir(path);
}

static void remove_if_left(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return;
	if (flock(folder, LOCK_EX | LOCK_NB) == 0)
		remove_folder(folder, path);
	close(folder);
}

void report_store_tidy(const char *state)
{
	DIR *dir = opendir(state);
	char path[PATH_MAX];
	struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int len = snprintf(path, sizeof(path), "%s/%s", state, entry->d_name);
		if (strncmp(entry->d_name, NAME, strlen(NAME)) == 0 &&
		    len < (int)sizeof(path))
			remove_if_left(path);
	}
	if (dir != NULL)
		closedir(dir);
}

/*
 * Whoever it is made by: it belongs to whose the state folder is, who may be another
 * than root and has to be able to remove it.
 */
static void give_folder(const struct report_store *store, const char *state)
{
	struct stat whose;
	if (geteuid() != 0 || stat(state, &whose) != 0 || whose.st_uid == 0)
		return;
	if (fchown(store->lock, whose.st_uid, whose.st_gid) != 0)
		return; /* it is root's then, and goes when it has been asked */
}

/* Between its making and the lock another may take it for left: then it is not there.
 */
static bool make_folder(struct report_store *store, const char *state,
			char error[static STORE_ERROR_MAX])
{
	snprintf(store->folder, sizeof(store->folder), "%.*s/" NAME "XXXXXX",
		 PATH_MAX - 32, state);
	bool is_made = mkdtemp(store->folder) != NULL;
	if (is_made)
		store->lock = open(store->folder,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store->lock >= 0 && flock(store->lock, LOCK_EX | LOCK_NB) == 0 &&
	    access(store->folder, F_OK) == 0) {
		give_folder(store, state);
		return true;
	}
	snprintf(error, STORE_ERROR_MAX,
		 "%.300s: %s; a report of a fleet needs a state folder that may be "
		 "written to",
		 state, strerror(errno));
	return false;
}

/* ---- records in their order ---- */

struct rows {
	const struct report_store_ask *ask;
	char *at; /* owned */
	size_t size, count, room;
	bool failed, ended;
};

static bool take_row(void *to, const void *record)
{
	struct rows *rows = to;
	if (rows->count == rows->room) {
		size_t room = rows->room == 0 ? 64 : 2 * rows->room;
		char *at = reallocarray(rows->at, room, rows->size);
		if (at == NULL) {
			rows->failed = true;
			return false;
		}
		rows->at = at;
		rows->room = room;
	}
	memcpy(rows->at + rows->count * rows->size, record, rows->size);
	rows->count++;
	rows->ended = rows->count % LOOK_EVERY == 0 && rows->ask->goes_on != NULL &&
		      !rows->ask->goes_on(rows->ask->self);
	return !rows->ended;
}

static int newer_port_first(const void *left, const void *right)
{
	const struct port_record *a = left, *b = right;
	return (a->start < b->start) - (a->start > b->start);
}

/* What a day's sum of minutes does not say is unknown. */
static void keep_sums(struct port_record *port)
{
	const struct schema *schema = &schemas[RECORD_port];
	struct port_record sums;
	record_init(RECORD_port, &sums);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		size_t end = i + 1 < schema->field_count ? schema->fields[i + 1].offset
							 : schema->size;
		if (field->role != ROLE_GAUGE)
			memcpy((char *)&sums + field->offset,
			       (const char *)port + field->offset, end - field->offset);
	}
	*port = sums;
}

static void order_ports(struct rows *rows)
{
	struct port_record *ports = (void *)rows->at;
	for (size_t i = 0; i < rows->count; i++)
		keep_sums(&ports[i]);
	if (rows->count > 0)
		qsort(ports, rows->count, sizeof(*ports), newer_port_first);
}

/* ---- from the depot ---- */

/* Checkpoints are of the numbers of a chain that stays where it was made. */
static bool is_read(enum record_kind kind)
{
	return depot_keeps(kind) && store_keeps(kind) && kind != RECORD_checkpoint;
}

record_bits report_store_lacks(void)
{
	record_bits lacks = RECORD_BIT(RECORD_checkpoint);
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (store_keeps((enum record_kind)kind) &&
		    !depot_keeps((enum record_kind)kind) && kind != RECORD_uptime)
			lacks |= RECORD_BIT(kind);
	return lacks;
}

/* What stands at the begin may have been told long before. */
static bool stands(enum record_kind kind)
{
	return fleet_lane_of(kind) == LANE_EVENT && kind != RECORD_probe &&
	       kind != RECORD_failure;
}

static int read_rows(struct depot *depot, enum record_kind kind, struct rows *rows,
		     record_bits *cut, char error[static STORE_ERROR_MAX])
{
	const struct report_store_ask *ask = rows->ask;
	char why[DEPOT_ERROR_MAX] = "";
	size_t most = ROWS_BYTES_MAX / rows->size;
	struct store_filter filter;
	store_filter_init(&filter);
	filter.since_us = stands(kind) ? INT64_MIN : ask->since_us - DAY_US;
	filter.until_us = ask->until_us;
	filter.sensors = &ask->sensor;
	filter.sensor_count = 1;
	filter.time_limit_ms = ask->wait_ms;
	filter.cancel = ask->cancel;
	filter.step_s = kind == RECORD_port ? DAY_S : 0;
	filter.has_host = kind == RECORD_flow && ask->host != NULL;
	if (filter.has_host)
		filter.host = *ask->host;
	int result = depot_read(depot, kind, &filter, most + 1, take_row, rows, why);
	snprintf(error, STORE_ERROR_MAX, "%.*s", STORE_ERROR_MAX - 1,
		 rows->failed  ? "not enough memory for its records"
		 : rows->ended ? "ended before it was whole"
			       : why);
	if (rows->count > most) {
		rows->count = most;
		*cut |= RECORD_BIT(kind);
	}
	return rows->failed || rows->ended ? -ECANCELED : result;
}

static bool put_kind(struct depot *depot, struct replay_store *keep,
		     const struct report_store_ask *ask, enum record_kind kind,
		     record_bits *cut, char error[static STORE_ERROR_MAX])
{
	struct rows rows = { .ask = ask, .size = schemas[kind].size };
	bool is_read = read_rows(depot, kind, &rows, cut, error) == 0;
	if (is_read && kind == RECORD_port)
		order_ports(&rows);
	for (size_t i = rows.count; is_read && i-- > 0;)
		replay_store_put(keep, kind, rows.at + i * rows.size);
	free(rows.at);
	return is_read;
}

static bool put_all(struct depot *depot, struct replay_store *keep,
		    const struct report_store_ask *ask, record_bits *cut,
		    char error[static STORE_ERROR_MAX])
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (is_read((enum record_kind)kind) &&
		    !put_kind(depot, keep, ask, (enum record_kind)kind, cut, error))
			return false;
	snprintf(error, STORE_ERROR_MAX, "its records could not be put in order");
	return replay_store_settle(keep, ask->until_us + DAY_US);
}

static bool fill(struct report_store *store, struct depot *depot,
		 const struct report_store_ask *ask, record_bits *cut,
		 char error[static STORE_ERROR_MAX])
{
	int status;
	snprintf(error, STORE_ERROR_MAX, "it can't be kept in %.300s", store->folder);
	struct replay_store *keep = replay_store_open("report", store->folder, &status);
	if (keep == NULL)
		return false;
	bool is_put = put_all(depot, keep, ask, cut, error);
	if (!replay_store_close(keep) || !is_put)
		return false;
	store->reader = store_reader_open(store->folder, error, &status);
	return store->reader != NULL;
}

struct report_store *report_store_open(struct depot *depot,
				       const struct report_store_ask *ask,
				       record_bits *cut,
				       char error[static STORE_ERROR_MAX])
{
	struct report_store *store = calloc(1, sizeof(*store));
	snprintf(error, STORE_ERROR_MAX, "not enough memory");
	if (store == NULL)
		return NULL;
	store->lock = -1;
	if (make_folder(store, ask->state, error) &&
	    fill(store, depot, ask, cut, error))
		return store;
	report_store_close(store);
	return NULL;
}

struct store_reader *report_store_reader(const struct report_store *store)
{
	return store->reader;
}

void report_store_close(struct report_store *store)
{
	if (store->reader != NULL)
		store_reader_close(store->reader);
	if (store->lock >= 0) {
		remove_folder(store->lock, store->folder);
		close(store->lock);
	}
	free(store);
}
