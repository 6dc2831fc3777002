/*
 * history_made.h: five weeks of two services in a store: one gets slower every day, and
 * reaches 100 ms ten days later; one is as it always was.
 */
#pragma once

#include "store_check.h"

/* Thursday was 1970-01-01. */
#define WEEK       (7 * DAY)
#define TUESDAY_14 (5 * DAY + 14 * 3600 * SECOND)

enum { HOURS = 35 * 24, RESPONSES = 30, SLOWER = 443, STEADY = 5432 };

static inline void put_hour(struct store *store, uint32_t port, int64_t at_us,
			    double p95_us)
{
	struct port_record r;
	struct histogram response = { 0 };
	record_init(RECORD_port, &r);
	r.start = at_us;
	r.interval_s = 1;
	addr_parse("192.0.2.10", &r.server_ip);
	r.port = port;
	r.transport = "tcp";
	record_text(r.service, sizeof(r.service),
		    port == SLOWER ? "https" : "postgresql");
	r.flows = 5;
	r.active = r.active_min = r.active_max = 2;
	r.client_bytes = r.server_bytes =
		at_us % WEEK == TUESDAY_14 ? 36000000 : 360000;
	r.responses = RESPONSES;
	for (int i = 0; i < RESPONSES; i++)
		histogram_add(&response, (uint64_t)p95_us);
	while (!store_put_port(store, &r, NULL, &response, NULL))
		pause_ms(1);
}

static inline void put_history(struct store *store, int64_t begin_us)
{
	for (int64_t i = 0; i < HOURS; i++) {
		double day = 1000 * sin(2 * M_PI * (double)(i % 24) / 24);
		int64_t at_us = begin_us + i * 3600 * SECOND;
		put_hour(store, SLOWER, at_us, 40000 + 55 * (double)i + day);
		put_hour(store, STEADY, at_us, 5000 + day);
	}
}
