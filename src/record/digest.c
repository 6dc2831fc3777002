/*
 * digest.c: see digest.h.
 */
#include "record/digest.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/hex.h"

void digest_text(const char *before, const char *text, size_t len, field_text64 out)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	char digits[2 * sizeof(sum) + 1];
	struct buf whole = { 0 };
	if (before[0] != '\0') {
		buf_text(&whole, before);
		buf_add(&whole, text, len);
		text = whole.at;
		len = whole.len;
	}
	memset(out, 0, sizeof(field_text64));
	if (buf_ok(&whole)) {
		SHA256((const unsigned char *)text, len, sum);
		hex_text(digits, sum, sizeof(sum));
		memcpy(out, digits, sizeof(field_text64) - 1);
	}
	buf_free(&whole);
}

bool digest_record(const char *before, enum record_kind kind, const void *record,
		   field_text64 out)
{
	struct buf text = { 0 };
	buf_text(&text, before);
	record_json(&text, kind, record);
	bool ok = buf_ok(&text);
	if (ok)
		digest_text("", text.at, text.len, out);
	buf_free(&text);
	return ok;
}

bool digest_line(const char *before, const char *line, field_text64 out)
{
	static const char member[] = ",\"hash\":\"";
	size_t len = strlen(line);
	size_t tail = sizeof(member) - 1 + sizeof(field_text64) - 1 + strlen("\"}");
	struct buf bare = { 0 };
	if (len < tail || strncmp(line + len - tail, member, sizeof(member) - 1) != 0)
		return false;
	buf_add(&bare, line, len - tail);
	buf_char(&bare, '}');
	bool ok = buf_ok(&bare);
	if (ok)
		digest_text(before, bare.at, bare.len, out);
	buf_free(&bare);
	return ok;
}
