/*
 * test_incidents_again.c: what becomes of incidents that were over, or were there
 * before a restart: none is another one, and none is lost.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "incidents_scene.h"

#define SCAN "198.51.100.1"

static void people_close(const char *id)
{
	struct buf message = { 0 };
	assert_int_equal(change((struct incident_change){ .id = id,
							  .close = true,
							  .false_positive = true,
							  .reason = "our scanner" },
				&message),
			 0);
	buf_free(&message);
}

/* The book as it is after a restart, when these were kept. */
static void restart(const struct incident_record *kept, size_t count)
{
	static struct timeline_record before[SAID_MAX];
	size_t known = line_count;
	memcpy(before, lines, sizeof(before));
	incident_book_free(book);
	begin(NULL);
	for (size_t i = 0; i < count; i++)
		incident_book_restore(book, &kept[i]);
	for (size_t i = 0; i < known; i++)
		incident_book_restore_line(book, &before[i]);
}

static void keep_record(void *to, const struct incident_record *incident)
{
	*(struct incident_record *)to = *incident;
}

static void add_id(void *to, const struct incident_record *incident)
{
	char *ids = to;
	assert_null(strstr(ids, incident->id));
	snprintf(ids + strlen(ids), 64, "%s ", incident->id);
}

static void no_id_is_there_twice(void)
{
	char ids[1024] = "";
	incident_book_each(book, add_id, ids);
}

/* ---- after a person has closed one ---- */

static void the_next_of_a_closed_attack_has_an_id_of_its_own(void **state)
{
	(void)state;
	char second[32];
	assert_string_equal(finding("f1", "aaaa", SCAN, 22, 0, "open", "high"), "aaaa");
	people_close("aaaa");
	record_text(second, sizeof(second),
		    finding("f2", "aaaa", SCAN, 25, 60, "open", "high"));
	assert_string_not_equal(second, "aaaa");
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].id, second);
	/* Whichever of the two detect says. */
	assert_string_equal(finding("f3", "aaaa", SCAN, 80, 61, "open", "high"),
			    second);
	assert_string_equal(finding("f4", second, SCAN, 81, 62, "open", "high"),
			    second);
	assert_int_equal(fire(), 1);
	assert_int_equal(firing.of[0].findings, 3);
	no_id_is_there_twice();
	/* The first one's own finding goes on, and is told no more. */
	assert_string_equal(finding("f1", "aaaa", SCAN, 22, 70, "open", "high"),
			    "aaaa");
	assert_int_equal(fire(), 1);
	people_close(second);
	assert_string_not_equal(finding("f5", "aaaa", SCAN, 82, 90, "open", "high"),
				second);
	no_id_is_there_twice();
}

static void what_of_a_closed_one_goes_on_after_a_restart_is_no_other(void **state)
{
	(void)state;
	struct incident_record kept, now;
	char id[32];
	finding("f1", "", SCAN, 22, 0, "open", "high");
	fire();
	record_text(id, sizeof(id), firing.of[0].id);
	people_close(id);
	kept = said[said_count - 1];
	restart(&kept, 1);
	finding_words = "guesses for hours";
	finding("f1", "", SCAN, 22, 600, "open", "critical");
	assert_int_equal(fire(), 0);
	assert_int_equal(said_count, 0);
	incident_book_each(book, keep_record, &now); /* as it was closed */
	assert_string_equal(now.id, id);
	assert_int_equal(now.false_positive, 1);
	assert_string_equal(now.summary, "somebody guesses");
	assert_string_equal(now.severity, "high");
	finding("f1", "", SCAN, 22, 610, "closed", "critical");
	finding("f1", "", SCAN, 22, 620, "open", "critical");
	assert_int_equal(fire(), 0);
	/* An attack that was closed stays so, too. */
	assert_string_not_equal(finding("f2", id, SCAN, 25, 610, "open", "high"), id);
	no_id_is_there_twice();
}

static void the_same_alert_again_is_another_incident(void **state)
{
	(void)state;
	char id[32];
	record_text(id, sizeof(id),
		    alert("a", "down", "t", "10.0.0.1", 80, 0, "firing"));
	people_close(id);
	incident_book_free(book); /* and the store lost its lines */
	begin(NULL);
	assert_string_not_equal(alert("a", "down", "t", "10.0.0.1", 80, 5, "firing"),
				id);
}

