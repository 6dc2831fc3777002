/*
 * test_limits.c: a limit that is crossed is one alert, told at its begin, when it gets
 * graver and at its end, whatever values, clocks and strangers do.
 */
#include "limits_check.h"

#include <math.h>

static const char slow[] = "rules:\n"
			   "- name: slow\n"
			   "  field: port.response_p95_us\n"
			   "  above: {medium: 100ms, high: 1s}\n"
			   "  recover: 80ms\n"
			   "  for: 2m\n"
			   "  samples: 10\n";

static void what_lasts_is_told_once_and_when_it_is_over(void **state)
{
	(void)state;
	watch(slow);
	answers_in(50, MINUTE);
	answers_in(250, MINUTE);
	answers_in(250, MINUTE);
	assert_int_equal(alert_count, 0);
	answers_in(260, MINUTE);
	assert_last(1, "firing", "medium");
	answers_in(270, 10 * MINUTE);
	assert_int_equal(alert_count, 1);
	answers_in(50, MINUTE);
	answers_in(50, MINUTE);
	assert_int_equal(alert_count, 1);
	answers_in(50, MINUTE);
	assert_last(2, "resolved", "medium");
	assert_string_equal(alerts[0].id, alerts[1].id);
	assert_int_equal(alerts[0].start, START + 2 * MINUTE);
	assert_int_equal(alerts[1].end, now);
	assert_int_equal(limits_totals(limits).series, 0);
	assert_int_equal(limits_totals(limits).firing, 0);
}

static void it_is_told_in_plain_words(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	const struct alert_record *alert = last_alert();
	assert_string_equal(
		alert->summary,
		"95th percentile of the response time of 192.0.2.1:443/tcp (https) is "
		"250 ms, above 100 ms, since 2023-11-14 22:14:20 UTC");
	assert_string_equal(alert->target, "192.0.2.1:443/tcp");
	assert_string_equal(alert->metric, "port.response_p95_us");
	assert_string_equal(alert->rule, "slow");
	assert_string_equal(alert->kind, "value");
	assert_string_equal(alert->transport, "tcp");
	assert_int_equal(alert->port, 443);
	assert_true(alert->value == 250000 && alert->limit == 100000);
	for (int i = 0; i < 3; i++)
		answers_in(40, MINUTE);
	assert_string_equal(
		last_alert()->summary,
		"95th percentile of the response time of 192.0.2.1:443/tcp (https) is "
		"well again: 40 ms, after 5 min");
}

static void it_gets_graver_and_never_less_grave(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	for (int i = 0; i < 3; i++)
		answers_in(2000, MINUTE);
	assert_last(2, "firing", "high");
	assert_true(last_alert()->limit == 1e6);
	assert_string_equal(alerts[0].id, alerts[1].id);
	assert_int_equal(alerts[0].start, alerts[1].start);
	for (int i = 0; i < 5; i++)
		answers_in(250, MINUTE);
	assert_int_equal(alert_count, 2);
}

static void what_swings_around_the_limit_is_one_alert(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 3; i++)
		answers_in(101, MINUTE);
	for (int i = 0; i < 100; i++)
		answers_in(i % 3 == 0 ? 120 : i % 3 == 1 ? 90 : 50, MINUTE);
	assert_int_equal(alert_count, 1);
	/* Between recovery level and limit it is not over. */
	for (int i = 0; i < 100; i++)
		answers_in(90, MINUTE);
	assert_int_equal(alert_count, 1);
}

static void a_break_begins_anew(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 50; i++)
		answers_in(i % 2 == 0 ? 500 : 50, MINUTE);
	assert_int_equal(alert_count, 0);
	/* A hole says nothing of what was in it. */
	answers_in(500, MINUTE);
	now += HOUR;
	answers_in(500, MINUTE);
	assert_int_equal(alert_count, 0);
}

static void too_few_samples_say_nothing(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 10; i++) {
		now += MINUTE;
		struct port_record port = port_of("192.0.2.1", 443);
		port.response_p95_us = 5000000;
		port.responses = 9;
		limits_see(limits, RECORD_port, &port, now);
		/* Nor does one that is not known. */
		port.responses = 1000;
		port.response_p95_us = UNKNOWN_U64;
		limits_see(limits, RECORD_port, &port, now);
	}
	assert_int_equal(alert_count, 0);
	assert_int_equal(limits_totals(limits).series, 0);
}

