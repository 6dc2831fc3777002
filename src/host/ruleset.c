/*
 * ruleset.c: tables, chains and the order of rules; see ruleset.h.
 *
 * Chains and sets are entered first, as rules name them wherever they stand.  At the
 * end the effects of all chains that a packet from outside may come through are put
 * together.
 */
#include "host/ruleset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/ruleset_reader.h"

enum {
	CHAINS_MAX = 20000,
	RULES_MAX = 100000,
	STEPS_MAX = 500000,
	VALUES_MAX = 500000,
	KEY_MAX = 800,
	MARK_EARLY = 1,
	MARK_INPUT = 2,
};

const char *reader_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

static const char *key_of(const struct ruleset_reader *reader, const char *name,
			  char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, "%s\n%s\n%s", reader->family, reader->table, name);
	return key;
}

json_t *reader_find(const struct ruleset_reader *reader, const json_t *where,
		    const char *name)
{
	char key[KEY_MAX];
	return json_object_get(where, key_of(reader, name, key));
}

void reader_enter(struct ruleset_reader *reader, json_t *where, const char *name,
		  json_t *what)
{
	char key[KEY_MAX];
	if (json_object_set_new(where, key_of(reader, name, key), what) != 0)
		reader->has_failed = true;
}

/* ---- room ---- */

/* Of `count` items; false if there are too many, or no memory. */
static bool has_room(struct ruleset_reader *reader, void **items, size_t count,
		     size_t *size, size_t item, size_t most)
{
	if (count < *size)
		return true;
	size_t wanted = *size == 0 ? 64 : *size * 2;
	void *more = count < most ? realloc(*items, wanted * item) : NULL;
	if (more == NULL) {
		reader->has_failed = true;
		return false;
	}
	memset((char *)more + *size * item, 0, (wanted - *size) * item);
	*items = more;
	*size = wanted;
	return true;
}