static void an_attack_on_a_service_in_trouble_keeps_its_own_id(void **state)
{
	(void)state;
	alert("a", "response", "192.0.2.1:22/tcp", "192.0.2.1", 22, 0, "firing");
	assert_string_equal(finding("f1", "aaaa", SCAN, 22, 1, "open", "high"), "aaaa");
	assert_int_equal(fire(), 1);
	/* Else what others do there would be his. */
	assert_string_equal(
		finding("f2", "bbbb", "198.51.100.2", 22, 2, "open", "high"), "bbbb");
}

/* ---- what turns out to be one ---- */

static void attacks_that_turn_out_to_be_one_are_one(void **state)
{
	(void)state;
	finding("scan", "aaaa", SCAN, 22, 0, "open", "low");
	finding("guess", "bbbb", SCAN, 25, 60, "open", "low");
	assert_int_equal(fire(), 2);
	finding("scan", "bbbb", SCAN, 22, 70, "open", "low");
	assert_int_equal(fire(), 1);
	assert_string_equal(firing.of[0].id, "bbbb");
	assert_int_equal(firing.of[0].findings, 2);
	finding("scan", "bbbb", SCAN, 22, 80, "closed", "low");
	assert_int_equal(fire(), 1);
	finding("guess", "bbbb", SCAN, 25, 90, "closed", "low");
	assert_int_equal(fire(), 0);
	/* A part is none that could come back. */
	finding("late", "aaaa", SCAN, 26, 95, "open", "low");
	assert_int_equal(fire(), 1);
	assert_string_not_equal(firing.of[0].id, "aaaa");
	no_id_is_there_twice();
}

/* ---- what is said of it ---- */

static void the_summary_follows_what_grows(void **state)
{
	(void)state;
	finding_words = "scanned 10 ports";
	finding("f1", "aaaa", SCAN, 22, 0, "open", "low");
	finding_words = "scanned 1000 ports";
	finding("f1", "aaaa", SCAN, 22, 5, "open", "low");
	fire();
	assert_string_equal(firing.of[0].summary, "scanned 1000 ports");
	assert_string_equal(firing.of[0].cause, "");
	finding_words = "guesses";
	finding("f2", "aaaa", SCAN, 23, 6, "open", "low");
	fire();
	assert_string_equal(firing.of[0].summary, "scanned 1000 ports");
	/* Who only reads what is said is told within a minute, also of the last. */
	finding_words = "scanned 2000 ports";
	finding("f1", "aaaa", SCAN, 22, 7, "open", "low");
	assert_string_not_equal(said[said_count - 1].summary, "scanned 2000 ports");
	incident_book_tick(book, START + 20 * SECOND);
	assert_string_not_equal(said[said_count - 1].summary, "scanned 2000 ports");
	incident_book_tick(book, START + 70 * SECOND);
	assert_string_equal(said[said_count - 1].summary, "scanned 2000 ports");
	size_t told = said_count;
	incident_book_tick(book, START + 200 * SECOND);
	assert_int_equal(said_count, told);
}

static void the_summary_follows_after_a_restart(void **state)
{
	(void)state;
	struct incident_record kept;
	finding("f1", "aaaa", SCAN, 22, 0, "open", "low");
	finding("f2", "aaaa", SCAN, 23, 1, "open", "low");
	kept = said[said_count - 1];
	restart(&kept, 1);
	finding_words = "another one";
	finding("f2", "aaaa", SCAN, 23, 100, "open", "low");
	fire();
	assert_string_equal(firing.of[0].summary, "somebody guesses");
	finding_words = "guessed for hours";
	finding("f1", "aaaa", SCAN, 22, 101, "open", "low");
	fire();
	assert_string_equal(firing.of[0].summary, "guessed for hours");
}

