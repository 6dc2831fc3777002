/*
 * test_flows_room.c: what gives way when flows, sources or services find no room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/state.h"

#include "flow_check.h"

static void a_source_over_its_share_becomes_one_aggregate(void **state)
{
	(void)state;
	options.source_share = 10;
	open_flows();
	for (uint16_t i = 0; i < 100; i++)
		syn(1, 1000 + i, i);
	syn(3, 1000, 1);
	assert_int_equal(stats_now().flows_open, 11);
	assert_int_equal(stats_now().flows_refused, 90);
	assert_int_equal(stats_now().sources, 1);
	tick_until(START_US + 6 * SECOND);
	forget();
	/* What has ended leaves room for as many again. */
	for (uint16_t i = 0; i < 11; i++)
		syn(1, 2000 + i, i);
	assert_int_equal(stats_now().flows_open, 10);
	tick_until(START_US + 62 * SECOND);
	assert_int_equal(seen_with("aggregate"), 1);
	for (size_t i = 0; i < seen_count; i++) {
		if (strcmp(seen[i].end_reason, "aggregate") != 0)
			continue;
		assert_int_equal(seen[i].client_packets, 91);
		assert_int_equal(seen[i].client_bytes, 91 * 40);
		assert_in_range(seen[i].flows, 88, 94);
		assert_int_equal(seen[i].client_ip.ip6[15], 1);
		assert_int_equal(seen[i].start, START_US + 10 * 1000);
	}
	assert_int_equal(stats_now().sources, 0);
	assert_int_equal(stats_now().flows_open, 0);
}

/* A proxy asks for many connections, and the server answers; a flood is not answered.
 */
static void beyond_its_share_the_server_tells_what_was_completed(void **state)
{
	(void)state;
	options.source_share = 1;
	open_flows();
	syn(1, 1000, 1);
	for (int i = 0; i < 20; i++) {
		new_talk();
		say(i < 12 ? HANDSHAKE ">A10 <A100 <FA >FA <A" : ">S <SA >A >FA");
	}
	flows_finish(flows);
	assert_int_equal(stats_now().flows_started, 1);
	assert_int_equal(sums.syns, 21);
	assert_int_equal(sums.handshakes, 12);
}

static uint64_t answers_unasked;

static void count_answers(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	if (kind == RECORD_unsolicited)
		answers_unasked += ((const struct unsolicited_record *)record)->packets;
}

/* A client of ours beyond its share asked for what answers it, as often as it asked. */
static void beyond_its_share_answers_were_asked_for(void **state)
{
	(void)state;
	static const struct flow_sink sink = { .flow = seen_flow,
					       .port = seen_port,
					       .record = count_answers,
					       .tick = seen_tick };
	options.source_share = 1;
	options.wants = 1U << RECORD_unsolicited;
	flows_free(flows);
	flows = flows_new(&options, &sink);
	assert_non_null(flows);
	now_us = START_US;
	answers_unasked = 0;
	syn(1, 1000, 1);
	for (uint16_t i = 0; i < 100; i++) {
		struct packet asked = tcp_packet(1, 2000 + i, TCP_SYN);
		struct packet answer = reverse(asked);
		answer.tcp_flags = i % 2 == 0 ? TCP_SYN | TCP_ACK : TCP_RST | TCP_ACK;
		take(asked);
		take(answer);
		if (i < 40) { /* and some that it did not */
			answer.dport = 4000 + i;
			take(answer);
		}
	}
	flows_finish(flows);
	assert_int_equal(answers_unasked, 40);
}

