/*
 * cardinality.h: how many distinct things, in 1 KiB, mergeable.
 *
 * HyperLogLog with 1,024 registers (Flajolet et al., "HyperLogLog: the analysis of
 * a near-optimal cardinality estimation algorithm", 2007): standard error 3.25 %;
 * small counts by linear counting, where it is exact to about 1 % up to 100.
 */
#pragma once

#include <stdint.h>

enum { CARDINALITY_REGISTERS = 1024 };

struct cardinality {
	uint8_t reg[CARDINALITY_REGISTERS];
};

/* hash: 64 well mixed bits of the thing. */
void cardinality_add(struct cardinality *c, uint64_t hash);
void cardinality_merge(struct cardinality *into, const struct cardinality *from);
uint64_t cardinality_estimate(const struct cardinality *c);
