/*
 * reporting_plan.c: which report is due, and what is known of that over restarts; see
 * reporting.h.
 *
 * reports.json is an object a line:
 * {"report":...,"every":...,"since":...,"made":[...]}.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/when.h"
#include "cli/json.h"
#include "cli/reporting.h"

enum { FILE_BYTES_MAX = 1 << 20, DOUBLINGS = 6 };
#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)

/* ---- what was made ---- */

static size_t remembered(const struct reporting_item *item)
{
	return item->made_count < REPORTING_MADE_MAX ? item->made_count
						     : REPORTING_MADE_MAX;
}

/* What is older than all that is remembered was made before these. */
static bool was_made(const struct reporting_item *item, int64_t until_us)
{
	size_t count = remembered(item);
	bool is_older = count == REPORTING_MADE_MAX;
	for (size_t i = 0; i < count; i++) {
		if (item->made[i] == until_us)
			return true;
		is_older &= until_us < item->made[i];
	}
	return is_older;
}

void reporting_note_made(struct reporting_item *item, int64_t until_us)
{
	item->is_asked = false;
	item->tries = 0;
	item->again_us = 0;
	if (!was_made(item, until_us))
		item->made[item->made_count++ % REPORTING_MADE_MAX] = until_us;
}

void reporting_note_failed(struct reporting_item *item, int64_t until_us,
			   int64_t now_us)
{
	uint32_t before = item->tries - 1;
	int64_t delay_us = MINUTE_US << (before < DOUBLINGS ? before : DOUBLINGS);
	/* Who asked sees that it failed, and asks again. */
	item->is_asked = false;
	item->tried_until_us = until_us;
	item->again_us = now_us + (delay_us < HOUR_US ? delay_us : HOUR_US);
}

/* ---- what is due ---- */

const struct config_schedule *reporting_entry(const struct reporting *r,
					      const struct reporting_item *item)
{
	const struct config_schedules *all = &r->config->report_schedule;
	for (size_t i = 0; i < all->count; i++)
		if (config_schedule_is(&all->at[i], item->report, item->every,
				       &item->of))
			return &all->at[i];
	return NULL;
}

/* The clock was set back. */
static void follow_clock(struct reporting_item *item, int64_t now_us)
{
	if (item->since_us > now_us)
		item->since_us = now_us;
	if (item->again_us > now_us + HOUR_US)
		item->again_us = now_us + HOUR_US;
}

static bool is_due(struct reporting_item *item, const struct config_schedule *entry,
		   int64_t now_us, struct period *period)
{
	follow_clock(item, now_us);
	/* Whoever asks does not wait for the time of day. */
	*period = period_last(item->every, item->is_asked ? 0 : entry->at_min, now_us);
	if (item->is_asked)
		return true;
	if (item->tries > 0 && item->tried_until_us != period->until_us)
		item->tries = 0;
	return period->until_us > item->since_us && !was_made(item, period->until_us) &&
	       (item->tries == 0 || now_us >= item->again_us);
}

struct reporting_item *reporting_due(struct reporting *r, int64_t now_us,
				     struct period *period)
{
	for (size_t i = 0; i < r->item_count; i++) {
		struct reporting_item *item = &r->items[i];
		const struct config_schedule *entry = reporting_entry(r, item);
		if (entry != NULL && is_due(item, entry, now_us, period))
			return item;
	}
	return NULL;
}

/* ---- the items ---- */

static struct reporting_item *item_of(struct reporting *r,
				      const struct config_schedule *entry)
{
	for (size_t i = 0; i < r->item_count; i++)
		if (config_schedule_is(entry, r->items[i].report, r->items[i].every,
				       &r->items[i].of))
			return &r->items[i];
	return NULL;
}

/* In the place of one that is scheduled no more, if there is no other. */
static struct reporting_item *new_item(struct reporting *r)
{
	if (r->item_count < REPORTING_ITEMS_MAX)
		return &r->items[r->item_count++];
	for (size_t i = 0; i < r->item_count; i++)
		if (&r->items[i] != r->busy && reporting_entry(r, &r->items[i]) == NULL)
			return &r->items[i];
	return NULL;
}

static struct reporting_item *
add_item(struct reporting *r, const struct config_schedule *entry, int64_t since_us)
{
	struct reporting_item *item = new_item(r);
	if (item == NULL)
		return NULL;
	*item = (struct reporting_item){ .of = entry->of,
					 .every = entry->every,
					 .since_us = since_us };
	memcpy(item->report, entry->report, sizeof(item->report));
	record_init(RECORD_report_made, &item->last);
	return item;
}

