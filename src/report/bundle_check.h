/*
 * bundle_check.h: what the files that check a bundle share.  Private to the room.
 */
#pragma once

#include <jansson.h>

#include "report/bundle.h"
#include "report/tar.h"
#include "store/seal.h"

enum { BUNDLE_KEYS_MAX = 16 };

struct checking {
	const struct bundle_check *check;
	struct tar tar;
	json_t *manifest;
	struct seal_key keys[BUNDLE_KEYS_MAX];
	size_t key_count;
	int faults;
};

/* What holds, or does not, in a sentence. */
__attribute__((format(printf, 3, 4))) void bundle_judge(struct checking *c, bool holds,
							const char *format, ...);

/* A member's text; "": there is none. */
const char *bundle_word(const json_t *object, const char *name);

/* Of those that are trusted; NULL: none of them has that id. */
const struct seal_key *bundle_key(const struct checking *c, const char *id);

/* The audit chain, its checkpoints, and the reviews that the report tells of. */
void bundle_check_chain(struct checking *c);
