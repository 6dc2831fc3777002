/*
 * conversations.c: a capture of conversations that are told one a line.
 *
 *   conversations < LINES > FILE
 *
 *   AT_US OUTCOME CLIENT PORT SERVER PORT [KEY=VALUE]...
 *
 * in order of time; many may go on at once.  The outcomes are below, the keys: rtt, gap
 * (between rounds), late (before the answer), in microseconds; count (rounds, tries),
 * bytes (of an answer), asks (of a question), ttl, and ask= and answer=, the first
 * bytes in hexadecimal.  Evaluations write days of traffic so, in the time that reading
 * takes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/queue.h"
#include "../bench/wire_icmp.h"

enum {
	LINE_MAX_LEN = 1024,
	SEGMENT = 1400,
	SEGMENTS_MAX = 24, /* of an answer; what is longer is left out */
	QUOTED = 8,        /* of the transport header, in an ICMP error (RFC 792) */
	WRITE_BUFFER = 1 << 22,
};

struct line {
	int64_t at_us;
	struct wire from_client, from_server; /* only ends, protocol and words */
	uint64_t rtt, gap, late, count, bytes, asks, ttl;
};

/* A packet that waits for its time. */
struct waiting {
	struct wire wire;
	int error; /* ICMP error about that packet, type << 8 | code; -1: itself */
};

struct maker {
	struct queue queue;
	struct waiting *waiting;
	uint32_t *unused;
	uint32_t capacity, unused_len;
};

static void fail(const char *what)
{
	fprintf(stderr, "conversations: %s\n", what);
	exit(2);
}

/* ---- writing ---- */

static void write_file_header(void)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} header = { 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1 };
	fwrite(&header, sizeof(header), 1, stdout);
}

/* What the target of that packet sends back. */
static uint32_t error_frame(const struct wire *about, int error, uint8_t *out)
{
	uint8_t frame[HEADERS_MAX + PAYLOAD_SHOWN] = { 0 };
	uint8_t body[8 + 40 + QUOTED] = { (uint8_t)(error >> 8), (uint8_t)error };
	uint32_t quoted = (about->v6 ? 40 : 20) + QUOTED;
	struct wire wire = { .v6 = about->v6,
			     .proto = about->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP };
	wire_frame(about, frame);
	memcpy(body + 8, frame + ETHERNET_LEN, quoted);
	memcpy(wire.src, about->dst, sizeof(wire.src));
	memcpy(wire.dst, about->src, sizeof(wire.dst));
	return wire_icmp(&wire, body, 8 + quoted, out);
}

static bool is_icmp(const struct wire *wire)
{
	return wire->proto == IPPROTO_ICMP || wire->proto == IPPROTO_ICMPV6;
}

static void write_packet(const struct waiting *w, int64_t at_us)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint32_t len = w->error >= 0       ? error_frame(&w->wire, w->error, frame)
		       : is_icmp(&w->wire) ? wire_echo(&w->wire, frame)
					   : wire_frame(&w->wire, frame);
	uint32_t kept =
		len < HEADERS_MAX + PAYLOAD_SHOWN ? len : HEADERS_MAX + PAYLOAD_SHOWN;
	uint32_t header[] = { (uint32_t)(at_us / 1000000), (uint32_t)(at_us % 1000000),
			      kept, len };
	if (w->error < 0 && !w->wire.v6 && w->wire.dst[3] == 255)
		memset(frame, 0xff, 6); /* the broadcast address of a network */
	fwrite(header, sizeof(header), 1, stdout);
	fwrite(frame, kept, 1, stdout);
}

static void write_until(struct maker *m, int64_t at_us)
{
	while (m->queue.len > 0 && m->queue.events[0].at_us < at_us) {
		struct event first = m->queue.events[0];
		write_packet(&m->waiting[first.which], first.at_us);
		queue_drop_first(&m->queue);
		m->unused[m->unused_len++] = first.which;
	}
}

static void grow(struct maker *m)
{
	uint32_t more = m->capacity == 0 ? 4096 : m->capacity;
	m->waiting = realloc(m->waiting, (m->capacity + more) * sizeof(*m->waiting));
	m->unused = realloc(m->unused, (m->capacity + more) * sizeof(*m->unused));
	if (m->waiting == NULL || m->unused == NULL)
		fail("not enough memory");
	for (uint32_t i = 0; i < more; i++)
		m->unused[m->unused_len++] = m->capacity + i;
	m->capacity += more;
}

static void put(struct maker *m, int64_t at_us, const struct wire *wire, int error)
{
	if (m->unused_len == 0)
		grow(m);
	uint32_t which = m->unused[--m->unused_len];
	m->waiting[which] = (struct waiting){ *wire, error };
	if (!queue_put(&m->queue, (struct event){ at_us, which }))
		fail("not enough memory");
}

