/*
 * reporting_json.c: what is scheduled, when it is next made, and what came of it last;
 * see reporting.h.
 */
#include <stdio.h>

#include "cli/reporting.h"
#include "record/object.h"

enum { HOUR_MIN = 60 };

static void put_words(struct buf *out, const char *name,
		      const struct config_words *words)
{
	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < words->count; i++) {
		buf_text(out, i > 0 ? ",\"" : "\"");
		buf_json_text(out, words->at[i]);
		buf_char(out, '"');
	}
	buf_text(out, "],");
}

static void put_time(struct buf *out, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	object_text(out, name, text);
}

static void put_entry(const struct reporting *r, const struct reporting_item *item,
		      const struct config_schedule *entry, int64_t now_us,
		      struct buf *out)
{
	int64_t next_us = period_next_due_us(entry->every, entry->at_min, now_us);
	object_open(out, NULL);
	object_text(out, "report", entry->report);
	if (entry->of.sensor[0] != '\0')
		object_text(out, "sensor", entry->of.sensor);
	if (entry->of.site[0] != '\0')
		object_text(out, "site", entry->of.site);
	if (entry->of.tag[0] != '\0')
		object_text(out, "tag", entry->of.tag);
	object_text(out, "every", period_names[entry->every]);
	buf_printf(out, "\"at\":\"%02u:%02u\",", entry->at_min / HOUR_MIN,
		   entry->at_min % HOUR_MIN);
	put_words(out, "formats", &entry->formats);
	object_bool(out, "bundle", entry->bundle);
	put_words(out, "mail", &entry->mail);
	put_time(out, "next", next_us);
	object_bool(out, "making", r->busy == item);
	if (item->tries > 0 && item->again_us > now_us)
		put_time(out, "again", item->again_us);
	if (item->last.at != UNKNOWN_TIME) {
		buf_text(out, "\"last\":");
		record_json(out, RECORD_report_made, &item->last);
		buf_char(out, ',');
	}
	object_close(out);
	buf_char(out, ',');
}

void reporting_json(struct reporting *r, int64_t now_us, struct buf *out)
{
	char detail[GUARD_TEXT_MAX] = "nothing is scheduled";
	bool holds = r->config->report_schedule.count == 0;
	if (r->process != NULL)
		holds = guard_describe(r->process, detail);
	else if (!holds)
		snprintf(detail, sizeof(detail), "%s",
			 r->why_not[0] != '\0' ? r->why_not
					       : "none was scheduled at the start");
	buf_text(out, "{\"schedule\":[");
	for (size_t i = 0; i < r->item_count; i++) {
		const struct config_schedule *entry = reporting_entry(r, &r->items[i]);
		if (entry != NULL)
			put_entry(r, &r->items[i], entry, now_us, out);
	}
	if (out->len > 0 && out->at[out->len - 1] == ',')
		out->len--;
	buf_printf(out, "],\"process\":{\"holds\":%s,\"detail\":\"",
		   holds ? "true" : "false");
	buf_json_text(out, detail);
	buf_text(out, "\"}}");
}
