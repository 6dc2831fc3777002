/*
 * flows.c: from packets to flows, and their ends.
 *
 * A batch goes through in three passes, so that the memory of one packet's flow is
 * on its way while the others are hashed: hash and fetch buckets; fetch
 * flows; then update, in order.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "flow/history.h"
#include "flow/state.h"

enum { HOLES_MAX = 4096 };

struct flows *flows_new(const struct flow_options *options,
			const struct flow_sink *sink)
{
	struct flows *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->options = *options;
	f->sink = *sink;
	f->now_us = INT64_MIN;
	f->due_us = INT64_MIN;
	f->links.count = 1;
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		f->wheel[i] = TABLE_NONE;
	f->holes = holes_new(HOLES_MAX);
	f->services = services_new(&options->key);
	f->sources = sources_new(&options->key, options->source_share,
				 options->flows_max + options->half_open_max);
	if (!table_init(&f->table, &options->key, options->flows_max,
			options->half_open_max) ||
	    !talks_init(&f->talks, f, options->reads ? options->flows_max : 0) ||
	    !contacts_init(&f->contacts, f) || !unsolicited_init(&f->unsolicited, f) ||
	    !amplification_init(&f->amplifications, f) ||
	    !trail_init(&f->trail, options->trail_max) || f->holes == NULL ||
	    f->services == NULL || f->sources == NULL) {
		flows_free(f);
		return NULL;
	}
	return f;
}

void flows_free(struct flows *f)
{
	if (f == NULL)
		return;
	table_fini(&f->table);
	holes_free(f->holes);
	if (f->services != NULL)
		services_free(f->services);
	sources_free(f->sources);
	talks_fini(&f->talks);
	contacts_fini(&f->contacts, f);
	unsolicited_fini(&f->unsolicited);
	amplification_fini(&f->amplifications);
	trail_fini(&f->trail);
	free(f);
}

/*
 * ICMP's "ports" are type and counterpart, as in Zeek and Community ID; a message
 * without a counterpart has type and code, and no other direction.
 */
static void icmp_ports(uint8_t proto, uint8_t type, uint8_t code, struct keyed *k)
{
	static const uint8_t pairs4[][2] = {
		{ 8, 0 }, { 13, 14 }, { 15, 16 }, { 10, 9 }, { 17, 18 }
	};
	static const uint8_t pairs6[][2] = { { 128, 129 }, { 133, 134 }, { 135, 136 },
					     { 130, 131 }, { 139, 140 }, { 144, 145 } };
	bool is_v4 = proto == IPPROTO_ICMP;
	const uint8_t(*pairs)[2] = is_v4 ? pairs4 : pairs6;
	size_t count = is_v4 ? sizeof(pairs4) / 2 : sizeof(pairs6) / 2;
	k->sport = type;
	for (size_t i = 0; i < count; i++) {
		if (pairs[i][0] != type && pairs[i][1] != type)
			continue;
		k->dport = pairs[i][0] == type ? pairs[i][1] : pairs[i][0];
		return;
	}
	k->dport = code;
	k->one_way = true;
}

static void key_packet(const struct flows *f, const struct packet *p, struct keyed *k)
{
	k->sport = p->sport;
	k->dport = p->dport;
	k->one_way = false;
	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		icmp_ports(p->proto, (uint8_t)p->sport, (uint8_t)p->dport, k);
	k->hash = table_hash(&f->table, p, k->sport, k->dport, k->one_way);
}

void body_asked(struct body *b)
{
	b->turn_open = 1;
	b->turn_at = body_now32(b);
}

void body_answered(struct flows *f, struct body *b)
{
	b->turn_open = 0;
	body_note_answer(f, b, body_now32(b) - b->turn_at);
}

void body_note_answer(struct flows *f, struct body *b, uint32_t took)
{
	SATURATE(b->responses, 1, 24);
	SATURATE(b->response_sum_us, took, 40);
	uint32_t *most = talks_response_max(f, b);
	if (took > *most)
		*most = took;
	services_response(f->services, b->service, took);
}