#define ROOM(reader, what, many, most)                                                 \
	(has_room(reader, (void **)&(reader)->out->what##s,                            \
		  (reader)->out->what##_count, &(reader)->what##_size,                 \
		  sizeof(*(reader)->out->what##s), most)                               \
		 ? (uint32_t)(reader)->out->what##_count++                             \
		 : UINT32_MAX)

uint32_t reader_chain(struct ruleset_reader *reader)
{
	return ROOM(reader, chain, chains, CHAINS_MAX);
}

uint32_t reader_rule(struct ruleset_reader *reader)
{
	return ROOM(reader, rule, rules, RULES_MAX);
}

uint32_t reader_step(struct ruleset_reader *reader)
{
	return ROOM(reader, step, steps, STEPS_MAX);
}

uint32_t reader_value(struct ruleset_reader *reader)
{
	return ROOM(reader, value, values, VALUES_MAX);
}

/* ---- verdicts ---- */

static enum rule_verdict jump(const struct ruleset_reader *reader, const json_t *target,
			      enum rule_verdict verdict, uint32_t *chain)
{
	const json_t *place =
		reader_find(reader, reader->chains, reader_text(target, "target"));
	*chain = (uint32_t)json_integer_value(place);
	return place == NULL ? VERDICT_NONE : verdict;
}

enum rule_verdict reader_verdict(const struct ruleset_reader *reader,
				 const json_t *statement, uint32_t *chain)
{
	static const struct {
		const char *name;
		enum rule_verdict verdict;
	} known[] = {
		{ "accept", VERDICT_ACCEPT }, { "drop", VERDICT_DROP },
		{ "return", VERDICT_RETURN }, { "continue", VERDICT_CONTINUE },
		{ "jump", VERDICT_JUMP },     { "goto", VERDICT_GOTO },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const json_t *value = json_object_get(statement, known[i].name);
		if (value == NULL)
			continue;
		if (known[i].verdict == VERDICT_JUMP ||
		    known[i].verdict == VERDICT_GOTO)
			return jump(reader, value, known[i].verdict, chain);
		return known[i].verdict;
	}
	return VERDICT_NONE;
}

/* ---- tables and chains ---- */

/* The place of the object of that kind, whose family and table are noted; or NULL. */
static json_t *enter(struct ruleset_reader *reader, const json_t *item,
		     const char *kind)
{
	json_t *object = json_object_get(item, kind);
	if (object == NULL)
		return NULL;
	reader->family = reader_text(object, "family");
	reader->table = strcmp(kind, "table") == 0 ? reader_text(object, "name")
						   : reader_text(object, "table");
	return object;
}

static bool is_asleep(const struct ruleset_reader *reader)
{
	return reader_find(reader, reader->sets, "") != NULL;
}

/* Flags that say whose the table is, and not whether it is in force. */
static bool are_of_owner(const json_t *flags)
{
	for (size_t i = 0; i < json_array_size(flags); i++) {
		const char *flag = json_string_value(json_array_get(flags, i));
		if (flag == NULL ||
		    (strcmp(flag, "owner") != 0 && strcmp(flag, "persist") != 0))
			return false;
	}
	return json_is_array(flags);
}

/* Others may mean that it is asleep: kept as the "set" without a name. */
static void take_table(struct ruleset_reader *reader, json_t *table)
{
	const json_t *flags = json_object_get(table, "flags");
	if (flags != NULL && !are_of_owner(flags))
		reader_enter(reader, reader->sets, "", json_true());
}

static enum chain_hook read_hook(const char *name)
{
	if (name[0] == '\0')
		return HOOK_NONE;
	if (strcmp(name, "ingress") == 0)
		return HOOK_INGRESS;
	if (strcmp(name, "prerouting") == 0)
		return HOOK_PREROUTING;
	return strcmp(name, "input") == 0 ? HOOK_INPUT : HOOK_OTHER;
}

static void take_chain(struct ruleset_reader *reader, json_t *from)
{
	uint32_t place = reader_chain(reader);
	if (place == UINT32_MAX)
		return;
	struct rule_chain *chain = &reader->out->chains[place];
	const char *family = reader->family;
	const char *type = reader_text(from, "type");
	const json_t *priority = json_object_get(from, "prio");
	*chain = (struct rule_chain){
		.hook = (uint8_t)read_hook(reader_text(from, "hook")),
		.is_nat = strcmp(type, "nat") == 0,
		.drops = strcmp(reader_text(from, "policy"), "drop") == 0,
		.is_doubtful = is_asleep(reader),
		.priority = json_is_integer(priority)
				    ? (int32_t)json_integer_value(priority)
				    : INT32_MIN,
		.first = RULE_NONE,
		.last = RULE_NONE,
	};
	if (strcmp(family, "ip") == 0)
		chain->network = 4;
	else if (strcmp(family, "ip6") == 0)
		chain->network = 6;
	else
		chain->is_foreign = strcmp(family, "inet") != 0;
	reader_enter(reader, reader->chains, reader_text(from, "name"),
		     json_integer(place));
}

/* A copy, as a mark is put into it. */
static void take_set(struct ruleset_reader *reader, json_t *from)
{
	reader_enter(reader, reader->sets, reader_text(from, "name"), json_copy(from));
}

static void take_rule(struct ruleset_reader *reader, json_t *from)
{
	const json_t *where =
		reader_find(reader, reader->chains, reader_text(from, "chain"));
	uint32_t place = reader_rule(reader);
	if (place == UINT32_MAX || where == NULL) {
		reader->has_failed = true;
		return;
	}
	struct ruleset *out = reader->out;
	uint32_t steps = (uint32_t)out->step_count;
	uint8_t effects = reader_statements(reader, json_object_get(from, "expr"));
	struct rule_chain *chain = &out->chains[json_integer_value(where)];
	out->rules[place] = (struct rule){ .steps = steps,
					   .count = (uint32_t)out->step_count - steps,
					   .next = RULE_NONE };
	chain->effects |= effects;
	if (chain->first == RULE_NONE)
		chain->first = place;
	else
		out->rules[chain->last].next = place;
	chain->last = place;
}

/* ---- effects ---- */

struct marks {
	struct ruleset *of;
	uint32_t *waiting; /* chains whose rules are still to be looked at */
	size_t count;
	uint8_t mark;
};

static void mark(struct marks *marks, uint32_t chain)
{
	struct rule_chain *at = &marks->of->chains[chain];
	if ((at->marked & marks->mark) != 0)
		return;
	at->marked |= marks->mark;
	marks->waiting[marks->count++] = chain;
}

static void mark_step(struct marks *marks, const struct rule_step *step)
{
	const struct ruleset *of = marks->of;
	bool leads = step->verdict == VERDICT_JUMP || step->verdict == VERDICT_GOTO;
	if (step->kind == STEP_VERDICT && leads)
		mark(marks, step->chain);
	for (uint32_t i = 0; step->kind == STEP_MAP && i < step->match.count; i++) {
		const struct rule_value *value = &of->values[step->match.values + i];
		if (value->verdict == VERDICT_JUMP || value->verdict == VERDICT_GOTO)
			mark(marks, value->chain);
	}
}

static uint8_t flood(struct marks *marks)
{
	const struct ruleset *of = marks->of;
	uint8_t effects = 0;
	while (marks->count > 0) {
		const struct rule_chain *chain =
			&of->chains[marks->waiting[--marks->count]];
		effects |= chain->effects;
		for (uint32_t r = chain->first; r != RULE_NONE; r = of->rules[r].next)
			for (uint32_t s = 0; s < of->rules[r].count; s++)
				mark_step(marks, &of->steps[of->rules[r].steps + s]);
	}
	return effects;
}

static bool is_early(const struct rule_chain *chain)
{
	return chain->hook == HOOK_PREROUTING || chain->hook == HOOK_INGRESS;
}

static bool gather_effects(struct ruleset *of)
{
	struct marks marks = { .of = of, .mark = MARK_EARLY };
	marks.waiting = calloc(of->chain_count + 1, sizeof(*marks.waiting));
	if (marks.waiting == NULL)
		return false;
	for (uint32_t i = 0; i < of->chain_count; i++)
		if (is_early(&of->chains[i]))
			mark(&marks, i);
	of->early_effects = flood(&marks);
	marks.mark = MARK_INPUT;
	for (uint32_t i = 0; i < of->chain_count; i++)
		if (of->chains[i].hook == HOOK_INPUT)
			mark(&marks, i);
	of->input_effects = flood(&marks);
	free(marks.waiting);
	for (size_t i = 0; i < of->chain_count; i++)
		of->drops_early =
			of->drops_early || of->chains[i].hook == HOOK_INGRESS ||
			(of->chains[i].is_foreign && of->chains[i].hook != HOOK_NONE);
	return true;
}

/* ---- the document ---- */

static void read_objects(struct ruleset_reader *reader, const json_t *items,
			 const char *kind,
			 void (*read)(struct ruleset_reader *, json_t *))
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *object = enter(reader, json_array_get(items, i), kind);
		if (object != NULL)
			read(reader, object);
	}
}

