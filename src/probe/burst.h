/*
 * burst.h: the same asked several times in a row, for loss and jitter.
 */
#pragma once

#include <stdint.h>

struct question;

enum { BURST_MAX = 100 };

struct burst {
	uint32_t count; /* 1: none */
	uint32_t interval_ms;
};

/* Names of its options, NULL ends. */
extern const char *const burst_options[];

/* From the options; NULL, or what is wrong with them. */
const char *burst_read(const struct question *question, uint32_t timeout_ms,
		       struct burst *burst);

/* One of them: by the kernel's stamps, and as the prober saw it. */
struct trip {
	int64_t rtt_us, wait_us; /* -1: no answer */
};

struct burst_sums {
	uint32_t lost;
	uint64_t rtt_us, wait_us; /* means; UNKNOWN_U64 if all are lost */
	/*
	 * Mean difference between successive round trips, as of RFC 3550 6.4.1 the
	 * difference; UNKNOWN_U64 of fewer than two.
	 */
	uint64_t jitter_us;
};

struct burst_sums burst_sum(const struct trip *trips, uint32_t count);
