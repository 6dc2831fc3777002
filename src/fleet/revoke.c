/*
 * revoke.c: see revoke.h.
 */
#include "fleet/revoke.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "fleet/jwt.h"

enum {
	TRIES_MAX = 8, /* to be the quicker one of several hubs */
	PUSH_MS = 3000,
	/*
	 * Of tokens that were used: hubs refuse them anyway, and they end by
	 * themselves, so they must not take the room of sensors that are revoked.
	 */
	TOKENS_MAX = 2000,
	/* Of what is sent, the rest of a message. */
	ROOM_LEFT = 4096,
	/* A token that was used, until whoever let somebody in with it ends it. */
	TOKEN_LATE_S = 60,
};

/* No JWT of a revoked key is taken, however late it was issued: the year 9999. */
static const int64_t for_ever_s = 253402300799;

/* Past its own end for so long, a credential is refused by every clock. */
static const int64_t grace_s = 3600;

static void key_of(const char *public_key, char out[static MEMBER_KEY_MAX])
{
	snprintf(out, MEMBER_KEY_MAX, REVOKED_KEY "%s", public_key);
}

int revoke_key(struct link *link, const struct revoked *revoked)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	uint64_t now;
	key_of(revoked->public_key, key);
	int result = revoked_write(revoked, &text)
			     ? link_put(link, key, text.at, text.len, UINT64_MAX, &now)
			     : -EAGAIN;
	buf_free(&text);
	return result;
}

int revoke_read(struct link *link, const char *public_key, struct revoked *out)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	uint64_t revision;
	key_of(public_key, key);
	int result = link_get(link, key, &text, &revision);
	if (result == 0 && !revoked_read(text.at, text.len, out))
		result = -EBADMSG;
	buf_free(&text);
	return result;
}

bool revoke_is_noted(struct link *link, const char *public_key, int *error)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	uint64_t revision;
	key_of(public_key, key);
	*error = link_get(link, key, &text, &revision);
	buf_free(&text);
	bool is_noted = *error == 0;
	if (*error == -ENOENT)
		*error = 0;
	return is_noted;
}

/* ---- the account ---- */

/* Whether the account names it; tokens: how many it does. */
static bool is_named(const struct revoked *revoked, int64_t now_s, int *tokens)
{
	return revoked->until_s == 0 ||
	       (revoked->until_s + grace_s >= now_s && ++*tokens <= TOKENS_MAX);
}

struct collecting {
	json_t *revoked;
	int64_t now_s;
	int tokens;
};

static void collect(void *to, const char *key, const void *value, size_t len,
		    uint64_t revision)
{
	struct collecting *collecting = to;
	struct revoked revoked;
	(void)key;
	(void)revision;
	if (revoked_read(value, len, &revoked) &&
	    is_named(&revoked, collecting->now_s, &collecting->tokens))
		json_object_set_new(collecting->revoked, revoked.public_key,
				    json_integer(for_ever_s));
}

/* What the account that is in the bucket says; NULL: there is none. */
static int read_account(struct link *link, json_t **claims, uint64_t *revision)
{
	char error[JWT_ERROR_MAX];
	struct buf text = { 0 };
	*claims = NULL;
	*revision = 0;
	int result = link_get(link, ACCOUNT_KEY, &text, revision);
	if (result == 0)
		*claims = jwt_look(text.at, text.len, error);
	buf_free(&text);
	return result == -ENOENT ? 0 : result;
}

/* When it was issued; 0: there is none. */
static int read_issued(struct link *link, int64_t *issued_s, uint64_t *revision)
{
	json_t *claims;
	int result = read_account(link, &claims, revision);
	*issued_s = json_integer_value(json_object_get(claims, "iat"));
	json_decref(claims);
	return result;
}

/*
 * Servers take the account that was issued last, by seconds: so each is at least one
 * later than that before it.
 */
