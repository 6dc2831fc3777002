/*
 * pdf.c: see pdf.h.
 */
#include "report/pdf.h"

#include <hpdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points, 72 to the inch. */
#define MARGIN      48.0F
#define FOOT        30.0F
#define PAD         3.0F
#define NARROWEST   26.0F
#define TEXT_SIZE   9.5F
#define TABLE_SIZE  7.0F
#define NOTE_SIZE   7.5F
#define LINE        1.32F /* of the size */
#define KEEP        90.0F /* what a heading has to have below it */
#define ROW_HIGHEST 300.0F

enum { WIDE_FROM = 8, MEASURED_MAX = 500, TEXT_MAX = 4096, PAGES_MAX = 20000 };

struct pdf {
	HPDF_Doc doc;
	HPDF_Page page;
	HPDF_Font plain, bold, mono;
	char *footer;
	float y, width, height;
	unsigned pages;
	bool is_wide, failed;
};

/* ---- text ---- */

/* Of UTF-8; what is none is a character each. */
static size_t next_character(const unsigned char *at, unsigned long *code)
{
	static const unsigned char masks[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	size_t more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : *at >= 0xc0 ? 1 : 0;
	*code = more > 0 ? *at & masks[more] : *at;
	for (size_t i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			*code = *at;
			return 1;
		}
		*code = *code << 6 | (at[i] & 0x3f);
	}
	return more + 1;
}

/* In WinAnsiEncoding, where 0x20 to 0x7e and 0xa0 to 0xff are Latin-1's. */
static void latin_of(const char *text, struct buf *out)
{
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
		unsigned long code;
		at += next_character(at, &code);
		if (code == '\n' || code == '\t')
			buf_char(out, ' ');
		else if ((code >= 0x20 && code < 0x7f) ||
			 (code >= 0xa0 && code <= 0xff))
			buf_char(out, (char)code);
		else
			buf_printf(out, "\\u{%lx}", code);
		if (out->len > TEXT_MAX) {
			buf_text(out, " ...");
			return;
		}
	}
}

/* How many bytes go on a line: at a space, or anywhere if a word is too long. */
static size_t fit(HPDF_Font font, float size, const char *text, float width)
{
	HPDF_UINT len = (HPDF_UINT)strlen(text);
	const HPDF_BYTE *bytes = (const HPDF_BYTE *)text;
	HPDF_UINT count = HPDF_Font_MeasureText(font, bytes, len, width, size, 0, 0,
						HPDF_TRUE, NULL);
	if (count == 0)
		count = HPDF_Font_MeasureText(font, bytes, len, width, size, 0, 0,
					      HPDF_FALSE, NULL);
	return count > 0 || len == 0 ? count : 1;
}

static float width_of(HPDF_Font font, float size, const char *text)
{
	HPDF_TextWidth width = HPDF_Font_TextWidth(font, (const HPDF_BYTE *)text,
						   (HPDF_UINT)strlen(text));
	return (float)width.width * size / 1000;
}

static void draw(struct pdf *pdf, HPDF_Font font, float size, float x, float y,
		 const char *text)
{
	HPDF_Page_BeginText(pdf->page);
	HPDF_Page_SetFontAndSize(pdf->page, font, size);
	HPDF_Page_TextOut(pdf->page, x, y, text);
	HPDF_Page_EndText(pdf->page);
}

static void set_grey(const struct pdf *pdf, float grey)
{
	HPDF_Page_SetGrayFill(pdf->page, grey);
	HPDF_Page_SetGrayStroke(pdf->page, grey);
}

/* ---- pages ---- */

static void new_page(struct pdf *pdf, bool is_wide)
{
	char number[32];
	if (pdf->pages++ >= PAGES_MAX) {
		pdf->failed = true;
		return;
	}
	pdf->page = HPDF_AddPage(pdf->doc);
	HPDF_Page_SetSize(pdf->page, HPDF_PAGE_SIZE_A4,
			  is_wide ? HPDF_PAGE_LANDSCAPE : HPDF_PAGE_PORTRAIT);
	pdf->is_wide = is_wide;
	pdf->width = HPDF_Page_GetWidth(pdf->page) - 2 * MARGIN;
	pdf->height = HPDF_Page_GetHeight(pdf->page);
	pdf->y = pdf->height - MARGIN;
	snprintf(number, sizeof(number), "%u", pdf->pages);
	set_grey(pdf, 0.4F);
	draw(pdf, pdf->plain, NOTE_SIZE, MARGIN, FOOT, pdf->footer);
	draw(pdf, pdf->plain, NOTE_SIZE,
	     MARGIN + pdf->width - width_of(pdf->plain, NOTE_SIZE, number), FOOT,
	     number);
	set_grey(pdf, 0);
}

/* Room for so much; else the next page. */
static void need(struct pdf *pdf, float height)
{
	if (pdf->y - height < MARGIN)
		new_page(pdf, pdf->is_wide);
}