/* Whoever is called because of it must read what it is about. */
static void the_gravest_says_what_it_is(void **state)
{
	(void)state;
	struct incident_record kept;
	finding("f1", "aaaa", SCAN, 22, 0, "open", "low");
	finding_words = "somebody is in";
	finding("f2", "aaaa", SCAN, 23, 1, "open", "high");
	kept = said[said_count - 1];
	assert_string_equal(kept.summary, "somebody is in");
	restart(&kept, 1);
	finding_words = "guessed for hours";
	finding("f1", "aaaa", SCAN, 22, 100, "open", "low");
	fire();
	assert_string_equal(firing.of[0].summary, "somebody is in");
	finding_words = "somebody has everything";
	finding("f2", "aaaa", SCAN, 23, 101, "open", "high");
	fire();
	assert_string_equal(firing.of[0].summary, "somebody has everything");
}

/* ---- days later ---- */

static void one_that_was_over_long_ago_is_changed_by_hand(void **state)
{
	(void)state;
	struct incident_record old, now;
	record_init(RECORD_incident, &old);
	record_text(old.id, sizeof(old.id), "0123456789abcdef");
	record_text(old.closed_by, sizeof(old.closed_by), "breakwater");
	record_text(old.close_reason, sizeof(old.close_reason), "all of it is over");
	old.state = "resolved";
	old.first = old.detected = START - 86400 * SECOND;
	old.end = START - 80000 * SECOND;
	old.automatic = 1;
	incident_book_restore(book, &old);
	people_close("0123");
	incident_book_each(book, keep_record, &now);
	assert_int_equal(now.end, old.end);
	assert_int_equal(now.automatic, 1);
	assert_int_equal(now.false_positive, 1);
	assert_string_equal(now.closed_by, "ann");
	assert_string_equal(now.close_reason, "our scanner");
	assert_int_equal(fire(), 0);
	assert_int_equal(audit_count, 1);
}

static void a_part_stays_a_part(void **state)
{
	(void)state;
	struct incident_record now;
	finding("scan", "aaaa", SCAN, 22, 0, "open", "low");
	finding("guess", "bbbb", SCAN, 25, 60, "open", "low");
	finding("scan", "bbbb", SCAN, 22, 70, "open", "low");
	people_close("aaaa");
	now = said[said_count - 1];
	assert_string_equal(now.id, "aaaa");
	assert_int_equal(now.false_positive, 1);
	assert_true(incident_is_part(&now));
}

/* ---- a restart ---- */

static void a_restart_changes_nothing(void **state)
{
	(void)state;
	char id[32];
	record_text(id, sizeof(id),
		    alert("a", "down", "t", "10.0.0.1", 80, 0, "firing"));
	alert("b", "errors", "t", "10.0.0.1", 80, 1, "firing");
	alert("b", "errors", "t", "10.0.0.1", 80, 2, "resolved");
	struct incident_record kept = said[said_count - 1];
	restart(&kept, 1);
	incident_book_tick(book, START + 100 * SECOND);
	assert_int_equal(fire(), 1);
	assert_string_equal(alert("a", "down", "t", "10.0.0.1", 80, 101, "firing"), id);
	assert_int_equal(line_count, 0); /* nothing new is said of it */
	alert("a", "down", "t", "10.0.0.1", 80, 102, "resolved");
	assert_int_equal(fire(), 0);
}

static void critical_alert(const char *id, const char *target, unsigned port,
			   double at_s)
{
	struct alert_record record;
	record_init(RECORD_alert, &record);
	record.at = record.start = START + (int64_t)(at_s * SECOND);
	record.state = "firing";
	record.severity = "critical";
	record_text(record.id, sizeof(record.id), id);
	record_text(record.rule, sizeof(record.rule), "response");
	record_text(record.target, sizeof(record.target), target);
	snprintf(record.summary, sizeof(record.summary), "%s is slow", target);
	assert_true(addr_parse("192.0.2.1", &record.server_ip));
	record.port = port;
	record.transport = "tcp";
	incident_book_alert(book, &record);
}

/* What it is about is what the sentence is about. */
static void the_target_is_that_of_the_gravest(void **state)
{
	(void)state;
	finding_words = "somebody guesses at 21";
	finding("f1", "a1", "198.51.100.7", 21, 0, "open", "medium");
	finding_words = "somebody is in at 22";
	finding("f2", "a1", "198.51.100.7", 22, 5, "open", "high");
	finding_words = "somebody guesses at 23";
	finding("f3", "a1", "198.51.100.7", 23, 6, "open", "high");
	const struct incident_record *last = &said[said_count - 1];
	assert_string_equal(last->summary, "somebody is in at 22");
	assert_string_equal(last->target, "192.0.2.1:22/tcp");
	assert_int_equal(last->port, 22);
	assert_int_equal(last->targets, 3);
	/* What joins does so by the first of it. */
	assert_string_equal(
		alert("x", "down", "tcp://192.0.2.1:21", "192.0.2.1", 21, 8, "firing"),
		last->id);
	assert_int_equal(fire(), 1);
}

