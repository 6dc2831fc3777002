/*
 * test_dns_looks.c: what is DNS, what only looks so, and what is neither.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dns_made.h"
#include "talk_check.h"

extern const struct protocol protocol_dns;

static struct made made, other;

static const char *udp_is(uint16_t port, const struct made *said, unsigned first)
{
	struct bytes none = { 0 }, bytes = made_bytes_of(said);
	return opening_is(IPPROTO_UDP, port, first, first == CLIENT ? bytes : none,
			  first == SERVER ? bytes : none);
}

static void either_side_alone_is_recognised_on_any_port(void **state)
{
	(void)state;
	made_query(&made, 4711, "www.example.com", DNS_AAAA);
	made_answer(&other, 4711, "www.example.com", 0);
	for (unsigned i = 0; i < 2; i++) {
		uint16_t port = i == 0 ? 53 : 40053;
		assert_string_equal(udp_is(port, &made, CLIENT), "dns");
		assert_string_equal(udp_is(port, &other, SERVER), "dns");
		assert_string_equal(udp_is(port, &made, SERVER), "dns");
	}
	made_answer(&other, 1, "nowhere.example.com", 3);
	assert_string_equal(udp_is(40053, &other, SERVER), "dns");
	made_query(&made, 1, "", DNS_NS);
	assert_string_equal(udp_is(40053, &made, CLIENT), "dns");
}

static void edns_and_updates_are_dns_too(void **state)
{
	(void)state;
	static const uint8_t opt[] = { 0, 0, 41, 4, 0xd0, 0, 0, 0x80, 0, 0, 0 };
	made_query(&made, 4711, "www.example.com", DNS_A);
	made.at[11] = 1;
	made_bytes(&made, opt, sizeof(opt));
	assert_string_equal(udp_is(40053, &made, CLIENT), "dns");
	/* RFC 2136: a zone, nothing required, one record to add. */
	made_header(&made, 1, 5 << 11, 1, 0);
	made.at[9] = 1;
	made_question(&made, "example.com", DNS_SOA);
	made_rr(&made, DNS_A, 60, "\1\2\3\4", 4);
	assert_string_equal(udp_is(40053, &made, CLIENT), "dns");
}

static void what_has_the_same_form_but_is_not_dns_is_left_alone(void **state)
{
	(void)state;
	/* LLMNR; a NetBIOS name; multicast DNS. */
	made_header(&made, 0, 0, 1, 0);
	made_question(&made, "printer", DNS_A);
	struct bytes none = { 0 };
	struct bytes bytes = made_bytes_of(&made);
	static const uint16_t ports[] = { 5355, 137, 5353 };
	for (size_t i = 0; i < 3; i++) {
		const char *is = opening_is(IPPROTO_UDP, ports[i], CLIENT, bytes, none);
		assert_true(is == NULL || strcmp(is, "dns") != 0);
	}
	/* A server on that port that is asked to recurse. */
	made_query(&made, 1, "www.example.com", DNS_A);
	assert_string_equal(udp_is(5353, &made, CLIENT), "dns");
}

static void other_binary_datagrams_are_not_dns(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} others[] = {
		/* NTP, SNMP, RTP, WireGuard, STUN, DHCP, zeros, DTLS */
		{ "\x23\0\x06\xec\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		  "\0\0"
		  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		  48 },
		{ "\x30\x26\2\1\1\4\6public\xa0\x19\2\1\1\2\1\0\2\1\0\x30\x0e\x30\x0c\6"
		  "\x08"
		  "\x2b\6\1\2\1\1\3\0\5\0",
		  40 },
		{ "\x80\0\x12\x34\0\0\0\xa0\xde\xad\xbe\xef\x7f\x7f\x7f\x7f\x7f\x7f",
		  18 },
		{ "\1\0\0\0\x12\x34\x56\x78\0\0\0\0\0\0\0\0\0\0\0\0", 20 },
		{ "\0\1\0\0\x21\x12\xa4\x42\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c", 20 },
		{ "\1\1\6\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 20 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20 },
		{ "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x2f\1\0\0\x23\0\0\0", 20 },
		{ "hello, world, this is text", 26 },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct bytes bytes = bytes_of(others[i].bytes, others[i].len);
		struct bytes none = { 0 };
		for (unsigned usual = 0; usual < 2; usual++) {
			struct addr addr[2] = { addr_unset(), addr_unset() };
			struct opening opening = {
				.said = { bytes, none },
				.transport = IPPROTO_UDP,
				.port = { 40000, usual ? 53 : 40053 },
				.addr = addr,
			};
			assert_int_equal(protocol_dns.recognise(&opening), VERDICT_NO);
		}
	}
}

static void elsewhere_everything_must_fit(void **state)
{
	(void)state;
	made_query(&made, 1, "www.example.com", 0);
	assert_true(udp_is(40053, &made, CLIENT) == NULL);
	made_query(&made, 1, "www.example.com", 12345);
	assert_true(udp_is(40053, &made, CLIENT) == NULL);
	made_query(&made, 1, "www.example.com", DNS_A);
	made.at[made.len - 1] = 9;
	assert_true(udp_is(40053, &made, CLIENT) == NULL);
	made_query(&made, 1, "www.example.com", DNS_A);
	made_u8(&made, 0);
	assert_true(udp_is(40053, &made, CLIENT) == NULL);
	assert_string_equal(udp_is(53, &made, CLIENT), "dns");
}