static void n_of_m_bears_single_ones(void **state)
{
	(void)state;
	watch("rules:\n- name: slow\n  field: port.response_p95_us\n  above: 100ms\n"
	      "  times: 3 of 5\n");
	for (int i = 0; i < 40; i++)
		answers_in(i % 5 < 2 ? 500 : 50, MINUTE);
	assert_int_equal(alert_count, 0);
	answers_in(500, MINUTE);
	answers_in(500, MINUTE);
	answers_in(50, MINUTE);
	answers_in(500, MINUTE);
	assert_last(1, "firing", "medium");
	answers_in(50, MINUTE);
	assert_int_equal(alert_count, 1);
	answers_in(50, MINUTE);
	assert_last(2, "resolved", "medium");
}

static void of_what_nothing_more_is_known_nothing_fires(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	pass(14 * MINUTE);
	assert_int_equal(alert_count, 1);
	pass(2 * MINUTE);
	assert_last(2, "resolved", "medium");
	assert_non_null(strstr(last_alert()->summary, "nothing more is known"));
	/* Of what comes seldom more is waited for. */
	watch("rules:\n- name: slow\n  field: port.response_p95_us\n  above: 100ms\n");
	answers_in(250, HOUR);
	answers_in(250, HOUR);
	pass(2 * HOUR);
	assert_last(3, "firing", "medium");
}

static void a_clock_that_is_set_back_does_no_harm(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	now -= 2 * DAY;
	answers_in(250, MINUTE);
	assert_int_equal(alert_count, 1);
	pass(10 * MINUTE);
	assert_int_equal(alert_count, 1);
	for (int i = 0; i < 3; i++)
		answers_in(50, MINUTE);
	assert_last(2, "resolved", "medium");
	/* Nor to what is about to begin. */
	answers_in(250, MINUTE);
	now -= DAY;
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	assert_last(3, "firing", "medium");
}

static void only_what_is_selected_is_watched(void **state)
{
	(void)state;
	watch("tags:\n- tag: web\n  ports: [80, 443]\n  hosts: 192.0.2.0/28\n"
	      "rules:\n"
	      "- {name: a, field: port.active, above: 5, ports: 8000-8100}\n"
	      "- {name: b, field: port.active, above: 5, hosts: home}\n"
	      "- {name: c, field: port.active, above: 5, tags: web}\n"
	      "- {name: d, field: port.active, above: 5, services: [ssh, imap]}\n");
	const struct {
		const char *address;
		uint32_t port;
		const char *rules;
	} cases[] = { { "198.51.100.7", 443, "" },
		      { "198.51.100.7", 8000, "a" },
		      { "192.0.2.200", 443, "b" },
		      { "192.0.2.7", 443, "bc" },
		      { "192.0.2.7", 8101, "b" } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char said[8] = "";
		alert_count = 0;
		struct port_record port = port_of(cases[i].address, cases[i].port);
		port.active = 6;
		limits_see(limits, RECORD_port, &port, now);
		for (size_t k = 0; k < alert_count; k++)
			said[k] = alerts[k].rule[0];
		assert_string_equal(said, cases[i].rules);
		if (strchr(said, 'c') != NULL)
			assert_string_equal(last_alert()->tags, "web");
	}
}

static void counts_are_by_the_second(void **state)
{
	(void)state;
	watch("rules:\n- {name: busy, field: port.client_bytes, above: 1 MB/s}\n");
	struct port_record port = port_of("192.0.2.1", 443);
	port.client_bytes = 60 * 1000000;
	limits_see(limits, RECORD_port, &port, now);
	assert_int_equal(alert_count, 0);
	port.client_bytes = 120 * 1000000;
	limits_see(limits, RECORD_port, &port, now);
	assert_last(1, "firing", "medium");
	assert_non_null(strstr(last_alert()->summary, "is 2 MB/s, above 1 MB/s"));
}

static void self_after(uint64_t packets, uint64_t dropped)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	now += SECOND;
	self.packets = packets;
	self.dropped = dropped;
	limits_see(limits, RECORD_self, &self, now);
}

