/*
 * test_contacts_udp.c: contacts without connections, what nobody asked for, and answers
 * that are larger than their questions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contact_check.h"

static struct packet datagram(unsigned from, uint16_t sport, unsigned to,
			      uint16_t dport, uint32_t len)
{
	return (struct packet){ .src = host(from),
				.dst = host(to),
				.sport = sport,
				.dport = dport,
				.proto = IPPROTO_UDP,
				.ip_len = 28 + len,
				.payload_len = len };
}

static struct packet icmp(unsigned from, unsigned to, uint16_t type)
{
	return (struct packet){ .src = host(from),
				.dst = host(to),
				.sport = type,
				.proto = IPPROTO_ICMP,
				.ip_len = 84,
				.payload_len = 56 };
}

static bool is_host(const struct addr *addr, unsigned n)
{
	struct addr expected = host(n);
	return addr_equal(addr, &expected);
}

/* ---- contacts ---- */

static void a_datagram_has_a_second_and_a_half(void **state)
{
	(void)state;
	take(datagram(1, 40000, 2, 500, 0));
	tick_until(START_US + SECOND);
	assert_int_equal(told_count, 0);
	/* Looking is no news of the service: no record of a second without packets. */
	uint64_t before = port_records;
	tick_until(START_US + 2 * SECOND);
	CHECK_TOLD(1, "silent", "udp");
	tick_until(START_US + 5 * SECOND);
	assert_int_equal(port_records, before);
	assert_int_equal(told[0].at, START_US + 3 * SECOND / 2);
	assert_int_equal(told[0].port, 500);
}

static void an_answered_one_is_told_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct packet p = datagram(1, (uint16_t)(40000 + i), 2, 53, 30);
		take(p);
		take(reverse(p));
	}
	CHECK_TOLD(1, "answered", "udp");
	assert_int_equal(told[0].payload_bytes, 30);
	tick_until(START_US + 2 * SECOND);
	assert_int_equal(told_count, 1);
}

static void streams_and_groups_are_no_scans(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) { /* four a second */
		take(datagram(1, 40000, 2, 514, 100));
		now_us += SECOND / 4;
	}
	for (unsigned i = 0; i < 17; i++)
		take(datagram(1, 40000, 2, 2055, 100));
	struct packet p = datagram(1, 40000, 2, 1900, 100);
	const uint8_t group[4] = { 239, 255, 255, 250 };
	p.dst = addr_v4(group);
	take(p);
	tick_until(now_us + 3 * SECOND);
	assert_int_equal(told_count, 0);
}

/* A scanner that has five payloads for each port, and asks twice. */
static void a_burst_that_nobody_answers_is_silence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		take(datagram(1, 40000, 2, 500, 20 + i % 5));
	tick_until(START_US + 2 * SECOND);
	CHECK_TOLD(1, "silent", "udp");
	for (unsigned i = 0; i < 6; i++) { /* slower: the first look is too early */
		take(datagram(1, 40000, 2, 501, 20));
		now_us += SECOND / 4;
	}
	tick_until(now_us + SECOND / 2);
	assert_int_equal(told_count, 1);
	tick_until(now_us + 2 * SECOND);
	CHECK_TOLD(2, "silent", "udp");
}

/* 10.0.0.255, where the link says that it is the network's broadcast address. */
static void a_broadcast_is_no_scan(void **state)
{
	(void)state;
	struct packet p = datagram(1, 40000, 255, 9999, 100);
	take(p);
	tick_until(START_US + 3 * SECOND);
	assert_int_equal(told_count, 1);
	p.flags = PACKET_TO_ALL;
	p.dport = 9998;
	take(p);
	p = datagram(1, 40000, 2, 9997, 100); /* a host's, however it was sent */
	p.flags = PACKET_TO_ALL;
	take(p);
	tick_until(START_US + 6 * SECOND);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[1].port, 9997);
}

