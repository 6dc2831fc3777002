/*
 * test_tcp.c: states, history and meters of TCP connections, packet by packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow_check.h"

/* What Zeek's manual says of each conn_state, as packets. */
static const struct {
	const char *script, *state, *history, *reason;
} endings[] = {
	{ ">S", "S0", "S", "shutdown" },
	{ ">S <SA", "S1", "Sh", "shutdown" },
	{ HANDSHAKE, "S1", "ShA", "shutdown" },
	{ HANDSHAKE ">A10 <A <A20 >A >FA <FA >A", "SF", "ShADadFf", "closed" },
	{ HANDSHAKE "<A20 >A <FA >FA <A", "SF", "ShAdfFa", "closed" },
	{ ">S <RA", "REJ", "Sr", "rejected" },
	{ HANDSHAKE ">FA <A", "S2", "ShAFa", "shutdown" },
	{ HANDSHAKE "<FA >A", "S3", "ShAf", "shutdown" },
	{ HANDSHAKE ">RA", "RSTO", "ShAR", "reset" },
	{ HANDSHAKE ">A10 >R", "RSTO", "ShADR", "reset" },
	{ HANDSHAKE "<RA", "RSTR", "ShAr", "reset" },
	{ HANDSHAKE "<A10 <R", "RSTR", "ShAdr", "reset" },
	{ ">S >R", "RSTOS0", "SR", "reset" },
	{ "<SA <R", "RSTRH", "^hr", "reset" },
	{ ">S >F", "SH", "SF", "closed" },
	{ "<SA <FA", "SHR", "^hf", "closed" },
	{ ">A", "OTH", "A", "shutdown" },
	{ ">A10 <A20", "OTH", "Dd", "shutdown" },
	{ "<A20", "OTH", "^d", "shutdown" },
	{ "<SA", "OTH", "^h", "shutdown" },
	{ "<SA >S", "OTH", "^hS", "shutdown" },
	{ ">R", "OTH", "R", "reset" },
	{ ">SF", "SH", "Q", "closed" },
	{ ">SR", "OTH", "Q", "reset" },
	{ ">FR", "OTH", "I", "reset" },
};

static void every_ending_has_the_state_and_history_of_zeek(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		const struct flow_record *f = said(endings[i].script);
		assert_string_equal(f->state, endings[i].state);
		assert_string_equal(f->history, endings[i].history);
		assert_string_equal(f->end_reason, endings[i].reason);
		assert_int_equal(f->client_ip.ip6[15], 1);
		assert_int_equal(f->client_port, CLIENT_PORT);
	}
}

static const struct flow_record *finished(void)
{
	flows_finish(flows);
	assert_int_equal(seen_count, 1);
	return &seen[0];
}

static void begin_talk(const char *script)
{
	open_flows();
	new_talk();
	say(script);
}

static void the_server_is_told_by_its_syn_ack_or_its_port(void **state)
{
	(void)state;
	static const struct {
		uint16_t sport, dport;
		uint8_t flags;
		bool flips;
		uint8_t options; /* bytes */
	} cases[] = {
		{ 40000, 80, TCP_ACK, false, 0 },
		{ 80, 40000, TCP_ACK, true, 0 },
		{ 80, 22, TCP_ACK, false, 0 },
		{ 22, 80, TCP_ACK, true, 12 },
		/* nmap -sA -g 22 */
		{ 22, 80, TCP_ACK, false, 0 },
		{ 22, 80, TCP_ACK | TCP_PSH, true, 0 },
		{ 40000, 41000, TCP_ACK, false, 0 },
		/* who has a port of the dynamic range connects */
		{ 40000, 50000, TCP_ACK, true, 0 },
		{ 40000, 50000, TCP_SYN | TCP_ACK, true, 0 },
		{ 40000, 80, TCP_SYN | TCP_ACK, true, 0 },
		{ 80, 40000, TCP_SYN, false, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_flows();
		struct packet p = tcp_packet(1, cases[i].sport, cases[i].flags);
		p.dport = cases[i].dport;
		p.ip_len += cases[i].options;
		take(p);
		const struct flow_record *f = finished();
		assert_int_equal(f->history[0] == '^', cases[i].flips);
		assert_int_equal(f->server_port,
				 cases[i].flips ? cases[i].sport : cases[i].dport);
		assert_int_equal(f->server_ip.ip6[15], cases[i].flips ? 1 : 2);
		assert_int_equal(f->server_packets, cases[i].flips);
		assert_int_equal(f->client_packets, !cases[i].flips);
		assert_int_equal(sums.active, 0);
	}
}

static void letters_repeat_at_the_1st_10th_and_100th_event(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE ">A10");
	for (int i = 0; i < 120; i++)
		segment(FROM_CLIENT, TCP_ACK, 1, 1, 10);
	assert_string_equal(finished()->history, "ShADTTT");
	assert_int_equal(seen[0].client_retransmits, 120);
	begin_talk(HANDSHAKE);
	for (int i = 0; i < 120; i++) {
		struct packet p = make_segment(FROM_SERVER, TCP_ACK, 1, 1, 0);
		p.window = 0;
		take(p);
	}
	assert_string_equal(finished()->history, "ShAawww");
	assert_int_equal(seen[0].zero_windows, 120);
	begin_talk(HANDSHAKE);
	for (int i = 0; i < 200; i++) {
		struct packet p = make_segment(FROM_CLIENT, TCP_ACK, 1, 1, 0);
		p.flags = PACKET_BAD_CSUM;
		take(p);
	}
	assert_string_equal(finished()->history, "ShACCC");
	begin_talk(HANDSHAKE ">A10");
	for (uint32_t i = 1; i <= 120; i++) {
		segment(FROM_SERVER, TCP_ACK, 1, 11 + i * 100, 0);
		segment(FROM_CLIENT, TCP_ACK, 11 + i * 100, 1, 0);
	}
	assert_int_equal(finished()->lost_bytes, 120 * 100);
	assert_string_equal(seen[0].history, "ShADaGGG");
}

