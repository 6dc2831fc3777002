/*
 * test_alerting_recall.c: incidents that were over before the daemon started: people
 * still say what they were, and what lasts of them is no other one.
 */
#include "alerting_scene.h"

#define DAY_US INT64_C(86400000000)

static void restart(void)
{
	stop();
	start();
}

/* Days ago, by itself, and so in no book. */
static struct incident_record keep_old(const char *id)
{
	struct incident_record old;
	record_init(RECORD_incident, &old);
	record_text(old.id, sizeof(old.id), id);
	record_text(old.closed_by, sizeof(old.closed_by), INCIDENT_BY_ITSELF);
	old.state = "resolved";
	old.at = old.end = clock_us(CLOCK_REALTIME) - 9 * DAY_US;
	old.first = old.detected = old.end - DAY_US;
	old.automatic = 1;
	store_put(store, RECORD_incident, &old);
	return old;
}

static void finding(const char *id)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	record_text(f.id, sizeof(f.id), id);
	f.first = f.last = f.at = clock_us(CLOCK_REALTIME);
	f.kind = "port_scan";
	f.severity = "medium";
	f.state = "open";
	record_text(f.incident, sizeof(f.incident), "feedfeedfeedfeed");
	assert_true(addr_parse("198.51.100.7", &f.client_ip));
	alerting_finding(&alerting, &f);
}

static int say(const char *form)
{
	struct buf message = { 0 };
	int result = alerting_change(&alerting, form, "ada", &message);
	assert_true(message.len > 0);
	buf_free(&message);
	return result;
}

/* ---- the tests ---- */

static void what_was_over_long_ago_is_marked_by_its_id(void **state)
{
	(void)state;
	const struct incident_record old = keep_old("0123456789abcdef");
	keep_old("01f3456789abcdef");
	restart();
	assert_int_equal(say("id=0124&comment=x"), -ENOENT);
	assert_int_equal(say("id=0123&close=1&false_positive=1&reason=our+own"), 0);
	assert_string_equal(kept.incident.id, old.id);
	assert_int_equal(kept.incident.false_positive, 1);
	assert_int_equal(kept.incident.end, old.end);
	assert_int_equal(kept.incident.detected, old.detected);
	assert_int_equal(kept.incident.automatic, 1);
	assert_string_equal(kept.incident.closed_by, "ada");
	assert_string_equal(kept.incident.close_reason, "our own");
	assert_int_equal(firing(), 0);
}

static void an_id_that_several_begin_with_is_none(void **state)
{
	(void)state;
	keep_old("0123456789abcdef");
	keep_old("0123456789abcdee");
	restart();
	assert_int_equal(say("id=0123&close=1"), -EEXIST);
	assert_int_equal(say("id=0123456789abcdee&close=1"), 0);
}

/* What lasts of it is no news after a restart either. */
static void what_a_person_closed_stays_closed(void **state)
{
	(void)state;
	finding("a281196900000000");
	assert_int_equal(firing(), 1);
	assert_int_equal(say("id=feedfe&close=1&false_positive=1"), 0);
	restart();
	finding("a281196900000000");
	assert_int_equal(firing(), 0);
	assert_string_equal(kept.incident.id, "feedfeedfeedfeed");
	assert_int_equal(kept.incident.false_positive, 1);
	finding("b281196900000000");
	assert_int_equal(firing(), 1);
	assert_string_not_equal(kept.incident.id, "feedfeedfeedfeed");
}

static void see_down(const char *target)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	probe.at = clock_us(CLOCK_REALTIME);
	record_text(probe.target, sizeof(probe.target), target);
	probe.state = probe.hard_state = "down";
	probe.maintenance = 0;
	alerting_see(&alerting, RECORD_probe, &probe, probe.at);
}

static void note_targets(void *to, const struct alert_record *alert)
{
	buf_printf(to, "%s ", alert->target);
}

static void assert_alerts(const char *targets)
{
	struct buf text = { 0 };
	alerting_each_alert(&alerting, note_targets, &text);
	assert_string_equal(text.len > 0 ? buf_cstr(&text) : "", targets);
	buf_free(&text);
}

