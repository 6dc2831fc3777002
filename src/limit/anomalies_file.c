/*
 * anomalies_file.c: what is known over a restart: anomalies.bin in the state folder
 * (base/kept_file.h): a header, then each place with
 * its series.
 *
 * A piece is one series, as a place is 2 KB, and all of them are written while records
 * come.  What is written of a place may therefore be of two: each series has its key.
 */
#include <stddef.h>
#include <string.h>

#include "limit/anomalies_inside.h"

enum {
	VERSION = 1,
	PLACE_HEAD = offsetof(struct place, series),
	PIECES = 1 + PLACE_SERIES, /* of a place */
};

enum tag { TAG_PLACE = 1, TAG_SERIES };

struct header {
	uint32_t version, place_len, series_len;
	int64_t saved_us;
	struct hash_key keys[2];
};

struct saved_series {
	uint64_t key[2];
	uint32_t which;
	uint8_t bytes[ANOMALY_SAVED_LEN];
};

/* ---- writing ---- */

static void put_header(const void *table, int64_t now_us, struct buf *piece)
{
	const struct anomalies *a = table;
	struct header header = { .version = VERSION,
				 .place_len = PLACE_HEAD,
				 .series_len = sizeof(struct saved_series),
				 .saved_us = now_us };
	memcpy(header.keys, a->places.keys, sizeof(header.keys));
	buf_add(piece, &header, sizeof(header));
}

static void put(struct buf *piece, enum tag tag, const void *at, size_t len)
{
	uint32_t word = tag;
	buf_add(piece, &word, sizeof(word));
	buf_add(piece, at, len);
}

static void put_series(const struct place *place, uint32_t which, struct buf *piece)
{
	struct saved_series saved;
	if (place->series[which].judged == 0)
		return;
	memset(&saved, 0, sizeof(saved));
	memcpy(saved.key, place->key, sizeof(saved.key));
	saved.which = which;
	anomaly_save(&place->series[which], saved.bytes);
	put(piece, TAG_SERIES, &saved, sizeof(saved));
}

static void put_piece(const void *table, uint32_t number, int64_t now_us,
		      struct buf *piece)
{
	const struct anomalies *a = table;
	(void)now_us;
	const struct place *place = &a->places.at[number / PIECES];
	if (place->kind == PLACE_FREE)
		return;
	if (number % PIECES == 0)
		put(piece, TAG_PLACE, place, PLACE_HEAD);
	else
		put_series(place, number % PIECES - 1, piece);
}

static struct kept kept_of(const struct anomalies *a)
{
	return (struct kept){ .table = a,
			      .begin = put_header,
			      .add = put_piece,
			      .places = PLACES_MAX * PIECES };
}

void anomalies_file_tick(struct anomalies *a, int64_t now_us)
{
	struct kept kept = kept_of(a);
	kept_file_tick(&a->file, &kept, now_us);
}

void anomalies_file_close(struct anomalies *a)
{
	struct kept kept = kept_of(a);
	kept_file_close(&a->file, &kept, a->now_us);
}

/* ---- reading ---- */

static bool take_place(struct anomalies *a, struct kept_reading *reading,
		       struct place **out, int64_t now_us)
{
	struct place saved;
	if (!kept_reading_take(reading, &saved, PLACE_HEAD) ||
	    saved.kind <= PLACE_FREE || saved.kind >= PLACE_KINDS)
		return false;
	*out = anomaly_table_add(&a->places, saved.key, saved.kind, &saved.ip, now_us);
	if (*out == NULL)
		return true;
	struct place *place = *out;
	place->seen_us = saved.seen_us - reading->back_us;
	place->port = saved.port;
	memcpy(place->transport, saved.transport, sizeof(place->transport) - 1);
	memcpy(place->service, saved.service, sizeof(place->service) - 1);
	memcpy(place->target, saved.target, sizeof(place->target) - 1);
	return true;
}

/* place: the last one that was read; NULL: it found no room. */
static bool take_series(struct kept_reading *reading, struct place *place)
{
	struct saved_series saved;
	if (!kept_reading_take(reading, &saved, sizeof(saved)) ||
	    saved.which >= PLACE_SERIES)
		return false;
	if (place != NULL && saved.key[0] == place->key[0] &&
	    saved.key[1] == place->key[1])
		anomaly_restore(&place->series[saved.which], saved.bytes,
				sizeof(saved.bytes));
	return true;
}

static bool take_piece(struct anomalies *a, struct kept_reading *reading,
		       struct place **place, int64_t now_us)
{
	uint32_t tag;
	if (!kept_reading_take(reading, &tag, sizeof(tag)))
		return false;
	if (tag == TAG_PLACE)
		return take_place(a, reading, place, now_us);
	return tag == TAG_SERIES && take_series(reading, *place);
}

static const char *take_up(void *table, const struct buf *text, int64_t now_us)
{
	struct anomalies *a = table;
	struct place *place = NULL;
	struct header header;
	if (!kept_file_is_whole(text, sizeof(header)))
		return "it is damaged";
	memcpy(&header, text->at, sizeof(header));
	if (header.version != VERSION || header.place_len != PLACE_HEAD ||
	    header.series_len != sizeof(struct saved_series))
		return "it is of another version";
	memcpy(a->places.keys, header.keys, sizeof(header.keys));
	struct kept_reading reading =
		kept_reading_of(text, sizeof(header), header.saved_us, now_us);
	while (reading.len > 0)
		if (!take_piece(a, &reading, &place, now_us))
			return "it is damaged";
	return NULL;
}

bool anomalies_keep(struct anomalies *a, const char *folder, int64_t now_us,
		    struct buf *why)
{
	a->now_us = now_us;
	kept_file_open(&a->file, folder, "anomalies.bin", now_us);
	return kept_file_read(&a->file, take_up, a, now_us, "unusual values", why);
}