static void counts_since_the_start_are_what_they_rise(void **state)
{
	(void)state;
	watch("rules:\n"
	      "- {name: any, field: self.dropped, above: 5}\n"
	      "- {name: share, field: self.dropped, share_of: packets, above: 1 %}\n");
	self_after(1000, 900);
	self_after(2000, 905);
	assert_int_equal(alert_count, 0);
	self_after(3000, 915);
	assert_last(1, "firing", "medium");
	assert_string_equal(last_alert()->target, "breakwater");
	self_after(4000, 935);
	assert_last(2, "firing", "medium");
	assert_true(fabs(last_alert()->value - 0.02) < 1e-9);
	/* It was started again: that is no rise, nor is it well. */
	self_after(10, 0);
	assert_int_equal(alert_count, 2);
	self_after(1010, 0);
	assert_last(4, "resolved", "medium");
}

static void probe_is(const char *hard, int flags)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	now += MINUTE;
	record_text(probe.target, sizeof(probe.target), "https://example.org/");
	record_text(probe.detail, sizeof(probe.detail), "connection refused");
	probe.hard_state = hard;
	probe.flapping = (flags & 1) != 0;
	probe.maintenance = (flags & 2) != 0;
	limits_see(limits, RECORD_probe, &probe, now);
	limits_tick(limits, now);
}

static const char down[] = "rules:\n"
			   "- name: down\n"
			   "  field: probe.hard_state\n"
			   "  is: {low: degraded, high: down}\n"
			   "  where: {maintenance: no}\n"
			   "  hold: flapping\n";

static void words_are_limits_too(void **state)
{
	(void)state;
	watch(down);
	probe_is("up", 0);
	probe_is("degraded", 0);
	assert_last(1, "firing", "low");
	probe_is("down", 0);
	assert_last(2, "firing", "high");
	assert_string_equal(last_alert()->summary,
			    "https://example.org/ is down since 2023-11-14 "
			    "22:15:20 UTC: connection refused");
	probe_is("unknown", 0);
	probe_is(NULL, 0);
	assert_int_equal(alert_count, 2);
	probe_is("up", 0);
	assert_last(3, "resolved", "high");
	assert_string_equal(last_alert()->summary, "https://example.org/ is up "
						   "again, after 4 min");
}

static void what_nobody_asks_any_more_is_over(void **state)
{
	(void)state;
	watch(down);
	probe_is("down", 0);
	assert_last(1, "firing", "high");
	limits_gone(limits, "https://example.net/", last_alert()->at);
	assert_int_equal(alert_count, 1);
	limits_gone(limits, "https://example.org/", last_alert()->at);
	assert_last(2, "resolved", "high");
	assert_non_null(strstr(last_alert()->summary, "nothing more is known of it"));
	probe_is("down", 0); /* it is asked again */
	assert_last(3, "firing", "high");
}

static void a_flapping_one_is_one_alert_and_maintenance_is_none(void **state)
{
	(void)state;
	watch(down);
	probe_is("down", 2);
	assert_int_equal(alert_count, 0);
	probe_is("down", 0);
	for (int i = 0; i < 20; i++)
		probe_is(i % 2 ? "down" : "up", 1);
	assert_int_equal(alert_count, 1);
	/* In maintenance nothing gets better or worse, and it is not forgotten. */
	for (int i = 0; i < 60; i++)
		probe_is(i % 2 ? "down" : "up", 2);
	assert_int_equal(alert_count, 1);
	probe_is("up", 0);
	assert_last(2, "resolved", "high");
}

static void a_time_is_how_long_it_is_until_then(void **state)
{
	(void)state;
	watch("rules:\n- name: certificate\n  field: probe.cert_not_after\n"
	      "  below: {low: 21d, medium: 7d, high: 1d}\n  forget: 25h\n"
	      "  what: time until the certificate ends\n");
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), "https://example.org/");
	probe.cert_not_after = now + 30 * DAY;
	/* Asked once a day. */
	for (int day = 0; day < 31; day++) {
		limits_see(limits, RECORD_probe, &probe, now);
		now += DAY;
		limits_tick(limits, now);
	}
	assert_last(3, "firing", "high");
	assert_string_equal(alerts[0].severity, "low");
	assert_string_equal(alerts[1].severity, "medium");
	assert_non_null(strstr(alerts[1].summary,
			       "Time until the certificate ends of "
			       "https://example.org/ is 6 d, below 7 d"));
	probe.cert_not_after = now + 90 * DAY;
	limits_see(limits, RECORD_probe, &probe, now);
	assert_last(4, "resolved", "high");
}

