/*
 * test_failure.c: the flight recorder: whose packets are, the sentence about a failure,
 * what is different, and that it crosses from one process to the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/event.h"
#include "probe/failure.h"
#include "probe/failure_event.h"
#include "probe/recorder_ring.h"
#include "probe/recording.h"

#define NOON INT64_C(1700049600000000) /* 2023-11-15 12:00 UTC */

/* ---- packets ---- */

static const uint8_t syn[] = { 0x45, 0, 0,   40, 0,    0, 0, 0,  64, 6,  0, 0, 192, 0,
			       2,    1, 192, 0,  2,    2, 4, 87, 0,  22, 0, 0, 0,   1,
			       0,    0, 0,   0,  0x50, 2, 1, 0,  0,  0,  0, 0 };
static const uint8_t syn_ack[] = { 0x45, 0,  0,    40, 0, 0, 0,   0, 64, 6,
				   0,    0,  192,  0,  2, 2, 192, 0, 2,  1,
				   0,    22, 4,    87, 0, 0, 0,   9, 0,  0,
				   0,    2,  0x50, 18, 1, 0, 0,   0, 0,  0 };

static struct bytes unreachable(uint8_t out[68])
{
	static const uint8_t head[28] = { 0x45, 0,  0, 68, 0, 0,   0, 0, 64, 1, 0,
					  0,    10, 0, 0,  1, 192, 0, 2, 1,  3, 1 };
	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), syn, sizeof(syn));
	return bytes_of(out, 68);
}

static void both_directions_and_icmp_errors_have_the_same_ends(void **state)
{
	(void)state;
	uint8_t error[68];
	struct packet_view asks, answers, refuses;
	assert_true(packet_look(bytes_of(syn, sizeof(syn)), &asks));
	assert_true(packet_look(bytes_of(syn_ack, sizeof(syn_ack)), &answers));
	assert_true(packet_look(unreachable(error), &refuses));
	assert_true(ends_equal(&asks.ends, &answers.ends));
	assert_true(ends_equal(&asks.ends, &refuses.ends));
	assert_true(refuses.is_error && !asks.is_error);
	assert_int_equal(answers.tcp_flags, 18);
	assert_int_equal(asks.src_port, 1111);
	assert_int_equal(asks.payload, 40);
}

static void every_shorter_packet_is_read_within_its_bounds(void **state)
{
	(void)state;
	uint8_t error[68];
	struct bytes all = unreachable(error);
	for (size_t len = 0; len < all.len; len++) {
		uint8_t *cut = malloc(len + 1);
		struct packet_view view;
		struct ends ends;
		memcpy(cut, all.at, len);
		packet_look(bytes_of(cut, len), &view);
		packet_asks_neighbour(bytes_of(cut, len), &ends);
		free(cut);
	}
}

struct seen {
	int64_t at_us[100];
	size_t count;
};

static bool see(void *to, const struct recorded *recorded, const uint8_t *at)
{
	struct seen *seen = to;
	assert_int_equal(at[0], (uint8_t)recorded->at_us);
	seen->at_us[seen->count++] = recorded->at_us;
	return seen->count < 100;
}

static void put(struct recorder_ring *ring, uint16_t port, int64_t at_us, uint16_t len)
{
	struct addr one = addr_v4((const uint8_t[]){ 192, 0, 2, 1 });
	struct addr other = addr_v4((const uint8_t[]){ 192, 0, 2, 2 });
	uint8_t bytes[1536];
	struct recorded recorded = { .at_us = at_us, .len = len, .wire_len = len };
	struct ends ends;
	ends_set(&ends, IPPROTO_TCP, &one, port, &other, 22);
	memset(bytes, (uint8_t)at_us, sizeof(bytes));
	recorder_ring_put(ring, &ends, &recorded, bytes);
}

static struct seen of_port(const struct recorder_ring *ring, uint16_t port,
			   uint64_t mark)
{
	struct addr one = addr_v4((const uint8_t[]){ 192, 0, 2, 1 });
	struct addr other = addr_v4((const uint8_t[]){ 192, 0, 2, 2 });
	struct seen seen = { .count = 0 };
	struct ends ends;
	ends_set(&ends, IPPROTO_TCP, &other, 22, &one, port);
	recorder_ring_each(ring, &ends, mark, see, &seen);
	return seen;
}