static void every_way_to_end_gives_the_share_back(void **state)
{
	(void)state;
	options.source_share = 1;
	options.half_open_max = 1;
	open_flows();
	for (int i = 0; i < 20; i++) {
		new_talk();
		initial[0] = next[0] = (uint32_t)i * 77;
		say(i % 4 == 0   ? HANDSHAKE ">R"
		    : i % 4 == 1 ? ">S"
		    : i % 4 == 2 ? "<SA <R"
				 : HANDSHAKE ">FA <FA");
		if (i % 4 == 2)
			syn(77, 1, 1); /* evicts, or is evicted later */
		tick_until(now_us + 10 * SECOND);
	}
	tick_until(now_us + 400 * SECOND);
	assert_int_equal(stats_now().flows_open, 0);
	assert_int_equal(stats_now().flows_refused, 0);
}

static void a_full_ring_of_half_open_flows_drops_the_oldest(void **state)
{
	(void)state;
	options.half_open_max = 8;
	open_flows();
	for (uint16_t i = 0; i < 20; i++)
		syn(1, 1000 + i, i);
	assert_int_equal(stats_now().half_open, 8);
	assert_int_equal(stats_now().flows_evicted, 12);
	assert_int_equal(stats_now().flows_started, 20);
	assert_int_equal(seen_count, 0);
	flows_finish(flows);
	assert_int_equal(seen_count, 8);
	for (uint16_t i = 0; i < 8; i++)
		assert_int_equal(seen[i].client_port, 1012 + i);
	assert_int_equal(sums.flows, 20);
	assert_int_equal(sums.active, 0);
}

static void talk_on_port(uint16_t sport, bool answered, bool closed)
{
	struct packet p = tcp_packet(1, sport, TCP_SYN);
	p.payload_len = 1; /* a body from the start */
	take(p);
	p.tcp_flags = TCP_ACK;
	struct packet back = reverse(p);
	back.tcp_flags = TCP_SYN | TCP_ACK;
	if (answered)
		take(back);
	p.tcp_flags = TCP_RST;
	if (closed)
		take(p);
}

static void a_full_table_ends_closed_then_unanswered_flows_first(void **state)
{
	(void)state;
	options.flows_max = 16;
	open_flows();
	for (uint16_t i = 0; i < 16; i++)
		talk_on_port(1000 + i, i % 4 != 1, i % 4 == 0);
	assert_int_equal(stats_now().flows_open, 16);
	for (uint16_t i = 0; i < 4; i++)
		talk_on_port(2000 + i, true, false);
	assert_int_equal(seen_with("reset"), 4);
	assert_int_equal(stats_now().flows_evicted, 0);
	for (uint16_t i = 0; i < 4; i++)
		talk_on_port(3000 + i, true, false);
	assert_int_equal(seen_with("evicted"), 4);
	assert_int_equal(stats_now().flows_evicted, 4);
	for (size_t i = 0; i < seen_count; i++)
		assert_in_range(seen[i].client_port % 4, 0, 1);
	talk_on_port(4000, true, false); /* now the one silent for longest */
	assert_int_equal(seen[seen_count - 1].client_port, 1002);
	assert_int_equal(stats_now().flows_open, 16);
	flows_finish(flows);
	assert_int_equal(seen_count, 25);
	assert_int_equal(sums.active, 0);
	assert_int_equal(sums.flows, 25);
}

static void in_an_emergency_only_a_syn_begins_a_connection(void **state)
{
	(void)state;
	options.flows_max = 64;
	open_flows();
	for (uint16_t i = 0; i < 61; i++)
		talk_on_port(1000 + i, true, false);
	assert_int_equal(stats_now().flows_open, 61);
	take(tcp_packet(1, 5000, TCP_ACK));
	assert_int_equal(stats_now().flows_open, 61);
	assert_int_equal(stats_now().flows_refused, 1);
	take(udp_packet(1, 5000, 1));
	syn(1, 5000, 1);
	assert_int_equal(stats_now().flows_open, 63);
}

static void a_small_table_is_not_always_in_an_emergency(void **state)
{
	(void)state;
	options.flows_max = 8;
	open_flows();
	take(tcp_packet(1, 5000, TCP_ACK));
	take(tcp_packet(1, 5001, TCP_ACK));
	assert_int_equal(stats_now().flows_open, 2);
}

