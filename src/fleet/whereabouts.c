/*
 * whereabouts.c: see whereabouts.h.
 */
#include "fleet/whereabouts.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "config/nats_server.h"

enum {
	LOOK_S = 300,
	UNKNOWN_S = 10, /* while one is not known yet */
};
#define SECOND_US 1000000LL
#define KEPT_US   (2 * 86400 * SECOND_US)

struct place {
	struct addr addr;
	int64_t seen_us;
};

struct host {
	char name[NATS_HOST_MAX];
	struct place places[WHEREABOUTS_OF_HOST_MAX];
	size_t count;
};

struct whereabouts {
	struct host hosts[WHEREABOUTS_HOSTS_MAX]; /* names: as at the start */
	size_t count;
	pthread_mutex_t lock; /* of all below, and of places */
	pthread_cond_t changed;
	uint64_t changes;
	unsigned users; /* who opened it, and the thread: the last one frees it */
	bool ends;
};

bool server_addresses_hold(const struct server_addresses *list,
			   const struct addr *address)
{
	const struct addr source = addr_source(address);
	for (uint32_t i = 0; i < list->count; i++)
		if (addr_equal(&list->at[i], &source))
			return true;
	return false;
}

static void add(struct server_addresses *list, const struct addr *address)
{
	if (list->count < WHEREABOUTS_MAX && !server_addresses_hold(list, address))
		list->at[list->count++] = addr_source(address);
}

/* ---- what is known ---- */

static struct place *place_of(struct host *host, const struct addr *addr)
{
	for (size_t i = 0; i < host->count; i++)
		if (addr_equal(&host->places[i].addr, addr))
			return &host->places[i];
	return NULL;
}

/* A free one, or that of what was seen longest ago. */
static struct place *room_of(struct host *host)
{
	struct place *oldest = &host->places[0];
	if (host->count < WHEREABOUTS_OF_HOST_MAX)
		return &host->places[host->count++];
	for (size_t i = 1; i < host->count; i++)
		if (host->places[i].seen_us < oldest->seen_us)
			oldest = &host->places[i];
	return oldest;
}

/* True if there was any. */
static bool forget_old(struct host *host, int64_t now_us)
{
	size_t kept = 0, before = host->count;
	for (size_t i = 0; i < host->count; i++)
		if (now_us - host->places[i].seen_us < KEPT_US)
			host->places[kept++] = host->places[i];
	host->count = kept;
	return kept < before;
}

void whereabouts_note(struct whereabouts *w, size_t number,
		      const struct server_addresses *found, int64_t now_us)
{
	struct host *host = &w->hosts[number];
	bool has_changed = false;
	if (found->count == 0)
		return;
	pthread_mutex_lock(&w->lock);
	for (uint32_t i = 0; i < found->count && i < WHEREABOUTS_OF_HOST_MAX; i++) {
		struct place *place = place_of(host, &found->at[i]);
		has_changed |= place == NULL;
		if (place == NULL)
			place = room_of(host);
		*place = (struct place){ found->at[i], now_us };
	}
	has_changed |= forget_old(host, now_us);
	w->changes += has_changed;
	pthread_mutex_unlock(&w->lock);
}

uint64_t whereabouts_list(struct whereabouts *w, struct server_addresses *out)
{
	out->count = 0;
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->count; i++)
		for (size_t j = 0; j < w->hosts[i].count; j++)
			add(out, &w->hosts[i].places[j].addr);
	uint64_t changes = w->changes;
	pthread_mutex_unlock(&w->lock);
	return changes;
}

/* ---- looking ---- */

static void resolve(const char *name, struct server_addresses *out)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	struct addr addr;
	out->count = 0;
	if (getaddrinfo(name, NULL, &wanted, &found) != 0)
		return;
	for (const struct addrinfo *one = found; one != NULL; one = one->ai_next)
		if (addr_of_socket(one->ai_addr, &addr))
			add(out, &addr);
	freeaddrinfo(found);
}

static bool has_ended(struct whereabouts *w)
{
	pthread_mutex_lock(&w->lock);
	bool ends = w->ends;
	pthread_mutex_unlock(&w->lock);
	return ends;
}

void whereabouts_look(struct whereabouts *w)
{
	struct server_addresses found;
	for (size_t i = 0; i < w->count && !has_ended(w); i++) {
		resolve(w->hosts[i].name, &found);
		whereabouts_note(w, i, &found, clock_us(CLOCK_BOOTTIME));
	}
}

static bool knows_all(const struct whereabouts *w)
{
	bool does = true;
	for (size_t i = 0; i < w->count; i++)
		does &= w->hosts[i].count > 0;
	return does;
}

/* ---- its thread ---- */

static void let_go(struct whereabouts *w)
{
	pthread_mutex_lock(&w->lock);
	bool is_last = --w->users == 0;
	pthread_mutex_unlock(&w->lock);
	if (!is_last)
		return;
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* False: it ends. */
static bool wait_for_next(struct whereabouts *w)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	pthread_mutex_lock(&w->lock);
	until.tv_sec += knows_all(w) ? LOOK_S : UNKNOWN_S;
	while (!w->ends && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
		continue;
	bool goes_on = !w->ends;
	pthread_mutex_unlock(&w->lock);
	return goes_on;
}

static void *follow(void *self)
{
	struct whereabouts *w = self;
	do
		whereabouts_look(w);
	while (wait_for_next(w));
	let_go(w);
	return NULL;
}

bool whereabouts_follow(struct whereabouts *w)
{
	pthread_t thread;
	w->users++;
	if (pthread_create(&thread, NULL, follow, w) != 0) {
		w->users--;
		return false;
	}
	/* A resolver that does not answer keeps nobody waiting who ends. */
	pthread_detach(thread);
	return true;
}

/* ---- begin and end ---- */

static bool has_host(const struct whereabouts *w, const char *name)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->hosts[i].name, name) == 0)
			return true;
	return false;
}

static void take_servers(struct whereabouts *w, const char *servers)
{
	struct nats_server server;
	while (*servers != '\0' && w->count < WHEREABOUTS_HOSTS_MAX) {
		const char *start = servers + strspn(servers, ", \t");
		size_t len = strcspn(start, ", \t");
		if (nats_server_read(start, len, &server) && !has_host(w, server.host))
			memcpy(w->hosts[w->count++].name, server.host,
			       sizeof(server.host));
		servers = start + len;
	}
}

struct whereabouts *whereabouts_open(const char *servers)
{
	struct whereabouts *w = calloc(1, sizeof(*w));
	pthread_condattr_t monotonic;
	if (w == NULL)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&w->lock, NULL);
	w->users = 1;
	take_servers(w, servers);
	return w;
}

void whereabouts_close(struct whereabouts *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->ends = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	let_go(w);
}
