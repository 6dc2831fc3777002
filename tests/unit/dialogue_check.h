/*
 * dialogue_check.h: a conversation written down as a table, said whole, cut, and
 * spoilt.
 *
 * What must be true of every reader is checked here once: that cuts change nothing,
 * that a begin is never refused, that hostile bytes do no harm.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "talk_check.h"

/* One segment or datagram. */
struct line {
	unsigned by;
	const char *text;
	size_t len;
};
#define SAYS(by, text)                                                                 \
	{                                                                              \
		by, text, sizeof(text) - 1                                             \
	}

enum { DIALOGUE_MAX = 4096 };

/* Says them; TCP: in pieces of `step` bytes, 0: whole. */
static inline void dialogue_say(struct talk_check *c, const struct line *lines,
				size_t count, size_t step)
{
	for (size_t i = 0; i < count; i++) {
		size_t piece = step != 0 && c->talk.transport == IPPROTO_TCP
				       ? step
				       : lines[i].len;
		for (size_t at = 0; at < lines[i].len && !c->talk.done; at += piece) {
			size_t left = lines[i].len - at;
			if (c->talk.protocol == NULL)
				return; /* it became something to be recognised anew */
			talk_say(c, lines[i].by, lines[i].text + at,
				 left < piece ? left : piece);
		}
	}
}

/* A fresh talk that heard all of it; free it with talk_check_free(). */
static inline struct talk_check *dialogue_heard(const struct protocol *protocol,
						uint8_t transport,
						const struct line *lines, size_t count,
						size_t step)
{
	struct talk_check *c = talk_check_new(protocol, transport, protocol->ports[0]);
	dialogue_say(c, lines, count, step);
	if (c->talk.protocol != NULL)
		talk_finish(c);
	return c;
}

/* The first turn of each side, put together; datagrams: the first of each. */
struct first_turns {
	unsigned first;
	char said[2][DIALOGUE_MAX];
	size_t len[2];
};

static inline void dialogue_open(struct first_turns *turns, uint8_t transport,
				 const struct line *lines, size_t count)
{
	*turns = (struct first_turns){ .first = lines[0].by };
	bool is_over[2] = { false, false };
	for (size_t i = 0; i < count; i++) {
		unsigned by = lines[i].by;
		if (i > 0 && lines[i - 1].by != by)
			is_over[1 - by] = true;
		size_t room = OPENING_MAX - turns->len[by];
		size_t len = lines[i].len < room ? lines[i].len : room;
		if (is_over[by])
			continue;
		memcpy(turns->said[by] + turns->len[by], lines[i].text, len);
		turns->len[by] += len;
		is_over[by] = transport != IPPROTO_TCP;
	}
}

/* What it is, as far as sides (bit per side) are seen; NULL: unknown. */
static inline const char *dialogue_is(uint8_t transport, uint16_t port,
				      const struct line *lines, size_t count,
				      unsigned sides)
{
	struct first_turns turns;
	dialogue_open(&turns, transport, lines, count);
	for (unsigned by = 0; by < 2; by++)
		if (!(sides >> by & 1))
			turns.len[by] = 0;
	unsigned first = sides == 3 ? turns.first : sides >> 1;
	return opening_is(transport, port, first,
			  bytes_of(turns.said[CLIENT], turns.len[CLIENT]),
			  bytes_of(turns.said[SERVER], turns.len[SERVER]));
}
enum { CLIENT_SIDE = 1, SERVER_SIDE = 2, BOTH_SIDES = 3 };

/* It may be another's, but not that one's. */
static inline void dialogue_is_not(const char *name, uint8_t transport, uint16_t port,
				   const struct line *lines, size_t count)
{
	const char *is = dialogue_is(transport, port, lines, count, BOTH_SIDES);
	if (is != NULL)
		assert_string_not_equal(is, name);
}

/* The verdict on exact copies, so that the sanitizer sees a read behind the end. */
static inline enum verdict exact_verdict(const struct protocol *protocol,
					 uint8_t transport, struct bytes client,
					 struct bytes server)
{
	struct bytes said[2] = { client, server };
	uint8_t *copy[2];
	for (unsigned by = 0; by < 2; by++) {
		copy[by] = malloc(said[by].len + (said[by].len == 0));
		if (said[by].len > 0)
			memcpy(copy[by], said[by].at, said[by].len);
		said[by] = bytes_of(copy[by], said[by].len);
	}
	enum verdict verdict =
		verdict_of(protocol, transport, said[CLIENT], said[SERVER]);
	free(copy[CLIENT]);
	free(copy[SERVER]);
	return verdict;
}

