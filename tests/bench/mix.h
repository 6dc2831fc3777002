/*
 * mix.h: the traffic of a busy server network, one packet after the other.
 *
 * Each conversation is a small state machine that writes its next packet and says
 * when the one after is due.  What it sends is described in generate.c.
 */
#pragma once

#include <stdio.h>

#include "queue.h"
#include "wire.h"

#define PARETO_ALPHA 1.2

enum {
	RESPONSE_MIN = 2500,
	RESPONSE_MAX = 20000000,
	PACKETS_PER_FLOW = 20, /* about their mean, which spaces arrivals */
	SERVERS = 500,
	RESOLVERS = 4,
	CLIENTS = 30000,
	START_S = 1700000000,
	ACK_EVERY = 2,
	RESEND_AFTER = 3, /* packets of the connection between loss and repetition */
};

enum phase {
	PHASE_SYN,
	PHASE_SYN_AGAIN,
	PHASE_SYN_ACK,
	PHASE_REFUSE,
	PHASE_HANDSHAKE_ACK,
	PHASE_REQUEST,
	PHASE_RESPONSE,
	PHASE_FIN,
	PHASE_FIN_ACK,
	PHASE_LAST_ACK,
	PHASE_RESET,
	PHASE_QUERY,
	PHASE_ANSWER,
	PHASE_STREAM,
	PHASE_DONE,
};

/* One direction of a connection. */
struct side {
	uint32_t seq, left; /* bytes of this turn still to send */
	uint32_t resend_seq, resend_len, resend_in;
	uint32_t swap_seq, swap_len; /* segment held back one packet */
};

struct conversation {
	int64_t at_us;
	uint8_t addresses[2][16]; /* client, server */
	uint16_t ports[2];
	uint8_t v6, udp, phase, unacked, ends_in_reset, hides;
	uint32_t turns, rtt_us;
	struct side sides[2];
};

struct totals {
	uint64_t packets, bytes, flows, v6, udp, resent, swapped, open_max;
};

struct generator {
	FILE *file;
	uint64_t random;
	uint32_t snap;
	struct totals totals;
	struct conversation *all;
	uint32_t *unused;
	uint32_t capacity, unused_len;
	struct queue queue;
	uint8_t frame[FRAME_MAX + HEADERS_MAX];
};

/* Bounded Pareto by inversion of its distribution function. */
static inline uint32_t pareto(uint64_t *state, double low, double high)
{
	double ratio = pow(low / high, PARETO_ALPHA);

	return (uint32_t)(low /
			  pow(1 - random_unit(state) * (1 - ratio), 1 / PARETO_ALPHA));
}

static inline void write_packet(struct generator *generator, int64_t at_us,
				const struct wire *wire)
{
	uint32_t len = wire_frame(wire, generator->frame), used = len;
	uint32_t header[4];

	if (len < FRAME_MIN)
		used = len = FRAME_MIN;
	if (used > generator->snap)
		used = generator->snap;
	header[0] = (uint32_t)(at_us / 1000000);
	header[1] = (uint32_t)(at_us % 1000000);
	header[2] = used;
	header[3] = len;
	fwrite(header, sizeof(header), 1, generator->file);
	fwrite(generator->frame, used, 1, generator->file);
	memset(generator->frame, 0, HEADERS_MAX + PAYLOAD_SHOWN);
	generator->totals.packets++;
	generator->totals.bytes += len;
	generator->totals.v6 += wire->v6;
	generator->totals.udp += wire->proto == IPPROTO_UDP;
}

static inline bool grow(struct generator *generator)
{
	uint32_t old = generator->capacity, capacity = old ? old * 2 : 4096;

	generator->all = realloc(generator->all, capacity * sizeof(*generator->all));
	generator->unused = realloc(generator->unused, capacity * sizeof(uint32_t));
	if (!generator->all || !generator->unused)
		return false;
	for (uint32_t i = capacity; i > old; i--)
		generator->unused[generator->unused_len++] = i - 1;
	generator->capacity = capacity;
	return true;
}

/* A few servers have most of the clients; which is the same for both IP versions. */
static inline uint32_t choose_server(uint64_t *random)
{
	double skew = random_unit(random);

	return (uint32_t)(SERVERS * skew * skew);
}

