/*
 * test_contacts.c: what comes of first words is told when it is clear, and of nothing
 * else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contact_check.h"

/* ---- connections ---- */

static void a_reset_refuses_at_once(void **state)
{
	(void)state;
	struct packet p = tcp_packet(1, 40000, TCP_SYN);
	p.ttl = 47, p.ip_id = 4711, p.window = 1024;
	take(p);
	p = reverse(p);
	p.tcp_flags = TCP_RST | TCP_ACK, p.ack = 1;
	take(p);
	CHECK_TOLD(1, "refused", "syn");
	assert_int_equal(told[0].start, START_US);
	assert_int_equal(told[0].at, START_US + 1000);
	assert_int_equal(told[0].ttl, 47);
	assert_int_equal(told[0].ip_id, 4711);
	assert_int_equal(told[0].window, 1024);
	assert_int_equal(told[0].tcp_flags, TCP_SYN);
	assert_int_equal(told[0].port, 80);
	assert_int_equal(told[0].client_port, 40000);
	assert_string_equal(told[0].tool, "nmap");
	assert_int_equal(told[0].fragment, 0);
}

static void take_unreachable(const struct packet *about)
{
	struct packet p = { .src = about->dst,
			    .dst = about->src,
			    .proto = IPPROTO_ICMP,
			    .sport = 3,
			    .dport = 3,
			    .ip_len = 56,
			    .flags = PACKET_QUOTES,
			    .quoted_src = about->src,
			    .quoted_dst = about->dst,
			    .quoted_proto = about->proto,
			    .quoted_sport = about->sport,
			    .quoted_dport = about->dport };
	take(p);
}

static void an_icmp_error_refuses_at_once(void **state)
{
	(void)state;
	struct packet segment = tcp_packet(1, 40000, TCP_SYN);
	take(segment);
	take_unreachable(&segment);
	CHECK_TOLD(1, "refused", "syn");
	struct packet datagram = udp_packet(1, 40000, 10);
	take(datagram);
	take_unreachable(&datagram);
	CHECK_TOLD(2, "refused", "udp");
	tick_until(now_us + 4 * SECOND);
	assert_int_equal(told_count, 2);
}

static void a_syn_has_300_ms_to_be_answered(void **state)
{
	(void)state;
	syn(1, 40000, 7);
	tick_to(START_US + 299999);
	assert_int_equal(told_count, 0);
	tick_to(START_US + 320000);
	CHECK_TOLD(1, "silent", "syn");
	assert_int_equal(told[0].at, START_US + 300000);
	tick_until(START_US + 8 * SECOND);
	assert_int_equal(told_count, 1);
}

static void packets_of_others_tell_of_silence_in_time(void **state)
{
	(void)state;
	syn(1, 40000, 7);
	for (unsigned i = 0; i < 350; i++)
		take(udp_packet(3, 1000, 10));
	CHECK_TOLD(1, "silent", "syn");
}

static void an_answer_after_that_is_another_outcome(void **state)
{
	(void)state;
	say(">S ");
	now_us = START_US + 400000;
	say("<SA >A ");
	CHECK_TOLD(2, "handshake", "syn");
	assert_string_equal(told[0].outcome, "silent");
}

static void odd_syns_are_not_forgotten(void **state)
{
	(void)state;
	struct packet closed = tcp_packet(1, 40000, TCP_SYN);
	closed.window = 0;
	take(closed);
	struct packet pieces = tcp_packet(1, 40001, TCP_SYN);
	pieces.flags = PACKET_FRAGMENT, pieces.dport = 81;
	take(pieces);
	struct packet data = tcp_packet(1, 40002, TCP_SYN);
	data.payload_len = 100, data.ip_len = 140, data.dport = 82;
	take(data);
	tick_to(START_US + 330000);
	CHECK_TOLD(3, "silent", "syn");
	assert_int_equal(told[1].fragment, 1);
}

static void who_resets_an_unanswered_syn_does_not_hide_it(void **state)
{
	(void)state;
	say(">S >R ");
	tick_to(START_US + 330000);
	CHECK_TOLD(1, "silent", "syn");
}

