/*
 * Explanations: each cause is told from the records that show it, and from no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explain_scene.h"

static void a_good_port_is_well(void **state)
{
	(void)state;
	expect(good_scene(), EXPLAIN_WELL, "95 of 100 answers within 8.0 ms");
}

static void slow_handshakes_are_the_networks(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.handshake_p50_us = 250000;
	expect(s, EXPLAIN_SLOW_NETWORK,
	       "a TCP handshake takes 250 ms; usual is 400 us");
}

static void slow_answers_over_a_fast_network_are_the_applications(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.response_p50_us = 900000;
	s->now.response_p95_us = 1500000;
	expect(s, EXPLAIN_SLOW_APPLICATION, "shopd (pid 812, shop.service) is slow");
}

static void a_slow_network_does_not_hide_a_slower_application(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.handshake_p50_us = 150000;
	s->now.response_p50_us = 3000000;
	s->now.response_p95_us = 5000000;
	expect(s, EXPLAIN_SLOW_APPLICATION, "95 of 100 answers come within 5.0 s");
}

static void a_full_queue_is_told_before_the_slow_answers_it_makes(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->listener.backlog = 129;
	s->listener.overflows = 512;
	s->listener.overflow_at = NOW_US - SECOND_US;
	s->now.response_p50_us = s->now.response_p95_us = 9000000;
	s->now.unanswered = s->now.errors = 20;
	s->now.error_ratio = 0.3;
	expect(s, EXPLAIN_QUEUE_FULL, "129 wait in a queue for 128");
}

static void an_overflow_of_yesterday_is_not_todays_cause(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->listener.overflows = 512;
	s->listener.overflow_at = NOW_US - 24 * HOUR_US;
	expect(s, EXPLAIN_WELL, "Well");
}

static void refusals_without_a_listener_are_a_dead_listener(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->facts.listener_count = 0;
	s->now.rejected = s->now.errors = 14;
	s->now.error_ratio = 1;
	set_change(s, "closed", NOW_US - 300 * SECOND_US);
	expect(s, EXPLAIN_NOT_LISTENING, "14 connections were refused");
}

static void a_closed_listener_is_told_though_nobody_comes(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->facts.listener_count = s->facts.now_count = 0;
	set_change(s, "closed", NOW_US - 300 * SECOND_US);
	expect(s, EXPLAIN_NOT_LISTENING, "shopd (pid 812, shop.service) closed it");
}

/* A container listens on the same port; that does not make ours alive. */
static void a_listener_of_another_namespace_is_not_ours(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->listener.netns = 4026532177;
	s->now.rejected = s->now.errors = 14;
	s->now.error_ratio = 1;
	expect(s, EXPLAIN_NOT_LISTENING, "Nobody listens on port 8080");
	s = good_scene();
	s->listener.netns = 4026532177;
	s->listener.backlog = 129;
	set_change(s, "closed", NOW_US - 300 * SECOND_US);
	expect(s, EXPLAIN_NOT_LISTENING, "closed it");
}

static void a_listener_on_loopback_does_not_serve_others(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->listener = good_listener("127.0.0.1");
	s->now.rejected = s->now.errors = 14;
	s->now.error_ratio = 1;
	expect(s, EXPLAIN_OTHER_ADDRESS, "clients go to 192.0.2.1:8080");
}

static void refusals_of_another_machine_are_not_our_dead_listener(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->facts.listener_count = 0;
	s->own.count = 0;
	s->now.rejected = s->now.errors = 14;
	s->now.error_ratio = 1;
	expect(s, EXPLAIN_REFUSES, "14 were refused");
}

static void silence_behind_a_listener_is_a_filter(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.unanswered = s->now.errors = 30;
	s->now.error_ratio = 0.5;
	expect(s, EXPLAIN_UNANSWERED, "a filter drops");
}

static void questions_without_any_answer_are_a_hanging_process(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->flow.server_payload_bytes = 0;
	s->now.response_p50_us = s->now.response_p95_us = UNKNOWN_U64;
	expect(s, EXPLAIN_HANGS, "answers nothing");
}

/* Clients of syslog or statsd want no answer. */
static void a_port_that_never_answers_by_custom_does_not_hang(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->flow.server_payload_bytes = 0;
	s->now.response_p50_us = s->now.response_p95_us = UNKNOWN_U64;
	for (int i = 0; i < HOURS; i++)
		s->past[i].response_p50_us = s->past[i].response_p95_us = UNKNOWN_U64;
	expect(s, EXPLAIN_WELL, "Well");
	s = good_scene();
	s->flow.transport = s->now.transport = s->listener.transport = "udp";
	s->flow.server_payload_bytes = 0;
	s->now.handshake_p50_us = s->now.handshake_p95_us = UNKNOWN_U64;
	s->now.response_p50_us = s->now.response_p95_us = UNKNOWN_U64;
	expect(s, EXPLAIN_WELL, "Well");
}