/* Then the cause is what is read, and it is the first's. */
static void the_target_is_that_of_a_cause_that_is_known(void **state)
{
	(void)state;
	closed("192.0.2.1", 80, "nginx", 0);
	alert("a", "down", "tcp://192.0.2.1:80", "192.0.2.1", 80, 1, "firing");
	critical_alert("b", "tcp://192.0.2.1:443", 443, 2);
	const struct incident_record *last = &said[said_count - 1];
	assert_int_equal(fire(), 1);
	assert_string_equal(last->severity, "critical");
	assert_non_null(strstr(last->cause, "nginx"));
	assert_string_equal(last->target, "tcp://192.0.2.1:80");
	assert_non_null(strstr(last->summary, "192.0.2.1:80"));
	/* Of no cause it is that of the gravest here, too. */
	alert("c", "down", "tcp://192.0.2.1:25", "192.0.2.1", 25, 2000, "firing");
	critical_alert("d", "tcp://192.0.2.1:26", 26, 2001);
	last = &said[said_count - 1];
	assert_string_equal(last->cause, "");
	assert_string_equal(last->target, "tcp://192.0.2.1:26");
	assert_string_equal(last->summary, "tcp://192.0.2.1:26 is slow");
}

/* Whatever was said of the gravest, what is of the first belongs to it. */
static void what_joined_by_the_first_does_so_after_a_restart(void **state)
{
	struct incident_record kept;
	char id[32];
	(void)state;
	record_text(
		id, sizeof(id),
		alert("a", "down", "tcp://192.0.2.1:25", "192.0.2.1", 25, 0, "firing"));
	critical_alert("b", "tcp://192.0.2.1:26", 26, 1);
	kept = said[said_count - 1];
	restart(&kept, 1);
	/* Too late for being of the same host. */
	assert_string_equal(alert("c", "errors", "tcp://192.0.2.1:25", "192.0.2.1", 25,
				  2000, "firing"),
			    id);
	assert_int_equal(fire(), 1);
	assert_string_equal(said[said_count - 1].target, "tcp://192.0.2.1:26");
}

static void a_cause_is_known_after_a_restart(void **state)
{
	struct incident_record kept;
	(void)state;
	closed("192.0.2.1", 80, "nginx", 0);
	alert("a", "down", "tcp://192.0.2.1:80", "192.0.2.1", 80, 1, "firing");
	kept = said[said_count - 1];
	restart(&kept, 1);
	critical_alert("b", "tcp://192.0.2.1:443", 443, 2);
	const struct incident_record *last = &said[said_count - 1];
	assert_string_equal(last->severity, "critical");
	assert_string_equal(last->cause_kind, "listener");
	assert_string_equal(last->target, "tcp://192.0.2.1:80");
	assert_non_null(strstr(last->summary, "192.0.2.1:80"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(the_next_of_a_closed_attack_has_an_id_of_its_own),
		TEST(what_of_a_closed_one_goes_on_after_a_restart_is_no_other),
		TEST(the_same_alert_again_is_another_incident),
		TEST(an_attack_on_a_service_in_trouble_keeps_its_own_id),
		TEST(attacks_that_turn_out_to_be_one_are_one),
		TEST(the_summary_follows_what_grows),
		TEST(the_summary_follows_after_a_restart),
		TEST(the_gravest_says_what_it_is),
		TEST(the_target_is_that_of_the_gravest),
		TEST(the_target_is_that_of_a_cause_that_is_known),
		TEST(what_joined_by_the_first_does_so_after_a_restart),
		TEST(a_cause_is_known_after_a_restart),
		TEST(one_that_was_over_long_ago_is_changed_by_hand),
		TEST(a_part_stays_a_part),
		TEST(a_restart_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
