/*
 * join_message.h: what a machine with a one-time token asks (FLEET_JOIN), and what a
 * hub answers.
 *
 * The machine's own key signs the question, so that nobody joins with another's key;
 * the fleet's key, which the token names, signs the answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "fleet/claims.h"
#include "fleet/sign.h"
#include "fleet/token.h"

enum { JOIN_WHY_MAX = 256, JOIN_MESSAGE_MAX = 16 * 1024, JOIN_ERROR_MAX = 320 };

struct join_request {
	char name[FLEET_NAME_MAX]; /* that it wants to have; "": that of the token */
	char id[CLAIMS_ID_MAX];    /* of the token */
	struct nkey key;           /* its own; the public one alone when read */
	struct buf token;          /* the token's JWT; owned */
};

struct join_answer {
	char refused[JOIN_WHY_MAX]; /* why; "": it is joined, and the rest is right */
	char name[FLEET_NAME_MAX], site[CLAIMS_SITE_MAX], tags[CLAIMS_TAGS_MAX];
	char servers[TOKEN_SERVERS_MAX];
	struct buf jwt; /* owned */
};

void join_request_free(struct join_request *request);
void join_answer_free(struct join_answer *answer);

bool join_request_write(const struct join_request *request, struct buf *out);
/*
 * False, and error: it is none, or not signed by the key that it names.  The token in
 * it is a stranger's word.
 */
bool join_request_read(const void *bytes, size_t len, struct join_request *out,
		       char error[static JOIN_ERROR_MAX]);

/* To who asked with that token and key. */
bool join_answer_write(const struct join_answer *answer,
		       const struct join_request *request, const struct nkey *fleet,
		       struct buf *out);
/* False, and error: it is none, not signed by the fleet, or not for this request. */
bool join_answer_read(const void *bytes, size_t len, const struct join_request *request,
		      const struct nkey *fleet, struct join_answer *out,
		      char error[static JOIN_ERROR_MAX]);