/* No begin of the first turn, and of the second behind it, is refused. */
static inline void dialogue_grows(const struct protocol *protocol, uint8_t transport,
				  const struct line *lines, size_t count)
{
	struct first_turns turns;
	dialogue_open(&turns, transport, lines, count);
	unsigned first = turns.first;
	struct bytes said[2] = { { 0 } };
	enum verdict verdict = VERDICT_MORE;
	for (size_t i = 0; i <= turns.len[first] + turns.len[1 - first]; i++) {
		size_t of_first = i < turns.len[first] ? i : turns.len[first];
		said[first] = bytes_of(turns.said[first], of_first);
		said[1 - first] = bytes_of(turns.said[1 - first], i - of_first);
		verdict =
			exact_verdict(protocol, transport, said[CLIENT], said[SERVER]);
		assert_int_not_equal(verdict, VERDICT_NO);
	}
	assert_int_equal(verdict, VERDICT_YES);
}

/* Whatever the cuts, the same is told. */
static inline void dialogue_cut(const struct protocol *protocol,
				const struct line *lines, size_t count)
{
	struct talk_check *whole =
		dialogue_heard(protocol, IPPROTO_TCP, lines, count, 0);
	static const size_t steps[] = { 1, 2, 3, 5, 7, 11, 64 };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct talk_check *c =
			dialogue_heard(protocol, IPPROTO_TCP, lines, count, steps[i]);
		assert_memory_equal(&c->talk.facts, &whole->talk.facts,
				    sizeof(c->talk.facts));
		assert_int_equal(c->logins, whole->logins);
		for (size_t k = 0; k < c->logins; k++) {
			assert_string_equal(c->login[k].user, whole->login[k].user);
			assert_string_equal(c->login[k].outcome,
					    whole->login[k].outcome);
		}
		assert_int_equal(c->notices, whole->notices);
		assert_int_equal(c->records, whole->records);
		assert_int_equal(c->answers, whole->answers);
		assert_int_equal(c->errors, whole->errors);
		assert_int_equal(c->talk.done, whole->talk.done);
		talk_check_free(c);
	}
	talk_check_free(whole);
}

static inline void say_and_forget(const struct protocol *protocol, uint8_t transport,
				  const struct line *lines, size_t count, size_t step)
{
	struct first_turns turns;
	dialogue_open(&turns, transport, lines, count);
	exact_verdict(protocol, transport,
		      bytes_of(turns.said[CLIENT], turns.len[CLIENT]),
		      bytes_of(turns.said[SERVER], turns.len[SERVER]));
	talk_check_free(dialogue_heard(protocol, transport, lines, count, step));
}

/* Some bytes of it changed, some lines short; a sanitizer sees what goes wrong. */
static inline void dialogue_spoilt(const struct protocol *protocol, uint8_t transport,
				   const struct line *lines, size_t count,
				   unsigned seed)
{
	enum { TRIES = 300, LINES = 32 };
	static char copy[LINES][DIALOGUE_MAX];
	struct line spoilt[LINES];
	print_message("seed %u\n", seed);
	srandom(seed);
	assert_true(count <= LINES);
	for (int try = 0; try < TRIES; try++) {
		for (size_t i = 0; i < count; i++) {
			spoilt[i] = lines[i];
			assert_true(lines[i].len <= DIALOGUE_MAX);
			memcpy(copy[i], lines[i].text, lines[i].len);
			spoilt[i].text = copy[i];
			for (long n = random() % 4; n > 0; n--)
				copy[i][(size_t)random() % lines[i].len] =
					(char)(random() % 3 ? random() : 0xff);
			if (random() % 8 == 0)
				spoilt[i].len = (size_t)random() % lines[i].len + 1;
		}
		say_and_forget(protocol, transport, spoilt, count,
			       random() % 4 == 0 ? 1 : 0);
	}
}

