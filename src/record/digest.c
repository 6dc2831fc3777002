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