/* We see only the client: it goes on as if the server had answered. */
static void one_direction_is_no_silence(void **state)
{
	(void)state;
	say(">S >A >A100 ");
	tick_to(START_US + 2 * SECOND);
	assert_int_equal(told_count, 0);
}

static void evicted_ones_are_judged_early(void **state)
{
	(void)state;
	options.half_open_max = 4;
	open_contacts();
	for (unsigned i = 0; i < 5; i++)
		syn(1, (uint16_t)(40000 + i), i);
	assert_int_equal(told_count, 1); /* the same port again is no news */
	server_port = 81;
	for (unsigned i = 0; i < 5; i++)
		syn(1, (uint16_t)(41000 + i), i);
	server_port = 80;
	CHECK_TOLD(2, "silent", "syn");
}

static void the_end_of_a_capture_settles_syns_only(void **state)
{
	(void)state;
	syn(1, 40000, 7);
	take(udp_packet(1, 40000, 10));
	flows_finish(flows);
	CHECK_TOLD(1, "silent", "syn");
}

static void a_handshake_is_news_once(void **state)
{
	(void)state;
	say(HANDSHAKE);
	CHECK_TOLD(1, "handshake", "syn");
	assert_int_equal(told[0].payload_bytes, 0);
	say(">A20 <A20 >FA <FA >A ");
	now_us += 20 * SECOND;
	new_talk();
	initial[0] = next[0] = 77;
	say(HANDSHAKE);
	assert_int_equal(told_count, 1);
	tick_until(now_us + 10 * SECOND);
	assert_int_equal(told_count, 1);
}

static void who_leaves_without_a_word_is_told_at_once_and_once(void **state)
{
	(void)state;
	say(HANDSHAKE);
	say(">FA ");
	CHECK_TOLD(2, "unused", "syn");
	say("<FA >A ");
	now_us += 20 * SECOND;
	new_talk();
	initial[0] = next[0] = 77;
	say(HANDSHAKE);
	say("<A20 >A >RA ");
	assert_int_equal(told_count, 2);
}

static void a_reset_after_syn_ack_leaves_it_half_open(void **state)
{
	(void)state;
	say(">S <SA >R ");
	CHECK_TOLD(1, "half_open", "syn");
}

static void a_syn_ack_has_3_seconds_to_be_acknowledged(void **state)
{
	(void)state;
	say(">S <SA ");
	tick_until(START_US + 3 * SECOND);
	assert_int_equal(told_count, 0);
	tick_until(START_US + 3 * SECOND + SECOND / 10);
	CHECK_TOLD(1, "half_open", "syn");
}

/* ---- segments of no connection ---- */

static void take_stray(uint16_t port, uint8_t flags, uint32_t ip_len)
{
	struct packet p = tcp_packet(1, 40000, flags);
	p.dport = port;
	p.ip_len = ip_len;
	p.payload_len = ip_len > 60 ? ip_len - 52 : 0;
	take(p);
}

static void answer_stray(uint16_t port, uint8_t flags)
{
	struct packet p = tcp_packet(1, 40000, flags);
	p.dport = port;
	take(reverse(p));
}

static void what_no_connection_has_is_told_at_once(void **state)
{
	(void)state;
	take_stray(22, TCP_FIN, 40);
	CHECK_TOLD(1, "stray", "fin");
	take_stray(23, 0, 40);
	CHECK_TOLD(2, "stray", "null");
	take_stray(24, TCP_FIN | TCP_PSH | TCP_URG, 40);
	CHECK_TOLD(3, "stray", "xmas");
	take_stray(25, TCP_SYN | TCP_FIN, 40);
	CHECK_TOLD(4, "stray", "other");
	tick_until(now_us + SECOND);
	assert_int_equal(told_count, 4);
}

/* nmap -sF -g 53: who sends from a service's port is no server for that. */
static void a_port_of_a_service_hides_no_stealth_scan(void **state)
{
	(void)state;
	struct packet p = tcp_packet(1, 53, TCP_FIN);
	p.dport = 4444;
	take(p);
	CHECK_TOLD(1, "stray", "fin");
	assert_int_equal(told[0].port, 4444);
	assert_int_equal(told[0].client_port, 53);
}

