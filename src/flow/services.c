/*
 * services.c: per-service counters of the current second; see services.h.
 *
 * At most 65,534 services. When the table is full, one that has no open flow and no
 * news makes room; if none is found nearby, the new one is counted with SERVICE_OTHER.
 * Distributions (15 KiB a service) come from a smaller slab and only while needed.
 */
#include "flow/services.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

enum {
	SERVICES_MAX = UINT16_MAX - 1,
	HEADS = 1 << 16,
	DETAILS_MAX = 4096,
	PROBES = 64,        /* services looked at for one to reclaim */
	TOUCHED_FEW = 4096, /* fit into the ring between worker and main thread */
};
#define DETAIL_NONE UINT32_MAX

struct services {
	struct hash_key key;
	uint32_t count;   /* ever used: the rest of the slab is untouched */
	uint32_t hand;    /* where the search for room goes on */
	uint16_t touched; /* list of those with news; SERVICE_NONE ends */
	uint32_t touched_count;
	struct scattered scattered; /* of the second that is flushed */
	uint32_t detail_count, detail_free;
	uint16_t heads[HEADS]; /* 0: empty */
	/* Apart from the services, so that a search touches only the one it finds. */
	struct link {
		uint16_t next; /* with the same head; 0 ends */
		uint16_t tag;  /* more of the hash */
	} links[SERVICES_MAX];
	struct service *at;
	struct port_detail *details;
	uint32_t *detail_next;
};

struct services *services_new(const struct hash_key *key)
{
	struct services *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->key = *key;
	s->touched = SERVICE_NONE;
	s->detail_free = DETAIL_NONE;
	s->at = pages_reserve(SERVICES_MAX * sizeof(s->at[0]));
	s->details = pages_reserve(DETAILS_MAX * sizeof(s->details[0]));
	s->detail_next = pages_reserve(DETAILS_MAX * sizeof(s->detail_next[0]));
	if (s->at == NULL || s->details == NULL || s->detail_next == NULL) {
		services_free(s);
		return NULL;
	}
	s->at[SERVICE_OTHER].detail = DETAIL_NONE;
	s->count = 1;
	return s;
}

void services_free(struct services *s)
{
	pages_release(s->at, SERVICES_MAX * sizeof(s->at[0]));
	pages_release(s->details, DETAILS_MAX * sizeof(s->details[0]));
	pages_release(s->detail_next, DETAILS_MAX * sizeof(s->detail_next[0]));
	free(s);
}

static uint64_t hash_of(const struct services *s, const struct addr *server,
			uint16_t port, uint8_t proto)
{
	uint64_t words[3];
	memcpy(words, server->ip6, 16);
	words[2] = (uint64_t)port << 8 | proto;
	return hash_words(&s->key, words, 3);
}

static uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48);
}

static void unchain(struct services *s, uint16_t number)
{
	const struct port_sample *now = &s->at[number].now;
	uint16_t *link =
		&s->heads[hash_of(s, &now->server, now->port, now->proto) % HEADS];
	while (*link != number)
		link = &s->links[*link].next;
	*link = s->links[number].next;
}

static uint16_t take_room(struct services *s)
{
	if (s->count < SERVICES_MAX)
		return (uint16_t)s->count++;
	for (unsigned i = 0; i < PROBES; i++) {
		s->hand = s->hand % (SERVICES_MAX - 1) + 1;
		const struct service *old = &s->at[s->hand];
		if (old->now.active == 0 && !old->is_touched) {
			unchain(s, (uint16_t)s->hand);
			return (uint16_t)s->hand;
		}
	}
	return SERVICE_OTHER;
}

uint16_t services_find(struct services *s, const struct addr *server, uint16_t port,
		       uint8_t proto)
{
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP)
		return SERVICE_NONE;
	uint64_t hash = hash_of(s, server, port, proto);
	uint16_t *head = &s->heads[hash % HEADS];
	for (uint16_t i = *head; i != 0; i = s->links[i].next) {
		const struct port_sample *now = &s->at[i].now;
		if (s->links[i].tag == tag_of(hash) && now->port == port &&
		    now->proto == proto && addr_equal(&now->server, server))
			return i;
	}
	uint16_t number = take_room(s);
	if (number == SERVICE_OTHER)
		return SERVICE_OTHER;
	s->at[number] = (struct service){
		.now = { .server = *server, .port = port, .proto = proto },
		.detail = DETAIL_NONE,
	};
	s->links[number] = (struct link){ .next = *head, .tag = tag_of(hash) };
	*head = number;
	return number;
}

