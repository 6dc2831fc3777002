/*
 * logs.h: attempts to log in, as the machine's own logs tell them: the journal, files
 * of syslog, files of single programs.
 *
 * Formats (*.yaml, docs/logs.md) say which lines of which program tell of a login.  A
 * thread of its own follows the logs from where they end at the start and puts logins
 * into a ring; a flood of lines costs that thread a bounded share of a core, and what
 * it can't read any more is counted.  A log's word is a daemon's word about a stranger:
 * what the stranger chose (the user) may be any text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

/* ---- formats ---- */

struct log_formats;

/*
 * Those built in, then every *.yaml of folder, by name; one of the same name takes a
 * built-in's place.  A folder that is missing is empty.  NULL and lines
 * "file:line:column: ..." if one is wrong.
 */
struct log_formats *log_formats_open(const char *folder, struct buf *errors);
void log_formats_free(struct log_formats *formats);

/* ---- logins ---- */

/* What one line tells. */
struct log_login {
	struct login_record login;
	uint32_t count;  /* attempts it speaks of ... */
	uint32_t span_s; /* ... within that time before */
	/* Who tells: two lines of one teller are two attempts, of two perhaps one. */
	uint64_t teller;
	bool is_hint; /* counts only if nothing else tells of the same attempt */
};

struct logs_options {
	struct log_formats *formats; /* borrowed; used by the thread alone */
	bool journal, programs;
	/* Files of syslog; none: the usual ones if the journal can't be read. */
	const char *const *files;
	size_t file_count;
	const char *journal_folder; /* NULL: the machine's journal */
};

struct logs;

/* NULL without memory or thread.  Call it after the process has given up its rights. */
struct logs *logs_open(const struct logs_options *options);
void logs_close(struct logs *logs);

typedef void (*logs_emit)(void *to, const struct log_login *login);
/* Logins since the last call. */
void logs_take(struct logs *logs, logs_emit emit, void *to);

enum { LOGS_TEXT_MAX = 512 };

struct logs_status {
	bool looked;     /* everything has been looked for once */
	bool journal;    /* is being read */
	uint32_t files;  /* being read */
	uint64_t lines;  /* that some format was asked about */
	uint64_t logins; /* lines that told of one */
	uint64_t lost;   /* logins that the main thread did not fetch in time */
	uint64_t skips;  /* times that what waited was left out, as it was too much */
	uint64_t odd;    /* lines too long, or too much work for a pattern */
	/* What is there and can't be read, and why, for a person; "" if nothing. */
	char denied[LOGS_TEXT_MAX];
};
void logs_status(struct logs *logs, struct logs_status *out);

/*
 * Folders that logs are read from, for a sandbox that is entered before: of the journal
 * and of the files in options.  Emits those that exist.
 */
void logs_folders(const struct logs_options *options,
		  void (*emit)(void *to, const char *folder), void *to);
