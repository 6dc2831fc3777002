/*
 * batch.c: what waits in the queue goes to disk, one transaction per file.
 *
 * A message is let go of when its file has committed it.  If one file fails, what went
 * into the others is marked as done and not written again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/holds.h"
#include "store/holds_rescue.h"
#include "store/writer.h"

enum {
	BATCH_MAX = 32768,
	ASIDE_PAUSE_S = 60, /* a disk that damages everything would be filled with it */
};

struct batch {
	struct queue_place first, end;
	uint64_t count, open; /* messages in it, and those not yet on disk */
};

int64_t record_time(enum record_kind kind, const void *record)
{
	const struct schema *schema = &schemas[kind];
	if (kind == RECORD_flow)
		return ((const struct flow_record *)record)->end;
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].type == TYPE_time)
			return *(const int64_t *)((const char *)record +
						  schema->fields[i].offset);
	return UNKNOWN_TIME;
}

static struct batch take_batch(struct store *store)
{
	struct batch batch = { .first = queue_first(store->queue) };
	batch.end = batch.first;
	struct message *message;
	while (batch.count < BATCH_MAX && (message = queue_next(&batch.end)) != NULL) {
		batch.count++;
		batch.open += !message->done;
	}
	return batch;
}

/* The next message from *place on that is not on disk; NULL: none in the batch. */
static struct message *next_open(const struct batch *batch, struct queue_place *place)
{
	while (place->chunk != batch->end.chunk || place->offset != batch->end.offset) {
		struct message *message = queue_next(place);
		if (message == NULL)
			return NULL;
		if (!message->done)
			return message;
	}
	return NULL;
}

static bool is_evidence(const struct message *message)
{
	return (message->kind & MESSAGE_EVIDENCE) != 0;
}

/* The transaction is over: what was claimed is done, or is not claimed any more. */
static void settle(struct store *store, struct batch *batch, bool done)
{
	struct queue_place place = batch->first;
	struct message *message;
	while ((message = next_open(batch, &place)) != NULL) {
		message->done = message->claimed && done;
		message->claimed = false;
		batch->open -= message->done;
		store->written += message->done;
	}
}

/* True if it is the record that is wrong, not the file. */
static bool is_refusal(int code)
{
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_TOOBIG:
		return true;
	default:
		return false;
	}
}

/* ---- trouble ---- */

/* A new file is begun at the next try. */
static void set_aside(struct store *store, const char *path, struct trouble *trouble)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	char to[PATH_MAX];
	if (store->aside_us != 0 &&
	    now_us < store->aside_us + ASIDE_PAUSE_S * 1000000LL)
		return;
	if (file_set_aside(path, clock_us(CLOCK_REALTIME), to, sizeof(to)) != 0)
		return;
	store->aside_us = now_us;
	trouble_say(&store->notice, STORE_CORRUPT,
		    "%.150s was damaged; it is now %.150s, and a new one was begun",
		    path, to);
	*trouble = store->notice;
}

static void close_day(struct store *store, const struct day_file *file)
{
	for (unsigned i = 0; i < DAY_FILES; i++)
		if (&store->days[i] == file)
			day_close(&store->days[i]);
}

/* What is in memory of its last block is of the transaction that failed. */
static void close_evidence(struct store *store, const struct evidence_file *file)
{
	for (unsigned i = 0; i < DAY_FILES; i++)
		if (&store->evidence[i] == file)
			evidence_close(&store->evidence[i]);
}

void batch_close(struct store *store)
{
	for (unsigned i = 0; i < DAY_FILES; i++)
		if (store->days[i].db != NULL)
			day_close(&store->days[i]);
	for (unsigned i = 0; i < DAY_FILES; i++)
		if (store->evidence[i].db != NULL)
			evidence_close(&store->evidence[i]);
	if (store->has_trunk)
		trunk_close(&store->trunk);
	store->has_trunk = false;
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	store->lock_fd = -1;
}

/* ---- opening ---- */

