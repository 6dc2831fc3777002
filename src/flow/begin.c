/*
 * begin.c: the first packet of a flow: who asks, is there room, embryo or body.
 *
 * Room is found before it runs out for good: closed flows go first, then those nobody
 * answered, then the one silent for longest among a few.
 */
#include <netinet/in.h>

#include "catalog/catalog.h"
#include "flow/history.h"
#include "flow/sctp.h"
#include "flow/state.h"

enum {
	EVICT_PROBES = 16,
	SYSTEM_PORTS = 1024, /* RFC 6335 6: below */
	DHCP_CLIENT = 68,
	DNS_SERVER = 53,
	DNS_FLAGS_AT = 2, /* RFC 1035 4.1.1 */
	DNS_ANSWER = 0x80,
	IP4_BARE = 40, /* headers of a segment without options */
	IP6_BARE = 60,
};

/* Lower is less worth keeping; ties go to the one silent for longest. */
static int worth(const struct body *b)
{
	if (!b->live || b->ending)
		return 0;
	return body_is_answered(b) ? 2 : 1;
}

/* Makes room by ending the least worthy of the next few bodies; its number. */
static uint32_t evict_body(struct flows *f)
{
	uint32_t best = TABLE_NONE;
	for (unsigned i = 0; i < EVICT_PROBES; i++) {
		f->clock_hand = (f->clock_hand + 1) % f->table.body_max;
		const struct body *b = &f->table.bodies[f->clock_hand];
		const struct body *old =
			&f->table.bodies[best == TABLE_NONE ? 0 : best];
		if (best == TABLE_NONE || worth(b) < worth(old) ||
		    (worth(b) == worth(old) && body_last(b) < body_last(old)))
			best = f->clock_hand;
	}
	struct body *b = &f->table.bodies[best];
	if (b->live) {
		f->stats.flows_evicted += !b->ending;
		flows_end_body(f, best, b->ending ? flows_end_reason(b) : "evicted");
	}
	/* Its place in the timers' list goes to the new flow. */
	uint32_t next = b->next;
	memset(b, 0, sizeof(*b));
	b->next = next;
	return best;
}

static uint32_t new_body(struct flows *f)
{
	uint32_t number = table_body_new(&f->table);
	if (number == TABLE_NONE)
		return evict_body(f);
	flows_schedule(f, number, f->slot + WHEEL_REACH);
	return number;
}

/* Puts a reference into the index, at the cost of a half-open flow if need be. */
static bool enter(struct flows *f, uint64_t hash, uint32_t ref)
{
	if (table_insert(&f->table, hash, ref))
		return true;
	uint32_t oldest = table_embryo_oldest(&f->table);
	if (oldest != TABLE_NONE && oldest != ref) {
		f->stats.flows_evicted++;
		flows_end_embryo(f, oldest, NULL);
	}
	return table_insert(&f->table, hash, ref);
}

static void count_start(struct flows *f, uint16_t service)
{
	f->stats.flows_started++;
	f->stats.flows_open++;
	if (service == SERVICE_NONE)
		return;
	struct port_sample *now = &services_at(f->services, service)->now;
	now->flows++;
	now->active++;
}

static void begin_embryo(struct flows *f, const struct packet *p, const struct keyed *k,
			 uint16_t service)
{
	uint32_t ref = table_embryo_new(&f->table);
	if (ref == TABLE_NONE) {
		/* Pressure: the oldest goes without a record, but is counted. */
		f->stats.flows_evicted++;
		flows_end_embryo(f, table_embryo_oldest(&f->table), NULL);
		ref = table_embryo_new(&f->table);
	}
	struct embryo *e = table_embryo(&f->table, ref);
	*e = (struct embryo){
		.key = { .addr = { p->src, p->dst }, .port = { k->sport, k->dport } },
		.seq = p->seq,
		.start_us = TIME56(p->at_us),
		.packets = 1,
		.ip_len = (uint8_t)p->ip_len,
		.service = service,
		.link = links_find(&f->links, p),
	};
	if (!enter(f, k->hash, ref)) {
		sources_give(f->sources, &p->src);
		table_embryo_free(&f->table, ref);
		f->stats.flows_refused++;
		return;
	}
	count_start(f, service);
	contacts_embryo(f, ref, p);
	struct port_sample *now = &services_at(f->services, service)->now;
	now->client_packets++;
	now->client_bytes += p->ip_len;
	now->syns++;
	services_client(f->services, service, &p->src);
}

