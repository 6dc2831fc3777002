/*
 * sieve.c: see sieve.h.
 */
#include "flow/sieve.h"

#include <string.h>

#include "base/pages.h"

enum {
	WAYS = 4,
	BUCKETS = 1 << 13,    /* 32,768 sources, half a MiB */
	TOLD_PAIRS = 1 << 15, /* 65,536 contacts, half a MiB */
	ACTIVE_S = 600,       /* who looked around so lately gives way last */
	US_PER_S = 1000000,
};

/* A source: what it was seen with first, and when it was told of last. */
struct sieve_source {
	uint32_t tag, place;
	uint32_t second; /* 0: unused */
	uint16_t told;   /* in that second */
	uint16_t several;
};

struct sieve_bucket {
	struct sieve_source source[WAYS];
};
_Static_assert(sizeof(struct sieve_bucket) == 64, "a bucket is one cache line");

bool sieve_init(struct sieve *s, const struct hash_key *key)
{
	s->key = *key;
	for (uint64_t i = 0; i < 4; i++)
		s->odd[i] = hash_words(key, &i, 1) | 1;
	s->buckets = pages_reserve(BUCKETS * sizeof(s->buckets[0]));
	return recent_init(&s->told, TOLD_PAIRS) && s->buckets != NULL;
}

void sieve_fini(struct sieve *s)
{
	pages_release(s->buckets, BUCKETS * sizeof(s->buckets[0]));
	recent_fini(&s->told);
}

uint64_t sieve_memory(const struct sieve *s)
{
	return BUCKETS * sizeof(s->buckets[0]) + recent_memory(&s->told);
}

uint64_t sieve_source_hash(const struct sieve *s, const struct addr *client)
{
	struct addr source = addr_source(client);
	uint64_t words[2];
	memcpy(words, source.ip6, sizeof(words));
	return hash_words(&s->key, words, 2);
}

static struct sieve_bucket *bucket_of(const struct sieve *s, uint64_t source_hash)
{
	return &s->buckets[source_hash % BUCKETS];
}

void sieve_prefetch(const struct sieve *s, uint64_t source_hash)
{
	__builtin_prefetch(bucket_of(s, source_hash), 1);
}

static uint64_t mix(uint64_t sum)
{
	return (sum ^ sum >> 32) * 0x9e3779b97f4a7c15;
}

/*
 * Where to, by multiplication (Dietzfelbinger et al., 1997): the keys are secret, and a
 * collision gains nothing but a contact that is not told.
 */
static uint64_t place_hash(const struct sieve *s, const struct sieve_contact *c)
{
	uint64_t words[2];
	memcpy(words, c->target->ip6, sizeof(words));
	uint64_t sum = words[0] * s->odd[0] + words[1] * s->odd[1] +
		       ((uint64_t)c->port << 8 | c->proto) * s->odd[2];
	return mix(sum);
}

/* The source itself, not its /64: each host of a network may be news. */
static uint64_t contact_hash(const struct sieve *s, const struct sieve_contact *c,
			     uint64_t place)
{
	uint64_t host;
	memcpy(&host, c->source->ip6 + 8, sizeof(host));
	uint64_t sum = (c->source_hash ^ place) * s->odd[0] + host * s->odd[1] +
		       ((uint64_t)c->client_port << 8 | c->outcome) * s->odd[3];
	return mix(sum);
}

void sieve_expect(const struct sieve *s, const struct sieve_contact *c)
{
	sieve_prefetch(s, c->source_hash);
	recent_prefetch(&s->told, contact_hash(s, c, place_hash(s, c)));
}

/* Lower gives way first: unused, one place only, long ago. */
static uint64_t worth(const struct sieve_source *source, uint32_t now)
{
	bool active = source->several && now - source->second < ACTIVE_S;
	return (uint64_t)active << 32 | source->second;
}

/* The source's slot, made anew if it is not known. */
static struct sieve_source *find(struct sieve *s, uint64_t hash, uint32_t place,
				 uint32_t now)
{
	struct sieve_bucket *b = bucket_of(s, hash);
	uint32_t tag = (uint32_t)(hash >> 32);
	struct sieve_source *least = &b->source[0];
	for (unsigned i = 0; i < WAYS; i++) {
		struct sieve_source *source = &b->source[i];
		if (source->second != 0 && source->tag == tag)
			return source;
		if (worth(source, now) < worth(least, now))
			least = source;
	}
	*least = (struct sieve_source){ .tag = tag, .place = place, .second = now };
	return least;
}

static bool has_ration(const struct sieve *s, const struct sieve_source *source)
{
	if (!source->several)
		return s->single < SIEVE_SINGLE;
	return source->told < SIEVE_SOURCE && s->several < SIEVE_SOURCES;
}

static void spend(struct sieve *s, struct sieve_source *source)
{
	if (source->several)
		s->several++;
	else
		s->single++;
	source->told++;
}

static void begin_second(struct sieve *s, int64_t second)
{
	if (second == s->second)
		return;
	s->second = second;
	s->single = s->several = 0;
}

bool sieve_take(struct sieve *s, const struct sieve_contact *c)
{
	begin_second(s, c->at_us / US_PER_S);
	uint32_t now = (uint32_t)s->second;
	uint64_t place = place_hash(s, c);
	uint32_t mark = (uint32_t)(place >> 32);
	struct sieve_source *source = find(s, c->source_hash, mark, now);
	source->several |= source->place != mark;
	if (source->second != now) {
		source->second = now;
		source->told = 0;
	}
	if (!has_ration(s, source)) {
		s->left_out++;
		return false;
	}
	uint64_t contact = contact_hash(s, c, place);
	uint32_t again_s = c->is_served ? SIEVE_SERVED_S : SIEVE_AGAIN_S;
	if (recent_has(&s->told, contact, c->at_us, again_s))
		return false;
	recent_note(&s->told, contact, c->at_us);
	spend(s, source);
	return true;
}
