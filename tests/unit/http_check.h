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

/* Runs the body once for the turns said whole, in threes and byte by byte. */
#define EACH_PIECE(c, turns)                                                           \
	for (size_t piece_ = 1, left_ = 3; left_ > 0;                                  \
	     left_--, piece_ = piece_ == 1 ? 3 : 65536)                                \
		for (struct talk_check *c = http_check(                                \
			     turns, sizeof(turns) / sizeof(turns[0]), piece_);         \
		     c != NULL; talk_check_free(c), c = NULL)
