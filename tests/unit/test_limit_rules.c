/*
 * test_limit_rules.c: a rule with an error is refused with its place and with what is
 * allowed; the usual rules watch what they promise.
 */
#include "limits_check.h"

#include "base/buf.h"
#include "limit/usual.h"

#define HEAD "rules:\n- name: slow\n  field: port.response_p95_us\n"

static const struct {
	const char *text, *error;
} wrong[] = {
	{ "x", "rules.yaml:1:1: not a file of limits" },
	{ "rule:\n- name: a\n",
	  "rules.yaml:1:1: unknown key \"rule\"; allowed: tags, rules, levels" },
	{ "rules: 7\n", "rules.yaml:1:8: rules can't be \"7\"" },
	{ "rules:\n- 7\n", "rules.yaml:2:3: rules can't be \"7\"" },
	{ "rules:\n- field: port.active\n  above: 5\n",
	  "rules.yaml:2:3: a rule or level without name" },
	{ "rules:\n- name: \"a b\"\n  field: port.active\n  above: 5\n",
	  "rules.yaml:2:9: name can't be \"a b\"" },
	{ "rules:\n- name: a\n  above: 5\n", "rules.yaml:2:3: a rule without field" },
	{ "rules:\n- name: a\n  field: xyzzy\n  above: 5\n",
	  "rules.yaml:3:10: field can't be \"xyzzy\": there is no such record. "
	  "Allowed is RECORD.FIELD" },
	{ "rules:\n- name: a\n  field: ports.active\n  above: 5\n",
	  "did you mean port?" },
	{ "rules:\n- name: a\n  field: port.respons_p95_us\n  above: 5ms\n",
	  "rules.yaml:3:10: field can't be \"port.respons_p95_us\": a port has no such "
	  "field, did you mean port.response_p95_us?" },
	{ "rules:\n- name: a\n  field: port.state\n  above: 5\n",
	  "rules.yaml:3:10: field can't be \"port.state\": that is no number" },
	{ "rules:\n- name: a\n  field: port.server_ip\n  is: x\n",
	  "rules.yaml:3:10: field can't be \"port.server_ip\": that can't be "
	  "compared" },
	{ "rules:\n- name: a\n  field: port.active\n  is: x\n", "that is a number" },
	{ HEAD, "rules.yaml:2:3: a rule without limit; allowed is one of above" },
	{ HEAD "  above: 5ms\n  below: 1ms\n",
	  "rules.yaml:5:10: a second limit; allowed is one of above" },
	{ HEAD "  above: fast\n",
	  "rules.yaml:4:10: above can't be \"fast\"; allowed is a time such as" },
	{ HEAD "  above: 5 MB\n", "rules.yaml:4:10: above can't be \"5 MB\"" },
	{ HEAD "  above: {bad: 5ms}\n", "rules.yaml:4:11: above can't be \"bad\"" },
	{ HEAD "  above: {low: 10ms, high: 5ms}\n",
	  "rules.yaml:4:28: high can't be \"5ms\": that is not beyond the limit of "
	  "low" },
	{ HEAD "  below: {medium: 10ms, critical: 10ms}\n",
	  "critical can't be \"10ms\": that is not beyond the limit of medium" },
	{ HEAD "  above: {low: 5}\n  severity: high\n", "rules.yaml:5:13: severity" },
	{ HEAD "  above: 5ms\n  severity: bad\n",
	  "rules.yaml:5:13: severity can't be \"bad\"; allowed is notice, low" },
	{ HEAD "  above: 100ms\n  recover: 200ms\n",
	  "rules.yaml:5:12: recover can't be \"200ms\": that is beyond the limit" },
	{ HEAD "  above: 5ms\n  for: long\n", "rules.yaml:5:8: for can't be \"long\"" },
	{ HEAD "  above: 5ms\n  times: 6 of 5\n", "rules.yaml:5:10: times can't be" },
	{ HEAD "  above: 5ms\n  times: 3 of 33\n", "rules.yaml:5:10: times can't be" },
	{ HEAD "  above: 5ms\n  samples: 0\n", "rules.yaml:5:12: samples can't be" },
	{ HEAD "  above: 5ms\n  samples_of: respnses\n  samples: 3\n",
	  "samples_of can't be \"respnses\": a port has no such field, did you mean "
	  "responses?" },
	{ HEAD "  above: 5ms\n  where: {unused: maybe}\n",
	  "rules.yaml:5:19: unused can't be \"maybe\"; allowed is yes or no" },
	{ "rules:\n- name: a\n  field: probe.total_us\n  above: 5ms\n"
	  "  where: {state: upp}\n",
	  "rules.yaml:5:18: state can't be \"upp\"; allowed is up, degraded, down" },
	{ HEAD "  above: 5ms\n  where: {used: yes}\n",
	  "rules.yaml:5:11: where can't be \"used\": a port has no such field" },
	{ HEAD "  above: 5ms\n  hold: active\n", "rules.yaml:5:9: hold can't be" },
	{ HEAD "  above: 5ms\n  ports: [80, 99999]\n",
	  "rules.yaml:5:15: ports can't be \"99999\"" },
	{ HEAD "  above: 5ms\n  hosts: nowhere\n", "rules.yaml:5:10: hosts can't be" },
	{ HEAD "  above: 5ms\n  tags: web\n", "rules.yaml:2:3: no tag web; allowed are "
					      "those of a section \"tags\" before" },
	{ HEAD "  above: 5ms\n  abve: 5ms\n", "rules.yaml:5:3: unknown key \"abve\"" },
	{ HEAD "  above: &x 5ms\n", "rules.yaml:4:10: anchors, aliases and tags" },
	{ HEAD "  above: 5ms\n- name: slow\n  field: port.active\n  above: 1\n",
	  "rules.yaml:5:3: a second rule slow" },
	{ "rules:\n- name: a\n  field: self.packets\n  change: 50 %\n",
	  "rules.yaml:3:10: field can't be \"self.packets\": its history is not "
	  "known" },
	{ "rules:\n- name: a\n  field: probe.state\n  is: broken\n",
	  "rules.yaml:4:7: is can't be \"broken\"; allowed is up, degraded, down, "
	  "unknown" },
	{ "rules:\n- name: a\n  field: probe.rtt_us\n  above: 1ms\n  samples: 3\n",
	  "rules.yaml:2:3: samples without samples_of" },
	{ "tags:\n- ports: 80\n", "rules.yaml:2:3: a tag without name" },
};

