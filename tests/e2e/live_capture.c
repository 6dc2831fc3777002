/*
 * live_capture.c: the live capture against real interfaces.
 *
 * Each test runs in a network namespace of its own, "near"; a veth pair, "wire" and
 * "plug", leads to another one, "far".  Packets of a test go to UDP ports; that the
 * one to LAST_PORT has been captured proves that all before it were or never will be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"

enum {
	PORT = 4001,
	OTHER_PORT = 4002,
	LAST_PORT = 4999,
	DEADLINE_MS = 10000,
	RING_BYTES = 1 << 20,
	UNTAGGED = -1,
	PEERS = 24, /* 10.0.1.2 and up */
	SERVER_PORT = 5000,
};

static int near_ns, far_ns, near_socket, far_socket;
static bool is_far;
static int failures, cases;

static void check(bool is_so, const char *sentence)
{
	cases++;
	printf("%sok %d - %s\n", is_so ? "" : "not ", cases, sentence);
	failures += !is_so;
	fflush(stdout);
}

static void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

__attribute__((format(printf, 1, 2))) static void ip(const char *format, ...)
{
	char command[256] = "ip ";
	va_list args;
	va_start(args, format);
	vsnprintf(command + 3, sizeof(command) - 3, format, args);
	va_end(args);
	must(system(command) == 0, command);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void enter(int ns)
{
	must(setns(ns, CLONE_NEWNET) == 0, "setns");
	is_far = ns == far_ns;
}

/* Without the machine's own chatter: IPv6 would solicit routers. */
static void quiet(void)
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

static int new_namespace(void)
{
	must(unshare(CLONE_NEWNET) == 0, "unshare");
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "own namespace");
	quiet();
	ip("link set lo up");
	return fd;
}

static int sending_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	must(fd >= 0, "packet socket");
	return fd;
}

static void begin(void)
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

static void plug_in(const char *wire, int net)
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

static struct capture *open_with(struct capture_live_options options)
{
	char error[CAPTURE_ERROR_MAX];
	int status;
	if (options.ring_bytes == 0)
		options.ring_bytes = RING_BYTES;
	struct capture *capture = capture_live(&options, error, &status);
	if (capture == NULL)
		printf("# %s\n", error);
	must(capture != NULL, "capture_live");
	return capture;
}

#define OPEN(...) open_with((struct capture_live_options){ __VA_ARGS__ })

/* What a frame is to these tests. */
struct seen {
	unsigned frames, vlan_frames, tagged_bytes, raw, partial;
	uint32_t wire_len, len;
	uint16_t vlan, iface;
};

struct ports {
	uint8_t proto;
	uint16_t from, to;
	bool is_fragment, has_tag;
};

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static struct ports ports_of(const struct frame *frame)
{
	const uint8_t *at = frame->at;
	struct ports ports = { 0 };
	if (frame->len < 42)
		return ports;
	if (frame->link == LINK_ETHERNET) {
		ports.has_tag = be16(at + 12) == ETH_P_8021Q;
		at += ports.has_tag ? 18 : 14;
		if (be16(at - 2) != ETH_P_IP)
			return ports;
	}
	ports.proto = at[9];
	ports.is_fragment = (be16(at + 6) & 0x3fff) != 0;
	ports.from = be16(at + 20);
	ports.to = be16(at + 22);
	return ports;
}

/* Adds what comes for a port, up to the last packet. False if that does not come. */
static bool collect(struct capture *capture, uint16_t port, struct seen *seen)
{
	int64_t end = now_ms() + DEADLINE_MS;
	bool is_last = false;
	while (!is_last && now_ms() < end) {
		const struct frame *frames;
		int count = capture_next(capture, &frames, 100);
		for (int i = 0; i < count; i++) {
			const struct frame *frame = &frames[i];
			struct ports ports = ports_of(frame);
			is_last |= ports.proto == IPPROTO_UDP && ports.to == LAST_PORT;
			if (ports.proto != IPPROTO_UDP || ports.to != port)
				continue;
			seen->frames++;
			seen->vlan_frames += (frame->flags & FRAME_VLAN) != 0;
			seen->partial += (frame->flags & FRAME_CSUM_PARTIAL) != 0;
			seen->raw += frame->link == LINK_RAW;
			seen->tagged_bytes += ports.has_tag;
			seen->vlan = frame->vlan;
			seen->iface = frame->iface;
			seen->wire_len = frame->wire_len;
			seen->len = frame->len;
		}
	}
	return is_last;
}

static struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	must(inet_pton(AF_INET, text, &address.sin_addr) == 1, text);
	return address;
}

static void send_udp(const char *to, uint16_t port, size_t len, int times)
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
static void send_bytes(const char *iface, const void *frame, size_t len)
{
	struct sockaddr_ll there = { .sll_family = AF_PACKET,
				     .sll_ifindex = (int)if_nametoindex(iface) };
	int fd = is_far ? far_socket : near_socket;
	must(sendto(fd, frame, len, 0, (struct sockaddr *)&there, sizeof(there)) ==
		     (ssize_t)len,
	     "send a frame");
}

/* An Ethernet frame of UDP out of an interface of this namespace. */
static void send_frame(const char *iface, int tag, uint16_t port)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };
	uint8_t *at = frame + 12;
	if (tag != UNTAGGED) {
		const uint8_t vlan[] = { 0x81, 0, (uint8_t)(tag >> 8), (uint8_t)tag };
		memcpy(at, vlan, sizeof(vlan));
		at += sizeof(vlan);
	}
	const uint8_t rest[] = { 0x08,
				 0,
				 0x45,
				 0,
				 0,
				 28,
				 0,
				 0,
				 0,
				 0,
				 64,
				 17,
				 0,
				 0,
				 10,
				 9,
				 9,
				 9,
				 10,
				 9,
				 9,
				 1,
				 0,
				 9,
				 (uint8_t)(port >> 8),
				 (uint8_t)port,
				 0,
				 8 };
	memcpy(at, rest, sizeof(rest));
	send_bytes(iface, frame, sizeof(frame));
}

static void send_from_far(const char *iface, int tag, uint16_t port)
{
	enter(far_ns);
	send_frame(iface, tag, port);
	enter(near_ns);
}

static bool is_named(const struct capture *capture, uint16_t iface, const char *name)
{
	return strcmp(capture_iface(capture, iface), name) == 0;
}

static void loopback_is_counted_once(void)
{
	begin();
	struct capture *capture = OPEN(0);
	struct seen seen = { 0 };
	send_udp("127.0.0.1", PORT, 10, 10);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, PORT, &seen) && seen.frames == 10,
	      "each packet is seen once on loopback");
	check(seen.partial == 10 && is_named(capture, seen.iface, "lo"),
	      "a checksum left to the card is said to be so");

	seen = (struct seen){ 0 };
	send_udp("127.0.0.1", PORT, 30000, 1);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, PORT, &seen) && seen.frames == 1 &&
		      seen.wire_len == 30042 && seen.len >= 1500 && seen.len < 30042,
	      "a huge packet passes with its length on the wire, its end cut off");
	capture_close(capture);
}

static void vlan_tags_are_kept(void)
{
	begin();
	plug_in("wire", 1);
	struct capture *capture = OPEN(0);
	struct seen tagged = { 0 }, priority = { 0 };
	send_from_far("plug1", 42, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &tagged) && tagged.vlan_frames == 1 &&
		      tagged.vlan == 42,
	      "a VLAN tag that the kernel took off is told");
	send_from_far("plug1", 0xe000, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &priority) && priority.frames == 1 &&
		      priority.vlan_frames == 0,
	      "a tag that is only a priority is no VLAN");
	capture_close(capture);
}

static struct seen seen_with(const char *filter)
{
	struct capture *capture = OPEN(.filter = filter);
	struct seen seen = { 0 };
	send_from_far("plug1", 42, PORT);
	send_from_far("plug1", 43, PORT);
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, OTHER_PORT);
	send_from_far("plug1", 42, LAST_PORT);
	struct seen none = { 0 };
	if (!collect(capture, PORT, &seen))
		seen = none;
	capture_close(capture);
	return seen;
}

static void filters_know_tags(void)
{
	begin();
	plug_in("wire", 1);
	struct seen seen = seen_with("udp port 4001 or udp port 4999");
	check(seen.frames == 3, "a filter for a port takes tagged frames as well");
	seen = seen_with("udp port 4002 or udp port 4999");
	check(seen.frames == 0, "a filter leaves out what it does not name");
	seen = seen_with("vlan 42");
	check(seen.frames == 1 && seen.tagged_bytes == 1 && seen.vlan_frames == 0,
	      "a filter for a VLAN takes that VLAN only, tag in place");
}