static void begin_body(struct flows *f, const struct packet *p, const struct keyed *k,
		       unsigned sender)
{
	uint32_t number = new_body(f);
	struct body *b = &f->table.bodies[number];
	b->key.addr[sender] = p->src;
	b->key.addr[1 - sender] = p->dst;
	b->key.port[sender] = k->sport;
	b->key.port[1 - sender] = k->dport;
	b->proto = p->proto;
	b->one_way = k->one_way;
	b->live = 1;
	if (!(p->flags & PACKET_NO_PORTS))
		talks_begin(f, b);
	b->link = links_find(&f->links, p);
	body_set_start(b, p->at_us);
	b->service = p->flags & PACKET_NO_PORTS
			     ? SERVICE_NONE
			     : services_find(f->services, &b->key.addr[SERVER],
					     b->key.port[SERVER], p->proto);
	if (!enter(f, k->hash, number)) {
		sources_give(f->sources, &b->key.addr[CLIENT]);
		b->live = 0;
		f->stats.flows_refused++;
		return;
	}
	count_start(f, b->service);
	if (sender == SERVER)
		history_add(b, SERVER, '^');
	contacts_begin(f, number, p, sender, k->hash);
	flows_update(f, number, p, sender);
}

bool tcp_is_bare(const struct packet *p)
{
	uint32_t bare = addr_is_v4(&p->dst) ? IP4_BARE : IP6_BARE;
	uint8_t flags = p->tcp_flags & TCP_CONTROL;
	return p->proto == IPPROTO_TCP && p->ip_len == bare && p->payload_len == 0 &&
	       (flags == TCP_ACK || flags == (TCP_FIN | TCP_ACK));
}

/*
 * A server answers with something; one of names with a message that says so, which
 * shows only where content is read.
 */
static bool says_nothing(const struct flows *f, const struct packet *p)
{
	if (p->payload_len == 0)
		return true;
	return f->options.reads && p->sport == DNS_SERVER &&
	       p->payload.len > DNS_FLAGS_AT &&
	       !(p->payload.at[DNS_FLAGS_AT] & DNS_ANSWER);
}

/*
 * Who scans chooses his own port, so that of a service (nmap -g 53) must not make him a
 * server.  No answer looks like that: a segment without SYN, ACK and RST, or with an
 * ACK and nothing else to a port of systems, which no client has; a chunk that asks for
 * an association; a datagram from one port of systems to another, or with no answer in
 * it.
 */
static bool is_no_answer(const struct flows *f, const struct packet *p)
{
	if (p->proto == IPPROTO_TCP)
		return !(p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) ||
		       (p->dport < SYSTEM_PORTS && tcp_is_bare(p));
	if (p->proto == IPPROTO_SCTP)
		return sctp_asks(p);
	/* Only who asks DHCP has a port of systems himself. */
	return p->proto == IPPROTO_UDP && p->dport != DHCP_CLIENT &&
	       ((p->sport < SYSTEM_PORTS && p->dport < SYSTEM_PORTS) ||
		says_nothing(f, p));
}

/* SERVER if the sender of a flow's first packet rather answers than asks. */
static unsigned role_of_sender(const struct flows *f, const struct packet *p)
{
	bool is_tcp = p->proto == IPPROTO_TCP;
	if (is_tcp && (p->tcp_flags & TCP_SYN))
		return p->tcp_flags & TCP_ACK ? SERVER : CLIENT;
	bool has_ports = is_tcp || p->proto == IPPROTO_UDP || p->proto == IPPROTO_SCTP;
	if (!has_ports || addr_is_group(&p->dst) || is_no_answer(f, p))
		return CLIENT;
	return catalog_serves_rather(f->options.catalog, p->proto, p->sport, p->dport)
		       ? SERVER
		       : CLIENT;
}

