/*
 * spool.c: batches into a spool; see spool.h.
 *
 * Who takes removes the oldest file of a lane and tells nobody: before it is asked for,
 * what is known of the files is compared with what is there.  The oldest two of a lane
 * are never dropped, as they may be on their way just now: what is told is not counted
 * as lost, and no sequence is used twice.
 *
 * An epoch begins with the time, so that what waits from one before is older by name.
 */
#include "fleet/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fleet/spool_inside.h"

enum {
	BLOCK = 4096, /* a file takes as many of them as it touches */
	ON_THEIR_WAY = 2,
	WAITING_FIRST = 64,
	EPOCH_RANDOM_BITS = 24,
};

struct waiting {
	struct spool_name name;
	uint64_t bytes;  /* on disk */
	int64_t made_us; /* UNKNOWN_TIME: it is of an earlier run */
};

struct lane_files {
	struct waiting *at; /* from first on, oldest first */
	size_t first, count, room;
	uint64_t sequence; /* of the last one */
	uint64_t lost;     /* not told yet */
	int64_t lost_us;
};

struct fleet_spool {
	char folder[SPOOL_PATH_MAX];
	struct spool_epoch epoch;
	uint64_t bytes, bytes_max, dropped;
	struct lane_files lanes[FLEET_LANES];
	struct buf message;
	struct spool_chain chain;
	bool tells_chain; /* the next batch of events does */
	char trouble[SPOOL_ERROR_MAX];
};

static uint64_t on_disk(uint64_t len)
{
	return (len + BLOCK - 1) / BLOCK * BLOCK;
}

/* ---- what waits ---- */

static bool add_waiting(struct lane_files *files, const struct waiting *waiting)
{
	if (files->first + files->count == files->room) {
		if (files->first > files->room / 2) {
			memmove(files->at, files->at + files->first,
				files->count * sizeof(*files->at));
			files->first = 0;
		} else {
			size_t room =
				files->room == 0 ? WAITING_FIRST : 2 * files->room;
			struct waiting *at = realloc(files->at, room * sizeof(*at));
			if (at == NULL)
				return false;
			files->at = at;
			files->room = room;
		}
	}
	files->at[files->first + files->count++] = *waiting;
	return true;
}

static bool is_there(const struct fleet_spool *spool, enum fleet_lane lane,
		     const struct waiting *waiting)
{
	char path[SPOOL_PATH_MAX];
	return spool_batch_path(spool->folder, lane, &waiting->name, path) != 0 ||
	       access(path, F_OK) == 0 || errno != ENOENT;
}

/* Forgets those that were taken. */
static void look_again(struct fleet_spool *spool, enum fleet_lane lane)
{
	struct lane_files *files = &spool->lanes[lane];
	while (files->count > 0 && !is_there(spool, lane, &files->at[files->first])) {
		spool->bytes -= files->at[files->first].bytes;
		files->first++;
		files->count--;
	}
	if (files->count == 0)
		files->first = 0;
}

static void look_at_all(struct fleet_spool *spool)
{
	for (int lane = 0; lane < FLEET_LANES; lane++)
		look_again(spool, (enum fleet_lane)lane);
}

/* ---- dropping ---- */

static void note_lost(struct lane_files *files, uint64_t records, int64_t since_us)
{
	if (records == 0)
		return;
	if (files->lost == 0 || since_us < files->lost_us)
		files->lost_us = since_us;
	files->lost += records;
}

/* With what it would have told of those before it; of one that can't be read: itself.
 */
static void count_dropped(struct fleet_spool *spool, enum fleet_lane lane,
			  const struct waiting *waiting, int64_t now_us)
{
	struct buf bytes = { 0 };
	struct batch_head head;
	struct lane_files *files = &spool->lanes[lane];
	if (spool_read(spool->folder, lane, &waiting->name, &bytes, &head) == 0) {
		note_lost(files, head.lost, head.lost_us);
		note_lost(files, head.records, head.made_us);
		spool->dropped += head.records;
	} else {
		note_lost(files, 1, now_us);
		spool->dropped++;
	}
	buf_free(&bytes);
}