static void interfaces_come_and_go(void)
{
	begin();
	struct capture *capture = OPEN(0);
	struct seen seen = { 0 };
	plug_in("wire", 1);
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &seen) && is_named(capture, seen.iface, "wire"),
	      "an interface that appears later is heard, under its name");

	uint16_t before = seen.iface;
	ip("link set wire down");
	ip("link set wire name cable");
	ip("link set cable up");
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &seen) && is_named(capture, seen.iface, "cable"),
	      "a new name is followed");
	check(is_named(capture, before, "wire"), "an identifier keeps its old name");

	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	ip("link del cable");
	seen = (struct seen){ 0 };
	check(collect(capture, PORT, &seen) && is_named(capture, seen.iface, "cable"),
	      "frames of a vanished interface still have its name");
	capture_close(capture);
}

/* Sends until it is heard: nobody knows when a new interface has been noticed. */
static bool is_heard(struct capture *capture, const char *plug)
{
	int64_t end = now_ms() + DEADLINE_MS;
	while (now_ms() < end) {
		send_from_far(plug, UNTAGGED, PORT);
		const struct frame *frames;
		int count = capture_next(capture, &frames, 20);
		for (int i = 0; i < count; i++) {
			if (ports_of(&frames[i]).to == PORT)
				return true;
		}
	}
	return false;
}

static void chosen_interfaces_come_back(void)
{
	begin();
	plug_in("wire", 1);
	plug_in("other", 2);
	const char *const names[] = { "lo", "wire" };
	struct capture *capture = OPEN(.interfaces = names, .interface_count = 2);
	struct seen seen = { 0 };
	send_from_far("plug2", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &seen) && seen.frames == 1,
	      "only chosen interfaces are heard");

	ip("link del wire");
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, PORT, &seen),
	      "a vanished interface does not end the capture of another");
	plug_in("wire", 1);
	check(is_heard(capture, "plug1"),
	      "a chosen interface is heard when it is back");

	seen = (struct seen){ 0 };
	send_from_far("plug2", UNTAGGED, PORT);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, OTHER_PORT, &seen) && seen.frames == 0,
	      "others are still not heard");
	capture_close(capture);
}

static void ask_and_answer(int client, const char *to, uint16_t port, int server)
{
	char byte;
	struct sockaddr_in there = address(to, port);
	must(connect(client, (struct sockaddr *)&there, sizeof(there)) == 0, "connect");
	int accepted = accept(server, NULL, NULL);
	must(write(client, "?", 1) == 1 && read(accepted, &byte, 1) == 1, "question");
	must(write(accepted, "!", 1) == 1 && read(client, &byte, 1) == 1, "answer");
	close(client);
	close(accepted);
}

static void one_connection(const char *to, uint16_t port, int server)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ask_and_answer(client, to, port, server);
}

/* A socket on the far side that speaks as 10.0.1.peer. */
static int socket_of_peer(int peer, int type)
{
	char host[32];
	snprintf(host, sizeof(host), "10.0.1.%d", peer);
	struct sockaddr_in here = address(host, 0);
	enter(far_ns);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	must(bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0, host);
	enter(near_ns);
	return fd;
}

static int listen_at(const char *text, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in here = address(text, port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0, "bind");
	must(listen(fd, 8) == 0, "listen");
	return fd;
}

/* Frames of TCP connections to 127.0.0.1, to the excluded port and another. */
static void count_tcp(struct capture *capture, unsigned *excluded, unsigned *other)
{
	int64_t end = now_ms() + DEADLINE_MS;
	bool is_last = false;
	while (!is_last && now_ms() < end) {
		const struct frame *frames;
		int count = capture_next(capture, &frames, 100);
		for (int i = 0; i < count; i++) {
			struct ports ports = ports_of(&frames[i]);
			is_last |= ports.proto == IPPROTO_UDP && ports.to == LAST_PORT;
			if (ports.proto != IPPROTO_TCP)
				continue;
			*excluded +=
				ports.from == SERVER_PORT || ports.to == SERVER_PORT;
			*other += ports.from == SERVER_PORT + 1 ||
				  ports.to == SERVER_PORT + 1;
		}
	}
}

