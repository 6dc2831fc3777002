/*
 * talk_check.h: a conversation said line by line, and what its reader made of it.
 *
 * The feeder here does what the packet path does: keeps what a reader leaves, up to
 * turn_max, gives it again with more behind, honours skips.  talk_check_cut() says all
 * of it cut at every byte.
 */
#pragma once

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/feed.h"

enum { CHECK_RECORDS = 64, CHECK_NOTICES = 16 };

struct talk_check {
	struct talk talk;
	struct talk_sink sink;
	struct addr addr[2];
	uint16_t port[2];
	int64_t at_us;
	/* what was told */
	size_t logins, notices, records;
	struct login_record login[CHECK_RECORDS];
	struct {
		enum record_kind kind;
		union {
			struct http_record http;
			struct dns_record dns;
			struct tls_record tls;
			struct ssh_record ssh;
			struct ftp_record ftp;
			struct smtp_record smtp;
			struct snmp_record snmp;
			struct sip_record sip;
			struct rdp_record rdp;
			struct dhcp_record dhcp;
		};
	} record[CHECK_RECORDS];
	const struct talk_notice *notice[CHECK_NOTICES];
	char detail[CHECK_NOTICES][192];
	uint64_t answers, errors, took_us;
	/* the feeder's */
	uint8_t *kept[2];
	size_t kept_len[2];
	bool skips_turn[2], gap[2];
	unsigned last_by;
	bool is_closed;
};

static inline void check_record(void *self, struct talk *talk, enum record_kind kind,
				struct spoken *record)
{
	struct talk_check *c = self;
	(void)talk;
	if (kind == RECORD_login && c->logins < CHECK_RECORDS) {
		memcpy(&c->login[c->logins++], record, sizeof(c->login[0]));
	} else if (kind != RECORD_login && c->records < CHECK_RECORDS) {
		c->record[c->records].kind = kind;
		memcpy(&c->record[c->records++].http, record, schemas[kind].size);
	}
}

static inline void check_notice(void *self, struct talk *talk,
				const struct talk_notice *notice, const char *detail,
				int64_t at_us)
{
	struct talk_check *c = self;
	(void)talk;
	(void)at_us;
	if (c->notices == CHECK_NOTICES)
		return;
	snprintf(c->detail[c->notices], sizeof(c->detail[0]), "%s", detail);
	c->notice[c->notices++] = notice;
}

static inline void check_answer(void *self, struct talk *talk, bool is_error,
				uint64_t took_us)
{
	struct talk_check *c = self;
	(void)talk;
	c->answers++;
	c->errors += is_error;
	c->took_us = took_us;
}

/* True if that technique was noticed. */
static inline bool talk_check_noticed(const struct talk_check *c, const char *technique)
{
	for (size_t i = 0; i < c->notices; i++)
		if (strcmp(c->notice[i]->technique, technique) == 0)
			return true;
	return false;
}

/* A talk between 192.0.2.1:40000 and 192.0.2.2:port, of a protocol already recognised.
 */
static inline struct talk_check *talk_check_new(const struct protocol *protocol,
						uint8_t transport, uint16_t port)
{
	struct talk_check *c = calloc(1, sizeof(*c));
	c->sink = (struct talk_sink){ .self = c,
				      .record = check_record,
				      .notice = check_notice,
				      .answer = check_answer,
				      .wants = UINT32_MAX };
	c->addr[CLIENT] = addr_v4((const uint8_t[]){ 192, 0, 2, 1 });
	c->addr[SERVER] = addr_v4((const uint8_t[]){ 192, 0, 2, 2 });
	c->port[CLIENT] = 40000;
	c->port[SERVER] = port;
	c->at_us = 1700000000000000;
	c->last_by = 2;
	c->talk.sink = &c->sink;
	c->talk.room = talk_room_new(&(struct hash_key){ 0 });
	c->talk.addr = c->addr;
	c->talk.port = c->port;
	c->talk.transport = transport;
	c->talk.start_us = c->at_us;
	c->talk.facts.cleartext = UNKNOWN_FLAG;
	talk_begin(&c->talk, protocol);
	return c;
}

static inline void talk_check_free(struct talk_check *c)
{
	talk_room_free(c->talk.room);
	free(c->kept[CLIENT]);
	free(c->kept[SERVER]);
	free(c);
}

static inline size_t check_skip(struct talk_check *c, unsigned by, size_t len)
{
	size_t skip = c->talk.skip[by] < len ? (size_t)c->talk.skip[by] : len;
	c->talk.skip[by] -= skip;
	return skip;
}

/* What the reader makes of what is kept and of bytes that follow; true: it took some.
 */
