/*
 * moment.c: see moment.h.
 *
 * The store gives the newest first: what comes again of a listener is older than what
 * is known, and of no interest.  Only hashes of what was seen are kept, as a resolver
 * opens and closes a socket for each question.
 */
#include "store/moment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/file.h"
#include "store/reading.h"

#define SECOND_US INT64_C(1000000)

enum {
	ROOM_FIRST = 1 << 12, /* a power of two, as all that follow */
	LIVE_S = 5,           /* who watches now has written something since then */
	WHEN_MAX = 24,        /* "2026-01-31T12:00:00Z" */
};

/* ---- whether anything is known of it ---- */

static void when_text(int64_t at_us, char out[static WHEN_MAX])
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	snprintf(out, WHEN_MAX, "%.19sZ", text);
}

static int unknown(char *error, const char *what, int64_t at_us)
{
	char when[WHEN_MAX];
	when_text(at_us, when);
	snprintf(error, STORE_ERROR_MAX, "not known: %s %s", what, when);
	return -ENODATA;
}

/* The gap in which a moment lies. */
struct looking {
	int64_t at_us;
	struct gap_record gap; /* its start is unknown: there is none */
};

/* Packets that were lost say nothing of sockets. */
static bool look_at_gap(void *to, const void *record)
{
	struct looking *looking = to;
	const struct gap_record *gap = record;
	bool is_of_packets = gap->reason != NULL && strcmp(gap->reason, "dropped") == 0;
	if (!is_of_packets && gap->start <= looking->at_us && gap->end > looking->at_us)
		looking->gap = *gap;
	return looking->gap.start == UNKNOWN_TIME;
}

static const char *what_of(const struct gap_record *gap)
{
	if (gap->reason == NULL || strcmp(gap->reason, "stopped") == 0)
		return "nothing ran";
	return strcmp(gap->reason, "suspended") == 0 ? "the machine slept"
						     : "nothing could be written";
}

static int look_for_gap(struct store_reader *reader, int64_t at_us,
			char error[static STORE_ERROR_MAX])
{
	struct looking looking = { .at_us = at_us, .gap = { .start = UNKNOWN_TIME } };
	struct store_filter filter;
	char from[WHEN_MAX], to[WHEN_MAX];
	store_filter_init(&filter);
	filter.since_us = filter.until_us = at_us;
	int result =
		store_read(reader, RECORD_gap, &filter, look_at_gap, &looking, error);
	if (result != 0 || looking.gap.start == UNKNOWN_TIME)
		return result;
	when_text(looking.gap.start, from);
	when_text(looking.gap.end, to);
	snprintf(error, STORE_ERROR_MAX, "not known: %s from %s to %s",
		 what_of(&looking.gap), from, to);
	return -ENODATA;
}

static int look_at_ends(struct store_reader *reader, const struct store_moment *moment,
			char error[static STORE_ERROR_MAX])
{
	/* Listeners that are still there are kept longer than the rest. */
	static const char first[] = "SELECT ifnull((SELECT min(at) FROM audit),"
				    "(SELECT min(at) FROM listener))",
			  last[] = "SELECT max(ifnull((SELECT max(at) FROM self),0),"
				   "ifnull((SELECT max(at) FROM audit),0),"
				   "ifnull((SELECT max(at) FROM listener),0))";
	int64_t kept_us = moment->now_us - moment->kept_s * SECOND_US;
	int64_t first_us = INT64_MAX, last_us = 0;
	if (reader->db != NULL) {
		first_us = db_number(reader->db, first, INT64_MAX);
		last_us = db_number(reader->db, last, 0);
	}
	if (first_us <= 0 || first_us == INT64_MAX) {
		snprintf(error, STORE_ERROR_MAX, "not known: nothing was ever kept");
		return -ENODATA;
	}
	if (moment->kept_s > 0 && moment->at_us < kept_us)
		return unknown(error,
			       "listeners are kept for as long as retention.events "
			       "says, that is since",
			       kept_us);
	if (moment->at_us < first_us)
		return unknown(error, "the first record is of", first_us);
	if (moment->at_us > last_us && moment->now_us - last_us > LIVE_S * SECOND_US)
		return unknown(error, "nothing ran since", last_us);
	return 0;
}

/* ---- what there was ---- */

struct sifting {
	struct hash_key key;
	uint64_t *seen; /* owned; open addressing, 0 is empty */
	size_t count, room;
	bool failed;
	store_emit emit;
	void *to;
};