/* nmap -sU -g 53: what is no answer is a question, from whichever port. */
static void only_an_answer_is_a_late_one(void **state)
{
	(void)state;
	const uint8_t question[12] = { 1, 2, 1, 0 }, answer[12] = { 1, 2, 0x81, 0x80 };
	options.reads = true;
	open_contacts();
	struct packet p = datagram(1, 53, 2, 2000, 12);
	p.payload = bytes_of(answer, sizeof(answer));
	take(p);
	p.dport = 2001;
	p.payload = bytes_of(question, sizeof(question));
	take(p);
	take(datagram(1, 123, 2, 2002, 0));
	take(datagram(1, 123, 2, 2003, 48));
	tick_until(START_US + 3 * SECOND);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0].port, 2001);
	assert_int_equal(told[1].port, 2002);
}

/* ---- associations (RFC 9260 5.1) ---- */

enum { INIT = 1, INIT_ACK = 2, ABORT = 6, COOKIE_ECHO = 10, COOKIE_ACK = 11 };

static void chunk(unsigned from, uint16_t sport, unsigned to, uint16_t dport,
		  uint8_t type)
{
	const uint8_t bytes[4] = { type, 0, 0, 4 };
	struct packet p = datagram(from, sport, to, dport, 4);
	p.proto = IPPROTO_SCTP;
	p.payload = bytes_of(bytes, sizeof(bytes));
	take(p);
}

static void an_association_is_refused_by_abort_or_silence(void **state)
{
	(void)state;
	chunk(1, 40000, 2, 36412, INIT);
	chunk(2, 36412, 1, 40000, ABORT);
	CHECK_TOLD(1, "refused", "other");
	assert_string_equal(told[0].transport, "sctp");
	assert_int_equal(told[0].port, 36412);
	chunk(1, 80, 2, 40000, COOKIE_ECHO); /* also from a port of servers */
	tick_until(START_US + SECOND);
	CHECK_TOLD(2, "silent", "other");
	assert_int_equal(told[1].port, 40000);
}

static void an_association_is_one_when_the_server_has_taken_the_cookie(void **state)
{
	(void)state;
	chunk(1, 40000, 2, 36412, INIT);
	chunk(2, 36412, 1, 40000, INIT_ACK);
	chunk(1, 40000, 2, 36412, COOKIE_ECHO);
	assert_int_equal(told_count, 0);
	chunk(2, 36412, 1, 40000, COOKIE_ACK);
	CHECK_TOLD(1, "handshake", "other");
	chunk(3, 40000, 2, 36412, INIT);
	chunk(2, 36412, 3, 40000, INIT_ACK);
	chunk(3, 40000, 2, 36412, COOKIE_ECHO); /* forged: nobody takes it */
	tick_until(START_US + 5 * SECOND);
	CHECK_TOLD(2, "half_open", "other");
}

static void who_did_not_ask_for_an_association_makes_no_contact(void **state)
{
	(void)state;
	chunk(1, 40000, 2, 36412, ABORT);
	chunk(1, 40001, 2, 36412, INIT_ACK);
	chunk(1, 40002, 2, 36412, 0); /* DATA of one that we have not seen begin */
	tick_until(START_US + 5 * SECOND);
	assert_int_equal(told_count, 0);
}

/* Of a peer-to-peer network: it asks others from the port that they ask. */
static void a_port_that_sends_is_not_closed(void **state)
{
	(void)state;
	take(datagram(2, 6881, 9, 6881, 100));
	told_count = 0;
	take(datagram(1, 40000, 2, 6881, 100));
	tick_until(START_US + SECOND);
	tick_until(START_US + 3 * SECOND);
	assert_int_equal(told_count, 1); /* of 10.0.0.9 only */
	assert_true(is_host(&told[0].client_ip, 2));
}

