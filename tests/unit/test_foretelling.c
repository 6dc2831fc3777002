/*
 * test_foretelling.c: the daemon forecasts by itself, once a day, beside its work.
 */
#include "history_made.h"

#include "base/clock.h"
#include "cli/alerting.h"

enum { DEADLINE_MS = 60000, PATIENCE_MS = 5 };

static struct alerting alerting;
static struct config config;
static struct home own;
static struct store *store;
static int64_t now, since;

static struct {
	struct forecast_record slower; /* its response time */
	struct alert_record alert;
	struct capacity_record use;
	size_t forecasts, alerts, uses;
} kept;

static void keep(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	if (kind == RECORD_capacity) {
		const struct capacity_record *use = record;
		kept.uses++;
		if (use->port == SLOWER)
			kept.use = *use;
		return;
	}
	assert_true(store_put(store, kind, record));
	if (kind == RECORD_alert) {
		kept.alert = *(const struct alert_record *)record;
		kept.alerts++;
	}
	if (kind != RECORD_forecast)
		return;
	const struct forecast_record *forecast = record;
	kept.forecasts++;
	if (forecast->port == SLOWER &&
	    strcmp(forecast->metric, "response_p95_us") == 0)
		kept.slower = *forecast;
}

static void start(void)
{
	const struct alerting_setup setup = {
		.keep = keep, .config = &config, .own = &own, .home = &own
	};
	struct buf said = { 0 };
	assert_true(alerting_prepare(&alerting, &setup, &said));
	assert_true(alerting_open(&alerting));
	store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	alerting_begin(&alerting, "127.0.0.1:7070", now, &said);
	assert_int_equal(said.len, 0);
	alerting.foretelling.jitter_us = 60 * SECOND;
	alerting.foretelling.again_us = now;
}

static void stop(void)
{
	alerting_close(&alerting);
	wait_written(store);
	store_close(store);
}

static int begin(void **state)
{
	if (new_folder(state) != 0)
		return -1;
	memset(&kept, 0, sizeof(kept));
	config_init(&config);
	snprintf(config.state, sizeof(config.state), "%s", folder);
	now = clock_us(CLOCK_REALTIME);
	since = now / (3600 * SECOND) * 3600 * SECOND - HOURS * 3600 * SECOND;
	store = store_open(folder, &store_no_limits);
	put_history(store, since);
	wait_written(store);
	store_close(store);
	start();
	return 0;
}

static int end(void **state)
{
	stop();
	return remove_folder(state);
}

static bool is_at_work(void)
{
	return alerting.foretelling.is_running || alerting.foretelling.has_new;
}

/* Until all is taken that this second has begun. */
static void second(void)
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + DEADLINE_MS * INT64_C(1000);
	do {
		alerting_foretell(&alerting, since, now);
		pause_ms(PATIENCE_MS);
		assert_true(clock_us(CLOCK_MONOTONIC) < until_us);
	} while (is_at_work());
}

static void what_will_cross_is_kept_and_told(void **state)
{
	(void)state;
	second();
	assert_true(kept.forecasts > 0);
	assert_string_equal(kept.slower.subject, "192.0.2.10:443/tcp");
	assert_true(kept.slower.limit == 100000);
	assert_true(kept.slower.probability >= 0.5);
	assert_int_equal(kept.slower.crossed_last, UNKNOWN_TIME);
	assert_int_equal(kept.alerts, 1);
	assert_string_equal(kept.alert.kind, "forecast");
	assert_string_equal(kept.alert.target, "192.0.2.10:443/tcp");
	assert_string_not_equal(kept.alert.incident, "");
	assert_non_null(strstr(kept.alert.summary, " will cross 100 ms in "));
}

/* A fleet's hub adds them up (fleet/capacity.h). */
static void how_each_service_is_used_is_told_with_it(void **state)
{
	(void)state;
	second();
	assert_true(kept.uses > 0);
	assert_int_equal(kept.use.port, SLOWER);
	assert_true(kept.use.at > since && kept.use.at <= now);
	assert_true(kept.use.busiest_bytes != UNKNOWN_U64 &&
		    kept.use.busiest_bytes > 0);
	size_t first = kept.uses;
	now += DAY - 3600 * SECOND;
	second();
	assert_int_equal(kept.uses, first);
}

static void it_is_done_once_a_day(void **state)
{
	(void)state;
	second();
	size_t first = kept.forecasts;
	now += DAY - 3600 * SECOND;
	second();
	assert_int_equal(kept.forecasts, first);
	now += 2 * 3600 * SECOND;
	second();
	assert_int_equal(kept.forecasts, 2 * first);
}

static void a_restart_is_no_other_day(void **state)
{
	(void)state;
	second();
	size_t first = kept.forecasts;
	stop();
	start();
	second();
	assert_int_equal(kept.forecasts, first);
	assert_int_equal(kept.alerts, 1);
	now += DAY;
	second();
	assert_int_equal(kept.forecasts, 2 * first);
	assert_int_equal(kept.alerts, 1);
}

static void before_there_is_a_day_of_history_there_is_none(void **state)
{
	(void)state;
	since = now - DAY / 2;
	second();
	assert_int_equal(kept.forecasts, 0);
	since = UNKNOWN_TIME;
	second();
	assert_int_equal(kept.forecasts, 0);
}

static void an_end_does_not_wait_for_it(void **state)
{
	(void)state;
	alerting_foretell(&alerting, since, now);
	assert_true(alerting.foretelling.is_running);
	stop();
	start();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(what_will_cross_is_kept_and_told),
		TEST(how_each_service_is_used_is_told_with_it),
		TEST(it_is_done_once_a_day),
		TEST(a_restart_is_no_other_day),
		TEST(before_there_is_a_day_of_history_there_is_none),
		TEST(an_end_does_not_wait_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