static void comes(const char *target)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), target);
	probe.state = "up";
	limits_see(limits, RECORD_probe, &probe, now);
}

static void what_came_and_comes_no_more_is_absent(void **state)
{
	(void)state;
	watch("rules:\n- name: backup\n  field: probe.state\n  where: {state: up}\n"
	      "  targets: \"heartbeat://*\"\n  absent: {medium: 25h, high: 50h}\n"
	      "  what: a run\n");
	comes("https://example.org/");
	comes("heartbeat://backup");
	for (int day = 0; day < 5; day++) {
		pass(DAY);
		comes("heartbeat://backup");
	}
	assert_int_equal(alert_count, 0);
	int64_t last = now;
	pass(26 * HOUR);
	assert_last(1, "firing", "medium");
	assert_int_equal(last_alert()->start, last);
	assert_string_equal(last_alert()->kind, "absence");
	assert_string_equal(last_alert()->summary,
			    "A run of heartbeat://backup has not come for 1 d 2 h "
			    "(limit 1 d 1 h), the last time 2023-11-19 22:13:20 UTC");
	pass(25 * HOUR);
	assert_last(2, "firing", "high");
	now -= 10 * DAY;
	pass(HOUR);
	comes("heartbeat://backup");
	assert_last(3, "resolved", "high");
	/* What never comes again is given up. */
	for (int day = 0; day < 60; day++)
		pass(DAY);
	assert_last(6, "resolved", "high");
	assert_int_equal(limits_totals(limits).series, 0);
}

static void a_change_is_against_the_same_hour_of_the_week_before(void **state)
{
	(void)state;
	watch("rules:\n- name: quiet\n  field: port.flows\n  change: -50 %\n"
	      "- name: other\n  field: port.flows\n  change: 300 %\n");
	week_ago = NAN;
	struct port_record port = port_of("192.0.2.1", 443);
	port.flows = 60;
	limits_see(limits, RECORD_port, &port, now);
	limits_see(limits, RECORD_port, &port, now);
	assert_int_equal(questions, 2); /* one of each rule */
	week_ago = 1.9;
	now += 10 * MINUTE;
	limits_see(limits, RECORD_port, &port, now);
	assert_int_equal(alert_count, 0);
	port.flows = 54;
	limits_see(limits, RECORD_port, &port, now);
	assert_int_equal(questions, 4);
	assert_last(1, "firing", "medium");
	assert_string_equal(last_alert()->kind, "change");
	assert_non_null(strstr(last_alert()->summary,
			       "is 52.6 % less than at that hour a week before (limit "
			       "50 %) since"));
	port.flows = 600;
	limits_see(limits, RECORD_port, &port, now);
	assert_last(3, "firing", "medium");
	assert_string_equal(last_alert()->rule, "other");
	now += HOUR;
	limits_see(limits, RECORD_port, &port, now);
	assert_int_equal(questions, 6);
}

/* Else those that are never known would keep the others from their answers. */
static void who_had_to_wait_for_history_asks_first(void **state)
{
	(void)state;
	watch("rules:\n- name: quiet\n  field: port.flows\n  change: -50 %\n");
	week_ago = NAN;
	for (unsigned look = 0; look < 3; look++) {
		may_be_asked = 1;
		for (unsigned port = 1; port <= 3; port++) {
			struct port_record record = port_of("192.0.2.1", port);
			limits_see(limits, RECORD_port, &record, now);
		}
		assert_int_equal(questions, look + 1);
		assert_int_equal(asked_port, look + 1);
		now += 5 * SECOND;
	}
}

