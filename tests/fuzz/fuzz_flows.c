/*
 * fuzz_flows.c: any packets, times, clock steps and lists through a small flow table.
 *
 * Four addresses and eight ports, so that packets meet.  What must hold: a flow that
 * started ends once, in a record or counted as evicted; nothing is open at the end, and
 * every gauge is back at zero.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "catalog/catalog.h"
#include "flow/state.h"

enum { BEGIN_S = 1000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t ended, evicted;

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static void take_flow(void *self, const struct flow_record *flow)
{
	(void)self;
	require(flow->end >= flow->start);
	if (strcmp(flow->end_reason, "active") == 0)
		return;
	if (strcmp(flow->end_reason, "aggregate") == 0)
		return;
	ended++;
	evicted += strcmp(flow->end_reason, "evicted") == 0;
	require(flow->client_packets + flow->server_packets > 0);
	require(flow->responses <= flow->server_packets);
	require(flow->responses == 0 ||
		flow->response_mean_us <= flow->response_max_us);
	require(strlen(flow->history) <= 21);
}

static void take_port(void *self, const struct port_sample *sample,
		      const struct port_detail *detail)
{
	(void)self;
	require(sample->active < UINT32_MAX);
	require((detail != NULL) == (sample->has_detail != 0));
	require(sample->rejected + sample->unanswered + sample->resets <=
		sample->ended);
}

static void take_record(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	require(kind < RECORD_KINDS && record != NULL);
	require(kind != RECORD_finding ||
		((const struct finding_record *)record)->summary[0] != '\0');
}

static void take_tick(void *self, int64_t at_us)
{
	int64_t *last = self;
	*last = at_us;
}

static struct addr address_of(uint8_t n)
{
	const uint8_t four[4] = { 10, 0, 0, n & 3 };
	const uint8_t sixteen[16] = { 0x20, 1, [15] = n & 3 };
	return n & 8 ? addr_v6(sixteen) : addr_v4(four);
}

static uint16_t port_of(uint8_t n)
{
	static const uint16_t ports[] = { 80, 22, 53, 0, 40000, 50000, 8, 3 };
	return ports[n & 7];
}

static struct packet packet_of(struct bytes *in)
{
	static const uint8_t protos[] = { IPPROTO_TCP,    IPPROTO_TCP,  IPPROTO_TCP,
					  IPPROTO_TCP,    IPPROTO_UDP,  IPPROTO_ICMP,
					  IPPROTO_ICMPV6, IPPROTO_SCTP, 0 };
	uint8_t ends = bytes_u8(in), ports = bytes_u8(in), kind = bytes_u8(in);
	struct packet p = {
		.src = address_of(ends & 15),
		.dst = address_of((ends >> 4 & 7) | (ends & 8)),
		.sport = port_of(ports & 15),
		.dport = port_of(ports >> 4),
		.proto = protos[kind % sizeof(protos)],
		.flags = bytes_u8(in),
		.tcp_flags = bytes_u8(in),
		.vlan = kind >> 6,
		.window = kind & 16 ? 0 : 500,
	};
	uint8_t how = bytes_u8(in);
	/* Numbers near each other, and near the wrap. */
	p.seq = (uint32_t)(int8_t)bytes_u8(in) * (how & 1 ? 1u : 1u << 24);
	p.ack = (uint32_t)(int8_t)bytes_u8(in) * (how & 2 ? 1u : 1u << 24);
	p.payload_len = how & 4 ? bytes_u8(in) : 0;
	/* Some of it was captured, and says what the input says next. */
	size_t captured = how & 8 ? p.payload_len / 2 : p.payload_len;
	p.payload = bytes_take(in, captured < in->len ? captured : in->len);
	p.ip_len = p.payload_len + 40;
	if (!(p.flags & PACKET_QUOTES))
		return p;
	p.quoted_src = p.dst;
	p.quoted_dst = p.src;
	p.quoted_proto = protos[how % sizeof(protos)];
	p.quoted_sport = p.dport;
	p.quoted_dport = p.sport;
	return p;
}

