/*
 * test_figures.c: weeks of incidents as figures: what is known is right, what is not is
 * unknown and never nothing.
 */
#include "printed.h"
#include "store_check.h"

#include <errno.h>

#include "alert/incidents.h"
#include "cli/cli.h"
#include "cli/figures.h"

#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define WEEK   (7 * DAY)
/* Monday, the begin of 2026-W48. */
#define MONDAY (INT64_C(1795392000) * SECOND)
/* Thursday noon: half of it. */
#define NOW (MONDAY + WEEK / 2)

static struct figures *figures;

/* What there is to read. */
enum { KEPT_MAX = 32 };
static struct kept {
	enum record_kind kind;
	union {
		struct incident_record incident;
		struct notification_record notification;
		struct gap_record gap;
		struct audit_record audit;
	};
} kept[KEPT_MAX];
static size_t kept_count;
static int read_result;
static int64_t asked_since_us; /* from when on it is asked for */

static struct kept *keep(enum record_kind kind)
{
	assert_true(kept_count < KEPT_MAX);
	struct kept *one = &kept[kept_count++];
	one->kind = kind;
	record_init(kind, &one->incident);
	return one;
}

/* figures_reader; that something ran may be said long before. */
static int read_kept(void *from, enum record_kind kind, int64_t since_us,
		     figures_take give, void *to)
{
	(void)from;
	assert_true(since_us == (kind == RECORD_audit ? INT64_MIN : asked_since_us));
	for (size_t i = 0; i < kept_count; i++)
		if (kept[i].kind == kind && !give(to, &kept[i].incident))
			break;
	return read_result;
}

static struct figures_record rows[FIGURES_WEEKS_MAX + 1];
static size_t row_count;

static int begin(void **state)
{
	(void)state;
	kept_count = 0;
	read_result = 0;
	asked_since_us = MONDAY - 3 * WEEK;
	figures = figures_new(NOW - 3 * WEEK, NOW);
	return figures == NULL;
}

static int end(void **state)
{
	(void)state;
	figures_free(figures);
	return 0;
}

static struct incident_record incident(int64_t said_us)
{
	struct incident_record i;
	record_init(RECORD_incident, &i);
	i.first = said_us - 2 * SECOND;
	i.detected = i.at = said_us;
	i.state = "firing";
	record_text(i.id, sizeof(i.id), "0123456789abcdef");
	return i;
}

static void count(struct incident_record i)
{
	keep(RECORD_incident)->incident = i;
}

/* Over by itself after so long. */
static void over(int64_t said_us, int64_t after_us)
{
	struct incident_record i = incident(said_us);
	i.end = said_us + after_us;
	i.automatic = 1;
	record_text(i.closed_by, sizeof(i.closed_by), INCIDENT_BY_ITSELF);
	count(i);
}

/* Somebody took care of it. */
static struct incident_record closed(int64_t said_us, int64_t after_us)
{
	struct incident_record i = incident(said_us);
	i.acknowledged = said_us + after_us / 2;
	i.end = said_us + after_us;
	i.automatic = 0;
	record_text(i.closed_by, sizeof(i.closed_by), "ann");
	return i;
}

static void told(int64_t at_us, const char *state)
{
	struct notification_record *n = &keep(RECORD_notification)->notification;
	n->at = at_us;
	n->state = state;
}

static void gap(int64_t from_us, int64_t until_us, const char *reason)
{
	struct gap_record *g = &keep(RECORD_gap)->gap;
	g->start = from_us;
	g->end = until_us;
	g->reason = reason;
}

static void started(int64_t at_us)
{
	struct audit_record *a = &keep(RECORD_audit)->audit;
	a->at = at_us;
	a->action = "start";
}

static void take(void *to, const struct figures_record *row)
{
	(void)to;
	rows[row_count++] = *row;
}

static void tell(void)
{
	row_count = 0;
	assert_int_equal(figures_read(figures, read_kept, NULL), 0);
	assert_true(figures_tell(figures, take, NULL));
}

/* ---- tests ---- */