/* An entry that was taken out and is put in again is a new one. */
static void drop_unscheduled(struct reporting *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->item_count; i++)
		if (reporting_entry(r, &r->items[i]) != NULL)
			r->items[kept++] = r->items[i];
	r->item_count = kept;
}

void reporting_plan(struct reporting *r, int64_t now_us)
{
	const struct config_schedules *all = &r->config->report_schedule;
	if (r->busy == NULL)
		drop_unscheduled(r);
	for (size_t i = 0; i < all->count; i++)
		if (item_of(r, &all->at[i]) == NULL)
			add_item(r, &all->at[i], now_us);
}

/* ---- the file ---- */

static bool read_every(const char *name, enum period_kind *every)
{
	for (int i = 0; name != NULL && period_names[i] != NULL; i++)
		if (strcmp(period_names[i], name) == 0) {
			*every = (enum period_kind)i;
			return true;
		}
	return false;
}

static void read_made(struct reporting_item *item, const json_t *made)
{
	int64_t until_us;
	for (size_t i = 0; i < json_array_size(made) && i < REPORTING_MADE_MAX; i++) {
		const char *text = json_string_value(json_array_get(made, i));
		if (text != NULL && time_parse(text, &until_us))
			item->made[item->made_count++] = until_us;
	}
}

/* A member that is not there is "", as it is written; false: it is too long. */
static bool read_word(const json_t *object, const char *name,
		      char out[static CONFIG_WORD_MAX])
{
	const char *text = member_text(object, name);
	if (text == NULL)
		text = "";
	return snprintf(out, CONFIG_WORD_MAX, "%s", text) < CONFIG_WORD_MAX;
}

static void read_item(struct reporting *r, const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, 0, NULL);
	const char *since = member_text(object, "since");
	struct config_schedule known = { .every = PERIOD_DAY };
	int64_t since_us;
	if (read_word(object, "report", known.report) && known.report[0] != '\0' &&
	    read_word(object, "sensor", known.of.sensor) &&
	    read_word(object, "site", known.of.site) &&
	    read_word(object, "tag", known.of.tag) && since != NULL &&
	    time_parse(since, &since_us) &&
	    read_every(member_text(object, "every"), &known.every) &&
	    item_of(r, &known) == NULL) {
		struct reporting_item *item = add_item(r, &known, since_us);
		if (item != NULL)
			read_made(item, json_object_get(object, "made"));
	}
	json_decref(object);
}

void reporting_recall(struct reporting *r)
{
	struct buf text = { 0 };
	if (file_read(r->path, FILE_BYTES_MAX, &text) == 0)
		for (size_t at = 0; at < text.len;) {
			const char *line = text.at + at;
			const char *end = memchr(line, '\n', text.len - at);
			size_t len = end != NULL ? (size_t)(end - line) : text.len - at;
			read_item(r, line, len);
			at += len + 1;
		}
	buf_free(&text);
}

static void write_time(struct buf *out, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	buf_printf(out, "\"%s\"", text);
}

static void write_word(struct buf *out, const char *name, const char *word)
{
	if (word[0] == '\0')
		return;
	buf_printf(out, "\"%s\":\"", name);
	buf_json_text(out, word);
	buf_text(out, "\",");
}

static void write_item(struct buf *out, const struct reporting_item *item)
{
	buf_char(out, '{');
	write_word(out, "report", item->report);
	write_word(out, "sensor", item->of.sensor);
	write_word(out, "site", item->of.site);
	write_word(out, "tag", item->of.tag);
	buf_printf(out, "\"every\":\"%s\",\"since\":", period_names[item->every]);
	write_time(out, item->since_us);
	buf_text(out, ",\"made\":[");
	for (size_t i = 0; i < remembered(item); i++) {
		buf_text(out, i > 0 ? "," : "");
		/* In the order in which they came: the next takes the oldest's place.
		 */
		write_time(out, item->made[item->made_count <= REPORTING_MADE_MAX
						   ? i
						   : (item->made_count + i) %
							     REPORTING_MADE_MAX]);
	}
	buf_text(out, "]}\n");
}

int reporting_keep(const struct reporting *r)
{
	struct buf text = { 0 };
	for (size_t i = 0; i < r->item_count; i++)
		if (reporting_entry(r, &r->items[i]) != NULL)
			write_item(&text, &r->items[i]);
	int error = buf_ok(&text) ? file_replace(r->path, text.at, text.len) : -ENOMEM;
	buf_free(&text);
	return error;
}
