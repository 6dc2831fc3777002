/*
 * series.h: what is known of a rule's series; and of those that fire, whom they are
 * about.  Private to the room.
 *
 * Bounded, as strangers can make series: a rule has at most a share of the places, so
 * that none starves the others.  Most series need no place at all: where nothing is
 * wrong there is nothing to remember (limits.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "limit/anomaly.h"
#include "limit/rules.h"

enum {
	SERIES_MAX = 1 << 17,
	SERIES_OF_RULE = SERIES_MAX / 8,
	FACTS_MAX = 1 << 14,
	LEARNED_MAX = 1 << 13,
};
#define SERIES_NONE UINT32_MAX

struct series {
	uint64_t key[2];
	uint64_t identity; /* of its rule; 0: nobody is here */
	uint32_t next;
	uint32_t facts, learned; /* numbers; SERIES_NONE: none */
	uint16_t rule;
	int8_t severity;              /* that fires; -1: it does not */
	int64_t since_us[SEVERITIES]; /* crossed without a break; 0: it is not */
	uint32_t crossed[SEVERITIES]; /* by the last records, the newest in bit 0 */
	int64_t calm_us;              /* well since; 0: it is not */
	int64_t last_us;              /* of the last record */
	int64_t step_us;              /* from the one before it */
	double before, before_of;     /* counts since the start, as they were */
	int64_t before_us;            /* 0: they were never known */
	double base;                  /* a week ago; NaN: unknown */
	int64_t base_hour, asked_us;  /* of which hour; when it was asked for */
};

/* Whom a series is about; no pointers, as it is kept over a restart. */
struct facts {
	char id[32], rule[RULE_NAME], metric[64];
	char target[LIMIT_TARGET_MAX], transport[8], service[32], tags[64];
	char word[RULE_WORD], detail[128]; /* of RULE_IS: what it is, and why */
	struct addr ip;
	uint32_t port;
	int64_t start_us;
	double value, limit;
};

/* Numbers of things that are given and come back. */
struct pool {
	uint32_t *free;
	uint32_t used, back, size; /* ever; that came back */
};

struct series_table {
	struct hash_key keys[2]; /* random; kept with what they are the keys of */
	struct series *at;
	uint32_t *buckets;
	struct facts *facts;
	struct anomaly *learned;
	struct pool places, facts_pool, learned_pool;
	uint32_t of_rule[RULES_MAX];
};

/* False without memory; series_close() is still to be called. */
bool series_open(struct series_table *table);
void series_close(struct series_table *table);

void series_key(const struct series_table *table, enum rule_per per,
		const struct limit_subject *subject, uint64_t key[2]);

struct series *series_find(const struct series_table *table, const uint64_t key[2],
			   uint64_t identity);
/* A new one; NULL if there is no room. */
struct series *series_add(struct series_table *table, const uint64_t key[2],
			  uint64_t identity, uint16_t rule);
/* With its facts, and what is learned. */
void series_drop(struct series_table *table, struct series *series);
uint32_t series_count(const struct series_table *table);
/* Numbers are below that. */
uint32_t series_end(const struct series_table *table);
/* NULL: nobody is there. */
struct series *series_at(const struct series_table *table, uint32_t number);

/* Gives the series facts, all zero; NULL if there is no room. */
struct facts *series_add_facts(struct series_table *table, struct series *series);
void series_drop_facts(struct series_table *table, struct series *series);
struct facts *series_facts(const struct series_table *table,
			   const struct series *series);

/* Texts end, whatever was on the disk. */
void facts_end_texts(struct facts *facts);

/* The same of what is learned. */
struct anomaly *series_add_learned(struct series_table *table, struct series *series);
struct anomaly *series_learned(const struct series_table *table,
			       const struct series *series);
