/*
 * delay_relay: a slow cable.  Passes frames between two interfaces, each DELAY_MS late.
 *
 *	delay_relay LEFT RIGHT DELAY_MS
 *
 * Prints "ready" once both are open.  In place of tc's netem, which not every kernel
 * has.  Offloads of both cables must be off: a frame is sent as it came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, QUEUE = 4096 };

struct waiting {
	int64_t due_us;
	int to; /* socket */
	size_t len;
	unsigned char at[FRAME_MAX];
};

/* All wait equally long, so the queue is in order of time. */
struct relay {
	struct waiting queue[QUEUE];
	size_t head, count;
	int64_t delay_us;
};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int open_link(const char *name)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int room = QUEUE * FRAME_MAX;
	struct packet_mreq all = { .mr_ifindex = link.sll_ifindex,
				   .mr_type = PACKET_MR_PROMISC };
	if (fd < 0 || link.sll_ifindex == 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0 ||
	    bind(fd, (const struct sockaddr *)&link, sizeof(link)) != 0) {
		perror(name);
		exit(2);
	}
	/* For as many at once as wait here; what the kernel drops would be loss. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

/* What we send comes by here again, marked as outgoing. */
static void take(struct relay *relay, int from, int to)
{
	struct sockaddr_ll source = { 0 };
	socklen_t size = sizeof(source);
	struct waiting *w = &relay->queue[(relay->head + relay->count) % QUEUE];
	ssize_t len = recvfrom(from, w->at, sizeof(w->at), MSG_DONTWAIT | MSG_TRUNC,
			       (struct sockaddr *)&source, &size);
	if (len <= 0 || len > FRAME_MAX || source.sll_pkttype == PACKET_OUTGOING ||
	    relay->count == QUEUE)
		return;
	w->len = (size_t)len;
	w->to = to;
	w->due_us = now_us() + relay->delay_us;
	relay->count++;
}

/* Milliseconds until the next is due, rounded up; -1: none. */
static int give(struct relay *relay)
{
	while (relay->count > 0) {
		struct waiting *w = &relay->queue[relay->head];
		int64_t left = w->due_us - now_us();
		if (left > 0)
			return (int)(left / 1000 + 1);
		if (send(w->to, w->at, w->len, 0) < 0 && errno != ENETDOWN)
			perror("send");
		relay->head = (relay->head + 1) % QUEUE;
		relay->count--;
	}
	return -1;
}

int main(int argc, char **argv)
{
	static struct relay relay;
	if (argc != 4) {
		fputs("usage: delay_relay LEFT RIGHT DELAY_MS\n", stderr);
		return 2;
	}
	int left = open_link(argv[1]), right = open_link(argv[2]);
	relay.delay_us = strtol(argv[3], NULL, 10) * 1000;
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct pollfd ends[2] = { { .fd = left, .events = POLLIN },
					  { .fd = right, .events = POLLIN } };
		if (poll(ends, 2, give(&relay)) < 0 && errno != EINTR)
			return 1;
		if (ends[0].revents & POLLIN)
			take(&relay, left, right);
		if (ends[1].revents & POLLIN)
			take(&relay, right, left);
	}
}