static void each_week_has_its_name_and_its_time(void **state)
{
	(void)state;
	started(MONDAY - 9 * WEEK);
	tell();
	assert_int_equal(row_count, 5);
	assert_string_equal(rows[0].week, "2026-W48");
	assert_string_equal(rows[1].week, "before");
	assert_string_equal(rows[2].week, "2026-W47");
	assert_string_equal(rows[4].week, "2026-W45");
	assert_int_equal(rows[0].start, MONDAY);
	assert_int_equal(rows[0].end, NOW);
	assert_int_equal(rows[0].known_s, WEEK / 2 / SECOND);
	assert_int_equal(rows[1].start, MONDAY - 3 * WEEK);
	assert_int_equal(rows[1].end, MONDAY);
	assert_int_equal(rows[1].weeks, 3);
	assert_int_equal(rows[4].end, MONDAY - 2 * WEEK);
	/* 2027-01-02 is of 2026's last week; 2024-12-30 of 2025's first. */
	figures_free(figures);
	figures = figures_new(MONDAY - 100 * WEEK, MONDAY + 5 * WEEK + 5 * DAY);
	asked_since_us = MONDAY - 100 * WEEK;
	started(asked_since_us);
	tell();
	assert_string_equal(rows[0].week, "2026-W53");
	assert_string_equal(rows[row_count - 1].week, "2024-W52");
}

static void a_mean_that_lies_has_its_median(void **state)
{
	(void)state;
	for (int i = 0; i < 9; i++)
		over(MONDAY + i * HOUR, MINUTE);
	over(MONDAY + 9 * HOUR, 50 * HOUR);
	tell();
	assert_true(rows[0].incidents == 10);
	assert_int_equal(rows[0].detect_median_us, 2 * SECOND);
	assert_int_equal(rows[0].detect_mean_us, 2 * SECOND);
	assert_int_equal(rows[0].resolved, 10);
	assert_int_equal(rows[0].resolve_median_us, MINUTE);
	assert_int_equal(rows[0].resolve_mean_us, (9 * MINUTE + 50 * HOUR) / 10);
	assert_true(rows[0].automatic_ratio == 1);
}

/* Nobody acknowledged, nobody judged, nothing is over: not 0 s, and not 0 %. */
static void what_nobody_knows_is_unknown(void **state)
{
	(void)state;
	started(MONDAY - WEEK);
	count(incident(MONDAY + HOUR));
	tell();
	assert_true(rows[0].incidents == 1);
	assert_int_equal(rows[0].acknowledged, 0);
	assert_int_equal(rows[0].acknowledge_mean_us, UNKNOWN_U64);
	assert_int_equal(rows[0].acknowledge_median_us, UNKNOWN_U64);
	assert_int_equal(rows[0].resolve_median_us, UNKNOWN_U64);
	assert_true(isnan(rows[0].automatic_ratio));
	assert_true(isnan(rows[0].false_ratio));
	assert_true(rows[0].messages == 0);
	/* A week in which something ran, and nothing happened. */
	assert_true(rows[2].incidents == 0);
	assert_int_equal(rows[2].detect_median_us, UNKNOWN_U64);
}

static void false_positives_are_of_those_that_somebody_looked_at(void **state)
{
	(void)state;
	struct incident_record wrong = closed(MONDAY + HOUR, HOUR);
	wrong.false_positive = 1;
	count(wrong);
	count(closed(MONDAY + 2 * HOUR, 2 * HOUR));
	over(MONDAY + 3 * HOUR, MINUTE);
	over(MONDAY + 4 * HOUR, MINUTE);
	tell();
	assert_true(rows[0].incidents == 4);
	assert_int_equal(rows[0].judged, 2);
	assert_true(rows[0].false_ratio == 0.5);
	assert_true(rows[0].automatic_ratio == 0.5);
	assert_int_equal(rows[0].acknowledged, 2);
	assert_int_equal(rows[0].acknowledge_mean_us, 45 * MINUTE);
}

static void parts_and_what_was_not_sent_are_not_counted(void **state)
{
	(void)state;
	struct incident_record part = incident(MONDAY + HOUR);
	record_text(part.close_reason, sizeof(part.close_reason),
		    "part of incident 0123");
	count(part);
	count(incident(MONDAY - 4 * WEEK)); /* before all of it */
	count(incident(NOW + HOUR));
	told(MONDAY + HOUR, "sent");
	told(MONDAY - HOUR, "sent");
	told(MONDAY + HOUR, "failed");
	told(MONDAY + HOUR, "dropped");
	tell();
	assert_true(rows[0].incidents == 0);
	assert_true(rows[0].messages == 1);
	assert_true(rows[2].messages == 1);
}

