/*
 * cardinality.c: HyperLogLog; see cardinality.h.
 */
#include "base/cardinality.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { INDEX_BITS = 10 }; /* log2(CARDINALITY_REGISTERS) */

static void register_add(struct cardinality *c, uint64_t hash)
{
	uint64_t rest = hash << INDEX_BITS;
	unsigned zeros = rest == 0 ? 64 - INDEX_BITS : (unsigned)__builtin_clzll(rest);
	uint8_t *reg = &c->reg[hash >> (64 - INDEX_BITS)];
	if (*reg < zeros + 1)
		*reg = (uint8_t)(zeros + 1);
}

static bool is_many(const struct cardinality *c)
{
	return c->count > CARDINALITY_FEW;
}

static void become_many(struct cardinality *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		register_add(c, c->few[i]);
	c->count = CARDINALITY_FEW + 1;
}

void cardinality_add(struct cardinality *c, uint64_t hash)
{
	for (uint32_t i = 0; !is_many(c) && i < c->count; i++)
		if (c->few[i] == hash)
			return;
	if (c->count == CARDINALITY_FEW)
		become_many(c);
	if (is_many(c))
		register_add(c, hash);
	else
		c->few[c->count++] = hash;
}

void cardinality_merge(struct cardinality *into, const struct cardinality *from)
{
	if (!is_many(from)) {
		for (uint32_t i = 0; i < from->count; i++)
			cardinality_add(into, from->few[i]);
		return;
	}
	if (!is_many(into))
		become_many(into);
	for (unsigned i = 0; i < CARDINALITY_REGISTERS; i++)
		if (into->reg[i] < from->reg[i])
			into->reg[i] = from->reg[i];
}

void cardinality_reset(struct cardinality *c)
{
	if (is_many(c))
		memset(c->reg, 0, sizeof(c->reg));
	c->count = 0;
}

/*
 * Linear counting up to 5/2 m (section 4 of the paper), where E reaches it: with fewer
 * than m e^(-5/2) empty registers the estimate is above.  Empty ones are quick to
 * count.
 */
enum { EMPTY_ENOUGH = 84 };

uint64_t cardinality_estimate(const struct cardinality *c)
{
	if (!is_many(c))
		return c->count;
	const double m = CARDINALITY_REGISTERS;
	const double alpha = 0.7213 / (1 + 1.079 / m);
	unsigned empty = 0;
	for (unsigned i = 0; i < CARDINALITY_REGISTERS; i++)
		empty += c->reg[i] == 0;
	if (empty >= EMPTY_ENOUGH)
		return (uint64_t)llround(m * log(m / empty));
	double sum = 0;
	for (unsigned i = 0; i < CARDINALITY_REGISTERS; i++)
		sum += ldexp(1, -c->reg[i]);
	return (uint64_t)llround(alpha * m * m / sum);
}

/* ---- packing ---- */

/*
 * Two bytes of head, which are FORM_FEW and a number of hashes, of eight bytes each,
 * the lowest first; or FORM_MANY and 0, and the registers, four in three bytes: their
 * values need six bits.
 */
enum { FORM_FEW = 0x43, FORM_MANY = 0x44, HEAD = 2, RANK_MAX = 64 - INDEX_BITS + 1 };

static size_t pack_few(const struct cardinality *c, uint8_t *out)
{
	out[0] = FORM_FEW;
	out[1] = (uint8_t)c->count;
	uint8_t *at = out + HEAD;
	for (uint32_t i = 0; i < c->count; i++)
		for (unsigned shift = 0; shift < 64; shift += 8)
			*at++ = (uint8_t)(c->few[i] >> shift);
	return (size_t)(at - out);
}

static size_t pack_many(const struct cardinality *c, uint8_t *out)
{
	out[0] = FORM_MANY;
	out[1] = 0;
	uint8_t *at = out + HEAD;
	for (unsigned i = 0; i < CARDINALITY_REGISTERS; i += 4) {
		uint32_t four = (uint32_t)c->reg[i] | (uint32_t)c->reg[i + 1] << 6 |
				(uint32_t)c->reg[i + 2] << 12 |
				(uint32_t)c->reg[i + 3] << 18;
		for (unsigned shift = 0; shift < 24; shift += 8)
			*at++ = (uint8_t)(four >> shift);
	}
	return (size_t)(at - out);
}

size_t cardinality_pack(const struct cardinality *c, uint8_t *out, size_t size)
{
	size_t need = is_many(c) ? CARDINALITY_PACKED_MAX
				 : HEAD + c->count * sizeof(c->few[0]);
	if (size < need)
		return 0;
	return is_many(c) ? pack_many(c, out) : pack_few(c, out);
}

static void unpack_few(struct cardinality *into, const uint8_t *at, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t hash = 0;
		for (unsigned shift = 0; shift < 64; shift += 8)
			hash |= (uint64_t)*at++ << shift;
		cardinality_add(into, hash);
	}
}

/* False if a register holds what no hash gives. */
static bool unpack_many(struct cardinality *into, const uint8_t *at)
{
	struct cardinality from = { .count = CARDINALITY_FEW + 1 };
	for (unsigned i = 0; i < CARDINALITY_REGISTERS; i += 4, at += 3) {
		uint32_t four =
			(uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
		for (unsigned k = 0; k < 4; k++, four >>= 6)
			if ((from.reg[i + k] = four & 0x3f) > RANK_MAX)
				return false;
	}
	cardinality_merge(into, &from);
	return true;
}

size_t cardinality_unpack(struct cardinality *into, const uint8_t *at, size_t len)
{
	if (len >= CARDINALITY_PACKED_MAX && at[0] == FORM_MANY && at[1] == 0)
		return unpack_many(into, at + HEAD) ? CARDINALITY_PACKED_MAX : 0;
	if (len < HEAD || at[0] != FORM_FEW || at[1] > CARDINALITY_FEW)
		return 0;
	size_t need = HEAD + at[1] * sizeof(into->few[0]);
	if (len < need)
		return 0;
	unpack_few(into, at + HEAD, at[1]);
	return need;
}
