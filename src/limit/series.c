/*
 * series.c: see series.h.
 */
#include "limit/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_WORDS = LIMIT_TARGET_MAX / 8 + 1 };

/* ---- places ---- */

static bool pool_open(struct pool *pool, uint32_t size)
{
	pool->size = size;
	pool->free = calloc(size, sizeof(*pool->free));
	return pool->free != NULL;
}

static uint32_t pool_take(struct pool *pool)
{
	if (pool->back > 0)
		return pool->free[--pool->back];
	return pool->used < pool->size ? pool->used++ : SERIES_NONE;
}

static void pool_give(struct pool *pool, uint32_t number)
{
	pool->free[pool->back++] = number;
}

bool series_open(struct series_table *table)
{
	*table = (struct series_table){
		.keys = { hash_key_random(), hash_key_random() },
	};
	/* Pages that nobody writes to cost nothing. */
	table->at = calloc(SERIES_MAX, sizeof(*table->at));
	table->buckets = calloc(SERIES_MAX, sizeof(*table->buckets));
	table->facts = calloc(FACTS_MAX, sizeof(*table->facts));
	table->learned = calloc(LEARNED_MAX, sizeof(*table->learned));
	return table->at != NULL && table->buckets != NULL && table->facts != NULL &&
	       table->learned != NULL && pool_open(&table->places, SERIES_MAX) &&
	       pool_open(&table->facts_pool, FACTS_MAX) &&
	       pool_open(&table->learned_pool, LEARNED_MAX);
}

void series_close(struct series_table *table)
{
	free(table->at);
	free(table->buckets);
	free(table->facts);
	free(table->learned);
	free(table->places.free);
	free(table->facts_pool.free);
	free(table->learned_pool.free);
}

/* ---- series ---- */

static size_t service_words(const struct limit_subject *subject, uint64_t *words)
{
	memcpy(words, &subject->ip, sizeof(subject->ip));
	words[2] = subject->port;
	words[3] = subject->netns;
	memcpy(&words[4], subject->transport, strnlen(subject->transport, 8));
	return 5;
}

void series_key(const struct series_table *table, enum rule_per per,
		const struct limit_subject *subject, uint64_t key[2])
{
	uint64_t words[KEY_WORDS] = { 0 };
	size_t count = 0;
	if (per == PER_SERVICE) {
		count = service_words(subject, words);
	} else if (per == PER_HOST) {
		memcpy(words, &subject->ip, sizeof(subject->ip));
		count = sizeof(subject->ip) / 8;
	} else if (per == PER_TARGET) {
		size_t len = strnlen(subject->target, LIMIT_TARGET_MAX);
		memcpy(words, subject->target, len);
		count = len / 8 + 1;
	}
	for (int i = 0; i < 2; i++)
		key[i] = hash_words(&table->keys[i], words, count);
}

/* The place of a bucket holds a number from 1, so that an empty table is all zero. */
static uint32_t *bucket_of(const struct series_table *table, const uint64_t key[2],
			   uint64_t identity)
{
	return &table->buckets[(key[0] ^ identity) % SERIES_MAX];
}

struct series *series_find(const struct series_table *table, const uint64_t key[2],
			   uint64_t identity)
{
	uint32_t number = *bucket_of(table, key, identity);
	while (number != 0) {
		struct series *series = &table->at[number - 1];
		if (series->key[0] == key[0] && series->key[1] == key[1] &&
		    series->identity == identity)
			return series;
		number = series->next;
	}
	return NULL;
}

struct series *series_add(struct series_table *table, const uint64_t key[2],
			  uint64_t identity, uint16_t rule)
{
	uint32_t *bucket = bucket_of(table, key, identity);
	if (table->of_rule[rule] >= SERIES_OF_RULE)
		return NULL;
	uint32_t place = pool_take(&table->places);
	if (place == SERIES_NONE)
		return NULL;
	struct series *series = &table->at[place];
	*series = (struct series){ .key = { key[0], key[1] },
				   .identity = identity,
				   .next = *bucket,
				   .facts = SERIES_NONE,
				   .learned = SERIES_NONE,
				   .rule = rule,
				   .severity = -1,
				   .base = NAN };
	*bucket = place + 1;
	table->of_rule[rule]++;
	return series;
}

void series_drop(struct series_table *table, struct series *series)
{
	uint32_t place = (uint32_t)(series - table->at);
	uint32_t *at = bucket_of(table, series->key, series->identity);
	while (*at != place + 1)
		at = &table->at[*at - 1].next;
	*at = series->next;
	series_drop_facts(table, series);
	if (series->learned != SERIES_NONE)
		pool_give(&table->learned_pool, series->learned);
	table->of_rule[series->rule]--;
	series->identity = 0;
	pool_give(&table->places, place);
}

uint32_t series_count(const struct series_table *table)
{
	return table->places.used - table->places.back;
}

uint32_t series_end(const struct series_table *table)
{
	return table->places.used;
}

struct series *series_at(const struct series_table *table, uint32_t number)
{
	struct series *series = &table->at[number];
	return series->identity != 0 ? series : NULL;
}

/* ---- what belongs to some ---- */

struct facts *series_add_facts(struct series_table *table, struct series *series)
{
	series->facts = pool_take(&table->facts_pool);
	if (series->facts == SERIES_NONE)
		return NULL;
	table->facts[series->facts] = (struct facts){ .port = UNKNOWN_U32 };
	return &table->facts[series->facts];
}

void series_drop_facts(struct series_table *table, struct series *series)
{
	if (series->facts != SERIES_NONE)
		pool_give(&table->facts_pool, series->facts);
	series->facts = SERIES_NONE;
}

struct facts *series_facts(const struct series_table *table,
			   const struct series *series)
{
	return series->facts != SERIES_NONE ? &table->facts[series->facts] : NULL;
}

#define END_TEXT(text) ((text)[sizeof(text) - 1] = '\0')

void facts_end_texts(struct facts *facts)
{
	END_TEXT(facts->id);
	END_TEXT(facts->rule);
	END_TEXT(facts->metric);
	END_TEXT(facts->target);
	END_TEXT(facts->transport);
	END_TEXT(facts->service);
	END_TEXT(facts->tags);
	END_TEXT(facts->word);
	END_TEXT(facts->detail);
}

struct anomaly *series_add_learned(struct series_table *table, struct series *series)
{
	series->learned = pool_take(&table->learned_pool);
	if (series->learned == SERIES_NONE)
		return NULL;
	table->learned[series->learned] = (struct anomaly){ 0 };
	return &table->learned[series->learned];
}

struct anomaly *series_learned(const struct series_table *table,
			       const struct series *series)
{
	return series->learned != SERIES_NONE ? &table->learned[series->learned] : NULL;
}