/* Mostly milliseconds; sometimes minutes, sometimes back. */
static int64_t step_of(uint8_t n)
{
	int64_t steps[] = { 1,       1000,     50000,      700000,
			    4000000, 61000000, 3600000000, -2000000 };
	return steps[n & 7] * (n >> 3);
}

static void run(struct flows *flows, struct bytes *in)
{
	struct packet batch[FLOWS_BATCH];
	size_t count = 0;
	int64_t now = BEGIN_S * SECOND_US;
	while (bytes_ok(in) && in->len > 0) {
		uint8_t what = bytes_u8(in);
		if (what & 1)
			now += step_of(bytes_u8(in));
		batch[count] = packet_of(in);
		batch[count++].at_us = now;
		if (count < FLOWS_BATCH && what & 2)
			continue;
		flows_take(flows, batch, count);
		count = 0;
		if ((what & 0x1c) == 0x1c)
			flows_list(flows);
		if ((what & 0xe0) == 0xe0)
			flows_tick(flows, now += 30 * SECOND_US);
		if ((what & 0xe0) == 0xc0) {
			int64_t by = step_of(bytes_u8(in));
			flows_shift(flows, by);
			now += by;
		}
	}
	flows_take(flows, batch, count);
	flows_finish(flows);
}

static uint32_t slab_used(const struct slab *slab)
{
	uint32_t unused = 0;
	for (uint32_t i = slab->free; i != 0; i = slab->next[i])
		unused++;
	return slab->fresh - unused;
}

static void check_end(struct flows *flows)
{
	struct flow_stats stats;
	flows_stats(flows, &stats);
	require(stats.flows_open == 0 && stats.half_open == 0 && stats.sources == 0);
	/* Of the evicted, those that were answered have a record. */
	require(ended + stats.flows_evicted - evicted == stats.flows_started);
	for (uint32_t i = 0; i <= services_count(flows->services); i++)
		require(services_at(flows->services, (uint16_t)i)->now.active == 0);
	for (uint8_t n = 0; n < 4; n++)
		for (uint32_t i = 0; i < flows->options.source_share; i++) {
			struct addr a = address_of(n);
			require(sources_take(flows->sources, &a));
		}
	/* What was kept of turns is free again. */
	require(slab_used(&flows->talks.conversation) == 0);
	require(slab_used(&flows->talks.talk) == 0);
	require(slab_used(&flows->talks.small) == 0);
	require(slab_used(&flows->talks.large) == 0);
	table_free_dead(&flows->table);
	require(flows->table.body_used == 0);
	for (uint32_t i = 0; i < flows->table.bucket_count; i++) {
		const struct bucket *b = &flows->table.buckets[i];
		require(b->spilled == 0);
		for (unsigned k = 0; k < 10; k++)
			require(b->sig[k] == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalog *catalog;
	if (catalog == NULL)
		catalog = catalog_open("/nonexistent", "/nonexistent");
	struct bytes in = bytes_of(data, size);
	uint8_t sizes = bytes_u8(&in);
	struct flow_options options = { .flows_max = 1 + (sizes & 31),
					.half_open_max = 1 + (sizes >> 5),
					.source_share = 3 + (sizes & 63),
					.reads = true,
					.wants = UINT32_MAX,
					.catalog = catalog };
	int64_t ticked = 0;
	struct flow_sink sink = {
		.self = &ticked,
		.flow = take_flow,
		.record = take_record,
		.port = take_port,
		.tick = take_tick,
	};
	ended = evicted = 0;
	struct flows *flows = flows_new(&options, &sink);
	require(flows != NULL && catalog != NULL);
	run(flows, &in);
	check_end(flows);
	flows_free(flows);
	return 0;
}
