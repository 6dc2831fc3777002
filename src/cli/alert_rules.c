/*
 * alert_rules.c: see alert_rules.h.
 */
#include "cli/alert_rules.h"

#include <string.h>

#include "base/hash.h"
#include "cli/link_speed.h"
#include "cli/notify_rules.h"
#include "cli/path_files.h"
#include "limit/usual.h"

struct reading {
	struct limit_rules *rules;
	struct buf *errors;
};

static void read_one(void *to, const char *path)
{
	const struct reading *reading = to;
	struct buf text = { 0 };
	if (path_file_read(path, &text, reading->errors))
		limit_rules_parse(reading->rules, text.at, text.len, path,
				  reading->errors);
	buf_free(&text);
}

struct limit_rules *alert_rules_limits(const struct config *config,
				       const struct home *home, struct buf *errors)
{
	const struct limit_usual usual = { .response_ms = config->limit_response_ms,
					   .loss = config->limit_loss,
					   .errors = config->limit_errors,
					   .link_bytes = link_speed_bytes() };
	struct limit_rules *rules = limit_rules_new(home);
	struct reading reading = { rules, errors };
	if (rules == NULL || (config->limits_usual && !limit_usual_add(rules, &usual)))
		buf_text(errors, "limits: not enough memory\n");
	else
		path_files_each(&config->limits_files, read_one, &reading);
	return rules;
}

bool alert_rules_load(struct alert_rules *rules, const struct config *config,
		      const struct home *home, struct buf *errors)
{
	const size_t before = errors->len;
	rules->stamp = alert_rules_stamp(config);
	rules->limits = alert_rules_limits(config, home, errors);
	rules->tell = notify_rules_load(config, errors);
	if (errors->len == before && rules->tell != NULL)
		return true;
	alert_rules_free(rules);
	return false;
}

void alert_rules_free(struct alert_rules *rules)
{
	limit_rules_free(rules->limits);
	tell_rules_free(rules->tell);
	*rules = (struct alert_rules){ 0 };
}

uint64_t alert_rules_stamp(const struct config *config)
{
	static const struct hash_key same = { 0, 0 };
	const uint64_t words[] = { path_files_stamp(&config->limits_files),
				   path_files_stamp(&config->notify_files) };
	return hash_words(&same, words, sizeof(words) / sizeof(words[0]));
}

record_bits alert_rules_kinds(const struct alert_rules *rules)
{
	record_bits kinds = 0;
	for (enum record_kind kind = 0; kind < RECORD_KINDS; kind++) {
		size_t count;
		limit_rules_of(rules->limits, kind, &count);
		if (count > 0)
			kinds |= RECORD_BIT(kind);
	}
	for (size_t i = 0; i < limit_rules_level_count(rules->limits); i++) {
		const struct limit_level *level =
			limit_rules_level_at(rules->limits, i);
		if (!level->is_off && !level->is_silent)
			kinds |= RECORD_BIT(level->record);
	}
	return kinds;
}
