/*
 * fuzz_limit_rules.c: any bytes as a file of rules and service levels: no crash, no
 * leak, a place for every refusal; and what is taken judges without trouble.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limit/limits.h"
#include "limit/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MINUTE_US (60 * INT64_C(1000000))
#define START_US  INT64_C(1700000000000000)
enum { MINUTES = 8 };

static void take_alert(void *self, const struct alert_record *alert)
{
	(void)self;
	if (memchr(alert->summary, '\0', sizeof(alert->summary)) == NULL ||
	    alert->state == NULL || alert->rule[0] == '\0')
		abort();
}

static void take_level(void *self, const struct level_record *level)
{
	(void)self;
	if (level->budget_left < 0 || level->budget_left > 1 || level->reached < 0 ||
	    level->reached > 1 || level->name[0] == '\0')
		abort();
}

/* What records say is in the bytes as well. */
static void watch(struct limits *limits, const uint8_t *data, size_t size)
{
	struct probe_record probe;
	struct port_record port;
	record_init(RECORD_probe, &probe);
	record_init(RECORD_port, &port);
	record_text(probe.target, sizeof(probe.target), "https://192.0.2.1/");
	addr_parse("192.0.2.1", &port.server_ip);
	port.transport = "tcp";
	port.port = 443;
	port.interval_s = 60;
	for (int i = 0; i < MINUTES; i++) {
		int64_t now_us = START_US + i * MINUTE_US;
		uint8_t byte = size > 0 ? data[(size_t)i % size] : 0;
		probe.hard_state = byte % 2 == 0 ? "down" : "up";
		probe.total_us = port.response_p95_us = port.response_max_us =
			(uint64_t)byte * 100000;
		port.responses = port.ended = byte;
		port.errors = byte / 2;
		port.start = now_us;
		limits_see(limits, RECORD_probe, &probe, now_us);
		limits_see(limits, RECORD_port, &port, now_us);
		limits_count(limits, &port);
		limits_tick(limits, now_us);
	}
	limits_each_level(limits, take_level, NULL);
	limits_each_total(limits, START_US, START_US + MINUTES * MINUTE_US, take_level,
			  NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct home nobody;
	static struct limits *limits; /* its tables are large: one for all */
	static struct limit_rules *none;
	const struct limits_sink sink = { .alert = take_alert, .level = take_level };
	struct buf errors = { 0 };
	struct limit_rules *rules = limit_rules_new(&nobody);
	if (limits == NULL) {
		limits = limits_new(&sink, NULL);
		none = limit_rules_new(&nobody);
	}
	if (rules == NULL || limits == NULL || none == NULL)
		abort();
	bool ok = limit_rules_parse(rules, (const char *)data, size, "f", &errors);
	if (ok != (errors.len == 0) ||
	    (!ok && strncmp(errors.at, "f:", sizeof("f:") - 1) != 0))
		abort();
	if (ok) {
		limits_set_rules(limits, rules, START_US);
		watch(limits, data, size);
		limits_set_rules(limits, none, START_US);
	}
	limit_rules_free(rules);
	buf_free(&errors);
	return 0;
}
