/*
 * session.h: who signed in, by the cookie that was given to the browser.
 *
 * In memory alone: a restart ends them all.  What they may is asked of people.h each
 * time, so that who is removed is out at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/people.h"
#include "web/secret.h"

enum {
	SESSIONS_MAX = 512,
	SESSIONS_EACH = 16, /* of one user; the one that rested longest ends */
	SESSION_IDLE_S = 12 * 3600,
	SESSION_LONGEST_S = 7 * 86400,
};

struct session {
	struct secret_digest id;
	char csrf[SECRET_TEXT_MAX]; /* what each change has to bring along */
	/* "": by the link that `run` printed, which makes an administrator. */
	char user[PERSON_NAME_MAX];
	int64_t begun_ms, used_ms; /* monotonic */
};

struct sessions {
	struct session at[SESSIONS_MAX];
	size_t count;
};

/* id: the cookie's value.  False if the kernel gives no random bits. */
bool session_begin(struct sessions *sessions, const char *user, int64_t now_ms,
		   char id[static SECRET_TEXT_MAX]);

/* NULL: there is none, or it has ended.  Else it is used now. */
struct session *session_find(struct sessions *sessions, const char *id, int64_t now_ms);

/* NULL: there is none, or it has ended.  To look is no use. */
const struct session *session_of(const struct sessions *sessions,
				 const struct secret_digest *id, int64_t now_ms);

/* If it is there. */
void session_end(struct sessions *sessions, const struct secret_digest *id);
/* All of a user, but `except` (NULL: none). */
void session_end_of(struct sessions *sessions, const char *user,
		    const struct secret_digest *except);
