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
	TITLE_MAX = 512,
	MAIL_S = 120, /* until who tells people has it on disk */
};
#define SECOND_US INT64_C(1000000)

/* How the error of one ends that is not with all who are mailed. */
static const char tried_again[] = "it is tried again", ask_again[] = "ask again";

/* ---- what came of one ---- */

void reporting_chosen(const struct reporting *r, const struct reporting_item *item,
		      field_text256 out)
{
	const char *const parts[][2] = { { "site", item->of.site },
					 { "tag", item->of.tag },
					 { "sensor", item->of.sensor } };
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i][1][0] != '\0')
			len += (size_t)snprintf(out + len, sizeof(field_text256) - len,
						"%s%s:%s", len > 0 ? ", " : "",
						parts[i][0], parts[i][1]);
	if (len == 0 && r->is_fleets)
		snprintf(out, sizeof(field_text256), "all");
}

/* Its period is one that this item has, by the calendar here. */
static bool is_of_item(const struct reporting *r, const struct reporting_item *item,
		       const struct report_made_record *record)
{
	struct period period = period_last(item->every, 0, record->period_end);
	field_text256 chosen;
	reporting_chosen(r, item, chosen);
	return strcmp(item->report, record->report) == 0 &&
	       strcmp(chosen, record->chosen) == 0 &&
	       period.since_us == record->period_start &&
	       period.until_us == record->period_end;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

void reporting_heard(struct reporting *r, const struct report_made_record *record)
{
	bool is_mailed = !ends_with(record->error, tried_again) &&
			 !ends_with(record->error, ask_again);
	if (record->state == NULL || strcmp(record->state, "made") != 0 || !is_mailed)
		return;
	for (size_t i = 0; i < r->item_count; i++) {
		struct reporting_item *item = &r->items[i];
		if (item == r->busy || !is_of_item(r, item, record))
			continue;
		reporting_note_made(item, record->period_end);
		item->last = *record;
		r->has_heard = true;
	}
}

void reporting_keep_heard(struct reporting *r, struct buf *said)
{
	if (r->has_heard)
		reporting_save(r, said);
	r->has_heard = false;
}

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
	reporting_chosen(r, r->busy, record->chosen);
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

void reporting_audit_texts(const struct report_made_record *record, struct buf *subject,
			   struct buf *after)
{
	char since[TIME_TEXT_MAX];
	record_time_text(record->period_start, since);
	buf_printf(subject, "%s since %.10s", record->report, since);
	if (record->chosen[0] != '\0')
		buf_printf(subject, " of %s", record->chosen);
	if (record->sha256[0] != '\0')
		buf_printf(after, "%s, SHA-256 of its list of digests: %s",
			   record->outcome != NULL ? record->outcome : "made",
			   record->sha256);
	else
		buf_text(after, record->error);
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
	const char *period = reporting_period(r->order.stem);
	field_text256 chosen;
	reporting_chosen(r, r->busy, chosen);
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strcmp(outcomes[i][0], r->event.outcome) == 0)
			outcome = outcomes[i][1];
	snprintf(title, TITLE_MAX, "%s, %s%s%s: %s", r->event.title, chosen,
		 chosen[0] != '\0' ? ", " : "", period, outcome);
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
	return r->busy->is_asked ? ask_again : tried_again;
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
