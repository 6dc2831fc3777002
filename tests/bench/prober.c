/*
 * prober.c: how many probes a second one thread makes.
 *
 *   prober TARGET COUNT IN_FLIGHT
 *
 * Asks a target so often, always so many at a time.  Prints "probes N up N seconds S
 * cpu S rtt_us N total_us N wait_us N": of the last three the medians.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "probe/probe.h"

struct bench {
	struct prober *prober;
	struct target target;
	unsigned long count, asked, answered, up;
	struct histogram_of {
		uint64_t *at;
		size_t count;
	} rtt, wait, total;
};

static void note(struct histogram_of *values, uint64_t value)
{
	if (value != UNKNOWN_U64)
		values->at[values->count++] = value;
}

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return a < b ? -1 : a > b;
}

static unsigned long median(struct histogram_of *values)
{
	if (values->count == 0)
		return 0;
	qsort(values->at, values->count, sizeof(values->at[0]), by_value);
	return (unsigned long)values->at[values->count / 2];
}

static void answered(void *self, const struct probe_record *record);

static void ask(struct bench *bench)
{
	if (bench->asked < bench->count &&
	    prober_ask(bench->prober, &bench->target, clock_us(CLOCK_MONOTONIC),
		       answered, bench))
		bench->asked++;
}

static void answered(void *self, const struct probe_record *record)
{
	struct bench *bench = self;
	bench->answered++;
	bench->up += strcmp(record->state, "up") == 0;
	note(&bench->rtt, record->rtt_us);
	note(&bench->wait, record->wait_us);
	note(&bench->total, record->total_us);
	ask(bench);
}

static double seconds_of(const struct timeval *at)
{
	return (double)at->tv_sec + (double)at->tv_usec / 1e6;
}

static bool begin(struct bench *bench, char **argv)
{
	char why[TARGET_WHY_MAX];
	bench->count = strtoul(argv[2], NULL, 10);
	if (!target_parse(&bench->target, argv[1], why)) {
		fprintf(stderr, "prober: %s\n", why);
		return false;
	}
	bench->rtt.at = calloc(bench->count, sizeof(uint64_t));
	bench->wait.at = calloc(bench->count, sizeof(uint64_t));
	bench->total.at = calloc(bench->count, sizeof(uint64_t));
	bench->prober = prober_new();
	return bench->prober != NULL;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	struct rusage usage;
	if (argc != 4 || !begin(&bench, argv)) {
		fputs("usage: prober TARGET COUNT IN_FLIGHT\n", stderr);
		return 2;
	}
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	for (unsigned long i = strtoul(argv[3], NULL, 10); i > 0; i--)
		ask(&bench);
	while (bench.answered < bench.asked)
		prober_turn(bench.prober, 1000);
	double seconds = (double)(clock_us(CLOCK_MONOTONIC) - begin_us) / 1e6;
	getrusage(RUSAGE_SELF, &usage);
	printf("probes %lu up %lu seconds %.3f cpu %.3f rtt_us %lu total_us %lu "
	       "wait_us "
	       "%lu\n",
	       bench.answered, bench.up, seconds,
	       seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime),
	       median(&bench.rtt), median(&bench.total), median(&bench.wait));
	prober_free(bench.prober);
	target_free(&bench.target);
	return 0;
}
