/*
 * fuzz_packed.c: any bytes as a packed histogram and cardinality: no crash, nothing
 * changes if they are refused, and what is taken packs and unpacks to the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cardinality.h"
#include "base/histogram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_histogram(const uint8_t *data, size_t size)
{
	static struct histogram taken, again;
	static uint8_t packed[HISTOGRAM_PACKED_MAX], twice[HISTOGRAM_PACKED_MAX];
	histogram_reset(&taken);
	histogram_reset(&again);
	size_t used = histogram_unpack(&taken, data, size);
	if (used > size || (used == 0 && taken.total != 0))
		abort();
	size_t len = histogram_pack(&taken, packed, sizeof(packed));
	if (len == 0 || histogram_unpack(&again, packed, len) != len ||
	    histogram_pack(&again, twice, sizeof(twice)) != len ||
	    memcmp(packed, twice, len) != 0)
		abort();
	if (taken.total > 0 &&
	    histogram_quantile(&taken, 0) > histogram_quantile(&taken, 1))
		abort();
}

static void check_cardinality(const uint8_t *data, size_t size)
{
	struct cardinality taken = { 0 }, again = { 0 };
	uint8_t packed[CARDINALITY_PACKED_MAX];
	size_t used = cardinality_unpack(&taken, data, size);
	if (used > size || (used == 0 && taken.count != 0))
		abort();
	size_t len = cardinality_pack(&taken, packed, sizeof(packed));
	if (len == 0 || cardinality_unpack(&again, packed, len) != len ||
	    cardinality_estimate(&again) != cardinality_estimate(&taken))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_histogram(data, size);
	check_cardinality(data, size);
	return 0;
}