static void the_ring_gives_back_those_of_one_connection_newest_first(void **state)
{
	(void)state;
	struct recorder_ring *ring = recorder_ring_new(1 << 16);
	put(ring, 1000, 1, 60);
	uint64_t mark = recorder_ring_mark(ring);
	for (int64_t i = 2; i < 30; i++)
		put(ring, (uint16_t)(i % 2 == 0 ? 1000 : 2000 + i), i, 60);
	struct seen seen = of_port(ring, 1000, mark);
	assert_int_equal(seen.count, 14);
	for (size_t i = 0; i < seen.count; i++)
		assert_int_equal(seen.at_us[i], 28 - 2 * (int64_t)i);
	assert_int_equal(of_port(ring, 1000, 0).count, 15);
	assert_int_equal(of_port(ring, 1001, 0).count, 0);
	assert_false(recorder_ring_has_lost(ring, mark));
	recorder_ring_free(ring);
}

static void the_ring_forgets_the_oldest_and_says_so(void **state)
{
	(void)state;
	struct recorder_ring *ring = recorder_ring_new(20000);
	uint64_t mark = recorder_ring_mark(ring);
	for (int64_t i = 0; i < 1000; i++)
		put(ring, (uint16_t)(i % 3), i, (uint16_t)(40 + i * 37 % 1400));
	assert_true(recorder_ring_has_lost(ring, mark));
	struct seen seen = of_port(ring, 0, mark);
	assert_in_range(seen.count, 2, 20);
	assert_int_equal(seen.at_us[0], 999);
	for (size_t i = 1; i < seen.count; i++)
		assert_int_equal(seen.at_us[i], seen.at_us[i - 1] - 3);
	recorder_ring_free(ring);
}

/* ---- the sentence ---- */

static struct probe_record probe;

static struct failure_facts facts_of(const char *reason)
{
	record_init(RECORD_probe, &probe);
	probe.at = NOON;
	probe.ip = addr_v4((const uint8_t[]){ 192, 0, 2, 2 });
	probe.port = 443;
	record_text(probe.detail, sizeof(probe.detail), "the detail");
	return (struct failure_facts){ .record = &probe,
				       .reason = reason,
				       .transport = IPPROTO_TCP,
				       .timeout_ms = 5000,
				       .has_packets = true,
				       .answer_us = -1,
				       .silence_us = -1,
				       .rst_us = -1 };
}

static void assert_says(const struct failure_facts *facts, const char *sentence)
{
	char said[SUMMARY_MAX];
	failure_summarize(facts, said);
	assert_string_equal(said, sentence);
}

static void a_port_that_refuses_is_said_so(void **state)
{
	(void)state;
	struct failure_facts f = facts_of("refused");
	f.syns = 1;
	f.rst_us = 90;
	assert_says(&f, "SYN answered with RST in 90 us, nothing listens on port 443");
	f.has_packets = false;
	assert_says(&f, "SYN answered with RST, nothing listens on port 443");
	f.transport = IPPROTO_UDP;
	assert_says(&f, "answered: ICMP port unreachable, nothing listens on port 443");
}

static void silence_is_counted(void **state)
{
	(void)state;
	struct failure_facts f = facts_of("no_handshake");
	f.syns = f.sent = 3;
	assert_says(&f,
		    "3 SYNs sent in 5,000 ms, none answered: a firewall drops them, "
		    "or the host is off");
	f.syns = 0;
	f.asked_neighbour = 2;
	assert_says(&f, "asked 2 times who has 192.0.2.2 on this network, nobody "
			"answered: it is off, or not here");
	f.has_packets = false;
	assert_says(&f, "the detail");
	f = facts_of("silent");
	probe.connect_us = 3000;
	f.syns = 2;
	f.silence_us = 4900000;
	record_text(f.said, sizeof(f.said), "220 mx ESMTP");
	assert_says(&f, "SYN answered in 3.0 ms (sent 2 times), it said \"220 mx "
			"ESMTP\", then silent for 4,900 ms");
	f = facts_of("silent");
	f.transport = IPPROTO_UDP;
	f.sent = 3;
	assert_says(&f, "3 packets sent in 5,000 ms, none answered");
}

