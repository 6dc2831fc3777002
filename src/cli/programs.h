/*
 * programs.h: programs of a person's that are run when something is decided, as the
 * daemon knows them: what each is told, and what came of it.  They run in a process of
 * its own (guard/runner.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "guard/runner.h"
#include "record/record.h"

/* By number, as the process knows them. */
enum program { PROGRAM_OF_BLOCKS, PROGRAM_OF_NOTICES, PROGRAM_KINDS };

struct notice; /* alert/notifier.h */

struct program_counts {
	uint64_t ended, failed, late, refused; /* failed: of those that ended */
	char last[256];                        /* "exit status 1: no route to host" */
};

struct programs {
	struct guard *process; /* NULL: no program is configured, or see why_not */
	const char *paths[PROGRAM_KINDS]; /* ""; not configured */
	char texts[PROGRAM_KINDS][CONFIG_TEXT_MAX];
	char user[RUNNER_USER_MAX]; /* whose they are */
	char why_not[GUARD_TEXT_MAX];
	struct program_counts counts[PROGRAM_KINDS];
	uint32_t running, waiting;
	uint64_t left_out, not_sent; /* by the process, and on the way to it */
	uint64_t told_left_out;      /* in the audit chain */
	int64_t told_us;
	uint64_t asked;
	struct {
		uint64_t id;
		enum program program;
		char about[32];                        /* the id of a record */
	} recent[RUNNER_WAITING_MAX + RUNNER_AT_ONCE]; /* by id, round and round */
};

struct programs_sink {
	void *self;
	/* A run and what came of it, for the audit chain. */
	void (*audit)(void *self, const struct audit_record *audit);
};

/* Makes the process, before any thread, if the configuration names a program. */
void programs_fork(struct programs *programs, const struct config *config);
void programs_close(struct programs *programs);

bool programs_are_wanted(const struct programs *programs);
bool programs_have(const struct programs *programs, enum program program);
/* To wait for; -1: there is nothing. */
int programs_fd(const struct programs *programs);
/* What it has to tell; text: what somebody should know. */
void programs_take(struct programs *programs, int64_t now_us,
		   const struct programs_sink *sink, struct buf *text);

struct program_word {
	const char *name, *value; /* NULL and "": left out, as what is no plain word */
};

/*
 * Runs one with a text on its standard input, and words in its environment; about: the
 * id of the record, for what is told of it.  Nothing is waited for: false, and counted,
 * if it can't be passed on.
 */
bool programs_run(struct programs *programs, enum program program, const char *about,
		  const struct program_word *words, size_t count,
		  const struct buf *input);

/* The program of a finding that has decided a block, or would have. */
void programs_block(struct programs *programs, const struct finding_record *finding,
		    const struct block_record *block);

/*
 * The program of what the sinks `program:` are told.  False: there is none, or it could
 * not be passed on.
 */
bool programs_notice(struct programs *programs, const struct notice *notice);

/* False if it is not there, or not confined as it should be; with why. */
bool programs_describe(struct programs *programs, char text[static GUARD_TEXT_MAX]);
/* "program":{...}: that of blocks, if there is one, and "notices":{...} within it. */
void programs_json(struct programs *programs, struct buf *out);
