/*
 * test_decode.c: the decoder, layer by layer, whole, cut at every byte, and lied to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow/packet.h"

#include "made_frame.h"

enum { TCP = 6, UDP = 17, IP4 = 0x0800, IP6 = 0x86dd };

static struct decoder *decoder;
static struct packet out[PACKETS_PER_FRAME];

static int begin(void **state)
{
	(void)state;
	decoder = decoder_new();
	return decoder ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	decoder_free(decoder);
	return 0;
}

/* The reason that a call of decode() counted. */
static size_t run(const struct frame *frame, enum decode_reason *reason)
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
static size_t run_cut(struct made *m, uint16_t link, uint16_t flags, size_t captured,
		      size_t wire, enum decode_reason *reason)
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

static size_t take(struct made *m, uint16_t link)
{
	return run_cut(m, link, 0, m->len, m->len, &verdict);
}

static size_t take_ethernet(struct made *m, uint16_t type)
{
	made_ethernet(m, type);
	return take(m, LINK_ETHERNET);
}

/* The plain packet most tests wrap: TCP 1000 to 80 with 10 bytes. */
static struct made plain(uint16_t version)
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

static void expect_plain(size_t count, uint16_t version)
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

static void plain_tcp_is_read_whole(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	expect_plain(take_ethernet(&m, IP4), IP4);
	assert_int_equal(out[0].seq, 0x1234);
	assert_int_equal(out[0].ack, 0x5678);
	assert_int_equal(out[0].window, 512);
	assert_int_equal(out[0].tcp_flags, TCP_ACK | TCP_PSH);
	assert_int_equal(out[0].at_us, 5);
	assert_int_equal(out[0].tunnel, TUNNEL_NONE);
	m = plain(IP6);
	expect_plain(take_ethernet(&m, IP6), IP6);
}

/* What stands behind the datagram must be there first, and the rest goes before it. */
static struct made with_trailer(const struct made *inner, size_t trailer)
{
	struct made m;
	made_payload(&m, trailer);
	made_put(&m, inner->room + MADE_ROOM - inner->len, inner->len);
	return m;
}

static void padding_behind_the_datagram_is_not_payload(void **state)
{
	(void)state;
	struct made inner = plain(IP4);
	struct made m = with_trailer(&inner, 6);
	expect_plain(take_ethernet(&m, IP4), IP4);
}

