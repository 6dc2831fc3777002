/*
 * checksum.c: see checksum.h.
 *
 * The halves of 64-bit lanes are added into 64-bit lanes: no carry is lost below
 * 2^32 words.  Vectors of 128 bits are what every x86-64 and AArch64 has; four
 * independent sums keep the adders busy.
 */
#include "flow/checksum.h"

typedef uint64_t lanes __attribute__((vector_size(16)));

enum { LANES = 4, BLOCK = LANES * sizeof(lanes) };

static uint64_t sum_blocks(const uint8_t *at, size_t blocks)
{
	lanes sum[LANES] = { 0 };
	for (; blocks > 0; at += BLOCK, blocks--) {
		lanes words[LANES];
		memcpy(words, at, sizeof(words));
		for (int i = 0; i < LANES; i++)
			sum[i] += (words[i] & 0xffffffff) + (words[i] >> 32);
	}
	sum[0] += sum[1] + sum[2] + sum[3];
	return sum[0][0] + sum[0][1];
}

static inline uint64_t sum_tail(const uint8_t *at, size_t len)
{
	uint64_t sum = 0;
	for (; len >= 4; at += 4, len -= 4)
		sum += load_u32(at);
	if (len >= 2) {
		sum += load_u16(at);
		at += 2;
		len -= 2;
	}
	uint8_t last[2] = { len ? *at : 0 };
	return sum + load_u16(last);
}

uint64_t checksum_sum(const uint8_t *at, size_t len)
{
	size_t blocks = len / BLOCK;
	uint64_t sum = blocks ? sum_blocks(at, blocks) : 0;
	return sum + sum_tail(at + blocks * BLOCK, len % BLOCK);
}