static void what_is_wrong_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf errors = { 0 };
		struct limit_rules *made = limit_rules_new(&home);
		assert_false(limit_rules_parse(made, wrong[i].text,
					       strlen(wrong[i].text), "rules.yaml",
					       &errors));
		if (strstr(buf_cstr(&errors), wrong[i].error) == NULL)
			fail_msg("%s\n  is not\n%s", buf_cstr(&errors), wrong[i].error);
		/* One error is said once. */
		char *second = strstr(buf_cstr(&errors) + 1, "rules.yaml:");
		if (second != NULL)
			fail_msg("more than one error: %s", buf_cstr(&errors));
		buf_free(&errors);
		limit_rules_free(made);
	}
}

static void every_shorter_text_is_read_or_refused(void **state)
{
	const struct limit_usual usual = { 100, 0.01, 0.001, 1e9 };
	struct buf text = { 0 };
	(void)state;
	limit_usual_text(&usual, &text);
	for (size_t len = 0; len < text.len; len += 7) {
		struct buf errors = { 0 };
		struct limit_rules *made = limit_rules_new(&home);
		bool ok = limit_rules_parse(made, text.at, len, "rules.yaml", &errors);
		assert_int_equal(ok, errors.len == 0);
		buf_free(&errors);
		limit_rules_free(made);
	}
	buf_free(&text);
}

static void watch_usual(const char *more)
{
	const struct limit_usual usual = { 100, 0.01, 0.001, 125e6 };
	struct buf errors = { 0 };
	rules = limit_rules_new(&home);
	assert_true(limit_usual_add(rules, &usual));
	assert_true(
		limit_rules_parse(rules, more, strlen(more), "rules.yaml", &errors));
	limits_set_rules(limits, rules, now);
	buf_free(&errors);
}

/* The same record every few seconds, for that long; the rules that fire then. */
static void last(enum record_kind kind, void *record, int64_t how_long)
{
	for (int64_t i = 0; i <= how_long; i += 10 * SECOND) {
		limits_see(limits, kind, record, now);
		pass(10 * SECOND);
	}
}

static void assert_fires(const char *rule, const char *severity)
{
	assert_last(1, "firing", severity);
	assert_string_equal(last_alert()->rule, rule);
	assert_true(last_alert()->advice[0] != '\0');
	alert_count = 0;
}

static void the_usual_rules_watch_services(void **state)
{
	(void)state;
	watch_usual("");
	struct port_record port = port_of("192.0.2.1", 443);
	port.response_p95_us = 101000;
	last(RECORD_port, &port, 3 * MINUTE);
	assert_fires("response", "medium");
	port = port_of("192.0.2.2", 443);
	port.lost_ratio = 0.011;
	port.data_packets = 200;
	last(RECORD_port, &port, 4 * MINUTE);
	assert_fires("loss", "medium");
	port = port_of("192.0.2.3", 443);
	port.error_ratio = 0.0011;
	last(RECORD_port, &port, 4 * MINUTE);
	assert_fires("errors", "medium");
	port = port_of("192.0.2.4", 443);
	port.server_bytes = 60 * 101000000ULL;
	last(RECORD_port, &port, 6 * MINUTE);
	assert_fires("link-out", "medium");
}