/* nmap -sA -g 80, and -sM: no client has a port of systems. */
static void a_port_of_a_service_hides_no_acks_to_ports_of_systems(void **state)
{
	(void)state;
	struct packet p = tcp_packet(1, 80, TCP_ACK);
	p.ip_len = 40;
	p.dport = 445;
	take(p);
	p.tcp_flags = TCP_RST;
	take(reverse(p));
	CHECK_TOLD(1, "stray", "ack");
	p.tcp_flags = TCP_FIN | TCP_ACK;
	p.dport = 1000;
	take(p);
	tick_until(now_us + SECOND);
	CHECK_TOLD(2, "stray", "other");
	p.tcp_flags = TCP_ACK;
	p.dport = 1024; /* may be a late one to a client of ours */
	take(p);
	p.tcp_flags = TCP_RST;
	take(reverse(p));
	tick_until(now_us + SECOND);
	assert_int_equal(told_count, 2);
}

static void answers_to_others_are_nothing(void **state)
{
	(void)state;
	take_stray(22, TCP_SYN | TCP_ACK, 44);
	take_stray(23, TCP_RST, 40);
	take_stray(24, TCP_RST | TCP_ACK, 40);
	tick_until(now_us + SECOND);
	assert_int_equal(told_count, 0);
}

static void bare_acks_that_a_reset_answers_are_strays(void **state)
{
	(void)state;
	take_stray(22, TCP_ACK, 40);
	assert_int_equal(told_count, 0);
	answer_stray(22, TCP_RST);
	CHECK_TOLD(1, "stray", "ack");
	take_stray(23, TCP_ACK | TCP_FIN, 40);
	answer_stray(23, TCP_RST);
	CHECK_TOLD(2, "stray", "other");
	take_stray(25, TCP_ACK, 40);
	tick_until(now_us + SECOND / 2);
	CHECK_TOLD(3, "stray", "ack");
}

/* The monitor starts, a server reboots, an address translator forgets. */
static void the_middle_of_a_connection_is_no_stray(void **state)
{
	(void)state;
	take_stray(22, TCP_ACK, 52);           /* with options, as most have */
	take_stray(23, TCP_ACK | TCP_PSH, 90); /* data */
	take_stray(24, TCP_ACK | TCP_FIN, 52);
	take_stray(25, TCP_ACK, 40);
	answer_stray(25, TCP_ACK); /* it lives */
	take_stray(40001, TCP_ACK, 40);
	struct packet p = tcp_packet(1, 80, TCP_ACK); /* of a server, to a client */
	p.dport = 30000;
	take(p);
	tick_until(now_us + SECOND);
	assert_int_equal(told_count, 0);
}

static void late_segments_of_an_ended_connection_are_no_strays(void **state)
{
	(void)state;
	say(HANDSHAKE ">A10 <A10 >FA <FA >A ");
	assert_int_equal(told_count, 1);
	tick_until(now_us + 60 * SECOND);
	segment(FROM_CLIENT, TCP_FIN | TCP_ACK, 12, 12, 0);
	segment(FROM_SERVER, TCP_RST, 12, 12, 0);
	tick_until(now_us + SECOND);
	/* Others can tell that the port is open. */
	take_stray(80, TCP_ACK, 40);
	answer_stray(80, TCP_RST);
	assert_int_equal(told_count, 1);
}

/* ---- slow ones ---- */

static void who_asks_nothing_is_slow_once_a_minute(void **state)
{
	(void)state;
	say(HANDSHAKE);
	told_count = 0;
	tick_until(START_US + 9 * SECOND);
	assert_int_equal(told_count, 0);
	tick_until(START_US + 17 * SECOND);
	CHECK_TOLD(1, "slow", "syn");
	tick_until(START_US + 60 * SECOND);
	assert_int_equal(told_count, 1);
	tick_until(START_US + 85 * SECOND);
	assert_int_equal(told_count, 2);
}

