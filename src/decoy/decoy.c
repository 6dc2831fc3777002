/*
 * decoy.c: see decoy.h.
 */
#include "decoy/decoy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"

enum {
	BACKLOG = 16,
	SOCKET_BYTES = 2048, /* of a client's buffers in the kernel, each way */
	AT_ONCE = 64,
	ACCEPTS_AT_ONCE = 32,
	LISTENER = 1 << 16, /* of an event's number: it is a port's */
};

#define SECOND_US         1000000LL
#define GREETING_DELAY_US SECOND_US
#define LINE_DELAY_US     (10 * SECOND_US) /* endlessh's */

struct listener {
	int fd;
	uint16_t port;
};

struct client {
	int fd; /* -1: there is none */
	uint16_t port;
	bool is_greeted;
	uint32_t read;
	struct addr source;
	int64_t until_us, speaks_us;
};

struct decoy {
	int epoll;
	struct listener listeners[DECOY_PORTS_MAX];
	struct client clients[DECOY_CLIENTS_MAX];
	struct decoy_stats stats;
	int64_t second_us; /* in which they connect */
	uint32_t connects;
	int64_t rests_until_us; /* 0: it does not rest */
};

_Static_assert(sizeof(struct decoy) <= DECOY_BYTES_MAX, "the limit of memory");

/* ---- ports ---- */

struct decoy *decoy_new(void)
{
	struct decoy *decoy = calloc(1, sizeof(*decoy));
	if (decoy == NULL)
		return NULL;
	decoy->epoll = -1;
	for (size_t i = 0; i < DECOY_CLIENTS_MAX; i++)
		decoy->clients[i].fd = -1;
	return decoy;
}

/* Of IPv6 with IPv4 in it; where there is no IPv6, of IPv4. */
static int bind_socket(int family, uint16_t port)
{
	const int yes = 1, no = 0, small = SOCKET_BYTES;
	const struct sockaddr_in6 any6 = { .sin6_family = AF_INET6,
					   .sin6_port = htons(port) };
	const struct sockaddr_in any4 = { .sin_family = AF_INET,
					  .sin_port = htons(port) };
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	bool is_6 = family == AF_INET6;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	if (is_6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd,
		 is_6 ? (const struct sockaddr *)&any6 : (const struct sockaddr *)&any4,
		 is_6 ? sizeof(any6) : sizeof(any4)) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	int error = -errno;
	close(fd);
	return error;
}

int decoy_listen(struct decoy *decoy, uint16_t port)
{
	if (decoy->stats.ports == DECOY_PORTS_MAX)
		return -ENOSPC;
	int fd = bind_socket(AF_INET6, port);
	if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
		fd = bind_socket(AF_INET, port);
	if (fd < 0)
		return fd;
	decoy->listeners[decoy->stats.ports++] = (struct listener){ fd, port };
	return 0;
}

