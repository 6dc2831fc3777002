/*
 * test_hub_past.c: what a hub's page shows of the past is as the fleet's register has
 * it, not as a sensor says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "cli/hub_past.h"
#include "fleet/board.h"
#include "fleet/depot.h"

static char folder[64], where[96];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-hub-past-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(where, sizeof(where), "sqlite:%s/fleet.db", folder);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct sensor_record said_by(const char *name)
{
	struct sensor_record said;
	record_init(RECORD_sensor, &said);
	record_text(said.sensor, sizeof(said.sensor), name);
	record_text(said.site, sizeof(said.site), "paris");
	record_text(said.tags, sizeof(said.tags), "db");
	record_text(said.version, sizeof(said.version), "1.2");
	said.state = "up";
	said.at = clock_us(CLOCK_REALTIME);
	return said;
}

static void keep(enum record_kind kind, const void *said)
{
	char error[DEPOT_ERROR_MAX];
	struct buf bytes = { 0 };
	struct batch *batch = batch_new();
	struct batch_head head = {
		.id = { .lane = LANE_EVENT, .epoch = 1, .sequence = 1 },
		.made_us = clock_us(CLOCK_REALTIME),
		.lost_us = UNKNOWN_TIME
	};
	memcpy(head.id.sensor,
	       (const char *)said + record_field(kind, "sensor")->offset,
	       sizeof(head.id.sensor));
	assert_true(batch_add(batch, kind, said) && batch_finish(batch, &head, &bytes));
	struct depot_batch one = { .id = head.id, .bytes = bytes.at, .len = bytes.len };
	struct depot *depot = depot_open(where, error);
	assert_non_null(depot);
	assert_int_equal(depot_write(depot, &one, 1, error), 0);
	assert_int_equal(one.result, 0);
	depot_close(depot);
	batch_free(batch);
	buf_free(&bytes);
}

static bool take_sensor(void *to, const void *record)
{
	*(struct sensor_record *)to = *(const struct sensor_record *)record;
	return true;
}

static struct sensor_record shown(struct board *board, const char *name)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_filter filter;
	struct sensor_record found;
	record_init(RECORD_sensor, &found);
	struct hub_past *past = hub_past_new(where, board);
	const struct web_past web = hub_web_past(past);
	struct store_reader *reader = web.open(web.folder, error, &status);
	assert_non_null(reader);
	store_filter_init(&filter);
	filter.sensors = &name;
	filter.sensor_count = 1;
	assert_int_equal(
		web.read(reader, RECORD_sensor, &filter, take_sensor, &found, error),
		0);
	web.close(reader);
	hub_past_free(past);
	return found;
}

static bool add_target(void *to, const void *record)
{
	buf_printf(to, "%s ", ((const struct alert_record *)record)->target);
	return true;
}

/* Whose the fleet's are, who reads has to look at. */
static void alerts_of_a_sensor_are_asked_with_the_fleets(void **state)
{
	static const char *const told[][2] = { { "web-1", "tcp/443" },
					       { "web-2", "tcp/80" },
					       { "hub", "web-1" } };
	const char *name = "web-1";
	char error[STORE_ERROR_MAX];
	struct store_filter filter;
	struct alert_record alert;
	struct buf targets = { 0 };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		record_init(RECORD_alert, &alert);
		record_text(alert.sensor, sizeof(alert.sensor), told[i][0]);
		record_text(alert.target, sizeof(alert.target), told[i][1]);
		record_text(alert.id, sizeof(alert.id), told[i][1]);
		alert.at = alert.start = clock_us(CLOCK_REALTIME) - (int64_t)i;
		keep(RECORD_alert, &alert);
	}
	struct depot *depot = depot_open(where, error);
	assert_non_null(depot);
	store_filter_init(&filter);
	filter.sensors = &name;
	filter.sensor_count = 1;
	assert_int_equal(hub_past_read(depot, RECORD_alert, &filter, add_target,
				       &targets, error),
			 0);
	assert_non_null(strstr(buf_cstr(&targets), "tcp/443 "));
	assert_non_null(strstr(buf_cstr(&targets), "web-1 "));
	assert_null(strstr(buf_cstr(&targets), "tcp/80"));
	depot_close(depot);
	buf_free(&targets);
}

static bool add_finding(void *to, const void *record)
{
	const struct finding_record *finding = record;
	buf_printf(to, "%s:%s ", finding->sensor, finding->sensors);
	return true;
}

/* What the fleet found is of those that saw it. */
static void findings_of_a_sensor_are_asked_with_the_fleets(void **state)
{
	static const char *const told[][2] = { { "web-1", "" },
					       { "web-2", "" },
					       { "hub", "db-1,web-1" } };
	const char *name = "web-1";
	char error[STORE_ERROR_MAX];
	struct store_filter filter;
	struct finding_record finding;
	struct buf found = { 0 };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		record_init(RECORD_finding, &finding);
		record_text(finding.sensor, sizeof(finding.sensor), told[i][0]);
		record_text(finding.sensors, sizeof(finding.sensors), told[i][1]);
		record_text(finding.id, sizeof(finding.id), "f");
		finding.state = "open";
		finding.at = finding.first = finding.last = clock_us(CLOCK_REALTIME);
		keep(RECORD_finding, &finding);
	}
	struct depot *depot = depot_open(where, error);
	assert_non_null(depot);
	store_filter_init(&filter);
	filter.sensors = &name;
	filter.sensor_count = 1;
	assert_int_equal(hub_past_read(depot, RECORD_finding, &filter, add_finding,
				       &found, error),
			 0);
	assert_non_null(strstr(buf_cstr(&found), "web-1: "));
	assert_non_null(strstr(buf_cstr(&found), "hub:db-1,web-1 "));
	assert_null(strstr(buf_cstr(&found), "web-2"));
	depot_close(depot);
	buf_free(&found);
}

static void a_sensor_of_the_past_is_where_it_was_joined(void **state)
{
	const struct sensor_record said = said_by("web-1");
	const struct board_came now = { said.at, said.at, clock_us(CLOCK_MONOTONIC),
					false };
	const struct board_member joined = { "web-1", "berlin", "web", 7 };
	struct board *board = board_new();
	(void)state;
	keep(RECORD_sensor, &said);
	/* Of one that nobody knows there is nothing else. */
	assert_string_equal(shown(board, "web-1").site, "paris");
	board_take(board, RECORD_sensor, &said, &now);
	board_member(board, &joined);
	const struct sensor_record found = shown(board, "web-1");
	assert_string_equal(found.site, "berlin");
	assert_string_equal(found.tags, "web");
	assert_string_equal(found.version, "1.2");
	board_free(board);
}

/* However long the transaction takes in which a hub keeps what came. */
static void who_reads_does_not_wait_for_who_writes(void **state)
{
	const struct sensor_record said = said_by("web-1");
	struct board *board = board_new();
	sqlite3 *writes = NULL;
	(void)state;
	keep(RECORD_sensor, &said);
	assert_int_equal(sqlite3_open(where + strlen("sqlite:"), &writes), SQLITE_OK);
	assert_int_equal(sqlite3_exec(writes, "BEGIN IMMEDIATE", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_string_equal(shown(board, "web-1").version, "1.2");
	sqlite3_close(writes);
	board_free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_sensor_of_the_past_is_where_it_was_joined, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			alerts_of_a_sensor_are_asked_with_the_fleets, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			findings_of_a_sensor_are_asked_with_the_fleets, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(who_reads_does_not_wait_for_who_writes,
						make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
