/*
 * cardinality.c: HyperLogLog; see cardinality.h.
 */
#include "base/cardinality.h"

#include <math.h>

enum { INDEX_BITS = 10 }; /* log2(CARDINALITY_REGISTERS) */

void cardinality_add(struct cardinality *c, uint64_t hash)
{
	uint64_t rest = hash << INDEX_BITS;
	unsigned zeros = rest == 0 ? 64 - INDEX_BITS : (unsigned)__builtin_clzll(rest);
	uint8_t *reg = &c->reg[hash >> (64 - INDEX_BITS)];
	if (*reg < zeros + 1)
		*reg = (uint8_t)(zeros + 1);
}

void cardinality_merge(struct cardinality *into, const struct cardinality *from)
{
	for (unsigned i = 0; i < CARDINALITY_REGISTERS; i++)
		if (into->reg[i] < from->reg[i])
			into->reg[i] = from->reg[i];
}

/*
 * Linear counting up to 5/2 m (section 4 of the paper), where E reaches it: with fewer
 * than m e^(-5/2) empty registers the estimate is above.  Empty ones are quick to
 * count.
 */
enum { EMPTY_ENOUGH = 84 };

uint64_t cardinality_estimate(const struct cardinality *c)
{
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
