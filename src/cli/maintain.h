/*
 * maintain.h: maintenance that somebody asked for, with an end: kept in the state
 * folder, told to the process that asks, and written to the audit chain.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/probing.h"
#include "probe/maintenance.h"

enum {
	MAINTAIN_PATH_MAX = 512,
	MAINTAIN_WORDS_MAX = 128,
	MAINTAIN_DAYS_MAX = 31,
};

struct maintaining {
	char path[MAINTAIN_PATH_MAX];
	struct maintenance_note {
		char target[TARGET_TEXT_MAX]; /* "all", or a target's text */
		int64_t until_us;
		char actor[MAINTAIN_WORDS_MAX], why[MAINTAIN_WORDS_MAX];
	} at[MAINTAINED_MAX];
	size_t count;
	bool is_told; /* the process that asks knows it as it is */
};

/* Reads FOLDER/maintenance.json; what is not right in it is passed over. */
void maintaining_open(struct maintaining *m, const char *folder, int64_t now_us);

/*
 * A change as a form: target=, and for=2h or end=1, and why=.  0 and what changed, in
 * *note (until_us 0: it has ended) and in words; or -EINVAL and what is wrong; or
 * -errno and why it can't be kept: then nothing has changed.
 */
struct maintenance_asked {
	const char *form, *actor; /* who asks */
	int64_t now_us;
	const struct probing *probing; /* who knows the targets */
};
int maintaining_take(struct maintaining *m, const struct maintenance_asked *asked,
		     struct maintenance_note *note, struct buf *message);

/* Those in force as NDJSON. */
void maintaining_write(const struct maintaining *m, int64_t now_us, struct buf *out);

/* As maintenance.h has it: "" for all. */
const char *maintaining_target(const struct maintenance_note *note);

/* Has the process that asks know, if it does not. */
void maintaining_tell(struct maintaining *m, const struct probing *probing);
