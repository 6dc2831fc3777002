/*
 * tell_file.c: see tell_file.h.
 */
#include "alert/tell_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/tell_reader.h"
#include "base/when.h"
#include "base/yaml.h"

enum { SIGNS_MAX = 1 << 16, OPTIONS_MAX = 32 };
#define LONGEST_US (31 * 86400 * INT64_C(1000000))

/* What is being read. */
struct reading {
	struct tell_reader *reader;
	struct yaml *yaml;
	const char *name; /* of the file */
	size_t step;      /* of the route's, TELL_STEPS_MAX: the route itself */
	bool has_to, has_after, has_match;
};

static struct tell_route *route_of(const struct reading *r)
{
	struct tell_rules *rules = r->reader->rules;
	return &rules->routes[rules->route_count - 1];
}

static struct tell_maintenance *maintenance_of(const struct reading *r)
{
	struct tell_rules *rules = r->reader->rules;
	return &rules->maintenances[rules->maintenance_count - 1];
}

/* ---- values ---- */

static bool take_duration(int64_t *field, const char *text, int64_t least_us)
{
	return duration_parse(text, field) && *field >= least_us &&
	       *field <= LONGEST_US;
}

static bool take_wait(struct reading *r, const char *text)
{
	return take_duration(&route_of(r)->wait_us, text, 0);
}

static bool take_interval(struct reading *r, const char *text)
{
	return take_duration(&route_of(r)->interval_us, text, 0);
}

static bool take_repeat(struct reading *r, const char *text)
{
	struct tell_route *route = route_of(r);
	route->repeat_us = 0;
	return strcmp(text, "never") == 0 ||
	       take_duration(&route->repeat_us, text, 60 * INT64_C(1000000));
}

static bool take_flag(bool *field, const char *text)
{
	*field = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
	return *field || strcmp(text, "no") == 0 || strcmp(text, "false") == 0;
}

static bool take_continue(struct reading *r, const char *text)
{
	return take_flag(&route_of(r)->goes_on, text);
}

static bool take_resolved(struct reading *r, const char *text)
{
	return take_flag(&route_of(r)->tells_end, text);
}

static bool take_hours(struct reading *r, const char *text)
{
	return windows_add(&route_of(r)->hours, text);
}

static bool take_windows(struct reading *r, const char *text)
{
	return windows_add(&maintenance_of(r)->windows, text);
}

static bool take_name(struct reading *r, const char *text)
{
	struct tell_maintenance *work = maintenance_of(r);
	return text[0] != '\0' && strpbrk(text, "\n\t") == NULL &&
	       snprintf(work->name, sizeof(work->name), "%s", text) <
		       (int)sizeof(work->name);
}

/* What is wrong is said at its place within the text. */
static bool take_match_into(struct reading *r, const char *text, struct match *match)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	struct buf why = { 0 };
	size_t column;
	if (!match_parse(text, match, &column, &why))
		buf_printf(yaml_error(r->yaml, event->line,
				      event->column + event->quoted + column - 1),
			   "match: %s\n", buf_cstr(&why));
	buf_free(&why);
	return true;
}

static bool names_severity(const struct match *match)
{
	for (size_t i = 0; i < match->count; i++)
		if (strcmp(match->terms[i].field->name, "severity") == 0)
			return true;
	return false;
}

static bool take_match(struct reading *r, const char *text)
{
	struct tell_route *route = route_of(r);
	take_match_into(r, text, &route->match);
	if (names_severity(&route->match))
		route->severity = SEVERITY_NOTICE;
	return true;
}

static bool take_work(struct reading *r, const char *text)
{
	r->has_match = strspn(text, " ") < strlen(text);
	return take_match_into(r, text, &maintenance_of(r)->match);
}

static bool take_to(struct reading *r, const char *text)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	r->has_to = true;
	if (strcmp(text, "none") == 0)
		return r->step == TELL_STEPS_MAX;
	if (text[0] == '\0' || strlen(text) >= TELL_NAME_MAX)
		return false;
	struct naming *naming = tell_reader_naming(r->reader, r->name);
	if (naming == NULL)
		return false;
	naming->line = event->line;
	naming->column = event->column;
	naming->route = r->reader->rules->route_count - 1;
	naming->step = r->step;
	snprintf(naming->sink, sizeof(naming->sink), "%s", text);
	return true;
}

static bool take_after(struct reading *r, const char *text)
{
	r->has_after = true;
	return take_duration(&route_of(r)->steps[r->step].after_us, text,
			     INT64_C(1000000));
}

/* ---- keys ---- */

struct key {
	const char *name, *allowed;
	bool (*take)(struct reading *r, const char *text); /* NULL: a list of steps */
	bool is_list;                                      /* or one alone */
};

#define TO_ALLOWED "names of sinks"
static const struct key step_keys[] = {
	{ "after", "a duration from 1s to 31d", take_after, false },
	{ "to", TO_ALLOWED, take_to, true },
};

