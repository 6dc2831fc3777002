/*
 * decode_check.h: decode made frames and look at what came out.
 *
 * Include after cmocka.h.  Every frame is decoded from memory of exactly its captured
 * length, so that the sanitizer sees a byte read too far; `out` and `verdict` are
 * the answer.
 */
#pragma once

#include <stdlib.h>

#include "flow/packet.h"

#include "made_frame.h"

enum { TCP = 6, UDP = 17, IP4 = 0x0800, IP6 = 0x86dd };

static struct decoder *decoder;
static struct packet out[PACKETS_PER_FRAME];

static inline int check_begin(void **state)
{
	(void)state;
	decoder = decoder_new();
	return decoder ? 0 : -1;
}

static inline int check_end(void **state)
{
	(void)state;
	decoder_free(decoder);
	return 0;
}

/* The reason that a call of decode() counted. */
static inline size_t run(const struct frame *frame, enum decode_reason *reason)
{
	uint64_t before[DECODE_REASON_COUNT];
	int changed = 0;
	memcpy(before, decoder_counts(decoder), sizeof(before));
	size_t count = decode(decoder, frame, out);
	for (int i = 0; i < DECODE_REASON_COUNT; i++) {
		uint64_t more = decoder_counts(decoder)[i] - before[i];
		assert_true(more <= 1);
		changed += (int)more;
		if (more)
			*reason = i;
	}
	assert_int_equal(changed, 1);
	return count;
}

/* Decodes a made frame from memory of exactly its captured length. */
static inline size_t run_cut(struct made *m, uint16_t link, uint16_t flags,
			     size_t captured, size_t wire, enum decode_reason *reason)
{
	uint8_t *copy = malloc(captured ? captured : 1);
	assert_non_null(copy);
	memcpy(copy, made_at(m), captured);
	struct frame frame = {
		.at = copy,
		.len = (uint32_t)captured,
		.wire_len = (uint32_t)wire,
		.at_us = 5,
		.link = link,
		.flags = flags,
	};
	size_t count = run(&frame, reason);
	for (size_t i = 0; i < count; i++) {
		const struct bytes *payload = &out[i].payload;
		assert_true(payload->len <= out[i].payload_len);
		if (payload->len > 0)
			assert_true(payload->at >= copy &&
				    payload->at + payload->len <= copy + captured);
		out[i].payload.at = NULL; /* freed below */
	}
	free(copy);
	return count;
}

static enum decode_reason verdict;

static inline size_t take(struct made *m, uint16_t link)
{
	return run_cut(m, link, 0, m->len, m->len, &verdict);
}

static inline size_t take_ethernet(struct made *m, uint16_t type)
{
	made_ethernet(m, type);
	return take(m, LINK_ETHERNET);
}

/* The plain packet most tests wrap: TCP 1000 to 80 with 10 bytes. */
static inline struct made plain(uint16_t version)
{
	struct made m;
	made_payload(&m, 10);
	made_tcp(&m, 1000, 80, TCP_ACK | TCP_PSH);
	if (version == IP4)
		made_ip4(&m, TCP);
	else
		made_ip6(&m, TCP);
	return m;
}

static inline void expect_plain(size_t count, uint16_t version)
{
	const struct packet *p = &out[count - 1];
	assert_true(count > 0);
	assert_int_equal(verdict, DECODE_OK);
	assert_int_equal(p->proto, TCP);
	assert_int_equal(p->sport, 1000);
	assert_int_equal(p->dport, 80);
	assert_int_equal(p->payload_len, 10);
	assert_int_equal(p->payload.len, 10);
	assert_int_equal(p->ip_len, version == IP4 ? 50 : 70);
	assert_int_equal(p->flags, 0);
	assert_int_equal(addr_is_v4(&p->src), version == IP4);
	assert_int_equal(p->src.ip6[15], 1);
	assert_int_equal(p->dst.ip6[15], 2);
}

/* What stands behind the datagram must be there first, and the rest goes before it. */
static inline struct made with_trailer(const struct made *inner, size_t trailer)
{
	struct made m;
	made_payload(&m, trailer);
	made_put(&m, inner->room + MADE_ROOM - inner->len, inner->len);
	return m;
}

static inline struct made icmp_error(uint8_t version)
{
	struct made m;
	made_payload(&m, 0);
	made_udp(&m, 5000, 161);
	if (version == 4) {
		made_ip4(&m, UDP);
		made_icmp(&m, 3, 3, 0);
		made_ip4(&m, 1);
	} else {
		made_ip6(&m, UDP);
		made_icmp(&m, 1, 4, 0);
		made_ip6(&m, 58);
	}
	return m;
}

/* A fragment of a UDP datagram 1000 to 53; its first has the header. */
static inline struct made fragment4(size_t offset, size_t len, bool more, uint8_t proto)
{
	struct made m;
	made_payload(&m, len);
	if (offset == 0 && len >= 8) {
		made_be16(made_at(&m), 1000);
		made_be16(made_at(&m) + 2, 53);
		made_be16(made_at(&m) + 4, 4000);
	}
	size_t data = m.len;
	uint8_t saved[2048];
	memcpy(saved, made_at(&m), data);
	uint8_t *ip = made_ip4(&m, proto);
	memcpy(ip + 20, saved, data);
	made_be16(ip + 6, offset / 8 | (more ? 0x2000 : 0));
	made_ip4_sum(ip);
	return m;
}
