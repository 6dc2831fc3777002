/*
 * fuzz_guard.c: any bytes as a request to the guard: taken only if they are exactly one
 * of those that a daemon makes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct guard_request right[] = {
		{ .kind = MESSAGE_OPEN_CAPTURE },
		{ .kind = MESSAGE_NOTE_SOCKET },
	};
	struct guard_request request;
	bool is_right = false;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		is_right |= size == sizeof(right[i]) &&
			    memcmp(data, &right[i], sizeof(right[i])) == 0;
	if (message_parse_request(data, size, &request) != is_right)
		abort();
	if (is_right && memcmp(&request, data, size) != 0)
		abort();
	return 0;
}