static const struct key route_keys[] = {
	{ "match", MATCH_ALLOWED, take_match, false },
	{ "hours", "at most 8 of " WINDOW_ALLOWED, take_hours, true },
	{ "to", TO_ALLOWED ", or none", take_to, true },
	{ "continue", "yes or no", take_continue, false },
	{ "resolved", "yes or no", take_resolved, false },
	{ "group_wait", "a duration from 0s to 31d", take_wait, false },
	{ "group_interval", "a duration from 0s to 31d", take_interval, false },
	{ "repeat", "a duration from 1m to 31d, or never", take_repeat, false },
	{ "escalate", "a list of at most 4 of after: and to:", NULL, true },
};

static const struct key maintenance_keys[] = {
	{ "name", "a text of at most 47 bytes", take_name, false },
	{ "match", MATCH_ALLOWED, take_work, false },
	{ "windows", "at most 8 of " WINDOW_ALLOWED, take_windows, true },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
static const struct yaml_keys names_of_step = { step_keys, sizeof(step_keys[0]),
						COUNT(step_keys) };
static const struct yaml_keys names_of_route = { route_keys, sizeof(route_keys[0]),
						 COUNT(route_keys) };
static const struct yaml_keys names_of_maintenance = { maintenance_keys,
						       sizeof(maintenance_keys[0]),
						       COUNT(maintenance_keys) };

static void take_steps(struct reading *r);

static void take_scalar(struct reading *r, const struct key *key)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_SCALAR || event->is_broken || event->is_null ||
	    !key->take(r, event->text))
		yaml_refuse_value(r->yaml, key->name, key->allowed);
}

static void take_value(struct reading *r, const struct key *key)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	if (key->take == NULL)
		take_steps(r);
	else if (!key->is_list || event->kind != YAML_LIST || event->is_marked)
		take_scalar(r, key);
	else
		while (yaml_next(r->yaml)->kind != YAML_LIST_END &&
		       event->kind != YAML_END)
			take_scalar(r, key);
}

static void take_step_key(void *to, size_t key)
{
	take_value(to, &step_keys[key]);
}

static void take_route_key(void *to, size_t key)
{
	take_value(to, &route_keys[key]);
}

static void take_maintenance_key(void *to, size_t key)
{
	take_value(to, &maintenance_keys[key]);
}

/* ---- lists ---- */

/* Each item of a list of mappings, at its begin; what is none is refused. */
static void take_items(struct reading *r, const char *name, const char *allowed,
		       bool (*take)(struct reading *r))
{
	const struct yaml_event *event = yaml_event(r->yaml);
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_LIST) {
		yaml_refuse_value(r->yaml, name, allowed);
		return;
	}
	while (yaml_next(r->yaml)->kind != YAML_LIST_END && event->kind != YAML_END) {
		if (yaml_refuse_indirection(r->yaml))
			continue;
		if (event->kind != YAML_MAPPING || !take(r))
			yaml_refuse_value(r->yaml, name, allowed);
	}
}

static void say_missing(struct reading *r, const struct yaml_event *begin,
			const char *what)
{
	buf_printf(yaml_error(r->yaml, begin->line, begin->column), "%s\n", what);
}

/* False: one too many. */
static bool take_step(struct reading *r)
{
	struct yaml_event begin = *yaml_event(r->yaml);
	struct tell_route *route = route_of(r);
	bool has_to = r->has_to;
	if (route->step_count == TELL_STEPS_MAX)
		return false;
	r->step = route->step_count++;
	r->has_to = r->has_after = false;
	yaml_take_mapping(r->yaml, &names_of_step, take_step_key, r);
	if (!r->has_to || !r->has_after)
		say_missing(r, &begin,
			    "an escalation without after or without to; allowed are "
			    "keys such as after: 15m and to: boss");
	r->step = TELL_STEPS_MAX;
	r->has_to = has_to;
	return true;
}

static void take_steps(struct reading *r)
{
	take_items(r, "escalate", "a list of at most 4 of after: and to:", take_step);
}

static bool take_route(struct reading *r)
{
	struct yaml_event begin = *yaml_event(r->yaml);
	if (tell_reader_route(r->reader) == NULL)
		return false;
	r->step = TELL_STEPS_MAX;
	r->has_to = false;
	yaml_take_mapping(r->yaml, &names_of_route, take_route_key, r);
	if (!r->has_to)
		say_missing(r, &begin,
			    "a route without to; allowed are " TO_ALLOWED ", or none");
	return true;
}

static bool take_maintenance(struct reading *r)
{
	struct yaml_event begin = *yaml_event(r->yaml);
	if (tell_reader_maintenance(r->reader) == NULL)
		return false;
	r->has_match = false;
	yaml_take_mapping(r->yaml, &names_of_maintenance, take_maintenance_key, r);
	const struct tell_maintenance *work = maintenance_of(r);
	if (work->name[0] == '\0' || !r->has_match || work->windows.count == 0)
		say_missing(r, &begin,
			    "maintenance without name, match or windows; allowed are "
			    "all three");
	return true;
}

/* ---- sinks: their keys are the notifiers' ---- */

struct sink_item {
	char *pairs[2 * OPTIONS_MAX]; /* key, value ...; a bad value is NULL */
	size_t count;
	bool is_bad;
};

