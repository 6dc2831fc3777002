/*
 * table.c: index and slabs of flows; see table.h.
 */
#include "flow/table.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

enum { SLOTS = 10 };

static size_t index_bytes(const struct table *t)
{
	return t->bucket_count * sizeof(t->buckets[0]);
}

static size_t bodies_bytes(const struct table *t)
{
	return t->body_max * sizeof(t->bodies[0]);
}

static size_t embryos_bytes(const struct table *t)
{
	return t->embryo_max * sizeof(t->embryos[0]);
}

bool table_init(struct table *t, const struct hash_key *key, uint32_t body_max,
		uint32_t embryo_max)
{
	*t = (struct table){ .key = *key,
			     .body_max = body_max,
			     .embryo_max = embryo_max,
			     .body_free = TABLE_NONE };
	/* At full load 9.25 flows to a bucket of ten: 7 bytes of index a flow. */
	t->bucket_count = (uint32_t)((body_max + (uint64_t)embryo_max) * 4 / 37) + 1;
	t->buckets = pages_reserve(index_bytes(t));
	t->bodies = pages_reserve(bodies_bytes(t));
	t->embryos = pages_reserve(embryos_bytes(t));
	t->memory_bytes = index_bytes(t) + bodies_bytes(t) + embryos_bytes(t);
	return t->buckets != NULL && t->bodies != NULL && t->embryos != NULL;
}

void table_fini(struct table *t)
{
	pages_release(t->buckets, index_bytes(t));
	pages_release(t->bodies, bodies_bytes(t));
	pages_release(t->embryos, embryos_bytes(t));
}

/* Of an address in native order: only compared and hashed. */
struct endpoint {
	uint64_t high, low;
	uint64_t port;
};

static struct endpoint endpoint_of(const struct addr *a, uint16_t port)
{
	struct endpoint e = { .port = port };
	memcpy(&e.high, a->ip6, 8);
	memcpy(&e.low, a->ip6 + 8, 8);
	return e;
}

/* Without branches: which side a packet comes from is a coin toss. */
static bool endpoint_less(const struct endpoint *a, const struct endpoint *b)
{
	return (a->low < b->low) |
	       ((a->low == b->low) &
		((a->high < b->high) | ((a->high == b->high) & (a->port < b->port))));
}

static void swap_if(uint64_t *a, uint64_t *b, bool swap)
{
	uint64_t difference = (*a ^ *b) & (0 - (uint64_t)swap);
	*a ^= difference;
	*b ^= difference;
}

/* IPv4 fits into two words: half the rounds for most packets. */
static uint64_t hash_v4(const struct table *t, const struct endpoint *a,
			const struct endpoint *b, uint8_t proto, bool one_way)
{
	uint64_t x = (a->low >> 32) << 16 | a->port, y = (b->low >> 32) << 16 | b->port;
	swap_if(&x, &y, !one_way & (y < x));
	uint64_t words[2] = { x << 8 | proto, y };
	return hash_words(&t->key, words, 2);
}

/* ::ffff:a.b.c.d, as it lies in two little-endian words. */
static bool is_mapped(const struct endpoint *e)
{
	return (e->high | (e->low << 32 ^ 0xffff000000000000)) == 0;
}

static uint64_t hash_ends(const struct table *t, struct endpoint a, struct endpoint b,
			  uint8_t proto, bool one_way)
{
	if (is_mapped(&a) && is_mapped(&b))
		return hash_v4(t, &a, &b, proto, one_way);
	bool swap = !one_way & endpoint_less(&b, &a);
	swap_if(&a.high, &b.high, swap);
	swap_if(&a.low, &b.low, swap);
	swap_if(&a.port, &b.port, swap);
	uint64_t words[5] = { a.low, b.low, a.port << 32 | b.port << 16 | proto, a.high,
			      b.high };
	return hash_words(&t->key, words, 5);
}

uint64_t table_hash(const struct table *t, const struct packet *p, uint16_t sport,
		    uint16_t dport, bool one_way)
{
	return hash_ends(t, endpoint_of(&p->src, sport), endpoint_of(&p->dst, dport),
			 p->proto, one_way);
}

uint64_t table_hash_key(const struct table *t, const struct flow_key *key,
			uint8_t proto, bool one_way)
{
	return hash_ends(t, endpoint_of(&key->addr[CLIENT], key->port[CLIENT]),
			 endpoint_of(&key->addr[SERVER], key->port[SERVER]), proto,
			 one_way);
}

static struct bucket *second_bucket(const struct table *t, uint64_t hash)
{
	return &t->buckets[((hash >> 32) * t->bucket_count) >> 32];
}

