/*
 * asking.h: a dialogue with a server that is written down as a table: run whole, in
 * pieces of every size, cut anywhere, and spoilt.
 *
 * The runner does what the prober does: keeps what step() leaves and gives it again
 * with more behind, starts TLS when it is told to, and judges where the dialogue may
 * not.  Each step gets exact copies, so that the sanitizer sees a read behind the end.
 *
 *	static const struct turn fine[] = {
 *		HEARS("220 a ESMTP\r\n"), SAYS("EHLO b\r\n"),
 *		HEARS("250 a\r\n"), SAYS("QUIT\r\n"),
 *	};
 *	struct script script = SCRIPT(&protocol_smtp, &question, fine);
 *	asking_is_well(&script, ASK_LEAVE);
 */
#pragma once

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/protocol.h"

enum turn_kind {
	TURN_HEARS,       /* the server says it; UDP: one datagram */
	TURN_SAYS,        /* we must have said exactly that since the last turn */
	TURN_SAYS_SOME,   /* we must have said something */
	TURN_STARTS_TLS,  /* we must want TLS, and get it */
	TURN_SERVER_ENDS, /* the server says no more */
};
struct turn {
	enum turn_kind kind;
	const char *text;
	size_t len;
};
#define HEARS(text)                                                                    \
	{                                                                              \
		TURN_HEARS, text, sizeof(text) - 1                                     \
	}
#define SAYS(text)                                                                     \
	{                                                                              \
		TURN_SAYS, text, sizeof(text) - 1                                      \
	}
#define SAYS_SOMETHING                                                                 \
	{                                                                              \
		TURN_SAYS_SOME, NULL, 0                                                \
	}
#define STARTS_TLS                                                                     \
	{                                                                              \
		TURN_STARTS_TLS, NULL, 0                                               \
	}
#define SERVER_ENDS                                                                    \
	{                                                                              \
		TURN_SERVER_ENDS, NULL, 0                                              \
	}

struct script {
	const struct protocol *protocol;
	const struct question *question;
	const struct turn *turns;
	size_t count;
	bool in_tls; /* from the first byte */
};
#define SCRIPT(protocol, question, turns)                                              \
	{                                                                              \
		protocol, question, turns, sizeof(turns) / sizeof((turns)[0]), false   \
	}

/* A question to 192.0.2.1 over that; the rest is for the test to fill in. */
static inline struct question asking_question(uint8_t transport)
{
	struct question question = {
		.host = "harbour.example",
		.path = "",
		.user = "",
		.password = "",
		.transport = transport,
		.local_port = 40000,
		.nonce = "0123456789abcde",
		.at_us = 1700000000000000,
	};
	addr_parse("192.0.2.9", &question.local);
	addr_parse("192.0.2.1", &question.remote);
	return question;
}

/* A dialogue under way. */
struct asked {
	struct ask *ask;
	const struct script *script;
	uint8_t *unread;
	size_t unread_len, unread_room;
	size_t heard; /* octets that the server has said in all */
	size_t heard_when_judged;
};

static inline void asked_begin(struct asked *asked, const struct script *script)
{
	*asked = (struct asked){ .script = script };
	asked->ask = calloc(1, sizeof(*asked->ask));
	assert_non_null(asked->ask);
	asked->ask->question = script->question;
	asked->ask->in_tls = script->in_tls;
}

static inline void asked_free(struct asked *asked)
{
	free(asked->ask);
	free(asked->unread);
}

/* It waits for the server. */
static inline bool asked_goes_on(const struct asked *asked)
{
	return asked->ask->next == ASK_LISTEN;
}

/* What must be true of every step. */
static inline void asked_check(const struct asked *asked, const uint8_t *given,
			       size_t given_len, struct bytes left)
{
	const struct ask *ask = asked->ask;
	assert_true(ask->out_len <= sizeof(ask->out));
	assert_true(ask->reason < REASONS);
	assert_true(left.len <= given_len);
	if (left.len > 0)
		assert_ptr_equal(left.at + left.len, given + given_len);
	assert_non_null(memchr(ask->detail, '\0', sizeof(ask->detail)));
	for (const char *c = ask->detail; *c != '\0'; c++)
		assert_in_range(*c, 0x20, 0x7e);
	if (ask->reason == REASON_NONE)
		assert_string_equal(ask->detail, "");
	else
		assert_true(ask->is_judged);
	if (ask->next == ASK_START_TLS)
		assert_false(ask->in_tls);
	else if (ask->next != ASK_LISTEN && ask->next != ASK_OVER_TCP)
		assert_true(ask->is_judged);
}