/* False: that lane has none to drop. */
static bool drop_one(struct fleet_spool *spool, enum fleet_lane lane, int64_t now_us)
{
	char path[SPOOL_PATH_MAX];
	struct lane_files *files = &spool->lanes[lane];
	look_again(spool, lane);
	if (files->count <= ON_THEIR_WAY)
		return false;
	struct waiting *waiting = &files->at[files->first + ON_THEIR_WAY];
	if (spool_batch_path(spool->folder, lane, &waiting->name, path) != 0)
		return false;
	count_dropped(spool, lane, waiting, now_us);
	if (unlink(path) != 0 && errno != ENOENT)
		return false;
	spool->bytes -= waiting->bytes;
	memmove(waiting - ON_THEIR_WAY + 1, waiting - ON_THEIR_WAY,
		ON_THEIR_WAY * sizeof(*waiting));
	files->first++;
	files->count--;
	return true;
}

/* For a batch of that lane: of those that go before it, or are its like but older. */
static bool make_room(struct fleet_spool *spool, enum fleet_lane lane, int64_t now_us)
{
	for (int other = FLEET_LANES - 1; other >= (int)lane && other > LANE_EVENT;
	     other--)
		if (drop_one(spool, (enum fleet_lane)other, now_us))
			return true;
	return false;
}

/* ---- putting ---- */

static bool make_message(struct fleet_spool *spool, enum fleet_lane lane,
			 const struct batch *batch, int64_t now_us)
{
	const struct lane_files *files = &spool->lanes[lane];
	struct batch_head head = {
		.id = { .lane = lane,
			.epoch = spool->epoch.epoch,
			.sequence = files->sequence + 1 },
		.made_us = now_us,
		.lost = files->lost,
		.lost_us = files->lost > 0 ? files->lost_us : UNKNOWN_TIME,
	};
	memcpy(head.id.sensor, spool->epoch.sensor, sizeof(head.id.sensor));
	buf_clear(&spool->message);
	return batch_message(batch, &head, &spool->message);
}

static int write_chain(struct fleet_spool *spool, enum fleet_lane lane,
		       const struct spool_name *name)
{
	if (lane != LANE_EVENT || !spool->tells_chain)
		return 0;
	spool->chain.batch = *name;
	return spool_chain_write(spool->folder, &spool->chain);
}

/* 0, or why it can't be kept. */
static int write_message(struct fleet_spool *spool, enum fleet_lane lane,
			 int64_t now_us)
{
	char path[SPOOL_PATH_MAX];
	struct lane_files *files = &spool->lanes[lane];
	struct waiting waiting = {
		.name = { spool->epoch.epoch, files->sequence + 1 },
		.bytes = on_disk(spool->message.len),
		.made_us = now_us,
	};
	if (spool->bytes + waiting.bytes > spool->bytes_max)
		return -ENOBUFS;
	int error = spool_batch_path(spool->folder, lane, &waiting.name, path);
	if (error == 0 && !add_waiting(files, &waiting))
		error = -ENOMEM;
	if (error != 0)
		return error;
	error = write_chain(spool, lane, &waiting.name);
	if (error == 0)
		error = spool_write(path, &spool->message, lane == LANE_EVENT);
	if (error != 0) {
		files->count--;
		return error;
	}
	spool->bytes += waiting.bytes;
	files->sequence++;
	files->lost = 0;
	if (lane == LANE_EVENT && spool->tells_chain) {
		spool->chain.told = spool->chain.coming;
		spool->tells_chain = false;
	}
	return 0;
}

static bool is_want_of_room(int error)
{
	return error == -ENOBUFS || error == -ENOSPC || error == -EDQUOT;
}

static void say_trouble(struct fleet_spool *spool, enum fleet_lane lane, int error)
{
	if (error == 0)
		spool->trouble[0] = '\0';
	else if (error == -ENOBUFS)
		snprintf(spool->trouble, sizeof(spool->trouble),
			 "what waits has filled its room (fleet.spool, %" PRIu64
			 " MB), and %s records find none",
			 spool->bytes_max / 1000000, fleet_lane_name(lane));
	else
		snprintf(spool->trouble, sizeof(spool->trouble), "%.160s: %s",
			 spool->folder, strerror(-error));
}