/* It serves others from the port that it asks from. */
static void who_serves_is_a_peer_and_no_scanner(void **state)
{
	(void)state;
	struct packet p = datagram(5, 51413, 1, 6881, 100);
	take(p);
	take(reverse(p));
	told_count = 0;
	for (uint16_t port = 1100; port < 1110; port++)
		take(datagram(1, 6881, 2, port, 100));
	tick_until(START_US + SECOND);
	tick_until(START_US + 3 * SECOND);
	assert_int_equal(told_count, 0);
}

static void who_serves_may_scan_the_ports_of_systems_all_the_same(void **state)
{
	(void)state;
	struct packet p = datagram(5, 51413, 1, 53, 100);
	take(p);
	take(reverse(p));
	told_count = 0;
	for (uint16_t port = 160; port < 170; port++)
		take(datagram(1, 53, 2, port, 100));
	take(datagram(1, 53, 2, 53, 100));
	tick_until(START_US + SECOND);
	tick_until(START_US + 3 * SECOND);
	assert_int_equal(told_count, 10);
}

static void late_answers_of_servers_are_no_contacts(void **state)
{
	(void)state;
	take(datagram(8, 53, 2, 40000, 100));
	take(datagram(8, 123, 2, 40001, 48));
	take(datagram(8, 67, 2, 68, 300));
	tick_until(START_US + 3 * SECOND);
	assert_int_equal(told_count, 0);
}

static void pings_are_contacts_without_ports(void **state)
{
	(void)state;
	struct packet p = icmp(1, 2, 8);
	take(p);
	p = reverse(p);
	p.sport = 0, p.dport = 0;
	take(p);
	CHECK_TOLD(1, "answered", "icmp");
	assert_int_equal(told[0].port, UNKNOWN_U32);
	take(icmp(1, 3, 8));
	take(icmp(4, 3, 0)); /* an answer to whoever used our address */
	tick_until(START_US + 3 * SECOND);
	CHECK_TOLD(2, "silent", "icmp");
}

/* ---- what nobody asked for ---- */

static void reflected_answers_are_counted_by_second(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		take(datagram(100 + i, 123, 2, 4000, 440));
	/* also to a port that a service of ours might have */
	for (unsigned i = 0; i < 50; i++)
		take(datagram(100 + i, 11211, 2, 80, 1400));
	tick_until(START_US + 2 * SECOND);
	assert_int_equal(unasked_count, 2);
	unsigned ntp = unasked[0].port == 123 ? 0 : 1;
	assert_int_equal(unasked[ntp].port, 123);
	assert_int_equal(unasked[ntp].packets, 100);
	assert_int_equal(unasked[ntp].bytes, 46800);
	assert_in_range(unasked[ntp].sources, 90, 110);
	assert_true(is_host(&unasked[ntp].ip, 2));
	assert_int_equal(unasked[ntp].at, START_US + SECOND);
	assert_int_equal(unasked[1 - ntp].port, 11211);
	assert_int_equal(unasked[1 - ntp].packets, 50);
}

static void questions_and_their_answers_are_not(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct packet p = datagram(2, (uint16_t)(40000 + i), 8, 53, 30);
		take(p);
		take(reverse(p));
		/* A time server's clients use its port. */
		p = datagram(100 + i, 123, 2, 123, 48);
		take(p);
		take(reverse(p));
		take(datagram(100 + i, 50000, 2, 9999, 48));
	}
	tick_until(START_US + 2 * SECOND);
	assert_int_equal(unasked_count, 0);
}

/* A segment from a web server. */
static struct packet from_web(unsigned from, uint16_t dport, uint8_t flags,
			      uint32_t seq)
{
	return (struct packet){ .src = host(from),
				.dst = host(2),
				.sport = 80,
				.dport = dport,
				.proto = IPPROTO_TCP,
				.tcp_flags = flags,
				.seq = seq,
				.ip_len = 40 };
}