struct service *services_at(struct services *s, uint16_t number)
{
	struct service *service = &s->at[number];
	if (!service->is_touched) {
		service->is_touched = true;
		service->touched = s->touched;
		s->touched = number;
		s->touched_count++;
	}
	return service;
}

const struct service *services_peek(const struct services *s, uint16_t number)
{
	return &s->at[number];
}

static void detail_clear(struct port_detail *d)
{
	histogram_reset(&d->handshake);
	histogram_reset(&d->response);
	cardinality_reset(&d->clients);
}

/* NULL when the slab is used up: that service's quantiles are unknown this second. */
static struct port_detail *detail_of(struct services *s, uint16_t number)
{
	struct service *service = services_at(s, number);
	if (service->detail == DETAIL_NONE) {
		uint32_t d = s->detail_free;
		if (d != DETAIL_NONE)
			s->detail_free = s->detail_next[d];
		else if (s->detail_count < DETAILS_MAX)
			d = s->detail_count++;
		else
			return NULL;
		service->detail = d;
		detail_clear(&s->details[d]);
	}
	return &s->details[service->detail];
}

void services_handshake(struct services *s, uint16_t number, uint64_t us)
{
	struct port_detail *d = number == SERVICE_NONE ? NULL : detail_of(s, number);
	if (d != NULL)
		histogram_add(&d->handshake, us);
}

void services_response(struct services *s, uint16_t number, uint64_t us)
{
	struct port_detail *d = number == SERVICE_NONE ? NULL : detail_of(s, number);
	if (d != NULL)
		histogram_add(&d->response, us);
}

void services_client(struct services *s, uint16_t number, const struct addr *client)
{
	struct port_detail *d = number == SERVICE_NONE ? NULL : detail_of(s, number);
	uint64_t words[2];
	memcpy(words, client->ip6, 16);
	/* Unkeyed on purpose: workers with different keys must agree when merged. */
	static const struct hash_key same = { 0, 0 };
	if (d != NULL)
		cardinality_add(&d->clients, hash_words(&same, words, 2));
}

static void flush_one(struct services *s, struct service *service, int64_t start_us,
		      const struct flow_sink *sink)
{
	bool has_detail = service->detail != DETAIL_NONE;
	service->now.start_us = start_us;
	service->now.has_detail = has_detail;
	sink->port(sink->self, &service->now,
		   has_detail ? &s->details[service->detail] : NULL);
	struct port_sample kept = service->now;
	service->now = (struct port_sample){ .server = kept.server,
					     .port = kept.port,
					     .proto = kept.proto,
					     .active = kept.active };
	if (has_detail) {
		s->detail_next[service->detail] = s->detail_free;
		s->detail_free = service->detail;
		service->detail = DETAIL_NONE;
	}
}

static const struct cardinality *clients_of(const struct services *s,
					    const struct service *service)
{
	return service->detail != DETAIL_NONE ? &s->details[service->detail].clients
					      : NULL;
}

struct scattered *services_flush_telling(struct services *s, int64_t start_us,
					 const struct flow_sink *sink)
{
	bool are_many = s->touched_count > TOUCHED_FEW;
	uint16_t *link = &s->touched;
	while (*link != SERVICE_NONE) {
		struct service *service = &s->at[*link];
		bool is_scattered = scattered_is(&service->now);
		if (is_scattered)
			scattered_add(&s->scattered, &service->now,
				      clients_of(s, service));
		if (is_scattered || !are_many) {
			link = &service->touched;
			continue;
		}
		*link = service->touched;
		service->is_touched = false;
		flush_one(s, service, start_us, sink);
	}
	return &s->scattered;
}

void services_flush(struct services *s, int64_t start_us, const struct flow_sink *sink)
{
	while (s->touched != SERVICE_NONE) {
		struct service *service = &s->at[s->touched];
		s->touched = service->touched;
		if (s->touched != SERVICE_NONE)
			__builtin_prefetch(&s->at[s->touched]);
		service->is_touched = false;
		flush_one(s, service, start_us, sink);
	}
	s->touched_count = 0;
}

uint32_t services_count(const struct services *s)
{
	return s->count - 1;
}

uint64_t services_memory(const struct services *s)
{
	return sizeof(*s) + s->count * sizeof(s->at[0]) +
	       s->detail_count * (sizeof(s->details[0]) + sizeof(s->detail_next[0]));
}
