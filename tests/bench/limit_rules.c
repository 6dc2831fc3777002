/*
 * limit_rules.c: how many rules x series are judged a second, on one core.
 *
 *   limit_rules ROUNDS
 *
 * 100 rules on 1,000 services: most select by network and look at a value, a tenth of
 * them at a change against the week before, for which every series is remembered; one
 * service in ten is beyond the limits.  A round is a record of each service.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "limit/limits.h"
#include "limit/rules.h"

enum { RULES = 100, SERVICES = 1000, CHANGES_EVERY = 10, SLOW_EVERY = 10 };
static const int64_t START_US = INT64_C(1700000000000000), ROUND_US = 10000000;

static void count_alert(void *self, const struct alert_record *alert)
{
	(void)alert;
	++*(uint64_t *)self;
}

static double tell_hour(void *self, enum record_kind kind, const void *record,
			const struct field *field, int64_t begin_us)
{
	(void)self;
	(void)kind;
	(void)record;
	(void)field;
	(void)begin_us;
	return 10;
}

static struct limit_rules *make_rules(void)
{
	struct buf text = { 0 }, errors = { 0 };
	struct limit_rules *rules = limit_rules_new(NULL);
	buf_text(&text, "rules:\n");
	for (int i = 0; i < RULES; i++)
		buf_printf(&text, "- {name: r%d, hosts: 10.0.0.0/8, for: 1m, %s}\n", i,
			   i % CHANGES_EVERY == 0
				   ? "field: port.flows, change: 50 %"
				   : "field: port.response_p95_us, above: 100ms, "
				     "samples: 10");
	if (rules == NULL ||
	    !limit_rules_parse(rules, text.at, text.len, "bench", &errors)) {
		fprintf(stderr, "limit_rules: %s\n", buf_cstr(&errors));
		exit(EXIT_FAILURE);
	}
	buf_free(&text);
	buf_free(&errors);
	return rules;
}

static struct port_record service(uint32_t number)
{
	struct port_record port;
	const uint8_t four[4] = { 10, 0, (uint8_t)(number >> 8), (uint8_t)number };
	record_init(RECORD_port, &port);
	port.server_ip = addr_v4(four);
	port.port = 443;
	port.transport = "tcp";
	port.interval_s = 60;
	port.flows = port.responses = 600;
	port.response_p95_us = number % SLOW_EVERY == 0 ? 250000 : 20000;
	return port;
}

int main(int argc, char **argv)
{
	uint64_t alerts = 0;
	const struct limits_sink sink = { .self = &alerts, .alert = count_alert };
	const struct limits_history history = { .hour = tell_hour };
	unsigned long rounds = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct limit_rules *rules = make_rules();
	struct limits *limits = limits_new(&sink, &history);
	if (rounds == 0 || limits == NULL)
		return EXIT_FAILURE;
	limits_set_rules(limits, rules, START_US);
	int64_t begun_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned long round = 0; round < rounds; round++) {
		int64_t now_us = START_US + (int64_t)round * ROUND_US;
		for (uint32_t i = 0; i < SERVICES; i++) {
			struct port_record port = service(i);
			limits_see(limits, RECORD_port, &port, now_us);
		}
		limits_tick(limits, now_us);
	}
	double seconds = (double)(clock_us(CLOCK_PROCESS_CPUTIME_ID) - begun_us) / 1e6;
	printf("rate %.0f\nseries %llu\nalerts %llu\n",
	       (double)rounds * RULES * SERVICES / seconds,
	       (unsigned long long)limits_totals(limits).series,
	       (unsigned long long)alerts);
	limits_free(limits);
	limit_rules_free(rules);
	return EXIT_SUCCESS;
}
