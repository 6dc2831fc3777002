/*
 * test_tunnel.c: packets inside packets; and all of it cut, and flipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_check.h"

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
	made_tag(&m, 98, IP4);
	made_tag(&m, 99, 0x8100);
	expect_plain(take_ethernet(&m, 0x8100), IP4);
	assert_int_equal(out[0].vlan, 99);
	assert_int_equal(out[1].vlan, 7);
	assert_int_equal(out[1].vlan_inner, 0);
}

/* Messages of the tunnel itself: well formed, and nothing inside. */
static void what_a_tunnel_says_of_itself_is_the_outer_packet(void **state)
{
	(void)state;
	static const struct tunnel_case cases[] = {
		{ TUNNEL_GTPU, UDP, 2152, IP4, false, 8, "\x30\1\0\x32\0\0\0\1" },
		{ TUNNEL_GRE, 47, 0, IP4, false, 12,
		  "\x20\x81\x88\x0b\0\0\0\1\0\0\0\1" },
	};
	for (int i = 0; i < 2; i++) {
		struct made m = tunnelled(&cases[i]);
		assert_int_equal(take(&m, LINK_RAW), 1);
		assert_int_equal(verdict, DECODE_OK);
		assert_int_equal(out[0].proto, cases[i].outer_proto);
	}
	struct made m; /* a bubble of Teredo */
	m.len = 0;
	made_ip6(&m, 59);
	made_udp(&m, 50000, 3544);
	made_ip4(&m, UDP);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(verdict, DECODE_OK);
}

static void tunnel_headers_that_must_not_be_are_verdicts(void **state)
{
	(void)state;
	static const struct tunnel_case cases[] = {
		{ TUNNEL_GRE, 47, 0, IP4, false, 4, "\x40\0\x08\0" }, /* source route */
		{ TUNNEL_GRE, 47, 0, IP4, false, 4, "\0\2\x08\0" },   /* version */
		{ TUNNEL_VXLAN, UDP, 4789, IP4, true, 8, "\0\0\0\0\0\0\7\0" },
		{ TUNNEL_GENEVE, UDP, 6081, IP4, false, 8, "\x40\0\x08\0\0\0\7\0" },
		{ TUNNEL_GTPU, UDP, 2152, IP4, false, 8, "\x20\xff\0\x32\0\0\0\1" },
		{ TUNNEL_GTPU, UDP, 2152, IP4, false, 16, /* empty extension */
		  "\x34\xff\0\x3a\0\0\0\1\0\0\0\x85\0\2\3\0" },
		{ TUNNEL_TEREDO, UDP, 3544, IP6, false, 1, "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = tunnelled(&cases[i]);
		assert_int_equal(take(&m, LINK_RAW), 1);
		assert_int_equal(verdict, DECODE_TUNNEL_BAD);
		assert_int_equal(out[0].proto, cases[i].outer_proto);
	}
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, check_begin, check_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_tunnel_gives_what_it_carries),
		TEST(a_tunnel_that_cannot_be_read_still_counts),
		TEST(four_in_six_and_teredo_on_any_port_are_found),
		TEST(tunnels_nest_four_deep_and_no_deeper),
		TEST(an_inner_tag_replaces_the_outer_vlan),
		TEST(what_a_tunnel_says_of_itself_is_the_outer_packet),
		TEST(tunnel_headers_that_must_not_be_are_verdicts),
		TEST(frames_cut_at_every_byte_give_a_reason),
		TEST(every_flipped_byte_gives_a_reason),
		TEST(every_reason_and_tunnel_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