/* NULL: it is not there. */
static const char *value_of(const struct sink_item *item, const char *key)
{
	for (size_t i = 0; i < item->count; i += 2)
		if (strcmp(item->pairs[i], key) == 0)
			return item->pairs[i + 1];
	return NULL;
}

/* False: it was there before, or is one too many. */
static bool add_key(struct sink_item *item, const char *key)
{
	if (item->count == 2 * OPTIONS_MAX || value_of(item, key) != NULL)
		return false;
	item->pairs[item->count] = strdup(key);
	if (item->pairs[item->count] == NULL)
		return false;
	item->pairs[item->count + 1] = NULL;
	item->count += 2;
	return true;
}

static void take_sink_value(struct reading *r, struct sink_item *item)
{
	const struct yaml_event *event = yaml_next(r->yaml);
	if (yaml_refuse_indirection(r->yaml))
		return;
	if (event->kind != YAML_SCALAR || event->is_broken || event->is_null)
		yaml_refuse_value(r->yaml, "a key of a sink", "a text");
	else
		item->pairs[item->count - 1] = strdup(event->text);
}

static void take_sink_key(struct reading *r, struct sink_item *item)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	if (event->kind == YAML_SCALAR && !event->is_broken && !event->is_marked &&
	    add_key(item, event->text)) {
		take_sink_value(r, item);
		item->is_bad |= item->pairs[item->count - 1] == NULL;
		return;
	}
	item->is_bad = true;
	yaml_refuse_value(r->yaml, "a key of a sink",
			  "name, url and options of that notifier, each once");
	yaml_next(r->yaml);
	yaml_skip(r->yaml);
}

static bool is_option(const char *key)
{
	return strcmp(key, "name") != 0 && strcmp(key, "url") != 0;
}

static bool make_sink(struct reading *r, const struct sink_item *item, struct buf *why)
{
	const char *options[2 * OPTIONS_MAX + 1] = { NULL };
	const char *name = value_of(item, "name"), *url = value_of(item, "url");
	size_t count = 0;
	if (name == NULL || url == NULL) {
		buf_text(why, "a sink without name or without url; allowed are "
			      "keys such as name: ops and url: "
			      "smtp://mail.example.org");
		return false;
	}
	for (size_t i = 0; i < item->count; i += 2) {
		if (!is_option(item->pairs[i]))
			continue;
		options[count++] = item->pairs[i];
		options[count++] = item->pairs[i + 1];
	}
	return tell_reader_sink(r->reader, name, url, options, why);
}

static bool take_sink(struct reading *r)
{
	const struct yaml_event *event = yaml_event(r->yaml);
	struct yaml_event begin = *event;
	struct sink_item item = { .count = 0 };
	struct buf why = { 0 };
	while (yaml_next(r->yaml)->kind != YAML_MAPPING_END && event->kind != YAML_END)
		take_sink_key(r, &item);
	if (!item.is_bad && !make_sink(r, &item, &why))
		say_missing(r, &begin, buf_cstr(&why));
	buf_free(&why);
	for (size_t i = 0; i < item.count; i++)
		free(item.pairs[i]);
	return true;
}

/* ---- the file ---- */

static const struct part {
	const char *name, *allowed;
	bool (*take)(struct reading *r);
} parts[] = {
	{ "sinks", "a list of at most 64 of name: and url:", take_sink },
	{ "routes",
	  "a list of at most 256 of keys such as match: and to:", take_route },
	{ "maintenance",
	  "a list of at most 64 of name:, match: and windows:", take_maintenance },
};
static const struct yaml_keys part_names = { parts, sizeof(parts[0]), COUNT(parts) };

static void take_part(void *to, size_t key)
{
	take_items(to, parts[key].name, parts[key].allowed, parts[key].take);
}

static void take_file(struct reading *r)
{
	const struct yaml_event *event = yaml_next(r->yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(r->yaml);
	if (event->kind == YAML_END)
		return; /* nothing more is told */
	if (event->kind != YAML_MAPPING || event->is_marked) {
		buf_text(yaml_error(r->yaml, event->line, event->column),
			 "not a file of who is told; allowed are the keys ");
		yaml_say_keys(r->reader->errors, &part_names);
		buf_char(r->reader->errors, '\n');
		return;
	}
	yaml_take_mapping(r->yaml, &part_names, take_part, r);
	if (!yaml_failed(r->yaml) && yaml_next(r->yaml)->kind != YAML_END)
		buf_text(yaml_error(r->yaml, event->line, event->column),
			 "a second document; allowed is one in a file\n");
}

void tell_reader_file(struct tell_reader *reader, const char *text, size_t len,
		      const char *name)
{
	struct reading r = { .reader = reader, .name = name, .step = TELL_STEPS_MAX };
	r.yaml = yaml_open(text, len, name, SIGNS_MAX, reader->errors);
	if (r.yaml != NULL)
		take_file(&r);
	if (r.yaml == NULL || yaml_failed(r.yaml))
		reader->has_failed = true;
	yaml_close(r.yaml);
}