static int watch(const struct decoy *decoy, int fd, uint32_t number)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = number };
	return epoll_ctl(decoy->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* Also those that rest. */
static int listen_all(const struct decoy *decoy)
{
	for (uint32_t i = 0; i < decoy->stats.ports; i++) {
		listen(decoy->listeners[i].fd, BACKLOG);
		int error = watch(decoy, decoy->listeners[i].fd, LISTENER | i);
		if (error != 0)
			return error;
	}
	return 0;
}

/* The one before may have ended while it rested. */
int decoy_begin(struct decoy *decoy)
{
	decoy->epoll = epoll_create1(EPOLL_CLOEXEC);
	return decoy->epoll >= 0 ? listen_all(decoy) : -errno;
}

void decoy_free(struct decoy *decoy)
{
	if (decoy == NULL)
		return;
	for (size_t i = 0; i < DECOY_CLIENTS_MAX; i++)
		if (decoy->clients[i].fd >= 0)
			close(decoy->clients[i].fd);
	for (size_t i = 0; i < decoy->stats.ports; i++)
		close(decoy->listeners[i].fd);
	if (decoy->epoll >= 0)
		close(decoy->epoll);
	free(decoy);
}

int decoy_fd(const struct decoy *decoy)
{
	return decoy->epoll;
}

/* ---- clients ---- */

/* With a RST, so that nothing of it stays in the kernel. */
static void reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

static void forget(struct decoy *decoy, struct client *client)
{
	client->fd = -1;
	decoy->stats.clients--;
}

static void end_client(struct decoy *decoy, struct client *client)
{
	reset(client->fd);
	forget(decoy, client);
}

/* A place; NULL: there is none, or the source has its share. */
static struct client *find_place(struct decoy *decoy, const struct addr *source)
{
	struct client *place = NULL;
	unsigned of_source = 0;
	for (size_t i = 0; i < DECOY_CLIENTS_MAX; i++) {
		struct client *client = &decoy->clients[i];
		if (client->fd < 0)
			place = client;
		else
			of_source += addr_equal(&client->source, source);
	}
	return of_source < DECOY_PER_SOURCE ? place : NULL;
}

static void take_client(struct decoy *decoy, int fd, const struct addr *from,
			uint16_t port, int64_t now_us)
{
	struct addr source = addr_source(from);
	struct client *client = find_place(decoy, &source);
	if (client == NULL ||
	    watch(decoy, fd, (uint32_t)(client - decoy->clients)) != 0) {
		decoy->stats.refused++;
		reset(fd);
		return;
	}
	bool greets = decoy_greeting(port) != NULL;
	*client = (struct client){
		.fd = fd,
		.port = port,
		.source = source,
		.until_us = now_us + DECOY_LIFE_S * SECOND_US,
		.speaks_us = now_us + (greets ? GREETING_DELAY_US : LINE_DELAY_US),
	};
	decoy->stats.clients++;
	decoy->stats.accepted++;
}

/* ---- overload ---- */

static void rest(struct decoy *decoy, int64_t now_us)
{
	for (size_t i = 0; i < DECOY_CLIENTS_MAX; i++)
		if (decoy->clients[i].fd >= 0)
			end_client(decoy, &decoy->clients[i]);
	/* It listens no more, and keeps its port: listen(2) begins again. */
	for (size_t i = 0; i < decoy->stats.ports; i++) {
		epoll_ctl(decoy->epoll, EPOLL_CTL_DEL, decoy->listeners[i].fd, NULL);
		shutdown(decoy->listeners[i].fd, SHUT_RD);
	}
	decoy->rests_until_us = now_us + DECOY_REST_S * SECOND_US;
	decoy->stats.rests++;
}

static void end_rest(struct decoy *decoy)
{
	decoy->rests_until_us = 0;
	listen_all(decoy);
}

static bool is_too_much(struct decoy *decoy, int64_t now_us)
{
	if (now_us - decoy->second_us >= SECOND_US) {
		decoy->second_us = now_us;
		decoy->connects = 0;
	}
	return ++decoy->connects > DECOY_CONNECTS_MAX;
}

static void accept_some(struct decoy *decoy, const struct listener *listener,
			int64_t now_us)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		struct sockaddr_storage from;
		struct addr source;
		socklen_t len = sizeof(from);
		int fd = accept4(listener->fd, (struct sockaddr *)&from, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			       errno == ENOBUFS))
			rest(decoy, now_us);
		if (fd < 0)
			return;
		if (is_too_much(decoy, now_us)) {
			reset(fd);
			rest(decoy, now_us);
			return;
		}
		if (addr_of_socket((struct sockaddr *)&from, &source))
			take_client(decoy, fd, &source, listener->port, now_us);
		else
			reset(fd);
	}
}

/* ---- what is said ---- */