/* step() with what is unread, and the rule for too much of it. */
static inline void asked_step(struct asked *asked)
{
	struct ask *ask = asked->ask;
	bool was_judged = ask->is_judged;
	uint8_t *given = malloc(asked->unread_len + (asked->unread_len == 0));
	if (asked->unread_len > 0)
		memcpy(given, asked->unread, asked->unread_len);
	struct bytes said = bytes_of(given, asked->unread_len);
	asked->script->protocol->asking->step(ask, &said);
	asked_check(asked, given, asked->unread_len, said);
	size_t left = asked->script->question->transport == IPPROTO_TCP ? said.len : 0;
	if (left > 0)
		memmove(asked->unread, asked->unread + asked->unread_len - left, left);
	asked->unread_len = left;
	free(given);
	if (left > ASK_UNREAD_MAX && asked_goes_on(asked))
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE, "too much is unread");
	if (ask->is_judged && !was_judged)
		asked->heard_when_judged = asked->heard;
}

/* The server says that at once. */
static inline void asked_hear(struct asked *asked, const void *bytes, size_t len)
{
	if (!asked_goes_on(asked))
		return;
	if (asked->unread_len + len > asked->unread_room) {
		asked->unread_room = (asked->unread_len + len) * 2;
		asked->unread = realloc(asked->unread, asked->unread_room);
		assert_non_null(asked->unread);
	}
	memcpy(asked->unread + asked->unread_len, bytes, len);
	asked->unread_len += len;
	asked->heard += len;
	asked_step(asked);
}

/* The server ends: who has not judged by then has seen it close. */
static inline void asked_end(struct asked *asked)
{
	if (!asked_goes_on(asked))
		return;
	asked->ask->ended = true;
	asked_step(asked);
	if (asked_goes_on(asked))
		ask_unwell(asked->ask, REASON_closed, ASK_CLOSE, "it closed");
}

/* The same in pieces of that size; 0: whole.  At most `most` octets, then the end. */
static inline void asked_hear_pieces(struct asked *asked, const struct turn *turn,
				     size_t piece, size_t most)
{
	if (piece == 0 || asked->script->question->transport != IPPROTO_TCP)
		piece = turn->len;
	for (size_t at = 0; at < turn->len && asked_goes_on(asked); at += piece) {
		size_t len = turn->len - at < piece ? turn->len - at : piece;
		bool is_last = asked->heard + len > most;
		if (is_last)
			len = most - asked->heard;
		if (len > 0)
			asked_hear(asked, turn->text + at, len);
		if (is_last)
			asked_end(asked);
	}
}

/* `next` stays as it is: it is the dialogue's to set. */
static inline void asked_start_tls(struct asked *asked)
{
	asked->ask->in_tls = true;
	asked->unread_len = 0;
	asked_step(asked);
}

/* What we said is what the script has. */
static inline void asked_compare(struct asked *asked, size_t at)
{
	const struct turn *turn = &asked->script->turns[at];
	const struct ask *ask = asked->ask;
	bool is_same = ask->out_len == turn->len &&
		       memcmp(ask->out, turn->text, turn->len) == 0;
	if (turn->kind == TURN_SAYS && !is_same)
		fail_msg("turn %zu: said \"%.*s\" instead of \"%.*s\"", at,
			 (int)ask->out_len, (const char *)ask->out, (int)turn->len,
			 turn->text);
	assert_int_not_equal(ask->out_len, 0);
}

/* A turn of the script as it is written; what we say must be in it. */
static inline void asked_turn(struct asked *asked, size_t at, size_t piece)
{
	const struct turn *turn = &asked->script->turns[at];
	struct ask *ask = asked->ask;
	if (turn->kind == TURN_SAYS || turn->kind == TURN_SAYS_SOME) {
		asked_compare(asked, at);
		ask->out_len = 0;
		return;
	}
	if (ask->out_len > 0)
		fail_msg("turn %zu: said \"%.*s\", which is not in the script", at,
			 (int)ask->out_len, (const char *)ask->out);
	if (turn->kind == TURN_STARTS_TLS) {
		assert_int_equal(ask->next, ASK_START_TLS);
		asked_start_tls(asked);
	} else if (turn->kind == TURN_HEARS) {
		asked_hear_pieces(asked, turn, piece, SIZE_MAX);
	} else {
		asked_end(asked);
	}
}

/* To the script's end, all that we say compared with it. */
static inline void asked_run(struct asked *asked, const struct script *script,
			     size_t piece)
{
	asked_begin(asked, script);
	asked_step(asked);
	for (size_t at = 0; at < script->count; at++)
		asked_turn(asked, at, piece);
	if (asked->ask->out_len > 0)
		fail_msg("it ends with \"%.*s\", which is not in the script",
			 (int)asked->ask->out_len, (const char *)asked->ask->out);
}

/* The server says so many octets of the script and ends; what we say does not matter.
 */
static inline void asked_run_cut(struct asked *asked, const struct script *script,
				 size_t piece, size_t most)
{
	asked_begin(asked, script);
	asked_step(asked);
	for (size_t at = 0; at < script->count; at++) {
		asked->ask->out_len = 0;
		if (asked->ask->next == ASK_START_TLS)
			asked_start_tls(asked);
		if (script->turns[at].kind == TURN_HEARS)
			asked_hear_pieces(asked, &script->turns[at], piece, most);
	}
	asked_end(asked);
}

