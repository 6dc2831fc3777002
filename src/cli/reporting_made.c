/*
 * reporting_made.c: what came of a report: its record, the audit chain, who is mailed;
 * see reporting.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/reporting.h"

enum {
	FILES_MAX = CONFIG_WORDS_MAX + 2,
	TEXT_MAX = 65536,
	TITLE_MAX = 256,
	MAIL_S = 120, /* until who tells people has it on disk */
};
#define SECOND_US INT64_C(1000000)

/* ---- what came of one ---- */

/* Those of record.def only: a word stays for ever. */
static const char *outcome_of(const char *text)
{
	const char *const *words = record_allowed(RECORD_report_made, "outcome");
	for (; words != NULL && *words != NULL; words++)
		if (strcmp(*words, text) == 0)
			return *words;
	return NULL;
}

/* Behind a blank; one that has no room is left out. */
static void add_word(field_text256 words, const char *word, size_t len)
{
	size_t used = strlen(words);
	if (used + 1 + len < sizeof(field_text256))
		snprintf(words + used, sizeof(field_text256) - used, "%s%.*s",
			 used > 0 ? " " : "", (int)len, word);
}

/* As many as have room. */
static void put_files(const struct reporting_event *event, field_text256 out)
{
	out[0] = '\0';
	for (const char *at = event->files; *at != '\0'; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		add_word(out, at, len);
		at += len;
	}
}

static void fill_record(const struct reporting *r, int64_t now_us,
			struct report_made_record *record)
{
	const struct reporting_event *event = &r->event;
	record_init(RECORD_report_made, record);
	record->at = now_us;
	record_text(record->report, sizeof(record->report), r->order.report);
	record->period_start = r->order.since_us;
	record->period_end = r->order.until_us;
	record->state = event->is_made ? "made" : "failed";
	record->tries = r->busy->tries;
	record->took_us = event->took_us;
	record_text(record->actor, sizeof(record->actor), r->busy->actor);
	record_text(record->error, sizeof(record->error), event->error);
	if (!event->is_made)
		return;
	record->outcome = outcome_of(event->outcome);
	record->evidence = event->evidence;
	record->deviate = event->deviate;
	record->not_known = event->not_known;
	record->observed = event->observed;
	record->bytes = event->bytes;
	put_files(event, record->files);
	record_text(record->sha256, sizeof(record->sha256), event->sha256);
}

static void put_mailed(const struct reporting *r, field_text256 out)
{
	out[0] = '\0';
	for (size_t i = 0; i < r->mail.count; i++)
		if ((r->mailed & 1U << i) != 0)
			add_word(out, r->mail.at[i], strlen(r->mail.at[i]));
}

/* One that fails again as before is no news to the audit chain. */
static bool is_news(const struct reporting_item *item,
		    const struct report_made_record *record)
{
	return strcmp(record->state, "made") == 0 || item->last.at == UNKNOWN_TIME ||
	       item->last.period_end != record->period_end ||
	       strcmp(item->last.error, record->error) != 0;
}

static void say(const struct report_made_record *record, const char *stem,
		struct buf *said)
{
	if (strcmp(record->state, "failed") == 0)
		buf_printf(said, "breakwater: report %s could not be made: %s\n", stem,
			   record->error);
	else if (record->error[0] != '\0')
		buf_printf(said, "breakwater: report %s: %s\n", stem, record->error);
}

void reporting_finish(struct reporting *r, int64_t now_us, struct buf *said)
{
	struct reporting_item *item = r->busy;
	struct report_made_record record;
	fill_record(r, now_us, &record);
	if (r->event.is_made)
		put_mailed(r, record.mailed_to);
	if (r->event.is_made && !r->is_unmailed)
		reporting_note_made(item, r->order.until_us);
	else
		reporting_note_failed(item, r->order.until_us, now_us);
	bool has_news = is_news(item, &record);
	r->sink.made(r->sink.self, &record,
		     !has_news          ? NULL
		     : r->event.is_made ? "report_made"
					: "report_failed");
	if (has_news)
		say(&record, r->order.stem, said);
	item->last = record;
	r->busy = NULL;
	if (r->event.is_made)
		reporting_save(r, said);
}

/* ---- mail ---- */