static void put_lines(struct pdf *pdf, HPDF_Font font, float size, const char *text)
{
	struct buf latin = { 0 };
	char line[TEXT_MAX];
	latin_of(text, &latin);
	const char *at = buf_cstr(&latin);
	pdf->failed |= at == NULL;
	while (at != NULL && *at != '\0' && !pdf->failed) {
		size_t len = fit(font, size, at, pdf->width);
		len = len < sizeof(line) ? len : sizeof(line) - 1;
		memcpy(line, at, len);
		line[len] = '\0';
		need(pdf, size * LINE);
		draw(pdf, font, size, MARGIN, pdf->y - size, line);
		pdf->y -= size * LINE;
		at += len;
	}
	buf_free(&latin);
}

struct pdf *pdf_open(const char *title, const char *footer)
{
	struct pdf *pdf = calloc(1, sizeof(*pdf));
	struct buf latin = { 0 };
	if (pdf == NULL)
		return NULL;
	pdf->doc = HPDF_New(NULL, NULL);
	latin_of(footer, &latin);
	if (pdf->doc == NULL || buf_cstr(&latin) == NULL) {
		buf_free(&latin);
		free(pdf);
		return NULL;
	}
	pdf->footer = latin.at; /* owned from now on */
	HPDF_SetCompressionMode(pdf->doc, HPDF_COMP_ALL);
	HPDF_SetInfoAttr(pdf->doc, HPDF_INFO_TITLE, title);
	HPDF_SetInfoAttr(pdf->doc, HPDF_INFO_CREATOR, "Breakwater " BREAKWATER_VERSION);
	pdf->plain = HPDF_GetFont(pdf->doc, "Helvetica", "WinAnsiEncoding");
	pdf->bold = HPDF_GetFont(pdf->doc, "Helvetica-Bold", "WinAnsiEncoding");
	pdf->mono = HPDF_GetFont(pdf->doc, "Courier", "WinAnsiEncoding");
	new_page(pdf, false);
	return pdf;
}

void pdf_heading(struct pdf *pdf, int level, const char *text)
{
	static const float sizes[] = { 18, 13, 10.5F };
	float size = sizes[level < 1 ? 0 : level > 3 ? 2 : level - 1];
	if (pdf->is_wide)
		new_page(pdf, false);
	need(pdf, size * LINE + KEEP);
	pdf->y -= size * 0.8F;
	put_lines(pdf, pdf->bold, size, text);
	pdf->y -= size * 0.25F;
}

void pdf_text(struct pdf *pdf, const char *text)
{
	put_lines(pdf, pdf->plain, TEXT_SIZE, text);
	pdf->y -= TEXT_SIZE * 0.4F;
}

void pdf_note(struct pdf *pdf, const char *text)
{
	set_grey(pdf, 0.35F);
	put_lines(pdf, pdf->plain, NOTE_SIZE, text);
	set_grey(pdf, 0);
	pdf->y -= NOTE_SIZE * 0.4F;
}

/* ---- tables ---- */

struct laying {
	struct pdf *pdf;
	const struct pdf_table *table;
	float widths[PDF_COLUMNS_MAX];
};

static float natural(struct laying *l, const char *text, HPDF_Font font)
{
	struct buf latin = { 0 };
	latin_of(text != NULL ? text : "", &latin);
	float width = buf_cstr(&latin) != NULL
			      ? width_of(font, TABLE_SIZE, buf_cstr(&latin))
			      : 0;
	l->pdf->failed |= !buf_ok(&latin);
	buf_free(&latin);
	return width + 2 * PAD + 0.5F; /* what is measured again is rounded */
}

/* As wide as the widest text of its first rows. */
static float natural_of(struct laying *l, size_t column)
{
	const struct pdf_table *table = l->table;
	float widest = natural(l, table->titles[column], l->pdf->bold);
	for (size_t row = 0; row < table->rows && row < MEASURED_MAX; row++) {
		float width = natural(l, table->cell(table->self, row, column),
				      l->pdf->plain);
		widest = width > widest ? width : widest;
	}
	return widest;
}

/* Those that want more than their share are cut down to the same width. */
static void share_width(struct laying *l, float room)
{
	size_t count = l->table->columns;
	bool is_fixed[PDF_COLUMNS_MAX] = { false };
	size_t left = count;
	for (bool changed = true; changed && left > 0;) {
		float share = room / (float)left;
		changed = false;
		for (size_t i = 0; i < count; i++)
			if (!is_fixed[i] && l->widths[i] <= share) {
				is_fixed[i] = changed = true;
				room -= l->widths[i];
				left--;
			}
	}
	for (size_t i = 0; i < count; i++)
		if (!is_fixed[i]) {
			l->widths[i] = room / (float)left;
			if (l->widths[i] < NARROWEST)
				l->widths[i] = NARROWEST;
		}
}

static size_t count_lines(const struct laying *l, HPDF_Font font, const char *latin,
			  size_t column)
{
	size_t lines = 0;
	while (*latin != '\0') {
		latin += fit(font, TABLE_SIZE, latin, l->widths[column] - 2 * PAD);
		lines++;
	}
	return lines;
}

