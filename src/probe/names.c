/*
 * names.c: see names.h.
 */
#include "probe/names.h"

#include <ares.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/asked.h"
#include "probe/resolvers.h"

#define SECOND_US 1000000LL

enum { ENTRIES_MOST = 65536, IDLE_S = 86400 };

/* ---- what it stands for ---- */

void name_forget(struct name *name)
{
	for (size_t i = 0; i < name->count; i++)
		free(name->at[i].host);
	free(name->at);
	name->at = NULL;
	name->count = 0;
}

/* A place for one more; NULL: there are enough, or no memory. */
static struct name_one *add(struct name *name)
{
	struct name_one *grown = NULL;
	if (name->count < NAME_MOST)
		grown = realloc(name->at, (name->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	name->at = grown;
	grown[name->count] = (struct name_one){ .addr = addr_unset() };
	return &grown[name->count++];
}

static bool has(const struct name *name, const struct addr *addr)
{
	for (size_t i = 0; i < name->count; i++)
		if (addr_equal(&name->at[i].addr, addr))
			return true;
	return false;
}

/* An answer of so many seconds, within our bounds. */
static void keep_for(struct name *name, uint32_t ttl_s)
{
	uint32_t bounded_s = ttl_s < NAME_TTL_MIN_S   ? NAME_TTL_MIN_S
			     : ttl_s > NAME_TTL_MAX_S ? NAME_TTL_MAX_S
						      : ttl_s;
	name->until_us = clock_us(CLOCK_MONOTONIC) + bounded_s * SECOND_US;
}

/* ---- answers ---- */

static bool is_trouble(int status)
{
	return status != ARES_SUCCESS && status != ARES_ENOTFOUND &&
	       status != ARES_ENODATA;
}

/* What is no answer takes nothing away. */
static void take_no_answer(struct name *name, int status)
{
	name->status = status;
	if (!is_trouble(status))
		name_forget(name);
	keep_for(name,
		 is_trouble(status) && name->count > 0 ? NAME_TRIED_S : NAME_TTL_MIN_S);
}

static uint32_t take_addresses(struct name *name, const struct ares_addrinfo *result)
{
	int ttl_s = NAME_TTL_MAX_S;
	struct addr addr;
	for (const struct ares_addrinfo_node *node = result->nodes; node != NULL;
	     node = node->ai_next) {
		ttl_s = node->ai_ttl < ttl_s ? node->ai_ttl : ttl_s;
		if (!addr_of_socket(node->ai_addr, &addr) || has(name, &addr))
			continue;
		struct name_one *one = add(name);
		if (one != NULL)
			one->addr = addr;
	}
	for (const struct ares_addrinfo_cname *cname = result->cnames; cname != NULL;
	     cname = cname->next)
		ttl_s = cname->ttl < ttl_s ? cname->ttl : ttl_s;
	return ttl_s > 0 ? (uint32_t)ttl_s : 0;
}

/* The resolver that was asked is none any more: whoever waits, waits for the next. */
static bool is_withdrawn(struct name *name, int status)
{
	name->is_asking = false;
	return status == ARES_EDESTRUCTION;
}

static void take_addrinfo(void *self, int status, int timeouts,
			  struct ares_addrinfo *result)
{
	struct name *name = self;
	(void)timeouts;
	if (is_withdrawn(name, status)) {
		ares_freeaddrinfo(result);
		return;
	}
	bool has_some = status == ARES_SUCCESS && result != NULL;
	if (has_some) {
		name_forget(name);
		name->status = status;
		keep_for(name, take_addresses(name, result));
	}
	if (!has_some || name->count == 0)
		take_no_answer(name, status == ARES_SUCCESS ? ARES_ENODATA : status);
	ares_freeaddrinfo(result);
	resolve_answered(name);
}

/* ---- services ---- */

/* Of letters, digits, '-', '_' and '.': it becomes a part of a URL. */
static bool is_host(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	return text[strspn(text, good)] == '\0';
}

static bool read_service(const struct dns_message *message, const struct dns_rr *rr,
			 struct name *name)
{
	struct bytes data = bytes_of(message->bytes.at + rr->data_at, rr->data_len);
	struct name_one one = { .addr = addr_unset(),
				.priority = bytes_be16(&data),
				.weight = bytes_be16(&data),
				.port = bytes_be16(&data) };
	struct dns_name host;
	size_t at = rr->data_at + 6;
	char text[DNS_NAME_MAX * 4 + 1];
	if (!bytes_ok(&data) || dns_name_read(message->bytes, &at, &host) != DNS_SOUND)
		return false;
	dns_name_text(&host, text, sizeof(text));
	if (strcmp(text, ".") == 0)
		text[0] = '\0';
	if (!is_host(text))
		return false;
	struct name_one *place = add(name);
	one.host = place != NULL ? strdup(text) : NULL;
	if (place != NULL)
		*place = one;
	return one.host != NULL;
}

/* By priority; of one priority, who is to get more first. */
static int by_rank(const void *left, const void *right)
{
	const struct name_one *a = left, *b = right;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	int order = strcmp(a->host, b->host);
	return order != 0 ? order : (int)a->port - (int)b->port;
}

bool name_services_read(struct name *name, struct bytes bytes, uint32_t *ttl_s)
{
	struct dns_message message;
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	*ttl_s = NAME_TTL_MAX_S;
	if (dns_message_read(bytes, bytes.len, &message) != DNS_SOUND)
		return false;
	name_forget(name);
	while (dns_rr_next(&message, &walk, &rr)) {
		if (rr.section != DNS_ANSWERS || rr.class != DNS_CLASS_IN)
			continue;
		*ttl_s = rr.ttl < *ttl_s ? rr.ttl : *ttl_s;
		if (rr.type == DNS_SRV && !read_service(&message, &rr, name))
			break;
	}
	if (name->count > 0)
		qsort(name->at, name->count, sizeof(*name->at), by_rank);
	return name->count > 0;
}

static void take_services(void *self, int status, int timeouts, unsigned char *at,
			  int len)
{
	struct name *name = self;
	uint32_t ttl_s;
	(void)timeouts;
	if (is_withdrawn(name, status))
		return;
	if (status != ARES_SUCCESS) {
		take_no_answer(name, status);
	} else if (name_services_read(name, bytes_of(at, (size_t)len), &ttl_s)) {
		name->status = status;
		keep_for(name, ttl_s);
	} else {
		take_no_answer(name, ARES_ENODATA);
	}
	resolve_answered(name);
}

/* ---- asking ---- */

bool name_is_fresh(const struct name *name, int64_t now_us)
{
	return now_us < name->until_us;
}

static int family_of(const struct name *name)
{
	return name->family == 4 ? AF_INET : name->family == 6 ? AF_INET6 : AF_UNSPEC;
}

void name_ask(struct prober *p, struct name *name)
{
	(void)p;
	if (name->is_asking)
		return;
	name->is_asking = true;
	ares_channel channel = resolver_channel(name->resolver);
	if (name->kind == NAME_SERVICES) {
		ares_search(channel, name->host, DNS_CLASS_IN, DNS_SRV, take_services,
			    name);
		return;
	}
	struct ares_addrinfo_hints hints = { .ai_family = family_of(name),
					     .ai_socktype = SOCK_STREAM };
	ares_getaddrinfo(channel, name->host, NULL, &hints, take_addrinfo, name);
}

/* ---- all of them ---- */

static uint64_t hash_of(const struct prober *p, const struct name *name)
{
	uint64_t words[DNS_NAME_MAX / 8 + 3] = { (uintptr_t)name->resolver,
						 name->kind * 8u + name->family };
	size_t len = strnlen(name->host, DNS_NAME_MAX);
	memcpy(&words[2], name->host, len);
	return hash_words(&p->names.key, words, len / 8 + 3);
}

static struct name **place_of(struct prober *p, const struct name *like)
{
	struct name **at = &p->names.heads[hash_of(p, like) % NAME_HEADS];
	while (*at != NULL &&
	       ((*at)->kind != like->kind || (*at)->family != like->family ||
		(*at)->resolver != like->resolver ||
		strcmp((*at)->host, like->host) != 0))
		at = &(*at)->next;
	return at;
}

static void free_name(struct name *name)
{
	name_forget(name);
	free(name->host);
	free(name);
}

/* Those that nobody asks for any more. */
static void drop_idle(struct prober *p, int64_t before_us)
{
	for (size_t i = 0; i < NAME_HEADS; i++)
		for (struct name **at = &p->names.heads[i]; *at != NULL;) {
			struct name *name = *at;
			if (name->is_asking || name->waiting != NULL ||
			    name->used_us >= before_us) {
				at = &name->next;
				continue;
			}
			*at = name->next;
			free_name(name);
			p->names.count--;
		}
}

static void make_room(struct prober *p)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (p->names.count < p->names.look_at)
		return;
	drop_idle(p, now_us - IDLE_S * SECOND_US);
	/* Whoever may ask us for others may ask for any. */
	if (p->names.count >= ENTRIES_MOST)
		drop_idle(p, now_us);
	p->names.look_at = p->names.count * 2 + 1024;
}

static struct name *add_name(struct prober *p, const struct name *like)
{
	make_room(p);
	struct name **place = place_of(p, like);
	struct name *name = malloc(sizeof(*name));
	char *host = strdup(like->host);
	if (name == NULL || host == NULL) {
		free(host);
		free(name);
		return NULL;
	}
	*name = *like;
	name->host = host;
	*place = name;
	p->names.count++;
	return name;
}

struct name *name_of(struct prober *p, const struct target *t, const char *other)
{
	bool is_service = other == NULL && t->members == MEMBERS_SERVICES;
	struct name like = { .kind = is_service ? NAME_SERVICES : NAME_ADDRESSES,
			     .family = t->family,
			     .resolver = resolver_of(p, t->resolver),
			     .host = (char *)(other != NULL ? other
							    : t->connect_host) };
	if (like.resolver == NULL)
		return NULL;
	struct name *name = *place_of(p, &like);
	if (name == NULL)
		name = add_name(p, &like);
	if (name != NULL)
		name->used_us = clock_us(CLOCK_MONOTONIC);
	return name;
}

void names_begin_again(struct prober *p)
{
	for (size_t i = 0; i < NAME_HEADS; i++)
		for (struct name *name = p->names.heads[i]; name != NULL;
		     name = name->next) {
			name->until_us = 0;
			if (name->waiting != NULL)
				name_ask(p, name);
		}
}

void names_free(struct prober *p)
{
	for (size_t i = 0; i < NAME_HEADS; i++)
		for (struct name *name; (name = p->names.heads[i]) != NULL;) {
			p->names.heads[i] = name->next;
			free_name(name);
		}
}
