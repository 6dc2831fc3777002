/*
 * dashboard_shelf.h: the dashboards of a daemon: those made on its page or with the
 * CLI, in a folder of the state folder, and those of a folder that is only read, whose
 * files people keep under version control.
 *
 * A name of both means the one that is only read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "web/dashboard.h"

enum {
	SHELF_PATH_MAX = 512,
	SHELF_DASHBOARDS_MAX = 200, /* in each of the two folders */
	SHELF_DIGEST_MAX = 65,
};

/* What is remembered of a file, so that only those that changed are read again. */
struct shelved {
	char file[256]; /* its name in the folder */
	uint64_t stamp; /* file_stamp() */
	char title[DASHBOARD_TITLE_MAX];
	size_t panels;
	char *error; /* owned; NULL: it is right */
};

struct shelf_folder {
	char path[SHELF_PATH_MAX];
	struct shelved *at; /* owned */
	size_t count;
	size_t left_out; /* files beyond SHELF_DASHBOARDS_MAX */
};

struct dashboard_shelf {
	struct shelf_folder kept, shared;
};

/* state: the state folder; shared: the one that is only read. */
void dashboard_shelf_open(struct dashboard_shelf *shelf, const char *state,
			  const char *shared);
void dashboard_shelf_close(struct dashboard_shelf *shelf);

/* All of them as a JSON array, those with errors too. */
void dashboard_shelf_list(struct dashboard_shelf *shelf, struct buf *json);

/*
 * One, as JSON or byte for byte as its file is.  0; -ENOENT; -EINVAL or -errno, and
 * what is wrong with the file in *out.
 */
int dashboard_shelf_get(const struct dashboard_shelf *shelf, const char *name,
			bool as_file, struct buf *out);

/* SHA-256 of the file before and after; "": there is none. */
struct shelf_change {
	char before[SHELF_DIGEST_MAX], after[SHELF_DIGEST_MAX];
};

/*
 * Keeps one: YAML as it is, JSON as YAML.  0, and a sentence in *message; -EINVAL,
 * -EROFS or -errno, and why.
 */
int dashboard_shelf_put(struct dashboard_shelf *shelf, const char *name,
			const struct buf *text, struct shelf_change *change,
			struct buf *message);
/* The same; -ENOENT: there is none. */
int dashboard_shelf_remove(struct dashboard_shelf *shelf, const char *name,
			   struct shelf_change *change, struct buf *message);
