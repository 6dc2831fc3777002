/*
 * amplification.c: see amplification.h.
 */
#include "flow/amplification.h"

#include <netinet/in.h>
#include <string.h>

#include "base/pages.h"
#include "flow/state.h"

enum {
	INTERVAL_S = 5,
	INTERVAL_US = INTERVAL_S * 1000000,
	BUCKETS = 512,
	WAYS = 4,
	LARGE_MIN = 200,   /* the smallest answer worth asking in another's name */
	BYTES_MIN = 20000, /* in that time, to one client */
	RATIO_MIN = 3,     /* of the tables of amplification factors, the least */
	QUIC_PORT = 443,   /* proves its client before it says much (RFC 9000 8.1) */
};

struct row {
	struct addr server, client;
	uint16_t port;
	uint64_t asked_bytes, asked_packets;
	uint64_t sent_bytes, sent_packets; /* packets: 0 if unused */
};

struct amplification_bucket {
	struct row row[WAYS];
};

static size_t bytes_of_table(void)
{
	return BUCKETS * sizeof(struct amplification_bucket);
}

bool amplification_init(struct amplifications *a, const struct flows *f)
{
	if (!flows_wants(f, RECORD_amplification))
		return true;
	for (uint64_t i = 0; i < 3; i++)
		a->odd[i] = hash_words(&f->options.key, &i, 1) | 1;
	a->buckets = pages_reserve(bytes_of_table());
	return a->buckets != NULL;
}

void amplification_fini(struct amplifications *a)
{
	pages_release(a->buckets, bytes_of_table());
}

uint64_t amplification_memory(const struct amplifications *a)
{
	return a->buckets == NULL ? 0 : bytes_of_table();
}

/* Multiply and shift (Dietzfelbinger): keyed, and cheap enough for every datagram. */
static uint32_t bucket_of(const struct amplifications *a, const struct body *b)
{
	uint64_t client[2], server[2];
	memcpy(client, b->key.addr[CLIENT].ip6, sizeof(client));
	memcpy(server, b->key.addr[SERVER].ip6, sizeof(server));
	uint64_t sum = (client[0] ^ server[0]) * a->odd[0] + client[1] * a->odd[1] +
		       (server[1] ^ b->key.port[SERVER]) * a->odd[2];
	return (uint32_t)((sum ^ sum >> 32) * a->odd[0] >> 32) % BUCKETS;
}

static bool is_row(const struct row *row, const struct body *b)
{
	return row->port == b->key.port[SERVER] &&
	       addr_equal(&row->client, &b->key.addr[CLIENT]) &&
	       addr_equal(&row->server, &b->key.addr[SERVER]);
}

static struct row *row_of(struct amplifications *a, const struct body *b)
{
	struct amplification_bucket *bucket = &a->buckets[bucket_of(a, b)];
	struct row *least = &bucket->row[0];
	for (unsigned i = 0; i < WAYS; i++) {
		struct row *row = &bucket->row[i];
		if (row->sent_packets != 0 && is_row(row, b))
			return row;
		if (row->sent_bytes < least->sent_bytes)
			least = row;
	}
	*least = (struct row){ .server = b->key.addr[SERVER],
			       .client = b->key.addr[CLIENT],
			       .port = b->key.port[SERVER] };
	return least;
}

void amplification_packet(struct flows *f, struct body *b, const struct packet *p)
{
	struct amplifications *a = &f->amplifications;
	struct side *client = &b->side[CLIENT];
	if (a->buckets == NULL || b->proto != IPPROTO_UDP || p->ip_len < LARGE_MIN ||
	    client->packets == 0 || b->key.port[SERVER] == QUIC_PORT)
		return;
	struct row *row = row_of(a, b);
	row->sent_packets++;
	row->sent_bytes += p->ip_len;
	/* What was asked since it was last added; see struct side. */
	row->asked_packets += (uint32_t)client->packets - client->acked;
	row->asked_bytes += (uint32_t)client->bytes - client->start_seq;
	client->acked = (uint32_t)client->packets;
	client->start_seq = (uint32_t)client->bytes;
}

static void tell(struct flows *f, const struct row *row, int64_t end_us)
{
	struct amplification_record record;
	record_init(RECORD_amplification, &record);
	record.at = end_us;
	record.interval_s = INTERVAL_S;
	record.server_ip = row->server;
	record.port = row->port;
	record.client_ip = row->client;
	record.client_packets = row->asked_packets;
	record.client_bytes = row->asked_bytes;
	record.server_packets = row->sent_packets;
	record.server_bytes = row->sent_bytes;
	f->sink.record(f->sink.self, RECORD_amplification, &record);
}

void amplification_flush(struct flows *f, int64_t end_us, int64_t now_us)
{
	struct amplifications *a = &f->amplifications;
	if (a->buckets == NULL || (end_us - 1) / INTERVAL_US == now_us / INTERVAL_US)
		return;
	for (unsigned i = 0; i < BUCKETS * WAYS; i++) {
		struct row *row = &a->buckets[i / WAYS].row[i % WAYS];
		if (row->sent_bytes >= BYTES_MIN &&
		    row->sent_bytes >= RATIO_MIN * row->asked_bytes)
			tell(f, row, end_us);
		row->sent_packets = row->sent_bytes = 0;
	}
}