static void draw_cell(struct laying *l, HPDF_Font font, float x, const char *latin,
		      size_t column)
{
	char line[TEXT_MAX];
	float y = l->pdf->y - TABLE_SIZE - PAD;
	while (*latin != '\0' && y > l->pdf->y - ROW_HIGHEST) {
		size_t len = fit(font, TABLE_SIZE, latin, l->widths[column] - 2 * PAD);
		len = len < sizeof(line) ? len : sizeof(line) - 1;
		memcpy(line, latin, len);
		line[len] = '\0';
		draw(l->pdf, font, TABLE_SIZE, x + PAD, y, line);
		latin += len;
		y -= TABLE_SIZE * LINE;
	}
}

static const char *text_at(const struct laying *l, size_t row, size_t column,
			   bool is_head)
{
	const char *text = is_head ? l->table->titles[column]
				   : l->table->cell(l->table->self, row, column);
	return text != NULL ? text : "";
}

static void draw_rule(const struct pdf *pdf, float grey)
{
	HPDF_Page_SetGrayStroke(pdf->page, grey);
	HPDF_Page_SetLineWidth(pdf->page, 0.4F);
	HPDF_Page_MoveTo(pdf->page, MARGIN, pdf->y);
	HPDF_Page_LineTo(pdf->page, MARGIN + pdf->width, pdf->y);
	HPDF_Page_Stroke(pdf->page);
}

/* All cells of a row; how high they are. */
static float latin_row(struct laying *l, size_t row, bool is_head,
		       struct buf cells[PDF_COLUMNS_MAX])
{
	HPDF_Font font = is_head ? l->pdf->bold : l->pdf->plain;
	size_t most = 1;
	for (size_t i = 0; i < l->table->columns; i++) {
		buf_clear(&cells[i]);
		latin_of(text_at(l, row, i, is_head), &cells[i]);
		l->pdf->failed |= buf_cstr(&cells[i]) == NULL;
		size_t lines = l->pdf->failed
				       ? 0
				       : count_lines(l, font, buf_cstr(&cells[i]), i);
		most = lines > most ? lines : most;
	}
	float height = (float)most * TABLE_SIZE * LINE + 2 * PAD;
	return height < ROW_HIGHEST ? height : ROW_HIGHEST;
}

static void draw_row(struct laying *l, bool is_head, float height,
		     struct buf cells[PDF_COLUMNS_MAX])
{
	float x = MARGIN;
	HPDF_Font font = is_head ? l->pdf->bold : l->pdf->plain;
	for (size_t i = 0; i < l->table->columns && !l->pdf->failed; i++) {
		draw_cell(l, font, x, buf_cstr(&cells[i]), i);
		x += l->widths[i];
	}
	l->pdf->y -= height;
	draw_rule(l->pdf, is_head ? 0.2F : 0.8F);
}

static void draw_rows(struct laying *l)
{
	struct buf cells[PDF_COLUMNS_MAX] = { 0 }, head[PDF_COLUMNS_MAX] = { 0 };
	struct pdf *pdf = l->pdf;
	float head_height = latin_row(l, 0, true, head);
	need(pdf, 2 * head_height + TABLE_SIZE * LINE * 3);
	draw_row(l, true, head_height, head);
	for (size_t row = 0; row < l->table->rows && !pdf->failed; row++) {
		float height = latin_row(l, row, false, cells);
		if (pdf->y - height < MARGIN) {
			new_page(pdf, pdf->is_wide);
			draw_row(l, true, head_height, head);
		}
		draw_row(l, false, height, cells);
	}
	for (size_t i = 0; i < PDF_COLUMNS_MAX; i++) {
		buf_free(&cells[i]);
		buf_free(&head[i]);
	}
}

void pdf_table(struct pdf *pdf, const struct pdf_table *table)
{
	struct laying l = { .pdf = pdf, .table = table };
	float all = 0;
	if (table->columns == 0 || table->columns > PDF_COLUMNS_MAX) {
		pdf->failed = true;
		return;
	}
	if (table->columns >= WIDE_FROM && !pdf->is_wide)
		new_page(pdf, true);
	for (size_t i = 0; i < table->columns; i++) {
		l.widths[i] = natural_of(&l, i);
		all += l.widths[i];
	}
	if (all > pdf->width)
		share_width(&l, pdf->width);
	draw_rows(&l);
	pdf->y -= TEXT_SIZE;
}

/* ---- the end ---- */

static bool save(struct pdf *pdf, struct buf *out)
{
	HPDF_BYTE part[16384];
	if (HPDF_SaveToStream(pdf->doc) != HPDF_OK ||
	    HPDF_ResetStream(pdf->doc) != HPDF_OK)
		return false;
	for (;;) {
		HPDF_UINT32 len = sizeof(part);
		HPDF_STATUS status = HPDF_ReadFromStream(pdf->doc, part, &len);
		buf_add(out, part, len);
		if (status != HPDF_OK || len == 0)
			return status == HPDF_OK || status == HPDF_STREAM_EOF;
	}
}

bool pdf_close(struct pdf *pdf, struct buf *out)
{
	bool ok = !pdf->failed && HPDF_GetError(pdf->doc) == HPDF_OK && save(pdf, out);
	HPDF_Free(pdf->doc);
	free(pdf->footer);
	free(pdf);
	return ok && buf_ok(out);
}
