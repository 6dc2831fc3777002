/*
 * live_workers.c: a live capture under load, shared, idle, and refused.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "live_traffic.h"

enum { PEERS = 24 /* 10.0.1.2 and up */ };

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
	int64_t end = now_ms() + DEADLINE_MS;
	while (capture_next(capture, &frames, 200) > 0 && now_ms() < end)
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
	keep_to_one_processor();
	workers_share_pairs_of_hosts();
	drops_are_counted();
	the_ring_goes_round();
	errors_say_what_to_do();
	waiting_is_cheap_and_ends_at_once();
	return finish();
}
