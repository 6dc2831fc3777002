/*
 * test_explain_said.c: what a port speaks, and errors of the application.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain_scene.h"
#include "printed.h"

#include "cli/explain_json.h"
#include "cli/explain_screen.h"

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

static void a_port_that_a_flood_makes_unwell_is_under_attack(void **state)
{
	(void)state;
	struct finding_record flood;
	record_init(RECORD_finding, &flood);
	flood.kind = "syn_flood";
	flood.state = "open";
	flood.severity = "high";
	record_text(flood.id, sizeof(flood.id), "0123456789abcdef");
	record_text(flood.summary, sizeof(flood.summary), "A flood of SYNs.");
	record_text(flood.evidence, sizeof(flood.evidence), "4000 a second");
	struct scene *s = good_scene();
	s->facts.findings = &flood;
	s->facts.finding_count = 1;
	expect(s, EXPLAIN_WELL, "Well");

	s = good_scene();
	s->facts.findings = &flood;
	s->facts.finding_count = 1;
	s->listener.backlog = 129;
	expect(s, EXPLAIN_FLOODED, "It is attacked: A flood of SYNs. (4000 a second)");

	s = good_scene();
	flood.severity = "low";
	s->facts.findings = &flood;
	s->facts.finding_count = 1;
	s->listener.backlog = 129;
	expect(s, EXPLAIN_QUEUE_FULL, "129 wait in a queue for 128");
}

static void show(const struct scene *s, struct buf *json)
{
	const struct common_options common = { .plain = true };
	struct explain_answer answer;
	explain(&s->facts, &answer);
	explain_json(&s->facts, &answer, json);
	catch_output();
	explain_screen(&s->facts, &answer, &common);
	what_was_printed();
	explain_free(&answer);
}

/* Not 0 us: it is in what the network takes. */
static void
an_answer_as_fast_as_the_network_tells_nothing_of_the_application(void **state)
{
	(void)state;
	struct scene *s = good_scene();
	struct buf json = { 0 };
	s->facts.flows = &s->flow;
	s->facts.flow_count = 1;
	s->flow.server_rtt_us = 400;
	s->now.response_p50_us = 400;
	show(s, &json);
	assert_says(buf_cstr(&json), "\"application_unknown\":\"not told apart");
	assert_null(strstr(buf_cstr(&json), "application_us"));
	assert_says(printed, "not told apart from the network");
	assert_null(strstr(printed, "question to first octet"));
	buf_free(&json);
	s->now.response_p50_us = 401;
	show(s, &json);
	assert_says(buf_cstr(&json), "\"application_us\":1,");
	assert_null(strstr(buf_cstr(&json), "application_unknown"));
	assert_says(printed, "question to first octet");
	buf_free(&json);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_answers_are_not_failed_connections),
		cmocka_unit_test(what_a_port_speaks_is_told_with_how_it_is_known),
		cmocka_unit_test(
			an_answer_as_fast_as_the_network_tells_nothing_of_the_application),
		cmocka_unit_test(a_port_that_a_flood_makes_unwell_is_under_attack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
