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
