/*
 * buf.c: a growing text buffer; see buf.h.
 */
#include "base/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000 };

void buf_free(struct buf *b)
{
	free(b->at);
	*b = (struct buf){ 0 };
}

static bool buf_reserve(struct buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (more <= b->size - b->len)
		return true;
	size_t size = b->size == 0 ? 512 : b->size;
	while (size - b->len < more && size < SIZE_MAX / 2)
		size *= 2;
	char *at = size - b->len < more ? NULL : realloc(b->at, size);
	if (at == NULL) {
		b->failed = true;
		return false;
	}
	b->at = at;
	b->size = size;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0 || !buf_reserve(b, len))
		return;
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

void buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void buf_i64(struct buf *b, int64_t value)
{
	if (value < 0)
		buf_char(b, '-');
	buf_u64(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Not by printf(): its point is a comma in some locales, which JSON does not take. */
void buf_decimal(struct buf *b, double value)
{
	double size = fabs(value);
	if (!(size < 0x1p64)) {
		b->failed = true;
		return;
	}
	uint64_t whole = (uint64_t)size;
	uint64_t millionths = (uint64_t)nearbyint((size - (double)whole) * MILLION);
	whole += millionths / MILLION;
	millionths %= MILLION;
	if (value < 0 && (whole > 0 || millionths > 0))
		buf_char(b, '-');
	buf_u64(b, whole);
	if (millionths > 0)
		buf_char(b, '.');
	for (; millionths > 0; millionths = millionths * 10 % MILLION)
		buf_char(b, (char)('0' + millionths * 10 / MILLION));
}

size_t buf_utf8_sequence(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool outside = (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90);
	return overlong || outside ? 0 : len;
}

/* C0, DEL and C1, which some terminals obey like an escape. */
static bool is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

/* One character, or what stands for it; returns its length. */
static size_t put_character(struct buf *b, const unsigned char *s)
{
	size_t len = buf_utf8_sequence(s);
	if (len == 0 || is_control(s)) {
		size_t before = len > 0 ? len - 1 : 0; /* C1 is its second byte */
		buf_printf(b, "\\u%04x", s[before]);
		return before + 1;
	}
	buf_add(b, s, len);
	return len;
}

void buf_json_text(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	while (*s != '\0') {
		if (*s == '"' || *s == '\\')
			buf_char(b, '\\');
		s += put_character(b, s);
	}
}

void buf_csv_text(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	bool is_formula = *s != '\0' && strchr("=+-@\t\r\n", *s) != NULL;
	bool is_quoted = is_formula || strpbrk(text, "\",;") != NULL;
	buf_text(b, is_quoted ? is_formula ? "\"'" : "\"" : "");
	while (*s != '\0') {
		if (*s == '"')
			buf_char(b, '"');
		s += put_character(b, s);
	}
	buf_text(b, is_quoted ? "\"" : "");
}

/* Of three bytes: U+200B..200F, U+202A..202E, U+2060..206F; U+FEFF; of two: U+061C. */
static uint32_t unseen_character(const unsigned char *s)
{
	if (s[0] == 0xd8 && s[1] == 0x9c)
		return 0x61c;
	if (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf)
		return 0xfeff;
	if (s[0] != 0xe2 || (s[1] != 0x80 && s[1] != 0x81) || (s[2] & 0xc0) != 0x80)
		return 0;
	uint32_t code = 0x2000u | (s[1] & 1u) << 6 | (s[2] & 0x3fu);
	bool unseen = (code >= 0x200b && code <= 0x200f) ||
		      (code >= 0x202a && code <= 0x202e) ||
		      (code >= 0x2060 && code <= 0x206f);
	return unseen ? code : 0;
}

static const char *html_entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put_html(struct buf *b, const char *text, bool has_lines)
{
	const unsigned char *s = (const unsigned char *)text;
	while (*s != '\0') {
		const char *entity = html_entity(*s);
		uint32_t unseen = unseen_character(s);
		if (entity != NULL) {
			buf_text(b, entity);
			s++;
		} else if (has_lines && (*s == '\n' || *s == '\t')) {
			buf_char(b, (char)*s++);
		} else if (unseen != 0) {
			buf_printf(b, "\\u%04x", unseen);
			s += unseen == 0x61c ? 2 : 3;
		} else {
			s += put_character(b, s);
		}
	}
}

void buf_html_text(struct buf *b, const char *text)
{
	put_html(b, text, false);
}

void buf_html_lines(struct buf *b, const char *text)
{
	put_html(b, text, true);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char text[512];
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0)
		b->failed = true;
	else if ((size_t)len < sizeof(text))
		buf_add(b, text, (size_t)len);
	else if (buf_reserve(b, (size_t)len + 1)) {
		va_start(args, format);
		vsnprintf(b->at + b->len, (size_t)len + 1, format, args);
		va_end(args);
		b->len += (size_t)len;
	}
}

const char *buf_cstr(struct buf *b)
{
	if (b->failed || !buf_reserve(b, 1))
		return NULL;
	b->at[b->len] = '\0';
	return b->at;
}