static int renew_once(struct link *link, const struct keyring *keys, int64_t now_s)
{
	struct collecting collecting = { .now_s = now_s };
	struct buf jwt = { 0 };
	int64_t issued_s;
	uint64_t revision, now;
	int result = read_issued(link, &issued_s, &revision);
	if (result != 0)
		return result;
	if (issued_s >= now_s)
		now_s = issued_s + 1;
	collecting.revoked = json_object();
	result = link_each(link, REVOKED_KEY, collect, &collecting);
	if (result == 0 &&
	    !claims_sensors(&keys->sensors, &keys->account, &keys->operator_key, now_s,
			    collecting.revoked, &jwt))
		result = -ENOMEM;
	if (result == 0 && jwt.len > JWT_BYTES_MAX - ROOM_LEFT)
		result = -EMSGSIZE;
	if (result == 0)
		result = link_put(link, ACCOUNT_KEY, jwt.at, jwt.len, revision, &now);
	json_decref(collecting.revoked);
	buf_free(&jwt);
	return result;
}

int revoke_renew(struct link *link, const struct keyring *keys, int64_t now_s,
		 char error[static REVOKE_ERROR_MAX])
{
	int result = -EEXIST;
	error[0] = '\0';
	for (int i = 0; i < TRIES_MAX && result == -EEXIST; i++)
		result = renew_once(link, keys, now_s);
	if (result == 0)
		return 0;
	if (result == -EMSGSIZE) {
		snprintf(
			error, REVOKE_ERROR_MAX,
			"so many keys are revoked that no message holds them: this one "
			"is noted, but servers still let it in; make a new fleet");
		return -EMSGSIZE;
	}
	snprintf(error, REVOKE_ERROR_MAX,
		 "the fleet's bucket can't be written now: whoever is revoked is so "
		 "only when it can");
	return -EAGAIN;
}

/* ---- what somebody began ---- */

struct comparing {
	const json_t *named;
	int64_t now_s;
	int tokens;
	bool is_behind;
};

static void compare(void *to, const char *key, const void *value, size_t len,
		    uint64_t revision)
{
	struct comparing *comparing = to;
	struct revoked revoked;
	(void)key;
	(void)revision;
	if (!revoked_read(value, len, &revoked) ||
	    !is_named(&revoked, comparing->now_s, &comparing->tokens))
		return;
	comparing->is_behind |= revoked.is_open;
	bool is_due =
		revoked.until_s == 0 || comparing->now_s - revoked.at_s > TOKEN_LATE_S;
	if (is_due && json_object_get(comparing->named, revoked.public_key) == NULL)
		comparing->is_behind = true;
}

int revoke_is_behind(struct link *link, int64_t now_s, bool *is_behind)
{
	json_t *claims;
	uint64_t revision;
	struct comparing comparing = { .now_s = now_s };
	int result = read_account(link, &claims, &revision);
	comparing.named =
		json_object_get(json_object_get(claims, "nats"), "revocations");
	if (result == 0)
		result = link_each(link, REVOKED_KEY, compare, &comparing);
	json_decref(claims);
	*is_behind = comparing.is_behind;
	return result;
}

/* ---- telling servers ---- */

static bool was_taken(const struct buf *answer, char error[static REVOKE_ERROR_MAX])
{
	json_t *object = json_loadb(answer->at, answer->len, 0, NULL);
	const json_t *trouble = json_object_get(object, "error");
	bool is_taken = json_is_object(json_object_get(object, "data"));
	const char *why = json_string_value(json_object_get(trouble, "description"));
	if (!is_taken)
		snprintf(error, REVOKE_ERROR_MAX,
			 "a server refused the account: %.200s",
			 why != NULL ? why : "it does not say why");
	json_decref(object);
	return is_taken;
}

int revoke_push(struct link *link, struct link *system,
		char error[static REVOKE_ERROR_MAX])
{
	struct buf jwt = { 0 }, answer = { 0 };
	uint64_t revision;
	error[0] = '\0';
	int result = link_get(link, ACCOUNT_KEY, &jwt, &revision);
	if (result == -ENOENT)
		return 0;
	if (result == 0)
		result = link_ask(system, "$SYS.REQ.CLAIMS.UPDATE", jwt.at, jwt.len,
				  PUSH_MS, &answer);
	if (result != 0)
		snprintf(error, REVOKE_ERROR_MAX,
			 "no server answers in the system "
			 "account");
	else if (!was_taken(&answer, error))
		result = -EAGAIN;
	buf_free(&jwt);
	buf_free(&answer);
	return result != 0 ? -EAGAIN : 0;
}