static void a_client_that_has_just_asked_does_not_wait_in_vain(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->flow.server_payload_bytes = 0;
	s->flow.start = s->flow.end = NOW_US - SECOND_US / 2;
	s->flow.end_reason = "active";
	s->now.response_p50_us = s->now.response_p95_us = UNKNOWN_U64;
	expect(s, EXPLAIN_WELL, "Well");
}

/* We serve HTTPS, and our programs fetch from a server on the other side of the world.
 */
static void what_our_clients_do_elsewhere_is_not_our_ports_trouble(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct port_record rows[2] = { s->now, s->now };
	addr_parse("198.51.100.9", &rows[1].server_ip);
	rows[1].handshake_p50_us = 280000;
	rows[1].error_ratio = 1;
	rows[1].flows = rows[1].rejected = rows[1].errors = 600;
	s->facts.now = rows;
	s->facts.now_count = 2;
	expect(s, EXPLAIN_WELL, "Well: 60 connections");
	/* Without a server of ours, the question is about theirs. */
	s = good_scene();
	s->facts.listener_count = 0;
	set_change(s, "closed", NOW_US - 100 * HOUR_US);
	addr_parse("198.51.100.9", &s->now.server_ip);
	s->now.handshake_p50_us = 280000;
	expect(s, EXPLAIN_SLOW_NETWORK, "a TCP handshake takes 280 ms");
}

static void a_datagram_to_a_group_is_for_who_listens_here(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->listener.transport = s->now.transport = "udp";
	addr_parse("224.0.0.251", &s->now.server_ip);
	expect(s, EXPLAIN_WELL, "Well: 60 connections");
}

/* "localhost" is ::1 to most clients, and the server has only IPv4. */
static void a_listener_of_one_family_or_transport_takes_no_other(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct prefix loopback;
	prefix_parse("::1", &loopback);
	home_add(&s->own, &loopback);
	addr_parse("::1", &s->now.server_ip);
	s->now.rejected = s->now.errors = 14;
	s->now.error_ratio = 1;
	expect(s, EXPLAIN_OTHER_ADDRESS, "0.0.0.0:8080/tcp, but clients go to [::1]");
	s = good_scene();
	s->listener.transport = "udp";
	s->now.rejected = s->now.errors = 14;
	s->now.error_ratio = 1;
	expect(s, EXPLAIN_OTHER_ADDRESS,
	       "8080/udp, but clients go to 192.0.2.1:8080/tcp");
}

static void refusals_in_front_of_a_listener_are_a_firewalls(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.rejected = s->now.errors = 30;
	s->now.error_ratio = 0.5;
	s->listener.since = NOW_US - HOUR_US;
	expect(s, EXPLAIN_REFUSES, "firewall's (REJECT)");
	/* It was started meanwhile: who came before was refused rightly. */
	s = good_scene();
	struct explain_answer answer;
	s->now.rejected = s->now.errors = 30;
	s->now.error_ratio = 0.5;
	s->listener.since = NOW_US - 20 * SECOND_US;
	explain(&s->facts, &answer);
	assert_int_equal(answer.cause, EXPLAIN_REFUSES);
	assert_null(strstr(buf_cstr(&answer.why), "REJECT"));
	explain_free(&answer);
	free(s);
}

/* Workers that share a port have a queue each; together they hold more than one may. */
static void queues_of_workers_are_not_one_queue(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct listener_record workers[4];
	for (int i = 0; i < 4; i++) {
		workers[i] = good_listener("0.0.0.0");
		workers[i].backlog = 40;
	}
	s->facts.listeners = workers;
	s->facts.listener_count = 4;
	expect(s, EXPLAIN_WELL, "Well");
	s = good_scene();
	workers[2].backlog = 129;
	workers[2].pid = 814;
	s->facts.listeners = workers;
	s->facts.listener_count = 4;
	expect(s, EXPLAIN_QUEUE_FULL, "(pid 814, shop.service) accepts");
}

