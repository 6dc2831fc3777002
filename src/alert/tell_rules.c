/*
 * tell_rules.c: rules grow while they are read, and names find their sinks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/tell_reader.h"
#include "base/yaml.h"

#define NAME_ALLOWED                                                                   \
	"a name of at most 47 of the characters a-z, A-Z, 0-9, - and _ that no other " \
	"sink has, and that is not none"

struct tell_reader *tell_reader_new(const struct tell_usual *usual, struct buf *errors)
{
	struct tell_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return NULL;
	reader->usual = *usual;
	reader->errors = errors;
	reader->rules = calloc(1, sizeof(*reader->rules));
	if (reader->rules == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

void tell_rules_free(struct tell_rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->sink_count; i++)
		sink_free(rules->sinks[i]);
	free(rules->routes);
	free(rules->maintenances);
	free(rules);
}

/* ---- what grows ---- */

/* A list with one more, all zero; NULL: no memory. */
static void *grown(void *list, size_t size, size_t count)
{
	char *at = realloc(list, (count + 1) * size);
	if (at != NULL)
		memset(at + count * size, 0, size);
	return at;
}

struct tell_route *tell_reader_route(struct tell_reader *reader)
{
	struct tell_rules *rules = reader->rules;
	const struct tell_usual *usual = &reader->usual;
	if (rules->route_count == TELL_ROUTES_MAX)
		return NULL;
	void *list = grown(rules->routes, sizeof(*rules->routes), rules->route_count);
	if (list == NULL)
		return NULL;
	rules->routes = list;
	struct tell_route *route = &rules->routes[rules->route_count++];
	*route = (struct tell_route){ .severity = usual->severity,
				      .tells_end = true,
				      .wait_us = usual->wait_us,
				      .interval_us = usual->interval_us,
				      .repeat_us = usual->repeat_us };
	return route;
}

struct tell_maintenance *tell_reader_maintenance(struct tell_reader *reader)
{
	struct tell_rules *rules = reader->rules;
	if (rules->maintenance_count == TELL_MAINTENANCES_MAX)
		return NULL;
	void *list = grown(rules->maintenances, sizeof(*rules->maintenances),
			   rules->maintenance_count);
	if (list == NULL)
		return NULL;
	rules->maintenances = list;
	return &rules->maintenances[rules->maintenance_count++];
}

struct naming *tell_reader_naming(struct tell_reader *reader, const char *file)
{
	if (reader->naming_count == NAMINGS_MAX)
		return NULL;
	void *list =
		grown(reader->namings, sizeof(*reader->namings), reader->naming_count);
	if (list == NULL)
		return NULL;
	reader->namings = list;
	struct naming *naming = &reader->namings[reader->naming_count];
	naming->file = strdup(file);
	if (naming->file == NULL)
		return NULL;
	reader->naming_count++;
	return naming;
}

/* ---- sinks ---- */

/* Past all: none. */
static size_t find_sink(const struct tell_rules *rules, const char *name)
{
	size_t i = 0;
	while (i < rules->sink_count && strcmp(rules->sinks[i]->name, name) != 0)
		i++;
	return i;
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_");
	return len > 0 && len < TELL_NAME_MAX && name[len] == '\0' &&
	       strcmp(name, "none") != 0;
}

/* A scheme alone may be without its colon, which YAML would have in quotes. */
static struct sink *new_sink(const char *name, const char *url,
			     const char *const *options, struct buf *why)
{
	struct buf whole = { 0 };
	buf_text(&whole, url);
	buf_text(&whole, strchr(url, ':') == NULL ? ":" : "");
	struct sink *sink = sink_new(name, buf_cstr(&whole), options, why);
	buf_free(&whole);
	return sink;
}

bool tell_reader_sink(struct tell_reader *reader, const char *name, const char *url,
		      const char *const *options, struct buf *why)
{
	struct tell_rules *rules = reader->rules;
	if (rules->sink_count == TELL_SINKS_MAX) {
		buf_printf(why, "too many sinks; allowed are %d", TELL_SINKS_MAX);
		return false;
	}
	if (!is_name(name) || find_sink(rules, name) < rules->sink_count) {
		buf_text(why, "a sink can't be called ");
		yaml_say_shown(why, name);
		buf_text(why, "; allowed is " NAME_ALLOWED);
		return false;
	}
	struct sink *sink = new_sink(name, url, options, why);
	if (sink != NULL)
		rules->sinks[rules->sink_count++] = sink;
	return sink != NULL;
}

/* By its scheme, with a number if there are several: "slack", "slack-2". */
void tell_reader_url(struct tell_reader *reader, const char *url, size_t number)
{
	char name[TELL_NAME_MAX];
	struct buf why = { 0 };
	int len = (int)strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789");
	len = len < 32 ? len : 32;
	snprintf(name, sizeof(name), "%.*s", len > 0 ? len : 4, len > 0 ? url : "sink");
	for (size_t i = 2; find_sink(reader->rules, name) < reader->rules->sink_count;
	     i++)
		snprintf(name, sizeof(name), "%.*s-%zu", len > 0 ? len : 4,
			 len > 0 ? url : "sink", i);
	if (!tell_reader_sink(reader, name, url, NULL, &why)) {
		reader->has_failed = true;
		buf_printf(reader->errors, "notify.to, its entry %zu: %s\n", number,
			   buf_cstr(&why));
	}
	buf_free(&why);
}

/* ---- the end ---- */

static void say_sinks(const struct tell_rules *rules, struct buf *out)
{
	for (size_t i = 0; i < rules->sink_count; i++)
		buf_printf(out, "%s, ", rules->sinks[i]->name);
	buf_text(out, "none");
}

static void find_named(struct tell_reader *reader, const struct naming *naming)
{
	struct tell_rules *rules = reader->rules;
	struct tell_route *route = &rules->routes[naming->route];
	size_t sink = find_sink(rules, naming->sink);
	if (sink == rules->sink_count) {
		reader->has_failed = true;
		buf_json_text(reader->errors, naming->file);
		buf_printf(reader->errors, ":%zu:%zu: there is no sink ", naming->line,
			   naming->column);
		yaml_say_shown(reader->errors, naming->sink);
		buf_text(reader->errors, "; allowed are ");
		say_sinks(rules, reader->errors);
		buf_char(reader->errors, '\n');
		return;
	}
	if (naming->step < TELL_STEPS_MAX)
		route->steps[naming->step].sinks |= 1ULL << sink;
	else
		route->sinks |= 1ULL << sink;
}

static void add_usual_route(struct tell_reader *reader)
{
	size_t count = reader->rules->sink_count;
	struct tell_route *route = tell_reader_route(reader);
	if (route == NULL)
		reader->has_failed = true;
	else
		route->sinks =
			count == TELL_SINKS_MAX ? UINT64_MAX : (1ULL << count) - 1;
}

struct tell_rules *tell_reader_end(struct tell_reader *reader)
{
	struct tell_rules *rules = reader->rules;
	for (size_t i = 0; i < reader->naming_count; i++) {
		if (!reader->has_failed)
			find_named(reader, &reader->namings[i]);
		free(reader->namings[i].file);
	}
	if (rules->route_count == 0)
		add_usual_route(reader);
	if (reader->has_failed) {
		tell_rules_free(rules);
		rules = NULL;
	}
	free(reader->namings);
	free(reader);
	return rules;
}