static void every_link_type_leads_to_ip(void **state)
{
	(void)state;
	static const struct {
		uint16_t link, version, flags;
		size_t len;
		const char *header;
	} cases[] = {
		{ LINK_RAW, IP4, 0, 0, "" },
		{ LINK_RAW, IP6, 0, 0, "" },
		{ LINK_RAW_BSD, IP4, 0, 0, "" },
		{ LINK_RAW_OPENBSD, IP6, 0, 0, "" },
		{ LINK_IPV4, IP4, 0, 0, "" },
		{ LINK_IPV6, IP6, 0, 0, "" },
		{ LINK_NULL, IP4, 0, 4, "\2\0\0\0" },
		{ LINK_NULL, IP4, 0, 4, "\0\0\0\2" },
		{ LINK_NULL, IP6, 0, 4, "\x18\0\0\0" },
		{ LINK_NULL, IP6, 0, 4, "\0\0\0\x1c" },
		{ LINK_LOOP, IP6, 0, 4, "\0\0\0\x1e" },
		{ LINK_PPP, IP4, 0, 2, "\0\x21" },
		{ LINK_PPP, IP4, 0, 4, "\xff\3\0\x21" },
		{ LINK_PPP, IP6, 0, 1, "\x57" },
		{ LINK_PPP_HDLC, IP6, 0, 4, "\xff\3\0\x57" },
		{ LINK_PPP_HDLC, IP4, 0, 4, "\x0f\0\x08\0" },
		{ LINK_SLL, IP4, 0, 16, "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\x08\0" },
		{ LINK_SLL, IP6, 0, 20,
		  "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\x81\0\0\0\x86\xdd" },
		{ LINK_SLL2, IP6, 0, 20,
		  "\x86\xdd\0\0\0\0\0\1\0\1\0\6\0\0\0\0\0\0\0\0" },
		{ LINK_NFLOG, IP4, 0, 16, "\2\0\0\0\7\0\1\0abc\0\x36\0\x09\0" },
		{ LINK_NFLOG, IP6, FRAME_SWAPPED, 8, "\x0a\0\0\0\0\x4a\0\x09" },
		{ LINK_80211, IP4, 0, 32,
		  "\x08\1\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0"
		  "\xaa\xaa\3\0\0\0\x08\0" },
		{ LINK_80211, IP6, 0, 40, /* both directions, QoS */
		  "\x88\3\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0\4\4\4\4\4\4\0\0"
		  "\xaa\xaa\3\0\0\0\x86\xdd" },
		{ LINK_RADIOTAP, IP4, 0, 8 + 32, /* no fields */
		  "\0\0\x08\0\0\0\0\0"
		  "\x08\2\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0"
		  "\xaa\xaa\3\0\0\0\x08\0" },
		{ LINK_RADIOTAP, IP4, 0, 17 + 36, /* clock, padded QoS header */
		  "\0\0\x11\0\3\0\0\0\1\1\1\1\1\1\1\1\x20"
		  "\x88\2\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0\0\0\0\0"
		  "\xaa\xaa\3\0\0\0\x08\0" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = plain(cases[i].version);
		made_put(&m, cases[i].header, cases[i].len);
		size_t count = run_cut(&m, cases[i].link, cases[i].flags, m.len, m.len,
				       &verdict);
		assert_int_equal(count, 1);
		expect_plain(count, cases[i].version);
	}
}

static void every_ethernet_encapsulation_leads_to_ip(void **state)
{
	(void)state;
	static const struct {
		uint16_t type, version;
		size_t len;
		const char *header;
	} cases[] = {
		{ 0x8100, IP4, 4, "\0\x05\x08\0" },
		{ 0x88a8, IP6, 8, "\0\x05\x81\0\0\x06\x86\xdd" },
		{ 0x9100, IP4, 16, "\0\1\x91\0\0\2\x88\xa8\0\3\x81\0\0\4\x08\0" },
		{ 0x8847, IP4, 8, "\0\0\x10\xff\0\0\x21\xff" },
		{ 0x8848, IP6, 4, "\0\0\x11\xff" },
		{ 0x8847, IP4, 22, /* pseudowire with control word */
		  "\0\0\x11\xff\0\0\0\0\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" },
		{ 0x8847, IP4, 18, /* and without, addresses that begin 0 and 4 */
		  "\0\0\x11\xff\x02\0\0\0\0\1\2\0\0\0\0\2\x08\0" },
		{ 0x8847, IP6, 18, "\0\0\x11\xff\x40\0\0\0\0\1\2\0\0\0\0\2\x86\xdd" },
		{ 0x8864, IP4, 8, "\x11\0\0\1\0\x34\0\x21" },
		{ 0x8864, IP6, 8, "\x11\0\0\1\0\x48\0\x57" },
		{ 58, IP4, 8, "\xaa\xaa\3\0\0\0\x08\0" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = plain(cases[i].version);
		made_put(&m, cases[i].header, cases[i].len);
		size_t count = take_ethernet(&m, cases[i].type);
		assert_int_equal(count, 1);
		expect_plain(count, cases[i].version);
	}
}

static void tags_give_the_outermost_and_the_innermost_vlan(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	made_tag(&m, 0xe000 | 30, IP4);
	made_tag(&m, 20, 0x8100);
	made_tag(&m, 10, 0x8100);
	expect_plain(take_ethernet(&m, 0x88a8), IP4);
	assert_int_equal(out[0].vlan, 10);
	assert_int_equal(out[0].vlan_inner, 30);
	m = plain(IP4);
	made_tag(&m, 0, IP4); /* a priority tag is no VLAN */
	expect_plain(take_ethernet(&m, 0x8100), IP4);
	assert_int_equal(out[0].vlan, 0);
}

static void a_tag_the_kernel_took_off_is_the_outer_one(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	made_tag(&m, 20, IP4);
	made_ethernet(&m, 0x8100);
	struct frame frame = {
		.at = made_at(&m),
		.len = (uint32_t)m.len,
		.wire_len = (uint32_t)m.len,
		.link = LINK_ETHERNET,
		.vlan = 10,
		.flags = FRAME_VLAN,
	};
	expect_plain(run(&frame, &verdict), IP4);
	assert_int_equal(out[0].vlan, 10);
	assert_int_equal(out[0].vlan_inner, 20);
}

static void too_many_tags_or_labels_are_a_verdict(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	made_tag(&m, 5, IP4);
	for (int i = 0; i < 4; i++)
		made_tag(&m, 5, 0x8100);
	assert_int_equal(take_ethernet(&m, 0x8100), 0);
	assert_int_equal(verdict, DECODE_VLAN_DEEP);
	m = plain(IP4);
	made_put(&m, "\0\0\x11\xff", 4);
	for (int i = 0; i < 8; i++)
		made_put(&m, "\0\0\x10\xff", 4);
	assert_int_equal(take_ethernet(&m, 0x8847), 0);
	assert_int_equal(verdict, DECODE_VLAN_DEEP);
}

static void what_is_not_ip_is_told(void **state)
{
	(void)state;
	static const uint16_t types[] = { 0x0806, 0x88cc, 0x8863, 0x9000, 38 };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct made m;
		made_payload(&m, 46);
		assert_int_equal(take_ethernet(&m, types[i]), 0);
		assert_int_equal(verdict, DECODE_NOT_IP);
	}
	struct made m = plain(IP4);
	assert_int_equal(take(&m, 4711), 0);
	assert_int_equal(verdict, DECODE_LINK_UNKNOWN);
	made_put(&m, /* protected 802.11 */
		 "\x08\x41\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0", 24);
	assert_int_equal(take(&m, LINK_80211), 0);
	assert_int_equal(verdict, DECODE_NOT_IP);
}

static void radiotap_says_if_a_check_sequence_ends_the_frame(void **state)
{
	(void)state;
	enum { HEADERS = 9 + 32 };
	/* The length 0 of offload makes the datagram as long as the frame. */
	struct made inner;
	made_payload(&inner, 1600);
	made_tcp(&inner, 1000, 80, TCP_ACK);
	uint8_t *ip = made_ip4(&inner, TCP);
	made_be16(ip + 2, 0);
	made_ip4_sum(ip);
	struct made m = with_trailer(&inner, 4);
	made_put(&m,
		 "\0\0\x09\0\2\0\0\0\x10"
		 "\x08\1\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0"
		 "\xaa\xaa\3\0\0\0\x08\0",
		 HEADERS);
	assert_int_equal(take(&m, LINK_RADIOTAP), 1);
	assert_int_equal(out[0].ip_len, 1640);
	made_at(&m)[8] = 0;
	assert_int_equal(take(&m, LINK_RADIOTAP), 1);
	assert_int_equal(out[0].ip_len, 1644);
}

static void an_aggregate_of_80211_gives_every_packet(void **state)
{
	(void)state;
	struct made one = plain(IP4);
	made_put(&one, "\1\1\1\1\1\1\2\2\2\2\2\2\0\x3a\xaa\xaa\3\0\0\0\x08\0", 22);
	struct made padded = with_trailer(&one, -one.len % 4);
	struct made two = one;
	made_put(&two, made_at(&padded), padded.len);
	made_put(&two, "\x88\2\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0\x80\0", 26);
	size_t count = take(&two, LINK_80211);
	assert_int_equal(count, 2);
	expect_plain(count, IP4);
	expect_plain(1, IP4);
}

static struct made icmp_error(uint8_t version)
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

static void icmp_errors_name_the_flow_they_are_about(void **state)
{
	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct made m = icmp_error(version);
		assert_int_equal(take(&m, LINK_RAW), 1);
		assert_int_equal(verdict, DECODE_OK);
		assert_int_equal(out[0].flags, PACKET_QUOTES);
		assert_int_equal(out[0].quoted_proto, UDP);
		assert_int_equal(out[0].quoted_sport, 5000);
		assert_int_equal(out[0].quoted_dport, 161);
		assert_int_equal(out[0].quoted_src.ip6[15], 1);
		assert_int_equal(out[0].quoted_dst.ip6[15], 2);
	}
}

