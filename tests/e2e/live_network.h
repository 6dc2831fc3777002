/*
 * live_network.h: interfaces and packets for the tests of live capture.
 *
 * Each test runs in a network namespace of its own, "near"; a veth pair, "wire" and
 * "plug1", leads to another one, "far".
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { UNTAGGED = -1 };

static int near_ns, far_ns, near_socket, far_socket;
static bool is_far;
static int failures, cases;

static inline void check(bool is_so, const char *sentence)
{
	cases++;
	printf("%sok %d - %s\n", is_so ? "" : "not ", cases, sentence);
	failures += !is_so;
	fflush(stdout);
}

/* The plan, and the exit status. */
static inline int finish(void)
{
	printf("1..%d\n", cases);
	return failures > 0;
}

static inline void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

__attribute__((format(printf, 1, 2))) static inline void ip(const char *format, ...)
{
	char command[256] = "ip ";
	va_list args;
	va_start(args, format);
	vsnprintf(command + 3, sizeof(command) - 3, format, args);
	va_end(args);
	/* NOLINTNEXTLINE(cert-env33-c): the commands are the tests' own */
	must(system(command) == 0, command);
}

/* Loopback keeps the order of packets per processor. */
static inline void keep_to_one_processor(void)
{
	cpu_set_t ours, first;
	must(sched_getaffinity(0, sizeof(ours), &ours) == 0, "sched_getaffinity");
	int number = 0;
	while (!CPU_ISSET(number, &ours))
		number++;
	CPU_ZERO(&first);
	CPU_SET(number, &first);
	must(sched_setaffinity(0, sizeof(first), &first) == 0, "sched_setaffinity");
}

static inline int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void enter(int ns)
{
	must(setns(ns, CLONE_NEWNET) == 0, "setns");
	is_far = ns == far_ns;
}

/* Without the machine's own chatter: IPv6 would solicit routers. */
static inline void quiet(void)
{
	static const char *const files[] = { "/proc/sys/net/ipv6/conf/all/disable_ipv6",
					     "/proc/sys/net/ipv6/conf/default/"
					     "disable_ipv6" };
	for (int i = 0; i < 2; i++) {
		int fd = open(files[i], O_WRONLY | O_CLOEXEC);
		must(fd >= 0 && write(fd, "1", 1) == 1, files[i]);
		close(fd);
	}
}

static inline int new_namespace(void)
{
	must(unshare(CLONE_NEWNET) == 0, "unshare");
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "own namespace");
	quiet();
	ip("link set lo up");
	return fd;
}

static inline int sending_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	must(fd >= 0, "packet socket");
	return fd;
}

static inline void begin(void)
{
	if (near_ns > 0) {
		close(near_ns);
		close(far_ns);
		close(near_socket);
		close(far_socket);
	}
	far_ns = new_namespace();
	far_socket = sending_socket();
	near_ns = new_namespace();
	near_socket = sending_socket();
	is_far = false;
}

static inline void plug_in(const char *wire, int net)
{
	ip("link add %s type veth peer name plug%d netns /proc/%d/fd/%d", wire, net,
	   (int)getpid(), far_ns);
	ip("addr add 10.0.%d.1/24 dev %s", net, wire);
	ip("link set %s up", wire);
	enter(far_ns);
	ip("addr add 10.0.%d.2/24 dev plug%d", net, net);
	ip("link set plug%d up", net);
	enter(near_ns);
}

static inline struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	must(inet_pton(AF_INET, text, &address.sin_addr) == 1, text);
	return address;
}

static inline void send_udp(const char *to, uint16_t port, size_t len, int times)
{
	static const uint8_t zeros[60000];
	struct sockaddr_in there = address(to, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < times; i++) {
		ssize_t sent = sendto(fd, zeros, len, 0, (struct sockaddr *)&there,
				      sizeof(there));
		must(sent == (ssize_t)len || errno == ECONNREFUSED, "sendto");
	}
	close(fd);
}

/*
 * Out of an interface of the namespace we are in. The socket stays: closing one waits
 * for the kernel so long that rings fill up meanwhile.
 */
static inline void send_bytes(const char *iface, const void *frame, size_t len)
{
	struct sockaddr_ll there = { .sll_family = AF_PACKET,
				     .sll_ifindex = (int)if_nametoindex(iface) };
	int fd = is_far ? far_socket : near_socket;
	must(sendto(fd, frame, len, 0, (struct sockaddr *)&there, sizeof(there)) ==
		     (ssize_t)len,
	     "send a frame");
}

/* An Ethernet frame of UDP out of an interface of this namespace. */
static inline void send_frame(const char *iface, int tag, uint16_t port)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };
	uint8_t *at = frame + 12;
	if (tag != UNTAGGED) {
		const uint8_t vlan[] = { 0x81, 0, (uint8_t)(tag >> 8), (uint8_t)tag };
		memcpy(at, vlan, sizeof(vlan));
		at += sizeof(vlan);
	}
	at[0] = 0x08;
	uint8_t *ip4 = at + 2, *udp = ip4 + 20;
	ip4[0] = 0x45;
	ip4[3] = 28;
	ip4[8] = 64;
	ip4[9] = IPPROTO_UDP;
	memset(ip4 + 12, 10, 8);
	udp[1] = 9;
	udp[2] = (uint8_t)(port >> 8);
	udp[3] = (uint8_t)port;
	udp[5] = 8;
	send_bytes(iface, frame, sizeof(frame));
}

static inline void send_from_far(const char *iface, int tag, uint16_t port)
{
	enter(far_ns);
	send_frame(iface, tag, port);
	enter(near_ns);
}
