/*
 * blaster.c: what a monitor can't like, onto an interface, as fast as it goes.
 *
 *   blaster INTERFACE SECONDS KIND TARGET [PACKETS_PER_SECOND]
 *
 * Sources are forged, each packet has another; the kinds are below.  TARGET is an
 * address; of hosts beside it, the last 16 bits vary.  Prints how many were sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../bench/wire_icmp.h"

enum {
	BATCH = 64,
	SLOT = HEADERS_MAX + PAYLOAD_SHOWN,
	TURN = 200000,   /* sources that come in turn: more than a table holds */
	SCAN_PORTS = 20, /* of each source that scans */
	SERVED = 80,
};

struct blaster {
	uint8_t target[16];
	uint8_t v6;
	uint64_t chance, sent;
};

static uint32_t draw(struct blaster *b)
{
	return (uint32_t)(random_next(&b->chance) >> 16);
}

/* 20.0.0.0 to 98.255.255.255, or 2a00::/13 with any host behind it. */
static void forge(struct blaster *b, struct wire *wire, uint32_t number)
{
	put32(wire->src, (20 + number % 79) << 24 | permute32(number) >> 8);
	if (!wire->v6)
		return;
	put32(wire->src, 0x2a000000 | permute32(number) >> 13);
	put32(wire->src + 4, permute32(number ^ 0x5bd1e995));
	put32(wire->src + 8, draw(b));
	put32(wire->src + 12, draw(b));
}

static struct wire packet(struct blaster *b, uint8_t proto)
{
	struct wire wire = {
		.v6 = b->v6, .proto = proto, .dport = SERVED, .window = 512
	};
	memcpy(wire.dst, b->target, sizeof(wire.dst));
	forge(b, &wire, draw(b));
	wire.sport = (uint16_t)(1024 + draw(b) % 60000);
	wire.flags = TCP_SYN;
	wire.seq = draw(b);
	return wire;
}

/* ---- kinds ---- */

static uint32_t make_syn(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	return wire_frame(&wire, out);
}

static uint32_t make_syn_ports(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	wire.dport = (uint16_t)draw(b);
	return wire_frame(&wire, out);
}

static uint32_t make_udp(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_UDP);
	wire.payload_len = 18;
	return wire_frame(&wire, out);
}

static uint32_t make_udp_ports(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_UDP);
	wire.dport = (uint16_t)draw(b);
	wire.payload_len = 18;
	return wire_frame(&wire, out);
}

static uint32_t make_icmp(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, b->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	wire.sport = b->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	wire.dport = (uint16_t)draw(b);
	return wire_echo(&wire, out);
}

/* Any flags to any port. */
static uint32_t make_flags(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	wire.dport = (uint16_t)draw(b);
	wire.flags = (uint8_t)draw(b);
	wire.ack = draw(b);
	return wire_frame(&wire, out);
}

/* First fragments of eight bytes, of datagrams that are never whole. */
static uint32_t make_fragments(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	uint8_t *ip = out + ETHERNET_LEN;
	wire_frame(&wire, out);
	if (b->v6)
		return ETHERNET_LEN + 40 + 8;
	put16(ip + 2, 20 + 8);
	put16(ip + 6, 0x2000); /* more fragments */
	put16(ip + 10, 0);
	put16(ip + 10, checksum_end(checksum_add(0, ip, 20)));
	return FRAME_MIN;
}

/* Any source, any port, any of the hosts beside the target. */
static uint32_t make_churn(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	wire.dport = (uint16_t)draw(b);
	put16(wire.dst + (b->v6 ? 14 : 2), draw(b) & 0xffff);
	return wire_frame(&wire, out);
}

/* The same sources in turn, each time at another port: who is evicted comes again. */
static uint32_t make_turns(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	uint32_t round = (uint32_t)(b->sent / TURN);
	forge(b, &wire, (uint32_t)(b->sent % TURN));
	wire.dport = (uint16_t)(1000 + round % 60000);
	return wire_frame(&wire, out);
}

/* One scan after the other, each of as many ports as make a finding. */
static uint32_t make_scans(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	forge(b, &wire, (uint32_t)(b->sent / SCAN_PORTS));
	wire.dport = (uint16_t)(2000 + b->sent % SCAN_PORTS);
	return wire_frame(&wire, out);
}

/* Each looks around a little: two ports. */
static uint32_t make_pairs(struct blaster *b, uint8_t *out)
{
	struct wire wire = packet(b, IPPROTO_TCP);
	forge(b, &wire, (uint32_t)(b->sent / 2));
	wire.dport = (uint16_t)(2000 + b->sent % 2);
	return wire_frame(&wire, out);
}

static const struct kind {
	const char *name;
	uint32_t (*make)(struct blaster *b, uint8_t *out);
} kinds[] = {
	{ "syn", make_syn },     { "syn_ports", make_syn_ports },
	{ "udp", make_udp },     { "udp_ports", make_udp_ports },
	{ "icmp", make_icmp },   { "flags", make_flags },
	{ "churn", make_churn }, { "fragments", make_fragments },
	{ "turns", make_turns }, { "scans", make_scans },
	{ "pairs", make_pairs },
};

static const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* ---- sending ---- */

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int open_interface(const char *iface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_ifindex = (int)if_nametoindex(iface) };
	int bypass = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return fd;
}

/* Sleeps until the packets sent so far are due. */
static void keep_pace(double begin_s, uint64_t sent, double rate)
{
	double ahead_s = begin_s + (double)sent / rate - now_s();
	if (ahead_s > 0.0001)
		usleep((useconds_t)(ahead_s * 1e6));
}

static int send_batch(struct blaster *b, const struct kind *kind, int fd)
{
	static uint8_t frames[BATCH][SLOT];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	memset(frames, 0, sizeof(frames));
	for (int i = 0; i < BATCH; i++) {
		uint32_t len = kind->make(b, frames[i]);
		parts[i] =
			(struct iovec){ frames[i], len < FRAME_MIN ? FRAME_MIN : len };
		messages[i].msg_hdr =
			(struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
		b->sent++;
	}
	for (int done = 0, count; done<BATCH; done += count> 0 ? count : 0) {
		count = sendmmsg(fd, messages + done, (unsigned)(BATCH - done), 0);
		if (count < 0 && errno != ENOBUFS && errno != EAGAIN)
			return -1;
	}
	return 0;
}

static int usage(void)
{
	fputs("usage: blaster INTERFACE SECONDS KIND TARGET [PACKETS_PER_SECOND]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct blaster b = { .chance = (uint64_t)time(NULL) };
	if (argc < 5)
		return usage();
	double seconds = strtod(argv[2], NULL);
	double rate = argc > 5 ? strtod(argv[5], NULL) : 0;
	const struct kind *kind = kind_named(argv[3]);
	b.v6 = strchr(argv[4], ':') != NULL;
	if (seconds <= 0 || kind == NULL ||
	    inet_pton(b.v6 ? AF_INET6 : AF_INET, argv[4], b.target) != 1)
		return usage();
	int fd = open_interface(argv[1]);
	double begin_s = now_s();
	while (fd >= 0 && now_s() < begin_s + seconds) {
		if (send_batch(&b, kind, fd) != 0)
			break;
		if (rate > 0)
			keep_pace(begin_s, b.sent, rate);
	}
	printf("sent %llu pps %.0f\n", (unsigned long long)b.sent,
	       (double)b.sent / (now_s() - begin_s));
	if (fd >= 0)
		close(fd);
	return b.sent == 0;
}