static void an_echo_has_type_code_identifier_and_payload(void **state)
{
	(void)state;
	struct made m;
	made_payload(&m, 56);
	made_icmp(&m, 8, 0, 77);
	made_ip4(&m, 1);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].sport, 8);
	assert_int_equal(out[0].dport, 0);
	assert_int_equal(out[0].icmp_id, 77);
	assert_int_equal(out[0].payload_len, 56);
	assert_int_equal(out[0].flags, 0);
	m.len = 0;
	made_put(&m, "\x0d\0\0\0\0\0", 6);
	made_ip4(&m, 1);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].payload_len, 0);
}

static void sctp_and_the_unknown_have_what_they_have(void **state)
{
	(void)state;
	struct made m;
	made_payload(&m, 20);
	made_put(&m, "\x0b\x59\x0b\x5a\0\0\0\0\0\0\0\0", 12);
	made_ip4(&m, 132);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].sport, 2905);
	assert_int_equal(out[0].dport, 2906);
	assert_int_equal(out[0].payload_len, 20);
	made_payload(&m, 20);
	made_ip4(&m, 50);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].proto, 50);
	assert_int_equal(out[0].sport, 0);
	assert_int_equal(out[0].payload_len, 20);
}

static void extension_headers_lead_to_the_transport(void **state)
{
	(void)state;
	static const uint8_t kinds[] = { 60, 135, 43, 60, 51, 139, 140, 0 };
	struct made m;
	made_payload(&m, 10);
	made_tcp(&m, 1000, 80, TCP_ACK | TCP_PSH);
	uint8_t next = TCP;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		uint8_t *at = made_put(&m, NULL, 8);
		at[0] = next;
		next = kinds[i];
	}
	made_ip6(&m, next);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(verdict, DECODE_OK);
	assert_int_equal(out[0].dport, 80);
	assert_int_equal(out[0].payload_len, 10);
	assert_int_equal(out[0].ip_len, 40 + 64 + 30);
}