/* Each IPv6 client has a /64 of its own, as customers of an access network have. */
static inline void set_addresses(struct conversation *talk, uint32_t client,
				 uint32_t server)
{
	if (talk->v6) {
		memcpy(talk->addresses[0], "\x20\x01\x0d\xb8", 4);
		put32(talk->addresses[0] + 4, client + 1);
		talk->addresses[0][15] = 1;
		memcpy(talk->addresses[1], "\x20\x01\x0d\xb8", 4);
		put32(talk->addresses[1] + 12, server);
	} else {
		put32(talk->addresses[0], 0x64400000u + client); /* 100.64.0.0/10 */
		put32(talk->addresses[1], 0x0a000000u + server);
	}
}

/* A server offers one service, and SSH. */
static inline uint16_t choose_tcp_port(uint64_t *random, uint32_t server)
{
	static const struct {
		uint16_t port, percent;
	} mix[] = { { 443, 57 }, { 80, 16 },  { 5432, 6 }, { 3306, 5 }, { 6379, 4 },
		    { 25, 3 },   { 8080, 3 }, { 993, 2 },  { 389, 2 },  { 445, 2 } };
	uint32_t draw = permute32(server + 1) % 100;

	if (random_unit(random) < 0.04)
		return 22;
	for (size_t i = 0; i < sizeof(mix) / sizeof(mix[0]); i++) {
		if (draw < mix[i].percent)
			return mix[i].port;
		draw -= mix[i].percent;
	}
	return 443;
}

static inline uint32_t response_size(struct generator *generator)
{
	return pareto(&generator->random, RESPONSE_MIN, RESPONSE_MAX);
}

static inline void begin_udp(struct generator *generator, struct conversation *talk)
{
	uint64_t *random = &generator->random;
	bool is_query = random_unit(random) < 0.9;
	uint32_t server = choose_server(random);

	set_addresses(talk, random_below(random, CLIENTS),
		      is_query ? server % RESOLVERS : server);
	talk->ports[1] = is_query ? 53 : 443;
	talk->phase = is_query ? PHASE_QUERY : PHASE_STREAM;
	talk->hides = is_query && random_unit(random) < 0.02;
	talk->sides[1].left = response_size(generator);
}

static inline void begin_tcp(struct generator *generator, struct conversation *talk)
{
	uint64_t *random = &generator->random;
	double fate = random_unit(random);
	uint32_t server = choose_server(random);

	set_addresses(talk, random_below(random, CLIENTS), server);
	talk->ports[1] = choose_tcp_port(random, server);
	talk->phase = PHASE_SYN;
	talk->hides = fate < 0.02 ? 1 : fate < 0.03 ? 2 : 0; /* ignored, refused */
	talk->ends_in_reset = random_unit(random) < 0.1;
	talk->turns = 1;
	while (talk->turns < 50 && random_unit(random) < 0.6)
		talk->turns++;
	talk->sides[0].seq = (uint32_t)random_next(random);
	talk->sides[1].seq = (uint32_t)random_next(random);
}

/* Keeps shares of packets, which single large connections would upset. */
static inline bool choose_share(struct generator *generator, uint64_t have,
				double share, double high, double low)
{
	bool is_short = (double)have < share * (double)generator->totals.packets;

	return random_unit(&generator->random) < (is_short ? high : low);
}

static inline bool open_conversation(struct generator *generator, int64_t at_us)
{
	struct conversation *talk;
	uint32_t which;

	if (generator->unused_len == 0 && !grow(generator))
		return false;
	which = generator->unused[--generator->unused_len];
	talk = &generator->all[which];
	*talk = (struct conversation){ .at_us = at_us };
	talk->v6 = choose_share(generator, generator->totals.v6, 0.4, 0.6, 0.2);
	talk->udp = choose_share(generator, generator->totals.udp, 0.1, 0.7, 0.05);
	talk->rtt_us = 300 + (uint32_t)random_exponential(&generator->random, 15000);
	talk->ports[0] = (uint16_t)(32768 + random_below(&generator->random, 28232));
	if (talk->udp)
		begin_udp(generator, talk);
	else
		begin_tcp(generator, talk);
	generator->totals.flows++;
	if (generator->queue.len + 1 > generator->totals.open_max)
		generator->totals.open_max = generator->queue.len + 1;
	return queue_put(&generator->queue, (struct event){ at_us, which });
}

