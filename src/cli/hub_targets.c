/*
 * hub_targets.c: see hub_targets.h.
 */
#include "cli/hub_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "fleet/bucket.h"
#include "probe/target_file.h"

_Static_assert((int)TARGET_SITES_MAX == VANTAGES_SITES_MAX, "as many as a target has");

struct wanted {
	char target[TARGET_TEXT_MAX];
	char sites[TARGET_SITES_MAX][64];
	uint32_t every_s;
	uint8_t need, of;
};

struct hub_targets {
	struct wanted *at; /* owned */
	size_t count, size;
};

void hub_targets_free(struct hub_targets *targets)
{
	if (targets != NULL)
		free(targets->at);
	free(targets);
}

/* One that is asked from one place only is that sensor's own business. */
static void take_places(void *to, const char *target, const struct target_from *from,
			const struct round_rules *rules)
{
	struct hub_targets *targets = to;
	if (from->count == 1)
		return;
	if (targets->count == targets->size) {
		size_t size = targets->size == 0 ? 64 : targets->size * 2;
		struct wanted *grown = realloc(targets->at, size * sizeof(*grown));
		if (grown == NULL)
			return;
		targets->at = grown;
		targets->size = size;
	}
	struct wanted *wanted = &targets->at[targets->count++];
	*wanted = (struct wanted){ .every_s = rules->interval_s,
				   .need = from->need,
				   .of = from->count };
	memcpy(wanted->sites, from->sites, sizeof(wanted->sites));
	snprintf(wanted->target, sizeof(wanted->target), "%s", target);
}

static bool drop(void *to, struct target *target, const struct round_rules *rules)
{
	(void)to;
	(void)rules;
	target_free(target);
	return true;
}

static bool read_one(struct link *link, const struct nkey *key,
		     const struct plan_entry *entry, struct hub_targets *out)
{
	static const struct round_rules usual = { .interval_s = 30,
						  .retry_s = 5,
						  .health = { 2, 3, 1 } };
	const struct target_sink sink = { .take = drop,
					  .to = out,
					  .places = take_places };
	struct buf bytes = { 0 }, errors = { 0 };
	struct document document;
	char why[DOCUMENT_WHY_MAX];
	bool is_read = bucket_document(link, &entry->scope, entry->kind, entry->version,
				       &bytes) == 0 &&
		       document_open(bytes.at, bytes.len, key, &document, why) > 0;
	if (is_read)
		target_file_parse(document.text, document.len, "targets", &usual, &sink,
				  &errors);
	buf_free(&bytes);
	buf_free(&errors);
	return is_read;
}

static uint64_t stamp_of(const struct plan *plan)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t stamp = 1;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		const uint64_t words[] = { stamp, i, entry->version,
					   plan_coming(plan, entry) };
		if (entry->kind == DOCUMENT_TARGETS)
			stamp = hash_words(&same, words, 4);
	}
	return stamp;
}

static bool read_version(struct link *link, const struct nkey *key,
			 const struct plan_entry *entry, uint64_t version,
			 struct hub_targets *out)
{
	struct plan_entry at = *entry;
	at.version = version;
	return version == 0 || read_one(link, key, &at, out);
}

/* Of one that is rolled out both: some sensors ask by this one already, others by that.
 */
static bool read_all(struct link *link, const struct nkey *key, const struct plan *plan,
		     struct hub_targets *out)
{
	bool is_whole = true;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		if (entry->kind != DOCUMENT_TARGETS)
			continue;
		is_whole &=
			read_version(link, key, entry, plan_coming(plan, entry), out) &&
			read_version(link, key, entry, entry->version, out);
	}
	return is_whole;
}

struct hub_targets *hub_targets_read(struct link *link, const struct nkey *key,
				     uint64_t *stamp)
{
	char error[BUCKET_ERROR_MAX];
	uint64_t revision;
	struct plan *plan = malloc(sizeof(*plan));
	struct hub_targets *targets = calloc(1, sizeof(*targets));
	bool is_other = plan != NULL && targets != NULL &&
			bucket_read(link, plan, &revision, error) == 0 &&
			stamp_of(plan) != *stamp && read_all(link, key, plan, targets);
	if (is_other)
		*stamp = stamp_of(plan);
	free(plan);
	if (is_other)
		return targets;
	hub_targets_free(targets);
	return NULL;
}

void hub_targets_put(const struct hub_targets *targets, struct vantages *places)
{
	vantages_begin_set(places);
	for (size_t i = 0; i < targets->count; i++) {
		const struct wanted *wanted = &targets->at[i];
		const struct vantages_wanted one = { wanted->target, wanted->every_s,
						     wanted->need, wanted->of,
						     wanted->sites };
		vantages_add(places, &one);
	}
	vantages_end_set(places);
}