/* From the middle of the hash, so that it differs within both buckets. */
static uint16_t signature(uint64_t hash)
{
	uint16_t sig = (uint16_t)(hash >> 24 ^ hash);
	return sig == 0 ? 1 : sig;
}

/* Four lanes of 16 bits: one bit for each that equals, without a branch or a carry. */
static unsigned equal_lanes(uint64_t lanes, uint64_t wanted)
{
	const uint64_t low15 = 0x7fff7fff7fff7fff;
	uint64_t x = lanes ^ wanted;
	uint64_t zero = ~(((x & low15) + low15) | x | low15);
	/* The lanes' top bits, gathered by one multiplication. */
	return (unsigned)((zero >> 15) * 0x0001000200040008 >> 48);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "slot 0 is the lowest lane");

/* One bit per slot whose signature equals. */
static unsigned matching(const struct bucket *b, uint16_t sig)
{
	uint64_t wanted = sig * 0x0001000100010001ULL, lanes[3];
	memcpy(lanes, b, sizeof(lanes));
	return equal_lanes(lanes[0], wanted) | equal_lanes(lanes[1], wanted) << 4 |
	       (equal_lanes(lanes[2], wanted) & 3) << 8;
}

static const struct flow_key *key_of(const struct table *t, uint32_t ref)
{
	return ref & TABLE_EMBRYO ? &table_embryo(t, ref)->key : &t->bodies[ref].key;
}

uint32_t table_prefetch(const struct table *t, uint64_t hash)
{
	const struct bucket *b = table_bucket(t, hash);
	unsigned bits = matching(b, signature(hash));
	if (bits == 0)
		return TABLE_NONE;
	uint32_t ref = b->ref[__builtin_ctz(bits)];
	const char *flow = (const char *)key_of(t, ref);
	__builtin_prefetch(flow, 1);
	__builtin_prefetch(flow + 64, 1);
	__builtin_prefetch(flow + 128, 1);
	__builtin_prefetch(flow + sizeof(struct body) - 1, 1);
	return ref;
}

/* Bits in which a key differs from (first, second, ports); none: 0. */
static uint64_t difference(const struct flow_key *key, const struct addr *first,
			   const struct addr *second, uint32_t ports)
{
	uint64_t mine[4], asked[4];
	uint32_t mine_ports;
	memcpy(mine, key->addr, sizeof(mine));
	memcpy(asked, first, sizeof(*first));
	memcpy(asked + 2, second, sizeof(*second));
	memcpy(&mine_ports, key->port, sizeof(mine_ports));
	return (mine[0] ^ asked[0]) | (mine[1] ^ asked[1]) | (mine[2] ^ asked[2]) |
	       (mine[3] ^ asked[3]) | (mine_ports ^ ports);
}

static uint32_t port_pair(uint16_t first, uint16_t second)
{
	const uint16_t pair[2] = { first, second };
	uint32_t ports;
	memcpy(&ports, pair, sizeof(ports));
	return ports;
}

static bool is_kind(const struct table *t, uint32_t ref, const struct table_query *q)
{
	if (ref & TABLE_EMBRYO)
		return q->proto == IPPROTO_TCP;
	const struct body *b = &t->bodies[ref];
	return b->proto == q->proto && b->one_way == q->one_way;
}

/* Both directions are compared before anything is decided: either is as likely. */
static bool is_asked(const struct table *t, uint32_t ref, const struct table_query *q,
		     unsigned *side)
{
	const struct flow_key *key = key_of(t, ref);
	uint64_t forward =
		difference(key, q->src, q->dst, port_pair(q->sport, q->dport));
	uint64_t backward =
		difference(key, q->dst, q->src, port_pair(q->dport, q->sport)) |
		q->one_way;
	*side = forward == 0 ? CLIENT : SERVER;
	return ((forward == 0) | (backward == 0)) && is_kind(t, ref, q);
}

bool table_is(const struct table *t, uint32_t ref, const struct table_query *query,
	      unsigned *side)
{
	if (ref == TABLE_NONE || !is_asked(t, ref, query, side))
		return false;
	return ref & TABLE_EMBRYO ? table_embryo(t, ref)->packets != 0
				  : t->bodies[ref].live;
}

static uint32_t find_in(const struct table *t, const struct bucket *b, uint16_t sig,
			const struct table_query *q, unsigned *side)
{
	for (unsigned bits = matching(b, sig); bits != 0; bits &= bits - 1) {
		uint32_t ref = b->ref[__builtin_ctz(bits)];
		if (is_asked(t, ref, q, side))
			return ref;
	}
	return TABLE_NONE;
}

