/*
 * baseline.c: see baseline.h.
 *
 * The store gives changes of listeners, the newest first, so the first one of a place
 * (address, port, transport, executable, ours or not) tells how it was left.  A number
 * of a network namespace means nothing after a reboot: other namespaces count as one,
 * told apart by unit and container.
 */
#include "cli/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "cli/store_look.h"

enum { PLACES = 1 << 17, FINDINGS = 4096, READ_MS = 5000 };

struct known {
	struct listener_record listener;
	bool is_open, is_there;
};

struct baseline {
	struct hash_key key;
	struct known **places; /* owned; open addressing */
	size_t count;
	struct finding_record *findings; /* owned; FINDINGS */
	size_t finding_count;
};

static bool has_other_namespace(const struct listener_record *l)
{
	return l->netns != UNKNOWN_U64;
}

static bool is_same_place(const struct listener_record *a,
			  const struct listener_record *b)
{
	return a->port == b->port && addr_equal(&a->ip, &b->ip) &&
	       strcmp(a->transport, b->transport) == 0 &&
	       has_other_namespace(a) == has_other_namespace(b) &&
	       strcmp(a->exe, b->exe) == 0 && strcmp(a->unit, b->unit) == 0 &&
	       strcmp(a->container, b->container) == 0;
}

static uint64_t place_hash(const struct baseline *b, const struct listener_record *l)
{
	uint64_t words[4];
	memcpy(words, l->ip.ip6, sizeof(l->ip.ip6));
	words[2] = (uint64_t)l->port << 8 | (uint8_t)l->transport[0];
	words[3] = has_other_namespace(l);
	for (const char *c = l->exe; *c != '\0'; c++)
		words[3] = words[3] * 31 + (uint8_t)*c;
	return hash_words(&b->key, words, 4);
}

/* Its place: taken by the same listener, or free; NULL if all are taken. */
static struct known **place_of(const struct baseline *b,
			       const struct listener_record *l)
{
	uint64_t hash = place_hash(b, l);
	for (size_t i = 0; i < PLACES; i++) {
		struct known **at = &b->places[(hash + i) % PLACES];
		if (*at == NULL || is_same_place(&(*at)->listener, l))
			return at;
	}
	return NULL;
}

static bool take(void *to, const void *record)
{
	struct baseline *b = to;
	const struct listener_record *l = record;
	if (l->transport == NULL || l->port == UNKNOWN_U32)
		return true;
	struct known **at = place_of(b, l);
	if (at == NULL || b->count > PLACES / 2)
		return false;
	if (*at != NULL)
		return true; /* older news of the same */
	*at = calloc(1, sizeof(**at));
	if (*at == NULL)
		return false;
	(*at)->listener = *l;
	/* One of several sockets may close. */
	(*at)->is_open = l->change == NULL || strcmp(l->change, "closed") != 0 ||
			 (l->sockets != UNKNOWN_U32 && l->sockets > 0);
	b->count++;
	return true;
}

/* As many as can be open; the newest first. */
static bool take_finding(void *to, const void *record)
{
	struct baseline *b = to;
	const struct finding_record *finding = record;
	if (finding->state != NULL && strcmp(finding->state, "open") == 0)
		b->findings[b->finding_count++] = *finding;
	return b->finding_count < FINDINGS;
}

struct baseline *baseline_read(const char *folder)
{
	struct baseline *b = calloc(1, sizeof(*b));
	if (b == NULL)
		return NULL;
	b->key = hash_key_random();
	b->places = calloc(PLACES, sizeof(struct known *));
	b->findings = calloc(FINDINGS, sizeof(*b->findings));
	if (b->places == NULL || b->findings == NULL) {
		free(b->findings);
		free(b->places);
		free(b);
		return NULL;
	}
	store_look_back(folder, RECORD_listener, READ_MS, take, b);
	store_look_back(folder, RECORD_finding, READ_MS, take_finding, b);
	return b;
}

void baseline_free(struct baseline *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		free(b->places[i]);
	free(b->places);
	free(b->findings);
	free(b);
}

bool baseline_is_first(const struct baseline *b)
{
	return b->count == 0;
}

static int by_time(const void *left, const void *right)
{
	const struct known *a = *(struct known *const *)left;
	const struct known *b = *(struct known *const *)right;
	return a->listener.at < b->listener.at ? -1 : a->listener.at > b->listener.at;
}

void baseline_each(const struct baseline *b, baseline_emit emit, void *to)
{
	size_t count = 0;
	struct known **sorted = calloc(b->count + 1, sizeof(struct known *));
	if (sorted == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		if (b->places[i] != NULL)
			sorted[count++] = b->places[i];
	qsort(sorted, count, sizeof(struct known *), by_time);
	for (size_t i = 0; i < count; i++)
		emit(to, &sorted[i]->listener);
	free(sorted);
}

void baseline_each_finding(const struct baseline *b,
			   void (*emit)(void *to, const struct finding_record *finding),
			   void *to)
{
	for (size_t i = 0; i < b->finding_count; i++)
		emit(to, &b->findings[i]);
}

bool baseline_takes(struct baseline *b, const struct listener_record *l)
{
	struct known **at = place_of(b, l);
	if (at == NULL || *at == NULL)
		return false;
	bool was_open = (*at)->is_open;
	(*at)->is_there = true;
	return was_open;
}

const struct listener_record *baseline_find(const struct baseline *b,
					    const struct listener_record *l)
{
	struct known **at = place_of(b, l);
	return at != NULL && *at != NULL ? &(*at)->listener : NULL;
}

void baseline_each_gone(const struct baseline *b, baseline_emit emit, void *to)
{
	for (size_t i = 0; i < PLACES; i++) {
		const struct known *known = b->places[i];
		if (known != NULL && known->is_open && !known->is_there)
			emit(to, &known->listener);
	}
}
