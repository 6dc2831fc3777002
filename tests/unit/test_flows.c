/*
 * test_flows.c: flows begin, report and end, exactly when they should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/state.h"

#include "flow_check.h"

/* ---- half-open ---- */

static void a_repeated_syn_is_counted_with_the_first(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		syn(1, 40000, 7);
	assert_int_equal(stats_now().half_open, 1);
	flows_finish(flows);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].client_packets, 3);
	assert_int_equal(seen[0].client_bytes, 120);
	assert_int_equal(seen[0].end - seen[0].start, 2000);
	assert_string_equal(seen[0].history, "S");
	assert_int_equal(sums.client_packets, 3);
	assert_int_equal(sums.flows, 1);
}

static void a_syn_repeated_more_often_than_fits_is_still_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++)
		syn(1, 40000, 7);
	flows_finish(flows);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].client_packets, 300);
	assert_int_equal(seen[0].client_bytes, 12000);
	assert_int_equal(sums.client_packets, 300);
	assert_int_equal(sums.active, 0);
}

static void a_half_open_flow_expires_after_exactly_5_seconds(void **state)
{
	(void)state;
	now_us += SECOND / 2; /* not when the timers look */
	syn(1, 40000, 7);
	now_us = START_US + SECOND / 2 + 5 * SECOND - 1;
	syn(1, 40000, 7);
	assert_int_equal(seen_count, 0);
	now_us = START_US + SECOND / 2 + 5 * SECOND;
	syn(1, 40000, 7);
	assert_int_equal(seen_count, 1);
	assert_string_equal(seen[0].end_reason, "timeout");
	assert_int_equal(seen[0].client_packets, 2);
	tick_until(START_US + 12 * SECOND);
	assert_int_equal(seen_count, 2);
	assert_int_equal(stats_now().flows_open, 0);
	assert_int_equal(sums.unanswered, 2);
}

static void an_answer_makes_a_half_open_flow_a_whole_one(void **state)
{
	(void)state;
	struct packet first = tcp_packet(1, 40000, TCP_SYN);
	struct packet answer = reverse(first);
	answer.tcp_flags = TCP_SYN | TCP_ACK;
	answer.ack = 1;
	take(first);
	assert_int_equal(stats_now().half_open, 1);
	take(answer);
	assert_int_equal(stats_now().half_open, 0);
	assert_int_equal(stats_now().flows_open, 1);
	assert_int_equal(stats_now().flows_started, 1);
	flows_finish(flows);
	assert_int_equal(seen[0].start, START_US);
	assert_int_equal(seen[0].client_packets, 1);
	assert_int_equal(seen[0].server_packets, 1);
	assert_int_equal(sums.flows, 1);
	assert_int_equal(sums.active, 0);
}

static void another_syn_takes_the_place_of_a_half_open_flow(void **state)
{
	(void)state;
	syn(1, 40000, 7);
	syn(1, 40000, 8);
	assert_int_equal(seen_with("replaced"), 1);
	assert_int_equal(stats_now().half_open, 1);
	assert_int_equal(stats_now().flows_started, 2);
}

/* ---- rejection by ICMP ---- */

static struct packet unreachable(const struct packet *about, uint16_t type,
				 uint16_t code)
{
	bool is_v4 = addr_is_v4(&about->src);
	return (struct packet){ .src = host(9),
				.dst = about->src,
				.proto = is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
				.sport = type,
				.dport = code,
				.flags = PACKET_QUOTES,
				.ip_len = 56,
				.quoted_proto = about->proto,
				.quoted_sport = about->sport,
				.quoted_dport = about->dport,
				.quoted_src = about->src,
				.quoted_dst = about->dst };
}

