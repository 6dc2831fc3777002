/*
 * log_journal.c: see log_journal.h.
 *
 * The library follows rotations itself.  That a file of the journal can't be read it
 * tells nobody, so that is looked at here.
 */
#include "host/log_journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

struct log_journal {
	sd_journal *journal;
	char identifier[LOG_WORD_MAX];
	uint8_t text[LOG_LINE_MAX];
};

enum { BEHIND_S = 300 };

/* ---- may it be read ---- */

/* 0: there is one that can be read; -ENOENT: there is none. */
static int try_folder(const char *folder)
{
	struct dirent *entry;
	char path[512];
	int found = -ENOENT;
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return errno == EACCES ? -EACCES : -ENOENT;
	while (found != 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%.200s/system.journal", folder,
			 entry->d_name);
		if (access(path, R_OK) == 0)
			found = 0;
		else if (errno == EACCES)
			found = -EACCES;
	}
	closedir(dir);
	return found;
}

/* Where journald(8) puts it: what outlives a restart, or what does not. */
static int try_machine(void)
{
	int lasting = try_folder("/var/log/journal");
	int passing = try_folder("/run/log/journal");
	if (lasting == 0 || passing == 0)
		return 0;
	return lasting == -EACCES || passing == -EACCES ? -EACCES : -ENOENT;
}

/* ---- opening ---- */

/* Matches of one field are alternatives. */
static int want_programs(sd_journal *journal, const struct log_formats *formats)
{
	char match[LOG_WORD_MAX + 32];
	int result = 0;
	for (size_t i = 0; i < formats->count && result >= 0; i++) {
		const struct log_words *names = &formats->at[i]->identifiers;
		for (size_t j = 0; j < names->count && result >= 0; j++) {
			snprintf(match, sizeof(match), "SYSLOG_IDENTIFIER=%s",
				 names->at[j]);
			result = sd_journal_add_match(journal, match, 0);
		}
	}
	return result;
}

/*
 * The tail is behind the last entry, and next to it is the last again: so one back.  If
 * there is none yet, all that comes is news.
 */
static int go_to_end(sd_journal *journal)
{
	int result = sd_journal_seek_tail(journal);
	if (result >= 0)
		result = sd_journal_previous(journal);
	return result == 0 ? sd_journal_seek_head(journal) : result;
}

static int open_at_end(struct log_journal *journal, const char *folder,
		       const struct log_formats *formats)
{
	int result =
		folder != NULL
			? sd_journal_open_directory(&journal->journal, folder, 0)
			: sd_journal_open(&journal->journal,
					  SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (result < 0)
		return result;
	sd_journal_set_data_threshold(journal->journal, LOG_LINE_MAX);
	result = want_programs(journal->journal, formats);
	if (result >= 0)
		result = sd_journal_get_fd(journal->journal);
	return result >= 0 ? go_to_end(journal->journal) : result;
}

struct log_journal *log_journal_open(const char *folder,
				     const struct log_formats *formats,
				     char why[static LOG_JOURNAL_WHY_MAX])
{
	why[0] = '\0';
	int result = folder == NULL ? try_machine() : 0;
	struct log_journal *journal = result == 0 ? calloc(1, sizeof(*journal)) : NULL;
	if (journal != NULL)
		result = open_at_end(journal, folder, formats);
	else if (result == 0)
		result = -ENOMEM;
	if (result >= 0)
		return journal;
	if (result != -ENOENT)
		snprintf(why, LOG_JOURNAL_WHY_MAX, "%s", strerror(-result));
	log_journal_close(journal);
	return NULL;
}

void log_journal_close(struct log_journal *journal)
{
	if (journal == NULL)
		return;
	sd_journal_close(journal->journal);
	free(journal);
}

/* ---- reading ---- */

/* "NAME=value" without its name. */
static bool field_of(void *self, const char *name, struct bytes *value)
{
	struct log_journal *journal = self;
	const void *data;
	size_t len, name_len = strlen(name) + 1;
	if (sd_journal_get_data(journal->journal, name, &data, &len) < 0 ||
	    len < name_len)
		return false;
	*value = bytes_of((const uint8_t *)data + name_len, len - name_len);
	return true;
}

/* The library's memory of one field is void when the next is asked for. */
static bool keep(struct log_journal *journal, const char *name, void *room, size_t size,
		 struct bytes *out)
{
	struct bytes value;
	if (!field_of(journal, name, &value) || value.len > size)
		return false;
	memcpy(room, value.at, value.len);
	*out = bytes_of(room, value.len);
	return true;
}

static void take_entry(struct log_journal *journal, int64_t at_us, log_entry take,
		       void *to)
{
	struct log_message message = {
		.medium = "journal", .at_us = at_us, .field = field_of, .self = journal
	};
	if (keep(journal, "SYSLOG_IDENTIFIER", journal->identifier,
		 sizeof(journal->identifier), &message.identifier) &&
	    keep(journal, "MESSAGE", journal->text, sizeof(journal->text),
		 &message.text))
		take(to, &message);
}

static bool is_far_behind(int64_t at_us)
{
	return clock_us(CLOCK_REALTIME) - at_us > BEHIND_S * 1000000LL;
}

bool log_journal_read(struct log_journal *journal, bool (*may_go_on)(void *of),
		      void *of, log_entry take, void *to)
{
	uint64_t at_us = UINT64_MAX / 2;
	/* New files, and files that are gone. */
	sd_journal_process(journal->journal);
	while (may_go_on(of)) {
		if (sd_journal_next(journal->journal) <= 0)
			return true;
		if (sd_journal_get_realtime_usec(journal->journal, &at_us) == 0)
			take_entry(journal, (int64_t)at_us, take, to);
	}
	if (!is_far_behind((int64_t)at_us))
		return true;
	go_to_end(journal->journal);
	return false;
}