static bool say_system(struct trouble *trouble, const char *path, int error)
{
	enum store_state state = error == EROFS || error == EACCES || error == EPERM
					 ? STORE_READ_ONLY
				 : error == ENOSPC || error == EDQUOT ? STORE_FULL
								      : STORE_FAILED;
	trouble_say(trouble, state,
		    "%.300s: %s; the store needs a folder it may write to", path,
		    strerror(error));
	return false;
}

/* Two writers would undo each other's roll-ups. */
static bool lock_folder(struct store *store, struct trouble *trouble)
{
	char path[PATH_MAX];
	if (store->lock_fd >= 0)
		return true;
	snprintf(path, sizeof(path), "%s/lock", store->folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return say_system(trouble, path, errno);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int error = errno;
		close(fd);
		if (error != EWOULDBLOCK)
			return say_system(trouble, path, error);
		trouble_say(
			trouble, STORE_LOCKED,
			"another breakwater keeps its records in %.300s; end it, or "
			"give this one another folder (state)",
			store->folder);
		return false;
	}
	store->lock_fd = fd;
	return true;
}

/* What it was set aside for stays said. */
static void rescue_holds(struct store *store, const char *path)
{
	char said[STORE_ERROR_MAX], aside[PATH_MAX];
	int count = 0;
	int code = holds_rescue(path, &store->trunk, clock_us(CLOCK_REALTIME), aside,
				&count);
	memcpy(said, store->notice.message, sizeof(said));
	if (said[0] == '\0')
		snprintf(said, sizeof(said),
			 "breakwater.db was damaged; it is now %.150s", aside);
	if (code != SQLITE_OK || count < 0)
		trouble_say(
			&store->notice, STORE_CORRUPT,
			"%.330s; its legal holds can't all be read: hold again what "
			"is to stay (privacy hold); until %d days are over no day "
			"is removed",
			said, HOLDS_UNKNOWN_DAYS);
	else if (count > 0)
		trouble_say(&store->notice, STORE_CORRUPT,
			    "%.330s; %d legal holds were taken over", said, count);
}

static bool open_trunk(struct store *store, struct trouble *trouble)
{
	char path[PATH_MAX];
	if (store->has_trunk)
		return true;
	trunk_path(store->folder, path, sizeof(path));
	store->has_trunk = trunk_open(&store->trunk, path, trouble);
	if (!store->has_trunk && trouble->state == STORE_CORRUPT)
		set_aside(store, path, trouble);
	if (store->has_trunk) {
		wal_watch(&store->trunk.wal, store->wals, store->trunk.db);
		rescue_holds(store, path);
	}
	if (store->has_trunk && !store->has_gaps) {
		gaps_init(&store->gaps, store->trunk.heartbeat_us);
		store->has_gaps = true;
	}
	return store->has_trunk;
}

static struct day_file *open_day(struct store *store, int64_t day,
				 struct trouble *trouble)
{
	for (unsigned i = 0; i < DAY_FILES; i++)
		if (store->days[i].db != NULL && store->days[i].day == day)
			return &store->days[i];
	struct day_file *file = &store->days[store->next_day];
	store->next_day = (store->next_day + 1) % DAY_FILES;
	if (file->db != NULL)
		day_close(file);
	if (day_open(file, store->folder, day, trouble)) {
		wal_watch(&file->wal, store->wals, file->db);
		return file;
	}
	char path[PATH_MAX];
	day_path(store->folder, DAYS_FLOWS, day, path, sizeof(path));
	if (trouble->state == STORE_CORRUPT)
		set_aside(store, path, trouble);
	return NULL;
}

static struct evidence_file *open_evidence(struct store *store, int64_t day,
					   struct trouble *trouble)
{
	for (unsigned i = 0; i < DAY_FILES; i++)
		if (store->evidence[i].db != NULL && store->evidence[i].day == day)
			return &store->evidence[i];
	struct evidence_file *file = &store->evidence[store->next_evidence];
	store->next_evidence = (store->next_evidence + 1) % DAY_FILES;
	if (file->db != NULL)
		evidence_close(file);
	if (evidence_open(file, store->folder, day, trouble)) {
		wal_watch(&file->wal, store->wals, file->db);
		return file;
	}
	char path[PATH_MAX];
	day_path(store->folder, DAYS_EVIDENCE, day, path, sizeof(path));
	if (trouble->state == STORE_CORRUPT)
		set_aside(store, path, trouble);
	return NULL;
}

