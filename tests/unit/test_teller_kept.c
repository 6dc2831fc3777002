/*
 * test_teller_kept.c: a restart, other rules, a clock that is set, and more than there
 * is room for: nobody is told twice, and nothing is lost.
 */
#include "teller_scene.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static char folder[64];

static void fires(const char *id)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), id);
	incident.at = now_us;
	incident.first = START;
	incident.severity = "high";
	incident.state = "firing";
	incident.port = 443;
	teller_incident(teller, &incident);
}

static void is_over(const char *id)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), id);
	incident.at = now_us;
	incident.severity = "high";
	incident.state = "resolved";
	record_text(incident.closed_by, sizeof(incident.closed_by), "ann");
	teller_incident(teller, &incident);
}

static bool keep(const char *part)
{
	struct buf why = { 0 };
	set_rules();
	bool is_good = teller_keep(teller, folder, now_us, &why);
	if (part != NULL)
		assert_non_null(strstr(buf_cstr(&why), part));
	buf_free(&why);
	return is_good;
}

static int begin(void **state)
{
	scene_begin(state);
	snprintf(folder, sizeof(folder), "/tmp/teller.XXXXXX");
	struct tell_route *route = add_route("", OPS);
	route->steps[0] = (struct tell_step){ 15 * MINUTE, BOSS };
	route->step_count = 1;
	return mkdtemp(folder) == NULL || !keep(NULL);
}

static void remove_kept(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static int end(void **state)
{
	scene_end(state);
	remove_kept("told.bin");
	remove_kept("told.unread");
	rmdir(folder);
	return 0;
}

/* After so long; as if it had been killed: what was not written is gone. */
static void restart(int64_t after_us)
{
	free(teller); /* teller_free() would write */
	teller = new_teller();
	now_us += after_us;
	assert_true(keep(NULL));
}

static void nobody_is_told_twice(void **state)
{
	(void)state;
	fires("a");
	pass(MINUTE);
	assert_int_equal(told_count, 1);
	restart(10 * SECOND);
	fires("a");
	pass(10 * MINUTE);
	assert_int_equal(told_count, 1);
	pass(5 * MINUTE); /* since it was told first, not since the restart */
	assert_int_equal(told_count, 2);
	assert_string_equal(told[1].sink, "boss");
	restart(10 * SECOND);
	is_over("a");
	pass(6 * MINUTE);
	assert_int_equal(told_count, 4); /* both hear of the end */
	restart(10 * SECOND);
	is_over("a");
	pass(HOUR);
	assert_int_equal(told_count, 4);
}

static void what_waited_is_told(void **state)
{
	(void)state;
	fires("a");
	fires("b");
	pass(20 * SECOND);
	restart(HOUR);
	fires("a");
	is_over("b");
	pass(MINUTE);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].count, 1);
	assert_string_equal(told[0].incidents[0].id, "a");
}

static void what_was_not_kept_is_told_with_the_same_id(void **state)
{
	(void)state;
	fires("a");
	fires("b");
	pass(MINUTE);
	remove_kept("told.bin");
	restart(0);
	fires("b");
	fires("a");
	pass(MINUTE);
	assert_int_equal(told_count, 2);
	assert_true(told[0].id == told[1].id);
	restart(0);
	fires("a");
	pass(9 * HOUR);
	assert_true(told_count > 5);
	for (size_t i = 2; i < told_count; i++)
		for (size_t j = 1; j < i; j++)
			assert_true(told[i].id != told[j].id);
}

static void silences_outlive_a_restart(void **state)
{
	(void)state;
	struct buf message = { 0 };
	struct silence_asked asked = { .match = "port=443",
				       .until_us = now_us + HOUR,
				       .actor = "ann",
				       .why = "we know" };
	assert_int_equal(teller_silence(teller, &asked, now_us, &message), 0);
	buf_free(&message);
	pass(MINUTE);
	restart(10 * MINUTE);
	silence_count = 0;
	fires("a");
	pass(30 * MINUTE);
	assert_int_equal(told_count, 0);
	assert_int_equal(silence_count, 1);
	assert_string_equal(silences[0].state, "active");
	assert_string_equal(silences[0].why, "we know");
	pass(20 * MINUTE);
	assert_int_equal(told_count, 1);
	assert_string_equal(silences[1].state, "expired");
	restart(0);
	pass(MINUTE);
	assert_int_equal(silence_count, 2);
}

