/*
 * hex.c: see hex.h.
 */
#include "base/hex.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void hex_text(char *out, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[at[i] >> 4];
		*out++ = digits[at[i] & 15];
	}
	*out = '\0';
}

bool hex_read(const char *text, uint8_t *bytes, size_t len)
{
	if (strlen(text) != 2 * len || strspn(text, digits) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *high = strchr(digits, text[2 * i]);
		const char *low = strchr(digits, text[2 * i + 1]);
		bytes[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	return true;
}
