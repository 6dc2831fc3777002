/*
 * test_level_recall.c: how service levels stood in any time of the store, to the
 * second; what nobody watched is unknown.
 */
#include "store_check.h"

#include "cli/cli.h"
#include "cli/level_recall.h"

#define MINUTE (60 * SECOND)
#define HOUR   (3600 * SECOND)
#define TARGET "https://shop.example.org/"

static const char shop[] = "levels:\n"
			   "- {name: shop}\n"
			   "- {name: api, measure: errors}\n";

static struct home home;
static struct store *store;
static int64_t now;
static struct level_record found[8];
static size_t found_count;

static int begin(void **state)
{
	now = START_US;
	new_folder(state);
	store = store_open(folder, &store_no_limits);
	return store != NULL ? 0 : -1;
}

static void put(enum record_kind kind, const void *record)
{
	for (int i = 0; i < 1000 && !store_put(store, kind, record); i++)
		pause_ms(10);
}

static void probe_for(int64_t how_long, const char *hard_state)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), TARGET);
	assert_true(addr_parse("192.0.2.1", &probe.ip));
	probe.port = 443;
	probe.state = probe.hard_state = hard_state;
	for (int64_t end = now + how_long; now < end; now += MINUTE) {
		probe.at = now;
		put(RECORD_probe, &probe);
	}
}

static void take(void *to, const struct level_record *level)
{
	(void)to;
	assert_true(found_count < 8);
	found[found_count++] = *level;
}

static const struct level_record *recall(const char *name, int64_t since_us,
					 int64_t until_us, bool by_window)
{
	struct buf errors = { 0 };
	struct limit_rules *rules = limit_rules_new(&home);
	assert_true(limit_rules_parse(rules, shop, strlen(shop), "r.yaml", &errors));
	const struct level_recall asked = { .folder = folder,
					    .rules = rules,
					    .since_us = since_us,
					    .until_us = until_us,
					    .by_window = by_window,
					    .take = take };
	found_count = 0;
	assert_int_equal(level_recall(&asked), STATUS_OK);
	limit_rules_free(rules);
	buf_free(&errors);
	for (size_t i = 0; i < found_count; i++)
		if (strcmp(found[i].name, name) == 0)
			return &found[i];
	return NULL;
}

static void any_time_is_counted_to_the_second(void **state)
{
	(void)state;
	probe_for(10 * HOUR, "up");
	probe_for(43 * MINUTE, "down");
	probe_for(10 * HOUR, "up");
	wait_written(store);
	const struct level_record *all = recall("shop", START_US, now, false);
	assert_string_equal(all->target, TARGET);
	assert_int_equal(all->good, 20 * 3600);
	assert_int_equal(all->bad, 43 * 60);
	assert_int_equal(all->unknown, 0);
	assert_true(fabs(all->reached - 20 / (20 + 43 / 60.0)) < 1e-9);
	assert_int_equal(all->window_s, 20 * 3600 + 43 * 60);
	assert_int_equal(all->budget_left, 0);
	/* A part of it: the first half of the outage, and an hour before. */
	const struct level_record *part = recall(
		"shop", START_US + 9 * HOUR, START_US + 10 * HOUR + 20 * MINUTE, false);
	assert_int_equal(part->good, 3600);
	assert_int_equal(part->bad, 20 * 60);
	/* Before anything was asked nothing is known. */
	const struct level_record *before =
		recall("shop", START_US - HOUR, START_US + HOUR, false);
	assert_int_equal(before->good, 3600);
	assert_int_equal(before->unknown, 3600);
	/* In its own window, as the daemon has it. */
	const struct level_record *window = recall("shop", START_US - DAY, now, true);
	assert_int_equal(window->window_s, 30 * 86400);
	assert_int_equal(window->bad, 43 * 60);
	assert_true(fabs(window->budget_left - 0.2 / 43.2) < 1e-6);
}

static void what_nobody_watched_is_unknown(void **state)
{
	(void)state;
	struct gap_record gap;
	probe_for(HOUR, "up");
	record_init(RECORD_gap, &gap);
	gap.start = now - MINUTE; /* the last one was asked a minute ago */
	gap.end = now + 3 * HOUR;
	gap.reason = "stopped";
	put(RECORD_gap, &gap);
	now += 3 * HOUR;
	probe_for(HOUR, "down");
	/* Lost packets are no loss to who asks. */
	gap.start = now;
	gap.end = now + HOUR;
	gap.reason = "dropped";
	put(RECORD_gap, &gap);
	probe_for(HOUR, "up");
	wait_written(store);
	const struct level_record *level = recall("shop", START_US, now, false);
	assert_int_equal(level->good, 2 * 3600 - 60);
	assert_int_equal(level->bad, 3600);
	assert_int_equal(level->unknown, 3 * 3600 + 60);
}

static void errors_are_counted_by_the_hour(void **state)
{
	(void)state;
	struct port_record port;
	record_init(RECORD_port, &port);
	assert_true(addr_parse("192.0.2.1", &port.server_ip));
	port.port = 443;
	port.transport = "tcp";
	port.interval_s = 1;
	port.flows = port.ended = 10;
	port.client_packets = port.server_packets = 50;
	port.client_bytes = port.server_bytes = 5000;
	port.state = "open";
	for (int i = 0; i < 3 * 3600; i += 60) {
		port.start = now + i * SECOND;
		port.errors = i < 3600;
		store_put_port(store, &port, NULL, NULL, NULL);
	}
	wait_written(store);
	store_close(store);
	store = NULL;
	const struct level_record *level =
		recall("api", START_US, START_US + 3 * HOUR, false);
	assert_string_equal(level->unit, "events");
	assert_string_equal(level->target, "192.0.2.1:443/tcp");
	assert_int_equal(level->good, 1740);
	assert_int_equal(level->bad, 60);
	const struct level_record *days =
		recall("api", START_US - 2 * DAY, START_US + 3 * HOUR, false);
	assert_int_equal(days->good, 1740);
	assert_int_equal(days->bad, 60);
}

static int end(void **state)
{
	if (store != NULL)
		store_close(store);
	return remove_folder(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_time_is_counted_to_the_second,
						begin, end),
		cmocka_unit_test_setup_teardown(what_nobody_watched_is_unknown, begin,
						end),
		cmocka_unit_test_setup_teardown(errors_are_counted_by_the_hour, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
