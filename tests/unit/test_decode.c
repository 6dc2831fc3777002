/*
 * test_decode.c: IP, its extensions and fragments, and what it carries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "decode_check.h"

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

static void padding_behind_the_datagram_is_not_payload(void **state)
{
	(void)state;
	struct made inner = plain(IP4);
	struct made m = with_trailer(&inner, 6);
	expect_plain(take_ethernet(&m, IP4), IP4);
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
		bool is_ah = kinds[i] == 51; /* counts in words of 32 bits, less 2 */
		uint8_t *at = made_put(&m, NULL, is_ah ? 12 : 8);
		at[0] = next;
		at[1] = is_ah;
		next = kinds[i];
	}
	made_ip6(&m, next);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(verdict, DECODE_OK);
	assert_int_equal(out[0].dport, 80);
	assert_int_equal(out[0].payload_len, 10);
	assert_int_equal(out[0].ip_len, 40 + 68 + 30);
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

static void jumbograms_say_their_length_in_an_option(void **state)
{
	(void)state;
	enum { JUMBO = 65600 };
	struct made m;
	made_payload(&m, 100);
	made_udp(&m, 1000, 53);
	uint8_t *udp = made_at(&m);
	udp[5] = 0;
	made_put(&m, "\x11\0\xc2\4\0\1\0\x40", 8);
	uint8_t *ip = made_ip6(&m, 0);
	made_be16(ip + 4, 0);
	assert_int_equal(run_cut(&m, LINK_RAW, 0, m.len, 40 + JUMBO, &verdict), 1);
	assert_int_equal(out[0].ip_len, 40 + JUMBO);
	assert_int_equal(out[0].payload_len, JUMBO - 16);
	assert_int_equal(out[0].flags, PACKET_TRUNCATED);
	ip[40 + 5] = 0; /* 64: it need not be one (RFC 2675 3) */
	assert_int_equal(run_cut(&m, LINK_RAW, 0, m.len, 40 + JUMBO, &verdict), 0);
	assert_int_equal(verdict, DECODE_IP6_HEADER);
	m = plain(IP6); /* a segment for the card that is longer than can be said */
	made_be16(made_at(&m) + 4, 0);
	assert_int_equal(run_cut(&m, LINK_RAW, 0, m.len, 70000, &verdict), 1);
	assert_int_equal(out[0].payload_len, 70000 - 60);
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
		/* A wrong header checksum is counted, and the packet used. */
		assert_int_equal(take_ethernet(&m, cases[i].version),
				 cases[i].reason == DECODE_IP4_CSUM);
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
static uint16_t flags_with_checksum(uint16_t version, uint8_t proto, uint16_t stated,
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
		assert_true(flags_with_checksum(version, proto, 0xbad, 0) &
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
		assert_true(out[0].flags & PACKET_BAD_CSUM);
	}
}

/* The same of all workers: the decoder of a replay sees every packet. */
static void a_wrong_checksum_is_unheard_unless_most_are_wrong(void **state)
{
	(void)state;
	const uint8_t unheard = PACKET_BAD_CSUM | PACKET_UNHEARD;
	uint16_t right = pseudo_sum(IP4, TCP, 353);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(flags_with_checksum(IP4, TCP, right, 0), 0);
		assert_int_equal(flags_with_checksum(IP4, TCP, 0xbad, 0), unheard);
	}
	assert_int_equal(flags_with_checksum(IP4, TCP, 0xbad, 0), PACKET_BAD_CSUM);
}

static void checksums_over_other_addresses_are_not_judged(void **state)
{
	(void)state;
	struct made m = plain(IP6);
	m.len -= 40;
	m.room[MADE_ROOM - 1] ^= 1;
	made_put(&m, "\x06\0\0\1\0\0\0", 8);
	made_ip6(&m, 43);
	assert_int_equal(take(&m, LINK_RAW), 1);
	assert_int_equal(out[0].flags, 0);
}

static void checksums_are_not_judged_when_told_or_cut(void **state)
{
	(void)state;
	struct made m = plain(IP4);
	uint8_t *ip = made_at(&m);
	ip[15] = 7; /* both checksums are wrong now */
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
	/* But hosts put them together: with the flags it is a packet. */
	assert_int_equal(take(&rewrite, LINK_RAW), 1);
	assert_int_equal(verdict, DECODE_FRAG_BAD);
	assert_int_equal(out[0].flags, PACKET_FRAGMENT);
	assert_int_equal(take(&rewrite, LINK_RAW), 0);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, check_begin, check_end)

