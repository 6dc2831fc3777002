/*
 * self_test_packets.c: see self_test_packets.h.
 */
#include "guard/self_test_packets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	STEP_US = 1000,
	TELL_US = 100000,
	/* The link is ready some milliseconds after it was made; a neighbour answers.
	 */
	REACH_STEPS = 2000,
	/* A capture of chosen interfaces looks at this one soon after it has come. */
	READY_STEPS = 300,
	CONNECT_MS = 1000,
	CONNECT_AFTER = 4, /* ports: fewer than make a scan */
	/* So many that do not arrive, one after the other, have not been late. */
	SILENT = 50,
	STOP_STEPS = 2000,
	/* Sent into the block, to see that none comes through. */
	HELD_STEPS = 100,
	SESSION_STEPS = 1000,
	BACK_STEPS = 2000,
	SENT_MAX = SELF_TEST_MS + SELF_TEST_COUNTED,
	/* Closed ones, where services seldom are, and below those that clients get. */
	FIRST_PORT = 20000,
	PORT_SPAN = 300,
};

/* Two ends of datagrams. */
struct way {
	int ours, theirs;
	uint16_t port;
};

struct self_test_packets {
	struct self_test_order order;
	struct way reach, counted;
	int listener, session, peer; /* session: our end of it */
	uint16_t session_port;
	int tries[SELF_TEST_PORTS];
	uint32_t tried;
	uint32_t sent, heard; /* heard: 1 + the highest that arrived */
	uint32_t arrived, first_stopped, passed;
	bool is_stopped;
	int64_t sent_us[SENT_MAX];
	int64_t next_us, told_us, begun_us;
	void (*tell)(const struct self_test_event *event);
};

struct numbered {
	uint64_t id;
	uint32_t number;
	uint32_t zero;
};

/* ---- sockets ---- */

static socklen_t socket_addr(const struct addr *addr, uint16_t port,
			     struct sockaddr_storage *out)
{
	*out = (struct sockaddr_storage){ 0 };
	if (addr_is_v4(addr)) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)out;
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, addr->ip6 + 12, 4);
		return sizeof(*v4);
	}
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, addr->ip6, 16);
	return sizeof(*v6);
}