static inline size_t script_longest(const struct script *script)
{
	size_t longest = 1;
	for (size_t i = 0; i < script->count; i++)
		if (script->turns[i].kind == TURN_HEARS &&
		    script->turns[i].len > longest)
			longest = script->turns[i].len;
	return longest;
}

/*
 * However it is cut into pieces, the dialogue comes to this; detail: a part of it.
 * Returns how many octets the server had to say until it was judged.
 */
static inline size_t asking_is(const struct script *script, enum reason reason,
			       enum ask_next next, const char *detail)
{
	size_t heard = 0;
	for (size_t piece = script_longest(script) + 1; piece-- > 0;) {
		struct asked asked;
		asked_run(&asked, script, piece);
		const struct ask *ask = asked.ask;
		if (ask->reason != reason || ask->next != next || !ask->is_judged)
			fail_msg("pieces of %zu: %s, \"%s\", judged %d, next %d", piece,
				 ask->reason == REASON_NONE ? "up"
							    : reason_word(ask->reason),
				 ask->detail, ask->is_judged, ask->next);
		if (strstr(ask->detail, detail) == NULL)
			fail_msg("the detail is \"%s\"", ask->detail);
		heard = asked.heard_when_judged;
		asked_free(&asked);
	}
	return heard;
}

/*
 * Who has not heard all that it takes is never well.  A dialogue that judges only at
 * the end is cut before the last octet.
 */
static inline void asking_is_cut(const struct script *script)
{
	size_t pieces[] = { 0, 1, 3 };
	struct asked whole;
	asked_run(&whole, script, 1);
	assert_int_equal(whole.ask->reason, REASON_NONE);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		for (size_t most = 0; most < whole.heard_when_judged; most++) {
			struct asked asked;
			asked_run_cut(&asked, script, pieces[i], most);
			if (asked.ask->reason == REASON_NONE)
				fail_msg("well after %zu of %zu octets", most,
					 whole.heard_when_judged);
			asked_free(&asked);
		}
	asked_free(&whole);
}

/* A healthy server, in pieces of all sizes and cut anywhere. */
static inline void asking_is_well(const struct script *script, enum ask_next next)
{
	asking_is(script, REASON_NONE, next, "");
	asking_is_cut(script);
}

/* Some octets of what the server says changed, some turns short; nothing breaks. */
static inline void asking_spoilt(const struct script *script, unsigned seed)
{
	enum { TRIES = 400, TURNS = 32, TURN_LEN = 4096 };
	static char copy[TURNS][TURN_LEN];
	struct turn turns[TURNS];
	struct script spoilt = *script;
	assert_true(script->count <= TURNS);
	spoilt.turns = turns;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int try = 0; try < TRIES; try++) {
		for (size_t i = 0; i < script->count; i++) {
			turns[i] = script->turns[i];
			assert_true(turns[i].len <= TURN_LEN);
			if (turns[i].kind != TURN_HEARS || turns[i].len == 0)
				continue;
			memcpy(copy[i], turns[i].text, turns[i].len);
			turns[i].text = copy[i];
			for (long n = random() % 4; n > 0; n--)
				copy[i][(size_t)random() % turns[i].len] =
					(char)(random() % 3 ? random() : 0xff);
			if (random() % 8 == 0)
				turns[i].len = (size_t)random() % turns[i].len + 1;
		}
		struct asked asked;
		asked_run_cut(&asked, &spoilt, random() % 4 == 0 ? 1 : 0, SIZE_MAX);
		asked_free(&asked);
	}
}

/* One who says only that, for ever, or ends. */
static inline void asking_hears_noise(const struct script *script, const uint8_t *noise,
				      size_t len)
{
	struct asked asked;
	asked_begin(&asked, script);
	asked_step(&asked);
	for (size_t said = 0; said < ASK_UNREAD_MAX * 2 && asked_goes_on(&asked);
	     said += len) {
		asked.ask->out_len = 0;
		asked_hear(&asked, noise, len);
		if (script->question->transport != IPPROTO_TCP)
			break;
	}
	asked_end(&asked);
	if (asked.ask->reason == REASON_NONE)
		fail_msg("well after noise of 0x%02x 0x%02x", noise[0], noise[1]);
	asked_free(&asked);
}

/* A server that says 64 KiB of each octet, or octets of no sense, is not well. */
static inline void asking_noise(const struct protocol *protocol,
				const struct question *question)
{
	static uint8_t noise[4096];
	struct script script = { .protocol = protocol, .question = question };
	for (unsigned value = 0; value < 256; value++) {
		memset(noise, (int)value, sizeof(noise));
		asking_hears_noise(&script, noise, sizeof(noise));
	}
	for (unsigned seed = 1; seed <= 100; seed++) {
		srandom(seed);
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)random();
		asking_hears_noise(&script, noise, sizeof(noise));
	}
}
