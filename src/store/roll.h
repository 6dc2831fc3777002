/*
 * roll.h: port records of several intervals of one service made into one.  Private to
 * the room.
 *
 * Counters are added up, extremes kept, distributions merged, and everything else made
 * anew of these: ratios from sums, quantiles from histograms.  What nobody knew stays
 * unknown.
 */
#pragma once

#include "base/bytes.h"
#include "base/cardinality.h"
#include "base/histogram.h"
#include "record/record.h"

struct roll {
	struct port_record sum; /* start and interval_s are the caller's */
	uint64_t seconds;       /* with traffic */
	int64_t newest_us;      /* begin of the latest part: gauges are its */
	struct histogram handshake, response;
	struct cardinality clients;
};

/* What parts must have so that those fields of their sum are right. */
struct roll_needs {
	field_set fields;
	bool handshake, response, clients;
};
struct roll_needs roll_needs(field_set wanted);

/* One part: a second, or a row. Distributions are packed; empty: none. */
struct roll_part {
	const struct port_record *record;
	uint64_t seconds;
	struct bytes handshake, response, clients;
};

/* Once, before the first use: the memory may hold anything. */
void roll_init(struct roll *roll);

/* Makes one empty that was used; touches only what was. */
void roll_clear(struct roll *roll);

void roll_add(struct roll *roll, const struct roll_part *part);

/* Computes what follows from the sums and distributions. */
void roll_finish(struct roll *roll);

/* The distributions as they lie on disk. */
struct roll_packed {
	uint8_t handshake[HISTOGRAM_PACKED_MAX], response[HISTOGRAM_PACKED_MAX],
		clients[CARDINALITY_PACKED_MAX];
	size_t handshake_len, response_len, clients_len; /* 0: none */
};
void roll_pack(const struct roll *roll, struct roll_packed *packed);
struct roll_part roll_part_of(const struct port_record *record, uint64_t seconds,
			      const struct roll_packed *packed);