/* All but its text, which the mail says; cuts names. */
static size_t list_files(char *names, const char *out[static FILES_MAX])
{
	size_t count = 0;
	for (char *at = names; *at != '\0' && count < FILES_MAX;) {
		size_t len = strcspn(at, " ");
		bool is_text = len > 4 && strncmp(at + len - 4, ".txt", 4) == 0;
		if (!is_text)
			out[count++] = at;
		at += len;
		if (*at != '\0')
			*at++ = '\0';
	}
	return count;
}

static void write_title(const struct reporting *r, char title[static TITLE_MAX])
{
	static const char *const outcomes[][2] = {
		{ "clear", "nothing deviates" },
		{ "review", "rows to look at" },
		{ "unknown", "not all is known" },
		{ "deviations", "something deviates" },
	};
	const char *outcome = r->event.outcome;
	const char *period = r->order.stem + strlen(r->order.report) + 1;
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strcmp(outcomes[i][0], r->event.outcome) == 0)
			outcome = outcomes[i][1];
	snprintf(title, TITLE_MAX, "%s, %s: %s", r->event.title, period, outcome);
}

static void read_text(const struct reporting *r, struct buf *out)
{
	char folder[CONFIG_TEXT_MAX + 16];
	struct buf path = { 0 };
	reporting_folder(r->config->state, folder);
	buf_printf(&path, "%s/%s.txt", folder, r->order.stem);
	if (buf_cstr(&path) == NULL || file_read(path.at, TEXT_MAX, out) != 0)
		buf_text(out, "See the report.\n");
	buf_free(&path);
}

/* Of what somebody asked for, nobody tries again by himself. */
static const char *what_next(const struct reporting *r)
{
	return r->busy->is_asked ? "ask again" : "it is tried again";
}

static void give_to(struct reporting *r, size_t sink, struct reporting_mail *mail)
{
	const uint32_t bit = 1U << sink;
	const char *why = "";
	mail->sink = r->mail.at[sink];
	mail->is_told = (r->told & bit) != 0;
	switch (r->sink.mail(r->sink.self, mail, &why)) {
	case REPORTING_MAILED:
		r->mailed |= bit;
		break;
	case REPORTING_MAIL_TOLD:
		r->told |= bit;
		break;
	case REPORTING_MAIL_REFUSED:
		r->refused |= bit;
		snprintf(r->event.error, sizeof(r->event.error),
			 "not mailed to %s: %s; %s", mail->sink, why, what_next(r));
		break;
	case REPORTING_MAIL_NEVER:
		r->given_up |= bit;
		snprintf(r->event.error, sizeof(r->event.error), "not mailed to %s: %s",
			 mail->sink, why);
		break;
	case REPORTING_MAIL_LATER:
		break;
	}
}

static uint32_t settled(const struct reporting *r)
{
	return r->mailed | r->refused | r->given_up;
}

/* Nobody is waited for: who does not have it now won't have it by waiting. */
static bool all_are_settled(const struct reporting *r)
{
	return settled(r) == (1U << r->mail.count) - 1;
}

static void mail_it(struct reporting *r)
{
	char names[REPORTING_FILES_MAX];
	const char *files[FILES_MAX];
	char title[TITLE_MAX];
	struct buf text = { 0 };
	memcpy(names, r->event.files, sizeof(names));
	read_text(r, &text);
	write_title(r, title);
	struct reporting_mail mail = { .key = r->order.stem,
				       .title = title,
				       .text = buf_cstr(&text),
				       .files = files,
				       .file_count = list_files(names, files),
				       .is_asked = r->busy->is_asked,
				       .at_us = r->answered_us };
	for (size_t i = 0; mail.text != NULL && i < r->mail.count; i++)
		if ((settled(r) & 1U << i) == 0)
			give_to(r, i, &mail);
	buf_free(&text);
}

void reporting_hand_over(struct reporting *r, int64_t now_us, int64_t steady_us,
			 struct buf *said)
{
	bool is_late = steady_us - r->since_us > MAIL_S * SECOND_US;
	if (r->event.is_made && !all_are_settled(r))
		mail_it(r);
	bool is_done = !r->event.is_made || all_are_settled(r);
	r->is_unmailed = r->event.is_made && (r->refused != 0 || (!is_done && is_late));
	if (!is_done && is_late)
		snprintf(r->event.error, sizeof(r->event.error),
			 "not mailed to all: the process that tells people did not "
			 "take it in %d seconds; %s",
			 MAIL_S, what_next(r));
	if (is_done || is_late)
		reporting_finish(r, now_us, said);
}
