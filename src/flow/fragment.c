/*
 * fragment.c: the table of fragmented datagrams; see fragment.h.
 *
 * A hash table with chains over a ring of entries: the ring's next entry is always
 * the oldest, so making room costs nothing, and what is forgotten does not depend on
 * the key of the hash.
 */
#include "flow/fragment.h"

#include <stdlib.h>

#include "base/hash.h"

enum {
	IP4_TIMEOUT_US = 30 * 1000000,
	IP6_TIMEOUT_US = 60 * 1000000,
	DATAGRAM_MAX = 65535,
	IP4_DATA_MAX = DATAGRAM_MAX - 20,
	KEY_WORDS = 5,
	NONE = UINT16_MAX,
};

struct range {
	uint16_t begin, end;
};

struct datagram {
	uint64_t key[KEY_WORDS];
	int64_t start_us;
	uint32_t total; /* length of the whole; 0: its end was not seen */
	uint32_t seen;  /* bytes in the ranges */
	uint16_t next;  /* in the chain; NONE ends it */
	uint16_t sport, dport, icmp_id;
	uint8_t proto;
	bool is_used, is_discarded, has_ports, is_ip6;
	uint8_t range_count;
	struct range range[FRAGMENT_RANGES];
};

struct fragments {
	struct hash_key key;
	uint16_t bucket[FRAGMENT_DATAGRAMS];
	uint16_t oldest;
	struct datagram datagram[FRAGMENT_DATAGRAMS];
};

struct fragments *fragments_new(void)
{
	struct fragments *fragments = calloc(1, sizeof(*fragments));
	if (!fragments)
		return NULL;
	fragments->key = hash_key_random();
	memset(fragments->bucket, 0xff, sizeof(fragments->bucket));
	return fragments;
}

void fragments_free(struct fragments *fragments)
{
	free(fragments);
}

bool fragment_is_possible(const struct fragment *f)
{
	uint32_t max = f->is_ip6 ? DATAGRAM_MAX : IP4_DATA_MAX;
	if (f->len == 0 || f->len > max || f->offset > max - f->len)
		return false;
	return !f->more || f->len % 8 == 0;
}

/* RFC 791: protocol is part of an IPv4 datagram's identity; RFC 8200: not of IPv6's. */
static void key_of(const struct fragment *f, uint64_t key[static KEY_WORDS])
{
	memcpy(key, f->src.ip6, 16);
	memcpy(key + 2, f->dst.ip6, 16);
	key[4] = (uint64_t)f->id << 16 | (uint64_t)f->is_ip6 << 8;
	if (!f->is_ip6)
		key[4] |= f->proto;
}

static uint16_t *bucket_of(struct fragments *fragments, const uint64_t *key)
{
	uint64_t hash = hash_words(&fragments->key, key, KEY_WORDS);
	return &fragments->bucket[hash % FRAGMENT_DATAGRAMS];
}

static bool has_expired(const struct datagram *d, int64_t now_us)
{
	return now_us - d->start_us > (d->is_ip6 ? IP6_TIMEOUT_US : IP4_TIMEOUT_US);
}

static bool is_complete(const struct datagram *d)
{
	return d->total != 0 && d->seen >= d->total;
}

static void datagram_start(struct datagram *d, const struct fragment *f)
{
	d->start_us = f->at_us;
	d->total = 0;
	d->seen = 0;
	d->proto = f->proto;
	d->is_discarded = false;
	d->has_ports = false;
	d->is_ip6 = f->is_ip6;
	d->range_count = 0;
}

/* Chains are as short as a keyed hash and a load factor of at most 1 make them. */
static void unlink_datagram(struct fragments *fragments, uint16_t index)
{
	uint16_t *link = bucket_of(fragments, fragments->datagram[index].key);
	while (*link != index)
		link = &fragments->datagram[*link].next;
	*link = fragments->datagram[index].next;
}