static void a_mean_week_is_by_the_time_that_is_known(void **state)
{
	(void)state;
	/* Nothing ran for half of the middle one; the oldest was not watched. */
	started(MONDAY - 2 * WEEK);
	started(MONDAY - WEEK);
	gap(MONDAY - WEEK - DAY, MONDAY - WEEK + WEEK / 2, "stopped");
	gap(MONDAY - DAY, MONDAY - 1, "dropped"); /* the rest of it is known */
	for (int i = 0; i < 3; i++)
		over(MONDAY - WEEK + WEEK / 2 + i * HOUR, MINUTE);
	told(MONDAY - HOUR, "sent");
	tell();
	assert_int_equal(row_count, 4);
	assert_int_equal(rows[3].known_s, 6 * DAY / SECOND);
	assert_true(rows[3].incidents == 0);
	assert_int_equal(rows[2].known_s, WEEK / 2 / SECOND);
	assert_true(rows[2].incidents == 3); /* as it is */
	assert_int_equal(rows[1].weeks, 2);
	assert_true(fabs(rows[1].incidents - 3 / (9.5 / 7)) < 1e-9);
	assert_true(fabs(rows[1].messages - 1 / (9.5 / 7)) < 1e-9);
}

static void a_week_in_which_nothing_ran_is_unknown(void **state)
{
	(void)state;
	started(MONDAY - 3 * WEEK);
	gap(MONDAY - WEEK, MONDAY, "stopped");
	tell();
	assert_int_equal(row_count, 5);
	assert_int_equal(rows[2].known_s, 0);
	assert_int_equal(rows[2].weeks, 0);
	assert_true(isnan(rows[2].incidents));
	assert_true(isnan(rows[2].messages));
	assert_int_equal(rows[1].weeks, 2);
}

/* The start is not kept any more, but it ended; of before it nothing is known. */
static void what_ran_before_the_first_start_that_is_kept_is_known(void **state)
{
	(void)state;
	started(MONDAY - WEEK);
	gap(MONDAY - 2 * WEEK, MONDAY - WEEK - HOUR, "dropped");
	gap(MONDAY - WEEK - HOUR, MONDAY - WEEK, "stopped");
	tell();
	assert_int_equal(row_count, 4);
	assert_int_equal(rows[3].known_s, (WEEK - HOUR) / SECOND);
}

/* A store of a replay has no start: packets tell since when it is known. */
static void of_weeks_before_any_record_nothing_is_known(void **state)
{
	(void)state;
	tell();
	assert_int_equal(row_count, 2);
	assert_int_equal(rows[0].known_s, 0);
	assert_true(isnan(rows[0].incidents));
	assert_true(isnan(rows[0].messages));
	assert_int_equal(rows[1].known_s, 0);
	assert_true(isnan(rows[1].incidents));
	told(MONDAY - DAY, "failed");
	tell();
	assert_int_equal(row_count, 3);
	assert_int_equal(rows[2].known_s, DAY / SECOND);
	assert_true(rows[2].incidents == 0);
	count(incident(MONDAY - 2 * DAY));
	tell();
	assert_int_equal(rows[2].known_s, 2 * DAY / SECOND);
	assert_true(rows[2].incidents == 1);
}

static void what_cannot_be_read_has_no_figures(void **state)
{
	(void)state;
	read_result = -EIO;
	assert_int_equal(figures_read(figures, read_kept, NULL), -EIO);
}

/* ---- as people see them ---- */

static const char *shown(bool json)
{
	const struct common_options common = { .plain = true, .json = json };
	assert_int_equal(figures_read(figures, read_kept, NULL), 0);
	catch_output();
	int status = figures_show(&common, figures);
	what_was_printed();
	assert_int_equal(status, STATUS_OK);
	return printed;
}

static void some_weeks(void)
{
	started(MONDAY - 2 * WEEK);
	for (int i = 0; i < 4; i++)
		over(MONDAY + i * HOUR, (i + 1) * MINUTE);
	over(MONDAY + 4 * HOUR, 30 * HOUR);
	for (int i = 0; i < 7; i++)
		count(closed(MONDAY - WEEK - i * HOUR, HOUR));
	struct incident_record wrong = closed(MONDAY - 3 * HOUR, HOUR);
	wrong.false_positive = 1;
	count(wrong);
	told(MONDAY + HOUR, "sent");
	told(MONDAY - HOUR, "sent");
	told(MONDAY - HOUR, "sent");
}

