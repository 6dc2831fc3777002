/*
 * runner.h: what the process that runs a person's programs is told, and what it tells.
 *
 * The daemon can start no process; this one (GUARD_RUNNER) can do little else.  It was
 * forked with the programs that the configuration names, so that who has taken over the
 * daemon can choose among these by number, and not more: what reaches a program is a
 * text on its standard input, and words in its environment in which nothing stands that
 * a shell would take for something else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guard/guard.h"

enum {
	RUNNER_PROGRAMS_MAX = 4,
	RUNNER_WORDS_MAX = 24,
	RUNNER_NAME_MAX = 24,
	RUNNER_VALUE_MAX = 56,
	RUNNER_PIECE_MAX = 1920,
	RUNNER_INPUT_MAX = 65536,
	RUNNER_SAID_MAX = 200, /* of what a program says on standard error, its begin */
	RUNNER_USER_MAX = 64,
};

/* Bounds, for who shows them. */
enum {
	RUNNER_AT_ONCE = 4,
	RUNNER_A_MINUTE = 60,
	RUNNER_WAITING_MAX = 64,
	RUNNER_DEADLINE_MS = 10000,
};

/* BREAKWATER_name=value in the program's environment. */
struct runner_word {
	char name[RUNNER_NAME_MAX], value[RUNNER_VALUE_MAX];
};

enum runner_message_kind {
	RUNNER_RUN = 1, /* one more; its input follows in pieces, in order */
	RUNNER_INPUT,
};

struct runner_message {
	uint32_t kind;
	uint32_t program; /* of RUNNER_RUN: as of runner_task() */
	uint64_t id;      /* the caller's; not 0 */
	uint32_t count;   /* words; or bytes of this piece */
	uint32_t total;   /* of RUNNER_RUN: bytes of input */
	union {
		struct runner_word words[RUNNER_WORDS_MAX];
		uint8_t input[RUNNER_PIECE_MAX];
	};
};
_Static_assert(sizeof(struct runner_message) <= GUARD_EVENT_MAX, "one datagram");

enum runner_event_kind {
	RUNNER_ENDED = 1, /* it ran */
	RUNNER_REFUSED,   /* it could not be run: said tells why */
	RUNNER_LEFT_OUT,  /* too many wait */
	RUNNER_STATE,
};

struct runner_event {
	uint32_t kind;
	uint32_t program;
	uint64_t id;      /* of RUNNER_STATE, and of what is wrong at the start, 0 */
	int32_t status;   /* as of waitpid(2) */
	uint32_t is_late; /* it was ended after its deadline */
	uint32_t took_ms;
	uint32_t said_len;
	uint8_t said[RUNNER_SAID_MAX]; /* strangers' text, perhaps */
	/* Of each: */
	uint32_t running, waiting;
	uint64_t left_out;
	uint32_t uid; /* whose they are */
	uint32_t zero;
};
_Static_assert(sizeof(struct runner_event) <= GUARD_EVENT_MAX, "one datagram");

/* Capital letters, digits and "_". */
bool runner_name_is_good(const char *name);
/* Letters, digits and "._:/-", the first of them a letter, a digit or ":". */
bool runner_value_is_good(const char *value);

/* False if these bytes are no message that a daemon of ours sends. */
bool runner_message_parse(const void *bytes, size_t len, struct runner_message *out);
/* The same of an event. */
bool runner_event_parse(const void *bytes, size_t len, struct runner_event *out);

/*
 * True if that file may be run as that user: absolute, plain, executable, and nobody
 * but root and that user can change it or put another in its place.  real: where it
 * is; why: what is wrong.
 */
bool runner_judge(const char *path, uid_t uid, char real[static 4096],
		  char why[static RUNNER_SAID_MAX]);

/*
 * The task of that process; texts are borrowed for good.  "root" is taken as said, any
 * other user is an ordinary one, and who is no root stays who he is.
 */
struct guard_task runner_task(const char *const *programs, size_t count,
			      const char *user);