static inline void send_segment(struct generator *generator,
				const struct conversation *talk, int from, uint32_t seq,
				uint8_t flags, uint32_t payload_len)
{
	struct wire wire = {
		.sport = talk->ports[from],
		.dport = talk->ports[!from],
		.window = flags & TCP_RST ? 0 : 501,
		.v6 = talk->v6,
		.proto = talk->udp ? IPPROTO_UDP : IPPROTO_TCP,
		.flags = flags,
		.seq = seq,
		.ack = talk->sides[!from].seq,
		.payload_len = payload_len,
		.ts_val = (uint32_t)(talk->at_us / 1000),
		.ts_ecr = (uint32_t)((talk->at_us - talk->rtt_us) / 1000),
	};

	memcpy(wire.src, talk->addresses[from], 16);
	memcpy(wire.dst, talk->addresses[!from], 16);
	if (talk->udp && talk->ports[1] == 53) {
		put16(wire.shown, talk->ports[0]);
		wire.shown[2] = from == 0 ? 0x01 : 0x81;
		wire.shown[5] = 1;
		memcpy(wire.shown + 12, "\3www\7example\3org\0\0\1\0\1", 21);
		wire.shown_len = 33;
	}
	write_packet(generator, talk->at_us, &wire);
}

static inline uint32_t segment_max(const struct conversation *talk)
{
	return talk->v6 ? 1428 : 1448;
}

/* Next data segment of a side; sometimes one is held back or sent twice. */
static inline void send_data(struct generator *generator, struct conversation *talk,
			     int from)
{
	struct side *side = &talk->sides[from];
	uint32_t len = segment_max(talk), seq = side->seq;
	double fate = random_unit(&generator->random);

	if (len > side->left)
		len = side->left;
	side->seq += len;
	side->left -= len;
	if (fate < 0.02 && side->resend_len == 0) {
		side->resend_seq = seq;
		side->resend_len = len;
		side->resend_in = RESEND_AFTER;
	} else if (fate < 0.025 && side->left > 0) {
		side->swap_seq = seq;
		side->swap_len = len;
		generator->totals.swapped++;
		return;
	}
	send_segment(generator, talk, from, seq,
		     side->left ? TCP_ACK : TCP_ACK | TCP_PSH, len);
	if (side->swap_len > 0) {
		talk->at_us += 2;
		send_segment(generator, talk, from, side->swap_seq, TCP_ACK,
			     side->swap_len);
		side->swap_len = 0;
	}
}

/* True if a repetition was due and sent instead of new data. */
static inline bool send_again(struct generator *generator, struct conversation *talk,
			      int from)
{
	struct side *side = &talk->sides[from];

	if (side->resend_len == 0 || (--side->resend_in > 0 && side->left > 0))
		return false;
	send_segment(generator, talk, from, side->resend_seq, TCP_ACK,
		     side->resend_len);
	side->resend_len = 0;
	generator->totals.resent++;
	return true;
}

static inline void wait_us(struct generator *generator, struct conversation *talk,
			   double mean)
{
	talk->at_us += 1 + (int64_t)random_exponential(&generator->random, mean);
}

/* One packet of the turn of a side; the other acknowledges every second. */
static inline void continue_turn(struct generator *generator, struct conversation *talk,
				 int from)
{
	struct side *side = &talk->sides[from];

	if (talk->unacked >= ACK_EVERY && side->swap_len == 0) {
		send_segment(generator, talk, !from, talk->sides[!from].seq, TCP_ACK,
			     0);
		talk->unacked = 0;
	} else if (!send_again(generator, talk, from)) {
		send_data(generator, talk, from);
		talk->unacked++;
	}
	wait_us(generator, talk, 120);
	if (side->left > 0 || side->resend_len > 0)
		return;
	talk->unacked = 0;
	if (from == 0) {
		talk->sides[1].left = response_size(generator);
		talk->phase = PHASE_RESPONSE;
		wait_us(generator, talk, talk->rtt_us + 5000);
	} else {
		send_segment(generator, talk, 0, talk->sides[0].seq, TCP_ACK, 0);
		talk->phase = talk->ends_in_reset ? PHASE_RESET : PHASE_FIN;
		if (--talk->turns > 0)
			talk->phase = PHASE_REQUEST;
		wait_us(generator, talk, 1000000);
	}
}

static inline void begin_request(struct generator *generator, struct conversation *talk)
{
	if (talk->sides[0].left == 0 && talk->sides[0].resend_len == 0)
		talk->sides[0].left = pareto(&generator->random, 80, 20000);
	continue_turn(generator, talk, 0);
}

