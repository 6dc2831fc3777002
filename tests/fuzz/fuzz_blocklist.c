/*
 * fuzz_blocklist.c: any bytes as a list of addresses: no crash, no leak, a message for
 * every refusal, nothing in it that a terminal would take for a command; and what is
 * taken finds its own entries, and is in order.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/blocklist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct blocklist *list, const uint8_t *data, size_t size)
{
	struct blocklist_hit hit;
	struct prefix prefix = { .len = 128 };
	memcpy(prefix.addr.ip6, data, size < 16 ? size : 16);
	bool finds = blocklist_find(list, &prefix.addr, &hit);
	if (finds && !prefix_holds(&hit.entry, &prefix.addr))
		abort();
	if (finds != blocklist_meets(list, &prefix, &hit))
		abort();
	if (finds && strlen(hit.note) > BLOCKLIST_NOTES_BYTES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct blocklist_source source = { "fuzz", 1000, 1800000000000000LL };
	struct buf errors = { 0 };
	struct blocklist *list =
		blocklist_parse((const char *)data, size, &source, &errors);
	if ((list == NULL) != (errors.len > 0))
		abort();
	for (size_t i = 0; i < errors.len; i++)
		if (errors.at[i] == '\0' || errors.at[i] == '\x1b')
			abort();
	if (list != NULL) {
		if (blocklist_count(list) > source.entries_max)
			abort();
		look_up(list, data, size);
	}
	blocklist_free(list);
	buf_free(&errors);
	return 0;
}
