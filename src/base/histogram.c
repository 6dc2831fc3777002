/*
 * histogram.c: log-linear buckets; see histogram.h.
 *
 * Values below 64 have a bucket each.  Above, the six bits after the leading one
 * choose the bucket within the octave.
 */
#include "base/histogram.h"

#include <math.h>
#include <string.h>

enum {
	SUB_BUCKETS = 1 << HISTOGRAM_SUB_BITS,
	PACKED_MAGIC = 0x4862,
};

/* What histogram_pack() writes, in the order of this machine. */
struct packed_head {
	uint16_t magic, buckets;
	uint32_t total;
};
enum { PACKED_BUCKET = sizeof(uint16_t) + sizeof(uint32_t) };

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

/* False if there is no room. */
static bool put_bucket(struct packed_head *head, uint16_t bucket, uint32_t samples,
		       uint8_t *out, size_t size)
{
	size_t at = sizeof(*head) + (size_t)head->buckets * PACKED_BUCKET;
	if (size - at < PACKED_BUCKET)
		return false;
	memcpy(out + at, &bucket, sizeof(bucket));
	memcpy(out + at + sizeof(bucket), &samples, sizeof(samples));
	head->buckets++;
	return true;
}

static bool pack_few(const struct histogram *h, struct packed_head *head, uint8_t *out,
		     size_t size)
{
	uint16_t sorted[HISTOGRAM_FEW];
	sort_few(h, sorted);
	for (uint32_t i = 0; i < h->total;) {
		uint32_t same = i + 1;
		while (same < h->total && sorted[same] == sorted[i])
			same++;
		if (!put_bucket(head, sorted[i], same - i, out, size))
			return false;
		i = same;
	}
	return true;
}

static bool pack_many(const struct histogram *h, struct packed_head *head, uint8_t *out,
		      size_t size)
{
	for (unsigned i = h->first; i <= h->last; i++)
		if (h->count[i] != 0 &&
		    !put_bucket(head, (uint16_t)i, h->count[i], out, size))
			return false;
	return true;
}

size_t histogram_pack(const struct histogram *h, uint8_t *out, size_t size)
{
	struct packed_head head = { .magic = PACKED_MAGIC, .total = h->total };
	if (size < sizeof(head))
		return 0;
	if (!(h->many ? pack_many : pack_few)(h, &head, out, size))
		return 0;
	memcpy(out, &head, sizeof(head));
	return sizeof(head) + (size_t)head.buckets * PACKED_BUCKET;
}

static void read_bucket(const uint8_t *at, uint16_t *bucket, uint32_t *samples)
{
	memcpy(bucket, at, sizeof(*bucket));
	memcpy(samples, at + sizeof(*bucket), sizeof(*samples));
}

/* True if the buckets rise, exist, are used and sum up to the total. */
static bool is_packed(const struct packed_head *head, const uint8_t *at)
{
	int before = -1;
	uint32_t total = 0;
	for (unsigned i = 0; i < head->buckets; i++, at += PACKED_BUCKET) {
		uint16_t bucket;
		uint32_t samples;
		read_bucket(at, &bucket, &samples);
		if (bucket <= before || bucket >= HISTOGRAM_BUCKETS || samples == 0)
			return false;
		before = bucket;
		total = add_saturated(total, samples);
	}
	return total == head->total;
}

size_t histogram_unpack(struct histogram *into, const uint8_t *at, size_t len)
{
	struct packed_head head;
	if (len < sizeof(head))
		return 0;
	memcpy(&head, at, sizeof(head));
	size_t taken = sizeof(head) + (size_t)head.buckets * PACKED_BUCKET;
	if (head.magic != PACKED_MAGIC || taken > len ||
	    !is_packed(&head, at + sizeof(head)))
		return 0;

	at += sizeof(head);
	for (unsigned i = 0; i < head.buckets; i++, at += PACKED_BUCKET) {
		uint16_t bucket;
		uint32_t samples;
		read_bucket(at, &bucket, &samples);
		count(into, bucket, samples);
	}
	return taken;
}