/* Requests a minute, so many with a wave of a day; what fires then. */
static void traffic(int64_t how_long, double level)
{
	for (int64_t i = 0; i < how_long; i += MINUTE) {
		now += MINUTE;
		struct port_record port = port_of("192.0.2.1", 443);
		double wave = sin((double)(now % DAY) / DAY * 2 * 3.14159265);
		port.active = (uint64_t)(level * (3 + wave) + (double)(i / MINUTE % 7));
		limits_see(limits, RECORD_port, &port, now);
		limits_tick(limits, now);
	}
}

static void a_limit_can_be_learned(void **state)
{
	(void)state;
	watch("rules:\n- {name: many, field: port.active, above: learned, for: 5m}\n"
	      "- {name: few, field: port.active, below: learned, for: 5m}\n");
	traffic(2 * DAY, 100);
	assert_int_equal(alert_count, 0);
	traffic(30 * DAY, 100);
	assert_int_equal(alert_count, 0);
	traffic(HOUR, 300);
	assert_last(1, "firing", "medium");
	assert_string_equal(last_alert()->rule, "many");
	assert_true(last_alert()->limit < last_alert()->value);
	/* A new level becomes usual. */
	traffic(DAY, 300);
	assert_last(2, "resolved", "medium");
	traffic(7 * DAY, 300);
	assert_int_equal(alert_count, 2);
	traffic(15 * MINUTE, 0);
	assert_last(3, "firing", "medium");
	assert_string_equal(last_alert()->rule, "few");
}

static void strangers_fill_no_more_than_a_share(void **state)
{
	(void)state;
	watch("rules:\n- {name: a, field: port.active, above: 5}\n"
	      "- {name: b, field: port.client_packets, above: 5, for: 1d}\n");
	struct port_record port = port_of("192.0.2.1", 443);
	port.client_packets = 10000;
	for (uint32_t i = 0; i < 20000; i++) {
		port.port = i;
		limits_see(limits, RECORD_port, &port, now);
	}
	struct limits_totals totals = limits_totals(limits);
	assert_int_equal(totals.series, 16384);
	assert_int_equal(totals.left_out, 20000 - 16384);
	port.active = 6;
	limits_see(limits, RECORD_port, &port, now);
	assert_last(1, "firing", "medium");
	pass(HOUR);
	assert_int_equal(limits_totals(limits).series, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_lasts_is_told_once_and_when_it_is_over, begin, end),
		cmocka_unit_test_setup_teardown(it_is_told_in_plain_words, begin, end),
		cmocka_unit_test_setup_teardown(it_gets_graver_and_never_less_grave,
						begin, end),
		cmocka_unit_test_setup_teardown(
			what_swings_around_the_limit_is_one_alert, begin, end),
		cmocka_unit_test_setup_teardown(a_break_begins_anew, begin, end),
		cmocka_unit_test_setup_teardown(too_few_samples_say_nothing, begin,
						end),
		cmocka_unit_test_setup_teardown(n_of_m_bears_single_ones, begin, end),
		cmocka_unit_test_setup_teardown(
			of_what_nothing_more_is_known_nothing_fires, begin, end),
		cmocka_unit_test_setup_teardown(a_clock_that_is_set_back_does_no_harm,
						begin, end),
		cmocka_unit_test_setup_teardown(only_what_is_selected_is_watched, begin,
						end),
		cmocka_unit_test_setup_teardown(counts_are_by_the_second, begin, end),
		cmocka_unit_test_setup_teardown(
			counts_since_the_start_are_what_they_rise, begin, end),
		cmocka_unit_test_setup_teardown(words_are_limits_too, begin, end),
		cmocka_unit_test_setup_teardown(what_nobody_asks_any_more_is_over,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_flapping_one_is_one_alert_and_maintenance_is_none, begin,
			end),
		cmocka_unit_test_setup_teardown(a_time_is_how_long_it_is_until_then,
						begin, end),
		cmocka_unit_test_setup_teardown(what_came_and_comes_no_more_is_absent,
						begin, end),
		cmocka_unit_test_setup_teardown(who_had_to_wait_for_history_asks_first,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_change_is_against_the_same_hour_of_the_week_before, begin,
			end),
		cmocka_unit_test_setup_teardown(a_limit_can_be_learned, begin, end),
		cmocka_unit_test_setup_teardown(strangers_fill_no_more_than_a_share,
						begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