static void what_is_damaged_is_said(void **state)
{
	(void)state;
	char path[128];
	fires("a");
	pass(MINUTE);
	teller_free(teller);
	snprintf(path, sizeof(path), "%s/told.bin", folder);
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	fseek(file, 40, SEEK_SET);
	fputc('x', file);
	fclose(file);
	teller = new_teller();
	assert_false(keep("kept as told.unread"));
	fires("a");
	pass(MINUTE);
	assert_int_equal(told_count, 2);
	snprintf(path, sizeof(path), "%s/told.unread", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	fseek(file, 40, SEEK_SET);
	assert_int_equal(fgetc(file), 'x');
	fclose(file);
}

/* ---- other rules ---- */

static void other_rules_tell_nobody_twice(void **state)
{
	(void)state;
	fires("a");
	pass(MINUTE);
	struct sink *swapped = rules.sinks[0];
	rules.sinks[0] = rules.sinks[1];
	rules.sinks[1] = swapped;
	routes[0].sinks = 2; /* still ops */
	routes[0].step_count = 0;
	set_rules();
	pass(HOUR);
	assert_int_equal(told_count, 1);
	/* No route leads there any more: it hears of the end all the same. */
	rules.route_count = 0;
	set_rules();
	is_over("a");
	pass(MINUTE);
	assert_int_equal(told_count, 2);
	assert_string_equal(told[1].sink, "ops");
}

static void a_sink_that_is_gone_is_not_told(void **state)
{
	(void)state;
	fires("a");
	pass(MINUTE);
	rules.sink_count = 0;
	routes[0].sinks = routes[0].step_count = 0;
	set_rules();
	is_over("a");
	pass(HOUR);
	assert_int_equal(told_count, 1);
	teller_set_rules(teller, NULL, now_us);
	fires("b");
	pass(HOUR);
	assert_int_equal(told_count, 1);
}

/* ---- the clock ---- */

static void a_clock_that_is_set_back_delays_nothing(void **state)
{
	(void)state;
	fires("a");
	pass(10 * SECOND);
	now_us -= DAY;
	pass(25 * SECOND);
	assert_int_equal(told_count, 1);
	now_us -= DAY;
	pass(16 * MINUTE);
	assert_int_equal(told_count, 2);
	assert_string_equal(told[1].sink, "boss");
}

static void a_clock_that_is_set_ahead_hurries_nothing(void **state)
{
	(void)state;
	fires("a");
	pass(10 * SECOND);
	now_us += DAY;
	pass(10 * SECOND);
	assert_int_equal(told_count, 0);
	pass(15 * SECOND);
	assert_int_equal(told_count, 1);
	now_us += DAY;
	pass(14 * MINUTE);
	assert_int_equal(told_count, 1);
	pass(2 * MINUTE);
	assert_int_equal(told_count, 2);
	assert_true(told[1].reason == TELL_ESCALATED);
}

/* ---- many ---- */

static size_t count_told(enum tell_reason reason)
{
	size_t count = 0;
	for (size_t i = 0; i < told_count; i++)
		count += told[i].reason == reason ? told[i].count : 0;
	return count;
}

/* As a hub hands it to the next one, through a bucket that has little room. */
static void of_too_much_the_oldest_is_left_out(void **state)
{
	(void)state;
	char path[128];
	struct buf all = { 0 }, less = { 0 };
	const char *const ids[] = { "a", "b", "c" };
	for (int i = 0; i < 3; i++) {
		fires(ids[i]);
		pass(4 * MINUTE);
	}
	assert_int_equal(told_count, 3);
	snprintf(path, sizeof(path), "%s/told.bin", folder);
	assert_int_equal(file_read(path, 1 << 20, &all), 0);
	assert_int_equal(teller_kept_within(all.at, all.len, all.len, &less), 0);
	assert_int_equal(less.len, all.len);
	buf_clear(&less);
	assert_int_equal(teller_kept_within(all.at, all.len - 1, all.len, &less),
			 -EBADMSG);
	assert_int_equal(teller_kept_within(all.at, all.len, 10, &less), -ENOSPC);
	assert_int_equal(less.len, 0);
	assert_int_equal(teller_kept_within(all.at, all.len, all.len - 1, &less), 1);
	assert_true(less.len < all.len);
	assert_int_equal(file_replace_private(path, less.at, less.len), 0);
	restart(10 * SECOND);
	for (int i = 0; i < 3; i++)
		fires(ids[i]);
	pass(MINUTE);
	assert_int_equal(told_count, 4);
	assert_int_equal(told[3].count, 1);
	assert_string_equal(told[3].incidents[0].id, "a");
	buf_free(&less);
	buf_free(&all);
}

static void there_is_an_end_to_what_is_known(void **state)
{
	(void)state;
	char id[32];
	for (int i = 0; i < 2000; i++) {
		snprintf(id, sizeof(id), "i%04d", i);
		fires(id);
	}
	pass(MINUTE);
	assert_int_equal(count_told(TELL_NEW), 1024);
	assert_int_equal(told_count, 1024 / NOTICE_INCIDENTS_MAX);
	for (int i = 0; i < 1024; i++) {
		snprintf(id, sizeof(id), "i%04d", i);
		is_over(id);
	}
	pass(SECOND);
	fires("i1998"); /* nothing that is to be told makes room */
	pass(10 * MINUTE);
	assert_int_equal(count_told(TELL_RESOLVED), 1024);
	assert_int_equal(count_told(TELL_NEW), 1024);
	fires("i1999"); /* said again, as it lasts */
	pass(10 * MINUTE);
	assert_int_equal(count_told(TELL_NEW), 1025);
	assert_string_equal(told[told_count - 1].incidents[0].id, "i1999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(nobody_is_told_twice),
		TEST(what_waited_is_told),
		TEST(what_was_not_kept_is_told_with_the_same_id),
		TEST(silences_outlive_a_restart),
		TEST(what_is_damaged_is_said),
		TEST(other_rules_tell_nobody_twice),
		TEST(a_sink_that_is_gone_is_not_told),
		TEST(a_clock_that_is_set_back_delays_nothing),
		TEST(a_clock_that_is_set_ahead_hurries_nothing),
		TEST(of_too_much_the_oldest_is_left_out),
		TEST(there_is_an_end_to_what_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
