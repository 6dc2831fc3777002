/*
 * people_change.h: a change of who may, as it is asked for over HTTP and by the
 * commands user and token.
 */
#pragma once

#include "base/buf.h"
#include "web/people_file.h"

struct people_asked {
	const char *action; /* as the audit chain has it, static */
	char name[PERSON_NAME_MAX];
	enum role role;
	char password[PASSWORD_MAX];  /* "": none */
	char hash[PASSWORD_HASH_MAX]; /* of it, which whoever asks has made */
	int64_t for_us;
};

/* How long a token is good that says nothing of it, and at most. */
#define TOKEN_USUAL "90d"
enum { TOKEN_LONGEST_DAYS = 1830 };

/* The action of that name, which is static; NULL: there is none. */
const char *people_action_named(const char *name);

/* From a form (docs/web.md).  NULL, or what is wrong. */
const char *people_asked_read(const char *form, struct people_asked *out);

/* Only a link: what makes one is in memory. */
bool people_asked_is_link(const struct people_asked *asked);

/*
 * Makes the change.  0, what was changed, in words, and note; or -EINVAL, -EEXIST,
 * -ENOENT and why.  secret: a token, shown once; "" if none was made.
 */
int people_change(struct people *people, const struct people_asked *asked,
		  int64_t now_us, struct people_note *note, struct buf *message,
		  char secret[static TOKEN_TEXT_MAX]);

/* Users and tokens, without what proves them, as JSON. */
void people_json(const struct people *people, int64_t now_us, struct buf *out);
