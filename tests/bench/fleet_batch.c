/*
 * fleet_batch.c: what telling a fleet costs a sensor: "fleet_batch RECORDS FOLDER"
 * packs so many flows, ports and contacts of a busy server, and prints for each kind
 * the time that one takes the packing thread and the main thread, the time that reading
 * takes a hub, and its bytes.
 *
 * Connections come from 20,000 clients to five services, as long and as large as chance
 * (exponential) has it; what can't be compressed of them is honest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fleet/batch.h"
#include "fleet/feed.h"
#include "random.h"

enum { CLIENTS = 20000, BATCH = 1000, FEED_AT_ONCE = 1000 };
#define SECOND 1000000LL

static uint64_t seed = 1;
static int64_t now_us = 1790000000000000;

static struct addr client(void)
{
	uint32_t number = random_below(&seed, CLIENTS) * 2654435761u;
	return addr_v4(&number);
}

static struct addr server(void)
{
	static const uint8_t four[4] = { 192, 0, 2, 10 };
	return addr_v4(four);
}

static uint64_t about(double mean)
{
	return (uint64_t)random_exponential(&seed, mean);
}

static void fill_counts(struct flow_record *flow)
{
	flow->client_packets = 4 + about(10);
	flow->server_packets = 4 + about(14);
	flow->client_payload_bytes = 200 + about(800);
	flow->server_payload_bytes = 300 + about(30000);
	flow->client_bytes = flow->client_payload_bytes + 52 * flow->client_packets;
	flow->server_bytes = flow->server_payload_bytes + 52 * flow->server_packets;
	flow->handshake_us = 200 + about(30000);
	flow->server_rtt_us = 20 + about(100);
	flow->client_rtt_us = flow->handshake_us - flow->server_rtt_us % 200;
	flow->responses = 1 + about(2);
	flow->response_mean_us = 300 + about(20000);
	flow->response_max_us = flow->response_mean_us + about(20000);
	flow->client_retransmits = flow->server_retransmits = 0;
	flow->out_of_order = flow->lost_bytes = flow->zero_windows = flow->resets = 0;
}

static void fill_flow(struct flow_record *flow)
{
	static const uint32_t ports[] = { 443, 443, 443, 80, 5432 };
	uint32_t port = ports[random_below(&seed, 5)];
	record_init(RECORD_flow, flow);
	now_us += (int64_t)about(500);
	flow->end = now_us;
	flow->start = now_us - (int64_t)about(2 * SECOND);
	flow->transport = "tcp";
	flow->ip_proto = 6;
	flow->client_ip = client();
	flow->client_port = 32768 + random_below(&seed, 28000);
	flow->server_ip = server();
	flow->server_port = port;
	record_text(flow->iface, sizeof(flow->iface), "eth0");
	record_text(flow->protocol, sizeof(flow->protocol),
		    port == 443  ? "tls"
		    : port == 80 ? "http"
				 : "postgresql");
	flow->protocol_by = "content";
	flow->state = "SF";
	record_text(flow->history, sizeof(flow->history),
		    random_below(&seed, 4) == 0 ? "ShADadfF" : "ShADadFf");
	flow->client_tcp_flags = flow->server_tcp_flags = 0x1b;
	flow->end_reason = "closed";
	fill_counts(flow);
	flow->pid = 812;
	record_text(flow->process, sizeof(flow->process), "nginx");
	record_community_id(flow, 0);
}

static void fill_port(struct port_record *port)
{
	record_init(RECORD_port, port);
	port->start = now_us / (60 * SECOND) * 60 * SECOND;
	port->interval_s = 60;
	port->server_ip = server();
	port->port = 1 + random_below(&seed, 2000);
	port->transport = "tcp";
	record_text(port->service, sizeof(port->service), "http-alt");
	port->class = "registered";
	record_text(port->protocol, sizeof(port->protocol), "http");
	port->protocol_by = "content";
	port->flows = about(600);
	port->active = about(40);
	port->rejected = port->unanswered = port->resets = 0;
	port->client_bytes = about(600000);
	port->server_bytes = about(20000000);
	port->client_packets = about(6000);
	port->server_packets = about(18000);
	port->clients = about(100);
	port->handshake_p50_us = 200 + about(20000);
	port->handshake_p95_us = port->handshake_p50_us + about(50000);
	port->response_p50_us = 300 + about(9000);
	port->response_p95_us = port->response_p50_us + about(30000);
	port->response_p99_us = port->response_p95_us + about(90000);
	port->retransmit_ratio = (double)about(20) / 18000;
	port->lost_ratio = port->error_ratio = 0;
	port->ended = port->flows;
	port->errors = 0;
	port->answers = 2 * port->flows;
	port->answer_errors = 0;
	port->state = "open";
	port->pid = 812;
	record_text(port->process, sizeof(port->process), "nginx");
}

static void fill_contact(struct contact_record *contact)
{
	record_init(RECORD_contact, contact);
	now_us += (int64_t)about(500);
	contact->at = now_us;
	contact->start = now_us - 2000;
	contact->transport = "tcp";
	contact->client_ip = client();
	contact->client_port = 32768 + random_below(&seed, 28000);
	contact->server_ip = server();
	contact->port = random_below(&seed, 65536);
	contact->technique = "syn";
	contact->outcome = "refused";
	contact->tcp_flags = 2;
	contact->ttl = (uint16_t)(40 + random_below(&seed, 20));
	contact->window = 64240;
}

static void fill(enum record_kind kind, void *record)
{
	if (kind == RECORD_flow)
		fill_flow(record);
	else if (kind == RECORD_port)
		fill_port(record);
	else
		fill_contact(record);
}

static bool count(void *to, enum record_kind kind, const void *record)
{
	(void)kind;
	(void)record;
	++*(uint64_t *)to;
	return true;
}

static int64_t cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Records are made before the clock is looked at. */
static void pack(enum record_kind kind, uint32_t records)
{
	struct batch *batch = batch_new();
	struct batch_head head = { .id = { "web-3", LANE_FLOW, 1, 1 },
				   .lost_us = UNKNOWN_TIME };
	size_t size = schemas[kind].size;
	char *all = malloc(size * BATCH), error[BATCH_ERROR_MAX];
	struct buf message = { 0 };
	int64_t packed_ns = 0, read_ns = 0;
	uint64_t bytes = 0, read = 0;
	for (uint32_t done = 0; done < records; done += BATCH) {
		for (uint32_t i = 0; i < BATCH; i++)
			fill(kind, all + i * size);
		int64_t begun_ns = cpu_ns();
		for (uint32_t i = 0; i < BATCH; i++)
			if (!batch_add(batch, kind, all + i * size))
				abort();
		buf_clear(&message);
		batch_finish(batch, &head, &message);
		int64_t packed = cpu_ns();
		packed_ns += packed - begun_ns;
		bytes += message.len;
		if (!batch_read(message.at, message.len, count, &read, error))
			abort();
		read_ns += cpu_ns() - packed;
	}
	printf("%s pack_ns %.0f read_ns %.0f bytes %.1f\n", schemas[kind].name,
	       (double)packed_ns / records, (double)read_ns / (double)read,
	       (double)bytes / records);
	buf_free(&message);
	free(all);
	batch_free(batch);
}