static void note_filled(struct ruleset_reader *reader, json_t *rule)
{
	reader_note_filled(reader, json_object_get(rule, "expr"));
}

static bool read_all(struct ruleset_reader *reader, const json_t *items)
{
	read_objects(reader, items, "table", take_table);
	read_objects(reader, items, "chain", take_chain);
	read_objects(reader, items, "set", take_set);
	read_objects(reader, items, "map", take_set);
	read_objects(reader, items, "rule", note_filled);
	read_objects(reader, items, "rule", take_rule);
	return !reader->has_failed && gather_effects(reader->out);
}

struct ruleset *ruleset_read(const json_t *document)
{
	const json_t *items = json_object_get(document, "nftables");
	struct ruleset_reader reader = {
		.out = calloc(1, sizeof(*reader.out)),
		.chains = json_object(),
		.sets = json_object(),
	};
	bool is_read = reader.out != NULL && reader.chains != NULL &&
		       reader.sets != NULL && json_is_array(items) &&
		       read_all(&reader, items);
	json_decref(reader.chains);
	json_decref(reader.sets);
	if (is_read)
		return reader.out;
	ruleset_free(reader.out);
	return NULL;
}

struct ruleset *ruleset_parse(const char *text, size_t len)
{
	json_t *document = json_loadb(text, len, 0, NULL);
	struct ruleset *ruleset = ruleset_read(document);
	json_decref(document);
	return ruleset;
}

void ruleset_free(struct ruleset *ruleset)
{
	if (ruleset == NULL)
		return;
	free(ruleset->chains);
	free(ruleset->rules);
	free(ruleset->steps);
	free(ruleset->values);
	free(ruleset);
}