static void a_history_has_room_for_21_letters(void **state)
{
	(void)state;
	/* A FIN with another end each time is a letter each time. */
	begin_talk(HANDSHAKE);
	for (uint32_t i = 0; i < 40; i++)
		segment(FROM_CLIENT, TCP_ACK | TCP_FIN, 1 + i * 10, 1, 5);
	const char *history = finished()->history;
	assert_int_equal(strlen(history), 21);
	assert_string_equal(history, "ShAFFFFFFFFFFFFFFFFFF");
}

static void sequence_numbers_wrap_without_notice(void **state)
{
	(void)state;
	for (uint32_t before = 0; before < 300; before += 7) {
		open_flows();
		new_talk();
		initial[0] = next[0] = UINT32_MAX - before;
		initial[1] = next[1] = UINT32_MAX - before / 2;
		say(HANDSHAKE ">A100 <A <A100 >A >A100 <A <A100 >A >FA <FA >A");
		const struct flow_record *f = finished();
		assert_string_equal(f->state, "SF");
		assert_string_equal(f->history, "ShADadFf");
		assert_int_equal(f->client_payload_bytes, 200);
		assert_int_equal(f->server_payload_bytes, 200);
		assert_int_equal(f->client_retransmits + f->server_retransmits, 0);
		assert_int_equal(f->out_of_order + f->lost_bytes, 0);
		assert_int_equal(f->responses, 2);
	}
}

static void a_wrap_hides_no_hole_and_no_loss(void **state)
{
	(void)state;
	for (uint32_t before = 0; before < 60; before += 3) {
		open_flows();
		new_talk();
		initial[0] = next[0] = UINT32_MAX - before;
		say(HANDSHAKE ">A10");
		segment(FROM_CLIENT, TCP_ACK, 21, 1, 10);
		segment(FROM_CLIENT, TCP_ACK, 11, 1, 10);
		segment(FROM_CLIENT, TCP_ACK, 41, 1, 10);
		segment(FROM_SERVER, TCP_ACK, 1, 51, 0);
		assert_int_equal(finished()->lost_bytes, 10);
		assert_int_equal(seen[0].out_of_order, 1);
		assert_int_equal(seen[0].client_retransmits, 0);
	}
}

static void a_window_of_0_says_nothing_to_who_has_finished(void **state)
{
	(void)state;
	for (int done = 0; done < 2; done++) {
		begin_talk(done ? HANDSHAKE ">FA" : HANDSHAKE);
		struct packet p = make_segment(FROM_SERVER, TCP_ACK, 1, 1, 0);
		p.window = 0;
		take(p);
		assert_int_equal(finished()->zero_windows, !done);
	}
}

