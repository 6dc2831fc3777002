/*
 * fuzz_report_bundle.c: any bytes as a report's bundle: nothing that nobody signed is
 * said to hold.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *self, bool holds, const char *text)
{
	(void)self;
	(void)holds;
	if (text[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[STORE_ERROR_MAX] = "";
	const struct bundle_check check = { .sink = { .judged = hear } };
	int faults = bundle_verify(data, size, &check, error);
	if (faults == 0 || (faults < 0 && error[0] == '\0'))
		abort();
	return 0;
}
