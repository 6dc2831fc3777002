/*
 * notify_rules.c: see notify_rules.h.
 */
#include "cli/notify_rules.h"

#include <string.h>

#include "cli/path_files.h"

#define SECOND_US 1000000LL

struct reading {
	struct tell_reader *reader;
	struct buf *errors;
};

static void read_one(void *to, const char *path)
{
	const struct reading *reading = to;
	struct buf text = { 0 };
	if (path_file_read(path, &text, reading->errors))
		tell_reader_file(reading->reader, text.at, text.len, path);
	buf_free(&text);
}

/* Or what it should be told would be lost. */
static void check_program(const struct tell_rules *rules, const struct config *config,
			  struct buf *errors)
{
	for (size_t i = 0; i < rules->sink_count; i++)
		if (strcmp(rules->sinks[i]->notifier->name, "program") == 0 &&
		    config->notify_program[0] == '\0')
			buf_printf(errors,
				   "notify.program: the sink %s runs it, and it is not "
				   "given; allowed is the path of a program\n",
				   rules->sinks[i]->name);
}

struct tell_rules *notify_rules_load(const struct config *config, struct buf *errors)
{
	const struct tell_usual usual = {
		.severity = record_severity(config->notify_severity),
		.wait_us = config->notify_wait * SECOND_US,
		.interval_us = config->notify_interval * SECOND_US,
		.repeat_us = config->notify_repeat * SECOND_US,
	};
	const size_t before = errors->len;
	struct tell_reader *reader = tell_reader_new(&usual, errors);
	if (reader == NULL)
		return NULL;
	for (size_t i = 0; i < config->notify_to.count; i++)
		tell_reader_url(reader, config->notify_to.at[i], i + 1);
	struct reading reading = { reader, errors };
	path_files_each(&config->notify_files, read_one, &reading);
	struct tell_rules *rules = tell_reader_end(reader);
	if (rules != NULL)
		check_program(rules, config, errors);
	if (errors->len == before)
		return rules;
	tell_rules_free(rules);
	return NULL;
}
