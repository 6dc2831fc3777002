/*
 * join_decide.c: see join_decide.h.
 *
 * First the token is taken, by who is quickest, for that key alone; then the key whose
 * place it takes is revoked; then the name is its own.  If any of that fails or the
 * answer is lost, the same key may ask again, as nothing else can be made of the token
 * any more: as long as the name is another one's, who asks knows whom to revoke.
 */
#include "fleet/join_decide.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fleet/jwt.h"
#include "fleet/revoke.h"

enum { TRIES_MAX = 4 };

struct deciding {
	struct link *link;
	const struct keyring *keys;
	const struct join_request *request;
	int64_t now_s;
	char name[FLEET_NAME_MAX];
	struct join_decision *out;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct join_decision *out,
							 const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(out->answer.refused, sizeof(out->answer.refused), format, arguments);
	va_end(arguments);
	return false;
}

static bool later(struct join_decision *out)
{
	out->is_later = true;
	return refuse(out, "the hub can't reach the fleet's bucket now: try again");
}

/* ---- what the token says ---- */

static bool read_token(struct deciding *d)
{
	char why[JWT_ERROR_MAX];
	struct join_decision *out = d->out;
	json_t *claims = jwt_read(d->request->token.at, d->request->token.len,
				  &d->keys->sensors, why);
	bool is_read = claims != NULL && claims_read_joiner(claims, &out->token);
	json_decref(claims);
	if (!is_read) {
		out->token.id[0] = '\0';
		return refuse(out, "the token was not made by this fleet");
	}
	/* Servers let who has a token ask on its own subject only. */
	if (strcmp(out->token.id, d->request->id) != 0)
		return refuse(out, "the token is another one's");
	if (out->token.until_s <= d->now_s)
		return refuse(out, "the token is over: ask for a new one");
	return true;
}

static bool choose_name(struct deciding *d)
{
	const char *fixed = d->out->token.name, *wanted = d->request->name;
	if (fixed[0] != '\0' && wanted[0] != '\0' && strcmp(fixed, wanted) != 0)
		return refuse(d->out, "the token is for %s, not for %s", fixed, wanted);
	snprintf(d->name, sizeof(d->name), "%s", fixed[0] != '\0' ? fixed : wanted);
	if (fleet_name_is_good(d->name) && strcmp(d->name, FLEET_HUB) != 0)
		return true;
	return refuse(d->out,
		      "the name \"%s\": allowed is 1 to 63 of A-Z a-z 0-9 _ -, "
		      "and not \"" FLEET_HUB "\"",
		      d->name);
}

/* ---- the token, once ---- */

static bool key_is_free(struct deciding *d)
{
	int error;
	if (revoke_is_noted(d->link, d->out->key, &error))
		return refuse(d->out, "its key was revoked: it needs a new one");
	return error == 0 || later(d->out);
}

/* 0; -EEXIST: it was taken meanwhile; or refused. */
static int take_ticket_once(struct deciding *d)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	struct ticket ticket;
	uint64_t revision, now;
	snprintf(key, sizeof(key), TICKET_KEY "%s", d->out->token.id);
	int result = link_get(d->link, key, &text, &revision);
	bool is_read = result == 0 && ticket_read(text.at, text.len, &ticket);
	buf_clear(&text);
	if (result == -ENOENT || (result == 0 && !is_read)) {
		refuse(d->out, "the token is not known here");
		result = -EPERM;
	} else if (is_read && ticket.used_by[0] != '\0') {
		bool is_same = strcmp(ticket.used_by, d->out->key) == 0 &&
			       strcmp(ticket.used_as, d->name) == 0;
		result = is_same ? 0 : -EPERM;
		if (result != 0)
			refuse(d->out,
			       "the token was used already, by %s: ask for a new "
			       "one",
			       ticket.used_as);
	} else if (is_read) {
		memcpy(ticket.used_by, d->out->key, sizeof(ticket.used_by));
		memcpy(ticket.used_as, d->name, sizeof(ticket.used_as));
		ticket.used_s = d->now_s;
		result = ticket_write(&ticket, &text)
				 ? link_put(d->link, key, text.at, text.len, revision,
					    &now)
				 : -ENOMEM;
	}
	buf_free(&text);
	return result;
}

static bool take_ticket(struct deciding *d)
{
	int result = -EEXIST;
	for (int i = 0; i < TRIES_MAX && result == -EEXIST; i++)
		result = take_ticket_once(d);
	return result == 0 || (result != -EPERM && later(d->out));
}

/* ---- the name ---- */