/* All of a packet but the addresses of its bytes. */
static void assert_same_packet(const struct packet *a, const struct packet *b)
{
	assert_true(addr_equal(&a->src, &b->src) && addr_equal(&a->dst, &b->dst));
	assert_true(a->at_us == b->at_us && a->proto == b->proto);
	assert_true(a->sport == b->sport && a->dport == b->dport);
	assert_int_equal(a->tcp_flags, b->tcp_flags);
	assert_int_equal(a->flags, b->flags);
	assert_true(a->vlan == b->vlan && a->vlan_inner == b->vlan_inner);
	assert_true(a->iface == b->iface && a->tunnel == b->tunnel);
	assert_true(a->seq == b->seq && a->ack == b->ack && a->window == b->window);
	assert_int_equal(a->ip_len, b->ip_len);
	assert_int_equal(a->payload_len, b->payload_len);
	assert_int_equal(a->payload.len, b->payload.len);
	assert_true((a->payload.at == NULL) == (b->payload.at == NULL));
	if (a->payload.len > 0)
		assert_memory_equal(a->payload.at, b->payload.at, a->payload.len);
}

/* TCP or UDP, some of it to a tunnel's port, over either IP; how long it is. */
static size_t make_any(struct made *m, uint16_t type)
{
	static const uint16_t ports[] = { 53, 80, 443, 2152, 4789 };
	uint16_t port = ports[(size_t)rand() % 5];
	uint8_t proto = rand() % 2 ? TCP : UDP;
	made_payload(m, (size_t)rand() % 64);
	if (proto == TCP)
		made_tcp(m, 1000, port, (uint8_t)(TCP_ACK | rand() % 4));
	else
		made_udp(m, 1000, port);
	if (type == IP4)
		made_ip4(m, proto);
	else
		made_ip6(m, proto);
	return m->len;
}

static void check_both_ways(const struct frame *frame)
{
	struct packet first[PACKETS_PER_FRAME];
	struct frame bare = *frame;
	enum decode_reason reason, bare_reason;
	bare.at += 14;
	bare.len -= 14;
	bare.wire_len -= 14;
	bare.link = LINK_RAW;
	size_t count = run(frame, &reason);
	memcpy(first, out, sizeof(first));
	assert_int_equal(run(&bare, &bare_reason), count);
	assert_int_equal(reason, bare.len > 0 ? bare_reason : reason);
	for (size_t i = 0; i < count; i++)
		assert_same_packet(&first[i], &out[i]);
}

/* Ethernet takes the short way, bare IP the long one. */
static void the_short_way_and_the_long_one_agree(void **state)
{
	(void)state;
	unsigned seed = (unsigned)getpid();
	print_message("# seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 100000; round++) {
		struct made m;
		uint16_t type = rand() % 2 ? IP4 : IP6;
		size_t ip_len = make_any(&m, type);
		uint8_t *ip = made_at(&m);
		for (int i = rand() % 3; i > 0; i--)
			ip[1 + (size_t)rand() % (ip_len - 1)] = (uint8_t)rand();
		if (type == IP4 && rand() % 4)
			made_ip4_sum(ip);
		made_ethernet(&m, type);
		size_t cut = rand() % 2 ? 0 : (size_t)rand() % (ip_len + 1);
		struct frame frame = { .at = made_at(&m),
				       .len = (uint32_t)(m.len - cut),
				       .wire_len = (uint32_t)m.len,
				       .at_us = round,
				       .link = LINK_ETHERNET,
				       .iface = 3,
				       .flags = rand() % 4 ? 0 : FRAME_CSUM_PARTIAL };
		check_both_ways(&frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_tcp_is_read_whole),
		TEST(the_short_way_and_the_long_one_agree),
		TEST(padding_behind_the_datagram_is_not_payload),
		TEST(icmp_errors_name_the_flow_they_are_about),
		TEST(an_echo_has_type_code_identifier_and_payload),
		TEST(sctp_and_the_unknown_have_what_they_have),
		TEST(extension_headers_lead_to_the_transport),
		TEST(extension_headers_are_bounded_and_in_place),
		TEST(jumbograms_say_their_length_in_an_option),
		TEST(lying_ip_headers_are_verdicts),
		TEST(a_udp_length_is_believed_if_it_can_be),
		TEST(a_segment_left_to_the_card_is_as_long_as_its_frame),
		TEST(wrong_checksums_are_marked_and_offloaded_ones_are_not),
		TEST(right_checksums_of_every_length_are_right),
		TEST(a_wrong_checksum_is_unheard_unless_most_are_wrong),
		TEST(checksums_over_other_addresses_are_not_judged),
		TEST(checksums_are_not_judged_when_told_or_cut),
		TEST(every_fragment_is_a_packet_with_the_ports_of_the_first),
		TEST(fragments_that_hide_a_header_are_verdicts),
		TEST(overlaps_count_for_ip4_and_kill_for_ip6),
		TEST(an_atomic_fragment_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