/* ---- TCP ---- */

/* Both sides of a connection, as far as they have come. */
struct sides {
	struct maker *m;
	const struct line *line;
	int64_t at_us;
	uint32_t seq[2]; /* next of client, of server */
};

enum { CLIENT, SERVER };

static struct sides begin(struct maker *m, const struct line *line)
{
	uint32_t first = permute32((uint32_t)line->at_us ^ line->from_client.sport);
	return (struct sides){ m, line, line->at_us, { first, permute32(first) } };
}

static void segment(struct sides *s, unsigned side, uint8_t flags, uint32_t len,
		    bool shows)
{
	struct wire wire = side == CLIENT ? s->line->from_client : s->line->from_server;
	wire.flags = flags;
	wire.window = flags & TCP_RST ? 0 : 64240;
	wire.seq = s->seq[side];
	wire.ack = s->seq[!side];
	wire.ts_val = (uint32_t)(s->at_us / 1000);
	wire.payload_len = len;
	if (!shows || wire.shown_len > len)
		wire.shown_len = 0;
	put(s->m, s->at_us, &wire, -1);
	s->seq[side] += len + ((flags & (TCP_SYN | TCP_FIN)) != 0);
}

static void wait(struct sides *s, uint64_t us)
{
	s->at_us += (int64_t)(us > 0 ? us : 1);
}

static void shake_hands(struct sides *s)
{
	segment(s, CLIENT, TCP_SYN, 0, false);
	wait(s, s->line->rtt);
	segment(s, SERVER, TCP_SYN | TCP_ACK, 0, false);
	wait(s, s->line->rtt / 2);
	segment(s, CLIENT, TCP_ACK, 0, false);
	wait(s, 1);
}

static void ask_once(struct sides *s, bool first)
{
	uint64_t left = s->line->bytes;
	segment(s, CLIENT, TCP_ACK | TCP_PSH, (uint32_t)s->line->asks, first);
	wait(s, s->line->rtt + s->line->late);
	for (unsigned i = 0; i < SEGMENTS_MAX && left > 0; i++) {
		uint32_t len = left < SEGMENT ? (uint32_t)left : SEGMENT;
		segment(s, SERVER, TCP_ACK | TCP_PSH, len, first && i == 0);
		wait(s, 20);
		left -= len;
	}
	segment(s, CLIENT, TCP_ACK, 0, false);
}

static void converse(struct sides *s)
{
	for (uint64_t i = 0; i < s->line->count; i++) {
		ask_once(s, i == 0);
		wait(s, s->line->gap);
	}
}

static void close_both(struct sides *s)
{
	segment(s, CLIENT, TCP_FIN | TCP_ACK, 0, false);
	wait(s, s->line->rtt);
	segment(s, SERVER, TCP_FIN | TCP_ACK, 0, false);
	wait(s, s->line->rtt / 2);
	segment(s, CLIENT, TCP_ACK, 0, false);
}

static void make_served(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	shake_hands(&s);
	converse(&s);
	close_both(&s);
}

/* The client has enough and resets. */
static void make_reset(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	shake_hands(&s);
	converse(&s);
	segment(&s, CLIENT, TCP_RST | TCP_ACK, 0, false);
}

/* Open before the capture began, and never seen to end. */
static void make_running(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	converse(&s);
}

/* What comes when everybody has forgotten the connection: FIN, ACK, data; then RST. */
static void make_late(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	segment(&s, CLIENT, TCP_FIN | TCP_ACK, 0, false);
	wait(&s, line->rtt);
	segment(&s, SERVER, TCP_RST, 0, false);
}

static void make_late_ack(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	segment(&s, CLIENT, TCP_ACK, line->asks > 0 ? 1 : 0, false);
	wait(&s, line->rtt);
	segment(&s, SERVER, TCP_RST, 0, false);
}

/* Another address was quicker (RFC 8305): the handshake is not completed. */
static void make_given_up(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	segment(&s, CLIENT, TCP_SYN, 0, false);
	wait(&s, line->rtt);
	segment(&s, SERVER, TCP_SYN | TCP_ACK, 0, false);
	wait(&s, line->rtt / 2);
	segment(&s, CLIENT, TCP_RST, 0, false);
}

static void make_refused(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	segment(&s, CLIENT, TCP_SYN, 0, false);
	wait(&s, line->rtt);
	segment(&s, SERVER, TCP_RST | TCP_ACK, 0, false);
}

/* count SYNs after 0, 1, 3, 7 ... seconds, as systems repeat them (RFC 6298). */
static void make_silent(struct maker *m, const struct line *line)
{
	struct sides s = begin(m, line);
	uint64_t pause_us = 1000000;
	for (uint64_t i = 0; i < line->count; i++, pause_us *= 2) {
		segment(&s, CLIENT, TCP_SYN, 0, false);
		s.seq[CLIENT]--;
		wait(&s, pause_us);
	}
}