/* What the main thread pays, while the other one has time. */
static void give(enum record_kind kind, uint32_t records, const char *folder)
{
	const struct feed_options options = {
		.folder = folder, .sensor = "web-3", .bytes_max = 1 << 30, .boot = ""
	};
	char error[SPOOL_ERROR_MAX];
	struct feed *feed = feed_open(&options, error);
	size_t size = schemas[kind].size;
	char *all = malloc(size * FEED_AT_ONCE);
	int64_t given_ns = 0;
	if (feed == NULL) {
		fprintf(stderr, "fleet_batch: %s\n", error);
		exit(1);
	}
	for (uint32_t done = 0; done < records; done += FEED_AT_ONCE) {
		const struct timespec pause = { .tv_nsec = 20000000 };
		for (uint32_t i = 0; i < FEED_AT_ONCE; i++)
			fill(kind, all + i * size);
		int64_t begun_ns = cpu_ns();
		for (uint32_t i = 0; i < FEED_AT_ONCE; i++)
			feed_put(feed, kind, all + i * size);
		given_ns += cpu_ns() - begun_ns;
		nanosleep(&pause, NULL);
	}
	struct feed_status status;
	feed_status(feed, &status);
	printf("%s give_ns %.0f dropped %llu\n", schemas[kind].name,
	       (double)given_ns / records,
	       (unsigned long long)status.dropped[fleet_lane_of(kind)]);
	feed_close(feed);
	free(all);
}

int main(int argc, char **argv)
{
	static const enum record_kind kinds[] = { RECORD_flow, RECORD_port,
						  RECORD_contact };
	if (argc != 3) {
		fprintf(stderr, "usage: fleet_batch RECORDS FOLDER\n");
		return 2;
	}
	uint32_t records = (uint32_t)strtoul(argv[1], NULL, 10) / BATCH * BATCH;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		pack(kinds[i], records);
		give(kinds[i], records / 10 / FEED_AT_ONCE * FEED_AT_ONCE, argv[2]);
	}
	return 0;
}
