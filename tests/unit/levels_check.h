/*
 * levels_check.h: a target that is asked every minute, and how its levels stand.
 */
#pragma once

#include "limits_check.h"

#include <math.h>

#include "base/buf.h"
#include "limit/usual.h"

#define TARGET "https://shop.example.org/"

static const char shop[] = "levels:\n- {name: shop, targets: \"https://*\"}\n";

static struct level_record level_now;
static size_t level_count;
static const char *level_wanted;
static bool in_maintenance;
static uint64_t total_us;

static void take_level(void *to, const struct level_record *level)
{
	(void)to;
	level_count++;
	if (strcmp(level->name, level_wanted) == 0)
		level_now = *level;
}

/* NULL: it is not told of. */
static inline const struct level_record *stands(const char *name)
{
	limits_tick(limits, now);
	level_wanted = name;
	level_count = 0;
	level_now.name[0] = '\0';
	limits_each_level(limits, take_level, NULL);
	return level_now.name[0] != '\0' ? &level_now : NULL;
}

static int begin_levels(void **state)
{
	in_maintenance = false;
	total_us = UNKNOWN_U64;
	return begin(state);
}

#define LEVEL_TEST(test) cmocka_unit_test_setup_teardown(test, begin_levels, end)

static inline void probe(const char *hard_state)
{
	struct probe_record record;
	record_init(RECORD_probe, &record);
	record.at = now;
	record_text(record.target, sizeof(record.target), TARGET);
	assert_true(addr_parse("192.0.2.1", &record.ip));
	record.port = 443;
	record.state = record.hard_state = hard_state;
	record.maintenance = in_maintenance;
	record.total_us = total_us;
	limits_see(limits, RECORD_probe, &record, now);
}

/* Time goes on, minute by minute. */
static inline void wait_for(int64_t how_long)
{
	for (int64_t end = now + how_long; now < end; now += MINUTE)
		limits_tick(limits, now);
}

static inline void probe_for(int64_t how_long, const char *hard_state)
{
	for (int64_t end = now + how_long; now < end; now += MINUTE) {
		probe(hard_state);
		limits_tick(limits, now);
	}
}

/* A record of the minute that ends now; then time goes on. */
static inline void serve(const struct port_record *port, int64_t then)
{
	limits_count(limits, port);
	now += then;
	limits_tick(limits, now);
}

#define assert_float(value, is, by)                                                    \
	do {                                                                           \
		if (!(fabs((double)(value) - (is)) <= (by)))                           \
			fail_msg("%.9g is not %.9g", (double)(value), (double)(is));   \
	} while (0)
#define assert_near(value, is, by) assert_float(value, is, by)
