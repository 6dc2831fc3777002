/*
 * blocklists.h: the user's lists of addresses known for attacks: read at the start, and
 * again when a file changes, by a thread, as a million lines take a moment.
 *
 * A file that is not right changes nothing: what it last said stays in force.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/home.h"
#include "config/config.h"
#include "detect/detect.h"
#include "policy/blocklist.h"

struct blocklists_file {
	char path[CONFIG_TEXT_MAX];
	uint64_t stamp;         /* of what was read last, right or wrong */
	struct blocklist *list; /* what was last right; owned; NULL: never */
	bool is_wrong;          /* what is there now is not */
};

struct blocklists_set {
	struct blocklists_file at[CONFIG_PATHS_MAX];
	size_t count;
};

struct blocklists {
	struct blocklists_set now;
	struct config_paths paths; /* of the configuration in force */
	uint64_t seen;             /* stamp of all, at the last look */
	int64_t look_us;           /* when to look again; monotonic */
	/* A thread reads: */
	bool is_reading;
	pthread_t thread;
	atomic_bool is_done;
	struct blocklists_set next;
	struct buf errors;
};

/* Reads them; what is wrong is appended to *errors. */
void blocklists_open(struct blocklists *lists, const struct config_paths *paths,
		     struct buf *errors);
void blocklists_close(struct blocklists *lists);

/* Has them read again, at the next look: the paths may be others. */
void blocklists_reload(struct blocklists *lists, const struct config_paths *paths);

/*
 * Looks whether something changed, and takes what was read.  True if other lists are in
 * force, or *errors has news; give them to detect before blocklists_forget().
 */
bool blocklists_look(struct blocklists *lists, int64_t monotonic_us,
		     struct buf *errors);
/* Frees those that are no longer in force. */
void blocklists_forget(struct blocklists *lists);

void blocklists_tell(const struct blocklists *lists, struct detect *detect);

/* Appends a line for each of those networks that a list names: it is not raised. */
void blocklists_mistakes(const struct blocklists *lists, const struct home *mine,
			 const char *what, struct buf *out);

struct blocklists_counts {
	uint64_t lists, entries, left_out, wrong;
};
void blocklists_count(const struct blocklists *lists, struct blocklists_counts *counts);
