/*
 * anomalies.c: what an anomaly mark costs: prints "ns NANOSECONDS" of CPU time per
 * value and "bytes BYTES" per series.
 *
 *   anomalies SERIES ROUNDS    each series gets a value a minute, one after the other
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "limit/anomaly.h"
#include "random.h"

static const int64_t MINUTE_US = INT64_C(60) * 1000 * 1000;

enum { VALUES = 1 << 16 }; /* made before the clock runs */

int main(int argc, char **argv)
{
	static double values[VALUES];
	uint64_t random = 1;
	double sum = 0;
	if (argc != 3)
		return EXIT_FAILURE;
	size_t count = strtoul(argv[1], NULL, 10), rounds = strtoul(argv[2], NULL, 10);
	if (count == 0 || rounds == 0)
		return EXIT_FAILURE;
	struct anomaly *series = calloc(count, sizeof(*series));
	if (series == NULL)
		return EXIT_FAILURE;
	for (size_t i = 0; i < VALUES; i++)
		values[i] = random_exponential(&random, 1000);
	int64_t began_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++)
			sum += anomaly_take(&series[i],
					    (int64_t)(round + 1) * MINUTE_US,
					    values[(round * count + i) % VALUES]);
	}
	double took_us = (double)(clock_us(CLOCK_PROCESS_CPUTIME_ID) - began_us);
	printf("ns %.2f\nbytes %zu\n", took_us * 1000 / (double)count / (double)rounds,
	       sizeof(*series));
	fprintf(stderr, "sum of scores %.0f\n", sum); /* or nothing need be computed */
	free(series);
	return EXIT_SUCCESS;
}
