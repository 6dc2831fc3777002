/*
 * text.c: numbers and plain words as text; see text.h.
 */
#include "record/text.h"

#include <string.h>

/* Two digits at a time: half the divisions. */
size_t text_u64(uint64_t value, char *at)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324"
		"25262728293031323334353637383940414243444546474849"
		"50515253545556575859606162636465666768697071727374"
		"75767778798081828384858687888990919293949596979899";
	if (value < 10) {
		at[0] = (char)('0' + value);
		return 1;
	}
	char text[TEXT_U64_MAX];
	size_t begin = sizeof(text);
	for (; value >= 10; value /= 100)
		memcpy(text + (begin -= 2), pairs + value % 100 * 2, 2);
	if (value > 0)
		text[--begin] = (char)('0' + value);
	memcpy(at, text + begin, sizeof(text) - begin);
	return sizeof(text) - begin;
}

size_t text_plain(const char *text, size_t max)
{
	size_t len = 0;
	for (; text[len] != '\0'; len++) {
		unsigned char c = (unsigned char)text[len];
		if (len == max || c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return 0;
	}
	return len;
}
