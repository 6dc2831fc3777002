/*
 * people_change.c: see people_change.h.
 */
#include "web/people_change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "record/record.h"
#include "web/form.h"

#define DAY_US (86400 * INT64_C(1000000))

enum action {
	USER_ADD,
	USER_PASSWORD,
	USER_ROLE,
	USER_REMOVE,
	USER_LINK,
	TOKEN_ADD,
	TOKEN_REMOVE,
	EDITED,
	ACTIONS
};

/* As a form names them: what is done, and to what. */
static const struct {
	const char *name, *verb, *what;
} actions[ACTIONS] = {
	[USER_ADD] = { "user_add", "add", "user" },
	[USER_PASSWORD] = { "user_password", "passwd", "user" },
	[USER_ROLE] = { "user_role", "role", "user" },
	[USER_REMOVE] = { "user_remove", "remove", "user" },
	[USER_LINK] = { "user_link", "link", "user" },
	[TOKEN_ADD] = { "token_add", "add", "token" },
	[TOKEN_REMOVE] = { "token_remove", "remove", "token" },
	[EDITED] = { PEOPLE_EDITED, NULL, NULL },
};

static bool is_action(const struct people_asked *asked, enum action action)
{
	return asked->action == actions[action].name;
}

const char *people_action_named(const char *name)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (strcmp(actions[i].name, name) == 0)
			return actions[i].name;
	return NULL;
}

bool people_asked_is_link(const struct people_asked *asked)
{
	return is_action(asked, USER_LINK);
}

/* ---- what is asked ---- */

static const char *read_action(const char *form, struct people_asked *out)
{
	char verb[FORM_VALUE_MAX], name[FORM_VALUE_MAX];
	form_value(form, "action", verb);
	for (size_t i = 0; i < ACTIONS; i++) {
		if (actions[i].verb == NULL || strcmp(verb, actions[i].verb) != 0 ||
		    !form_value(form, actions[i].what, name))
			continue;
		if (!person_name_is_good(name) && !(i == USER_LINK && name[0] == '\0'))
			return "a name has " PERSON_NAME_ALLOWED;
		out->action = actions[i].name;
		memcpy(out->name, name, strlen(name) + 1);
		return NULL;
	}
	return "action: allowed are add, passwd, role, remove and link of a user, add "
	       "and remove of a token; user or token is the name";
}

static const char *read_password(const char *form, struct people_asked *out)
{
	char password[FORM_VALUE_MAX];
	if (!form_value(form, "password", password) || password[0] == '\0')
		return is_action(out, USER_PASSWORD) ? "password: which?" : NULL;
	const char *why = password_refusal(password);
	if (why == NULL)
		snprintf(out->password, sizeof(out->password), "%s", password);
	secret_forget(password, sizeof(password));
	return why;
}

static const char *read_time(const char *form, struct people_asked *out)
{
	char value[FORM_VALUE_MAX];
	if (!form_value(form, "for", value))
		snprintf(value, sizeof(value), "%s", TOKEN_USUAL);
	if (!duration_parse(value, &out->for_us) || out->for_us <= 0 ||
	    out->for_us > TOKEN_LONGEST_DAYS * DAY_US)
		return "for: allowed is a duration from 1s to 1830d, such as 90d";
	return NULL;
}

const char *people_asked_read(const char *form, struct people_asked *out)
{
	char role[FORM_VALUE_MAX];
	memset(out, 0, sizeof(*out));
	const char *why = read_action(form, out);
	if (why != NULL)
		return why;
	bool has_role = form_value(form, "role", role);
	out->role = role_parse(has_role ? role : "");
	bool wants_role = is_action(out, USER_ADD) || is_action(out, USER_ROLE) ||
			  is_action(out, TOKEN_ADD);
	if (wants_role && out->role == ROLE_NONE)
		return "role: allowed are " ROLES_ALLOWED;
	if (is_action(out, USER_ADD) || is_action(out, USER_PASSWORD))
		return read_password(form, out);
	return is_action(out, TOKEN_ADD) ? read_time(form, out) : NULL;
}

/* ---- what is done ---- */

struct making {
	struct people *people;
	const struct people_asked *asked;
	int64_t now_us;
	struct people_note *note;
	struct buf *message;
	char *secret;
};

static int refuse(const struct making *m, int error, const char *why)
{
	buf_printf(m->message, "%s: %s", m->asked->name, why);
	return error;
}

static int add_user(const struct making *m)
{
	struct user user = { .role = m->asked->role, .since_us = m->now_us };
	memcpy(user.name, m->asked->name, sizeof(user.name));
	memcpy(user.hash, m->asked->hash, sizeof(user.hash));
	const char *why = people_add_user(m->people, &user);
	if (why != NULL)
		return refuse(m, -EEXIST, why);
	snprintf(m->note->after, PEOPLE_WORD_MAX, "%s", role_name(user.role));
	buf_printf(m->message, "%s is a user now: %s%s", user.name,
		   role_name(user.role),
		   user.hash[0] == '\0' ? ", who has no password and needs a one-time "
					  "link"
					: "");
	return 0;
}

