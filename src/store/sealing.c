/*
 * sealing.c: see sealing.h.
 *
 * A checkpoint that left the machine must not speak of records that a power failure
 * then takes away: its commit waits for the disk, as no other does.
 */
#include "store/sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/writer.h"

enum {
	RECORDS_MAX = 256,         /* that wait for a signature ... */
	WAIT_S = 60,               /* ... and how long */
	FILE_BYTES_MAX = 16 << 20, /* 30,000 checkpoints: a month of full minutes */
};

static bool is_due(const struct store *store, const struct chain *chain, int64_t now_us,
		   bool is_closing)
{
	int64_t last_us = store->sealing.signed_us;
	uint64_t waiting = chain_unsigned(chain);
	return waiting > 0 && (is_closing || last_us == 0 || waiting >= RECORDS_MAX ||
			       now_us - last_us >= WAIT_S * 1000000LL);
}

/* Records are kept all the same, and somebody is told. */
static void open_seal(struct store *store, int64_t now_us)
{
	struct buf why = { 0 };
	if (store->sealing.seal != NULL)
		return;
	store->sealing.tried_us = now_us;
	store->sealing.seal = seal_open(store->folder, &why);
	const char *text = buf_cstr(&why);
	if (store->sealing.seal == NULL)
		trouble_say(&store->notice, STORE_FAILED,
			    "%.300s; the audit chain is kept, but not signed",
			    text != NULL ? text : "not enough memory");
	buf_free(&why);
}

/* ---- the table ---- */

static bool sign(struct store *store, struct chain *chain,
		 struct checkpoint_record *checkpoint)
{
	sqlite3 *db = store->trunk.db;
	db_run(db, "PRAGMA synchronous=FULL");
	int code = db_run(db, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		code = chain_sign(chain, clock_us(CLOCK_REALTIME), checkpoint);
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	if (code != SQLITE_OK)
		db_run(db, "ROLLBACK");
	db_run(db, "PRAGMA synchronous=NORMAL");
	return code == SQLITE_OK;
}

/* ---- the file ---- */

/* A file of another chain, or one that has grown, makes room. */
static void turn_over(const char *path, uint64_t number)
{
	struct stat st;
	char aside[PATH_MAX + 32];
	if (stat(path, &st) != 0 || (number > 1 && st.st_size < FILE_BYTES_MAX))
		return;
	if (number > 1)
		snprintf(aside, sizeof(aside), "%s.1", path);
	else
		snprintf(aside, sizeof(aside), "%s.old-%lld", path,
			 (long long)st.st_mtime);
	rename(path, aside);
}

static int append(const char *path, const struct buf *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		      0640);
	if (fd < 0)
		return -errno;
	int error = file_write(fd, line->at, line->len);
	close(fd);
	return error;
}

static void tell(struct store *store, const struct checkpoint_record *checkpoint)
{
	char path[PATH_MAX];
	struct buf line = { 0 };
	snprintf(path, sizeof(path), "%s/audit-checkpoints.ndjson", store->folder);
	record_json(&line, RECORD_checkpoint, checkpoint);
	buf_char(&line, '\n');
	turn_over(path, checkpoint->number);
	int error = buf_ok(&line) ? append(path, &line) : -ENOMEM;
	buf_free(&line);
	if (error != 0)
		trouble_say(&store->notice, STORE_FAILED,
			    "%.300s: %s; checkpoints are in the store alone", path,
			    strerror(-error));
}

/* ---- together ---- */

static void sign_and_tell(struct store *store, struct chain *chain)
{
	struct checkpoint_record checkpoint;
	if (sign(store, chain, &checkpoint)) {
		tell(store, &checkpoint);
		return;
	}
	/* What is in memory is of the transaction that failed. */
	trunk_close(&store->trunk);
	store->has_trunk = false;
}

void sealing_work(struct store *store, bool is_closing)
{
	struct sealing *sealing = &store->sealing;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (!store->has_trunk)
		return;
	struct chain *chain = events_chain(store->trunk.events);
	bool is_wanted = is_due(store, chain, now_us, is_closing);
	/* Retention signs, too; where nothing ever was, no key is needed. */
	bool is_first = sealing->tried_us == 0 && chain->number > 0;
	if (is_wanted || is_first)
		open_seal(store, now_us);
	chain->seal = sealing->seal;
	if (!is_wanted)
		return;
	sealing->signed_us = now_us;
	if (chain->seal != NULL)
		sign_and_tell(store, chain);
}

void sealing_close(struct sealing *sealing)
{
	seal_close(sealing->seal);
}