static void extension_headers_are_bounded_and_in_place(void **state)
{
	(void)state;
	struct made m = plain(IP6);
	m.len -= 40;
	for (int i = 0; i < 9; i++)
		made_put(&m, i ? "\x3c\0\0\0\0\0\0" : "\x06\0\0\0\0\0\0", 8);
	struct made misplaced = m;
	made_ip6(&m, 60);
	assert_int_equal(take(&m, LINK_RAW), 0);
	assert_int_equal(verdict, DECODE_IP6_EXT);
	misplaced.len -= 8 * 8;
	made_put(&misplaced, "\x06\0\0\0\0\0\0", 8);
	made_put(&misplaced, "\0\0\0\0\0\0\0", 8);
	made_ip6(&misplaced, 60);
	assert_int_equal(take(&misplaced, LINK_RAW), 0);
	assert_int_equal(verdict, DECODE_IP6_EXT);
}

static void lying_ip_headers_are_verdicts(void **state)
{
	(void)state;
	static const struct {
		uint16_t version;
		size_t at;
		uint8_t value;
		enum decode_reason reason;
	} cases[] = {
		{ IP4, 0, 0x55, DECODE_IP4_HEADER },
		{ IP4, 0, 0x44, DECODE_IP4_HEADER },
		{ IP4, 3, 51, DECODE_IP4_HEADER },
		{ IP4, 3, 19, DECODE_IP4_HEADER },
		{ IP4, 3, 0, DECODE_IP4_HEADER },
		{ IP4, 15, 7, DECODE_IP4_CSUM },
		{ IP4, 32, 0x40, DECODE_TCP_HEADER },
		{ IP4, 32, 0x80, DECODE_TCP_HEADER },
		{ IP6, 0, 0x40, DECODE_IP6_HEADER },
		{ IP6, 5, 31, DECODE_IP6_HEADER },
		{ IP6, 5, 19, DECODE_TCP_SHORT },
		{ IP6, 5, 0, DECODE_TCP_SHORT },
		{ IP6, 6, 0, DECODE_IP6_EXT },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = plain(cases[i].version);
		uint8_t *ip = made_at(&m);
		ip[cases[i].at] = cases[i].value;
		if (cases[i].version == IP4 && cases[i].reason != DECODE_IP4_CSUM)
			made_ip4_sum(ip);
		assert_int_equal(take_ethernet(&m, cases[i].version), 0);
		assert_int_equal(verdict, cases[i].reason);
	}
}

static void a_udp_length_is_believed_if_it_can_be(void **state)
{
	(void)state;
	static const struct {
		uint8_t len;
		enum decode_reason reason;
	} cases[] = {
		{ 28, DECODE_OK },        { 18, DECODE_OK },
		{ 8, DECODE_OK },         { 7, DECODE_UDP_HEADER },
		{ 0, DECODE_UDP_HEADER }, { 29, DECODE_UDP_HEADER },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m;
		made_payload(&m, 20);
		made_udp(&m, 53, 53);
		made_at(&m)[5] = cases[i].len;
		made_ip4(&m, UDP);
		size_t count = take(&m, LINK_RAW);
		assert_int_equal(verdict, cases[i].reason);
		assert_int_equal(count, cases[i].reason == DECODE_OK);
		if (count)
			assert_int_equal(out[0].payload_len, cases[i].len - 8);
	}
}

static void a_segment_left_to_the_card_is_as_long_as_its_frame(void **state)
{
	(void)state;
	struct made m;
	made_payload(&m, 2000);
	made_tcp(&m, 1000, 80, TCP_ACK);
	uint8_t *ip = made_ip4(&m, TCP);
	made_be16(ip + 2, 0);
	made_be16(ip + 10, 0);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].ip_len, 2040);
	assert_int_equal(out[0].payload_len, 2000);
}

