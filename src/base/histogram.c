/*
 * histogram.c: log-linear buckets; see histogram.h.
 *
 * Values below 64 have a bucket each.  Above, the six bits after the leading one
 * choose the bucket within the octave.
 */
#include "base/histogram.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"

enum {
	SUB_BUCKETS = 1 << HISTOGRAM_SUB_BITS,
	PACKED_MAGIC = 0x48,
};

static unsigned bucket_of(uint32_t value)
{
	if (value < SUB_BUCKETS)
		return value;
	unsigned shift = 31U - (unsigned)__builtin_clz(value) - HISTOGRAM_SUB_BITS;
	return ((shift + 1) << HISTOGRAM_SUB_BITS) + (value >> shift) - SUB_BUCKETS;
}

static uint64_t bucket_middle(unsigned bucket)
{
	if (bucket < SUB_BUCKETS)
		return bucket;
	unsigned shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
	uint64_t width = UINT64_C(1) << shift;
	uint64_t least = (uint64_t)(SUB_BUCKETS + bucket % SUB_BUCKETS) << shift;
	return least + (width - 1) / 2;
}

static uint32_t add_saturated(uint32_t a, uint32_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

static void count_in(struct histogram *h, unsigned bucket, uint32_t samples)
{
	if (h->first > h->last || bucket < h->first)
		h->first = (uint16_t)bucket;
	if (bucket > h->last)
		h->last = (uint16_t)bucket;
	h->count[bucket] = add_saturated(h->count[bucket], samples);
}

static void become_many(struct histogram *h)
{
	h->many = true;
	h->first = 1;
	h->last = 0;
	for (uint32_t i = 0; i < h->total; i++)
		count_in(h, h->few[i], 1);
}

static void count(struct histogram *h, unsigned bucket, uint32_t samples)
{
	if (!h->many && samples > HISTOGRAM_FEW - h->total)
		become_many(h);
	for (uint32_t i = 0; !h->many && i < samples; i++)
		h->few[h->total + i] = (uint16_t)bucket;
	if (h->many)
		count_in(h, bucket, samples);
	h->total = add_saturated(h->total, samples);
}

void histogram_clear(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
}

void histogram_reset(struct histogram *h)
{
	if (h->many)
		memset(h->count + h->first, 0,
		       (h->last - h->first + 1U) * sizeof(h->count[0]));
	h->many = false;
	h->total = 0;
}

void histogram_add(struct histogram *h, uint64_t value_us)
{
	uint32_t value = value_us > UINT32_MAX ? UINT32_MAX : (uint32_t)value_us;
	count(h, bucket_of(value), 1);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (uint32_t i = 0; !from->many && i < from->total; i++)
		count(into, from->few[i], 1);
	for (unsigned i = from->first; from->many && i <= from->last; i++)
		if (from->count[i] != 0)
			count(into, i, from->count[i]);
}

/* Not h->total: it may be saturated where the counts are not. */
static uint64_t samples_of(const struct histogram *h)
{
	uint64_t samples = h->total;
	if (samples < UINT32_MAX)
		return samples;
	samples = 0;
	for (unsigned i = h->first; i <= h->last; i++)
		samples += h->count[i];
	return samples;
}

uint64_t histogram_count_to(const struct histogram *h, uint64_t value_us)
{
	uint64_t count = 0;
	unsigned top =
		bucket_of(value_us > UINT32_MAX ? UINT32_MAX : (uint32_t)value_us);
	for (uint32_t i = 0; !h->many && i < h->total; i++)
		count += h->few[i] <= top;
	for (unsigned i = h->first; h->many && i <= h->last && i <= top; i++)
		count += h->count[i];
	return count;
}

/* The few in order. */
static void sort_few(const struct histogram *h, uint16_t sorted[static HISTOGRAM_FEW])
{
	for (uint32_t i = 0; i < h->total; i++) {
		uint32_t at = i;
		for (; at > 0 && sorted[at - 1] > h->few[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = h->few[i];
	}
}

/* Nearest rank: the least value with at least q of all at or below it. */
static uint64_t rank_of(double q, uint64_t samples)
{
	double rank = ceil(fmin(fmax(q, 0), 1) * (double)samples);
	return rank < 1 ? 1 : (uint64_t)rank;
}

static void quantiles_of_few(const struct histogram *h, const double *q, uint64_t *out,
			     unsigned count)
{
	uint16_t sorted[HISTOGRAM_FEW];
	sort_few(h, sorted);
	for (unsigned k = 0; k < count; k++)
		out[k] = h->total == 0
				 ? UINT64_MAX
				 : bucket_middle(sorted[rank_of(q[k], h->total) - 1]);
}

void histogram_quantiles(const struct histogram *h, const double *q, uint64_t *out,
			 unsigned count)
{
	if (!h->many) {
		quantiles_of_few(h, q, out, count);
		return;
	}
	uint64_t samples = samples_of(h), below = 0;
	unsigned i = h->first;
	for (unsigned k = 0; k < count; k++) {
		uint64_t wanted = rank_of(q[k], samples);
		while (i < h->last && below + h->count[i] < wanted)
			below += h->count[i++];
		out[k] = bucket_middle(i);
	}
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
	uint64_t value;
	histogram_quantiles(h, &q, &value, 1);
	return value;
}

uint64_t histogram_mean(const struct histogram *h)
{
	double sum = 0;
	if (h->total == 0)
		return UINT64_MAX;
	for (uint32_t i = 0; !h->many && i < h->total; i++)
		sum += (double)bucket_middle(h->few[i]);
	for (unsigned i = h->first; h->many && i <= h->last; i++)
		sum += (double)h->count[i] * (double)bucket_middle(i);
	return (uint64_t)llround(sum / (double)samples_of(h));
}

/* ---- packing ---- */

/*
 * Magic, number of buckets, total; then for each bucket how far it is from the one
 * before and its samples.  Numbers are LEB128: seven bits a byte, the lowest first, the
 * eighth says that more follow.
 */
struct packing {
	uint8_t *at;
	size_t len, size; /* len beyond size: there was no room */
	int before;
};

static void put_number(struct packing *p, uint32_t value)
{
	do {
		uint8_t byte = value & 0x7f;
		value >>= 7;
		if (p->len < p->size)
			p->at[p->len] = value != 0 ? byte | 0x80 : byte;
		p->len++;
	} while (value != 0);
}

static void put_bucket(struct packing *p, unsigned bucket, uint32_t samples)
{
	put_number(p, (uint32_t)((int)bucket - p->before));
	put_number(p, samples);
	p->before = (int)bucket;
}

static void put_head(struct packing *p, uint32_t buckets, uint32_t total)
{
	put_number(p, PACKED_MAGIC);
	put_number(p, buckets);
	put_number(p, total);
}

static void pack_few(const struct histogram *h, struct packing *p)
{
	uint16_t sorted[HISTOGRAM_FEW];
	sort_few(h, sorted);
	uint32_t buckets = 0;
	for (uint32_t i = 0; i < h->total; i++)
		buckets += i == 0 || sorted[i] != sorted[i - 1];
	put_head(p, buckets, h->total);
	for (uint32_t i = 0; i < h->total;) {
		uint32_t same = i + 1;
		while (same < h->total && sorted[same] == sorted[i])
			same++;
		put_bucket(p, sorted[i], same - i);
		i = same;
	}
}

static void pack_many(const struct histogram *h, struct packing *p)
{
	uint32_t buckets = 0;
	for (unsigned i = h->first; i <= h->last; i++)
		buckets += h->count[i] != 0;
	put_head(p, buckets, h->total);
	for (unsigned i = h->first; i <= h->last; i++)
		if (h->count[i] != 0)
			put_bucket(p, i, h->count[i]);
}

size_t histogram_pack(const struct histogram *h, uint8_t *out, size_t size)
{
	struct packing p = { .size = size, .before = -1 };
	p.at = out;
	(h->many ? pack_many : pack_few)(h, &p);
	return p.len <= size ? p.len : 0;
}

/* At most five bytes of seven bits. */
static uint32_t take_number(struct bytes *b)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte = bytes_u8(b);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80 && value <= UINT32_MAX)
			return (uint32_t)value;
	}
	b->bad = true;
	return 0;
}

