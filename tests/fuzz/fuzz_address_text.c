/*
 * Texts with addresses: what is no address comes out as it went in, and what was
 * swapped is not there any more.
 */
#include <stdlib.h>
#include <string.h>

#include "store/address_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct addr last;
	bool any;
};

static bool keep(void *self, const struct addr *addr, struct addr *to)
{
	(void)to;
	*(struct seen *)self = (struct seen){ *addr, true };
	return false;
}

static bool swap(void *self, const struct addr *addr, struct addr *to)
{
	(void)addr;
	*to = *(const struct addr *)self;
	return true;
}

static void check(const char *text)
{
	struct seen seen = { .any = false };
	struct addr other;
	struct buf same = { 0 }, swapped = { 0 };
	if (address_text(text, keep, &seen, &same) ||
	    strcmp(buf_cstr(&same), text) != 0)
		abort();
	if (!addr_parse("192.0.2.1", &other))
		abort();
	bool has_any = address_text(text, swap, &other, &swapped);
	if (has_any != seen.any ||
	    has_any != address_text_has(buf_cstr(&swapped), &other))
		abort();
	if (has_any && !addr_equal(&seen.last, &other) &&
	    address_text_has(buf_cstr(&swapped), &seen.last))
		abort();
	buf_free(&same);
	buf_free(&swapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check(text);
	free(text);
	return 0;
}
