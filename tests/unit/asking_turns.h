/*
 * asking_turns.h: scripts of asking.h that are written where they are used.
 */
#pragma once

#include "asking.h"

/* A question over TCP by a user, or by nobody: "". */
static inline struct question asking_user(const char *user, const char *password,
					  bool wants_tls)
{
	struct question question = asking_question(IPPROTO_TCP);
	question.wants_tls = wants_tls;
	question.user = user;
	question.password = password;
	return question;
}

/* What comes of these turns. */
#define ASKING_COMES_TO(protocol, asked_so, reason, next, detail, ...)                 \
	do {                                                                           \
		static const struct turn told[] = { __VA_ARGS__ };                     \
		struct question asked_now = asked_so;                                  \
		struct script told_so = SCRIPT(protocol, &asked_now, told);            \
		asking_is(&told_so, reason, next, detail);                             \
	} while (0)

/* ... is that the server is well; and spoilt they do no harm. */
#define ASKING_IS_WELL(protocol, asked_so, next, ...)                                  \
	do {                                                                           \
		static const struct turn told[] = { __VA_ARGS__ };                     \
		struct question asked_now = asked_so;                                  \
		struct script told_so = SCRIPT(protocol, &asked_now, told);            \
		asking_is_well(&told_so, next);                                        \
		asking_spoilt(&told_so, 1);                                            \
	} while (0)
