/*
 * log_files.h: lines as they are added to files of logs.  Private to the room.
 *
 * A file is what has an inode, not what has a name: after a rotation the old one is
 * read to its end, and the new one from its begin.  What was there at the first look is
 * history, and not read.  A position is always a line's begin: an unfinished line is
 * read again when there is more, so there is no buffer per file.
 */
#pragma once

#include "host/log_format.h"

enum { LOG_FILES_MAX = 64 };

struct log_files;

/* line: without its end; borrowed.  path: of the file, when it was found. */
typedef void (*log_line)(void *to, const struct log_format *format, const char *path,
			 struct bytes line);

/* NULL without memory. */
struct log_files *log_files_new(log_line take, void *to);
void log_files_free(struct log_files *files);

/*
 * Files to follow, as in glob(7), borrowed; format NULL: written by a syslog daemon.
 * False if there is no room.
 */
bool log_files_add(struct log_files *files, const char *pattern,
		   const struct log_format *format);

/* Looks what files there are; before the first reading, and every second or so. */
void log_files_look(struct log_files *files, int64_t now_us);

/*
 * Reads what is new, each file in turn, while may_go_on(of).  True if all has been
 * read.  A file that is megabytes behind loses what is oldest, which is counted.
 */
bool log_files_read(struct log_files *files, bool (*may_go_on)(void *of), void *of);

struct log_files_status {
	uint32_t open;
	uint64_t skips; /* times that most of what waited was left out */
	uint64_t odd;   /* lines too long, or cut off by a rotation */
	/* "/var/log/auth.log, ..."; of the last look */
	char denied[LOGS_TEXT_MAX];
};
void log_files_status(const struct log_files *files, struct log_files_status *out);
