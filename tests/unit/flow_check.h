/*
 * flow_check.h: packets by hand into flows, and what came out.
 *
 * Include after cmocka.h.  say() speaks for both ends of one TCP connection, with right
 * sequence numbers; segment() says what it is told.  Every packet comes a millisecond
 * after the one before, unless `now_us` is moved.
 */
#pragma once

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "flow/flow.h"

#define SECOND    1000000LL
#define START_US  (1700000000 * SECOND)
#define FIRST_SEQ 1000u

enum { SEEN_MAX = 4096, CLIENT_PORT = 40000 };

static struct flows *flows;
static struct catalog *catalog;
static struct flow_options options;
static int64_t now_us;

/* What the sink was given since forget(). */
static struct flow_record seen[SEEN_MAX];
static size_t seen_count;
static struct port_sample sums; /* of all samples; .active: of the last one */
static struct histogram responses, handshakes;
static uint64_t clients_estimate, port_records;

static inline void seen_flow(void *self, const struct flow_record *flow)
{
	(void)self;
	assert_true(seen_count < SEEN_MAX);
	seen[seen_count++] = *flow;
}

static inline void seen_port(void *self, const struct port_sample *sample,
			     const struct port_detail *detail)
{
	(void)self;
	port_records++;
	sums.flows += sample->flows;
	sums.active = sample->active;
	sums.ended += sample->ended;
	sums.rejected += sample->rejected;
	sums.unanswered += sample->unanswered;
	sums.resets += sample->resets;
	sums.client_bytes += sample->client_bytes;
	sums.server_bytes += sample->server_bytes;
	sums.client_packets += sample->client_packets;
	sums.server_packets += sample->server_packets;
	sums.syns += sample->syns;
	sums.handshakes += sample->handshakes;
	sums.retransmits += sample->retransmits;
	sums.data_packets += sample->data_packets;
	sums.payload_bytes += sample->payload_bytes;
	sums.lost_bytes += sample->lost_bytes;
	assert_int_equal(sample->has_detail, detail != NULL);
	if (detail == NULL)
		return;
	histogram_merge(&responses, &detail->response);
	histogram_merge(&handshakes, &detail->handshake);
	clients_estimate = cardinality_estimate(&detail->clients);
}

static inline void seen_tick(void *self, int64_t at_us)
{
	(void)self;
	(void)at_us;
}

static inline void forget(void)
{
	seen_count = 0;
	sums = (struct port_sample){ 0 };
	histogram_clear(&responses);
	histogram_clear(&handshakes);
}

static inline void open_flows(void)
{
	static const struct flow_sink sink = { .flow = seen_flow,
					       .port = seen_port,
					       .tick = seen_tick };
	flows_free(flows);
	flows = flows_new(&options, &sink);
	assert_non_null(flows);
	now_us = START_US;
	forget();
}

/* Setup of every test: room for all, names from the built-in seed only. */
static inline int flows_begin_test(void **state)
{
	(void)state;
	catalog = catalog_open("/nonexistent", "/nonexistent");
	options = (struct flow_options){ .flows_max = 1024,
					 .half_open_max = 1024,
					 .source_share = 1024,
					 .catalog = catalog };
	flows = NULL;
	open_flows();
	return catalog == NULL ? -1 : 0;
}

static inline int flows_end_test(void **state)
{
	(void)state;
	flows_free(flows);
	catalog_close(catalog);
	return 0;
}