static inline bool check_give(struct talk_check *c, unsigned by, const uint8_t *at,
			      size_t len, size_t beyond, bool begins, bool ends)
{
	bool is_stream = c->talk.transport == IPPROTO_TCP;
	/* An exact allocation, so that the sanitizer sees a read behind the end. */
	size_t have = c->kept_len[by] + len;
	uint8_t *all = malloc(have);
	memcpy(all, c->kept[by] != NULL ? c->kept[by] : all, c->kept_len[by]);
	memcpy(all + c->kept_len[by], at, len);
	struct said said = { .by = by,
			     .data = bytes_of(all, have),
			     .fresh = len,
			     .beyond = beyond,
			     .begins = begins && c->kept_len[by] == 0,
			     .after_gap = c->gap[by],
			     .ends = ends || !is_stream,
			     .at_us = c->at_us };
	c->gap[by] = false;
	bool more = talk_read(&c->talk, &said);
	size_t left = said.ends || !more ? 0 : said.data.len;
	size_t skip = check_skip(c, by, left);
	left -= skip;
	free(c->kept[by]);
	c->kept[by] = NULL;
	c->kept_len[by] = 0;
	if (c->talk.skip_turn[by] || ends) {
		c->talk.skip_turn[by] = false;
		c->skips_turn[by] = true;
	} else if (left > 0) {
		c->kept[by] = malloc(left);
		memcpy(c->kept[by], said.data.at + skip, left);
		c->kept_len[by] = left;
	}
	free(all);
	return left < have;
}

static inline bool check_is_over(const struct talk_check *c, unsigned by)
{
	return c->talk.done || c->talk.protocol == NULL || c->skips_turn[by];
}

/* One segment or datagram.  Time moves 1 ms with each. */
static inline void talk_say(struct talk_check *c, unsigned by, const void *data,
			    size_t len)
{
	const uint8_t *at = data;
	bool is_stream = c->talk.transport == IPPROTO_TCP;
	bool begins = c->last_by != by || !is_stream;
	c->at_us += 1000;
	c->last_by = by;
	if (begins && c->skips_turn[by]) {
		c->skips_turn[by] = false;
		c->gap[by] = true;
	}
	do {
		size_t skipped = check_skip(c, by, len);
		at += skipped;
		len -= skipped;
		if (check_is_over(c, by) || len == 0)
			return;
		size_t max = c->talk.protocol->turn_max != 0
				     ? c->talk.protocol->turn_max
				     : OPENING_MAX;
		size_t had = c->kept_len[by], room = had < max ? max - had : 0;
		size_t fits = is_stream && had > 0 && room < len ? room : len;
		bool took =
			check_give(c, by, at, fits, 0, begins && skipped == 0, false);
		at += fits;
		len -= fits;
		if (!took && had > 0 && had + fits >= max && !check_is_over(c, by)) {
			check_give(c, by, at, 0, len, false, true);
			return;
		}
	} while (len > 0);
}

static inline void talk_say_text(struct talk_check *c, unsigned by, const char *text)
{
	talk_say(c, by, text, strlen(text));
}

/* Bytes of this side were lost: its reader gets nothing until its next turn. */
static inline void talk_lose(struct talk_check *c, unsigned by)
{
	free(c->kept[by]);
	c->kept[by] = NULL;
	c->kept_len[by] = 0;
	c->skips_turn[by] = true;
	c->last_by = by;
}

static inline void talk_finish(struct talk_check *c)
{
	talk_end(&c->talk, c->at_us);
}

/* ---- recognising ---- */

/* What candidates_ask() makes of the two first turns, both complete; NULL: unknown. */
static inline const char *opening_is(uint8_t transport, uint16_t port, unsigned first,
				     struct bytes client, struct bytes server)
{
	struct addr addr[2] = { addr_v4((const uint8_t[]){ 192, 0, 2, 1 }),
				addr_v4((const uint8_t[]){ 192, 0, 2, 2 }) };
	struct opening opening = { .said = { client, server },
				   .ended = { true, true },
				   .first = first,
				   .transport = transport,
				   .port = { 40000, port },
				   .addr = addr };
	candidates left = candidates_begin(transport);
	const struct protocol *is = candidates_ask(&left, &opening);
	return is != NULL ? is->name : NULL;
}

static inline enum verdict verdict_of(const struct protocol *protocol,
				      uint8_t transport, struct bytes client,
				      struct bytes server)
{
	struct addr addr[2] = { addr_unset(), addr_unset() };
	struct opening opening = { .said = { client, server },
				   .transport = transport,
				   .port = { 40000, protocol->ports[0] },
				   .addr = addr };
	return protocol->recognise(&opening);
}