static void datagrams_that_the_kernel_drops_are_the_processs_doing(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->listener.transport = s->now.transport = "udp";
	s->listener.backlog = 212992;
	s->listener.overflows = 700;
	s->listener.overflow_at = NOW_US - SECOND_US;
	s->now.unanswered = s->now.errors = 30;
	s->now.error_ratio = 0.5;
	expect(s, EXPLAIN_BUFFER_FULL, "reads slower than datagrams come");
}

/* One of two addresses is unwell: the other does not hide since when. */
static void one_bad_address_of_several_is_told_with_its_time(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct explain_answer answer;
	struct port_record rows[2] = { s->now, s->now };
	struct prefix second;
	prefix_parse("192.0.2.2", &second);
	home_add(&s->own, &second);
	for (int i = 0; i < 4; i++) {
		struct port_record *row = &s->past[HOURS + i];
		*row = good_row(NOW_US - (2 - i / 2) * 10 * SECOND_US, 10);
		row->server_ip = i % 2 == 0 ? second.addr : row->server_ip;
		if (i % 2 == 0)
			row->response_p95_us = 2000000;
	}
	rows[1].server_ip = second.addr;
	rows[1].response_p50_us = rows[1].response_p95_us = 2000000;
	s->facts.now = rows;
	s->facts.now_count = 2;
	s->facts.past_count = HOURS + 4;
	explain(&s->facts, &answer);
	assert_int_equal(answer.cause, EXPLAIN_SLOW_APPLICATION);
	assert_int_equal(answer.worse_us, NOW_US - 20 * SECOND_US);
	explain_free(&answer);
	free(s);
}

/* Two addresses of a connection a second each: two a second, and a week is a week. */
static void what_is_usual_counts_all_addresses_together(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct explain_answer answer;
	struct prefix second;
	prefix_parse("192.0.2.2", &second);
	home_add(&s->own, &second);
	for (int i = 1; i < HOURS; i += 2) {
		s->past[i].start = s->past[i - 1].start;
		s->past[i].server_ip = second.addr;
	}
	explain(&s->facts, &answer);
	assert_float_equal(answer.usual_flows_per_s, 2, 1e-9);
	assert_float_equal(answer.history_s, HOURS / 2 * 3600, 1);
	explain_free(&answer);
	free(s);
}

static void what_is_well_did_not_get_worse(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct explain_answer answer;
	s->past[HOURS] = good_row(NOW_US - 10 * SECOND_US, 10);
	s->past[HOURS].retransmit_ratio = 0.02;
	s->facts.past_count = HOURS + 1;
	explain(&s->facts, &answer);
	assert_int_equal(answer.cause, EXPLAIN_WELL);
	assert_int_equal(answer.worse_us, UNKNOWN_TIME);
	explain_free(&answer);
	free(s);
}

static void lost_segments_are_the_networks(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.retransmit_ratio = 0.05;
	expect(s, EXPLAIN_LOSSY_NETWORK, "5.0 % of the segments were sent again");
}

static void slower_than_usual_is_told_below_the_limit(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.response_p95_us = 60000;
	expect(s, EXPLAIN_SLOWER_THAN_USUAL, "usual is 8.0 ms");
}

static void unknown_is_not_well(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->facts.listener_count = s->facts.now_count = s->facts.past_count = 0;
	s->facts.sockets_seen = s->facts.packets_seen = false;
	expect(s, EXPLAIN_UNKNOWN, "sockets can't be seen");
}

static void without_packets_a_listener_is_not_called_idle_of_clients(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->facts.now_count = 0;
	s->facts.packets_seen = false;
	s->listener.process[0] = '\0';
	s->listener.pid = UNKNOWN_U32;
	expect(s, EXPLAIN_IDLE,
	       "A process not seen listens on port 8080. Packets are not watched, so "
	       "who comes is not known");
}

static void expect_probed(const char *hard_state, const char *ip,
			  enum explain_cause cause, const char *words)
{
	struct scene *s = good_scene();
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	snprintf(probe.target, sizeof(probe.target), "ssh://192.0.2.1:8080");
	snprintf(probe.detail, sizeof(probe.detail), "no answer to the SYN in 5000 ms");
	addr_parse(ip, &probe.ip);
	probe.state = "down";
	probe.hard_state = hard_state;
	s->facts.now_count = 0;
	s->facts.probes = &probe;
	s->facts.probe_count = 1;
	expect(s, cause, words);
}

