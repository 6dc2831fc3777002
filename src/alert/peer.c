/*
 * peer.c: URL, name and datagrams of the other side; see peer.h.
 */
#include "alert/peer.h"

#include <ares.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	TEN = 10,
	THOUSAND = 1000,
	LOOK_UP_MS = 5000,
	/* A refusal (ICMP) of the host itself or of the next network comes by then. */
	REFUSAL_MS = 300,
};

/* ---- URL ---- */

static bool take_host(struct peer *out, CURLU *url)
{
	char *host = NULL;
	if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return false;
	/* Brackets of an IPv6 address are the URL's. */
	const char *at = host + (host[0] == '[');
	size_t len = strcspn(at, "]");
	bool fits = len > 0 && len < sizeof(out->host);
	if (fits)
		snprintf(out->host, sizeof(out->host), "%.*s", (int)len, at);
	curl_free(host);
	return fits;
}

static uint16_t port_of(CURLU *url, uint16_t usual)
{
	char *text = NULL;
	if (curl_url_get(url, CURLUPART_PORT, &text, 0) != CURLUE_OK)
		return usual;
	unsigned long port = strtoul(text, NULL, TEN);
	curl_free(text);
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

bool peer_of_url(const char *text, uint16_t usual_port, struct peer *out,
		 struct buf *message)
{
	CURLU *url = curl_url();
	bool is_good = url != NULL &&
		       curl_url_set(url, CURLUPART_URL, text,
				    CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
		       take_host(out, url);
	if (is_good)
		out->port = port_of(url, usual_port);
	curl_url_cleanup(url);
	if (is_good && out->port != 0)
		return true;
	buf_printf(message, "%s is no scheme://host[:port]", text);
	return false;
}

/* ---- name ---- */

struct found {
	union endpoint *at;
	size_t count;
	int status;
	bool is_done;
};

static void take_addresses(void *to, int status, __attribute__((unused)) int timeouts,
			   struct ares_addrinfo *answer)
{
	struct found *found = to;
	found->is_done = true;
	found->status = status;
	const struct ares_addrinfo_node *node = answer != NULL ? answer->nodes : NULL;
	for (; node != NULL && found->count < PEER_ADDRESSES_MAX; node = node->ai_next)
		if (node->ai_addrlen <= sizeof(found->at[0]))
			memcpy(&found->at[found->count++], node->ai_addr,
			       node->ai_addrlen);
	if (answer != NULL)
		ares_freeaddrinfo(answer);
}

static void wait_for_resolver(ares_channel channel, int wait_ms)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	struct pollfd waited[ARES_GETSOCK_MAXNUM];
	int which = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	struct timeval most = { .tv_usec = wait_ms * THOUSAND }, time;
	const struct timeval *next = ares_timeout(channel, &most, &time);
	nfds_t count = 0;
	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		int events = (ARES_GETSOCK_READABLE(which, i) ? POLLIN : 0) |
			     (ARES_GETSOCK_WRITABLE(which, i) ? POLLOUT : 0);
		if (events != 0)
			waited[count++] = (struct pollfd){ .fd = sockets[i],
							   .events = (short)events };
	}
	poll(waited, count, (int)(next->tv_sec * THOUSAND + next->tv_usec / THOUSAND));
	for (nfds_t i = 0; i < count; i++)
		if (waited[i].revents != 0)
			ares_process_fd(channel, waited[i].fd, waited[i].fd);
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* getaddrinfo(3) may wait for half a minute. */
static void look_up(const struct peer *peer, struct found *found)
{
	enum { WAIT_MS = 500 };
	const struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NUMERICSERV,
						   .ai_socktype = SOCK_DGRAM };
	int64_t end_us = clock_us(CLOCK_MONOTONIC) + (int64_t)LOOK_UP_MS * THOUSAND;
	char port[sizeof("65535")];
	ares_channel channel;
	found->status = ares_init(&channel);
	if (found->status != ARES_SUCCESS)
		return;
	found->status = ARES_ETIMEOUT;
	snprintf(port, sizeof(port), "%u", peer->port);
	ares_getaddrinfo(channel, peer->host, port, &hints, take_addresses, found);
	while (!found->is_done && clock_us(CLOCK_MONOTONIC) < end_us)
		wait_for_resolver(channel, WAIT_MS);
	bool is_late = !found->is_done;
	ares_destroy(channel); /* which ends what is not done */
	if (is_late)
		found->status = ARES_ETIMEOUT;
}

size_t peer_addresses(const struct peer *peer, union endpoint *out, struct buf *error)
{
	struct addr literal;
	if (addr_parse(peer->host, &literal)) {
		endpoint_set(out, &literal, peer->port, 0);
		return 1;
	}
	struct found found = { .at = out };
	look_up(peer, &found);
	if (found.count == 0)
		buf_printf(error, "no address of %s: %s", peer->host,
			   ares_strerror(found.status));
	return found.count;
}

/* ---- datagrams ---- */

static socklen_t length_of(const union endpoint *end)
{
	return end->any.sa_family == AF_INET ? sizeof(end->v4) : sizeof(end->v6);
}

/* True if nobody says within a moment that there is nobody. */
static bool is_taken(int fd)
{
	struct pollfd waited = { .fd = fd };
	int refused = 0;
	socklen_t len = sizeof(refused);
	if (poll(&waited, 1, REFUSAL_MS) <= 0)
		return true;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &refused, &len);
	errno = refused;
	return refused == 0;
}

static bool send_to(const union endpoint *end, const struct piece *pieces, size_t count)
{
	int fd = socket(end->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool can = fd >= 0 && connect(fd, &end->any, length_of(end)) == 0;
	for (size_t i = 0; can && i < count; i++)
		can = send(fd, pieces[i].at, pieces[i].len, 0) ==
		      (ssize_t)pieces[i].len;
	can = can && is_taken(fd);
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return can;
}

bool peer_send_datagrams(const struct peer *peer, const struct piece *pieces,
			 size_t count, struct buf *error)
{
	union endpoint ends[PEER_ADDRESSES_MAX];
	size_t known = peer_addresses(peer, ends, error);
	for (size_t i = 0; i < known; i++)
		if (send_to(&ends[i], pieces, count))
			return true;
	if (known > 0)
		buf_printf(error, "%s port %u: %s", peer->host, peer->port,
			   strerror(errno));
	return false;
}