static void who_asks_in_bits_is_slow(void **state)
{
	(void)state;
	say(HANDSHAKE ">A200 <A ");
	told_count = 0;
	tick_until(START_US + 14 * SECOND);
	assert_int_equal(told_count, 0); /* the server may think */
	say(">A20 <A ");
	tick_until(START_US + 25 * SECOND);
	CHECK_TOLD(1, "slow", "syn");
	assert_int_equal(told[0].payload_bytes, 220);
}

/* The server asks whether there is room, and the client says no: so many times. */
static void refuse_answer(uint32_t acked, int times, int64_t begin_us)
{
	for (int i = 0; i < times; i++) {
		tick_until(begin_us + i * SECOND);
		struct packet no = make_segment(FROM_CLIENT, TCP_ACK, 201, acked, 0);
		no.window = 0;
		no.at_us = begin_us + i * SECOND;
		take(no);
	}
}

static void who_takes_nothing_is_stalled(void **state)
{
	(void)state;
	say(HANDSHAKE ">A200 <A1400 <A1400 ");
	told_count = 0;
	refuse_answer(2801, 20, START_US + SECOND);
	CHECK_TOLD(1, "stalled", "syn");
	/* He had a full window once, and goes on. */
	open_contacts();
	say(HANDSHAKE ">A200 <A1400 <A1400 ");
	told_count = 0;
	refuse_answer(2801, 5, START_US + SECOND);
	for (int i = 6; i < 40; i++) {
		tick_until(START_US + i * SECOND);
		say("<A1400 >A ");
	}
	tick_until(START_US + 100 * SECOND);
	assert_int_equal(told_count, 0);
}

static void who_was_answered_may_idle(void **state)
{
	(void)state;
	say(HANDSHAKE ">A200 <A300 >A ");
	tick_until(START_US + 100 * SECOND);
	assert_int_equal(told_count, 1);
	/* A file comes, and nothing was asked here: FTP's data. */
	open_contacts();
	say(HANDSHAKE "<A1400 <A1400 >A ");
	tick_until(START_US + 100 * SECOND);
	assert_int_equal(told_count, 1);
}

static void a_step_of_the_clock_moves_patience(void **state)
{
	(void)state;
	struct packet p = tcp_packet(1, 40000, TCP_SYN);
	p.window = 0;
	take(p);
	syn(1, 40001, 7);
	flows_shift(flows, -3600 * SECOND);
	now_us -= 3600 * SECOND;
	tick_to(START_US - 3600 * SECOND + 299999);
	assert_int_equal(told_count, 0);
	tick_to(START_US - 3600 * SECOND + 330000);
	assert_int_equal(told_count, 1); /* both are the same */
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, contacts_begin_test, flows_end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reset_refuses_at_once),
		TEST(an_icmp_error_refuses_at_once),
		TEST(a_syn_has_300_ms_to_be_answered),
		TEST(packets_of_others_tell_of_silence_in_time),
		TEST(an_answer_after_that_is_another_outcome),
		TEST(odd_syns_are_not_forgotten),
		TEST(who_resets_an_unanswered_syn_does_not_hide_it),
		TEST(one_direction_is_no_silence),
		TEST(evicted_ones_are_judged_early),
		TEST(the_end_of_a_capture_settles_syns_only),
		TEST(a_handshake_is_news_once),
		TEST(who_leaves_without_a_word_is_told_at_once_and_once),
		TEST(a_reset_after_syn_ack_leaves_it_half_open),
		TEST(a_syn_ack_has_3_seconds_to_be_acknowledged),
		TEST(what_no_connection_has_is_told_at_once),
		TEST(a_port_of_a_service_hides_no_stealth_scan),
		TEST(a_port_of_a_service_hides_no_acks_to_ports_of_systems),
		TEST(answers_to_others_are_nothing),
		TEST(bare_acks_that_a_reset_answers_are_strays),
		TEST(the_middle_of_a_connection_is_no_stray),
		TEST(late_segments_of_an_ended_connection_are_no_strays),
		TEST(who_asks_nothing_is_slow_once_a_minute),
		TEST(who_asks_in_bits_is_slow),
		TEST(who_takes_nothing_is_stalled),
		TEST(who_was_answered_may_idle),
		TEST(a_step_of_the_clock_moves_patience),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