static bool is_in(const uint64_t *seen, size_t room, uint64_t hash, size_t *place)
{
	*place = (size_t)hash & (room - 1);
	while (seen[*place] != 0 && seen[*place] != hash)
		*place = (*place + 1) & (room - 1);
	return seen[*place] == hash;
}

static bool grow(struct sifting *s)
{
	size_t room = s->room == 0 ? ROOM_FIRST : 2 * s->room, place;
	uint64_t *seen = calloc(room, sizeof(*seen));
	if (seen == NULL)
		return false;
	for (size_t i = 0; i < s->room; i++)
		if (s->seen[i] != 0 && !is_in(seen, room, s->seen[i], &place))
			seen[place] = s->seen[i];
	free(s->seen);
	s->seen = seen;
	s->room = room;
	return true;
}

/* Notes it; true if it was there already. */
static bool was_seen(struct sifting *s, uint64_t hash)
{
	size_t place;
	if (2 * (s->count + 1) > s->room && !grow(s)) {
		s->failed = true;
		return false;
	}
	if (is_in(s->seen, s->room, hash, &place))
		return true;
	s->seen[place] = hash;
	s->count++;
	return false;
}

static bool is_there(const struct sifting *s, uint64_t hash)
{
	size_t place;
	return s->room > 0 && is_in(s->seen, s->room, hash, &place);
}

/* Of an address and port, and of whoever listens there. */
static uint64_t hash_of(const struct sifting *s, const struct listener_record *l,
			const char *whose)
{
	enum { WORDS = 128 }; /* more than it can be */
	struct buf text = { 0 };
	uint64_t words[WORDS] = { 0 };
	buf_add(&text, l->ip.ip6, sizeof(l->ip.ip6));
	buf_printf(&text, "%u/%s %llu %s\n%s", l->port,
		   l->transport != NULL ? l->transport : "",
		   (unsigned long long)l->netns, l->iface, whose);
	size_t len = buf_ok(&text) && text.len < sizeof(words) ? text.len : 0;
	if (len > 0)
		memcpy(words, text.at, len);
	buf_free(&text);
	uint64_t hash = hash_words(&s->key, words, len / sizeof(words[0]) + 1);
	return hash != 0 ? hash : 1;
}

static bool is_change(const struct listener_record *l, const char *change)
{
	return l->change != NULL && strcmp(l->change, change) == 0;
}

/*
 * A socket keeps the time since when it listens as it passes to another program: what
 * it was before is over, though it never closed.
 */
static bool sift(void *to, const void *record)
{
	struct sifting *s = to;
	const struct listener_record *l = record;
	char program[512], socket[48];
	snprintf(program, sizeof(program), "by %s\n%s\n%s", l->exe, l->unit,
		 l->container);
	snprintf(socket, sizeof(socket), "since %lld", (long long)l->since);
	if (was_seen(s, hash_of(s, l, program)))
		return !s->failed;
	uint64_t passed = hash_of(s, l, socket);
	bool is_over = l->since != UNKNOWN_TIME && is_there(s, passed);
	if (is_change(l, "changed") && l->since != UNKNOWN_TIME)
		was_seen(s, passed);
	bool is_closed = is_change(l, "closed") &&
			 (l->sockets == UNKNOWN_U32 || l->sockets == 0);
	if (s->failed)
		return false;
	return is_over || is_closed || s->emit(s->to, record);
}

int store_listeners_at(struct store_reader *reader, const struct store_moment *moment,
		       store_emit emit, void *to, char error[static STORE_ERROR_MAX])
{
	struct sifting s = { .key = hash_key_random(), .emit = emit, .to = to };
	struct store_filter filter;
	int result = look_at_ends(reader, moment, error);
	if (result == 0)
		result = look_for_gap(reader, moment->at_us, error);
	if (result != 0)
		return result;
	store_filter_init(&filter);
	filter.until_us = moment->at_us;
	filter.has_port = moment->has_port;
	filter.port = moment->port;
	filter.cancel = moment->cancel;
	filter.time_limit_ms = moment->time_limit_ms;
	result = store_read(reader, RECORD_listener, &filter, sift, &s, error);
	free(s.seen);
	if (result == 0 && s.failed) {
		snprintf(error, STORE_ERROR_MAX, "not enough memory");
		return -ENOMEM;
	}
	return result;
}
