/*
 * review.h: that a person looked at the rows of a piece of evidence, and what came of
 * it.
 *
 * A review is a record of the audit chain, which proves it as it proves any other.  It
 * names its rows by their hash, their time and whom they are about, so it holds for
 * exactly these: whoever asks again and gets other rows, or asks for another time and
 * gets as few, has not had them reviewed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	REVIEW_ID_MAX = 40,       /* of an evidence, with its end */
	REVIEW_COMMENT_MAX = 241, /* the same; it shares a field of the record */
	REVIEW_ABOUT_MAX = 110    /* the same */
};
#define REVIEW_ACTION "evidence_review"

struct review {
	char evidence[REVIEW_ID_MAX];
	uint32_t version;             /* of the evidence */
	char rows[65];                /* SHA-256 of the rows as CSV */
	int64_t since_us, until_us;   /* their time */
	char about[REVIEW_ABOUT_MAX]; /* "user bob"; "": all */
	bool is_accepted;
	char comment[REVIEW_COMMENT_MAX];
	/* Of the record. */
	uint64_t seq;
	int64_t at_us;
	field_text64 actor;
};

/* "accepted" */
const char *review_outcome(const struct review *review);
#define REVIEW_OUTCOMES_ALLOWED "accepted or rejected"
/* False: it is none of them. */
bool review_read_outcome(const char *text, bool *is_accepted);

bool review_is_id(const char *text);
#define REVIEW_ID_ALLOWED                                                              \
	"the id of an evidence, such as E1: at most 39 letters, digits, - _ and ."
bool review_is_sha256(const char *text);
#define REVIEW_SHA256_ALLOWED "64 hexadecimal digits, as the report has them"

/* Whom a document is about; NULL or "": not told.  False: too long, or not one line. */
bool review_put_about(const char *host, const char *user, const char *incident,
		      char out[static REVIEW_ABOUT_MAX]);
#define REVIEW_ABOUT_ALLOWED "one line, at most 100 bytes with these words"

/*
 * One line: what is space, or a control, becomes one space.  False: nothing is left, or
 * it is too long.
 */
bool review_read_comment(const char *text, char out[static REVIEW_COMMENT_MAX]);
#define REVIEW_COMMENT_ALLOWED "1 to 240 bytes: what was looked at, and what was found"

/* What a review can be of: the rows of an evidence in a report. */
struct review_rows {
	uint32_t version;
	int64_t since_us, until_us;
	const char *about, *sha256;
};
bool review_is_of(const struct review *review, const struct review_rows *rows);

/* Into subject, before and after of a record. */
void review_put(const struct review *review, struct audit_record *audit);
/* False: the record is no review, or none that review_put() makes. */
bool review_take(const struct audit_record *audit, struct review *review);

/*
 * Those made until then, newest first, of one evidence or of all (NULL); take() returns
 * false to end.  As store_sql().
 */
struct reviews_of {
	const char *evidence;
	int64_t until_us;
	bool (*take)(void *to, const struct review *review);
	void *to;
};
int reviews_read(struct store_reader *reader, const struct reviews_of *wanted,
		 char error[static STORE_ERROR_MAX]);