/* What a client says is thrown away in the kernel (MSG_TRUNC of tcp(7)). */
static void hear(struct decoy *decoy, struct client *client)
{
	ssize_t got = recv(client->fd, NULL, SOCKET_BYTES, MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0 && client->read + (uint32_t)got <= DECOY_READ_MAX) {
		client->read += (uint32_t)got;
		return;
	}
	if (got == 0) {
		close(client->fd); /* it has left: as servers do */
		forget(decoy, client);
		return;
	}
	end_client(decoy, client);
}

/* Never one that begins with "SSH-": for SSH, banner lines go on and on. */
static size_t make_line(char line[static DECOY_LINE_MAX])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789 .";
	uint8_t random[DECOY_LINE_MAX];
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		memset(random, 'x', sizeof(random));
	size_t len = 3 + random[0] % (DECOY_LINE_MAX - 4);
	for (size_t i = 0; i < len; i++)
		line[i] = letters[random[i] % (sizeof(letters) - 1)];
	line[len] = '\r';
	line[len + 1] = '\n';
	return len + 2;
}

/* Who does not take what is said is not pressed: it waits for its end. */
static void speak(struct client *client, int64_t now_us)
{
	char line[DECOY_LINE_MAX];
	const char *greeting = decoy_greeting(client->port);
	if (greeting == NULL) {
		send(client->fd, line, make_line(line), MSG_DONTWAIT | MSG_NOSIGNAL);
		client->speaks_us = now_us + LINE_DELAY_US;
		return;
	}
	send(client->fd, greeting, strlen(greeting), MSG_DONTWAIT | MSG_NOSIGNAL);
	client->speaks_us = INT64_MAX;
}

static void take_time(struct decoy *decoy, int64_t now_us)
{
	if (decoy->rests_until_us != 0 && now_us >= decoy->rests_until_us)
		end_rest(decoy);
	for (size_t i = 0; i < DECOY_CLIENTS_MAX; i++) {
		struct client *client = &decoy->clients[i];
		if (client->fd >= 0 && now_us >= client->until_us)
			end_client(decoy, client);
		else if (client->fd >= 0 && now_us >= client->speaks_us)
			speak(client, now_us);
	}
}

static void take_event(struct decoy *decoy, uint32_t number, int64_t now_us)
{
	bool rests = decoy->rests_until_us != 0;
	if ((number & LISTENER) != 0) {
		if (!rests)
			accept_some(decoy, &decoy->listeners[number & ~LISTENER],
				    now_us);
		return;
	}
	if (decoy->clients[number].fd >= 0)
		hear(decoy, &decoy->clients[number]);
}

void decoy_run(struct decoy *decoy, int64_t now_us)
{
	struct epoll_event events[AT_ONCE];
	int count = epoll_wait(decoy->epoll, events, AT_ONCE, 0);
	for (int i = 0; i < count; i++)
		take_event(decoy, events[i].data.u32, now_us);
	take_time(decoy, now_us);
}

int decoy_timeout_ms(const struct decoy *decoy, int64_t now_us)
{
	int64_t next_us =
		decoy->rests_until_us != 0 ? decoy->rests_until_us : INT64_MAX;
	for (size_t i = 0; i < DECOY_CLIENTS_MAX; i++) {
		const struct client *client = &decoy->clients[i];
		if (client->fd < 0)
			continue;
		if (client->until_us < next_us)
			next_us = client->until_us;
		if (client->speaks_us < next_us)
			next_us = client->speaks_us;
	}
	if (next_us == INT64_MAX)
		return -1;
	return next_us <= now_us ? 0 : (int)((next_us - now_us) / 1000) + 1;
}

void decoy_stats(const struct decoy *decoy, int64_t now_us, struct decoy_stats *stats)
{
	*stats = decoy->stats;
	int64_t left_us = decoy->rests_until_us - now_us;
	stats->rests_s =
		decoy->rests_until_us == 0
			? 0
			: (uint32_t)(left_us > 0 ? left_us / SECOND_US + 1 : 1);
}