bool fleet_spool_put(struct fleet_spool *spool, enum fleet_lane lane,
		     struct batch *batch, int64_t now_us)
{
	struct lane_files *files = &spool->lanes[lane];
	int error;
	look_at_all(spool);
	/* What is dropped of this lane is told in this batch. */
	do
		error = make_message(spool, lane, batch, now_us)
				? write_message(spool, lane, now_us)
				: -ENOMEM;
	while (is_want_of_room(error) && make_room(spool, lane, now_us));
	say_trouble(spool, lane, error);
	if (error != 0 && lane == LANE_EVENT)
		return false;
	if (error != 0) {
		note_lost(files, batch_records(batch), now_us);
		spool->dropped += batch_records(batch);
	}
	batch_clear(batch);
	return error == 0;
}

void fleet_spool_tells(struct fleet_spool *spool, const struct chain_told *told)
{
	spool->chain.coming = *told;
	spool->tells_chain = true;
}

void fleet_spool_chain(const struct fleet_spool *spool, struct chain_told *told)
{
	*told = spool->chain.told;
}

void fleet_spool_lost(struct fleet_spool *spool, enum fleet_lane lane, uint64_t records,
		      int64_t now_us)
{
	note_lost(&spool->lanes[lane], records, now_us);
	spool->dropped += records;
}

bool fleet_spool_owes(const struct fleet_spool *spool, enum fleet_lane lane)
{
	return spool->lanes[lane].lost > 0;
}

void fleet_spool_limit(struct fleet_spool *spool, uint64_t bytes_max)
{
	spool->bytes_max = bytes_max;
}

/* ---- how it is ---- */

static int64_t made_us_of(const struct fleet_spool *spool, enum fleet_lane lane,
			  struct waiting *waiting)
{
	struct buf bytes = { 0 };
	struct batch_head head;
	if (waiting->made_us == UNKNOWN_TIME &&
	    spool_read(spool->folder, lane, &waiting->name, &bytes, &head) == 0)
		waiting->made_us = head.made_us;
	buf_free(&bytes);
	return waiting->made_us;
}

void fleet_spool_status(struct fleet_spool *spool, struct fleet_spool_status *out)
{
	look_at_all(spool);
	*out = (struct fleet_spool_status){ .bytes = spool->bytes,
					    .oldest_us = UNKNOWN_TIME,
					    .dropped = spool->dropped };
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		struct lane_files *files = &spool->lanes[lane];
		out->batches += files->count;
		out->waiting[lane] = files->count;
		if (files->count == 0)
			continue;
		int64_t made_us = made_us_of(spool, (enum fleet_lane)lane,
					     &files->at[files->first]);
		if (made_us != UNKNOWN_TIME &&
		    (out->oldest_us == UNKNOWN_TIME || made_us < out->oldest_us))
			out->oldest_us = made_us;
	}
	memcpy(out->trouble, spool->trouble, sizeof(out->trouble));
}

/* ---- opening ---- */

struct opening {
	struct fleet_spool *spool;
	enum fleet_lane lane;
	bool failed;
};

static bool take_file(void *to, const struct spool_name *name, const char *path)
{
	struct opening *opening = to;
	struct stat st;
	if (stat(path, &st) != 0)
		return true; /* it was told just now */
	const struct waiting waiting = { .name = *name,
					 .bytes = on_disk((uint64_t)st.st_size),
					 .made_us = UNKNOWN_TIME };
	opening->failed = !add_waiting(&opening->spool->lanes[opening->lane], &waiting);
	opening->spool->bytes += waiting.bytes;
	return !opening->failed;
}

static int by_name(const void *a, const void *b)
{
	const struct waiting *one = a, *other = b;
	return spool_name_compare(&one->name, &other->name);
}

