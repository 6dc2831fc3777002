/*
 * blocklist_reader.h: what the readers of the formats share.  Private to the room.
 */
#pragma once

#include "policy/blocklist.h"

/* A list that is being read. */
struct blocklist_reader {
	const struct blocklist_source *source;
	struct blocklist *list;
	struct buf *errors;
	size_t line;
	unsigned error_count;
	bool is_full; /* told once; nothing more is taken */
};

/* A part of the text, not ended by a NUL. */
struct word {
	const char *at;
	size_t len;
};

struct word word_trim(struct word word);
/* Takes what is before any of those characters off the front, and the character. */
struct word word_until(struct word *rest, const char *stops);
/* Without regard to upper and lower case. */
bool word_is(struct word word, const char *text);

/* Begins an error line; NULL if enough has been said.  The caller ends it. */
struct buf *list_error(struct blocklist_reader *reader);
void list_say_word(struct buf *out, struct word word);

/*
 * An address, a network or a range "a-b"; false if it is none of them, and nothing is
 * said.  What is too much or means everybody is said, and taken for read.
 */
bool list_take(struct blocklist_reader *reader, struct word what, struct word note);
void list_leave_out(struct blocklist_reader *reader);
/* An entry holds until then. */
void list_note_expiry(struct blocklist_reader *reader, int64_t at_us);

/* True if a column or member of that name has the address. */
bool list_is_address_name(struct word name);
bool list_is_note_name(struct word name);

void list_text(struct blocklist_reader *reader, struct word text);
void list_csv(struct blocklist_reader *reader, struct word text);
void list_json(struct blocklist_reader *reader, struct word text);

/* Takes a line off the front, without its end; counts it. */
struct word list_line(struct blocklist_reader *reader, struct word *text);
