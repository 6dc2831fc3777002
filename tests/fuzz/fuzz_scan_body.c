/*
 * fuzz_scan_body.c: any bytes as a scan that is given to the daemon: no crash, no leak,
 * and what is taken is what a scan may say.
 */
#include <stdint.h>
#include <stdlib.h>

#include "cli/scan_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now_us = 1800000000000000;
	struct scan_body body;
	struct buf why = { 0 };
	bool is_good = scan_body_read(&body, (const char *)data, size, now_us, &why);
	if (is_good != (why.len == 0))
		abort();
	for (size_t i = 0; is_good && i < body.count; i++)
		if (body.ports[i].port == 0 || body.ports[i].port > UINT16_MAX ||
		    body.ports[i].transport == NULL || body.ports[i].state == NULL ||
		    body.ports[i].at > body.run.end)
			abort();
	if (is_good)
		scan_body_free(&body);
	buf_free(&why);
	return 0;
}
