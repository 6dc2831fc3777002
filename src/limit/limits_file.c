/*
 * limits_file.c: what is known over a restart: limits.bin in the state folder
 * (base/kept_file.h): a header, then each series, and whom it is about and what it has
 * learned, if it has.
 *
 * Who fired goes on firing under the same id.  The time in which nothing ran is no
 * absence of what could not be seen.
 */
#include <string.h>

#include "limit/limits_inside.h"

enum { VERSION = 1 };

struct header {
	uint32_t version, series_size, facts_size, learned_size;
	int64_t saved_us;
	struct hash_key keys[2];
};

/* ---- writing ---- */

static void put_header(const void *table, int64_t now_us, struct buf *piece)
{
	const struct limits *limits = table;
	struct header header = { .version = VERSION,
				 .series_size = sizeof(struct series),
				 .facts_size = sizeof(struct facts),
				 .learned_size = ANOMALY_SAVED_LEN,
				 .saved_us = now_us };
	memcpy(header.keys, limits->table.keys, sizeof(header.keys));
	buf_add(piece, &header, sizeof(header));
}

static void put_series(const void *table, uint32_t place, int64_t now_us,
		       struct buf *piece)
{
	const struct limits *limits = table;
	const struct series *series = series_at(&limits->table, place);
	(void)now_us;
	if (series == NULL)
		return;
	const struct facts *facts = series_facts(&limits->table, series);
	buf_add(piece, series, sizeof(*series));
	if (facts != NULL)
		buf_add(piece, facts, sizeof(*facts));
	const struct anomaly *learned = series_learned(&limits->table, series);
	uint8_t saved[ANOMALY_SAVED_LEN];
	if (learned == NULL)
		return;
	anomaly_save(learned, saved);
	buf_add(piece, saved, sizeof(saved));
}

static struct kept kept_of(const struct limits *limits)
{
	return (struct kept){ .table = limits,
			      .begin = put_header,
			      .add = put_series,
			      .places = series_end(&limits->table) };
}

void limits_file_tick(struct limits *limits, int64_t now_us)
{
	struct kept kept = kept_of(limits);
	kept_file_tick(&limits->file, &kept, now_us);
}

void limits_file_close(struct limits *limits)
{
	struct kept kept = kept_of(limits);
	kept_file_close(&limits->file, &kept, limits->now_us);
}

/* ---- reading ---- */

/* A series as it was read. */
struct was {
	struct series series;
	struct facts facts;
	uint8_t learned[ANOMALY_SAVED_LEN];
};

static bool is_sound(const struct series *was)
{
	bool fires = was->severity >= 0;
	return was->identity != 0 && was->severity >= -1 &&
	       was->severity < SEVERITIES && (!fires || was->facts != SERIES_NONE);
}

/* False at the end, and if it is damaged. */
static bool read_one(struct kept_reading *reading, struct was *was)
{
	if (!kept_reading_take(reading, &was->series, sizeof(was->series)) ||
	    !is_sound(&was->series))
		return false;
	bool has_facts = was->series.facts != SERIES_NONE;
	bool has_learned = was->series.learned != SERIES_NONE;
	if (has_facts && !kept_reading_take(reading, &was->facts, sizeof(was->facts)))
		return false;
	facts_end_texts(&was->facts);
	return !has_learned ||
	       kept_reading_take(reading, was->learned, sizeof(was->learned));
}

/* What belongs to it; false if there is no room. */
static bool restore_more(struct series_table *table, struct series *series,
			 const struct was *was)
{
	if (was->series.facts != SERIES_NONE) {
		struct facts *facts = series_add_facts(table, series);
		if (facts == NULL)
			return false;
		*facts = was->facts;
	}
	if (was->series.learned == SERIES_NONE)
		return true;
	struct anomaly *learned = series_add_learned(table, series);
	if (learned != NULL)
		anomaly_restore(learned, was->learned, sizeof(was->learned));
	return learned != NULL;
}

/* away_us: how long nothing ran. */
static void restore(struct limits *limits, const struct was *was, int64_t away_us,
		    int64_t now_us)
{
	uint16_t rule = limits_rule_of(limits, was->series.identity);
	bool is_known = rule != RULES_MAX;
	struct series *series = series_add(&limits->table, was->series.key,
					   was->series.identity, is_known ? rule : 0);
	if (series == NULL)
		return;
	struct series fresh = *series;
	*series = was->series;
	series->next = fresh.next;
	series->rule = fresh.rule;
	series->facts = series->learned = SERIES_NONE;
	limits_wake(series, away_us, now_us);
	if (!restore_more(&limits->table, series, was)) {
		series_drop(&limits->table, series);
		return;
	}
	limits->firing += series->severity >= 0;
	if (!is_known)
		limits_end_of_rule(limits, series, now_us);
}

static const char *take_up(void *table, const struct buf *text, int64_t now_us)
{
	struct limits *limits = table;
	struct header header;
	struct was was = { 0 };
	if (!kept_file_is_whole(text, sizeof(header)))
		return "it is damaged";
	memcpy(&header, text->at, sizeof(header));
	if (header.version != VERSION || header.series_size != sizeof(was.series) ||
	    header.facts_size != sizeof(was.facts) ||
	    header.learned_size != ANOMALY_SAVED_LEN)
		return "it is of another version";
	memcpy(limits->table.keys, header.keys, sizeof(header.keys));
	struct kept_reading reading =
		kept_reading_of(text, sizeof(header), header.saved_us, now_us);
	int64_t away_us = now_us > header.saved_us ? now_us - header.saved_us : 0;
	while (reading.len > 0) {
		if (!read_one(&reading, &was))
			return "it is damaged";
		restore(limits, &was, away_us, now_us);
	}
	return NULL;
}

bool limits_keep(struct limits *limits, const char *folder, int64_t now_us,
		 struct buf *why)
{
	limits->now_us = now_us;
	kept_file_open(&limits->file, folder, "limits.bin", now_us);
	bool ok = kept_file_read(&limits->file, take_up, limits, now_us, "limits", why);
	return levels_keep(limits->levels, folder, now_us, why) && ok;
}
