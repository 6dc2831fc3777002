/*
 * people_file.h: STATE/web.access: users and tokens over a restart.
 *
 *	breakwater access 1
 *	user NAME ROLE SINCE HASH               "-": only by a one-time link
 *	token NAME ROLE SINCE UNTIL SHA256
 *	change AT ACTION ACTOR SUBJECT BEFORE AFTER    "-": nothing
 *	known SHA256                            of the users and tokens above
 *
 * Times are in microseconds since 1970.  A change is one that was made while no daemon
 * ran, which the next one puts into the audit chain and takes out here.  If users and
 * tokens are not those that were last written, somebody has edited the file: that is a
 * change, too.
 */
#pragma once

#include "base/buf.h"
#include "web/people.h"

enum { PEOPLE_NOTES_MAX = 256, PEOPLE_WORD_MAX = 64 };

/* A change, as the audit chain has it. */
struct people_note {
	int64_t at_us;
	const char *action; /* static */
	char actor[PEOPLE_WORD_MAX], subject[PEOPLE_WORD_MAX], before[PEOPLE_WORD_MAX],
		after[PEOPLE_WORD_MAX];
};

/* What was found to be edited. */
#define PEOPLE_EDITED "access_edited"

struct people_notes {
	struct people_note at[PEOPLE_NOTES_MAX];
	size_t count;
};

/* -EINVAL and "NAME:LINE: what" in *error, and then nothing is changed. */
int people_file_parse(const char *text, size_t len, const char *name,
		      struct people *people, struct people_notes *notes,
		      struct buf *error);
void people_file_write(const struct people *people, const struct people_notes *notes,
		       struct buf *text);

/* A file that is not there has nobody.  0, or -errno and why. */
int people_file_load(const char *path, struct people *people,
		     struct people_notes *notes, struct buf *error);
int people_file_save(const char *path, const struct people *people,
		     const struct people_notes *notes);
