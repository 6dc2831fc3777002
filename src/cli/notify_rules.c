/*
 * notify_rules.c: see notify_rules.h.
 */
#include "cli/notify_rules.h"

#include <glob.h>
#include <string.h>

#include "base/file.h"

enum { FILE_MAX = 1 << 20 };

#define SECOND_US 1000000LL

static void read_one(struct tell_reader *reader, const char *path, struct buf *errors)
{
	struct buf text = { 0 };
	int error = file_read(path, FILE_MAX, &text);
	if (error == 0)
		tell_reader_file(reader, text.len > 0 ? text.at : "", text.len, path);
	else
		buf_printf(errors, "%s: %s\n", path, strerror(-error));
	buf_free(&text);
}

static void read_files(struct tell_reader *reader, const struct config_paths *paths,
		       struct buf *errors)
{
	for (size_t i = 0; i < paths->count; i++) {
		glob_t found = { 0 };
		/* A name without wildcards is read, or said to be missing. */
		if (glob(paths->at[i], GLOB_NOMAGIC, NULL, &found) == 0)
			for (size_t k = 0; k < found.gl_pathc; k++)
				read_one(reader, found.gl_pathv[k], errors);
		globfree(&found);
	}
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
	read_files(reader, &config->notify_files, errors);
	struct tell_rules *rules = tell_reader_end(reader);
	if (errors->len == before)
		return rules;
	tell_rules_free(rules);
	return NULL;
}
