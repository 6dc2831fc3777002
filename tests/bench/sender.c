/*
 * sender.c: packets onto an interface, as many as it takes or as told.
 *
 *   sender INTERFACE SECONDS [PACKETS_PER_SECOND [CONNECTIONS]]
 *
 * Sends data segments of established connections in turn (a tenth as many packets
 * first open them), with sendmmsg() past the queueing discipline.  0 packets per
 * second means as fast as possible.  Prints what was sent and how fast.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

enum {
	BATCH = 64,
	FRAMES = 1 << 14, /* prepared once, sent round and round */
	PAYLOAD_LEN = 18, /* 84-byte frames: small ones are the hard case */
	SLOT = HEADERS_MAX + PAYLOAD_SHOWN,
};

static uint8_t frames[FRAMES][SLOT];
static uint32_t frame_len[FRAMES];

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void prepare(uint32_t connections)
{
	for (uint32_t i = 0; i < FRAMES; i++) {
		uint32_t n = i % connections, round = i / connections;
		struct wire wire = { .proto = IPPROTO_TCP, .window = 501 };
		bool is_first = round == 0 && connections < FRAMES;

		put32(wire.src, 0x64400000u + n / 256);
		put32(wire.dst, 0x0a000000u + n % 16);
		wire.sport = (uint16_t)(2000 + n % 60000);
		wire.dport = 443;
		wire.flags = is_first ? TCP_SYN : TCP_ACK | TCP_PSH;
		wire.seq =
			permute32(n) + (round > 0 ? 1 + (round - 1) * PAYLOAD_LEN : 0);
		wire.ack = permute32(~n);
		wire.payload_len = is_first ? 0 : PAYLOAD_LEN;
		frame_len[i] = wire_frame(&wire, frames[i]);
	}
}

static int open_interface(const char *iface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(iface),
	};
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

	if (ahead_s > 0.0001) {
		struct timespec wait = { (time_t)ahead_s,
					 (long)((ahead_s - (double)(time_t)ahead_s) *
						1e9) };

		nanosleep(&wait, NULL);
	}
}

static uint64_t send_for(int fd, double seconds, double rate)
{
	static struct mmsghdr messages[BATCH];
	static struct iovec parts[BATCH];
	double begin_s = now_s();
	uint64_t sent = 0;
	uint32_t at = 0;

	while (now_s() < begin_s + seconds) {
		int count;

		for (uint32_t i = 0; i < BATCH; i++) {
			uint32_t which = (at + i) % FRAMES;

			parts[i] = (struct iovec){ frames[which], frame_len[which] };
			messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i],
							       .msg_iovlen = 1 };
		}
		count = sendmmsg(fd, messages, BATCH, 0);
		if (count < 0 && errno != ENOBUFS && errno != EAGAIN)
			break;
		if (count > 0) {
			sent += (uint64_t)count;
			at = (at + (uint32_t)count) % FRAMES;
		}
		if (rate > 0)
			keep_pace(begin_s, sent, rate);
	}
	return sent;
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 0;
	double rate = argc > 3 ? strtod(argv[3], NULL) : 0;
	long connections = argc > 4 ? strtol(argv[4], NULL, 10) : FRAMES / 10;
	double begin_s, took_s;
	uint64_t sent;
	int fd;

	if (argc < 3 || argc > 5 || seconds <= 0 || rate < 0 || connections < 1) {
		fputs("usage: sender INTERFACE SECONDS [PACKETS_PER_SECOND "
		      "[CONNECTIONS]]\n",
		      stderr);
		return 2;
	}
	fd = open_interface(argv[1]);
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	prepare((uint32_t)connections);
	begin_s = now_s();
	sent = send_for(fd, seconds, rate);
	took_s = now_s() - begin_s;
	printf("sent %llu pps %.0f\n", (unsigned long long)sent, (double)sent / took_s);
	close(fd);
	return sent == 0;
}
