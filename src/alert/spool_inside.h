/*
 * spool_inside.h: what the files spool*.c share; private to these.
 */
#pragma once

#include "alert/spool.h"

struct spool_entry {
	struct spool_message message;
	uint64_t order; /* as they were told */
	uint32_t len;
	bool is_repeat, is_under_way;
	char *unsaved; /* owned: its bytes, if they are in no file */
};

/* ---- spool_file.c ---- */

enum { SPOOL_DONE_MAX = 4096 /* ids: more than may wait */ };

/* The folder, and the ids of what is done. */
struct spool_files {
	char folder[SINK_PATH_MAX];
	uint64_t done[SPOOL_DONE_MAX];
	uint64_t done_count; /* the last of them are kept */
	int done_fd;         /* -1: it can't be written */
};

/* 0 or -errno. */
int spool_files_open(struct spool_files *files, const char *folder);
void spool_files_close(struct spool_files *files);
bool spool_files_is_done(const struct spool_files *files, uint64_t id);
/* It is on disk before the message's own file goes. */
void spool_files_done(struct spool_files *files, const struct spool_entry *entry);
int spool_files_write(const struct spool_files *files, const struct spool_entry *entry,
		      const char *bytes);
/* Appends the bytes; 0, -errno, or -EBADMSG: damaged. */
int spool_files_read(const struct spool_files *files, const struct spool_entry *entry,
		     struct buf *bytes);
void spool_files_remove(const struct spool_files *files,
			const struct spool_entry *entry);
/*
 * Each message in the folder, in order, without its bytes; what is damaged or done is
 * removed.  How many were damaged, or -errno.
 */
int spool_files_each(struct spool_files *files,
		     void (*take)(void *self, const struct spool_entry *entry),
		     void *self);