static void who_says_unreachable_is_named(void **state)
{
	(void)state;
	struct failure_facts f = facts_of("unreachable");
	f.icmp = (struct failure_icmp){
		.is_known = true,
		.is_v4 = true,
		.offender = addr_v4((const uint8_t[]){ 10, 0, 0, 1 }),
		.type = 3,
		.code = 1,
	};
	assert_says(&f,
		    "router 10.0.0.1 answered: ICMP host unreachable (type 3, code 1)");
	f.icmp.offender = probe.ip;
	f.icmp.code = 13;
	assert_says(&f, "the host 192.0.2.2 answered: ICMP administratively prohibited "
			"(type 3, code 13)");
	f = facts_of("not_sent");
	assert_says(&f,
		    "nothing left this machine: a firewall here drops it, or its way "
		    "leads nowhere");
}

static void an_expired_certificate_says_when(void **state)
{
	(void)state;
	struct failure_facts f = facts_of("certificate_expired");
	probe.connect_us = 3000;
	probe.tls_us = 8000;
	probe.cert_not_after = NOON - INT64_C(600000000);
	assert_says(&f, "SYN answered in 3.0 ms, TLS in 8.0 ms, certificate expired "
			"11:50: clients end with TLS alert 45");
	probe.cert_not_after -= INT64_C(86400000000);
	assert_says(&f, "SYN answered in 3.0 ms, TLS in 8.0 ms, certificate expired "
			"2023-11-14 11:50: clients end with TLS alert 45");
}

static void an_alert_is_named_and_whose_it_is(void **state)
{
	(void)state;
	struct failure_facts f = facts_of("tls_failed");
	probe.connect_us = 3000;
	f.has_alert = true;
	f.alert = 45;
	assert_says(&f,
		    "SYN answered in 3.0 ms, TLS alert 45 (certificate_expired) from "
		    "the server");
	f.alert = 250;
	f.alert_is_ours = true;
	assert_says(&f, "SYN answered in 3.0 ms, TLS alert 250 (unknown) from us");
	f.has_alert = false;
	assert_says(&f, "SYN answered in 3.0 ms, the detail");
}

static void a_reset_says_after_what(void **state)
{
	(void)state;
	struct failure_facts f = facts_of("reset");
	probe.connect_us = 3000;
	f.sent_bytes = 18;
	f.rst_us = 2000;
	assert_says(&f,
		    "SYN answered in 3.0 ms, 18 octets sent, then RST after 2.0 ms");
	f = facts_of("closed");
	record_text(f.said, sizeof(f.said), "go away");
	assert_says(&f, "it said \"go away\", then closed");
}

static void every_reason_has_a_sentence(void **state)
{
	(void)state;
	for (int i = REASON_NONE + 1; i < REASONS; i++) {
		struct failure_facts f = facts_of(reason_word((enum reason)i));
		char said[SUMMARY_MAX];
		failure_summarize(&f, said);
		assert_true(strlen(said) > 5);
		assert_null(strstr(said, "(null)"));
	}
}

/* ---- what is different ---- */

static bool has_line(const struct failure *failure, const char *text)
{
	for (size_t i = 0; i < failure->line_count; i++)
		if (strcmp(failure->lines[i].text, text) == 0)
			return true;
	return false;
}

static void what_is_different_is_said_and_nothing_else(void **state)
{
	(void)state;
	static struct failure failure;
	struct remembered last = { 0 };
	struct probe_record then;
	record_init(RECORD_probe, &then);
	then.at = NOON - INT64_C(35000000);
	then.ip = addr_v4((const uint8_t[]){ 192, 0, 2, 2 });
	then.connect_us = 3000;
	then.first_byte_us = 5000;
	record_text(then.software, sizeof(then.software), "nginx/1.22");
	record_text(then.tls_version, sizeof(then.tls_version), "TLS 1.3");
	remember(&last, &then);
	facts_of("slow");
	probe.connect_us = 1003000;
	probe.first_byte_us = 5100;
	record_text(probe.software, sizeof(probe.software), "nginx/1.24");
	record_text(probe.tls_version, sizeof(probe.tls_version), "TLS 1.3");
	failure_compare(&failure, &last, &probe);
	assert_int_equal(failure.line_count, 3);
	assert_true(has_line(&failure, "last up 11:59:25, 35 s before"));
	assert_true(has_line(&failure, "connect took 3.0 ms, takes 1,003 ms"));
	assert_true(has_line(&failure, "software was nginx/1.22, is nginx/1.24"));
	assert_int_equal(failure.record.last_up, then.at);
	remembered_free(&last);
}

