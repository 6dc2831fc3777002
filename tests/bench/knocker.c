/*
 * knocker.c: how long somebody who attacks still gets through, for `bench
 * block-latency-ms`.
 *
 *   knocker DESCRIPTOR ADDRESS COUNT SERVER UDP_PORT PORT...
 *
 * Runs where the attackers are; the descriptor is a socket on the server's UDP port
 * that was opened where that is.  For each of COUNT addresses from ADDRESS on:
 * datagrams from it all the time, then a connection to each of the TCP ports in turn.
 * What the last of these handshakes' ACK decides is to end the datagrams.  A line for
 * each:
 *
 *   cut ADDRESS MICROSECONDS      from before that ACK to the last that came through
 *   open ADDRESS                  it was never cut off
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	PORTS_MAX = 16,
	STEP_US = 100,     /* between two datagrams */
	QUIET_US = 200000, /* so long none came: it is cut off */
	PATIENCE_US = 3000000,
	BETWEEN_US = 20000, /* two connections */
	TEN = 10,
};

struct knocker {
	struct sockaddr_in server;
	uint16_t udp, ports[PORTS_MAX];
	size_t port_count;
	int datagrams, taken;
	int64_t came_us; /* when the last one had been sent that came through */
};

static int64_t now(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

static int socket_from(in_addr_t source, int kind)
{
	struct sockaddr_in ours = { .sin_family = AF_INET, .sin_addr.s_addr = source };
	int made = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
	if (made < 0 || bind(made, (struct sockaddr *)&ours, sizeof(ours)) != 0) {
		perror("knocker: socket");
		exit(EXIT_FAILURE);
	}
	return made;
}

static void take_what_came(struct knocker *k)
{
	int64_t sent_us;
	while (recv(k->taken, &sent_us, sizeof(sent_us), MSG_DONTWAIT) ==
	       (ssize_t)sizeof(sent_us))
		if (sent_us > k->came_us)
			k->came_us = sent_us;
}

static void send_for(struct knocker *k, int64_t us)
{
	struct sockaddr_in to = k->server;
	to.sin_port = htons(k->udp);
	for (int64_t end_us = now() + us; now() < end_us; usleep(STEP_US)) {
		int64_t sent_us = now();
		sendto(k->datagrams, &sent_us, sizeof(sent_us), 0,
		       (struct sockaddr *)&to, sizeof(to));
		take_what_came(k);
	}
}

/* The time just before its handshake is completed. */
static int64_t knock(const struct knocker *k, in_addr_t source, uint16_t port)
{
	struct sockaddr_in to = k->server;
	int made = socket_from(source, SOCK_STREAM);
	to.sin_port = htons(port);
	int64_t at_us = now();
	if (connect(made, (struct sockaddr *)&to, sizeof(to)) != 0)
		at_us = -1;
	close(made);
	return at_us;
}

static int64_t attack(struct knocker *k, in_addr_t source)
{
	int64_t at_us = -1;
	for (size_t i = 0; i < k->port_count; i++) {
		send_for(k, BETWEEN_US);
		at_us = knock(k, source, k->ports[i]);
	}
	return at_us;
}

static void try_one(struct knocker *k, in_addr_t source)
{
	char text[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &source, text, sizeof(text));
	k->datagrams = socket_from(source, SOCK_DGRAM);
	k->came_us = 0;
	int64_t decided_us = attack(k, source), begun_us = now();
	do {
		send_for(k, BETWEEN_US);
	} while (now() - k->came_us < QUIET_US && now() - begun_us < PATIENCE_US);
	if (decided_us < 0 || now() - k->came_us < QUIET_US)
		printf("open %s\n", text);
	else
		printf("cut %s %lld\n", text, (long long)(k->came_us - decided_us));
	fflush(stdout);
	close(k->datagrams);
}

static uint16_t port_of(const char *text)
{
	return (uint16_t)strtoul(text, NULL, TEN);
}

int main(int argc, char **argv)
{
	struct knocker k = { .server.sin_family = AF_INET };
	struct in_addr first;
	if (argc < 7 || argc - 6 > PORTS_MAX ||
	    inet_pton(AF_INET, argv[2], &first) != 1 ||
	    inet_pton(AF_INET, argv[4], &k.server.sin_addr) != 1)
		return EXIT_FAILURE;
	k.taken = (int)strtol(argv[1], NULL, TEN);
	k.udp = port_of(argv[5]);
	for (int i = 6; i < argc; i++)
		k.ports[k.port_count++] = port_of(argv[i]);
	for (uint32_t n = 0; n < strtoul(argv[3], NULL, TEN); n++)
		try_one(&k, htonl(ntohl(first.s_addr) + n));
	return EXIT_SUCCESS;
}