/* 10.0.0.N */
static inline struct addr host(unsigned n)
{
	uint8_t four[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	return addr_v4(four);
}

static inline void take(struct packet p)
{
	p.at_us = now_us;
	flows_take(flows, &p, 1);
	now_us += 1000;
}

static inline void tick_to(int64_t at_us)
{
	now_us = at_us;
	flows_tick(flows, at_us);
}

/* As a live run does when nothing comes. */
static inline void tick_until(int64_t at_us)
{
	for (int64_t t = now_us; t < at_us; t += 50000)
		flows_tick(flows, t);
	tick_to(at_us);
}

/* The other way round. */
static inline struct packet reverse(struct packet p)
{
	struct packet back = p;
	back.src = p.dst, back.dst = p.src;
	back.sport = p.dport, back.dport = p.sport;
	return back;
}

static uint16_t server_port = 80;

static inline struct packet tcp_packet(unsigned client, uint16_t sport, uint8_t flags)
{
	return (struct packet){ .src = host(client),
				.dst = host(2),
				.sport = sport,
				.dport = server_port,
				.proto = IPPROTO_TCP,
				.tcp_flags = flags,
				.window = 500,
				.ip_len = 40 };
}

static inline struct packet udp_packet(unsigned client, uint16_t sport, uint32_t len)
{
	return (struct packet){ .src = host(client),
				.dst = host(2),
				.sport = sport,
				.dport = 9999,
				.proto = IPPROTO_UDP,
				.ip_len = 28 + len,
				.payload_len = len };
}

static inline struct flow_stats stats_now(void)
{
	struct flow_stats stats;
	flows_stats(flows, &stats);
	return stats;
}

static inline void syn(unsigned client, uint16_t sport, uint32_t seq)
{
	struct packet p = tcp_packet(client, sport, TCP_SYN);
	p.seq = seq;
	take(p);
}

static inline size_t seen_with(const char *reason)
{
	size_t count = 0;
	for (size_t i = 0; i < seen_count; i++)
		count += strcmp(seen[i].end_reason, reason) == 0;
	return count;
}

/* ---- one TCP connection, 10.0.0.1:40000 to 10.0.0.2:80 ---- */

enum { FROM_CLIENT, FROM_SERVER };

static uint32_t initial[2], next[2]; /* sequence numbers */

static inline void new_talk(void)
{
	initial[0] = next[0] = FIRST_SEQ;
	initial[1] = next[1] = FIRST_SEQ * 500;
}

/* seq and ack relative to the initial sequence numbers. */
static inline struct packet make_segment(int from, uint8_t flags, uint32_t seq,
					 uint32_t ack, uint32_t len)
{
	struct packet p = tcp_packet(1, CLIENT_PORT, flags);
	if (from == FROM_SERVER)
		p = reverse(p);
	p.seq = initial[from] + seq;
	p.ack = flags & TCP_ACK ? initial[1 - from] + ack : 0;
	p.payload_len = len;
	p.ip_len += len;
	return p;
}

static inline void segment(int from, uint8_t flags, uint32_t seq, uint32_t ack,
			   uint32_t len)
{
	take(make_segment(from, flags, seq, ack, len));
}

static inline uint8_t flag_of(char c)
{
	return c == 'S'   ? TCP_SYN
	       : c == 'A' ? TCP_ACK
	       : c == 'F' ? TCP_FIN
	       : c == 'R' ? TCP_RST
			  : 0;
}

/*
 * ">S <SA >A >A100": who, flags, octets of payload. Sequence and acknowledgement
 * numbers follow from what was said before.
 */
static inline void say(const char *script)
{
	while (*script != '\0') {
		int from = *script++ == '<' ? FROM_SERVER : FROM_CLIENT;
		uint8_t flags = 0;
		while (flag_of(*script) != 0)
			flags |= flag_of(*script++);
		uint32_t len = (uint32_t)strtoul(script, (char **)&script, 10);
		uint32_t heard = next[1 - from] - initial[1 - from];
		/* Who answers has heard a SYN, whether we have or not. */
		segment(from, flags, next[from] - initial[from], heard ? heard : 1,
			len);
		next[from] += len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
		while (*script == ' ')
			script++;
	}
}

/* The same on a fresh table, to the end. */
static inline const struct flow_record *said(const char *script)
{
	open_flows();
	new_talk();
	say(script);
	flows_finish(flows);
	assert_int_equal(seen_count, 1);
	return &seen[0];
}

#define HANDSHAKE ">S <SA >A "