/* Whether it may have the name that is somebody's. */
static bool may_replace(struct deciding *d, const struct member *old)
{
	d->out->is_again =
		strcmp(old->public_key, d->out->key) == 0 && !old->is_revoked;
	if (d->out->is_again)
		return true;
	if (d->out->token.name[0] == '\0')
		return refuse(d->out,
			      "there is a sensor %s already%s: a token that was made "
			      "with --name %s may take its place",
			      old->name, old->is_revoked ? ", which was revoked" : "",
			      old->name);
	memcpy(d->out->replaced, old->public_key, sizeof(d->out->replaced));
	return true;
}

/* Who has it now: 0 (member.name "": nobody), or -EPERM: it is refused; or an error. */
static int look_at_name(struct deciding *d, struct member *member, uint64_t *revision)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	*member = (struct member){ 0 };
	*revision = 0;
	d->out->replaced[0] = '\0';
	snprintf(key, sizeof(key), MEMBER_KEY "%s", d->name);
	int result = link_get(d->link, key, &text, revision);
	if (result == 0 && !member_read(text.at, text.len, member)) {
		refuse(d->out, "what is kept of a sensor %s can't be read", d->name);
		result = -EPERM;
	} else if (result == 0 && !may_replace(d, member))
		result = -EPERM;
	buf_free(&text);
	return result == -ENOENT ? 0 : result;
}

/* Before the token is taken: who mistook the name can try another one with it. */
static bool name_is_free(struct deciding *d)
{
	struct member member;
	uint64_t revision;
	int result = look_at_name(d, &member, &revision);
	return result == 0 || (result != -EPERM && later(d->out));
}

static void describe(const struct deciding *d, struct member *member)
{
	const struct claims_token *token = &d->out->token;
	*member = (struct member){ .joined_s = d->now_s };
	memcpy(member->name, d->name, sizeof(member->name));
	memcpy(member->public_key, d->out->key, sizeof(member->public_key));
	memcpy(member->site, token->site, sizeof(member->site));
	memcpy(member->tags, token->tags, sizeof(member->tags));
	memcpy(member->by, token->by, sizeof(member->by));
	memcpy(member->token, token->id, sizeof(member->token));
}

/* 0 or -EAGAIN. */
static int revoke_old(struct deciding *d)
{
	if (d->out->replaced[0] == '\0')
		return 0;
	struct revoked old = { .at_s = d->now_s };
	memcpy(old.public_key, d->out->replaced, sizeof(old.public_key));
	memcpy(old.name, d->name, sizeof(old.name));
	return revoke_key(d->link, &old);
}

/* 0, -EEXIST: somebody was quicker, -EPERM: refused, or another error. */
static int take_name_once(struct deciding *d)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	struct member member;
	uint64_t revision, now;
	int result = look_at_name(d, &member, &revision);
	if (result == 0)
		result = revoke_old(d);
	if (result != 0)
		return result;
	describe(d, &member);
	snprintf(key, sizeof(key), MEMBER_KEY "%s", d->name);
	result = member_write(&member, &text)
			 ? link_put(d->link, key, text.at, text.len, revision, &now)
			 : -ENOMEM;
	buf_free(&text);
	return result;
}

static bool take_name(struct deciding *d)
{
	int result = -EEXIST;
	for (int i = 0; i < TRIES_MAX && result == -EEXIST; i++)
		result = take_name_once(d);
	return result == 0 || (result != -EPERM && later(d->out));
}

/* The token's own credential ends by itself soon; so it is no reason to refuse. */
static void revoke_token(struct deciding *d)
{
	struct revoked used = { .at_s = d->now_s, .until_s = d->out->token.until_s };
	nkey_public_text(&d->out->token.user, used.public_key);
	revoke_key(d->link, &used);
}

static bool fill_in(struct deciding *d)
{
	struct join_answer *answer = &d->out->answer;
	memcpy(answer->name, d->name, sizeof(answer->name));
	memcpy(answer->site, d->out->token.site, sizeof(answer->site));
	memcpy(answer->tags, d->out->token.tags, sizeof(answer->tags));
	memcpy(answer->servers, d->keys->servers, sizeof(answer->servers));
	return claims_sensor(d->name, &d->request->key, &d->keys->sensors, d->now_s,
			     &answer->jwt) ||
	       later(d->out);
}

void join_decide(struct link *link, const struct keyring *keys,
		 const struct join_request *request, int64_t now_s,
		 struct join_decision *out)
{
	struct deciding d = { .link = link,
			      .keys = keys,
			      .request = request,
			      .now_s = now_s,
			      .out = out };
	*out = (struct join_decision){ 0 };
	nkey_public_text(&request->key, out->key);
	if (read_token(&d) && choose_name(&d) && key_is_free(&d) && name_is_free(&d) &&
	    take_ticket(&d) && take_name(&d) && fill_in(&d))
		revoke_token(&d);
}
