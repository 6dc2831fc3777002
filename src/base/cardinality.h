/*
 * cardinality.h: how many distinct things, in little more than 1 KiB, mergeable.
 *
 * Up to sixteen are kept as they are and counted exactly; beyond, HyperLogLog with
 * 1,024 registers (Flajolet et al., "HyperLogLog: the analysis of a near-optimal
 * cardinality estimation algorithm", 2007): standard error 3.25 %.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { CARDINALITY_REGISTERS = 1024, CARDINALITY_FEW = 16 };

/* All zero is empty. */
struct cardinality {
	uint64_t few[CARDINALITY_FEW];
	uint32_t count; /* of few; above CARDINALITY_FEW: the registers count */
	uint8_t reg[CARDINALITY_REGISTERS]; /* all zero until then */
};

/* hash: 64 well mixed bits of the thing. */
void cardinality_add(struct cardinality *c, uint64_t hash);
void cardinality_merge(struct cardinality *into, const struct cardinality *from);
uint64_t cardinality_estimate(const struct cardinality *c);

/*
 * For the disk, the same on every machine.  pack returns the bytes written, 0 if size
 * is too small (it never is at CARDINALITY_PACKED_MAX); unpack merges and returns the
 * bytes taken, 0 if they are none.
 */
enum { CARDINALITY_PACKED_MAX = 2 + CARDINALITY_REGISTERS * 6 / 8 };
size_t cardinality_pack(const struct cardinality *c, uint8_t *out, size_t size);
size_t cardinality_unpack(struct cardinality *into, const uint8_t *at, size_t len);

/* Empties it; cheaper than clearing all of it. */
void cardinality_reset(struct cardinality *c);
