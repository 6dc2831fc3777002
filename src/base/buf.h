/*
 * buf.h: append text to a growing buffer.
 *
 * Running out of memory or of `limit` fails once and stays failed: write
 * straight through and ask buf_ok() at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *at; /* owned; NULL until the first byte */
	size_t len, size;
	bool failed;
};

void buf_free(struct buf *b);
static inline void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}
static inline bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t value);
void buf_i64(struct buf *b, int64_t value);
/* At most six decimals, trailing zeros cut. Fails beyond 2^64 and if not finite. */
void buf_decimal(struct buf *b, double value);
/* Length of the valid UTF-8 sequence (RFC 3629) a text begins with, 0 if with none. */
size_t buf_utf8_sequence(const unsigned char *s);
/* Inside a JSON string: quotes, backslashes, controls and bad UTF-8 escaped. */
void buf_json_text(struct buf *b, const char *text);
/*
 * A field of CSV (RFC 4180), in quotes where it needs them; controls and bad UTF-8 as
 * in JSON.  What a spreadsheet would take for a formula gets an apostrophe in front.
 */
void buf_csv_text(struct buf *b, const char *text);
/*
 * Text of HTML, also within an attribute's quotes; controls, bad UTF-8, and what is
 * invisible or turns the direction of a line (Unicode UAX 9), as in JSON.
 */
void buf_html_text(struct buf *b, const char *text);
/* The same of a text of several lines, as <pre> shows it: they and tabs stay. */
void buf_html_lines(struct buf *b, const char *text);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *format,
						      ...);
/* Ends the text with a NUL that is not counted; "" if empty, NULL if failed. */
const char *buf_cstr(struct buf *b);
