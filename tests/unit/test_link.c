/*
 * test_link.c: from every link type and encapsulation to IP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_check.h"

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
	made_tag(&m, 30, IP4);
	made_tag(&m, 0, 0x8100); /* a priority tag is no VLAN */
	expect_plain(take_ethernet(&m, 0x8100), IP4);
	assert_int_equal(out[0].vlan, 30);
	assert_int_equal(out[0].vlan_inner, 0);
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
	made_put(&m, "\xaa\xaa\3\0\0\0\x08\0", 8);
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
	uint8_t *radiotap =
		made_put(&m,
			 "\0\0\x09\0\2\0\0\0\x10"
			 "\x08\1\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0"
			 "\xaa\xaa\3\0\0\0\x08\0",
			 HEADERS);
	assert_int_equal(take(&m, LINK_RADIOTAP), 1);
	assert_int_equal(out[0].ip_len, 1640);
	radiotap[8] = 0;
	assert_int_equal(take(&m, LINK_RADIOTAP), 1);
	assert_int_equal(out[0].ip_len, 1644);
}

static void an_aggregate_of_80211_gives_every_packet(void **state)
{
	(void)state;
	struct made one = plain(IP4);
	made_put(&one, "\1\1\1\1\1\1\2\2\2\2\2\2\0\x3b\xaa\xaa\3\0\0\0\x08\0", 22);
	/* 59 bytes, one of them behind the datagram, and three to the next multiple */
	struct made two = with_trailer(&one, 1);
	struct made padded = with_trailer(&one, 1 + 3);
	made_put(&two, made_at(&padded), padded.len);
	made_put(&two, "\x88\2\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0\x80\0", 26);
	size_t count = take(&two, LINK_80211);
	assert_int_equal(count, 2);
	expect_plain(count, IP4);
	expect_plain(1, IP4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, check_begin, check_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_link_type_leads_to_ip),
		TEST(every_ethernet_encapsulation_leads_to_ip),
		TEST(tags_give_the_outermost_and_the_innermost_vlan),
		TEST(a_tag_the_kernel_took_off_is_the_outer_one),
		TEST(too_many_tags_or_labels_are_a_verdict),
		TEST(what_is_not_ip_is_told),
		TEST(radiotap_says_if_a_check_sequence_ends_the_frame),
		TEST(an_aggregate_of_80211_gives_every_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
