/*
 * journal.h: the last events as text, once for all readers, in a ring of fixed size.
 *
 * An event stays whole and in one piece; the oldest make room.  Readers have a place in
 * it, and find what they still want of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

enum { JOURNAL_BYTES = 8 << 20, JOURNAL_EVENTS = 32768 };

/* Of a kind of record: every one as it comes, or once a second those of a second. */
enum journal_stream { JOURNAL_EACH, JOURNAL_BATCHES, JOURNAL_STREAMS };

/* Of a word that is for readers of every sensor. */
#define JOURNAL_ANY_SENSOR UINT64_MAX

struct journal_event {
	uint64_t id;     /* rises, with holes */
	uint64_t sensor; /* sensor_hash() of whose it is; 0: of none */
	size_t at;
	uint32_t len;
	uint32_t names; /* bytes of other sensors of whom it is, too; 0: of none */
	enum record_kind kind;
	enum journal_stream stream;
};

struct journal {
	char *bytes; /* owned; NULL until the first event */
	struct journal_event *events;
	size_t write;
	/* Places of events: from the oldest that is there to the next to come. */
	uint64_t first, end;
};

/* Both are there until another event needs their room. */
const struct journal_event *journal_at(const struct journal *journal, uint64_t place);
const char *journal_text(const struct journal *journal,
			 const struct journal_event *event);
/* With commas between, and a NUL. */
const char *journal_names(const struct journal *journal,
			  const struct journal_event *event);

/* Whether the oldest has to go before so many bytes, of names and text, have room. */
bool journal_is_full(const struct journal *journal, size_t len);
void journal_drop_first(struct journal *journal);

/*
 * The text, and the names before it.  False without memory, or if they are larger than
 * all of it; the room must be there.
 */
bool journal_add(struct journal *journal, const struct journal_event *event,
		 const char *text);

/* The place of the first event with that id or a later one. */
uint64_t journal_find(const struct journal *journal, uint64_t id);
void journal_close(struct journal *journal);