static void count_packet(struct flows *f, struct body *b, const struct packet *p,
			 unsigned side)
{
	struct side *mine = &b->side[side];
	SATURATE(mine->bytes, p->ip_len, 48);
	SATURATE(mine->packets, 1, 40);
	if (side == CLIENT)
		b->flags0 |= p->tcp_flags;
	else
		b->flags1 |= p->tcp_flags;
	if (b->service == SERVICE_NONE)
		return;
	struct port_sample *now = &services_at(f->services, b->service)->now;
	if (side == CLIENT) {
		now->client_packets++;
		now->client_bytes += p->ip_len;
	} else {
		now->server_packets++;
		now->server_bytes += p->ip_len;
	}
	now->syns += side == CLIENT && (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	now->payload_bytes += p->payload_len;
	now->data_packets += p->payload_len > 0;
	/* Once a second and flow is enough to know who its client is. */
	if (body_last(b) < f->second_us || mine->packets == 1)
		services_client(f->services, b->service, &b->key.addr[CLIENT]);
}

static void conversation(struct flows *f, struct body *b, const struct packet *p,
			 unsigned side)
{
	struct side *mine = &b->side[side];
	SATURATE(mine->top, p->payload_len, 48);
	if (b->proto == IPPROTO_UDP) {
		unsigned bit = 1u << side;
		if (!(b->datas & bit))
			history_add(b, side, 'd');
		b->datas |= bit & 3;
	}
	body_touch(b, p->at_us);
	unsolicited_packet(f, b, p, side);
	if (side == SERVER)
		amplification_packet(f, b, p);
	if (side == SERVER && b->proto == IPPROTO_SCTP)
		contacts_associates(f, (uint32_t)(b - f->table.bodies), p);
	if (b->listens)
		talks_datagram(f, (uint32_t)(b - f->table.bodies), p, side);
	if (b->listens && talks_times_answers(&f->talks, b))
		b->turn_open = 0;
	else if (side == SERVER && b->turn_open)
		body_answered(f, b);
	else if (side == CLIENT && !b->one_way)
		body_asked(b);
}

void flows_update(struct flows *f, uint32_t number, const struct packet *p,
		  unsigned side)
{
	struct body *b = &f->table.bodies[number];
	count_packet(f, b, p, side);
	if (side == SERVER && b->side[SERVER].packets == 1)
		contacts_server_speaks(f, number, p);
	if (p->flags & PACKET_BAD_CSUM)
		history_checksum(b, side);
	if (b->proto == IPPROTO_TCP && !(p->flags & PACKET_LATER_FRAGMENT))
		tcp_segment(f, number, p, side);
	else if (b->proto == IPPROTO_TCP)
		body_touch(b, p->at_us);
	else
		conversation(f, b, p, side);
}

/* True if the packet is the embryo's SYN sent again; it is then counted. */
static bool is_same_syn(struct flows *f, struct embryo *e, const struct packet *p,
			unsigned side)
{
	if (side != CLIENT || !tcp_is_plain_syn(p) || p->seq != e->seq ||
	    p->ip_len != e->ip_len || e->packets == UINT8_MAX)
		return false;
	e->packets++;
	/* Less than FLOWS_EMBRYO_US: the caller has looked. */
	if (p->at_us > embryo_start(e))
		e->last_us = (uint32_t)(p->at_us - embryo_start(e)) & 0xffffff;
	struct port_sample *now = &services_at(f->services, e->service)->now;
	now->client_packets++;
	now->client_bytes += p->ip_len;
	now->syns++;
	return true;
}

static void take_half_open(struct flows *f, uint32_t ref, const struct packet *p,
			   const struct keyed *k, unsigned side)
{
	struct embryo *e = table_embryo(&f->table, ref);
	if (embryo_deadline(e) <= p->at_us) {
		flows_end_embryo(f, ref, "timeout");
		flows_begin(f, p, k);
		return;
	}
	contacts_walk(f, p->at_us);
	if (is_same_syn(f, e, p, side))
		return;
	bool syn = (p->tcp_flags & TCP_SYN) && !(p->tcp_flags & TCP_ACK);
	if (syn && p->seq != e->seq) {
		flows_end_embryo(f, ref, "replaced");
		flows_begin(f, p, k);
		return;
	}
	trail_note(&f->trail, p, side);
	uint32_t number = flows_promote(f, ref, k);
	contacts_promote(f, ref, number, side == SERVER);
	flows_update(f, number, p, side);
}

/* An ICMP error says that the flow it quotes did not get through. */
void flows_quoted(struct flows *f, const struct packet *p)
{
	struct packet quoted = { .src = p->quoted_src,
				 .dst = p->quoted_dst,
				 .proto = p->quoted_proto,
				 .sport = p->quoted_sport,
				 .dport = p->quoted_dport };
	bool unreachable = p->proto == IPPROTO_ICMP ? p->sport == 3 && p->dport != 4
						    : p->sport == 1;
	struct keyed k;
	key_packet(f, &quoted, &k);
	struct table_query query = { &quoted.src, &quoted.dst,  k.sport,
				     k.dport,     quoted.proto, k.one_way };
	unsigned side;
	uint32_t ref =
		unreachable ? table_find(&f->table, k.hash, &query, &side) : TABLE_NONE;
	if (ref == TABLE_NONE || side != CLIENT)
		return;
	if (ref & TABLE_EMBRYO) {
		if (embryo_deadline(table_embryo(&f->table, ref)) <= p->at_us)
			return;
		uint32_t number = flows_promote(f, ref, &k);
		contacts_promote(f, ref, number, true);
		ref = number;
	}
	struct body *b = &f->table.bodies[ref];
	/* An answered flow is not rejected by what a stranger may have forged. */
	if (b->side[SERVER].packets > 0 || flows_deadline(b) <= p->at_us || b->rejected)
		return;
	b->rejected = 1;
	contacts_rejected(f, ref, p->at_us);
	if (b->proto != IPPROTO_TCP)
		flows_count_end(f, b, false);
}

/* The deadline of most, without asking for it: established, and not silent for long. */
static bool is_fresh(const struct body *b, int64_t at_us)
{
	return b->handshaken && !b->ending && at_us < body_last(b) + FLOWS_SILENCE_US;
}

/* The first few, then what ends or begins it by force, then what may be a login. */
static inline bool is_evidence(const struct body *b, const struct packet *p)
{
	uint64_t before = b->side[CLIENT].packets + b->side[SERVER].packets;
	return before < TRAIL_FIRST || (p->tcp_flags & (TCP_SYN | TCP_RST)) != 0 ||
	       (b->listens && before < TRAIL_TALK && p->payload_len > 0);
}

size_t flows_packets(const struct flows *f, const struct packets_wanted *wanted,
		     packets_emit emit, void *to)
{
	return trail_find(&f->trail, wanted, emit, to);
}

static void take_one(struct flows *f, const struct packet *p, const struct keyed *k)
{
	f->stats.packets++;
	f->stats.bytes += p->ip_len;
	flows_time(f, p->at_us);
	if (p->flags & PACKET_QUOTES)
		flows_quoted(f, p);
	struct table_query query = { &p->src,  &p->dst,  k->sport,
				     k->dport, p->proto, k->one_way };
	unsigned side;
	uint32_t ref = k->guess;
	if (!table_is(&f->table, ref, &query, &side))
		ref = table_find(&f->table, k->hash, &query, &side);
	if (ref == TABLE_NONE) {
		flows_begin(f, p, k);
		return;
	}
	if (ref & TABLE_EMBRYO) {
		take_half_open(f, ref, p, k, side);
		return;
	}
	const struct body *b = &f->table.bodies[ref];
	bool is_over = !is_fresh(b, p->at_us) && flows_deadline(b) <= p->at_us;
	if (is_over || (p->proto == IPPROTO_TCP && tcp_is_reuse(b, p))) {
		flows_end_body(f, ref,
			       is_over || b->ending ? flows_end_reason(b) : "replaced");
		flows_begin(f, p, k);
		return;
	}
	if (is_evidence(b, p))
		trail_note(&f->trail, p, side);
	flows_update(f, ref, p, side);
}

void flows_take(struct flows *f, const struct packet *packets, size_t count)
{
	struct keyed keys[FLOWS_BATCH];
	for (size_t i = 0; i < count; i++) {
		key_packet(f, &packets[i], &keys[i]);
		__builtin_prefetch(table_bucket(&f->table, keys[i].hash));
	}
	for (size_t i = 0; i < count; i++)
		keys[i].guess = table_prefetch(&f->table, keys[i].hash);
	for (size_t i = 0; i < count; i++)
		take_one(f, &packets[i], &keys[i]);
}

void flows_list(struct flows *f)
{
	struct flow_record record;
	if (f->sink.flow == NULL)
		return;
	for (uint64_t i = f->table.embryo_tail; i != f->table.embryo_head; i++) {
		const struct embryo *e = &f->table.embryos[i % f->table.embryo_max];
		if (e->packets == 0)
			continue;
		export_embryo(f, e, "active", &record);
		f->sink.flow(f->sink.self, &record);
	}
	for (uint32_t i = 0; i < f->table.body_fresh; i++)
		if (f->table.bodies[i].live)
			flows_emit_body(f, &f->table.bodies[i], "active");
}

void flows_finish(struct flows *f)
{
	uint32_t ref;
	while ((ref = table_embryo_oldest(&f->table)) != TABLE_NONE)
		flows_end_embryo(f, ref, flows_shutdown);
	for (uint32_t i = 0; i < f->table.body_fresh; i++) {
		const struct body *b = &f->table.bodies[i];
		if (b->live)
			flows_end_body(f, i,
				       b->ending || b->rejected ? flows_end_reason(b)
								: flows_shutdown);
	}
	flows_collect_aggregates(f, INT64_MAX);
	if (f->now_us == INT64_MIN)
		return;
	flows_flush_second(f, INT64_MAX);
	f->sink.tick(f->sink.self, f->second_us + SECOND_US);
}

void flows_stats(const struct flows *f, struct flow_stats *stats)
{
	*stats = f->stats;
	stats->half_open = f->table.embryo_used;
	stats->services = services_count(f->services);
	stats->sources = sources_aggregated(f->sources);
	stats->turns_cut = f->talks.unkept;
	stats->memory_bytes =
		f->table.memory_bytes + services_memory(f->services) +
		sources_memory(f->sources) + talks_memory(&f->talks) +
		contacts_memory(&f->contacts, f) + unsolicited_memory(&f->unsolicited) +
		sizeof(f->networks) + amplification_memory(&f->amplifications) +
		trail_memory(&f->trail);
	stats->contacts_left_out = f->contacts.sieve.left_out + f->unsolicited.left_out;
}
