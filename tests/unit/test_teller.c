/*
 * test_teller.c: who is told of an incident, when, and how often.
 */
#include "teller_scene.h"

static struct incident_record made(const char *id, const char *severity)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), id);
	incident.at = incident.first = incident.detected = now_us;
	incident.severity = severity;
	incident.state = "firing";
	incident.port = 443;
	return incident;
}

static void fires(const char *id, const char *severity)
{
	struct incident_record incident = made(id, severity);
	teller_incident(teller, &incident);
}

static void acknowledged(const char *id, const char *severity)
{
	struct incident_record incident = made(id, severity);
	incident.acknowledged = now_us;
	teller_incident(teller, &incident);
}

static void is_over(const char *id, const char *by)
{
	struct incident_record incident = made(id, "high");
	incident.state = "resolved";
	record_text(incident.closed_by, sizeof(incident.closed_by), by);
	teller_incident(teller, &incident);
}

static void is_told(size_t number, const char *sink, enum tell_reason reason,
		    const char *ids)
{
	char said[256] = "";
	assert_true(number < told_count);
	const struct told *message = &told[number];
	for (size_t i = 0; i < message->count; i++)
		snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%s",
			 i > 0 ? " " : "", message->incidents[i].id);
	assert_string_equal(message->sink, sink);
	assert_string_equal(tell_reason_name(message->reason),
			    tell_reason_name(reason));
	assert_string_equal(said, ids);
}

static void with_one_route(void)
{
	add_route("severity>=medium", OPS);
	set_rules();
}

/* ---- grouping ---- */

static void what_is_new_is_told_after_its_wait(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	fires("n", "low");
	pass(30 * SECOND);
	assert_int_equal(told_count, 0);
	pass(HOUR);
	assert_int_equal(told_count, 1);
	is_told(0, "ops", TELL_NEW, "a");
	assert_string_equal(told[0].key, "a");
	assert_int_equal(told[0].at_us, START + 31 * SECOND);
	assert_int_equal(told[0].due_us, told[0].at_us);
}

static void what_nobody_takes_is_told_later(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	nobody_takes = true;
	pass(5 * MINUTE);
	assert_int_equal(told_count, 0);
	nobody_takes = false;
	pass(HOUR);
	assert_int_equal(told_count, 1);
	is_told(0, "ops", TELL_NEW, "a");
}

static void several_of_the_same_wait_are_one_message(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "medium");
	pass(20 * SECOND);
	fires("b", "high");
	pass(20 * SECOND);
	assert_int_equal(told_count, 1);
	is_told(0, "ops", TELL_NEW, "b a"); /* the gravest first */
}

static void where_each_has_a_key_each_has_a_message(void **state)
{
	(void)state;
	static const struct notifier pager = { .name = "pager", .is_by_key = true };
	sinks[0].notifier = &pager;
	with_one_route();
	fires("a", "medium");
	fires("b", "high");
	pass(MINUTE);
	sinks[0].notifier = NULL;
	assert_int_equal(told_count, 2);
	is_told(0, "ops", TELL_NEW, "b");
	is_told(1, "ops", TELL_NEW, "a");
	assert_string_equal(told[1].key, "a");
}

static void what_is_over_before_it_is_told_is_not_told(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	pass(10 * SECOND);
	is_over("a", "breakwater");
	pass(HOUR);
	assert_int_equal(told_count, 0);
}

static void who_was_told_hears_of_the_end(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	pass(HOUR);
	is_over("a", "breakwater");
	pass(4 * MINUTE);
	assert_int_equal(told_count, 1);
	pass(2 * MINUTE);
	assert_int_equal(told_count, 2);
	is_told(1, "ops", TELL_RESOLVED, "a");
	pass(5 * HOUR);
	assert_int_equal(told_count, 2);
}

