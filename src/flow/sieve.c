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
	SETTLES = 8, /* of so many new sources one, where all places are busy */
	US_PER_S = 1000000,
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
	s->counted = pages_reserve(SIEVE_COUNTED * sizeof(s->counted[0]));
	return recent_init(&s->told, TOLD_PAIRS) && s->buckets != NULL &&
	       s->counted != NULL;
}

void sieve_fini(struct sieve *s)
{
	pages_release(s->buckets, BUCKETS * sizeof(s->buckets[0]));
	pages_release(s->counted, SIEVE_COUNTED * sizeof(s->counted[0]));
	recent_fini(&s->told);
}

uint64_t sieve_memory(const struct sieve *s)
{
	return BUCKETS * sizeof(s->buckets[0]) + SIEVE_COUNTED * sizeof(s->counted[0]) +
	       recent_memory(&s->told);
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

static enum sieve_class class_of(const struct sieve_source *source)
{
	if (!source->several)
		return SIEVE_IS_SINGLE;
	return source->returns ? SIEVE_IS_RETURNING : SIEVE_IS_SEVERAL;
}

/* Lower gives way first: unused, one place only, long ago. */
static uint64_t worth(const struct sieve_source *source, uint32_t now)
{
	bool active = now - source->second < ACTIVE_S;
	return (uint64_t)(active ? class_of(source) : 0) << 32 | source->second;
}

/* Who comes when cannot be foreseen by who sends. */
static uint32_t draw(struct sieve *s)
{
	return (uint32_t)(mix(++s->turns * s->odd[1]) >> 32);
}

/* The one that gives way, of equals any. */
static struct sieve_source *least_of(struct sieve *s, struct sieve_bucket *b,
				     uint32_t now)
{
	uint32_t first = draw(s);
	struct sieve_source *least = &b->source[first % WAYS];
	for (unsigned i = 1; i < WAYS; i++) {
		struct sieve_source *source = &b->source[(first + i) % WAYS];
		if (worth(source, now) < worth(least, now))
			least = source;
	}
	return least;
}

/*
 * The source's slot, made anew if it is not known.  When all are of sources that came
 * just now, most new ones get none: under a flood who stays is there when he comes
 * again, and a flood's are not, however many places each has.
 */
static struct sieve_source *find(struct sieve *s, uint64_t hash, uint32_t place,
				 uint32_t now)
{
	struct sieve_bucket *b = bucket_of(s, hash);
	uint32_t tag = (uint32_t)(hash >> 32);
	for (unsigned i = 0; i < WAYS; i++)
		if (b->source[i].second != 0 && b->source[i].tag == tag)
			return &b->source[i];
	struct sieve_source *slot = least_of(s, b, now);
	bool is_busy = slot->second != 0 && now - slot->second <= 1;
	if (is_busy && draw(s) % SETTLES != 0)
		slot = &s->passing;
	*slot = (struct sieve_source){ .tag = tag, .place = place, .second = now };
	return slot;
}

static bool has_ration(const struct sieve *s, const struct sieve_source *source)
{
	static const uint32_t rations[SIEVE_CLASSES] = {
		[SIEVE_IS_SINGLE] = SIEVE_SINGLE,
		[SIEVE_IS_SEVERAL] = SIEVE_SEVERAL,
		[SIEVE_IS_RETURNING] = SIEVE_RETURNING,
	};
	enum sieve_class class = class_of(source);
	uint32_t ration = rations[class];
	if (source->told >= SIEVE_LITTLE)
		ration /= 2;
	return source->told < SIEVE_SOURCE && s->told_of[class] < ration;
}

static void spend(struct sieve *s, struct sieve_source *source)
{
	s->told_of[class_of(source)]++;
	source->told++;
}

/* ---- ports of who tries more than is told ---- */

/* Packets of several queues come a little out of order: then it is below 0. */
static int32_t age_s(const struct sieve_count *count, uint32_t now)
{
	return (int32_t)(now - count->second);
}

static bool is_count_of(const struct sieve_count *count, const struct sieve_contact *c)
{
	return count->second != 0 && count->source_hash == c->source_hash &&
	       count->proto == c->proto;
}

static void begin_count(struct sieve_count *count, const struct sieve_contact *c)
{
	*count = (struct sieve_count){ .source_hash = c->source_hash,
				       .proto = c->proto,
				       .tell_at = SIEVE_COUNT_STEP };
}

/* A place for one that is not counted yet: free, or silent for long enough. */
static struct sieve_count *new_count(struct sieve *s, struct sieve_source *source,
				     uint32_t now)
{
	struct sieve_count *oldest = &s->counted[0];
	for (unsigned i = 1; i < SIEVE_COUNTED; i++)
		if (s->counted[i].second < oldest->second)
			oldest = &s->counted[i];
	if (oldest->second != 0 && age_s(oldest, now) < SIEVE_COUNT_HOLD_S)
		return NULL;
	source->counted = (uint8_t)(oldest - s->counted + 1);
	return oldest;
}

/* NULL: it tries no more than is told, or there is no place. */
static struct sieve_count *count_of(struct sieve *s, struct sieve_source *source,
				    const struct sieve_contact *c, uint32_t now)
{
	struct sieve_count *count =
		source->counted != 0 ? &s->counted[source->counted - 1] : NULL;
	bool is_its = count != NULL && is_count_of(count, c);
	if (is_its && age_s(count, now) <= SIEVE_COUNT_S)
		return count;
	if (source->told < SIEVE_COUNT_FROM)
		return NULL;
	if (!is_its)
		count = new_count(s, source, now);
	if (count != NULL)
		begin_count(count, c);
	return count;
}

/* True if so many came to be that it is to be told. */
static bool count_port(struct sieve *s, struct sieve_source *source,
		       const struct sieve_contact *c, uint32_t now)
{
	s->ports = 0;
	if (c->is_served || c->port == 0)
		return false;
	struct sieve_count *count = count_of(s, source, c, now);
	if (count == NULL)
		return false;
	count->second = now;
	count->count += port_bits_add(count->ports, c->port);
	s->ports = count->count;
	if (count->count < count->tell_at)
		return false;
	count->tell_at = count->count + SIEVE_COUNT_STEP;
	return true;
}

static void begin_second(struct sieve *s, int64_t second)
{
	if (second == s->second)
		return;
	s->second = second;
	memset(s->told_of, 0, sizeof(s->told_of));
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
		source->returns = source->several;
		source->second = now;
		source->told = 0;
	}
	bool is_step = count_port(s, source, c, now);
	if (!is_step && !has_ration(s, source)) {
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