static void take_bucket(struct bytes *b, int *before, uint32_t *samples)
{
	uint32_t step = take_number(b);
	*samples = take_number(b);
	if (step == 0 || step >= HISTOGRAM_BUCKETS - (uint32_t)*before || *samples == 0)
		b->bad = true;
	else
		*before += (int)step;
}

/* True if the buckets rise, exist, are used and sum up to the total. */
static bool is_packed(struct bytes *b, uint32_t buckets, uint32_t total)
{
	int bucket = -1;
	uint32_t sum = 0, samples;
	for (uint32_t i = 0; i < buckets && bytes_ok(b); i++) {
		take_bucket(b, &bucket, &samples);
		sum = add_saturated(sum, samples);
	}
	return bytes_ok(b) && sum == total;
}

size_t histogram_unpack(struct histogram *into, const uint8_t *at, size_t len)
{
	struct bytes b = bytes_of(at, len);
	uint32_t magic = take_number(&b), buckets = take_number(&b);
	uint32_t total = take_number(&b);
	struct bytes checked = b;
	if (!bytes_ok(&b) || magic != PACKED_MAGIC || buckets > HISTOGRAM_BUCKETS ||
	    !is_packed(&checked, buckets, total))
		return 0;

	int bucket = -1;
	for (uint32_t i = 0; i < buckets; i++) {
		uint32_t samples;
		take_bucket(&b, &bucket, &samples);
		count(into, (unsigned)bucket, samples);
	}
	return len - b.len;
}
