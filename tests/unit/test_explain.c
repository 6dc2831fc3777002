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

#include "explain/explain.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)
#define NOW_US    (1800000000LL * SECOND_US)

enum { HOURS = 7 * 24, PORT = 8080 };

/* A port with a listener, a good minute and a good week; tests spoil it. */
struct scene {
	struct explain_facts facts;
	struct listener_record listener, change;
	struct port_record now, past[HOURS + 8];
	struct flow_record flow;
	struct home own;
};

static struct port_record good_row(int64_t start_us, uint32_t interval_s)
{
	struct port_record row;
	record_init(RECORD_port, &row);
	row.start = start_us;
	row.interval_s = interval_s;
	row.transport = "tcp";
	row.port = PORT;
	addr_parse("192.0.2.1", &row.server_ip);
	row.flows = row.ended = interval_s;
	row.rejected = row.unanswered = row.errors = 0;
	row.error_ratio = row.lost_ratio = row.retransmit_ratio = 0;
	row.handshake_p50_us = 400;
	row.handshake_p95_us = 900;
	row.response_p50_us = 2000;
	row.response_p95_us = 8000;
	return row;
}

static struct listener_record good_listener(const char *ip)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.at = NOW_US - 24 * HOUR_US;
	l.transport = "tcp";
	addr_parse(ip, &l.ip);
	l.port = PORT;
	l.pid = 812;
	record_text(l.process, sizeof(l.process), "shopd");
	record_text(l.unit, sizeof(l.unit), "shop.service");
	l.backlog = 0;
	l.backlog_max = 128;
	l.overflows = 0;
	return l;
}

static struct scene *good_scene(void)
{
	struct scene *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->listener = good_listener("0.0.0.0");
	s->now = good_row(NOW_US - 60 * SECOND_US, 60);
	for (int i = 0; i < HOURS; i++)
		s->past[i] = good_row(NOW_US - (HOURS - i) * HOUR_US, 3600);
	record_init(RECORD_flow, &s->flow);
	s->flow.transport = "tcp";
	addr_parse("192.0.2.1", &s->flow.server_ip);
	s->flow.start = NOW_US - 50 * SECOND_US;
	s->flow.end = NOW_US - 40 * SECOND_US;
	s->flow.end_reason = "closed";
	s->flow.client_payload_bytes = s->flow.server_payload_bytes = 100;
	struct prefix own;
	prefix_parse("192.0.2.1", &own);
	home_add(&s->own, &own);
	s->facts = (struct explain_facts){
		.now_us = NOW_US,
		.port = PORT,
		.limit_response_us = 100000,
		.limit_loss = 0.01,
		.limit_errors = 0.001,
		.packets_seen = true,
		.sockets_seen = true,
		.own = &s->own,
		.listeners = &s->listener,
		.listener_count = 1,
		.now = &s->now,
		.now_count = 1,
		.past = s->past,
		.past_count = HOURS,
		.flows = &s->flow,
		.flow_count = 1,
	};
	return s;
}

static void set_change(struct scene *s, const char *change, int64_t at_us)
{
	s->change = good_listener("0.0.0.0");
	s->change.change = change;
	s->change.at = at_us;
	s->facts.changes = &s->change;
	s->facts.change_count = 1;
}

/* The cause is that one, and the sentence has these words. */
static void expect(struct scene *s, enum explain_cause cause, const char *words)
{
	struct explain_answer answer;
	explain(&s->facts, &answer);
	const char *why = buf_cstr(&answer.why);
	if (answer.cause != cause || strstr(why, words) == NULL)
		print_error("cause: %s; %s\n", explain_cause_name(answer.cause), why);
	assert_int_equal(answer.cause, cause);
	assert_non_null(strstr(why, words));
	assert_true(answer.next.len > 0);
	explain_free(&answer);
	free(s);
}

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

static void error_answers_are_not_failed_connections(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	s->now.answers = 300;
	s->now.answer_errors = 12;
	s->now.error_ratio = 12.0 / 360;
	record_text(s->now.protocol, sizeof(s->now.protocol), "http");
	expect(s, EXPLAIN_ERRORS,
	       "shopd (pid 812, shop.service) answers with errors of its own: 12 of "
	       "300 "
	       "answers (HTTP 5xx), limit 0.10 %");

	/* A connection that fails is worse: who can't ask gets no answer. */
	s = good_scene();
	s->now.answers = 300;
	s->now.answer_errors = 12;
	s->now.ended = 60;
	s->now.rejected = s->now.errors = 30;
	s->now.error_ratio = 42.0 / 360;
	expect(s, EXPLAIN_REFUSES, "50.0 % of the connections that ended failed");

	s = good_scene();
	s->now.answers = 30000;
	s->now.answer_errors = 12;
	expect(s, EXPLAIN_WELL, "Well");
}

static void speaks_flow(struct flow_record *flow, const char *protocol, const char *by,
			const char *version, const char *software)
{
	record_text(flow->protocol, sizeof(flow->protocol), protocol);
	flow->protocol_by = by;
	record_text(flow->version, sizeof(flow->version), version);
	record_text(flow->software, sizeof(flow->software), software);
}

static void expect_speech(struct scene *s, const char *words)
{
	struct explain_answer answer;
	explain(&s->facts, &answer);
	const char *speaks = buf_cstr(&answer.speaks);
	assert_string_equal(speaks, words);
	explain_free(&answer);
}

static void what_a_port_speaks_is_told_with_how_it_is_known(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct flow_record flows[3] = { s->flow, s->flow, s->flow };
	expect_speech(s, "");
	record_text(s->now.protocol, sizeof(s->now.protocol), "http");
	s->now.protocol_by = "port";
	expect_speech(s,
		      "http, by the port's number alone: nothing that was said shows "
		      "it");

	speaks_flow(&s->flow, "tls", "content", "TLS 1.3", "nginx/1.22.1");
	s->flow.cleartext = 0;
	expect_speech(s, "TLS 1.3 (nginx/1.22.1), encrypted, by content");
	speaks_flow(&s->flow, "ssh", "content", "2.0", "");
	s->flow.cleartext = UNKNOWN_FLAG;
	expect_speech(s, "ssh 2.0, by content");
	speaks_flow(&s->flow, "bittorrent", "ndpi", "", "");
	expect_speech(s, "bittorrent, by content (nDPI)");

	/* A scanner that tried TLS does not make it a TLS port. */
	s->facts.flows = flows;
	s->facts.flow_count = 3;
	speaks_flow(&flows[0], "tls", "content", "TLS 1.0", "");
	speaks_flow(&flows[1], "http", "content", "", "Apache/2.4.57");
	flows[1].cleartext = 1;
	speaks_flow(&flows[2], "http", "content", "HTTP/1.1", "Apache/2.2");
	expect_speech(s, "HTTP/1.1 (Apache/2.4.57), in the clear, by content; also tls "
			 "in 1 of 3 connections");
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
		cmocka_unit_test(what_changed_when_it_got_worse_is_told),
		cmocka_unit_test(the_time_in_the_queue_follows_littles_law),
		cmocka_unit_test(error_answers_are_not_failed_connections),
		cmocka_unit_test(what_a_port_speaks_is_told_with_how_it_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