static bool is_excluded(const char *dashboard, const char *to, const char *filter)
{
	struct capture *capture = OPEN(.exclude_addr = dashboard,
				       .exclude_port = SERVER_PORT, .filter = filter);
	unsigned excluded = 0, other = 0;
	int own = listen_at(to, SERVER_PORT), server = listen_at(to, SERVER_PORT + 1);
	one_connection(to, SERVER_PORT, own);
	one_connection(to, SERVER_PORT + 1, server);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	count_tcp(capture, &excluded, &other);
	close(own);
	close(server);
	capture_close(capture);
	return excluded == 0 && other >= 8;
}

static void own_traffic_is_left_out(void)
{
	begin();
	check(is_excluded("127.0.0.1", "127.0.0.1", NULL),
	      "the dashboard's traffic is left out in both directions");
	check(is_excluded("127.0.0.1", "127.0.0.1", "tcp or udp"),
	      "also together with a filter");
	check(!is_excluded("127.0.0.2", "127.0.0.1", NULL),
	      "the same port of another address is not");
	ip("addr add 10.7.7.7/24 dev lo");
	check(is_excluded("0.0.0.0", "10.7.7.7", NULL) &&
		      is_excluded("::", "127.0.0.1", NULL),
	      "a dashboard on all addresses is left out on each");
}

static int open_tun(void)
{
	struct ifreq tun = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	must(fd >= 0 && ioctl(fd, TUNSETIFF, &tun) == 0, "tun");
	ip("addr add 10.8.0.1/24 dev tun0");
	ip("link set tun0 up");
	return fd;
}

static void devices_without_ethernet_give_ip(void)
{
	begin();
	int tun = open_tun();
	struct capture *all = OPEN(0);
	struct capture *some = OPEN(.filter = "udp port 4999");
	struct seen seen = { 0 }, filtered = { 0 };
	send_udp("10.8.0.2", PORT, 100, 3);
	send_udp("10.8.0.2", LAST_PORT, 100, 1);
	check(collect(all, PORT, &seen) && seen.frames == 3 && seen.raw == 3 &&
		      seen.wire_len == 128,
	      "a tun device gives IP packets");
	check(collect(some, PORT, &filtered) && filtered.frames == 0,
	      "a filter holds for them as well");
	capture_close(all);
	capture_close(some);
	close(tun);
}

struct shared {
	struct capture *captures[2];
	/* By the last byte of the peer's address: bits 0 and 1: seen by capture. */
	uint8_t where[256];
	uint8_t kinds[256]; /* bits of enum kind */
	bool is_done[2];
};

enum kind {
	TO_SERVER = 1,
	FROM_SERVER = 2,
	FRAGMENT = 4,
	LATER_FRAGMENT = 8,
	ICMP = 16
};

static uint8_t kind_of(const struct ports *ports, const uint8_t *ip)
{
	if (ports->proto == IPPROTO_TCP)
		return ports->to == SERVER_PORT ? TO_SERVER : FROM_SERVER;
	if (ports->proto == IPPROTO_ICMP)
		return ICMP;
	if (ports->is_fragment)
		return be16(ip + 6) & 0x1fff ? LATER_FRAGMENT : FRAGMENT;
	return 0;
}

/* A frame between 10.0.1.1 and 10.0.1.peer, or fd00::1 and fd00::peer. */
static void note_shared(struct shared *shared, int which, const struct frame *frame)
{
	const uint8_t *ip = frame->at + 14;
	struct ports ports = ports_of(frame);
	uint8_t peer = 0, kind = 0;
	if (ports.proto == IPPROTO_UDP && ports.to == LAST_PORT) {
		shared->is_done[which] = true;
	} else if (ports.proto != 0) {
		peer = ip[15] > ip[19] ? ip[15] : ip[19];
		kind = kind_of(&ports, ip);
	} else if (frame->len == 70 && ip[0] == 0x60) {
		peer = ip[23] > ip[39] ? ip[23] : ip[39];
		kind = ip[23] > ip[39] ? TO_SERVER : FROM_SERVER;
	}
	if (kind == 0)
		return;
	shared->where[peer] |= (uint8_t)(1 << which);
	shared->kinds[peer] |= kind;
}

