/*
 * sources.c: shares of sources; see sources.h.
 */
#include "flow/sources.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	WIDTH_MIN = 1 << 12, /* counters per row; two rows */
	AGGREGATES = 256,
	PROBES = 8,
};

struct sources {
	struct hash_key key;
	uint32_t share, aggregated;
	struct aggregate aggregate[AGGREGATES];
	uint32_t mask;    /* width of a row - 1 */
	uint32_t count[]; /* two rows */
};

/*
 * Eight counters for each source that could fill its share: others' flows in the same
 * counter then are an eighth of a share, and both counters of a small source fall
 * together with those of large ones about once in sixty-four.
 */
static uint32_t width_for(uint32_t share, uint32_t flows_max)
{
	uint32_t width = WIDTH_MIN;
	while (width / 8 < flows_max / share && width < 1U << 24)
		width *= 2;
	return width;
}

struct sources *sources_new(const struct hash_key *key, uint32_t share,
			    uint32_t flows_max)
{
	uint32_t width = width_for(share, flows_max);
	struct sources *s = calloc(1, sizeof(*s) + 2 * width * sizeof(s->count[0]));
	if (s != NULL) {
		s->key = *key;
		s->share = share;
		s->mask = width - 1;
	}
	return s;
}

void sources_free(struct sources *s)
{
	free(s);
}

static uint64_t source_hash(const struct sources *s, const struct addr *source)
{
	uint64_t words[2];
	memcpy(words, source->ip6, 16);
	return hash_words(&s->key, words, 2);
}

/* The two counters of a source. */
struct pair {
	uint32_t *a, *b;
};

static struct pair counters(struct sources *s, const struct addr *client)
{
	struct addr source = addr_source(client);
	uint64_t hash = source_hash(s, &source);
	return (struct pair){ &s->count[hash & s->mask],
			      &s->count[s->mask + 1 + (hash >> 32 & s->mask)] };
}

bool sources_take(struct sources *s, const struct addr *client)
{
	struct pair c = counters(s, client);
	if (*c.a >= s->share && *c.b >= s->share)
		return false;
	*c.a += 1;
	*c.b += 1;
	return true;
}

void sources_give(struct sources *s, const struct addr *client)
{
	struct pair c = counters(s, client);
	*c.a -= 1;
	*c.b -= 1;
}

/* The source's aggregate, a free one, or else the least recently used of its place. */
static struct aggregate *place(struct sources *s, const struct addr *source)
{
	uint64_t first = source_hash(s, source) >> 16;
	struct aggregate *best = &s->aggregate[first % AGGREGATES];
	for (unsigned i = 0; i < PROBES; i++) {
		struct aggregate *a = &s->aggregate[(first + i) % AGGREGATES];
		if (a->used && addr_equal(&a->source, source))
			return a;
		if (best->used && (!a->used || a->last_us < best->last_us))
			best = a;
	}
	return best;
}

static bool is_request(const struct packet *p)
{
	return p->proto == IPPROTO_TCP &&
	       (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

bool sources_aggregate(struct sources *s, const struct packet *p,
		       const struct addr *client, uint64_t flow_hash, uint16_t link,
		       struct aggregate *evicted)
{
	struct addr source = addr_source(client);
	struct aggregate *a = place(s, &source);
	bool must_go = a->used && !addr_equal(&a->source, &source);
	if (must_go)
		*evicted = *a;
	if (!a->used || must_go) {
		s->aggregated += !a->used;
		memset(a, 0, sizeof(*a));
		a->source = source;
		a->start_us = p->at_us;
		a->used = true;
	}
	a->proto = p->proto;
	a->link = link;
	a->last_us = p->at_us;
	a->packets++;
	a->bytes += p->ip_len;
	a->asked += is_request(p);
	cardinality_add(&a->flows, flow_hash);
	return must_go;
}

bool sources_was_asked(struct sources *s, const struct addr *client)
{
	if (s->aggregated == 0)
		return false;
	struct addr source = addr_source(client);
	struct aggregate *a = place(s, &source);
	if (!a->used || a->asked == 0 || !addr_equal(&a->source, &source))
		return false;
	a->asked--;
	return true;
}

bool sources_collect(struct sources *s, int64_t before_us, struct aggregate *out)
{
	for (unsigned i = 0; i < AGGREGATES && s->aggregated > 0; i++) {
		struct aggregate *a = &s->aggregate[i];
		if (!a->used || a->start_us > before_us)
			continue;
		*out = *a;
		a->used = false;
		s->aggregated--;
		return true;
	}
	return false;
}

uint32_t sources_aggregated(const struct sources *s)
{
	return s->aggregated;
}

uint64_t sources_memory(const struct sources *s)
{
	return sizeof(*s) + 2 * (s->mask + 1ULL) * sizeof(s->count[0]);
}
