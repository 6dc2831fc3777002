/*
 * steering_check.c: see steering_check.h.
 *
 * What depends on a machine (the sinks that routes name, rules of its own) is not
 * looked at here: the sensor does that when it puts the document in force.
 */
#include "cli/steering_check.h"

#include <stdio.h>
#include <string.h>

#include "alert/match.h"
#include "base/home.h"
#include "base/when.h"
#include "base/yaml.h"
#include "config/config.h"
#include "fleet/shared.h"
#include "limit/rules.h"
#include "policy/policy.h"
#include "probe/target_file.h"

enum { SIGNS_MAX = 16384 };

/* ---- settings, register, limits ---- */

static bool check_config(const struct document *document, struct buf *why)
{
	static struct config config;
	config_init(&config);
	return config_parse_steered(&config, document->text, document->len, "config",
				    why) == 0;
}

static bool check_register(const struct document *document, struct buf *why)
{
	struct policy *policy =
		policy_parse(document->text, document->len, "register", why);
	policy_free(policy);
	return policy != NULL;
}

static bool check_limits(const struct document *document, struct buf *why)
{
	static const struct home none;
	struct limit_rules *rules = limit_rules_new(&none);
	if (rules == NULL)
		return false;
	bool good =
		limit_rules_parse(rules, document->text, document->len, "limits", why);
	limit_rules_free(rules);
	return good;
}

/* ---- targets ---- */

struct looking {
	struct buf *why;
	bool is_bad;
};

/* Nothing of the machine that asks is read or shown for it. */
static bool look_at(void *to, struct target *target, const struct round_rules *rules)
{
	struct looking *looking = to;
	(void)rules;
	bool is_bad = target_token_file(target) != NULL || target->netns != NULL;
	if (is_bad && !looking->is_bad)
		buf_printf(looking->why,
			   "%s: a fleet's target names neither a file nor a network "
			   "namespace\n",
			   target->text);
	looking->is_bad |= is_bad;
	target_free(target);
	return true;
}

static bool check_targets(const struct document *document, struct buf *why)
{
	static const struct round_rules usual = { .interval_s = 30,
						  .retry_s = 5,
						  .health = { 2, 3, 1 } };
	struct looking looking = { .why = why };
	struct parents parents = { 0 };
	const struct target_sink sink = { .take = look_at,
					  .to = &looking,
					  .parents = &parents };
	bool good = target_file_parse(document->text, document->len, "targets", &usual,
				      &sink, why) &&
		    parents_check(&parents, why);
	parents_free(&parents);
	return good && !looking.is_bad;
}

/* ---- silences ---- */

struct reading {
	struct yaml *yaml;
	struct steering_silences *out;
};

static const struct yaml_key silence_keys[] = {
	{ "match", MATCH_ALLOWED, true },
	{ "until", "a time such as 2026-01-31T12:00:00Z", true },
	{ "start", "a time such as 2026-01-31T12:00:00Z", false },
	{ "why", "a text of at most 255 bytes", false },
};

static bool take_text(char *out, size_t size, const char *text)
{
	return text[0] != '\0' && snprintf(out, size, "%s", text) < (int)size;
}

static bool take_match(struct steering_silence *silence, const char *text)
{
	struct match match;
	struct buf why = { 0 };
	size_t column;
	bool good = match_parse(text, &match, &column, &why) &&
		    take_text(silence->match, sizeof(silence->match), text);
	buf_free(&why);
	return good;
}

static bool take_value(void *to, size_t key)
{
	struct reading *reading = to;
	const struct yaml_event *event = yaml_event(reading->yaml);
	struct steering_silence *silence = &reading->out->at[reading->out->count];
	if (event->kind != YAML_SCALAR || event->is_broken || event->is_null)
		return false;
	switch (key) {
	case 0:
		return take_match(silence, event->text);
	case 1:
		return time_parse(event->text, &silence->until_us);
	case 2:
		return time_parse(event->text, &silence->start_us);
	default:
		return take_text(silence->why, sizeof(silence->why), event->text);
	}
}

static void read_list(struct reading *reading)
{
	static const struct yaml_keys keys = { silence_keys, sizeof(silence_keys[0]),
					       sizeof(silence_keys) /
						       sizeof(silence_keys[0]) };
	const struct yaml_event *event = yaml_next(reading->yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(reading->yaml);
	if (event->kind != YAML_LIST) {
		buf_text(yaml_error(reading->yaml, event->line, event->column),
			 "not a list of silences; allowed are items with match: and "
			 "until:\n");
		return;
	}
	while (yaml_next(reading->yaml)->kind != YAML_LIST_END &&
	       event->kind != YAML_END) {
		struct steering_silences *out = reading->out;
		if (out->count == STEERING_SILENCES_MAX) {
			buf_printf(
				yaml_error(reading->yaml, event->line, event->column),
				"too many silences; allowed are %d\n",
				STEERING_SILENCES_MAX);
			return;
		}
		memset(&out->at[out->count], 0, sizeof(out->at[0]));
		yaml_take_section(reading->yaml, &keys, "a silence", take_value,
				  reading);
		out->count++;
	}
}

bool steering_read_silences(const struct document *document,
			    struct steering_silences *out, struct buf *why)
{
	struct reading reading = { .out = out };
	out->count = 0;
	if (document->len == 0)
		return true;
	reading.yaml =
		yaml_open(document->text, document->len, "silences", SIGNS_MAX, why);
	if (reading.yaml == NULL)
		return false;
	read_list(&reading);
	bool good = !yaml_failed(reading.yaml);
	yaml_close(reading.yaml);
	return good;
}

static bool check_silences(const struct document *document, struct buf *why)
{
	static struct steering_silences silences;
	return steering_read_silences(document, &silences, why);
}

/* ---- what others have seen ---- */

static bool check_shared(const struct document *document, struct buf *why)
{
	static struct shared_list list;
	size_t wrong = shared_read(document->text, document->len, &list);
	if (wrong == 0 || list.count > 0)
		return true; /* kinds that only other versions know are passed over */
	buf_printf(why, "shared: none of its %zu lines is an entry\n", wrong);
	return false;
}

bool steering_check(const struct document *document, struct buf *why)
{
	static bool (*const checks[DOCUMENT_KINDS])(const struct document *document,
						    struct buf *why) = {
		[DOCUMENT_CONFIG] = check_config,
		[DOCUMENT_REGISTER] = check_register,
		[DOCUMENT_LIMITS] = check_limits,
		[DOCUMENT_SILENCES] = check_silences,
		[DOCUMENT_TARGETS] = check_targets,
		[DOCUMENT_SHARED] = check_shared,
	};
	if (document->len == 0 || checks[document->kind] == NULL)
		return true;
	return checks[document->kind](document, why);
}