/* ---- how much ---- */

static void a_series_is_recorded_once_and_an_outage_of_all_a_little(void **state)
{
	(void)state;
	const int64_t second = 1000000, now = 1000 * second;
	struct recording one = { .at_us = 0 };
	struct recording_budget budget = { 0 };
	assert_true(recording_wants(&one, &budget, REASON_refused, now));
	assert_false(recording_wants(&one, &budget, REASON_refused, now + second));
	assert_true(recording_wants(&one, &budget, REASON_silent, now + 2 * second));
	assert_true(recording_wants(&one, &budget, REASON_silent, now + 700 * second));
	recording_is_up(&one, &probe);
	assert_true(recording_wants(&one, &budget, REASON_silent, now + 701 * second));
	remembered_free(&one.last_up);
	unsigned recorded = 0;
	for (int i = 0; i < 10000; i++) {
		struct recording other = { .at_us = 0 };
		recorded += recording_wants(&other, &budget, REASON_refused,
					    now + 800 * second + i * 1000);
	}
	assert_in_range(recorded, 38, 42); /* in ten seconds */
}

/* ---- from one process to the other ---- */

static void pieces_come_over_and_what_is_none_is_refused(void **state)
{
	(void)state;
	struct failure_record failure;
	struct packet_record packet;
	struct failure_event event;
	struct failure_piece piece;
	record_init(RECORD_failure, &failure);
	record_text(failure.id, sizeof(failure.id), "1");
	failure.state = "down";
	failure.reason = "refused";
	size_t len = failure_event_make(RECORD_failure, &failure, &event);
	assert_true(failure_event_read(&event, len, &piece));
	assert_int_equal(piece.kind, RECORD_failure);
	assert_string_equal(piece.failure.reason, "refused");
	assert_string_equal(piece.failure.state, "down");
	assert_false(failure_event_read(&event, len - 1, &piece));
	event.reason = REASONS;
	assert_false(failure_event_read(&event, len, &piece));
	event.reason = 1;
	memset(event.failure.summary, 'x', sizeof(event.failure.summary));
	assert_false(failure_event_read(&event, len, &piece));
	record_init(RECORD_packet, &packet);
	packet.wire_bytes = 100;
	packet.data.len = 100;
	packet.sent = 1;
	len = failure_event_make(RECORD_packet, &packet, &event);
	assert_true(failure_event_read(&event, len, &piece));
	event.packet.data.len = 2000;
	event.packet.wire_bytes = 2000;
	assert_false(failure_event_read(&event, len, &piece));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_and_icmp_errors_have_the_same_ends),
		cmocka_unit_test(every_shorter_packet_is_read_within_its_bounds),
		cmocka_unit_test(
			the_ring_gives_back_those_of_one_connection_newest_first),
		cmocka_unit_test(the_ring_forgets_the_oldest_and_says_so),
		cmocka_unit_test(a_port_that_refuses_is_said_so),
		cmocka_unit_test(silence_is_counted),
		cmocka_unit_test(who_says_unreachable_is_named),
		cmocka_unit_test(an_expired_certificate_says_when),
		cmocka_unit_test(an_alert_is_named_and_whose_it_is),
		cmocka_unit_test(a_reset_says_after_what),
		cmocka_unit_test(every_reason_has_a_sentence),
		cmocka_unit_test(what_is_different_is_said_and_nothing_else),
		cmocka_unit_test(
			a_series_is_recorded_once_and_an_outage_of_all_a_little),
		cmocka_unit_test(pieces_come_over_and_what_is_none_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