static int unreachable(const struct line *line, int v4_code, int v6_code)
{
	return line->from_client.v6 ? ICMP6_DST_UNREACH << 8 | v6_code
				    : ICMP_DEST_UNREACH << 8 | v4_code;
}

static void make_no_host(struct maker *m, const struct line *line)
{
	struct wire syn = line->from_client;
	syn.flags = TCP_SYN;
	syn.seq = permute32((uint32_t)line->at_us);
	syn.window = 64240;
	put(m, line->at_us, &syn, -1);
	put(m, line->at_us + (int64_t)line->rtt, &syn,
	    unreachable(line, ICMP_HOST_UNREACH, ICMP6_DST_UNREACH_ADDR));
}

/* ---- UDP ---- */

static void datagram(struct maker *m, int64_t at_us, const struct wire *ends,
		     uint64_t len, bool shows)
{
	struct wire wire = *ends;
	wire.payload_len = (uint32_t)(len < SEGMENT ? len : SEGMENT);
	wire.seq = (uint32_t)at_us; /* the IP identification */
	if (!shows || wire.shown_len > wire.payload_len)
		wire.shown_len = 0;
	put(m, at_us, &wire, -1);
}

static void make_answered(struct maker *m, const struct line *line)
{
	int64_t at_us = line->at_us, step_us = (int64_t)(line->gap + line->rtt + 1);
	for (uint64_t i = 0; i < line->count; i++, at_us += step_us) {
		datagram(m, at_us, &line->from_client, line->asks, true);
		datagram(m, at_us + (int64_t)(line->rtt + line->late + 1),
			 &line->from_server, line->bytes, true);
	}
}

/* Nobody answers. */
static void make_unanswered(struct maker *m, const struct line *line)
{
	for (uint64_t i = 0; i < line->count; i++)
		datagram(m, line->at_us + (int64_t)(i * line->gap), &line->from_client,
			 line->asks, true);
}

static void make_no_port(struct maker *m, const struct line *line)
{
	for (uint64_t i = 0; i < line->count; i++) {
		int64_t at_us = line->at_us + (int64_t)(i * line->gap);
		struct wire about = line->from_client;
		about.payload_len = (uint32_t)line->asks;
		datagram(m, at_us, &line->from_client, line->asks, true);
		put(m, at_us + (int64_t)line->rtt, &about,
		    unreachable(line, ICMP_PORT_UNREACH, ICMP6_DST_UNREACH_NOPORT));
	}
}

/* A router on the way says that the hop limit was too small. */
static void make_expired(struct maker *m, const struct line *line)
{
	struct wire about = line->from_client;
	about.payload_len = (uint32_t)line->asks;
	datagram(m, line->at_us, &line->from_client, line->asks, true);
	put(m, line->at_us + (int64_t)line->rtt, &about,
	    line->from_client.v6 ? ICMP6_TIME_EXCEEDED << 8 : ICMP_TIME_EXCEEDED << 8);
}

/* ---- ICMP: the client's port is the identifier ---- */

static struct wire echo(const struct wire *ends, uint16_t type, uint16_t id,
			uint32_t seq)
{
	struct wire wire = *ends;
	wire.proto = ends->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	wire.sport = type;
	wire.dport = id;
	wire.seq = seq;
	return wire;
}

static void ping(struct maker *m, const struct line *line, bool answers)
{
	bool v6 = line->from_client.v6;
	uint16_t id = line->from_client.sport;
	for (uint32_t i = 0; i < line->count; i++) {
		int64_t at_us = line->at_us + (int64_t)(i * line->gap);
		struct wire asks = echo(&line->from_client,
					v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO, id, i);
		struct wire says = echo(&line->from_server,
					v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY, id, i);
		put(m, at_us, &asks, -1);
		if (answers)
			put(m, at_us + (int64_t)line->rtt, &says, -1);
	}
}

static void make_ping(struct maker *m, const struct line *line)
{
	ping(m, line, true);
}

/* IPv6's question who has an address, and its answer (RFC 4861). */
static void make_solicited(struct maker *m, const struct line *line)
{
	struct wire asks = echo(&line->from_client, ND_NEIGHBOR_SOLICIT, 0, 0);
	struct wire says = echo(&line->from_server, ND_NEIGHBOR_ADVERT, 0, 0);
	put(m, line->at_us, &asks, -1);
	put(m, line->at_us + (int64_t)line->rtt, &says, -1);
}

static void make_ping_dead(struct maker *m, const struct line *line)
{
	ping(m, line, false);
}

/* ---- reading ---- */

struct outcome {
	const char *name;
	uint8_t proto;
	void (*make)(struct maker *m, const struct line *line);
};