/*
 * Ends a transaction that went well so far, if code says so.  False: nothing of it is
 * there, and in trouble is why.
 */
static bool commit(struct store *store, struct batch *batch, sqlite3 *db, int code,
		   const char *path, struct trouble *trouble)
{
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	settle(store, batch, code == SQLITE_OK);
	if (code == SQLITE_OK)
		return true;
	trouble_of(trouble, db, code, path);
	db_run(db, "ROLLBACK");
	return false;
}

/* ---- breakwater.db ---- */

static int put_port(struct store *store, const struct port_message *port)
{
	const uint8_t *response = port->packed + port->handshake_len;
	struct roll_part second = {
		.record = &port->record,
		.seconds = 1,
		.handshake = bytes_of(port->packed, port->handshake_len),
		.response = bytes_of(response, port->response_len),
		.clients = bytes_of(response + port->response_len, port->clients_len),
	};
	return trunk_put_port(&store->trunk, &store->gaps, &second);
}

static int put_all(struct store *store, struct batch *batch)
{
	struct queue_place place = batch->first;
	struct message *message;
	while ((message = next_open(batch, &place)) != NULL) {
		if (message->kind == RECORD_flow || is_evidence(message))
			continue;
		enum record_kind kind = (enum record_kind)message->kind;
		int code = kind == RECORD_port
				   ? put_port(store, (const void *)message->at)
				   : trunk_put(&store->trunk, &store->gaps, kind,
					       message->at);
		if (code != SQLITE_OK && !is_refusal(code))
			return code;
		store->refused += code != SQLITE_OK;
		message->claimed = true;
	}
	return SQLITE_OK;
}

static void note_lost(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	struct lost lost = store->lost;
	store->lost = (struct lost){ 0 };
	pthread_mutex_unlock(&store->lock);
	if (lost.count > 0)
		gaps_unwritten(&store->gaps, lost.from_us, lost.to_us, lost.count);
}

/* The time of who has no more to put is as far as it says. */
static void note_settling(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	int64_t now_us = store->settle_us;
	pthread_mutex_unlock(&store->lock);
	if (now_us > store->gaps.watched_us)
		gaps_watched(&store->gaps, now_us, now_us);
}

