/*
 * target_file.c: see target_file.h.
 */
#include "probe/target_file.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "base/yaml.h"
#include "probe/dialogue_file.h"

enum { SIGNS_MAX = 1 << 21 }; /* of []{},:? in a file: each target has five */
enum { OPTIONS_MAX = TARGET_TEXT_MAX, URL_MAX = TARGET_TEXT_MAX + OPTIONS_MAX };

struct item {
	char target[TARGET_TEXT_MAX];
	char options[OPTIONS_MAX]; /* of its URL, that are keys here: "&source=..." */
	char token[HEARTBEAT_TOKEN_MAX]; /* of a heartbeat; or "" */
	struct round_rules rules;
	struct target_from from;
	size_t parent_line, parent_column;
	bool has_dialogue;
	struct dialogue_steps *dialogue; /* owned; NULL: none, or a bad one */
};

struct reader {
	struct yaml *yaml;
	const struct round_rules *usual;
	const struct target_sink *sink;
	const char *name; /* of the file */
	unsigned count;
};

/* ---- values ---- */

static bool take_text(char *field, size_t size, const char *text)
{
	return text[0] != '\0' && snprintf(field, size, "%s", text) < (int)size;
}

static bool take_target(struct item *item, const char *text)
{
	return take_text(item->target, sizeof(item->target), text);
}

static bool take_parent(struct item *item, const char *text)
{
	return take_text(item->rules.parent, sizeof(item->rules.parent), text);
}

static bool take_token(struct item *item, const char *text)
{
	return take_text(item->token, sizeof(item->token), text) &&
	       strlen(text) >= HEARTBEAT_TOKEN_MIN;
}

static bool take_seconds(uint32_t *field, const char *text)
{
	int64_t us;
	if (!duration_parse(text, &us) || us < 1000000 || us > 86400 * 1000000LL)
		return false;
	*field = (uint32_t)(us / 1000000);
	return true;
}

static bool take_every(struct item *item, const char *text)
{
	return take_seconds(&item->rules.interval_s, text);
}

static bool take_retry(struct item *item, const char *text)
{
	return take_seconds(&item->rules.retry_s, text);
}

static bool take_count(uint8_t *field, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	*field = (uint8_t)value;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= 1 &&
	       value <= HEALTH_MEMORY;
}

static bool take_fails(struct item *item, const char *text)
{
	return take_count(&item->rules.health.fails, text);
}

static bool take_of(struct item *item, const char *text)
{
	return take_count(&item->rules.health.of, text);
}

static bool take_recovers(struct item *item, const char *text)
{
	return take_count(&item->rules.health.recovers, text);
}

static bool take_slow(struct item *item, const char *text)
{
	return limit_slow_parse(text, &item->rules.limits.slow_ms);
}

static bool take_days(struct item *item, const char *text)
{
	return limit_days_parse(text, &item->rules.limits.certificate_days);
}

static bool take_maintenance(struct item *item, const char *text)
{
	return windows_add(&item->rules.maintenance, text);
}

/* Of the URL; what is allowed is said when that is read. */
static bool add_option(struct item *item, const char *name, const char *text)
{
	size_t len = strlen(item->options), room = sizeof(item->options) - len;
	char *value = curl_easy_escape(NULL, text, 0);
	bool ok =
		value != NULL && text[0] != '\0' &&
		snprintf(item->options + len, room, "&%s=%s", name, value) < (int)room;
	curl_free(value);
	return ok;
}

static bool take_addresses(struct item *item, const char *text)
{
	return add_option(item, "addresses", text);
}

static bool take_family(struct item *item, const char *text)
{
	return add_option(item, "family", text);
}

static bool take_source(struct item *item, const char *text)
{
	return add_option(item, "source", text);
}

static bool take_interface(struct item *item, const char *text)
{
	return add_option(item, "interface", text);
}

static bool take_netns(struct item *item, const char *text)
{
	return add_option(item, "netns", text);
}

static bool take_resolver(struct item *item, const char *text)
{
	return add_option(item, "resolver", text);
}

static bool take_from(struct item *item, const char *text)
{
	struct target_from *from = &item->from;
	return from->count < TARGET_SITES_MAX &&
	       take_text(from->sites[from->count++], sizeof(from->sites[0]), text);
}

static bool take_need(struct item *item, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	item->from.need = (uint8_t)value;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= 1 &&
	       value <= TARGET_SITES_MAX;
}

