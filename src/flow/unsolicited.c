/*
 * unsolicited.c: see unsolicited.h.
 */
#include "flow/unsolicited.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "catalog/catalog.h"
#include "flow/state.h"

enum {
	ROWS = 1 << 12, /* targets and kinds in one second; 5 MiB if all are used */
	PROBES = 8,
};

struct unsolicited_row {
	struct addr target, sender; /* the last one */
	uint16_t port;
	uint8_t proto;
	uint64_t packets, bytes; /* packets: 0 if unused */
	struct cardinality senders;
};

bool unsolicited_init(struct unsolicited *u, const struct flows *f)
{
	if (!flows_wants(f, RECORD_unsolicited))
		return true;
	u->rows = pages_reserve(ROWS * sizeof(u->rows[0]));
	u->used = calloc(ROWS, sizeof(u->used[0]));
	return u->rows != NULL && u->used != NULL;
}

void unsolicited_fini(struct unsolicited *u)
{
	pages_release(u->rows, ROWS * sizeof(u->rows[0]));
	free(u->used);
}

uint64_t unsolicited_memory(const struct unsolicited *u)
{
	return u->rows == NULL ? 0 : ROWS * (sizeof(u->rows[0]) + sizeof(u->used[0]));
}

/* Many ports may answer handshakes: one row is enough for all. */
static uint16_t port_of(const struct packet *p)
{
	return p->proto == IPPROTO_TCP ? 0 : p->sport;
}

static bool is_row(const struct unsolicited_row *row, const struct packet *p)
{
	return row->port == port_of(p) && row->proto == p->proto &&
	       addr_equal(&row->target, &p->dst);
}

/* NULL: no room. */
static struct unsolicited_row *row_of(struct flows *f, const struct packet *p)
{
	struct unsolicited *u = &f->unsolicited;
	uint64_t words[3];
	memcpy(words, p->dst.ip6, sizeof(p->dst.ip6));
	words[2] = (uint64_t)port_of(p) << 8 | p->proto;
	uint64_t hash = hash_words(&f->options.key, words, 3);
	for (unsigned i = 0; i < PROBES; i++) {
		uint32_t number = (uint32_t)(hash + i) % ROWS;
		struct unsolicited_row *row = &u->rows[number];
		if (row->packets != 0 && is_row(row, p))
			return row;
		if (row->packets != 0)
			continue;
		row->target = p->dst;
		row->port = port_of(p);
		row->proto = p->proto;
		row->bytes = 0;
		cardinality_reset(&row->senders);
		u->used[u->used_count++] = number;
		return row;
	}
	return NULL;
}

static bool is_service(const struct flows *f, uint16_t port)
{
	return catalog_service(f->options.catalog, IPPROTO_UDP, port) != NULL;
}

static bool is_icmp(const struct packet *p)
{
	return p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6;
}

/* To a group everybody may speak; but a ping of it is answered by all (smurf). */
static bool is_echo(const struct packet *p)
{
	return is_icmp(p) && (p->sport == 8 || p->sport == 128);
}

static bool is_unsolicited(const struct flows *f, const struct body *b,
			   const struct packet *p, unsigned side)
{
	if (addr_is_group(&p->dst))
		return is_echo(p);
	if (is_icmp(p))
		return true;
	if (p->proto != IPPROTO_UDP || b->side[1 - side].packets > 0 ||
	    (p->flags & PACKET_NO_PORTS))
		return false;
	return side == SERVER || (p->sport != p->dport && is_service(f, p->sport));
}

uint64_t unsolicited_hash(const struct addr *addr)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t words[2];
	memcpy(words, addr->ip6, sizeof(words));
	return hash_words(&same, words, 2);
}

static void count(struct flows *f, const struct packet *p)
{
	struct unsolicited_row *row = row_of(f, p);
	if (row == NULL) {
		f->unsolicited.left_out++;
		return;
	}
	row->packets++;
	row->bytes += p->ip_len;
	row->sender = p->src;
	cardinality_add(&row->senders, unsolicited_hash(&p->src));
}

void unsolicited_packet(struct flows *f, const struct body *b, const struct packet *p,
			unsigned side)
{
	if (f->unsolicited.rows != NULL && is_unsolicited(f, b, p, side))
		count(f, p);
}

/* What answers a SYN: where nobody listens, its sequence number is 0 (RFC 9293 3.5.2).
 */
static bool is_answer(const struct packet *p)
{
	uint8_t flags = p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN);
	return flags == (TCP_SYN | TCP_ACK) ||
	       (flags == (TCP_RST | TCP_ACK) && p->seq == 0);
}

void unsolicited_segment(struct flows *f, const struct packet *p)
{
	if (f->unsolicited.rows != NULL && is_answer(p) &&
	    !sources_was_asked(f->sources, &p->dst))
		count(f, p);
}

static void tell(struct flows *f, const struct unsolicited_row *row, int64_t end_us)
{
	struct unsolicited_record record;
	record_init(RECORD_unsolicited, &record);
	record.at = end_us;
	record.ip = row->target;
	record.transport = transport_name(row->proto);
	record.port = row->port;
	record.packets = row->packets;
	record.bytes = row->bytes;
	record.sources = cardinality_estimate(&row->senders);
	record.client_ip = row->sender;
	f->sink.record(f->sink.self, RECORD_unsolicited, &record);
}

void unsolicited_flush(struct flows *f, int64_t end_us)
{
	struct unsolicited *u = &f->unsolicited;
	for (uint32_t i = 0; i < u->used_count; i++) {
		struct unsolicited_row *row = &u->rows[u->used[i]];
		tell(f, row, end_us);
		row->packets = 0;
	}
	u->used_count = 0;
}
