/*
 * steering_targets.c: what a fleet has asked from here, and whether none of it answers.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/probing.h"
#include "cli/steering_put.h"
#include "probe/target_file.h"

enum { ENOUGH = 2 }; /* one that is down says nothing of us */

struct noting {
	struct steering *steering;
	size_t size;
};

static bool note(void *to, struct target *target, const struct round_rules *rules)
{
	struct noting *noting = to;
	struct steering *s = noting->steering;
	uint64_t hash = target_hash(target->text);
	(void)rules;
	target_free(target);
	if (s->target_count == noting->size) {
		size_t size = noting->size == 0 ? 64 : noting->size * 2;
		uint64_t *grown = realloc(s->targets, size * sizeof(*grown));
		if (grown == NULL)
			return false;
		s->targets = grown;
		noting->size = size;
	}
	s->targets[s->target_count++] = hash;
	return true;
}

static void note_document(void *to, const struct document *document)
{
	static const struct round_rules usual = { .interval_s = 30,
						  .retry_s = 5,
						  .health = { 2, 3, 1 } };
	struct noting *noting = to;
	const struct target_sink sink = { .take = note,
					  .to = noting,
					  .site = noting->steering->me.site };
	struct buf errors = { 0 };
	if (document->kind == DOCUMENT_TARGETS && document->len > 0)
		target_file_parse(document->text, document->len, "targets", &usual,
				  &sink, &errors);
	buf_free(&errors);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

void steering_note_targets(struct steering *s)
{
	struct noting noting = { .steering = s };
	free(s->targets);
	s->targets = NULL;
	s->target_count = 0;
	steered_each(s->kept, note_document, &noting);
	if (s->target_count > 0)
		qsort(s->targets, s->target_count, sizeof(*s->targets), by_number);
}

bool steering_is_cut_off(const struct steering *s, const struct probing *probing,
			 bool reaches_servers)
{
	size_t asked = 0;
	if (reaches_servers || s->target_count < ENOUGH)
		return false;
	for (size_t i = 0; i < probing->count; i++) {
		const struct probe_record *last = &probing->last[i];
		uint64_t hash = target_hash(last->target);
		if (bsearch(&hash, s->targets, s->target_count, sizeof(hash),
			    by_number) == NULL)
			continue;
		if (last->state == NULL || strcmp(last->state, "down") != 0)
			return false;
		asked++;
	}
	return asked >= ENOUGH;
}
