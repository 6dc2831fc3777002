/*
 * people.h: who may: users with passwords, and tokens of programs; people_file.h keeps
 * them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/password.h"
#include "web/role.h"
#include "web/secret.h"

enum { PERSON_NAME_MAX = 48, USERS_MAX = 256, TOKENS_MAX = 256, TOKEN_TEXT_MAX = 80 };

#define PERSON_NAME_ALLOWED                                                            \
	"letters, digits and ._@- , the first a letter or digit, 47 at most; not "     \
	"root, "                                                                       \
	"breakwater or console"

struct user {
	char name[PERSON_NAME_MAX];
	enum role role;
	int64_t since_us;
	char hash[PASSWORD_HASH_MAX]; /* "": only by a one-time link */
};

struct token {
	char name[PERSON_NAME_MAX];
	enum role role;
	int64_t since_us, until_us;
	struct secret_digest digest;
};

struct people {
	struct user users[USERS_MAX];
	struct token tokens[TOKENS_MAX];
	size_t user_count, token_count;
};

bool person_name_is_good(const char *name);

/* NULL: there is none of that name. */
struct user *people_user(struct people *people, const char *name);
struct token *people_token(struct people *people, const char *name);

/* Of what a client sent; NULL: it is nobody's, or its time is over. */
const struct token *people_token_of(const struct people *people, const char *text,
				    int64_t now_us);

/* What a token looks like to who is given it: "bw_" and a secret. */
bool token_new(char text[static TOKEN_TEXT_MAX], struct secret_digest *digest);

/*
 * NULL, or why not, in words for a person.  Names of users and of tokens are apart from
 * each other, too: the audit chain names who did something.
 */
const char *people_add_user(struct people *people, const struct user *user);
const char *people_add_token(struct people *people, const struct token *token);
/* False: there is none of that name. */
bool people_remove_user(struct people *people, const char *name);
bool people_remove_token(struct people *people, const char *name);
