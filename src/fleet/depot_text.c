/*
 * depot_text.c: values as depots' SQL has them, and back; see depot_driver.h.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/depot_driver.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What the next character is written as; returns how many bytes it takes in text. */
static size_t next_character(const unsigned char *text, const void **as, size_t *len)
{
	*as = text;
	*len = *text < 0x80 ? 1 : buf_utf8_sequence(text);
	if (*len > 0)
		return *len;
	*as = REPLACEMENT;
	*len = sizeof(REPLACEMENT) - 1;
	return 1;
}

char *depot_put_utf8(char *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	const void *as;
	size_t len;
	for (; *at != '\0'; out += len) {
		at += next_character(at, &as, &len);
		memcpy(out, as, len);
	}
	return out;
}

void depot_utf8(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	const void *as;
	size_t len;
	while (*at != '\0') {
		at += next_character(at, &as, &len);
		buf_add(out, as, len);
	}
}

/* A quote, and where it has a meaning the backslash, is what could end the literal. */
void depot_literal(struct buf *out, const struct depot_dialect *dialect,
		   const char *text)
{
	struct buf clean = { 0 };
	depot_utf8(&clean, text);
	const char *from = buf_cstr(&clean);
	buf_char(out, '\'');
	for (const char *at = from != NULL ? from : ""; *at != '\0'; at++) {
		bool is_special =
			*at == '\'' || (dialect->has_backslashes && *at == '\\');
		if (is_special)
			buf_char(out, dialect->has_backslashes ? '\\' : *at);
		buf_char(out, *at);
	}
	buf_char(out, '\'');
	out->failed = out->failed || from == NULL;
	buf_free(&clean);
}

/* ---- back ---- */

static bool read_unsigned(const char *text, uint64_t most, uint64_t *value)
{
	char *end;
	errno = 0;
	/* What PostgreSQL and SQLite have no room for is negative there. */
	*value = text[0] == '-' ? (uint64_t)strtoll(text, &end, 10)
				: strtoull(text, &end, 10);
	return end != text && *end == '\0' && errno == 0 && *value <= most;
}

static void set_number(const struct field *field, void *value, const char *text)
{
	uint64_t number;
	char *end;
	switch (field->type) {
	case TYPE_u16:
		if (read_unsigned(text, UINT16_MAX, &number))
			*(field_u16 *)value = (field_u16)number;
		return;
	case TYPE_u32:
		if (read_unsigned(text, UINT32_MAX, &number))
			*(field_u32 *)value = (field_u32)number;
		return;
	case TYPE_u64:
		if (read_unsigned(text, UINT64_MAX, &number))
			*(field_u64 *)value = number;
		return;
	case TYPE_time:
		if (read_unsigned(text, UINT64_MAX, &number))
			*(field_time *)value = (field_time)number;
		return;
	case TYPE_flag:
		*(field_flag *)value = text[0] == 't' || text[0] == '1';
		return;
	default: {
		double real = strtod(text, &end);
		if (end != text && *end == '\0' && isfinite(real))
			*(field_ratio *)value = real;
	}
	}
}

static void set_text(const struct field *field, void *value, const char *text)
{
	static const size_t sizes[] = {
		[TYPE_text32] = sizeof(field_text32),
		[TYPE_text64] = sizeof(field_text64),
		[TYPE_text256] = sizeof(field_text256),
	};
	if (field->type == TYPE_addr)
		addr_parse(text, value);
	else if (field->type == TYPE_word)
		*(field_word *)value = record_word(text);
	else
		record_text(value, sizes[field->type], text);
}

void depot_set_field(const struct field *field, void *record, const char *text,
		     size_t len)
{
	void *value = (char *)record + field->offset;
	field_bytes1536 *bytes = value;
	switch (field->type) {
	case TYPE_bytes1536:
		if (len == 0 || len > sizeof(bytes->at))
			return;
		memcpy(bytes->at, text, len);
		bytes->len = (uint16_t)len;
		return;
	case TYPE_addr:
	case TYPE_word:
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		set_text(field, value, text);
		return;
	default:
		set_number(field, value, text);
	}
}