static bool write_trunk(struct store *store, struct batch *batch,
			struct trouble *trouble)
{
	if (!open_trunk(store, trouble))
		return false;
	note_lost(store);
	struct gaps before = store->gaps;
	sqlite3 *db = store->trunk.db;
	int code = db_run(db, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		code = put_all(store, batch);
	note_settling(store);
	if (code == SQLITE_OK)
		code = trunk_end(&store->trunk, &store->gaps, &store->more_rollups);
	char path[PATH_MAX];
	trunk_path(store->folder, path, sizeof(path));
	if (commit(store, batch, db, code, path, trouble))
		return true;
	/* What is in memory is of the transaction that failed. */
	trunk_close(&store->trunk);
	store->has_trunk = false;
	store->gaps = before;
	if (trouble->state == STORE_CORRUPT)
		set_aside(store, path, trouble);
	return false;
}

/* ---- flows ---- */

static int put_flows(struct day_file *file, struct batch *batch)
{
	struct queue_place place = batch->first;
	struct message *message;
	while ((message = next_open(batch, &place)) != NULL) {
		const struct flow_record *flow = (const void *)message->at;
		if (message->kind != RECORD_flow || day_of_flow(flow) != file->day)
			continue;
		int code = day_insert(file, flow);
		if (code != SQLITE_OK)
			return code;
		message->claimed = true;
	}
	return day_end(file);
}

static bool write_day(struct store *store, struct batch *batch, int64_t day,
		      struct trouble *trouble)
{
	struct day_file *file = open_day(store, day, trouble);
	if (file == NULL)
		return false;
	char path[PATH_MAX];
	day_path(store->folder, DAYS_FLOWS, day, path, sizeof(path));
	int code = db_run(file->db, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		code = put_flows(file, batch);
	if (commit(store, batch, file->db, code, path, trouble))
		return true;
	close_day(store, file);
	if (trouble->state == STORE_CORRUPT)
		set_aside(store, path, trouble);
	return false;
}

static bool write_flows(struct store *store, struct batch *batch,
			struct trouble *trouble)
{
	struct queue_place place = batch->first;
	struct message *message;
	while ((message = next_open(batch, &place)) != NULL)
		if (message->kind == RECORD_flow &&
		    !write_day(store, batch, day_of_flow((const void *)message->at),
			       trouble))
			return false;
	return true;
}

/* ---- evidence ---- */

static enum record_kind kind_of(const struct message *message)
{
	return (enum record_kind)(message->kind & ~MESSAGE_EVIDENCE);
}

static int64_t evidence_day(const struct message *message)
{
	int64_t at_us = evidence_time(kind_of(message), message->at);
	return at_us == UNKNOWN_TIME ? 0 : day_of(at_us);
}

static int put_evidence(struct store *store, struct evidence_file *file,
			struct batch *batch)
{
	struct queue_place place = batch->first;
	struct message *message;
	while ((message = next_open(batch, &place)) != NULL) {
		if (!is_evidence(message) || evidence_day(message) != file->day)
			continue;
		int code = evidence_add(file, &store->choice, kind_of(message),
					message->at);
		if (code != SQLITE_OK)
			return code;
		message->claimed = true;
	}
	return evidence_end(file);
}

static bool write_evidence_day(struct store *store, struct batch *batch, int64_t day,
			       struct trouble *trouble)
{
	struct evidence_file *file = open_evidence(store, day, trouble);
	if (file == NULL)
		return false;
	char path[PATH_MAX];
	day_path(store->folder, DAYS_EVIDENCE, day, path, sizeof(path));
	int code = db_run(file->db, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		code = put_evidence(store, file, batch);
	if (commit(store, batch, file->db, code, path, trouble))
		return true;
	close_evidence(store, file);
	if (trouble->state == STORE_CORRUPT)
		set_aside(store, path, trouble);
	return false;
}

static bool write_evidence(struct store *store, struct batch *batch,
			   struct trouble *trouble)
{
	struct queue_place place = batch->first;
	struct message *message;
	while ((message = next_open(batch, &place)) != NULL)
		if (is_evidence(message) &&
		    !write_evidence_day(store, batch, evidence_day(message), trouble))
			return false;
	return true;
}

/* ---- all of it ---- */

bool batch_write(struct store *store, struct trouble *trouble)
{
	if (!lock_folder(store, trouble))
		return false;
	for (;;) {
		struct batch batch = take_batch(store);
		struct trouble second = { 0 };
		bool ok = write_trunk(store, &batch, trouble);
		if (!write_flows(store, &batch, ok ? trouble : &second))
			ok = false;
		if (!write_evidence(store, &batch, ok ? trouble : &second))
			ok = false;
		if (batch.open > 0)
			return false;
		queue_release(store->queue, batch.end, batch.count);
		if (!ok || batch.count < BATCH_MAX)
			return ok;
	}
}

void batch_close_day(struct store *store, enum day_series series, int64_t day)
{
	struct day_file *flows = store->days;
	struct evidence_file *evidence = store->evidence;
	for (unsigned i = 0; i < DAY_FILES && series == DAYS_FLOWS; i++)
		if (flows[i].db != NULL && flows[i].day == day)
			day_close(&flows[i]);
	for (unsigned i = 0; i < DAY_FILES && series == DAYS_EVIDENCE; i++)
		if (evidence[i].db != NULL && evidence[i].day == day)
			evidence_close(&evidence[i]);
}