/* There is room for holes in 4,096 streams at a time. */
static void a_hole_is_forgotten_with_its_flow(void **state)
{
	(void)state;
	open_flows();
	new_talk();
	for (uint32_t i = 0; i < 4200; i++) {
		forget();
		initial[0] = next[0] = i * 1000000;
		say(HANDSHAKE ">A10");
		segment(FROM_CLIENT, TCP_ACK, 21, 1, 10);
		next[1] = initial[1];
	}
	segment(FROM_CLIENT, TCP_ACK, 11, 1, 10);
	forget();
	assert_int_equal(finished()->out_of_order, 1);
}

static void a_stream_may_be_longer_than_4_gib(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE);
	enum { STEP = 1 << 30 };
	for (uint64_t i = 0; i < 12; i++) {
		uint32_t seq = (uint32_t)(1 + i * STEP);
		segment(FROM_SERVER, TCP_ACK, seq, 1, STEP);
		segment(FROM_CLIENT, TCP_ACK, 1, seq + STEP, 0);
	}
	next[FROM_SERVER] = initial[FROM_SERVER] + 1 + 12u * STEP;
	say("<FA >FA <A");
	const struct flow_record *f = finished();
	assert_true(f->server_payload_bytes == 12ULL * STEP);
	assert_true(f->server_bytes == 12ULL * STEP + 40 * (12 + 3));
	assert_int_equal(f->lost_bytes, 0);
	assert_int_equal(f->client_payload_bytes, 0);
	assert_string_equal(f->state, "SF");
}

static void round_trips_are_timed_by_the_handshake(void **state)
{
	(void)state;
	begin_talk(">S");
	now_us += 29000;
	say("<SA");
	now_us += 4000;
	say(">A");
	const struct flow_record *f = finished();
	assert_int_equal(f->server_rtt_us, 30000);
	assert_int_equal(f->client_rtt_us, 5000);
	assert_int_equal(f->handshake_us, 35000);
	assert_int_equal(handshakes.total, 1);
}

static void a_handshake_segment_sent_twice_times_nothing(void **state)
{
	(void)state;
	begin_talk(">S");
	segment(FROM_CLIENT, TCP_SYN, 0, 0, 0);
	say("<SA >A");
	assert_int_equal(finished()->server_rtt_us, UNKNOWN_U64);
	assert_int_equal(seen[0].client_rtt_us, 1000);
	assert_int_equal(seen[0].handshake_us, 3000);
	begin_talk(">S <SA");
	segment(FROM_SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
	say(">A");
	assert_int_equal(finished()->server_rtt_us, 1000);
	assert_int_equal(seen[0].client_rtt_us, UNKNOWN_U64);
	assert_int_equal(seen[0].handshake_us, 3000);
}

static void data_are_timed_unless_sent_twice(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE ">A100");
	now_us += 8000;
	say("<A"); /* 7/8 of 1,000 and 1/8 of 9,000 */
	assert_int_equal(finished()->server_rtt_us, 2000);
	begin_talk(HANDSHAKE ">A100");
	segment(FROM_CLIENT, TCP_ACK, 1, 1, 100);
	now_us += 8000;
	say("<A");
	assert_int_equal(finished()->server_rtt_us, 1000);
}

static void a_clock_that_runs_back_is_no_long_round_trip(void **state)
{
	(void)state;
	begin_talk(">S");
	now_us -= 1500;
	say("<SA");
	now_us -= 1500;
	say(">A");
	const struct flow_record *f = finished();
	assert_true(f->server_rtt_us <= 1);
	assert_true(f->client_rtt_us <= 1);
	assert_int_equal(f->handshake_us, 0);
}

static void a_response_is_the_time_from_question_to_answer(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE ">A10 >A10"); /* one turn: its end counts */
	now_us += 19000;
	say("<A100 <A100 <A100 >A >A10"); /* one answer: its begin counts */
	now_us += 39000;
	say("<A5");
	const struct flow_record *f = finished();
	assert_int_equal(f->responses, 2);
	assert_int_equal(f->response_mean_us, 30000);
	assert_int_equal(f->response_max_us, 40000);
	assert_int_equal(responses.total, 2);
}

static void what_is_sent_again_asks_and_answers_nothing(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE ">A10");
	now_us += 9000;
	segment(FROM_CLIENT, TCP_ACK, 1, 1, 10); /* again: the question stays older */
	say("<A100");
	segment(FROM_CLIENT, TCP_ACK, 1, 1, 10);
	segment(FROM_SERVER, TCP_ACK, 1, 11, 100);
	const struct flow_record *f = finished();
	assert_int_equal(f->responses, 1);
	assert_int_equal(f->response_max_us, 11000);
	assert_int_equal(f->client_retransmits, 2);
	assert_int_equal(f->server_retransmits, 1);
	assert_int_equal(sums.retransmits, 3);
	assert_int_equal(sums.data_packets, 5);
}