/* One TCP or UDP packet whose checksum field is `stated`; returns its flags. */
static uint8_t flags_with_checksum(uint16_t version, uint8_t proto, uint16_t stated,
				   uint16_t frame_flags)
{
	struct made m;
	made_payload(&m, 333);
	if (proto == TCP)
		made_tcp(&m, 1000, 80, TCP_ACK);
	else
		made_udp(&m, 1000, 80);
	uint8_t *ip = version == IP4 ? made_ip4(&m, proto) : made_ip6(&m, proto);
	made_be16(ip + (version == IP4 ? 20 : 40) + made_sum_field(proto), stated);
	assert_int_equal(run_cut(&m, LINK_RAW, frame_flags, m.len, m.len, &verdict), 1);
	return out[0].flags;
}

static uint16_t pseudo_sum(uint16_t version, uint8_t proto, uint16_t len)
{
	uint32_t sum =
		version == IP4 ? 0x0a00 * 2 + 1 + 2 : (0x2001 + 0x0db8) * 2 + 1 + 2;
	sum += (uint32_t)proto + len;
	return (uint16_t)made_sum(NULL, 0, sum);
}

static void wrong_checksums_are_marked_and_offloaded_ones_are_not(void **state)
{
	(void)state;
	static const uint16_t versions[] = { IP4, IP6 };
	static const uint8_t protos[] = { TCP, UDP };
	for (int i = 0; i < 4; i++) {
		uint16_t version = versions[i / 2];
		uint8_t proto = protos[i % 2];
		uint16_t len = proto == TCP ? 353 : 341;
		uint16_t with_len = pseudo_sum(version, proto, len);
		uint16_t without = pseudo_sum(version, proto, 0);
		assert_int_equal(flags_with_checksum(version, proto, 0xbad, 0),
				 PACKET_BAD_CSUM);
		assert_int_equal(flags_with_checksum(version, proto, 0, 0), 0);
		assert_int_equal(flags_with_checksum(version, proto, with_len, 0), 0);
		assert_int_equal(flags_with_checksum(version, proto, without, 0), 0);
		assert_int_equal(
			flags_with_checksum(version, proto, 0xbad, FRAME_CSUM_PARTIAL),
			0);
	}
}

static void right_checksums_of_every_length_are_right(void **state)
{
	(void)state;
	for (size_t len = 0; len < 400; len++) {
		struct made m;
		made_payload(&m, len);
		made_tcp(&m, 1000, 80, TCP_ACK);
		made_ip6(&m, TCP);
		assert_int_equal(take(&m, LINK_RAW), 1);
		assert_int_equal(out[0].flags, 0);
		if (len == 0)
			continue;
		m.room[MADE_ROOM - 1] ^= 0x10;
		assert_int_equal(take(&m, LINK_RAW), 1);
		assert_int_equal(out[0].flags, PACKET_BAD_CSUM);
	}
}

static void checksums_are_not_judged_when_told_or_cut(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	made_at(&m)[15] = 7; /* both checksums are wrong now */
	run_cut(&m, LINK_RAW, FRAME_CSUM_PARTIAL, m.len, m.len, &verdict);
	assert_int_equal(verdict, DECODE_OK);
	decoder_verify_checksums(decoder, false);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].flags, 0);
	decoder_verify_checksums(decoder, true);
	m = plain(IP6);
	m.room[MADE_ROOM - 1] ^= 1;
	assert_int_equal(run_cut(&m, LINK_RAW, 0, m.len - 2, m.len, &verdict), 1);
	assert_int_equal(out[0].flags, PACKET_TRUNCATED);
	assert_int_equal(out[0].payload_len, 10);
	assert_int_equal(out[0].payload.len, 8);
}

/* A fragment of a UDP datagram 1000 to 53; its first has the header. */
static struct made fragment4(size_t offset, size_t len, bool more, uint8_t proto)
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

static void every_fragment_is_a_packet_with_the_ports_of_the_first(void **state)
{
	(void)state;
	struct made late = fragment4(1480, 100, false, UDP);
	struct made first = fragment4(0, 1480, true, UDP);
	assert_int_equal(take(&late, LINK_RAW), 1);
	assert_int_equal(out[0].flags,
			 PACKET_FRAGMENT | PACKET_LATER_FRAGMENT | PACKET_NO_PORTS);
	assert_int_equal(out[0].sport, 0);
	assert_int_equal(take(&first, LINK_RAW), 1);
	assert_int_equal(out[0].flags, PACKET_FRAGMENT);
	assert_int_equal(out[0].payload_len, 1472);
	assert_int_equal(take(&late, LINK_RAW), 1);
	assert_int_equal(out[0].flags, PACKET_FRAGMENT | PACKET_LATER_FRAGMENT);
	assert_int_equal(out[0].sport, 1000);
	assert_int_equal(out[0].dport, 53);
	assert_int_equal(out[0].payload_len, 100);
}