static const struct key {
	const char *name, *allowed;
	bool (*take)(struct item *item, const char *text); /* NULL: the dialogue */
	bool is_list;                                      /* or one alone */
} keys[] = {
	{ "target", "proto://host[:port][/...]", take_target, false },
	{ "every", "a duration from 1s to 1d", take_every, false },
	{ "retry", "a duration from 1s to 1d", take_retry, false },
	{ "fails", "a number from 1 to 21", take_fails, false },
	{ "of", "a number from 1 to 21", take_of, false },
	{ "recovers", "a number from 1 to 21", take_recovers, false },
	{ "slow", LIMIT_SLOW_ALLOWED, take_slow, false },
	{ "certificate_days", "a number of days, " LIMIT_DAYS_ALLOWED, take_days,
	  false },
	{ "maintenance", "at most 8 of " WINDOW_ALLOWED, take_maintenance, true },
	{ "parent", "another target, as it is written there", take_parent, false },
	{ "addresses", "one or all", take_addresses, false },
	{ "family", "4, 6 or both", take_family, false },
	{ "source", "an address of this machine", take_source, false },
	{ "interface", "an interface's name", take_interface, false },
	{ "netns", "a name in /run/netns", take_netns, false },
	{ "resolver", "an address, or address:port", take_resolver, false },
	{ "token", "a text of 8 to 128 characters", take_token, false },
	{ "from", "at most 16 sites of the fleet", take_from, true },
	{ "need", "a number from 1 to 16", take_need, false },
	{ "dialogue", "", NULL, false },
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };
_Static_assert((int)KEY_COUNT <= (int)YAML_KEYS_MAX, "as many as yaml.h can");
static const struct yaml_keys key_names = { keys, sizeof(keys[0]), KEY_COUNT };

static void take_scalar(struct reader *r, const struct key *key, struct item *item)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_SCALAR || event->is_broken || event->is_null ||
	    !key->take(item, event->text))
		yaml_refuse_value(r->yaml, key->name, key->allowed);
}

static void take_dialogue(struct reader *r, struct item *item)
{
	item->has_dialogue = true;
	item->dialogue = dialogue_file_take(r->yaml);
}

static void take_value(struct reader *r, const struct key *key, struct item *item)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	if (key->take == NULL) {
		take_dialogue(r, item);
		return;
	}
	if (key->take == take_parent) {
		item->parent_line = event->line;
		item->parent_column = event->column;
	}
	if (!key->is_list || event->kind != YAML_LIST || event->is_marked) {
		take_scalar(r, key, item);
		return;
	}
	while (yaml_next(r->yaml)->kind != YAML_LIST_END && event->kind != YAML_END)
		take_scalar(r, key, item);
}

/* ---- items ---- */

static void note_names(struct reader *r, const struct item *item, const char *text)
{
	struct parents *parents = r->sink->parents;
	if (parents == NULL)
		return;
	parents_add_target(parents, text);
	if (item->rules.parent[0] != '\0')
		parents_add_named(parents, item->rules.parent, r->name,
				  item->parent_line, item->parent_column);
}

static bool take_own_token(const struct item *item, struct target *target,
			   char why[TARGET_WHY_MAX])
{
	const char *wrong = target->kind != TARGET_HEARTBEAT
				    ? "a token is for heartbeat://"
				    : heartbeat_set_token(target, item->token);
	if (wrong != NULL)
		snprintf(why, TARGET_WHY_MAX, "%s", wrong);
	return wrong == NULL;
}

/* Options of a web site are behind '#'. */
static const char *url_of(const struct item *item, char url[URL_MAX])
{
	char mark = strncmp(item->target, "http", 4) == 0 ? '#' : '?';
	size_t len = strlen(item->target);
	snprintf(url, URL_MAX, "%s%s", item->target, item->options);
	if (item->options[0] != '\0' && strchr(item->target, mark) == NULL)
		url[len] = mark;
	return url;
}

/* The target in its own words, if it has any; false, with why, if it is none. */
static bool make_target(struct item *item, struct target *target,
			char why[TARGET_WHY_MAX])
{
	char url[URL_MAX];
	if (!target_parse(target, url_of(item, url), why))
		return false;
	if (item->token[0] != '\0' && !take_own_token(item, target, why)) {
		target_free(target);
		return false;
	}
	struct dialogue_steps *steps = item->dialogue;
	if (steps == NULL)
		return true;
	item->dialogue = NULL;
	if (target_speak(target, steps, why))
		return true;
	target_free(target);
	return false;
}

static bool is_asked_here(const struct reader *r, const struct target_from *from)
{
	if (r->sink->site == NULL || from->count == 0)
		return true;
	for (size_t i = 0; i < from->count; i++)
		if (strcmp(from->sites[i], r->sink->site) == 0)
			return true;
	return false;
}

