/*
 * erasing.h: an address that somebody asked to have erased, a page of rows at a time.
 * Private to the room.
 *
 * Another one stands in its place, the same everywhere, so that counts stay true; it is
 * made by a key that is forgotten at once.
 */
#pragma once

#include "store/erasing_note.h"
#include "store/pseudonym.h"
#include "store/store.h"

struct store;

enum erasing_step {
	ERASING_NOTHING,
	ERASING_ROWS, /* of breakwater.db */
	ERASING_FLOWS,
	ERASING_EVIDENCE,
	ERASING_END,    /* what is free in breakwater.db, and its log */
	ERASING_MEMORY, /* what whoever has the store still knows: waited for */
};

struct erasing {
	enum erasing_step step;
	struct erasing_note note;
	bool is_left_over; /* of a daemon that ended before it was done */
	bool has_looked;   /* whether there is one of these */
	/* Others in the same rows, when pseudonyms are off: a key that nobody keeps. */
	uint8_t others[PSEUDONYM_KEY_LEN];
	size_t table;        /* of this step: earlier ones are done */
	int64_t day;         /* of the files of this step: earlier ones are done */
	int64_t row;         /* of the table or file: up to that they are done */
	field_text64 key;    /* the same where rows have no number */
	uint64_t done, kept; /* rows of this table; of this file */
	bool is_scrubbed;    /* the file was written again */
	uint64_t flows, evidence, held_days;
	field_text256 rows, left; /* in words */
	field_text64 subject;
	int64_t asked_us;   /* CLOCK_MONOTONIC: to forget it */
	bool is_in_trouble; /* and has said so */
	bool has_unread;    /* a file that is damaged, which stays said */
};

/* True if there is more to do at once. */
bool erasing_work(struct erasing *erasing, struct store *store, int64_t now_us);
