/*
 * levels_file.c: how levels stand, over a restart: levels.bin in the state folder
 * (base/kept_file.h): a header, then each standing whole.
 *
 * Who fired goes on firing under the same id; the time in which nothing ran is unknown.
 */
#include <string.h>

#include "limit/levels_inside.h"

/* A standing is large: only one of so many places of the file is one, as that many are
 * written at once. */
enum { VERSION = 1, PLACES_EACH = 64 };

struct header {
	uint32_t version, size;
	int64_t saved_us;
};

static void put_header(const void *table, int64_t now_us, struct buf *piece)
{
	struct header header = { VERSION, sizeof(struct standing), now_us };
	(void)table;
	buf_add(piece, &header, sizeof(header));
}

static void put_standing(const void *table, uint32_t place, int64_t now_us,
			 struct buf *piece)
{
	(void)now_us;
	if (place % PLACES_EACH == 0)
		buf_add(piece, levels_standing(table, place / PLACES_EACH),
			sizeof(struct standing));
}

static struct kept kept_of(const struct levels *levels)
{
	return (struct kept){ .table = levels,
			      .begin = put_header,
			      .add = put_standing,
			      .places = levels->standings.used * PLACES_EACH };
}

void levels_file_tick(struct levels *levels, int64_t now_us)
{
	struct kept kept = kept_of(levels);
	kept_file_tick(&levels->file, &kept, now_us);
}

void levels_file_close(struct levels *levels)
{
	struct kept kept = kept_of(levels);
	kept_file_close(&levels->file, &kept, levels->now_us);
}

/* ---- reading ---- */

static bool is_sound(const struct standing *standing)
{
	return standing->severity >= -1 && standing->severity < SEVERITIES &&
	       standing->tally.state >= LEVEL_UNKNOWN &&
	       standing->tally.state <= LEVEL_BAD &&
	       level_history_is_sound(&standing->history) && standing->identity != 0;
}

/* As of now; what lay ahead when the clock was set back begins anew. */
static void wake(struct standing *standing, int64_t now_us)
{
	standing->awake_us = now_us;
	if (standing->told_us > now_us)
		standing->told_us = now_us;
	standing->calm_us = 0;
	if (standing->seen_us > now_us)
		standing->seen_us = now_us;
	facts_end_texts(&standing->facts);
	level_tally_forget(&standing->tally, now_us);
}

static const char *take_up(void *table, const struct buf *text, int64_t now_us)
{
	struct levels *levels = table;
	struct header header;
	struct standing was;
	if (!kept_file_is_whole(text, sizeof(header)))
		return "it is damaged";
	memcpy(&header, text->at, sizeof(header));
	if (header.version != VERSION || header.size != sizeof(was))
		return "it is of another version";
	struct kept_reading reading =
		kept_reading_of(text, sizeof(header), header.saved_us, now_us);
	while (reading.len > 0) {
		if (!kept_reading_take(&reading, &was, sizeof(was)) || !is_sound(&was))
			return "it is damaged";
		wake(&was, now_us);
		roster_restore(&levels->standings, &was);
	}
	return NULL;
}

bool levels_keep(struct levels *levels, const char *folder, int64_t now_us,
		 struct buf *why)
{
	levels->now_us = now_us;
	kept_file_open(&levels->file, folder, "levels.bin", now_us);
	bool ok = kept_file_read(&levels->file, take_up, levels, now_us,
				 "service levels", why);
	for (uint32_t i = 0; i < levels->standings.used; i++)
		levels->firing += levels_standing(levels, i)->severity >= 0;
	if (levels->rules != NULL)
		levels_set_rules(levels, levels->rules, now_us);
	return ok;
}