static struct packet over_ip6(struct packet p)
{
	p.src = addr_v6("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	p.dst = addr_v6("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2");
	return p;
}

static const struct flow_record *seen_of(const struct packet *p)
{
	for (size_t i = 0; i < seen_count; i++)
		if (seen[i].ip_proto == p->proto)
			return &seen[i];
	return NULL;
}

static void an_unreachable_rejects_what_has_no_answer(void **state)
{
	(void)state;
	const struct packet tcp = tcp_packet(1, 40000, TCP_SYN);
	const struct packet udp = udp_packet(1, 40000, 10);
	const struct packet asked[] = { tcp, udp, over_ip6(tcp), over_ip6(udp) };
	for (size_t i = 0; i < 4; i++) {
		open_flows();
		take(asked[i]);
		take(unreachable(&asked[i], i < 2 ? 3 : 1, i < 2 ? 3 : 4));
		tick_until(START_US + 70 * SECOND);
		flows_finish(flows);
		const struct flow_record *f = seen_of(&asked[i]);
		assert_non_null(f);
		assert_string_equal(f->end_reason, "rejected");
		assert_string_equal(f->state, "S0");
		assert_int_equal(sums.rejected, 1);
		assert_int_equal(sums.unanswered, 0);
		assert_int_equal(sums.active, 0);
	}
}

static void an_unreachable_rejects_nothing_else(void **state)
{
	(void)state;
	const struct packet udp = udp_packet(1, 40000, 10);
	const struct {
		uint16_t type, code;
		bool answered, about_answer;
	} cases[] = {
		{ 3, 4, false, false },  /* fragmentation needed */
		{ 11, 0, false, false }, /* time exceeded */
		{ 3, 3, true, false },
		{ 3, 3, true, true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_flows();
		struct packet answer = reverse(udp);
		take(udp);
		if (cases[i].answered)
			take(answer);
		take(unreachable(cases[i].about_answer ? &answer : &udp, cases[i].type,
				 cases[i].code));
		flows_finish(flows);
		assert_int_equal(seen_with("rejected"), 0);
		assert_int_equal(sums.rejected, 0);
	}
}

static void an_unreachable_is_too_late_for_what_is_over(void **state)
{
	(void)state;
	const struct packet asked[] = { tcp_packet(1, 40000, TCP_SYN),
					udp_packet(1, 40000, 10) };
	for (size_t i = 0; i < 2; i++) {
		open_flows();
		now_us = START_US + SECOND / 2;
		take(asked[i]);
		now_us += (i == 0 ? 5 : 60) * SECOND - 1000;
		take(unreachable(&asked[i], 3, 3));
		flows_finish(flows);
		assert_int_equal(seen_with("rejected"), 0);
	}
}

/* ---- conversations ---- */

static void a_udp_conversation_ends_after_60_seconds_of_silence(void **state)
{
	(void)state;
	take(udp_packet(1, 40000, 10));
	now_us += 19000;
	take(reverse(udp_packet(1, 40000, 30)));
	int64_t last = now_us - 1000;
	now_us = last + 60 * SECOND - 1;
	take(udp_packet(1, 40000, 10));
	assert_int_equal(seen_with("timeout"), 0);
	last = now_us - 1000;
	now_us = last + 60 * SECOND;
	take(udp_packet(1, 40000, 10));
	assert_int_equal(seen_with("timeout"), 1);
	const struct flow_record *f = &seen[seen_count - 1];
	assert_string_equal(f->state, "SF");
	assert_string_equal(f->history, "Dd");
	assert_int_equal(f->client_payload_bytes, 20);
	assert_int_equal(f->server_payload_bytes, 30);
	assert_int_equal(f->responses, 1);
	assert_int_equal(f->response_max_us, 20000);
	flows_finish(flows);
	assert_string_equal(seen[seen_count - 1].state, "S0");
}

/* Zeek's dns_session_timeout. */
static void a_dns_conversation_ends_after_10_seconds(void **state)
{
	(void)state;
	struct packet p = udp_packet(1, 40000, 10);
	p.dport = 53;
	take(p);
	now_us = START_US + 10 * SECOND - 1;
	take(p);
	assert_int_equal(seen_count, 0);
	now_us += 10 * SECOND - 1000;
	take(p);
	assert_int_equal(seen_with("timeout"), 1);
}

static struct packet icmp_packet(uint16_t type, uint16_t code)
{
	struct packet p = udp_packet(1, 0, 56);
	p.proto = IPPROTO_ICMP;
	p.sport = type;
	p.dport = code;
	return p;
}

static void an_echo_is_a_conversation_and_a_redirect_is_not(void **state)
{
	(void)state;
	struct packet request = icmp_packet(8, 0), reply = icmp_packet(0, 0);
	struct addr swap = reply.src;
	reply.src = reply.dst, reply.dst = swap;
	take(request);
	take(reply);
	flows_finish(flows);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].client_port, 8);
	assert_int_equal(seen[0].server_port, 0);
	assert_int_equal(seen[0].responses, 1);
	open_flows();
	struct packet there = icmp_packet(5, 1), back = icmp_packet(5, 1);
	back.src = there.dst, back.dst = there.src;
	take(there);
	take(back);
	take(there);
	flows_finish(flows);
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[0].client_packets, 2);
	assert_int_equal(seen[1].client_packets, 1);
	assert_int_equal(seen[0].server_packets + seen[1].server_packets, 0);
	assert_int_equal(seen[0].responses + seen[1].responses, 0);
}