/* Takes the target over. False without memory. */
static bool hand_over(struct reader *r, struct item *item, struct target *target)
{
	const struct target_sink *sink = r->sink;
	note_names(r, item, target->text);
	if (sink->places != NULL)
		sink->places(sink->to, target->text, &item->from, &item->rules);
	if (is_asked_here(r, &item->from))
		return sink->take(sink->to, target, &item->rules);
	target_free(target);
	return true;
}

/* False without memory. */
static bool give(struct reader *r, struct item *item, size_t line, size_t column)
{
	struct target target;
	char why[TARGET_WHY_MAX];
	if (!make_target(item, &target, why)) {
		buf_printf(yaml_error(r->yaml, line, column), "%s\n", why);
		return true;
	}
	if (++r->count <= TARGETS_MAX)
		return hand_over(r, item, &target);
	target_free(&target);
	buf_printf(yaml_error(r->yaml, line, column),
		   "too many targets; allowed are %d\n", TARGETS_MAX);
	return false;
}

struct taking {
	struct reader *reader;
	struct item *item;
};

static void take_key(void *to, size_t key)
{
	const struct taking *taking = to;
	take_value(taking->reader, &keys[key], taking->item);
}

static void take_mapping(struct reader *r, struct item *item)
{
	struct taking taking = { r, item };
	yaml_take_mapping(r->yaml, &key_names, take_key, &taking);
}

/* False without memory. */
static bool finish_item(struct reader *r, struct item *item, size_t line, size_t column)
{
	const struct health_rules *health = &item->rules.health;
	if (item->has_dialogue && item->dialogue == NULL)
		return true; /* what is wrong with it was said */
	if (health->fails > health->of)
		buf_printf(yaml_error(r->yaml, line, column),
			   "fails is %u, of is %u: it would never be down; allowed is "
			   "no more than of\n",
			   health->fails, health->of);
	else if (item->from.count > 0 && item->from.need > item->from.count)
		buf_printf(yaml_error(r->yaml, line, column),
			   "need is %u, and from has %u sites: it would never be down; "
			   "allowed is no more than these\n",
			   item->from.need, item->from.count);
	else if (item->target[0] != '\0')
		return give(r, item, line, column);
	else
		buf_text(yaml_error(r->yaml, line, column),
			 "an item without target; allowed is "
			 "proto://host[:port][/...]\n");
	return true;
}

/* False if nothing more is to be read. */
static bool take_item(struct reader *r)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	size_t line = event->line, column = event->column;
	struct item item = { .rules = *r->usual };
	if (yaml_refuse_indirection(r->yaml))
		return true;
	if (event->kind == YAML_MAPPING) {
		take_mapping(r, &item);
	} else if (event->kind != YAML_SCALAR || event->is_broken || event->is_null ||
		   !take_target(&item, event->text)) {
		struct buf *out = yaml_error(r->yaml, line, column);
		buf_text(out, "a target can't be ");
		yaml_say_found(out, event);
		buf_text(out, "; allowed is proto://host[:port][/...], or keys such as "
			      "target: and every:\n");
		yaml_skip(r->yaml);
		return true;
	}
	bool goes_on = finish_item(r, &item, line, column);
	dialogue_steps_free(item.dialogue);
	return goes_on;
}

static void take_list(struct reader *r)
{
	const struct yaml_event *event = yaml_next(r->yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(r->yaml);
	if (event->kind == YAML_END)
		return; /* nothing is to be asked */
	if (event->kind != YAML_LIST) {
		buf_text(yaml_error(r->yaml, event->line, event->column),
			 "not a list of targets; allowed are lines such as "
			 "\"- ssh://192.0.2.1\"\n");
		return;
	}
	while (yaml_next(r->yaml)->kind != YAML_LIST_END && event->kind != YAML_END)
		if (!take_item(r))
			return;
	if (!yaml_failed(r->yaml) && yaml_next(r->yaml)->kind != YAML_END)
		buf_text(yaml_error(r->yaml, event->line, event->column),
			 "a second document; allowed is one in a file\n");
}

bool target_file_parse(const char *text, size_t len, const char *name,
		       const struct round_rules *usual, const struct target_sink *sink,
		       struct buf *errors)
{
	struct reader r = { .usual = usual, .sink = sink, .name = name };
	r.yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	if (r.yaml == NULL)
		return false;
	take_list(&r);
	bool failed = yaml_failed(r.yaml);
	yaml_close(r.yaml);
	return !failed;
}
