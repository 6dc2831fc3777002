/*
 * anomalies_table.c: see anomalies_table.h.
 *
 * A place is one of sixteen that its keyed hash names: finding one is a walk along a
 * cache line each, and who wants to throw out a certain one can't know whose sixteen
 * he shares.
 */
#include "limit/anomalies_table.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000LL
/* Who is new and silent for so long may make room. */
#define SILENT_US (600 * SECOND_US)
/* A month: what is done once a month is known the next time. */
#define OVER_US (32 * 86400 * SECOND_US)

enum {
	SERVICE_WORDS = 4,
	TARGET_WORDS = 256 / 8,
	SETS = PLACES_MAX / PLACES_ASKED,
};

bool anomaly_table_open(struct anomaly_table *table, const struct home *own)
{
	table->keys[0] = hash_key_random();
	table->keys[1] = hash_key_random();
	table->own = own;
	table->at = calloc(PLACES_MAX, sizeof(*table->at));
	table->hosts = calloc(ANOMALY_HOSTS_MAX, sizeof(*table->hosts));
	return table->at != NULL && table->hosts != NULL;
}

void anomaly_table_close(struct anomaly_table *table)
{
	free(table->at);
	free(table->hosts);
}

/* ---- keys ---- */

static void make_key(const struct anomaly_table *table, const uint64_t *words,
		     size_t count, uint64_t key[2])
{
	for (int i = 0; i < 2; i++)
		key[i] = hash_words(&table->keys[i], words, count);
}

void anomaly_table_key(const struct anomaly_table *table, const struct addr *ip,
		       uint32_t port, const char *transport, uint64_t key[2])
{
	uint64_t words[SERVICE_WORDS] = { 0 };
	memcpy(words, ip, sizeof(*ip));
	words[2] = port;
	memcpy(&words[3], transport, strnlen(transport, sizeof(words[3])));
	make_key(table, words, SERVICE_WORDS, key);
}

/* Of another length than a service's, so never the same words. */
void anomaly_table_target_key(const struct anomaly_table *table, const char *target,
			      uint64_t key[2])
{
	uint64_t words[TARGET_WORDS] = { 0 };
	memcpy(words, target, strnlen(target, sizeof(words) - 1));
	make_key(table, words, TARGET_WORDS, key);
}

/* ---- hosts ---- */

static struct addr host_of(const struct anomaly_table *table, const struct addr *ip)
{
	return home_holds(table->own, ip) ? addr_unset() : *ip;
}

static bool is_used(const struct anomaly_host *host)
{
	return host->places > 0 || host->alert.id[0] != '\0';
}

/* New places are few: looking at all hosts is no matter. */
uint32_t anomaly_table_host(struct anomaly_table *table, const struct addr *ip)
{
	struct addr wanted = host_of(table, ip);
	uint32_t unused = HOST_NONE;
	for (uint32_t i = 0; i < ANOMALY_HOSTS_MAX; i++) {
		const struct anomaly_host *host = &table->hosts[i];
		if (is_used(host) && addr_equal(&host->ip, &wanted))
			return i;
		if (!is_used(host) && unused == HOST_NONE)
			unused = i;
	}
	if (unused != HOST_NONE)
		table->hosts[unused] = (struct anomaly_host){ .ip = wanted };
	return unused;
}

/* ---- places ---- */

bool anomaly_place_has_learned(const struct place *place)
{
	for (int i = 0; i < PLACE_SERIES; i++)
		if (anomaly_has_learned(&place->series[i]))
			return true;
	return false;
}

/* Also when the clock was set back. */
static bool is_silent(const struct place *place, int64_t for_us, int64_t now_us)
{
	return llabs(now_us - place->seen_us) >= for_us;
}

bool anomaly_place_is_over(const struct place *place, int64_t now_us)
{
	return is_silent(place, OVER_US, now_us);
}

static struct place *set_of(const struct anomaly_table *table, const uint64_t key[2])
{
	return &table->at[key[0] % SETS * PLACES_ASKED];
}

struct place *anomaly_table_find(const struct anomaly_table *table,
				 const uint64_t key[2])
{
	struct place *set = set_of(table, key);
	for (int i = 0; i < PLACES_ASKED; i++)
		if (set[i].kind != PLACE_FREE && set[i].key[0] == key[0] &&
		    set[i].key[1] == key[1])
			return &set[i];
	return NULL;
}

void anomaly_table_drop(struct anomaly_table *table, struct place *place)
{
	table->hosts[place->host].places--;
	place->kind = PLACE_FREE;
}

/* Free, or the one that is silent for longest among those that know nothing yet. */
static struct place *make_room(struct anomaly_table *table, const uint64_t key[2],
			       int64_t now_us)
{
	struct place *set = set_of(table, key), *oldest = NULL;
	for (int i = 0; i < PLACES_ASKED; i++) {
		if (set[i].kind == PLACE_FREE)
			return &set[i];
		if (is_silent(&set[i], SILENT_US, now_us) &&
		    !anomaly_place_has_learned(&set[i]) &&
		    (oldest == NULL || set[i].seen_us < oldest->seen_us))
			oldest = &set[i];
	}
	if (oldest != NULL)
		anomaly_table_drop(table, oldest);
	return oldest;
}

struct place *anomaly_table_add(struct anomaly_table *table, const uint64_t key[2],
				enum place_kind kind, const struct addr *ip,
				int64_t now_us)
{
	struct place *place = make_room(table, key, now_us);
	uint32_t host = place != NULL ? anomaly_table_host(table, ip) : HOST_NONE;
	if (host == HOST_NONE)
		return NULL;
	table->hosts[host].places++;
	*place = (struct place){ .key = { key[0], key[1] },
				 .kind = kind,
				 .host = host,
				 .seen_us = now_us,
				 .ip = *ip,
				 .port = UNKNOWN_U32 };
	return place;
}