static void the_screen_has_this_week_against_those_before(void **state)
{
	(void)state;
	some_weeks();
	assert_string_equal(
		shown(false),
		"WEEK        KNOWN  INCIDENTS    SAID   ACKED              OVER  "
		"AUTOMATIC  FALSE  MESSAGES\n"
		"2026-W48    50.0%          5  2.00 s       -  3 min (mean 6 h)  "
		"     100%      -         1\n"
		"before    2 weeks          4  2.00 s  30 min            60 min  "
		"       0%  12.5%         1\n"
		"2026-W47     100%          2  2.00 s  30 min            60 min  "
		"       0%  50.0%         2\n"
		"2026-W46     100%          6  2.00 s  30 min            60 min  "
		"       0%     0%         0\n"
		"\n"
		"This week against a mean one, counts for as much time: "
		"incidents +150%, until said +0%, until over -95%, messages "
		"+100%.\n");
}

static void json_is_a_record_a_week(void **state)
{
	(void)state;
	some_weeks();
	const char *text = shown(true);
	assert_says(text, "{\"record\":\"figures\",");
	assert_says(text, "\"week\":\"2026-W48\"");
	assert_says(text, "\"resolve_median_us\":180000000,");
	assert_says(text, "\"week\":\"before\"");
	assert_null(strstr(text, "This week"));
}

/* ---- from a store ---- */

static int fill(void **state)
{
	int64_t now_us = (int64_t)time(NULL) * SECOND;
	if (new_folder(state) != 0)
		return -1;
	struct store *store = store_open(folder, &store_no_limits);
	struct incident_record i = incident(now_us - 1);
	struct notification_record n;
	struct audit_record start;
	record_init(RECORD_notification, &n);
	n.at = now_us - 1;
	n.state = "sent";
	record_init(RECORD_audit, &start);
	start.at = now_us - SECOND;
	start.action = "start";
	assert_true(store_put(store, RECORD_incident, &i));
	assert_true(store_put(store, RECORD_notification, &n));
	assert_true(store_put(store, RECORD_audit, &start));
	wait_written(store);
	store_close(store);
	return 0;
}

static int incidents(char *option, char *value)
{
	char name[] = "incidents", flag[] = "--figures", json[] = "--json",
	     from[] = "--state";
	char *argv[] = { name, flag, json, from, folder, option, value, NULL };
	int argc = 5 + (option != NULL) + (value != NULL);
	catch_output();
	int status = command_incidents(argc, argv);
	what_was_printed();
	return status;
}

static void they_are_read_from_a_store(void **state)
{
	(void)state;
	char since[] = "--since", weeks[] = "2w", until[] = "--until", id[] = "0123";
	assert_int_equal(incidents(since, weeks), STATUS_OK);
	assert_says(printed, "\"incidents\":1,\"detect_median_us\":2000000,");
	assert_says(printed, "\"messages\":1}");
	/* Before the first start. */
	assert_says(printed, "\"weeks\":0,\"known_s\":0,\"acknowledged\":0,");
	assert_int_equal(incidents(until, weeks), STATUS_USAGE);
	assert_int_equal(incidents(id, NULL), STATUS_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(each_week_has_its_name_and_its_time),
		TEST(a_mean_that_lies_has_its_median),
		TEST(what_nobody_knows_is_unknown),
		TEST(false_positives_are_of_those_that_somebody_looked_at),
		TEST(parts_and_what_was_not_sent_are_not_counted),
		TEST(a_mean_week_is_by_the_time_that_is_known),
		TEST(a_week_in_which_nothing_ran_is_unknown),
		TEST(what_ran_before_the_first_start_that_is_kept_is_known),
		TEST(of_weeks_before_any_record_nothing_is_known),
		TEST(what_cannot_be_read_has_no_figures),
		TEST(the_screen_has_this_week_against_those_before),
		TEST(json_is_a_record_a_week),
		cmocka_unit_test_setup_teardown(they_are_read_from_a_store, fill,
						remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
