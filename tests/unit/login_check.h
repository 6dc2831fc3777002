/*
 * login_check.h: a login said line by line, and the one record that is told of it.
 *
 * The password in each is "correct-horse".
 */
#pragma once

#include "dialogue_check.h"

struct login_case {
	struct line said[6]; /* behind the greeting */
	const char *outcome, *method, *user;
	bool is_noticed;
};

static inline void login_is_told(const struct protocol *protocol, struct line greeting,
				 const struct login_case *login)
{
	struct line lines[8] = { greeting };
	size_t count = 1;
	for (size_t k = 0; k < 6 && login->said[k].len > 0; k++)
		lines[count++] = login->said[k];
	dialogue_cut(protocol, lines, count);
	struct talk_check *c = dialogue_heard(protocol, IPPROTO_TCP, lines, count, 0);
	assert_int_equal(c->logins, 1);
	assert_string_equal(c->login[0].outcome, login->outcome);
	assert_string_equal(c->login[0].method, login->method);
	assert_string_equal(c->login[0].user, login->user);
	assert_int_equal(c->notices, login->is_noticed);
	assert_null(memmem(&c->talk, sizeof(c->talk), "correct", 7));
	talk_check_free(c);
}
