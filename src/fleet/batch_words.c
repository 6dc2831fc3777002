/*
 * batch_words.c: see batch_words.h.
 */
#include "fleet/batch_words.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "record/record.h"

/* By the hash of their names: two that meet share what they may bring. */
enum { SENSORS = 4096 };
static _Atomic uint16_t brought[SENSORS];

const char *batch_word(const char *sensor, const char *text)
{
	const char *known = record_word_known(text);
	if (known != NULL)
		return known;
	_Atomic uint16_t *count = &brought[hash_sum(sensor, strlen(sensor)) % SENSORS];
	if (atomic_load_explicit(count, memory_order_relaxed) >= BATCH_WORDS_EACH)
		return NULL;
	atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
	return record_word(text);
}