static void random_datagrams_are_not_dns(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (size_t round = 0; round < 20000; round++) {
		uint8_t bytes[64];
		size_t len = 12 + (size_t)rand_r(&seed) % 52;
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)rand_r(&seed);
		assert_int_equal(verdict_of(&protocol_dns, IPPROTO_UDP,
					    bytes_of(bytes, len), (struct bytes){ 0 }),
				 VERDICT_NO);
	}
}

/* On its port a message is one although something is wrong with it. */
static void on_its_port_a_flawed_message_is_recognised(void **state)
{
	(void)state;
	made_header(&made, 1, MADE_QUERY, 1, 0);
	made_bytes(&made, "\xc0\x0c\0\1\0\1", 6);
	assert_string_equal(udp_is(53, &made, CLIENT), "dns");
	assert_true(udp_is(40053, &made, CLIENT) == NULL);
	made_header(&made, 1, MADE_ANSWER | 1, 0, 0);
	assert_string_equal(udp_is(53, &made, SERVER), "dns");
	assert_true(udp_is(40053, &made, SERVER) == NULL);
	made_header(&made, 0, 2 << 11, 0, 0); /* as scanners ask for its status */
	assert_string_equal(udp_is(53, &made, CLIENT), "dns");
	made_header(&made, 0, 0, 0, 0);
	assert_true(udp_is(53, &made, CLIENT) == NULL);
}

static void every_shorter_stream_asks_for_more(void **state)
{
	(void)state;
	made_query(&made, 4711, "www.example.com", DNS_A);
	other.len = 0;
	made_stream(&other, &made);
	for (size_t len = 0; len <= other.len; len++) {
		enum verdict expected = len == other.len ? VERDICT_YES : VERDICT_MORE;
		struct bytes cut = bytes_of(other.at, len), none = { 0 };
		assert_int_equal(verdict_of(&protocol_dns, IPPROTO_TCP, cut, none),
				 expected);
		assert_int_equal(verdict_of(&protocol_dns, IPPROTO_TCP, none, cut),
				 len > 0 ? expected : VERDICT_MORE);
	}
}

static void a_long_answer_is_recognised_by_its_begin(void **state)
{
	(void)state;
	made_header(&made, 1, MADE_ANSWER, 1, 900);
	made_question(&made, "example.com", DNS_AXFR);
	for (size_t i = 0; i < 900; i++)
		made_rr(&made, DNS_A, 1, "\1\2\3\4", 4);
	other.len = 0;
	made_stream(&other, &made);
	assert_int_equal(verdict_of(&protocol_dns, IPPROTO_TCP, (struct bytes){ 0 },
				    bytes_of(other.at, OPENING_MAX)),
			 VERDICT_YES);
	assert_int_equal(verdict_of(&protocol_dns, IPPROTO_UDP, (struct bytes){ 0 },
				    bytes_of(made.at, OPENING_MAX)),
			 VERDICT_YES);
	/* Not so long, it has to fit. */
	made.len = 60;
	assert_string_equal(udp_is(53, &made, SERVER), "dns");
	assert_true(udp_is(40053, &made, SERVER) == NULL);
}

static void other_streams_are_not_dns(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} others[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
		{ "SSH-2.0-OpenSSH_9.2p1\r\n", 23 },
		{ "220 mail ESMTP\r\n", 16 },
		{ "\x16\3\1\2\0\1\0\1\xfc\3\3\0\0\0", 14 },
		{ "\0\0\0\x54\xff\x53\x4d\x42\x72\0\0\0\0\0", 14 },
		{ "\0\x20\0\0\0\0\0\0\0\0\0\0\0\0", 14 },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct bytes said = bytes_of(others[i].bytes, others[i].len);
		assert_int_equal(verdict_of(&protocol_dns, IPPROTO_TCP, said,
					    (struct bytes){ 0 }),
				 VERDICT_NO);
	}
}

static void on_its_port_a_flawed_stream_is_recognised(void **state)
{
	(void)state;
	struct bytes none = { 0 };
	made_header(&made, 1, MADE_QUERY, 1, 0);
	made_bytes(&made, "\xc0\x0c\0\1\0\1", 6);
	other.len = 0;
	made_stream(&other, &made);
	struct bytes said = made_bytes_of(&other);
	assert_string_equal(opening_is(IPPROTO_TCP, 53, CLIENT, said, none), "dns");
	assert_true(opening_is(IPPROTO_TCP, 40053, CLIENT, said, none) == NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(either_side_alone_is_recognised_on_any_port),
		cmocka_unit_test(edns_and_updates_are_dns_too),
		cmocka_unit_test(what_has_the_same_form_but_is_not_dns_is_left_alone),
		cmocka_unit_test(other_binary_datagrams_are_not_dns),
		cmocka_unit_test(elsewhere_everything_must_fit),
		cmocka_unit_test(random_datagrams_are_not_dns),
		cmocka_unit_test(on_its_port_a_flawed_message_is_recognised),
		cmocka_unit_test(every_shorter_stream_asks_for_more),
		cmocka_unit_test(a_long_answer_is_recognised_by_its_begin),
		cmocka_unit_test(other_streams_are_not_dns),
		cmocka_unit_test(on_its_port_a_flawed_stream_is_recognised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