/* Takes the oldest entry; *forgot if a datagram under way was in it. */
static struct datagram *datagram_new(struct fragments *fragments, const uint64_t *key,
				     const struct fragment *f, bool *forgot)
{
	uint16_t index = fragments->oldest;
	struct datagram *d = &fragments->datagram[index];
	fragments->oldest = (uint16_t)((index + 1) % FRAGMENT_DATAGRAMS);
	if (d->is_used) {
		*forgot = !is_complete(d) && !has_expired(d, f->at_us);
		unlink_datagram(fragments, index);
	}
	uint16_t *bucket = bucket_of(fragments, key);
	memcpy(d->key, key, sizeof(d->key));
	d->is_used = true;
	d->next = *bucket;
	*bucket = index;
	datagram_start(d, f);
	return d;
}

static struct datagram *datagram_find(struct fragments *fragments, const uint64_t *key)
{
	uint16_t index = *bucket_of(fragments, key);
	while (index != NONE) {
		struct datagram *d = &fragments->datagram[index];
		if (memcmp(d->key, key, sizeof(d->key)) == 0)
			return d;
		index = d->next;
	}
	return NULL;
}

static bool is_duplicate(const struct datagram *d, const struct fragment *f)
{
	for (int i = 0; i < d->range_count; i++) {
		if (d->range[i].begin == f->offset &&
		    d->range[i].end == f->offset + f->len)
			return true;
	}
	return false;
}

static bool overlaps(const struct datagram *d, const struct fragment *f)
{
	for (int i = 0; i < d->range_count; i++) {
		if (f->offset < d->range[i].end &&
		    d->range[i].begin < f->offset + f->len)
			return true;
	}
	return false;
}

/* True if the datagram's end, as this or another fragment has it, contradicts. */
static bool is_beyond_end(const struct datagram *d, const struct fragment *f)
{
	uint32_t end = f->offset + f->len;
	if (d->total != 0 && (end > d->total || (!f->more && end != d->total)))
		return true;
	for (int i = 0; !f->more && i < d->range_count; i++) {
		if (d->range[i].end > end)
			return true;
	}
	return false;
}

static enum decode_reason add_range(struct datagram *d, const struct fragment *f)
{
	if (d->range_count == FRAGMENT_RANGES)
		return DECODE_FRAG_TABLE;
	d->range[d->range_count++] = (struct range){
		.begin = (uint16_t)f->offset,
		.end = (uint16_t)(f->offset + f->len),
	};
	d->seen += f->len;
	if (!f->more)
		d->total = f->offset + f->len;
	return DECODE_OK;
}

static enum decode_reason note(struct datagram *d, const struct fragment *f)
{
	if (is_duplicate(d, f))
		return DECODE_OK;
	if (overlaps(d, f)) {
		d->is_discarded = d->is_ip6;
		return DECODE_FRAG_OVERLAP;
	}
	if (is_beyond_end(d, f))
		return DECODE_FRAG_BAD;
	return add_range(d, f);
}

/* The first fragment speaks for all, those that came before it excepted. */
static void share_ports(struct datagram *d, struct fragment *f)
{
	if (f->offset == 0 && !d->has_ports) {
		d->has_ports = true;
		d->proto = f->proto;
		d->sport = f->sport;
		d->dport = f->dport;
		d->icmp_id = f->icmp_id;
	}
	f->has_ports = d->has_ports;
	if (!d->has_ports)
		return;
	f->proto = d->proto;
	f->sport = d->sport;
	f->dport = d->dport;
	f->icmp_id = d->icmp_id;
}

/*
 * Identifiers come round again within the timeout on a fast path (RFC 4963), so what
 * follows a complete datagram is the next one, unless it repeats a later piece.
 */
static bool is_next_datagram(const struct datagram *d, const struct fragment *f)
{
	if (has_expired(d, f->at_us))
		return true;
	return is_complete(d) && (f->offset == 0 || !is_duplicate(d, f));
}

enum decode_reason fragments_see(struct fragments *fragments, struct fragment *f)
{
	uint64_t key[KEY_WORDS];
	bool forgot = false;
	key_of(f, key);
	struct datagram *d = datagram_find(fragments, key);
	if (!d)
		d = datagram_new(fragments, key, f, &forgot);
	else if (is_next_datagram(d, f))
		datagram_start(d, f);
	if (d->is_discarded)
		return DECODE_FRAG_OVERLAP;
	enum decode_reason reason = note(d, f);
	share_ports(d, f);
	return reason == DECODE_OK && forgot ? DECODE_FRAG_TABLE : reason;
}