static void what_flaps_is_told_once(void **state)
{
	(void)state;
	with_one_route();
	for (int i = 0; i < 20; i++) {
		fires("a", "high");
		pass(3 * MINUTE);
		is_over("a", "breakwater");
		pass(3 * MINUTE);
	}
	assert_int_equal(told_count, 1);
	pass(HOUR);
	assert_int_equal(told_count, 2);
	is_told(1, "ops", TELL_RESOLVED, "a");
	/* The same, after it was told to be over: that is news. */
	fires("a", "high");
	pass(MINUTE);
	assert_int_equal(told_count, 3);
	is_told(2, "ops", TELL_NEW, "a");
	assert_true(told[2].id != told[0].id);
}

static void what_a_person_closed_is_told_at_once(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	pass(10 * MINUTE);
	is_over("a", "ann");
	pass(2 * SECOND);
	assert_int_equal(told_count, 2);
	is_told(1, "ops", TELL_RESOLVED, "a");
}

static void an_end_is_not_told_where_nobody_asks_for_it(void **state)
{
	(void)state;
	add_route("", OPS)->tells_end = false;
	set_rules();
	fires("a", "high");
	pass(10 * MINUTE);
	is_over("a", "breakwater");
	pass(HOUR);
	assert_int_equal(told_count, 1);
}

static void the_next_message_of_a_group_waits(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	pass(MINUTE);
	fires("b", "high");
	pass(MINUTE);
	fires("c", "medium");
	pass(3 * MINUTE);
	assert_int_equal(told_count, 1);
	pass(MINUTE);
	assert_int_equal(told_count, 2);
	is_told(1, "ops", TELL_NEW, "b c");
	assert_int_equal(told[1].at_us, told[0].at_us + 5 * MINUTE);
}

static void a_graver_one_does_not(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "medium");
	pass(MINUTE);
	fires("b", "high");
	pass(31 * SECOND);
	assert_int_equal(told_count, 2);
	is_told(1, "ops", TELL_NEW, "b");
	fires("a", "critical");
	pass(SECOND);
	assert_int_equal(told_count, 3);
	is_told(2, "ops", TELL_CHANGED, "a");
	pass(HOUR);
	assert_int_equal(told_count, 3);
}

/* ---- again, and to others ---- */

static void what_lasts_is_told_again_in_one_message(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	pass(MINUTE);
	fires("b", "high");
	pass(4 * HOUR - MINUTE);
	assert_int_equal(told_count, 2);
	pass(10 * MINUTE);
	assert_int_equal(told_count, 3);
	is_told(2, "ops", TELL_REPEATED, "a b");
	pass(4 * HOUR);
	assert_int_equal(told_count, 4);
}

static void who_takes_care_is_not_told_again(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	pass(MINUTE);
	acknowledged("a", "high");
	pass(DAY);
	assert_int_equal(told_count, 1);
	acknowledged("a", "critical"); /* but that it got worse */
	pass(SECOND);
	is_told(1, "ops", TELL_CHANGED, "a");
	is_over("a", "breakwater");
	pass(HOUR);
	is_told(2, "ops", TELL_RESOLVED, "a");
}

static struct tell_route *with_escalation(void)
{
	struct tell_route *route = add_route("", OPS);
	route->steps[0] = (struct tell_step){ 15 * MINUTE, BOSS };
	route->step_count = 1;
	set_rules();
	return route;
}

static void what_nobody_takes_care_of_is_told_to_others(void **state)
{
	(void)state;
	with_escalation();
	fires("a", "high");
	pass(15 * MINUTE);
	assert_int_equal(told_count, 1);
	pass(MINUTE);
	assert_int_equal(told_count, 2);
	is_told(1, "boss", TELL_ESCALATED, "a");
	pass(HOUR);
	assert_int_equal(told_count, 2);
	is_over("a", "ann");
	pass(SECOND);
	assert_int_equal(told_count, 4);
	is_told(2, "ops", TELL_RESOLVED, "a");
	is_told(3, "boss", TELL_RESOLVED, "a");
}

static void what_came_back_and_is_taken_care_of_is_not_either(void **state)
{
	(void)state;
	with_escalation();
	fires("a", "high");
	pass(20 * MINUTE);
	is_over("a", "breakwater");
	pass(6 * MINUTE);
	assert_int_equal(told_count, 4);
	fires("a", "high");
	pass(MINUTE);
	acknowledged("a", "high");
	pass(HOUR);
	assert_int_equal(told_count, 5);
	is_told(4, "ops", TELL_NEW, "a");
}