/* The last one of this epoch: waiting, told, or as it was when it was closed. */
static void find_sequence(struct fleet_spool *spool, enum fleet_lane lane)
{
	struct lane_files *files = &spool->lanes[lane];
	struct spool_name told;
	files->sequence = spool->epoch.sequences[lane];
	if (spool_read_told(spool->folder, lane, &told) == 0 &&
	    told.epoch == spool->epoch.epoch && told.sequence > files->sequence)
		files->sequence = told.sequence;
	for (size_t i = 0; i < files->count; i++) {
		const struct spool_name *name = &files->at[files->first + i].name;
		if (name->epoch == spool->epoch.epoch &&
		    name->sequence > files->sequence)
			files->sequence = name->sequence;
	}
}

/* Who takes needs no room for it then, also where there is none. */
static int make_told(const struct fleet_spool *spool, enum fleet_lane lane)
{
	struct spool_name told = { 0, 0 };
	if (spool_read_told(spool->folder, lane, &told) != -ENOENT)
		return 0;
	return spool_write_told(spool->folder, lane, &told);
}

static int open_lane(struct fleet_spool *spool, enum fleet_lane lane)
{
	char path[SPOOL_PATH_MAX];
	struct opening opening = { spool, lane, false };
	struct lane_files *files = &spool->lanes[lane];
	int error = spool_lane_path(spool->folder, lane, "", path);
	if (error == 0 && mkdir(path, SPOOL_FOLDER_MODE) == 0)
		error = file_sync_name(path);
	else if (error == 0 && errno != EEXIST)
		error = -errno;
	if (error == 0)
		error = spool_sweep(spool->folder, lane);
	if (error == 0)
		error = make_told(spool, lane);
	if (error == 0)
		error = spool_scan(spool->folder, lane, take_file, &opening);
	if (files->count > 0)
		qsort(files->at, files->count, sizeof(*files->at), by_name);
	return opening.failed ? -ENOMEM : error;
}

/* Later than any that files have, whatever the clock says. */
static uint64_t next_epoch(const struct fleet_spool *spool, int64_t now_us)
{
	uint64_t most = spool->epoch.epoch, random = 0;
	uint64_t seconds = (uint64_t)(now_us / 1000000);
	for (int lane = 0; lane < FLEET_LANES; lane++)
		for (size_t i = 0; i < spool->lanes[lane].count; i++)
			if (spool->lanes[lane].at[i].name.epoch > most)
				most = spool->lanes[lane].at[i].name.epoch;
	if (seconds <= most >> EPOCH_RANDOM_BITS)
		seconds = (most >> EPOCH_RANDOM_BITS) + 1;
	if (getrandom(&random, EPOCH_RANDOM_BITS / 8, 0) < 0)
		random = (uint64_t)getpid();
	return seconds << EPOCH_RANDOM_BITS | random;
}

/*
 * True if every batch that was made is still known.  After a power cut the newest files
 * may be gone, but not what was told of them; a folder of a snapshot, or from a copy,
 * knows nothing of what was told since, however well it was closed; and after a crash
 * the file that says what was told last must be whole.
 */
static bool is_all_known(const struct fleet_spool *spool, const char *boot)
{
	struct spool_name told;
	if (boot[0] == '\0' || strcmp(spool->epoch.boot, boot) != 0 ||
	    !spool->epoch.is_as_left)
		return false;
	if (spool->epoch.was_closed)
		return true;
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		int error =
			spool_read_told(spool->folder, (enum fleet_lane)lane, &told);
		if (error != 0 && error != -ENOENT)
			return false;
	}
	return true;
}

/* Whether that batch of events was kept: it waits, or a later one was made. */
static bool was_made(const struct fleet_spool *spool, const struct spool_name *name)
{
	const struct lane_files *files = &spool->lanes[LANE_EVENT];
	const struct spool_epoch *epoch = &spool->epoch;
	const struct spool_name closed = { epoch->epoch, epoch->sequences[LANE_EVENT] };
	struct spool_name told;
	if (files->count > 0 &&
	    spool_name_compare(&files->at[files->first + files->count - 1].name,
			       name) >= 0)
		return true;
	if (spool_read_told(spool->folder, LANE_EVENT, &told) == 0 &&
	    spool_name_compare(&told, name) >= 0)
		return true;
	return epoch->was_closed && spool_name_compare(&closed, name) >= 0;
}