static void answers_to_no_handshake_are_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		take(from_web(10 + i, (uint16_t)(2000 + i), TCP_SYN | TCP_ACK, 77));
		take(from_web(10 + i, (uint16_t)(3000 + i), TCP_RST | TCP_ACK, 0));
		/* Of a connection that was. */
		take(from_web(10 + i, (uint16_t)(4000 + i), TCP_RST | TCP_ACK, 99));
		struct packet syn = from_web(10 + i, (uint16_t)(5000 + i), TCP_SYN, 5);
		take(reverse(syn));
		take(from_web(10 + i, (uint16_t)(5000 + i), TCP_SYN | TCP_ACK, 77));
	}
	tick_until(START_US + SECOND);
	assert_int_equal(unasked_count, 1);
	assert_int_equal(unasked[0].packets, 200);
	assert_in_range(unasked[0].sources, 90, 110);
	assert_string_equal(unasked[0].transport, "tcp");
	assert_true(is_host(&unasked[0].ip, 2));
}

static void all_icmp_is_counted_by_type(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		take(icmp(100 + i, 2, 8));
	for (unsigned i = 0; i < 5; i++)
		take(icmp(100 + i, 2, 3));
	tick_until(START_US + 2 * SECOND);
	assert_int_equal(unasked_count, 2);
	assert_int_equal(unasked[0].packets + unasked[1].packets, 15);
}

/* ---- amplification ---- */

static void ask(unsigned client, uint16_t sport, uint32_t asked, uint32_t answered)
{
	struct packet p = datagram(client, sport, 2, 53, asked);
	take(p);
	p = reverse(p);
	p.payload_len = answered;
	p.ip_len = 28 + answered;
	take(p);
}

static void a_service_that_says_more_than_it_is_asked_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++)
		ask(66, (uint16_t)(i % 2 == 0 ? 4000 : 5000 + i), 40, 1200);
	for (unsigned i = 0; i < 40; i++)
		ask(67, (uint16_t)(4000 + i), 600, 1200); /* not thrice as much */
	for (unsigned i = 0; i < 4; i++)
		ask(68, (uint16_t)(4000 + i), 40, 1200); /* little */
	tick_until(START_US + 6 * SECOND);
	assert_int_equal(amplified_count, 1);
	assert_true(is_host(&amplified[0].client_ip, 66));
	assert_int_equal(amplified[0].port, 53);
	assert_int_equal(amplified[0].interval_s, 5);
	assert_int_equal(amplified[0].client_packets, 40);
	assert_int_equal(amplified[0].client_bytes, 40 * 68);
	assert_int_equal(amplified[0].server_packets, 40);
	assert_int_equal(amplified[0].server_bytes, 40 * 1228);
	tick_until(START_US + 20 * SECOND);
	assert_int_equal(amplified_count, 1);
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, contacts_begin_test, flows_end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_to_no_handshake_are_counted),
		TEST(a_datagram_has_a_second_and_a_half),
		TEST(an_answered_one_is_told_once),
		TEST(streams_and_groups_are_no_scans),
		TEST(a_burst_that_nobody_answers_is_silence),
		TEST(a_broadcast_is_no_scan),
		TEST(only_an_answer_is_a_late_one),
		TEST(an_association_is_refused_by_abort_or_silence),
		TEST(an_association_is_one_when_the_server_has_taken_the_cookie),
		TEST(who_did_not_ask_for_an_association_makes_no_contact),
		TEST(a_port_that_sends_is_not_closed),
		TEST(who_serves_is_a_peer_and_no_scanner),
		TEST(who_serves_may_scan_the_ports_of_systems_all_the_same),
		TEST(late_answers_of_servers_are_no_contacts),
		TEST(pings_are_contacts_without_ports),
		TEST(reflected_answers_are_counted_by_second),
		TEST(questions_and_their_answers_are_not),
		TEST(all_icmp_is_counted_by_type),
		TEST(a_service_that_says_more_than_it_is_asked_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
