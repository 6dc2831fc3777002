/*
 * once.h: links that let somebody in once, within ten minutes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/people.h"

enum { ONCE_MAX = 32, ONCE_S = 600 };

struct once_links {
	struct once_link {
		struct secret_digest digest;
		char user[PERSON_NAME_MAX]; /* "": the administrator at the console */
		int64_t until_ms;           /* monotonic */
	} at[ONCE_MAX];                     /* the oldest first */
	size_t count;
};

/* The oldest goes if there are too many.  False if the kernel gives no random bits. */
bool once_new(struct once_links *links, const char *user, int64_t now_ms,
	      char text[static SECRET_TEXT_MAX]);

/* Uses it up.  False: it is none, was used, or is too old. */
bool once_take(struct once_links *links, const char *text, int64_t now_ms,
	       char user[static PERSON_NAME_MAX]);

/* Those of a user are none any more. */
void once_end_of(struct once_links *links, const char *user);
