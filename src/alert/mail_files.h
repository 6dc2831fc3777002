/*
 * mail_files.h: files of a report as parts of a message of mail, RFC 2045 and 2183.
 * Private to the room.
 */
#pragma once

#include "alert/notifier.h"

/* Servers take 10 MB usually, and a third comes to it by the encoding. */
enum { MAIL_FILES_BYTES_MAX = 7000000 };

/* One that is read, or why it is not. */
struct mail_file {
	const char *name; /* borrowed */
	struct buf text;
	int error; /* 0: it is attached */
};

struct mail_files {
	struct mail_file at[NOTICE_FILES_MAX];
	size_t count;
};

/* In their order, as many as have room: what is too large is left out. */
void mail_files_read(struct mail_files *files, const struct notice_report *report,
		     size_t most);
void mail_files_free(struct mail_files *files);

/* Which are attached, and where the others are: lines of text. */
void mail_files_say(const struct mail_files *files, const struct notice *notice,
		    struct buf *out);
/* Each a part behind the boundary. */
void mail_files_add(const struct mail_files *files, const char *boundary,
		    struct buf *out);
