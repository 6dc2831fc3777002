/*
 * self_test_metrics.c: see self_test_metrics.h.
 */
#include "web/self_test_metrics.h"

#include <string.h>

enum { PASSED, FAILED, NOT_KNOWN };
static const char *const results[SELF_TEST_RESULTS] = {
	[PASSED] = "passed", [FAILED] = "failed", [NOT_KNOWN] = "unknown"
};

void self_test_metrics_add(struct self_test_counts *counts,
			   const struct self_test_record *test)
{
	for (unsigned i = 0; i < SELF_TEST_RESULTS; i++)
		counts->by_result[i] +=
			test->result != NULL && strcmp(test->result, results[i]) == 0;
	if (test->result != NULL && strcmp(test->result, results[PASSED]) == 0)
		counts->passed = *test;
}

static void write_results(const struct self_test_counts *counts, struct family *family)
{
	family_named(family, "self_tests", "", "counter",
		     "Self-tests that were made, by result.");
	for (unsigned i = 0; i < SELF_TEST_RESULTS; i++) {
		family_sample(family);
		buf_printf(family->out, "{result=\"%s\"}", results[i]);
		family_value(family, (long double)counts->by_result[i]);
	}
}

void self_test_metrics_write(const struct self_test_counts *counts,
			     struct family *family)
{
	const struct self_test_record *passed = &counts->passed;
	uint64_t all = 0;
	for (unsigned i = 0; i < SELF_TEST_RESULTS; i++)
		all += counts->by_result[i];
	if (all > 0)
		write_results(counts, family);
	if (counts->by_result[PASSED] == 0)
		return;
	family_single(family, "self_test_success_timestamp_seconds", "seconds", "gauge",
		      "When the last self-test passed.", (long double)passed->at);
	family_single(family, "self_test_detect_seconds", "seconds", "gauge",
		      "From the packet that decided until the finding, in that test.",
		      (long double)passed->detect_us);
	family_single(family, "self_test_block_seconds", "seconds", "gauge",
		      "From that packet until none arrived any more.",
		      (long double)passed->block_us);
}
