/*
 * people.c: see people.h.
 */
#include "web/people.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"

static const char token_prefix[] = "bw_";

bool person_name_is_good(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char further[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";
	/* In the audit chain these are somebody else. */
	static const char *const taken[] = { "root", "breakwater", "console", NULL };
	size_t len = strlen(name);
	return !words_hold(taken, name) && len > 0 && len < PERSON_NAME_MAX &&
	       strchr(first, name[0]) != NULL && strspn(name, further) == len;
}

struct user *people_user(struct people *people, const char *name)
{
	for (size_t i = 0; i < people->user_count; i++)
		if (strcmp(people->users[i].name, name) == 0)
			return &people->users[i];
	return NULL;
}

struct token *people_token(struct people *people, const char *name)
{
	for (size_t i = 0; i < people->token_count; i++)
		if (strcmp(people->tokens[i].name, name) == 0)
			return &people->tokens[i];
	return NULL;
}

const struct token *people_token_of(const struct people *people, const char *text,
				    int64_t now_us)
{
	struct secret_digest digest;
	size_t len = strlen(token_prefix);
	if (strncmp(text, token_prefix, len) != 0 ||
	    !secret_digest(text + len, &digest))
		return NULL;
	for (size_t i = 0; i < people->token_count; i++)
		if (secret_same(&people->tokens[i].digest, &digest))
			return people->tokens[i].until_us > now_us ? &people->tokens[i]
								   : NULL;
	return NULL;
}

bool token_new(char text[static TOKEN_TEXT_MAX], struct secret_digest *digest)
{
	char secret[SECRET_TEXT_MAX];
	bool is_made = secret_new(secret) && secret_digest(secret, digest);
	snprintf(text, TOKEN_TEXT_MAX, "%s%s", token_prefix, secret);
	secret_forget(secret, sizeof(secret));
	return is_made;
}

static const char *name_refusal(struct people *people, const char *name)
{
	if (!person_name_is_good(name))
		return "a name has " PERSON_NAME_ALLOWED;
	if (people_user(people, name) != NULL)
		return "there is a user of that name";
	if (people_token(people, name) != NULL)
		return "there is a token of that name";
	return NULL;
}

const char *people_add_user(struct people *people, const struct user *user)
{
	const char *why = name_refusal(people, user->name);
	if (why == NULL && people->user_count == USERS_MAX)
		why = "there are 256 users, which is the most";
	if (why == NULL)
		people->users[people->user_count++] = *user;
	return why;
}

const char *people_add_token(struct people *people, const struct token *token)
{
	const char *why = name_refusal(people, token->name);
	if (why == NULL && people->token_count == TOKENS_MAX)
		why = "there are 256 tokens, which is the most";
	if (why == NULL)
		people->tokens[people->token_count++] = *token;
	return why;
}

bool people_remove_user(struct people *people, const char *name)
{
	struct user *user = people_user(people, name);
	if (user == NULL)
		return false;
	size_t behind = people->user_count - (size_t)(user - people->users) - 1;
	memmove(user, user + 1, behind * sizeof(*user));
	secret_forget(&people->users[--people->user_count], sizeof(*user));
	return true;
}

bool people_remove_token(struct people *people, const char *name)
{
	struct token *token = people_token(people, name);
	if (token == NULL)
		return false;
	size_t behind = people->token_count - (size_t)(token - people->tokens) - 1;
	memmove(token, token + 1, behind * sizeof(*token));
	people->token_count--;
	return true;
}
