/*
 * fuzz_evidence.c: any bytes as a block of evidence, as a damaged store has them: no
 * crash, no text without end, and what is read writes and reads back the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 64 };

struct seen {
	struct pack again;
	size_t count, at;
	struct contact_record contacts[MOST];
};

static bool see(void *to, enum record_kind kind, const void *record)
{
	struct seen *seen = to;
	if (!pack_takes(kind))
		abort();
	if (kind == RECORD_contact && seen->count < MOST) {
		seen->contacts[seen->count++] = *(const struct contact_record *)record;
		pack_add(&seen->again, kind, record);
	}
	return true;
}

static bool compare(void *to, enum record_kind kind, const void *record)
{
	struct seen *seen = to;
	const struct contact_record *now = record,
				    *before = &seen->contacts[seen->at++];
	if (kind != RECORD_contact || now->at != before->at ||
	    now->port != before->port ||
	    !addr_equal(&now->client_ip, &before->client_ip) ||
	    now->outcome != before->outcome)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	if (seen == NULL)
		return 0;
	pack_begin(&seen->again);
	pack_read(bytes_of(data, size), see, seen);
	if (!pack_read(bytes_of(seen->again.bytes.at, seen->again.bytes.len), compare,
		       seen) ||
	    seen->at != seen->count)
		abort();
	pack_free(&seen->again);
	free(seen);
	return 0;
}