static void the_usual_rules_leave_alone_what_is_well_or_not_ours(void **state)
{
	(void)state;
	watch_usual("");
	struct port_record port = port_of("192.0.2.1", 443);
	port.response_p95_us = 99000;
	port.lost_ratio = port.retransmit_ratio = 0.009;
	port.error_ratio = 0.0009;
	port.data_packets = 200;
	last(RECORD_port, &port, HOUR);
	port = port_of("198.51.100.1", 443);
	port.response_p95_us = 900000;
	last(RECORD_port, &port, HOUR);
	/* Who is refused where nothing listens is no trouble of ours. */
	port = port_of("192.0.2.1", 23);
	port.error_ratio = 1;
	port.unused = 1;
	last(RECORD_port, &port, HOUR);
	assert_int_equal(alert_count, 0);
}

static void the_usual_rules_watch_probes_and_certificates(void **state)
{
	(void)state;
	watch_usual("");
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), "https://example.org/");
	probe.hard_state = "down";
	last(RECORD_probe, &probe, 0);
	assert_fires("down", "high");
	probe.hard_state = NULL;
	probe.cert_not_after = now + 20 * DAY;
	last(RECORD_probe, &probe, 0);
	assert_fires("certificate", "low");
	probe.cert_not_after = now + 6 * DAY;
	last(RECORD_probe, &probe, 0);
	assert_fires("certificate", "medium");
	probe.cert_not_after = now + DAY / 2;
	last(RECORD_probe, &probe, 0);
	assert_fires("certificate", "high");
	struct tls_record tls;
	record_init(RECORD_tls, &tls);
	tls.transport = "tcp";
	tls.server_port = 443;
	assert_true(addr_parse("192.0.2.1", &tls.server_ip));
	tls.not_after = now + 6 * DAY;
	last(RECORD_tls, &tls, 0);
	assert_fires("certificate-seen", "medium");
}

static void the_usual_rules_watch_queues_and_ourselves(void **state)
{
	(void)state;
	watch_usual("");
	struct listener_record listener;
	record_init(RECORD_listener, &listener);
	assert_true(addr_parse("0.0.0.0", &listener.ip));
	listener.port = 80;
	listener.transport = "tcp";
	listener.backlog_max = 128;
	listener.backlog = 110;
	listener.overflows = 7;
	last(RECORD_listener, &listener, MINUTE);
	assert_fires("backlog", "medium");
	listener.overflows = 8;
	last(RECORD_listener, &listener, 0);
	assert_fires("overflows", "medium");
	struct self_record self;
	record_init(RECORD_self, &self);
	self.store_state = "full";
	last(RECORD_self, &self, MINUTE);
	assert_fires("store", "high");
	self.store_state = "failed";
	last(RECORD_self, &self, MINUTE);
	assert_fires("store", "critical");
	self.records_dropped = 0;
	last(RECORD_self, &self, 0);
	self.records_dropped = 1;
	last(RECORD_self, &self, 0);
	assert_fires("records-lost", "medium");
	self.packets = self.dropped = 0;
	for (int i = 0; i < 5; i++) {
		self.packets += 1000;
		self.dropped += 5;
		last(RECORD_self, &self, 0);
	}
	assert_fires("drops", "low");
}

static void a_file_replaces_a_usual_rule_or_turns_it_off(void **state)
{
	(void)state;
	watch_usual("rules:\n- {name: down, off: yes}\n"
		    "- {name: response, field: port.response_p95_us, above: 1s}\n");
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), "https://example.org/");
	probe.hard_state = "down";
	last(RECORD_probe, &probe, MINUTE);
	struct port_record port = port_of("192.0.2.1", 443);
	port.response_p95_us = 900000;
	last(RECORD_port, &port, HOUR);
	assert_int_equal(alert_count, 0);
	port.response_p95_us = 1100000;
	last(RECORD_port, &port, 0);
	assert_last(1, "firing", "medium");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
		cmocka_unit_test(every_shorter_text_is_read_or_refused),
		cmocka_unit_test_setup_teardown(the_usual_rules_watch_services, begin,
						end),
		cmocka_unit_test_setup_teardown(
			the_usual_rules_leave_alone_what_is_well_or_not_ours, begin,
			end),
		cmocka_unit_test_setup_teardown(
			the_usual_rules_watch_probes_and_certificates, begin, end),
		cmocka_unit_test_setup_teardown(
			the_usual_rules_watch_queues_and_ourselves, begin, end),
		cmocka_unit_test_setup_teardown(
			a_file_replaces_a_usual_rule_or_turns_it_off, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
