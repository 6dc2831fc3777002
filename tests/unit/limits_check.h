/*
 * limits_check.h: rules, records that go by them, and the alerts that come of it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limit/limits.h"
#include "limit/rules.h"

#define SECOND 1000000LL
#define MINUTE (60 * SECOND)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
/* A Tuesday, at 22:13:20. */
#define START (1700000000 * SECOND)

enum { ALERTS_MAX = 4096 };

static struct limits *limits;
static struct limit_rules *rules;
static struct home home;
static struct alert_record alerts[ALERTS_MAX];
static size_t alert_count;
static int64_t now;
static double week_ago;
static int questions, may_be_asked; /* so many more */
static uint32_t asked_port;

static void take_alert(void *self, const struct alert_record *alert)
{
	(void)self;
	assert_true(alert_count < ALERTS_MAX);
	alerts[alert_count++] = *alert;
}

static bool may_ask(void *self)
{
	(void)self;
	return may_be_asked > 0;
}

static double tell_hour(void *self, enum record_kind kind, const void *record,
			const struct field *field, int64_t begin_us)
{
	(void)self;
	assert_int_equal(kind, RECORD_port);
	asked_port = ((const struct port_record *)record)->port;
	may_be_asked--;
	assert_string_equal(field->name, "flows");
	assert_int_equal(begin_us, now / HOUR * HOUR - 7 * DAY);
	questions++;
	return week_ago;
}

static struct limit_rules *rules_of(const char *text)
{
	struct buf errors = { 0 };
	struct limit_rules *out = limit_rules_new(&home);
	assert_non_null(out);
	if (!limit_rules_parse(out, text, strlen(text), "rules.yaml", &errors))
		fail_msg("%s", buf_cstr(&errors));
	buf_free(&errors);
	return out;
}

static void open_limits(void)
{
	const struct limits_sink sink = { .alert = take_alert };
	const struct limits_history history = { .may_ask = may_ask, .hour = tell_hour };
	limits = limits_new(&sink, &history);
	assert_non_null(limits);
}

/* The rules from now on. */
static inline void watch(const char *text)
{
	struct limit_rules *before = rules;
	rules = rules_of(text);
	limits_set_rules(limits, rules, now);
	limit_rules_free(before);
}

static int begin(void **state)
{
	(void)state;
	struct prefix ours;
	home = (struct home){ 0 };
	assert_true(prefix_parse("192.0.2.0/24", &ours) && home_add(&home, &ours));
	now = START;
	alert_count = 0;
	questions = 0;
	may_be_asked = INT32_MAX;
	open_limits();
	return 0;
}

static int end(void **state)
{
	(void)state;
	limits_free(limits);
	limit_rules_free(rules);
	rules = NULL;
	return 0;
}

static struct port_record port_of(const char *address, uint32_t number)
{
	struct port_record port;
	record_init(RECORD_port, &port);
	assert_true(addr_parse(address, &port.server_ip));
	port.start = now;
	port.interval_s = 60;
	port.port = number;
	port.transport = "tcp";
	record_text(port.service, sizeof(port.service), "https");
	port.flows = port.responses = port.ended = 1000;
	return port;
}

/* A service's response time, after so long. */
static inline void answers_in(uint64_t ms, int64_t after)
{
	now += after;
	struct port_record port = port_of("192.0.2.1", 443);
	port.response_p95_us = ms * 1000;
	limits_see(limits, RECORD_port, &port, now);
	limits_tick(limits, now);
}

static inline void pass(int64_t how_long)
{
	now += how_long;
	limits_tick(limits, now);
}

static inline const struct alert_record *last_alert(void)
{
	assert_true(alert_count > 0);
	return &alerts[alert_count - 1];
}

#define assert_last(count, is_state, is_severity)                                      \
	do {                                                                           \
		assert_int_equal(alert_count, count);                                  \
		assert_string_equal(last_alert()->state, is_state);                    \
		assert_string_equal(last_alert()->severity, is_severity);              \
	} while (0)
