/*
 * http_check.h: HTTP dialogues, said whole or byte by byte.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk_check.h"

struct turn {
	unsigned by;
	const char *text;
};

/* Says the turns in pieces of at most `piece` bytes, and ends. */
static inline struct talk_check *http_check(const struct turn *turns, size_t count,
					    size_t piece)
{
	struct talk_check *c =
		talk_check_new(protocol_by_name("http"), IPPROTO_TCP, 80);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(turns[i].text), at = 0;
		for (; at < len && c->talk.protocol != NULL; at += piece) {
			size_t rest = len - at;
			talk_say(c, turns[i].by, turns[i].text + at,
				 rest < piece ? rest : piece);
		}
	}
	talk_finish(c);
	return c;
}

/* The same turns in the next larger pieces; NULL, and nothing left to free, at the end.
 */
static inline struct talk_check *http_check_next(struct talk_check *c,
						 const struct turn *turns, size_t count)
{
	static size_t piece;
	piece = c == NULL ? 1 : piece == 1 ? 3 : piece == 3 ? 65536 : 0;
	if (c != NULL)
		talk_check_free(c);
	return piece > 0 ? http_check(turns, count, piece) : NULL;
}

/* For the turns said byte by byte, in threes, and whole: c is what came of it. */
#define EACH_PIECE(turns)                                                              \
	for (struct talk_check *c = NULL;                                              \
	     (c = http_check_next(c, (turns), sizeof(turns) / sizeof((turns)[0]))) !=  \
	     NULL;)