static const struct outcome outcomes[] = {
	{ "served", IPPROTO_TCP, make_served },
	{ "reset", IPPROTO_TCP, make_reset },
	{ "running", IPPROTO_TCP, make_running },
	{ "late", IPPROTO_TCP, make_late },
	{ "late_ack", IPPROTO_TCP, make_late_ack },
	{ "given_up", IPPROTO_TCP, make_given_up },
	{ "refused", IPPROTO_TCP, make_refused },
	{ "silent", IPPROTO_TCP, make_silent },
	{ "no_host", IPPROTO_TCP, make_no_host },
	{ "answered", IPPROTO_UDP, make_answered },
	{ "unanswered", IPPROTO_UDP, make_unanswered },
	{ "no_port", IPPROTO_UDP, make_no_port },
	{ "expired", IPPROTO_UDP, make_expired },
	{ "ping", IPPROTO_ICMP, make_ping },
	{ "ping_dead", IPPROTO_ICMP, make_ping_dead },
	{ "solicited", IPPROTO_ICMP, make_solicited },
};

static const struct outcome *outcome_named(const char *name)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strcmp(outcomes[i].name, name) == 0)
			return &outcomes[i];
	return NULL;
}

static void read_address(const char *text, uint8_t *out, uint8_t *v6)
{
	*v6 = strchr(text, ':') != NULL;
	if (inet_pton(*v6 ? AF_INET6 : AF_INET, text, out) != 1)
		fail("not an address");
}

static void read_hex(const char *text, struct wire *wire)
{
	char digits[3] = { 0 };
	for (wire->shown_len = 0; wire->shown_len < PAYLOAD_SHOWN; text += 2) {
		if (text[0] == '\0' || text[1] == '\0')
			return;
		memcpy(digits, text, 2);
		wire->shown[wire->shown_len++] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

static void read_key(char *text, struct line *line)
{
	const struct {
		const char *name;
		uint64_t *into;
	} keys[] = { { "rtt", &line->rtt },     { "gap", &line->gap },
		     { "late", &line->late },   { "count", &line->count },
		     { "bytes", &line->bytes }, { "asks", &line->asks },
		     { "ttl", &line->ttl } };
	char *value = strchr(text, '=');
	if (value == NULL)
		fail("KEY=VALUE");
	*value++ = '\0';
	if (strcmp(text, "ask") == 0)
		read_hex(value, &line->from_client);
	else if (strcmp(text, "answer") == 0)
		read_hex(value, &line->from_server);
	else
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (strcmp(text, keys[i].name) == 0)
				*keys[i].into = strtoull(value, NULL, 10);
}

static void mirror(struct line *line, uint8_t proto)
{
	struct wire *client = &line->from_client, *server = &line->from_server;
	client->proto = server->proto = proto;
	client->ttl = (uint8_t)line->ttl;
	server->v6 = client->v6;
	memcpy(server->src, client->dst, sizeof(server->src));
	memcpy(server->dst, client->src, sizeof(server->dst));
	server->sport = client->dport;
	server->dport = client->sport;
}

static const struct outcome *read_line(char *text, struct line *line)
{
	char *rest, *words[6];
	*line = (struct line){
		.rtt = 500, .gap = 100000, .count = 1, .bytes = 400, .asks = 120
	};
	for (size_t i = 0; i < 6; i++)
		if ((words[i] = strtok_r(i == 0 ? text : NULL, " \n", &rest)) == NULL)
			fail("AT_US OUTCOME CLIENT PORT SERVER PORT");
	const struct outcome *outcome = outcome_named(words[1]);
	if (outcome == NULL)
		fail("no such outcome");
	line->at_us = strtoll(words[0], NULL, 10);
	read_address(words[2], line->from_client.src, &line->from_client.v6);
	line->from_client.sport = (uint16_t)strtoul(words[3], NULL, 10);
	read_address(words[4], line->from_client.dst, &line->from_client.v6);
	line->from_client.dport = (uint16_t)strtoul(words[5], NULL, 10);
	for (char *key; (key = strtok_r(NULL, " \n", &rest)) != NULL;)
		read_key(key, line);
	mirror(line, outcome->proto);
	return outcome;
}

int main(void)
{
	static struct maker maker;
	static char text[LINE_MAX_LEN];
	setvbuf(stdout, NULL, _IOFBF, WRITE_BUFFER);
	write_file_header();
	while (fgets(text, sizeof(text), stdin) != NULL) {
		struct line line;
		const struct outcome *outcome = read_line(text, &line);
		write_until(&maker, line.at_us);
		outcome->make(&maker, &line);
	}
	write_until(&maker, INT64_MAX);
	free(maker.queue.events);
	free(maker.waiting);
	free(maker.unused);
	return ferror(stdout) || fflush(stdout) != 0;
}