static void what_is_taken_care_of_is_not(void **state)
{
	(void)state;
	with_escalation();
	fires("a", "high");
	pass(10 * MINUTE);
	acknowledged("a", "high");
	struct incident_record blocked = made("b", "high");
	blocked.automatic = 1;
	teller_incident(teller, &blocked);
	pass(DAY);
	assert_int_equal(told_count, 2);
	is_told(1, "ops", TELL_NEW, "b");
}

/* ---- routes ---- */

static void the_first_route_is_taken_unless_it_goes_on(void **state)
{
	(void)state;
	add_route("port=22", NIGHT);
	add_route("severity>=high", OPS)->goes_on = true;
	struct tell_route *last = add_route("port=443", OPS | BOSS);
	last->wait_us = 0;
	last->repeat_us = HOUR;
	add_route("", NIGHT);
	set_rules();
	fires("a", "high");
	pass(MINUTE);
	assert_int_equal(told_count, 2); /* ops once, though two routes lead there */
	is_told(0, "boss", TELL_NEW, "a");
	is_told(1, "ops", TELL_NEW, "a");
	pass(HOUR); /* ops by the first one's clock */
	assert_int_equal(told_count, 3);
	is_told(2, "boss", TELL_REPEATED, "a");
}

static void a_route_has_hours(void **state)
{
	(void)state;
	assert_true(windows_add(&add_route("", OPS)->hours, "daily 08:00-18:00 UTC"));
	assert_true(windows_add(&add_route("severity>=high", NIGHT)->hours,
				"daily 18:00-08:00 UTC"));
	set_rules();
	fires("a", "medium");
	fires("b", "high");
	pass(7 * HOUR);
	assert_int_equal(told_count, 2); /* and again after four hours */
	is_told(0, "night", TELL_NEW, "b");
	pass(HOUR + MINUTE);
	assert_int_equal(told_count, 3); /* the day begins */
	is_told(2, "ops", TELL_NEW, "b a");
	is_over("b", "ann");
	pass(HOUR);
	assert_int_equal(told_count, 5);
	is_told(3, "night", TELL_RESOLVED, "b");
	is_told(4, "ops", TELL_RESOLVED, "b");
}

static void a_route_may_lead_to_nobody(void **state)
{
	(void)state;
	add_route("port=443", 0);
	add_route("", OPS);
	set_rules();
	fires("a", "critical");
	pass(HOUR);
	assert_int_equal(told_count, 0);
}

/* ---- silence ---- */

static void silence(const char *match, int64_t from_us, int64_t until_us)
{
	struct buf message = { 0 };
	int error = teller_silence(teller,
				   &(struct silence_asked){ .match = match,
							    .start_us = from_us,
							    .until_us = until_us,
							    .why = "we know",
							    .actor = "ann" },
				   now_us, &message);
	if (error != 0)
		fail_msg("%s", buf_cstr(&message));
	buf_free(&message);
}

static void what_ends_while_silenced_is_not_told(void **state)
{
	(void)state;
	with_one_route();
	silence("port=443", 0, now_us + HOUR);
	fires("a", "critical");
	fires("b", "high");
	pass(30 * MINUTE);
	is_over("a", "breakwater");
	pass(20 * MINUTE);
	assert_int_equal(told_count, 0);
	assert_string_equal(suppressed_by, silences[0].id);
	pass(11 * MINUTE);
	assert_int_equal(told_count, 1); /* what lasts beyond is */
	is_told(0, "ops", TELL_NEW, "b");
	assert_string_equal(suppressed_by, "");
}

static void who_was_told_hears_of_the_end_in_a_silence(void **state)
{
	(void)state;
	with_one_route();
	fires("a", "high");
	pass(MINUTE);
	silence("port=443", 0, now_us + DAY);
	fires("a", "critical");
	pass(10 * HOUR);
	assert_int_equal(told_count, 1); /* neither graver nor again */
	is_over("a", "breakwater");
	pass(6 * MINUTE);
	assert_int_equal(told_count, 2);
	is_told(1, "ops", TELL_RESOLVED, "a");
}