/* Reads until each capture has got a packet that was sent after all others. */
static bool read_all_shared(struct shared *shared)
{
	int64_t end = now_ms() + DEADLINE_MS;
	char host[32];
	while (now_ms() < end && !(shared->is_done[0] && shared->is_done[1])) {
		for (int i = 2; i < 2 + PEERS; i++) {
			snprintf(host, sizeof(host), "10.0.1.%d", i);
			send_udp(host, LAST_PORT, 10, 1);
		}
		for (int which = 0; which < 2; which++) {
			const struct frame *frames;
			int count = capture_next(shared->captures[which], &frames, 10);
			for (int i = 0; i < count; i++)
				note_shared(shared, which, &frames[i]);
		}
	}
	return shared->is_done[0] && shared->is_done[1];
}

/* Peers whose packets came to capture 0, capture 1, both, that had all the kinds. */
static void count_peers(const struct shared *shared, uint8_t kinds, unsigned count[4])
{
	memset(count, 0, 4 * sizeof(count[0]));
	for (int peer = 2; peer < 2 + PEERS; peer++) {
		if ((shared->kinds[peer] & kinds) == kinds)
			count[shared->where[peer]]++;
	}
	printf("# %u and %u pairs of hosts, %u split\n", count[1], count[2], count[3]);
}

static void open_shared(struct shared *shared)
{
	memset(shared, 0, sizeof(*shared));
	for (int i = 0; i < 2; i++)
		shared->captures[i] = OPEN(.fanout_group = 77);
}

static void close_shared(struct shared *shared)
{
	for (int i = 0; i < 2; i++)
		capture_close(shared->captures[i]);
}

static void check_shared(struct shared *shared, uint8_t kinds, const char *sentence)
{
	unsigned count[4];
	bool is_complete = read_all_shared(shared);
	count_peers(shared, kinds, count);
	check(is_complete && count[1] > 0 && count[2] > 0 &&
		      count[1] + count[2] == PEERS,
	      sentence);
	close_shared(shared);
}

/* Nobody listens there. */
static void send_fragments(int peer)
{
	static const uint8_t zeros[4000];
	struct sockaddr_in there = address("10.0.1.1", PORT);
	int fd = socket_of_peer(peer, SOCK_DGRAM);
	must(sendto(fd, zeros, sizeof(zeros), 0, (struct sockaddr *)&there,
		    sizeof(there)) == sizeof(zeros),
	     "send fragments");
	close(fd);
}

static void send_ip6(const char *iface, int from, int to)
{
	uint8_t frame[70] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };
	uint8_t *ip = frame + 14;
	frame[12] = 0x86;
	frame[13] = 0xdd;
	ip[0] = 0x60;
	ip[5] = 16;
	ip[6] = IPPROTO_NONE;
	ip[8] = ip[24] = 0xfd;
	ip[23] = (uint8_t)from;
	ip[39] = (uint8_t)to;
	send_bytes(iface, frame, sizeof(frame));
}

static void workers_share_pairs_of_hosts(void)
{
	static struct shared shared;
	begin();
	plug_in("wire", 1);
	enter(far_ns);
	for (int i = 3; i < 2 + PEERS; i++)
		ip("addr add 10.0.1.%d/24 dev plug1", i);
	enter(near_ns);

	open_shared(&shared);
	int server = listen_at("10.0.1.1", SERVER_PORT);
	for (int i = 2; i < 2 + PEERS; i++)
		ask_and_answer(socket_of_peer(i, SOCK_STREAM), "10.0.1.1", SERVER_PORT,
			       server);
	close(server);
	check_shared(&shared, TO_SERVER | FROM_SERVER,
		     "workers share the connections, both directions to the same");

	open_shared(&shared);
	for (int i = 2; i < 2 + PEERS; i++)
		send_fragments(i);
	check_shared(&shared, ICMP | FRAGMENT | LATER_FRAGMENT,
		     "fragments and ICMP errors come to the worker of their flow");

	open_shared(&shared);
	for (int i = 2; i < 2 + PEERS; i++) {
		send_ip6("wire", 1, i);
		enter(far_ns);
		send_ip6("plug1", i, 1);
		enter(near_ns);
	}
	check_shared(&shared, TO_SERVER | FROM_SERVER, "IPv6 is shared likewise");
}

