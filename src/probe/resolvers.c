/*
 * resolvers.c: see resolvers.h.
 */
#include "probe/resolvers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "probe/asked.h"

enum { LOOK_US = 1000000, OTHERS_MOST = 64 };

struct resolver {
	struct resolver *next;
	struct prober *prober;
	ares_channel channel;          /* NULL: it could not be made */
	char where[RESOLVER_TEXT_MAX]; /* "": of resolv.conf */
};

static const char resolv_conf[] = "/etc/resolv.conf";

/* c-ares opens, changes and closes (neither readable nor writable) a descriptor. */
static void watch(void *self, ares_socket_t fd, int readable, int writable)
{
	struct prober *p = self;
	epoll_keep(p->epoll, fd,
		   (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u));
}

/* Who is named alone is asked alone: no file, no domain to be searched. */
static bool open_channel(struct resolver *resolver)
{
	bool is_named = resolver->where[0] != '\0';
	char lookups[] = "b";
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH,
					.sock_state_cb = watch,
					.sock_state_cb_data = resolver->prober,
					.timeout = 1000,
					.tries = 2,
					.lookups = lookups };
	int given = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
	if (is_named)
		given |= ARES_OPT_FLAGS | ARES_OPT_LOOKUPS;
	if (ares_init_options(&resolver->channel, &options, given) != ARES_SUCCESS) {
		resolver->channel = NULL;
		return false;
	}
	return !is_named || ares_set_servers_ports_csv(resolver->channel,
						       resolver->where) == ARES_SUCCESS;
}

static struct resolver *make(struct prober *p, const char *where)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	if (resolver == NULL)
		return NULL;
	resolver->prober = p;
	snprintf(resolver->where, sizeof(resolver->where), "%s", where);
	if (open_channel(resolver))
		return resolver;
	if (resolver->channel != NULL)
		ares_destroy(resolver->channel);
	free(resolver);
	return NULL;
}

/* ---- the file that says who they are ---- */

/* 0: it is not there. */
static uint64_t stamp(void)
{
	static const struct hash_key same = { 0, 0 };
	struct stat st;
	if (stat(resolv_conf, &st) != 0)
		return 0;
	uint64_t words[] = { st.st_dev, st.st_ino, (uint64_t)st.st_size,
			     (uint64_t)st.st_mtim.tv_sec,
			     (uint64_t)st.st_mtim.tv_nsec };
	return hash_words(&same, words, sizeof(words) / sizeof(words[0]));
}

/* Questions on their way are asked again, of those that are in it now. */
static void follow_file(struct prober *p)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (now_us < p->names.look_us)
		return;
	p->names.look_us = now_us + LOOK_US;
	uint64_t found = stamp();
	/* Who writes a new one may have taken the old one away first. */
	if (found == p->names.stamp || found == 0)
		return;
	struct resolver *own = p->resolvers;
	ares_channel before = own->channel;
	if (!open_channel(own)) {
		own->channel = before;
		return;
	}
	p->names.stamp = found;
	ares_destroy(before);
	names_begin_again(p);
}

/* ---- all of them ---- */

bool resolvers_begin(struct prober *p)
{
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return false;
	p->names.key = hash_key_random();
	p->names.stamp = stamp();
	p->names.look_us = clock_us(CLOCK_MONOTONIC) + LOOK_US;
	p->resolvers = make(p, "");
	return p->resolvers != NULL;
}

void resolvers_end(struct prober *p)
{
	for (struct resolver *resolver; (resolver = p->resolvers) != NULL;) {
		p->resolvers = resolver->next;
		ares_destroy(resolver->channel);
		free(resolver);
	}
	ares_library_cleanup();
}

struct resolver *resolver_of(struct prober *p, const char *where)
{
	char normal[RESOLVER_TEXT_MAX];
	struct resolver **at = &p->resolvers;
	size_t count = 0;
	if (where == NULL || !resolver_parse(where, normal))
		return p->resolvers;
	for (; *at != NULL; at = &(*at)->next, count++)
		if (strcmp((*at)->where, normal) == 0)
			return *at;
	if (count <= OTHERS_MOST)
		*at = make(p, normal);
	return *at;
}

ares_channel resolver_channel(const struct resolver *resolver)
{
	return resolver->channel;
}

bool resolver_parse(const char *where, char out[RESOLVER_TEXT_MAX])
{
	char host[ADDR_TEXT_MAX + 2];
	struct addr addr;
	char *end;
	if (addr_parse(where, &addr)) {
		snprintf(out, RESOLVER_TEXT_MAX,
			 addr_is_v4(&addr) ? "%s:53" : "[%s]:53", where);
		return true;
	}
	const char *colon = strrchr(where, ':');
	size_t len = colon != NULL ? (size_t)(colon - where) : 0;
	if (len == 0 || len >= sizeof(host) || colon[1] < '1' || colon[1] > '9')
		return false;
	bool has_brackets = where[0] == '[' && where[len - 1] == ']';
	snprintf(host, sizeof(host), "%.*s", (int)(has_brackets ? len - 2 : len),
		 where + has_brackets);
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port > UINT16_MAX || !addr_parse(host, &addr) ||
	    addr_is_v4(&addr) == has_brackets)
		return false;
	snprintf(out, RESOLVER_TEXT_MAX, "%s", where);
	return true;
}

/* ---- the loop ---- */

/* With few descriptors that change with each question, c-ares is asked for them. */
static void turn(ares_channel channel)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	/* Its own macros shift an int by 31. */
	unsigned bits = (unsigned)ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		bool readable = bits >> i & 1u,
		     writable = bits >> (i + ARES_GETSOCK_MAXNUM) & 1u;
		if (readable || writable)
			ares_process_fd(channel, readable ? fds[i] : ARES_SOCKET_BAD,
					writable ? fds[i] : ARES_SOCKET_BAD);
	}
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* timeouts */
}

void resolvers_turn(struct prober *p)
{
	follow_file(p);
	for (struct resolver *one = p->resolvers; one != NULL; one = one->next)
		turn(one->channel);
}

int resolvers_next_ms(const struct prober *p)
{
	int next_ms = -1;
	for (const struct resolver *one = p->resolvers; one != NULL; one = one->next) {
		struct timeval at;
		struct timeval *next = ares_timeout(one->channel, NULL, &at);
		int ms = next == NULL ? -1
				      : (int)(next->tv_sec * 1000 +
					      (next->tv_usec + 999) / 1000);
		if (ms >= 0 && (next_ms < 0 || ms < next_ms))
			next_ms = ms;
	}
	return next_ms;
}