static void alerts_stay_in_their_order(void **state)
{
	(void)state;
	see_down("tcp://192.0.2.1:1");
	see_down("tcp://192.0.2.1:2");
	see_down("tcp://192.0.2.1:3");
	restart();
	assert_alerts("tcp://192.0.2.1:3 tcp://192.0.2.1:2 tcp://192.0.2.1:1 ");
}

/* As after a crash with a disk that was full. */
static void what_the_store_lost_is_told_all_the_same(void **state)
{
	char command[sizeof(config.state) + 32];
	(void)state;
	see_down("tcp://192.0.2.1:1");
	stop();
	snprintf(command, sizeof(command), "rm -r %s/*.db*", config.state);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our folder */
	start();
	assert_alerts("tcp://192.0.2.1:1 ");
	assert_int_equal(firing(), 1);
}

static void pass_second(int64_t now_us)
{
	struct buf text = { 0 };
	alerting_second(&alerting, now_us, &text);
	buf_free(&text);
}

/* A rule of what is absent needs a file; a value is as well forgotten in its sleep. */
static void what_fires_goes_on_when_the_machine_slept(void **state)
{
	const int64_t now_us = clock_us(CLOCK_REALTIME);
	(void)state;
	see_down("tcp://192.0.2.1:1");
	pass_second(now_us);
	pass_second(now_us + 2 * DAY_US);
	assert_alerts("tcp://192.0.2.1:1 ");
	for (int64_t at_us = 0; at_us < 2 * DAY_US; at_us += DAY_US / 3600)
		pass_second(now_us + 2 * DAY_US + at_us);
	assert_alerts("");
}

static void only_whole_minutes_that_were_watched_are_learned(void **state)
{
	const int64_t minute_us = 60000000, second_us = 1000000;
	int64_t now_us = 1700000040 * second_us; /* a minute begins */
	(void)state;
	assert_false(alerting_is_minute(&alerting, now_us + 40 * second_us));
	assert_false(alerting_is_minute(&alerting, now_us + 45 * second_us));
	assert_false(alerting_is_minute(&alerting, now_us += minute_us));
	assert_true(alerting_is_minute(&alerting, now_us += minute_us));
	assert_false(alerting_is_minute(&alerting, now_us + 5 * second_us));
	assert_true(alerting_is_minute(&alerting, now_us += minute_us));
	assert_false(alerting_is_minute(&alerting, now_us += 480 * minute_us));
	assert_false(alerting_is_minute(&alerting, now_us += minute_us));
	assert_true(alerting_is_minute(&alerting, now_us += minute_us));
	assert_false(alerting_is_minute(&alerting, now_us -= 30 * minute_us));
}

/* A hub opens its book anew whenever it has heard of more that was before. */
static void what_failed_is_counted_once_however_often_it_begins(void **state)
{
	(void)state;
	struct buf said = { 0 };
	struct notification_record n;
	record_init(RECORD_notification, &n);
	record_text(n.sink, sizeof(n.sink), "mail");
	n.state = "failed";
	for (int i = 0; i < 3; i++) {
		n.at = clock_us(CLOCK_REALTIME);
		store_put(store, RECORD_notification, &n);
	}
	restart();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sinks_told_of(&alerting.told, "mail")->failures, 3);
		alerting_stand_down(&alerting);
		assert_true(alerting_open(&alerting));
		alerting_begin(&alerting, "127.0.0.1:7070", clock_us(CLOCK_REALTIME),
			       &said);
	}
	assert_int_equal(sinks_told_of(&alerting.told, "mail")->failures, 3);
	buf_free(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(what_was_over_long_ago_is_marked_by_its_id),
		TEST(an_id_that_several_begin_with_is_none),
		TEST(what_a_person_closed_stays_closed),
		TEST(alerts_stay_in_their_order),
		TEST(what_the_store_lost_is_told_all_the_same),
		TEST(what_fires_goes_on_when_the_machine_slept),
		TEST(only_whole_minutes_that_were_watched_are_learned),
		TEST(what_failed_is_counted_once_however_often_it_begins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
