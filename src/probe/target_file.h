/*
 * target_file.h: files of targets, each with rules of its own.
 *
 * A list; an item is a target, or a mapping with `target` and any of the keys of
 * target_file.c.
 */
#pragma once

#include "base/buf.h"
#include "probe/parents.h"
#include "probe/rounds.h"

enum { TARGETS_MAX = 100000 };

/* Sites of a fleet that ask it, and how many have to say that it is down. */
enum { TARGET_SITES_MAX = 16 };
struct target_from {
	char sites[TARGET_SITES_MAX][64];
	uint8_t count; /* 0: all that are told of it */
	uint8_t need;  /* 0: most of them */
};

/* Where targets go. */
struct target_sink {
	/* Takes the target over. False: no memory, reading ends. */
	bool (*take)(void *to, struct target *target, const struct round_rules *rules);
	void *to;
	struct parents *parents; /* who names whom, to be checked; NULL: nobody does */
	/* This machine's site: what others ask is passed over.  NULL: nothing is. */
	const char *site;
	/* Before take(), of each; NULL: nobody wants to know. */
	void (*places)(void *to, const char *target, const struct target_from *from,
		       const struct round_rules *rules);
};

/*
 * Reads a file's text; what an item does not say is as in usual.  False, with lines
 * "name:line:column: what, and what is allowed" in *errors, if anything is wrong: all
 * of it is looked at, and what is right has been given.
 */
bool target_file_parse(const char *text, size_t len, const char *name,
		       const struct round_rules *usual, const struct target_sink *sink,
		       struct buf *errors);