/* Bytes of no sense, and 16 KiB of each byte, from either side. */
static inline void dialogue_noise(const struct protocol *protocol, uint8_t transport)
{
	static char noise[16384];
	for (unsigned value = 0; value < 256; value++) {
		memset(noise, (int)value, sizeof(noise));
		const struct line lines[] = { { value & 1, noise, 700 },
					      { 1 - (value & 1), noise, 900 },
					      { value & 1, noise, sizeof(noise) } };
		say_and_forget(protocol, transport, lines, 3, 509);
	}
	for (unsigned seed = 1; seed <= 200; seed++) {
		srandom(seed);
		for (size_t i = 0; i < 2048; i++)
			noise[i] = (char)random();
		const struct line lines[] = { { seed & 1, noise, 512 },
					      { 1 - (seed & 1), noise + 512, 512 },
					      { seed & 1, noise + 1024, 1024 } };
		say_and_forget(protocol, transport, lines, 3, 31);
	}
}

/* What each side says first, and of whom. */
#define TEXT(text)                                                                     \
	{                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1, false                       \
	}
static const struct other_opening {
	uint8_t transport;
	struct bytes said[2];
	const char *of;
} other_openings[] = {
	{ IPPROTO_TCP,
	  { TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	    TEXT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") },
	  "http" },
	{ IPPROTO_TCP,
	  { TEXT("SSH-2.0-OpenSSH_9.2\r\n"), TEXT("SSH-2.0-OpenSSH_9.6\r\n") },
	  "ssh" },
	{ IPPROTO_TCP,
	  { TEXT("EHLO a\r\n"), TEXT("220 a ESMTP Postfix\r\n") },
	  "smtp" },
	{ IPPROTO_TCP, { TEXT("USER a\r\n"), TEXT("220 (vsFTPd 3.0.3)\r\n") }, "ftp" },
	{ IPPROTO_TCP, { TEXT("USER a\r\n"), TEXT("+OK Dovecot ready.\r\n") }, "pop3" },
	{ IPPROTO_TCP,
	  { TEXT("a1 LOGIN a b\r\n"), TEXT("* OK [CAPABILITY IMAP4rev1] ready\r\n") },
	  "imap" },
	{ IPPROTO_TCP,
	  { TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\xa0"),
	    TEXT("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03") },
	  "tls" },
	{ IPPROTO_TCP,
	  { TEXT("\xff\xfd\x03\xff\xfb\x18"), TEXT("\xff\xfd\x25") },
	  "telnet" },
	{ IPPROTO_TCP,
	  { TEXT("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01"
		 "\x00\x08\x00\x03\x00\x00\x00"),
	    TEXT("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02"
		 "\x0f\x08\x00\x02\x00\x00\x00") },
	  "rdp" },
	{ IPPROTO_TCP,
	  { TEXT("\x12\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00"
		 "\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03"),
	    TEXT("\x04\x01\x00\x2b\x00\x00\x01\x00\x00\x00\x1a") },
	  "mssql" },
	{ IPPROTO_TCP,
	  { TEXT("\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x0a"),
	    TEXT("\x00\x01\x00\x00\x00\x17\x01\x03\x14\x00\x00") },
	  "modbus" },
	{ IPPROTO_TCP,
	  { TEXT("\x00\x1e\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00"
		 "\x00\x00\x03www\x07"
		 "example\x03"
		 "com\x00\x00\x01"
		 "\x00\x01"),
	    TEXT("\x00\x0c\xab\xcd\x81\x83\x00\x00\x00\x00") },
	  "dns" },
	{ IPPROTO_TCP,
	  { TEXT("\x13"
		 "BitTorrent protocol\x00\x00\x00\x00\x00"),
	    TEXT("\x13"
		 "BitTorrent protocol\x00\x00\x00\x00\x00") },
	  "bittorrent" },
	{ IPPROTO_TCP, { TEXT("\x05\x01\x00"), TEXT("\x05\x00") }, "socks" },
	{ IPPROTO_TCP,
	  { TEXT("\x04\x01\x00\x50\xc0\x00\x02\x01root\x00"),
	    TEXT("\x00\x5a\x00\x50\xc0\x00\x02\x01") },
	  "socks" },
	{ IPPROTO_TCP,
	  { TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	    TEXT("\x00\x00\x12\x04\x00\x00\x00\x00\x00") },
	  "http2" },
	{ IPPROTO_TCP, { TEXT("stats\r\n"), TEXT("STAT pid 1162\r\n") }, "memcached" },
	{ IPPROTO_TCP,
	  { TEXT("OPTIONS sip:a@b SIP/2.0\r\n"), TEXT("SIP/2.0 200 OK\r\n") },
	  "sip" },
	{ IPPROTO_TCP,
	  { TEXT("GNUTELLA CONNECT/0.6\r\n"), TEXT("GNUTELLA/0.6 200 OK\r\n") },
	  "gnutella" },
	{ IPPROTO_UDP,
	  { TEXT("\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
		 "\x03www\x00\x00\x01\x00\x01"),
	    TEXT("\xab\xcd\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00"
		 "\x03www\x00\x00\x01\x00\x01") },
	  "dns" },
	{ IPPROTO_UDP,
	  { TEXT("\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x04"
		 "\x01\x02\x03\x04\x02\x01\x00\x02\x01\x00\x30\x0b"
		 "\x30\x09\x06\x05\x2b\x06\x01\x02\x01\x05\x00"),
	    TEXT("\x30\x26\x02\x01\x01\x04\x06public\xa2\x19") },
	  "snmp" },
	{ IPPROTO_UDP,
	  { TEXT("\x23\x02\x06\xec\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\xe8\x7a\x01\x02\x03\x04\x05\x06"),
	    TEXT("\x24\x02\x06\xec\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\xe8\x7a\x01\x02\x03\x04\x05\x06") },
	  "ntp" },
	{ IPPROTO_UDP,
	  { TEXT("M-SEARCH * HTTP/1.1\r\n"), TEXT("HTTP/1.1 200 OK\r\n") },
	  "ssdp" },
	{ IPPROTO_UDP,
	  { TEXT("\x00\x01\x00\x00\x21\x12\xa4\x42\x01\x02\x03\x04"
		 "\x05\x06\x07\x08\x09\x0a\x0b\x0c"),
	    TEXT("\x01\x01\x00\x0c\x21\x12\xa4\x42\x01\x02\x03\x04"
		 "\x05\x06\x07\x08\x09\x0a\x0b\x0c\x00\x20\x00\x08"
		 "\x00\x01\xa1\x47\x5e\x12\xa4\x43") },
	  "stun" },
	{ IPPROTO_UDP,
	  { TEXT("\xc3\x00\x00\x00\x01\x08\x01\x02\x03\x04\x05\x06"
		 "\x07\x08\x00\x00\x44\x9e\xaa\xbb\xcc\xdd\xee\xff"),
	    TEXT("\xc5\x00\x00\x00\x01\x00\x08\x01\x02\x03\x04\x05"
		 "\x06\x07\x08\x00\x40\x75\xaa\xbb\xcc\xdd\xee\xff") },
	  "quic" },
	{ IPPROTO_UDP,
	  { TEXT("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa"
		 "1:y1:qe"),
	    TEXT("d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re") },
	  "bittorrent" },
	{ IPPROTO_UDP,
	  { TEXT("\x01\x00\x00\x00\x94\x6c\xb0\xc7\x00\x00\x00\x00"),
	    TEXT("\x02\x00\x00\x00\x94\x6c\xb0\xc7\x00\x00\x00\x00") },
	  "wireguard" },
};
#undef TEXT

/* None of them may be claimed, be one side seen or both. */
static inline void dialogue_claims_no_other(const struct protocol *protocol)
{
	for (size_t i = 0; i < sizeof(other_openings) / sizeof(other_openings[0]);
	     i++) {
		struct bytes none = { 0 }, client = other_openings[i].said[CLIENT],
			     server = other_openings[i].said[SERVER];
		bool is_spoken = false;
		for (size_t k = 0; k < sizeof(protocol->transports); k++)
			is_spoken |=
				protocol->transports[k] == other_openings[i].transport;
		if (!is_spoken || strcmp(other_openings[i].of, protocol->name) == 0)
			continue;
		uint8_t over = other_openings[i].transport;
		if (exact_verdict(protocol, over, client, server) == VERDICT_YES ||
		    exact_verdict(protocol, over, client, none) == VERDICT_YES ||
		    exact_verdict(protocol, over, none, server) == VERDICT_YES)
			fail_msg("opening %zu is not %s", i, protocol->name);
	}
}
