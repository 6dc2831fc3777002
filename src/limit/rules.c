/*
 * rules.c: see rules.h.
 */
#include "limit/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct limit_rules {
	struct limit_rule *at;
	size_t count;
	struct limit_level *levels;
	size_t level_count;
	struct limit_tag *tags;
	struct limit_world world;
	struct limit_places places[RECORD_KINDS];
	uint16_t of[RECORD_KINDS][RULES_MAX];
	size_t of_count[RECORD_KINDS];
};

struct limit_rules *limit_rules_new(const struct home *home)
{
	struct limit_rules *rules = calloc(1, sizeof(*rules));
	if (rules == NULL)
		return NULL;
	rules->at = calloc(RULES_MAX, sizeof(*rules->at));
	rules->levels = calloc(LEVELS_MAX, sizeof(*rules->levels));
	rules->tags = calloc(TAGS_MAX, sizeof(*rules->tags));
	rules->world = (struct limit_world){ .home = home, .tags = rules->tags };
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		limit_places_find(kind, &rules->places[kind]);
	if (rules->at != NULL && rules->levels != NULL && rules->tags != NULL)
		return rules;
	limit_rules_free(rules);
	return NULL;
}

void limit_rules_free(struct limit_rules *rules)
{
	if (rules == NULL)
		return;
	free(rules->at);
	free(rules->levels);
	free(rules->tags);
	free(rules);
}

static size_t find(const struct limit_rules *rules, const char *name)
{
	size_t i = 0;
	while (i < rules->count && strcmp(rules->at[i].name, name) != 0)
		i++;
	return i;
}

/* Rules are added a few times, and read a thousand times a second. */
static void index_all(struct limit_rules *rules)
{
	memset(rules->of_count, 0, sizeof(rules->of_count));
	for (size_t i = 0; i < rules->count; i++) {
		const struct limit_rule *rule = &rules->at[i];
		if (!rule->is_off)
			rules->of[rule->record][rules->of_count[rule->record]++] =
				(uint16_t)i;
	}
}

enum rules_added limit_rules_add(struct limit_rules *rules,
				 const struct limit_rule *rule)
{
	size_t place = find(rules, rule->name);
	if (place == RULES_MAX)
		return RULES_FULL;
	if (place < rules->count && !rules->at[place].is_usual)
		return RULES_TWICE;
	rules->at[place] = *rule;
	if (place == rules->count)
		rules->count++;
	index_all(rules);
	return RULES_ADDED;
}

static void be_usual(bool *is_usual, char from[static RULE_FROM])
{
	*is_usual = true;
	snprintf(from, RULE_FROM, "usual");
}

void limit_rules_mark_usual(struct limit_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		be_usual(&rules->at[i].is_usual, rules->at[i].from);
	for (size_t i = 0; i < rules->level_count; i++)
		be_usual(&rules->levels[i].is_usual, rules->levels[i].from);
}

enum rules_added limit_rules_add_level(struct limit_rules *rules,
				       const struct limit_level *level)
{
	size_t place = 0;
	while (place < rules->level_count &&
	       strcmp(rules->levels[place].name, level->name) != 0)
		place++;
	if (place == LEVELS_MAX)
		return RULES_FULL;
	if (place < rules->level_count && !rules->levels[place].is_usual)
		return RULES_TWICE;
	rules->levels[place] = *level;
	if (place == rules->level_count)
		rules->level_count++;
	return RULES_ADDED;
}

enum rules_added limit_rules_add_tag(struct limit_rules *rules,
				     const struct limit_tag *tag)
{
	if (rules->world.tag_count == TAGS_MAX)
		return RULES_FULL;
	rules->tags[rules->world.tag_count++] = *tag;
	return RULES_ADDED;
}

bool limit_rules_has_tag(const struct limit_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->world.tag_count; i++)
		if (strcmp(rules->tags[i].name, name) == 0)
			return true;
	return false;
}

size_t limit_rules_level_count(const struct limit_rules *rules)
{
	return rules->level_count;
}

const struct limit_level *limit_rules_level_at(const struct limit_rules *rules,
					       size_t number)
{
	return &rules->levels[number];
}

size_t limit_rules_count(const struct limit_rules *rules)
{
	return rules->count;
}

const struct limit_rule *limit_rules_at(const struct limit_rules *rules, size_t number)
{
	return &rules->at[number];
}

const uint16_t *limit_rules_of(const struct limit_rules *rules, enum record_kind kind,
			       size_t *count)
{
	*count = rules->of_count[kind];
	return rules->of[kind];
}

const struct limit_places *limit_rules_places(const struct limit_rules *rules,
					      enum record_kind kind)
{
	return &rules->places[kind];
}

const struct limit_world *limit_rules_world(const struct limit_rules *rules)
{
	return &rules->world;
}
