/*
 * access.h: all that signing in needs while the daemon runs: who may, who has signed
 * in, who tries, and the file that keeps the first of these.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "web/attempts.h"
#include "web/door.h"
#include "web/hashing.h"
#include "web/once.h"
#include "web/people_change.h"
#include "web/refused.h"
#include "web/web.h"

enum { ACCESS_PATH_MAX = 320, COOKIE_NAME_MAX = 48 };

struct access {
	struct door door;
	struct attempts attempts;
	struct refused refused;
	struct once_links once;
	struct hashing *hashing;
	struct people_notes notes; /* made while no daemon ran */
	const struct web_source *source;
	char path[ACCESS_PATH_MAX]; /* "": nothing is kept */
	char cookie[COOKIE_NAME_MAX];
	uint64_t stamp; /* of the file, as we know it */
	int64_t looked_ms;
	int64_t warned_ms; /* of the certificate; 0: not yet */
	bool is_secure;    /* TCP is TLS */
};

/* NULL and why in error. */
struct access *access_open(const struct web_options *options,
			   char error[static WEB_ERROR_MAX]);
void access_free(struct access *access);

/* The cookie's name has the port in it, as browsers give one to all ports of a host. */
void access_name_cookie(struct access *access, uint16_t port);

/* Now and then: hashes that are made, and whether the file is another one. */
void access_tick(struct access *access, int64_t now_ms);

/* Whether anybody can come from elsewhere than this machine. */
bool access_has_people(const struct access *access);

/*
 * Somebody who gave that name (NULL: there is no such user) could not sign in.  Names
 * of nobody are not kept: one of them may be a password, in the wrong field.
 */
void access_note_refused(struct access *access, const struct user *user,
			 const struct addr *from);

/*
 * Makes the change, keeps it, ends what it ends, and puts it into the audit chain; as
 * people_change().  Nothing is changed if it can't be kept.
 */
int access_change(struct access *access, const struct people_asked *asked,
		  const char *actor, struct buf *message,
		  char secret[static TOKEN_TEXT_MAX]);