static int set_password(const struct making *m, struct user *user)
{
	memcpy(user->hash, m->asked->hash, sizeof(user->hash));
	buf_printf(m->message, "%s has another password now, and is signed out",
		   user->name);
	return 0;
}

static int set_role(const struct making *m, struct user *user)
{
	snprintf(m->note->before, PEOPLE_WORD_MAX, "%s", role_name(user->role));
	snprintf(m->note->after, PEOPLE_WORD_MAX, "%s", role_name(m->asked->role));
	user->role = m->asked->role;
	buf_printf(m->message, "%s is %s now", user->name, role_name(user->role));
	return 0;
}

static int remove_user(const struct making *m, const struct user *user)
{
	snprintf(m->note->before, PEOPLE_WORD_MAX, "%s", role_name(user->role));
	people_remove_user(m->people, m->asked->name);
	buf_printf(m->message, "%s is no user any more", m->asked->name);
	return 0;
}

static int change_user(const struct making *m)
{
	struct user *user = people_user(m->people, m->asked->name);
	if (user == NULL)
		return refuse(m, -ENOENT, "there is no such user");
	if (is_action(m->asked, USER_PASSWORD))
		return set_password(m, user);
	return is_action(m->asked, USER_ROLE) ? set_role(m, user)
					      : remove_user(m, user);
}

static int add_token(const struct making *m)
{
	struct token token = { .role = m->asked->role,
			       .since_us = m->now_us,
			       .until_us = m->now_us + m->asked->for_us };
	char until[TIME_TEXT_MAX];
	memcpy(token.name, m->asked->name, sizeof(token.name));
	if (!token_new(m->secret, &token.digest))
		return refuse(m, -EIO, "the kernel gives no random bits");
	const char *why = people_add_token(m->people, &token);
	if (why != NULL) {
		m->secret[0] = '\0';
		return refuse(m, -EEXIST, why);
	}
	record_time_text(token.until_us, until);
	snprintf(m->note->after, PEOPLE_WORD_MAX, "%s,%s", role_name(token.role),
		 until);
	buf_printf(m->message, "%s is a token now: %s, until %s", token.name,
		   role_name(token.role), until);
	return 0;
}

static int remove_token(const struct making *m)
{
	const struct token *token = people_token(m->people, m->asked->name);
	if (token == NULL)
		return refuse(m, -ENOENT, "there is no such token");
	snprintf(m->note->before, PEOPLE_WORD_MAX, "%s", role_name(token->role));
	people_remove_token(m->people, m->asked->name);
	buf_printf(m->message, "%s is no token any more", m->asked->name);
	return 0;
}

int people_change(struct people *people, const struct people_asked *asked,
		  int64_t now_us, struct people_note *note, struct buf *message,
		  char secret[static TOKEN_TEXT_MAX])
{
	const struct making m = { people, asked, now_us, note, message, secret };
	*note = (struct people_note){ .at_us = now_us, .action = asked->action };
	snprintf(note->subject, sizeof(note->subject), "%s", asked->name);
	secret[0] = '\0';
	if (is_action(asked, USER_ADD))
		return add_user(&m);
	if (is_action(asked, TOKEN_ADD))
		return add_token(&m);
	return is_action(asked, TOKEN_REMOVE) ? remove_token(&m) : change_user(&m);
}

/* ---- what there is ---- */

void people_json(const struct people *people, int64_t now_us, struct buf *out)
{
	char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	buf_text(out, "{\"users\":[");
	for (size_t i = 0; i < people->user_count; i++) {
		const struct user *user = &people->users[i];
		record_time_text(user->since_us, since);
		buf_printf(out,
			   "%s{\"user\":\"%s\",\"role\":\"%s\",\"since\":\"%s\","
			   "\"password\":%s}",
			   i > 0 ? "," : "", user->name, role_name(user->role), since,
			   user->hash[0] != '\0' ? "true" : "false");
	}
	buf_text(out, "],\"tokens\":[");
	for (size_t i = 0; i < people->token_count; i++) {
		const struct token *token = &people->tokens[i];
		record_time_text(token->since_us, since);
		record_time_text(token->until_us, until);
		buf_printf(out,
			   "%s{\"token\":\"%s\",\"role\":\"%s\",\"since\":\"%s\","
			   "\"until\":\"%s\",\"ended\":%s}",
			   i > 0 ? "," : "", token->name, role_name(token->role), since,
			   until, token->until_us <= now_us ? "true" : "false");
	}
	buf_text(out, "]}");
}
