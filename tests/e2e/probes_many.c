/*
 * probes_many: one target asked many times at once, as for a thousand targets.
 *
 *	probes_many TARGET COUNT
 *
 * Prints one line: how many were up, and of their round trips and waits, in
 * microseconds, the least, the middle and the most.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "probe/probe.h"

enum { MANY_MAX = 2000 };

struct outcomes {
	unsigned up;
	uint64_t rtt_us[MANY_MAX], wait_us[MANY_MAX];
};

static void answered(void *self, const struct probe_record *record)
{
	struct outcomes *outcomes = self;
	if (record->reason != NULL && record->reason[0] != '\0') {
		fprintf(stderr, "%s: %s\n", record->reason, record->detail);
	} else {
		outcomes->rtt_us[outcomes->up] = record->rtt_us;
		outcomes->wait_us[outcomes->up++] = record->wait_us;
	}
}

static int by_size(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return a < b ? -1 : a > b;
}

static void print_times(const char *name, uint64_t *times, unsigned count)
{
	qsort(times, count, sizeof(times[0]), by_size);
	printf(" %s %lu %lu %lu", name, times[0], times[count / 2], times[count - 1]);
}

static bool ask_all(struct prober *prober, struct target *targets, char **texts,
		    int count, struct outcomes *outcomes)
{
	char why[TARGET_WHY_MAX];
	for (int i = 0; i < count; i++)
		if (!target_parse(&targets[i], texts[i], why)) {
			fprintf(stderr, "%s\n", why);
			return false;
		}
	for (int i = 0; i < count; i++)
		if (!prober_ask(prober, &targets[i], clock_us(CLOCK_MONOTONIC),
				answered, outcomes))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct outcomes outcomes;
	static struct target targets[MANY_MAX];
	struct rlimit files;
	if (argc < 2 || argc > MANY_MAX) {
		fputs("usage: probes_many TARGET...\n", stderr);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	struct prober *prober = prober_new();
	if (prober == NULL || !ask_all(prober, targets, argv + 1, argc - 1, &outcomes))
		return 1;
	while (prober_in_flight(prober) > 0)
		prober_turn(prober, 100);
	printf("up %u", outcomes.up);
	if (outcomes.up > 0) {
		print_times("rtt", outcomes.rtt_us, outcomes.up);
		print_times("wait", outcomes.wait_us, outcomes.up);
	}
	puts("");
	prober_free(prober);
	for (int i = 0; i < argc - 1; i++)
		target_free(&targets[i]);
	return 0;
}
