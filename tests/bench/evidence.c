/*
 * evidence.c: makes the evidence of some days of a busy host: "evidence FOLDER DAYS
 * RECORDS", so many records a day, and prints what one costs who puts it, and on disk.
 *
 * Nine of ten records are of clients that are served, the rest of strangers who try
 * ports; each day some scan with whole connections, and some guess passwords.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/store.h"

#define SECOND 1000000LL
#define DAY    (86400 * SECOND)

enum { CLIENTS = 20000, STRANGERS = 1 << 20, SCANS = 20, PORTS = 120 };

static uint64_t seed = 1;
static uint64_t put_ns, put_count;

static uint64_t some(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static struct addr number(uint8_t first, uint32_t n)
{
	const uint8_t four[4] = { first, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				  (uint8_t)n };
	return addr_v4(four);
}

/* The store is not to lose any: who makes them waits for it, and that is not counted.
 */
static void put(struct store *store, enum record_kind kind, const void *record)
{
	enum { WAITING_MOST = 20000 };
	struct store_status status;
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	store_put_evidence(store, kind, record);
	put_ns += (uint64_t)(clock_us(CLOCK_MONOTONIC) - begin_us) * 1000;
	if (++put_count % 4096 != 0)
		return;
	for (store_status(store, &status); status.waiting > WAITING_MOST;
	     store_status(store, &status)) {
		struct timespec pause = { .tv_nsec = 5000000 };
		nanosleep(&pause, NULL);
	}
}

static void contact(struct store *store, const struct addr *client, uint32_t port,
		    const char *outcome, int64_t at_us)
{
	static struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = at_us;
	c.start = at_us - 2000;
	c.transport = "tcp";
	c.client_ip = *client;
	c.client_port = (uint32_t)(32768 + some(28000));
	c.server_ip = number(127, 1);
	c.port = port;
	c.technique = "syn";
	c.outcome = outcome;
	c.tcp_flags = 2;
	c.ttl = 57;
	c.window = 64240;
	put(store, RECORD_contact, &c);
}

static void flow(struct store *store, const struct addr *client, uint32_t port,
		 uint64_t said, int64_t at_us)
{
	static struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = at_us - (int64_t)some(5 * SECOND) - 1000;
	f.end = at_us;
	f.transport = "tcp";
	f.client_ip = *client;
	f.client_port = (uint32_t)(32768 + some(28000));
	f.server_ip = number(127, 1);
	f.server_port = port;
	record_text(f.protocol, sizeof(f.protocol), "tls");
	f.state = "SF";
	f.end_reason = "closed";
	f.handshake_us = 900 + some(30000);
	f.client_payload_bytes = said;
	f.server_payload_bytes = said * 40;
	f.responses = said > 0;
	put(store, RECORD_flow, &f);
}

static void scan(struct store *store, int64_t at_us)
{
	const struct addr client = number(203, (uint32_t)some(1 << 20));
	for (uint32_t port = 1; port <= PORTS; port++) {
		bool is_open = port % 25 == 0;
		contact(store, &client, port, is_open ? "handshake" : "refused", at_us);
		if (is_open)
			flow(store, &client, port, 0, at_us + 1);
		at_us += 1000;
	}
}

static void make_day(struct store *store, int64_t from_us, uint64_t records)
{
	for (uint64_t i = 0; i < records; i++) {
		int64_t at_us = from_us + (int64_t)(i * (uint64_t)DAY / records);
		const struct addr client = number(100, (uint32_t)some(CLIENTS));
		const struct addr stranger = number(198, (uint32_t)some(STRANGERS));
		if (i % 10 == 0)
			contact(store, &stranger, (uint32_t)(2000 + some(40)),
				"refused", at_us);
		else if (i % 10 == 1)
			contact(store, &client, 443, "handshake", at_us);
		else
			flow(store, &client, 443, 300 + some(2000), at_us);
		if (i % (records / SCANS + 1) == 7)
			scan(store, at_us);
	}
}

int main(int argc, char **argv)
{
	struct store_limits limits = store_no_limits;
	struct store_status status;
	if (argc != 4) {
		fputs("usage: evidence FOLDER DAYS RECORDS\n", stderr);
		return 2;
	}
	int64_t days = strtoll(argv[2], NULL, 10);
	int64_t now_us = clock_us(CLOCK_REALTIME);
	limits.evidence_bytes = UINT64_C(1) << 40;
	struct store *store = store_open(argv[1], &limits);
	if (store == NULL)
		return 1;
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	for (int64_t day = days; day > 0; day--)
		make_day(store, now_us - day * DAY, strtoull(argv[3], NULL, 10));
	do {
		struct timespec pause = { .tv_nsec = 5000000 };
		nanosleep(&pause, NULL);
		store_status(store, &status);
	} while (status.waiting > 0);
	int64_t took_us = clock_us(CLOCK_MONOTONIC) - begin_us;
	store_close(store);
	printf("bench evidence_put %.0f ns\n", (double)put_ns / (double)put_count);
	printf("bench evidence_written %.0f /s\n",
	       (double)put_count * 1e6 / (double)took_us);
	return 0;
}