uint32_t table_find(const struct table *t, uint64_t hash,
		    const struct table_query *query, unsigned *side)
{
	uint16_t sig = signature(hash);
	const struct bucket *first = table_bucket(t, hash);
	uint32_t ref = find_in(t, first, sig, query, side);
	if (ref == TABLE_NONE && first->spilled != 0)
		ref = find_in(t, second_bucket(t, hash), sig, query, side);
	return ref;
}

static void put_in(struct bucket *b, unsigned open, uint16_t sig, uint32_t ref)
{
	unsigned slot = (unsigned)__builtin_ctz(open);
	b->sig[slot] = sig;
	b->ref[slot] = ref;
}

/*
 * The first bucket as long as it is roomy, so that most lookups touch one line; then
 * the emptier of the two, which keeps them even up to a load of nine tenths (Azar et
 * al., "Balanced allocations", 1994).
 */
bool table_insert(struct table *t, uint64_t hash, uint32_t ref)
{
	enum { ROOMY = 4 };
	uint16_t sig = signature(hash);
	struct bucket *first = table_bucket(t, hash), *second = second_bucket(t, hash);
	unsigned open = matching(first, 0);
	int left = __builtin_popcount(open);
	if (left < ROOMY && second != first) {
		unsigned other = matching(second, 0);
		if (__builtin_popcount(other) > left) {
			put_in(second, other, sig, ref);
			first->spilled++;
			return true;
		}
	}
	if (left == 0)
		return false;
	put_in(first, open, sig, ref);
	return true;
}

/* Where the reference stands: its bucket, and *slot. */
static struct bucket *locate(struct table *t, uint64_t hash, uint32_t ref,
			     unsigned *slot)
{
	struct bucket *pair[2] = { table_bucket(t, hash), second_bucket(t, hash) };
	for (unsigned i = 0; i < 2; i++)
		for (*slot = 0; *slot < SLOTS; (*slot)++)
			if (pair[i]->sig[*slot] == signature(hash) &&
			    pair[i]->ref[*slot] == ref)
				return pair[i];
	return NULL;
}

void table_remove(struct table *t, uint64_t hash, uint32_t ref)
{
	unsigned slot;
	struct bucket *b = locate(t, hash, ref, &slot);
	if (b == NULL)
		return;
	b->sig[slot] = 0;
	if (b != table_bucket(t, hash))
		table_bucket(t, hash)->spilled--;
}

void table_move(struct table *t, uint64_t hash, uint32_t from, uint32_t to)
{
	unsigned slot;
	struct bucket *b = locate(t, hash, from, &slot);
	if (b != NULL)
		b->ref[slot] = to;
}

uint32_t table_body_new(struct table *t)
{
	uint32_t number = t->body_free;
	if (number != TABLE_NONE)
		t->body_free = t->bodies[number].next;
	else if (t->body_fresh < t->body_max)
		number = t->body_fresh++;
	else
		return TABLE_NONE;
	t->body_used++;
	memset(&t->bodies[number], 0, sizeof(t->bodies[0]));
	return number;
}

void table_body_free(struct table *t, uint32_t number)
{
	t->bodies[number].live = 0;
	t->bodies[number].next = t->body_free;
	t->body_free = number;
	t->body_used--;
}

void table_free_dead(struct table *t)
{
	t->body_free = TABLE_NONE;
	t->body_used = t->body_fresh;
	for (uint32_t i = 0; i < t->body_fresh; i++)
		if (!t->bodies[i].live)
			table_body_free(t, i);
}

uint32_t table_embryo_new(struct table *t)
{
	if (t->embryo_head - t->embryo_tail == t->embryo_max)
		return TABLE_NONE;
	uint32_t number = (uint32_t)(t->embryo_head++ % t->embryo_max);
	t->embryo_used++;
	return number | TABLE_EMBRYO;
}

uint32_t table_embryo_oldest(struct table *t)
{
	while (t->embryo_tail != t->embryo_head) {
		uint32_t number = (uint32_t)(t->embryo_tail % t->embryo_max);
		if (t->embryos[number].packets != 0)
			return number | TABLE_EMBRYO;
		t->embryo_tail++;
	}
	return TABLE_NONE;
}

void table_embryo_free(struct table *t, uint32_t ref)
{
	table_embryo(t, ref)->packets = 0;
	t->embryo_used--;
	/* Gives the tail back at once, so that a full ring has room again. */
	table_embryo_oldest(t);
}