/* Bodies are looked at every few seconds, at the end of a slot that is not now. */
static void a_question_survives_the_timers(void **state)
{
	(void)state;
	for (int64_t offset = 0; offset < 5 * SECOND; offset += SECOND / 4) {
		begin_talk(HANDSHAKE);
		tick_until(START_US + 20 * SECOND + offset);
		say(">A10");
		int64_t asked = now_us - 1000;
		tick_until(asked + 3 * SECOND);
		say("<A10");
		assert_int_equal(finished()->responses, 1);
		assert_int_equal(seen[0].response_max_us, 3 * SECOND);
	}
}

static void an_answer_after_an_hour_is_not_taken_for_a_fast_one(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE ">A10");
	/* 72 minutes: the low 32 bits of a time in us have wrapped. */
	for (int i = 0; i < 72; i++) {
		tick_until(now_us + 60 * SECOND);
		segment(FROM_CLIENT, TCP_ACK, 10, 1, 1);
	}
	say("<A10");
	flows_finish(flows);
	assert_int_equal(seen[seen_count - 1].responses, 0);
	assert_int_equal(responses.total, 0);
}

static void late_is_overtaken_and_later_is_sent_again(void **state)
{
	(void)state;
	/* The handshake took 2 ms: that much patience. */
	begin_talk(HANDSHAKE ">A10");
	segment(FROM_CLIENT, TCP_ACK, 21, 1, 10);
	segment(FROM_CLIENT, TCP_ACK, 11, 1, 10);
	assert_int_equal(finished()->out_of_order, 1);
	assert_int_equal(seen[0].client_retransmits, 0);
	assert_int_equal(seen[0].lost_bytes, 0);
	assert_int_equal(seen[0].client_payload_bytes, 30);
	begin_talk(HANDSHAKE ">A10");
	segment(FROM_CLIENT, TCP_ACK, 21, 1, 10);
	now_us += 5000;
	segment(FROM_CLIENT, TCP_ACK, 11, 1, 10);
	assert_int_equal(finished()->out_of_order, 0);
	assert_int_equal(seen[0].client_retransmits, 1);
	/* A clock that runs back made it no older. */
	begin_talk(HANDSHAKE ">A10");
	segment(FROM_CLIENT, TCP_ACK, 21, 1, 10);
	now_us -= 1500;
	segment(FROM_CLIENT, TCP_ACK, 11, 1, 10);
	assert_int_equal(finished()->out_of_order, 1);
}

static void a_keep_alive_is_neither(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE ">A10 <A");
	for (int i = 0; i < 5; i++) {
		segment(FROM_CLIENT, TCP_ACK, 10, 1, 1);
		segment(FROM_SERVER, TCP_ACK, 1, 11, 0);
	}
	const struct flow_record *f = finished();
	assert_int_equal(f->client_retransmits, 0);
	assert_int_equal(f->out_of_order, 0);
	assert_int_equal(f->responses, 0);
	assert_string_equal(f->history, "ShADaT");
}

static void what_is_acknowledged_but_was_never_seen_is_lost(void **state)
{
	(void)state;
	/* At the end of what we saw, in a hole, and at both. */
	begin_talk(HANDSHAKE "<A10");
	segment(FROM_CLIENT, TCP_ACK, 1, 111, 0);
	assert_int_equal(finished()->lost_bytes, 100);
	assert_string_equal(seen[0].history, "ShAdg");
	begin_talk(HANDSHAKE "<A10");
	segment(FROM_SERVER, TCP_ACK, 51, 1, 10);
	segment(FROM_CLIENT, TCP_ACK, 1, 61, 0);
	assert_int_equal(finished()->lost_bytes, 40);
	assert_int_equal(sums.lost_bytes, 40);
	begin_talk(HANDSHAKE "<A10");
	segment(FROM_SERVER, TCP_ACK, 51, 1, 10);
	segment(FROM_SERVER, TCP_ACK, 11, 1, 40);
	segment(FROM_CLIENT, TCP_ACK, 1, 61, 0);
	assert_int_equal(finished()->lost_bytes, 0);
	begin_talk(HANDSHAKE "<A10");
	segment(FROM_CLIENT, TCP_ACK, 1, 5, 0); /* part of what came */
	assert_int_equal(finished()->lost_bytes, 0);
}