static void drops_are_counted(void)
{
	enum { SENT = 20000 };
	begin();
	struct capture *capture = OPEN(.filter = "udp port 4001");
	send_udp("127.0.0.1", PORT, 1000, SENT);
	const struct frame *frames;
	/* Nothing more comes: no new block can be filled behind the reader's back. */
	while (capture_next(capture, &frames, 200) > 0)
		continue;
	struct capture_stats stats, again;
	capture_stats(capture, &stats);
	capture_stats(capture, &again);
	printf("# %llu seen, %llu dropped\n", (unsigned long long)stats.frames,
	       (unsigned long long)stats.kernel_dropped);
	check(stats.frames > 0 && stats.kernel_dropped > 0 &&
		      stats.frames + stats.kernel_dropped == SENT,
	      "what the ring had no room for is counted to the packet");
	check(again.kernel_dropped == stats.kernel_dropped,
	      "asking again does not forget it");
	capture_close(capture);
}

/* Each round takes a block at least, and the ring has but 16. */
static void the_ring_goes_round(void)
{
	begin();
	struct capture *capture = OPEN(0);
	struct seen seen = { 0 };
	bool is_complete = true;
	for (int i = 0; i < 40; i++) {
		send_udp("127.0.0.1", PORT, 1000, 100);
		send_udp("127.0.0.1", LAST_PORT, 10, 1);
		is_complete = is_complete && collect(capture, PORT, &seen);
	}
	struct capture_stats stats;
	capture_stats(capture, &stats);
	check(is_complete && seen.frames == 4000 && stats.kernel_dropped == 0,
	      "who keeps reading gets everything");
	capture_close(capture);
}

static void errors_say_what_to_do(void)
{
	begin();
	char error[CAPTURE_ERROR_MAX];
	int status = 0;
	const char *const names[] = { "nosuch0" };
	struct capture_live_options missing = { .interfaces = names,
						.interface_count = 1,
						.ring_bytes = RING_BYTES };
	check(capture_live(&missing, error, &status) == NULL && status == 2 &&
		      strcmp(error, "no interface nosuch0; there are: lo") == 0,
	      "a missing interface is told with those there are");
	struct capture_live_options wrong = { .filter = "port and",
					      .ring_bytes = RING_BYTES };
	check(capture_live(&wrong, error, &status) == NULL && status == 2 &&
		      strstr(error, "port and") != NULL,
	      "a wrong filter is told");
	struct capture_live_options any = { .ring_bytes = RING_BYTES };
	must(seteuid(65534) == 0, "seteuid");
	struct capture *capture = capture_live(&any, error, &status);
	must(seteuid(0) == 0, "seteuid");
	check(capture == NULL && status == 4 && strstr(error, "CAP_NET_RAW") != NULL,
	      "a missing permission is told with the way out");
}

static void take_signal(int number)
{
	(void)number;
}

static void waiting_is_cheap_and_ends_at_once(void)
{
	begin();
	struct capture *capture = OPEN(.ring_bytes = 8 << 20);
	const struct frame *frames;
	struct sigaction action = { .sa_handler = take_signal };
	struct itimerval soon = { .it_value = { .tv_usec = 50000 } };
	sigaction(SIGALRM, &action, NULL);
	int64_t start = now_ms();
	setitimer(ITIMER_REAL, &soon, NULL);
	check(capture_next(capture, &frames, DEADLINE_MS) == 0 &&
		      now_ms() - start < DEADLINE_MS / 2,
	      "a signal ends the wait");

	struct timespec before, after;
	start = now_ms();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	while (now_ms() - start < 2000)
		capture_next(capture, &frames, 100);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	double used_us = (double)(after.tv_sec - before.tv_sec) * 1e6 +
			 (double)(after.tv_nsec - before.tv_nsec) / 1e3;
	printf("# %.0f us of CPU in 2 s\n", used_us);
	check(used_us < 10000, "an idle capture takes less than half a percent");
	capture_close(capture);
}

int main(void)
{
	/* Loopback keeps the order of packets per processor. */
	cpu_set_t first;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);

	loopback_is_counted_once();
	vlan_tags_are_kept();
	filters_know_tags();
	interfaces_come_and_go();
	chosen_interfaces_come_back();
	own_traffic_is_left_out();
	devices_without_ethernet_give_ip();
	workers_share_pairs_of_hosts();
	drops_are_counted();
	the_ring_goes_round();
	errors_say_what_to_do();
	waiting_is_cheap_and_ends_at_once();
	printf("1..%d\n", cases);
	return failures > 0;
}
