/*
 * blackbox_secret.h: a password, token or key, given in the file of modules or in a
 * file of its own; private to the files blackbox*.c.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

struct blackbox_secret {
	const char *text, *file; /* at most one of them; NULL, "": not given */
	char *kept;              /* owned: what was in the file when it was read last */
};

bool blackbox_secret_is_given(const struct blackbox_secret *secret);
/* Reads its file, for who can't later. */
void blackbox_secret_prepare(struct blackbox_secret *secret);
/*
 * Its text without white space around it, from the file as it is now if that can be
 * read; NULL: it never could be.
 */
const char *blackbox_secret_text(struct blackbox_secret *secret);
void blackbox_secret_free(struct blackbox_secret *secret);