static void memory_stays_as_reserved_whatever_comes(void **state)
{
	(void)state;
	options.flows_max = options.half_open_max = 256;
	options.source_share = 1 << 20;
	open_flows();
	struct table *table = &flows->table;
	uint64_t before = table->memory_bytes;
	assert_true(before <= 256 * 64 + 256 * 192 + sizeof(struct bucket));
	assert_true(sizeof(struct embryo) + sizeof(struct bucket) / 8 <= 64);
	assert_true(sizeof(struct body) + sizeof(struct bucket) / 8 <= 192);
	for (unsigned i = 0; i < 5000; i++) {
		syn(i, (uint16_t)i, i);
		take(udp_packet(i, (uint16_t)i, 1));
		if (seen_count > SEEN_MAX / 2)
			forget();
	}
	assert_int_equal(table->memory_bytes, before);
	assert_true(stats_now().flows_open <= 512);
	forget();
	flows_finish(flows);
	assert_int_equal(stats_now().flows_open, 0);
}

static uint64_t active_total(void)
{
	uint64_t active = 0;
	for (uint32_t i = 0; i <= services_count(flows->services); i++)
		active += services_at(flows->services, (uint16_t)i)->now.active;
	return active;
}

static void drop_flow(void *self, const struct flow_record *flow)
{
	(void)self;
	(void)flow;
}

static void syn_to(uint32_t service)
{
	struct packet p = tcp_packet(1, 40000, TCP_SYN);
	p.dst = host(0x10000 + service / 50000);
	p.dport = (uint16_t)(service % 50000);
	take(p);
	now_us -= 999;
}

/* Also when there is room by the time its flows are answered, or end. */
static void what_finds_no_room_for_its_service_counts_as_other(void **state)
{
	(void)state;
	enum { SERVICES = UINT16_MAX - 2, MORE = 100 };
	options.half_open_max = options.source_share = 1 << 17;
	open_flows();
	for (uint32_t i = 0; i < SERVICES; i++)
		syn_to(i);
	assert_int_equal(stats_now().services, SERVICES);
	now_us = START_US + 3 * SECOND;
	for (uint32_t i = 0; i < MORE; i++)
		syn_to(SERVICES + i);
	assert_int_equal(stats_now().services, SERVICES);
	assert_int_equal(services_at(flows->services, SERVICE_OTHER)->now.active, MORE);
	assert_int_equal(active_total(), SERVICES + MORE);
	/* The others end; then half of these are answered, and all end. */
	flows->sink.flow = drop_flow;
	tick_to(START_US + 6 * SECOND);
	tick_to(START_US + 7 * SECOND);
	for (uint32_t i = 0; i < MORE; i += 2) {
		struct packet p = tcp_packet(1, 40000, TCP_SYN | TCP_ACK);
		p.dst = host(0x10000 + (SERVICES + i) / 50000);
		p.dport = (uint16_t)((SERVICES + i) % 50000);
		take(reverse(p));
	}
	assert_int_equal(active_total(), MORE); /* and all have news */
	tick_to(START_US + 9 * SECOND);
	flows_finish(flows);
	assert_int_equal(active_total(), 0);
	assert_int_equal(services_at(flows->services, SERVICE_OTHER)->now.active, 0);
}

#define TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, flows_begin_test, flows_end_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_source_over_its_share_becomes_one_aggregate),
		TEST(beyond_its_share_the_server_tells_what_was_completed),
		TEST(beyond_its_share_answers_were_asked_for),
		TEST(every_way_to_end_gives_the_share_back),
		TEST(a_full_ring_of_half_open_flows_drops_the_oldest),
		TEST(a_full_table_ends_closed_then_unanswered_flows_first),
		TEST(in_an_emergency_only_a_syn_begins_a_connection),
		TEST(a_small_table_is_not_always_in_an_emergency),
		TEST(what_finds_no_room_for_its_service_counts_as_other),
		TEST(memory_stays_as_reserved_whatever_comes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