static void a_fin_ahead_of_its_data_shows_what_is_missing(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE "<A10");
	segment(FROM_SERVER, TCP_ACK | TCP_FIN, 111, 1, 0);
	segment(FROM_CLIENT, TCP_ACK, 1, 112, 0);
	segment(FROM_CLIENT, TCP_ACK | TCP_FIN, 1, 112, 0);
	const struct flow_record *f = finished();
	assert_int_equal(f->lost_bytes, 100);
	assert_int_equal(f->server_payload_bytes, 110);
	assert_string_equal(f->state, "SF");
}

static void another_syn_is_another_connection(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE ">A10");
	segment(FROM_CLIENT, TCP_SYN, 70000, 0, 0);
	assert_int_equal(seen_count, 1);
	assert_string_equal(seen[0].end_reason, "replaced");
	assert_string_equal(seen[0].state, "S1");
	begin_talk(HANDSHAKE ">A10");
	segment(FROM_CLIENT, TCP_SYN, 0, 0, 0); /* the first one, late */
	assert_int_equal(seen_count, 0);
	begin_talk(HANDSHAKE ">FA <FA >A");
	segment(FROM_CLIENT, TCP_SYN, 0, 0, 0); /* after the end even the same */
	assert_int_equal(seen_count, 1);
	assert_string_equal(seen[0].end_reason, "closed");
	flows_finish(flows);
	assert_int_equal(seen_count, 2);
	assert_string_equal(seen[1].state, "S0");
	assert_int_equal(sums.flows, 2);
	assert_int_equal(sums.active, 0);
}

static void a_closed_connection_lingers_for_5_seconds(void **state)
{
	(void)state;
	static const char *const scripts[] = { HANDSHAKE ">FA <FA", HANDSHAKE "<R",
					       ">S <RA" };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		begin_talk(scripts[i]);
		int64_t last = now_us - 1000;
		now_us = last + 5 * SECOND - 1;
		segment(FROM_SERVER, TCP_ACK, 2, 2, 0);
		assert_int_equal(seen_count, 0);
		now_us = last + 5 * SECOND;
		segment(FROM_SERVER, TCP_ACK, 2, 2, 0);
		assert_int_equal(seen_count, 1);
	}
}

static void an_idle_connection_lives_for_300_seconds(void **state)
{
	(void)state;
	begin_talk(HANDSHAKE);
	now_us += 300 * SECOND - 1000 - 1;
	say(">A10");
	assert_string_equal(seen[seen_count - 1].end_reason, "active");
	int64_t last = now_us - 1000;
	now_us = last + 300 * SECOND;
	say("<A10");
	assert_string_equal(seen[seen_count - 1].end_reason, "timeout");
	assert_int_equal(seen[seen_count - 1].end, last);
	begin_talk(HANDSHAKE);
	tick_until(START_US + 310 * SECOND);
	assert_string_equal(seen[seen_count - 1].end_reason, "timeout");
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, flows_begin_test, flows_end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_ending_has_the_state_and_history_of_zeek),
		TEST(the_server_is_told_by_its_syn_ack_or_its_port),
		TEST(letters_repeat_at_the_1st_10th_and_100th_event),
		TEST(a_history_has_room_for_21_letters),
		TEST(sequence_numbers_wrap_without_notice),
		TEST(a_wrap_hides_no_hole_and_no_loss),
		TEST(a_window_of_0_says_nothing_to_who_has_finished),
		TEST(a_hole_is_forgotten_with_its_flow),
		TEST(a_stream_may_be_longer_than_4_gib),
		TEST(round_trips_are_timed_by_the_handshake),
		TEST(a_handshake_segment_sent_twice_times_nothing),
		TEST(data_are_timed_unless_sent_twice),
		TEST(a_clock_that_runs_back_is_no_long_round_trip),
		TEST(a_response_is_the_time_from_question_to_answer),
		TEST(what_is_sent_again_asks_and_answers_nothing),
		TEST(a_question_survives_the_timers),
		TEST(an_answer_after_an_hour_is_not_taken_for_a_fast_one),
		TEST(late_is_overtaken_and_later_is_sent_again),
		TEST(a_keep_alive_is_neither),
		TEST(what_is_acknowledged_but_was_never_seen_is_lost),
		TEST(a_fin_ahead_of_its_data_shows_what_is_missing),
		TEST(another_syn_is_another_connection),
		TEST(a_closed_connection_lingers_for_5_seconds),
		TEST(an_idle_connection_lives_for_300_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