static inline void answer_syn(struct generator *generator, struct conversation *talk)
{
	talk->sides[0].seq++;
	if (talk->phase == PHASE_REFUSE) {
		send_segment(generator, talk, 1, 0, TCP_RST | TCP_ACK, 0);
		talk->phase = PHASE_DONE;
		return;
	}
	send_segment(generator, talk, 1, talk->sides[1].seq, TCP_SYN | TCP_ACK, 0);
	talk->sides[1].seq++;
	talk->phase = PHASE_HANDSHAKE_ACK;
	wait_us(generator, talk, 200);
}

static inline void open_tcp(struct generator *generator, struct conversation *talk)
{
	send_segment(generator, talk, 0, talk->sides[0].seq, TCP_SYN, 0);
	if (talk->hides == 1) {
		talk->phase = talk->phase == PHASE_SYN ? PHASE_SYN_AGAIN : PHASE_DONE;
		talk->at_us += 1000000;
	} else {
		talk->phase = talk->hides == 2 ? PHASE_REFUSE : PHASE_SYN_ACK;
		talk->at_us += talk->rtt_us;
	}
}

static inline void close_tcp(struct generator *generator, struct conversation *talk)
{
	int from = talk->phase == PHASE_FIN_ACK;

	send_segment(generator, talk, from, talk->sides[from].seq, TCP_FIN | TCP_ACK,
		     0);
	talk->sides[from].seq++;
	talk->phase = from ? PHASE_LAST_ACK : PHASE_FIN_ACK;
	wait_us(generator, talk, talk->rtt_us);
}

/* Datagrams of 1,350 bytes from the server, a short one back for every fourth. */
static inline void stream_udp(struct generator *generator, struct conversation *talk)
{
	struct side *side = &talk->sides[1];

	if (talk->turns++ == 0) {
		send_segment(generator, talk, 0, 0, 0, 1200);
		talk->at_us += talk->rtt_us;
		return;
	}
	if (talk->turns % 5 == 4) {
		send_segment(generator, talk, 0, 0, 0, 32);
	} else {
		uint32_t len = side->left < 1350 ? side->left : 1350;

		send_segment(generator, talk, 1, 0, 0, len);
		side->left -= len;
	}
	if (side->left == 0)
		talk->phase = PHASE_DONE;
	wait_us(generator, talk, 200);
}

static inline void query_udp(struct generator *generator, struct conversation *talk)
{
	if (talk->phase == PHASE_ANSWER) {
		send_segment(generator, talk, 1, 0, 0,
			     60 + random_below(&generator->random, 350));
		talk->phase = PHASE_DONE;
		return;
	}
	send_segment(generator, talk, 0, 0, 0,
		     33 + random_below(&generator->random, 20));
	talk->phase = talk->hides ? PHASE_DONE : PHASE_ANSWER;
	wait_us(generator, talk, 8000);
}

/* Writes the conversation's next packet and sets the time of the one after. */
static inline void step(struct generator *generator, struct conversation *talk)
{
	switch ((enum phase)talk->phase) {
	case PHASE_SYN:
	case PHASE_SYN_AGAIN:
		open_tcp(generator, talk);
		break;
	case PHASE_SYN_ACK:
	case PHASE_REFUSE:
		answer_syn(generator, talk);
		break;
	case PHASE_HANDSHAKE_ACK:
		send_segment(generator, talk, 0, talk->sides[0].seq, TCP_ACK, 0);
		talk->phase = PHASE_REQUEST;
		wait_us(generator, talk, 500);
		break;
	case PHASE_REQUEST:
		begin_request(generator, talk);
		break;
	case PHASE_RESPONSE:
		continue_turn(generator, talk, 1);
		break;
	case PHASE_FIN:
	case PHASE_FIN_ACK:
		close_tcp(generator, talk);
		break;
	case PHASE_LAST_ACK:
		send_segment(generator, talk, 0, talk->sides[0].seq, TCP_ACK, 0);
		talk->phase = PHASE_DONE;
		break;
	case PHASE_RESET:
		send_segment(generator, talk, 0, talk->sides[0].seq, TCP_RST | TCP_ACK,
			     0);
		talk->phase = PHASE_DONE;
		break;
	case PHASE_QUERY:
	case PHASE_ANSWER:
		query_udp(generator, talk);
		break;
	case PHASE_STREAM:
		stream_udp(generator, talk);
		break;
	case PHASE_DONE:
		break;
	}
}