static void packets_without_ports_are_conversations_of_hosts(void **state)
{
	(void)state;
	struct packet fragment = udp_packet(1, 0, 1000);
	fragment.dport = 0;
	fragment.flags = PACKET_FRAGMENT | PACKET_LATER_FRAGMENT | PACKET_NO_PORTS;
	struct packet tcp = fragment, bare = fragment;
	tcp.proto = IPPROTO_TCP;
	bare.proto = 0;
	bare.flags = 0;
	take(fragment);
	take(tcp);
	take(bare);
	take(reverse(bare));
	assert_int_equal(stats_now().flows_open, 3);
	assert_int_equal(stats_now().services, 0);
	tick_until(START_US + 61 * SECOND);
	tick_until(START_US + 70 * SECOND);
	assert_int_equal(stats_now().flows_open, 0);
	assert_int_equal(seen_with("timeout"), 3);
	assert_int_equal(sums.flows + sums.ended, 0);
}

/* ---- reports ---- */

static void a_long_flow_reports_every_minute_exactly_once(void **state)
{
	(void)state;
	/* Offsets up to three slots, one of them where a minute ends with a slot. */
	int64_t slot = 1 << WHEEL_SHIFT;
	int64_t even = slot - (START_US + 60 * SECOND) % slot;
	for (int64_t i = 0; i < 20; i++) {
		open_flows();
		new_talk();
		int64_t begin = START_US + (i == 0 ? even : i * 150001);
		now_us = begin;
		say(HANDSHAKE);
		for (int64_t minute = 1; minute <= 5; minute++) {
			tick_until(begin + minute * 60 * SECOND - 30 * SECOND);
			assert_int_equal(seen_count, minute - 1);
			say(">A10 <A10");
			tick_until(begin + minute * 60 * SECOND);
			assert_int_equal(seen_count, minute - 1);
			tick_until(begin + minute * 60 * SECOND + 3 * SECOND);
			assert_int_equal(seen_count, minute);
			const struct flow_record *f = &seen[seen_count - 1];
			assert_string_equal(f->end_reason, "active");
			assert_int_equal(f->responses, minute);
			assert_int_equal(f->client_payload_bytes, minute * 10);
		}
	}
}

static void a_silence_skips_no_report(void **state)
{
	(void)state;
	new_talk();
	say(HANDSHAKE);
	tick_to(START_US + 290 * SECOND);
	assert_int_equal(seen_with("active"), 4);
	say(">A10");
	tick_to(START_US + 50 * 3600 * SECOND);
	assert_int_equal(seen_with("active"), 9);
	assert_int_equal(seen_with("timeout"), 1);
	assert_int_equal(seen_count, 10);
	assert_int_equal(stats_now().flows_open, 0);
}