static void fragments_that_hide_a_header_are_verdicts(void **state)
{
	(void)state;
	struct made tiny = fragment4(0, 8, true, TCP);
	struct made rewrite = fragment4(8, 24, true, TCP);
	struct made odd = fragment4(0, 1001, true, UDP);
	assert_int_equal(take(&tiny, LINK_RAW), 0);
	assert_int_equal(verdict, DECODE_FRAG_BAD);
	assert_int_equal(take(&rewrite, LINK_RAW), 0);
	assert_int_equal(verdict, DECODE_FRAG_BAD);
	assert_int_equal(take(&odd, LINK_RAW), 0);
	assert_int_equal(verdict, DECODE_FRAG_BAD);
}

static void overlaps_count_for_ip4_and_kill_for_ip6(void **state)
{
	(void)state;
	struct made first = fragment4(0, 1480, true, UDP);
	struct made overlap = fragment4(1472, 100, false, UDP);
	assert_int_equal(take(&first, LINK_RAW), 1);
	assert_int_equal(take(&overlap, LINK_RAW), 1);
	assert_int_equal(verdict, DECODE_FRAG_OVERLAP);
	assert_int_equal(out[0].dport, 53);
	for (int i = 0; i < 2; i++) {
		struct made m;
		made_payload(&m, 80);
		made_udp(&m, 1000, 53);
		uint8_t *at = made_put(&m, "\x11\0\0\1\0\0\0\7", 8);
		made_be16(at + 2, i * 80u | 1);
		made_ip6(&m, 44);
		assert_int_equal(take(&m, LINK_RAW), i == 0);
		assert_int_equal(verdict, i ? DECODE_FRAG_OVERLAP : DECODE_OK);
	}
}

static void an_atomic_fragment_is_whole(void **state)
{
	(void)state;
	struct made m = plain(IP6);
	m.len -= 40;
	made_put(&m, "\x06\0\0\0\0\0\0\7", 8);
	made_ip6(&m, 44);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].flags, 0);
	assert_int_equal(out[0].dport, 80);
}

struct tunnel_case {
	enum tunnel tunnel;
	uint8_t outer_proto; /* of IPv4; UDP gives the outer packet, too */
	uint16_t port, version;
	bool is_ethernet;
	size_t len;
	const char *header;
};

static const struct tunnel_case tunnels[] = {
	{ TUNNEL_IPIP, 4, 0, IP4, false, 0, "" },
	{ TUNNEL_6IN4, 41, 0, IP6, false, 0, "" },
	{ TUNNEL_GRE, 47, 0, IP4, false, 4, "\0\0\x08\0" },
	{ TUNNEL_GRE, 47, 0, IP6, false, 16, "\xb0\0\x86\xdd\1\2\0\0\0\0\0\7\0\0\0\1" },
	{ TUNNEL_GRE, 47, 0, IP4, true, 4, "\0\0\x65\x58" },
	{ TUNNEL_GRE, 47, 0, IP4, false, 8, "\0\0\x88\x47\0\0\x11\xff" },
	{ TUNNEL_GRE, 47, 0, IP4, false, 18,
	  "\x30\x81\x88\x0b\0\x34\0\1\0\0\0\1\0\0\0\1\0\x21" },
	{ TUNNEL_ERSPAN, 47, 0, IP4, true, 4, "\0\0\x88\xbe" },
	{ TUNNEL_ERSPAN, 47, 0, IP4, true, 16,
	  "\x10\0\x88\xbe\0\0\0\1\x10\0\0\0\0\0\0\0" },
	{ TUNNEL_ERSPAN, 47, 0, IP6, true, 28,
	  "\x10\0\x22\xeb\0\0\0\1\x20\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0" },
	{ TUNNEL_VXLAN, UDP, 4789, IP4, true, 8, "\x08\0\0\0\0\0\7\0" },
	{ TUNNEL_VXLAN, UDP, 8472, IP6, true, 8, "\x08\0\0\0\0\0\7\0" },
	{ TUNNEL_GENEVE, UDP, 6081, IP4, true, 12, "\1\0\x65\x58\0\0\7\0\1\2\3\4" },
	{ TUNNEL_GENEVE, UDP, 6081, IP6, false, 8, "\0\0\x86\xdd\0\0\7\0" },
	{ TUNNEL_GTPU, UDP, 2152, IP4, false, 8, "\x30\xff\0\x32\0\0\0\1" },
	{ TUNNEL_GTPU, UDP, 2152, IP6, false, 16,
	  "\x34\xff\0\x4e\0\0\0\1\0\0\0\x85\1\2\3\0" },
	{ TUNNEL_TEREDO, UDP, 3544, IP6, false, 0, "" },
	{ TUNNEL_TEREDO, UDP, 3544, IP6, false, 21,
	  "\0\1\0\0\1\1\1\1\1\1\1\1\0\0\0\1\2\3\4\5\6" },
};
enum { TUNNEL_CASES = sizeof(tunnels) / sizeof(tunnels[0]) };

