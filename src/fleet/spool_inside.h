/*
 * spool_inside.h: the files of a spool, for who puts (spool.c) and who takes
 * (spool_take.c).  Private to them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/spool.h"

enum { SPOOL_PATH_MAX = 1024, SPOOL_FOLDER_MODE = 0700 };

/* The name of the batch of a lane that was acknowledged last, as text. */
#define SPOOL_TOLD "told"
/* The last file that was no batch. */
#define SPOOL_BAD "bad"

/* A batch by the name of its file; names sort as batches were made. */
struct spool_name {
	uint64_t epoch, sequence;
};

/* Below 0, 0, above 0. */
int spool_name_compare(const struct spool_name *a, const struct spool_name *b);
/* 0 or -ENAMETOOLONG. */
int spool_lane_path(const char *folder, enum fleet_lane lane, const char *name,
		    char path[static SPOOL_PATH_MAX]);
int spool_batch_path(const char *folder, enum fleet_lane lane,
		     const struct spool_name *name, char path[static SPOOL_PATH_MAX]);

/* Each batch of a lane, in no order. */
typedef bool (*spool_each)(void *to, const struct spool_name *name, const char *path);
int spool_scan(const char *folder, enum fleet_lane lane, spool_each each, void *to);
/* Removes what was not written to its end; for who writes, before it does. */
int spool_sweep(const char *folder, enum fleet_lane lane);

/* Reads the file of that batch.  -EBADMSG: it holds another one, or none. */
int spool_read(const char *folder, enum fleet_lane lane, const struct spool_name *name,
	       struct buf *bytes, struct batch_head *head);
/* What was told last.  -ENOENT: nothing was; -EBADMSG: it can't be known. */
int spool_read_told(const char *folder, enum fleet_lane lane, struct spool_name *name);
/* In its place, so that it needs no room: a power cut may tear it (spool.c). */
int spool_write_told(const char *folder, enum fleet_lane lane,
		     const struct spool_name *name);
/* Writes it beside and renames it; synced: it is there after a power cut, too. */
int spool_write(const char *path, const struct buf *bytes, bool is_synced);

/* ---- FOLDER/epoch ---- */

struct spool_epoch {
	uint64_t epoch;
	char sensor[FLEET_NAME_MAX];
	char boot[SPOOL_BOOT_MAX];       /* of the machine, when it was written */
	bool was_closed;                 /* in order; and if it was: */
	uint64_t sequences[FLEET_LANES]; /* the last ones */
	uint64_t lost[FLEET_LANES];      /* not told yet */
	int64_t lost_us[FLEET_LANES];
	/* Told when it is read: it is the file that was written last, not an older one
	 * that somebody put in its place.
	 */
	bool is_as_left;
};
bool spool_epoch_read(const char *folder, struct spool_epoch *out);
int spool_epoch_write(const char *folder, const struct spool_epoch *epoch);

/* ---- FOLDER/chain ---- */

struct spool_chain {
	struct chain_told told, coming; /* the latter once that batch was made */
	struct spool_name batch;
};
/* False, and all is 0: nothing was told yet, or it can't be known. */
bool spool_chain_read(const char *folder, struct spool_chain *out);
int spool_chain_write(const char *folder, const struct spool_chain *chain);
