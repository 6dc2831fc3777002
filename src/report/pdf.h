/*
 * pdf.h: headings, paragraphs and tables on pages of A4 (ISO 216), with libharu.
 * Private to the room.
 *
 * Fonts are those that every reader has (Helvetica and Courier), so that nothing needs
 * to be installed: what they don't have (all beyond Latin-1) is written as \u{416}.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { PDF_COLUMNS_MAX = 32 };

struct pdf;

/* NULL without memory. footer: at the foot of every page, before its number; copied. */
struct pdf *pdf_open(const char *title, const char *footer);

/* level 1 is the largest; it stays with what follows. */
void pdf_heading(struct pdf *pdf, int level, const char *text);
void pdf_text(struct pdf *pdf, const char *text);
/* Grey and small: hashes, remarks. */
void pdf_note(struct pdf *pdf, const char *text);

/*
 * A table whose head is on every page that it reaches; a wide one lies on pages of its
 * own.  cell() gives a text for each place, NULL: nothing is known; valid until its
 * next call.
 */
struct pdf_table {
	const char *const *titles;
	size_t columns, rows;
	void *self;
	const char *(*cell)(void *self, size_t row, size_t column);
};
void pdf_table(struct pdf *pdf, const struct pdf_table *table);

/* Appends the whole document and frees it. False without memory. */
bool pdf_close(struct pdf *pdf, struct buf *out);