bool tcp_is_plain_syn(const struct packet *p)
{
	unsigned what = p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST);
	unsigned odd = PACKET_FRAGMENT | PACKET_BAD_CSUM;
	return p->proto == IPPROTO_TCP && what == TCP_SYN && p->payload_len == 0 &&
	       p->ip_len <= UINT8_MAX && p->window != 0 && !(p->flags & odd);
}

/* Nearly full: a segment in the middle of an unknown connection begins no flow. */
static bool is_emergency(const struct flows *f)
{
	return f->table.body_used > f->table.body_max - (f->table.body_max + 15) / 16;
}

/*
 * A source over its share: its flows are not followed, but its packets came.  That a
 * connection of its was completed shows when the server closes it; by what the client
 * says it would be forged.
 */
static void count_refused(struct flows *f, const struct packet *p,
			  const struct keyed *k, unsigned sender)
{
	bool is_client = sender == CLIENT;
	uint16_t service =
		p->flags & PACKET_NO_PORTS
			? SERVICE_NONE
			: services_find(f->services, is_client ? &p->dst : &p->src,
					is_client ? k->dport : k->sport, p->proto);
	if (service == SERVICE_NONE)
		return;
	struct port_sample *now = &services_at(f->services, service)->now;
	if (is_client) {
		now->client_packets++;
		now->client_bytes += p->ip_len;
		now->syns += tcp_is_plain_syn(p);
		services_client(f->services, service, &p->src);
	} else {
		now->server_packets++;
		now->server_bytes += p->ip_len;
		now->handshakes += p->proto == IPPROTO_TCP && (p->tcp_flags & TCP_FIN);
	}
}

void flows_begin(struct flows *f, const struct packet *p, const struct keyed *k)
{
	bool syn = p->proto == IPPROTO_TCP && (p->tcp_flags & TCP_SYN);
	if (p->proto == IPPROTO_TCP)
		unsolicited_segment(f, p);
	if (p->proto == IPPROTO_TCP && !syn && is_emergency(f)) {
		f->stats.flows_refused++;
		return;
	}
	unsigned sender = role_of_sender(f, p);
	const struct addr *client = sender == CLIENT ? &p->src : &p->dst;
	trail_note(&f->trail, p, sender);
	if (!sources_take(f->sources, client)) {
		struct aggregate evicted;
		f->stats.flows_refused++;
		count_refused(f, p, k, sender);
		if (sources_aggregate(f->sources, p, client, k->hash,
				      links_find(&f->links, p), &evicted))
			flows_emit_aggregate(f, &evicted);
		return;
	}
	if (tcp_is_plain_syn(p))
		begin_embryo(f, p, k,
			     services_find(f->services, &p->dst, k->dport, p->proto));
	else
		begin_body(f, p, k, sender);
}

/* Something other than the same SYN again came: the half-open flow gets a body. */
uint32_t flows_promote(struct flows *f, uint32_t ref, const struct keyed *k)
{
	uint32_t number = new_body(f);
	struct embryo *e = table_embryo(&f->table, ref);
	struct body *b = &f->table.bodies[number];
	struct side *client = &b->side[CLIENT];
	b->key = e->key;
	b->proto = IPPROTO_TCP;
	b->live = 1;
	talks_begin(f, b);
	b->link = e->link;
	b->start_us = e->start_us;
	b->last_us = e->last_us;
	b->service = e->service;
	b->state0 = ENDPOINT_SYN_SENT;
	b->flags0 = TCP_SYN;
	client->packets = e->packets;
	client->bytes = (uint64_t)e->packets * e->ip_len;
	client->start_seq = client->acked = e->seq;
	client->top = 1;
	history_add(b, CLIENT, 's');
	table_move(&f->table, k->hash, ref, number);
	table_embryo_free(&f->table, ref);
	return number;
}