static struct made tunnelled(const struct tunnel_case *c)
{
	struct made m = plain(c->version);
	if (c->is_ethernet)
		made_ethernet(&m, c->version);
	made_put(&m, c->header, c->len);
	if (c->outer_proto == UDP)
		made_udp(&m, 50000, c->port);
	made_ip4(&m, c->outer_proto);
	return m;
}

static void every_tunnel_gives_what_it_carries(void **state)
{
	(void)state;
	for (int i = 0; i < TUNNEL_CASES; i++) {
		const struct tunnel_case *c = &tunnels[i];
		struct made m = tunnelled(c);
		made_tag(&m, 99, IP4);
		size_t count = take_ethernet(&m, 0x8100);
		assert_int_equal(count, c->outer_proto == UDP ? 2 : 1);
		expect_plain(count, c->version);
		assert_int_equal(out[count - 1].tunnel, c->tunnel);
		assert_int_equal(out[count - 1].vlan, 99);
		if (count == 1)
			continue;
		assert_int_equal(out[0].proto, UDP);
		assert_int_equal(out[0].dport, c->port);
		assert_int_equal(out[0].tunnel, TUNNEL_NONE);
	}
}

static void a_tunnel_that_cannot_be_read_still_counts(void **state)
{
	(void)state;
	for (int i = 0; i < TUNNEL_CASES; i++) {
		struct made m = tunnelled(&tunnels[i]);
		uint8_t *ip = made_at(&m);
		size_t headers = 20 + (tunnels[i].outer_proto == UDP ? 8 : 0);
		for (size_t len = headers; len < m.len; len++) {
			made_be16(ip + 2, len);
			made_ip4_sum(ip);
			if (headers > 20)
				made_be16(ip + 24, len - 20);
			made_be16(ip + 26, 0);
			size_t count = run_cut(&m, LINK_RAW, 0, len, len, &verdict);
			assert_true(count >= 1);
			assert_int_equal(out[0].proto, tunnels[i].outer_proto);
		}
	}
}

static void four_in_six_and_teredo_on_any_port_are_found(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	made_ip6(&m, 4);
	expect_plain(take(&m, LINK_RAW), IP4);
	assert_int_equal(out[0].tunnel, TUNNEL_4IN6);
	m = plain(IP6);
	memcpy(made_at(&m) + 8, "\x20\1\0\0", 4);
	made_be16(made_at(&m) + 40 + 16, 0);
	made_udp(&m, 40000, 50000);
	made_ip4(&m, UDP);
	assert_int_equal(take(&m, LINK_RAW), 2);
	assert_int_equal(out[1].tunnel, TUNNEL_TEREDO);
	m = plain(IP6); /* not of Teredo's prefix: just data */
	made_udp(&m, 40000, 50000);
	made_ip4(&m, UDP);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(verdict, DECODE_OK);
}

static void tunnels_nest_four_deep_and_no_deeper(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	for (int i = 0; i < 4; i++) {
		made_put(&m, "\x30\xff\0\0\0\0\0\1", 8);
		made_be16(made_at(&m) + 2, m.len - 8);
		made_udp(&m, 50000, 2152);
		made_ip4(&m, UDP);
	}
	expect_plain(take(&m, LINK_RAW), IP4);
	m = plain(IP4);
	for (int i = 0; i < 5; i++)
		made_ip4(&m, 4);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(verdict, DECODE_TUNNEL_DEEP);
	assert_int_equal(out[0].proto, 4);
	assert_int_equal(out[0].tunnel, TUNNEL_IPIP);
}

static void an_inner_tag_replaces_the_outer_vlan(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	made_tag(&m, 7, IP4);
	made_ethernet(&m, 0x8100);
	made_put(&m, "\x08\0\0\0\0\0\7\0", 8);
	made_udp(&m, 50000, 4789);
	made_ip4(&m, UDP);
	made_tag(&m, 99, IP4);
	expect_plain(take_ethernet(&m, 0x8100), IP4);
	assert_int_equal(out[0].vlan, 99);
	assert_int_equal(out[1].vlan, 7);
	assert_int_equal(out[1].vlan_inner, 0);
}