static void silences_begin_and_end(void **state)
{
	(void)state;
	struct buf message = { 0 };
	char id[4] = "";
	set_rules();
	silence("port=443", now_us + MINUTE, now_us + HOUR);
	assert_string_equal(silences[0].state, "pending");
	pass(2 * MINUTE);
	assert_string_equal(silences[1].state, "active");
	memcpy(id, silences[0].id, 3);
	assert_int_equal(teller_unsilence(teller, id, "bob", now_us, &message), 0);
	assert_string_equal(buf_cstr(&message), silences[0].id);
	assert_string_equal(silences[2].state, "expired");
	assert_int_equal(silences[2].until, now_us);
	buf_clear(&message);
	assert_int_not_equal(teller_unsilence(teller, id, "bob", now_us, &message), 0);
	assert_non_null(strstr(buf_cstr(&message), "no silence"));
	assert_int_equal(audit_count, 2);
	buf_free(&message);
}

static void is_refused(const char *match, int64_t until_us, const char *part)
{
	struct buf message = { 0 };
	struct silence_asked asked = { .match = match,
				       .until_us = until_us,
				       .actor = "ann" };
	assert_int_not_equal(teller_silence(teller, &asked, now_us, &message), 0);
	if (strstr(buf_cstr(&message), part) == NULL)
		fail_msg("%s", buf_cstr(&message));
	buf_free(&message);
}

static void a_silence_that_can_not_be_is_refused(void **state)
{
	(void)state;
	is_refused("port=443 oops=1", now_us + HOUR, "column 10: \"oops\" is no field");
	is_refused(" ", now_us + HOUR, "severity>=notice");
	is_refused("port=443", now_us, "a time to come within a year");
	is_refused("port=443", now_us + 400 * DAY, "within a year");
	for (int i = 0; i < 256; i++)
		silence("port=443", 0, now_us + HOUR);
	is_refused("port=443", now_us + HOUR, "there are 256 silences");
}

static void maintenance_tells_nobody(void **state)
{
	(void)state;
	add_route("", OPS);
	maintenances[0] = (struct tell_maintenance){ .name = "patches" };
	match_all(&maintenances[0].match, "port=443");
	assert_true(windows_add(&maintenances[0].windows, "Sun 00:00-01:00 UTC"));
	rules.maintenance_count = 1;
	set_rules();
	fires("a", "critical");
	pass(30 * MINUTE);
	assert_string_equal(suppressed_by, "maintenance patches");
	is_over("a", "breakwater");
	fires("b", "high");
	pass(29 * MINUTE);
	assert_int_equal(told_count, 0);
	pass(2 * MINUTE);
	is_told(0, "ops", TELL_NEW, "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
		TEST(what_is_new_is_told_after_its_wait),
		TEST(several_of_the_same_wait_are_one_message),
		TEST(where_each_has_a_key_each_has_a_message),
		TEST(what_is_over_before_it_is_told_is_not_told),
		TEST(who_was_told_hears_of_the_end),
		TEST(what_flaps_is_told_once),
		TEST(what_a_person_closed_is_told_at_once),
		TEST(an_end_is_not_told_where_nobody_asks_for_it),
		TEST(the_next_message_of_a_group_waits),
		TEST(a_graver_one_does_not),
		TEST(what_lasts_is_told_again_in_one_message),
		TEST(who_takes_care_is_not_told_again),
		TEST(what_nobody_takes_care_of_is_told_to_others),
		TEST(what_is_taken_care_of_is_not),
		TEST(what_came_back_and_is_taken_care_of_is_not_either),
		TEST(the_first_route_is_taken_unless_it_goes_on),
		TEST(a_route_has_hours),
		TEST(a_route_may_lead_to_nobody),
		TEST(what_ends_while_silenced_is_not_told),
		TEST(who_was_told_hears_of_the_end_in_a_silence),
		TEST(silences_begin_and_end),
		TEST(a_silence_that_can_not_be_is_refused),
		TEST(what_nobody_takes_is_told_later),
		TEST(maintenance_tells_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
