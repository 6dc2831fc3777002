/*
 * asking_mail.h: dialogues with servers of mail, files and terminals: each is run, cut
 * and spoilt, and ends as it must.
 */
#pragma once

#include "asking.h"

static inline struct question by_nobody(void)
{
	return asking_question(IPPROTO_TCP);
}

static inline struct question by_tls(void)
{
	struct question question = by_nobody();
	question.wants_tls = true;
	return question;
}

static inline struct question by_bob(void)
{
	struct question question = by_nobody();
	question.user = "bob";
	question.password = "sesame";
	return question;
}

static inline void check_well(const struct protocol *protocol, struct question question,
			      enum ask_next next, const struct turn *turns,
			      size_t count)
{
	struct script script = { protocol, &question, turns, count, false };
	asking_is_well(&script, next);
	asking_spoilt(&script, 1);
}
#define WELL(protocol, question, next, turns)                                          \
	check_well(protocol, question, next, turns, sizeof(turns) / sizeof((turns)[0]))

static inline void check_unwell(const struct protocol *protocol,
				struct question question, enum reason reason,
				enum ask_next next, const char *detail,
				const struct turn *turns, size_t count)
{
	struct script script = { protocol, &question, turns, count, false };
	asking_is(&script, reason, next, detail);
	asking_spoilt(&script, 2);
}
#define UNWELL(protocol, question, reason, next, detail, turns)                        \
	check_unwell(protocol, question, reason, next, detail, turns,                  \
		     sizeof(turns) / sizeof((turns)[0]))

/* Its server says only that, and is judged so. */
static inline void check_greeting(const struct protocol *protocol, const char *greeting,
				  enum reason reason, enum ask_next next)
{
	struct question question = by_nobody();
	struct turn turn = { TURN_HEARS, greeting, strlen(greeting) };
	struct script script = { protocol, &question, &turn, 1, false };
	struct asked asked;
	asked_run_cut(&asked, &script, 0, SIZE_MAX);
	assert_string_equal(reason_word(asked.ask->reason), reason_word(reason));
	assert_int_equal(asked.ask->next, next);
	asked_free(&asked);
}