/* Cuts a frame at every byte, on the wire or by the capture. */
static void cut_everywhere(struct made *m, uint16_t link)
{
	for (size_t len = 0; len <= m->len; len++) {
		size_t count = run_cut(m, link, 0, len, m->len, &verdict);
		assert_true(count > 0 || verdict != DECODE_OK);
		if (len < m->len && count > 0)
			assert_true(out[0].flags & PACKET_TRUNCATED);
		count = run_cut(m, link, 0, len, len, &verdict);
		assert_true(count > 0 || verdict != DECODE_OK);
	}
}

static void frames_cut_at_every_byte_give_a_reason(void **state)
{
	(void)state;
	for (int i = 0; i < TUNNEL_CASES; i++) {
		struct made m = tunnelled(&tunnels[i]);
		made_tag(&m, 1, IP4);
		made_ethernet(&m, 0x8100);
		cut_everywhere(&m, LINK_ETHERNET);
	}
	struct made m = icmp_error(4);
	cut_everywhere(&m, LINK_RAW);
	m = icmp_error(6);
	cut_everywhere(&m, LINK_RAW);
	m = fragment4(0, 80, true, UDP);
	cut_everywhere(&m, LINK_RAW);
}

static void every_flipped_byte_gives_a_reason(void **state)
{
	(void)state;
	static const uint8_t flips[] = { 0x01, 0x10, 0x80, 0xff };
	for (int i = 0; i < TUNNEL_CASES; i++) {
		struct made m = tunnelled(&tunnels[i]);
		made_ethernet(&m, IP4);
		decoder_verify_checksums(decoder, i % 2);
		for (size_t at = 0; at < m.len * sizeof(flips); at++) {
			uint8_t *byte = made_at(&m) + at / sizeof(flips);
			*byte ^= flips[at % sizeof(flips)];
			size_t count = take(&m, LINK_ETHERNET);
			assert_true(count > 0 || verdict != DECODE_OK);
			*byte ^= flips[at % sizeof(flips)];
		}
	}
}

static void every_reason_and_tunnel_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < DECODE_REASON_COUNT; i++) {
		assert_non_null(decode_reason_name(i));
		assert_non_null(decode_reason_doc(i));
	}
	assert_null(tunnel_name(TUNNEL_NONE));
	for (int i = TUNNEL_NONE + 1; i < TUNNELS; i++)
		assert_non_null(tunnel_name(i));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_tcp_is_read_whole),
		TEST(padding_behind_the_datagram_is_not_payload),
		TEST(every_link_type_leads_to_ip),
		TEST(every_ethernet_encapsulation_leads_to_ip),
		TEST(tags_give_the_outermost_and_the_innermost_vlan),
		TEST(a_tag_the_kernel_took_off_is_the_outer_one),
		TEST(too_many_tags_or_labels_are_a_verdict),
		TEST(what_is_not_ip_is_told),
		TEST(radiotap_says_if_a_check_sequence_ends_the_frame),
		TEST(an_aggregate_of_80211_gives_every_packet),
		TEST(icmp_errors_name_the_flow_they_are_about),
		TEST(an_echo_has_type_code_identifier_and_payload),
		TEST(sctp_and_the_unknown_have_what_they_have),
		TEST(extension_headers_lead_to_the_transport),
		TEST(extension_headers_are_bounded_and_in_place),
		TEST(lying_ip_headers_are_verdicts),
		TEST(a_udp_length_is_believed_if_it_can_be),
		TEST(a_segment_left_to_the_card_is_as_long_as_its_frame),
		TEST(wrong_checksums_are_marked_and_offloaded_ones_are_not),
		TEST(right_checksums_of_every_length_are_right),
		TEST(checksums_are_not_judged_when_told_or_cut),
		TEST(every_fragment_is_a_packet_with_the_ports_of_the_first),
		TEST(fragments_that_hide_a_header_are_verdicts),
		TEST(overlaps_count_for_ip4_and_kill_for_ip6),
		TEST(an_atomic_fragment_is_whole),
		TEST(every_tunnel_gives_what_it_carries),
		TEST(a_tunnel_that_cannot_be_read_still_counts),
		TEST(four_in_six_and_teredo_on_any_port_are_found),
		TEST(tunnels_nest_four_deep_and_no_deeper),
		TEST(an_inner_tag_replaces_the_outer_vlan),
		TEST(frames_cut_at_every_byte_give_a_reason),
		TEST(every_flipped_byte_gives_a_reason),
		TEST(every_reason_and_tunnel_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