static int make(const struct self_test_packets *packets, int type)
{
	int family = addr_is_v4(&packets->order.ours) ? AF_INET : AF_INET6;
	return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int bind_to(int fd, const struct addr *addr, uint16_t *port)
{
	struct sockaddr_storage at;
	socklen_t len = socket_addr(addr, 0, &at);
	if (bind(fd, (struct sockaddr *)&at, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return -errno;
	/* In the same place in both. */
	*port = ntohs(((struct sockaddr_in *)&at)->sin_port);
	return 0;
}

static int connect_to(const struct self_test_packets *packets, int fd, uint16_t port)
{
	struct sockaddr_storage to;
	socklen_t len = socket_addr(&packets->order.ours, port, &to);
	if (connect(fd, (struct sockaddr *)&to, len) == 0 || errno == EINPROGRESS)
		return 0;
	return -errno;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

struct self_test_packets *self_test_packets_new(const struct self_test_order *order)
{
	struct self_test_packets *packets = calloc(1, sizeof(*packets));
	if (packets == NULL)
		return NULL;
	packets->order = *order;
	packets->reach.theirs = packets->counted.theirs = -1;
	packets->session = packets->peer = -1;
	packets->reach.ours = make(packets, SOCK_DGRAM);
	packets->counted.ours = make(packets, SOCK_DGRAM);
	packets->listener = make(packets, SOCK_STREAM);
	if (packets->reach.ours >= 0 && packets->counted.ours >= 0 &&
	    packets->listener >= 0)
		return packets;
	int error = errno;
	self_test_packets_free(packets);
	errno = error;
	return NULL;
}

void self_test_packets_free(struct self_test_packets *packets)
{
	if (packets == NULL)
		return;
	close_if(packets->reach.ours);
	close_if(packets->reach.theirs);
	close_if(packets->counted.ours);
	close_if(packets->counted.theirs);
	close_if(packets->listener);
	close_if(packets->session);
	close_if(packets->peer);
	for (uint32_t i = 0; i < packets->tried; i++)
		close_if(packets->tries[i]);
	free(packets);
}

static int open_way(const struct self_test_packets *packets, struct way *way)
{
	int error = bind_to(way->ours, &packets->order.ours, &way->port);
	way->theirs = error == 0 ? make(packets, SOCK_DGRAM) : -1;
	if (error == 0 && way->theirs < 0)
		error = -errno;
	return error != 0 ? error : connect_to(packets, way->theirs, way->port);
}

int self_test_packets_open(struct self_test_packets *packets)
{
	int error = open_way(packets, &packets->reach);
	if (error == 0)
		error = open_way(packets, &packets->counted);
	if (error == 0)
		error = bind_to(packets->listener, &packets->order.ours,
				&packets->session_port);
	if (error == 0 && listen(packets->listener, 1) != 0)
		error = -errno;
	return error;
}

/* ---- datagrams ---- */

static void note_arrival(struct self_test_packets *packets, uint32_t number)
{
	if (packets->is_stopped && number >= packets->first_stopped)
		packets->passed++;
	else
		packets->arrived++;
	if (number >= packets->heard)
		packets->heard = number + 1;
}

/* All that wait; answered, so that the way back is used, too. */
static void hear(struct self_test_packets *packets)
{
	struct numbered got;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	while (recvfrom(packets->counted.ours, &got, sizeof(got), 0,
			(struct sockaddr *)&from, &len) == sizeof(got)) {
		if (got.id == packets->order.id && got.number < packets->sent)
			note_arrival(packets, got.number);
		sendto(packets->counted.ours, &got, sizeof(got), 0,
		       (struct sockaddr *)&from, len);
		len = sizeof(from);
	}
	while (recv(packets->counted.theirs, &got, sizeof(got), 0) > 0)
		;
}

static void send_next(struct self_test_packets *packets)
{
	const struct numbered next = { .id = packets->order.id,
				       .number = packets->sent };
	int64_t at_us = clock_us(CLOCK_REALTIME);
	if (packets->sent == SENT_MAX ||
	    send(packets->counted.theirs, &next, sizeof(next), 0) != sizeof(next))
		return;
	packets->sent_us[packets->sent++] = at_us;
}

static void fill(const struct self_test_packets *packets, struct self_test_event *event)
{
	event->id = packets->order.id;
	event->sent = packets->sent;
	event->arrived = packets->arrived;
	event->passed = packets->passed;
	event->port = packets->counted.port;
}

static void tell(struct self_test_packets *packets, uint32_t kind)
{
	struct self_test_event event = { .kind = kind };
	fill(packets, &event);
	packets->told_us = clock_us(CLOCK_MONOTONIC);
	packets->tell(&event);
}

static void pause_to_next(struct self_test_packets *packets)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	packets->next_us += STEP_US;
	/* Who was not let run does not catch up. */
	if (packets->next_us < now_us)
		packets->next_us = now_us;
	const struct timespec until = {
		.tv_sec = packets->next_us / 1000000,
		.tv_nsec = packets->next_us % 1000000 * 1000,
	};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	if (now_us - packets->told_us > TELL_US)
		tell(packets, SELF_TEST_GOES_ON);
}

static void step(struct self_test_packets *packets)
{
	pause_to_next(packets);
	send_next(packets);
	hear(packets);
}

static bool is_over(const struct self_test_packets *packets)
{
	return clock_us(CLOCK_MONOTONIC) - packets->begun_us >
	       SELF_TEST_MS * (int64_t)1000;
}

/* ---- what it does ---- */

/* Until a first one arrives: none of those that are counted is lost on the way. */
static bool reaches(struct self_test_packets *packets)
{
	char byte = 0;
	bool has_arrived = false;
	for (int i = 0; i < REACH_STEPS && !is_over(packets); i++) {
		send(packets->reach.theirs, &byte, sizeof(byte), 0);
		pause_to_next(packets);
		if (recv(packets->reach.ours, &byte, sizeof(byte), 0) > 0)
			has_arrived = true;
		if (has_arrived && i >= READY_STEPS)
			break;
	}
	return has_arrived;
}

/* A connection made: our end of it. */
static int connect_peer(struct self_test_packets *packets, int *peer)
{
	struct pollfd waited = { .fd = packets->listener, .events = POLLIN };
	*peer = make(packets, SOCK_STREAM);
	if (*peer < 0 || connect_to(packets, *peer, packets->session_port) != 0 ||
	    poll(&waited, 1, CONNECT_MS) <= 0)
		return -1;
	return accept4(packets->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* As who scans leaves a port that answers. */
static bool leaves_without_a_word(struct self_test_packets *packets)
{
	int peer, session = connect_peer(packets, &peer);
	if (peer >= 0)
		close(peer);
	if (session >= 0)
		close(session);
	return session >= 0;
}

/* The one that is to end. */
static bool connects(struct self_test_packets *packets)
{
	packets->session = connect_peer(packets, &packets->peer);
	return packets->session >= 0;
}

static void count(struct self_test_packets *packets)
{
	for (int i = 0; i < SELF_TEST_COUNTED; i++)
		step(packets);
}

static void try_port(struct self_test_packets *packets, uint16_t port)
{
	int fd = make(packets, SOCK_STREAM);
	if (fd < 0)
		return;
	connect_to(packets, fd, port);
	packets->tries[packets->tried++] = fd;
}

/*
 * Of each span one: as many different ones, and nobody can open them before.  A
 * connection among them that is left without a word proves where it comes from; one of
 * before could be that of a client in whose name another scans.
 */
static bool scan(struct self_test_packets *packets)
{
	bool has_connected = false;
	for (uint32_t i = 0; i < SELF_TEST_PORTS; i++) {
		uint16_t random = 0;
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			random = 0;
		try_port(packets,
			 (uint16_t)(FIRST_PORT + i * PORT_SPAN + random % PORT_SPAN));
		step(packets);
		if (i == CONNECT_AFTER)
			has_connected =
				leaves_without_a_word(packets) && connects(packets);
	}
	return has_connected;
}

static bool stops(struct self_test_packets *packets)
{
	for (int i = 0; i < STOP_STEPS && !is_over(packets); i++) {
		if (packets->sent - packets->heard >= SILENT)
			break;
		step(packets);
	}
	packets->is_stopped = packets->sent - packets->heard >= SILENT;
	packets->first_stopped = packets->heard;
	return packets->is_stopped;
}

/* Either end knows. */
static bool session_has_ended(const struct self_test_packets *packets)
{
	struct pollfd ends[2] = {
		{ .fd = packets->session, .events = POLLRDHUP },
		{ .fd = packets->peer, .events = POLLRDHUP },
	};
	return poll(ends, 2, 0) > 0;
}

/* None may come through while it is blocked. */
static bool is_held(struct self_test_packets *packets)
{
	bool has_ended = false;
	for (int i = 0; i < SESSION_STEPS && !is_over(packets); i++) {
		step(packets);
		has_ended = has_ended || session_has_ended(packets);
		if (i >= HELD_STEPS && has_ended)
			break;
	}
	return has_ended;
}

static bool comes_back(struct self_test_packets *packets)
{
	uint32_t before = packets->heard;
	packets->is_stopped = false;
	for (int i = 0; i < BACK_STEPS && !is_over(packets); i++) {
		if (packets->heard > before)
			return true;
		step(packets);
	}
	return false;
}

static uint32_t run(struct self_test_packets *packets, struct self_test_event *event)
{
	if (!reaches(packets))
		return SELF_TEST_NO_ANSWER;
	count(packets);
	if (!scan(packets))
		return SELF_TEST_NO_ANSWER;
	if (!stops(packets))
		return SELF_TEST_NOT_STOPPED;
	event->stopped_us = packets->sent_us[packets->first_stopped];
	event->session_ended = is_held(packets);
	tell(packets, SELF_TEST_STOPPED);
	return comes_back(packets) ? SELF_TEST_WELL : SELF_TEST_NOT_BACK;
}

void self_test_packets_run(struct self_test_packets *packets,
			   void (*to)(const struct self_test_event *event),
			   struct self_test_event *event)
{
	packets->tell = to;
	packets->begun_us = packets->next_us = clock_us(CLOCK_MONOTONIC);
	tell(packets, SELF_TEST_BEGINS);
	event->outcome = run(packets, event);
	fill(packets, event);
}