static void a_probe_that_is_down_makes_an_idle_port_unwell(void **state)
{
	(void)state;
	expect_probed("down", "192.0.2.1", EXPLAIN_PROBE_FAILS,
		      "Its probe ssh://192.0.2.1:8080 is down: no answer to the SYN in "
		      "5000 ms. ");
	expect_probed("up", "192.0.2.1", EXPLAIN_IDLE, "listens on port 8080");
	/* Another machine's port of that number. */
	expect_probed("down", "203.0.113.77", EXPLAIN_IDLE, "listens on port 8080");
}

/* Bad since three intervals, after a restart: both are told, with their times. */
static void what_changed_when_it_got_worse_is_told(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct explain_answer answer;
	for (int i = 0; i < 3; i++) {
		struct port_record *row = &s->past[HOURS + i];
		*row = good_row(NOW_US - (3 - i) * 10 * SECOND_US, 10);
		row->response_p95_us = 2000000;
	}
	s->facts.past_count = HOURS + 3;
	s->now.response_p50_us = s->now.response_p95_us = 2000000;
	set_change(s, "opened", NOW_US - 60 * SECOND_US);
	explain(&s->facts, &answer);
	assert_int_equal(answer.worse_us, NOW_US - 30 * SECOND_US);
	assert_non_null(strstr(buf_cstr(&answer.change), "shop.service) opened"));
	/* A good interval in between begins the count anew. */
	s->past[HOURS + 1] = good_row(NOW_US - 20 * SECOND_US, 10);
	explain_free(&answer);
	explain(&s->facts, &answer);
	assert_int_equal(answer.worse_us, NOW_US - 10 * SECOND_US);
	explain_free(&answer);
	free(s);
}

/* 60 come in a minute, 3 wait: by Little's law each waits 3 s. */
static void the_time_in_the_queue_follows_littles_law(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct explain_answer answer;
	s->listener.backlog = 3;
	s->now.response_p50_us = 3200000;
	explain(&s->facts, &answer);
	assert_float_equal(answer.now.queue_us, 3e6, 1);
	assert_float_equal(answer.now.application_us, 2e5, 1);
	assert_float_equal(answer.now.network_us, 400, 1);
	explain_free(&answer);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_port_is_well),
		cmocka_unit_test(slow_handshakes_are_the_networks),
		cmocka_unit_test(slow_answers_over_a_fast_network_are_the_applications),
		cmocka_unit_test(a_slow_network_does_not_hide_a_slower_application),
		cmocka_unit_test(a_full_queue_is_told_before_the_slow_answers_it_makes),
		cmocka_unit_test(an_overflow_of_yesterday_is_not_todays_cause),
		cmocka_unit_test(refusals_without_a_listener_are_a_dead_listener),
		cmocka_unit_test(a_closed_listener_is_told_though_nobody_comes),
		cmocka_unit_test(a_listener_of_another_namespace_is_not_ours),
		cmocka_unit_test(a_listener_on_loopback_does_not_serve_others),
		cmocka_unit_test(refusals_of_another_machine_are_not_our_dead_listener),
		cmocka_unit_test(silence_behind_a_listener_is_a_filter),
		cmocka_unit_test(questions_without_any_answer_are_a_hanging_process),
		cmocka_unit_test(a_port_that_never_answers_by_custom_does_not_hang),
		cmocka_unit_test(a_client_that_has_just_asked_does_not_wait_in_vain),
		cmocka_unit_test(
			what_our_clients_do_elsewhere_is_not_our_ports_trouble),
		cmocka_unit_test(a_datagram_to_a_group_is_for_who_listens_here),
		cmocka_unit_test(a_listener_of_one_family_or_transport_takes_no_other),
		cmocka_unit_test(refusals_in_front_of_a_listener_are_a_firewalls),
		cmocka_unit_test(queues_of_workers_are_not_one_queue),
		cmocka_unit_test(
			datagrams_that_the_kernel_drops_are_the_processs_doing),
		cmocka_unit_test(one_bad_address_of_several_is_told_with_its_time),
		cmocka_unit_test(what_is_usual_counts_all_addresses_together),
		cmocka_unit_test(what_is_well_did_not_get_worse),
		cmocka_unit_test(lost_segments_are_the_networks),
		cmocka_unit_test(slower_than_usual_is_told_below_the_limit),
		cmocka_unit_test(unknown_is_not_well),
		cmocka_unit_test(
			without_packets_a_listener_is_not_called_idle_of_clients),
		cmocka_unit_test(a_probe_that_is_down_makes_an_idle_port_unwell),
		cmocka_unit_test(what_changed_when_it_got_worse_is_told),
		cmocka_unit_test(the_time_in_the_queue_follows_littles_law),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