/* Settled once, as later batches say nothing of that one any more. */
static int settle_chain(struct fleet_spool *spool, bool is_another)
{
	struct spool_chain *chain = &spool->chain;
	if (!spool_chain_read(spool->folder, chain))
		return 0;
	if (is_another) /* by this name nobody has heard anything yet */
		memset(chain, 0, sizeof(*chain));
	else if (was_made(spool, &chain->batch))
		chain->told = chain->coming;
	else
		chain->coming = chain->told;
	return spool_chain_write(spool->folder, chain);
}

/* What the run before could not tell any more. */
static void take_up_lost(struct fleet_spool *spool)
{
	const struct spool_epoch *epoch = &spool->epoch;
	for (int lane = 0; lane < FLEET_LANES; lane++)
		note_lost(&spool->lanes[lane], epoch->lost[lane], epoch->lost_us[lane]);
}

static int begin_epoch(struct fleet_spool *spool, const char *sensor, const char *boot,
		       int64_t now_us)
{
	struct spool_epoch *epoch = &spool->epoch;
	bool goes_on = spool_epoch_read(spool->folder, epoch);
	int error = settle_chain(spool, goes_on && strcmp(epoch->sensor, sensor) != 0);
	if (error != 0)
		return error;
	if (!goes_on || strcmp(epoch->sensor, sensor) != 0 ||
	    !is_all_known(spool, boot)) {
		epoch->epoch = next_epoch(spool, now_us);
		memset(epoch->sequences, 0, sizeof(epoch->sequences));
	}
	if (goes_on && epoch->was_closed && strcmp(epoch->sensor, sensor) == 0)
		take_up_lost(spool);
	memset(epoch->lost, 0, sizeof(epoch->lost));
	snprintf(epoch->sensor, sizeof(epoch->sensor), "%s", sensor);
	snprintf(epoch->boot, sizeof(epoch->boot), "%s", boot);
	epoch->was_closed = false;
	return spool_epoch_write(spool->folder, epoch);
}

static int open_folder(struct fleet_spool *spool, const char *sensor, const char *boot,
		       int64_t now_us)
{
	int error = 0;
	if (mkdir(spool->folder, SPOOL_FOLDER_MODE) == 0)
		error = file_sync_name(spool->folder);
	else if (errno != EEXIST)
		return -errno;
	for (int lane = 0; lane < FLEET_LANES && error == 0; lane++)
		error = open_lane(spool, (enum fleet_lane)lane);
	if (error == 0)
		error = begin_epoch(spool, sensor, boot, now_us);
	for (int lane = 0; lane < FLEET_LANES && error == 0; lane++)
		find_sequence(spool, (enum fleet_lane)lane);
	return error;
}

static void free_spool(struct fleet_spool *spool)
{
	for (int lane = 0; lane < FLEET_LANES; lane++)
		free(spool->lanes[lane].at);
	buf_free(&spool->message);
	free(spool);
}

struct fleet_spool *fleet_spool_open(const char *folder, const char *sensor,
				     uint64_t bytes_max, const char *boot,
				     int64_t now_us, char error[static SPOOL_ERROR_MAX])
{
	struct fleet_spool *spool = calloc(1, sizeof(*spool));
	if (spool == NULL) {
		snprintf(error, SPOOL_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	spool->bytes_max = bytes_max;
	snprintf(spool->folder, sizeof(spool->folder), "%s", folder);
	int failed = strlen(folder) + 64 < sizeof(spool->folder)
			     ? open_folder(spool, sensor, boot, now_us)
			     : -ENAMETOOLONG;
	if (failed == 0)
		return spool;
	snprintf(error, SPOOL_ERROR_MAX, "%.160s: %s", folder, strerror(-failed));
	free_spool(spool);
	return NULL;
}

void fleet_spool_close(struct fleet_spool *spool)
{
	if (spool == NULL)
		return;
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		spool->epoch.sequences[lane] = spool->lanes[lane].sequence;
		spool->epoch.lost[lane] = spool->lanes[lane].lost;
		spool->epoch.lost_us[lane] = spool->lanes[lane].lost_us;
	}
	spool->epoch.was_closed = true;
	spool_epoch_write(spool->folder, &spool->epoch);
	free_spool(spool);
}