static void closed_flows_are_freed_after_5_seconds(void **state)
{
	(void)state;
	new_talk();
	say(HANDSHAKE ">FA <FA >A");
	tick_until(START_US + 5 * SECOND);
	assert_int_equal(seen_count, 0);
	tick_until(START_US + 8 * SECOND);
	assert_int_equal(seen_count, 1);
	assert_int_equal(stats_now().flows_open, 0);
	assert_int_equal(sums.active, 0);
}

static void a_list_shows_open_flows_and_ends_none(void **state)
{
	(void)state;
	new_talk();
	say(HANDSHAKE);
	syn(5, 1, 1);
	syn(6, 1, 1);
	take(udp_packet(1, 40000, 10));
	for (int i = 0; i < 2; i++) {
		forget();
		flows_list(flows);
		assert_int_equal(seen_count, 4);
		assert_int_equal(seen_with("active"), 4);
	}
	flows_finish(flows);
	assert_int_equal(seen_with("shutdown"), 4);
	assert_int_equal(stats_now().flows_open, 0);
	assert_int_equal(stats_now().half_open, 0);
}

static void a_flow_says_how_its_packets_came(void **state)
{
	(void)state;
	struct packet p = udp_packet(1, 40000, 10);
	p.vlan = 7;
	p.vlan_inner = 9;
	p.tunnel = TUNNEL_GRE;
	take(p);
	take(udp_packet(2, 40000, 10));
	flows_finish(flows);
	assert_int_equal(seen[0].vlan, 7);
	assert_int_equal(seen[0].vlan_inner, 9);
	assert_string_equal(seen[0].tunnel, "gre");
	assert_int_equal(seen[1].vlan, UNKNOWN_U16);
	assert_null(seen[1].tunnel);
}

static const char *name_of(void *self, uint16_t iface)
{
	(void)self;
	return iface == 0 ? "eth0" : "eth1";
}

static void every_flow_names_its_interface(void **state)
{
	(void)state;
	options.iface_name = name_of;
	open_flows();
	for (uint16_t i = 0; i < 4; i++) {
		struct packet p = udp_packet(i, 40000, 10);
		p.iface = i & 1;
		take(p);
	}
	flows_finish(flows);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(seen[i].iface, i & 1 ? "eth1" : "eth0");
}

/* ---- the clock ---- */

static void a_step_of_the_clock_neither_ends_nor_prolongs_a_flow(void **state)
{
	(void)state;
	const int64_t steps[] = { -86400 * SECOND, -3 * SECOND - 7, 2 * SECOND + 1,
				  86400 * SECOND };
	for (size_t i = 0; i < 4; i++) {
		open_flows();
		new_talk();
		say(HANDSHAKE ">A10");
		syn(5, 1, 1);
		tick_until(START_US + 2 * SECOND);
		flows_shift(flows, steps[i]);
		now_us += steps[i];
		int64_t start = START_US + steps[i];
		tick_until(start + 4 * SECOND);
		assert_int_equal(seen_count, 0);
		say("<A10");
		tick_until(start + 7 * SECOND);
		assert_int_equal(seen_with("timeout"), 1); /* the SYN */
		for (int minute = 1; minute <= 3; minute++) {
			tick_until(start + minute * 60 * SECOND + 2 * SECOND);
			assert_int_equal(seen_with("active"), minute);
		}
		tick_until(start + 299 * SECOND);
		assert_int_equal(seen_with("timeout"), 1);
		tick_until(start + 310 * SECOND);
		assert_int_equal(seen_with("timeout"), 2);
		assert_int_equal(stats_now().flows_open, 0);
		const struct flow_record *f = &seen[seen_count - 1];
		assert_int_equal(f->start, start);
		assert_int_equal(f->responses, 1);
		assert_true(f->response_max_us < 5 * SECOND);
		assert_int_equal(sums.active, 0);
		assert_int_equal(sums.ended, 2);
	}
}

static void a_report_is_not_lost_to_a_step_of_the_clock(void **state)
{
	(void)state;
	for (int64_t step = -10; step <= 10; step++) {
		open_flows();
		new_talk();
		say(HANDSHAKE);
		tick_until(START_US + 59 * SECOND);
		flows_shift(flows, step * 1100000);
		now_us += step * 1100000;
		tick_until(now_us + 4 * SECOND);
		assert_int_equal(seen_count, 1);
	}
}

static void what_ended_before_a_step_of_the_clock_is_free_after_it(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 20; i++)
		take(tcp_packet(1, 1000 + i, TCP_RST));
	for (uint16_t i = 0; i < 20; i++) /* half-open now, and the bodies dead */
		syn(1, 1000 + i, 7);
	assert_int_equal(flows->table.body_used, 20);
	flows_shift(flows, SECOND);
	assert_int_equal(flows->table.body_used, 0);
	assert_int_equal(stats_now().flows_open, 20);
}

static void packets_older_than_the_last_change_no_time(void **state)
{
	(void)state;
	new_talk();
	say(HANDSHAKE ">A10");
	int64_t last = now_us - 1000;
	now_us = START_US - 3600 * SECOND;
	say("<A10");
	take(udp_packet(1, 40000, 10));
	tick_to(START_US + SECOND);
	flows_finish(flows);
	assert_int_equal(seen_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(seen[i].end >= seen[i].start);
	const struct flow_record *f = &seen[seen[0].ip_proto == IPPROTO_TCP ? 0 : 1];
	assert_int_equal(f->end, last);
	assert_int_equal(f->responses, 1);
	assert_int_equal(f->response_max_us, 0);
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, flows_begin_test, flows_end_test)

static void an_end_counts_when_it_is_clear(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		uint64_t active, rejected, ended;
	} cases[] = {
		{ ">S <RA", 0, 1, 1 },
		{ ">S <SA >A >FA <FA >A", 0, 0, 1 },
		{ ">S <SA >A >D10", 1, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_flows();
		say(cases[i].script);
		tick_to(START_US + SECOND);
		assert_int_equal(sums.active, cases[i].active);
		assert_int_equal(sums.rejected, cases[i].rejected);
		assert_int_equal(sums.ended, cases[i].ended);
		/* And only once. */
		tick_until(START_US + 20 * SECOND);
		assert_int_equal(sums.ended, cases[i].ended);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_end_counts_when_it_is_clear),
		TEST(a_repeated_syn_is_counted_with_the_first),
		TEST(a_syn_repeated_more_often_than_fits_is_still_counted),
		TEST(a_half_open_flow_expires_after_exactly_5_seconds),
		TEST(an_answer_makes_a_half_open_flow_a_whole_one),
		TEST(another_syn_takes_the_place_of_a_half_open_flow),
		TEST(an_unreachable_rejects_what_has_no_answer),
		TEST(an_unreachable_rejects_nothing_else),
		TEST(an_unreachable_is_too_late_for_what_is_over),
		TEST(a_udp_conversation_ends_after_60_seconds_of_silence),
		TEST(a_dns_conversation_ends_after_10_seconds),
		TEST(an_echo_is_a_conversation_and_a_redirect_is_not),
		TEST(packets_without_ports_are_conversations_of_hosts),
		TEST(a_long_flow_reports_every_minute_exactly_once),
		TEST(a_silence_skips_no_report),
		TEST(closed_flows_are_freed_after_5_seconds),
		TEST(a_list_shows_open_flows_and_ends_none),
		TEST(a_flow_says_how_its_packets_came),
		TEST(every_flow_names_its_interface),
		TEST(a_step_of_the_clock_neither_ends_nor_prolongs_a_flow),
		TEST(a_report_is_not_lost_to_a_step_of_the_clock),
		TEST(what_ended_before_a_step_of_the_clock_is_free_after_it),
		TEST(packets_older_than_the_last_change_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
